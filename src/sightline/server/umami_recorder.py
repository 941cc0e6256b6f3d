"""What Umami's recorder sends, on its way into the recordings of our own SDK.

A token of `/api/send` says whose it is and which load of a page. Nothing says in which order: the number of a chunk is
how many of its page are stored, so that any process can take the next one.
"""

import asyncio
from typing import Final

from sightline import clock, metrics
from sightline.collect import tokens
from sightline.collect.hits import Hit, Sender, What
from sightline.collect.policy import Reason
from sightline.collect.umami_recording import DISABLED, Flush, Part, host_of, never, placed, without
from sightline.errors import CallerError
from sightline.operate.house import House
from sightline.privacy.memo import Memo
from sightline.server.configurations import Configurations
from sightline.server.intake import Intake, UnknownTarget
from sightline.server.recordings import SQL, Place, Recordings

_DAY_MS: Final = 24 * 3600 * 1000
_VISITS: Final = 4_096


class NoSession(CallerError):
    """This is no token of this website, or it has ended."""

    code = "bad_request"


class UmamiRecorder:
    """The visits that Umami's recorder records, in this process."""

    def __init__(self, house: House, intake: Intake, recordings: Recordings, configurations: Configurations) -> None:
        self._house = house
        self._intake = intake
        self._recordings = recordings
        self._configurations = configurations
        self._locks: Memo[tuple[int, int], asyncio.Lock] = Memo(_VISITS)

    async def take(self, flush: Flush, sender: Sender, origin: str) -> Reason | str | None:
        """Mask and commit what was sent at once; return why it was dropped."""
        site = await self._intake.sites.find(flush.site)
        if site is None:
            raise UnknownTarget("there is no such site", path=("payload", "website"))
        key = await self._house.keys.hmac_key(site.tenant_id, "collect token")
        token = tokens.open_token(key, site.id, sender.token, clock.now_ms() // 1000)
        if token is None:
            raise NoSession(hint="Send the cache of an answer to /api/send as x-umami-cache.")
        configuration = await self._configurations.of(site)
        if not configuration.told["replay"]:
            metrics.count("HitsDropped", Reason=DISABLED)
            return DISABLED
        ahead_ms = flush.ahead_ms(clock.now_ms())
        href = flush.href or origin
        hit = Hit(What.EVENT, flush.site, hostname=host_of(href), url=flush.href)
        outcome = await self._recordings.judged(
            hit, site, sender, (flush.first_ms + ahead_ms, flush.last_ms + ahead_ms)
        )
        if outcome.reason is not None or outcome.signal is None:
            return outcome.reason
        visit = outcome.signal.visit
        document = f"{visit:016x}-{token.document:08x}"
        async with self._lock(site.id, visit):
            where = placed(await self._parts(site.id, visit), document, flush, ahead_ms)
            page = self._recordings.page(site.id, where.document)
            async with page.lock:
                active = await self._house.rules.active(site.id)
                if page.next != where.chunks or page.rules != active.number:
                    await self._recordings.recall(page, site.id, where.document, active)
                shown = page.state.page if page.state else ""
                events = without(never(configuration.payment_pages), shown, flush.events)
                place = Place(where.tab, where.document, where.chunks, f"umami/{site.id}/{visit}/{flush.digest}")
                left_out = len(flush.events) - len(events)
                await self._recordings.store(page, outcome, place, events, active, left_out=left_out)
        return None

    async def _parts(self, site: int, visit: int) -> list[Part]:
        rows = await self._house.database.fetch(SQL["of_visit"], clock.now_ms() - _DAY_MS, site, visit)
        return [Part(**row) for row in rows]

    def _lock(self, site: int, visit: int) -> asyncio.Lock:
        return self._locks.get((site, visit), None) or self._locks.put((site, visit), asyncio.Lock())
