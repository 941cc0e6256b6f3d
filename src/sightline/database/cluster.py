"""Making a cluster, its configuration, and the private folder of its socket."""

import asyncio
import hashlib
import json
import os
import secrets
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from sightline.database.binaries import Programs
from sightline.database.folder import Cluster, DataFolder, DataFolderUnusable, remove_tree, sync_folder
from sightline.database.osuser import Progress, ServiceUser
from sightline.errors import DatabaseUnavailable
from sightline.settings import EmbeddedSettings

ADMIN = "sightline_admin"
SOCKET_PORT = 5432  # each data folder has a socket folder of its own
# sun_path holds 104 bytes on macOS and 108 on Linux, the closing zero among them.
SOCKET_PATH_BYTES = 103
HALF_MADE = "postgres.new-"


class StartFailed(DatabaseUnavailable):
    """PostgreSQL does not start."""

    code = "postgres_start"

    def __init__(self, message: str, *, hint: str, tail: tuple[str, ...] = ()) -> None:
        super().__init__(message, hint=hint)
        self.tail = tail


class Listen(msgspec.Struct, frozen=True, kw_only=True):
    """Where PostgreSQL listens: in a folder (`host` begins with a slash) or on loopback."""

    host: str
    port: int

    @property
    def loopback(self) -> bool:
        return not self.host.startswith("/")


def environment() -> dict[str, str]:
    """Return all that PostgreSQL gets to see of ours: no setting, no secret, no locale."""
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH") if name in os.environ}
    return {"LC_ALL": "C", "TZ": "UTC", "PATH": "/usr/bin:/bin", **kept}


async def create(folder: DataFolder, programs: Programs, user: ServiceUser, progress: Progress) -> Cluster:
    """Make a new cluster; it counts only once it is whole."""
    progress(f"creating a PostgreSQL {programs.major} cluster in {str(folder.postgres)!r}")
    for rest in folder.path.glob(f"{HALF_MADE}*"):
        remove_tree(rest)
    password = folder.create_password()
    fresh = folder.path / f"{HALF_MADE}{secrets.token_hex(4)}"
    folder.give(fresh, user)
    try:
        await asyncio.to_thread(_initdb, folder, programs, fresh, user, password.reveal())
        cluster = Cluster(major=programs.major, origin=programs.origin, instance=secrets.token_hex(16))
        folder.write(folder.marker, msgspec.json.encode(cluster))
        fresh.rename(folder.postgres)
        sync_folder(folder.path)
    except OSError as exc:
        remove_tree(fresh)
        raise folder.unusable(exc) from exc
    except BaseException:
        remove_tree(fresh)
        raise
    return cluster


def supervisor() -> list[str]:
    """Return the command of supervisor.py: no site-packages, no environment, a few megabytes."""
    return [sys.executable, "-I", "-S", str(Path(__file__).with_name("supervisor.py"))]


def _initdb(folder: DataFolder, programs: Programs, target: Path, user: ServiceUser, password: str) -> None:
    orders = {
        "make": [
            str(programs.initdb), "-D", str(target), "-U", ADMIN, "--pwfile=/dev/stdin", "--auth=scram-sha-256",
            "--encoding=UTF8", "--locale=C", "--data-checksums", "--no-instructions",
        ],
        "environment": environment(), "user": user.uid, "group": user.gid,
    }  # fmt: skip
    with (
        _pipe(f"{json.dumps(orders)}\n{password}\n", user) as stdin,
        subprocess.Popen(
            supervisor(), stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
            cwd="/", env=environment(),
        ) as process,
    ):  # fmt: skip
        output, _ = process.communicate()
    if process.returncode:
        raise failed(folder, "PostgreSQL's initdb failed", output.splitlines())


@contextmanager
def _pipe(text: str, user: ServiceUser) -> Iterator[int]:
    """Hold a text for a process of the user's to read; no file has it, no command line shows it."""
    read_end, write_end = os.pipe()
    try:
        with os.fdopen(write_end, "w") as writer:
            writer.write(text)
        if user.drop:
            os.fchown(read_end, user.uid, user.gid)  # it is opened anew, by its name
        yield read_end
    finally:
        os.close(read_end)


def check_version(folder: DataFolder, cluster: Cluster) -> None:
    """Compare the marker with the cluster itself: somebody may have put another one there."""
    try:
        found = (folder.postgres / "PG_VERSION").read_bytes()[:16].strip()
    except OSError as exc:
        raise DataFolderUnusable(
            f"{str(folder.postgres)!r} is no PostgreSQL cluster: PG_VERSION: {exc.strerror}",
            hint="Restore it from a backup, or choose another folder with --data.",
        ) from exc
    if found != str(cluster.major).encode():
        shown = found.decode() if found.isdigit() else "unknown"
        raise DataFolderUnusable(
            f"{str(folder.postgres)!r} is of PostgreSQL {shown}, but {folder.marker.name} says {cluster.major}",
            hint="Restore both from the same backup.",
        )


def files(settings: EmbeddedSettings, listen: Listen) -> dict[str, str]:
    """Return the configuration files that are written anew at each start."""
    values = {
        "listen_addresses": listen.host if listen.loopback else "",
        "port": listen.port,
        "unix_socket_directories": "" if listen.loopback else f'"{listen.host}"',
        "unix_socket_permissions": "0700",
        "password_encryption": "scram-sha-256",
        "max_connections": settings.max_connections,
        "shared_buffers": f"{settings.shared_buffers_mb}MB",
        "work_mem": "8MB",
        "maintenance_work_mem": "64MB",
        "effective_cache_size": "1GB",
        "huge_pages": "off",
        "jit": "off",
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        # One server, no replica: the log is for recovery alone, and stays small.
        "wal_level": "minimal",
        "max_wal_senders": 0,
        "max_wal_size": "256MB",
        "min_wal_size": "64MB",
        "max_logical_replication_workers": 0,
        "max_worker_processes": 4,
        "max_parallel_workers_per_gather": 2,
        "autovacuum_max_workers": 2,
        "timezone": "UTC",
        "log_timezone": "UTC",
        "datestyle": "ISO, MDY",
        "lc_messages": "C",
        # An error of a statement may hold what a visitor sent: whoever ran it is told, the log is not.
        "log_min_messages": "log",
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
        "log_statement": "none",
        "log_checkpoints": "off",
        "log_line_prefix": "%m [%p] ",
    }
    lines = [f"{name} = {_quoted(value)}\n" for name, value in values.items()]
    header = (
        "# Written by Sightline at each start. Your own settings: ALTER SYSTEM SET ..., which is the stronger.\n"
        "include 'postgresql.conf'\n"
    )
    rules = ["local all all scram-sha-256\n"]
    if listen.loopback:
        rules.append("host all all 127.0.0.1/32 scram-sha-256\n")
    return {
        "sightline.conf": header + "".join(lines),
        "pg_hba.conf": "# Written by Sightline at each start.\n" + "".join(rules),
    }


def _quoted(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"


def command(folder: DataFolder, programs: Programs) -> list[str]:
    return [
        str(programs.postgres), "-D", str(folder.postgres), "-c", f"config_file={folder.postgres}/sightline.conf",
    ]  # fmt: skip


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def socket_folder(folder: DataFolder, cluster: Cluster, user: ServiceUser) -> Path:
    """Make the private folder of the socket; its name is short, stable, and nobody else can foretell it."""
    name = hashlib.sha256(f"{cluster.instance}:{os.path.realpath(folder.path)}".encode()).hexdigest()[:16]
    for base in _bases(user):
        place = base / f"sightline-{name}"
        if len(os.fsencode(place / f".s.PGSQL.{SOCKET_PORT}")) <= SOCKET_PATH_BYTES:
            _make_private(place, user)
            return place
    raise DataFolderUnusable(
        "found no folder for PostgreSQL's socket that is writable, safe and has a short name",
        hint="Set embedded.listen = 'loopback', or point TMPDIR at such a folder.",
    )


def _bases(user: ServiceUser) -> Iterator[Path]:
    runtime = "/run" if user.drop else os.environ.get("XDG_RUNTIME_DIR", "")
    for text in dict.fromkeys((runtime, tempfile.gettempdir(), "/tmp")):  # noqa: S108 - checked below
        base = Path(text)
        if text and base.is_absolute() and base.is_dir() and _safe(base, user) and '"' not in text:
            yield base


def _safe(base: Path, user: ServiceUser) -> bool:
    """Tell whether nobody else could exchange a folder that we make in this one."""
    found = base.stat()
    ours = found.st_uid in {0, os.geteuid()}
    closed = not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH) or bool(found.st_mode & stat.S_ISVTX)
    return ours and closed and os.access(base, os.W_OK | os.X_OK) and user.may("-x", base)


def _make_private(place: Path, user: ServiceUser) -> None:
    with suppress(FileExistsError):
        place.mkdir(mode=0o700)
    found = place.lstat()
    wrong = None
    if not stat.S_ISDIR(found.st_mode):
        wrong = "is no folder"
    elif found.st_uid not in {user.uid, os.geteuid()}:
        wrong = f"belongs to user id {found.st_uid}"
    elif stat.S_IMODE(found.st_mode) != 0o700:
        wrong = f"has mode {stat.S_IMODE(found.st_mode):04o}, not 0700"
    if wrong:
        raise DataFolderUnusable(
            f"{str(place)!r}, where PostgreSQL's socket belongs, {wrong}",
            hint="Remove it, or set embedded.listen = 'loopback'.",
        )
    if found.st_uid != user.uid:
        os.chown(place, user.uid, user.gid, follow_symlinks=False)


def failed(folder: DataFolder, what: str, tail: list[str]) -> StartFailed | DataFolderUnusable:
    """Turn the last lines of PostgreSQL into the one line that matters, and what to do."""
    text = "\n".join(tail)
    if "No space left on device" in text or "Disk quota exceeded" in text:
        return folder.full()
    if "Read-only file system" in text:
        return DataFolderUnusable(f"{str(folder.path)!r} is read-only", hint="Choose a writable folder with --data.")
    grave = [line for line in tail if any(word in line for word in ("FATAL:", "PANIC:", "error:", "cannot run"))]
    lines = grave or [line for line in tail if line.strip()]
    reason = f": {lines[-1].strip()}" if lines else ""
    return StartFailed(f"{what}{reason}", hint=f"The log is {str(folder.log / 'postgres.log')!r}.", tail=tuple(tail))
