"""The routes that collect, as plain ASGI before any framework: `/api/send`, `/api/batch`, and what stands behind them.

This file only wires: a decoder makes hits of bytes, `collect/policy` judges them, the journal commits them, and the
answer is given afterwards. Every answer, also an error, may be read by any page: that is what collecting is for.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Final

import msgspec
from msgspec import Struct

from sightline import clock, metrics
from sightline.accounts.watched import Watched, WatchedSites
from sightline.collect import channels, places, policy, tokens, umami
from sightline.collect.agents import Agents
from sightline.collect.hits import NO_CLAIMS, Hit, Malformed, Sender, What
from sightline.collect.networks import Networks
from sightline.collect.pages import Reader
from sightline.collect.policy import Case, Reason, Tools
from sightline.collect.rates import Rates
from sightline.collect.spam import domains as spam_domains
from sightline.errors import SightlineError
from sightline.keys.held import HmacKey
from sightline.operate.house import House
from sightline.privacy import dictionary, pseudonyms
from sightline.server.asgi import App, Headers, Receive, Scope, Send
from sightline.server.permissions import declare
from sightline.server.senders import sender_of
from sightline.signals.journal import Batch, Journal
from sightline.signals.kind import Signal
from sightline.signals.open_visits import OpenVisit, OpenVisits
from sightline.signals.salts import Salt, Salts

_MINUTE_MS: Final = 60_000
_OPEN: Final = (
    (b"access-control-allow-origin", b"*"),
    (b"cross-origin-resource-policy", b"cross-origin"),
    (b"access-control-expose-headers", b"x-sightline-dropped, x-sightline-ignored, x-sightline-cut"),
    (b"cache-control", b"no-store"),
)
_JSON: Final = ((b"content-type", b"application/json"), *_OPEN)
_PREFLIGHT: Final = (
    *_OPEN[:2],
    (b"access-control-allow-methods", b"POST, OPTIONS"),
    (b"access-control-allow-headers", b"*, content-type, x-umami-cache, x-sightline-consent, authorization"),
    (b"access-control-max-age", b"86400"),
    (b"content-length", b"0"),
)


class Outcome(Struct, gc=False):
    """What became of one hit: a signal that is to be committed, or an answer that is given already."""

    status: int
    body: bytes
    signal: Signal | None = None
    touched: OpenVisit | None = None
    token: str = ""
    reason: str = ""
    ignored: str = ""
    cut: str = ""


class Collecting:
    """The collecting of one process."""

    def __init__(self, house: House, journal: Journal) -> None:
        self.sites = WatchedSites(house.database)
        self.visits = OpenVisits(house.database)
        self._journal = journal
        self._settings = house.settings.collect
        self._keys = house.keys
        self._salts = Salts(house.database)
        self._salt: dict[str, tuple[int, Salt]] = {}
        self._mac: dict[int, tuple[int, HmacKey, HmacKey]] = {}
        self._readers: dict[int, Reader] = {}
        collect = house.settings.collect
        self.tools = Tools(
            agents=Agents(),
            places=places.Places(places.open_file(collect.places_file)),
            channels=channels.table(),
            own_addresses=Networks(collect.own_addresses, setting="collect.own_addresses"),
            data_centres=Networks.of_file(collect.data_centres_file, setting="collect.data_centres_file"),
            spam=spam_domains(),
            rates=Rates(collect.visitor_per_minute),
        )

    async def close(self) -> None:
        await self.sites.close()
        await self.visits.close()

    # ---- one hit ---------------------------------------------------------------------------------------------------

    async def take(self, hit: Hit, sender: Sender) -> Outcome:
        """Judge one hit; a good one comes back with the signal that is still to be committed."""
        site = await self.sites.find(hit.target)
        if site is None:
            field = {What.LINK: "link", What.PIXEL: "pixel"}.get(hit.what, "website")
            error = Malformed("there is no such target", path=("payload", field))
            metrics.count("HitsDropped", Reason="unknown_site")
            return Outcome(400, umami.refused(error), reason="unknown_site")
        ignored = ""
        if hit.claims is not NO_CLAIMS:
            ignored = hit.claims.names()
            hit = msgspec.structs.replace(hit, claims=NO_CLAIMS)
        case = await self._case(hit, sender, site)
        reason = policy.judge(case, self.tools)
        for name in case.cut:
            metrics.count("ValuesCut", Field=name)
        outcome = await self._accepted(case) if reason is None else _dropped(reason)
        outcome.ignored = ignored
        outcome.cut = ", ".join(case.cut) if case.cut else ""
        return outcome

    async def _case(self, hit: Hit, sender: Sender, site: Watched) -> Case:
        now_ms = clock.now_ms()
        salt = await self._current_salt(site.salt_period, now_ms)
        token_key, person_key = await self._tenant_keys(site.tenant_id, now_ms)
        case = Case(hit, sender, site, self._reader(), 0, salt.salt, now_ms)
        if sender.token and (token := tokens.open_token(token_key, site.id, sender.token, now_ms // 1000)):
            case.visitor = token.visitor
        if hit.person:
            case.person = pseudonyms.person(person_key, str(site.tenant_id), hit.person)
        return case

    async def _accepted(self, case: Case) -> Outcome:
        visit = await self.visits.hit(case.site.id, case.visitor, case.now_ms, person=case.person)
        token_key, _ = await self._tenant_keys(case.site.tenant_id, case.now_ms)
        token = tokens.seal(token_key, case.site.id, case.visitor, visit.visit, case.now_ms // 1000)
        signal = policy.event(case, visit.visit, visit.person)
        return Outcome(200, umami.accepted(token, case.visitor, visit.visit), signal, visit.touched, token)

    async def commit(self, outcomes: list[Outcome]) -> None:
        """Commit what is to be stored, all of it or nothing; returns when it is durable."""
        signals = [outcome.signal for outcome in outcomes if outcome.signal is not None]
        if signals:
            visits = [outcome.touched for outcome in outcomes if outcome.touched is not None]
            await self._journal.append(Batch(signals=signals, visits=visits))

    # ---- what changes seldom ---------------------------------------------------------------------------------------

    async def _current_salt(self, period: pseudonyms.Period, now_ms: int) -> Salt:
        known = self._salt.get(period)
        minute = now_ms // _MINUTE_MS
        if known is not None and known[0] == minute:
            return known[1]
        salt = await self._salts.current(period, now_ms)
        self._salt[period] = minute, salt
        return salt

    async def _tenant_keys(self, tenant_id: int, now_ms: int) -> tuple[HmacKey, HmacKey]:
        """The tenant's keys for tokens and for persons, asked for again every minute."""
        known = self._mac.get(tenant_id)
        minute = now_ms // _MINUTE_MS
        if known is not None and known[0] == minute:
            return known[1], known[2]
        token, person = await asyncio.gather(
            self._keys.hmac_key(tenant_id, "collect token"), self._keys.hmac_key(tenant_id, "person")
        )
        self._mac[tenant_id] = minute, token, person
        return token, person

    def _reader(self) -> Reader:
        rules = dictionary.default()
        found = self._readers.get(id(rules))
        if found is None:
            found = self._readers[id(rules)] = Reader(rules)
        return found

    # ---- routes ----------------------------------------------------------------------------------------------------

    async def send(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer `POST /api/send`."""
        try:
            hit = umami.decode(await _body(receive))
            outcome = await self.take(hit, sender_of(scope))
            if outcome.signal is not None:
                await self.commit([outcome])
        except Malformed as error:
            outcome = Outcome(400, umami.refused(error), reason="malformed")
            metrics.count("HitsDropped", Reason="malformed")
        except SightlineError as error:
            await _answer_error(send, error)
            return
        await _answer(send, outcome.status, outcome.body, _told(outcome))

    async def batch(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer `POST /api/batch`: every good item is committed with the others, in one transaction."""
        try:
            hits = umami.decode_batch(await _body(receive), self._settings.batch_items)
            sender = sender_of(scope)
            outcomes = []
            for hit in hits:
                if isinstance(hit, Malformed):
                    metrics.count("HitsDropped", Reason="malformed")
                    outcomes.append(Outcome(400, umami.refused(hit), reason="malformed"))
                else:
                    outcomes.append(await self.take(hit, sender))
            await self.commit(outcomes)
        except Malformed as error:
            await _answer(send, 400, umami.refused(error), ())
            return
        except SightlineError as error:
            await _answer_error(send, error)
            return
        token = next((outcome.token for outcome in reversed(outcomes) if outcome.token), "")
        body = umami.batch_answer([(outcome.body, outcome.status == 200) for outcome in outcomes], token)
        await _answer(send, 200, body, ())

    def routes(self) -> Mapping[tuple[str, str], App]:
        return {
            ("POST", "/api/send"): self.send,
            ("POST", "/api/batch"): self.batch,
            ("OPTIONS", "/api/send"): _preflight,
            ("OPTIONS", "/api/batch"): _preflight,
        }


@contextlib.asynccontextmanager
async def collecting(house: House) -> AsyncIterator[Collecting]:
    """The collecting of a process, with its journal."""
    journal = Journal(house.database.address, house.settings.signals)
    found = Collecting(house, journal)
    await journal.start()
    try:
        yield found
    finally:
        await journal.close()
        await found.close()


async def _body(receive: Receive) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        return body
    parts = [body]
    while message.get("more_body"):
        message = await receive()
        parts.append(message.get("body", b""))
    return b"".join(parts)


def _dropped(reason: Reason) -> Outcome:
    metrics.count("HitsDropped", Reason=reason.value)
    if reason is Reason.OWN_ADDRESS:
        return Outcome(403, umami.failed(403, "forbidden", "this address is not counted"), reason=reason.value)
    if reason is Reason.RATE:
        return Outcome(429, umami.failed(429, "too-many-requests", "too many hits"), reason=reason.value)
    return Outcome(200, umami.BOT, reason=reason.value)


def _told(outcome: Outcome) -> Headers:
    """What the answer says about what was not stored as it came."""
    if not (outcome.reason or outcome.ignored or outcome.cut):
        return ()
    pairs = ((b"x-sightline-dropped", outcome.reason), (b"x-sightline-ignored", outcome.ignored),
             (b"x-sightline-cut", outcome.cut))  # fmt: skip
    return [(name, value.encode()) for name, value in pairs if value]


async def _answer(send: Send, status: int, body: bytes, told: Headers) -> None:
    headers = [*_JSON, (b"content-length", b"%d" % len(body)), *told]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _answer_error(send: Send, error: SightlineError) -> None:
    body = umami.failed(error.status, error.code.replace("_", "-"), error.message)
    await _answer(
        send, error.status, body, [(name.encode(), value.encode()) for name, value in error.headers().items()]
    )


async def _preflight(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001 - ASGI's signature
    await send({"type": "http.response.start", "status": 204, "headers": list(_PREFLIGHT)})
    await send({"type": "http.response.body", "body": b""})


declare("/api/send", ("POST", "OPTIONS"), "pages send what happened; a site's UUID stands in every page")
declare("/api/batch", ("POST", "OPTIONS"), "the same, several at once")
