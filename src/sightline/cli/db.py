"""`sightline db`: set up, migrate, verify, measure and remove the database schema."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import asyncpg
import click
import msgspec

from sightline import clock
from sightline.cli.opening import credentials, say
from sightline.cli.output import as_json, dry_run, places, print_json, print_table, run_async, yes
from sightline.cloud.cloudwatch import database_metrics
from sightline.database import baseline as measuring
from sightline.database import migrations
from sightline.database.address import Address, check, connect, direct, parse
from sightline.database.embedded import EmbeddedPostgres, running
from sightline.database.rollback import roll_back
from sightline.database.setup import Step, set_up
from sightline.database.tries import failed
from sightline.database.verify import verify as try_everything
from sightline.errors import CheckFailed, DatabaseUnavailable, SettingError
from sightline.settings import Loaded


@click.group()
def db() -> None:
    """Set up, migrate, verify, measure and remove the database schema."""


@asynccontextmanager
async def administrator(loaded: Loaded) -> AsyncIterator[Address]:
    """The administrator's address; the embedded PostgreSQL is started for the command if it does not run."""
    database = loaded.settings.database
    if database.admin_url is not None:
        address = parse(database.admin_url, database, setting="database.admin_url")
        try:
            await check(address)
        except DatabaseUnavailable as exc:
            hint = (exc.hint or "").replace("database.url", "database.admin_url")
            raise DatabaseUnavailable(exc.message, hint=hint) from exc
        yield address
        return
    if database.url is not None:
        raise SettingError(
            "database.url is set, but database.admin_url is not",
            hint="Set SIGHTLINE_DATABASE_ADMIN_URL (or …_FILE) to an administrator's postgresql:// URL.",
        )
    embedded = running(loaded.data)
    if embedded is not None:
        yield embedded
        return
    async with EmbeddedPostgres(loaded.data, loaded.settings.embedded) as started:
        yield started


@asynccontextmanager
async def service(loaded: Loaded, application: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection as the service's role: by its own URL, else with the login that setup kept."""
    database, store = loaded.settings.database, credentials(loaded)
    async with AsyncExitStack() as stack:
        # The writer itself: a proxy would hand our session, and with it the lock of a migration, to others.
        address = direct(database) if database.url is not None else None
        if address is None or address.password is None:
            stored = await store.read()
            if stored is None:
                raise SettingError(f"there is no login in {store.shown()}", hint="Run `sightline db setup`.")
            if address is not None:
                address = address.as_user(stored.username, stored.password)
            elif database.admin_url is not None:
                address = stored.address(database)
            else:
                # Where the embedded PostgreSQL listens may have changed since the login was kept.
                admin = await stack.enter_async_context(administrator(loaded))
                address = msgspec.structs.replace(
                    admin, user=stored.username, password=stored.password, schema=stored.schema
                )
        connection = await connect(address, application=application)
        stack.push_async_callback(connection.close)
        yield connection


def _short(text: str, width: int) -> str:
    """Cut for a table; what failed is printed in full below it, and `--json` has everything."""
    return text if len(text) <= width else text[: width - 1] + "…"


def _steps(steps: Sequence[Step]) -> list[dict[str, object]]:
    return [{"step": step.what, "statement": step.statement} for step in steps]


@db.command()
@places
@as_json
@dry_run
@click.option("--rotate-password", is_flag=True, help="Give the role a new password.")
@run_async
async def setup(*, loaded: Loaded, json: bool, dry_run: bool, rotate_password: bool) -> None:
    """Create the schema and the service's login role; what is there already is left as it is."""
    store = credentials(loaded)
    async with administrator(loaded) as admin:
        done = await set_up(admin, loaded.settings.database, store, rotate=rotate_password, dry_run=dry_run)
    rows = _steps(done.steps)
    if json:
        print_json({"dry_run": dry_run, "login": store.shown(), "steps": rows})
    elif not rows:
        click.echo("Everything is set up already; nothing was changed.")
    else:
        print_table(rows)
        click.echo("\nNothing was changed." if dry_run else f"\nDone. The login is kept in {store.shown()}.")


@db.command()
@places
@as_json
@dry_run
@click.option(
    "--phase",
    type=click.Choice(["pre", "post"]),
    help="Only what the release before can live with (pre), or the rest once it is gone (post).",
)
@click.option(
    "--wait", type=click.FloatRange(0, 3600), default=60, show_default=True, help="Seconds for another runner."
)
@run_async
async def migrate(*, loaded: Loaded, json: bool, dry_run: bool, phase: migrations.Phase | None, wait: float) -> None:
    """Bring the schema to the state that this release needs."""
    async with service(loaded, "sightline db migrate") as connection:
        if dry_run:
            found = migrations.due(await migrations.state(connection), phase)
        else:
            found = await migrations.migrate(connection, phase=phase, progress=say, wait_s=wait)
    rows = [{"migration": one.title, "phase": one.phase} for one in found]
    if json:
        print_json({"dry_run": dry_run, "migrations": rows})
    elif not rows:
        click.echo("Nothing to migrate.")
    else:
        print_table(rows)
        click.echo("\nNothing was changed." if dry_run else f"\nApplied {len(rows)}.")


@db.command()
@places
@as_json
@run_async
async def status(*, loaded: Loaded, json: bool) -> None:
    """Show which migrations were applied and which are to come."""
    async with service(loaded, "sightline db status") as connection:
        found = await migrations.state(connection)
    newer = {row.number for row in found.newer}
    rows: list[dict[str, object]] = [
        {
            "migration": row.title,
            "phase": row.phase,
            "state": "newer than this release" if row.number in newer else "applied",
            "at": f"{row.applied_at:%Y-%m-%d %H:%M:%SZ}",
        }
        for row in found.applied
    ]
    rows += [{"migration": one.title, "phase": one.phase, "state": "to come", "at": None} for one in found.pending]
    if json:
        print_json({"schema": found.schema, "up_to_date": not found.pending, "migrations": rows})
        return
    print_table(rows)
    click.echo(f"\n{len(found.pending)} to come: run `sightline db migrate`." if found.pending else "\nUp to date.")


@db.command()
@places
@as_json
@click.option("--failed", "only_failed", is_flag=True, help="Show only what did not go as expected.")
@run_async
async def verify(*, loaded: Loaded, json: bool, only_failed: bool) -> None:
    """Prove by trying that the role reaches nothing but its schema, and that no other role reaches that."""
    store = credentials(loaded)
    async with administrator(loaded) as admin:
        stored = await store.read()
        if stored is None:
            raise SettingError(f"there is no login in {store.shown()}", hint="Run `sightline db setup`.")
        tries = await try_everything(admin, stored, loaded.settings.database, progress=say)
    wrong = failed(tries)
    if json:
        print_json({"ok": not wrong, "tries": wrong if only_failed else tries})
    else:
        rows = [
            {"": "ok" if one.ok else "FAIL", "area": one.area, "statement": _short(one.statement, 80),
             "expected": one.expected, "got": _short(one.got, 60)} for one in (wrong if only_failed else tries)
        ]  # fmt: skip
        if rows:
            print_table(rows)
        for one in wrong:
            click.echo(
                f"\n{one.area}: {one.statement}\n  expected {one.expected}, got: {one.got}\n  to do: {one.advice}"
            )
        click.echo(f"\n{len(tries)} tries, {len(wrong)} not as expected.")
    if wrong:
        raise CheckFailed(f"{len(wrong)} of {len(tries)} tries did not go as they have to")


@db.group()
def baseline() -> None:
    """Measure the database before Sightline moves in, and compare afterwards."""


_seconds = click.option(
    "--seconds",
    type=click.FloatRange(0.1, 3600),
    default=10,
    show_default=True,
    help="Watch reads and writes this long.",
)


@baseline.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@places
@as_json
@_seconds
@run_async
async def save(*, loaded: Loaded, file: Path, json: bool, seconds: float) -> None:
    """Measure now and write FILE."""
    cloud = await database_metrics(loaded.settings.aws)
    async with administrator(loaded) as admin:
        snapshot = await measuring.measure(admin, seconds=seconds, cloud=cloud, progress=say)
    measuring.save(file, snapshot)
    if json:
        print_json(snapshot)
    else:
        click.echo(f"The baseline of {snapshot.database!r} is in {file}.")


@baseline.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@places
@as_json
@_seconds
@run_async
async def compare(*, loaded: Loaded, file: Path, json: bool, seconds: float) -> None:
    """Measure now and hold it against FILE; a crossed limit is exit code 1."""
    before = measuring.read(file)
    since_s = min((clock.now_ms() - before.taken_ms) / 1000, 24 * 3600)
    cloud = await database_metrics(loaded.settings.aws, seconds=since_s)
    async with administrator(loaded) as admin:
        after = await measuring.measure(admin, seconds=seconds, cloud=cloud, progress=say)
    lines = measuring.compare(before, after)
    crossed = [line.what for line in lines if not line.ok]
    if json:
        print_json({"ok": not crossed, "lines": lines})
    else:
        print_table(
            [
                {"": "ok" if line.ok else "FAIL", "what": line.what, "before": line.before, "after": line.after,
                 "delta": line.delta, "limit": line.limit} for line in lines
            ]
        )  # fmt: skip
    if crossed:
        raise CheckFailed(f"over the limit: {', '.join(crossed)}", hint="See docs/how-to/isolate-the-schema.md.")


@db.command()
@places
@as_json
@dry_run
@yes
@run_async
async def rollback(*, loaded: Loaded, json: bool, dry_run: bool, yes: bool) -> None:
    """Drop exactly what setup and the migrations made: all data in the schema, the role and its login."""
    store, settings = credentials(loaded), loaded.settings.database
    async with administrator(loaded) as admin:
        planned = await roll_back(admin, settings, store, dry_run=True)
        if planned and not dry_run and not yes:
            click.echo("This will be dropped, with all data:\n", err=True)
            for step in planned:
                click.echo(f"  {step.what}: {step.statement}", err=True)
            click.confirm(f"\nDrop it from {admin.shown()}?", abort=True, err=True)
        done = planned if dry_run or not planned else await roll_back(admin, settings, store)
    if json:
        print_json({"dry_run": dry_run, "steps": _steps(done)})
    elif not done:
        click.echo("There is nothing of ours; nothing was changed.")
    else:
        print_table(_steps(done))
        click.echo("\nNothing was changed." if dry_run else "\nDone.")
