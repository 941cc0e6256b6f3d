"""`sightline issues` and `sourcemaps` as a person types them, here and against a server."""

import json
from pathlib import Path
from typing import Any

import pytest

from sightline import clock
from sightline.database.pool import Database
from sightline.health.failures import Failure
from sightline.health.fingerprints import key_of
from sightline.operate.house import House
from sightline.settings import SignalSettings
from sightline.signals.journal import Batch, Journal
from tests.accounts.test_command_line import Terminal, ada, terminal
from tests.server.application import housed, served
from tests.server.serving import serving

__all__ = ["ada", "terminal"]
STACK = "TypeError: no cart\n    at pay (https://shop.example/assets/shop-1a2B3c4D.js:1:1)"
MAP = {
    "version": 3, "mappings": "AAAAA", "names": ["pay"], "sources": ["../src/pay.ts"],
    "sourcesContent": ["export function pay() {\n  throw 1;\n}"],
}  # fmt: skip


@pytest.fixture
async def shop(terminal: Terminal, ada: None, database: Database) -> int:
    """A site with two errors of one kind and one of another."""
    site = int((await terminal.read("site", "add", "Shop", "--domain", "shop.example.com"))["id"])
    journal = Journal(database.address, SignalSettings())
    await journal.start()
    for number, (message, stack) in enumerate([("no cart", STACK), ("no cart", STACK), ("gone 12", "")]):
        failure = Failure(
            site=site, created_ms=clock.now_ms() + number, visitor=number + 1, visit=number + 1, name="TypeError",
            message=message, stack=stack, release="1.0", fingerprint=key_of("TypeError", message, "error", stack),
        )  # fmt: skip
        await journal.append(Batch(signals=[failure]))
    await journal.close()
    return site


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "assets/shop-1a2B3c4D.js").write_text("x")
    (folder / "assets/shop-1a2B3c4D.js.map").write_text(json.dumps(MAP))
    return folder


@pytest.mark.usefixtures("shop")
async def test_issues_are_listed_shown_and_decided_about(terminal: Terminal) -> None:
    on = ("--site", "Shop")
    listed = (await terminal.read("issues", "list", *on, "--order", "events"))["items"]
    assert [(one["title"], one["events"], one["visitors"]) for one in listed] == [
        ("TypeError: no cart", 2, 2), ("TypeError: gone 12", 1, 1),
    ]  # fmt: skip
    first, other = (one["id"] for one in listed)
    shown = await terminal("issues", "show", first, *on)
    assert "/assets/shop-*.js pay" in shown
    assert "the same innermost function of the application" in shown
    assert "no source: there are no source maps of release 1.0" in shown
    assert "resolved in 1.0" in await terminal("issues", "resolve", first, *on, "--release", "1.0")
    assert "ignored" in await terminal("issues", "ignore", other, *on, "--until", "7d")
    assert "write 2026" in (await terminal("issues", "ignore", other, *on, "--until", "soon", code=2)).lower()
    assert (await terminal.read("issues", "list", *on, "--status", "open"))["items"] == []
    (opened,) = (await terminal.read("issues", "open", other, *on))["items"]
    assert opened["status"] == "open"
    (assigned,) = (await terminal.read("issues", "assign", other, *on, "--to", "ada@example.com"))["items"]
    assert assigned["assignee"]
    (merged,) = (await terminal.read("issues", "merge", other, *on, "--into", first))["items"]
    assert merged["events"] == 3
    groups = (await terminal.read("issues", "show", first, *on))["groups"]
    number = next(one["fingerprint"] for one in groups if one["why"]["message"])
    (split,) = (await terminal.read("issues", "split", first, *on, f"--fingerprint={number}"))["items"]
    assert split["title"] == "TypeError: gone 12"
    assert "gone*" in await terminal("issues", "noise", *on, "--add", "gone*", "--off", "aborted")
    assert "1.0" in await terminal("issues", "releases", *on)
    assert (await terminal.read("issues", "regroup", *on))["errors"] == 3
    assert "no issue 999" in await terminal("issues", "show", "999", *on, code=2)


async def upload(terminal: Terminal, dist: Path, **env: Any) -> None:
    """The whole way of maps: checked, sent, not sent again, listed, deleted."""
    on = ("--site", "Shop", "--release", "1.0")
    tried = await terminal.read("sourcemaps", "upload", str(dist), *on, "--dry-run", **env)
    assert [(one["file"], one["result"]) for one in tried["files"]] == [("assets/shop-1a2B3c4D.js", "would be sent")]
    assert "1 sent" in await terminal("sourcemaps", "upload", str(dist), *on, **env)
    assert "1 there" in await terminal("sourcemaps", "upload", str(dist), *on, **env)
    (dist / "notes.map").write_text("these are notes")
    wrong = await terminal("sourcemaps", "upload", str(dist), *on, code=2, **env)
    assert "1 of 2 files are no source maps" in wrong
    assert "notes.map: it is not JSON" in wrong
    (dist / "notes.map").unlink()
    (listed,) = (await terminal.read("sourcemaps", "list", "--site", "Shop", **env))["items"]
    assert (listed["release"], listed["file"], listed["mappings"]) == ("1.0", "assets/shop-1a2B3c4D.js", 1)
    assert "assets/shop-1a2B3c4D.js" in await terminal("sourcemaps", "list", "--site", "Shop", **env)


@pytest.mark.usefixtures("shop")
async def test_maps_are_uploaded_and_used_here(terminal: Terminal, dist: Path) -> None:
    await terminal("issues", "list", "--site", "Shop")
    await upload(terminal, dist)
    number = (await terminal.read("issues", "list", "--site", "Shop", "--order", "events"))["items"][0]["id"]
    shown = await terminal("issues", "show", number, "--site", "Shop")
    assert "src/pay.ts:1:1" in shown
    assert ">     1 export function pay() {" in shown
    deleted = await terminal.read("sourcemaps", "delete", "--site", "Shop", "--release", "1.0", "--yes")
    assert deleted == {"removed": 1}
    assert "no such source map" in await terminal(
        "sourcemaps", "delete", "--site", "Shop", "--release", "1.0", "-y", code=2
    )
    empty = dist / "empty"
    empty.mkdir()
    assert "no .map files" in await terminal(
        "sourcemaps", "upload", str(empty), "--site", "Shop", "--release", "1", code=2
    )


@pytest.fixture
async def house(database: Database, tmp_path: Path) -> Any:
    async with housed(database, tmp_path) as found:
        yield found


@pytest.mark.usefixtures("shop")
async def test_a_build_uploads_to_a_server_with_a_key(terminal: Terminal, dist: Path, house: House) -> None:
    made = await terminal.read("key", "create", "build", "--user", "ada@example.com", "--permission", "site:change",
                               "--permission", "site:read", "--permission", "site:errors")  # fmt: skip
    async with serving(served(house)) as url:
        env = {"SIGHTLINE_CLIENT_URL": url, "SIGHTLINE_CLIENT_KEY": made["token"]}
        await upload(terminal, dist, **env)
        gone = await terminal.read("sourcemaps", "delete", "--site", "Shop", "--release", "1.0", "--yes", **env)
        assert gone == {"removed": 1}
        refused = {**env, "SIGHTLINE_CLIENT_KEY": "sl_wrong"}
        await terminal("sourcemaps", "list", "--site", "Shop", code=4, **refused)
