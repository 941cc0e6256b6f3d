"""`sightline root-key`: which root key wraps what, and its rotation."""

import click

from sightline.cli.backup import bar
from sightline.cli.opening import opened
from sightline.cli.output import as_json, dry_run, places, print_json, print_table, run_async
from sightline.errors import CheckFailed
from sightline.operate import rootkey
from sightline.settings import Loaded


@click.group("root-key")
def root_key() -> None:
    """Show and rotate the keys that wrap all other keys. (For API keys see `sightline key`.)."""


@root_key.command()
@places
@as_json
@run_async
async def status(*, loaded: Loaded, json: bool) -> None:
    """Show which root keys wrap how many tenant keys."""
    async with opened(loaded) as house:
        rows = await rootkey.uses(house.keys)
    if json:
        print_json({"roots": rows})
        return
    print_table([{"root": row.root, "tenant_keys": row.tenant_keys, "current": row.is_current} for row in rows])


@root_key.command()
@places
@click.option("--tenants", is_flag=True, help="Rotate the tenants' keys instead of the root key.")
@dry_run
@as_json
@run_async
async def rotate(*, loaded: Loaded, tenants: bool, dry_run: bool, json: bool) -> None:
    """Wrap all keys anew: by a new root key, or with --tenants by new tenant keys. Data is not touched.

    With keys.root = "local" a new root key file is made, and the one before is kept for older backups. To move to AWS
    KMS, set keys.root and rotate. Interrupted, it goes on where it stopped when it is run again.
    """
    async with opened(loaded) as house:
        affected = await rootkey.tenants(house.keys)
        if dry_run:
            what = "tenant keys and their data keys" if tenants else "tenant keys"
            message = {"dry_run": True, "tenants": len(affected)}
            print_json(message) if json else click.echo(f"would re-wrap the {what} of {len(affected)} tenants")
            return
        with bar() as progress:
            if tenants:
                root, moved = house.keys.root.name, await rootkey.rotate_tenants(house.keys, affected, progress)
            else:
                root, moved = await rootkey.rotate_root(house.keys, house.data / "keys", progress)
    if json:
        print_json({"root": root, "rewrapped": moved.done, "failed": moved.failed})
    else:
        click.echo(f"{moved.done} keys re-wrapped; the root key is {root}")
        if not tenants and root.startswith("local:"):
            click.secho("Copy the new root.key to where you keep it, and restart the server.", err=True, bold=True)
    if moved.failed:
        raise CheckFailed(f"{moved.failed} keys could not be opened and stay as they are")
