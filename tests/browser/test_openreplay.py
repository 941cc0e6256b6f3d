"""OpenReplay's tracker 19 from npm, unchanged, against a real server: only its ingest point is another."""

import gzip
import json
import time
from typing import Any

from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.conftest import Rows
from tests.browser_packages import browser_package
from tests.dashboard.conftest import ADA, PASSWORD, Client, Served, cookies_of
from tests.openreplay.shop import LIVE, Ingest, Shop, shop
from tests.openreplay.test_conversion import of_html
from tests.privacy.recordings.browser import PLAYED_TREE, PLAYER
from tests.running import Running

SECRETS = ("Anneliese", "anneliese@", "Elm Street", "token=abc")


def events(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = [event for row in rows for event in json.loads(gzip.decompress(row["data"]))]
    return sorted(found, key=lambda event: event["timestamp"])


def opened(chromium: Browser, here: Shop) -> Page:
    page = chromium.new_context().new_page()
    page.goto(here.url)
    page.evaluate("window.started")
    return page


def replayed(chromium: Browser, found: list[dict[str, Any]]) -> Any:
    page = chromium.new_page()
    page.goto("about:blank")
    page.add_script_tag(path=browser_package("@rrweb/replay") / "umd" / "replay.js")
    page.evaluate(PLAYER, found)
    tree = page.evaluate(PLAYED_TREE)
    page.close()
    return tree


def first_shown(chromium: Browser, sightline: Running, address: str) -> float:
    """Follow an address as Ada, until the recorded page is shown; the second that the player stands at."""
    assert sightline.url is not None
    assert sightline.setup_link is not None
    tab = chromium.new_context().new_page()
    tab.context.add_cookies(cookies_of(Served(sightline.url, sightline.setup_link), ADA["email"], PASSWORD))  # type: ignore[arg-type]
    tab.goto(address)
    expect(tab.frame_locator("iframe").frame_locator("iframe").get_by_role("table")).to_be_attached(timeout=20_000)
    slider = tab.get_by_role("slider", name="Position")
    at = float(slider.input_value()) - float(slider.get_attribute("min") or "nan")
    tab.context.close()
    return at / 1000


def test_the_tracker_is_taken_unchanged_and_its_page_is_replayed(
    sightline: Running, client: Client, chromium: Browser
) -> None:
    rows = Rows(sightline.data)
    key = str(client.made("/sites", {"name": f"Shop {time.monotonic_ns()}", "team": client.team})["public_key"])
    with shop(Ingest(), key=key, point=f"{sightline.url}/ingest") as here:
        page = opened(chromium, here)
        rows.wait("chunk", key, bool)  # the page as it was loaded is there while its visit goes on
        page.evaluate("act()")
        page.evaluate("tracker.forceFlushBatch()")
        rows.wait("event", key, lambda found: any(row["name"] == "added" for row in found))
        rows.wait("error", key, bool)
        page.wait_for_timeout(3000)  # else its moment is its beginning
        page.evaluate("document.getElementById('greeting').append('!')")
        page.wait_for_timeout(200)
        page.evaluate("tracker.forceFlushBatch()")
        jump = page.evaluate("tracker.getSessionURL({ withCurrentTime: true })")
        page.wait_for_timeout(300)
        chunks, said = rows.of("chunk", key), rows.of("event", key)
        url, session = page.evaluate("[tracker.getSessionURL(), tracker.getSessionID()]")
        live = page.evaluate(LIVE)
        page.context.close()
    assert of_html(replayed(chromium, events(chunks))) == of_html(live)
    assert {str(row["visit"]) for row in (*chunks, *said)} == {session}
    assert url.startswith(f"{sightline.url}/")
    assert url.endswith(f"/session/{session}")
    now, before = (first_shown(chromium, sightline, address) for address in (url, jump))
    assert 1 <= now - before <= 3  # a visit that goes on is shown as it is; a moment, from two seconds before it
    assert [row["path"] for row in said if row["type"] == 1] == ["/"]
    assert {row["name"] for row in said if row["name"]} == {"added"}
    assert any(row["person"] for row in said)
    kinds = {event["data"]["plugin"] for event in events(chunks) if event["type"] == 6}
    assert kinds == {"rrweb/console@1", "rrweb/network@1"}
    stored = json.dumps(events(chunks)) + str(said) + str(rows.of("error", key))
    assert [secret for secret in SECRETS if secret in stored] == []


def test_a_batch_that_is_refused_makes_the_tracker_start_anew_in_the_same_visit(
    sightline: Running, client: Client, chromium: Browser
) -> None:
    rows = Rows(sightline.data)
    key = str(client.made("/sites", {"name": f"Shop {time.monotonic_ns()}", "team": client.team})["public_key"])
    refused: list[str] = []

    def once(route: Route) -> None:
        if refused:
            route.continue_()
        else:
            refused.append(route.request.url)
            route.fulfill(status=401, headers={"access-control-allow-origin": "*"})

    with shop(Ingest(), key=key, point=f"{sightline.url}/ingest") as here:
        page = opened(chromium, here)
        rows.wait("chunk", key, bool)
        page.context.route("**/v1/web/i*", once)
        page.evaluate("tracker.forceFlushBatch() ?? act()")

        def two(found: list[dict[str, Any]]) -> bool:
            page.evaluate("tracker.forceFlushBatch()")  # by itself it waits half a minute, from whenever it is back
            return len({row["document"] for row in found}) == 2

        chunks = rows.wait("chunk", key, two)
        page.context.close()
    assert refused
    assert len({row["visit"] for row in chunks}) == 1
    for document in {row["document"] for row in chunks}:
        assert any(event["type"] == 2 for event in events([row for row in chunks if row["document"] == document]))
