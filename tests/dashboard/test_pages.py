"""What one does on the further pages of a site, each seen through the API as well: funnels to boards, privacy, jobs."""

import json
import re
from collections.abc import Callable, Iterator
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.conftest import ADA, PASSWORD, Open, Served
from tests.dashboard.looks import faults, settled
from tests.signals.test_rules import STAFF

Json = dict[str, object]
CART = quote(json.dumps(["path:/", "event:add_to_cart", "event:order"]))


@pytest.fixture
def asks(shop: tuple[Served, str]) -> Iterator[Callable[[str], Json]]:
    """Ask the API about the demo's site as Ada does."""
    served, site = shop
    client = httpx.Client(base_url=f"{served.url}/api/v1", headers={"origin": served.url})
    client.post("/sign-in", json={"login": ADA["email"], "password": PASSWORD}).raise_for_status()

    def ask(path: str) -> Json:
        found: Json = client.get(path.replace("{site}", site)).raise_for_status().json()
        return found

    yield ask
    client.close()


def items(answer: Json) -> list[Json]:
    found = answer["items"]
    assert isinstance(found, list)
    return found


def confirm(page: Page, button: str) -> None:
    page.get_by_role("dialog").get_by_role("button", name=button, exact=True).click()


# ---- behaviour ----------------------------------------------------------------------------------------------------


def test_events_lead_to_their_properties_and_these_filter_the_page(visit: Open) -> None:
    page = visit("events")
    settled(page)
    page.get_by_role("button", name="add_to_cart", exact=True).click()
    expect(page.get_by_role("heading", name="Properties of add_to_cart")).to_be_visible()
    page.get_by_role("combobox", name="Property").select_option("category")
    value = page.get_by_role("list", name="Values of category").get_by_role("button").first
    value.click()
    expect(page.get_by_role("group", name="Filters")).to_contain_text("category is")


def test_a_funnel_is_built_saved_opened_and_removed_and_its_losses_lead_to_visits(
    visit: Open, asks: Callable[[str], Json], axe: str
) -> None:
    page = visit("funnels")
    expect(page.get_by_text("Choose the steps of a funnel")).to_be_visible()
    page.get_by_label("Step 2", exact=True).fill("x")
    page.get_by_label("Kind of step 2").select_option("event")
    page.get_by_label("Step 2", exact=True).fill("add_to_cart")
    page.get_by_role("button", name="Add step").click()
    page.get_by_role("button", name="Show funnel").click()
    expect(page.get_by_text("Fill this in.")).to_be_visible()
    page.get_by_label("Kind of step 3").select_option("event")
    page.get_by_label("Step 3", exact=True).fill("order")
    page.get_by_role("button", name="Show funnel").click()
    settled(page)
    rows = page.get_by_role("listitem").filter(has_text="Event add_to_cart")
    expect(rows).to_have_count(1)

    lost = page.get_by_role("button", name=re.compile("left here")).first
    count = int(re.sub(r"\D", "", lost.inner_text().split("left")[0]))
    lost.click()
    drawer = page.get_by_role("dialog")
    expect(drawer.get_by_role("heading", name="Left after: /")).to_be_visible()
    expect(drawer.get_by_role("link", name=re.compile("^Watch visit")).first).to_be_visible()
    assert faults(page, axe) == []
    told = asks("/sites/{site}/reports/funnel-drops?range=28d&step=path:/&step=event:add_to_cart&window_minutes=1440")
    assert told["visitors"] == count
    link = drawer.get_by_role("link", name=re.compile("^Watch visit")).first.get_attribute("href")
    assert link is not None
    assert re.fullmatch(r"/\d+/session/-?\d+\?at=\d+", link)
    page.keyboard.press("Escape")

    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_label("Name", exact=True).fill("Cart to order")
    confirm(page, "Save")
    expect(page.get_by_text("Cart to order was saved.")).to_be_visible()
    (saved,) = items(asks("/sites/{site}/saved-reports?report=funnel"))
    assert saved["parameters"] == {
        "step": ["path:/", "event:add_to_cart", "event:order"], "window_minutes": 1440,
    }  # fmt: skip

    page.goto(page.url.partition("?")[0])
    page.get_by_role("button", name="Saved funnels").click()
    page.get_by_role("button", name="Cart to order", exact=True).click()
    expect(page.get_by_role("listitem").filter(has_text="Event order")).to_have_count(1)
    page.get_by_role("button", name="Saved funnels").click()
    page.get_by_role("button", name="Delete Cart to order").click()
    confirm(page, "Delete")
    expect(page.get_by_text("Cart to order was deleted.")).to_be_visible()
    assert items(asks("/sites/{site}/saved-reports?report=funnel")) == []


def test_journeys_begin_where_one_says(visit: Open) -> None:
    page = visit("journeys")
    settled(page)
    page.get_by_label("Begin with").fill("/plants/monstera")
    page.get_by_role("button", name="Show", exact=True).click()
    settled(page)
    ways = page.get_by_role("table", name="All ways").locator("tbody tr td.main")
    expect(ways.first).to_have_text(re.compile("^/plants/monstera"))
    assert all(text.startswith("/plants/monstera") for text in ways.all_inner_texts())


def test_retention_is_cut_by_the_unit_that_one_chooses(visit: Open) -> None:
    page = visit("retention")
    settled(page)
    expect(page.get_by_role("columnheader", name="Week 0")).to_be_visible()
    page.get_by_label("Cohorts by").select_option("day")
    expect(page.get_by_role("columnheader", name="Day 0")).to_be_visible()


# ---- growth -------------------------------------------------------------------------------------------------------


def test_a_goal_is_added_counted_put_on_a_board_and_removed(visit: Open, asks: Callable[[str], Json]) -> None:
    page = visit("goals")
    page.get_by_role("button", name="Add goal").click()
    page.get_by_label("Visitors reach it with", exact=True).fill("order")
    page.get_by_label("Name").last.fill("Bought something")
    confirm(page, "Add goal")
    row = page.get_by_role("row").filter(has_text="Bought something")
    expect(row).to_be_visible()
    settled(page)
    reached = asks("/sites/{site}/reports/goals?range=28d&goal=event:order")["rows"]
    assert isinstance(reached, list)
    assert reached[0]["visitors"] > 0
    expect(row.get_by_role("cell").nth(1)).to_have_text(str(reached[0]["visitors"]))

    page.goto(page.url.replace("/goals", "/campaigns"))
    expect(page.get_by_label("Goal", exact=True)).to_have_value("event:order")
    expect(page.get_by_role("table", name="Attribution").locator("tbody tr").first).to_be_visible()

    page.goto(page.url.partition("/campaigns")[0] + "/boards")
    page.get_by_role("button", name="New board").first.click()
    page.get_by_label("Name", exact=True).fill("Monday")
    page.get_by_role("checkbox", name="Bought something").check()
    page.get_by_role("checkbox", name="Wide").check()
    confirm(page, "Save")
    expect(page.get_by_role("heading", name="Monday")).to_be_visible()
    tile = page.get_by_role("region", name="Bought something")
    expect(tile.get_by_role("listitem")).to_contain_text(str(reached[0]["visitors"]))
    (board,) = items(asks("/sites/{site}/boards"))
    assert (board["name"], [tile["width"] for tile in board["tiles"]]) == ("Monday", [2])  # type: ignore[attr-defined]

    page.get_by_role("button", name="Delete board").click()
    confirm(page, "Delete board")
    expect(page.get_by_text("No boards yet")).to_be_visible()
    page.goto(page.url.partition("/boards")[0] + "/goals")
    page.get_by_role("button", name="Delete Bought something").click()
    confirm(page, "Delete")
    expect(page.get_by_text("No goals yet")).to_be_visible()
    assert items(asks("/sites/{site}/saved-reports")) == []


def test_a_link_is_made_followed_counted_and_removed(
    visit: Open, shop: tuple[Served, str], asks: Callable[[str], Json]
) -> None:
    page = visit("links?range=today")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_label("Name", exact=True).fill("Poster")
    page.get_by_label("Leads to").fill("poster")
    confirm(page, "Add")
    expect(page.get_by_text("Write an address, as https://shop.example.com/sale.")).to_be_visible()
    page.get_by_label("Leads to").fill("https://shop.example.com/sale")
    page.get_by_label("Short name").fill("poster-2026")
    confirm(page, "Add")
    expect(page.get_by_role("group", name="Address")).to_have_text(f"{shop[0].url}/q/poster-2026")
    page.keyboard.press("Escape")
    agent = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0"}
    answer = httpx.get(f"{shop[0].url}/q/poster-2026", headers=agent)
    assert (answer.status_code // 100, answer.headers["location"]) == (3, "https://shop.example.com/sale")
    row = page.get_by_role("row").filter(has_text="Poster")
    for _ in range(20):
        page.reload()
        settled(page)
        if row.get_by_role("cell").nth(2).inner_text() == "1":
            break
    expect(row.get_by_role("cell").nth(2)).to_have_text("1")
    row.get_by_role("button", name="Delete Poster").click()
    confirm(page, "Delete")
    expect(page.get_by_text("No links or pixels yet")).to_be_visible()
    # Collecting remembers its address for up to ten seconds more (WatchedSites).
    assert items(asks("/sites/{site}/links")) == []


def test_revenue_is_what_the_report_says(visit: Open, asks: Callable[[str], Json]) -> None:
    page = visit("revenue")
    settled(page)
    rows = asks("/sites/{site}/reports/revenue?range=28d")["rows"]
    assert isinstance(rows, list)
    expect(page.locator(".tiles strong").nth(1)).to_have_text(f"{rows[0]['orders']:,}")
    page.get_by_role("combobox", name="Revenue by").select_option("channel")
    settled(page)
    expect(page.get_by_role("table", name="Revenue by").locator("tbody tr").first).to_be_visible()


# ---- privacy ------------------------------------------------------------------------------------------------------


def test_a_text_is_tested_and_rules_are_looked_at_before_they_are_activated(
    visit: Open, asks: Callable[[str], Json], axe: str
) -> None:
    page = visit("privacy?part=rules")
    page.get_by_label("Text", exact=True).fill("write to jane.roe@mailbox.example")
    page.get_by_role("button", name="Test", exact=True).click()
    expect(page.get_by_text("1 place would be masked.")).to_be_visible()
    expect(page.get_by_role("group", name="As it would be stored")).not_to_contain_text("jane.roe")

    before = len(items(asks("/privacy/rules")))
    page.get_by_role("button", name="Activate rules").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("For", exact=True).select_option("all")
    dialog.get_by_label("Dictionary (TOML)").fill(STAFF)
    expect(dialog.get_by_role("button", name="Activate", exact=True)).to_be_disabled()
    dialog.get_by_role("button", name="See what would change").click()
    expect(dialog.get_by_text("It would become")).to_be_visible()
    assert faults(page, axe) == []
    assert len(items(asks("/privacy/rules"))) == before
    dialog.get_by_label("Why").fill("staff cards")
    dialog.get_by_role("button", name="See what would change").click()
    dialog.get_by_role("button", name="Activate", exact=True).click()
    expect(page.get_by_text(re.compile(r"Version \d+ is in force\."))).to_be_visible()
    # The demo's site has rules of its own, which are laid over the new ones as a version after it.
    newest = next(one for one in items(asks("/privacy/rules")) if one["note"] == "staff cards")
    assert (newest["name"], newest["note"], newest["is_active"]) == ("shop", "staff cards", True)
    page.get_by_role("button", name=f"Changes of version {newest['number']}").click()
    expect(page.get_by_role("dialog").get_by_text("field staff_number").first).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name=f"Show version {newest['number']}").click()
    expect(page.get_by_role("dialog").get_by_text("staff_number").first).to_be_visible()


def test_an_audit_runs_in_the_background_and_reports(visit: Open, asks: Callable[[str], Json], axe: str) -> None:
    page = visit("privacy?part=stored")
    page.get_by_role("button", name="Start an audit").click()
    expect(page.get_by_role("button", name=re.compile("^Report of audit")).first).to_be_visible(timeout=60_000)
    page.get_by_role("button", name=re.compile("^Report of audit")).first.click()
    expect(page.get_by_role("dialog").get_by_role("heading", name="Report of an audit")).to_be_visible()
    assert faults(page, axe) == []
    page.keyboard.press("Escape")
    report = items(asks("/privacy/audits"))[0]["report"]
    assert isinstance(report, dict)
    assert {walked["kind"] for walked in report["walked"]} >= {"event", "vital", "error"}


def test_a_visitor_is_counted_erased_and_a_receipt_is_given(visit: Open, asks: Callable[[str], Json]) -> None:
    rows = asks("/sites/{site}/reports/visits?range=28d&limit=1")["rows"]
    assert isinstance(rows, list)
    visitor = rows[0]["visitor"]
    page = visit(f"privacy?part=erase&visitors={visitor}")
    expect(page.get_by_label("Which")).to_have_value(visitor)
    erase = page.get_by_role("button", name="Erase", exact=True)
    expect(erase).to_be_disabled()
    page.get_by_role("button", name="Count first").click()
    expect(page.get_by_text(re.compile(r"\d+ signals? would go:"))).to_be_visible()
    erase.click()
    confirm(page, "Erase")
    row = page.get_by_role("row").filter(has_text="1 visitor")
    expect(row.get_by_text("Done")).to_be_visible(timeout=60_000)
    assert asks(f"/sites/{{site}}/reports/visits?range=28d&visitor={visitor}")["rows"] == []
    row.get_by_role("button", name="Receipt of 1 visitor").click()
    receipt = json.loads(page.get_by_role("group", name="Receipt of an erasure").inner_text())
    assert (receipt["visitors"], receipt["reason"], receipt["done"]) == (1, "asked", 1)


# ---- health -------------------------------------------------------------------------------------------------------


def test_a_job_is_started_and_its_result_is_shown(visit: Open, asks: Callable[[str], Json]) -> None:
    page = visit("health")
    runs = next(one["runs"] for one in items(asks("/jobs")) if one["name"] == "accounts.tidy")
    page.get_by_role("button", name="Run now: accounts.tidy").click()
    expect(page.get_by_text("accounts.tidy runs in a moment.")).to_be_visible()
    row = page.get_by_role("row").filter(has_text="accounts.tidy")
    expect(row.get_by_text("Done")).to_be_visible(timeout=30_000)
    now = runs
    for _ in range(50):
        now = next(one["runs"] for one in items(asks("/jobs")) if one["name"] == "accounts.tidy")
        if now != runs:
            break
        page.wait_for_timeout(200)
    assert now != runs
    expect(page.get_by_text("Everything answers")).to_be_visible()
    expect(page.get_by_role("region", name="Warehouse").get_by_text(re.compile("^(Open|Closed)"))).to_be_visible()
