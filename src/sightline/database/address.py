"""Where a PostgreSQL is and how to get in: parsed once from a URL, kept without ever showing the password."""

import ipaddress
import ssl
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg
import msgspec

from sightline.errors import DatabaseUnavailable, SettingError
from sightline.settings import DatabaseSettings, Secret

# What asyncpg raises when a server cannot be reached or does not let us in.
CONNECT_ERRORS = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """One PostgreSQL database and a role in it. `host` beginning with a slash is the folder of a socket."""

    host: str
    port: int = 5432
    user: str
    password: Secret | None = None
    database: str
    schema: str = ""
    tls: bool = False
    ca_file: str = ""

    def shown(self) -> str:
        """The address without its password, for messages."""
        return f"postgresql://{self.user}@{self.host}:{self.port}/{self.database}"

    def as_user(self, user: str, password: Secret | None) -> "Address":
        return msgspec.structs.replace(self, user=user, password=password)

    def parameters(self, *, timeout_s: float = 10, application: str = "sightline") -> dict[str, Any]:
        """The arguments of `asyncpg.connect` and `asyncpg.create_pool`."""
        server_settings = {"application_name": application, "timezone": "UTC"}
        if self.schema:
            server_settings["search_path"] = self.schema
        return {
            "host": self.host,
            "port": self.port,
            "user": self.user,
            "password": self.password.reveal() if self.password else None,
            "database": self.database,
            "ssl": self._tls_context() if self.tls else False,
            "timeout": timeout_s,
            "server_settings": server_settings,
        }

    def _tls_context(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self.ca_file or None)  # checks chain and host name: verify-full
        except OSError as exc:
            raise SettingError(
                f"database.ca_file: cannot read {self.ca_file!r}: {exc.strerror or exc}",
                hint="Name a PEM file of certificate authorities.",
            ) from exc


def parse(url: Secret, settings: DatabaseSettings) -> Address:
    """Read a `postgresql://user:password@host:port/database` URL."""
    try:
        parts = urlsplit(url.reveal())
        port = parts.port or 5432
    except ValueError as exc:
        raise SettingError(
            "database.url is not a URL", hint="Write postgresql://user:password@host:5432/name."
        ) from exc
    if parts.scheme not in {"postgres", "postgresql"}:
        raise SettingError(
            f"database.url begins with {parts.scheme!r}", hint="Write postgresql://user:password@host:5432/name."
        )
    options = parse_qs(parts.query)
    host = options.get("host", [unquote(parts.hostname or "")])[0]
    if not host or not parts.username or not parts.path.strip("/"):
        raise SettingError(
            "database.url lacks a host, a user or a database", hint="Write postgresql://user:password@host:5432/name."
        )
    if settings.tls == "off" and not _is_local(host):
        raise SettingError(
            f"database.tls = 'off', but {host!r} is another machine", hint="Leave database.tls at 'verify-full'."
        )
    return Address(
        host=host,
        port=port,
        user=unquote(parts.username),
        password=Secret(unquote(parts.password)) if parts.password else None,
        database=unquote(parts.path.strip("/")),
        schema=settings.schema,
        tls=settings.tls == "verify-full" and not host.startswith("/"),
        ca_file=settings.ca_file,
    )


async def connect(address: Address, *, timeout_s: float = 10, application: str = "sightline") -> asyncpg.Connection:
    """Connect, or say in one line why not."""
    try:
        connection: asyncpg.Connection = await asyncpg.connect(
            **address.parameters(timeout_s=timeout_s, application=application)
        )
    except CONNECT_ERRORS as exc:
        raise unreachable(address, exc) from exc
    return connection


def unreachable(address: Address, cause: Exception) -> DatabaseUnavailable:
    """The error that says why a server cannot be reached, and what to look at."""
    if isinstance(cause, asyncpg.InvalidPasswordError | asyncpg.InvalidAuthorizationSpecificationError):
        return DatabaseUnavailable(
            f"PostgreSQL at {address.shown()} refused the password or the user",
            hint="Check the credentials in database.url.",
        )
    if isinstance(cause, asyncpg.InvalidCatalogNameError):
        return DatabaseUnavailable(
            f"PostgreSQL at {address.shown()} has no such database", hint="Create it, or correct database.url."
        )
    if isinstance(cause, ssl.SSLError):
        return DatabaseUnavailable(
            f"the TLS certificate of {address.host} is not trusted: {cause.reason}",
            hint="Name its authorities in database.ca_file.",
        )
    reason = str(cause) or type(cause).__name__
    return DatabaseUnavailable(
        f"PostgreSQL at {address.shown()} does not answer: {reason}",
        hint="Check that it runs and database.url is right.",
    )


def _is_local(host: str) -> bool:
    if host.startswith("/") or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
