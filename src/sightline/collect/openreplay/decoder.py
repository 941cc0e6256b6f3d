"""Batches of OpenReplay's tracker: bytes in, messages out, no I/O.

A batch begins with BatchMetadata (81), the only message without a size; every other one is a number for its type, its
size in three bytes, and its fields. What the table does not know is skipped by its size, and so are fields that a later
tracker adds at the end of a message. A body may hold several batches one behind the other. What goes beyond a limit,
or ends too early, refuses the body: half a page would be replayed as if it were all of it.

A message is a tuple: its type, then its fields in the order of the table.
"""

from collections.abc import Callable
from typing import Any, Final

from msgspec import Struct

from sightline.collect import own
from sightline.collect.hits import Malformed
from sightline.collect.openreplay.messages import BATCH_METADATA, TAB_DATA, TABLE
from sightline.errors import TooLarge

MAX_BODY: Final = 1_048_576  # bytes as they came: what `beaconSizeLimit` allows, and a bit
MAX_INFLATED: Final = 4_000_000
MAX_MESSAGES: Final = 200_000
MAX_PARTS: Final = 16  # batches in one body; the tracker sends at most two
MAX_URL: Final = 65_536
MAX_NUMBER: Final = 2**53
PLAYER, ASSETS, DEVTOOLS, ANALYTICS = 2, 3, 4, 5  # versions of a batch: which stream it is; 1 is all of them
_NEWEST: Final = ANALYTICS

_KEY_BYTES: Final = 8
_MOST_KEYS: Final = 4_096

Message = tuple[Any, ...]
Reader = Callable[[bytes, int, int], Message]


class Part(Struct, frozen=True):
    """One batch: which stream and load of the page it belongs to, its tab, and its messages."""

    version: int
    page: int
    first: int
    at_ms: int
    url: str
    tab: str
    messages: list[Message]


def decode(body: bytes) -> list[Part]:
    """Read a body, gzip or plain."""
    data = own.inflated(body, MAX_BODY, MAX_INFLATED)
    parts: list[Part] = []
    try:
        at = 0
        while at < len(data):
            part, at = _part(data, at, MAX_MESSAGES - sum(len(one.messages) for one in parts))
            parts.append(part)
            if len(parts) > MAX_PARTS:
                raise TooLarge(f"a body has at most {MAX_PARTS} batches", hint="Send less at once.")
    except IndexError:
        raise Malformed("this batch ends too early") from None
    if not parts:
        raise Malformed("this body is empty")
    return parts


def _part(data: bytes, at: int, room: int) -> tuple[Part, int]:
    """One batch from where it begins; with it the place where the next one does."""
    if data[at] != BATCH_METADATA:
        raise Malformed(f"a batch begins with message {BATCH_METADATA}, not {data[at]}")
    version, at = _uint(data, at + 1)
    page, at = _uint(data, at)
    first, at = _uint(data, at)
    moment, at = _uint(data, at)
    length, at = _uint(data, at)
    if not 1 <= version <= _NEWEST:
        raise Malformed(f"a batch is of version 1 to {_NEWEST}, not {version}")
    if length > MAX_URL or at + length > len(data):
        raise Malformed(f"the address of a page has at most {MAX_URL} bytes, this one {length}")
    url = data[at : at + length].decode("utf-8", "replace")
    messages, at = _messages(data, at + length, room)
    tab = next((message[1] for message in messages if message[0] == TAB_DATA), "")
    return Part(version, page, first, moment >> 1 if not moment & 1 else 0, url, tab, messages), at


def _messages(data: bytes, at: int, room: int) -> tuple[list[Message], int]:
    """The messages up to the next batch or the end; what is skipped takes room, too."""
    messages: list[Message] = []
    append, readers, end = messages.append, _READERS, len(data)
    for _ in range(room + 1):
        if at >= end:
            return messages, at
        kind = data[at]
        read = readers[kind]
        if read is None:
            if kind == BATCH_METADATA:
                return messages, at
            if kind > 127:
                kind, at = _uint(data, at)
                at -= 1
        start = at + 4
        last = start + (data[at + 1] | data[at + 2] << 8 | data[at + 3] << 16)
        if last > end:
            raise Malformed(f"a message of {last - start} bytes does not fit into what is left of its batch")
        if read is not None:
            append(read(data, start, last))
        at = last
    raise TooLarge(f"a body has at most {MAX_MESSAGES} messages", hint="Send less at once.")


def _uint(data: bytes, at: int) -> tuple[int, int]:
    first = data[at]
    return (first, at + 1) if first < 128 else _more(data, at + 1, first)


def _more(data: bytes, at: int, first: int) -> tuple[int, int]:
    """The rest of a number of more than one byte: seven bits each, the lowest first, the last below 128."""
    found, shift = first & 127, 7
    while shift < 56:
        byte = data[at]
        at += 1
        if byte < 128:
            found |= byte << shift
            if found > MAX_NUMBER:
                break
            return found, at
        found |= (byte & 127) << shift
        shift += 7
    raise Malformed(f"a number is at most {MAX_NUMBER}")


def _key(data: bytes, at: int) -> tuple[int, int]:
    """A key of the dictionary: eight bytes, the same few again and again, so what they say is remembered."""
    found, end = _uint(data, at)
    if end - at <= _KEY_BYTES:
        if len(_KEYS) >= _MOST_KEYS:
            _KEYS.clear()
        _KEYS[data[at : at + _KEY_BYTES]] = found, end - at
    return found, end


def _longer(kind: int, size: int) -> Malformed:
    return Malformed(f"message {kind} is longer than the {size} bytes that it says")


_KEYS: Final[dict[bytes, tuple[int, int]]] = {}  # by the bytes where a key begins: the key, and how many of them it is
# A reader per type, written out by the table: a loop over the fields of each message would cost half of the speed. It
# gets where its message begins and ends, and answers with the message alone: a pair with its end is one tuple more.
_FIELD: Final = {
    "u": """
    {f} = d[p]; p += 1
    if {f} > 127:
        n = d[p]
        if n < 128: {f} += (n << 7) - 128; p += 1
        else: {f}, p = more(d, p, {f})""",
    "i": """
    {f} = d[p]; p += 1
    if {f} > 127: {f}, p = more(d, p, {f})
    {f} = -({f} >> 1) - 1 if {f} & 1 else {f} >> 1""",
    "s": """
    n = d[p]; p += 1
    if n > 127: n, p = more(d, p, n)
    q = p + n; {f} = d[p:q].decode("utf-8", "replace"); p = q""",
    "b": """
    {f} = d[p] != 0; p += 1""",
    "k": """
    known = keys.get(d[p:p + 8])
    if known: {f}, n = known; p += n
    else: {f}, p = key(d, p)""",
}


def _reader(number: int) -> Reader:
    fields = TABLE[number].fields
    lines = [
        "def read(d, p, end):",
        "    start = p",
        *(_FIELD[kind].format(f=f"f{place}") for place, (_, kind) in enumerate(fields)),
    ]
    lines.append(f"    if p > end: raise longer({number}, end - start)")
    lines.append(f"    return ({number}, {''.join(f'f{place}, ' for place in range(len(fields)))})")
    scope: dict[str, Any] = {"more": _more, "key": _key, "keys": _KEYS, "longer": _longer}
    exec("\n".join(lines), scope)  # noqa: S102 - the text is made of the table above and nothing else
    made: Reader = scope["read"]
    return made


# By the first byte of a message; above 127 its number goes on, and there is no such type yet.
_READERS: Final[list[Reader | None]] = [_reader(number) if number in TABLE else None for number in range(256)]
