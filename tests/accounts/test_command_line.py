"""The commands over accounts, as processes, on a real PostgreSQL."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from sightline.database.pool import Database
from tests.running import run

PASSWORD = "four wet owls sing"


class Terminal:
    """Runs commands on one database."""

    def __init__(self, url: str, data: Path) -> None:
        self._env: dict[str, Any] = {
            "SIGHTLINE_DATABASE_URL": url,
            "SIGHTLINE_DATABASE_TLS": "off",
            "SIGHTLINE_DATA": str(data),
        }

    async def __call__(self, *arguments: str, text: str = "", code: int = 0, **env: Any) -> str:
        """Run, expect the exit code, return stdout, or stderr where it failed."""
        done = await asyncio.to_thread(run, *arguments, text=text, **self._env, **env)
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stderr if code else done.stdout

    async def read(self, *arguments: str, **options: Any) -> Any:
        return json.loads(await self(*arguments, "--json", **options))


@pytest.fixture
def terminal(database: Database, tmp_path: Path) -> Terminal:
    address = database.address
    assert address.password is not None
    return Terminal(
        f"postgresql://{address.user}:{address.password.reveal()}@{address.host}:{address.port}/{address.database}",
        tmp_path,
    )


@pytest.fixture
async def ada(terminal: Terminal) -> None:
    await terminal("user", "add", "Ada@Example.com", "--name", "Ada", "--role", "admin", text=f"{PASSWORD}\n")
    await terminal("team", "add", "Engine", "--owner", "ada@example.com")


@pytest.mark.usefixtures("ada")
async def test_a_site_is_added_shown_changed_and_removed(terminal: Terminal) -> None:
    made = await terminal.read("site", "add", "Shop", "--domain", "Shop.Example.com", "--time-zone", "Europe/Zurich")
    assert made["domains"] == ["shop.example.com"]
    assert isinstance(made["id"], str)
    assert made["retention"] == {"analytics": 365, "vitals": 365, "recordings": 30, "logs": 90, "errors": 90}
    assert made["public_key"] in await terminal("site", "list")
    await terminal("site", "change", "shop.example.com", "--name", "Store", "--keep", "logs=7")
    shown = await terminal("site", "show", made["uuid"])
    assert "Store" in shown
    assert "logs 7" in shown
    assert "say --yes" in await terminal("site", "remove", "Store", code=2)
    await terminal("site", "remove", "Store", "--yes")
    assert await terminal("site", "list") == "(none)\n"


@pytest.mark.usefixtures("ada")
async def test_what_is_wrong_is_said_in_one_line_with_what_to_do(terminal: Terminal) -> None:
    said = [
        await terminal("site", "show", "Nowhere", code=2),
        await terminal("site", "add", "Shop", "--time-zone", "Mars/Olympus", code=2),
        await terminal("site", "add", "Shop", "--domain", "https://x/y", code=2),
        await terminal("user", "role", "ada@example.com", "member", code=2),
        await terminal("user", "add", "bob@example.com", text="short\n", code=2),
    ]
    assert said == [
        "sightline: there is no site 'Nowhere'. `sightline site list` shows them all.\n",
        "sightline: 'Mars/Olympus' is no time zone. Write a name of the IANA list, as Europe/Zurich.\n",
        "sightline: 'https://x/y' is no domain. Write a host name without scheme, port and path.\n",
        "sightline: this is the last admin. Make somebody else an admin first.\n",
        "sightline: the password has 5 characters. Take at least 10 characters.\n",
    ]


@pytest.mark.usefixtures("ada")
async def test_a_password_comes_from_a_file_and_never_from_a_flag(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\n")
    await terminal("user", "add", "bob", SIGHTLINE_USER_PASSWORD_FILE=str(file))
    await terminal("user", "password", "bob", SIGHTLINE_USER_PASSWORD_FILE=str(file))
    assert "No such option" in await terminal("user", "password", "bob", "--password", PASSWORD, code=2)
    assert "No password" in await terminal("user", "password", "bob", code=2)
    missing = await terminal("user", "password", "bob", code=2, SIGHTLINE_USER_PASSWORD_FILE=str(tmp_path / "no"))
    assert "cannot read" in missing
    listed = await terminal.read("user", "list")
    assert [one["username"] for one in listed["items"]] == [None, "bob"]
    assert "argon2" not in str(listed)


@pytest.mark.usefixtures("ada")
async def test_members_come_change_and_go(terminal: Terminal) -> None:
    await terminal("user", "add", "bob", text=PASSWORD)
    await terminal("team", "add-member", "engine", "bob", "--role", "viewer")
    await terminal("team", "change-member", "Engine", "bob", "owner")
    members = await terminal.read("team", "members", "Engine")
    assert [(one["login"], one["role"]) for one in members["items"]] == [
        ("ada@example.com", "owner"), ("bob", "owner"),
    ]  # fmt: skip
    await terminal("team", "remove-member", "Engine", "ada@example.com", "--yes")
    assert "last owner" in await terminal("team", "remove-member", "Engine", "bob", "--yes", code=2)
    assert "/invitation#token=" in await terminal("team", "invite", "Engine")
    await terminal("team", "rename", "Engine", "Motor")
    await terminal("team", "remove", "engine", "--yes")
    assert await terminal("team", "list") == "(none)\n"


@pytest.mark.usefixtures("ada")
async def test_a_key_is_shown_once_listed_by_its_beginning_and_revoked(terminal: Terminal) -> None:
    site = await terminal.read("site", "add", "Shop")
    made = await terminal.read(
        "key", "create", "nightly", "--user", "ada@example.com", "--permission", "site:read", "--site", "Shop"
    )
    assert made["key"]["site_ids"] == [site["id"]]
    listed = await terminal("key", "list")
    assert made["key"]["prefix"] in listed
    assert made["token"] not in listed
    await terminal("key", "revoke", made["key"]["id"], "--yes")
    assert await terminal("key", "list", "--user", "ada@example.com") == "(none)\n"


@pytest.mark.usefixtures("ada")
async def test_what_the_operator_does_stands_in_the_audit(terminal: Terminal, database: Database) -> None:
    await terminal("user", "add", "bob", text=PASSWORD)
    await terminal("user", "disable", "bob")
    rows = await database.fetch("SELECT actor_kind, action FROM access_audit ORDER BY id")
    assert [tuple(row) for row in rows] == [
        ("operator", "user.create"), ("operator", "team.create"), ("operator", "user.create"),
        ("operator", "user.disable"),
    ]  # fmt: skip
