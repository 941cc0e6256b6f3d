"""What a rules version says about recordings, compiled once: what is blocked, masked, a field, or may be seen."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

from sightline.privacy.dictionary import Field, Rules
from sightline.privacy.selectors import Compound, Selector, SelectorError, Shape, Test, compounds, parse

_MAX_SHAPES: Final = 20_000


class Seen(NamedTuple):
    """An unmask entry: what matches `selectors` (None: everything) on pages that match `page`."""

    selectors: tuple[Selector, ...] | None
    page: re.Pattern[str] | None


class Verdict(NamedTuple):
    """What the dictionary's selectors say about an element."""

    blocked: bool
    masked: bool
    field: Field | None


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
        self.nested = any(len(one.compounds) > 1 for one in named)
        self._shapes: dict[Shape, Shape] = {}
        self._verdicts: dict[Shape, tuple[Verdict, list[tuple[str, Selector, Field | None]]]] = {}
        self._subjects: dict[Shape, bool] = {}
        self.controls: dict[tuple[Any, ...], Field | None] = {}  # what form controls ask for; the tree bounds it
        self._remembered: dict[str, dict[str, Any]] = {}

    def _read(self, parts: Sequence[Compound]) -> None:
        self.classes = frozenset(name for part in parts for name in part.classes)
        self.ids = frozenset(name for part in parts for name in part.ids)
        self.tests: Mapping[str, tuple[Test, ...]] = _by_name(test for part in parts for test in part.tests)
        # Types that a selector asks for and nothing else: such an element is looked at even without attributes.
        self.types = frozenset(part.tag for part in parts if not (part.classes or part.ids or part.tests))

    def remembered(self, names: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Per attribute, what was made of its values; the masker of attributes bounds it."""
        if not self._remembered:
            self._remembered = {name: {} for name in names}
        return self._remembered

    def is_type(self, tag: str) -> bool:
        """Whether a selector asks for nothing but this type."""
        return bool(self.types) and (tag in self.types or "" in self.types)

    def holds(self, name: str, value: str) -> bool:
        """Whether any selector's test of this attribute holds."""
        return any(test.holds(value) for test in self.tests.get(name, ()))

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

    def verdict(self, shape: Shape, path: Sequence[Shape]) -> Verdict:
        """What the selectors say about an element of this shape below `path`."""
        known = self._verdicts.get(shape)
        if known is None:
            if len(self._verdicts) >= _MAX_SHAPES:
                self._verdicts.clear()
            known = self._verdicts[shape] = self._candidates(shape)
        verdict, candidates = known
        if not candidates:
            return verdict
        here = [shape, *path]
        blocked, masked, field = verdict
        for kind, selector, found in candidates:
            if selector.matches(here):
                blocked, masked = blocked or kind == "blocked", masked or kind == "masked"
                if found is not None and (field is None or found.strength > field.strength):
                    field = found
        return Verdict(blocked, masked, field)

    def _candidates(self, shape: Shape) -> tuple[Verdict, list[tuple[str, Selector, Field | None]]]:
        """What holds whatever is above, and the selectors that ask what is above."""
        some = [("blocked", one, None) for one in self.blocked] + [("masked", one, None) for one in self.masked]
        every = some + [("field", one, field) for selectors, field in self.fields for one in selectors]
        holding = [entry for entry in every if entry[1].subject.holds(shape)]
        alone = [entry for entry in holding if len(entry[1].compounds) == 1]
        fields = [field for _, _, field in alone if field is not None]
        verdict = Verdict(
            any(kind == "blocked" for kind, _, _ in alone),
            any(kind == "masked" for kind, _, _ in alone),
            max(fields, key=lambda field: field.strength, default=None),
        )
        return verdict, [entry for entry in holding if len(entry[1].compounds) > 1]

    def is_subject(self, shape: Shape) -> bool:
        """Whether an unmask entry may select an element of this shape."""
        known = self._subjects.get(shape)
        if known is None:
            if len(self._subjects) >= _MAX_SHAPES:
                self._subjects.clear()
            known = any(
                entry.selectors is None or any(one.subject.holds(shape) for one in entry.selectors)
                for entry in self.seen
            )
            self._subjects[shape] = known
        return known

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
