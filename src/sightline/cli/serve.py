"""`sightline up` and `sightline serve`: the process that serves, on our own PostgreSQL or on another."""

import asyncio
import contextlib
import gc
import logging
from collections.abc import Mapping
from pathlib import Path

import click

from sightline import __version__
from sightline.accounts.setup import ensure_setup_link
from sightline.cli.opening import credentials, vault_login
from sightline.cli.output import load_once
from sightline.errors import SettingError
from sightline.keys import ring as keys_ring
from sightline.operate.demo.shop import shop_beside
from sightline.operate.house import House, open_house
from sightline.privacy import dictionary
from sightline.privacy.logs import MaskingFilter
from sightline.server import logs, process
from sightline.server.application import application, ready
from sightline.server.collecting import Collecting, collecting
from sightline.server.jobs import Jobs
from sightline.server.notices import Heard, Notices
from sightline.server.schedule import JOBS
from sightline.settings import Loaded
from sightline.signals import rules
from sightline.signals.activation import ensure_shipped

log = logging.getLogger("sightline")

_common = (
    click.option("--data", type=click.Path(path_type=Path), help="The data folder.  [env: SIGHTLINE_DATA]"),
    click.option("--config", type=click.Path(path_type=Path), help="The settings file.  [env: SIGHTLINE_CONFIG]"),
    click.option("--host", help="Address to listen on.  [env: SIGHTLINE_SERVER_HOST]"),
    click.option("--port", type=int, help="Port to listen on; 0 takes a free one.  [env: SIGHTLINE_SERVER_PORT]"),
)


def _with_common(command: click.decorators.FC) -> click.decorators.FC:
    for option in reversed(_common):
        command = option(command)
    return command


@click.command()
@_with_common
@click.option(
    "--demo/--no-demo",
    default=None,
    help="Serve the example shop, too, where there is one.  [env: SIGHTLINE_DEMO_SHOP]",
)
def up(*, data: Path | None, config: Path | None, host: str | None, port: int | None, demo: bool | None) -> None:
    """Start Sightline with its own PostgreSQL, and print its address.

    The first start prints a link, too, that works once and makes you its administrator. In a clone the example shop is
    served beside it. Ctrl-C stops everything.
    """
    loaded = load_once(data, config, {"server.host": host, "server.port": port, "demo.shop": demo})
    if loaded.settings.database.url is not None:
        raise SettingError(
            f"database.url is set ({loaded.origins['database.url']}), but `up` brings its own PostgreSQL",
            hint="Use `sightline serve`, or unset it.",
        )
    _run(loaded)


@click.command()
@_with_common
@click.option(
    "--role",
    type=click.Choice(["all", "collect", "reports", "jobs"]),
    help="What this process does.  [env: SIGHTLINE_SERVER_ROLE]",
)
def serve(*, data: Path | None, config: Path | None, host: str | None, port: int | None, role: str | None) -> None:
    """Serve on the PostgreSQL that database.url names."""
    flags: Mapping[str, object] = {"server.host": host, "server.port": port, "server.role": role}
    loaded = load_once(data, config, flags)
    if loaded.settings.database.url is None:
        raise SettingError(
            "database.url is not set",
            hint="Set SIGHTLINE_DATABASE_URL, or use `sightline up` to bring a PostgreSQL along.",
        )
    _run(loaded)


def _run(loaded: Loaded) -> None:
    import uvloop  # noqa: PLC0415 - only a serving process needs it

    logs.start(loaded.settings.log, (MaskingFilter(dictionary.default()),))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(loaded))


async def _serve(loaded: Loaded) -> None:
    server = loaded.settings.server
    listening = process.bind(server)
    click.echo(f"Sightline {__version__}")
    click.echo(f"  data      {loaded.data}")
    async with (
        open_house(loaded, credentials(loaded), progress=_say, serving=True, vault_login=vault_login(loaded)) as house,
        shop_beside(house, _say_shop) as begin_shop,
    ):
        jobs = Jobs(JOBS, house, house.database, house.direct) if server.role in {"all", "jobs"} else None
        readiness = ready(house, jobs)
        link = await ensure_setup_link(house.database, minutes=house.settings.accounts.setup_link_minutes)

        def announce() -> None:
            address = process.address(listening)
            _announce(house, address, link)
            begin_shop(address)

        def stopping() -> None:
            if not readiness.stopping:
                readiness.stopping = True
                log.info("stopping: finishing what is under way")

        await ensure_shipped(house.database)
        heard = {
            keys_ring.CHANNEL: Heard(house.heed_keys, house.forget_keys),
            rules.CHANNEL: Heard(house.rules.heed, house.rules.forget),
        }
        notices = Notices(house.direct, heard)
        notices.start()
        if jobs:
            jobs.start()
        try:
            async with process.emitting(wanted=loaded.settings.log.metrics), _collecting(house) as hits:
                app = application(house, readiness, hits)
                # What was built until now lives as long as the process: the collector need not look at it again.
                gc.collect()
                gc.freeze()
                await process.serve(app, listening, server, ready=announce, stopping=stopping)
        finally:
            await notices.stop()
            if jobs:
                await jobs.stop()


def _collecting(house: House) -> contextlib.AbstractAsyncContextManager[Collecting | None]:
    return collecting(house) if house.settings.server.role in {"all", "collect"} else contextlib.nullcontext()


def _announce(house: House, address: str, token: str | None) -> None:
    public = house.settings.server.public_url.rstrip("/") or address
    click.echo(f"  address   {public}")
    if token:
        minutes = house.settings.accounts.setup_link_minutes
        click.echo(f"  setup     {public}/setup#token={token}")
        click.echo(f"            works once, for {minutes} minutes, and makes you the administrator")


def _say_shop(url: str) -> None:
    click.echo(f"  shop      {url}")


def _say(step: str) -> None:
    click.echo(f"  …         {step}")
