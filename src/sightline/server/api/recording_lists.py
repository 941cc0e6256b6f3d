"""Finding recordings: by what happened in them, by what was measured in their visits, and beside one another."""

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field

from sightline.accounts import sites
from sightline.analytics import segments
from sightline.analytics.asking import Asker, Cursor, Params
from sightline.analytics.filters import Match as FilterMatch
from sightline.analytics.passing import passing
from sightline.errors import InvalidValue, Unavailable
from sightline.replay import findings as rules
from sightline.replay.beside import Facts, facts
from sightline.replay.library import Place, Sorting, Wanted, place_of
from sightline.replay.search import MAX_CONDITIONS, Match, conditions
from sightline.replay.visits import Found as Result
from sightline.replay.visits import Narrow, searched
from sightline.server.api.recordings import (
    Id,
    Moment,
    Reading,
    Recording,
    measured_of,
    open_shape,
    parts,
    sealed_shape,
    visit_number,
)
from sightline.server.api.reports import engine_of
from sightline.server.api.shapes import PREFIX, Answer, Page
from sightline.server.permissions import Access

router = APIRouter(prefix=PREFIX, tags=["recordings"])


class Neighbours(Answer):
    """The ids of the recordings beside one in a search; null at its ends."""

    previous: str | None
    next: str | None


class Search:
    """`?where=&match=&order=…`: which recordings, in which order."""

    def __init__(  # noqa: PLR0913, PLR0917 - one per parameter
        self,
        since: Moment = None,
        until: Moment = None,
        finding: Annotated[str | None, Query(max_length=40, description="As rage-click.")] = None,
        page: Annotated[str | None, Query(max_length=200, description="A part of the address of a page.")] = None,
        where: Annotated[
            list[Annotated[str, Field(max_length=600)]],
            Query(
                max_length=MAX_CONDITIONS,
                description="What happened, as page:/cart, error:TypeError, rage-click, event:buy, country:NL.",
            ),
        ] = [],  # noqa: B006 - FastAPI copies it
        match: Annotated[Match, Query(description="All of it, any of it, or one then the other.")] = Match.ALL,
        visit: Annotated[str | None, Query(max_length=20, description="A visit's id.")] = None,
        tag: Annotated[str | None, Query(max_length=40, description="Only with this tag.")] = None,
        errors: Annotated[bool, Query(description="Only with errors in the console.")] = False,  # noqa: FBT002
        failed: Annotated[bool, Query(description="Only with requests that failed.")] = False,  # noqa: FBT002
        kept: Annotated[bool, Query(description="Only what is kept.")] = False,  # noqa: FBT002
        order: Annotated[Sorting, Query(description="The latest first, or the most of something.")] = Sorting.LATEST,
        range: Annotated[str | None, Query(max_length=20, description="As reports take it: 28d, today …")] = None,  # noqa: A002
        start: Annotated[str | None, Query(max_length=40, description="Instead of `range`: a date or moment.")] = None,
        end: Annotated[str | None, Query(max_length=40, description="The end; a date's whole day is included.")] = None,
        filter: Annotated[  # noqa: A002 - as reports call it
            list[Annotated[str, Field(max_length=4000)]],
            Query(max_length=30, description="About the visit's events, as reports take them: country:eq:NL."),
        ] = [],  # noqa: B006
        filter_match: Annotated[FilterMatch, Query(description="Whether all filters hold, or any.")] = FilterMatch.ALL,
        segment: Annotated[
            list[Annotated[str, Field(max_length=64)]], Query(max_length=5, description="Saved segments, by id.")
        ] = [],  # noqa: B006
    ) -> None:
        if finding is not None and finding not in rules.NAMES:
            raise InvalidValue(
                f"there is no finding {finding!r}", field="finding", hint=f"One of {', '.join(rules.NAMES)}."
            )
        self.visit = visit_number(visit) if visit is not None else None
        self.wanted = Wanted(
            since_ms=since, until_ms=until, finding=finding, page=page, visit=self.visit, with_errors=errors,
            with_failures=failed, kept=kept, where=conditions(where), match=match, tag=tag, order=order,
        )  # fmt: skip
        self.has_range = any(one is not None for one in (range, start, end))
        self.narrows = bool(filter or segment)
        self.params = Params(
            range=range or "all", start=start, end=end, filter=tuple(filter), match=filter_match,
            segment=tuple(segment),
        )  # fmt: skip

    async def ready(self, request: Request, access: Access) -> tuple[Wanted, Narrow | None]:
        """What to look for with its moments, and what narrows the visits, if anything does."""
        if not self.has_range and not self.narrows:
            return self.wanted, None
        site = await sites.show(access.database, access.scope)
        saved = await segments.saved(access.database, access.scope, self.params.segment, zone=site.time_zone)
        asker = Asker(engine_of(request), access.scope, zone=site.time_zone, saved=saved)
        wanted = self.wanted
        if self.has_range:
            over = asker.period(self.params)
            wanted = msgspec.structs.replace(wanted, since_ms=over.from_ms, until_ms=over.to_ms)

        async def narrow(visits: Sequence[int]) -> set[int]:
            return await passing(asker, self.params, visits)

        return wanted, narrow if self.narrows else None


Searching = Annotated[Search, Depends()]


@router.get("/sites/{site}/recordings")
async def listing(  # noqa: PLR0913, PLR0917 - one per parameter
    request: Request,
    access: Reading,
    search: Searching,
    state: Annotated[Literal["open", "sealed"], Query(description="open: of visits that go on.")] = "sealed",
    limit: Annotated[int, Query(ge=1, le=200, description="At most so many items.")] = 50,
    cursor: Annotated[str | None, Query(max_length=64, description="`next` of the page before.")] = None,
) -> Page[Recording]:
    """List recordings, the last first. A page may hold fewer than there are, if finding more takes too long."""
    library, site = access.house.library, access.scope.site
    if state == "open":
        rows = await library.under_way(site, visit=search.visit, limit=limit)
        known = await _facts(access, [row["visit"] for row in rows])
        return Page(items=[open_shape(row, known.get(row["visit"])) for row in rows], next=None)
    place = [int(one.content) for one in Cursor.read(cursor, 2)]
    before = Place(place[0], place[1]) if place else None
    wanted, narrow = await search.ready(request, access)
    found = await _searched(access, wanted, narrow, before=before, limit=limit)
    further = None if found.further is None else Cursor.written(found.further.value, found.further.id)
    return Page(items=[sealed_shape(row, known) for row, known in found.rows], next=further)


@router.get("/sites/{site}/recordings/{recording}/neighbours")
async def neighbours(request: Request, access: Reading, recording: Id, search: Searching) -> Neighbours:
    """The recordings that a search has before and after this one."""
    row = await access.house.library.sealed(access.scope.site, *parts(recording))
    wanted, narrow = await search.ready(request, access)
    ids = []
    for backwards in (True, False):
        place = place_of(row, wanted.order)
        found = await _searched(access, wanted, narrow, before=place, limit=1, backwards=backwards)
        ids.append(sealed_shape(found.rows[0][0]).id if found.rows else None)
    return Neighbours(previous=ids[0], next=ids[1])


async def _searched(  # noqa: PLR0913 - what is looked for, and from where on
    access: Access, wanted: Wanted, narrow: Narrow | None, *, before: Place | None, limit: int, backwards: bool = False
) -> Result:
    """Look; while the warehouse is made anew, only for what recordings themselves answer."""
    library, site = access.house.library, access.scope.site
    try:
        return await searched(
            library, measured_of(access.house), site, wanted, narrow, before=before, limit=limit, backwards=backwards
        )  # fmt: skip
    except Unavailable:
        if narrow is not None or not all(one.is_recorded for one in wanted.where):
            raise
    rows = await library.listed(site, wanted, before=before, limit=limit + 1, backwards=backwards)
    further = place_of(rows[limit - 1], wanted.order) if len(rows) > limit else None
    return Result([(row, None) for row in rows[:limit]], further)


async def _facts(access: Access, visits: list[int]) -> dict[int, Facts]:
    try:
        return await facts(measured_of(access.house), access.scope.site, visits)
    except Unavailable:
        return {}
