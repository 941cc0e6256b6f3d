"""The maskers of single values and running text.

Every one fails closed: whatever goes wrong inside, what comes out is masked.

What a masker is certain about it replaces by a tag, as in `write to [email]`. What it can place only in the normal form
of a text (percent-encoded, full-width, …) it stars whole, since there is no span to replace.
"""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any, Final, ParamSpec, TypeVar, cast

from sightline.privacy.detectors.pairs import find_pairs
from sightline.privacy.detectors.scanner import Hit, merged
from sightline.privacy.dictionary import Rules
from sightline.privacy.entries import STAR, Field
from sightline.privacy.normal import normal

__all__ = ["STAR", "fail_closed", "find", "is_masked", "mask_field", "mask_text", "remembered", "replaced"]

MAX_LEAF: Final = 262_144  # characters; a longer leaf is starred unread
MEMO_LENGTH: Final = 256  # longer texts repeat too seldom to be remembered
_ROUNDS: Final = 3
_MASKED: Final = re.compile(r"\*{3,}|\[[a-z][a-z0-9_]{0,31}\]")

P = ParamSpec("P")
T = TypeVar("T")


def fail_closed(instead: Any) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Make a masker answer `instead` when anything goes wrong in it: what was not understood is not shown."""

    def decorate(masker: Callable[P, T]) -> Callable[P, T]:
        @wraps(masker)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
            try:
                return masker(*args, **kwargs)
            except Exception:  # noqa: BLE001 - the point of it: no error may let a value through
                return cast("T", instead)

        return guarded

    return decorate


def remembered(
    masker: Callable[[Rules, str], str],
) -> Callable[[Rules, str], str]:
    """Remember what a masker made of short texts, per rules and within bounds: events repeat themselves."""
    kind = masker.__name__

    @wraps(masker)
    def looked_up(rules: Rules, text: str) -> str:
        key = (kind, text)
        found: str | None = rules.memo.get(key, None)
        if found is not None:
            return found
        try:
            found = masker(rules, text)
        except Exception:  # noqa: BLE001 - no error may let a value through
            return STAR
        return rules.memo.put(key, found) if len(text) <= MEMO_LENGTH else found

    return looked_up


@remembered
def mask_text(rules: Rules, text: str) -> str:
    """Running text with every span of personal data replaced by its tag; starred whole where there is no span."""
    if len(text) > MAX_LEAF:
        return STAR
    for _ in range(_ROUNDS):
        hits = find(rules, text)
        if hits is None:
            return STAR
        if not hits:
            return text
        text = replaced(text, hits)
    return text if find(rules, text) == [] else STAR


def find(rules: Rules, text: str) -> list[Hit] | None:
    """The spans of personal data in a text; None where only its normal form shows some."""
    hits = _hits(rules, text)
    form = normal(text)
    if form is not text and form != text:
        meant = [form[hit.start : hit.end] for hit in _hits(rules, form)]
        if meant and not _covers([normal(text[hit.start : hit.end]) for hit in hits], meant):
            return None
    return hits


def _covers(shown: list[str], meant: list[str]) -> bool:
    """Whether everything that the normal form means is shown in the text itself."""
    left = list(shown)
    for value in meant:
        if value not in left:
            return False
        left.remove(value)
    return True


def _hits(rules: Rules, text: str) -> list[Hit]:
    hits, worded = rules.scanner.scan(text)
    if worded or rules.any_word_announces:
        hits += find_pairs(rules, text)
    return merged(hits) if len(hits) > 1 else hits


def replaced(text: str, hits: list[Hit]) -> str:
    parts: list[str] = []
    at = 0
    for hit in hits:
        parts += text[at : hit.start], hit.field.tag
        at = hit.end
    parts.append(text[at:])
    return "".join(parts)


@fail_closed(STAR)
def mask_field(rules: Rules, field: Field | str | None, text: str) -> str:
    """A value of a field: of fixed length whatever it holds, so that not even its length is told.

    Tier 1 keeps the tag of its field, which helps whoever reads a recording; tiers 2 and 3 are starred. Without a field
    the text is searched as running text.
    """
    if field is None:
        return mask_text(rules, text)
    if isinstance(field, str):
        field = rules.field(field)
    if not text:
        return ""
    return field.tag if field.tier == 1 else STAR


def is_masked(text: str) -> bool:
    """Whether a value is a mask already."""
    return _MASKED.fullmatch(text) is not None
