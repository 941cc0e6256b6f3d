"""`sightline backup`, `restore` and `verify-backup`."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

import click

from sightline.blobs.stores import open_stores
from sightline.cli.opening import credentials, opened, say, vault_login
from sightline.cli.output import as_json, dry_run, places, print_json, print_table, run_async
from sightline.database.embedded import running
from sightline.database.pool import Database
from sightline.errors import CheckFailed, Conflict
from sightline.keys.ring import KeyRing
from sightline.operate.archive import open_backup
from sightline.operate.backup import Source, VaultSource, back_up
from sightline.operate.house import direct_address, opened_address, vault_admin
from sightline.operate.manifest import Progress, silent
from sightline.operate.replays import replays
from sightline.operate.restore import Restored, Target, finish_restores
from sightline.operate.restore import restore as restore_backup
from sightline.operate.vault_restore import VaultTarget
from sightline.operate.verify import MAX_SHOWN, Report, verify
from sightline.settings import Loaded
from sightline.vault.setup import role_names

_WITHOUT_ROOT = (
    "The root key is NOT in this backup: without it nothing that was sealed can be opened again.\n"
    "Keep a copy of {keys} in another place than the backup, or use --with-root-key and lock the backup away."
)
_WITHOUT_VAULT = (
    "The VAULT IS NOT in this backup: only its database's administrator can read all of it. "
    "Set SIGHTLINE_DATABASE_ADMIN_URL, or SIGHTLINE_VAULT_ADMIN_URL where it has a database of its own."
)
_WITH_ROOT = "This backup CONTAINS THE ROOT KEY: whoever reads it can open everything in it. Lock it away."


@click.command()
@places
@click.argument("place", type=click.Path(path_type=Path), metavar="FOLDER_OR_FILE")
@click.option("--with-root-key", is_flag=True, help="Put the root key file into the backup, too.")
@as_json
@run_async
async def backup(*, loaded: Loaded, place: Path, with_root_key: bool, json: bool) -> None:
    """Write a backup to a new folder, or to one file if its name ends in .tar.

    Example: sightline backup /backups/2026-01-31.tar
    """
    async with opened(loaded) as house:
        admin, settings = vault_admin(loaded), loaded.settings.vault
        owner = role_names(settings)["owner"]
        source = Source(
            address=house.direct, stores=house.stores, keys=house.data / "keys",
            replays=[part.name for part in replays(house.direct)],
            vault=VaultSource(admin=admin, schema=settings.schema, owner=owner) if admin else None,
        )  # fmt: skip
        with bar() as progress:
            manifest = await back_up(source, place, with_root_key=with_root_key, progress=progress)
        is_local = house.keys.root.name.startswith("local:")
        missed = manifest.vault is None and await vault_login(loaded).read() is not None
    damaged = [f"{listing.store}/{name}" for listing in manifest.stores for name in listing.damaged]
    if json:
        print_json(
            {
                "place": str(place), "taken_at": manifest.taken_at, "rows": manifest.rows,
                "tables": len(manifest.tables), "root_keys": manifest.root_keys, "damaged": damaged,
                "stores": manifest.stores, "vault_rows": manifest.vault and manifest.vault.rows,
            }
        )  # fmt: skip
    else:
        click.echo(
            f"{place}: {manifest.rows} rows of {len(manifest.tables)} tables, as of {manifest.taken_at:%F %T} UTC"
        )
        if manifest.vault is not None:
            click.echo(f"  vault: {manifest.vault.rows} rows, as encrypted as they stand there")
        for listing in manifest.stores:
            how = "copied" if listing.copied else "listed, not copied"
            click.echo(f"  {listing.store}: {listing.objects} objects {how}")
        if not manifest.erasure_log:
            click.echo(
                "  No part of this release keeps an erasure log: a restore brings back what is erased from now on."
            )
    if with_root_key:
        click.secho(_WITH_ROOT, err=True, bold=True)
    elif is_local:
        click.secho(_WITHOUT_ROOT.format(keys=loaded.data / "keys" / "root.key"), err=True, bold=True)
    if missed:
        click.secho(_WITHOUT_VAULT, err=True, bold=True)
    if damaged:
        raise CheckFailed(f"{len(damaged)} objects were damaged before the backup: {', '.join(damaged[:5])}")


@click.command("verify-backup")
@places
@click.argument("place", type=click.Path(path_type=Path), metavar="FOLDER_OR_FILE")
@as_json
@run_async
async def verify_backup(*, loaded: Loaded, place: Path, json: bool) -> None:
    """Read a whole backup and name everything in it that is missing or changed.

    Example: sightline verify-backup /backups/2026-01-31.tar
    """
    stores = open_stores(loaded.settings.blobs, loaded.settings.aws, loaded.data)
    remote = {name: store for name, store in stores if store.is_remote}
    with bar() as progress:
        report = await verify(place, remote, progress=progress)
    if json:
        print_json(
            {
                "place": str(place), "whole": report.is_whole, "problems": report.problems, "files": report.files,
                "objects": report.objects, "gone": report.gone, "unchecked": report.unchecked,
            }
        )  # fmt: skip
    else:
        _show(place, report)
    if not report.is_whole:
        raise CheckFailed(f"{place} is damaged", hint="Restore from another backup.")


def _show(place: Path, report: Report) -> None:
    if report.problems:
        print_table([{"name": problem.name, "problem": problem.what} for problem in report.problems[:MAX_SHOWN]])
        if len(report.problems) > MAX_SHOWN:
            click.echo(f"… and {len(report.problems) - MAX_SHOWN} more; --json lists all")
        return
    click.echo(f"{place}: whole, {report.files} files with {report.bytes / 1e6:.1f} MB and {report.objects} objects")
    if report.gone:
        click.echo(f"  {report.gone} objects went since, by retention or erasure")
    for url in report.unchecked:
        click.echo(f"  not looked at: {url}, which these settings do not name")


@click.command()
@places
@click.argument("place", type=click.Path(path_type=Path), metavar="FOLDER_OR_FILE")
@dry_run
@as_json
@run_async
async def restore(*, loaded: Loaded, place: Path, dry_run: bool, json: bool) -> None:
    """Restore a backup into an empty place: a new data folder, or an external database that was just set up.

    Example: sightline restore /backups/2026-01-31.tar --data /var/lib/sightline-restored
    """
    if loaded.settings.database.url is None and running(loaded.data) is not None:
        raise Conflict(f"a server is running on {str(loaded.data)!r}", hint="Restore into another --data folder.")
    (await asyncio.to_thread(open_backup, place)).close()  # before PostgreSQL is started for it
    stores = open_stores(loaded.settings.blobs, loaded.settings.aws, loaded.data)
    is_new = loaded.settings.database.url is None and not await asyncio.to_thread((loaded.data / "postgres").exists)
    if dry_run and is_new:
        with bar() as progress:
            target = Target(address=None, stores=stores, keys=loaded.data / "keys")
            _say_restored(await restore_backup(place, target, dry_run=True, progress=progress), {}, json=json, dry=True)
        return
    async with AsyncExitStack() as stack:
        address = await opened_address(
            loaded, credentials(loaded), stack, say, serving=False, migrating=False
        )  # fmt: skip
        address = await direct_address(loaded, credentials(loaded), address)
        admin = vault_admin(loaded)
        vault = VaultTarget(admin=admin, settings=loaded.settings.vault, login=vault_login(loaded)) if admin else None
        target = Target(address=address, stores=stores, keys=loaded.data / "keys", vault=vault)
        with bar() as progress:
            restored = await restore_backup(place, target, dry_run=dry_run, progress=progress)
        replayed: dict[str, int] = {}
        if not dry_run:
            database = await Database.open(address, minimum=0)
            stack.push_async_callback(database.close)
            ring = await KeyRing.open(database, loaded.settings.keys, loaded.settings.aws, target.keys)
            stack.push_async_callback(ring.close)
            replayed = await finish_restores(database, stores, ring, replays(address))
    _say_restored(restored, replayed, json=json, dry=dry_run)


def _say_restored(restored: Restored, replayed: dict[str, int], *, json: bool, dry: bool) -> None:
    if json:
        print_json({"dry_run": dry, "restored": restored, "replayed": replayed})
        return
    verb = "would restore" if dry else "restored"
    click.echo(
        f"{verb} {restored.rows} rows of {restored.tables} tables and {restored.objects} objects,"
        f" as of {restored.taken_at:%F %T} UTC"
    )
    if restored.vault_rows is not None:
        click.echo(f"  {restored.vault_rows} rows of the vault")
    for migration in restored.migrated:
        click.echo(f"  {'would migrate' if dry else 'migrated'}: {migration}")
    if dry:
        return
    for name, count in replayed.items():
        click.echo(f"  erased again by {name}: {count}")


@contextmanager
def bar() -> Iterator[Progress]:
    """A line that says how far it is, to people only."""
    if not sys.stderr.isatty():
        yield silent
        return
    width = 0

    def show(what: str, done: int, total: int) -> None:
        nonlocal width
        share = f"{min(done / total, 1):4.0%} " + "#" * round(24 * min(done / total, 1)) if total else f"{done}"
        line = f"  {what:<32.32} {share}"
        click.echo(f"\r{line.ljust(width)}", nl=False, err=True)
        width = max(width, len(line))

    try:
        yield show
    finally:
        click.echo("\r" + " " * width + "\r", nl=False, err=True)
