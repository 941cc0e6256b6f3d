"""Nodes: snapshots and what changes in them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sightline.privacy.recording import names as n
from sightline.privacy.recording.attributes import Attributes
from sightline.privacy.recording.css import clean_sheet
from sightline.privacy.recording.policy import Policy
from sightline.privacy.recording.sight import (
    CLEAR,
    CODE,
    FRAME,
    LOCKED,
    MASKED,
    MAX_DEPTH,
    ROOT,
    STYLE,
    VALUE,
    Sight,
    special_of,
    strongest,
)
from sightline.privacy.recording.stars import FIXED, star
from sightline.privacy.recording.state import Element, Special, State
from sightline.privacy.recording.vocabulary import is_plain
from sightline.privacy.structures import clean_text

MAX_CHUNK_NODES: Final = 400_000
MAX_ID: Final = 2**31

_DOCUMENT, _DOCTYPE, _ELEMENT, _TEXT, _CDATA, _COMMENT = range(6)
_TAGS: Final = dict.fromkeys(n.TAGS, False) | dict.fromkeys(
    ["style", "script", "iframe", "input", "textarea", "select"], True
)
_INSIDE: Final = {"style": STYLE, "script": CODE, "textarea": VALUE}
_KEPT: Final = frozenset({"style", "script", "textarea", "input", "select", "iframe"})
_TEXT_KEYS: Final = frozenset({"type", "id", "textContent"})
_ELEMENT_KEYS: Final = frozenset({"type", "id", "tagName", "attributes", "childNodes"})
_DOCUMENT_KEYS: Final = frozenset({"type", "id", "childNodes", "compatMode"})
_DOCTYPE_KEYS: Final = frozenset({"type", "id", "name", "publicId", "systemId"})
_TRUE_MARKS: Final = frozenset({"isSVG", "isShadowHost", "isShadow", "isCustom"})


class Unreadable(ValueError):
    """An event has not the form that the recorder gives it; the reason is one word."""


class Tree(Sight):
    """The tree of a recording, as far as the state knows it, and the masking of its nodes."""

    def __init__(self, policy: Policy, state: State, dropped: dict[str, int]) -> None:
        super().__init__(policy, state, dropped)
        self.attributes = Attributes(policy, state)
        self.count = 0

    # ---- events -----------------------------------------------------------------------------------------------------

    def snapshot(self, data: dict[str, Any]) -> dict[str, Any]:
        self.state.restart()
        self.see(certain=self.state.fresh or self.state.follows)
        self.state.fresh = False
        root = data["node"]
        if root["type"] != _DOCUMENT:
            raise Unreadable("snapshot")
        offset = data.get("initialOffset") or {}
        self.nodes([root], LOCKED if not self.tracked else MASKED, 0)
        return {"node": root, "initialOffset": {"top": _pixels(offset.get("top")), "left": _pixels(offset.get("left"))}}

    def mutation(self, data: dict[str, Any]) -> dict[str, Any] | None:
        self.see(certain=self.state.follows)
        removes = [self._remove(entry) for entry in _entries(data, "removes")]
        self.forget_contexts()
        adds = [made for made in map(self._add, _entries(data, "adds")) if made]
        attributes = [made for made in map(self._change, _entries(data, "attributes")) if made]
        texts = [made for made in map(self._say, _entries(data, "texts")) if made]
        out = {"source": 0, "texts": texts, "attributes": attributes, "removes": removes, "adds": adds}
        if data.get("isAttachIframe") is True:
            out["isAttachIframe"] = True
        return out if texts or attributes or removes or adds else None

    def input(self, data: dict[str, Any]) -> dict[str, Any] | None:
        """A value that was typed or chosen; only that there is one, and only when that changes."""
        self.see(certain=self.state.follows)
        node, text, checked = _id(data["id"]), data.get("text", ""), data.get("isChecked") is True
        if not isinstance(text, str):
            raise Unreadable("input")
        control = self.state.special.get(node) or Special("")
        if self.is_clear_control(node, control):
            text = clean_text(self.rules, text)
        else:
            text = FIXED if text and _takes_stars(control) else ""
            checked = checked and not control.field and control.type != "radio"
        if self.state.said(self.state.values, node, f"{int(checked)}{text}"):
            return None
        out = {"source": 5, "text": text, "isChecked": checked, "id": node}
        if isinstance(data.get("userTriggered"), bool):
            out["userTriggered"] = data["userTriggered"]
        return out

    def is_clear(self, node: int) -> bool:
        """Whether a node's text is in clear, so that offsets into it mean something and tell nothing."""
        held = self.state.nodes.get(node)
        return held is not None and self.context(held if isinstance(held, int) else node) == CLEAR

    # ---- nodes ------------------------------------------------------------------------------------------------------

    def nodes(self, top: Sequence[Any], around: int, above: int) -> None:  # noqa: C901, PLR0912 - see below
        """Mask nodes and all below them, in place.

        One loop, because trees are deep and hostile ones deeper, and because a call per node costs half the speed.
        """
        # Level by level: the style sheets of the head are read before what they name.
        queue: list[tuple[Sequence[Any], int, int, int]] = [(top, around, above, 0)]
        tracked, within = self.tracked, self.state.within
        held, tags = self.state.nodes, _TAGS
        for nodes, context, parent, depth in queue:
            self.count += len(nodes)
            if self.count > MAX_CHUNK_NODES:
                raise Unreadable("size")
            for node in nodes:
                kind, node_id = node["type"], node["id"]
                if node_id.__class__ is not int or not 0 < node_id < MAX_ID:
                    raise Unreadable("id")
                if kind == _TEXT:
                    if len(node) != 3:
                        _strip(node, _TEXT_KEYS)
                    if context == MASKED or context == LOCKED:  # noqa: PLR1714, SIM109 - the hottest line
                        node["textContent"] = star(node["textContent"])
                    else:
                        node["textContent"] = self._text(node["textContent"], context)
                        if context != CLEAR:
                            within[node_id] = parent
                    if tracked:
                        held[node_id] = parent
                    continue
                inside = context
                if kind == _ELEMENT:
                    if len(node) != 5:
                        _strip(node, _ELEMENT_KEYS)
                    if node["attributes"] or tracked or tags.get(node["tagName"]) is not False:
                        inside = self._element(node, context, parent)
                    children = node["childNodes"]
                else:
                    inside = self._other(node, kind, node_id, parent, context)
                    children = node["childNodes"] if inside >= 0 else None
                if children:
                    if children.__class__ is not list:
                        raise Unreadable("children")
                    if inside < 0 or depth >= MAX_DEPTH:
                        self.drop("blocked" if inside < 0 else "too deep")
                        node["childNodes"] = []
                    else:
                        queue.append((children, inside, node_id, depth + 1))
                elif children is not None:
                    node["childNodes"] = []

    def _element(self, node: dict[str, Any], context: int, parent: int) -> int:
        """Replace type and attributes; answer what the text below is, or -1 where there is nothing below."""
        tag, raw = node["tagName"], node["attributes"]
        special = _TAGS.get(tag)
        if special is None:
            tag = node["tagName"] = self._custom_tag(tag)
        out = node["attributes"] = self.attributes.clean(tag, raw, changed=False)
        if self.tracked or self.attributes.noticed or self.policy.is_type(tag):
            return self._look(node, raw, context, parent)
        if not special:
            return context
        made = special_of(tag, raw, self.asked(node["id"], tag, raw) if tag in n.CONTROLS else None)
        self.state.special[node["id"]] = made
        if made.field:
            out[n.FIELD] = made.field
            context = LOCKED
        if tag in n.CONTROLS:
            self._control(made, raw, out, clear=False)
        return _INSIDE.get(tag, context)

    def _look(self, node: dict[str, Any], raw: dict[str, Any], context: int, parent: int) -> int:
        """As `_element`, for one that the rules may say something about."""
        node_id, tag, out = node["id"], node["tagName"], node["attributes"]
        seen = self.shape(tag, raw, out)
        verdict = self.policy.verdict(self.raw_shape(seen, raw), self.path_above(parent) if self.policy.nested else ())
        field = strongest([verdict.field, self.field_named(raw.get(n.FIELD)), self.asked(node_id, tag, raw)])
        made = special_of(tag, raw, field, blocked=verdict.blocked or n.BLOCKED in raw)
        locked = verdict.masked or made.blocked or field is not None or n.MASKED in raw
        if locked:
            _mark(out, made.field, blocked=made.blocked, masked=not made.field and not made.blocked)
            context = LOCKED
        if tag in _KEPT or made.blocked:
            self.state.special[node_id] = made
        if self.tracked:
            self.state.nodes[node_id] = Element(parent, seen, locked)
            if context == MASKED and self.is_selected(seen, parent):
                context = CLEAR
            if context == CLEAR:
                self.attributes.reveal(tag, raw, out)
        if tag in n.CONTROLS:
            self._control(made, raw, out, clear=context == CLEAR)
        return -1 if made.blocked else _INSIDE.get(tag, context)

    def _control(self, control: Special, raw: Mapping[str, Any], out: dict[str, Any], *, clear: bool) -> None:
        """The value of a form control, which no other rule has let through."""
        tag, kind, value = control.tag, control.type, raw.get("value")
        clear = clear and not control.field and kind not in {"password", "hidden", "file"}
        if isinstance(value, str) and value and tag in {"input", "textarea"}:
            if clear:
                out["value"] = clean_text(self.rules, value)
            elif kind in n.BUTTONS and tag == "input":
                out["value"] = star(value)
            elif kind not in n.WITHOUT_STARS:
                out["value"] = FIXED
        if tag == "input" and (clear or (kind == "checkbox" and not control.field)) and raw.get("checked") is True:
            out["checked"] = True
        if tag == "option" and clear and raw.get("selected") is True:
            out["selected"] = True
        if control.field:
            for name in n.TEXTS & out.keys():
                out[name] = star(str(out[name]))

    def _other(self, node: dict[str, Any], kind: int, node_id: int, parent: int, context: int) -> int:
        if kind == _DOCUMENT:
            _strip(node, _DOCUMENT_KEYS)
            if node.get("compatMode") != "BackCompat":
                node.pop("compatMode", None)
            frame = parent != 0
            if self.tracked:
                self.state.nodes[node_id] = Element(parent, FRAME if frame else ROOT, frame)
            # Entries name pages of the site; whose page a frame shows is not known.
            return LOCKED if frame or context == LOCKED else CLEAR if self.is_seen([ROOT]) else MASKED
        if kind == _DOCTYPE:
            _strip(node, _DOCTYPE_KEYS)
            public = node.get("publicId")
            node |= {"name": "html", "publicId": public if public in n.DOCTYPES else "", "systemId": ""}
        elif kind in {_CDATA, _COMMENT}:
            _strip(node, _TEXT_KEYS)
            node["textContent"] = ""
        else:
            raise Unreadable("node")
        return -1

    def _text(self, text: str, context: int) -> str:
        if context == CLEAR:
            return clean_text(self.rules, text)
        if context == STYLE:
            sheet = clean_sheet(text)
            self.state.learn(sheet.names)
            return sheet.text
        if context == VALUE:
            return FIXED if text else ""
        if context == CODE:
            return ""
        return star(text)

    def _custom_tag(self, tag: Any) -> str:
        if not isinstance(tag, str):
            raise Unreadable("tag")
        known = (
            "-" in tag and len(tag) <= 64 and tag == tag.lower() and tag.replace("-", "").isalnum() and tag[0].isalpha()
        )
        return tag if known and (is_plain(tag) or self.state.is_named(tag)) else n.UNKNOWN_TAG

    # ---- changes ----------------------------------------------------------------------------------------------------

    def _remove(self, entry: dict[str, Any]) -> dict[str, Any]:
        node = _id(entry["id"])
        made: dict[str, Any] = {"parentId": _id(entry["parentId"]), "id": node}
        if entry.get("isShadow") is True:
            made["isShadow"] = True
        self.state.nodes.pop(node, None)
        self.state.within.pop(node, None)
        return made

    def _add(self, entry: dict[str, Any]) -> dict[str, Any] | None:
        parent = _id(entry["parentId"])
        above = self.state.special.get(parent)
        if above is not None and above.blocked:
            return None
        context = _INSIDE.get(above.tag, -1) if above else -1
        node = entry["node"]
        if context < 0:
            context = self.context(parent) if self.tracked else LOCKED
        moved = node["id"] in self.state.nodes
        self.nodes([node], context, parent)
        if moved:
            self.forget_contexts()
        if self.state.texts or self.state.values:
            self.state.texts.pop(node["id"], None)
            self.state.values.pop(node["id"], None)
            self.state.values.pop(~node["id"], None)
        following = entry.get("nextId")
        if following is not None:
            _id(following)
        if len(entry) != 3 or "nextId" not in entry:
            entry = {"parentId": parent, "nextId": following, "node": node}
        return entry

    def _say(self, entry: dict[str, Any]) -> dict[str, Any] | None:
        node, value = _id(entry["id"]), entry["value"]
        if value is None:
            return {"id": node, "value": None}
        parent = self.state.within.get(node)
        if parent is None:
            held = self.state.nodes.get(node)
            parent = held if isinstance(held, int) else None
        above = self.state.special.get(parent) if parent is not None else None
        context = _INSIDE.get(above.tag, -1) if above else -1
        if context < 0:
            context = LOCKED if parent is None else self.context(parent)
        text = self._text(value, context)
        return None if self.state.said(self.state.texts, node, text) else {"id": node, "value": text}

    def _change(self, entry: dict[str, Any]) -> dict[str, Any] | None:
        node, raw = _id(entry["id"]), entry["attributes"]
        special = self.state.special.get(node)
        held = self.state.nodes.get(node)
        element = held if isinstance(held, Element) else None
        tag = special.tag if special else element.shape.tag if element else ""
        out = self.attributes.clean(tag, raw, changed=True)
        if special is not None or element is not None or self.attributes.noticed:
            self._look_again(node, raw, out, special, element)
        # An attribute says what a field began with, not what it shows since somebody typed: another thing is said.
        if "value" in out and self.state.said(
            self.state.values, ~node, f"{int(bool(raw.get('checked')))}{out['value']}"
        ):
            del out["value"]
        return {"id": node, "attributes": out} if out else None

    def _look_again(
        self, node: int, raw: dict[str, Any], out: dict[str, Any], special: Special | None, element: Element | None
    ) -> None:
        """As `_look`, for an element that changed: what it once was it stays, unless it becomes stricter."""
        was = special or Special(element.shape.tag if element else "")
        was_locked = was.blocked or bool(element and element.locked)
        seen = self.shape(was.tag, raw, out, element.shape if element else None)
        path = self.path_above(element.parent if element else -1) if self.policy.nested else ()
        verdict = self.policy.verdict(self.raw_shape(seen, raw), path)
        field = strongest([verdict.field, self.field_named(raw.get(n.FIELD)), self.asked(node, was.tag, raw)])
        made = special_of(
            was.tag, raw, field, blocked=verdict.blocked or was.blocked or n.BLOCKED in raw, kind=was.type
        )
        locked = verdict.masked or was_locked or made.blocked or field is not None or n.MASKED in raw
        _mark(
            out,
            made.field if made.field != was.field else "",
            blocked=made.blocked and not was.blocked,
            masked=locked and not was_locked and not made.field and not made.blocked,
        )
        if special is not None or made.blocked:
            self.state.special[node] = made
        if element is not None:
            self.state.nodes[node] = Element(element.parent, seen, locked)
        self.forget_contexts()
        clear = element is not None and self.context(node) == CLEAR
        if clear:
            self.attributes.reveal(was.tag, raw, out)
        if was.tag in n.CONTROLS:
            self._control(made, raw, out, clear=clear)


def _entries(data: dict[str, Any], name: str) -> list[dict[str, Any]]:
    entries = data.get(name) or []
    if not isinstance(entries, list):
        raise Unreadable(name)
    return entries


def _id(value: Any) -> int:
    if value.__class__ is not int or not -2 < value < MAX_ID:
        raise Unreadable("id")
    return value


def _pixels(value: Any) -> float:
    return value if value.__class__ in {int, float} and -1e7 < value < 1e7 else 0


def _strip(node: dict[str, Any], keys: frozenset[str]) -> None:
    """Leave of a node's properties only those that it may have, of the right type."""
    for name in node.keys() - keys:
        value = node[name]
        if name == "rootId" and value is not None:
            _id(value)
        elif name not in _TRUE_MARKS or value is not True:
            del node[name]


def _mark(out: dict[str, Any], field: str, *, blocked: bool, masked: bool) -> None:
    """Note in what is stored what the rules said: the next masker may not see any more why."""
    if field:
        out[n.FIELD] = field
    if blocked:
        out[n.BLOCKED] = ""
    if masked:
        out[n.MASKED] = ""


def _takes_stars(control: Special) -> bool:
    return control.tag != "select" and control.type not in n.WITHOUT_STARS
