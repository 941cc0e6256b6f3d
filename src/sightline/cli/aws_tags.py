"""`sightline aws tags`: whether everything is labelled, and whether billing knows the labels."""

import click
import msgspec

from sightline.cli.aws_options import send, sent
from sightline.cli.output import as_json, dry_run, places, print_json, print_table
from sightline.cloud import tagging
from sightline.settings import Loaded


@click.group()
def tags() -> None:
    """Audit the tags of every resource, and activate the cost allocation tags."""


@tags.command()
@places
@send
@as_json
def audit(*, loaded: Loaded, send: bool, json: bool) -> int:
    """Check the tags of every resource of the project and its stacks; exit 1 on a gap.

    \b
    Example: sightline aws tags audit
    """
    found = tagging.audit(loaded.settings.aws)
    faulty = [one for one in found if one.faults]
    document = {"resources": len(found), "gaps": msgspec.to_builtins(faulty)}
    if send:
        sent(loaded, "tags", document)
    if json:
        print_json(document)
    else:
        if faulty:
            print_table([{"resource": one.arn, "faults": "; ".join(one.faults)} for one in faulty])
        click.echo(f"{len(found)} resources, {len(faulty)} with a gap in their tags.")
        if not found:
            click.echo("sightline: nothing carries the tag Project=UserMetrics: is this the right account?", err=True)
    return int(bool(faulty) or not found)


@tags.command()
@places
@dry_run
@as_json
def activate(*, loaded: Loaded, dry_run: bool, json: bool) -> int:
    """Activate the seven cost allocation tags; exit 1 while billing has not seen one yet.

    \b
    Example: sightline aws tags activate
    """
    found = tagging.activate(loaded.settings.aws, dry_run=dry_run)
    if json:
        print_json(msgspec.to_builtins(found))
    else:
        print_table([{"tag": one.key, "state": one.state} for one in found])
        if any(one.state == "unseen" for one in found):
            click.echo("Billing sees a tag a day after something first carries it: run this again tomorrow.")
    done = {"active", "activated", "inactive"} if dry_run else {"active", "activated"}
    return int(any(one.state not in done for one in found))
