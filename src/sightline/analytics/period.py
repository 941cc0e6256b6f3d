"""Periods in a site's time zone: which moments a report covers, what it is compared with, and its buckets.

Engines only ever see integers. Where a day, an hour or a month begins is worked out here, with the zone's own rules, so
that every engine agrees and the nights on which clocks change are right.
"""

import calendar
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from sightline import clock
from sightline.analytics.binding import Bound, Value
from sightline.errors import InvalidValue
from sightline.privacy.echo import shown

MOST_BUCKETS: Final = 5000
_LOOK_EVERY_S: Final = 6 * 3600
_SPAN: Final = re.compile(r"^([1-9][0-9]{0,3})(mo|min|[hdwy])$")
_EARLIEST: Final = datetime(1970, 1, 2, tzinfo=UTC)
_LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)


class Unit(StrEnum):
    """How wide a bucket is, on the clock and calendar of the zone."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class Compare(StrEnum):
    """What a period is compared with."""

    NONE = "none"
    PREVIOUS = "previous"
    YEAR = "year"
    CUSTOM = "custom"


_MINUTE_MS: Final = 60_000
_HOUR_MS: Final = 60 * _MINUTE_MS
_DAY_MS: Final = 24 * _HOUR_MS
_STEPS: Final = {
    Unit.MINUTE: _MINUTE_MS, Unit.HOUR: _HOUR_MS, Unit.DAY: _DAY_MS, Unit.WEEK: 7 * _DAY_MS,
}  # fmt: skip
# 1970-01-01 was a Thursday; weeks begin on Monday.
_TO_MONDAY_MS: Final = 3 * _DAY_MS
_HALF_A_WEEK: Final = 3
_MONTHS: Final = {Unit.MONTH: 1, Unit.QUARTER: 3, Unit.YEAR: 12}


class Period(Struct, frozen=True):
    """From a moment, inclusive, to a moment, exclusive, seen in a zone."""

    from_ms: int
    to_ms: int
    zone: str = "UTC"

    def __post_init__(self) -> None:
        if self.to_ms <= self.from_ms:
            raise InvalidValue("the period ends before it begins", field="range")

    @property
    def tz(self) -> ZoneInfo:
        return zone_info(self.zone)

    def local(self, moment_ms: int) -> datetime:
        return clock.from_ms(moment_ms).astimezone(self.tz)

    @property
    def bounds(self) -> "Bounds":
        return Bounds(Value(self.from_ms), Value(self.to_ms))

    def compared(self, compare: Compare) -> "Period | None":
        """The same stretch of the local calendar before this one, or a year earlier."""
        if compare in {Compare.NONE, Compare.CUSTOM}:
            return None
        start, end = self.local(self.from_ms), self.local(self.to_ms)
        if compare is Compare.YEAR:
            return Period(_moment(_year_before(start)), _moment(_year_before(end)), self.zone)
        length = end.replace(tzinfo=None) - start.replace(tzinfo=None)
        if start.time() == end.time() and length.days >= 1:
            return Period(_moment(start - length), self.from_ms, self.zone)
        return Period(self.from_ms - (self.to_ms - self.from_ms), self.from_ms, self.zone)

    def on_weekday_of(self, other: "Period") -> "Period":
        """This period, moved so that it begins on the same day of the week as the other one, and ends before it.

        To the nearest such day; where that would reach into the other period, to the one before it.
        """
        start, end = self.local(self.from_ms), self.local(self.to_ms)
        back = (start.weekday() - other.local(other.from_ms).weekday()) % 7
        nearest = back - 7 if back > _HALF_A_WEEK else back
        if nearest < 0 and _moment(end - timedelta(days=nearest)) <= other.from_ms:
            back = nearest
        return Period(_moment(start - timedelta(days=back)), _moment(end - timedelta(days=back)), self.zone)

    def fitting(self) -> Unit:
        """The unit that shows this period best."""
        days = (self.to_ms - self.from_ms) / _DAY_MS
        for most, unit in ((0.1, Unit.MINUTE), (3, Unit.HOUR), (95, Unit.DAY), (400, Unit.WEEK)):
            if days <= most:
                return unit
        return Unit.MONTH


class Bounds(Struct, frozen=True):
    """A period as values to bind."""

    from_ms: Bound
    to_ms: Bound


class Piece(Struct, frozen=True):
    """A stretch in which clocks are not changed: the bucket of a moment is base + (moment - anchor) // step."""

    until: Bound | None
    anchor: Bound
    base: Bound


class Buckets(Struct, frozen=True):
    """How a moment finds its bucket: by pieces of a fixed step, or by the edges of months, quarters or years."""

    step: int = 0
    pieces: tuple[Piece, ...] = ()
    edges: tuple[Bound, ...] = ()


@lru_cache(maxsize=256)
def zone_info(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise InvalidValue(
            f"there is no time zone {shown(name)}", field="zone", hint="Write one of the IANA list, as Europe/Zurich."
        ) from None


def period(
    text: str, *, zone: str = "UTC", start: str | None = None, end: str | None = None, now_ms: int | None = None
) -> Period:
    """Read a range: `today`, `30d`, `this_month`, `all` …, or `start` and `end`, the end's day included."""
    tz = zone_info(zone)
    if start is not None or end is not None:
        if start is None or end is None:
            raise InvalidValue("a start needs an end, and an end a start", field="end" if end is None else "start")
        return Period(_read(start, tz, "start"), _read(end, tz, "end", after=True), zone)
    now = clock.from_ms(clock.now_ms() if now_ms is None else now_ms).astimezone(tz)
    first, last = _named(text, now)
    return Period(_moment(first), _moment(last), zone)


def _named(text: str, now: datetime) -> tuple[datetime, datetime]:
    today = now.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    tomorrow = today + timedelta(days=1)
    monday = today - timedelta(days=today.weekday())
    month = today.replace(day=1)
    year = month.replace(month=1)
    names = {
        "today": (today, tomorrow),
        "yesterday": (today - timedelta(days=1), today),
        "this_week": (monday, monday + timedelta(days=7)),
        "last_week": (monday - timedelta(days=7), monday),
        "this_month": (month, _months_later(month, 1)),
        "last_month": (_months_later(month, -1), month),
        "this_year": (year, _months_later(year, 12)),
        "last_year": (_months_later(year, -12), year),
        "all": (_EARLIEST.astimezone(now.tzinfo), tomorrow),
    }
    if text in names:
        return names[text]
    match = _SPAN.match(text)
    if match is None:
        raise InvalidValue(
            f"there is no range {shown(text)}", field="range",
            hint=f"There are {', '.join(names)}, and spans as 30min, 24h, 7d, 12w, 6mo, 2y.",
        )  # fmt: skip
    return _span(int(match[1]), match[2], now, tomorrow)


def _span(count: int, letter: str, now: datetime, tomorrow: datetime) -> tuple[datetime, datetime]:
    """Hours and minutes end now, days and more with today."""
    if letter in {"h", "min"}:
        end = clock.from_ms(clock.to_ms(now) + 1)
        return end - timedelta(**{"hours" if letter == "h" else "minutes": count}), end
    if letter in {"d", "w"}:
        return tomorrow - timedelta(days=count * (7 if letter == "w" else 1)), tomorrow
    months = count * (12 if letter == "y" else 1)
    if months > 12 * 100:
        raise InvalidValue(f"a range reaches back 100 years at most, not {count}{letter}", field="range")
    return _months_later(tomorrow, -months), tomorrow


def _months_later(moment: datetime, months: int) -> datetime:
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    if year < 1970:
        return _EARLIEST.astimezone(moment.tzinfo)
    return moment.replace(year=year, month=month + 1, day=min(moment.day, calendar.monthrange(year, month + 1)[1]))


def _year_before(moment: datetime) -> datetime:
    return _months_later(moment, -12)


def _read(text: str, tz: ZoneInfo, field: str, *, after: bool = False) -> int:
    """A date (of which an end is the end), a moment, or milliseconds since 1970."""
    try:
        if re.fullmatch(r"[0-9]{1,15}", text):
            moment = clock.from_ms(int(text))
        elif re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            day = date.fromisoformat(text) + timedelta(days=1 if after else 0)
            moment = datetime(day.year, day.month, day.day, tzinfo=tz)
        else:
            moment = datetime.fromisoformat(text)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=tz)
        moment_ms = _moment(moment)
    except (ValueError, OverflowError, OSError):
        raise InvalidValue(
            f"{shown(text)} is no date",
            field=field,
            hint="Write 2026-01-31, 2026-01-31T12:00 or milliseconds.",
        ) from None
    if not clock.to_ms(_EARLIEST) <= moment_ms <= clock.to_ms(_LATEST):
        raise InvalidValue(f"{shown(text)} is too far away", field=field, hint="Choose a date from 1971 to 2199.")
    return moment_ms


def _moment(moment: datetime) -> int:
    return clock.to_ms(moment.astimezone(UTC))


# ---- buckets ----------------------------------------------------------------------------------------------------


def buckets(over: Period, unit: Unit, *, first_ms: int | None = None) -> tuple[Buckets, list[int]]:
    """How moments find their buckets, and where each bucket begins."""
    start_ms = over.from_ms if first_ms is None else first_ms
    if unit in _MONTHS:
        edges = list(_calendar_edges(over, start_ms, _MONTHS[unit]))
        return Buckets(edges=tuple(Value(edge) for edge in edges[1:])), edges
    step = _STEPS[unit]
    _refuse_too_many((over.to_ms - start_ms) // step, unit)
    if unit in {Unit.MINUTE, Unit.HOUR}:
        return _clock_buckets(over, start_ms, step)
    return _day_buckets(over, start_ms, step, shift=_TO_MONDAY_MS if unit is Unit.WEEK else 0)


def hours_of_the_week(over: Period) -> Buckets:
    """Buckets whose number modulo 168 is the local hour of the week, from Monday 0 o'clock."""
    offsets = _offsets(over.zone, over.from_ms, over.to_ms)
    return Buckets(
        step=_HOUR_MS,
        pieces=tuple(
            Piece(None if until is None else Value(until), Value(-offset - _TO_MONDAY_MS), Value(0))
            for _, until, offset in offsets
        ),
    )


def _refuse_too_many(count: int, unit: Unit) -> None:
    if count > MOST_BUCKETS:
        raise InvalidValue(
            f"this period has {count:,} buckets of one {unit}, and a series has {MOST_BUCKETS:,} at most",
            field="unit", hint="Take a wider unit or a shorter range.",
        )  # fmt: skip


def _clock_buckets(over: Period, start_ms: int, step: int) -> tuple[Buckets, list[int]]:
    """Minutes and hours: a bucket ends at the full hour of the local clock, and when the clock is changed."""
    pieces: list[Piece] = []
    edges: list[int] = []
    for begins, until, offset in _offsets(over.zone, start_ms, over.to_ms):
        anchor = (begins + offset) // step * step - offset
        # The clock jumps within a bucket of minutes or hours only where the offset is no multiple of it.
        pieces.append(Piece(None if until is None else Value(until), Value(anchor), Value(len(edges))))
        ends = over.to_ms if until is None else until
        starts = range(anchor, ends, step)
        edges.extend(max(found, begins) if edges else found for found in starts)
    return Buckets(step=step, pieces=tuple(pieces)), edges


def _day_buckets(over: Period, start_ms: int, step: int, *, shift: int) -> tuple[Buckets, list[int]]:
    offsets = _offsets(over.zone, start_ms, over.to_ms)
    first = (start_ms + offsets[0][2] + shift) // step
    last_offset = offsets[-1][2]
    last = (over.to_ms - 1 + last_offset + shift) // step
    pieces = tuple(
        Piece(None if until is None else Value(until), Value(first * step - offset - shift), Value(0))
        for _, until, offset in offsets
    )
    edges: list[int] = []
    for number in range(first, last + 1):
        local = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=number * step - shift)
        edges.append(_moment(local.replace(tzinfo=over.tz)))
    return Buckets(step=step, pieces=pieces), edges


def _calendar_edges(over: Period, start_ms: int, months: int) -> Iterator[int]:
    local = over.local(start_ms)
    month = (local.month - 1) // months * months + 1
    edge = datetime(local.year, month, 1, tzinfo=over.tz)
    while _moment(edge) < over.to_ms:
        yield _moment(edge)
        edge = _months_later(edge, months)


@lru_cache(maxsize=512)
def _offsets(zone: str, from_ms: int, to_ms: int) -> tuple[tuple[int, int | None, int], ...]:
    """The stretches of one offset from UTC: where each begins and ends (the last: None), and its offset in ms."""
    tz = zone_info(zone)
    found: list[tuple[int, int | None, int]] = []
    begins, at_s = from_ms, from_ms // 1000
    offset = _offset_s(tz, at_s)
    end_s = -(-to_ms // 1000)
    while at_s < end_s:
        next_s = min(at_s + _LOOK_EVERY_S, end_s)
        if _offset_s(tz, next_s) != offset:
            low, high = at_s, next_s
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if _offset_s(tz, middle) == offset else (low, middle)
            if high * 1000 < to_ms:
                found.append((begins, high * 1000, offset * 1000))
                begins, offset = high * 1000, _offset_s(tz, high)
            next_s = high
        at_s = next_s
    found.append((begins, None, offset * 1000))
    return tuple(found)


def _offset_s(tz: ZoneInfo, moment_s: int) -> int:
    offset = datetime.fromtimestamp(moment_s, tz).utcoffset()
    assert offset is not None
    return int(offset.total_seconds())
