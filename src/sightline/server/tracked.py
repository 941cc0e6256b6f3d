"""What OpenReplay's tracker sends, on its way into the tables of our own SDK.

A body is decoded, converted and masked, and committed with everything that it says besides; what is known of its page
afterwards is written in the same transaction, sealed. So any process can take the next body: it reads that state when
it has not seen the last one.

Large bodies, and every body of a large page, are read and converted in a process of its own. This one holds their pages
as bytes: even a thread that is busy with Python would delay everybody's answers here by some milliseconds at each turn.
"""

import asyncio
import gzip
import hashlib
import zlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
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
from sightline.collect.openreplay.decoder import MAX_BODY, MAX_INFLATED, Part, decode
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
_SMALL_BODY: Final = 8_192  # bytes as they came
_LARGE_BODY: Final = 65_536  # bytes without gzip: some 3,000 messages
_LARGE_PAGE: Final = 16_384  # bytes as it is written: some 2,000 nodes
_DAY_MS: Final = 24 * 3600 * 1000


class VisitEnded(NotSignedIn):
    """The visit of this token has ended: the tracker starts anew, with a whole page."""

    code = "visit_ended"


class Body(Struct, frozen=True):
    """What a body is about; its messages only where they are few."""

    plain: bytes
    page: int
    url: str
    tab: str
    linked: Sequence[str]
    parts: Sequence[Part] | None


class _Known(Struct):
    """What this process knows of one load of a page; `version` -1 while that is nothing."""

    lock: asyncio.Lock
    version: int = -1
    rules: int = 0
    written: bytes = b""  # the page as it is stored
    page: pages.Page | None = None  # the same, where it was made here
    state: State | None = None
    packed: bytes = b""  # the state, where it was made by another process

    def forget(self) -> None:
        self.version, self.rules, self.written, self.page, self.state, self.packed = -1, 0, b"", None, None, b""


def _nothing() -> _Known:
    return _Known(asyncio.Lock())


class _About(Struct, frozen=True):
    """What a body is converted by, besides the page."""

    rules: Rules
    site: str
    document: str
    screen: str
    delay_ms: int
    sheets: Mapping[str, str]


class _Made(Struct, frozen=True):
    """What became of a body; where another process made page and state, they are as bytes in `written` and `packed`."""

    items: Sequence[own.Sent]
    lost: int
    chunks: int
    data: bytes
    events: int
    dropped: int
    first_ms: int
    last_ms: int
    weight: int
    written: bytes
    page: pages.Page | None
    state: State | None
    packed: bytes = b""


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

    async def read(self, body: bytes) -> Body:
        """Read what came; how much it is shows when it is inflated."""
        if len(body) < _SMALL_BODY:
            plain = own.inflated(body, MAX_BODY, MAX_INFLATED)
        else:  # milliseconds, and without Python's lock
            plain = await asyncio.to_thread(own.inflated, body, MAX_BODY, MAX_INFLATED)
        return _body(plain, decode(plain)) if len(plain) < _LARGE_BODY else await self._heavy.run(_body_apart, plain)

    async def take(self, by: By, body: Body, key: str) -> Told:
        """Take one body; `key` is the same whenever the tracker sends it again."""
        tab = _named(body.tab)
        document = _digest(f"{by.session.visit}/{tab}/{body.page}")
        by, judged = await self.as_visitor(by), Judged()
        if reason := unwanted(by.site, by.sender):
            metrics.count("HitsDropped", Reason=reason.value)
        chunk = await self._chunk(by, judged, body.url, (tab, document))
        if chunk.reason is not None:
            return Told(reason=chunk.reason.value)
        # Nothing is fetched for a recording that nobody keeps.
        sheets = await self._sheets.of(by.site, [] if reason else body.linked)
        known = self._pages.of((by.site.id, document))
        async with known.lock:
            active = await self._house.rules.active(by.site.id)
            await self._recall(known, by.site, document, active)
            version = known.version + 1
            about = _About(active.rules, by.name, document, by.session.screen, by.session.delay_ms, sheets)
            found = await self._make(known, body, about)
            good, refused = await self._judged(by, judged, found.items)
            if found.events and not reason:
                good.append(_filled(chunk, found, active))
            write = await self._writing(by.site, document, chunk, found.written, version)
            size = len(found.data) + len(found.written) + 4096
            new = await self._intake.commit(good, key=key, size=size, beside=write)
            if new:
                known.version, known.rules, known.written = version, active.number, found.written
                known.page, known.state, known.packed = found.page, found.state, found.packed
                self._pages.weigh((by.site.id, document), found.weight)
        return _told(new, reason.value if reason else "", found.lost + refused)

    async def _make(self, known: _Known, body: Body, about: _About) -> _Made:
        """Convert and mask; what is known is spent until what comes of it is committed."""
        written, page, state, packed = known.written, known.page, known.state, known.packed
        known.forget()
        if body.parts is None or len(written) >= _LARGE_PAGE:
            packed = packed if state is None else _packer.encode(state)
            return await self._heavy.run(_made_apart, about, written, packed, body.plain)
        if page is None and written:
            page = pages.load(zlib.decompress(written))
        if state is None and packed:
            state = _unpacker.decode(packed)
        return await asyncio.to_thread(_made, about, page or pages.Page(), state, body.parts)

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
        known.forget()
        known.version = 0
        row = await database.fetchrow(SQL["state"], site.id, document)
        if row is not None:
            sealed = bytes(row["state"])
            key = await self._house.keys.key_for(site.tenant_id, PURPOSE, "", sealed)
            known.version, known.written = row["version"], key.open(sealed, _bound(site.id, document))
            chunks = await database.fetch(CHUNKS["of_document"], clock.now_ms() - _DAY_MS, site.id, document)
            if chunks:
                stored = [bytes(chunk["data"]) for chunk in chunks]
                known.state = await asyncio.to_thread(rebuilt, active, stored)

    async def _writing(self, site: Watched, document: str, chunk: Outcome, written: bytes, version: int) -> "_Write":
        key = await self._house.keys.data_key(site.tenant_id, PURPOSE)
        sealed = key.seal(written, _bound(site.id, document))
        signal = chunk.signal
        assert signal is not None
        return _Write(
            (site.id, document, signal.visit, signal.visitor, signal.person, clock.now_ms(), version, sealed)
        )  # fmt: skip


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


def _made(about: _About, before: pages.Page, state: State | None, parts: Sequence[Part]) -> _Made:
    """Convert and mask: pure, and the part that takes time."""
    context = Context(about.site, about.document, before.href, before.referrer, about.screen, before.time_ms)
    items, lost = happenings(context, parts)
    found = convert(before, parts, delay_ms=about.delay_ms, sheets=about.sheets)
    masked = mask(about.rules, state, found.events)
    pages.absorb(before, found.raw, masked.events)
    before.chunks += bool(masked.events)
    moments = [event["timestamp"] for event in masked.events] or [0]
    return _Made(
        items, lost, before.chunks, gzip.compress(encode(masked.events), 6, mtime=0), len(masked.events),
        sum(masked.dropped.values()) + found.ignored, min(moments), max(moments),
        len(before.nodes) + masked.state.weight, zlib.compress(pages.dump(before), 1), before, masked.state,
    )  # fmt: skip


def _body(plain: bytes, parts: Sequence[Part]) -> Body:
    tab = next((part.tab for part in parts if part.tab), "")
    return Body(plain, parts[0].page, parts[0].url, tab, addresses.linked(parts), parts)


# ---- in another process ----------------------------------------------------------------------------------------------

_packer: Final = msgspec.msgpack.Encoder()
_unpacker: Final = msgspec.msgpack.Decoder(State)


@lru_cache(maxsize=1)
def _decoded(plain: bytes) -> Sequence[Part]:
    """What was read of a body is what it is converted from a moment later."""
    return decode(plain)


def _body_apart(plain: bytes) -> Body:
    return msgspec.structs.replace(_body(plain, _decoded(plain)), parts=None)


def _made_apart(about: _About, written: bytes, packed: bytes, plain: bytes) -> _Made:
    before = pages.load(zlib.decompress(written)) if written else pages.Page()
    state = _unpacker.decode(packed) if packed else None
    made = _made(about, before, state, _decoded(plain))
    return msgspec.structs.replace(made, page=None, state=None, packed=_packer.encode(made.state))


def _bound(site: int, document: str) -> bytes:
    return f"{site}/{document}".encode()


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def _named(tab: str) -> str:
    """A tab's id where it may stand as a word; another one by its digest."""
    return tab if 8 <= len(tab) <= 40 and tab.isascii() and tab.isalnum() else _digest(tab)
