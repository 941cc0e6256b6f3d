"""`sightline recordings`: list, look at, export, keep, delete and import recordings of visits."""

import asyncio
from pathlib import Path
from typing import Any

import click
import msgspec

from sightline.accounts import audit
from sightline.accounts.audit import Action, Thing
from sightline.accounts.callers import operator
from sightline.accounts.names import identifier
from sightline.accounts.permissions import Permission
from sightline.accounts.scopes import Scope, scope_for, site_named
from sightline.cli.opening import opened
from sightline.cli.output import as_json, places, print_json, print_table, run_async, sure, yes
from sightline.errors import InvalidValue, NotFound
from sightline.operate.house import House
from sightline.privacy.recording.masker import encode
from sightline.replay.findings import NAMES
from sightline.replay.library import Wanted
from sightline.replay.sealing import Sealing
from sightline.replay.summary import marks, summary
from sightline.replay.uploads import masked
from sightline.settings import Loaded


@click.group()
def recordings() -> None:
    """List, look at, export, keep, delete and import recordings of visits."""


@recordings.command("list")
@places
@click.argument("site")
@click.option("--open", "open_", is_flag=True, help="Of visits that go on, instead of those that have ended.")
@click.option("--finding", type=click.Choice(NAMES), help="Only where this was found.")
@click.option("--page", help="Only where a part of a page's address is this.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="At most so many.")
@as_json
@run_async
async def list_(  # noqa: PLR0913 - one per option
    *, loaded: Loaded, site: str, open_: bool, finding: str | None, page: str | None, limit: int, json: bool
) -> None:
    """List the latest recordings of SITE."""
    async with opened(loaded) as house:
        scope = await _scope(house, site, Permission.SITE_READ)
        if open_:
            rows = await house.library.under_way(scope.site, limit=limit)
        else:
            wanted = Wanted(finding=finding, page=page)
            rows = await house.library.listed(scope.site, wanted, limit=limit)
    items = [_shown(row) for row in rows]
    if json:
        print_json({"items": items})
    else:
        print_table([{name: value for name, value in item.items() if name != "pages"} for item in items])


@recordings.command()
@places
@click.argument("site")
@click.argument("recording")
@as_json
@run_async
async def show(*, loaded: Loaded, site: str, recording: str, json: bool) -> None:
    """Show what happened in one recording: pages, clicks, inputs, errors, requests, findings."""
    async with opened(loaded) as house:
        scope = await _scope(house, site, Permission.SITE_READ)
        events = await _events(house, scope, recording)
        await _note(house, scope, Action.RECORDING_VIEW, recording)
    about = summary(events)
    found = [(mark.at_ms, mark.kind, mark.text) for mark in marks(events)]
    found += [(one.at_ms, "finding", one.name) for one in about.findings]
    rows = [
        {"at_ms": at_ms - about.first_ms, "what": kind, "text": text or None} for at_ms, kind, text in sorted(found)
    ]
    if json:
        print_json({"events": about.events, "active_ms": about.active_ms, "marks": rows})
    else:
        print_table(rows)


@recordings.command()
@places
@click.argument("site")
@click.argument("recording")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The file to write.")
@run_async
async def export(*, loaded: Loaded, site: str, recording: str, out: Path) -> None:
    """Write one recording as a JSON array of rrweb events."""
    async with opened(loaded) as house:
        scope = await _scope(house, site, Permission.SITE_READ)
        events = await _events(house, scope, recording)
        await _note(house, scope, Action.RECORDING_EXPORT, recording)
    await asyncio.to_thread(out.write_bytes, encode(events))
    click.echo(f"wrote {len(events):,} events to {out}")


@recordings.command()
@places
@click.argument("site")
@click.argument("recording")
@click.option("--no-longer", is_flag=True, help="Let it go with the others again.")
@run_async
async def keep(*, loaded: Loaded, site: str, recording: str, no_longer: bool) -> None:
    """Keep one recording past its retention."""
    async with opened(loaded) as house:
        scope = await _scope(house, site, Permission.SITE_CHANGE)
        row = await house.library.sealed(scope.site, *_parts(recording))
        await house.library.keep(row, kept=not no_longer)
        await _note(house, scope, Action.RECORDING_KEEP, recording, after="timed" if no_longer else "kept")
    click.echo(f"recording {recording} is kept{' no longer' if no_longer else ''}")


@recordings.command()
@places
@click.argument("site")
@click.argument("recording")
@yes
@run_async
async def delete(*, loaded: Loaded, site: str, recording: str, yes: bool) -> None:
    """Delete one recording for good. Asks first."""
    async with opened(loaded) as house:
        scope = await _scope(house, site, Permission.SITE_ERASE)
        row = await house.library.sealed(scope.site, *_parts(recording))
        sure(f"Delete the recording {recording}?", yes=yes)
        await house.library.delete(row)
        await _note(house, scope, Action.RECORDING_DELETE, recording)
    click.echo(f"deleted recording {recording}")


@recordings.command("import")
@places
@click.argument("site")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@run_async
async def import_(*, loaded: Loaded, site: str, file: Path) -> None:
    """Take a recording from FILE, a JSON array of rrweb events; it is masked by the site's rules."""
    try:
        body = msgspec.json.decode(await asyncio.to_thread(file.read_bytes), type=list[dict[str, Any]])
    except msgspec.DecodeError as exc:
        raise InvalidValue(f"{file} is no JSON array of events: {exc}", hint="Export one to see the form.") from exc
    async with opened(loaded) as house:
        scope = await _scope(house, site, Permission.SITE_CHANGE)
        active = await house.rules.active(scope.site)
        found = await asyncio.to_thread(masked, active.rules, body)
        sealing = Sealing(house.database, house.stores.recordings, house.keys)
        visit, tab = await sealing.upload(scope.site, scope.tenant, found.events, active.number)
        await _note(house, scope, Action.RECORDING_UPLOAD, f"{visit}-{tab}")
    click.echo(f"imported {len(found.events):,} events as recording {visit}-{tab}")


async def _scope(house: House, site: str, permission: Permission) -> Scope:
    reference = await site_named(house.database, site)
    return await scope_for(house.database, operator(), permission, site=reference)


async def _events(house: House, scope: Scope, recording: str) -> list[dict[str, Any]]:
    visit, tab = _parts(recording)
    row = await house.library.of_visit(scope.site, visit, tab)
    if row is None:
        return await house.library.events_under_way(scope.site, visit, tab)
    return (await house.library.summary(row))[1]


async def _note(house: House, scope: Scope, action: Action, recording: str, after: str = "unchanged") -> None:
    thing = Thing.VISIT, _parts(recording)[0]
    await audit.record(house.database, operator(), action, thing, tenant_id=scope.tenant, after=after)


def _parts(recording: str) -> tuple[int, str]:
    visit, _, tab = recording.partition("-")
    number = identifier(visit)
    if not isinstance(number, int) or not tab:
        raise NotFound(f"{recording[:60]!r} is no recording", hint="`sightline recordings list` shows their names.")
    return number, tab


def _shown(row: Any) -> dict[str, Any]:
    found = {
        "recording": f"{row['visit']}-{row['tab']}", "seconds": (row["last_ms"] - row["first_ms"]) // 1000,
        "events": row["events"], "bytes": row["bytes"],
    }  # fmt: skip
    if "findings" in row.keys():  # noqa: SIM118 - a record of the driver is no mapping of names
        found |= {"clicks": row["clicks"], "errors": row["errors"], "kept": row["kept"], "findings": row["findings"],
                  "pages": row["pages"]}  # fmt: skip
    return found
