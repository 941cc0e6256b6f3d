"""What one sees when something is missing, broken or away, and how it comes back."""

from collections.abc import Callable

from playwright.sync_api import Route, expect

from tests.dashboard.conftest import ADA, PASSWORD, Client, Served, Watched, cookies_of


def signed_in(tabs: Callable[..., Watched], served: Served, *expected: str) -> Watched:
    tab = tabs(base_url=served.url)
    tab.expected = (*tab.expected, *expected)
    tab.page.context.add_cookies(cookies_of(served, ADA["email"], PASSWORD))  # type: ignore[arg-type]
    return tab


def test_an_unknown_address_says_so_and_leads_home(tabs: Callable[..., Watched], served: Served) -> None:
    page = signed_in(tabs, served).page
    page.goto("/no/such/page")
    expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
    page.get_by_role("link", name="Go to Home").click()
    expect(page.get_by_role("heading", name="Home")).to_be_visible()


def test_a_server_that_is_away_is_named_and_asked_again(tabs: Callable[..., Watched], served: Served) -> None:
    page = signed_in(tabs, served, "net::ERR").page
    page.route("**/api/v1/**", lambda route: route.abort())
    page.goto("/")
    expect(page.get_by_role("alert")).to_contain_text("Sightline does not answer.")
    expect(page.get_by_role("alert")).to_contain_text("sightline doctor")
    page.unroute("**/api/v1/**")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", name="Home")).to_be_visible()


def test_one_list_that_fails_leaves_the_rest_of_the_page(tabs: Callable[..., Watched], served: Served) -> None:
    page = signed_in(tabs, served, "status of 500").page
    broken = '{"error":{"code":"service","message":"Sightline could not do this."},"request_id":"feedfacefeedface"}'
    page.route("**/api/v1/sites?*", lambda route: route.fulfill(status=500, body=broken))
    page.goto("/")
    expect(page.get_by_role("alert")).to_contain_text("Sightline could not do this.")
    expect(page.get_by_text("Everything answers")).to_be_visible()
    page.unroute("**/api/v1/sites?*")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_what_is_not_there_or_fails_keeps_a_heading_a_way_on_and_the_request_to_ask_the_log_for(
    tabs: Callable[..., Watched], served: Served, client: Client
) -> None:
    site = client.made("/sites", {"name": "Nothing yet", "team": client.team})["id"]
    page = signed_in(tabs, served, "status of 500", "status of 404").page
    page.goto(f"/{site}/issue/999")
    expect(page.get_by_role("heading", level=1)).to_have_text("There is no such issue on this site")
    expect(page.get_by_role("alert")).to_have_count(0)
    page.get_by_role("button", name="All issues").click()
    expect(page.get_by_role("heading", name="Errors", exact=True)).to_be_visible()
    page.goto(f"/{site}/logs")
    expect(page.get_by_text("Lines of your backend show here")).to_be_visible()
    expect(page.get_by_role("region", name="Values")).to_have_count(0)
    broken = {"error": {"code": "service", "message": "Sightline could not do this."}, "request_id": "feedfacefeedface"}
    page.route("**/api/v1/sites/*/recordings*", lambda route: route.fulfill(status=500, json=broken))
    page.goto(f"/{site}/session/1")
    expect(page.get_by_role("heading", level=1)).to_have_text("Visit")
    expect(page.get_by_role("alert")).to_contain_text("Request feedfacefeedface.")


def test_a_part_that_is_down_is_named_with_what_to_do(tabs: Callable[..., Watched], served: Served) -> None:
    page = signed_in(tabs, served, "status of 503").page
    parts = [
        {"name": "database", "state": "up"},
        {"name": "jobs", "state": "down", "detail": "seal fails", "hint": "Look."},
    ]
    document = {"status": "not ready", "down": ["jobs"], "version": "9.9", "parts": parts}
    page.route("**/readyz", lambda route: route.fulfill(status=503, json=document))
    page.goto("/")
    expect(page.get_by_text("1 part down")).to_be_visible()
    expect(page.get_by_text("Background jobs: Down")).to_be_visible()
    expect(page.get_by_text("seal fails")).to_be_visible()


def test_going_offline_is_said_on_every_page(tabs: Callable[..., Watched], served: Served) -> None:
    tab = signed_in(tabs, served, "net::ERR")
    tab.page.goto("/settings/people")
    tab.page.get_by_role("heading", name="People").wait_for()
    tab.page.context.set_offline(True)
    expect(tab.page.get_by_text("You are offline.")).to_be_visible()
    tab.page.context.set_offline(False)
    expect(tab.page.get_by_text("You are offline.")).to_have_count(0)


def test_a_page_whose_file_is_gone_after_an_upgrade_is_loaded_anew(
    tabs: Callable[..., Watched], served: Served
) -> None:
    page = signed_in(tabs, served, "status of 404", "Failed to fetch dynamically imported module").page
    page.goto("/")
    page.get_by_role("heading", name="Home").wait_for()
    asked = 0

    def gone_once(route: Route) -> None:
        nonlocal asked
        asked += 1
        route.fulfill(status=404) if asked == 1 else route.continue_()

    page.route("**/assets/Profile-*.js", gone_once)
    page.get_by_role("link", name="Settings").click()
    expect(page.get_by_role("heading", name="Profile")).to_be_visible()
    assert asked == 2


def test_a_page_whose_file_stays_gone_says_so_instead_of_reloading_for_ever(
    tabs: Callable[..., Watched], served: Served
) -> None:
    page = signed_in(tabs, served, "status of 404", "Failed to fetch dynamically imported module").page
    page.goto("/")
    page.get_by_role("heading", name="Home").wait_for()
    page.route("**/assets/Profile-*.js", lambda route: route.fulfill(status=404))
    page.get_by_role("link", name="Settings").click()
    expect(page.get_by_role("heading", name="This page failed to load.")).to_be_visible()
