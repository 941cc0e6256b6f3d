"""What there is in Umami's database: counted before anything is done, with what is passed over and why."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec import Struct, field

from sightline.collect.umami_rows import PERFORMANCE, TYPES
from sightline.moving.umami_source import KNOWN, SQL, Source, Website, str_of, websites

# Why a row is not stored, by the word under which it is counted.
REASONS: Final[Mapping[str, str]] = {
    "vitals": "Web Vitals: not imported yet, there is no kind of signal that they could be stored as",
    "unknown_type": "of a type that Umami 2 and 3 do not have",
    "without_time": "without a time",
    "future": "of a time that has not come; import again later",
    "earlier": "from before --since",
    "site_removed": "of a site that was removed there",
    "site_unknown": "of a site that does not exist there",
    "site_not_chosen": "of a site that --site does not name",
    "without_events": "identify properties of visitors without any event",
    "revenue_amount": "revenue that is not above zero; the event is stored without it",
    "revenue_currency": "revenue without a currency of three letters, or in a second one; the event is stored without",
    "removed_here": "of a site that was removed here",
}
# Tables of which nothing is stored, and why.
_NOT_MOVED: Final[Mapping[str, str]] = {
    "session_replay": "recordings: not imported, their format is another",
    "session_replay_saved": "recordings: not imported",
    "report": "saved reports: not imported yet",
    "board": "boards: not imported yet",
    "share": "share links: not imported yet",
    "team_website": "of the first releases of Umami 2, no longer read there either",
    "_prisma_migrations": "the history of Umami's own schema",
}


class SitePlan(Struct, kw_only=True):
    """What a site (or a link or pixel) has."""

    uuid: str
    kind: str
    name: str
    domain: str = ""
    chosen: bool = True
    events: int = 0
    orphaned: int = 0
    sessions: int = 0
    properties: int = 0
    identities: int = 0
    revenue: int = 0
    first_us: int | None = None
    skipped: dict[str, int] = field(default_factory=dict)


class TablePlan(Struct, kw_only=True, frozen=True):
    """One table: how many rows, and whether they come along."""

    table: str
    rows: int
    moved: bool
    why: str = ""


class Plan(Struct, kw_only=True):
    """Everything."""

    release: str
    until_us: int
    sites: list[SitePlan]
    tables: list[TablePlan]
    lost: dict[str, int] = field(default_factory=dict)

    @property
    def events(self) -> int:
        return sum(site.events for site in self.sites)

    def skipped(self) -> dict[str, int]:
        """All that is passed over, by reason."""
        total: Counter[str] = Counter(self.lost)
        for site in self.sites:
            total.update(site.skipped)
        return dict(total)


async def plan(source: Source, chosen: Sequence[Website], since_us: int) -> Plan:
    """Count it all."""
    until = await source.moment()
    sites = await _things(source, {one.id for one in chosen}, all_sites=len(chosen))
    by_id = {one.uuid: one for one in sites}
    found = Plan(release=source.release, until_us=until, sites=sites, tables=await _tables(source))
    removed = {str_of(one.id) for one in await websites(source) if one.deleted}
    for row in await source.rows(SQL["events_by_site"], until, since_us):
        _count(found, by_id.get(str_of(row["website_id"])), row, removed)
    for row in await source.rows(SQL["orphans"]):
        if site := by_id.get(str_of(row["website_id"])):
            site.orphaned = row["rows"]
    for table, name in (("session", "sessions"), ("event_data", "properties"), ("session_data", "identities"),
                        ("revenue", "revenue")):  # fmt: skip
        if source.has(table, "website_id"):
            for row in await source.rows(SQL["by_site"].format(table=table)):
                if site := by_id.get(str_of(row["website_id"])):
                    setattr(site, name, row["rows"])
    found.sites = [site for site in sites if site.chosen or site.events or site.skipped]
    return found


def _count(found: Plan, site: SitePlan | None, row: Any, removed: set[str]) -> None:
    rows = row["rows"]
    if site is None:
        reason = "site_removed" if str_of(row["website_id"]) in removed else "site_unknown"
        found.lost[reason] = found.lost.get(reason, 0) + rows
        return
    reason = _reason(site, row)
    if reason:
        site.skipped[reason] = site.skipped.get(reason, 0) + rows
        return
    site.events += rows
    if site.first_us is None or row["first_at"] < site.first_us:
        site.first_us = row["first_at"]


def _reason(site: SitePlan, row: Any) -> str:
    if not site.chosen:
        return "site_not_chosen"
    if row["event_type"] not in TYPES:
        return "vitals" if row["event_type"] == PERFORMANCE else "unknown_type"
    if row["without_time"]:
        return "without_time"
    if row["later"]:
        return "future"
    return "earlier" if row["earlier"] else ""


async def _things(source: Source, chosen: set[bytes], *, all_sites: int) -> list[SitePlan]:
    """Everything that events can be of: sites, links, pixels."""
    found = [
        SitePlan(uuid=str_of(one.id), kind="site", name=one.name, domain=one.domain, chosen=one.id in chosen)
        for one in await websites(source)
        if not one.deleted
    ]
    everything = len(found) == all_sites
    for kind in ("link", "pixel"):
        if source.has(kind, f"{kind}_id"):
            deleted = "deleted_at IS NULL" if source.has(kind, "deleted_at") else "true"
            rows = await source.rows(f'SELECT {kind}_id AS id, name FROM "{kind}" WHERE {deleted}')  # noqa: S608
            found += [
                SitePlan(uuid=str_of(row["id"]), kind=kind, name=row["name"] or kind, chosen=everything) for row in rows
            ]
    return found


async def _tables(source: Source) -> list[TablePlan]:
    made = []
    for table in sorted(source.tables):
        unknown = "" if table in KNOWN else "not a table that Umami 2 or 3 is known to have"
        why = unknown or _NOT_MOVED.get(table, "")
        made.append(TablePlan(table=table, rows=await source.count(table), moved=not why, why=why))
    return made
