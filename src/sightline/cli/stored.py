"""`sightline privacy audit`, `remask` and `salts`: what is stored, held against the rules in force."""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from sightline import clock
from sightline.accounts.callers import operator
from sightline.accounts.permissions import Permission
from sightline.accounts.scopes import Scope, scope_for, site_named
from sightline.cli.audit_page import html
from sightline.cli.opening import opened
from sightline.cli.output import as_json, dry_run, places, print_json, print_table, run_async
from sightline.database.pool import Database
from sightline.errors import CheckFailed, InvalidValue
from sightline.operate.house import House
from sightline.settings import Loaded
from sightline.signals.findings import Audit, Progress, Report
from sightline.signals.remasking import Job, Remasking
from sightline.signals.salts import Salts
from sightline.signals.walkers import Selection

for_site = click.option("--site", help="Only this site: id, UUID, name or domain.")
_DAYS: Final = {"h": 1 / 24, "d": 1.0, "w": 7.0}


class Moment(click.ParamType[int]):
    """A day, a moment, or how long ago: 2026-11-20, 2026-11-20T08:00, 7d, 12h."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        text = str(value)
        if text[:-1].isdigit() and text[-1:] in _DAYS and len(text) <= 6:
            return clock.to_ms(clock.now() - timedelta(days=int(text[:-1]) * _DAYS[text[-1]]))
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            self.fail(f"{text!r}: write 2026-11-20, 2026-11-20T08:00 (UTC), or 7d, 12h for how long ago.", param, ctx)
        return clock.to_ms(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


since = click.option("--since", type=Moment(), help="Only what was created from then on: 2026-11-20, 7d, 12h.")
kind = click.option("--kind", "kinds", multiple=True, help="Only this kind of signals; may be given several times.")


async def scope(database: Database, site: str | None, permission: Permission) -> Scope:
    """What the operator may touch, perhaps of one site."""
    named = await site_named(database, site) if site is not None else None
    return await scope_for(database, operator(), permission, site=named)


async def _sites(house: House, site: str | None, permission: Permission) -> tuple[int, ...]:
    return ((await scope(house.database, site, permission)).site,) if site is not None else ()


@click.command("audit")
@places
@for_site
@since
@click.option("--until", type=Moment(), help="Only what was created before then.")
@click.option("--sample", type=click.IntRange(min=1), metavar="N", help="Read only about N signals of each kind.")
@click.option("--html", "page", type=click.Path(path_type=Path), help="Write the report as one HTML page, too.")
@as_json
@run_async
async def audit_(  # noqa: PLR0913 - one per option
    *, loaded: Loaded, site: str | None, since: int | None, until: int | None, sample: int | None, page: Path | None,
    json: bool,
) -> None:  # fmt: skip
    """Read what is stored again, and report what the rules in force would still mask; exit code 1 when there is any.

    It says where and what kind, never the value. Each site is judged by its own rules.

    \b
    Example: sightline privacy audit --since 7d --sample 100000 --html audit.html
    """
    async with opened(loaded) as house:
        sites = await _sites(house, site, Permission.PRIVACY_READ)
        selection = Selection(sites=sites, since_ms=since or 0, until_ms=until)
        audit = Audit(house.walkers, await house.rules.by_site())
        report = await audit.run(selection, sample=sample, watch=_show_audit)
    _clear()
    if page is not None:
        _write(page, html(report, selection, sample, clock.now()))
        click.echo(f"wrote {page}", err=True)
    if json:
        print_json(msgspec.to_builtins(report, str_keys=True) | {"found": report.found})
    else:
        _print_report(report)
    if report.findings:
        raise CheckFailed(
            f"{report.found:,} findings under the rules in force",
            hint="`sightline privacy remask` masks what is stored anew.",
        )


def _print_report(report: Report) -> None:
    for walked in report.walked:
        click.echo(f"{walked.kind}: {walked.signals:,} signals, {walked.texts:,} texts, {walked.distinct:,} distinct")
    versions = ", ".join(
        f"{'all sites' if site == 0 else f'site {site}'} by version {number}"
        for site, number in report.versions.items()
    )
    click.echo(f"judged {versions}")
    if not report.findings:
        click.echo("nothing found")
        return
    print_table(
        [
            {
                "kind": finding.kind,
                "rules": finding.rules,
                "field": finding.field,
                "detector": finding.detector,
                "signals": finding.signals,
                "texts": finding.texts,
                "first at": f"{place.where} {place.row} {place.path}".rstrip(),
            }
            for finding in report.findings
            for place in finding.places[:1]
        ]
    )


@click.command()
@places
@for_site
@kind
@since
@click.option("--status", is_flag=True, help="Show the jobs and how far they are, and do nothing.")
@dry_run
@as_json
@run_async
async def remask(  # noqa: PLR0913 - one per option
    *, loaded: Loaded, site: str | None, kinds: tuple[str, ...], since: int | None, status: bool, dry_run: bool,
    json: bool,
) -> None:  # fmt: skip
    """Rewrite what is stored under the rules in force, where older ones masked it.

    It may be interrupted: the next run, or the server in the background, goes on where it was.

    \b
    Example: sightline privacy remask --site Shop --dry-run
    """
    async with opened(loaded) as house:
        sites = await _sites(house, site, Permission.PRIVACY_MANAGE)
        remasking = Remasking(house.database, house.walkers, house.rules, house.direct)
        if status:
            _print_jobs(await remasking.listing(), json=json)
            return
        if dry_run:
            found = await remasking.preview(sites=sites, kinds=kinds, since_ms=since or 0)
            if json:
                print_json({"dry_run": True, "items": [msgspec.structs.asdict(one) for one in found]})
                return
            others = any(one.site for one in found)
            print_table(
                [
                    {
                        "kind": one.kind,
                        "for": f"site {one.site}" if one.site else "all others" if others else "all sites",
                        "version": one.version,
                        "about signals": one.signals,
                        "texts that change": one.texts,
                    }
                    for one in found
                ]
            )
            return
        done = await remasking.run(operator(), sites=sites, kinds=kinds, since_ms=since or 0, watch=_show_remask)
    _clear()
    if json:
        print_json(msgspec.to_builtins(done, str_keys=True))
    else:
        click.echo(f"masked {done.changed:,} signals anew (job {done.id})")


def _print_jobs(jobs: list[Job], *, json: bool) -> None:
    if json:
        print_json({"items": [msgspec.to_builtins(job, str_keys=True) for job in jobs]})
        return
    print_table(
        [
            {
                "job": job.id,
                "sites": list(job.sites) or "all",
                "kinds": list(job.kinds) or "all",
                "started": f"{job.started_at:%Y-%m-%d %H:%M:%S}",
                "done": f"{job.progress:.0%}",
                "signals": job.changed,
                "finished": f"{job.finished_at:%Y-%m-%d %H:%M:%S}" if job.finished_at else None,
            }
            for job in jobs
        ]
    )


@click.command("salts")
@places
@as_json
@run_async
async def salts(*, loaded: Loaded, json: bool) -> None:
    """Show which salts exist, for which period, and when the older ones were destroyed.

    From a salt the pseudonyms of visitors are made. Without it nobody can tell whose they were.
    """
    async with opened(loaded) as house:
        found = await Salts(house.database).proof()
    if json:
        print_json({"items": [msgspec.structs.asdict(one) for one in found]})
        return
    print_table(
        [
            {
                "period": one.period,
                "from": _moment(clock.from_ms(one.starts_ms)),
                "until": _moment(clock.from_ms(one.ends_ms)),
                "exists": one.exists,
                "made": _moment(one.created_at),
                "destroyed": _moment(one.destroyed_at) if one.destroyed_at else None,
            }
            for one in found
        ]
    )
    late = [one for one in found if one.exists and one.ends_ms + _GRACE_MS < clock.now_ms()]
    if late:
        raise CheckFailed(
            f"{len(late)} salts exist although their period is over",
            hint="`sightline jobs list` shows whether privacy.salts runs; a server destroys them within minutes.",
        )


# The job runs every ten minutes, and a visit may go on for thirty into the next period.
_GRACE_MS: Final = 60 * 60 * 1000
COMMANDS: Final = (audit_, remask, salts)


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


def _write(page: Path, text: str) -> None:
    try:
        page.write_text(text, "utf-8")
    except OSError as exc:
        raise InvalidValue(f"cannot write {str(page)!r}: {exc.strerror}", hint="Name another file.") from exc


async def _show_audit(now: Progress) -> None:
    _show(f"{now.walker} {now.share:.0%}, {now.texts:,} texts, {now.rate:,.0f}/s")


async def _show_remask(job: Job) -> None:
    seconds = max((clock.now() - job.started_at).total_seconds(), 0.001)
    _show(f"{job.progress:.0%}, {job.changed:,} signals, {job.changed / seconds:,.0f}/s")


def _show(line: str) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r\033[K  {line}", nl=False, err=True)


def _clear() -> None:
    if sys.stderr.isatty():
        click.echo("\r\033[K", nl=False, err=True)
