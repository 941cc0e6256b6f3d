"""`sightline aws inventory`: what else lives in the account, before and after."""

from pathlib import Path

import click
import msgspec

from sightline.cli.output import as_json, new_file, places, print_json, print_table
from sightline.cloud import inventory as inventories
from sightline.settings import Loaded

file = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))


@click.group()
def inventory() -> None:
    """Prove that nothing else in the account was touched; reads only."""


@inventory.command()
@places
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), callback=new_file)
@as_json
def save(*, loaded: Loaded, file: Path, json: bool) -> int:
    """Write down how networks, buckets, CloudFront, functions, alarms, budgets and log groups are set up.

    \b
    Example: sightline aws inventory save before.json
    """
    taken = inventories.take(loaded.settings.aws)
    inventories.save(taken, file)
    counts = {kind: len(found) for kind, found in taken.entries.items()}
    if json:
        print_json({"file": str(file), "counts": counts, "unread": taken.unread})
    else:
        print_table([{"kind": kind, "found": count} for kind, count in counts.items()])
        _unread(taken)
    return int(bool(taken.unread))


@inventory.command()
@places
@file
@click.option("--expect", multiple=True, metavar="ID", help="Something that was meant to change, more than once.")
@as_json
def compare(*, loaded: Loaded, file: Path, expect: tuple[str, ...], json: bool) -> int:
    """Compare with what was saved; exit 1 if anything that was there is changed or gone, or cannot be read.

    \b
    Example: sightline aws inventory compare before.json --expect sg-0a1b2c3d
    """
    before, after = inventories.read(file), inventories.take(loaded.settings.aws)
    found = list(inventories.compare(before, after))
    touched = [one for one in found if one.state != "new" and one.id not in expect]
    unread = {**before.unread, **after.unread}
    if json:
        print_json({"differences": msgspec.to_builtins(found), "touched": len(touched), "unread": unread})
        return int(bool(touched or unread))
    if found:
        print_table(
            [{**msgspec.structs.asdict(one), "expected": one.id in expect or one.state == "new"} for one in found]
        )
    new = sum(one.state == "new" for one in found)
    click.echo(f"{new} new, {len(touched)} of others changed or gone.")
    _unread(after)
    return int(bool(touched or unread))


def _unread(taken: inventories.Inventory) -> None:
    for kind, reason in taken.unread.items():
        click.echo(f"sightline: {kind} could not be read: {reason}", err=True)
