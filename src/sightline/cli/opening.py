"""How a command gets its parts: the house, opened for as long as the command runs."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import click

from sightline.cloud.secrets import SecretsManagerStore
from sightline.database.credentials import CredentialStore, FileStore
from sightline.operate.house import House, open_house
from sightline.settings import Loaded


def credentials(loaded: Loaded) -> CredentialStore:
    """Where the login of the service's role is kept: beside the embedded database, or in AWS Secrets Manager."""
    settings = loaded.settings
    external = settings.database.url is not None or settings.database.admin_url is not None
    if not external or not settings.aws.region:
        return FileStore(loaded.data / "secrets" / "database.json")
    return SecretsManagerStore(settings.database.secret, settings.aws)


def say(step: str) -> None:
    """Show a step that takes a moment, to people only."""
    if sys.stderr.isatty():
        click.echo(f"  {step} …", err=True)


@asynccontextmanager
async def opened(loaded: Loaded) -> AsyncIterator[House]:
    """The house for one command."""
    async with open_house(loaded, credentials(loaded), progress=say) as house:
        yield house
