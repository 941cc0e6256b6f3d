"""What a rules version says about recordings, compiled once: what is blocked, masked, a field, or may be seen."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from sightline.privacy.dictionary import Field, Rules
from sightline.privacy.selectors import Compound, Selector, SelectorError, Shape, Test, compounds, parse

_MAX_SHAPES: Final = 20_000


class Seen(NamedTuple):
    """An unmask entry: what matches `selectors` (None: everything) on pages that match `page`."""

    selectors: tuple[Selector, ...] | None
    page: re.Pattern[str] | None


class Policy:
    """The selectors of a rules version. Immutable, but for what it remembers."""

    def __init__(self, rules: Rules) -> None:
        recording = rules.document.recording
        self.rules = rules
        self.blocked = _selectors(recording.blocked)
        self.masked = _selectors(recording.masked)
        self.fields: tuple[tuple[tuple[Selector, ...], Field], ...] = tuple(
            (_selectors(field.selectors), field)
            for field in sorted(rules.fields, key=lambda field: field.strength, reverse=True)
            if field.selectors
        )
        self.seen = tuple(
            Seen(_readable(entry.selector) if entry.selector else None, _page(entry.page))
            for entry in rules.unmask
            if entry.selector or entry.page
        )
        named = [*self.blocked, *self.masked, *(one for some, _ in self.fields for one in some)]
        named += [one for entry in self.seen for one in entry.selectors or ()]
        self._read(list(compounds(named)))
        self._shapes: dict[Shape, Shape] = {}
        # What the attribute masker made of values, bounded there: they depend on nothing but these rules.
        self.remembered_classes: dict[str, tuple[str, list[str]]] = {}
        self.remembered_styles: dict[str, str] = {}

    def _read(self, parts: Sequence[Compound]) -> None:
        self.classes = frozenset(name for part in parts for name in part.classes)
        self.ids = frozenset(name for part in parts for name in part.ids)
        self.tests: Mapping[str, tuple[Test, ...]] = _by_name(test for part in parts for test in part.tests)
        # Types that a selector asks for without anything else: such an element is looked at though it has no attributes.
        self.types = frozenset(part.tag for part in parts if not (part.classes or part.ids or part.tests))

    def names(self, tag: str, names: Iterable[str]) -> bool:
        """Whether any selector could say something about an element of this type with these attributes."""
        return tag in self.types or "" in self.types or not self.tests.keys().isdisjoint(names)

    def shape(self, shape: Shape) -> Shape:
        """The same shape, shared: a page has few, and each is met many times."""
        held = self._shapes.get(shape)
        if held is None:
            if len(self._shapes) >= _MAX_SHAPES:
                self._shapes.clear()
            held = self._shapes[shape] = shape
        return held

    def witness(self, name: str, value: str) -> str | None:
        """The value that stands for this one in what is stored: one that the selectors cannot tell from it.

        It is made of the rules' own words, so it says no more than that the rules matched. None if there is none.
        """
        tests = self.tests[name]
        held = [test.holds(value) for test in tests]
        if not any(held):
            return None
        for made in _candidates([test for test, holds in zip(tests, held, strict=True) if holds]):
            if [test.holds(made) for test in tests] == held:
                return made
        return None

    def is_blocked(self, path: Sequence[Shape]) -> bool:
        return any(selector.matches(path) for selector in self.blocked)

    def is_masked(self, path: Sequence[Shape]) -> bool:
        return any(selector.matches(path) for selector in self.masked)

    def field(self, path: Sequence[Shape]) -> Field | None:
        """The strongest field that a selector finds here."""
        for selectors, field in self.fields:
            if any(selector.matches(path) for selector in selectors):
                return field
        return None

    def entries(self, page: str, *, certain: bool) -> tuple[Seen, ...]:
        """The unmask entries that hold on a page; those bound to pages only if it is certain which page this is."""
        return tuple(entry for entry in self.seen if entry.page is None or (certain and entry.page.fullmatch(page)))


@lru_cache(maxsize=16)
def policy_of(rules: Rules) -> Policy:
    return Policy(rules)


def _selectors(texts: Iterable[str]) -> tuple[Selector, ...]:
    return tuple(selector for text in texts for selector in parse(text))


def _readable(text: str) -> tuple[Selector, ...]:
    """The selectors of an unmask entry; none, so that nothing is unmasked, if they cannot be read."""
    try:
        return parse(text)
    except SelectorError:
        return ()


def _page(pattern: str) -> re.Pattern[str] | None:
    """A path in which `*` stands for any characters."""
    if not pattern:
        return None
    return re.compile(".*".join(map(re.escape, pattern.split("*"))), re.DOTALL)


def _by_name(tests: Iterable[Test]) -> Mapping[str, tuple[Test, ...]]:
    found: dict[str, dict[Test, None]] = {}
    for test in tests:
        found.setdefault(test.name, {})[test] = None
    return {name: tuple(some) for name, some in found.items()}


def _candidates(held: Sequence[Test]) -> Iterable[str]:
    exact = [test.value for test in held if test.operator in {"=", "~="}]
    yield from exact
    starts = max((test.value for test in held if test.operator == "^="), key=len, default="")
    ends = max((test.value for test in held if test.operator == "$="), key=len, default="")
    within = [test.value for test in held if test.operator == "*="]
    yield starts + "".join(within) + ends
    yield from within
    yield "*"
