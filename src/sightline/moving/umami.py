"""Moving in from Umami: people, teams and sites first, then what was measured, then both sides are counted."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec import Struct, field

from sightline import clock
from sightline.accounts import arrivals, names
from sightline.accounts.callers import Caller, operator
from sightline.accounts.links import LinkKind
from sightline.accounts.permissions import Role, TeamRole
from sightline.collect.umami_rows import EPOCH_US
from sightline.errors import InvalidValue
from sightline.moving.cursors import SQL as CURSORS
from sightline.moving.progress import Watch, unwatched
from sightline.moving.umami_events import Task, journal_of, move_events, move_identities
from sightline.moving.umami_plan import Plan, SitePlan, plan
from sightline.moving.umami_segments import move_segments
from sightline.moving.umami_source import SQL, Source, Website, str_of, wanted, websites
from sightline.operate.house import House

ROLES: Final[Mapping[str, Role]] = {"admin": Role.ADMIN, "user": Role.MEMBER, "view-only": Role.VIEWER}
TEAM_ROLES: Final[Mapping[str, TeamRole]] = {
    "team-owner": TeamRole.OWNER, "team-manager": TeamRole.MANAGER, "team-member": TeamRole.MEMBER,
    "team-view-only": TeamRole.VIEWER, "owner": TeamRole.OWNER, "member": TeamRole.MEMBER,
}  # fmt: skip
# A site that is made keeps its oldest events for another year.
_SPARE_DAYS: Final = 366
_DAY_MS: Final = 24 * 3600 * 1000
# A host with less of a site's events than this is a mirror or an error, and is told instead of taken over.
_SHARE_OF_HOST: Final = 0.01


class Wanted(Struct, frozen=True, kw_only=True):
    """What shall be moved."""

    sites: tuple[str, ...] = ()
    since_ms: int = 0
    time_zone: str = "UTC"


class Result(Struct, kw_only=True):
    """What was done."""

    plan: Plan
    new: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    without_password: list[str] = field(default_factory=list)
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    tasks: list[Task] = field(default_factory=list)


async def planned(source: Source, wish: Wanted) -> Plan:
    """What would be moved."""
    return await plan(source, wanted(await websites(source), wish.sites), _since_us(wish))


async def move(house: House, source: Source, wish: Wanted, *, watch: Watch = unwatched) -> Result:
    """Move everything that has not been moved yet."""
    chosen = wanted(await websites(source), wish.sites)
    names.time_zone(wish.time_zone)
    result = Result(plan=await plan(source, chosen, _since_us(wish)))
    arriving = _Arriving(house, source, wish, result)
    await arriving.people()
    result.tasks = await arriving.places(chosen)
    async with journal_of(house) as journal:
        for task in result.tasks:
            counts = await move_events(house, journal, source, task, watch=watch)
            said = await move_identities(house, journal, source, task, watch=watch)
            new, notes = await move_segments(house, source, task.website, task.site)
            result.new["segments"] = result.new.get("segments", 0) + new
            result.notes += notes
            result.counts[str_of(task.website)] = {
                **counts, **{f"identities_{name}": count for name, count in said.items()}
            }  # fmt: skip
    return result


def _since_us(wish: Wanted) -> int:
    # Not before year 1: PostgreSQL's time without a beginning is a number that no clock shows.
    return wish.since_ms * 1000 - EPOCH_US if wish.since_ms else -(10**17)


class _Arriving:
    """People, teams, sites and links, with who of them is who here."""

    def __init__(self, house: House, source: Source, wish: Wanted, result: Result) -> None:
        self._house = house
        self._source = source
        self._wish = wish
        self._result = result
        self._caller: Caller = operator()
        self._users: dict[bytes, tuple[int, str]] = {}
        self._teams: dict[bytes, int] = {}
        self._by_id = {site.uuid: site for site in result.plan.sites}

    def _note(self, text: str) -> None:
        self._result.notes.append(text)

    def _count(self, what: str, *, is_new: bool) -> None:
        self._result.new[what] = self._result.new.get(what, 0) + is_new

    async def _rows(self, table: str, names_: tuple[str, ...]) -> list[Any]:
        if not self._source.has(table):
            return []
        return await self._source.rows(f'SELECT {self._source.select(table, names_)} FROM "{table}" AS t')  # noqa: S608

    async def people(self) -> None:
        """Users, teams and who is in which; removed ones stay behind."""
        async with self._house.database.transaction() as connection:
            for row in await self._rows("user", ("user_id", "username", "role", "display_name", "deleted_at")):
                if row["deleted_at"] is not None:
                    continue
                role = ROLES.get(row["role"] or "")
                if role is None:
                    self._note(f"the role {row['role']!r} is not known here: its user becomes a viewer")
                login = row["username"] or ""
                found = await arrivals.user(
                    connection, self._caller, uuid.UUID(bytes=row["user_id"]), login, role or Role.VIEWER
                )
                self._users[row["user_id"]] = found.id, login
                self._count("users", is_new=found.is_new)
                if found.is_new:
                    self._result.without_password.append(found.login)
            for row in await self._rows("team", ("team_id", "name", "deleted_at")):
                if row["deleted_at"] is not None:
                    continue
                team = await arrivals.team(
                    connection, self._caller, uuid.UUID(bytes=row["team_id"]), row["name"] or "Team"
                )
                if team is None:
                    self._note(f"the team {row['name']!r} was removed here and stays so")
                    continue
                self._teams[row["team_id"]] = team.id
                self._count("teams", is_new=team.is_new)
            await self._members(connection)

    async def _members(self, connection: Any) -> None:
        for row in await self._rows("team_user", ("team_id", "user_id", "role")):
            team, user = self._teams.get(row["team_id"]), self._users.get(row["user_id"])
            if team is None or user is None:
                continue  # of somebody or something that is gone there
            role = TEAM_ROLES.get(row["role"] or "")
            if role is None:
                self._note(f"the team role {row['role']!r} is not known here: its member becomes a viewer")
            is_new = await arrivals.member(connection, self._caller, team, user[0], role or TeamRole.VIEWER)
            self._count("members", is_new=is_new)

    async def places(self, chosen: Sequence[Website]) -> list[Task]:
        """Sites, links and pixels, each with what is to be read of it."""
        async with self._house.database.transaction() as connection:
            sites = [await self._site(connection, website) for website in chosen]
            tasks = [task for task in sites if task is not None]
            for kind in (LinkKind.LINK, LinkKind.PIXEL):
                tasks += await self._links(connection, kind)
        return tasks

    async def _site(self, connection: Any, website: Website) -> Task | None:
        known = self._by_id[str_of(website.id)]
        new = arrivals.ArrivingSite(
            uuid=uuid.UUID(bytes=website.id),
            tenant=await self._owner(connection, website.user, website.team),
            name=website.name or website.domain,
            domains=await self._domains(website),
            time_zone=self._wish.time_zone,
            keep_days=self._days(known),
            created_by=self._users[website.user][0] if website.user in self._users else None,
        )
        return await self._placed(connection, new, known)

    async def _placed(self, connection: Any, new: arrivals.ArrivingSite, known: SitePlan) -> Task | None:
        found = await arrivals.site(connection, self._caller, new)
        if found is None:
            self._note(f"the site {known.name!r} was removed here and stays so")
            known.skipped["removed_here"] = known.events
            return None
        site, tenant = found
        self._count("sites", is_new=site.is_new)
        kept = await connection.fetchval(CURSORS["retained"], site.id)
        if new.keep_days - _SPARE_DAYS > kept:
            self._note(
                f"{known.name!r} keeps events for {kept} days, and the oldest that come are older: they are erased "
                f"again tonight unless it keeps them longer: `sightline site change … --keep analytics=DAYS`"
            )
        return self._task(known, site.id, tenant)

    def _task(self, known: SitePlan, site: int, tenant: int) -> Task:
        extras = {"event_data"} if known.properties else set()
        extras |= {"revenue"} if known.revenue else set()
        later = {"earlier", "future", "without_time", "site_not_chosen"}
        return Task(
            website=uuid.UUID(known.uuid).bytes, name=known.name, site=site, tenant=tenant,
            from_us=_since_us(self._wish), until_us=self._result.plan.until_us,
            total=known.events + sum(count for reason, count in known.skipped.items() if reason not in later),
            extras=frozenset(extras),
        )  # fmt: skip

    async def _owner(self, connection: Any, user: bytes | None, team: bytes | None) -> int:
        """The team that owns something here: the same, or somebody's own."""
        if team is not None and team in self._teams:
            return self._teams[team]
        if user is not None and user in self._users:
            id_, login = self._users[user]
            return await arrivals.own_team(connection, self._caller, id_, login)
        # Whoever it belonged to is gone there: it gets a team without members, which an admin can give to somebody.
        id_of_team = uuid.uuid5(uuid.UUID(bytes=team or user or bytes(16)), "sightline: nobody's")
        found = await arrivals.team(connection, self._caller, id_of_team, "Moved from Umami")
        if found is None:
            raise InvalidValue("the team 'Moved from Umami' was removed here", hint="Give the site an owner there.")
        return found.id

    async def _domains(self, website: Website) -> list[str]:
        """The site's domain, what is below it, and hosts that many of its pages have: hits of others are kept out."""
        found: list[str] = []
        text = website.domain.strip().partition("://")[2] or website.domain.strip()
        name = text.partition("/")[0].partition(":")[0]
        try:
            domain = names.domain(name).removeprefix("*.")
        except InvalidValue:
            if name:
                self._note(f"{website.name!r}: its domain is none, so the site takes hits of every host")
            return found
        found = [domain, f"*.{domain}"]
        if self._source.has("website_event", "hostname"):
            hosts = await self._source.rows(SQL["hosts"], website.id)
            most = sum(row["rows"] for row in hosts) * _SHARE_OF_HOST
            for row in hosts:
                try:
                    host = names.domain(row["host"])
                except InvalidValue:
                    continue
                if row["rows"] >= most and not f".{host}".endswith(f".{domain}"):
                    found.append(host)
        return found[:100]

    def _days(self, known: SitePlan) -> int:
        """How long a site has to keep its events so that the oldest does not end at once."""
        if known.first_us is None:
            return 0
        age = (clock.now_ms() - (known.first_us + EPOCH_US) // 1000) // _DAY_MS
        return int(age) + _SPARE_DAYS

    async def _links(self, connection: Any, kind: LinkKind) -> list[Task]:
        """Links or pixels. Here they are a site's, so each owner gets one site for them."""
        tasks: list[Task] = []
        if not self._source.has(kind.value, "slug"):
            return tasks
        fields = (f"{kind.value}_id", "name", "url", "slug", "user_id", "team_id", "deleted_at")
        for row in await self._rows(kind.value, fields):
            known = self._by_id.get(str_of(row[0]))
            if row["deleted_at"] is not None or known is None or not known.chosen:
                continue
            owner = row["team_id"] or row["user_id"] or bytes(16)
            new = arrivals.ArrivingSite(
                uuid=uuid.uuid5(uuid.UUID(bytes=owner), "sightline: links and pixels"),
                tenant=await self._owner(connection, row["user_id"], row["team_id"]),
                name="Links and pixels", domains=[], time_zone=self._wish.time_zone, keep_days=self._days(known),
            )  # fmt: skip
            task = await self._placed(connection, new, known)
            if task is None:
                continue
            try:
                link = await arrivals.link(
                    connection,
                    arrivals.ArrivingLink(
                        uuid=uuid.UUID(bytes=row[0]), site=task.site, kind=kind, name=row["name"] or row["slug"],
                        slug=row["slug"] or "", url=row["url"] or "" if kind is LinkKind.LINK else "",
                    ),
                )  # fmt: skip
                self._count(f"{kind.value}s", is_new=link.is_new)
            except InvalidValue as exc:
                self._note(f"the {kind.value} {row['name']!r} is not taken over: {exc.message}")
            tasks.append(task)  # what was counted of it is kept all the same
        return tasks
