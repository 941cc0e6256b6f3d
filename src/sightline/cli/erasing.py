"""`sightline site reset`, `erase`, `erasures` and `storage`: what a site's data take, and taking them away."""

import asyncio
import sys
from typing import Final

import click
import msgspec

from sightline.accounts import sites
from sightline.accounts.callers import operator
from sightline.accounts.names import identifier
from sightline.accounts.permissions import Permission
from sightline.accounts.scopes import Scope, scope_for, site_named
from sightline.cli.opening import opened
from sightline.cli.output import as_json, document, dry_run, places, print_json, print_table, run_async, sure, yes
from sightline.errors import InvalidValue
from sightline.operate.house import House
from sightline.settings import Loaded
from sightline.signals import emptying
from sightline.signals.emptying import Names
from sightline.signals.erasure import Asked, asked
from sightline.signals.retention import Forecast, Retention
from sightline.signals.sealing import Busy

_LOOK_AGAIN_S: Final = 0.5


async def carry_out(house: House) -> None:
    """Erase what was asked for, or wait while the server does."""
    while True:
        try:
            await house.erasure.resume(progress=_show)
        except Busy:
            await asyncio.sleep(_LOOK_AGAIN_S)
            continue
        _clear()
        return


@click.command()
@places
@click.argument("site")
@yes
@as_json
@run_async
async def reset(*, loaded: Loaded, site: str, yes: bool, json: bool) -> None:
    """Erase everything that a site has collected until now; the site and its settings stay. Asks first.

    Readers see nothing of it any more at once. An interrupted run is finished by the server, or the next command.
    """
    async with opened(loaded) as house:
        scope = await _scope(house, site)
        name = (await sites.show(house.database, scope)).name
        sure(f"Erase everything that {name!r} has collected?", yes=yes)
        wanted = await emptying.reset(house.database, scope)
        await carry_out(house)
        _print(await _state(house, scope, wanted), json=json)


@click.command()
@places
@click.argument("site")
@click.option("--visitor", "visitors", multiple=True, metavar="ID", help="A visitor, as reports name it.")
@click.option("--visit", "visits", multiple=True, metavar="ID", help="A visit.")
@click.option("--person", "persons", multiple=True, metavar="ID", help="A person, as reports name it.")
@click.option("--named", multiple=True, metavar="NAME", help="A person, as the application named it to `identify`.")
@dry_run
@yes
@as_json
@run_async
async def erase(  # noqa: PLR0913 - one per option
    *, loaded: Loaded, site: str, visitors: tuple[str, ...], visits: tuple[str, ...], persons: tuple[str, ...],
    named: tuple[str, ...], dry_run: bool, yes: bool, json: bool,
) -> None:  # fmt: skip
    """Erase what some visitors, visits or persons left on a site. Asks first.

    A person's pseudonyms go, too: what was seen before `identify` is of the same browser.

    \b
    Example: sightline site erase Shop --named user-4711 --dry-run
    """
    wanted = Names(visitors=_numbers(visitors), visits=_numbers(visits), persons=_numbers(persons), named=named)
    async with opened(loaded) as house:
        scope = await _scope(house, site)
        tombstone = await emptying.tombstone_for(house.keys, scope, wanted)
        counts = await house.erasure.preview(tombstone)
        if dry_run:
            if json:
                print_json({"dry_run": True, "signals": counts})
            else:
                print_table([{"kind": kind, "signals": count} for kind, count in counts.items()])
            return
        sure(f"Erase {sum(counts.values()):,} signals?", yes=yes)
        found = await emptying.erase(house.database, scope, tombstone)
        await carry_out(house)
        _print(await _state(house, scope, found), json=json)


@click.command()
@places
@click.argument("site")
@as_json
@run_async
async def erasures(*, loaded: Loaded, site: str, json: bool) -> None:
    """List the latest erasures of a site, and how far they are."""
    async with opened(loaded) as house:
        found = await asked(house.database, (await _scope(house, site)).site)
    if json:
        print_json({"items": [document(one) for one in found]})
        return
    print_table(
        [
            {
                "erasure": one.id,
                "reason": one.reason,
                "asked": f"{one.requested_at:%Y-%m-%d %H:%M:%S}",
                "done": f"{one.done:.0%}",
                "signals": one.rows,
            }
            for one in found
        ]
    )


@click.command()
@places
@click.option("--site", help="Only this site.")
@as_json
@run_async
async def storage(*, loaded: Loaded, site: str | None, json: bool) -> None:
    """Show what the sealed signals of each site and kind take, and what they will when nothing changes."""
    async with opened(loaded) as house:
        only = None if site is None else [(await _scope(house, site, Permission.SITE_READ)).site]
        found = await Retention(house.database).forecast(only)
    if json:
        print_json({"items": [msgspec.to_builtins(one) for one in found]})
        return
    print_table([_forecast(one) for one in found])


COMMANDS: Final = (reset, erase, erasures, storage)


def _forecast(one: Forecast) -> dict[str, object]:
    return {
        "site": one.site,
        "kind": one.kind,
        "kept days": one.days,
        "signals": f"{one.rows:,}",
        "now": _size(one.bytes),
        "a day": _size(one.bytes_per_day),
        "in 30 days": _size(one.bytes_in_30_days),
        "at most": _size(one.bytes_at_most),
    }


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


async def _scope(house: House, site: str, permission: Permission = Permission.SITE_ERASE) -> Scope:
    return await scope_for(house.database, operator(), permission, site=await site_named(house.database, site))


async def _state(house: House, scope: Scope, wanted: Asked) -> Asked:
    (found,) = await asked(house.database, scope.site, before=wanted.id + 1, since=wanted.id, limit=1)
    return found


def _numbers(texts: tuple[str, ...]) -> tuple[int, ...]:
    found = [identifier(text) for text in texts]
    numbers = [one for one in found if isinstance(one, int)]
    if len(numbers) != len(texts):
        raise InvalidValue(f"{', '.join(texts)}: ids are numbers", hint="Take them from a report, as `visits`.")
    return tuple(sorted(set(numbers)))


def _print(found: Asked, *, json: bool) -> None:
    if json:
        print_json(document(found))
    else:
        click.echo(f"erased {found.rows:,} signals (erasure {found.id})")


async def _show(done: float) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r\033[K  {done:.0%}", nl=False, err=True)


def _clear() -> None:
    if sys.stderr.isatty():
        click.echo("\r\033[K", nl=False, err=True)
