"""`sightline doctor`."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

import click

from sightline.blobs.stores import open_stores
from sightline.cli.opening import credentials, say, vault_login
from sightline.cli.output import as_json, places, print_json, run_async
from sightline.database.address import Address
from sightline.errors import CheckFailed, SightlineError
from sightline.operate import doctor as examination
from sightline.operate.doctor import Finding
from sightline.operate.house import opened_address
from sightline.operate.vault_check import check_vault
from sightline.settings import Loaded

_MARK = {"ok": ("ok  ", "green"), "warn": ("warn", "yellow"), "fail": ("FAIL", "red")}
_NEED_DATABASE = ("clock", "schema", "keys", "jobs", "vault")


@click.command()
@places
@as_json
@run_async
async def doctor(*, loaded: Loaded, json: bool) -> None:
    """Check every part and say what to do about what is wrong; exit code 1 if a check fails.

    Example: sightline doctor --json
    """
    stores = open_stores(loaded.settings.blobs, loaded.settings.aws, loaded.data)
    findings = await examination.examine(
        {
            "settings": partial(examination.check_settings, loaded),
            "data folder": partial(examination.check_folder, loaded.data),
            "disk": partial(examination.check_disk, loaded.data),
            **{f"{name} store": partial(examination.check_store, name, store) for name, store in stores},
        }
    )
    findings += await _with_database(loaded)
    if json:
        print_json({"findings": findings})
    else:
        _show(findings)
    failed = [finding.check for finding in findings if finding.state == "fail"]
    if failed:
        raise CheckFailed(f"{len(failed)} of {len(findings)} checks failed: {', '.join(failed)}")


async def _with_database(loaded: Loaded) -> list[Finding]:
    if loaded.settings.database.url is None and not await asyncio.to_thread((loaded.data / "postgres").is_dir):
        return [Finding("database", "warn", "there is none yet", "`sightline up` makes it.")]
    async with AsyncExitStack() as stack:
        try:
            async with asyncio.timeout(60):
                address = await opened_address(
                    loaded, credentials(loaded), stack, say, serving=False, migrating=False
                )  # fmt: skip
        except (SightlineError, TimeoutError) as exc:
            error = (
                exc if isinstance(exc, SightlineError) else SightlineError("PostgreSQL does not come up within 60 s")
            )
            return [Finding("database", "fail", error.message, error.hint or ""), *examination.away(_NEED_DATABASE)]
        return await examination.examine(_checks(loaded, address))


def _checks(loaded: Loaded, address: Address) -> Mapping[str, examination.Check]:
    return {
        "database": partial(examination.check_database, address),
        "clock": partial(examination.check_clock, address),
        "schema": partial(examination.check_schema, address),
        "keys": partial(examination.check_keys, loaded, address),
        "jobs": partial(examination.check_jobs, address, _jobs),
        "vault": partial(check_vault, loaded, vault_login(loaded), address),
    }


async def _jobs(connection: Any) -> Sequence[Mapping[str, Any]]:
    from sightline.server import jobs  # noqa: PLC0415 - the server's parts are slow to import

    return [dict(row) for row in await connection.fetch(jobs.SQL["list_jobs"])]


def _show(findings: Sequence[Finding]) -> None:
    width = max(len(finding.check) for finding in findings)
    for finding in findings:
        mark, color = _MARK[finding.state]
        click.echo(f"{click.style(mark, fg=color)}  {finding.check:<{width}}  {finding.detail}")
        if finding.fix:
            click.echo(f"      {'':<{width}}  → {finding.fix}")
