"""`sightline demo`: visits that are made up, so that every page and report has something to show."""

import contextlib
from collections.abc import Callable
from typing import Final

import click
import msgspec

from sightline import clock
from sightline.accounts import sites, tracking
from sightline.accounts.permissions import Permission
from sightline.cli.move import Shown
from sightline.cli.opening import opened
from sightline.cli.output import as_json, places, print_json, run_async
from sightline.cli.stored import scope
from sightline.errors import CallerError, Conflict, Unavailable
from sightline.moving.progress import Meter
from sightline.operate.demo import chromium, history, live, shop
from sightline.operate.demo.live import Played
from sightline.operate.demo.site import UUID, DemoSite, demo_site
from sightline.operate.demo.story import DAY_MS, visits
from sightline.operate.house import House
from sightline.settings import Loaded

_MOST_REASONS: Final = 3


@click.group()
def demo() -> None:
    """The example shop: visits that are made up."""


@demo.command()
@places
@click.option(
    "--visits",
    "number",
    type=click.IntRange(0, 100_000),
    default=400,
    show_default=True,
    help="How many visits of past days.",
)
@click.option("--days", type=click.IntRange(1, 365), default=30, show_default=True, help="On how many days.")
@click.option(
    "--live",
    "now",
    type=click.IntRange(0, 500),
    default=14,
    show_default=True,
    help="How many visits happen now, in headless Chromium with recordings where it is installed.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Another number makes other visits.")
@click.option("--site", help="Another site than the demo's: id, UUID, name or domain.")
@click.option("--mix", is_flag=True, help="Also where that site is a real one, whose numbers are wrong afterwards.")
@click.option("--chromium", "program", default="", help="Where Chromium is; without it, it is looked for.")
@as_json
@run_async
async def traffic(  # noqa: PLR0913 - one per option
    *, loaded: Loaded, number: int, days: int, now: int, seed: int, site: str | None, mix: bool, program: str,
    json: bool,
) -> None:  # fmt: skip
    """Make up visits of the example shop: on past days, and now.

    \b
    Example: sightline demo traffic --visits 2000 --days 90

    The same seed on the same day makes the same visits, and stores them once. What happens now needs the running
    server; the visits are those of the real SDK where the shop runs and Chromium is installed, else of its protocol.
    """
    shown = Shown()
    async with opened(loaded) as house:
        found = await _site(house, site, mix=mix)
        today_ms = clock.now_ms() // DAY_MS * DAY_MS
        made = visits(seed, number, days, today_ms)
        name = f"{seed}/{number}/{days}/{today_ms}"
        try:
            told = await history.store(house, found, name, made, _watch(Meter("past visits", number, shown)))
            played = await _play(house, found, now, seed, program, _watch(Meter("visits now", now, shown)))
        finally:
            shown.end()
    if json:
        print_json({"site": str(found.id), "history": msgspec.to_builtins(told), "live": msgspec.to_builtins(played)})
        return
    click.echo(f"past   {told.visits:,} visits, {told.signals:,} signals on {days} days")
    if told.before:
        click.echo(f"       {told.before:,} were stored before: choose another --seed for more")
    click.echo(f"now    {played.visits:,} visits, by {played.how}")
    for why in dict.fromkeys(played.why[:_MOST_REASONS]):
        click.echo(f"       {played.failed} failed: {why}", err=True)


def _watch(meter: Meter) -> Callable[[int], None]:
    """What a meter counts, told as how far somebody is."""
    done = 0

    def to(count: int) -> None:
        nonlocal done
        meter.add(count - done)
        done = count

    return to


async def _site(house: House, named: str | None, *, mix: bool) -> DemoSite:
    """The site that the visits are of: the demo's own, unless another is named and it is meant."""
    if named is None:
        found = await demo_site(house)
        if found is None:
            raise Conflict("the demo's site was removed", hint="Name another with --site, and --mix if it is meant.")
        return found
    one = await sites.show(house.database, await scope(house.database, named, Permission.SITE_SEND))
    if one.uuid != UUID and not mix:
        raise CallerError(
            f"{one.name!r} is no demo site: made-up visits would stand among its own",
            hint="Leave --site out, or say --mix if that is meant.",
        )
    return DemoSite(one.id, one.tenant_id, one.public_key, is_own=one.uuid == UUID)


async def _play(  # noqa: PLR0913, PLR0917 - what the command was told
    house: House, site: DemoSite, number: int, seed: int, program: str, watch: Callable[[int], None]
) -> Played:
    """The visits that happen now."""
    if not number:
        return Played(how="nobody")
    server = house.settings.server
    url = shop.address_of(house.data)
    path = chromium.program(program)
    if program and path is None:
        raise CallerError(f"--chromium: there is no program {program!r}", hint="Leave it out, or name another.")
    if url and path and site.is_own:
        with contextlib.suppress(Unavailable):
            return await live.in_chromium(path, url, number, seed, watch)
    base = url or house.settings.client.url or server.public_url or f"http://{server.host}:{server.port}"
    endpoint = f"{base.rstrip('/')}/{await tracking.path(house.database)}/e"
    made = visits(seed + number, number, 1, clock.now_ms() // DAY_MS * DAY_MS)
    return await live.by_protocol(endpoint, site.public_key, made, watch)
