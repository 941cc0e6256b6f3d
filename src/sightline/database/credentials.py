"""The login of the service's role, and where it is kept: one JSON document, in a file or in a secret store."""

import asyncio
import os
import tempfile
from pathlib import Path
from typing import Protocol

import msgspec

from sightline.database.address import Address
from sightline.errors import ServiceError
from sightline.settings import DatabaseSettings, Secret


class CredentialError(ServiceError):
    """The credentials of the database could not be read or written."""

    code = "credentials"


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """What a service needs to log in."""

    username: str
    password: Secret
    host: str
    port: int
    database: str
    schema: str

    def address(self, settings: DatabaseSettings) -> Address:
        return Address(
            host=self.host,
            port=self.port,
            user=self.username,
            password=self.password,
            database=self.database,
            schema=self.schema,
            tls=settings.tls == "verify-full" and not self.host.startswith("/"),
            ca_file=settings.ca_file,
        )


class _Document(msgspec.Struct, frozen=True, kw_only=True):
    """The layout that other tools read, too; unknown members are left to them."""

    username: str
    password: str
    host: str
    port: int
    database: str
    schema: str


def encode(credentials: Credentials) -> bytes:
    document = _Document(
        username=credentials.username,
        password=credentials.password.reveal(),
        host=credentials.host,
        port=credentials.port,
        database=credentials.database,
        schema=credentials.schema,
    )
    return msgspec.json.encode(document)


def decode(text: str | bytes, *, where: str) -> Credentials:
    """Read the document that stands at `where`; an error never repeats what is in it."""
    try:
        document = msgspec.json.decode(text, type=_Document)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        reason = str(exc) if isinstance(exc, msgspec.ValidationError) else "it is not JSON"
        # The cause is left out on purpose: it could show a piece of the document.
        raise CredentialError(
            f"{where} does not hold credentials: {reason}",
            hint="`sightline db setup --rotate-password` writes them anew.",
        ) from None
    return Credentials(
        username=document.username,
        password=Secret(document.password),
        host=document.host,
        port=document.port,
        database=document.database,
        schema=document.schema,
    )


class CredentialStore(Protocol):
    """A place for one set of credentials."""

    def shown(self) -> str:
        """Where it is, for messages."""

    async def read(self) -> Credentials | None:
        """Return what is stored, or nothing."""

    async def save(self, credentials: Credentials) -> None:
        """Store durably; when this returns, a crash does not lose it."""

    async def delete(self) -> bool:
        """Remove what `save` made; false when there is nothing of ours."""


class FileStore:
    """A file that only its owner can read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def shown(self) -> str:
        return str(self.path)

    async def read(self) -> Credentials | None:
        return await asyncio.to_thread(self._read)

    async def save(self, credentials: Credentials) -> None:
        await asyncio.to_thread(self._save, encode(credentials))

    async def delete(self) -> bool:
        return await asyncio.to_thread(self._delete)

    def _read(self) -> Credentials | None:
        try:
            text = self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as exc:
            raise self._error("read", exc) from exc
        mode = self.path.stat().st_mode & 0o777
        if mode & 0o077:
            raise CredentialError(
                f"{self.path} can be read by others (mode {mode:04o})", hint=f"Run `chmod 600 {self.path}`."
            )
        return decode(text, where=str(self.path))

    def _save(self, text: bytes) -> None:
        folder = self.path.parent
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=folder, prefix=f".{self.path.name}.")  # of mode 600
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(text)
                    file.flush()
                    os.fsync(file.fileno())
                Path(name).replace(self.path)
            except OSError:
                Path(name).unlink(missing_ok=True)
                raise
            directory = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(directory)
            finally:
                os.close(directory)
        except OSError as exc:
            raise self._error("write", exc) from exc

    def _delete(self) -> bool:
        try:
            self.path.unlink()
        except FileNotFoundError:
            return False
        except OSError as exc:
            raise self._error("delete", exc) from exc
        return True

    def _error(self, verb: str, cause: OSError) -> CredentialError:
        return CredentialError(
            f"cannot {verb} {str(self.path)!r}: {cause.strerror or cause}",
            hint="Check the folder, its owner and space.",
        )
