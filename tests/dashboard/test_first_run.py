"""From a setup link to the first event of the first site, as somebody does it who has never seen Sightline."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any

import httpx
from playwright.sync_api import Page, expect

from tests.dashboard.conftest import ADA, PASSWORD, Client, Open, Served, Watched, cookies_of
from tests.dashboard.looks import faults
from tests.listening import Listening


def fill_in(page: Page, *, password: str = PASSWORD, again: str | None = None) -> None:
    page.get_by_label("Your name").fill("Ada Lovelace")
    page.get_by_label("E-mail").fill("ada@example.com")
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_label("Password again").fill(password if again is None else again)
    page.get_by_role("button", name="Create account").click()


def sites_of(page: Page) -> list[dict[str, Any]]:
    """The sites as the page's own sign-in sees them."""
    found: list[dict[str, Any]] = page.evaluate("fetch('/api/v1/sites').then(answer => answer.json())")["items"]
    return found


def watch_the_first_site(page: Page, fresh: Served, axe: str) -> None:
    """Through the four steps, until visits are recorded."""
    expect(page.get_by_role("heading", name="Which site?")).to_be_visible()
    assert faults(page, axe) == []
    page.get_by_label("Name", exact=True).fill("Shop")
    page.get_by_label("Domain").fill("https://shop.example.com/cart")
    page.get_by_role("button", name="Add site").click()
    snippet = page.get_by_role("group", name="Code for HTML").inner_text()
    assert snippet.startswith(f'<script async src="{fresh.url}/')
    key = re.search('data-site="([^"]+)"', snippet)
    assert key is not None
    assert faults(page, axe) == []
    (site,) = sites_of(page)
    assert (site["public_key"], site["domains"]) == (key[1], ["shop.example.com"])
    assert (site["privacy_answered_at"], site["privacy"]["consent_mode"]) == (None, "analytics")

    page.get_by_role("button", name="It is published").click()
    expect(page.get_by_text("Waiting for first event…").last).to_be_visible()
    hit = {"website": site["uuid"], "hostname": "shop.example.com", "url": "/first", "title": "First"}
    agent = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0"}
    answer = httpx.post(f"{fresh.url}/api/send", json={"type": "event", "payload": hit}, headers=agent)
    assert answer.status_code == 200, answer.text
    expect(page.get_by_text("The first hit has arrived:")).to_be_visible(timeout=30_000)
    expect(page.get_by_text("/first", exact=True)).to_be_visible()
    assert faults(page, axe) == []

    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="What may be collected?")).to_be_visible()
    assert faults(page, axe) == []
    page.get_by_label("Keep recordings for").fill("14")
    page.get_by_role("button", name="Record visits").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    (site,) = sites_of(page)
    assert site["privacy_answered_at"] is not None
    assert (site["privacy"]["consent_mode"], site["retention"]["recordings"]) == ("replay", 14)


def hide_the_first_steps(page: Page) -> None:
    page.goto("/")
    steps = page.get_by_role("region", name="First steps")
    expect(steps.get_by_role("link", name="Invite somebody")).to_be_visible()
    expect(steps.get_by_role("link", name="Add a site")).to_have_count(0)
    steps.get_by_role("button", name="Hide the first steps").click()
    expect(steps).to_have_count(0)
    page.reload()
    expect(page.get_by_role("heading", name="Shop")).to_be_visible()
    expect(steps).to_have_count(0)


def test_the_first_admin_goes_from_the_setup_link_to_the_first_event_and_says_what_may_be_collected(
    tabs: Callable[..., Watched], fresh: Served, axe: str
) -> None:
    tab = tabs(base_url=fresh.url)
    tab.expected = ("status of 401", "status of 403", "status of 422")
    page = tab.page

    page.goto("/settings/sites")
    expect(page.get_by_role("heading", name="Open the setup link")).to_be_visible()
    expect(page).to_have_url(f"{fresh.url}/setup")

    page.goto("/setup#token=mistyped")
    page.reload()
    fill_in(page)
    expect(page.get_by_role("alert")).to_contain_text("Start Sightline again: it prints a new one.")

    page.goto("about:blank")
    page.goto(fresh.setup_link)
    expect(page).to_have_url(f"{fresh.url}/setup")
    fill_in(page, again="something else")
    expect(page.get_by_text("The two passwords are not the same.")).to_be_visible()
    expect(page.get_by_label("Password again")).to_be_focused()
    fill_in(page, password="owls")
    expect(page.get_by_text("Take at least 10 characters.")).to_be_visible()
    expect(page.get_by_label("Password", exact=True)).to_have_attribute("aria-invalid", "true")

    page.reload()
    page.get_by_label("Team").fill("Engine")
    fill_in(page)
    expect(page.get_by_role("heading", name="Home")).to_be_visible()
    expect(page.get_by_role("heading", name="Add your first site")).to_be_visible()

    page.get_by_role("button", name="Add site").click()
    watch_the_first_site(page, fresh, axe)
    hide_the_first_steps(page)

    again = tabs(base_url=fresh.url)
    again.page.goto(fresh.setup_link)
    expect(again.page.get_by_role("heading", name="Sightline is set up already")).to_be_visible()


def test_the_strength_of_a_password_is_told_while_it_is_typed(tabs: Callable[..., Watched], served: Served) -> None:
    page = tabs(base_url=served.url).page
    page.goto("/sign-in")
    page.get_by_label("E-mail or user name").fill("ada@example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Settings").click()
    password = page.get_by_label("New password", exact=True)
    for typed, said in [
        ("owls", "Weak. Make it longer."),
        ("lovelace-and-more", "Weak. It contains your name or e-mail address."),
        ("password123!", "Weak. It is among those that are tried first."),
        ("aaaaaaaaaaaaaaaa", "Weak. It repeats itself."),
        ("four wet owls sing low", "Strong."),
    ]:
        password.fill(typed)
        expect(page.get_by_text(said, exact=True)).to_be_visible()
    shown = page.get_by_role("button", name="Show password").nth(1)
    shown.click()
    expect(password).to_have_attribute("type", "text")


@contextmanager
def web_page(told: dict[str, str]) -> Iterator[str]:
    """Serve the page that `told` holds at the moment, with its content security policy."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html; charset=utf-8")
            if policy := told.get("policy"):
                self.send_header("content-security-policy", policy)
            self.end_headers()
            self.wfile.write(f"<!doctype html><head>{told['head']}</head><body>Hello".encode())

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    server = Listening(Handler)
    try:
        yield f"{server.url}/"
    finally:
        server.close()


def test_after_a_minute_the_page_is_looked_at_and_the_fault_is_named(
    tabs: Callable[..., Watched], served: Served, client: Client
) -> None:
    site = client.made("/sites", {"name": "Silent", "team": client.team})
    snippet = client.get(f"/sites/{site['id']}/snippet").json()["html"].replace('src="/', f'src="{served.url}/')
    tab = tabs(base_url=served.url)
    tab.expected = (*tab.expected, "status of 422")
    page = tab.page
    page.context.add_cookies(cookies_of(served, ADA["email"], PASSWORD))  # type: ignore[arg-type]
    page.clock.install()
    page.goto(f"/start?site={site['id']}&step=wait")
    expect(page.get_by_text("Waiting for first event…").last).to_be_visible()
    expect(page.get_by_role("button", name="Check the page")).to_have_count(0)
    page.clock.fast_forward(61_000)
    check = page.get_by_role("button", name="Check the page")
    told = {"head": ""}
    with web_page(told) as url:
        page.get_by_label("Address of a page").fill(url)
        for head, policy, said in (
            ("", "", "The snippet is not in this page."),
            (snippet.replace(str(site["public_key"]), "pk_other"), "", "The page has the snippet of another site."),
            (snippet.replace(served.url, "http://127.0.0.1:1"), "", "The snippet leads to another host or path."),
            (snippet, "default-src 'self'", "does not allow the script."),
            (snippet, "", "The page is right."),
        ):
            told["head"], told["policy"] = head, policy
            check.click()
            expect(page.get_by_text(said)).to_be_visible()
    check.click()
    expect(page.get_by_text("The page cannot be reached.")).to_be_visible()
    page.get_by_label("Address of a page").fill("http://169.254.169.254/latest/meta-data/")
    check.click()
    expect(page.get_by_text("Add the domain to the site first.")).to_be_visible()


def test_demo_data_come_and_go_with_one_click(ada: Open, client: Client) -> None:
    page = ada("/")
    page.get_by_role("button", name="Explore demo data").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible(timeout=60_000)
    (site,) = [one for one in client.get("/sites").json()["items"] if one["is_demo"]]
    visits = 0
    for _ in range(50):  # the warehouse follows commits a moment later
        figures = client.get(f"/sites/{site['id']}/reports/overview?range=30d").json()["rows"]
        visits = next(row["value"] for row in figures if row["metric"] == "visits")
        if visits > 300:
            break
        page.wait_for_timeout(200)
    assert visits > 300
    page.goto("/")
    expect(page.get_by_role("article").filter(has_text="Fern & Clay").get_by_text("Demo", exact=True)).to_be_visible()
    page.get_by_role("button", name="Remove demo data").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove demo data").click()
    expect(page.get_by_text("The demo was removed.")).to_be_visible()
    expect(page.get_by_role("button", name="Explore demo data")).to_have_count(0)
    assert not [one for one in client.get("/sites").json()["items"] if one["is_demo"]]
