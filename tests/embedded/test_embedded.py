"""The embedded PostgreSQL: what a start makes, whom it lets in, and what it refuses in one clear line."""

import asyncio
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import asyncpg
import msgspec
import psutil
import pytest
import uvloop

from sightline.database import binaries
from sightline.database.address import Address, connect
from sightline.database.cluster import StartFailed
from sightline.database.embedded import EmbeddedPostgres, running
from sightline.database.folder import DataFolder, DataFolderInUse, DataFolderUnusable
from sightline.errors import DatabaseUnavailable, SettingError, SightlineError
from sightline.settings import EmbeddedSettings, Secret
from tests.embedded.people import IS_ROOT, Person, needs_root, remove_user
from tests.embedded.processes import Writer, of_folder, postmaster_of, supervisor_of, wait_for_none


@pytest.fixture
def settings(os_user: str) -> EmbeddedSettings:
    return EmbeddedSettings(os_user=os_user)


@pytest.fixture
def small_disk(place: Path) -> Iterator[Path]:
    """A disk of its own on which a cluster has room, and little else."""
    disk = place / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96m,mode=755", "tmpfs", str(disk)], check=True)
    yield disk
    wait_for_none(disk)
    subprocess.run(["umount", str(disk)], check=True)


async def ask(address: Address, query: str) -> object:
    connection = await connect(address)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def owner_and_mode(path: Path) -> tuple[str, int]:
    return path.owner(), mode(path)


# ---- what a start makes -----------------------------------------------------------------------------------------


async def test_a_first_start_makes_a_durable_cluster_in_c_collation_utf8_and_utc(
    place: Path, settings: EmbeddedSettings
) -> None:
    async with EmbeddedPostgres(place / "data", settings) as address:
        assert (address.user, address.database) == ("sightline_admin", "sightline")
        values = {
            name: await ask(address, f"SHOW {name}")
            for name in ("fsync", "full_page_writes", "data_checksums", "server_encoding", "timezone", "shared_buffers")
        }
        assert values == {
            "fsync": "on", "full_page_writes": "on", "data_checksums": "on", "server_encoding": "UTF8",
            "timezone": "UTC", "shared_buffers": "32MB",
        }  # fmt: skip
        collations = "SELECT datcollate || ' ' || datctype FROM pg_database WHERE datname = 'sightline'"
        assert await ask(address, collations) == "C C"


async def test_what_was_written_is_there_after_a_stop_and_a_start(place: Path, settings: EmbeddedSettings) -> None:
    embedded = EmbeddedPostgres(place / "data", settings)
    async with embedded as address:
        await ask(address, "CREATE TABLE kept AS SELECT 7 AS number")
        assert of_folder(place / "data") != []
    wait_for_none(place / "data")
    async with embedded as address:
        assert await ask(address, "SELECT number FROM kept") == 7


def test_the_event_loop_of_the_server_runs_it_too(place: Path, settings: EmbeddedSettings) -> None:
    async def start_and_lose_its_supervisor() -> object:
        async with EmbeddedPostgres(place / "data", settings) as address:
            before = postmaster_of(place / "data")
            os.kill(supervisor_of(place / "data"), signal.SIGKILL)
            while True:
                with suppress(DatabaseUnavailable, asyncpg.PostgresError, OSError):
                    await ask(address, "SELECT 1")
                    if postmaster_of(place / "data") != before:
                        return await ask(address, "SELECT 7")
                await asyncio.sleep(0.05)

    assert uvloop.run(start_and_lose_its_supervisor()) == 7


async def test_a_stop_without_a_start_does_nothing(place: Path, settings: EmbeddedSettings) -> None:
    await EmbeddedPostgres(place / "data", settings).stop()
    assert not (place / "data").exists()


async def test_only_the_owners_can_look_into_the_data_folder(
    place: Path, settings: EmbeddedSettings, os_user: str
) -> None:
    data = place / "data"
    async with EmbeddedPostgres(data, settings) as address:
        assert mode(data) == (0o711 if IS_ROOT else 0o700)
        folders = {path.name: owner_and_mode(path) for path in data.iterdir() if path.is_dir()}
        me, theirs = (pwd.getpwuid(os.geteuid()).pw_name, 0o700), (os_user, 0o700)
        assert folders == {
            "postgres": theirs, "log": theirs, "secrets": me, "keys": me, "blobs": me, "run": me,
        }  # fmt: skip
        assert mode(data / "secrets" / "postgres-admin") == 0o600
        assert owner_and_mode(Path(address.host)) == theirs
        for process in of_folder(data):
            assert process.username() == os_user


async def test_nobody_gets_in_without_the_password(place: Path, settings: EmbeddedSettings) -> None:
    async with EmbeddedPostgres(place / "data", settings) as address:
        for password in (Secret("wrong"), Secret("")):
            with pytest.raises(DatabaseUnavailable, match="refused the password"):
                await connect(address.as_user(address.user, password))
        assert await ask(address, "SELECT count(*) FROM pg_hba_file_rules WHERE auth_method <> 'scram-sha-256'") == 0
        assert await ask(address, "SELECT rolpassword LIKE 'SCRAM-SHA-256$%' FROM pg_authid WHERE rolsuper") is True


async def test_on_loopback_it_has_a_port_and_no_socket(place: Path, os_user: str) -> None:
    settings = EmbeddedSettings(os_user=os_user, listen="loopback")
    async with EmbeddedPostgres(place / "data", settings) as address:
        assert address.host == "127.0.0.1"
        assert await ask(address, "SHOW unix_socket_directories") == ""
        assert await ask(address, "SHOW listen_addresses") == "127.0.0.1"
        with pytest.raises(DatabaseUnavailable, match="refused the password"):
            await connect(address.as_user(address.user, Secret("wrong")))


async def test_on_loopback_it_keeps_its_port_from_start_to_start(place: Path, os_user: str) -> None:
    embedded = EmbeddedPostgres(place / "data", EmbeddedSettings(os_user=os_user, listen="loopback"))
    ports = set()
    for _ in range(3):
        async with embedded as address:
            ports.add(address.port)
    assert len(ports) == 1


async def test_a_taken_port_is_no_obstacle_on_loopback(place: Path, os_user: str) -> None:
    settings = EmbeddedSettings(os_user=os_user, listen="loopback")
    async with EmbeddedPostgres(place / "data", settings) as address:
        before = address.port
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", before))
        taken.listen()
        async with EmbeddedPostgres(place / "data", settings) as address:
            assert address.port != before


async def test_the_password_is_never_on_a_command_line_nor_in_an_environment_nor_in_the_log(
    place: Path, settings: EmbeddedSettings
) -> None:
    seen: set[str] = set()
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            for process in psutil.process_iter():
                try:
                    seen.add(" ".join((*process.cmdline(), *process.environ().values())))
                except (psutil.Error, OSError):
                    continue

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        async with EmbeddedPostgres(place / "data", settings) as address:
            assert address.password is not None
            password = address.password.reveal()
    finally:
        over.set()
        watcher.join()
    assert len(password) >= 43  # 256 bits in base64
    assert any("initdb" in line for line in seen)
    assert any("sightline.conf" in line for line in seen)
    assert not any(password in line for line in seen)
    assert password not in (place / "data" / "log" / "postgres.log").read_text()


async def test_the_log_holds_nothing_of_what_a_statement_held(place: Path, settings: EmbeddedSettings) -> None:
    async with EmbeddedPostgres(place / "data", settings) as address:
        for statement in ("SELECT 'someone@example.com'::integer", "SELEKT 'someone@example.com'"):
            with pytest.raises(asyncpg.PostgresError):
                await ask(address, statement)
    log = (place / "data" / "log" / "postgres.log").read_text()
    assert "ready to accept connections" in log
    assert "example.com" not in log


async def test_a_long_path_is_no_obstacle(place: Path, settings: EmbeddedSettings) -> None:
    data = place / ("long " * 40).strip() / ("längst" * 20)
    async with EmbeddedPostgres(data, settings) as address:
        assert await ask(address, "SELECT 1") == 1


async def test_a_part_of_the_folder_may_lie_on_another_disk(place: Path, settings: EmbeddedSettings) -> None:
    (place / "data").mkdir(mode=0o711)
    (place / "elsewhere").mkdir(mode=0o700)
    (place / "data" / "blobs").symlink_to(place / "elsewhere")
    async with EmbeddedPostgres(place / "data", settings) as address:
        assert await ask(address, "SELECT 1") == 1
    assert (place / "data" / "blobs").is_symlink()


@pytest.mark.parametrize("listen", ["socket", "loopback"])
async def test_others_find_the_running_server_by_its_folder(place: Path, os_user: str, listen: str) -> None:
    data = place / "data"
    assert running(data) is None
    settings = msgspec.convert({"os_user": os_user, "listen": listen}, EmbeddedSettings)
    async with EmbeddedPostgres(data, settings) as address:
        assert running(data) == address
    assert running(data) is None


# ---- who runs it ------------------------------------------------------------------------------------------------


async def test_root_and_an_ordinary_user_run_it_alike(person: Person, place: Path, os_user: str) -> None:
    writer = Writer(person, place / "data", os_user)
    writer.wait_until("ready")
    writer.wait_for_rows(10)
    owner = (place / "data").stat().st_uid
    assert owner == (os.geteuid() if person.uid is None else person.uid)
    assert all(process.uids().real != 0 for process in of_folder(place / "data"))
    writer.stop()


@needs_root
async def test_root_makes_the_missing_system_user_and_says_so(place: Path) -> None:
    name = "sl-test-new"
    said: list[str] = []
    embedded = EmbeddedPostgres(place / "data", EmbeddedSettings(os_user=name))
    try:
        await embedded.start(said.append)
        await embedded.stop()
        assert any(f"creating the system user {name!r}" in line for line in said)
        assert pwd.getpwnam(name).pw_shell.endswith(("nologin", "false"))
    finally:
        remove_user(name)


@needs_root
async def test_root_itself_never_runs_postgres(place: Path) -> None:
    with pytest.raises(SettingError, match="refuses to run as root"):
        await EmbeddedPostgres(place / "data", EmbeddedSettings(os_user="root")).start()


@needs_root
async def test_a_cluster_of_another_user_is_refused(place: Path, settings: EmbeddedSettings) -> None:
    async with EmbeddedPostgres(place / "data", settings):
        pass
    with pytest.raises(DataFolderUnusable, match=f"belongs to '{settings.os_user}', .* run as 'nobody'"):
        await EmbeddedPostgres(place / "data", EmbeddedSettings(os_user="nobody")).start()


@needs_root
@pytest.mark.parametrize("way", ["parent", "folder"])
async def test_a_folder_that_the_service_user_cannot_pass_is_refused_and_stays_as_it_was(
    place: Path, settings: EmbeddedSettings, way: str
) -> None:
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    data = closed if way == "folder" else closed / "data"
    before = closed.stat()
    with pytest.raises(DataFolderUnusable, match=f"cannot pass through '{closed}'") as caught:
        await EmbeddedPostgres(data, settings).start()
    assert f"chmod o+x {closed}" in (caught.value.hint or "")
    after = closed.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)


@needs_root
async def test_programs_out_of_reach_are_copied_once_into_the_data_folder(
    place: Path, settings: EmbeddedSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = next(binaries._of_wheel()).folder.parents[2]
    hidden = place / "hidden"
    hidden.mkdir(mode=0o700)
    for part in (binaries.WHEEL, f"{binaries.WHEEL}.libs"):
        shutil.copytree(wheel / part, hidden / part, ignore=shutil.ignore_patterns("pginstall18", "*.py", "include"))
    (hidden / binaries.WHEEL / "__init__.py").write_text("raise AssertionError('its Python layer was imported')")
    monkeypatch.syspath_prepend(hidden)
    for expected in (1, 0):
        said: list[str] = []
        embedded = EmbeddedPostgres(place / "data", settings)
        address = await embedded.start(said.append)
        postmaster = next(p for p in of_folder(place / "data") if p.cmdline()[-1].endswith("sightline.conf"))
        assert postmaster.exe().startswith(str(place / "data" / "programs" / "postgresql-16."))
        assert await ask(address, "SELECT count(*) > 500 FROM pg_timezone_names()") is True
        await embedded.stop()
        assert sum("copying PostgreSQL" in line for line in said) == expected


# ---- what is refused --------------------------------------------------------------------------------------------


async def test_a_second_sightline_on_the_folder_is_told_who_has_it(place: Path, settings: EmbeddedSettings) -> None:
    async with EmbeddedPostgres(place / "data", settings) as address:
        with pytest.raises(DataFolderInUse, match=rf"another Sightline \(process {os.getpid()}\)"):
            await EmbeddedPostgres(place / "data", settings).start()
        assert running(place / "data") == address  # and it was not disturbed


async def test_a_second_process_ends_with_one_line(person: Person, place: Path, os_user: str) -> None:
    first = Writer(person, place / "data", os_user)
    first.wait_until("ready")
    second = Writer(person, place / "data", os_user)
    line = second.wait_until("refused")
    assert second.finish() == 1
    assert f"process {first.process.pid}" in line
    first.stop()


@pytest.mark.parametrize(("made_by", "asked"), [("system", "wheel"), ("wheel", "system"), ("wheel", "18")])
async def test_another_major_version_is_refused_and_the_cluster_stays_as_it_is(
    place: Path, os_user: str, made_by: str, asked: str
) -> None:
    async with EmbeddedPostgres(place / "data", EmbeddedSettings(os_user=os_user, binaries=made_by)) as address:
        version = str(await ask(address, "SHOW server_version_num"))[:2]
    if asked == "18":
        asked = str(next(p.folder for p in binaries._of_wheel() if p.major == 18))
    with pytest.raises(DataFolderUnusable, match=f"holds a cluster of PostgreSQL {version} .* cannot read") as caught:
        await EmbeddedPostgres(place / "data", EmbeddedSettings(os_user=os_user, binaries=asked)).start()
    assert f"PostgreSQL {version}" in (caught.value.hint or "")
    async with EmbeddedPostgres(place / "data", EmbeddedSettings(os_user=os_user)) as address:
        assert str(await ask(address, "SHOW server_version_num"))[:2] == version


async def test_the_same_version_from_elsewhere_is_taken_only_when_it_is_named(place: Path, os_user: str) -> None:
    data = place / "data"
    async with EmbeddedPostgres(data, EmbeddedSettings(os_user=os_user, binaries="system")):
        pass
    # As if the wheel, whose version this was, had gone.
    folder = DataFolder(data)
    cluster = folder.cluster()
    assert cluster is not None
    folder.write(folder.marker, msgspec.json.encode(msgspec.structs.replace(cluster, origin="wheel")))
    with pytest.raises(DataFolderUnusable) as caught:
        await EmbeddedPostgres(data, EmbeddedSettings(os_user=os_user)).start()
    assert "embedded.binaries = 'system'" in (caught.value.hint or "")
    said: list[str] = []
    embedded = EmbeddedPostgres(data, EmbeddedSettings(os_user=os_user, binaries="system"))
    await embedded.start(said.append)
    await embedded.stop()
    assert any("from now on" in line for line in said)


@pytest.mark.parametrize("binaries_setting", ["/nonexistent", "somewhere"])
async def test_a_wrong_folder_of_programs_is_named(place: Path, os_user: str, binaries_setting: str) -> None:
    with pytest.raises(SettingError, match=binaries_setting):
        await EmbeddedPostgres(place / "data", EmbeddedSettings(os_user=os_user, binaries=binaries_setting)).start()


async def test_a_cluster_without_its_marker_is_refused(place: Path, settings: EmbeddedSettings) -> None:
    async with EmbeddedPostgres(place / "data", settings):
        pass
    (place / "data" / "cluster.json").unlink()
    with pytest.raises(DataFolderUnusable, match=r"cluster\.json.* is missing"):
        await EmbeddedPostgres(place / "data", settings).start()


async def test_a_lost_or_wrong_superuser_password_is_named(place: Path, settings: EmbeddedSettings) -> None:
    async with EmbeddedPostgres(place / "data", settings):
        pass
    secret = place / "data" / "secrets" / "postgres-admin"
    secret.write_text("wrong\n")
    with pytest.raises(StartFailed, match="refuses the password"):
        await EmbeddedPostgres(place / "data", settings).start()
    secret.unlink()
    with pytest.raises(DataFolderUnusable, match=r"postgres-admin' is missing"):
        await EmbeddedPostgres(place / "data", settings).start()


@pytest.mark.parametrize("part", ["data", "data/run", "data/keys"])
async def test_a_file_in_the_place_of_a_folder_is_named(place: Path, settings: EmbeddedSettings, part: str) -> None:
    (place / part).parent.mkdir(exist_ok=True)
    (place / part).write_text("a file")
    with pytest.raises(DataFolderUnusable, match=part.rpartition("/")[2]):
        await EmbeddedPostgres(place / "data", settings).start()


def test_a_folder_that_may_not_be_written_is_one_line(ordinary_person: Person, place: Path, os_user: str) -> None:
    (place / "closed").mkdir(mode=0o555)
    writer = Writer(ordinary_person, place / "closed" / "data", os_user)
    line = writer.wait_until("refused")
    assert writer.finish() == 1
    assert f"no permission for '{place / 'closed' / 'data'}'" in line


@needs_root
@pytest.mark.parametrize("mine", [False, True], ids=["the folder above", "the folder itself"])
def test_a_folder_that_the_caller_may_not_see_is_one_line(
    ordinary_person: Person, place: Path, os_user: str, mine: bool
) -> None:
    data = place / "closed" if mine else place / "closed" / "data"
    (place / "closed").mkdir(mode=0o700)
    writer = Writer(ordinary_person, data, os_user)
    line = writer.wait_until("refused")
    assert writer.finish() == 1
    assert "no permission for" in line


@needs_root
@pytest.mark.parametrize("first_start", [True, False])
async def test_a_read_only_disk_is_one_line(small_disk: Path, settings: EmbeddedSettings, first_start: bool) -> None:
    if not first_start:
        async with EmbeddedPostgres(small_disk / "data", settings):
            pass
    make_read_only(small_disk)
    with pytest.raises(DataFolderUnusable, match="is read-only"):
        await EmbeddedPostgres(small_disk / "data", settings).start()


def make_read_only(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)


def half_made(data: Path) -> list[Path]:
    return list(data.glob("postgres*"))


def fill(disk: Path) -> Path:
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(65536)):
            pass
    assert shutil.disk_usage(disk).free == 0
    return filler


@needs_root
@pytest.mark.parametrize("room", [0, 10])
async def test_a_disk_too_small_for_a_cluster_is_one_line_and_nothing_half_made_stays(
    small_disk: Path, settings: EmbeddedSettings, room: int
) -> None:
    filler = fill(small_disk)
    os.truncate(filler, filler.stat().st_size - (room << 20))
    with pytest.raises(DataFolderUnusable, match=r"the disk of .* is full"):
        await EmbeddedPostgres(small_disk / "data", settings).start()
    assert half_made(small_disk / "data") == []
    filler.unlink()
    async with EmbeddedPostgres(small_disk / "data", settings) as address:
        assert await ask(address, "SELECT 1") == 1


@needs_root
async def test_a_disk_that_fills_up_loses_nothing_that_was_committed(
    small_disk: Path, settings: EmbeddedSettings
) -> None:
    embedded = EmbeddedPostgres(small_disk / "data", settings)
    address = await embedded.start()
    await ask(address, "CREATE TABLE kept (number integer, text text)")
    filler = fill(small_disk)
    committed = 0
    with suppress(asyncpg.PostgresError, DatabaseUnavailable):
        while committed < 10_000:
            await ask(address, f"INSERT INTO kept SELECT {committed}, repeat(md5(random()::text), 2000)")
            committed += 1
    assert committed < 10_000
    await embedded.stop()
    with pytest.raises(DataFolderUnusable, match=r"the disk of .* is full") as caught:
        await embedded.start()
    assert "Free some space" in (caught.value.hint or "")
    filler.unlink()
    async with embedded as address:
        assert await ask(address, f"SELECT count(*) FROM kept WHERE number < {committed}") == committed


def set_trap(sockets: Path, trap: str) -> None:
    match trap:
        case "open":
            sockets.mkdir()
            sockets.chmod(0o777)
        case "link":
            sockets.symlink_to(sockets.parent)
        case "file":
            sockets.write_text("")
        case "somebody else's":
            sockets.mkdir(mode=0o700)
            shutil.chown(sockets, "nobody")


def remove_trap(sockets: Path) -> None:
    if sockets.is_dir() and not sockets.is_symlink():
        sockets.rmdir()
    else:
        sockets.unlink()


async def refuse_trap(place: Path, settings: EmbeddedSettings, trap: str) -> str:
    """Start once to learn where the socket belongs, put something else there, and return the refusal."""
    async with EmbeddedPostgres(place / "data", settings) as address:
        sockets = Path(address.host)
    set_trap(sockets, trap)
    try:
        with pytest.raises(DataFolderUnusable, match=str(sockets)) as caught:
            await EmbeddedPostgres(place / "data", settings).start()
    finally:
        remove_trap(sockets)
    return caught.value.line()


@pytest.mark.parametrize(
    ("trap", "reason"), [("open", "has mode 0777, not 0700"), ("link", "is no folder"), ("file", "is no folder")]
)
async def test_a_socket_folder_that_is_not_private_is_refused(
    place: Path, settings: EmbeddedSettings, trap: str, reason: str
) -> None:
    line = await refuse_trap(place, settings, trap)
    assert reason in line
    assert "embedded.listen = 'loopback'" in line


@needs_root
async def test_a_socket_folder_of_somebody_else_is_refused(place: Path, settings: EmbeddedSettings) -> None:
    assert "belongs to user id" in await refuse_trap(place, settings, "somebody else's")


async def test_a_start_that_fails_says_why_and_leaves_no_process(place: Path, settings: EmbeddedSettings) -> None:
    async with EmbeddedPostgres(place / "data", settings):
        pass
    configuration = place / "data" / "postgres" / "postgresql.auto.conf"
    before = configuration.read_text()
    configuration.write_text("no_such_setting = 1\n")
    with pytest.raises(
        StartFailed, match=r"does not start.* FATAL: .*postgresql\.auto\.conf.* contains errors"
    ) as caught:
        await EmbeddedPostgres(place / "data", settings).start()
    assert any("no_such_setting" in line for line in caught.value.tail)
    assert "\n" not in caught.value.line()
    wait_for_none(place / "data")
    configuration.write_text(before)
    async with EmbeddedPostgres(place / "data", settings):
        pass


def test_every_refusal_is_one_line_with_advice() -> None:
    folder = DataFolder(Path("/somewhere"))
    for number in (1, 2, 5, 13, 17, 20, 27, 28, 30, 40, 122):
        error = folder.unusable(OSError(number, os.strerror(number), "/somewhere/run"))
        assert isinstance(error, SightlineError)
        assert error.hint
        assert "\n" not in error.line()
