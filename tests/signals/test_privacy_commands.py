"""`sightline privacy` and what a site may collect, as a person types them, on stored data."""

from pathlib import Path

import pytest

from sightline import clock
from sightline.blobs.folder import FolderStore
from sightline.database.pool import Database
from sightline.signals.extents import Catalogue
from sightline.signals.journal import Batch, Journal
from sightline.signals.sealing import Sealer
from tests.accounts.test_command_line import Terminal, ada, terminal
from tests.signals.making import event
from tests.signals.test_rules import STAFF, UNMASKED

__all__ = ["ada", "terminal"]
EMAIL = "jane.roe@mailbox.example"


@pytest.fixture
async def data(journal: Journal, database: Database, tmp_path: Path) -> None:
    """A page title with a staff number and an address in it: one sealed, one not."""
    store = FolderStore(tmp_path / "blobs" / "extents")
    for number in range(2):
        await journal.append(Batch(signals=[event(number, title=f"SX-123456 {EMAIL}")]))
        if number == 0:
            await Sealer(Catalogue(database, store)).seal(clock.now_ms() + 1000)


@pytest.mark.usefixtures("data")
async def test_rules_are_activated_what_is_stored_is_audited_and_masked_anew(
    terminal: Terminal, tmp_path: Path
) -> None:
    (tmp_path / "rules.toml").write_text(STAFF)
    preview = await terminal.read("privacy", "rules", "activate", str(tmp_path / "rules.toml"), "--dry-run")
    assert (preview["number"], preview["is_new"]) == (None, True)
    done = await terminal.read("privacy", "rules", "activate", str(tmp_path / "rules.toml"), "--note", "staff cards")
    assert done["number"] == 2
    listed = (await terminal.read("privacy", "rules", "list"))["items"]
    assert [(one["number"], one["is_active"], one["note"]) for one in listed] == [
        (2, True, "staff cards"), (1, False, "what ships"),
    ]  # fmt: skip
    assert "staff_number" in await terminal("privacy", "rules", "show")
    assert "staff_number" in await terminal("privacy", "rules", "diff", "1", "active")

    page = tmp_path / "audit.html"
    found = await terminal("privacy", "audit", "--html", str(page), code=1)
    assert "4 findings under the rules in force" in found
    assert "staff_number" in page.read_text()
    assert EMAIL not in page.read_text() + found
    assert "SX-" not in page.read_text() + found
    await terminal("privacy", "audit", "--until", "2020-01-01")
    await terminal("privacy", "audit", "--since", "someday", code=2)

    (would, *_) = (await terminal.read("privacy", "remask", "--dry-run"))["items"]
    assert (would["kind"], would["version"], would["texts"]) == ("event", 2, 2)
    assert "masked 3 signals anew" in await terminal("privacy", "remask", "--kind", "event")
    (job,) = (await terminal.read("privacy", "remask", "--status"))["items"]
    assert (job["progress"], job["changed"]) == (1.0, 3)
    clean = await terminal.read("privacy", "audit", "--sample", "100")
    assert (clean["found"], clean["findings"], clean["walked"][0]["signals"]) == (0, [], 2)
    assert "no kind 'sounds'" in await terminal("privacy", "remask", "--kind", "sounds", code=2)


@pytest.mark.usefixtures("ada")
async def test_a_site_has_rules_of_its_own_and_what_loosens_is_refused(terminal: Terminal, tmp_path: Path) -> None:
    site = (await terminal.read("site", "add", "Shop", "--domain", "shop.example.com"))["id"]
    file = tmp_path / "shop.toml"
    file.write_text(UNMASKED)
    refused = await terminal("privacy", "rules", "activate", str(file), "--site", "Shop", code=2)
    assert "unmasked: key 'nickname'" in refused
    assert len(refused.splitlines()) == 1
    await terminal("privacy", "rules", "activate", str(file), "--site", "shop.example.com", "--sign-off", "Ada")
    (own,) = (await terminal.read("privacy", "rules", "list", "--site", "Shop"))["items"]
    assert (str(own["site"]), own["is_active"]) == (site, True)
    assert "made up by the game" in await terminal("privacy", "rules", "show", "--site", "Shop")
    assert "made up by the game" not in await terminal("privacy", "rules", "show")
    file.write_text('dictionary = 1\nname = "x"\n[url]\nparameters = ["email"]\n')
    assert f"{file}: line 4" in await terminal("privacy", "rules", "activate", str(file), code=2)
    assert "cannot read" in await terminal("privacy", "rules", "activate", str(tmp_path / "none.toml"), code=2)


@pytest.mark.usefixtures("ada")
async def test_a_site_says_what_it_collects(terminal: Terminal) -> None:
    made = await terminal.read("site", "add", "Shop")
    assert made["privacy"] == {
        "consent_mode": "replay", "consent_asked": False, "honour_signals": True, "salt_period": "day",
    }  # fmt: skip
    shown = await terminal(
        "site", "change", "Shop", "--collect", "analytics", "--ask", "--ignore-signals", "--salt", "month"
    )
    assert "analytics, once the visitor agreed, also where a browser sends Do Not Track" in shown
    assert (await terminal.read("site", "show", "Shop"))["privacy"]["salt_period"] == "month"
    assert "year" in await terminal("site", "change", "Shop", "--salt", "year", code=2)


async def test_salts_are_shown_and_one_that_outlived_its_period_is_a_failure(
    terminal: Terminal, database: Database
) -> None:
    assert "(none)" in await terminal("privacy", "salts")
    await database.execute(
        "INSERT INTO salt (period, starts_ms, ends_ms, salt) VALUES ('day', 0, 86400000, $1)", bytes(32)
    )
    assert "1 salts exist although their period is over" in await terminal("privacy", "salts", code=1)
    await database.execute("UPDATE salt SET salt = NULL, destroyed_at = now()")
    (salt,) = (await terminal.read("privacy", "salts"))["items"]
    assert (salt["exists"], salt["destroyed_at"] is not None) == (False, True)
