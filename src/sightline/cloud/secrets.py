"""AWS Secrets Manager: where the login of the service's role is kept in production.

boto3 is imported only when a secret is needed, and its blocking calls run in a thread.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sightline.database.credentials import Credentials, decode, encode
from sightline.errors import ServiceError, SettingError
from sightline.settings import AwsSettings, Secret

if TYPE_CHECKING:
    from types_boto3_secretsmanager import SecretsManagerClient
    from types_boto3_secretsmanager.type_defs import TagTypeDef

# By this rollback knows a secret that setup made from one that somebody else did, for instance a stack.
DESCRIPTION = "Login of Sightline's database role; made by `sightline db setup`"


class SecretError(ServiceError):
    """AWS Secrets Manager did not do what was asked."""

    code = "secret"


def tags(aws: AwsSettings) -> "list[TagTypeDef]":
    """The tags that every resource of the database carries."""
    wanted = {
        "Project": "UserMetrics",
        "Component": "Database",
        "Function": "Storage",
        "Environment": aws.environment,
        "ManagedBy": "CDK",
        "CostCenter": "Observability",
        "Owner": aws.owner,
    }
    return [{"Key": key, "Value": value} for key, value in wanted.items()]


def client(aws: AwsSettings) -> "SecretsManagerClient":
    try:
        import boto3  # noqa: PLC0415 - only where AWS is used
    except ImportError as exc:
        raise SettingError("boto3 is not installed", hint="Install sightline[aws].") from exc
    if not aws.region:
        raise SettingError("aws.region is not set", hint="Set it, or AWS_REGION, to use AWS Secrets Manager.")
    return boto3.client("secretsmanager", region_name=aws.region, endpoint_url=aws.endpoint_url or None)


async def read_secret(name: str, aws: AwsSettings) -> Secret | None:
    """Return the current text of a secret; nothing when there is no such secret."""
    return await asyncio.to_thread(_read, name, aws)


class SecretsManagerStore:
    """A secret of this name; a `sightline.database.credentials.CredentialStore`."""

    def __init__(self, name: str, aws: AwsSettings) -> None:
        self.name = name
        self.aws = aws

    def shown(self) -> str:
        return f"AWS Secrets Manager, {self.name}"

    async def read(self) -> Credentials | None:
        text = await read_secret(self.name, self.aws)
        return decode(text.reveal(), where=self.shown()) if text else None

    async def save(self, credentials: Credentials) -> None:
        await asyncio.to_thread(self._save, encode(credentials).decode())

    async def delete(self) -> bool:
        return await asyncio.to_thread(self._delete)

    def _save(self, text: str) -> None:
        service = client(self.aws)
        with _named(self.name, "write"):
            try:
                service.create_secret(
                    Name=self.name,
                    Description=DESCRIPTION,
                    SecretString=text,
                    Tags=tags(self.aws),
                )
            except (
                service.exceptions.ResourceExistsException,
                service.exceptions.InvalidRequestException,  # the name is taken by one that waits to be deleted
            ):
                if dict(service.describe_secret(SecretId=self.name)).get("DeletedDate"):
                    service.restore_secret(SecretId=self.name)
                service.put_secret_value(SecretId=self.name, SecretString=text)
                service.tag_resource(SecretId=self.name, Tags=tags(self.aws))

    def _delete(self) -> bool:
        service = client(self.aws)
        with _named(self.name, "delete"):
            try:
                found = service.describe_secret(SecretId=self.name)
            except service.exceptions.ResourceNotFoundException:
                return False
            if found.get("Description") != DESCRIPTION:
                return False
            # No waiting time: the role that it opens is gone.
            service.delete_secret(SecretId=self.name, ForceDeleteWithoutRecovery=True)
            return True


def _read(name: str, aws: AwsSettings) -> Secret | None:
    service = client(aws)
    with _named(name, "read"):
        try:
            return Secret(service.get_secret_value(SecretId=name)["SecretString"])
        except service.exceptions.ResourceNotFoundException:
            return None
        except service.exceptions.InvalidRequestException:
            return None  # scheduled for deletion
        except KeyError:
            raise SecretError(f"the secret {name!r} holds bytes, not text", hint="Write it anew.") from None


@contextmanager
def _named(name: str, verb: str) -> Iterator[None]:
    """Turn what boto3 raises into one line that names the secret and never its value."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - only where AWS is used

    try:
        yield
    except (ClientError, BotoCoreError) as exc:
        code = exc.response.get("Error", {}).get("Code") if isinstance(exc, ClientError) else None
        raise SecretError(
            f"cannot {verb} the secret {name!r} in AWS Secrets Manager: {code or type(exc).__name__}",
            hint="Check aws.region, the network, and the permissions secretsmanager:*Secret* of this role.",
        ) from exc
