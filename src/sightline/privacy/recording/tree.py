"""Nodes: snapshots and what changes in them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sightline.privacy.dictionary import Field
from sightline.privacy.recording import names as n
from sightline.privacy.recording.attributes import Attributes
from sightline.privacy.recording.css import clean_sheet
from sightline.privacy.recording.policy import Policy, Seen
from sightline.privacy.recording.stars import FIXED, star
from sightline.privacy.recording.state import Element, Special, State
from sightline.privacy.recording.vocabulary import is_plain
from sightline.privacy.selectors import Shape
from sightline.privacy.structures import clean_text

MAX_DEPTH: Final = 256  # a browser's parser stops at 512; what lies deeper is left out
MAX_CHUNK_NODES: Final = 400_000
MAX_ID: Final = 2**31

MAX_CONTROLS_KNOWN: Final = 4096
_TELLING: Final = ("type", "autocomplete", "name", "id", "aria-label", "placeholder", "title", n.WAS_PASSWORD)

# What the text below a node is.
MASKED, CLEAR, STYLE, CODE, VALUE, LOCKED = range(6)

_DOCUMENT, _DOCTYPE, _ELEMENT, _TEXT, _CDATA, _COMMENT = range(6)
_TAGS: Final = dict.fromkeys(n.TAGS, False) | dict.fromkeys(["style", "script", "iframe", "input", "textarea", "select"], True)
_INSIDE: Final = {"style": STYLE, "script": CODE, "textarea": VALUE}
_KEPT: Final = frozenset({"style", "script", "textarea", "input", "select", "iframe"})
_TEXT_KEYS: Final = frozenset({"type", "id", "textContent"})
_ELEMENT_KEYS: Final = frozenset({"type", "id", "tagName", "attributes", "childNodes"})
_DOCUMENT_KEYS: Final = frozenset({"type", "id", "childNodes", "compatMode"})
_DOCTYPE_KEYS: Final = frozenset({"type", "id", "name", "publicId", "systemId"})
_TRUE_MARKS: Final = frozenset({"isSVG", "isShadowHost", "isShadow", "isCustom"})
_FRAME: Final = Shape("#document", barrier=True)
_ROOT: Final = Shape("#document")


class Unreadable(ValueError):
    """An event has not the form that the recorder gives it; the reason is one word."""


class Tree:
    """The tree of a recording, as far as the state knows it, and the masking of its nodes."""

    def __init__(self, policy: Policy, state: State, dropped: dict[str, int]) -> None:
        self.policy = policy
        self.state = state
        self.dropped = dropped
        self.rules = policy.rules
        self.attributes = Attributes(policy, state)
        self.tracked = bool(policy.seen)
        self.count = 0
        self._entries: tuple[Seen, ...] = ()
        self._contexts: dict[int, int] = {}

    # ---- events -----------------------------------------------------------------------------------------------------

    def snapshot(self, data: dict[str, Any]) -> dict[str, Any]:
        self.state.restart()
        self._see(certain=self.state.fresh or self.state.follows)
        self.state.fresh = False
        root = data["node"]
        if root["type"] != _DOCUMENT:
            raise Unreadable("snapshot")
        offset = data.get("initialOffset") or {}
        self.nodes([root], LOCKED if not self.tracked else MASKED, 0)
        return {"node": root, "initialOffset": {"top": _pixels(offset.get("top")), "left": _pixels(offset.get("left"))}}

    def mutation(self, data: dict[str, Any]) -> dict[str, Any] | None:
        self._see(certain=self.state.follows)
        out: dict[str, Any] = {
            "source": 0,
            "texts": [],
            "attributes": [],
            "removes": [self._remove(entry) for entry in _entries(data, "removes")],
            "adds": [made for made in map(self._add, _entries(data, "adds")) if made],
        }
        self._contexts.clear()
        out["attributes"] = [made for made in map(self._change, _entries(data, "attributes")) if made]
        self._contexts.clear()
        out["texts"] = [made for made in map(self._say, _entries(data, "texts")) if made]
        if data.get("isAttachIframe") is True:
            out["isAttachIframe"] = True
        return out if out["texts"] or out["attributes"] or out["removes"] or out["adds"] else None

    def input(self, data: dict[str, Any]) -> dict[str, Any] | None:
        """A value that was typed or chosen; only that there is one, and only when that changes."""
        self._see(certain=self.state.follows)
        node, text, checked = _id(data["id"]), data.get("text", ""), data.get("isChecked") is True
        if not isinstance(text, str):
            raise Unreadable("input")
        control = self.state.special.get(node) or Special("")
        field = self._field_named(control.field)
        clear = self._is_clear_control(node, control, field)
        if clear:
            text = clean_text(self.rules, text)
        else:
            text = FIXED if text and _takes_stars(control) else ""
            checked = checked and field is None and control.type != "radio"
        if self.state.said(self.state.values, node, f"{int(checked)}{text}"):
            return None
        out = {"source": 5, "text": text, "isChecked": checked, "id": node}
        if isinstance(data.get("userTriggered"), bool):
            out["userTriggered"] = data["userTriggered"]
        return out

    def is_clear(self, node: int) -> bool:
        """Whether a node's text is in clear, so that offsets into it mean something and tell nothing."""
        held = self.state.nodes.get(node)
        return held is not None and self._context(held if isinstance(held, int) else node) == CLEAR

    # ---- nodes ------------------------------------------------------------------------------------------------------

    def nodes(self, top: Sequence[Any], context: int, parent: int) -> None:
        """Mask nodes and all below them, in place. One loop, because trees are deep and hostile ones deeper."""
        stack: list[tuple[Sequence[Any], int, int, int]] = [(top, context, parent, 0)]
        tracked, within = self.tracked, self.state.within
        held, tags = self.state.nodes, _TAGS
        while stack:
            nodes, context, parent, depth = stack.pop()
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
                    if context == MASKED or context == LOCKED:  # noqa: PLR1714 - the hottest line: no tuple, no look-up
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
                        self._drop("blocked" if inside < 0 else "too deep")
                        node["childNodes"] = []
                    else:
                        stack.append((children, inside, node_id, depth + 1))
                elif children is not None:
                    node["childNodes"] = []

    def _element(self, node: dict[str, Any], context: int, parent: int) -> int:
        """Replace type and attributes; answer what the text below is, or -1 where there is nothing below."""
        tag, raw = node["tagName"], node["attributes"]
        special = _TAGS.get(tag)
        if special is None:
            tag, special = self._custom_tag(tag), False
            node["tagName"] = tag
        out = node["attributes"] = self.attributes.clean(tag, raw, changed=False)
        if self.tracked or self.attributes.noticed or self.policy.is_type(tag):
            return self._look(node["id"], tag, raw, out, context, parent)
        if special:
            field = self._asked(node["id"], tag, raw) if tag in n.CONTROLS else None
            if field is not None:
                out[n.FIELD] = field.name
            self._keep(node["id"], tag, raw, field, blocked=False)
            if tag in n.CONTROLS:
                self._control(tag, raw, out, field, clear=False)
            return _INSIDE.get(tag, LOCKED if field is not None else context)
        return context

    def _look(self, node: int, tag: str, raw: dict[str, Any], out: dict[str, Any], context: int, parent: int) -> int:
        """What the rules say about an element that they may say something about."""
        seen = self._shape(tag, raw, out)
        path = self._path_above(parent) if self.policy.nested else ()
        verdict = self.policy.verdict(self._raw_shape(tag, raw, seen), path)
        blocked = verdict.blocked or n.BLOCKED in raw
        field = self._field(node, tag, raw, verdict.field)
        locked = verdict.masked or blocked or field is not None or n.MASKED in raw
        if locked:
            self._mark(out, field, blocked=blocked, masked=field is None and not blocked)
            context = LOCKED
        if tag in _KEPT or blocked:
            self._keep(node, tag, raw, field, blocked=blocked)
        if self.tracked:
            self.state.nodes[node] = Element(parent, seen, locked)
            if context == MASKED and self.policy.is_subject(seen) and self._is_seen([seen, *self._path_above(parent)]):
                context = CLEAR
            if context == CLEAR:
                self.attributes.reveal(tag, raw, out)
        if tag in n.CONTROLS:
            self._control(tag, raw, out, field, clear=context == CLEAR)
        if blocked:
            return -1
        return _INSIDE.get(tag, context)

    def _control(
        self, tag: str, raw: Mapping[str, Any], out: dict[str, Any], field: Field | None, *, clear: bool, type_: str = ""
    ) -> None:
        """The value of a form control, which no other rule has let through."""
        kind = (_text_of(raw, "type") or type_).lower()
        value = raw.get("value")
        clear = clear and field is None and kind not in {"password", "hidden", "file"}
        if isinstance(value, str) and value and tag in {"input", "textarea"}:
            if kind in n.BUTTONS and tag == "input":
                out["value"] = clean_text(self.rules, value) if clear else star(value)
            elif clear:
                out["value"] = clean_text(self.rules, value)
            elif kind not in n.VALUES_REFUSING_STARS:
                out["value"] = FIXED
        if tag == "input" and (clear or (kind == "checkbox" and field is None)) and raw.get("checked") not in {None, False}:
            out["checked"] = True
        if tag == "option" and clear and raw.get("selected") is True:
            out["selected"] = True
        if field is not None and not clear:
            for name in n.TEXTS & out.keys():
                out[name] = star(str(out[name]))

    def _other(self, node: dict[str, Any], kind: int, node_id: int, parent: int, context: int) -> int:
        if kind == _DOCUMENT:
            _strip(node, _DOCUMENT_KEYS)
            if node.get("compatMode") != "BackCompat":
                node.pop("compatMode", None)
            frame = parent != 0
            if self.tracked:
                self.state.nodes[node_id] = Element(parent, _FRAME if frame else _ROOT, frame)
            # Entries name pages of the site; whose page a frame shows is not known.
            return LOCKED if frame or context == LOCKED else CLEAR if self._is_seen([_ROOT]) else MASKED
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
        known = "-" in tag and len(tag) <= 64 and tag == tag.lower() and tag.replace("-", "").isalnum() and tag[0].isalpha()
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
            context = self._context(parent) if self.tracked else LOCKED
        self.nodes([node], context, parent)
        if self.tracked:
            self._contexts.clear()  # what hung on nothing may hang on something now
        if self.state.texts or self.state.values:
            self.state.texts.pop(node["id"], None)
            self.state.values.pop(node["id"], None)
        following = entry.get("nextId")
        if following is not None:
            _id(following)
        if len(entry) != 3:
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
            context = LOCKED if parent is None else self._context(parent)
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
            self._look_again(node, tag, raw, out, special, element)
        if "value" in out and self.state.said(self.state.values, node, f"{int(bool(raw.get('checked')))}{out['value']}"):
            del out["value"]
        return {"id": node, "attributes": out} if out else None

    def _look_again(
        self, node: int, tag: str, raw: dict[str, Any], out: dict[str, Any], special: Special | None, element: Element | None
    ) -> None:
        """As `_look`, for an element that changed: what it once was it stays, unless it becomes stricter."""
        seen = self._shape(tag, raw, out, element.shape if element else None)
        path = self._path_above(element.parent if element else -1) if self.policy.nested else ()
        verdict = self.policy.verdict(self._raw_shape(tag, raw, seen), path)
        was_blocked, was_field = (special.blocked, special.field) if special else (False, "")
        was_locked = bool(element and element.locked)
        blocked = verdict.blocked or was_blocked or n.BLOCKED in raw
        field = self._field(node, tag, raw, verdict.field)
        locked = verdict.masked or was_locked or blocked or field is not None or n.MASKED in raw
        self._mark(
            out,
            field if field and field.name != was_field else None,
            blocked=blocked and not was_blocked,
            masked=locked and field is None and not blocked and not was_locked,
        )
        if special is not None or blocked:
            self._keep(node, tag, raw, field, blocked=blocked, was=special)
        if element is not None:
            self.state.nodes[node] = Element(element.parent, seen, locked)
        clear = element is not None and self._context(node) == CLEAR
        if clear:
            self.attributes.reveal(tag, raw, out)
        if tag in n.CONTROLS:
            self._control(tag, raw, out, field, clear=clear, type_=special.type if special else "")

    # ---- what is known of a node ------------------------------------------------------------------------------------

    def _see(self, *, certain: bool) -> None:
        self._entries = self.policy.entries(self.state.page, certain=certain) if self.tracked else ()
        self._contexts.clear()
        if not self.state.has_room():
            self._drop("too many nodes")

    def _shape(self, tag: str, raw: Mapping[str, Any], out: Mapping[str, Any], before: Shape | None = None) -> Shape:
        """What selectors see of what is stored; unchanged parts come from before."""
        policy = self.policy
        classes, name, attributes = (before.classes, before.id, dict(before.attributes)) if before else (frozenset(), "", {})
        if "class" in raw:
            classes = policy.classes.intersection(str(out.get("class", "")).split())
        if "id" in raw:
            name = out["id"] if out.get("id") in policy.ids else ""
        for test in policy.tests.keys() & raw.keys():
            attributes.pop(test, None)
            if out.get(test) is not None:
                attributes[test] = str(out[test])
        return policy.shape(Shape(tag, name, frozenset(classes), tuple(sorted(attributes.items()))))

    def _raw_shape(self, tag: str, raw: Mapping[str, Any], seen: Shape) -> Shape:
        """The same with the values that came, for the selectors that only ever mask."""
        tests = {name: value for name, value in raw.items() if name in self.policy.tests and isinstance(value, str)}
        if "src" in self.policy.tests and "src" not in tests and isinstance(raw.get("rr_src"), str):
            tests["src"] = raw["rr_src"]
        if not tests:
            return seen
        return Shape(tag, seen.id, seen.classes, tuple((dict(seen.attributes) | tests).items()))

    def _path_above(self, parent: int) -> list[Shape]:
        path: list[Shape] = []
        nodes = self.state.nodes
        while len(path) < MAX_DEPTH and isinstance(held := nodes.get(parent), Element):
            path.append(held.shape)
            parent = held.parent
        return path

    def _context(self, node: int) -> int:
        """What text below an element is, by its ancestors as the state knows them; unknown ones lock."""
        known = self._contexts.get(node)
        if known is None:
            known = self._contexts[node] = self._climb(node) if self.tracked else LOCKED
        return known

    def _climb(self, node: int) -> int:
        path: list[Shape] = []
        while node:
            held = self.state.nodes.get(node)
            if not isinstance(held, Element) or held.locked or held.shape.barrier or len(path) > MAX_DEPTH:
                return LOCKED
            path.append(held.shape)
            node = held.parent
        return CLEAR if any(self._is_seen(path[at:]) for at in range(len(path))) else MASKED

    def _is_seen(self, path: Sequence[Shape]) -> bool:
        return any(
            entry.selectors is None or any(selector.matches(path) for selector in entry.selectors) for entry in self._entries
        )

    def _field(self, node: int, tag: str, raw: Mapping[str, Any], selected: Field | None) -> Field | None:
        """What a control asks for or an element shows: by selectors, by its attributes, and by what it ever was."""
        found = [selected, self._field_named(raw.get(n.FIELD)), self._asked(node, tag, raw) if tag in n.CONTROLS else None]
        return _strongest(found)

    def _asked(self, node: int, tag: str, raw: Mapping[str, Any]) -> Field | None:
        """What a form control asks for or ever asked for."""
        key = (tag, *map(raw.get, _TELLING))
        try:
            field = self.policy.controls[key]
        except (KeyError, TypeError):
            field = self._ask(tag, raw)
            if len(self.policy.controls) >= MAX_CONTROLS_KNOWN:
                self.policy.controls.clear()
            if all(value is None or (value.__class__ is str and len(value) <= 200) for value in key):
                self.policy.controls[key] = field
        known = self.state.special.get(node)
        return _strongest([field, self._field_named(known.field)]) if known else field

    def _ask(self, tag: str, raw: Mapping[str, Any]) -> Field | None:
        asked = None
        if tag in {"input", "textarea", "select"}:
            label = _text_of(raw, "aria-label") or _text_of(raw, "placeholder") or _text_of(raw, "title")
            asked = self.rules.field_of_input(*(_text_of(raw, name)[:200] for name in _TELLING[:4]), label[:200])
        return _strongest([asked, self._field_named("password") if raw.get(n.WAS_PASSWORD) is not None else None])

    def _field_named(self, name: Any) -> Field | None:
        try:
            return self.rules.field(name) if name else None
        except (LookupError, TypeError):
            return None

    def _keep(
        self, node: int, tag: str, raw: Mapping[str, Any], field: Field | None, *, blocked: bool, was: Special | None = None
    ) -> None:
        kind = _text_of(raw, "type").lower()[:32] or (was.type if was else "")
        if kind and not is_plain(kind):
            kind = ""
        self.state.special[node] = Special(tag, kind, field.name if field else "", blocked)

    def _is_clear_control(self, node: int, control: Special, field: Field | None) -> bool:
        if field is not None or control.type in {"password", "hidden", "file"} or not control.tag:
            return False
        return node in self.state.nodes and self._context(node) == CLEAR

    @staticmethod
    def _mark(out: dict[str, Any], field: Field | None, *, blocked: bool, masked: bool) -> None:
        if field is not None:
            out[n.FIELD] = field.name
        if blocked:
            out[n.BLOCKED] = ""
        if masked:
            out[n.MASKED] = ""

    def _drop(self, reason: str) -> None:
        self.dropped[reason] = self.dropped.get(reason, 0) + 1


def _entries(data: dict[str, Any], name: str) -> list[dict[str, Any]]:
    entries = data.get(name) or []
    if not isinstance(entries, list):
        raise Unreadable(name)
    return entries


def _id(value: Any) -> int:
    if value.__class__ is not int or not -2 < value < MAX_ID:
        raise Unreadable("id")
    return value  # type: ignore[no-any-return]


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


def _strongest(fields: Sequence[Field | None]) -> Field | None:
    return max((field for field in fields if field), key=lambda field: field.strength, default=None)


def _text_of(raw: Mapping[str, Any], name: str) -> str:
    value = raw.get(name)
    return value if isinstance(value, str) else ""


def _takes_stars(control: Special) -> bool:
    return control.tag != "select" and control.type not in n.VALUES_REFUSING_STARS
