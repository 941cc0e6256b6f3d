"""Shared reports: what a link shows, what it refuses, and how it ends; and notes beside the numbers."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sightline import clock
from sightline.operate.house import House
from sightline.settings import SignalSettings
from sightline.signals.journal import Journal
from tests.server.application import Browser, browsing, served
from tests.server.calls import error, invited, made, team_of
from tests.server.test_reports import watched

DAY = {"start": "2026-10-25", "end": "2026-10-25"}
OTHER_DAY = {"start": "2026-10-01", "end": "2026-10-02"}


@pytest.fixture
async def journal(house: House) -> AsyncIterator[Journal]:
    opened = Journal(house.database.address, SignalSettings())
    await opened.start()
    yield opened
    await opened.close()


@pytest.fixture
async def outsider(house: House) -> AsyncIterator[Browser]:
    """Somebody without an account."""
    async with browsing(served(house)) as browser:
        yield browser


async def share(admin: Browser, site: int, *, asked: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    body = {"name": "For the board", "asked": {**DAY, **(asked or {})}, **more}
    return await made(admin, f"/sites/{site}/report-shares", body)


async def looked(outsider: Browser, slug: str, password: str | None = None) -> dict[str, Any]:
    answer = await outsider("POST", "/shared/open", {"slug": slug, "password": password})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def asked(outsider: Browser, token: str, name: str, **query: Any) -> Any:
    return await outsider("GET", f"/shared/reports/{name}", params=query, headers={"x-sightline-share": token})


def values(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    return {row["metric"]: row["value"] for row in answer.json()["rows"]}


async def test_a_link_shows_its_report_to_somebody_without_an_account(
    admin: Browser, journal: Journal, outsider: Browser
) -> None:
    link = await share(admin, await watched(admin, journal))
    opened = await looked(outsider, link["slug"])
    assert (opened["name"], opened["site_name"], opened["page"]) == ("For the board", "Shop", "overview")
    assert values(await asked(outsider, opened["token"], "overview"))["visitors"] == 2
    rows = (await asked(outsider, opened["token"], "breakdown", by="path", metric="views")).json()["rows"]
    assert [(row["path"], row["views"]) for row in rows] == [("/", 2), ("/pricing", 1)]
    series = (await asked(outsider, opened["token"], "series", metric="visitors", unit="day")).json()
    assert [row["visitors"] for row in series["rows"]] == [2]


async def test_what_was_shared_holds_whatever_the_address_says(
    admin: Browser, journal: Journal, outsider: Browser
) -> None:
    link = await share(admin, await watched(admin, journal), asked={"filter": ["path:eq:/pricing"]})
    token = (await looked(outsider, link["slug"]))["token"]
    wide = await asked(outsider, token, "overview", **OTHER_DAY, filter="path:neq:/pricing", match="any", segment="1")
    assert values(wide)["visitors"] == 1
    assert wide.json()["period"]["from_ms"] == 1_792_886_400_000


async def test_a_free_link_lets_choose_within_what_was_shared(
    admin: Browser, journal: Journal, outsider: Browser
) -> None:
    site = await watched(admin, journal)
    link = await share(admin, site, asked={"filter": ["path:eq:/"]}, free=True)
    token = (await looked(outsider, link["slug"]))["token"]
    assert values(await asked(outsider, token, "overview", **DAY))["visitors"] == 2
    assert values(await asked(outsider, token, "overview", **DAY, filter="channel:eq:direct"))["visitors"] == 1
    assert values(await asked(outsider, token, "overview", **DAY, filter="path:eq:/pricing"))["visitors"] == 0
    assert values(await asked(outsider, token, "overview", **OTHER_DAY))["visitors"] == 0
    for told in ("property:plan:eq:pro", '["property:a:b","eq","c"]', "query:c:a"):
        assert error(await asked(outsider, token, "overview", filter=told))[0] == 403, told


async def test_a_link_shows_no_dimension_that_its_page_does_not(
    admin: Browser, journal: Journal, outsider: Browser
) -> None:
    link = await share(admin, await watched(admin, journal), free=True)
    token = (await looked(outsider, link["slug"]))["token"]
    for by in ("property:plan", "query", "click"):
        assert error(await asked(outsider, token, "breakdown", by=by))[:2] == (403, "not_allowed"), by
    assert (await asked(outsider, token, "visits")).status_code == 404


async def test_a_password_is_asked_for_and_guesses_are_slowed_down(
    admin: Browser, journal: Journal, outsider: Browser
) -> None:
    link = await share(admin, await watched(admin, journal), password="four wet owls")
    assert link["guarded"] is True
    assert "four wet owls" not in str(link)
    answer = await outsider("POST", "/shared/open", {"slug": link["slug"]})
    assert error(answer) == (403, "share_password", "password")
    statuses = []
    for number in range(8):
        body = {"slug": link["slug"], "password": f"guess number {number}"}
        statuses.append((await outsider("POST", "/shared/open", body)).status_code)
    assert statuses[0] == 403
    assert statuses[-1] == 429
    kinds = [
        row["result"]
        for row in (await admin("GET", "/audit?limit=50")).json()["items"]
        if row["action"] == "share.view"
    ]
    assert "refused" in kinds
    assert "throttled" in kinds


async def test_the_right_password_opens(admin: Browser, journal: Journal, outsider: Browser) -> None:
    link = await share(admin, await watched(admin, journal), password="four wet owls")
    token = (await looked(outsider, link["slug"], "four wet owls"))["token"]
    assert values(await asked(outsider, token, "overview"))["visitors"] == 2


async def test_a_link_ends_with_its_time_and_its_tokens_with_it(
    admin: Browser, house: House, journal: Journal, outsider: Browser
) -> None:
    until = (clock.now() + timedelta(hours=2)).isoformat()
    link = await share(admin, await watched(admin, journal), expires_at=until)
    token = (await looked(outsider, link["slug"]))["token"]
    await house.database.execute("UPDATE report_shares SET expires_at = now() - interval '1 second'")
    assert error(await asked(outsider, token, "overview"))[0] == 401
    assert error(await outsider("POST", "/shared/open", {"slug": link["slug"]}))[0] == 404


async def test_a_link_that_is_taken_back_shows_nothing_at_once(
    admin: Browser, journal: Journal, outsider: Browser
) -> None:
    site = await watched(admin, journal)
    link = await share(admin, site)
    token = (await looked(outsider, link["slug"]))["token"]
    assert (await admin("DELETE", f"/sites/{site}/report-shares/{link['id']}")).status_code == 204
    assert error(await asked(outsider, token, "overview"))[0] == 401
    assert error(await outsider("POST", "/shared/open", {"slug": link["slug"]}))[0] == 404


async def test_a_token_that_was_altered_or_is_anothers_opens_nothing(
    admin: Browser, journal: Journal, outsider: Browser
) -> None:
    site = await watched(admin, journal)
    first, second = await share(admin, site), await share(admin, site)
    token = (await looked(outsider, first["slug"]))["token"]
    body = token.partition(".")[2]
    wrong = ("", "x", "1", "1.", f"{second['id']}.{body}", f"{token[:-1]}{'A' if token[-1] != 'A' else 'B'}", "9" * 30)
    for one in wrong:
        assert (await asked(outsider, one, "overview")).status_code in {401, 422}, one
    assert values(await asked(outsider, token, "overview"))["visitors"] == 2


async def test_every_opening_is_counted_and_noted(admin: Browser, journal: Journal, outsider: Browser) -> None:
    site = await watched(admin, journal)
    link = await share(admin, site)
    await looked(outsider, link["slug"])
    await looked(outsider, link["slug"])
    (listed,) = (await admin("GET", f"/sites/{site}/report-shares")).json()["items"]
    assert listed["opened"] == 2
    entries = (await admin("GET", "/audit?limit=50")).json()["items"]
    seen = [row for row in entries if row["action"] == "share.view" and row["object_id"] == link["id"]]
    assert [row["actor_kind"] for row in seen] == ["nobody", "nobody"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"page": "visits"}, 403),
        ({"asked": {"range": "nonsense"}}, 422),
        ({"asked": {"filter": ["colour:eq:red"]}}, 422),
        ({"asked": {"compare": "custom"}}, 422),
        ({"asked": {"segment": ["123456"]}}, 403),
        ({"expires_at": "2020-01-01T00:00:00Z"}, 422),
        ({"expires_at": "2199-01-01T00:00:00Z"}, 422),
        ({"password": "short"}, 422),
    ],
)
async def test_what_cannot_be_shown_is_not_shared(
    admin: Browser, journal: Journal, body: dict[str, Any], status: int
) -> None:
    site = await watched(admin, journal)
    wanted = {"name": "For the board", "asked": {"range": "7d"}, **body}
    answer = await admin("POST", f"/sites/{site}/report-shares", wanted)
    assert answer.status_code == status, answer.text


# ---- notes beside the numbers -----------------------------------------------------------------------------------


def note(text: str, **more: Any) -> dict[str, Any]:
    return {"at": datetime(2026, 10, 25, tzinfo=UTC).isoformat(), "note": text, **more}


async def test_a_personal_note_is_its_authors_alone(
    admin: Browser, house: House, journal: Journal, outsider: Browser
) -> None:
    site = await watched(admin, journal)
    viewer = outsider
    await invited(admin, viewer, await team_of(admin), "viewer")
    path = f"/sites/{site}/annotations"
    for_all = await made(admin, path, note("Prices went up"))
    mine = await made(admin, path, note("Mine", personal=True))
    theirs = await made(viewer, path, note("Theirs", personal=True))
    assert {row["note"] for row in (await admin("GET", path)).json()["items"]} == {"Prices went up", "Mine"}
    seen = (await viewer("GET", path)).json()["items"]
    assert {(row["note"], row["own"]) for row in seen} == {("Prices went up", False), ("Theirs", True)}
    assert (await viewer("DELETE", f"{path}/{mine['id']}")).status_code == 404
    assert (await admin("DELETE", f"{path}/{theirs['id']}")).status_code == 404
    assert error(await viewer("POST", path, note("For all")))[0] == 403
    assert error(await viewer("DELETE", f"{path}/{for_all['id']}"))[0] == 403
    # A note of one's own does not become everybody's by who may not write for everybody.
    assert error(await viewer("PUT", f"{path}/{theirs['id']}", note("Theirs")))[0] == 403
    assert (await viewer("PUT", f"{path}/{theirs['id']}", note("Changed", personal=True))).json()["note"] == "Changed"
    assert (await viewer("DELETE", f"{path}/{theirs['id']}")).status_code == 204


async def test_a_shared_report_shows_the_notes_for_everybody_and_no_other(
    admin: Browser, house: House, journal: Journal
) -> None:
    site = await watched(admin, journal)
    await made(admin, f"/sites/{site}/annotations", note("Prices went up"))
    await made(admin, f"/sites/{site}/annotations", note("Mine", personal=True))
    link = await share(admin, site)
    async with browsing(served(house)) as outsider:
        token = (await looked(outsider, link["slug"]))["token"]
        answer = await outsider("GET", "/shared/annotations", headers={"x-sightline-share": token})
        assert [row["note"] for row in answer.json()["items"]] == ["Prices went up"]


# ---- comparing --------------------------------------------------------------------------------------------------


async def test_a_period_is_compared_with_any_other(admin: Browser, journal: Journal) -> None:
    site = await watched(admin, journal)
    query = {"start": "2026-10-26", "end": "2026-10-26", "compare": "custom", "compare_start": "2026-10-25"}
    answer = await admin("GET", f"/sites/{site}/reports/overview", params={**query, "compare_end": "2026-10-25"})
    rows = {row["metric"]: row for row in answer.json()["rows"]}
    assert (rows["visitors"]["value"], rows["visitors"]["before"]) == (0, 2)
    missing = await admin("GET", f"/sites/{site}/reports/overview", params=query)
    assert error(missing) == (422, "invalid_value", "compare")
