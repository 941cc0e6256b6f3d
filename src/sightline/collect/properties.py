"""Properties of an event: read within limits, masked by name and by value, flattened to dotted names."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct

from sightline.collect import limits
from sightline.collect.pages import plain
from sightline.privacy.dictionary import Rules
from sightline.privacy.structures import mask_json
from sightline.signals.event import REVENUE_SCALE

_CURRENCY: Final = re.compile(r"[A-Za-z]{3}")
_MOST_MONEY: Final = 10**14
_MAX_BIG: Final = 2**63 - 1


class Properties(Struct, frozen=True, gc=False):
    """Masked properties as JSON, and what was bought."""

    text: str = ""
    revenue: int | None = None
    currency: str = ""
    cut: tuple[str, ...] = ()


NONE: Final = Properties()


def read(rules: Rules, data: bytes) -> Properties:
    """Read `data`, a JSON object as it was sent."""
    if len(data) > limits.PROPERTIES_SIZE:
        return Properties(cut=("data",))
    try:
        sent = msgspec.json.decode(data)
    except (msgspec.MsgspecError, RecursionError):  # a number beyond all numbers, a nest without end
        return Properties(cut=("data",))
    over: set[str] = set()
    # Money is read before masking, which knows nothing of the names of prices, and never becomes text.
    revenue, currency = _bought(sent)
    masked = mask_json(rules, sent)
    flat: dict[str, object] = {}
    for name, value in _flat(masked if isinstance(masked, dict) else {}, "", 0, over):
        if len(flat) >= limits.PROPERTIES:
            over.add("data")
            break
        flat[name] = value
    return Properties(msgspec.json.encode(flat).decode() if flat else "", revenue, currency, tuple(sorted(over)))


def _flat(value: Mapping[str, Any], before: str, depth: int, over: set[str]) -> Iterator[tuple[str, object]]:
    for key, item in value.items():
        name = f"{before}{plain(key)}"
        if len(name) > limits.PROPERTY_NAME:
            name = name[: limits.PROPERTY_NAME]
            over.add("data")
        if isinstance(item, dict):
            if depth + 1 < limits.PROPERTIES_DEPTH:
                yield from _flat(item, f"{name}.", depth + 1, over)
            else:
                over.add("data")
        elif item is not None:
            yield name, _leaf(item, over)


def _leaf(item: object, over: set[str]) -> object:
    if isinstance(item, list):
        item = msgspec.json.encode(item).decode()
    if isinstance(item, str):
        text = plain(item)
        if len(text) > limits.PROPERTY_TEXT:
            over.add("data")
        return text[: limits.PROPERTY_TEXT]
    if isinstance(item, int) and not isinstance(item, bool) and abs(item) > _MAX_BIG:
        return float(item) if abs(item) < 10**300 else str(item)[: limits.PROPERTY_TEXT]
    return item


def _bought(sent: Mapping[str, Any]) -> tuple[int | None, str]:
    """Revenue in ten-thousandths with its currency; both or neither."""
    amount, currency = sent.get("revenue"), sent.get("currency")
    if isinstance(amount, str) and re.fullmatch(r"\d{1,12}(?:\.\d{1,6})?", amount):
        amount = float(amount)
    if isinstance(amount, bool) or not isinstance(amount, int | float) or not 0 < amount <= _MOST_MONEY:
        return None, ""
    if not isinstance(currency, str) or not _CURRENCY.fullmatch(currency):
        return None, ""
    return round(amount * REVENUE_SCALE), currency.upper()
