"""What a site's backend writes, as CloudWatch Logs delivers it: by Firehose, or posted by the forwarder.

`POST /cloudwatch/{site}` takes both. An API key of the site with `site:send-logs` is what Firehose calls an access key;
the forwarder sends it as a bearer. Firehose asks again, for as long as it is set to, whatever is not answered with 200;
what is there already is told by the ids that CloudWatch gave its lines. A record that cannot be read will not get
better, so it is counted and logged, and the others of its request are kept.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from sightline import clock, metrics
from sightline.accounts.permissions import Permission
from sightline.accounts.watched import Watched
from sightline.collect import cloudwatch
from sightline.collect.hits import Malformed
from sightline.errors import NotFound, NotSignedIn, SightlineError
from sightline.operate.house import House
from sightline.operate.made_logs import Made, Part, made, packed, unpacked
from sightline.server.asgi import Headers, Receive, Scope, Send, answer_json, header
from sightline.server.heavy import Heavy
from sightline.server.intake import Intake
from sightline.server.permissions import declare
from sightline.server.routing import MethodNotAllowed
from sightline.signals import open_visits
from sightline.signals.journal import Batch, Journal
from sightline.signals.kind import Signal

log = logging.getLogger("sightline.backend")
PREFIX: Final = "/cloudwatch/"
# A packed payload above this takes long enough to delay other answers.
_APART: Final = 16_384
# Parts that one request has in the journal's queue at once: it shall not fill it alone.
_TOGETHER: Final = 2


class Backend:
    """The route of one process."""

    def __init__(self, house: House, intake: Intake, journal: Journal) -> None:
        self._house = house
        self._intake = intake
        self._journal = journal
        self._heavy = Heavy(house.settings.server.workers)

    def close(self) -> None:
        self._heavy.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["route"] = f"{PREFIX}{{site}}"
        scope["counted_only"] = True
        if scope["method"] != "POST":
            raise MethodNotAllowed("POST")
        request = header(scope, b"x-amz-firehose-request-id")
        answer = _Firehose(request) if request is not None else _Forwarder()
        try:
            site = await self._site(scope)
            told = await self._taken(site, await _body(receive), is_firehose=request is not None)
        except SightlineError as error:
            await answer.failed(send, error)
        else:
            await answer.done(send, told)

    async def _site(self, scope: Scope) -> Watched:
        """The site of the path, where the key may send its lines; who has none learns of no site."""
        key = header(scope, b"x-amz-firehose-access-key") or header(scope, b"authorization") or ""
        if not key:
            raise NotSignedIn("there is no API key", hint="Firehose's access key, or Authorization: Bearer sl_….")
        site = await self._intake.sites.find(scope["path"][len(PREFIX) :])
        if site is None:
            raise NotFound("there is no such site", hint="The address ends with the site's UUID.")
        await self._intake.check_key(key, site, clock.now_ms(), Permission.SITE_SEND_LOGS)
        return site

    async def _taken(self, site: Watched, body: bytes, *, is_firehose: bool) -> "_Told":
        told = _Told()
        if not is_firehose:
            await self._payload(site, body, told)
            return told
        request = await asyncio.to_thread(cloudwatch.request_of_firehose, body)
        for payload in request.payloads:
            try:
                if isinstance(payload, Malformed):
                    raise payload
                await self._payload(site, payload, told)
            except Malformed as malformed:
                told.refused += 1
                metrics.count("LogsDropped", Reason="malformed")
                log.warning("record refused: %s", malformed.message, extra={"site": site.id, "field": malformed.field})
        return told

    async def _payload(self, site: Watched, payload: bytes, told: "_Told") -> None:
        active = await self._house.rules.active(site.id)
        work = (active.rules, active.number, site.id, payload, clock.now_ms())
        if len(payload) > _APART:
            found = unpacked(await self._heavy.run(packed, *work))
        else:
            found = await asyncio.to_thread(made, *work)
        if found.cut:
            metrics.count("ValuesCut", found.cut, Field="message")
        told.lines += found.lines
        for at in range(0, len(found.parts), _TOGETHER):
            parts = found.parts[at : at + _TOGETHER]
            new = await asyncio.gather(*(self._commit(site, part) for part in parts))
            told.duplicates += sum(not one for one in new)
        _note_lag(found)

    async def _commit(self, site: Watched, part: Part) -> bool:
        signals = await self._of_visitors(site, part.signals)
        return await self._journal.append(Batch(signals=signals, key=f"logs/{site.id}/{part.key}", size=part.size))

    async def _of_visitors(self, site: Watched, signals: Sequence[Signal]) -> Sequence[Signal]:
        """With the visitor and person of each visit that is open, so that they are found and erased with them."""
        visits = {signal.visit for signal in signals if signal.visit}
        known = await open_visits.whose(self._house.database, site.id, visits) if visits else {}
        if not known:
            return signals
        return [
            msgspec.structs.replace(signal, visitor=known[signal.visit][0], person=known[signal.visit][1])
            if signal.visit in known
            else signal
            for signal in signals
        ]


def _note_lag(found: Made) -> None:
    if found.parts:
        metrics.observe("LogLag", max(0, clock.now_ms() - found.first_ms))


class _Told(msgspec.Struct):
    """What became of a request: lines that were read, parts of it that were there before, records that are none."""

    lines: int = 0
    duplicates: int = 0
    refused: int = 0


class _Firehose:
    """Answers as Firehose's protocol wants them."""

    def __init__(self, request: str) -> None:
        self._request = request[:128]

    async def done(self, send: Send, told: _Told) -> None:
        await self._answer(send, 200, refused=told.refused)

    async def failed(self, send: Send, error: SightlineError) -> None:
        await self._answer(send, error.status, said=error.message, headers=_headers(error))

    async def _answer(
        self, send: Send, status: int, *, said: str = "", refused: int = 0, headers: Headers = ()
    ) -> None:
        body: dict[str, Any] = {"requestId": self._request, "timestamp": clock.now_ms()}
        if said:
            body["errorMessage"] = said
        more = ((b"x-sightline-dropped", f"malformed; {refused}".encode()),) if refused else ()
        await answer_json(send, status, body, (*headers, *more))


class _Forwarder:
    """Answers to one payload."""

    async def done(self, send: Send, told: _Told) -> None:
        await answer_json(send, 200, {"lines": told.lines, "duplicates": told.duplicates})

    async def failed(self, send: Send, error: SightlineError) -> None:
        if isinstance(error, Malformed):
            metrics.count("LogsDropped", Reason="malformed")
        said = {"code": error.code, "message": error.message, "hint": error.hint, "field": error.field}
        body = {"error": {name: value for name, value in said.items() if value}}
        await answer_json(send, error.status, body, _headers(error))


def _headers(error: SightlineError) -> Headers:
    return [(name.encode(), value.encode("latin-1")) for name, value in error.headers().items()]


async def _body(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


declare(f"{PREFIX}{{site}}", "POST", Permission.SITE_SEND_LOGS)
