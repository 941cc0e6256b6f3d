"""Where a PostgreSQL is and how to get in: parsed once from a URL, kept without ever showing the password."""

import ipaddress
import socket
import ssl
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

import asyncpg
import msgspec

from sightline.errors import DatabaseUnavailable, ServiceError, SettingError
from sightline.settings import DatabaseSettings, Secret

# What asyncpg raises when a server cannot be reached or does not let us in.
CONNECT_ERRORS = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)
# What the tests run on.
SUPPORTED = range(15, 18)
_FORM = "Write postgresql://user:password@host:5432/name."
_PARTS = "Write a postgresql:// URL, or the secret that RDS keeps: username and password, with database.url beside it."
# Verification in full is what we do anyway, so less is not refused; none at all is not in the URL's power.
_SSL_MODES = {"require", "verify-ca", "verify-full"}


class DatabaseUnsupported(ServiceError):
    """This PostgreSQL is of a version that Sightline does not support."""

    code = "database_unsupported"


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
    # Behind a proxy the next statement may meet another server connection, which knows no prepared statement of ours.
    prepares: bool = True

    def shown(self) -> str:
        """The address without its password, for messages."""
        return f"postgresql://{self.user}@{self.host}:{self.port}/{self.database}"

    def as_user(self, user: str, password: Secret | None) -> "Address":
        return msgspec.structs.replace(self, user=user, password=password)

    def parameters(self, *, timeout_s: float = 10, application: str = "sightline") -> dict[str, Any]:
        """The arguments of `asyncpg.connect` and `asyncpg.create_pool`."""
        server_settings = {"application_name": application, "timezone": "UTC"}
        cache = {} if self.prepares else {"statement_cache_size": 0}
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
            **cache,
        }

    def _tls_context(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self.ca_file or None)  # checks chain and host name: verify-full
        except OSError as exc:
            raise SettingError(
                f"database.ca_file: cannot read {self.ca_file!r}: {exc.strerror or exc}",
                hint="Name a PEM file of certificate authorities.",
            ) from exc


def parse(url: Secret, settings: DatabaseSettings, *, setting: str = "database.url") -> Address:
    """Read a `postgresql://user:password@host:port/database` URL; `setting` is its name in errors.

    An administrator's may also be the JSON document that RDS keeps in Secrets Manager: user and password. The database
    is then that of `database.url`, and so is the host where the document names none.
    """
    if setting != "database.url" and url.reveal().lstrip().startswith("{"):
        return _of_parts(url, settings, setting)
    try:
        parts = urlsplit(url.reveal())
        port = parts.port
        options = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        port = port or int(options.pop("port", "5432"))
    except ValueError as exc:
        raise SettingError(f"{setting} is not a URL", hint=_FORM) from exc
    if parts.scheme not in {"postgres", "postgresql"}:
        raise SettingError(f"{setting} begins with {parts.scheme!r}", hint=_FORM)
    host = options.pop("host", unquote(parts.hostname or ""))
    if not host or not parts.username or not parts.path.strip("/"):
        raise SettingError(f"{setting} lacks a host, a user or a database", hint=_FORM)
    ca_file = settings.ca_file or options.get("sslrootcert", "")
    _check_options(options, setting)
    if settings.tls == "off" and not is_local(host):
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
        ca_file=ca_file,
    )


class _Parts(msgspec.Struct, frozen=True, kw_only=True):
    """What RDS and Aurora keep of a login; a password that RDS manages itself comes without the rest."""

    username: str
    password: str
    host: str = ""
    port: int = 0
    dbname: str = ""


def _of_parts(text: Secret, settings: DatabaseSettings, setting: str) -> Address:
    try:
        parts = msgspec.json.decode(text.reveal(), type=_Parts)
    except msgspec.DecodeError as exc:
        reason = str(exc) if isinstance(exc, msgspec.ValidationError) else "it is not JSON"
        # The cause is left out on purpose: it could show a piece of the document.
        raise SettingError(f"{setting} is no login: {reason}", hint=_PARTS) from None
    known = None if settings.url is None else parse(settings.url, settings)
    host, database = parts.host or (known.host if known else ""), known.database if known else parts.dbname
    if not (parts.username and host and database):
        raise SettingError(f"{setting} lacks a user, a host or a database", hint=_PARTS)
    port = parts.port or (known.port if known else 5432)
    url = f"postgresql://{quote(parts.username, safe='')}@{quote(host, safe='')}:{port}/{quote(database, safe='')}"
    return msgspec.structs.replace(parse(Secret(url), settings, setting=setting), password=Secret(parts.password))


def _check_options(options: dict[str, str], setting: str) -> None:
    """Refuse an option that would be dropped silently."""
    mode = options.pop("sslmode", "verify-full")
    options.pop("sslrootcert", None)
    if mode not in _SSL_MODES:
        raise SettingError(
            f"{setting} has sslmode={mode!r}, and Sightline always verifies the server in full",
            hint="Leave it out; for a loopback address there is database.tls = 'off'.",
        )
    if options:
        raise SettingError(f"{setting} has an unknown option {min(options)!r}", hint=_FORM)


def pooled(settings: DatabaseSettings) -> Address:
    """Return the address of `database.url`, for the pool; with `database.direct_url` beside it, it is a proxy."""
    if settings.url is None:
        raise SettingError("database.url is not set", hint="Set DATABASE_URL.")
    return msgspec.structs.replace(parse(settings.url, settings), prepares=settings.direct_url is None)


def direct(settings: DatabaseSettings) -> Address:
    """Return the writer itself: for advisory locks of a session, LISTEN, and the tail of the ledger."""
    if settings.direct_url is None:
        return pooled(settings)
    return parse(settings.direct_url, settings, setting="database.direct_url")


async def external(settings: DatabaseSettings) -> tuple[Address, Address]:
    """Return the addresses for the pool and for sessions, once both answer as a writer of a supported version."""
    addresses = pooled(settings), direct(settings)
    for address in dict.fromkeys(addresses):
        await check(address)
    return addresses


async def check(address: Address) -> None:
    """Refuse a server of another version, and a standby."""
    connection = await connect(address)
    try:
        version = int(await connection.fetchval("SELECT current_setting('server_version_num')"))
        standby = await connection.fetchval("SELECT pg_is_in_recovery()")
    except CONNECT_ERRORS as exc:
        raise unreachable(address, exc) from exc
    finally:
        await connection.close()
    if version // 10_000 not in SUPPORTED:
        raise DatabaseUnsupported(
            f"PostgreSQL at {address.shown()} has version {version // 10_000}",
            hint=f"Sightline runs on PostgreSQL {SUPPORTED[0]} to {SUPPORTED[-1]}.",
        )
    if standby:
        raise DatabaseUnavailable(
            f"PostgreSQL at {address.shown()} is a standby, which takes no writes",
            hint="Name the writer: of an Aurora cluster the cluster endpoint, not the reader endpoint.",
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
    """Say in one line why a server cannot be reached, and what to look at."""
    where = f"PostgreSQL at {address.shown()}"
    match cause:
        case asyncpg.InvalidPasswordError() | asyncpg.InvalidAuthorizationSpecificationError():
            what, hint = f"{where} refused the password or the user", "Check the credentials in database.url."
        case asyncpg.InvalidCatalogNameError():
            what, hint = f"{where} has no such database", "Create it, or correct database.url."
        case asyncpg.TooManyConnectionsError():
            what, hint = f"{where} has no free connection", "Lower database.pool_max or raise max_connections."
        case asyncpg.CannotConnectNowError():
            what, hint = f"{where} starts or stops: {cause}", "Try again shortly."
        case ssl.SSLCertVerificationError():
            reason = cause.verify_message.rstrip(".")
            what, hint = f"the TLS certificate of {address.host!r} is refused: {reason}", _certificate_hint(reason)
        case ssl.SSLError():
            what = f"TLS with {address.host!r} failed: {cause.reason or cause}"
            hint = "Check that the port is PostgreSQL's and its TLS is 1.2 or later."
        case ConnectionError() if "rejected SSL" in str(cause):
            what, hint = f"{where} offers no TLS", "Switch `ssl` on there; only a loopback address may do without."
        case socket.gaierror():
            what, hint = f"the host {address.host!r} is not known: {cause.strerror}", "Correct database.url."
        case _:
            what = f"{where} does not answer: {str(cause) or type(cause).__name__}"
            hint = "Check that it runs and database.url is right."
    return DatabaseUnavailable(what, hint=hint)


def _certificate_hint(reason: str) -> str:
    if "mismatch" in reason:
        return "Use the host name that the certificate is made out to."
    return "Name its authorities in database.ca_file."


def is_local(host: str) -> bool:
    if host.startswith("/") or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
