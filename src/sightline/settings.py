"""The settings: typed, read once at the start from a TOML file, the environment and flags, never changed afterwards.

A setting is named `section.name`. It comes, the later the stronger, from its default, from `[section] name = …` in the
TOML file, from `SIGHTLINE_SECTION_NAME` in the environment (or, for a secret, from the file that
`SIGHTLINE_SECTION_NAME_FILE` names), and from a flag. An unknown or wrong setting stops the start and says where it
stands. Secrets are never taken from a flag and never shown.
"""

import os
import re
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_type_hints

import msgspec
from msgspec import Meta, Struct

from sightline.errors import SettingError

PREFIX = "SIGHTLINE_"
# Read before the settings themselves or by one command, so they are no settings.
PLACES = {"SIGHTLINE_DATA", "SIGHTLINE_CONFIG", "SIGHTLINE_USER_PASSWORD_FILE"}
# Names that others gave to the same thing, which an operator has set already.
ALIASES = {"DATABASE_URL": "database.url", "AWS_REGION": "aws.region"}


class Secret:
    """A text that no log, error or `repr` shows; `reveal()` is the one way to it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "Secret(***)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> str:
        raise TypeError("a secret is not pickled")


class Section(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The base of all sections: unknown names are refused."""


class ServerSettings(Section, frozen=True, kw_only=True):
    """The HTTP server."""

    host: Annotated[str, Meta(description="Address to listen on.")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535, description="Port to listen on; 0 takes a free one.")] = 8600
    public_url: Annotated[
        str, Meta(description="The address under which browsers reach this server; empty: http://host:port.")
    ] = ""
    role: Annotated[Literal["all", "collect", "reports", "jobs"], Meta(description="What this process does.")] = "all"
    trusted_proxies: Annotated[
        tuple[str, ...], Meta(description="Addresses or networks whose X-Forwarded-… headers are believed.")
    ] = ()
    max_body_kb: Annotated[int, Meta(ge=1, le=65536, description="Largest request body in kB.")] = 1024
    request_timeout_s: Annotated[int, Meta(ge=1, le=600, description="A request that takes longer is ended.")] = 30
    shutdown_timeout_s: Annotated[
        int, Meta(ge=1, le=120, description="How long a stop waits for what is being committed.")
    ] = 15
    workers: Annotated[int, Meta(ge=0, le=16, description="Processes for heavy pure work; 0: none.")] = 1


class DatabaseSettings(Section, frozen=True, kw_only=True):
    """PostgreSQL. Without `url` Sightline runs its own."""

    url: Annotated[Secret | None, Meta(description="postgresql://… of an external PostgreSQL 15 to 17.")] = None
    direct_url: Annotated[
        Secret | None,
        Meta(description="The writer itself, where `url` is RDS Proxy: for the leader lock and the tail."),
    ] = None
    admin_url: Annotated[
        Secret | None, Meta(description="An administrator's URL, for `db setup`, `verify`, `baseline` and `rollback`.")
    ] = None
    ca_file: Annotated[
        str, Meta(description="The authorities that sign the server's certificate; empty: the system's.")
    ] = ""
    tls: Annotated[
        Literal["verify-full", "off"],
        Meta(description="`off` is accepted only for loopback addresses and sockets."),
    ] = "verify-full"
    schema: Annotated[
        str, Meta(pattern=r"^[a-z_][a-z0-9_]{0,62}$", description="The schema that holds everything.")
    ] = "umami"
    role: Annotated[str, Meta(pattern=r"^[a-z_][a-z0-9_]{0,62}$", description="The login role of the service.")] = (
        "umami_user"
    )
    secret: Annotated[
        str, Meta(description="Where `db setup` puts the role's credentials: a name in AWS Secrets Manager.")
    ] = "observability/umami-db-credentials"  # noqa: S105 - a name, not a secret
    connection_limit: Annotated[
        int, Meta(ge=5, le=1000, description="Connections that the role may have open in all; `db setup` sets it.")
    ] = 50
    pool_min: Annotated[int, Meta(ge=0, le=100, description="Connections kept open.")] = 1
    pool_max: Annotated[int, Meta(ge=1, le=100, description="Connections at most.")] = 8
    timeout_s: Annotated[int, Meta(ge=1, le=120, description="How long to wait for a connection.")] = 10


class EmbeddedSettings(Section, frozen=True, kw_only=True):
    """The PostgreSQL that Sightline starts itself."""

    binaries: Annotated[
        str,
        Meta(
            description="`auto` (the wheel's, else the system's), `wheel`, `system`, or a folder with `postgres` in it."
        ),
    ] = "auto"
    listen: Annotated[
        Literal["socket", "loopback"], Meta(description="A socket in a private folder, or 127.0.0.1 with a password.")
    ] = "socket"
    os_user: Annotated[
        str,
        Meta(description="Who runs PostgreSQL when Sightline is started by root; created without login when missing."),
    ] = "sightline"
    shared_buffers_mb: Annotated[int, Meta(ge=8, le=16384, description="PostgreSQL's shared_buffers.")] = 32
    max_connections: Annotated[int, Meta(ge=20, le=500, description="PostgreSQL's max_connections.")] = 60


class BlobSettings(Section, frozen=True, kw_only=True):
    """The object store. Empty: folders below the data folder."""

    recordings: Annotated[str, Meta(description="s3://bucket/prefix or a folder.")] = ""
    extents: Annotated[str, Meta(description="s3://bucket/prefix or a folder.")] = ""
    seals: Annotated[str, Meta(description="s3://bucket/prefix or a folder; on S3 a bucket with object lock.")] = ""


class CollectSettings(Section, frozen=True, kw_only=True):
    """What is collected of hits, and what is kept out."""

    own_addresses: Annotated[
        tuple[str, ...], Meta(description="Addresses or networks of your own people: their visits are not counted.")
    ] = ()
    data_centres_file: Annotated[
        str, Meta(description="A file of one network a line: hits from there are kept out; empty: none are.")
    ] = ""
    places_file: Annotated[
        str, Meta(description="A file in MaxMind's format that says where addresses are; empty: only proxies say it.")
    ] = ""
    visitor_per_minute: Annotated[
        int, Meta(ge=6, le=100_000, description="Hits of one visitor beyond this many a minute are answered with 429.")
    ] = 600
    batch_items: Annotated[int, Meta(ge=1, le=10_000, description="Items of one batch at most.")] = 1000
    quarantine_rows: Annotated[
        int, Meta(ge=0, le=1_000_000, description="Dropped hits kept for a look, a site and day, at most; 0: none.")
    ] = 10_000


class SignalSettings(Section, frozen=True, kw_only=True):
    """The journal: how signals are committed, sealed and kept."""

    gather_ms: Annotated[
        int, Meta(ge=0, le=100, description="A commit waits this long at most for others to join.")
    ] = 3
    commit_rows: Annotated[int, Meta(ge=1, le=32_768, description="Signals in one commit at most.")] = 2000
    commit_timeout_s: Annotated[
        int, Meta(ge=1, le=60, description="A commit that takes longer is given up and answered with 503.")
    ] = 5
    queue_rows: Annotated[
        int, Meta(ge=100, le=1_000_000, description="Signals that wait for a commit; beyond that 503 is answered.")
    ] = 20_000
    queue_mb: Annotated[int, Meta(ge=1, le=1024, description="The same limit in MB.")] = 64
    hot_hours: Annotated[
        int, Meta(ge=1, le=24 * 30, description="Sealed signals stay in PostgreSQL this long, for slow warehouses.")
    ] = 48


class WarehouseSettings(Section, frozen=True, kw_only=True):
    """The local DuckDB file that reports read; only processes that report open it."""

    file: Annotated[str, Meta(description="Where it is; empty: below the data folder.")] = ""
    memory_mb: Annotated[int, Meta(ge=64, le=65536, description="DuckDB's memory at most; beyond it spills.")] = 512
    threads: Annotated[int, Meta(ge=0, le=64, description="Threads of a query; 0: as many as there are cores.")] = 0
    queries: Annotated[int, Meta(ge=1, le=64, description="Queries that run at the same time.")] = 4
    poll_ms: Annotated[int, Meta(ge=20, le=10_000, description="How often it looks for what was committed.")] = 250
    idle_minutes: Annotated[
        int, Meta(ge=1, le=24 * 60, description="It is closed after this long without a query.")
    ] = 10


class KeySettings(Section, frozen=True, kw_only=True):
    """Where the root key lives and how long unwrapped keys are held."""

    root: Annotated[
        str, Meta(description="`local` (a file of mode 600 in the data folder) or the ARN or alias of a KMS key.")
    ] = "local"
    cache_age_s: Annotated[int, Meta(ge=1, le=3600, description="An unwrapped key is held this long at most.")] = 300
    cache_uses: Annotated[int, Meta(ge=1, le=2**28, description="…and for this many uses at most.")] = 2**20
    cache_entries: Annotated[int, Meta(ge=1, le=1_000_000, description="…and this many of them at most.")] = 10_000


class AccountSettings(Section, frozen=True, kw_only=True):
    """Signing in."""

    session_hours: Annotated[int, Meta(ge=1, le=24 * 90, description="A sign-in ends after this long without use.")] = (
        24 * 7
    )
    setup_link_minutes: Annotated[
        int, Meta(ge=1, le=24 * 60, description="How long the one-time setup link works.")
    ] = 60
    password_min_length: Annotated[int, Meta(ge=8, le=128, description="Shortest password.")] = 10


class AwsSettings(Section, frozen=True, kw_only=True):
    """AWS, where it is used."""

    region: Annotated[str, Meta(description="Region of the account.")] = ""
    endpoint_url: Annotated[str, Meta(description="Another endpoint for all AWS services; for tests.")] = ""
    environment: Annotated[Literal["dev", "staging", "prod"], Meta(description="The tag Environment.")] = "prod"
    owner: Annotated[str, Meta(description="The tag Owner.")] = "engineering@example.com"
    database_cluster: Annotated[
        str, Meta(description="The Aurora cluster whose CloudWatch metrics `db baseline` reads.")
    ] = ""


class ClientSettings(Section, frozen=True, kw_only=True):
    """How commands that need the warehouse ask the server that runs."""

    url: Annotated[str, Meta(description="Its address; empty: server.public_url, or server.host and server.port.")] = ""
    key: Annotated[Secret | None, Meta(description="An API key that may read sites: `sightline key create`.")] = None


class LogSettings(Section, frozen=True, kw_only=True):
    """What the process writes to stdout."""

    level: Annotated[Literal["debug", "info", "warning", "error"], Meta(description="Least level written.")] = "info"
    format: Annotated[
        Literal["auto", "json", "text"], Meta(description="`auto`: text on a terminal, else JSON lines.")
    ] = "auto"
    metrics: Annotated[bool, Meta(description="Write the process's own metrics as EMF lines.")] = False


class Settings(Section, frozen=True, kw_only=True):
    """All settings of one process."""

    server: ServerSettings = ServerSettings()
    database: DatabaseSettings = DatabaseSettings()
    embedded: EmbeddedSettings = EmbeddedSettings()
    blobs: BlobSettings = BlobSettings()
    collect: CollectSettings = CollectSettings()
    signals: SignalSettings = SignalSettings()
    warehouse: WarehouseSettings = WarehouseSettings()
    keys: KeySettings = KeySettings()
    accounts: AccountSettings = AccountSettings()
    aws: AwsSettings = AwsSettings()
    client: ClientSettings = ClientSettings()
    log: LogSettings = LogSettings()


class Loaded(Struct, frozen=True):
    """The settings, the data folder, and where each value that is not a default came from."""

    settings: Settings
    data: Path
    origins: Mapping[str, str]


def catalogue() -> dict[str, tuple[type, str, object]]:
    """Every setting by its dotted name: its type, its meaning, its default."""
    found: dict[str, tuple[type, str, object]] = {}
    defaults = Settings()
    for section_name, section in get_type_hints(Settings).items():
        for name, hint in get_type_hints(section, include_extras=True).items():
            base, meta = get_args(hint)[:2]
            default = getattr(getattr(defaults, section_name), name)
            found[f"{section_name}.{name}"] = (base, meta.description or "", default)
    return found


def environment_name(setting: str) -> str:
    return PREFIX + setting.replace(".", "_").upper()


def is_secret(setting: str) -> bool:
    return Secret in get_args(catalogue()[setting][0])


def default_data_folder(environ: Mapping[str, str] | None = None) -> Path:
    """Return where the data lives when nobody says: the system's place for root, the user's own otherwise."""
    environ = os.environ if environ is None else environ
    if os.geteuid() == 0:
        return Path("/var/lib/sightline")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "sightline"
    base = environ.get("XDG_DATA_HOME") or ""
    return (Path(base) if base else Path.home() / ".local" / "share") / "sightline"


def load(
    *,
    data: Path | None = None,
    config: Path | None = None,
    flags: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Loaded:
    """Read all settings; the first wrong one is raised as a `SettingError` that says where it stands."""
    environ = os.environ if environ is None else environ
    data = data or (Path(environ["SIGHTLINE_DATA"]) if environ.get("SIGHTLINE_DATA") else default_data_folder(environ))
    data = data.expanduser().absolute()
    known = catalogue()
    values: dict[str, object] = {}
    origins: dict[str, str] = {}

    file = _config_file(data, config, environ)
    if file is not None:
        for name, value, origin in _from_file(file, known):
            values[name], origins[name] = value, origin
    for name, value, origin in _from_environment(environ, known):
        values[name], origins[name] = value, origin
    for name, value in (flags or {}).items():
        if value is not None:
            values[name], origins[name] = value, f"flag --{name.split('.')[1].replace('_', '-')}"

    sections: dict[str, dict[str, object]] = {}
    for name, value in values.items():
        section, _, field = name.partition(".")
        sections.setdefault(section, {})[field] = _converted(name, value, known[name][0], origins[name])
    settings = Settings(**{section: _section_type(section)(**fields) for section, fields in sections.items()})
    return Loaded(settings=settings, data=data, origins=origins)


def _section_type(section: str) -> Any:
    return get_type_hints(Settings)[section]


def _config_file(data: Path, config: Path | None, environ: Mapping[str, str]) -> Path | None:
    if config is None and environ.get("SIGHTLINE_CONFIG"):
        config = Path(environ["SIGHTLINE_CONFIG"])
    if config is not None:
        if not config.is_file():
            raise SettingError(f"the configuration file {str(config)!r} does not exist", hint="Check --config.")
        return config
    standard = data / "sightline.toml"
    return standard if standard.is_file() else None


def _from_file(file: Path, known: Mapping[str, object]) -> list[tuple[str, object, str]]:
    text = file.read_text("utf-8")
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise SettingError(f"{file}: {exc}", hint="Correct the TOML.") from exc
    found = []
    for section, fields in document.items():
        if not isinstance(fields, dict):
            raise SettingError(
                f"{file}:{_line_of(text, None, section)}: {section!r} stands outside of a section",
                hint=f"Sections are {_listing(known, '')}.",
            )
        for field, value in fields.items():
            name = f"{section}.{field}"
            origin = f"{file}:{_line_of(text, section, field)}"
            if name not in known:
                raise SettingError(f"{origin}: unknown setting {name!r}", hint=_nearest(name, known))
            found.append((name, value, origin))
    return found


def _line_of(text: str, section: str | None, field: str) -> int:
    """The line on which a setting stands; tomllib does not tell."""
    current: str | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[\s*\"?([^\]\"]+?)\"?\s*\]", line):
            current = header[1]
        elif current == section and re.match(rf"\s*[\"']?{re.escape(field)}[\"']?\s*=", line):
            return number
    return 1


def _from_environment(environ: Mapping[str, str], known: Mapping[str, object]) -> list[tuple[str, object, str]]:
    by_name = {environment_name(name): name for name in known}
    # The aliases first: our own name for a setting is the stronger.
    found: list[tuple[str, object, str]] = [
        (name, environ[alias], f"environment {alias}") for alias, name in ALIASES.items() if environ.get(alias)
    ]
    for variable, text in sorted(environ.items()):
        if not variable.startswith(PREFIX) or variable in PLACES:
            continue
        if variable in by_name:
            found.append((by_name[variable], text, f"environment {variable}"))
            continue
        plain = variable.removesuffix("_FILE")
        if plain != variable and plain in by_name and is_secret(by_name[plain]):
            found.append((by_name[plain], _read_secret(variable, text), f"environment {variable}"))
            continue
        raise SettingError(f"environment {variable}: unknown setting", hint=_nearest(variable, by_name))
    return found


def _read_secret(variable: str, path: str) -> str:
    try:
        return Path(path).read_text("utf-8").rstrip("\r\n")
    except OSError as exc:
        raise SettingError(
            f"environment {variable}: cannot read {path!r}: {exc.strerror}", hint="Name a readable file."
        ) from exc


def _converted(name: str, value: object, kind: Any, origin: str) -> object:
    if Secret in get_args(kind):
        if not isinstance(value, str):
            raise SettingError(f"{origin}: {name} has to be a text", hint="Put it in quotes.", field=name)
        return Secret(value) if value else None
    section, _, field = name.partition(".")
    hint = get_type_hints(_section_type(section), include_extras=True)[field]
    if isinstance(value, str) and kind == tuple[str, ...]:
        value = [part.strip() for part in value.split(",") if part.strip()]
    try:
        # Not strict: the environment knows only texts.
        return msgspec.convert(value, hint, strict=not origin.startswith("environment"))
    except msgspec.ValidationError as exc:
        raise SettingError(f"{origin}: {name} = {value!r}: {exc}", hint="See `sightline config`.", field=name) from exc


def _nearest(name: str, known: Mapping[str, object]) -> str:
    import difflib  # noqa: PLC0415 - only needed for the message of an error

    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"Did you mean {close[0]!r}?" if close else "`sightline config` lists all settings."


def _listing(known: Mapping[str, object], prefix: str) -> str:
    return ", ".join(sorted({name.split(".")[0] for name in known if name.startswith(prefix)}))
