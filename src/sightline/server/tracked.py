"""What OpenReplay's tracker sends, on its way into the tables of our own SDK.

A body is decoded, converted and masked, and committed with everything that it says besides; what is known of its page
afterwards is written in the same transaction, sealed. So any process can take the next body: it reads that state when
it has not seen the last one.
"""

import asyncio
import gzip
import hashlib
import zlib
from collections.abc import Mapping, Sequence
from typing import Final

import asyncpg
import msgspec
from msgspec import Struct

from sightline import clock, metrics
from sightline.accounts.watched import Watched
from sightline.collect import own
from sightline.collect import tokens as visitor_tokens
from sightline.collect.hits import Hit, Sender, What
from sightline.collect.openreplay import addresses
from sightline.collect.openreplay import page as pages
from sightline.collect.openreplay.converter import convert
from sightline.collect.openreplay.decoder import Part
from sightline.collect.openreplay.happenings import Context, happenings, host_of
from sightline.collect.openreplay.tokens import Session
from sightline.collect.policy import Case
from sightline.errors import NotSignedIn
from sightline.operate.house import House
from sightline.privacy.dictionary import Rules
from sightline.privacy.recording.masker import encode, mask
from sightline.privacy.recording.state import State
from sightline.replay.chunks import Chunk
from sightline.server import made
from sightline.server.heavy import Heavy
from sightline.server.intake import Intake, Judged, Outcome
from sightline.server.linked_sheets import LinkedSheets
from sightline.server.recordings import SQL as CHUNKS
from sightline.server.recordings import rebuilt, unwanted
from sightline.server.remembered import Remembered
from sightline.signals.rules import Active
from sightline.sql import queries

SQL: Final = queries("sightline.replay", "pages.sql")
PURPOSE: Final = "openreplay page"
# A body of more messages than this is converted in a process of its own: it would delay everybody's answers here.
_APART: Final = 5_000
_DAY_MS: Final = 24 * 3600 * 1000


class VisitEnded(NotSignedIn):
    """The visit of this token has ended: the tracker starts anew, with a whole page."""

    code = "visit_ended"


class _Known(Struct):
    """What this process knows of one load of a page; `version` -1 while that is nothing."""

    lock: asyncio.Lock
    version: int = -1
    rules: int = 0
    page: pages.Page | None = None
    plain: bytes = b""  # the page as it is written, where it was made by another process and not looked at since
    state: State | None = None


def _nothing() -> _Known:
    return _Known(asyncio.Lock())


class _Made(Struct, frozen=True):
    """What became of a body; without the page itself where another process made it, which `plain` holds, too."""

    page: pages.Page | None
    chunks: int
    nodes: int
    state: State
    data: bytes
    events: int
    dropped: int
    first_ms: int
    last_ms: int
    plain: bytes


class Told(Struct, frozen=True):
    """What is said of a body that was taken: why its recording or how many of its items were not."""

    new: bool = True
    reason: str = ""
    lost: int = 0


class By(Struct, frozen=True):
    """Who sends: the site by the name that the page has for it, the session of the token, the connection."""

    name: str
    site: Watched
    session: Session
    sender: Sender


class Tracked:
    """The pages that OpenReplay's tracker records, in this process."""

    def __init__(self, house: House, intake: Intake) -> None:
        self._house = house
        self._intake = intake
        self._heavy = Heavy(1)
        self._pages = Remembered(_nothing)
        self._sheets = LinkedSheets()

    async def take(self, by: By, parts: Sequence[Part], key: str) -> Told:
        """Take one body; `key` is the same whenever the tracker sends it again."""
        tab = _named(next((part.tab for part in parts if part.tab), ""))
        document = _digest(f"{by.session.visit}/{tab}/{parts[0].page}")
        by, judged = await self.as_visitor(by), Judged()
        if reason := unwanted(by.site, by.sender):
            metrics.count("HitsDropped", Reason=reason.value)
        chunk = await self._chunk(by, judged, parts[0].url, (tab, document))
        if chunk.reason is not None:
            return Told(reason=chunk.reason.value)
        # Nothing is fetched for a recording that nobody keeps.
        linked = await self._sheets.of(by.site, [] if reason else addresses.linked(parts))
        known = self._pages.of((by.site.id, document))
        async with known.lock:
            active = await self._house.rules.active(by.site.id)
            await self._recall(known, by.site, document, active)
            before, state, version = _page_of(known), known.state, known.version
            known.version, known.page, known.plain, known.state = -1, None, b"", None  # spent until this is committed
            context = Context(by.name, document, before.href, before.referrer, by.session.screen, before.time_ms)
            items, lost = happenings(context, parts)
            rest = state, parts, by.session.delay_ms, linked
            if sum(len(part.messages) for part in parts) > _APART:
                found = await self._heavy.run(_made_apart, active.rules, pages.dump(before), *rest)
            else:
                found = await asyncio.to_thread(_made, active.rules, before, *rest)
            good, refused = await self._judged(by, judged, items)
            if found.events and not reason:
                good.append(_filled(chunk, found, active))
            write = await self._writing(by.site, document, chunk, found.plain, version + 1)
            size = len(found.data) + len(found.plain) + 4096
            new = await self._intake.commit(good, key=key, size=size, beside=write)
            if new:
                known.version, known.page, known.state = version + 1, found.page, found.state
                known.plain = b"" if found.page else found.plain
                known.rules = active.number
                self._pages.weigh((by.site.id, document), found.nodes + found.state.weight)
        return _told(new, reason.value if reason else "", lost + refused)

    async def close(self) -> None:
        self._heavy.close()
        await self._sheets.close()

    async def take_items(self, by: By, found: tuple[list[own.Sent], int], key: str) -> Told:
        """Take what the tracker's analytics say."""
        items, lost = found
        good, refused = await self._judged(await self.as_visitor(by), Judged(), items)
        return _told(await self._intake.commit(good, key=key), "", lost + refused)

    async def as_visitor(self, by: By) -> By:
        """The sender as the visitor of the token, also on another network than where the visit began."""
        key = await self._house.keys.hmac_key(by.site.tenant_id, "collect token")
        session = by.session
        named = visitor_tokens.Token(session.visitor, session.visit)
        token = visitor_tokens.seal(key, by.site.id, named, clock.now_ms() // 1000)
        return msgspec.structs.replace(by, sender=msgspec.structs.replace(by.sender, token=token, key=""))

    async def _chunk(self, by: By, judged: Judged, href: str, where: tuple[str, str]) -> Outcome:
        """The recording's part of a body, still empty; raises when its visit has ended."""
        tab, document = where

        def make(case: Case, visit: int, person: int | None) -> list[Chunk]:
            return [
                Chunk(
                    site=case.site.id, created_ms=case.at_ms, visitor=case.visitor, visit=visit, person=person,
                    rules=case.rules, tab=tab, document=document,
                )
            ]  # fmt: skip

        hit = Hit(What.EVENT, by.name, hostname=host_of(href), url=href)
        outcome = await self._intake.take(hit, by.sender, judged, make=make, quarantined=False)
        if outcome.signal is not None and outcome.signal.visit != by.session.visit:
            raise VisitEnded(hint="Start anew.")
        return outcome

    async def _judged(self, by: By, judged: Judged, items: Sequence[own.Sent]) -> tuple[list[Outcome], int]:
        """What is to be committed of the items, and how many are not."""
        now_ms, session = clock.now_ms(), by.session
        width = int(session.screen.partition("x")[0] or 0)
        batch = own.Batch(by.name, "", 0, now_ms, "openreplay", "", None, 0, width, session.release, "", ())
        good: list[Outcome] = []
        refused = 0
        for sent in items:
            at_ms = max(sent.at_ms or now_ms, now_ms - own.MAX_AGE_MS)
            make = made.of_item(batch, sent.item)
            outcome = await self._intake.take(sent.hit, by.sender, judged, at_ms=at_ms, make=make)
            if outcome.reason is None:
                good.append(outcome)
            else:
                refused += 1
        return good, refused

    async def _recall(self, known: _Known, site: Watched, document: str, active: Active) -> None:
        """Make sure that what is known is the latest: another process may have taken what came before."""
        database = self._house.database
        version = await database.fetchval(SQL["version"], site.id, document)
        if known.version == (version or 0) and known.rules == active.number:
            return
        known.version, known.page, known.plain, known.state = 0, None, b"", None
        row = await database.fetchrow(SQL["state"], site.id, document)
        if row is not None:
            sealed = bytes(row["state"])
            key = await self._house.keys.key_for(site.tenant_id, PURPOSE, "", sealed)
            known.version, known.plain = row["version"], key.open(sealed, _bound(site.id, document))
            chunks = await database.fetch(CHUNKS["of_document"], clock.now_ms() - _DAY_MS, site.id, document)
            if chunks:
                stored = [bytes(chunk["data"]) for chunk in chunks]
                known.state = await asyncio.to_thread(rebuilt, active, stored)

    async def _writing(self, site: Watched, document: str, chunk: Outcome, plain: bytes, version: int) -> "_Write":
        key = await self._house.keys.data_key(site.tenant_id, PURPOSE)
        sealed = key.seal(plain, _bound(site.id, document))
        signal = chunk.signal
        assert signal is not None
        return _Write(
            (site.id, document, signal.visit, signal.visitor, signal.person, clock.now_ms(), version, sealed)
        )  # fmt: skip


def _page_of(known: _Known) -> pages.Page:
    if known.page is None and known.plain:
        return pages.load(zlib.decompress(known.plain))
    return known.page or pages.Page()


def _filled(chunk: Outcome, found: _Made, active: Active) -> Outcome:
    assert isinstance(chunk.signal, Chunk)
    chunk.signal = msgspec.structs.replace(
        chunk.signal, data=found.data, events=found.events, dropped=found.dropped, seq=found.chunks - 1,
        rules=active.number, first_ms=found.first_ms, last_ms=found.last_ms,
    )  # fmt: skip
    return chunk


def _told(new: bool, reason: str, lost: int) -> Told:  # noqa: FBT001 - whether it was new
    if lost:
        metrics.count("ItemsLost", lost)
    return Told(new, reason, lost)


class _Write:
    """The state of a page, written in the transaction that stores what made it."""

    def __init__(self, values: tuple[object, ...]) -> None:
        self._values = values

    async def __call__(self, connection: asyncpg.Connection, _number: int) -> None:
        await connection.execute(SQL["write"], *self._values)


def _made(  # noqa: PLR0913, PLR0917 - what a body is converted and masked with
    rules: Rules, before: pages.Page, state: State | None, parts: Sequence[Part], delay_ms: int,
    linked: Mapping[str, str],
) -> _Made:  # fmt: skip
    """Convert and mask: pure, and the part that takes time."""
    found = convert(before, parts, delay_ms=delay_ms, sheets=linked)
    masked = mask(rules, state, found.events)
    pages.absorb(before, found.raw, masked.events)
    before.chunks += bool(masked.events)
    moments = [event["timestamp"] for event in masked.events] or [0]
    return _Made(
        before, before.chunks, len(before.nodes), masked.state, gzip.compress(encode(masked.events), 6, mtime=0),
        len(masked.events), sum(masked.dropped.values()) + found.ignored, min(moments), max(moments),
        zlib.compress(pages.dump(before), 1),
    )  # fmt: skip


def _made_apart(  # noqa: PLR0913, PLR0917 - as above
    rules: Rules, before: bytes, state: State | None, parts: Sequence[Part], delay_ms: int, linked: Mapping[str, str]
) -> _Made:  # fmt: skip
    """The same in another process: pages cross as bytes. Node by node they would stop everybody here for longer."""
    return msgspec.structs.replace(_made(rules, pages.load(before), state, parts, delay_ms, linked), page=None)


def _bound(site: int, document: str) -> bytes:
    return f"{site}/{document}".encode()


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def _named(tab: str) -> str:
    """A tab's id where it may stand as a word; another one by its digest."""
    return tab if 8 <= len(tab) <= 40 and tab.isascii() and tab.isalnum() else _digest(tab)
