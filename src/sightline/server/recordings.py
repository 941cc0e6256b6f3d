"""Recordings as they arrive: each chunk is masked in order, by what is known of its page, and then committed.

What is known of a page follows from its committed chunks, so that a process which has not seen them reads them again.
A chunk that fails takes that knowledge with it.
"""

import asyncio
import gzip
from typing import Any, Final

import msgspec
import orjson
from msgspec import Struct

from sightline import clock, metrics
from sightline.accounts.watched import Watched
from sightline.collect import recordings
from sightline.collect.hits import Hit, Sender, What
from sightline.collect.policy import BECAUSE, Case, Reason
from sightline.errors import TooManyRequests
from sightline.operate.house import House
from sightline.privacy.consent import allowed
from sightline.privacy.recording.masker import encode, mask, rebuild
from sightline.privacy.recording.payloads import CLOSE
from sightline.privacy.recording.state import State
from sightline.replay.chunks import Chunk
from sightline.server.intake import Intake, Outcome
from sightline.server.remembered import Remembered
from sightline.signals.rules import Active
from sightline.sql import queries

SQL: Final = queries("sightline.replay", "chunks.sql")
_DAY_MS: Final = 24 * 3600 * 1000
_CUSTOM: Final = 5


class Place(Struct, frozen=True):
    """Where a chunk belongs; `key` is the same whenever it is sent again."""

    tab: str
    document: str
    seq: int
    key: str


class Page(Struct):
    """What is known of one load of a page."""

    lock: asyncio.Lock
    rules: int = 0
    state: State | None = None
    next: int = -1  # the number of the next chunk; -1 while nothing is known


def _new_page() -> Page:
    return Page(asyncio.Lock())


class Recordings:
    """The recordings that this process masks."""

    def __init__(self, house: House, intake: Intake) -> None:
        self._house = house
        self._intake = intake
        self.pages = Remembered(_new_page)

    async def take(self, sent: recordings.Sent, site: Watched, sender: Sender, ahead_ms: int) -> tuple[bool, str]:
        """Mask and commit one chunk; return whether it was new, and why it was dropped."""
        hit = Hit(What.EVENT, sent.site, hostname=sent.hostname, url=sent.url)
        moments = sent.first_ms + ahead_ms, sent.last_ms + ahead_ms
        outcome = await self.judged(hit, site, sender, moments)
        if outcome.reason is not None:
            return False, outcome.reason.value
        page = self.page(site.id, sent.document)
        async with page.lock:
            active = await self._house.rules.active(site.id)
            # A later chunk than the next one: another process took those between, or they never arrived.
            if page.next < 0 or page.rules != active.number or sent.seq > page.next:
                await self.recall(page, site.id, sent.document, active)
            place = Place(sent.tab, sent.document, sent.seq, sent.key)
            if sent.seq < page.next and not await self._step_back(page, site.id, place, active):
                return False, ""
            return await self.store(page, outcome, place, sent.events, active), ""

    async def judged(self, hit: Hit, site: Watched, sender: Sender, moments: tuple[int, int]) -> Outcome:
        """A chunk that has no events yet, from its first and last moment; or the reason why there is none."""
        if reason := unwanted(site, sender):
            metrics.count("HitsDropped", Reason=reason.value)
            return Outcome(reason=reason)
        first_ms, last_ms = moments

        def make(case: Case, visit: int, person: int | None) -> list[Chunk]:
            return [
                Chunk(
                    site=case.site.id, created_ms=case.at_ms, visitor=case.visitor, visit=visit, person=person,
                    rules=case.rules, first_ms=first_ms, last_ms=last_ms,
                )
            ]  # fmt: skip

        outcome = await self._intake.take(hit, sender, at_ms=last_ms, make=make, quarantined=False)
        if outcome.reason is Reason.RATE:
            raise TooManyRequests("this visitor sends too much", retry_after=10)
        return outcome

    def page(self, site: int, document: str) -> Page:
        """What is known of a load of a page; to be used under its lock."""
        return self.pages.of((site, document))

    async def store(  # noqa: PLR0913 - the page, what is stored of it, and where
        self, page: Page, outcome: Outcome, place: Place, events: list[Any], active: Active, *, left_out: int = 0
    ) -> bool:
        """Mask the next events of a page and commit them; whether they were new. Some were `left_out` before."""
        assert isinstance(outcome.signal, Chunk)
        expected = page.next
        state, page.state, page.next = page.state, None, -1  # spent, until this chunk is committed
        found, size, data = await asyncio.to_thread(masked, active, state, events)
        outcome.signal = msgspec.structs.replace(
            outcome.signal, tab=place.tab, document=place.document, seq=place.seq, data=data,
            events=len(found.events), dropped=left_out + sum(found.dropped.values()), rules=active.number,
            closed=_is_close(found.events),
        )  # fmt: skip
        new = await self._intake.commit([outcome], key=place.key, size=size)
        if new:
            overtaken = expected > place.seq
            page.state, page.next = (None, -1) if overtaken else (found.state, place.seq + 1)
            self.pages.weigh((outcome.signal.site, place.document), found.state.weight)
        return new

    async def _step_back(self, page: Page, site: int, place: Place, active: Active) -> bool:
        """Go back to what was known before a chunk that others have overtaken; False where it is stored already.

        What the others have changed since is masked by what they are stored as: the next chunk recalls all of them.
        """
        rows = await self._house.database.fetch(SQL["of_document"], clock.now_ms() - _DAY_MS, site, place.document)
        if any(row["seq"] == place.seq for row in rows):
            return False
        before = [bytes(row["data"]) for row in rows if row["seq"] < place.seq]
        page.state = await asyncio.to_thread(rebuilt, active, before) if before else None
        return True

    async def recall(self, page: Page, site: int, document: str, active: Active) -> None:
        """Find out what the chunks that are stored say."""
        rows = await self._house.database.fetch(SQL["of_document"], clock.now_ms() - _DAY_MS, site, document)
        page.rules, page.next, page.state = active.number, 0, None
        if rows:
            stored = [bytes(row["data"]) for row in rows]
            page.state = await asyncio.to_thread(rebuilt, active, stored)
            page.next = rows[-1]["seq"] + 1


def unwanted(site: Watched, sender: Sender) -> Reason | None:
    """Why nothing of this visitor may be recorded; the steps of a hit ask about analytics only."""
    signals = {"sec-gpc": sender.gpc, "dnt": sender.dnt}
    found = allowed(
        signals, site=site.consent_mode, asks=site.consent_asked, given=sender.consent,
        honour_signals=site.honour_signals,
    )  # fmt: skip
    return None if found.replay else BECAUSE[found.because]


def _is_close(events: list[Any]) -> bool:
    """Whether the page was left with these."""
    return bool(events) and events[-1]["type"] == _CUSTOM and events[-1]["data"]["tag"] == CLOSE


def masked(active: Active, state: State | None, events: list[Any]) -> tuple[Any, int, bytes]:
    found = mask(active.rules, state, events)
    data = gzip.compress(encode(found.events), 6, mtime=0)
    return found, len(data) + 512, data


def rebuilt(active: Active, stored: list[bytes]) -> State:
    return rebuild(active.rules, (orjson.loads(gzip.decompress(data)) for data in stored))
