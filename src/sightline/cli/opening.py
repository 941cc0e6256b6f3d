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


def vault_login(loaded: Loaded) -> CredentialStore:
    """Where the vault's login is kept: like the other, under a name of its own."""
    settings = loaded.settings
    urls = (settings.database.url, settings.database.admin_url, settings.vault.url, settings.vault.admin_url)
    if not any(urls) or not settings.aws.region:
        return FileStore(loaded.data / "secrets" / "vault.json")
    return SecretsManagerStore(settings.vault.secret, settings.aws)


def say(step: str) -> None:
    """Show a step that takes a moment, to people only."""
    if sys.stderr.isatty():
        click.echo(f"  {step} …", err=True)


@asynccontextmanager
async def opened(loaded: Loaded, *, with_vault: bool = False) -> AsyncIterator[House]:
    """The house for one command."""
    login = vault_login(loaded) if with_vault else None
    async with open_house(loaded, credentials(loaded), progress=say, vault_login=login) as house:
        yield house
