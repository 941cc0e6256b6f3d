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
