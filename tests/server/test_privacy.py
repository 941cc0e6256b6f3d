"""What the routes of privacy do, called over HTTP, and the jobs behind them."""

from datetime import UTC, datetime

import pytest

from sightline import clock
from sightline.accounts import sites
from sightline.accounts.sites import Privacy, privacy_of
from sightline.database.pool import Database
from sightline.errors import NotFound
from sightline.operate.house import House
from sightline.server.schedule import JOBS
from sightline.signals.salts import Salts
from tests.server.application import Browser
from tests.server.calls import error, made
from tests.signals.test_rules import STAFF, UNMASKED


async def test_rules_are_activated_listed_and_read_back(admin: Browser, database: Database) -> None:
    dry = await admin("POST", "/privacy/rules/activate", {"source": STAFF, "dry_run": True})
    assert (dry.json()["number"], dry.json()["is_new"]) == (None, True)
    done = (await admin("POST", "/privacy/rules/activate", {"source": STAFF, "note": "staff cards"})).json()
    assert (done["number"], done["before"], done["loosened"], done["sites"]) == (2, 1, [], [])
    items = (await admin("GET", "/privacy/rules")).json()["items"]
    me = (await admin("GET", "/me")).json()["user"]["id"]
    assert [(one["number"], one["site_id"], one["is_active"], one["activated_by"]) for one in items] == [
        (2, None, True, me), (1, None, False, None),
    ]  # fmt: skip
    document = (await admin("GET", "/privacy/rules/2")).json()["document"]
    assert "staff_number" in {field["name"] for field in document["field"]}
    assert error(await admin("GET", "/privacy/rules/9")) == (404, "not_found", None)
    entry = (await admin("GET", "/audit?action=rules.activate&limit=1")).json()["items"][0]
    assert (entry["object_kind"], entry["object_id"], entry["actor_id"]) == ("rules", "2", me)


async def test_a_sites_rules_are_activated_for_it_alone(admin: Browser) -> None:
    site = (await made(admin, "/sites", {"name": "Shop"}))["id"]
    refused = await admin("POST", "/privacy/rules/activate", {"source": UNMASKED, "site": site})
    assert error(refused) == (422, "sign_off_missing", "sign_off")
    body = {"source": UNMASKED, "site": site, "sign_off": "Ada"}
    assert (await admin("POST", "/privacy/rules/activate", body)).json()["loosened"] == ["unmasked: key 'nickname'"]
    own = (await admin("GET", f"/privacy/rules?site={site}")).json()["items"]
    assert [one["site_id"] for one in own] == [site]
    wrong = await admin("POST", "/privacy/rules/activate", {"source": 'dictionary = 1\nname = "x"\n[oops]\n'})
    assert error(wrong)[:2] == (422, "dictionary")
    assert "line 3" in wrong.json()["error"]["message"]
    assert error(await admin("POST", "/privacy/rules/activate", {"source": "", "site": "999"}))[0] == 404


async def test_what_a_site_collects_is_set_told_and_audited(admin: Browser, database: Database) -> None:
    site = (await made(admin, "/sites", {"name": "Shop"}))["id"]
    assert await privacy_of(database, int(site)) == Privacy()
    changed = await admin("PUT", f"/sites/{site}/privacy", {"consent_mode": "analytics", "salt_period": "month"})
    assert changed.json()["privacy"] == {
        "consent_mode": "analytics", "consent_asked": False, "honour_signals": True, "salt_period": "month",
    }  # fmt: skip
    assert await privacy_of(database, int(site)) == Privacy(consent_mode="analytics", salt_period="month")
    entry = (await admin("GET", "/audit?action=site.privacy")).json()["items"][0]
    assert entry["details"] == {"fields": ["consent_mode:analytics", "salt_period:month"]}
    for body, field in (
        ({"consent_mode": "all"}, "consent_mode"), ({"salt_period": "year"}, "salt_period"),
        ({"consent_asked": "yes"}, "consent_asked"), ({"honour_signals": 1}, "honour_signals"),
    ):  # fmt: skip
        assert error(await admin("PUT", f"/sites/{site}/privacy", body)) == (422, "invalid_value", field)
    await admin("DELETE", f"/sites/{site}")
    with pytest.raises(NotFound):
        await privacy_of(database, int(site))


async def test_a_site_of_before_has_the_strict_defaults(database: Database) -> None:
    assert sites.Privacy() == Privacy(
        consent_mode="replay", consent_asked=False, honour_signals=True, salt_period="day"
    )


async def test_the_job_makes_the_salts_that_come_and_destroys_those_that_ended(admin: Browser, house: House) -> None:
    (job,) = [job for job in JOBS if job.name == "privacy.salts"]

    async def progress(_done: float) -> None:
        """Nobody watches."""

    evening = datetime(2026, 11, 30, 23, 30, tzinfo=UTC)
    with clock.held(clock.to_ms(evening)) as now:
        assert await job.run(house, progress) == "made 4 salts, destroyed 0"
        assert await job.run(house, progress) == "made 0 salts, destroyed 0"
        today = (await Salts(house.database).current("day")).salt
        now.advance(seconds=3600 + 60)
        assert await job.run(house, progress) == "made 0 salts, destroyed 2"
    items = (await admin("GET", "/privacy/salts")).json()["items"]
    assert [(one["period"], one["starts_at"][:10], one["exists"]) for one in items] == [
        ("day", "2026-12-01", True), ("month", "2026-12-01", True),
        ("day", "2026-11-30", False), ("month", "2026-11-01", False),
    ]  # fmt: skip
    assert all((one["destroyed_at"] is None) == one["exists"] for one in items)
    rows = await house.database.fetch("SELECT s::text AS text FROM salt AS s")
    assert today.hex() not in str(rows)


async def test_the_job_has_nothing_to_go_on_with_where_nothing_was_interrupted(house: House) -> None:
    (job,) = [job for job in JOBS if job.name == "privacy.remask"]

    async def progress(_done: float) -> None:
        """Nobody watches."""

    assert await job.run(house, progress) == "nothing was interrupted"
