"""What persons ask for, on the command line: noted, extended, denied, listed; and the receipts of who was erased."""

from typing import get_args
from uuid import UUID

import click
import msgspec

from sightline.cli.output import as_json, places, print_json, print_table, run_async
from sightline.cli.vault_desk import desk, team_option
from sightline.settings import Loaded
from sightline.vault.requests import Basis, Jurisdiction, Kind, Manner, Request

jurisdiction_option = click.option(
    "--jurisdiction", type=click.Choice(get_args(Jurisdiction)), required=True, help="Under which law the person asks."
)
number_argument = click.argument("number", type=click.IntRange(1))


@click.command()
@places
@team_option
@click.option("--open", "only_open", is_flag=True, help="Only what is not answered yet.")
@as_json
@run_async
async def requests(*, loaded: Loaded, team: str, only_open: bool, json: bool) -> None:
    """List what persons asked for, and by when it has to be answered."""
    async with desk(loaded, team) as at:
        found = await at.house.requests.listing(at.context, only_open=only_open)
    if json:
        print_json({"items": [{**msgspec.to_builtins(one), "late": one.is_late} for one in found]})
        return
    print_table(
        [
            {
                "request": one.id,
                "kind": one.kind,
                "law": one.jurisdiction,
                "received": f"{one.received_at:%Y-%m-%d}",
                "due": f"{one.due_at:%Y-%m-%d}" + (" LATE" if one.is_late else ""),
                "outcome": one.outcome,
            }
            for one in found
        ]
    )


@click.command()
@places
@team_option
@jurisdiction_option
@click.option("--kind", type=click.Choice(get_args(Kind)), required=True, help="A copy of their data, or erasure.")
@click.option(
    "--manner", type=click.Choice(get_args(Manner)), default="unknown", show_default=True, help="How it came in."
)
@click.argument("subject", type=click.UUID)
@as_json
@run_async
async def request(  # noqa: PLR0913 - one per option
    *, loaded: Loaded, team: str, jurisdiction: Jurisdiction, kind: Kind, manner: Manner, subject: UUID, json: bool
) -> None:
    """Note that a person asks for something: from now on the time for the answer runs."""
    async with desk(loaded, team) as at:
        _told(await at.house.requests.receive(at.context, subject, kind, jurisdiction, manner), json=json)


@click.command()
@places
@team_option
@click.option("--basis", type=click.Choice(get_args(Basis)), required=True, help="Why it is not done.")
@number_argument
@as_json
@run_async
async def deny(*, loaded: Loaded, team: str, basis: Basis, number: int, json: bool) -> None:
    """Answer request NUMBER by not doing it, and keep why. The person has to be told, too."""
    async with desk(loaded, team) as at:
        _told(await at.house.requests.deny(at.context, number, basis), json=json)


@click.command()
@places
@team_option
@number_argument
@as_json
@run_async
async def extend(*, loaded: Loaded, team: str, number: int, json: bool) -> None:
    """Take longer for request NUMBER, once: two months (GDPR) or 45 days (CCPA). The person has to be told, too."""
    async with desk(loaded, team) as at:
        _told(await at.house.requests.extend(at.context, number), json=json)


def _told(one: Request, *, json: bool) -> None:
    if json:
        print_json(msgspec.to_builtins(one))
    else:
        click.echo(f"request {one.id}: {one.outcome or f'due {one.due_at:%Y-%m-%d}'}")


@click.command()
@places
@team_option
@click.option("--before", type=click.UUID, help="From behind this subject on.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="At most so many.")
@as_json
@run_async
async def receipts(*, loaded: Loaded, team: str, before: UUID | None, limit: int, json: bool) -> None:
    """List who was erased, the latest first, and whether the signature of each receipt holds."""
    async with desk(loaded, team) as at:
        found = await at.house.requests.receipts(at.context, before=before, limit=limit)
    if json:
        print_json({"items": [msgspec.to_builtins(one) for one in found]})
    else:
        print_table([{"subject": one.subject, "erased": one.erased_at, "signature holds": one.holds} for one in found])
