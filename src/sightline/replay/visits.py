"""Searching visits by what was recorded together with what was measured: events, vitals, country, device, release.

PostgreSQL knows what is in recordings, the warehouse what was measured. So candidates are taken from the first in their
order, some at a time, and the second is asked about these visits only: what it costs is bounded, and nothing is stored
twice.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from sightline.replay.beside import Facts, Measured, facts, happened
from sightline.replay.library import Library, Place, Wanted, place_of
from sightline.replay.search import OF_VISITS, Condition, Match, matches

AT_ONCE: Final = 200
MOST_LOOKED_AT: Final = 4_000  # candidates of one request; whoever wants more goes on at `further`
Row = Mapping[str, Any]
Narrow = Callable[[Sequence[int]], Awaitable[set[int]]]  # which of at most `AT_ONCE` visits may be found at all


class Found(Struct, frozen=True):
    """Recordings with the facts of their visits; `further` is where to go on, None at the end."""

    rows: Sequence[tuple[Row, Facts | None]]
    further: Place | None


async def searched(  # noqa: PLR0913 - where to look, for what, and from where on
    library: Library, measured: Measured, site: int, wanted: Wanted, narrow: Narrow | None = None, *,
    before: Place | None, limit: int, backwards: bool = False,
) -> Found:  # fmt: skip
    """The recordings of a site that a search finds, from a place in their order on."""
    outside = [one for one in wanted.where if not one.is_recorded]
    if not outside and narrow is None:
        rows = await library.listed(site, wanted, before=before, limit=limit + 1, backwards=backwards)
        shown = rows[:limit]
        known = await facts(measured, site, [row["visit"] for row in shown])
        further = place_of(shown[-1], wanted.order) if len(rows) > limit else None
        return Found([(row, known[row["visit"]]) for row in shown], further)
    # All of several conditions: what recordings answer narrows the candidates. Otherwise none of them may be left out.
    narrowed = wanted if wanted.match is Match.ALL else msgspec.structs.replace(wanted, where=())
    found: list[tuple[Row, Facts]] = []
    for _ in range(MOST_LOOKED_AT // AT_ONCE):
        rows = await library.listed(site, narrowed, before=before, limit=AT_ONCE, backwards=backwards)
        let_in = rows
        if narrow is not None:
            visits = await narrow(sorted({row["visit"] for row in rows}))
            let_in = [row for row in rows if row["visit"] in visits]
        for row, about in await _holding(library, measured, site, wanted, let_in):
            found.append((row, about))
            if len(found) == limit:
                return Found(found, place_of(row, wanted.order))
        if len(rows) < AT_ONCE:
            return Found(found, None)
        before = place_of(rows[-1], wanted.order)
    return Found(found, before)


async def _holding(
    library: Library, measured: Measured, site: int, wanted: Wanted, rows: Sequence[Row]
) -> list[tuple[Row, Facts]]:
    visits = sorted({row["visit"] for row in rows})
    known = await facts(measured, site, visits)
    marks = await library.marks_of([row["id"] for row in rows])
    events: dict[int, list[Row]] = {visit: [] for visit in visits}
    for one in await happened(measured, site, visits):
        events[one["visit"]].append({**one, "at_ms": one["created_ms"], "status": 0, "took_ms": 0})
    found = []
    for row in rows:
        visit = row["visit"]
        all_of_it = sorted([*marks[row["id"]], *events[visit]], key=lambda one: int(one["at_ms"]))
        if holds(wanted.where, wanted.match, all_of_it, known[visit]):
            found.append((row, known[visit]))
    return found


def holds(where: Sequence[Condition], match: Match, marks: Sequence[Row], known: Facts) -> bool:
    """Whether a visit is what conditions ask for; what is true of the whole visit has no place in an order."""
    if not where:
        return True
    moment = -1
    for one in where:
        if one.kind in OF_VISITS:
            is_so = one.text.lower() in str(getattr(known, one.kind)).lower()
        else:
            after = moment if match is Match.THEN else -1
            first = next((mark["at_ms"] for mark in marks if mark["at_ms"] > after and _is(one, mark)), None)
            is_so = first is not None
            moment = first if first is not None else moment
        if is_so and match is Match.ANY:
            return True
        if not is_so and match is not Match.ANY:
            return False
    return match is not Match.ANY


def _is(one: Condition, mark: Row) -> bool:
    return matches(one, mark["kind"], mark["text"], mark["status"], mark["took_ms"])
