"""The serving process: its roles, proxies before it, and its end, on an external PostgreSQL."""

import asyncio
import json
import secrets
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import httpx
import pytest

from sightline.database.address import Address, connect
from tests.running import Running, run

PERSON = {"email": "ada@example.com", "name": "Ada", "password": "correct horse battery"}


def url_of(address: Address, *, password: str | None = None) -> str:
    known = password or (address.password.reveal() if address.password else "")
    return f"postgresql://{address.user}:{known}@{address.host}:{address.port}/{address.database}"


@pytest.fixture
def database_url(postgres: Address) -> Iterator[str]:
    """A database of its own on Debian's PostgreSQL, with an empty schema `umami`."""
    name = f"served_{secrets.token_hex(4)}"

    async def admin(*statements: str, database: str = "postgres") -> None:
        connection = await connect(_in(postgres, database))
        for statement in statements:
            await connection.execute(statement)
        await connection.close()

    asyncio.run(admin(f"CREATE DATABASE {name}"))
    asyncio.run(admin("CREATE SCHEMA umami", database=name))
    yield url_of(_in(postgres, name))
    asyncio.run(admin(f"DROP DATABASE {name} WITH (FORCE)"))


def _in(address: Address, database: str) -> Address:
    return Address(
        host=address.host, port=address.port, user=address.user, password=address.password, database=database
    )


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def serving(data: Path, url: str, *arguments: str, **env: str) -> Running:
    return Running(data, arguments, command="serve", SIGHTLINE_DATABASE_URL=url, SIGHTLINE_DATABASE_TLS="off", **env)


def test_serve_runs_on_an_external_postgresql(data: Path, database_url: str) -> None:
    running = serving(data, database_url)
    try:
        url = running.wait_until_ready()
        parts = {part["name"]: part["detail"] for part in httpx.get(f"{url}/readyz").json()["parts"]}
        assert parts["database"].startswith("PostgreSQL 15")
        assert running.setup_link is not None
    finally:
        assert running.stop() == 0


def test_a_vault_that_cannot_be_reached_keeps_nobody_from_the_rest(data: Path, database_url: str) -> None:
    with socket.socket() as taken:  # bound, and nobody listens: what is sent there is refused
        taken.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{taken.getsockname()[1]}"
        running = serving(data, database_url, AWS_REGION="eu-central-1", SIGHTLINE_AWS_ENDPOINT_URL=nowhere,
                          AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x")  # fmt: skip
        try:
            url = running.wait_until_ready()
            answer = httpx.get(f"{url}/readyz")
            vault = next(part for part in answer.json()["parts"] if part["name"] == "vault")
            assert answer.status_code == 200
            assert (vault["state"], vault["detail"]) == ("down", "closed since this process started")
            assert "the vault stays closed: cannot read the secret" in running.output
        finally:
            assert running.stop() == 0


def test_each_role_answers_what_is_its_own(data: Path, database_url: str) -> None:
    for role, api in [("reports", 200), ("collect", 404), ("jobs", 404)]:
        running = serving(data, database_url, "--role", role)
        try:
            url = running.wait_until_ready()
            assert httpx.get(f"{url}/healthz").status_code == 200
            assert httpx.get(f"{url}/api/v1/setup").status_code == api, role
            detail = {part["name"]: part["detail"] for part in httpx.get(f"{url}/readyz").json()["parts"]}["jobs"]
            assert ("not leading" not in detail) == (role == "jobs"), detail
        finally:
            running.stop()


def test_a_wrong_password_is_one_line(data: Path, database_url: str) -> None:
    wrong = database_url.replace(database_url.split(":")[2].split("@", maxsplit=1)[0], "wrong-password")
    done = run("serve", "--data", str(data), SIGHTLINE_DATABASE_URL=wrong, SIGHTLINE_DATABASE_TLS="off")
    assert done.returncode == 3
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1
    assert "refused the password or the user" in lines[0]
    assert "wrong-password" not in lines[0]


def _audited_origins(database_url: str) -> int:
    async def count() -> int:
        connection = await asyncpg.connect(database_url, ssl=False)
        found = await connection.fetchval("SELECT count(*) FROM umami.sign_in_throttle")
        await connection.close()
        return int(found)

    return asyncio.run(count())


@pytest.mark.parametrize(("trusted", "origins"), [("", 1), ("127.0.0.1", 3)])
def test_forwarded_addresses_are_believed_from_trusted_proxies_only(
    data: Path, database_url: str, trusted: str, origins: int
) -> None:
    running = serving(data, database_url, SIGHTLINE_SERVER_TRUSTED_PROXIES=trusted)
    try:
        url = running.wait_until_ready()
        for number in range(3):
            httpx.post(
                f"{url}/api/v1/sign-in",
                json={"login": "nobody@example.com", "password": "wrong"},
                headers={"x-forwarded-for": f"203.0.113.{number}"},
            )
        # One row for the account, and one per origin that was seen.
        assert _audited_origins(database_url) == 1 + origins
    finally:
        running.stop()


def test_a_stop_finishes_what_is_under_way(data: Path, database_url: str) -> None:
    running = serving(data, database_url)
    try:
        url = running.wait_until_ready()
        token = (running.setup_link or "").partition("token=")[2]
        body = json.dumps({"token": token, **PERSON}).encode()

        def slowly() -> Iterator[bytes]:
            yield body[:20]
            running.process.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            yield body[20:]

        answer = httpx.post(
            f"{url}/api/v1/setup",
            content=slowly(),
            headers={"content-type": "application/json", "content-length": str(len(body))},
            timeout=30,
        )
        assert answer.status_code == 201
        assert running.stop() == 0
        assert "Traceback" not in running.output
    finally:
        running.stop()
