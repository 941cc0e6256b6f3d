"""Batches as the tracker writes them, from tuples."""

from collections.abc import Callable, Sequence
from typing import Any

from sightline.collect.openreplay.messages import TABLE


def number(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def signed(value: int) -> bytes:
    return number(-2 * value - 1 if value < 0 else 2 * value)


def text(value: str) -> bytes:
    data = value.encode()
    return number(len(data)) + data


_WRITE: dict[str, Callable[[Any], bytes]] = {
    "u": number,
    "k": number,
    "i": signed,
    "s": text,
    "b": lambda value: bytes([value]),
}


def message(kind: int, *fields: Any, more: bytes = b"") -> bytes:
    """One message by the table; `more` are fields of a later tracker."""
    rows = zip(TABLE[kind].fields, fields, strict=True)
    data = b"".join(_WRITE[written](value) for (_, written), value in rows) + more
    return number(kind) + len(data).to_bytes(3, "little") + data


def head(*, version: int = 2, page: int = 0, first: int = 0, at: int = 1, url: str = "https://shop.example/") -> bytes:
    return b"\x51" + number(version) + number(page) + number(first) + signed(at) + text(url)


def batch(messages: Sequence[tuple[Any, ...]], *, at: int = 1_700_000_000_000, tab: str = "tab1", **more: Any) -> bytes:
    """One batch, with the time and the tab that the tracker puts in front."""
    rows = [(0, at), (118, tab), *messages]
    return head(at=at, **more) + b"".join(message(*row) for row in rows)


def loaded(*, url: str = "https://shop.example/a", texts: Sequence[str] = ("Anneliese",)) -> list[tuple[Any, ...]]:
    """A page: a body with a paragraph for each text."""
    rows: list[tuple[Any, ...]] = [(122, url, "", 1, "Shop"), (5, 800, 600), (7,), (8, 1, 0, 0, "BODY", False)]
    for place, words in enumerate(texts):
        rows += [(8, 2 + 2 * place, 1, place, "P", False), (9, 3 + 2 * place, 2 + 2 * place, 0)]
        rows.append((14, 3 + 2 * place, words))
    return rows
