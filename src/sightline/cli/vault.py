"""`sightline vault`: personal data, kept encrypted; who read what; what persons ask for; keys made anew."""

import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import BinaryIO
from uuid import UUID

import click
import msgspec

from sightline.cli.db import administrator
from sightline.cli.opening import opened, say, vault_login
from sightline.cli.output import as_json, dry_run, places, print_json, print_table, run_async, sure, yes
from sightline.cli.vault_answers import deny, extend, jurisdiction_option, receipts, request, requests
from sightline.cli.vault_desk import desk, purpose_option, team_option
from sightline.cli.vault_proof import audit, keys
from sightline.database.address import Address, check, parse
from sightline.errors import InvalidValue
from sightline.settings import Loaded
from sightline.vault.requests import Jurisdiction
from sightline.vault.setup import set_up_vault
from sightline.vault.subjects import MOST, Shown


@click.group()
def vault() -> None:
    """Keep persons' data encrypted, read them for a purpose, erase them, and prove who did what."""


@vault.command()
@places
@as_json
@dry_run
@click.option("--rotate-password", is_flag=True, help="Give the login a new password.")
@run_async
async def setup(*, loaded: Loaded, json: bool, dry_run: bool, rotate_password: bool) -> None:
    """Create the vault's schema, its roles and its login, migrate it, and make its grants anew."""
    store = vault_login(loaded)
    async with _administrator(loaded) as admin:
        done = await set_up_vault(
            admin, loaded.settings.vault, store, rotate=rotate_password, dry_run=dry_run, progress=say
        )
    rows: list[dict[str, object]] = [{"step": step.what, "statement": step.statement} for step in done.steps]
    if json:
        print_json({"dry_run": dry_run, "login": store.shown(), "steps": rows})
    elif not rows:
        click.echo("Everything is set up already; the grants were made anew.")
    else:
        print_table(rows)
        click.echo("\nNothing was changed." if dry_run else f"\nDone. The login is kept in {store.shown()}.")


@asynccontextmanager
async def _administrator(loaded: Loaded) -> AsyncIterator[Address]:
    """The administrator of the vault's own database, else of the service's."""
    settings = loaded.settings
    if settings.vault.admin_url is None:
        async with administrator(loaded) as found:
            yield found
        return
    address = parse(settings.vault.admin_url, settings.database, setting="vault.admin_url")
    await check(address)
    yield address


@vault.command()
@places
@as_json
@run_async
async def fields(*, loaded: Loaded, json: bool) -> None:
    """List the fields that can be kept, their tier, and the purposes for which they may be read."""
    async with opened(loaded, with_vault=True) as house:
        found = house.subjects
    rows: list[dict[str, object]] = [
        {
            "field": name,
            "number": found.fields[name].number,
            "tier": found.fields[name].tier,
            "searchable": found.fields[name].normal is not None,
            "purposes": [purpose for purpose in found.purposes.names() if name in found.purposes.covered(purpose)],
        }
        for name in found.fields.names()
    ]
    print_json({"fields": rows}) if json else print_table(rows)


@vault.command()
@places
@team_option
@click.argument("file", type=click.File("rb"), default="-")
@click.option("--honeytoken", is_flag=True, help="Nobody real: whoever reads these raises the alarm VaultHoneytokens.")
@dry_run
@as_json
@run_async
async def add(  # noqa: PLR0913 - one per option
    *, loaded: Loaded, team: str, file: BinaryIO, honeytoken: bool, dry_run: bool, json: bool
) -> None:
    """Keep persons' data: one JSON object a line, field by field, from FILE or stdin. Values never stand in a command.

    \b
    Example: echo '{"email": "ada@example.com", "ssn": "219-09-9999"}' | sightline vault add --team Engine
    """
    rows = [_row(line, number) for number, line in enumerate(file, 1) if line.strip()]
    ids: list[UUID] = []
    async with desk(loaded, team) as at:
        kept = at.house.subjects
        for row in rows:
            for name, value in row.items():
                kept.fields[name].check(value)
        if not dry_run:
            with click.progressbar(length=len(rows), file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
                for start in range(0, len(rows), MOST):
                    ids += await kept.create_many(at.context, rows[start : start + MOST], honeytoken=honeytoken)
                    bar.update(len(rows[start : start + MOST]))
    if json:
        print_json({"dry_run": dry_run, "subjects": len(rows), "ids": [str(one) for one in ids]})
    elif dry_run:
        click.echo(f"would keep {len(rows)} subjects")
    else:
        for one in ids:
            click.echo(one)


def _row(line: bytes, number: int) -> dict[str, str]:
    """One line of the input; an error names the line, not what stands in it."""
    try:
        return msgspec.json.decode(line, type=dict[str, str])
    except msgspec.DecodeError:
        raise InvalidValue(
            f"line {number} is no JSON object of texts", hint='Write {"email": "…", "ssn": "…"}.'
        ) from None


@vault.command("list")
@places
@team_option
@click.option("--after", type=click.UUID, help="From behind this subject on.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="At most so many.")
@as_json
@run_async
async def list_(*, loaded: Loaded, team: str, after: UUID | None, limit: int, json: bool) -> None:
    """List subjects, masked."""
    async with desk(loaded, team) as at:
        found = await at.house.subjects.page(at.context, after=after, limit=limit)
    if json:
        print_json({"items": [_document(one) for one in found]})
    else:
        print_table([_line(one) for one in found])


@vault.command()
@places
@team_option
@click.argument("subject", type=click.UUID)
@as_json
@run_async
async def show(*, loaded: Loaded, team: str, subject: UUID, json: bool) -> None:
    """Show one subject, masked."""
    async with desk(loaded, team) as at:
        found = await at.house.subjects.show(at.context, subject)
    if json:
        print_json(_document(found))
    else:
        print_table([{"field": name, "value": value} for name, value in found.values.items()])


@vault.command()
@places
@team_option
@purpose_option
@click.argument("subject", type=click.UUID)
@click.argument("fields", nargs=-1, required=True)
@click.option("--masked", is_flag=True, help="In the form that the fields are displayed in, not in clear.")
@as_json
@run_async
async def read(  # noqa: PLR0913 - one per option
    *, loaded: Loaded, team: str, purpose: str, subject: UUID, fields: tuple[str, ...], masked: bool, json: bool
) -> None:
    """Read values of a subject for a purpose; the row of the audit is written first.

    \b
    Example: sightline vault read SUBJECT email ssn --team Engine --purpose support
    """
    async with desk(loaded, team, purpose) as at:
        found = await at.house.subjects.read(at.context, subject, fields, clear=not masked)
    if json:
        print_json(found)
    else:
        print_table([{"field": name, "value": value} for name, value in found.items()])


@vault.command()
@places
@team_option
@click.argument("field")
@as_json
@run_async
async def search(*, loaded: Loaded, team: str, field: str, json: bool) -> None:
    """Find subjects whose FIELD has a value, which is read from stdin (or asked for), never from the command."""
    value = click.prompt(field, hide_input=True, err=True) if sys.stdin.isatty() else sys.stdin.read().rstrip("\n")
    async with desk(loaded, team) as at:
        found = await at.house.subjects.search(at.context, field, value)
    if json:
        print_json({"ids": [str(one) for one in found]})
    else:
        for one in found:
            click.echo(one)


@vault.command()
@places
@team_option
@click.argument("subject", type=click.UUID)
@click.argument("file", type=click.File("rb"), default="-")
@run_async
async def change(*, loaded: Loaded, team: str, subject: UUID, file: BinaryIO) -> None:
    """Change values of a subject: a JSON object from FILE or stdin; null takes a value away."""
    try:
        values = msgspec.json.decode(file.read(), type=dict[str, str | None])
    except msgspec.DecodeError:
        raise InvalidValue("the input is no JSON object of texts", hint='Write {"phone": null}.') from None
    async with desk(loaded, team) as at:
        await at.house.subjects.update(at.context, subject, values)
    click.echo(f"changed {len(values)} fields", err=True)


@vault.command()
@places
@team_option
@click.argument("subject", type=click.UUID)
@click.argument("name")
@run_async
async def link(*, loaded: Loaded, team: str, subject: UUID, name: str) -> None:
    """Say by which NAME `identify` knows this subject, so that an erasure takes the person's signals, too."""
    async with desk(loaded, team) as at:
        await at.house.subjects.link(at.context, subject, name)
    click.echo("linked", err=True)


@vault.command()
@places
@team_option
@click.argument("subject", type=click.UUID)
@click.option("--lift", is_flag=True, help="Let the values be read again.")
@run_async
async def restrict(*, loaded: Loaded, team: str, subject: UUID, lift: bool) -> None:
    """Keep a subject's values from being read (GDPR article 18)."""
    async with desk(loaded, team) as at:
        await at.house.subjects.restrict(at.context, subject, restricted=not lift)
    click.echo("lifted" if lift else "restricted", err=True)


@vault.command()
@places
@team_option
@jurisdiction_option
@click.argument("subject", type=click.UUID)
@run_async
async def export(*, loaded: Loaded, team: str, jurisdiction: Jurisdiction, subject: UUID) -> None:
    """Print everything that is kept of a subject, for them; ccpa names what 11 CCR 7024(d) forbids to disclose."""
    async with desk(loaded, team) as at:
        print_json(await at.house.requests.export(at.context, subject, jurisdiction))


@vault.command()
@places
@team_option
@jurisdiction_option
@click.argument("subject", type=click.UUID)
@dry_run
@yes
@run_async
async def erase(  # noqa: PLR0913 - one per option
    *, loaded: Loaded, team: str, jurisdiction: Jurisdiction, subject: UUID, dry_run: bool, yes: bool
) -> None:
    """Erase a subject from the vault and the signals, for good, and print the signed receipt. Asks first."""
    async with desk(loaded, team) as at:
        if dry_run:
            shown = await at.house.subjects.show(at.context, subject)
            print_json({"dry_run": True, "subject": str(subject), "fields": sorted(shown.values)})
            return
        sure(f"Erase {subject} for good?", yes=yes)
        print_json(await at.house.requests.erase(at.context, subject, jurisdiction))


for command in (requests, request, deny, extend, receipts):
    vault.add_command(command)
vault.add_command(keys)
vault.add_command(audit)


def _document(shown: Shown) -> Mapping[str, object]:
    fields: Mapping[str, object] = msgspec.to_builtins(shown)
    return fields


def _line(shown: Shown) -> dict[str, object]:
    clear = {name: shown.values.get(name) for name in ("email", "first_name", "last_name", "phone")}
    return {"id": shown.id, **clear, "encrypted": len(shown.values) - sum(v is not None for v in clear.values())}
