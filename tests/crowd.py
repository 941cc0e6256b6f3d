"""Many visitors at once who do what one visitor did: a visit's requests, sent again at their pace by a crowd.

What the SDK has sent is taken apart once. Of a chunk the events stay as the browser packed them, so that a crowd costs
little: only the line before them is another one for each visitor, and checksums of gzip can be put together.
"""

import asyncio
import contextlib
import gzip
import itertools
import json
import re
import struct
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
_GZIP = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
PATIENCE_S = 60
# A server that cannot take something just now is asked again as the SDK asks it: later each time, with the same bytes.
_TRIES = 5
_crowds = itertools.count()  # visitors of one are not those of another
_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)


@dataclass(frozen=True)
class Request:
    """One request of the visit: when it was sent, and what stays of it for everybody."""

    at_s: float
    path: str  # below the SDK's, which each installation draws
    head: dict[str, Any]  # of a chunk its first line, of a batch all of it
    events: bytes = b""  # a deflate stream that goes on after the line
    crc: int = 0
    size: int = 0
    behind: Sequence[int] = ()  # how a checksum moves on by so many bytes

    def body(self, site: str, who: str, shift_ms: float) -> bytes:
        """What another visitor sends; `shift_ms` is how much later."""
        head = {**self.head, "site": site, "doc": f"{self.head['doc'][:12]}-{who}", "at": self.head["at"] + shift_ms}
        if not self.events:
            head["items"] = [{**item, "t": item["t"] + shift_ms} for item in head["items"]]
            return json.dumps(head).encode()
        head |= {"tab": f"{head['tab'][:12]}-{who}", **{name: head[name] + shift_ms for name in ("first", "last")}}
        line = json.dumps(head).encode() + b"\n"
        packer = zlib.compressobj(1, zlib.DEFLATED, -15)
        start = packer.compress(line) + packer.flush(zlib.Z_FULL_FLUSH)
        crc = _times(self.behind, zlib.crc32(line)) ^ self.crc
        return _GZIP + start + self.events + struct.pack("<II", crc, (len(line) + self.size) & 0xFFFFFFFF)


@dataclass(frozen=True)
class Visit:
    """What one visitor sent, in the order of its time."""

    requests: Sequence[Request]
    lasts_s: float

    @classmethod
    def of(cls, sent: Sequence[tuple[float, str, bytes]], *, lasts_s: float) -> "Visit":
        """From moments, addresses and bodies as the browser sent them."""
        start = min(at for at, _, _ in sent)
        return cls(tuple(_request(at - start, url, body) for at, url, body in sorted(sent)), lasts_s)

    @property
    def hurried(self) -> "Visit":
        """The same without a pause: for what is stored of it."""
        return Visit(tuple(replace(one, at_s=0.0) for one in self.requests), 0.0)

    @property
    def chunks(self) -> int:
        return sum(bool(one.events) for one in self.requests)

    @property
    def events(self) -> int:
        return sum(one.head["n"] for one in self.requests if one.events)

    @property
    def items(self) -> int:
        return sum(len(one.head["items"]) for one in self.requests if not one.events)


@dataclass
class Outcome:
    """What came of a crowd."""

    visits: int = 0
    requests: int = 0
    again: int = 0  # how many were sent again, since the server was busy
    took_s: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    bytes: int = 0

    def percentile(self, part: float) -> float:
        ordered = sorted(self.took_s)
        return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


async def crowd(url: str, site: str, visit: Visit, *, visitors: int, seconds: float) -> Outcome:
    """So many visitors at any time, each with a visit of its own, one after the other; every begun visit is ended."""
    outcome, until, name = Outcome(), time.monotonic() + seconds, next(_crowds)
    pause_s = visit.lasts_s / visitors
    async with asyncio.TaskGroup() as group:
        for number in range(visitors):
            group.create_task(_visitor(url, site, visit, outcome, (name, number, number * pause_s, until)))
    return outcome


async def _visitor(url: str, site: str, visit: Visit, outcome: Outcome, which: tuple[int, int, float, float]) -> None:
    """One after the other from one address: they are staggered, so that not all begin at the same moment."""
    name, number, wait_s, until = which
    await asyncio.sleep(wait_s)
    again = 0
    while time.monotonic() < until:
        started = time.monotonic()
        who = f"{name}x{number}x{again}"
        address = f"{20 + name}.{again}.{number >> 8}.{number & 255}"
        await _visited(url, site, visit, outcome, (who, address))
        await asyncio.sleep(max(0.0, visit.lasts_s - (time.monotonic() - started)))
        outcome.visits += 1
        again += 1


async def _visited(url: str, site: str, visit: Visit, outcome: Outcome, who: tuple[str, str]) -> None:
    place = urlsplit(url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    started = time.monotonic()
    shift_ms = time.time() * 1000 - visit.requests[0].head["at"]
    try:
        for request in visit.requests:
            await asyncio.sleep(max(0.0, started + request.at_s - time.monotonic()))
            body = request.body(site, who[0], shift_ms)
            wire = (
                f"POST {place.path}/{request.path} HTTP/1.1\r\nHost: {place.netloc}\r\nUser-Agent: {AGENT}\r\n"
                f"X-Forwarded-For: {who[1]}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
                + body
            )
            outcome.bytes += len(body)
            try:
                wrong = await _sent(request, wire, outcome, reader, writer)
            except TimeoutError:  # this visitor waits no longer, and all others go on
                outcome.wrong.append(f"{request.path}: no answer within {PATIENCE_S} s")
                return
            if wrong:
                outcome.wrong.append(wrong)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def _sent(
    request: Request, wire: bytes, outcome: Outcome, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> str:
    """What was wrong with the answer, or nothing."""
    tries = 0
    while True:
        writer.write(wire)
        began = time.perf_counter()
        async with asyncio.timeout(PATIENCE_S):
            status, body = await _answer(reader)
        outcome.took_s.append(time.perf_counter() - began)
        outcome.requests += 1
        if b" 503 " not in status or tries == _TRIES:
            return _wrong(request, status, body, is_again=tries > 0)
        outcome.again += 1
        await asyncio.sleep(2**tries)
        tries += 1


async def _answer(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = _LENGTH.search(head)
    return head.partition(b"\r\n")[0], await reader.readexactly(int(length[1]) if length else 0)


def _wrong(request: Request, status: bytes, body: bytes, *, is_again: bool) -> str:
    said = json.loads(body) if b" 200 " in status else {}
    accepted = 1 if request.events else len(request.head["items"])
    if said.get("accepted") == accepted or (is_again and said.get("duplicate")):  # it was stored, only not said so
        return ""
    return f"{request.path}: {status!r} {body[:300]!r}"


def _request(at_s: float, url: str, body: bytes) -> Request:
    plain = gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
    path = urlsplit(url).path.rpartition("/")[2]
    if path != "r":
        return Request(at_s, path, json.loads(plain))
    line, _, events = plain.partition(b"\n")
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    packed = packer.compress(events) + packer.flush()
    return Request(at_s, path, json.loads(line), packed, zlib.crc32(events), len(events), _behind(len(events)))


def _behind(size: int) -> tuple[int, ...]:
    """How the checksum of a part moves on when so many bytes follow: CRC-32 is linear, so this is a matrix of bits."""
    found, step = tuple(1 << n for n in range(32)), _one_byte()
    while size:
        if size & 1:
            found = tuple(_times(step, row) for row in found)
        size >>= 1
        step = tuple(_times(step, row) for row in step)
    return found


def _times(matrix: Sequence[int], vector: int) -> int:
    made, row = 0, 0
    while vector:
        if vector & 1:
            made ^= matrix[row]
        vector >>= 1
        row += 1
    return made


def _one_byte() -> tuple[int, ...]:
    one: tuple[int, ...] = (0xEDB88320, *(1 << n for n in range(31)))  # a zero bit
    for _ in range(3):
        one = tuple(_times(one, row) for row in one)
    return one
