"""The settings: typed, read once at the start from a TOML file, the environment and flags, never changed afterwards.

A setting is named `section.name`. It comes, the later the stronger, from its default, from `[section] name = …` in the
TOML file, from `SIGHTLINE_SECTION_NAME` in the environment (or, for a secret, from the file that
`SIGHTLINE_SECTION_NAME_FILE` names), and from a flag. An unknown or wrong setting stops the start and says where it
stands. Secrets are never taken from a flag and never shown.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, get_args, get_type_hints

from msgspec import Meta, Struct

PREFIX = "SIGHTLINE_"


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


class RecordingSettings(Section, frozen=True, kw_only=True):
    """Recordings of visits."""

    budget_mb: Annotated[
        int,
        Meta(ge=0, description="Most MB of recordings of all sites; the oldest go first. 0: only their age counts."),
    ] = 0


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
    ] = 1200
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
    memory_mb: Annotated[int, Meta(ge=64, le=65536, description="DuckDB's memory at most; beyond it spills.")] = 192
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


class VaultSettings(Section, frozen=True, kw_only=True):
    """The vault: where personal data are kept, and what they may be read for."""

    url: Annotated[
        Secret | None, Meta(description="postgresql://… where the vault has a database of its own; empty: the same.")
    ] = None
    admin_url: Annotated[
        Secret | None, Meta(description="An administrator's URL for `vault setup`; empty: database.admin_url.")
    ] = None
    schema: Annotated[
        str, Meta(pattern=r"^[a-z_][a-z0-9_]{0,62}$", description="The schema that holds the vault and nothing else.")
    ] = "vault"
    role: Annotated[
        str, Meta(pattern=r"^[a-z_][a-z0-9_]{0,40}$", description="How the names of its roles begin: `vault_reader`.")
    ] = "vault"
    secret: Annotated[str, Meta(description="Where `vault setup` puts the login: a name in AWS Secrets Manager.")] = (
        "observability/vault-db-credentials"  # noqa: S105 - a name, not a secret
    )
    pool_min: Annotated[int, Meta(ge=0, le=100, description="Connections kept open.")] = 1
    pool_max: Annotated[int, Meta(ge=1, le=100, description="Connections at most.")] = 10
    timeout_s: Annotated[int, Meta(ge=1, le=120, description="How long to wait for a connection.")] = 10
    purposes: Annotated[
        tuple[str, ...],
        Meta(description="What clear values are read for, each with its fields: `billing: credit_card address`."),
    ] = ()
    keep: Annotated[
        tuple[str, ...], Meta(description="How long fields are kept, in days: `credit_card: 365`; others stay.")
    ] = ()
    application_root: Annotated[
        str,
        Meta(description="ARN or alias of a KMS key for the application keys alone; empty: keys.root wraps them too."),
    ] = ""
    retired_keys_days: Annotated[
        int,
        Meta(ge=0, le=36_500, description="Versions that a rotation left unused are destroyed after this; 0: never."),
    ] = 0
    copies: Annotated[
        tuple[str, ...],
        Meta(description="Copies out of reach that a receipt names, and for how many days: `CloudWatch logs: 30`."),
    ] = ()
    reads_per_minute: Annotated[
        int, Meta(ge=1, le=1_000_000, description="Values that one actor may read a minute, by field and purpose.")
    ] = 60
    subjects_per_hour: Annotated[
        int, Meta(ge=1, le=10_000_000, description="Different subjects that one actor may read in clear an hour.")
    ] = 500


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


class SourceSettings(Section, frozen=True, kw_only=True):
    """What `sightline import` reads from another product's database; no other command looks at it."""

    url: Annotated[Secret | None, Meta(description="Its postgresql:// URL, where none is typed.")] = None
    password: Annotated[Secret | None, Meta(description="Its password, which is never typed into a command.")] = None


class DemoSettings(Section, frozen=True, kw_only=True):
    """The example shop, which a clone has and the wheel has not."""

    shop: Annotated[
        bool, Meta(description="`up` serves the example shop beside itself, where it is built, and watches it.")
    ] = True
    port: Annotated[
        int, Meta(ge=0, le=65535, description="The shop's port; 0: the one after server.port, or a free one.")
    ] = 0


class LogSettings(Section, frozen=True, kw_only=True):
    """What the process writes to stdout."""

    level: Annotated[Literal["debug", "info", "warning", "error"], Meta(description="Least level written.")] = "info"
    format: Annotated[
        Literal["auto", "json", "text"], Meta(description="`auto`: text on a terminal, else JSON lines.")
    ] = "auto"
    metrics: Annotated[bool, Meta(description="Write the process's own metrics as EMF lines.")] = False


class HealthSettings(Section, frozen=True, kw_only=True):
    """Web Vitals and errors of pages, as lines for CloudWatch."""

    lines: Annotated[
        str,
        Meta(description="Where each also goes as an EMF and JSON line: `off`, `stdout` (on Fargate), or a file."),
    ] = "off"
    lines_per_minute: Annotated[
        int, Meta(ge=1, le=1_000_000, description="Lines beyond this are dropped, counted.")
    ] = 6000
    lines_file_mb: Annotated[
        int,
        Meta(ge=1, le=10_000, description="A file that has grown so large is put aside as `.1`, over the one before."),
    ] = 100
    namespace: Annotated[
        str, Meta(pattern=r"^[A-Za-z0-9._/#:-]{1,255}$", description="The namespace of their CloudWatch metrics.")
    ] = "Sightline/Pages"


class OpenSearchSettings(Section, frozen=True, kw_only=True):
    """An OpenSearch domain that gets the lines of all sites, masked as they are stored."""

    url: Annotated[str, Meta(description="The domain's https:// address; empty: lines go to none.")] = ""
    service: Annotated[Literal["es", "aoss"], Meta(description="What requests are signed for: a domain is es.")] = "es"
    index: Annotated[
        str, Meta(pattern=r"^[a-z][a-z0-9-]{0,60}$", description="What the names of its daily indexes begin with.")
    ] = "sightline-logs"
    dead_letters: Annotated[
        str, Meta(description="Where lines go that it refuses: s3://bucket/prefix or a folder; empty: with extents.")
    ] = ""


class Settings(Section, frozen=True, kw_only=True):
    """All settings of one process."""

    server: ServerSettings = ServerSettings()
    database: DatabaseSettings = DatabaseSettings()
    embedded: EmbeddedSettings = EmbeddedSettings()
    blobs: BlobSettings = BlobSettings()
    collect: CollectSettings = CollectSettings()
    health: HealthSettings = HealthSettings()
    recordings: RecordingSettings = RecordingSettings()
    signals: SignalSettings = SignalSettings()
    warehouse: WarehouseSettings = WarehouseSettings()
    keys: KeySettings = KeySettings()
    vault: VaultSettings = VaultSettings()
    accounts: AccountSettings = AccountSettings()
    aws: AwsSettings = AwsSettings()
    opensearch: OpenSearchSettings = OpenSearchSettings()
    client: ClientSettings = ClientSettings()
    source: SourceSettings = SourceSettings()
    log: LogSettings = LogSettings()
    demo: DemoSettings = DemoSettings()


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
