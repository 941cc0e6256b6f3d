"""Every page, light and dark, on a phone and on a desk: nothing hidden, nothing forbidden by the policy, accessible."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.dashboard.conftest import Client, Open, Served, Watched
from tests.dashboard.looks import LOOKS, SIZES, faults, is_wider_than_its_window, seen, sticking_out

PAGES = {
    "/": "Home",
    "/vault": "Vault",
    "/settings/profile": "Profile",
    "/start": "Watch a site",
    "/settings/sites": "Sites",
    "/settings/people": "People",
    "/settings/api-keys": "API keys",
    "/settings/audit": "Audit",
    "/settings/cloud": "Cost and infrastructure",
    "/nowhere": "There is no such page",
}


@pytest.fixture
def full(client: Client) -> None:
    """Something in every list."""
    if not any(site["name"] == "A shop with a long name" for site in client.get("/sites").json()["items"]):
        client.made(
            "/sites",
            {
                "name": "A shop with a long name",
                "domains": ["shop.example.com", "*.shop.example.com"],
                "team": client.team,
            },
        )
        client.made("/api-keys", {"name": "Export", "permissions": ["site:read", "team:read", "audit:read"]})
        client.made(f"/teams/{client.team}/invitations", {"role": "viewer"})


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize("size", SIZES)
def test_a_snippet_and_a_new_key_stay_inside_of_their_frames(ada: Open, size: str) -> None:
    page = ada("/", viewport=SIZES[size])
    page.get_by_role("heading", name="A shop with a long name").wait_for()
    if page.get_by_role("button", name="Show snippet").count():
        page.get_by_role("button", name="Show snippet").first.click()
    expect(page.get_by_role("group", name="Snippet of").first).to_be_visible()
    assert sticking_out(page) == []
    page.goto("/settings/api-keys")
    page.get_by_role("button", name="Create key").first.click()
    page.get_by_label("Name", exact=True).fill("Long")
    page.get_by_role("dialog").get_by_role("button", name="Create key").click()
    expect(page.get_by_role("group", name="Your new key")).to_be_visible()
    assert sticking_out(page) == []


@pytest.mark.usefixtures("full")
def test_every_page_fits_its_screen_and_is_accessible(ada: Open, axe: str) -> None:
    page = ada("/", viewport=SIZES["phone"], reduced_motion="reduce")
    for path, heading in PAGES.items():
        page.set_viewport_size(SIZES["phone"])  # type: ignore[arg-type]
        page.goto(path)
        expect(page.get_by_role("heading", name=heading, exact=True).first).to_be_visible()
        page.wait_for_load_state("networkidle")
        seen(page, axe, LOOKS, path)


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize(("size", "scheme"), [("phone", "dark"), ("desk", "light")])
def test_every_dialog_fits_its_screen_and_is_accessible(ada: Open, axe: str, size: str, scheme: str) -> None:
    page = ada("/", viewport=SIZES[size], color_scheme=scheme, reduced_motion="reduce")
    for path, button in [
        ("/settings/sites", "Edit A shop with a long name"),
        ("/settings/sites", "Remove A shop with a long name"),
        ("/settings/people", "Invite"),
        ("/settings/people", "Rename"),
        ("/settings/api-keys", "Create key"),
        ("/settings/api-keys", "Revoke Export"),
    ]:
        page.goto(path)
        page.get_by_role("button", name=button).first.click()
        expect(page.get_by_role("dialog")).to_be_visible()
        assert not is_wider_than_its_window(page), button
        assert faults(page, axe) == [], button
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(page.get_by_role("button", name=button).first).to_be_focused()


def test_signing_in_fits_its_screen_and_is_accessible(tabs: Callable[..., Watched], served: Served, axe: str) -> None:
    page = tabs(base_url=served.url, viewport=SIZES["phone"]).page
    for path in ("/sign-in", "/setup", "/invitation"):
        page.set_viewport_size(SIZES["phone"])  # type: ignore[arg-type]
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        seen(page, axe, LOOKS, path)


@pytest.mark.parametrize(("width", "height"), [(360, 640), (900, 600), (2560, 1440), (3840, 2160)])
def test_no_width_from_a_phone_to_4k_scrolls_sideways(ada: Open, width: int, height: int) -> None:
    page = ada("/settings/people", viewport={"width": width, "height": height})
    expect(page.get_by_role("heading", name="People", exact=True)).to_be_visible()
    assert not is_wider_than_its_window(page)


def test_the_menu_of_a_phone_opens_closes_and_leads(ada: Open) -> None:
    page = ada("/", viewport=SIZES["phone"])
    menu = page.get_by_role("button", name="Open menu")
    menu.click()
    page.keyboard.press("Escape")
    expect(menu).to_be_focused()
    menu.click()
    page.get_by_role("dialog").get_by_role("link", name="Settings").click()
    expect(page.get_by_role("heading", name="Profile")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_chosen_theme_holds_against_the_system_and_is_there_before_the_first_paint(ada: Open) -> None:
    page = ada("/", color_scheme="light")
    background = "getComputedStyle(document.documentElement).backgroundColor"
    light = page.evaluate(background)
    page.get_by_role("radio", name="Dark").check(force=True)
    dark = page.evaluate(background)
    assert dark != light
    page.goto("/", wait_until="commit")
    page.locator("#app").wait_for(state="attached")
    assert page.evaluate(background) == dark
    page.get_by_role("radio", name="As the system").check(force=True)
    assert page.evaluate(background) == light


def test_the_keyboard_shows_where_it_is(ada: Open) -> None:
    page = ada("/settings/sites")
    page.get_by_role("heading", name="Sites").wait_for()
    unseen = []
    for _ in range(14):
        page.keyboard.press("Tab")
        style = page.evaluate(
            """() => {
              const focused = document.activeElement, holder = focused.closest('label') ?? focused;
              return [focused.outerHTML.slice(0, 80), getComputedStyle(holder).outlineStyle];
            }"""
        )
        if style[1] == "none":
            unseen.append(style[0])
    assert unseen == []


def test_numbers_and_dates_follow_the_locale(ada: Open) -> None:
    british = ada("/settings/people", locale="en-GB").get_by_role("cell").filter(has_text="20").first
    german = ada("/settings/people", locale="de-DE").get_by_role("cell").filter(has_text="20").first
    british.wait_for()
    german.wait_for()
    assert british.inner_text() != german.inner_text()


def test_who_asks_for_less_motion_gets_none(ada: Open) -> None:
    page = ada("/", reduced_motion="reduce")
    page.get_by_role("heading", name="Home").wait_for()
    moving = page.evaluate("document.getAnimations().filter(each => each.effect.getTiming().duration > 1).length")
    assert moving == 0
