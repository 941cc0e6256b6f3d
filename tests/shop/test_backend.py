"""What the checkout's function writes, from an order in Chromium to the recording of its visit; away with its person.

The function runs behind Lambda's runtime API, with our library in it; its lines are packed as CloudWatch Logs packs
them, and posted by the forwarder.
"""

import json
import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Browser, Page, expect

from tests.dashboard.conftest import ADA, PASSWORD, Client, Served, cookies_of
from tests.running import Running
from tests.shop.conftest import SDK, Visitors, until
from tests.shop.test_visits import CUSTOMER, fill_the_cart

WHO = "customer-2087"  # the shop's signed-in customer, by the name that its account page gives


def ordered(visitors: Visitors) -> tuple[Page, str]:
    """Somebody who is signed in buys something; returns their page and visit."""
    page = visitors.open("/account")
    page.wait_for_selector("table")
    until(page, f"{SDK}?.status().recording")
    page.click("a.brand")
    fill_the_cart(page)
    page.click("text=Check out")
    for name, value in CUSTOMER.items():
        page.fill(f"#{name}", value)
    page.click("text=Place order")
    page.wait_for_selector("text=would be on its way")
    return page, str(page.evaluate(f"{SDK}.visitId()"))


def found(client: Client, site: str, q: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = (
        client.get(f"/sites/{site}/reports/logs", params={"q": q, "range": "24h"}).raise_for_status().json()["rows"]
    )
    return rows


def once(ask: Callable[[], Any]) -> Any:
    """The answer, once there is one."""
    deadline = time.monotonic() + 20
    while not (answer := ask()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return answer


def test_an_order_is_a_line_beside_its_recording_and_in_the_search_until_its_person_is_erased(
    demo_visitors: Visitors, client: Client, sightline: Running, chromium: Browser
) -> None:
    (site,) = [one["id"] for one in client.get("/sites").json()["items"] if one["public_key"] == demo_visitors.key]
    page, visit = ordered(demo_visitors)
    rows = demo_visitors.rows.wait(
        "log", demo_visitors.key,
        lambda lines: any(row["visit"] == int(visit) and row["message"] == "order placed" for row in lines),
    )  # fmt: skip
    (line,) = [row for row in rows if row["visit"] == int(visit) and row["message"] == "order placed"]
    # By one clock, this machine's: from the moment at which CloudWatch would have had it to the commit.
    assert 0 <= line["received_ms"] - line["created_ms"] < 2000
    assert (line["service"], line["function"], line["source"]) == ("shop-checkout", "shop-checkout", "function")
    assert json.loads(line["fields"])["plants"] == 1
    assert line["person"]
    assert not any(value in str(rows) for value in CUSTOMER.values() if len(value) > 5)

    (seen,) = once(lambda: found(client, site, f'visit:{visit} "order placed"'))
    assert (seen["visit"], seen["request"]) == (visit, line["request"])
    once(lambda: client.get(f"/sites/{site}/recordings/{visit}/logs").json().get("rows"))
    dashboard = chromium.new_context(base_url=str(sightline.url), viewport={"width": 1440, "height": 900})
    try:
        served = Served(str(sightline.url), str(sightline.setup_link))
        dashboard.add_cookies(cookies_of(served, ADA["email"], PASSWORD))  # type: ignore[arg-type]
        watched = dashboard.new_page()
        watched.goto(f"/{site}/session/{visit}?pane=logs")
        pane = watched.get_by_role("tabpanel", name="Logs")
        expect(pane.get_by_text("order placed")).to_be_visible()
        expect(pane.get_by_text("shop-checkout").first).to_be_visible()
    finally:
        dashboard.close()
    page.close()

    asked = client.post(f"/sites/{site}/erasures", json={"named": [WHO]})
    assert asked.status_code == 202, asked.text
    once(lambda: not found(client, site, f"visit:{visit}"))
    assert client.get(f"/sites/{site}/recordings/{visit}/logs").json().get("rows", []) == []
    demo_visitors.rows.wait(
        "log", demo_visitors.key, lambda lines: all(row["visit"] != int(visit) for row in lines)
    )  # fmt: skip
