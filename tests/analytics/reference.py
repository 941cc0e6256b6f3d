"""What every report has to answer, worked out slowly over a list of events in the plainest Python.

Nothing of sightline.analytics is used here: times are compared as moments in their zone, one event at a time.
"""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sightline.signals.event import Event, EventType

Condition = tuple[str, str, list[str]]
Row = dict[str, Any]


def is_view(event: Event) -> bool:
    return event.type in {EventType.PAGE, EventType.LINK, EventType.PIXEL}


def is_custom(event: Event) -> bool:
    return event.type == EventType.CUSTOM


class World:
    """Events of one site in the order in which they happened (ties as they arrived), within a period."""

    def __init__(
        self,
        events: Sequence[Event],
        site: int,
        from_ms: int,
        to_ms: int,
        conditions: Iterable[Condition] = (),
        *,
        match: str = "all",
        exclude_bounces: bool = False,
        visitors: set[int] | None = None,
    ) -> None:
        counted = [e for e in events if e.site == site and e.type != EventType.IDENTIFY]
        self.ever = sorted(counted, key=lambda e: e.created_ms)
        self.all = [e for e in self.ever if from_ms <= e.created_ms < to_ms]
        if visitors is not None:
            self.all = [e for e in self.all if e.visitor in visitors]
        self.entry: dict[int, str] = {}
        self.exit: dict[int, str] = {}
        for event in self.all:
            if is_view(event):
                self.entry.setdefault(event.visit, event.path)
                self.exit[event.visit] = event.path
        if exclude_bounces:
            self.all = [e for e in self.all if self.views_of(e.visit) != 1]
        wanted = list(conditions)
        combine = all if match == "all" else any
        self.matched = [e for e in self.all if not wanted or combine(self.holds(e, one) for one in wanted)]

    def views_of(self, visit: int) -> int:
        return sum(1 for e in self.all if e.visit == visit and is_view(e))

    def duration_ms(self, visit: int) -> int:
        moments = [e.created_ms for e in self.all if e.visit == visit and is_view(e)]
        return max(moments) - min(moments) if moments else 0

    def text(self, event: Event, field: str) -> str:
        if field.startswith("property:"):
            found = properties(event).get(field.removeprefix("property:"))
            if found is None:
                return ""
            return found if isinstance(found, str) else json.dumps(found)
        if field in {"entry", "exit"}:
            return (self.entry if field == "entry" else self.exit).get(event.visit, "")
        return str(getattr(event, {"referrer": "referrer_domain", "event": "name"}.get(field, field)))

    def holds(self, event: Event, condition: Condition) -> bool:
        field, operator, values = condition
        text = self.text(event, field)
        if operator in {"gt", "lt", "gte", "lte"}:
            number = properties(event).get(field.removeprefix("property:"))
            if isinstance(number, bool | str) or number is None:
                return False
            wanted = float(values[0])
            found: bool = {
                "gt": number > wanted,
                "lt": number < wanted,
                "gte": number >= wanted,
                "lte": number <= wanted,
            }[operator]
            return found
        tests: dict[str, Callable[[], bool]] = {
            "eq": lambda: text in values,
            "neq": lambda: text not in values,
            "c": lambda: any(value in text for value in values),
            "dnc": lambda: not any(value in text for value in values),
            "re": lambda: re.search(values[0], text) is not None,
            "nre": lambda: re.search(values[0], text) is None,
            "s": lambda: text != "",
            "ns": lambda: text == "",
            "t": lambda: text == "true",
            "f": lambda: text == "false",
            "bf": lambda: text != "" and text < values[0],
            "af": lambda: text != "" and text > values[0],
        }
        return tests[operator]()


def properties(event: Event) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(event.properties) if event.properties else {}
    return found


def metrics(world: World, counted: Sequence[Event]) -> Row:
    """All metrics of some of a world's events."""
    visits = {e.visit for e in counted}
    views = sum(map(is_view, counted))
    engagement = sum(e.engagement_ms for e in counted)
    bounces = sum(1 for visit in visits if world.views_of(visit) == 1)
    duration = sum(world.duration_ms(visit) for visit in visits)
    count = len(visits)
    return {
        "visitors": len({e.visitor for e in counted}),
        "visits": count,
        "views": views,
        "events": sum(map(is_custom, counted)),
        "bounces": bounces,
        "bounce_rate": bounces / count if count else None,
        "total_duration_ms": duration,
        "duration_s": duration / count / 1000 if count else None,
        "views_per_visit": views / count if count else None,
        "engagement_ms": engagement,
        "engagement_s": engagement / count / 1000 if count else None,
    }


def overview(world: World) -> Row:
    return metrics(world, world.matched)


ONLY_PRESENT = {"entry", "exit", "event", "tag", "currency"}


def breakdown(world: World, by: Sequence[str]) -> dict[tuple[str, ...], Row]:
    groups: dict[tuple[str, ...], list[Event]] = defaultdict(list)
    for event in world.matched:
        key = tuple(world.text(event, field) for field in by)
        if any(
            not text and (field in ONLY_PRESENT or field.startswith("property:"))
            for text, field in zip(key, by, strict=True)
        ):
            continue
        groups[key].append(event)
    return {key: metrics(world, found) for key, found in groups.items()}


def bucket(moment_ms: int, unit: str, zone: str) -> str:
    """What a clock and calendar on the wall of that zone call the bucket of a moment."""
    local = datetime.fromtimestamp(moment_ms / 1000, UTC).astimezone(ZoneInfo(zone))
    if unit in {"minute", "hour"}:
        floor = local.replace(second=0, microsecond=0)
        floor = floor.replace(minute=0) if unit == "hour" else floor
        # The two hours of one name, on the night on which clocks go back, differ by their offset from UTC.
        return f"{floor:%Y-%m-%dT%H:%M}{local:%z}"
    day = local.date()
    first = {
        "day": day,
        "week": day - timedelta(days=day.weekday()),
        "month": day.replace(day=1),
        "quarter": date(day.year, (day.month - 1) // 3 * 3 + 1, 1),
        "year": date(day.year, 1, 1),
    }[unit]
    return first.isoformat()


def series(world: World, unit: str, zone: str) -> dict[str, Row]:
    groups: dict[str, list[Event]] = defaultdict(list)
    for event in world.matched:
        groups[bucket(event.created_ms, unit, zone)].append(event)
    return {name: metrics(world, found) for name, found in groups.items()}


def does(world: World, event: Event, step: str) -> bool:
    """Whether an event is a step such as `path:/a*` or `event:buy`."""
    kind, _, wanted = step.partition(":")
    if not (is_view(event) if kind == "path" else is_custom(event)):
        return False
    text = event.path if kind == "path" else event.name
    pattern = re.escape(wanted.strip("*"))
    pattern = (".*" if wanted.startswith("*") else "") + pattern + (".*" if wanted.endswith("*") else "")
    return re.fullmatch(pattern, text) is not None


def funnel(world: World, steps: Sequence[str], window_ms: int) -> list[int]:
    """Try every chain of events, one visitor at a time."""
    counts = [0] * len(steps)
    for visitor in {e.visitor for e in world.matched}:
        own = [e for e in world.matched if e.visitor == visitor]
        ends = [at for at, e in enumerate(own) if does(world, e, steps[0])]
        for number in range(len(steps)):
            if number:
                ends = [
                    at
                    for at, e in enumerate(own)
                    if does(world, e, steps[number])
                    and any(before < at and e.created_ms - own[before].created_ms <= window_ms for before in ends)
                ]
            counts[number] += bool(ends)
    return counts


def retention(world: World, from_ms: int, to_ms: int, unit: str, zone: str) -> dict[tuple[str, str], tuple[int, int]]:
    """By cohort and bucket: how many newcomers the cohort has, and how many of them were there."""
    first_ever: dict[int, int] = {}
    for event in world.ever:
        first_ever.setdefault(event.visitor, event.created_ms)
    cohorts: dict[str, set[int]] = defaultdict(set)
    there: dict[tuple[str, str], set[int]] = defaultdict(set)
    for event in world.matched:
        if from_ms <= first_ever[event.visitor] < to_ms:
            cohort = bucket(first_ever[event.visitor], unit, zone)
            cohorts[cohort].add(event.visitor)
            there[cohort, bucket(event.created_ms, unit, zone)].add(event.visitor)
    return {key: (len(cohorts[key[0]]), len(found)) for key, found in there.items()}


def journeys(world: World, length: int, first: str | None, last: str | None) -> dict[tuple[str, ...], int]:
    counts: dict[tuple[str, ...], int] = defaultdict(int)
    for visit in {e.visit for e in world.matched}:
        own = [e for e in world.matched if e.visit == visit][:length]
        way = tuple(f"event:{e.name}" if is_custom(e) else f"path:{e.path}" for e in own)
        if (first is None or way[0] == first) and (last is None or way[-1] == last):
            counts[way] += 1
    return dict(counts)


def goal(world: World, step: str) -> tuple[int, int, int]:
    found = [e for e in world.matched if does(world, e, step)]
    return len({e.visitor for e in found}), len({e.visit for e in found}), len(found)


def attribution(world: World, step: str, model: str, by: str) -> dict[str, tuple[float, int]]:
    credit: dict[str, float] = defaultdict(float)
    touched: dict[str, set[int]] = defaultdict(set)
    for visitor in {e.visitor for e in world.matched}:
        goals = [e.created_ms for e in world.matched if e.visitor == visitor and does(world, e, step)]
        if not goals:
            continue
        starts: dict[int, Event] = {}
        for event in world.all:
            if event.visitor == visitor:
                starts.setdefault(event.visit, event)
        touches = sorted(
            (e for e in starts.values() if e.created_ms <= min(goals)), key=lambda e: (e.created_ms, e.visit)
        )
        chosen = {"first": touches[:1], "last": touches[-1:], "linear": touches}[model]
        for event in chosen:
            value = world.text(event, by)
            credit[value] += 1 / len(chosen)
            touched[value].add(visitor)
    return {value: (found, len(touched[value])) for value, found in credit.items()}


def revenue(world: World, key: Callable[[Event], str]) -> dict[tuple[str, str], tuple[float, int, int]]:
    groups: dict[tuple[str, str], list[Event]] = defaultdict(list)
    for event in world.matched:
        if event.revenue is not None and event.currency:
            groups[event.currency, key(event)].append(event)
    return {
        name: (sum(e.revenue or 0 for e in found) / 10_000, len(found), len({e.visitor for e in found}))
        for name, found in groups.items()
    }


def weekly(world: World, zone: str) -> dict[tuple[int, int], Row]:
    groups: dict[tuple[int, int], list[Event]] = defaultdict(list)
    for event in world.matched:
        local = datetime.fromtimestamp(event.created_ms / 1000, UTC).astimezone(ZoneInfo(zone))
        groups[local.weekday(), local.hour].append(event)
    return {key: metrics(world, found) for key, found in groups.items()}


def kind_of(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if re.fullmatch(r"\d{4}-\d\d-\d\d(T[0-9:.]+(Z|[+-]\d\d:\d\d)?)?", value):
        return "date"
    return "list" if value.startswith("[") and value.endswith("]") else "text"


def property_types(world: World) -> dict[tuple[str, str, str], int]:
    counts: dict[tuple[str, str, str], int] = defaultdict(int)
    for event in world.matched:
        if is_custom(event):
            for key, value in properties(event).items():
                kind = kind_of(value)
                counts[event.name, key, "text" if kind in {"date", "list"} else kind] += 1
    return dict(counts)


def property_values(world: World, key: str) -> dict[tuple[str, str], tuple[int, int]]:
    groups: dict[tuple[str, str], list[Event]] = defaultdict(list)
    for event in world.matched:
        if is_custom(event) and key in properties(event):
            groups[world.text(event, f"property:{key}"), kind_of(properties(event)[key])].append(event)
    return {name: (len(found), len({e.visitor for e in found})) for name, found in groups.items()}


def numbers(world: World, key: str) -> list[float]:
    found = [properties(e).get(key) for e in world.matched if is_custom(e)]
    return [float(value) for value in found if isinstance(value, int | float) and not isinstance(value, bool)]


def visits(world: World) -> list[Row]:
    rows = []
    for visit in {e.visit for e in world.matched}:
        own = [e for e in world.all if e.visit == visit]
        rows.append({
            "visit": str(visit), "visitor": str(own[0].visitor), "first_ms": own[0].created_ms,
            "last_ms": own[-1].created_ms, "views": sum(map(is_view, own)), "events": sum(map(is_custom, own)),
            "engagement_ms": sum(e.engagement_ms for e in own), "entry": world.entry.get(visit, ""),
            "exit": world.exit.get(visit, ""), "country": own[0].country, "referrer": own[0].referrer_domain,
        })  # fmt: skip
    return sorted(rows, key=lambda row: (-row["last_ms"], -int(row["visit"])))
