"""Options that several commands of `sightline aws` have."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from sightline.cli.client import Client
from sightline.cli.output import new_file
from sightline.settings import Loaded

send = click.option(
    "--send", is_flag=True, help="Also give it to the server, for its page Cost and infrastructure (an admin's key)."
)

html = click.option(
    "--html", "html_file", type=click.Path(path_type=Path, dir_okay=False), callback=new_file, help="Also write a page."
)

settings = click.option(
    "--set", "given", multiple=True, metavar="NAME=VALUE", callback=lambda *found: _pairs(found[2]),
    help="A parameter of the templates, more than once.",
)  # fmt: skip


def profile(default: str) -> Callable[[Any], Any]:
    return click.option(
        "--profile", "profile_name", default=default, show_default=True, metavar="NAME|FILE",
        help="A workload: small, search, thousand, new-database, or a TOML file.",
    )  # fmt: skip


def sent(loaded: Loaded, kind: str, document: object) -> None:
    """Give a result to the server that runs."""
    Client(loaded.settings).read(f"/cloud/{kind}", method="PUT", document=document)
    click.echo("sent to the server", err=True)


def _pairs(texts: tuple[str, ...]) -> Mapping[str, str]:
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise click.BadParameter(f"{text!r} is not NAME=VALUE")
        found[name] = value
    return found
