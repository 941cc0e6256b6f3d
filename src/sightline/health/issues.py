"""Issues: errors that are one and the same, what people decided about them, and what they are made of.

What is counted stands in `grouping`; how many visitors were affected is asked of what is stored, so that it is exact
and forgets whoever is erased.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final, Literal, Protocol

import msgspec
from msgspec import Struct

from sightline import clock
from sightline.accounts.scopes import Scope
from sightline.database.pool import Database
from sightline.errors import InvalidValue, NotFound, Unavailable
from sightline.health import noise
from sightline.health.fingerprints import PARTS, WHY, Why, alone, culprit, fingerprint, title
from sightline.health.grouping import SQL as COUNTING
from sightline.health.grouping import Grouping
from sightline.sql import queries

SQL: Final = queries("sightline.health", "issues.sql")
MOST_AT_ONCE: Final = 200
NEXT: Final = "next"  # instead of a release's name: whatever comes after the one that is known now
RECENT_DAYS: Final = 14
_DAY_MS: Final = 24 * 3600 * 1000
_LATEST: Final = 2**62
_MOST_EVENTS: Final = 10**12


class Status(StrEnum):
    """What became of an issue."""

    OPEN = "open"
    RESOLVED = "resolved"
    IGNORED = "ignored"


class Order(StrEnum):
    """By what issues are ordered, the most first."""

    LAST = "last"
    FIRST = "first"
    EVENTS = "events"


_COLUMNS: Final = {Order.LAST: "last_ms", Order.FIRST: "first_ms", Order.EVENTS: "events"}
TALLIED: Final = ("browser", "os", "device", "country", "path", "environment")


class Issue(Struct, frozen=True, kw_only=True):
    """An issue. Visitors are None while what they are counted in cannot be asked."""

    id: int
    title: str
    culprit: str
    status: Status
    events: int
    visitors: int | None = None
    visits: int | None = None
    first_ms: int
    last_ms: int
    first_release: str
    last_release: str
    resolved_ms: int | None
    resolved_in: str
    regressed_ms: int | None
    regressed_in: str
    ignored_until_ms: int | None
    ignored_until_events: int | None
    assignee: int | None


class Group(Struct, frozen=True):
    """Errors with one fingerprint: what counted, and the keys that have it."""

    fingerprint: int
    why: Why
    events: int
    first_ms: int | None
    last_ms: int | None
    keys: tuple[int, ...]


class Wanted(Struct, frozen=True, kw_only=True):
    """Which issues are listed."""

    status: Status | None = None
    regressed: bool | None = None
    assignee: int | None = None
    search: str | None = None
    release: str | None = None
    order: Order = Order.LAST
    after: tuple[int, int] | None = None
    limit: int = 50


class Errors(Protocol):
    """Where stored errors are asked for, with SQL that DuckDB and PostgreSQL both read."""

    async def rows(self, query: str, *values: object) -> list[dict[str, Any]]: ...


class Warehouse(Protocol):
    """The warehouse, as far as it is needed here."""

    async def query(self, sql: str, parameters: list[object] | None = None) -> Any: ...


class WarehouseErrors:
    """Errors as this process's warehouse has them."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    async def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        found = await self._warehouse.query(query.replace("{errors}", "error"), list(values))
        rows: list[dict[str, Any]] = found.to_pylist()
        return rows


class JournalErrors:
    """Errors as PostgreSQL has them: slower, and only what is not pruned from the journal."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        return [dict(row) for row in await self._database.fetch(query.replace("{errors}", "signal_error"), *values)]


# ---- reading -------------------------------------------------------------------------------------------------------


async def listing(database: Database, scope: Scope, wanted: Wanted, errors: Errors) -> list[Issue]:
    """The issues of a site."""
    query = SQL["list"].replace("{order}", _COLUMNS[wanted.order])
    value, number = wanted.after or (None, None)
    rows = await database.fetch(
        query, scope.site, clock.now_ms(), wanted.status, wanted.regressed, wanted.assignee, wanted.search,
        wanted.release, wanted.limit, value, number,
    )  # fmt: skip
    return await _with_visitors(database, scope.site, [_issue(row) for row in rows], errors)


async def show(database: Database, scope: Scope, issue: int, errors: Errors | None = None) -> Issue:
    row = await database.fetchrow(SQL["one"], scope.site, clock.now_ms(), issue)
    if row is None:
        raise NotFound(f"there is no issue {issue} on this site")
    found = _issue(row)
    return found if errors is None else (await _with_visitors(database, scope.site, [found], errors))[0]


async def groups(database: Database, scope: Scope, issue: int) -> list[Group]:
    """What an issue is made of, and why."""
    await show(database, scope, issue)
    return [
        Group(
            row["fingerprint"], WHY.decode(row["why"]), row["events"], row["first_ms"], row["last_ms"],
            tuple(row["keys"]),
        )
        for row in await database.fetch(SQL["groups"], scope.site, issue)
    ]  # fmt: skip


async def keys_of(database: Database, scope: Scope, issue: int) -> list[int]:
    await show(database, scope, issue)
    return [row["key"] for row in await database.fetch(SQL["keys_of"], scope.site, [issue])]


async def issues_of_keys(database: Database, scope: Scope, keys: Sequence[int]) -> dict[int, int]:
    """The issue of each key; what is taken for noise has none."""
    return {row["key"]: row["issue"] for row in await database.fetch(SQL["of_keys"], scope.site, list(keys))}


async def days(database: Database, scope: Scope, issue: int) -> list[tuple[int, int]]:
    """How often an issue was seen on each day (UTC): its beginning in milliseconds, and the errors."""
    rows = await database.fetch(SQL["days"], scope.site, issue)
    return [(row["day"] * _DAY_MS, row["events"]) for row in rows]


async def recent(database: Database, scope: Scope, some: Sequence[int]) -> dict[int, list[int]]:
    """How often some issues were seen on each of the last days (UTC), today last."""
    today = clock.now_ms() // _DAY_MS
    found = {issue: [0] * RECENT_DAYS for issue in some}
    for row in await database.fetch(SQL["recent"], scope.site, list(some), today - RECENT_DAYS):
        place = row["day"] - (today - RECENT_DAYS) - 1
        if 0 <= place < RECENT_DAYS:  # a browser's clock can be ahead
            found[row["issue"]][place] = row["events"]
    return found


async def releases_of(database: Database, scope: Scope, issue: int) -> list[dict[str, Any]]:
    return [dict(row) for row in await database.fetch(SQL["releases_of"], scope.site, issue)]


async def releases(
    database: Database, scope: Scope, *, after: tuple[int, str] | None = None, limit: int = 50
) -> list[dict[str, Any]]:
    """A site's releases, the one that was heard of last first."""
    moment, name = after or (None, None)
    return [dict(row) for row in await database.fetch(SQL["releases"], scope.site, moment, name, limit)]


async def occurrences(
    errors: Errors, site: int, keys: Sequence[int], *, before: tuple[int, int, int] | None = None, limit: int = 20
) -> list[dict[str, Any]]:
    """Errors one by one, the latest first, from before one of them on."""
    place = before or (_LATEST, _LATEST, 32767)
    return await errors.rows(SQL["occurrences"], site, list(keys), *place, limit) if keys else []


async def tallies(errors: Errors, site: int, keys: Sequence[int]) -> dict[str, list[dict[str, Any]]]:
    """How the errors of an issue are spread over browsers, countries, pages and environments."""
    if not keys:
        return {name: [] for name in TALLIED}
    return {
        name: await errors.rows(SQL["tally"].replace("{column}", name), site, list(keys)) for name in TALLIED
    }  # fmt: skip


def _issue(row: Any) -> Issue:
    return msgspec.convert({**row, "status": Status(row["status"])}, Issue)


async def _with_visitors(database: Database, site: int, found: list[Issue], errors: Errors) -> list[Issue]:
    keys = await database.fetch(SQL["keys_of"], site, [one.id for one in found])
    if not keys:
        return found
    try:
        rows = await errors.rows(SQL["visitors"], site, [row["key"] for row in keys], [row["issue"] for row in keys])
    except Unavailable:  # issues are worked on while the warehouse is made anew
        return found
    counted = {row["issue"]: (row["visitors"], row["visits"]) for row in rows}
    return [
        msgspec.structs.replace(one, visitors=counted.get(one.id, (0, 0))[0], visits=counted.get(one.id, (0, 0))[1])
        for one in found
    ]


# ---- deciding ------------------------------------------------------------------------------------------------------


async def resolve(database: Database, scope: Scope, issues: Sequence[int], release: str = "") -> str:
    """Say that issues are done: in a release, in the next one, or now; return the release.

    They are opened again when they are seen in a later release; without a release, when they are seen again.
    """
    now_ms = clock.now_ms()
    async with database.transaction() as connection:
        await _lock(connection, scope, issues)
        if release == NEXT:
            # Whatever is heard of after the latest one is later than that.
            release = str(await connection.fetchval(SQL["latest_release"], scope.site) or "")
        elif release:
            await connection.execute(SQL["hear_of"], scope.site, _release(release), now_ms)
        for issue in issues:
            await connection.execute(SQL["resolve"], scope.site, issue, now_ms, release)
    return release


async def ignore(
    database: Database, scope: Scope, issues: Sequence[int], *, until_ms: int | None = None, events: int | None = None
) -> None:
    """Ignore issues until a moment, until they were seen so many times more, or for good."""
    now_ms = clock.now_ms()
    if until_ms is not None and until_ms <= now_ms:
        raise InvalidValue(f"{until_ms} is over", field="until_ms", hint="Name a moment that is to come.")
    if events is not None and not 1 <= events <= _MOST_EVENTS:
        raise InvalidValue(f"events = {events}", field="events", hint="Name how many more errors are ignored, from 1.")
    async with database.transaction() as connection:
        await _lock(connection, scope, issues)
        for issue in issues:
            await connection.execute(SQL["ignore"], scope.site, issue, until_ms, events)


async def reopen(database: Database, scope: Scope, issues: Sequence[int]) -> None:
    async with database.transaction() as connection:
        await _lock(connection, scope, issues)
        for issue in issues:
            await connection.execute(SQL["open"], scope.site, issue)


async def assign(database: Database, scope: Scope, issues: Sequence[int], user: int | None) -> None:
    """Let somebody of the site's team look after issues, or nobody."""
    async with database.transaction() as connection:
        if user is not None and await connection.fetchval(SQL["member"], scope.tenant, user) is None:
            raise InvalidValue(f"user {user} is not in the site's team", field="assignee")
        await _lock(connection, scope, issues)
        for issue in issues:
            await connection.execute(SQL["assign"], scope.site, issue, user)


async def user_of_login(database: Database, login: str) -> int:
    found = await database.fetchval(SQL["user_of_login"], login)
    if found is None:
        raise NotFound("there is no such user", hint="`sightline user list` shows them all.")
    return int(str(found))


async def merge(database: Database, scope: Scope, issues: Sequence[int], into: int) -> Issue:
    """Let some issues be one; what was decided about `into` stays."""
    others = [issue for issue in dict.fromkeys(issues) if issue != into]
    if not others:
        raise InvalidValue("there is nothing to merge", field="issues", hint="Name at least one other issue.")
    async with database.transaction() as connection:
        await connection.fetchval(COUNTING["place_waiting"])
        await _lock(connection, scope, [into, *others])
        await connection.execute(SQL["move_groups"], scope.site, others, into)
        await connection.execute(SQL["remove"], scope.site, others)
        await connection.execute(COUNTING["total"], [into])
    return await show(database, scope, into)


async def split(
    database: Database, scope: Scope, issue: int, *, fingerprints: Sequence[int] = (), keys: Sequence[int] = ()
) -> Issue:
    """Take fingerprints, or single keys, out of an issue; they are an issue of their own, also in future."""
    if not fingerprints and not keys:
        raise InvalidValue("nothing is named that shall be split off", field="fingerprints")
    async with database.transaction() as connection:
        await connection.fetchval(COUNTING["place_waiting"])
        await _lock(connection, scope, [issue])
        new = int(await connection.fetchval(COUNTING["add_issue"], scope.site, "", "", 0))
        for key in dict.fromkeys(keys):
            number = alone(key)
            parts = await connection.fetchval(SQL["take_key_out"], scope.site, issue, key, number)
            if parts is None:
                raise NotFound(f"the issue {issue} has no key {key}", field="keys")
            why = msgspec.structs.replace(fingerprint(PARTS.decode(parts))[1], counted=("key",), sentence=_ALONE)
            told = msgspec.json.encode(why).decode()
            await connection.execute(COUNTING["add_group"], scope.site, number, new, 0, told)
        for number in dict.fromkeys(fingerprints):
            if await connection.fetchval(SQL["take_out"], scope.site, issue, number, new) is None:
                raise NotFound(f"the issue {issue} has no fingerprint {number}", field="fingerprints")
        await connection.execute(COUNTING["forget_empty_groups"], [scope.site])
        if not await connection.fetch(SQL["fingerprints_of"], scope.site, issue):
            raise InvalidValue("nothing would be left of the issue", hint="Leave at least one part where it is.")
        await connection.execute(COUNTING["total"], [issue, new])
        for row in await connection.fetch(COUNTING["first_keys"], [issue, new]):
            parts, why = PARTS.decode(row["parts"]), WHY.decode(row["why"])
            place = why.frames[0] if why.mapped and why.frames else culprit(parts)
            if row["issue"] == new:
                await connection.execute(COUNTING["retitle"], new, title(parts), place, row["rules"])
    return await show(database, scope, new)


_ALONE: Final = "exactly this message from exactly these places of one build; somebody took it out of another issue"


async def _lock(connection: Any, scope: Scope, issues: Sequence[int]) -> None:
    if not 1 <= len(issues) <= MOST_AT_ONCE:
        raise InvalidValue(f"{len(issues)} issues are named", field="issues", hint=f"Name 1 to {MOST_AT_ONCE}.")
    found = {row["id"] for row in await connection.fetch(SQL["lock"], scope.site, list(issues))}
    if missing := sorted(set(issues) - found):
        raise NotFound(f"there is no issue {missing[0]} on this site")


def _release(text: str) -> str:
    if not (text.isascii() and text.isprintable() and len(text) <= 100):
        raise InvalidValue("a release has at most 100 printable ASCII characters", field="release")
    return text


# ---- noise ---------------------------------------------------------------------------------------------------------


class NoiseRule(Struct, frozen=True, kw_only=True):
    """A rule, whether it holds on a site, and what it took in the last days."""

    name: str
    meaning: str
    over: Literal["message", "file", "known"]
    is_on: bool
    events: int
    last_ms: int | None


async def noise_rules(database: Database, scope: Scope, *, days: int = 30) -> list[NoiseRule]:
    """What is known for noise on a site, and how much of it came."""
    row = await database.fetchrow(SQL["noise_rules"], scope.site)
    off, own = (tuple(row["off"]), _own(row["rules"])) if row else ((), ())
    since = clock.now_ms() // _DAY_MS - days
    counted = {one["noise"]: one for one in await database.fetch(SQL["noise_counts"], scope.site, since)}

    def rule(name: str, meaning: str, over: Literal["message", "file", "known"], *, is_on: bool) -> NoiseRule:
        found = counted.get(name)
        return NoiseRule(
            name=name, meaning=meaning, over=over, is_on=is_on, events=found["events"] if found else 0,
            last_ms=found["last_ms"] if found else None,
        )  # fmt: skip

    return [
        *(rule(one.name, one.meaning, "known", is_on=one.name not in off) for one in noise.KNOWN),
        *(rule(one.pattern, "A rule of this site.", one.over, is_on=True) for one in own),
    ]


async def change_noise(
    database: Database, grouping: Grouping, scope: Scope, *, off: Sequence[str], own: Sequence[noise.Rule]
) -> int:
    """Say what a site takes for noise; return how many kinds of errors are judged otherwise now."""
    if unknown := [name for name in off if name not in noise.NAMES]:
        raise InvalidValue(
            f"there is no rule {unknown[0][:40]!r}", field="off", hint=f"There are {', '.join(noise.NAMES)}."
        )
    if len(own) > noise.MOST_RULES:
        raise InvalidValue(f"there are {len(own)} rules", field="rules", hint=f"Have at most {noise.MOST_RULES}.")
    for rule in own:
        rule.check()
    document = msgspec.json.encode(list(dict.fromkeys(own))).decode()
    await database.execute(SQL["keep_noise"], scope.site, sorted(set(off)), document)
    return await grouping.regroup(scope.site)


def _own(text: str) -> tuple[noise.Rule, ...]:
    return msgspec.json.decode(text, type=tuple[noise.Rule, ...])
