"""`sightline db`: set up, migrate, verify, measure and remove the database schema."""

import click

from sightline.cli.output import as_json, dry_run, places, print_json, print_table, run_async
from sightline.cloud.secrets import SecretsManagerStore
from sightline.database import migrations
from sightline.database.address import Address, connect, parse
from sightline.database.credentials import CredentialStore, FileStore
from sightline.database.setup import set_up
from sightline.errors import SettingError
from sightline.settings import Loaded


@click.group()
def db() -> None:
    """Set up, migrate, verify, measure and remove the database schema."""


def administrator(loaded: Loaded) -> Address:
    """The administrator's address."""
    database = loaded.settings.database
    if database.admin_url is None:
        raise SettingError(
            "database.admin_url is not set",
            hint="Set SIGHTLINE_DATABASE_ADMIN_URL (or …_FILE) to an administrator's postgresql:// URL.",
        )
    return parse(database.admin_url, database)


def store(loaded: Loaded) -> CredentialStore:
    """Where the login of the service's role is kept: in AWS where a region is set, else below the data folder."""
    settings = loaded.settings
    if settings.aws.region:
        return SecretsManagerStore(settings.database.secret, settings.aws)
    return FileStore(loaded.data / "secrets" / "database.json")


async def service(loaded: Loaded) -> Address:
    """The address of the service's role: from its own URL, else with the login that setup kept."""
    database = loaded.settings.database
    if database.url is not None:
        address = parse(database.url, database)
        if address.password is not None:
            return address
        credentials = await store(loaded).read()
        return address.as_user(credentials.username, credentials.password) if credentials else address
    credentials = await store(loaded).read()
    if credentials is None:
        raise SettingError(
            f"no login for the database: database.url is not set and {store(loaded).shown()} is empty",
            hint="Run `sightline db setup`, or set SIGHTLINE_DATABASE_URL.",
        )
    return credentials.address(database)


def progress(text: str) -> None:
    """Say on stderr what takes a while, so that stdout stays clean for programs."""
    click.echo(text, err=True)


@db.command()
@places
@as_json
@dry_run
@click.option("--rotate-password", is_flag=True, help="Give the role a new password.")
@run_async
async def setup(*, loaded: Loaded, json: bool, dry_run: bool, rotate_password: bool) -> None:
    """Create the schema and the service's login role; what is there already is left as it is."""
    place = store(loaded)
    done = await set_up(
        administrator(loaded), loaded.settings.database, place, rotate=rotate_password, dry_run=dry_run
    )  # fmt: skip
    rows = [{"step": step.what, "statement": step.statement} for step in done.steps]
    if json:
        print_json({"dry_run": dry_run, "login": place.shown(), "steps": rows})
    elif not rows:
        click.echo("Everything is set up already; nothing was changed.")
    else:
        print_table(rows)
        click.echo("\nNothing was changed." if dry_run else f"\nDone. The login is kept in {place.shown()}.")


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
    connection = await connect(await service(loaded), application="sightline db migrate")
    try:
        if dry_run:
            found = migrations.due(await migrations.state(connection), phase)
        else:
            found = await migrations.migrate(connection, phase=phase, on_progress=progress, wait_s=wait)
    finally:
        await connection.close()
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
    connection = await connect(await service(loaded), application="sightline db status")
    try:
        found = await migrations.state(connection)
    finally:
        await connection.close()
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
