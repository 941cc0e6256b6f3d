"""`sightline aws opensearch`: what an OpenSearch domain needs before lines arrive there."""

import asyncio

import click

from sightline.cli.output import as_json, dry_run, places, print_json, run_async
from sightline.cloud.opensearch import OpenSearch, sync
from sightline.settings import Loaded


@click.group()
def opensearch() -> None:
    """The OpenSearch domain that opensearch.url names."""


@opensearch.command("sync")
@places
@dry_run
@as_json
@run_async
async def sync_(*, loaded: Loaded, dry_run: bool, json: bool) -> None:
    """Bring the index template and the ISM policy about; what is as it should be stays.

    \b
    Example: sightline aws opensearch sync --dry-run
    """
    settings = loaded.settings.opensearch
    domain = OpenSearch(settings, loaded.settings.aws)
    changed = await asyncio.to_thread(sync, domain, settings.index, dry_run=dry_run)
    if json:
        print_json({"changed": changed, "dry_run": dry_run})
        return
    for name in changed:
        click.echo(f"{'would change' if dry_run else 'changed'} {name}")
    if not changed:
        click.echo("nothing to change")
