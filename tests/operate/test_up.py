"""`sightline up`, as a stranger meets it: from nothing to signed in, and what happens when it is treated badly."""

import asyncio
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import httpx
import psutil
import pytest

from sightline.database.credentials import FileStore
from sightline.database.embedded import EmbeddedPostgres
from sightline.settings import DatabaseSettings, EmbeddedSettings
from tests.running import Running, run, status, up

PERSON = {"email": "ada@example.com", "name": "Ada", "password": "correct horse battery"}


def client_of(running: Running) -> httpx.Client:
    assert running.url is not None
    # The first report of a process loads the engines: on a busy machine that takes longer than httpx would wait.
    return httpx.Client(base_url=running.url, headers={"origin": running.url}, timeout=60)


@contextmanager
def signed_in(running: Running) -> Iterator[httpx.Client]:
    """A client that is signed in and may change things."""
    with client_of(running) as client:
        body = {"login": PERSON["email"], "password": PERSON["password"]}
        client.post("/api/v1/sign-in", json=body).raise_for_status()
        client.headers["x-sightline-csrf"] = client.get("/api/v1/me").raise_for_status().json()["csrf_token"]
        yield client


def set_up(running: Running) -> None:
    """Use the setup link."""
    assert running.setup_link is not None
    token = running.setup_link.partition("token=")[2]
    with client_of(running) as client:
        client.post("/api/v1/setup", json={"token": token, **PERSON}).raise_for_status()


def test_the_first_start_offers_a_setup_link_and_the_second_does_not(data: Path) -> None:
    with up(data) as running:
        set_up(running)
        with signed_in(running) as client:
            assert client.get("/api/v1/me").json()["user"]["email"] == PERSON["email"]
        token = (running.setup_link or "").partition("token=")[2]
        again = httpx.post(f"{running.url}/api/v1/setup", json={"token": token, **PERSON, "email": "eve@example.com"})
        assert 400 <= again.status_code < 500
    with up(data) as running:
        assert running.setup_link is None
        assert status(f"{running.url}/readyz") == 200
        with signed_in(running):
            pass


def test_a_stop_ends_every_process_and_says_nothing_of_trouble(data: Path) -> None:
    with up(data) as running:
        tree = running.processes()
        assert len(tree) > 3
        assert running.stop() == 0
        assert "Traceback" not in running.output
    assert [process for process in tree if process.is_running()] == []


def test_all_parts_are_named_when_ready(data: Path) -> None:
    with up(data) as running:
        parts = {part["name"]: part for part in httpx.get(f"{running.url}/readyz").json()["parts"]}
        assert parts["database"]["detail"].startswith("PostgreSQL 16")
        assert {part["state"] for part in parts.values()} == {"up"}
        assert "frame-ancestors 'none'" in httpx.get(f"{running.url}/").headers["content-security-policy"]


def test_commands_work_beside_the_server_and_without_it(data: Path) -> None:
    with up(data) as running:
        set_up(running)
        listed = run("user", "list", "--data", str(data), "--json")
        assert PERSON["email"] in listed.stdout, listed.stderr
        assert run("jobs", "list", "--data", str(data)).returncode == 0
    assert PERSON["email"] in run("user", "list", "--data", str(data), "--json").stdout


# ---- bad input: one clear line, an exit code, nothing lost ---------------------------------------------------------


def one_line(*arguments: str, **env: str) -> str:
    """Run a command that has to fail, and return the one line that it says."""
    done = run(*arguments, **env)  # type: ignore[arg-type]
    assert done.returncode in {1, 2, 3}, done.stdout
    assert "Traceback" not in done.stderr + done.stdout
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert len(lines) == 1, done.stderr
    return lines[0]


def test_an_unknown_setting_is_named_with_its_line(data: Path) -> None:
    data.mkdir()
    (data / "sightline.toml").write_text("[server]\nport = 8600\nprot = 1\n")
    line = one_line("up", "--data", str(data))
    assert "sightline.toml:3: unknown setting 'server.prot'" in line
    assert "Did you mean 'server.port'?" in line


def test_an_unreachable_database_is_said_without_its_password(data: Path) -> None:
    url = "postgresql://me:hunter2-secret@127.0.0.1:1/db"
    line = one_line("serve", "--data", str(data), SIGHTLINE_DATABASE_URL=url, SIGHTLINE_DATABASE_TLS="off")
    assert "does not answer" in line
    assert "127.0.0.1:1" in line
    assert "hunter2" not in line


def test_a_taken_port_is_said_before_anything_is_started(data: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        line = one_line("up", "--data", str(data), "--port", str(port))
    assert f"port {port} on 127.0.0.1 is in use" in line
    assert not data.exists()


def test_two_on_one_folder_get_a_clear_error(data: Path) -> None:
    with up(data) as running:
        line = one_line("up", "--data", str(data), "--port", "0")
        assert f"process {running.process.pid}" in line
        assert status(f"{running.url}/readyz") == 200


def test_up_refuses_an_external_database_and_serve_a_missing_one(data: Path) -> None:
    assert "`sightline serve`" in one_line("up", "--data", str(data), DATABASE_URL="postgresql://a:b@127.0.0.1/c")
    assert "`sightline up`" in one_line("serve", "--data", str(data))


def test_a_corrupt_migration_table_is_named(data: Path) -> None:
    with up(data):
        pass

    async def spoil() -> None:
        async with EmbeddedPostgres(data, EmbeddedSettings()) as admin:
            login = await FileStore(data / "secrets" / "database.json").read()
            assert login is not None
            address = login.address(DatabaseSettings()).as_user(admin.user, admin.password)
            connection = await asyncpg.connect(**address.parameters())
            await connection.execute("UPDATE umami.migrations SET checksum = repeat('0', 64) WHERE number = 1")
            await connection.close()

    asyncio.run(spoil())
    assert "0001_accounts" in one_line("up", "--data", str(data), "--port", "0")


# ---- kill -9: every start comes up, no orphans, nothing that was answered is lost ----------------------------------


def _postmaster(running: Running) -> psutil.Process:
    """The first of PostgreSQL's processes: the one whose parent is not PostgreSQL."""
    found = []
    for process in running.processes():
        parent = process.parent()
        if process.name() == "postgres" and parent is not None and parent.name() != "postgres":
            found.append(process)
    assert len(found) == 1, found
    return found[0]


def _kill_server(running: Running) -> None:
    running.kill()


def _kill_postgres(running: Running) -> None:
    _postmaster(running).kill()


def _kill_both(running: Running) -> None:
    postmaster = _postmaster(running)
    running.process.kill()
    postmaster.kill()
    running.process.wait()


def _write_while(client: httpx.Client, kill: Callable[[], None]) -> set[str]:
    """Create sites one after the other, kill in the midst of it, and return the names that were answered."""
    answered: set[str] = set()
    for number in range(12):
        name = f"site {os.urandom(4).hex()}"
        body = {"name": name, "domains": [f"s{number}.example.com"]}
        try:
            if client.post("/api/v1/sites", json=body, timeout=5).status_code == 201:
                answered.add(name)
        except httpx.HTTPError:
            pass
        if number == 5:
            assert len(answered) == 6
            kill()
    return answered


@pytest.mark.parametrize("rounds", [1, pytest.param(20, marks=pytest.mark.soak)])
@pytest.mark.parametrize("kill", [_kill_server, _kill_postgres, _kill_both], ids=lambda found: found.__name__)
def test_after_kill_nine_every_start_comes_up_and_no_committed_row_is_lost(
    data: Path, kill: Callable[[Running], None], rounds: int
) -> None:
    expected: set[str] = set()
    with up(data) as running:
        set_up(running)
    for _ in range(rounds):
        with up(data) as running:
            tree = running.processes()
            with signed_in(running) as client:
                expected |= _write_while(client, lambda: kill(running))
            if running.process.poll() is None:
                running.wait_until_ready()
                running.stop()
            _assert_gone(tree)
    with up(data) as running, signed_in(running) as client:
        assert expected <= _site_names(client)


def _site_names(client: httpx.Client) -> set[str]:
    names: set[str] = set()
    cursor: str | None = None
    while True:
        found = client.get("/api/v1/sites", params={"limit": 100, **({"cursor": cursor} if cursor else {})}).json()
        names |= {site["name"] for site in found["items"]}
        cursor = found["next"]
        if cursor is None:
            return names


def _assert_gone(tree: list[psutil.Process]) -> None:
    deadline = time.monotonic() + 20
    while any(process.is_running() for process in tree) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [process for process in tree if process.is_running()] == []
