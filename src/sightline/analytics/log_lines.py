"""Lines as expressions, and the same said of one line in Python: the live tail lets through what a search finds.

Only what all engines answer alike is used. Texts are compared in small letters where case does not matter; beyond ASCII
PostgreSQL's collation has none, and it is only asked where there is no warehouse.
"""

import re
from collections.abc import Mapping
from functools import cache, lru_cache, reduce
from operator import and_, or_
from typing import Any, Final

import orjson

from sightline.analytics import events as ev
from sightline.analytics.binding import Bound
from sightline.analytics.engines import bound, content
from sightline.analytics.later import ibis
from sightline.analytics.log_query import (
    All,
    AnyOf,
    Between,
    Flagged,
    Found,
    Has,
    Is,
    Like,
    Not,
    Query,
    number_pattern,
)
from sightline.analytics.period import Bounds
from sightline.signals.kinds import KINDS

KIND: Final = "log"
_LONGEST_NUMBER: Final = 80  # characters, with quotes and what stands after it


@cache
def _substr() -> Any:
    """The function that both engines call so; ibis's own asks thrice where it begins."""

    def substr(text, begin, length):  # type: ignore[no-untyped-def]
        """Never called."""

    types = tuple(map(ibis.dtype, ("string", "int64", "int64")))
    return ibis.udf.scalar.builtin(substr, name="substr", signature=(types, ibis.dtype("string")))


def lines(sites: tuple[Bound, ...], bounds: Bounds, query: Query) -> Any:
    """The lines of some sites and a period that a query takes."""
    found = ev.within(ev.of(sites, ev.table(KINDS[KIND])), bounds)
    condition = expression(found, query)
    return found if condition is None else found.filter(condition)


def expression(found: Any, query: Query) -> Any:
    """A query as a condition; None where everything holds."""
    match query:
        case All(parts):
            conditions = [one for part in parts if (one := expression(found, part)) is not None]
            return reduce(and_, conditions) if conditions else None
        case AnyOf(parts):
            either = [expression(found, part) for part in parts]
            if any(one is None for one in either):
                return None
            return reduce(or_, either) if either else found.site != found.site
        case Not(part):
            inner = expression(found, part)
            return found.site != found.site if inner is None else ~inner
        case _:
            return _one(found, query)


def _one(found: Any, query: Query) -> Any:
    match query:
        case Found(text, everywhere):
            in_message = found.message.lower().contains(bound(text))
            return in_message | found.fields.lower().contains(bound(text)) if everywhere else in_message
        case Is(column, values):
            same = [found[column] == bound(value) for value in values]
            return reduce(or_, same).fill_null(False) if column == "person" else reduce(or_, same)  # noqa: FBT003
        case Like(column, how, text):
            value = found[column]
            return {
                "begins": lambda: value.startswith(bound(text)), "ends": lambda: value.endswith(bound(text)),
                "contains": lambda: value.contains(bound(text)), "present": lambda: value != "",
            }[how]()  # fmt: skip
        case Flagged(column, wanted):
            return found[column] if wanted else ~found[column]
        case Has(rarest, texts):
            # Nearly every line lacks the value, whatever its key, and is then looked through once.
            either = reduce(or_, [found.fields.contains(bound(text)) for text in texts])
            return either if len(texts) == 1 else found.fields.contains(bound(rarest)) & either
        case Between():
            return _between(found, query)
    raise AssertionError(query)


def _between(found: Any, query: Between) -> Any:
    """The number is named once: an engine looks for it in every line as often as it stands in the expression.

    Its place is found first, for a pattern that may stand anywhere takes twice the time.
    """
    key = orjson.dumps(query.key).decode() + ":"
    written = _substr()(found.fields, found.fields.find(key) + 1, len(key) + _LONGEST_NUMBER)
    number = written.re_extract("^" + number_pattern(query.key), 1).nullif("").cast("float64")
    if query.low is not None and query.high is not None:
        within = number.between(bound(query.low), bound(query.high))
    elif query.low is not None:
        within = number >= bound(query.low) if query.low_closed else number > bound(query.low)
    elif query.high is not None:
        within = number <= bound(query.high) if query.high_closed else number < bound(query.high)
    else:
        within = number.notnull()
    return within.fill_null(False)  # noqa: FBT003 - a value


# ---- one line in Python --------------------------------------------------------------------------------------------


def takes(query: Query, line: Mapping[str, Any]) -> bool:  # noqa: PLR0911 - one for each sort of condition
    """Whether a query takes a line."""
    match query:
        case All(parts):
            return all(takes(part, line) for part in parts)
        case AnyOf(parts):
            return any(takes(part, line) for part in parts)
        case Not(part):
            return not takes(part, line)
        case Found(text, everywhere):
            wanted = str(content(text))
            return wanted in line["message"].lower() or (everywhere and wanted in line["fields"].lower())
        case Is(column, values):
            return any(line[column] == content(value) for value in values)
        case Like(column, how, text):
            return _is_like(line[column], how, str(content(text)))
        case Flagged(column, wanted):
            return bool(line[column]) is wanted
        case Has(_, texts):
            return any(str(content(text)) in line["fields"] for text in texts)
        case Between():
            return _lies_between(query, line["fields"])


def _is_like(value: str, how: str, text: str) -> bool:
    return {
        "begins": value.startswith(text), "ends": value.endswith(text), "contains": text in value,
        "present": value != "",
    }[how]  # fmt: skip


def _lies_between(query: Between, fields: str) -> bool:
    found = _pattern(query.key).search(fields)
    if found is None:
        return False
    number = float(found[1])
    low, high = (None if one is None else float(content(one)) for one in (query.low, query.high))
    above = low is None or (number >= low if query.low_closed else number > low)
    return above and (high is None or (number <= high if query.high_closed else number < high))


@lru_cache(maxsize=256)
def _pattern(key: str) -> re.Pattern[str]:
    return re.compile(number_pattern(key))
