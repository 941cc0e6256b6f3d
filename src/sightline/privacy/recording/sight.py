"""What may be seen of an element: by the rules, by where it stands in the tree, and by what it ever was."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sightline.privacy.dictionary import Field
from sightline.privacy.recording import names as n
from sightline.privacy.recording.policy import Policy, Seen
from sightline.privacy.recording.state import Element, Special, State
from sightline.privacy.recording.vocabulary import is_plain
from sightline.privacy.selectors import Shape

MAX_DEPTH: Final = 256  # a browser's parser stops at 512; what lies deeper is left out
MAX_REMEMBERED: Final = 4096
MAX_NAME: Final = 200

# What the text below an element is. LOCKED is masked whatever selects an element further below.
MASKED, CLEAR, STYLE, CODE, VALUE, LOCKED = range(6)
FRAME: Final = Shape("#document", barrier=True)
ROOT: Final = Shape("#document")

_TELLING: Final = ("type", "autocomplete", "name", "id", "aria-label", "placeholder", "title", n.WAS_SECRET)
_ASKING: Final = frozenset({"input", "textarea", "select"})


class Sight:
    """The state of a recording, read with the eyes of its rules."""

    def __init__(self, policy: Policy, state: State, dropped: dict[str, int]) -> None:
        self.policy = policy
        self.state = state
        self.dropped = dropped
        self.rules = policy.rules
        self.tracked = bool(policy.seen)  # without unmask entries nothing depends on the tree, so none is kept
        self._entries: tuple[Seen, ...] = ()
        self._contexts: dict[int, int] = {}

    def see(self, *, certain: bool) -> None:
        """Begin an event: which entries hold on this page, if it is certain that this is the page."""
        self._entries = self.policy.entries(self.state.page, certain=certain) if self.tracked else ()
        self._contexts.clear()
        if not self.state.has_room():
            self.drop("too many nodes")

    def drop(self, reason: str) -> None:
        self.dropped[reason] = self.dropped.get(reason, 0) + 1

    def forget_contexts(self) -> None:
        """Something moved or changed, on which the context of others may depend."""
        self._contexts.clear()

    # ---- shapes -----------------------------------------------------------------------------------------------------

    def shape(self, tag: str, raw: Mapping[str, Any], out: Mapping[str, Any], before: Shape | None = None) -> Shape:
        """What selectors see of what is stored; unchanged parts come from before."""
        policy = self.policy
        classes: frozenset[str] = before.classes if before else frozenset()
        name = before.id if before else ""
        attributes = dict(before.attributes) if before else {}
        if "class" in raw:
            classes = policy.classes.intersection(str(out.get("class", "")).split())
        if "id" in raw:
            name = out["id"] if out.get("id") in policy.ids else ""
        for test in policy.tests.keys() & raw.keys():
            attributes.pop(test, None)
            if out.get(test) is not None:
                attributes[test] = str(out[test])
        return policy.shape(Shape(tag, name, classes, tuple(sorted(attributes.items()))))

    def raw_shape(self, seen: Shape, raw: Mapping[str, Any]) -> Shape:
        """The same with the values that came, for the selectors that only ever mask."""
        tests = {name: value for name, value in raw.items() if name in self.policy.tests and isinstance(value, str)}
        if "src" in self.policy.tests and "src" not in tests and isinstance(raw.get("rr_src"), str):
            tests["src"] = raw["rr_src"]
        if not any(self.policy.holds(name, value) for name, value in tests.items()):
            return seen
        return Shape(seen.tag, seen.id, seen.classes, tuple((dict(seen.attributes) | tests).items()))

    # ---- the tree ---------------------------------------------------------------------------------------------------

    def path_above(self, parent: int) -> list[Shape]:
        path: list[Shape] = []
        nodes = self.state.nodes
        while len(path) < MAX_DEPTH and isinstance(held := nodes.get(parent), Element):
            path.append(held.shape)
            parent = held.parent
        return path

    def context(self, node: int) -> int:
        """What text below an element is, by its ancestors as the state knows them; unknown ones lock."""
        if not self.tracked:
            return LOCKED
        known = self._contexts.get(node)
        return self._climb(node) if known is None else known

    def _climb(self, node: int) -> int:
        trail: list[tuple[int, Element]] = []
        context: int | None = None
        while node and context is None:
            held = self.state.nodes.get(node)
            if not isinstance(held, Element) or len(trail) > MAX_DEPTH:
                return LOCKED  # not remembered: what is missing may still come
            trail.append((node, held))
            node = held.parent
            context = self._contexts.get(node)
        context = MASKED if context is None else context
        for number, held in reversed(trail):
            if held.locked or held.shape.barrier:
                context = LOCKED
            elif context == MASKED and self.is_selected(held.shape, held.parent):
                context = CLEAR
            self._contexts[number] = context
        return context

    def is_selected(self, shape: Shape, parent: int) -> bool:
        """Whether an unmask entry selects an element of this shape below that parent."""
        return self.policy.is_subject(shape) and self.is_seen([shape, *self.path_above(parent)])

    def is_seen(self, path: Sequence[Shape]) -> bool:
        """Whether an unmask entry that holds here selects the first of these shapes."""
        return any(
            entry.selectors is None or any(selector.matches(path) for selector in entry.selectors)
            for entry in self._entries
        )

    # ---- fields -----------------------------------------------------------------------------------------------------

    def asked(self, node: int, tag: str, raw: Mapping[str, Any]) -> Field | None:
        """What a form control asks for or ever asked for; None for any other element."""
        if tag not in n.CONTROLS:
            return None
        key = (tag, *map(raw.get, _TELLING))
        remembered = self.policy.controls
        try:
            field = remembered[key]
        except (KeyError, TypeError):
            field = self._ask(tag, raw)
            if len(remembered) >= MAX_REMEMBERED:
                remembered.clear()
            if all(value is None or (value.__class__ is str and len(value) <= MAX_NAME) for value in key):
                remembered[key] = field
        known = self.state.special.get(node)
        return strongest([field, self.field_named(known.field)]) if known else field

    def _ask(self, tag: str, raw: Mapping[str, Any]) -> Field | None:
        asked = None
        if tag in _ASKING:
            kind, complete, name, own, *labels = (text_of(raw, told)[:MAX_NAME] for told in _TELLING)
            asked = self.rules.field_of_input(kind, complete, name, own, next(filter(None, labels[:3]), ""))
        return strongest([asked, self.field_named("password") if raw.get(n.WAS_SECRET) is not None else None])

    def field_named(self, name: Any) -> Field | None:
        try:
            return self.rules.field(name) if name else None
        except (LookupError, TypeError):
            return None

    def is_clear_control(self, node: int, control: Special) -> bool:
        """Whether what is typed there may be seen: in an unmasked place, and of no field of personal data."""
        if control.field or control.type in {"password", "hidden", "file"} or not control.tag:
            return False
        return node in self.state.nodes and self.context(node) == CLEAR


def special_of(
    tag: str, raw: Mapping[str, Any], field: Field | None, *, blocked: bool = False, kind: str = ""
) -> Special:
    """What is remembered of a control; `kind` is what it was, where the change does not say."""
    told = text_of(raw, "type").lower()
    kind = (told if is_plain(told) else "") if told else kind
    return Special(tag, kind, field.name if field else "", blocked)


def strongest(fields: Sequence[Field | None]) -> Field | None:
    """Of the fields that claim one value the strongest decides."""
    return max((field for field in fields if field), key=lambda field: field.strength, default=None)


def text_of(raw: Mapping[str, Any], name: str) -> str:
    value = raw.get(name)
    return value if isinstance(value, str) else ""
