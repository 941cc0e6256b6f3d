"""Symbols of sprites: the tracker sends the text of what a `<use>` shows; the page gets it as a symbol of its own."""

from collections.abc import Callable
from typing import Any, Final
from xml.parsers import expat

PREFIX: Final = "_$OPENREPLAY_SPRITE$_"
MAX_TEXT: Final = 200_000
MAX_NODES: Final = 2_000
_MAX_DEPTH: Final = 64
Json = dict[str, Any]


class _Refused(Exception):
    """A drawing that is not taken over."""


class _Drawing:
    def __init__(self, invent: Callable[[], int]) -> None:
        self._invent = invent
        self.count = 0
        self.top: Json = {"childNodes": []}
        self._path = [self.top]

    def begin(self, tag: str, attributes: dict[str, str]) -> None:
        self.count += 1
        if self.count > MAX_NODES or len(self._path) > _MAX_DEPTH:
            raise _Refused
        kept = {name: value for name, value in attributes.items() if not name.lower().startswith("on")}
        node = element(self._invent(), tag.lower(), kept)
        self._path[-1]["childNodes"].append(node)
        self._path.append(node)

    def end(self, _tag: str) -> None:
        self._path.pop()

    def refuse(self, *_: object) -> None:
        raise _Refused


def element(number: int, tag: str, attributes: Json) -> Json:
    return {
        "type": 2, "id": number, "tagName": tag, "attributes": attributes, "childNodes": [], "isSVG": True,
    }  # fmt: skip


def symbol(text: str, invent: Callable[[], int]) -> tuple[str, Json] | None:
    """A hidden `<svg>` that defines what a `<use>` shows, and the name to use it by; None where it cannot be read."""
    if len(text) > MAX_TEXT:
        return None
    drawing = _Drawing(invent)
    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = drawing.begin, drawing.end
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = drawing.refuse  # entities grow
    try:
        parser.Parse(text, True)  # noqa: FBT003 - expat's own signature
        (top,) = drawing.top["childNodes"]
    except (expat.ExpatError, _Refused, ValueError):
        return None
    name = f"icon-{invent() & 0xFFFFFF}"
    inside = element(invent(), "symbol", {"id": name})
    if "viewBox" in top["attributes"]:
        inside["attributes"]["viewBox"] = top["attributes"]["viewBox"]
    inside["childNodes"] = top["childNodes"] if top["tagName"] in {"svg", "symbol"} else [top]
    holder = element(invent(), "svg", {"width": "0", "height": "0", "style": "position: absolute;"})
    holder["childNodes"] = [inside]
    return name, holder
