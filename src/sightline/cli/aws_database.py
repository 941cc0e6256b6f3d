"""`sightline aws database`: what has to be run where the database can be reached."""

import click
import msgspec

from sightline.cli.output import as_json, dry_run, places, print_json
from sightline.cloud.onetime import OneTime
from sightline.settings import Loaded


@click.group()
def database() -> None:
    """Run the isolation commands as a task inside the VPC: Aurora is private."""


@database.command()
@places
@click.option("--verify", is_flag=True, help="Only try what has to fail, as `sightline db verify` does.")
@dry_run
@as_json
def setup(*, loaded: Loaded, verify: bool, dry_run: bool, json: bool) -> int:
    """Make schema and role, and keep the login in the secret; a second run finds nothing to do.

    \b
    Example: sightline aws database setup --dry-run
    """
    command = ["db", "verify"] if verify else ["db", "setup", *(["--dry-run"] if dry_run else [])]
    ran = OneTime(loaded.settings.aws, lambda text: click.echo(text, err=True)).run(command)
    if json:
        print_json(msgspec.to_builtins(ran))
    else:
        for line in ran.lines:
            click.echo(line)
    return ran.exit_code
