"""The events that are no nodes: positions, sizes, media, style rules. What their types do not name is dropped."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, Literal, NotRequired, TypedDict, cast

import msgspec
from msgspec import Meta, convert

from sightline.privacy.recording.css import clean_declaration, clean_sheet, is_property
from sightline.privacy.recording.state import State
from sightline.privacy.recording.vocabulary import is_plain

# Wide enough for any page, too narrow for a card or a telephone number.
_PIXELS: Final = 10_000_000
MAX_TIME: Final = 4_102_444_800_000  # the year 2100 in milliseconds

Whole = Annotated[int, Meta(ge=-_PIXELS, le=_PIXELS)]
Number = Annotated[int, Meta(ge=-_PIXELS, le=_PIXELS)] | Annotated[float, Meta(ge=-_PIXELS, le=_PIXELS)]
Node = Annotated[int, Meta(ge=-2, le=2**31)]
Time = Annotated[int, Meta(ge=0, le=MAX_TIME)]
Index = Annotated[int, Meta(ge=0, le=1_000_000)]
Path = Index | Annotated[list[Index], Meta(max_length=32)]


class Position(TypedDict):
    x: Number
    y: Number
    id: Node
    timeOffset: Number


class Moves(TypedDict):
    source: Literal[1, 6, 12]
    positions: Annotated[list[Position], Meta(max_length=10_000)]


class Interaction(TypedDict):
    source: Literal[2]
    type: Annotated[int, Meta(ge=0, le=10)]
    id: Node
    x: NotRequired[Number]
    y: NotRequired[Number]
    pointerType: NotRequired[Annotated[int, Meta(ge=0, le=2)]]


class Scroll(TypedDict):
    source: Literal[3]
    id: Node
    x: Number
    y: Number


class Resize(TypedDict):
    source: Literal[4]
    width: Number
    height: Number


class Media(TypedDict):
    source: Literal[7]
    type: Annotated[int, Meta(ge=0, le=4)]
    id: Node
    currentTime: NotRequired[Number]
    volume: NotRequired[Number]
    muted: NotRequired[bool]
    loop: NotRequired[bool]
    playbackRate: NotRequired[Number]


class Removed(TypedDict):
    index: Path


class Added(TypedDict):
    rule: str
    index: NotRequired[Path | None]


class SheetRules(TypedDict):
    source: Literal[8]
    id: NotRequired[Node]
    styleId: NotRequired[Node]
    removes: NotRequired[Annotated[list[Removed], Meta(max_length=100_000)]]
    adds: NotRequired[Annotated[list[Added], Meta(max_length=100_000)]]
    replace: NotRequired[str]
    replaceSync: NotRequired[str]


class Assigned(TypedDict):
    property: str
    value: str | None
    priority: NotRequired[str | None]


class Unset(TypedDict):
    property: str


class Declaration(TypedDict):
    source: Literal[13]
    index: Annotated[list[Index], Meta(max_length=32)]
    id: NotRequired[Node]
    styleId: NotRequired[Node]
    set: NotRequired[Assigned]
    remove: NotRequired[Unset]


class Range(TypedDict):
    start: Node
    startOffset: Index
    end: Node
    endOffset: Index


class Selection(TypedDict):
    source: Literal[14]
    ranges: Annotated[list[Range], Meta(max_length=100)]


class Adopted(TypedDict):
    styleId: Node
    rules: Annotated[list[Added], Meta(max_length=100_000)]


class AdoptedSheets(TypedDict):
    source: Literal[15]
    id: Node
    styleIds: Annotated[list[Node], Meta(max_length=10_000)]
    styles: NotRequired[Annotated[list[Adopted], Meta(max_length=10_000)]]


class Define(TypedDict):
    name: str


class CustomElement(TypedDict):
    source: Literal[16]
    define: NotRequired[Define]


_PLAIN: Final[Mapping[int, Any]] = {1: Moves, 6: Moves, 12: Moves, 2: Interaction, 3: Scroll, 4: Resize, 7: Media}

Masker = Callable[[State, Any], dict[str, Any] | None]


def mask_small(state: State, source: Any, data: Any) -> dict[str, Any] | None:
    """An incremental event that is neither a mutation nor an input; None if it is not to be kept.

    What has not the expected form raises `msgspec.ValidationError`.
    """
    shape = _PLAIN.get(source)
    if shape is not None:
        return cast("dict[str, Any]", convert(data, shape))
    masker = _STYLED.get(source)
    return None if masker is None else masker(state, data)


def _rules(state: State, data: Any) -> dict[str, Any]:
    made: Any = convert(data, SheetRules)
    for added in made.get("adds", ()):
        _rule(state, added)
    for name in ("replace", "replaceSync"):
        if name in made:
            made[name] = _sheet(state, made[name])
    return cast("dict[str, Any]", made)


def _adopted(state: State, data: Any) -> dict[str, Any]:
    made: Any = convert(data, AdoptedSheets)
    for style in made.get("styles", ()):
        for rule in style["rules"]:
            _rule(state, rule)
    return cast("dict[str, Any]", made)


def _rule(state: State, rule: Any) -> None:
    # An empty rule keeps the place of one that could not be kept: later events count.
    rule["rule"] = _sheet(state, rule["rule"]) or "x{}"


def _sheet(state: State, text: str) -> str:
    sheet = clean_sheet(text)
    state.learn(sheet.names)
    return sheet.text


def _declaration(_: State, data: Any) -> dict[str, Any] | None:
    made: Any = convert(data, Declaration)
    assigned = made.get("set")
    name = (assigned or made.get("remove") or {}).get("property", "")
    if not is_property(name):
        return None
    if assigned is not None:
        value = assigned["value"]
        kept = None if value is None else clean_declaration(name, value)
        if kept == "":
            return None
        made["set"] = {
            "property": name,
            "value": kept,
            "priority": "important" if assigned.get("priority") == "important" else "",
        }
    return cast("dict[str, Any]", made)


def _custom_element(state: State, data: Any) -> dict[str, Any] | None:
    made: Any = convert(data, CustomElement)
    name = made.get("define", {}).get("name", "")
    return cast("dict[str, Any]", made) if "-" in name and (is_plain(name) or state.is_named(name)) else None


_STYLED: Final[Mapping[int, Masker]] = {8: _rules, 13: _declaration, 15: _adopted, 16: _custom_element}


def selection(data: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", convert(data, Selection))


__all__ = ["MAX_TIME", "Number", "Time", "mask_small", "msgspec", "selection"]
