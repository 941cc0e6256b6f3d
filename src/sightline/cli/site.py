"""`sightline site`: the watched web applications."""

from collections.abc import Sequence
from typing import get_args

import click
import msgspec

from sightline.accounts import sites, tracking
from sightline.accounts.callers import operator
from sightline.accounts.permissions import Permission
from sightline.accounts.scopes import Scope, scope_for, site_named, team_named
from sightline.accounts.sites import Kept, Privacy, Site
from sightline.cli.erasing import COMMANDS, carry_out
from sightline.cli.opening import opened
from sightline.cli.output import as_json, document, places, print_json, print_table, run_async, sure, yes
from sightline.cli.paging import everything
from sightline.database.pool import Database
from sightline.privacy.consent import Mode
from sightline.privacy.pseudonyms import Period
from sightline.settings import Loaded
from sightline.signals import emptying

domain = click.option("--domain", "domains", multiple=True, help="A host name, or *.host; may be given several times.")


@click.group()
def site() -> None:
    """List, add, change and remove sites. SITE is an id, a UUID, a name or a domain."""


@site.command("list")
@places
@click.option("--team", help="Only the sites of this team: id, UUID or name.")
@as_json
@run_async
async def list_(*, loaded: Loaded, team: str | None, json: bool) -> None:
    """List the sites."""
    async with opened(loaded) as house:
        scope = await scope_for(house.database, operator(), Permission.SITE_READ)
        tenant_id = (await _team(house.database, team)).tenant if team else None
        found = await everything(
            lambda after, limit: sites.listing(house.database, scope, tenant_id=tenant_id, after=after, limit=limit),
            lambda one: one.id,
        )
    _print(found, json=json)


@site.command()
@places
@click.argument("name")
@domain
@click.option("--time-zone", default="UTC", show_default=True, help="Of the IANA list, as Europe/Zurich.")
@click.option("--team", help="The team it belongs to: id, UUID or name. Needed where there are several.")
@as_json
@run_async
async def add(  # noqa: PLR0913 - one per option
    *, loaded: Loaded, name: str, domains: tuple[str, ...], time_zone: str, team: str | None, json: bool
) -> None:
    """Add a site.

    \b
    Example: sightline site add Shop --domain shop.example.com --time-zone Europe/Zurich
    """
    async with opened(loaded) as house:
        scope = (
            await _team(house.database, team, Permission.SITE_CREATE)
            if team
            else await scope_for(house.database, operator(), Permission.SITE_CREATE)
        )
        new = sites.NewSite(name=name, domains=list(domains), time_zone=time_zone)
        made = await sites.create(house.database, scope, new)
    _print_one(made, json=json)


@site.command()
@places
@click.argument("site")
@as_json
@run_async
async def show(*, loaded: Loaded, site: str, json: bool) -> None:
    """Show one site, with its public key and how long its data are kept."""
    async with opened(loaded) as house:
        found = await sites.show(house.database, await _site(house.database, site, Permission.SITE_READ))
    _print_one(found, json=json)


@site.command()
@places
@click.argument("site")
@click.option("--name", help="Another name.")
@domain
@click.option("--time-zone", help="Another time zone.")
@click.option("--keep", multiple=True, metavar="KIND=DAYS", help=f"Days to keep one of {', '.join(Kept)}.")
@click.option("--collect", type=click.Choice(get_args(Mode)), help="The most that is collected.")
@click.option("--ask/--no-ask", "ask", default=None, help="Collect nothing until the visitor agreed.")
@click.option(
    "--honour-signals/--ignore-signals", default=None, help="Obey Do Not Track and Global Privacy Control, or not."
)
@click.option("--salt", type=click.Choice(get_args(Period)), help="For how long a visitor is recognised.")
@as_json
@run_async
async def change(  # noqa: PLR0913 - one per option
    *,
    loaded: Loaded,
    site: str,
    name: str | None,
    domains: tuple[str, ...],
    time_zone: str | None,
    keep: tuple[str, ...],
    collect: Mode | None,
    ask: bool | None,
    honour_signals: bool | None,
    salt: Period | None,
    json: bool,
) -> None:
    """Change a site; what is not named stays. Domains are replaced by those given.

    \b
    Example: sightline site change Shop --keep recordings=14 --collect analytics --ask
    """
    days = dict(_kept(text) for text in keep)
    wanted = sites.SiteChange(
        name=msgspec.UNSET if name is None else name,
        domains=list(domains) or msgspec.UNSET,
        time_zone=msgspec.UNSET if time_zone is None else time_zone,
    )
    privacy = {"consent_mode": collect, "consent_asked": ask, "honour_signals": honour_signals, "salt_period": salt}
    given = {field: value for field, value in privacy.items() if value is not None}
    protected = msgspec.convert(given, sites.PrivacyChange)
    changes = bool(domains or name is not None or time_zone is not None)
    if not changes and not days and protected == sites.PrivacyChange():
        raise click.UsageError("Say what to change: `sightline site change --help` lists the options.")
    async with opened(loaded) as house:
        scope = await _site(house.database, site, Permission.SITE_CHANGE)
        if changes:
            await sites.change(house.database, scope, wanted)
        if days:
            await sites.retain(house.database, scope, days)
        if protected != sites.PrivacyChange():
            await sites.protect(house.database, scope, protected)
        found = await sites.show(house.database, scope)
    _print_one(found, json=json)


@site.command()
@places
@click.argument("site")
@yes
@run_async
async def remove(*, loaded: Loaded, site: str, yes: bool) -> None:
    """Remove a site with all its data; asks first."""
    async with opened(loaded) as house:
        scope = await _site(house.database, site, Permission.SITE_DELETE)
        found = await sites.show(house.database, scope)
        sure(f"Remove the site {found.name!r} with all its data?", yes=yes)
        await emptying.remove(house.database, scope)
        await carry_out(house)
    click.echo(f"removed {found.name}", err=True)


@site.command()
@places
@click.argument("site")
@click.option("--url", help="Where pages reach Sightline, as https://stats.example.com; '' for a proxied path.")
@run_async
async def snippet(*, loaded: Loaded, site: str, url: str | None) -> None:
    """Print what a site puts into its pages.

    With --url '' the snippet names only the path: for sites whose own server passes it on to Sightline, which is
    what blockers and third-party rules have nothing against.

    \b
    Example: sightline site snippet Shop --url https://stats.example.com
    """
    async with opened(loaded) as house:
        scope = await _site(house.database, site, Permission.SITE_READ)
        base = house.settings.server.public_url if url is None else url
        click.echo(await tracking.snippet(house.database, scope, base.rstrip("/")))


@site.command("tracking")
@places
@click.argument("site")
@click.option("--replay", type=click.IntRange(0, 100), metavar="PERCENT", help="How many visits are recorded.")
@click.option("--payment-page", "pages", multiple=True, help="A path that is never recorded, as /checkout/*.")
@click.option("--endpoint", "endpoints", multiple=True, help="An origin whose requests are joined to the visit.")
@as_json
@run_async
async def tracking_(  # noqa: PLR0913 - one per option
    *,
    loaded: Loaded,
    site: str,
    replay: int | None,
    pages: tuple[str, ...],
    endpoints: tuple[str, ...],
    json: bool,
) -> None:
    """Show or change what the SDK does on a site; lists are replaced by what is given.

    \b
    Example: sightline site tracking Shop --replay 50 --payment-page '/checkout/*'
    """
    wanted = tracking.TrackingChange(
        replay_percent=msgspec.UNSET if replay is None else replay,
        payment_pages=pages or msgspec.UNSET,
        endpoints=endpoints or msgspec.UNSET,
    )
    async with opened(loaded) as house:
        changes = wanted != tracking.TrackingChange()
        scope = await _site(house.database, site, Permission.SITE_CHANGE if changes else Permission.SITE_READ)
        if changes:
            await tracking.change(house.database, scope, wanted)
        found = await tracking.of_site(house.database, scope.site)
    if json:
        print_json(document(found))
        return
    for label, value in (
        ("recorded", f"{found.replay_percent} % of visits"),
        ("never", ", ".join(found.payment_pages) or "-"),
        ("joined", ", ".join(found.endpoints) or "the page's own origin"),
    ):
        click.echo(f"{label:14} {value}")


for _command in COMMANDS:
    site.add_command(_command)


async def _site(database: Database, text: str, permission: Permission) -> Scope:
    return await scope_for(database, operator(), permission, site=await site_named(database, text))


async def _team(database: Database, text: str, permission: Permission = Permission.TEAM_READ) -> Scope:
    return await scope_for(database, operator(), permission, team=await team_named(database, text))


def _kept(text: str) -> tuple[Kept, int]:
    kind, equals, days = text.partition("=")
    if kind not in list(Kept) or not equals or not days.isdigit():
        raise click.UsageError(f"--keep {text!r}: write KIND=DAYS, where KIND is one of {', '.join(Kept)}.")
    return Kept(kind), int(days)


def _print(found: Sequence[Site], *, json: bool) -> None:
    if json:
        print_json({"items": [document(one) for one in found]})
        return
    print_table(
        [
            {
                "id": one.id,
                "name": one.name,
                "domains": list(one.domains),
                "time zone": one.time_zone,
                "public key": one.public_key,
            }
            for one in found
        ]
    )


def _print_one(found: Site, *, json: bool) -> None:
    if json:
        print_json(document(found))
        return
    kept = ", ".join(f"{kind.value} {days}" for kind, days in found.retention.items())
    for label, value in (
        ("name", found.name),
        ("id", found.id),
        ("uuid", found.uuid),
        ("domains", ", ".join(found.domains) or "-"),
        ("time zone", found.time_zone),
        ("public key", found.public_key),
        ("kept, in days", kept),
        ("collects", _collected(found.privacy)),
        ("recognised", f"for a {found.privacy.salt_period}"),
        ("created", f"{found.created_at:%Y-%m-%d %H:%M} UTC"),
    ):
        click.echo(f"{label:14} {value}")


def _collected(privacy: Privacy) -> str:
    most = {"none": "nothing", "analytics": "analytics", "replay": "analytics and recordings"}[privacy.consent_mode]
    asked = ", once the visitor agreed" if privacy.consent_asked else ""
    heeded = "" if privacy.honour_signals else ", also where a browser sends Do Not Track"
    return most + asked + heeded
