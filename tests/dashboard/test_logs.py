"""Logs and functions as one looks at them: asked for, narrowed, opened, followed live, exported, seen by function."""

import csv
import io
import json
import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, Route, expect

from tests.backend.payloads import document, packed, powertools
from tests.dashboard.conftest import Client, Open, Served, Watched
from tests.dashboard.looks import faults, settled


@dataclass
class Backend:
    """The demo's site as its backend and the API know it."""

    url: str
    site: str
    client: Client
    name: str = ""
    key: str = ""

    def ask(self, report: str, **asked: str | int) -> Any:
        path = f"/sites/{self.site}/reports/{report}"
        return self.client.get(path, params={"range": "28d", **asked}).raise_for_status().json()

    def send(self, *lines: str) -> None:
        """Lines that the forwarder brings."""
        if not self.key:
            self.name = self.client.get(f"/sites/{self.site}").json()["uuid"]
            self.key = str(self.client.made("/api-keys", {"name": "lines", "permissions": ["site:send-logs"]})["token"])
        answer = httpx.post(
            f"{self.url}/cloudwatch/{self.name}", content=packed(document(lines, stream=uuid.uuid4().hex)),
            headers={"authorization": f"Bearer {self.key}"},
        )  # fmt: skip
        assert answer.json() == {"lines": len(lines), "duplicates": 0}


@pytest.fixture
def backend(shop: tuple[Served, str]) -> Iterator[Backend]:
    served, site = shop
    client = Client(served)
    yield Backend(served.url, site, client)
    client.close()


def rows(page: Page) -> Any:
    return page.get_by_role("list", name="Lines", exact=True).locator(":scope > li")


def query(page: Page) -> Any:
    return page.get_by_role("combobox", name="Query")


def test_a_query_is_saved_opened_by_name_shown_on_a_board_and_deleted(visit: Open, backend: Backend) -> None:
    page = visit("logs?q=level:error")
    settled(page)
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_label("Name", exact=True).fill("What failed")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_text("What failed was saved.")).to_be_visible()
    path = f"/sites/{backend.site}/saved-reports"
    (saved,) = backend.client.get(path, params={"report": "logs"}).json()["items"]
    assert saved["parameters"] == {"q": "level:error"}
    board = backend.client.made(
        f"/sites/{backend.site}/boards", {"name": "On call", "tiles": [{"saved": saved["uuid"]}]}
    )

    page = visit("logs")
    settled(page)
    expect(page.get_by_role("button", name="Save", exact=True)).to_be_disabled()  # there is nothing to save
    page.get_by_role("button", name="Saved queries").click()
    page.get_by_role("button", name="What failed", exact=True).click()
    expect(query(page)).to_have_value("level:error")

    page = visit(f"boards/{board['uuid']}?range=28d")
    settled(page)
    total = backend.ask("logs-histogram", q="level:error")["total"]
    expect(page.get_by_role("region", name="What failed")).to_contain_text(f"{total:,}")
    backend.client.delete(f"{path}/{saved['uuid']}").raise_for_status()
    backend.client.delete(f"/sites/{backend.site}/boards/{board['uuid']}").raise_for_status()


def test_a_query_is_completed_asked_and_narrowed_by_values(visit: Open, backend: Backend, axe: str) -> None:
    page = visit("logs")
    settled(page)
    query(page).press_sequentially("lev")
    expect(page.get_by_role("option", name=re.compile("^level"))).to_be_visible()
    query(page).press("ArrowDown")
    query(page).press("Enter")
    expect(query(page)).to_have_value("level:")
    expect(page.get_by_role("option")).to_have_count(6)  # those that are there with their counts, and the others
    assert faults(page, axe) == []
    query(page).press_sequentially("err")
    query(page).press("ArrowDown")
    query(page).press("Enter")
    query(page).press("Enter")
    expect(page).to_have_url(re.compile(r"q=level%3Aerror"))
    settled(page)
    expect(page.get_by_role("region", name="Lines over time").locator("strong")).to_have_text(
        f"{backend.ask('logs-histogram', q='level:error')['total']:,} lines"
    )
    page.get_by_role("button", name="Only service shop-mail").click()
    settled(page)
    found = backend.ask("logs", q="level:error service:shop-mail", limit=1000)["rows"]
    assert found
    expect(rows(page)).to_have_count(min(100, len(found)))
    page.get_by_role("button", name="Without service shop-mail").click()
    expect(page.get_by_role("heading", name="No lines")).to_be_visible()
    assert query(page).input_value() == "level:error service:shop-mail -service:shop-mail"
    page.get_by_role("button", name="Clear the query").click()
    settled(page)
    query(page).click()
    expect(page.get_by_role("option", name="level:error recent")).to_be_visible()


def test_what_cannot_be_read_is_said_at_the_query_and_the_language_is_explained(
    tabs: Callable[..., Watched], shop: tuple[Served, str], cookies: list[dict[str, object]], axe: str
) -> None:
    served, site = shop
    tab = tabs(base_url=served.url)
    tab.expected = (*tab.expected, "status of 422")
    tab.page.context.add_cookies(cookies)  # type: ignore[arg-type]
    page = tab.page
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(re.compile(r"/reports/logs\?"), hold, times=1)  # the panels' answers come before that of the lines
    page.goto(f"/{site}/logs?q=status:>many")
    expect(page.get_by_role("alert")).to_contain_text("At character 1")
    held[0].continue_()
    settled(page)
    assert page.get_by_role("alert").count() == 1
    assert page.get_by_role("region", name="Lines over time").count() == 0  # an empty card says nothing
    page.get_by_role("button", name="Query language").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("cell", name="level:>=warn", exact=True)).to_be_visible()
    assert faults(page, axe) == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Clear the query").click()
    expect(page.get_by_role("alert")).to_have_count(0)
    settled(page)


def test_the_histogram_looks_closer_and_back_and_the_address_keeps_it(visit: Open, backend: Backend) -> None:
    page = visit("logs")
    settled(page)
    bars = backend.ask("logs-histogram")
    last = [row for row in bars["rows"] if sum(row[level] for level in ("debug", "info", "warn", "error"))][-1]
    plot = page.get_by_role("group", name=re.compile("^Lines over time"))
    plot.focus()
    plot.press("End")
    for _ in range(len(bars["rows"]) - 1 - bars["rows"].index(last)):
        plot.press("ArrowLeft")
    plot.press("Enter")
    expect(page).to_have_url(re.compile(f"zoom={last['begins_ms']}-"))
    settled(page)
    total = page.get_by_role("region", name="Lines over time").locator("strong")
    counted = sum(last[level] for level in ("trace", "debug", "info", "warn", "error", "fatal"))
    expect(total).to_have_text(f"{counted:,} lines")
    page.reload()
    settled(page)
    expect(total).to_have_text(f"{counted:,} lines")
    page.get_by_role("button", name=re.compile("Narrowed to")).click()
    settled(page)
    expect(total).to_have_text(f"{bars['total']:,} lines")


def test_a_line_opens_and_leads_to_its_neighbours_its_request_its_visit_and_the_replay(
    visit: Open, backend: Backend, axe: str
) -> None:
    page = visit("logs?q=%22order placed%22")
    settled(page)
    (line, *_) = backend.ask("logs", q='"order placed"')["rows"]
    rows(page).first.locator("button").first.click()
    expect(rows(page).first.get_by_text(str(line["fields"]["order"]), exact=True)).to_be_visible()
    assert faults(page, axe) == []
    replay = page.get_by_role("link", name="Watch the visit at this moment")
    expect(replay).to_have_attribute("href", f"/{backend.site}/session/{line['visit']}?at={line['at_ms']}")
    page.get_by_role("button", name="Around this line").click()
    around = page.get_by_role("dialog").get_by_role("list", name="Around this line")
    expect(around.locator("[aria-current=true]")).to_contain_text("order placed")
    assert around.locator(":scope > li").count() == len(backend.ask("logs-around", line=line["id"], count=25)["rows"])
    assert faults(page, axe) == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    for name, field in (("Same request", "request"), ("Same visit", "visit"), ("Same trace", "trace")):
        page.goto(f"/{backend.site}/logs?q=%22order placed%22")
        rows(page).first.locator("button").first.click()
        page.get_by_role("link", name=name).click()
        expect(query(page)).to_have_value(f"{field}:{line[field]}")
        settled(page)
        expect(rows(page)).to_have_count(len(backend.ask("logs", q=f"{field}:{line[field]}")["rows"]))


def test_lines_are_followed_live_with_a_pause_that_loses_none(visit: Open, backend: Backend, axe: str) -> None:
    page = visit("logs?q=service:checkout live")
    page.get_by_role("button", name="Live", exact=True).click()
    expect(page).to_have_url(re.compile("live=true"))
    live = page.get_by_role("list", name="Live").locator(":scope > li")
    with page.expect_response("**/logs/tail**"):
        page.reload()
    backend.send(powertools("live one"), powertools("quiet"))
    expect(live).to_have_count(1)
    expect(live.first).to_contain_text("live one")
    page.get_by_role("button", name="Pause").click()
    backend.send(powertools("live two"), powertools("live three"))
    expect(page.get_by_text("2 new lines wait")).to_be_visible()
    expect(live).to_have_count(1)
    assert faults(page, axe) == []
    page.get_by_role("button", name="Go on").click()
    expect(live).to_have_count(3)
    # Many at once: what waits is held here and then there, and all of it comes.
    page.get_by_role("button", name="Pause").click()
    backend.send(*(powertools(f"live {number}") for number in range(900)))
    expect(page.get_by_text("no more is fetched until you go on")).to_be_visible()
    page.get_by_role("button", name="Go on").click()
    expect(live).to_have_count(903)


def test_what_is_found_is_exported(visit: Open, backend: Backend) -> None:
    q = "level:>=warn"
    page = visit("logs?q=level:>=warn")
    settled(page)
    found = backend.ask("logs", q=q, limit=1000)["rows"]
    texts = {}
    for name in ("NDJSON", "CSV"):
        page.get_by_role("button", name="Export").click()
        with page.expect_download() as download:
            page.get_by_role("link", name=name).click()
        texts[name] = download.value.path().read_text("utf-8")
    lines = [json.loads(text) for text in texts["NDJSON"].splitlines()]
    assert [line["id"] for line in lines] == [row["id"] for row in found]
    assert [row["id"] for row in csv.DictReader(io.StringIO(texts["CSV"], newline=""))] == [row["id"] for row in found]


def test_functions_are_told_apart_and_one_leads_to_what_failed_and_to_the_pages_that_called(
    visit: Open, backend: Backend, axe: str
) -> None:
    page = visit("functions")
    settled(page)
    known = {row["function"]: row for row in backend.ask("functions")["rows"]}
    table = page.get_by_role("table", name="Functions")
    expect(table.get_by_role("row")).to_have_count(len(known) + 1)
    mail = known["shop-mail"]
    expect(table.get_by_role("row").filter(has_text="shop-mail")).to_contain_text(f"{mail['invocations']:,}")
    table.get_by_role("link", name="shop-mail").click()
    expect(page.get_by_role("heading", name="shop-mail", level=1)).to_be_visible()
    settled(page)
    page.get_by_role("tab", name="Failing").click()
    settled(page)
    failing = page.get_by_role("table", name="Failing")
    wanted = backend.ask("invocations", function="shop-mail", service="shop-mail", failed="true", limit=500)["rows"]
    expect(failing.locator("tbody > tr")).to_have_count(min(20, len(wanted)))
    failing.get_by_role("button").first.click()
    lines = page.get_by_role("list", name=re.compile("^Lines of"))
    expect(lines).to_contain_text("MailError: try again later")
    assert faults(page, axe) == []
    page.goto(page.url.partition("/function")[0] + "/function/shop-checkout/shop-checkout")
    pages = page.get_by_role("table", name="Pages that called it")
    expect(pages.get_by_role("link", name="/checkout", exact=True)).to_be_visible()
    settled(page)
