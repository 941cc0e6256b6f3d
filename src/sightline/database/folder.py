"""The data folder: what lies where, to whom it belongs, and the lock that lets one Sightline at a time use it.

::

    postgres/    the cluster of the embedded PostgreSQL        0700, the service user's
    log/         PostgreSQL's log, bounded                     0700, the service user's
    programs/    a copy of PostgreSQL's programs, where the service user cannot reach the installed ones
    secrets/     passwords, one file each                      0700, files 0600
    keys/        the local root key                            0700
    blobs/       recordings, extents, seals                    0700
    run/         the lock and the address of what runs now     0700
    cluster.json which PostgreSQL made the cluster

All but the first two belong to whoever starts Sightline. Folders above the data folder, and a data folder that was
there before, are never changed: where the service user cannot pass through one, the start is refused and names it.
"""

import asyncio
import errno
import fcntl
import os
import secrets
import shutil
import time
from contextlib import suppress
from pathlib import Path

import msgspec

from sightline.database.osuser import Progress, ServiceUser
from sightline.errors import Conflict, ServiceError
from sightline.settings import Secret

# How long a start waits for a process that is dead but whose lock is still held by a child of it that is ending.
LOCK_WAIT_S = 15


class DataFolderUnusable(ServiceError):
    """The data folder cannot be used."""

    code = "data_folder"


class DataFolderInUse(Conflict):
    """Another Sightline uses this data folder."""

    code = "data_folder_in_use"
    exit_code = 1


class Cluster(msgspec.Struct, frozen=True, kw_only=True):
    """Which PostgreSQL made the cluster in `postgres/`: no other major version can read it."""

    major: int
    origin: str
    instance: str


class Lock:
    """The hold on a data folder; the kernel lets go of it when the process ends, however it ends."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    def release(self) -> None:
        if self._descriptor is not None:
            with suppress(OSError):
                os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None


class DataFolder:
    """The paths of one data folder, and how they come to be."""

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().absolute()
        self.postgres = self.path / "postgres"
        self.log = self.path / "log"
        self.programs = self.path / "programs"
        self.secrets = self.path / "secrets"
        self.keys = self.path / "keys"
        self.blobs = self.path / "blobs"
        self.run = self.path / "run"
        self.marker = self.path / "cluster.json"
        self.address = self.run / "address.json"
        self.admin_password = self.secrets / "postgres-admin"

    def prepare(self) -> None:
        """Create what is missing of the caller's part."""
        try:
            if self.path.exists() and not self.path.is_dir():
                raise DataFolderUnusable(f"{str(self.path)!r} is not a folder", hint="Name a folder in --data.")
            # For root the service user has to pass through to postgres/; nothing but names can be seen there.
            _make(self.path, 0o711 if os.geteuid() == 0 else 0o700)
            for folder in (self.secrets, self.keys, self.blobs, self.run):
                _make(folder, 0o700)
        except OSError as exc:
            raise self.unusable(exc) from exc

    def admit(self, user: ServiceUser) -> None:
        """Refuse a folder through which the service user cannot pass, and say which one it is."""
        obstacle = user.obstacle(self.path)
        if obstacle is not None:
            raise DataFolderUnusable(
                f"the user {user.name!r}, who runs PostgreSQL, cannot pass through {str(obstacle)!r}",
                hint=f"Choose another --data, or allow it: chmod o+x {obstacle}",
            )
        if self.postgres.exists() and self.postgres.stat().st_uid != user.uid:
            owner = self.postgres.owner()
            raise DataFolderUnusable(
                f"{str(self.postgres)!r} belongs to {owner!r}, but PostgreSQL would run as {user.name!r}",
                hint=f"Start Sightline as {owner!r}, or as root with embedded.os_user = {owner!r}.",
            )

    def give(self, folder: Path, user: ServiceUser) -> None:
        """Create a folder of the service user's."""
        try:
            _make(folder, 0o700)
            if user.drop and folder.stat().st_uid != user.uid:
                os.chown(folder, user.uid, user.gid, follow_symlinks=False)
        except OSError as exc:
            raise self.unusable(exc) from exc

    async def lock(self, progress: Progress) -> Lock:
        """Take the folder for this process, or name the one that has it."""
        try:
            descriptor = os.open(self.run / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as exc:
            raise self.unusable(exc) from exc
        try:
            await self._hold(descriptor, progress)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        except BaseException as exc:
            os.close(descriptor)
            if isinstance(exc, OSError):
                raise self.unusable(exc) from exc
            raise
        return Lock(descriptor)

    async def _hold(self, descriptor: int, progress: Progress) -> None:
        patience = time.monotonic() + LOCK_WAIT_S
        told = False
        while True:
            with suppress(BlockingIOError):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            holder = _pid(os.pread(descriptor, 32, 0))
            # The pid of a dead process: a child of it still ends. No pid: it has just begun, or is only looking.
            if (holder and _alive(holder)) or time.monotonic() > patience:
                who = f" (process {holder})" if holder else ""
                raise DataFolderInUse(
                    f"another Sightline{who} uses the data folder {str(self.path)!r}",
                    hint="Stop it, or choose another folder with --data.",
                )
            if not told:
                progress("waiting for the last Sightline on this data folder to end")
                told = True
            await asyncio.sleep(0.02)

    def locked(self) -> bool:
        """Tell whether a Sightline runs on this folder now."""
        try:
            descriptor = os.open(self.run / "lock", os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            return False
        except OSError as exc:
            raise self.unusable(exc) from exc
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def cluster(self) -> Cluster | None:
        """Read which PostgreSQL made the cluster; None when there is no cluster yet."""
        if not self.postgres.exists():
            return None
        try:
            return msgspec.json.decode(self.marker.read_bytes(), type=Cluster)
        except FileNotFoundError:
            reason = "is missing"
        except msgspec.DecodeError as exc:
            reason = f"is damaged ({exc})"
        except OSError as exc:
            raise self.unusable(exc) from exc
        raise DataFolderUnusable(
            f"{str(self.postgres)!r} exists, but {self.marker.name}, which says what made it, {reason}",
            hint="Restore that file from a backup, or choose another folder with --data.",
        )

    def write(self, file: Path, content: bytes) -> None:
        """Replace a file of the caller's as a whole, durably, readable to nobody else."""
        temporary = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                with os.fdopen(descriptor, "wb") as opened:
                    opened.write(content)
                    opened.flush()
                    os.fsync(opened.fileno())
                temporary.rename(file)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
            sync_folder(file.parent)
        except OSError as exc:
            raise self.unusable(exc) from exc

    def password(self) -> Secret:
        """Read the password of PostgreSQL's superuser."""
        try:
            return Secret(self.admin_password.read_text("ascii").strip())
        except FileNotFoundError:
            raise DataFolderUnusable(
                f"{str(self.admin_password)!r} is missing: nobody can sign in to this data folder's PostgreSQL",
                hint="Restore secrets/ from the backup of this data folder.",
            ) from None
        except OSError as exc:
            raise self.unusable(exc) from exc

    def create_password(self) -> Secret:
        password = secrets.token_urlsafe(32)
        self.write(self.admin_password, f"{password}\n".encode())
        return Secret(password)

    def unusable(self, cause: OSError) -> DataFolderUnusable:
        """Say in one line why the folder cannot be used, and what to do."""
        where = str(cause.filename or self.path)
        if cause.errno in {errno.ENOSPC, errno.EDQUOT} or "No space left" in str(cause):
            return self.full()
        if cause.errno == errno.EROFS:
            return DataFolderUnusable(f"{where!r} is read-only", hint="Choose a writable folder with --data.")
        if cause.errno in {errno.EACCES, errno.EPERM}:
            return DataFolderUnusable(
                f"no permission for {where!r}",
                hint="Start Sightline as the owner of the data folder, or choose another with --data.",
            )
        if cause.errno in {errno.ENOTDIR, errno.EEXIST, errno.ELOOP}:
            return DataFolderUnusable(f"{where!r} is in the way of a folder", hint="Choose another with --data.")
        return DataFolderUnusable(
            f"{where!r} cannot be used: {cause.strerror or cause}", hint="Choose another folder with --data."
        )

    def full(self) -> DataFolderUnusable:
        return DataFolderUnusable(
            f"the disk of {str(self.path)!r} is full",
            hint="Free some space and start again; nothing that was committed is lost.",
        )


def _make(folder: Path, mode: int) -> None:
    """Create one folder with exactly this mode, or leave the one that is there; those above it as the umask says."""
    if folder.is_dir():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700)
    if mode != 0o700:
        folder.chmod(mode)


def remove_tree(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _pid(text: bytes) -> int:
    return int(text) if text.strip().isdigit() else 0


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _zombie(pid)


def _zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (OSError, IndexError):
        return False
