"""`sightline aws deploy`, `rollback` and `destroy`: the four stacks."""

from collections.abc import Mapping

import click
import msgspec

from sightline.cli.aws_options import settings
from sightline.cli.output import as_json, dry_run, places, print_json, print_table, sure, yes
from sightline.cloud.removal import Removal
from sightline.cloud.stacks import Stacks
from sightline.cloud.templates import PARTS
from sightline.settings import Loaded

only = click.option("--only", "parts", multiple=True, type=click.Choice(PARTS), help="Only this stack, more than once.")


@click.command()
@places
@settings
@only
@dry_run
@as_json
def deploy(*, loaded: Loaded, given: Mapping[str, str], parts: tuple[str, ...], dry_run: bool, json: bool) -> None:
    """Make or change the stacks of the stage `aws.environment`, in their order; what is as it should be stays.

    \b
    Example: sightline aws deploy --set Image=… --set DatabaseHost=… --set DesiredCount=0
    """
    stacks = Stacks(loaded.settings.aws, _progress)
    chosen = _ordered(parts)
    if dry_run:
        changes = list(stacks.changes(given, chosen))
        if json:
            print_json(msgspec.to_builtins(changes))
        else:
            print_table([msgspec.structs.asdict(change) for change in changes])
        return
    done = []
    for deployed in stacks.deploy(given, chosen):
        done.append(deployed)
        click.echo(f"{deployed.stack}: {deployed.state}", err=True)
    if json:
        print_json(msgspec.to_builtins(done))
        return
    rows = [{"part": one.part, "output": name, "value": text} for one in done for name, text in one.outputs.items()]
    print_table(rows)


@click.command()
@places
@click.argument("part", type=click.Choice(PARTS))
@dry_run
@as_json
def rollback(*, loaded: Loaded, part: str, dry_run: bool, json: bool) -> None:
    """Take a stack back to what it was before a change that failed or hangs.

    \b
    Example: sightline aws rollback service
    """
    stacks = Stacks(loaded.settings.aws, _progress)
    if dry_run:
        step = stacks.way_back(part)
        print_json(msgspec.to_builtins(step)) if json else click.echo(f"{step.stack} ({step.state}): {step.does}")
        return
    done = stacks.rollback(part)
    if json:
        print_json(msgspec.to_builtins(done))
    else:
        click.echo(f"{done.stack}: {done.state}")


@click.command()
@places
@dry_run
@yes
@click.option("--with-data", is_flag=True, help="Buckets, keys and the new Aurora too; a snapshot of it stays.")
@click.option("--data-of", default="", metavar="STAGE", help="The stage once more: needed with --with-data.")
@as_json
def destroy(  # noqa: PLR0913 - one per option
    *, loaded: Loaded, dry_run: bool, yes: bool, with_data: bool, data_of: str, json: bool
) -> None:
    """Take the stacks away. Data stay, unless it is said twice that they shall go.

    \b
    Example: sightline aws destroy --yes
    Example: sightline aws destroy --with-data --data-of dev
    """
    aws = loaded.settings.aws
    if with_data and data_of != aws.environment:
        raise click.UsageError(f"Say which data shall go: --with-data --data-of {aws.environment}.")
    removal = Removal(aws, _progress)
    steps = removal.steps(with_data=with_data)
    if dry_run:
        print_json(msgspec.to_builtins(steps)) if json else print_table([msgspec.structs.asdict(one) for one in steps])
        return
    sure(f"Take away {', '.join(step.what for step in steps) or 'nothing'} of {aws.environment}?", yes=yes)
    done = list(removal.run(steps))
    if json:
        print_json(msgspec.to_builtins(done))
    else:
        print_table([msgspec.structs.asdict(one) for one in done])


def _ordered(parts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(part for part in PARTS if not parts or part in parts)


def _progress(text: str) -> None:
    click.echo(text, err=True)
