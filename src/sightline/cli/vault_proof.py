"""`sightline vault keys` and `sightline vault audit`: keys made anew, and the proof of who did what."""

from uuid import UUID

import click
import msgspec

from sightline.cli.backup import bar
from sightline.cli.opening import opened
from sightline.cli.output import as_json, dry_run, places, print_json, print_table, run_async
from sightline.cli.vault_desk import desk, team_option
from sightline.errors import CheckFailed
from sightline.operate.house import House
from sightline.settings import Loaded
from sightline.vault import audit as auditing
from sightline.vault.rotation import KeyType, Rotation, Run
from sightline.vault.sealing import Sealer


@click.group()
def keys() -> None:
    """Rotate the vault's keys online, take a rotation back, and see how far it is. (The root key: `root-key`.)."""


type_argument = click.argument("key_type", type=click.Choice(["subject", "application", "index", "tenant"]))
pause_option = click.option(
    "--pause", type=click.FloatRange(0, 60), default=0.0, show_default=True, help="Seconds between batches."
)


@keys.command()
@places
@team_option
@type_argument
@pause_option
@dry_run
@as_json
@run_async
async def rotate(  # noqa: PLR0913 - one per option
    *, loaded: Loaded, team: str, key_type: KeyType, pause: float, dry_run: bool, json: bool
) -> None:
    """Make a new key and take every value to it; interrupted, the same command goes on."""
    async with desk(loaded, team) as at:
        rotation = Rotation(at.house.subjects, at.context, pause_s=pause)
        if dry_run:
            message = {"dry_run": True, "key_type": key_type, "subjects": await rotation.count()}
            print_json(message) if json else click.echo(f"would go through {message['subjects']} subjects")
            return
        with bar() as progress:
            run = await rotation.run(key_type, lambda done, total: progress("subjects", done, total))
        _print_run(run, json=json)


@keys.command("roll-back")
@places
@team_option
@type_argument
@pause_option
@as_json
@run_async
async def roll_back(*, loaded: Loaded, team: str, key_type: KeyType, pause: float, json: bool) -> None:
    """Take the latest rotation back, also in the middle of it. A key that was destroyed stays destroyed."""
    async with desk(loaded, team) as at:
        rotation = Rotation(at.house.subjects, at.context, pause_s=pause)
        with bar() as progress:
            run = await rotation.roll_back(key_type, lambda done, total: progress("subjects", done, total))
        _print_run(run, json=json)


@keys.command()
@places
@team_option
@as_json
@run_async
async def log(*, loaded: Loaded, team: str, json: bool) -> None:
    """List rotations, the latest first."""
    async with desk(loaded, team) as at:
        found = await Rotation(at.house.subjects, at.context).log()
    if json:
        print_json({"items": [msgspec.to_builtins(one) for one in found]})
    else:
        print_table(
            [
                {
                    "rotation": one.id,
                    "key": one.key_type,
                    "direction": one.direction,
                    "from": one.old_version,
                    "to": one.new_version,
                    "status": one.status,
                    "done": f"{one.done} of {one.total}",
                    "failed": one.failed,
                }
                for one in found
            ]
        )


@keys.command()
@places
@as_json
@run_async
async def rewrap(*, loaded: Loaded, json: bool) -> None:
    """After vault.application_root was changed: wrap the application keys by it. The old KMS key is asked once more."""
    async with opened(loaded, with_vault=True) as house:
        with bar() as progress:
            moved = await house.subjects.application.rewrap(lambda done, total: progress("tenant keys", done, total))
    if json:
        print_json({"rewrapped": moved.done, "failed": moved.failed})
    else:
        click.echo(f"{moved.done} keys re-wrapped, {moved.failed} failed")
    if moved.failed:
        raise CheckFailed(f"{moved.failed} keys could not be opened and stay as they are")


def _print_run(run: Run, *, json: bool) -> None:
    if json:
        print_json(msgspec.to_builtins(run))
    else:
        click.echo(f"{run.key_type} key: {run.status}, {run.done} done, {run.failed} failed")
    if run.failed:
        raise CheckFailed(
            f"{run.failed} values could not be opened", hint="Take the rotation back, and look at the log."
        )


@click.group()
def audit() -> None:
    """Read the vault's audit, and prove that it is whole."""


@audit.command("list")
@places
@team_option
@click.option("--subject", type=click.UUID, help="Only rows about this pseudonym: USER ID of a row.")
@click.option("--operation", help="Only this operation, as read.")
@click.option("--failed", is_flag=True, help="Only what failed or was refused.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="At most so many.")
@as_json
@run_async
async def audit_list(  # noqa: PLR0913 - one per option
    *, loaded: Loaded, team: str, subject: UUID | None, operation: str | None, failed: bool, limit: int, json: bool
) -> None:
    """List the audit of a team, the latest first; that it was read is a row of it."""
    wanted = auditing.Wanted(pseudonym=subject, operation=operation, success=False if failed else None)
    async with desk(loaded, team) as at:
        found = await auditing.entries(at.house.subjects.database, at.context, wanted, limit=limit)
    if json:
        print_json({"items": [msgspec.to_builtins(one) for one in found]})
        return
    print_table(
        [
            {
                "at": f"{one.accessed_at:%Y-%m-%d %H:%M:%S}",
                "operation": one.operation,
                "field": one.field_name,
                "purpose": one.purpose,
                "actor": f"{one.actor_kind} {one.actor_id or ''}".strip(),
                "user_id": one.user_id,
                "error": one.error,
            }
            for one in found
        ]
    )


@audit.command("verify")
@places
@as_json
@run_async
async def audit_verify(*, loaded: Loaded, json: bool) -> None:
    """Prove that no row of the audit was removed, changed or reordered since it was sealed."""
    async with opened(loaded, with_vault=True) as house:
        found = await _sealer(house).verify()
    if json:
        print_json(found)
    else:
        for line in found.wrong:
            click.echo(line)
        click.echo(f"{found.seals} seals, {found.rows} rows, {found.unsealed} not sealed yet: "
                   + (f"{len(found.wrong)} wrong" if found.wrong else "all as written"))  # fmt: skip
    if found.wrong:
        raise CheckFailed(f"{len(found.wrong)} things are not as they were sealed")


@audit.command("prove")
@places
@click.argument("row", type=click.IntRange(1))
@run_async
async def audit_prove(*, loaded: Loaded, row: int) -> None:
    """Print the proof that a ROW is in its seal, for somebody who has only the seal."""
    async with opened(loaded, with_vault=True) as house:
        print_json(await _sealer(house).prove(row))


@audit.command("seal")
@places
@run_async
async def audit_seal(*, loaded: Loaded) -> None:
    """Seal what is not sealed yet; the server does so every minute."""
    async with opened(loaded, with_vault=True) as house:
        click.echo(f"sealed {await _sealer(house).seal()} rows", err=True)


def _sealer(house: House) -> Sealer:
    return Sealer(house.subjects.database, house.keys, house.stores.seals)
