"""Issues of a site: errors that are one and the same, and what is decided about them."""

import base64
import binascii
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Depends, Path, Query
from pydantic import Field

from sightline.accounts.permissions import Permission
from sightline.analytics.asking import Cursor
from sightline.errors import InvalidValue
from sightline.health import issues, noise
from sightline.health.frames import frames
from sightline.health.issues import Order, Status
from sightline.health.resolving import Resolved
from sightline.server.api.shapes import PREFIX, Answer, Body, Page, Paging, number, numbers
from sightline.server.grouping import errors_of, grouping_of, resolver_of
from sightline.server.permissions import Access, requires_on_site

router = APIRouter(prefix=PREFIX, tags=["issues"])
Id = Annotated[str, Path(max_length=64, description="The issue's id.")]
Ids = Annotated[list[Annotated[str, Field(max_length=20)]], Field(min_length=1, max_length=issues.MOST_AT_ONCE)]
Limit = Annotated[int, Query(ge=1, le=200, description="At most so many items.")]
From = Annotated[str | None, Query(max_length=300, description="`next` of the page before.")]
Read = Annotated[Access, requires_on_site(Permission.SITE_ERRORS)]
Change = Annotated[Access, requires_on_site(Permission.SITE_CHANGE)]


class Issue(Answer):
    """Errors that are one and the same. `visitors` is null while the warehouse is being made anew."""

    id: str
    title: str
    culprit: Annotated[str, Field(description="The innermost place in the application.")]
    status: Status
    events: int
    visitors: int | None
    visits: int | None
    first_ms: int
    last_ms: int
    first_release: str
    last_release: str
    resolved_ms: int | None
    resolved_in: str
    regressed_ms: Annotated[int | None, Field(description="When it came back after it was resolved.")]
    regressed_in: str
    ignored_until_ms: int | None
    ignored_until_events: int | None
    assignee: str | None


class Listed(Issue):
    """An issue of the list, with how often it was seen on each of the last 14 days (UTC), today last."""

    recent: list[int]


class Why(Answer):
    """What counted: errors are one issue when all of this is the same for them."""

    counted: list[str]
    name: str
    message: Annotated[str, Field(description="With <n>, <id>, <hex>, <url> and <text> for what varies.")]
    frames: list[str]
    mapped: Annotated[bool, Field(description="Whether source maps said what the frames are.")]
    sentence: str


class Group(Answer):
    """A part of an issue that can be split off; `keys` are the places and messages of single builds in it."""

    fingerprint: str
    why: Why
    events: int
    first_ms: int | None
    last_ms: int | None
    keys: list[str]


class Day(Answer):
    """How many errors there were on a day (UTC)."""

    begins_ms: int
    events: int


class InRelease(Answer):
    """How many errors there were in a release."""

    release: str
    events: int
    first_ms: int
    last_ms: int


class Value(Answer):
    """One value of a column, with the errors and visitors that have it."""

    value: str
    events: int
    visitors: int


class Detail(Issue):
    """An issue with everything that it is made of."""

    groups: list[Group]
    days: list[Day]
    releases: list[InRelease]
    tallies: Annotated[
        dict[str, list[Value]], Field(description="By browser, os, device, country, path and environment.")
    ]


class Line(Answer):
    """A line of source code."""

    number: int
    text: str


class Frame(Answer):
    """One call, as the source map says; `missing` says why where none does."""

    function: str
    file: str
    line: int
    column: int
    in_app: bool
    mapped: bool
    missing: str
    code: list[Line]
    built: Annotated[str, Field(description="The place in the built file, as the browser told it.")]


class Occurrence(Answer):
    """One error, as it was told; `frames` are its stack, read by the source maps of its release."""

    id: str
    created_ms: int
    visitor: str
    visit: str
    count: int
    handled: bool
    source: str
    name: str
    message: str
    stack: str
    component: str
    context: Any
    breadcrumbs: Any
    hostname: str
    path: str
    release: str
    environment: str
    browser: str
    os: str
    device: str
    country: str
    frames: list[Frame]


class Release(Answer):
    """A release, in the order in which they were heard of."""

    release: str
    first_ms: int
    events: int
    new_issues: int


class Decision(Body):
    """What shall become of some issues; what is left out stays as it is."""

    issues: Ids
    status: Annotated[Status, Field(strict=False)] | None = None
    release: Annotated[
        str, Field(max_length=100, description="For resolved: the release in which it is done, or `next`.")
    ] = ""
    until_ms: Annotated[int | None, Field(description="For ignored: until that moment.")] = None
    events: Annotated[int | None, Field(description="For ignored: until it was seen so many times more.")] = None
    assignee: Annotated[str | None, Field(max_length=20, description="A user's id; empty: nobody looks after it.")] = (
        None
    )


class Merge(Body):
    """Which issues become one with another."""

    issues: Ids
    into: Annotated[str, Field(max_length=20)]


class Split(Body):
    """What is taken out of an issue: whole groups, or single keys."""

    fingerprints: Annotated[list[Annotated[str, Field(max_length=21)]], Field(default_factory=list, max_length=500)]
    keys: Annotated[list[Annotated[str, Field(max_length=21)]], Field(default_factory=list, max_length=500)]


class NoiseRule(Answer):
    """What is taken for noise, and how much of it came in the last 30 days."""

    name: str
    meaning: str
    over: Literal["message", "file", "known"]
    is_on: bool
    events: int
    last_ms: int | None


class OwnRule(Body):
    """A pattern with `*` for any characters, over messages (`TypeError: …` or without the name) or files."""

    pattern: Annotated[str, Field(max_length=200)]
    over: Literal["message", "file"] = "message"


class NoiseChange(Body):
    """What a site takes for noise: known rules that it does not want, and rules of its own."""

    off: Annotated[list[Annotated[str, Field(max_length=40)]], Field(default_factory=list, max_length=50)]
    rules: Annotated[list[OwnRule], Field(default_factory=list, max_length=noise.MOST_RULES)]


class Changed(Answer):
    """How many kinds of errors are judged otherwise now."""

    changed: int


@router.get("/sites/{site}/issues")
async def listing(  # noqa: PLR0913, PLR0917 - one per parameter
    access: Read,
    status: Annotated[Status | None, Query(description="Only issues of this status.")] = None,
    regressed: Annotated[bool | None, Query(description="Only those that came back, or did not.")] = None,
    assignee: Annotated[str | None, Query(max_length=20, description="Only those of this user.")] = None,
    search: Annotated[str | None, Query(max_length=200, description="Only with this in title or place.")] = None,
    release: Annotated[str | None, Query(max_length=100, description="Only those seen in this release.")] = None,
    order: Annotated[Order, Query(description="By the last error, the first, or how many.")] = Order.LAST,
    limit: Limit = 50,
    cursor: From = None,
) -> Page[Listed]:
    """List issues, those with the latest errors first."""
    await grouping_of(access.house).catch_up(portions=5)
    after = [int(one.content) for one in Cursor.read(cursor, 2)]
    wanted = issues.Wanted(
        status=status, regressed=regressed, assignee=number(assignee, "user") if assignee else None, search=search,
        release=release, order=order, after=(after[0], after[1]) if after else None, limit=limit + 1,
    )  # fmt: skip
    found = await issues.listing(access.database, access.scope, wanted, errors_of(access.house))
    last = found[limit - 1] if len(found) > limit else None
    column = {Order.LAST: "last_ms", Order.FIRST: "first_ms", Order.EVENTS: "events"}[order]
    following = None if last is None else Cursor.written(getattr(last, column), last.id)
    recent = await issues.recent(access.database, access.scope, [one.id for one in found[:limit]])
    items = [Listed(**Issue.of(one).model_dump(), recent=recent[one.id]) for one in found[:limit]]
    return Page(items=items, next=following)


@router.post("/sites/{site}/issues")
async def decide(body: Decision, access: Change) -> Page[Issue]:
    """Resolve, ignore, open again or assign some issues; return them."""
    chosen = numbers(body.issues, "issues")
    _check(body)
    if body.status is Status.RESOLVED:
        await issues.resolve(access.database, access.scope, chosen, body.release)
    elif body.status is Status.IGNORED:
        await issues.ignore(access.database, access.scope, chosen, until_ms=body.until_ms, events=body.events)
    elif body.status is Status.OPEN:
        await issues.reopen(access.database, access.scope, chosen)
    if body.assignee is not None:
        user = number(body.assignee, "user") if body.assignee else None
        await issues.assign(access.database, access.scope, chosen, user)
    return Page(items=[Issue.of(await issues.show(access.database, access.scope, one)) for one in chosen], next=None)


@router.get("/sites/{site}/issues/{issue}")
async def show(access: Read, issue: Id) -> Detail:
    """One issue: why its errors are one, when and where they were seen."""
    await grouping_of(access.house).catch_up(portions=5)
    house, scope, chosen = access.house, access.scope, number(issue, "issue")
    errors = errors_of(house)
    found = await issues.show(house.database, scope, chosen, errors)
    keys = await issues.keys_of(house.database, scope, chosen)
    tallies = {} if found.visitors is None else await issues.tallies(errors, scope.site, keys)
    return Detail(
        **Issue.of(found).model_dump(),
        groups=[Group.of(one) for one in await issues.groups(house.database, scope, chosen)],
        days=[Day(begins_ms=day, events=events) for day, events in await issues.days(house.database, scope, chosen)],
        releases=[InRelease(**row) for row in await issues.releases_of(house.database, scope, chosen)],
        tallies={name: [Value(**row) for row in rows] for name, rows in tallies.items()},
    )


@router.get("/sites/{site}/issues/{issue}/occurrences")
async def occurrences(access: Read, issue: Id, limit: Limit = 20, cursor: From = None) -> Page[Occurrence]:
    """List the errors of an issue one by one, the latest first, with their stacks as the source maps read them."""
    keys = await issues.keys_of(access.database, access.scope, number(issue, "issue"))
    place = [int(one.content) for one in Cursor.read(cursor, 3)]
    before = (place[0], place[1], place[2]) if place else None
    rows = await issues.occurrences(errors_of(access.house), access.scope.site, keys, before=before, limit=limit + 1)
    resolver = resolver_of(access.house)
    shown = rows[:limit]
    items = [
        _occurrence(row, await resolver.resolve(access.scope.site, row["release"], frames(row["stack"])))
        for row in shown
    ]  # fmt: skip
    last = shown[-1] if len(rows) > limit else None
    following = None if last is None else Cursor.written(last["created_ms"], last["batch"], last["place"])
    return Page(items=items, next=following)


@router.post("/sites/{site}/issues/merge")
async def merge(body: Merge, access: Change) -> Issue:
    """Let some issues be one with another, whose status and assignee stay."""
    (into,) = numbers([body.into], "into")
    return Issue.of(await issues.merge(access.database, access.scope, numbers(body.issues, "issues"), into))


@router.post("/sites/{site}/issues/{issue}/split")
async def split(body: Split, access: Change, issue: Id) -> Issue:
    """Take groups or keys out of an issue; return the issue that they are now."""
    fingerprints, keys = _signed(body.fingerprints, "fingerprints"), _signed(body.keys, "keys")
    chosen = number(issue, "issue")
    return Issue.of(await issues.split(access.database, access.scope, chosen, fingerprints=fingerprints, keys=keys))


@router.get("/sites/{site}/releases")
async def releases(access: Read, limit: Limit = 50, cursor: From = None) -> Page[Release]:
    """List the releases that errors or source maps named, the latest first."""
    found = await issues.releases(access.database, access.scope, after=_release_cursor(cursor), limit=limit + 1)
    last = found[limit - 1] if len(found) > limit else None
    following = None
    if last is not None:
        following = base64.urlsafe_b64encode(f"{last['first_ms']} {last['release']}".encode()).decode()
    return Page(items=[Release(**row) for row in found[:limit]], next=following)


@router.get("/sites/{site}/noise")
async def noise_rules(access: Read, paging: Annotated[Paging, Depends()]) -> Page[NoiseRule]:
    """List what is taken for noise, so that it makes no issue, and how much of it came: one page."""
    del paging  # there are few; the parameters are those of every list
    await grouping_of(access.house).catch_up(portions=5)
    return Page(items=[NoiseRule.of(one) for one in await issues.noise_rules(access.database, access.scope)], next=None)


@router.put("/sites/{site}/noise")
async def change_noise(body: NoiseChange, access: Change) -> Changed:
    """Say what a site takes for noise; errors that are stored are judged anew, too."""
    own = [noise.Rule(one.pattern, one.over) for one in body.rules]
    changed = await issues.change_noise(
        access.database, grouping_of(access.house), access.scope, off=body.off, own=own
    )  # fmt: skip
    return Changed(changed=changed)


def _check(body: Decision) -> None:
    if body.status is None and body.assignee is None:
        raise InvalidValue("nothing is decided", hint="Name a status, an assignee, or both.")
    if body.release and body.status is not Status.RESOLVED:
        raise InvalidValue("a release goes with the status resolved", field="release")
    if (body.until_ms is not None or body.events is not None) and body.status is not Status.IGNORED:
        raise InvalidValue("until_ms and events go with the status ignored", field="status")


def _signed(texts: Sequence[str], field: str) -> list[int]:
    """Fingerprints and keys are of any sign."""
    try:
        found = [int(text) for text in texts]
    except ValueError:
        raise InvalidValue(f"one of {field} is no number", field=field, hint="Take them from the issue.") from None
    if any(abs(one) > 2**63 - 1 for one in found):
        raise InvalidValue(f"one of {field} is too large", field=field)
    return found


def _occurrence(row: dict[str, Any], stack: list[Resolved]) -> Occurrence:
    told = {name: value for name, value in row.items() if name in Occurrence.model_fields}
    return Occurrence(
        **{
            **told, "id": f"{row['batch']}:{row['place']}", "visitor": str(row["visitor"]), "visit": str(row["visit"]),
            "context": _json(row["context"]), "breadcrumbs": _json(row["breadcrumbs"]),
            "frames": [Frame.of(one) for one in stack],
        }
    )  # fmt: skip


def _json(text: str) -> Any:
    return msgspec.json.decode(text) if text else None


def _release_cursor(cursor: str | None) -> tuple[int, str] | None:
    if cursor is None:
        return None
    try:
        moment, _, name = base64.b64decode(cursor, altchars=b"-_", validate=True).decode().partition(" ")
        return int(moment), name
    except (binascii.Error, ValueError):
        raise InvalidValue(
            "this cursor is none of ours", field="cursor", hint="Take `next` of the page before."
        ) from None
