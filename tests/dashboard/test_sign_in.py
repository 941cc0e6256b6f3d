"""Signing in and out, and where one lands."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.conftest import ADA, PASSWORD, Client, Served, Watched, cookies_of


def sign_in(page: Page, *, login: str = ADA["email"], password: str = PASSWORD) -> None:
    page.get_by_label("E-mail or user name").fill(login)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_a_wrong_password_is_answered_without_saying_which_was_wrong(
    tabs: Callable[..., Watched], served: Served
) -> None:
    page = tabs(base_url=served.url).page
    page.goto("/")
    expect(page).to_have_url(f"{served.url}/sign-in")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("Fill this in.")).to_have_count(2)
    expect(page.get_by_label("E-mail or user name")).to_be_focused()
    sign_in(page, password="a wrong password")
    expect(page.get_by_role("alert")).to_contain_text("The name or the password is wrong.")
    sign_in(page)
    expect(page.get_by_role("heading", name="Home")).to_be_visible()


def test_one_lands_on_the_page_that_was_asked_for(tabs: Callable[..., Watched], served: Served) -> None:
    page = tabs(base_url=served.url).page
    page.goto("/settings/people")
    sign_in(page)
    expect(page.get_by_role("heading", name="People")).to_be_visible()
    expect(page).to_have_url(f"{served.url}/settings/people")


@pytest.mark.parametrize("wanted", ["//evil.example", "/\\evil.example", "https://evil.example"])
def test_signing_in_never_leads_off_this_server(tabs: Callable[..., Watched], served: Served, wanted: str) -> None:
    page = tabs(base_url=served.url).page
    page.goto(f"/sign-in?next={wanted}")
    sign_in(page)
    expect(page.get_by_role("heading", name="Home")).to_be_visible()
    expect(page).to_have_url(f"{served.url}/")


def test_signing_out_ends_the_session_on_the_server(tabs: Callable[..., Watched], served: Served) -> None:
    page = tabs(base_url=served.url).page
    page.goto("/sign-in")
    sign_in(page)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.goto("/settings/audit")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_session_that_was_ended_elsewhere_leads_back_to_signing_in(
    tabs: Callable[..., Watched], served: Served, client: Client
) -> None:
    before = {each["id"] for each in client.get("/me/sign-ins?limit=200").json()["items"]}
    tab = tabs(base_url=served.url)
    tab.page.context.add_cookies(cookies_of(served, ADA["email"], PASSWORD))  # type: ignore[arg-type]
    tab.page.goto("/settings/profile", wait_until="networkidle")  # or whatever it still asks for would notice first
    [new] = [each["id"] for each in client.get("/me/sign-ins?limit=200").json()["items"] if each["id"] not in before]
    client.delete(f"/me/sign-ins/{new}").raise_for_status()
    tab.page.get_by_role("link", name="API keys").click()
    expect(tab.page.get_by_text("Your sign-in has ended. Sign in again.")).to_be_visible()
    expect(tab.page).to_have_url(f"{served.url}/sign-in?next=%2Fsettings%2Fapi-keys")


def test_signing_in_works_by_keyboard_alone(tabs: Callable[..., Watched], served: Served) -> None:
    page = tabs(base_url=served.url).page
    page.goto("/sign-in")
    page.get_by_label("E-mail or user name").focus()
    page.keyboard.type(ADA["email"])
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Home")).to_be_focused()
    page.reload()
    page.get_by_role("heading", name="Home").wait_for()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
