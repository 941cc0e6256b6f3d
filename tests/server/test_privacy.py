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
from sightline.signals.journal import Batch, Journal
from sightline.signals.salts import Salts
from tests.server.application import Browser
from tests.server.calls import error, made
from tests.signals.making import event
from tests.signals.test_findings import EMAIL
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


async def test_a_text_is_tested_with_the_rules_in_force_and_nothing_of_it_is_kept(admin: Browser) -> None:
    found = (
        await admin("POST", "/privacy/rules/test", {"text": "all is well\nwrite to jane.roe@mailbox.example"})
    ).json()
    assert [(one["line"], one["column"], one["length"], one["field"]) for one in found["findings"]] == [
        (2, 10, len(EMAIL), "email"),
    ]  # fmt: skip
    assert found["masked"].splitlines()[0] == "all is well"
    assert EMAIL not in found["masked"]
    assert error(await admin("POST", "/privacy/rules/test", {"text": "x", "site": "999"}))[0] == 404


async def test_two_versions_are_compared(admin: Browser) -> None:
    await admin("POST", "/privacy/rules/activate", {"source": STAFF})
    rows = (await admin("GET", "/privacy/rules/2/changes?since=1")).json()["items"]
    assert any("staff_number" in row["entry"] for row in rows)
    assert (await admin("GET", "/privacy/rules/2/changes?since=2")).json()["items"] == []
    assert error(await admin("GET", "/privacy/rules/9/changes?since=1"))[0] == 404


async def job(house: House, name: str) -> str:
    """Run a background job once, as its leader does."""

    async def progress(_done: float) -> None:
        """Nobody watches."""

    (found,) = [one for one in JOBS if one.name == name]
    return await found.run(house, progress)


async def test_an_audit_is_asked_for_carried_out_in_the_background_and_says_where_never_what(
    admin: Browser, house: House
) -> None:
    site = int((await made(admin, "/sites", {"name": "Shop"}))["id"])
    journal = Journal(house.database.address, house.settings.signals)
    await journal.start()
    await journal.append(Batch(signals=[event(1, site=site, title=f"Hello {EMAIL}")]))
    await journal.close()
    asked = await admin("POST", "/privacy/audits", {"site": str(site)})
    assert asked.status_code == 202
    assert (asked.json()["progress"], asked.json()["report"], asked.json()["site_id"]) == (0, None, str(site))
    assert await job(house, "privacy.audits") == "finished 1 audits"
    (found,) = (await admin("GET", "/privacy/audits")).json()["items"]
    assert (found["progress"], found["finished_at"] is None) == (1, False)
    assert [(one["kind"], one["field"], one["signals"]) for one in found["report"]["findings"]] == [
        ("event", "title", 1)
    ]
    assert found["report"]["found"] == 1
    assert EMAIL not in str(found)
    assert await job(house, "privacy.audits") == "nothing was asked for"
    assert error(await admin("POST", "/privacy/audits", {"site": "999"}))[0] == 404


async def test_masking_anew_is_asked_for_once_and_carried_out_in_the_background(admin: Browser, house: House) -> None:
    await admin("POST", "/privacy/rules/activate", {"source": STAFF})
    dry = (await admin("POST", "/privacy/remasks", {"dry_run": True, "kinds": ["event"]})).json()
    assert (dry["job"], [one["kind"] for one in dry["would"]]) == (None, ["event"])
    begun = await admin("POST", "/privacy/remasks", {"kinds": ["event"]})
    assert (begun.status_code, begun.json()["job"]["finished_at"]) == (202, None)
    assert error(await admin("POST", "/privacy/remasks", {})) == (409, "conflict", None)
    assert (await job(house, "privacy.remask")).startswith("finished job")
    (done,) = (await admin("GET", "/privacy/remasks")).json()["items"]
    assert (done["progress"], done["kinds"], done["finished_at"] is None) == (1, ["event"], False)
    assert error(await admin("POST", "/privacy/remasks", {"kinds": ["tea"]})) == (422, "invalid_value", "kind")


async def test_a_site_that_waits_for_its_answer_records_nothing_until_it_is_given(
    admin: Browser, database: Database
) -> None:
    body = await made(admin, "/sites", {"name": "New", "privacy_later": True})
    assert (body["privacy_answered_at"], body["privacy"]["consent_mode"]) == (None, "analytics")
    answered = (await admin("PUT", f"/sites/{body['id']}/privacy", {"consent_mode": "analytics"})).json()
    assert answered["privacy_answered_at"] is not None
    again = (await admin("PUT", f"/sites/{body['id']}/privacy", {"consent_mode": "replay"})).json()
    assert again["privacy_answered_at"] == answered["privacy_answered_at"]
    usual = await made(admin, "/sites", {"name": "Usual"})
    assert (usual["privacy_answered_at"] is None, usual["privacy"]["consent_mode"]) == (False, "replay")
