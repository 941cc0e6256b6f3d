"""`sightline config`: every setting, its value and where it came from."""

import click

from sightline.cli.output import as_json, places, print_json, print_table
from sightline.settings import Loaded, Secret, catalogue, environment_name


@click.command()
@places
@as_json
def config(*, loaded: Loaded, json: bool) -> None:
    """Show every setting, its value and where it came from; secrets are masked."""
    rows = [
        {"setting": name, "value": _shown(loaded, name), "origin": loaded.origins.get(name, "default")}
        for name in catalogue()
    ]
    if json:
        meanings = {name: meaning for name, (_, meaning, _) in catalogue().items()}
        print_json(
            {
                "data": str(loaded.data),
                "settings": [
                    {
                        **row,
                        "environment": environment_name(str(row["setting"])),
                        "meaning": meanings[str(row["setting"])],
                    }
                    for row in rows
                ],
            }
        )
        return
    click.echo(f"data folder: {loaded.data}\n")
    print_table(rows)


def _shown(loaded: Loaded, name: str) -> object:
    section, _, field = name.partition(".")
    value = getattr(getattr(loaded.settings, section), field)
    return "***" if isinstance(value, Secret) else value
