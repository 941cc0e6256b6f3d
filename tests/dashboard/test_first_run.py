"""From a setup link to the snippet of the first site, as somebody does it who has never seen Sightline."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.dashboard.conftest import PASSWORD, Served, Watched


def fill_in(page: Page, *, password: str = PASSWORD, again: str | None = None) -> None:
    page.get_by_label("Your name").fill("Ada Lovelace")
    page.get_by_label("E-mail").fill("ada@example.com")
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_label("Password again").fill(password if again is None else again)
    page.get_by_role("button", name="Create account").click()


def test_the_first_admin_goes_from_the_setup_link_to_the_first_snippet(
    tabs: Callable[..., Watched], fresh: Served
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
    page.get_by_label("Name", exact=True).fill("Shop")
    page.get_by_label("Domains").fill("https://shop.example.com/cart\n*.shop.example.com")
    page.get_by_role("dialog").get_by_role("button", name="Add site").click()
    expect(page.get_by_text("Waiting for first event")).to_be_visible()
    expect(page.get_by_text("shop.example.com, *.shop.example.com")).to_be_visible()
    snippet = page.get_by_role("group", name="Snippet of Shop").inner_text()
    assert snippet.startswith(f'<script defer src="{fresh.url}/')
    assert 'data-site="' in snippet

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
