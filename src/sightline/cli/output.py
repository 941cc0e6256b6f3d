"""How commands read their common options and print: tables for people, JSON for programs, errors on stderr."""

import asyncio
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click
import msgspec

from sightline.settings import Loaded
from sightline.settings.reading import load

P = ParamSpec("P")
R = TypeVar("R")

as_json = click.option("--json", is_flag=True, help="Print JSON.")
dry_run = click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
yes = click.option("--yes", "-y", is_flag=True, help="Do not ask.")


def places(command: Callable[..., R]) -> Callable[..., R]:
    """Add the options that say where data and settings are; the command receives `loaded`."""

    @click.option("--data", type=click.Path(path_type=Path), help="The data folder.  [env: SIGHTLINE_DATA]")
    @click.option("--config", type=click.Path(path_type=Path), help="The settings file.  [env: SIGHTLINE_CONFIG]")
    @wraps(command)
    def with_places(*args: Any, data: Path | None, config: Path | None, **options: Any) -> R:
        return command(*args, loaded=load_once(data, config), **options)

    return with_places


def load_once(data: Path | None, config: Path | None, flags: Mapping[str, object] | None = None) -> Loaded:
    return load(data=data, config=config, flags=flags)


def sure(question: str, *, yes: bool) -> None:
    """Ask before something is lost; where nobody can answer, `--yes` has to."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError(f"{question} Nobody can be asked here: say --yes.")
    click.confirm(question, abort=True, err=True)


def document(thing: object) -> dict[str, Any]:
    """A struct as a JSON document, as the API has it: 64-bit ids are texts, a tenant is a team."""
    fields = msgspec.structs.asdict(thing)  # type: ignore[arg-type]
    return {name.replace("tenant", "team"): _as_text(name, value) for name, value in fields.items()}


def _as_text(name: str, value: Any) -> Any:
    if name == "id" or name.endswith("_id"):
        return None if value is None else str(value)
    if name.endswith("_ids") and value is not None:
        return [str(item) for item in value]
    return value


def run_async(command: Callable[P, Coroutine[Any, Any, R]]) -> Callable[P, R]:
    """Let click call a coroutine function."""

    @wraps(command)
    def run(*args: P.args, **options: P.kwargs) -> R:
        return asyncio.run(command(*args, **options))

    return run


def new_file(context: click.Context, parameter: click.Parameter, file: Path | None) -> Path | None:  # noqa: ARG001 - click's
    """A file to be written: that its folder is not there is said before the work, not after it."""
    if file is not None and not file.absolute().parent.is_dir():
        raise click.BadParameter(f"{str(file.absolute().parent)!r} is no folder")
    return file


def print_json(value: object) -> None:
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def print_table(rows: Sequence[Mapping[str, object]], columns: Sequence[str] | None = None) -> None:
    """Print rows under headings, as wide as their longest value; nothing at all is said, not shown as a blank."""
    if not rows:
        click.echo("(none)")
        return
    columns = list(columns or rows[0])
    cells = [[_cell(row.get(column)) for column in columns] for row in rows]
    widths = [max(len(column), *(len(row[i]) for row in cells)) for i, column in enumerate(columns)]
    click.echo(
        "  ".join(column.upper().replace("_", " ").ljust(w) for column, w in zip(columns, widths, strict=True)).rstrip()
    )
    for row in cells:
        click.echo("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip())


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "-"
    return str(value)
