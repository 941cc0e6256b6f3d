"""`sightline version`."""

import platform

import click

from sightline import __version__
from sightline.cli.output import as_json, print_json


@click.command()
@as_json
def version(*, json: bool) -> None:
    """Print the version of Sightline and of Python."""
    found = {"sightline": __version__, "python": platform.python_version()}
    if json:
        print_json(found)
    else:
        click.echo(f"sightline {__version__} (Python {platform.python_version()})")
