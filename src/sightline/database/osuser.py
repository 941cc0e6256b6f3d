"""Who runs PostgreSQL: the caller, or, since PostgreSQL refuses root, a system user without login."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from sightline.errors import ServiceError, SettingError

Progress = Callable[[str], None]


class ServiceUser(Struct, frozen=True):
    """The user whose processes and files PostgreSQL's are; `drop` says that root becomes this user first."""

    name: str
    uid: int
    gid: int
    drop: bool

    def may(self, flag: str, path: Path) -> bool:
        """Ask the kernel as this user (`-r`, `-w`, `-x`), so that access lists and mount options count too."""
        if not self.drop:
            return os.access(path, {"-r": os.R_OK, "-w": os.W_OK, "-x": os.X_OK}[flag])
        done = subprocess.run(
            ["test", flag, str(path)],  # noqa: S607 - from the PATH of root
            user=self.uid, group=self.gid, extra_groups=[], cwd="/", check=False, capture_output=True,
        )  # fmt: skip
        return done.returncode == 0

    def obstacle(self, path: Path) -> Path | None:
        """Return the uppermost folder on the way to `path` that this user cannot pass through."""
        if self.may("-x", path):
            return None
        way = [*reversed(path.parents), path]
        return next((folder for folder in way if not self.may("-x", folder)), path)


def service_user(name: str, progress: Progress) -> ServiceUser:
    """Return the caller, or, for root, the user of `embedded.os_user`, who is created when missing."""
    if os.geteuid() != 0:
        return _caller()
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        progress(f"creating the system user {name!r}, who runs PostgreSQL and cannot log in")
        _create(name)
        entry = pwd.getpwnam(name)
    if entry.pw_uid == 0:
        raise SettingError(
            f"embedded.os_user = {name!r} is root, and PostgreSQL refuses to run as root",
            hint="Name another user; a missing one is created.",
        )
    return ServiceUser(name, entry.pw_uid, entry.pw_gid, drop=True)


def _caller() -> ServiceUser:
    try:
        entry = pwd.getpwuid(os.geteuid())
    except KeyError:
        raise ServiceError(
            f"user id {os.geteuid()} has no entry in /etc/passwd, and PostgreSQL needs one",
            hint="Run the container as a named user, or set DATABASE_URL to an external PostgreSQL.",
        ) from None
    return ServiceUser(entry.pw_name, entry.pw_uid, os.getegid(), drop=False)


def _create(name: str) -> None:
    """Create a system user without login: by shadow's useradd, else by BusyBox's adduser."""
    nologin = shutil.which("nologin", path="/usr/sbin:/sbin:/usr/bin:/bin") or "/bin/false"
    tools = {
        "useradd": ["--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent", "--shell", nologin],
        "adduser": ["-S", "-D", "-H", "-h", "/nonexistent", "-s", nologin],
    }
    reason = "neither useradd nor adduser is installed"
    for tool, options in tools.items():
        path = shutil.which(tool, path="/usr/sbin:/sbin:/usr/bin:/bin")
        if path:
            done = subprocess.run([path, *options, name], capture_output=True, text=True, check=False)
            if done.returncode == 0:
                return
            reason = (done.stderr or done.stdout or f"{tool} failed").strip().splitlines()[-1]
            break
    raise ServiceError(
        f"cannot create the system user {name!r}: {reason}",
        hint="Create it, name an existing one in embedded.os_user, or start Sightline as an ordinary user.",
    )
