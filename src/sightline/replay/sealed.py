"""The one object that a recording becomes: blocks that can be read without the others, and an index behind them.

    block …  each: zstd over the JSON of some events, sealed by the visit's own data key
    index    zstd over JSON, sealed the same way: of each block where it is and what time it holds
    trailer  length of the index (8 bytes, big-endian), "SLREC001"

A block is bound to the name of its object and to its place, so none can be put in the place of another. A block ends
where the next full snapshot begins, or when it is large enough: from a snapshot on a player needs nothing before it.
"""

import struct
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import orjson
from msgspec import Struct

from sightline.blobs.store import Damaged
from sightline.keys.held import DataKey
from sightline.privacy.recording.masker import encode

MAGIC: Final = b"SLREC001"
TRAILER: Final = struct.Struct(">Q8s")
BLOCK_BYTES: Final = 512 * 1024  # of JSON; about a tenth of that when it is stored
_LEVEL: Final = 9
_SNAPSHOT: Final = 2
Json = dict[str, Any]


class Block(Struct, frozen=True, array_like=True):
    """Where a block is and what is in it; `whole` says that it begins with a full snapshot."""

    offset: int
    length: int
    size: int  # of its JSON
    first_ms: int
    last_ms: int
    events: int
    whole: bool


_index: Final = msgspec.json.Decoder(list[Block])


def pack(events: Sequence[Json], key: DataKey, name: str) -> tuple[bytes, int]:
    """The object of some events in the order of their time; with it how many bytes of its end are index and trailer."""
    out = bytearray()
    blocks: list[Block] = []
    for group in _groups(events):
        plain = encode(group)
        sealed = key.seal(_packed(plain), _bound(name, len(blocks)))
        first_ms, last_ms = group[0]["timestamp"], group[-1]["timestamp"]
        # Meta stands in front of its snapshot.
        whole = any(event["type"] == _SNAPSHOT for event in group[:2])
        blocks.append(Block(len(out), len(sealed), len(plain), first_ms, last_ms, len(group), whole))
        out += sealed
    plain = msgspec.json.encode(blocks)
    index = key.seal(struct.pack(">Q", len(plain)) + _packed(plain), _bound(name, -1))
    return bytes(out) + index + TRAILER.pack(len(index), MAGIC), len(index) + TRAILER.size


def seals(events: Sequence[Json]) -> int:
    """How often packing these will seal."""
    return len(_groups(events)) + 1


def index_of(end: bytes, name: str) -> bytes:
    """The index, still sealed, of the end of an object."""
    if len(end) < TRAILER.size:
        raise Damaged(f"the recording {name!r} is cut short", hint="Restore it from a backup.")
    length, magic = TRAILER.unpack(end[-TRAILER.size :])
    if magic != MAGIC or length + TRAILER.size > len(end):
        raise Damaged(f"{name!r} is no recording", hint="Restore it from a backup.")
    return end[-TRAILER.size - length : -TRAILER.size]


def read_index(index: bytes, key: DataKey, name: str) -> list[Block]:
    """What stands in an index."""
    plain = key.open(index, _bound(name, -1))
    (size,) = struct.unpack(">Q", plain[:8])
    return _index.decode(_unpacked(plain[8:], size))


def read_block(data: bytes, key: DataKey, name: str, place: int, block: Block) -> list[Json]:
    """The events of one block."""
    found: list[Json] = orjson.loads(_unpacked(key.open(data, _bound(name, place)), block.size))
    return found


def needed(blocks: Sequence[Block], from_ms: int, to_ms: int) -> range:
    """The places of the blocks that a player needs for a time: from the last snapshot before it on."""
    first = 0
    for place, block in enumerate(blocks):
        if block.first_ms > from_ms:
            break
        if block.whole:
            first = place
    last = first
    for place in range(first, len(blocks)):
        if blocks[place].first_ms <= to_ms:
            last = place + 1
    return range(first, max(last, first + 1) if blocks else 0)


def _groups(events: Sequence[Json]) -> list[list[Json]]:
    groups: list[list[Json]] = []
    size = 0
    for number, event in enumerate(events):
        follows = events[number + 1]["type"] if number + 1 < len(events) else -1
        begins = event["type"] == 4 and follows == _SNAPSHOT  # the meta of a snapshot begins its block
        if not groups or size > BLOCK_BYTES or (begins and size):
            groups.append([])
            size = 0
        groups[-1].append(event)
        size += _about(event)
    return groups


def _about(event: Json) -> int:
    """About how many bytes an event has as JSON."""
    if event["type"] == _SNAPSHOT or (event["type"] == 3 and event["data"].get("source") == 0):
        return len(encode([event]))
    return 150


def _bound(name: str, place: int) -> bytes:
    return f"{name}#{place}".encode()


def _packed(plain: bytes) -> bytes:
    import pyarrow as pa  # noqa: PLC0415 - brings zstd; a process that only collects never loads it

    found: bytes = pa.Codec("zstd", compression_level=_LEVEL).compress(plain, asbytes=True)
    return found


def _unpacked(data: bytes, size: int) -> bytes:
    import pyarrow as pa  # noqa: PLC0415 - as above

    try:
        found: bytes = pa.Codec("zstd").decompress(data, size, asbytes=True)
    except OSError as exc:
        raise Damaged("a block of a recording is damaged", hint="Restore it from a backup.") from exc
    return found
