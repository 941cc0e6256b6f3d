"""`sightline aws package`: the zip files of the functions that run on Lambda."""

from pathlib import Path

import click

from sightline.cli.output import as_json, dry_run, print_json, print_table
from sightline.cloud import packages
from sightline.errors import ServiceError


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--out", type=click.Path(path_type=Path), default=Path(), help="The folder that gets the files.")
@dry_run
@as_json
def package(*, names: tuple[str, ...], out: Path, dry_run: bool, json: bool) -> None:
    """Write the zip files of Lambda functions and layers; all of them, or those named.

    The same sources give the same bytes, so a digest tells whether what is deployed is what lies here.

    \b
    Example: sightline aws package beacon --out build
    """
    made = [packages.package(name) for name in names or packages.RECIPES]
    rows = [
        {
            "package": one.name, "file": str(out / f"{one.name}.zip"), "bytes": len(one.content), "files": one.files,
            "handler": one.handler or None, "sha256": one.sha256,
        }
        for one in made
    ]  # fmt: skip
    if not dry_run:
        _write(out, made)
    if json:
        print_json({"written": not dry_run, "packages": rows})
        return
    print_table(rows)
    if dry_run:
        click.echo("dry run: nothing was written")


def _write(out: Path, made: list[packages.Package]) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        for one in made:
            (out / f"{one.name}.zip").write_bytes(one.content)
    except OSError as exc:
        raise ServiceError(
            f"cannot write to {str(out)!r}: {exc.strerror}", hint="Name another folder with --out."
        ) from exc
