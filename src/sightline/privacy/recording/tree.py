"""Nodes: snapshots and what changes in them."""

from collections.abc import Iterable, Mapping, Sequence
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

# What the text below a node is.
MASKED, CLEAR, STYLE, CODE, VALUE, LOCKED = range(6)

_DOCUMENT, _DOCTYPE, _ELEMENT, _TEXT, _CDATA, _COMMENT = range(6)
_TAGS: Final = dict.fromkeys(n.TAGS, False) | dict.fromkeys(
    n.CONTROLS | {"style", "script", "iframe", "link", "meta"} | n.INERT, True
)
_INSIDE: Final = {"style": STYLE, "script": CODE, "textarea": VALUE}
_KEPT: Final = frozenset({"style", "script", "textarea", "input", "select", "iframe"})
_TRUE_MARKS: Final = ("isSVG", "isShadowHost", "isShadow", "isCustom")
_FRAME: Final = Shape("#document", barrier=True)
_ROOT: Final = Shape("#document")
_DTD: Final = ("-//W3C//DTD HTML 4", "-//W3C//DTD XHTML 1", "-//IETF//DTD HTML")


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
        node = self.nodes([root], LOCKED if not self.tracked else MASKED, 0)
        return {"node": node[0], "initialOffset": {"top": _pixels(offset.get("top")), "left": _pixels(offset.get("left"))}}

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

    def nodes(self, top: Sequence[Any], context: int, parent: int) -> list[Any]:
        """Mask nodes and all below them. One loop, because trees are deep and hostile ones deeper."""
        result: list[Any] = []
        stack: list[tuple[Sequence[Any], list[Any], int, int, int]] = [(top, result, context, parent, 0)]
        tracked, within = self.tracked, self.state.within
        held = self.state.nodes
        while stack:
            children, out, context, parent, depth = stack.pop()
            self.count += len(children)
            if depth >= MAX_DEPTH or self.count > MAX_CHUNK_NODES:
                self._drop("too deep" if depth >= MAX_DEPTH else "too many nodes")
                continue
            for node in children:
                kind, node_id = node["type"], node["id"]
                if node_id.__class__ is not int or not 0 < node_id < MAX_ID:
                    raise Unreadable("id")
                if kind == _TEXT:
                    text = node["textContent"]
                    if context == MASKED or context == LOCKED:  # noqa: PLR1714 - the hottest line: no tuple, no look-up
                        text = star(text)
                    else:
                        text = self._text(text, context)
                        if context != CLEAR:
                            within[node_id] = parent
                    made = {"type": _TEXT, "textContent": text, "id": node_id}
                    if len(node) > 3:
                        _marks(node, made)
                    if tracked:
                        held[node_id] = parent
                elif kind == _ELEMENT:
                    below: list[Any] = []
                    made = {"type": _ELEMENT, "tagName": "", "attributes": {}, "childNodes": below, "id": node_id}
                    inside = self._element(node, made, context, parent)
                    if len(node) > 5:
                        _marks(node, made)
                    if node["childNodes"] and inside >= 0:
                        stack.append((_children(node), below, inside, node_id, depth + 1))
                else:
                    made, inside = self._other(node, kind, node_id, parent, context)
                    _marks(node, made)
                    if inside >= 0:
                        stack.append((_children(node), made["childNodes"], inside, node_id, depth + 1))
                out.append(made)
        return result

    def _element(self, node: dict[str, Any], made: dict[str, Any], context: int, parent: int) -> int:
        """Fill in type and attributes; answer what the text below is, or -1 where there is nothing below."""
        raw, tag = node["attributes"], node["tagName"]
        special = _TAGS.get(tag)
        if special is None:
            tag, special = self._custom_tag(tag), False
        made["tagName"] = tag
        if not raw:
            if not (special or self.tracked):
                return context
            raw = {}
        out = made["attributes"] = self.attributes.clean(tag, raw, changed=False)
        if special or self.tracked or self._is_named(tag, raw, out):
            return self._look(made["id"], tag, raw, out, context, parent)
        return context

    def _is_named(self, tag: str, raw: dict[str, Any], out: dict[str, Any]) -> bool:
        policy = self.policy
        if policy.names(tag, raw) or not n.MARKS.isdisjoint(raw):
            return True
        return (bool(policy.classes) and not policy.classes.isdisjoint(out.get("class", "").split())) or out.get("id") in policy.ids

    def _look(self, node: int, tag: str, raw: dict[str, Any], out: dict[str, Any], context: int, parent: int) -> int:
        """What the rules say about an element that they may say something about."""
        path = self._path_above(parent)
        seen = self._shape(tag, raw, out)
        here = [seen, *path]
        blocked = n.BLOCKED in raw or self.policy.is_blocked([self._raw_shape(tag, raw, seen), *path])
        field = self._field(node, tag, raw, [self._raw_shape(tag, raw, seen), *path])
        locked = n.MASKED in raw or field is not None or blocked or self.policy.is_masked(here)
        self._mark(out, field, blocked=blocked, masked=locked and field is None and not blocked)
        if tag in _KEPT or blocked:
            self._keep(node, tag, raw, field, blocked=blocked)
        if self.tracked:
            self.state.nodes[node] = Element(parent, self.policy.shape(seen), locked)
        if locked:
            context = LOCKED
        elif context == MASKED and self._is_seen(here):
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

    def _other(self, node: dict[str, Any], kind: int, node_id: int, parent: int, context: int) -> tuple[dict[str, Any], int]:
        if kind == _DOCUMENT:
            made: dict[str, Any] = {"type": _DOCUMENT, "childNodes": [], "id": node_id}
            if node.get("compatMode") == "BackCompat":
                made["compatMode"] = "BackCompat"
            frame = parent != 0
            if self.tracked:
                self.state.nodes[node_id] = Element(parent, _FRAME if frame else _ROOT, frame)
            # Entries name pages of the site; whose page a frame shows is not known.
            inside = LOCKED if frame or context == LOCKED else CLEAR if self._is_seen([_ROOT]) else MASKED
            return made, inside
        if kind == _DOCTYPE:
            known = str(node.get("publicId", "")).startswith(_DTD) and is_plain(str(node["publicId"]).replace("//", " ").replace("W3C", "").replace("DTD", "").replace("EN", ""))  # noqa: E501
            made = {"type": _DOCTYPE, "name": "html", "publicId": node["publicId"] if known else "", "systemId": "", "id": node_id}
        elif kind == _CDATA:
            made = {"type": _CDATA, "textContent": "", "id": node_id}
        elif kind == _COMMENT:
            made = {"type": _COMMENT, "textContent": "", "id": node_id}
        else:
            raise Unreadable("node")
        return made, -1

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
        self._contexts.clear()
        context = _INSIDE.get(above.tag, -1) if above else -1
        made = self.nodes([entry["node"]], self._context(parent) if context < 0 else context, parent)[0]
        self.state.texts.pop(made["id"], None)
        self.state.values.pop(made["id"], None)
        out = {"parentId": parent, "nextId": _place(entry.get("nextId"))}
        if "previousId" in entry:
            out["previousId"] = _place(entry["previousId"])
        return out | {"node": made}

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
        if special is not None or element is not None or self._is_named(tag, raw, out):
            self._look_again(node, tag, raw, out, special, element)
        if "value" in out and self.state.said(self.state.values, node, f"{int(bool(raw.get('checked')))}{out['value']}"):
            del out["value"]
        return {"id": node, "attributes": out} if out else None

    def _look_again(
        self, node: int, tag: str, raw: dict[str, Any], out: dict[str, Any], special: Special | None, element: Element | None
    ) -> None:
        """As `_look`, for an element that changed: what it once was it stays, unless it becomes stricter."""
        seen = self._shape(tag, raw, out, element.shape if element else None)
        path = self._path_above(element.parent if element else -1)
        raw_path = [self._raw_shape(tag, raw, seen), *path]
        blocked = n.BLOCKED in raw or bool(special and special.blocked) or self.policy.is_blocked(raw_path)
        field = self._field(node, tag, raw, raw_path)
        locked = field is not None or blocked or n.MASKED in raw or bool(element and element.locked) or self.policy.is_masked([seen, *path])
        was = special.field if special else ""
        known = bool(element and element.locked) and not blocked
        self._mark(out, field if field and field.name != was else None, blocked=blocked and not (special and special.blocked),
                   masked=locked and field is None and not blocked and not known)  # fmt: skip
        if special is not None or blocked:
            self._keep(node, tag, raw, field, blocked=blocked, was=special)
        if element is not None:
            self.state.nodes[node] = Element(element.parent, self.policy.shape(seen), locked)
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
        classes = policy.classes.intersection(str(out["class"]).split()) if "class" in out else before.classes if before else frozenset()
        name = out.get("id") if "id" in raw else before.id if before else ""
        attributes = {name: value for name, value in before.attributes if name not in raw} if before else {}
        for test in policy.tests.keys() & out.keys():
            if out[test] is not None:
                attributes[test] = str(out[test])
        return Shape(tag, name if name in policy.ids else "", frozenset(classes), tuple(sorted(attributes.items())))  # type: ignore[arg-type]

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
            known = self._contexts[node] = self._climb(node)
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

    def _field(self, node: int, tag: str, raw: Mapping[str, Any], path: Sequence[Shape]) -> Field | None:
        """What a control asks for or an element shows: by selectors, by its attributes, and by what it ever was."""
        found = [self.policy.field(path), self._field_named(raw.get(n.FIELD))]
        if tag in n.CONTROLS:
            known = self.state.special.get(node)
            found.append(self._field_named(known.field) if known else None)
            if n.WAS_PASSWORD in raw:
                found.append(self._field_named("password"))
            if tag in {"input", "textarea", "select"}:
                label = _text_of(raw, "aria-label") or _text_of(raw, "placeholder") or _text_of(raw, "title")
                asked = (_text_of(raw, name)[:200] for name in ("type", "autocomplete", "name", "id"))
                found.append(self.rules.field_of_input(*asked, label[:200]))
        return max((field for field in found if field), key=lambda field: field.strength, default=None)

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


def _entries(data: dict[str, Any], name: str) -> Iterable[dict[str, Any]]:
    entries = data.get(name) or ()
    if not isinstance(entries, list | tuple):
        raise Unreadable(name)
    return entries


def _children(node: dict[str, Any]) -> list[Any]:
    children = node["childNodes"]
    if children.__class__ is not list:
        raise Unreadable("children")
    return children  # type: ignore[no-any-return]


def _id(value: Any) -> int:
    if value.__class__ is not int or not -2 < value < MAX_ID:
        raise Unreadable("id")
    return value  # type: ignore[no-any-return]


def _place(value: Any) -> int | None:
    return None if value is None else _id(value)


def _pixels(value: Any) -> float:
    return value if value.__class__ in {int, float} and -1e7 < value < 1e7 else 0


def _marks(node: dict[str, Any], made: dict[str, Any]) -> None:
    for name in _TRUE_MARKS:
        if node.get(name) is True:
            made[name] = True
    root = node.get("rootId")
    if root is not None:
        made["rootId"] = _id(root)


def _text_of(raw: Mapping[str, Any], name: str) -> str:
    value = raw.get(name)
    return value if isinstance(value, str) else ""


def _takes_stars(control: Special) -> bool:
    return control.tag != "select" and control.type not in n.VALUES_REFUSING_STARS
