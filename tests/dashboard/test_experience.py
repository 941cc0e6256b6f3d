"""Web Vitals and errors: what they show, what is decided, and one click to the replay at that second."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import expect

from tests.dashboard.conftest import Client, Open, Served
from tests.dashboard.looks import LOOKS, SIZES, seen
from tests.dashboard.test_replay import shown
from tests.dashboard.visits import DESK, PHONE, Visitor, clicks, failure, shop_visit, vital
from tests.dashboard.visits import page as picture


@dataclass
class Watched:
    """A site with visits that were measured and recorded."""

    site: str
    recording: str
    visit: str
    failed_ms: int


@pytest.fixture(scope="module")
def shop(served: Served) -> Iterator[Watched]:
    client = Client(served)
    made = client.made("/sites", {"name": "Measured shop", "domains": ["shop.example"], "team": client.team})
    site = str(made["id"])
    client.put(f"/sites/{site}/tracking", json={"replay_percent": 100}).raise_for_status()
    visitor = Visitor(served, client, site, agent=DESK)
    now = int(time.time() * 1000)
    visit = visitor.sent({"k": "page", "title": "Cart", "url": "https://shop.example/cart"}, release="2.4.0")
    visitor.recorded([*picture(now - 20_000, "/cart"), *clicks(now - 15_000, 2), *clicks(now, 1)])
    visitor.sent(
        vital("LCP", 5200, "/cart", ttfb=300, delay=900, load=3000, render=1000),
        vital("INP", 150, "/cart", "button#buy"), vital("CLS", 0.02, "/cart"),
        failure("TypeError", "cart is undefined", "/cart"), failure("TypeError", "cart is undefined", "/cart"),
        {"k": "event", "name": "buy", "url": "https://shop.example/cart"},
        release="2.4.0",
    )  # fmt: skip
    phone = Visitor(served, client, site, agent=PHONE)
    phone.sent(
        vital("LCP", 1800, "/"), vital("FCP", 900, "/"), vital("TTFB", 300, "/"),
        failure("RangeError", "too many items", "/", "fill"), release="2.3.0",
    )  # fmt: skip
    recording = str(client.made_of(f"/sites/{site}/recordings", shop_visit())["id"])
    while client.get(f"/sites/{site}/reports/vitals").status_code == 503:  # the warehouse opens when somebody asks
        time.sleep(0.1)
    yield Watched(site, recording, visit, now)
    for one in (client, visitor.http, phone.http):
        one.close()


def test_vitals_are_told_apart_by_device_and_lead_from_a_page_to_what_is_to_blame(ada: Open, shop: Watched) -> None:
    page = ada(f"/{shop.site}/vitals?range=all")
    page.get_by_role("tab", name="Desktop").click()
    card = page.get_by_role("button", name=re.compile("^LCP"))
    expect(card).to_contain_text("5.2 s")
    expect(card).to_contain_text("Poor")
    expect(card).to_contain_text("Fewer than 100 samples")
    expect(page.get_by_role("button", name=re.compile("^INP"))).to_contain_text("Good")
    page.get_by_role("button", name="Show what /cart is spent on").click()
    drawer = page.get_by_role("dialog")
    expect(drawer.get_by_role("row").filter(has_text="img.hero")).to_contain_text("3 s")
    drawer.get_by_role("link", name="Watch visits that show it").click()
    expect(page).to_have_url(re.compile(r"/visits\?.*where=vital%3ALCP\+poor"))
    page.go_back()
    page.get_by_role("tab", name="Mobile").click()
    expect(page.get_by_role("button", name=re.compile("^LCP"))).to_contain_text("1.8 s")
    page.get_by_label("Percentile").select_option("p95")
    expect(page).to_have_url(re.compile("percentile=p95"))


def test_from_an_issue_it_is_one_click_to_the_replay_at_that_second(ada: Open, shop: Watched) -> None:
    page = ada(f"/{shop.site}/errors", reduced_motion="reduce")
    row = page.get_by_role("row").filter(has_text="cart is undefined")
    expect(row).to_contain_text("2.4.0")
    expect(row.get_by_role("img", name=re.compile("14 days"))).to_be_visible()
    row.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("cart is undefined")
    expect(page.get_by_text("there are no source maps of release")).to_be_visible()
    expect(page.get_by_text("button#buy")).to_be_visible()
    lines = page.get_by_role("link", name="Lines of the backend")
    expect(lines).to_have_attribute("href", re.compile(rf"^/{shop.site}/logs\?q=visit:\d+&zoom=\d+-\d+$"))
    page.get_by_role("link", name="Watch it happen").click()
    shown(page)
    expect(page.get_by_text("In progress")).to_be_visible()
    expect(page.get_by_role("tab", name="Errors")).to_have_attribute("aria-selected", "true")
    at = float(page.get_by_role("slider", name="Position").input_value())
    assert shop.failed_ms - 3000 < at < shop.failed_ms + 3000
    expect(page.get_by_role("listitem").filter(has_text="cart is undefined").first).to_be_visible()


def test_issues_are_decided_about_merged_and_split(ada: Open, shop: Watched) -> None:
    page = ada(f"/{shop.site}/errors")
    page.get_by_label("Choose all").check()
    page.get_by_role("button", name="Merge").click()
    page.get_by_role("dialog").get_by_role("button", name="Merge").click()
    expect(page.get_by_role("table").get_by_role("row")).to_have_count(2)
    page.get_by_role("row").filter(has_text="undefined").get_by_role("link").click()
    expect(page.get_by_role("heading", name="Group 2")).to_be_visible()
    page.get_by_role("button", name="Split off").last.click()
    expect(page.get_by_text("It is an issue of its own now.")).to_be_visible()
    expect(page.get_by_role("heading", name="Group 2")).to_have_count(0)
    page.get_by_role("button", name="Resolve", exact=True).click()
    expect(page.get_by_text("Resolved.")).to_be_visible()
    page.get_by_role("button", name="Open again").click()
    page.get_by_role("link", name="All issues").click()
    expect(page.get_by_role("table").get_by_role("row")).to_have_count(3)


def test_noise_has_rules_that_can_be_switched_and_added(ada: Open, shop: Watched) -> None:
    page = ada(f"/{shop.site}/errors")
    page.get_by_role("button", name="Known noise").click()
    drawer = page.get_by_role("dialog")
    expect(drawer.get_by_text("extension", exact=True)).to_be_visible()
    drawer.get_by_label("Message or file").fill("nothing like this*")
    drawer.get_by_role("button", name="Add a rule").click()
    expect(drawer.get_by_text("nothing like this*")).to_be_visible()


def test_a_visit_that_goes_on_is_followed(ada: Open, shop: Watched) -> None:
    page = ada(f"/{shop.site}/session/{shop.visit}", reduced_motion="reduce")
    shown(page)
    expect(page.get_by_role("button", name="Following")).to_be_visible()
    page.get_by_role("button", name="Following").click()
    expect(page.get_by_role("button", name="Follow live")).to_be_visible()


def test_pages_fit_their_screen_and_are_accessible(ada: Open, shop: Watched, axe: str) -> None:
    site = shop.site
    page = ada("/", viewport=SIZES["phone"], reduced_motion="reduce")
    client_issue = None
    for path, ready in (
        ("visits?range=all&where=rage-click&where=page:/checkout&how=then", "table tbody tr"),
        (f"session/{shop.recording}?t=5", ".mark"),
        (f"session/{shop.recording}?t=5&pane=network", ".panes li"),
        (f"session/{shop.recording}?t=5&pane=notes", ".notes form"),
        ("vitals?range=all", ".cards button"),
        ("errors", "table tbody tr"),
    ):
        page.set_viewport_size(SIZES["phone"])  # type: ignore[arg-type]
        page.goto(f"/{site}/{path}")
        page.locator(ready).first.wait_for()
        seen(page, axe, LOOKS, path)
        if path == "errors":
            client_issue = page.get_by_role("table").get_by_role("link").first.get_attribute("href")
    assert client_issue
    page.set_viewport_size(SIZES["phone"])  # type: ignore[arg-type]
    page.goto(client_issue)
    page.locator(".frames, .message").first.wait_for()
    seen(page, axe, LOOKS, client_issue)
