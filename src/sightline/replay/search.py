"""Searching recordings by what happened in them: all of it, any of it, or one thing after the other.

A condition is a kind of mark, or a finding, with a part of its text if wanted: `page:/cart`, `error:TypeError`,
`rage-click`, `request:/api/pay`, `status:500`, `slower:2000`. What the events of the visit say can be asked for, too:
`event:buy`, `vital:LCP poor`, `country:NL`; who searches for that looks into the warehouse (`visits.py`). The kinds are
a closed list, and what somebody wrote is only ever a bound value.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final

from msgspec import Struct

from sightline.errors import InvalidValue
from sightline.privacy.echo import shown
from sightline.replay.findings import NAMES, Finding
from sightline.replay.summary import Mark

IN_RECORDINGS: Final = ("page", "click", "input", "error", "request", "status", "slower", *NAMES)
MEASURED: Final = ("event", "vital")
OF_VISITS: Final = ("country", "device", "browser", "os", "release")
KINDS: Final = (*IN_RECORDINGS, *MEASURED, *OF_VISITS)
_NUMBERS: Final = {"status": "status", "slower": "took_ms"}  # the column that a number is compared with
MAX_CONDITIONS: Final = 8
MAX_MARKS: Final = 5_000  # of one recording
_MAX_TEXT: Final = 500
_MOST_NUMBER: Final = 2**31 - 1


class Match(StrEnum):
    """How conditions belong together."""

    ALL = "all"
    ANY = "any"
    THEN = "then"


class Condition(Struct, frozen=True):
    """One condition."""

    kind: str
    text: str = ""

    @property
    def is_recorded(self) -> bool:
        """Whether the marks of recordings answer it."""
        return self.kind in IN_RECORDINGS


def condition(text: str) -> Condition:
    """Read one condition."""
    kind, _, part = text.partition(":")
    if kind not in KINDS:
        raise InvalidValue(
            f"{shown(kind)} is nothing that recordings are searched by",
            field="where",
            hint=f"One of {', '.join(KINDS)}.",
        )
    if kind in _NUMBERS and not (part.isascii() and part.isdigit() and len(part) < 8):
        raise InvalidValue(f"{kind} needs a number", field="where", hint="As status:500 or slower:2000.")
    return Condition(kind, part[:_MAX_TEXT])


def conditions(texts: Sequence[str]) -> tuple[Condition, ...]:
    if len(texts) > MAX_CONDITIONS:
        raise InvalidValue(f"a search has at most {MAX_CONDITIONS} conditions, got {len(texts)}", field="where")
    return tuple(map(condition, texts))


def clause(found: Sequence[Condition], match: Match, first: int) -> tuple[str, list[Any]]:
    """SQL over `recordings`, with its values; the first of them is bound as `$first`."""
    if not found:
        return "true", []
    values: list[Any] = []
    tests = []
    for one in found:
        number = first + len(values)
        if one.kind in _NUMBERS:
            values += ["request", int(one.text)]
            test = f"mark.{_NUMBERS[one.kind]} >= ${number + 1}"
        else:
            values += [one.kind, "%" + escaped(one.text) + "%"]
            test = f"mark.text LIKE ${number + 1}"
        tests.append(f"mark.recording = recordings.id AND mark.kind = ${number} AND {test}")
    if match is not Match.THEN:
        each = [f"EXISTS (SELECT 1 FROM recording_marks AS mark WHERE {test})" for test in tests]  # noqa: S608 - bound
        return f"({(' AND ' if match is Match.ALL else ' OR ').join(each)})", values
    # The earliest moment of each that is later than the earliest of the one before: if a way exists, this one does.
    moment = "0"
    for test in tests:
        moment = f"(SELECT min(mark.at_ms) FROM recording_marks AS mark WHERE {test} AND mark.at_ms > {moment})"  # noqa: S608
    return f"{moment} IS NOT NULL", values


def escaped(text: str) -> str:
    """A text as a part of a pattern of LIKE."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def columns(
    marks: Sequence[Mark], findings: Sequence[Finding]
) -> tuple[list[int], list[str], list[str], list[int], list[int]]:
    """The marks of a recording as columns of their table."""
    rows = [(mark.at_ms, mark.kind, mark.text[:_MAX_TEXT], mark.status, mark.duration_ms) for mark in marks]
    rows += [(one.at_ms, one.name, "", 0, 0) for one in findings]
    kept = sorted(rows)[:MAX_MARKS]
    return (
        [row[0] for row in kept], [row[1] for row in kept], [row[2].replace("\0", " ") for row in kept],
        [min(row[3], _MOST_NUMBER) for row in kept], [min(max(row[4], 0), _MOST_NUMBER) for row in kept],
    )  # fmt: skip


def matches(one: Condition, kind: str, text: str, status: int, took_ms: int) -> bool:
    """Whether a mark is what a condition asks for; the same as the SQL says."""
    if one.kind == "status":
        return kind == "request" and status >= int(one.text)
    if one.kind == "slower":
        return kind == "request" and took_ms >= int(one.text)
    return kind == one.kind and one.text in text
