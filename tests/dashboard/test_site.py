"""The pages of a site, on a server that the demo has filled: what they show, how they are driven, and by whom."""

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, Request, expect

from tests.dashboard.conftest import ADA, PASSWORD, Open, Served, Watched, cookies_of
from tests.dashboard.looks import OTHER_PAIRS, PAIRS, SIZES, is_wider_than_its_window, seen, settled
from tests.dashboard.sites import PAGES


def says(page: Page, *parts: str) -> None:
    """The address says this; it follows what was done a moment later."""
    for part in parts:
        expect(page).to_have_url(re.compile(re.escape(part)))


def says_nothing_of(page: Page, part: str) -> None:
    expect(page).not_to_have_url(re.compile(re.escape(part)))


# ---- every page ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("looks", [PAIRS, pytest.param(OTHER_PAIRS, marks=pytest.mark.soak)], ids=["pairs", "others"])
def test_every_page_of_a_site_fits_its_screen_and_is_accessible(
    visit: Open, axe: str, looks: Sequence[tuple[str, str]]
) -> None:
    page = visit("overview", viewport=SIZES["phone"], reduced_motion="reduce")
    site = page.url.split("/")[3]
    for one in PAGES:
        page.set_viewport_size(SIZES["phone"])  # type: ignore[arg-type]
        page.goto(f"/{site}/{one.path}")
        expect(page.get_by_role("heading", name=one.heading, exact=True).first).to_be_visible()
        page.locator(one.ready).first.wait_for()
        seen(page, axe, looks, one.path)


# ---- overview -----------------------------------------------------------------------------------------------------


def test_overview_answers_how_many_from_where_to_what_and_on_what(visit: Open) -> None:
    page = visit("overview")
    settled(page)
    tiles = page.get_by_role("region", name="Key figures").locator("button[aria-pressed]")
    assert [name.split("\n")[0] for name in tiles.all_inner_texts()] == [
        "Visitors", "Visits", "Views", "Views per visit", "Bounce rate", "Visit duration",
    ]  # fmt: skip
    expect(page.get_by_role("link", name=re.compile(r"^\d+ visitors? now$"))).to_be_visible()
    for panel in ("Sources", "Pages", "Devices", "What they did"):
        assert page.get_by_role("region", name=panel).locator("li").count() > 0, panel
    expect(page.get_by_role("region", name="Places").locator("path.known").first).to_be_visible()
    expect(page.locator(".plot canvas")).to_be_visible()


def test_a_figure_drives_the_chart_and_stands_in_the_address(visit: Open) -> None:
    page = visit("overview")
    settled(page)
    page.get_by_role("button", name="Bounce rate").click()
    expect(page.get_by_role("heading", name="Bounce rate")).to_be_visible()
    says(page, "metric=bounce_rate")
    page.reload()
    expect(page.get_by_role("heading", name="Bounce rate")).to_be_visible()


def test_a_row_filters_the_whole_page_and_its_chip_takes_the_filter_away(visit: Open) -> None:
    page = visit("overview")
    settled(page)
    tile = page.get_by_role("region", name="Key figures").get_by_role("button", name="Visitors")
    before = tile.inner_text()
    page.get_by_role("region", name="Pages").get_by_role("button", name=re.compile("^Show only Page ")).nth(2).click()
    chip = page.get_by_role("group", name="Filters").get_by_role(
        "button", name=re.compile("^Remove the filter Page is")
    )
    expect(chip).to_be_visible()
    says(page, "filter=path")
    settled(page)
    assert tile.inner_text() != before
    page.go_back()
    expect(chip).to_have_count(0)
    page.go_forward()
    chip.click()
    settled(page)
    assert tile.inner_text() == before
    says_nothing_of(page, "filter")


def test_a_filter_is_written_by_hand_changed_and_saved_as_a_segment(visit: Open) -> None:
    page = visit("overview")
    settled(page)
    page.get_by_role("button", name="Filter", exact=True).click()
    form = page.get_by_role("group", name="Filter", exact=True)
    form.get_by_label("What").select_option(label="Device")
    form.get_by_label("How").select_option(label="is not")
    form.get_by_label("Value").fill("mobile")
    form.get_by_role("button", name="Apply").click()
    filters = page.get_by_role("group", name="Filters")
    expect(filters.get_by_text("Device is not mobile")).to_be_visible()
    filters.get_by_role("button", name="Change the filter").click()
    page.get_by_role("dialog").get_by_label("How").select_option(label="contains")
    page.get_by_role("dialog").get_by_role("button", name="Apply").click()
    expect(filters.get_by_text("Device contains mobile")).to_be_visible()
    filters.get_by_role("button", name="Save as segment").click()
    page.get_by_label("Name").fill("On a phone")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(filters.get_by_text("Segment: On a phone")).to_be_visible()
    says(page, "segment=")
    settled(page)
    page.get_by_role("link", name="Compare").click()
    expect(page.get_by_role("group", name="Filters").get_by_text("Segment: On a phone")).to_be_visible()
    page.get_by_role("button", name="Segments", exact=True).click()
    page.get_by_role("button", name="Delete the segment On a phone").click()
    expect(page.get_by_text("On a phone was deleted.")).to_be_visible()
    says_nothing_of(page, "segment")


def test_a_panel_expands_to_a_table_that_is_searched_sorted_and_saved(visit: Open) -> None:
    page = visit("overview")
    settled(page)
    page.get_by_role("button", name="Show all of Top pages").click()
    drawer = page.get_by_role("dialog", name="Top pages")
    rows = drawer.locator("tbody tr")
    rows.nth(3).wait_for()
    names = rows.locator("td:first-child").all_inner_texts()
    drawer.get_by_role("columnheader", name="Page").get_by_role("button").click()
    ordered = page.evaluate("names => [...names].sort((one, other) => one.localeCompare(other))", names)
    assert rows.locator("td:first-child").all_inner_texts() == ordered
    with page.expect_download() as download:
        drawer.get_by_role("button", name="Download as CSV").click()
    lines = Path(download.value.path()).read_text("utf-8").splitlines()
    assert lines[0] == "Page,Visitors,Visits,Views,Bounce rate,Visit duration"
    assert len(lines) == len(names) + 1
    drawer.get_by_role("searchbox").fill("cart")
    expect(rows).to_have_count(1)
    page.keyboard.press("Escape")  # which first empties the field, as browsers do
    page.keyboard.press("Escape")
    expect(drawer).to_have_count(0)


def test_a_country_of_the_map_filters_the_page(visit: Open) -> None:
    page = visit("overview")
    settled(page)
    country = page.get_by_role("region", name="Places").locator("path.known").first
    country.click(force=True)
    expect(page.get_by_role("button", name=re.compile("^Remove the filter Country is"))).to_be_visible()


def test_the_chart_says_the_same_as_a_table(visit: Open) -> None:
    page = visit("overview?range=7d")
    settled(page)
    page.get_by_role("button", name="Show as table").click()
    table = page.get_by_role("table", name="Visitors over time")
    assert table.locator("tbody tr").count() == 7
    page.get_by_role("button", name="Show as chart").click()
    expect(page.locator(".plot canvas")).to_be_visible()


def test_the_chart_is_read_with_the_arrow_keys_and_does_not_move_the_range(visit: Open) -> None:
    page = visit("overview?range=7d")
    settled(page)
    page.locator(".plot canvas").wait_for()
    page.locator(".plot").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".plot [aria-live]")).to_contain_text("Visitors")
    says(page, "range=7d")


# ---- time ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "wanted"),
    [("d", "range=today"), ("e", "range=yesterday"), ("w", "range=7d"), ("t", "range=30d"), ("m", "range=this_month"),
     ("y", "range=this_year"), ("a", "range=all")],
)  # fmt: skip
def test_one_key_chooses_a_range(visit: Open, key: str, wanted: str) -> None:
    page = visit("overview")
    settled(page)
    page.keyboard.press(key)
    says(page, wanted)
    page.keyboard.press("f")
    says_nothing_of(page, "range")  # 28 days are what is shown without saying so


def test_arrows_move_the_range_and_never_into_the_future(visit: Open) -> None:
    page = visit("overview?range=today")
    page.get_by_role("heading", name="Overview").wait_for()
    expect(page.get_by_role("button", name="Later")).to_be_disabled()
    page.keyboard.press("ArrowLeft")
    says(page, "range=yesterday")
    page.keyboard.press("ArrowLeft")
    says(page, "start=")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    says(page, "range=today")


def test_a_custom_range_is_chosen_and_refused_when_it_ends_before_it_begins(visit: Open) -> None:
    page = visit("overview")
    page.get_by_role("heading", name="Overview").wait_for()
    page.keyboard.press("c")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("From").fill("2026-02-03")
    dialog.get_by_label("To, included").fill("2026-02-01")
    dialog.get_by_role("button", name="Show").click()
    expect(dialog.get_by_text("The first day comes after the last.")).to_be_visible()
    dialog.get_by_label("To, included").fill("2026-02-05")
    dialog.get_by_role("button", name="Show").click()
    says(page, "start=2026-02-03&end=2026-02-05")
    expect(page.get_by_role("heading", name="Nothing was measured in this range")).to_be_visible()
    page.get_by_role("button", name="Show all time").click()
    expect(page.locator(".plot canvas")).to_be_visible()


def test_escape_clears_slash_searches_r_is_realtime_and_question_mark_lists_all_keys(visit: Open) -> None:
    page = visit("overview?filter=device:eq:desktop")
    page.get_by_role("heading", name="Overview").wait_for()
    page.keyboard.press("Escape")
    says_nothing_of(page, "filter")
    page.keyboard.press("/")
    expect(page.get_by_role("group", name="Filter", exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(keys.get_by_text("Last 7 days")).to_be_visible()
    expect(keys.get_by_text("Compare or stop comparing")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    expect(page.get_by_role("heading", name="Realtime")).to_be_visible()


def test_keys_are_text_in_a_field(visit: Open) -> None:
    page = visit("overview")
    settled(page)
    page.get_by_role("button", name="Show all of Top pages").click()
    page.get_by_role("searchbox").press_sequentially("days")
    says_nothing_of(page, "?")


def test_digits_switch_the_site_and_keep_the_range(
    visit: Open, shop: tuple[Served, str], cookies: list[dict[str, object]]
) -> None:
    page = visit("overview?range=7d")
    page.get_by_role("heading", name="Overview").wait_for()
    sites = page.request.get(f"{shop[0].url}/api/v1/sites").json()["items"]
    place = [site["id"] for site in sites].index(shop[1]) + 1
    page.goto("/")
    page.get_by_role("button", name=re.compile("^Switch site")).wait_for()
    page.keyboard.press(str(place))
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    assert page.url.split("/")[3] == shop[1]


# ---- comparing, realtime, notes -----------------------------------------------------------------------------------


def test_x_compares_and_stops_comparing(visit: Open) -> None:
    page = visit("overview?range=7d")
    settled(page)
    table = page.get_by_role("table", name="Visitors over time")
    page.get_by_role("button", name="Show as table").click()
    expect(table.get_by_role("columnheader")).to_have_count(3)
    page.keyboard.press("x")
    expect(table.get_by_role("columnheader")).to_have_count(2)
    page.keyboard.press("x")
    expect(table.get_by_role("columnheader")).to_have_count(3)


def test_compare_shows_two_periods_and_what_changed(visit: Open) -> None:
    page = visit("compare?range=7d")
    settled(page)
    figures = page.get_by_role("region", name="Key figures").locator("tbody tr")
    assert figures.count() == 8
    page.get_by_label("By", exact=True).select_option(label="Page")
    settled(page)
    changed = page.get_by_role("table", name="What changed")
    expect(changed.locator("tbody tr").first).to_be_visible()
    says(page, "by=path")
    page.keyboard.press("x")
    expect(page.get_by_role("heading", name="Nothing to compare with")).to_be_visible()


def test_any_period_can_be_compared_with_and_days_of_the_week_matched(visit: Open) -> None:
    page = visit("compare?range=today")
    settled(page)
    heads = page.get_by_role("region", name="Key figures").locator("thead th")
    before = heads.nth(2).inner_text()
    page.get_by_role("button", name=re.compile("^Compare: ")).click()
    page.get_by_role("button", name="Match days of the week").click()
    says(page, "match_weekday=true")
    settled(page)
    expect(heads.nth(2)).not_to_have_text(before)
    page.get_by_role("button", name=re.compile("^Compare: ")).click()
    page.get_by_role("button", name="Custom period…").click()
    page.get_by_role("dialog").get_by_role("button", name="Show").click()
    says(page, "compare=custom&compare_start=")
    settled(page)


def test_realtime_counts_again_by_itself(visit: Open) -> None:
    page = visit("realtime")
    settled(page)
    assert page.locator("ol li").count() > 0
    with page.expect_response(lambda answer: "/reports/realtime" in answer.url, timeout=15_000) as asked:
        pass
    assert asked.value.status == 200


def test_a_note_stands_on_the_chart_until_it_is_removed(visit: Open) -> None:
    page = visit("overview?range=7d")
    settled(page)
    page.get_by_role("button", name="Notes on the chart").click()
    dialog = page.get_by_role("dialog", name="Notes")
    dialog.get_by_label("Note", exact=True).fill("Prices went up")
    dialog.get_by_role("button", name="Add note").click()
    expect(dialog.get_by_text("Prices went up")).to_be_visible()
    page.keyboard.press("Escape")
    mark = page.locator(".plot button.mark[aria-label*='Prices went up']")
    expect(mark).to_be_visible()
    mark.locator(".flag").click()
    dialog.get_by_role("button", name="Delete the note Prices went up").click()
    page.keyboard.press("Escape")
    expect(mark).to_have_count(0)


# ---- from a number to the visits, and to others -------------------------------------------------------------------


def test_a_row_leads_to_the_visits_behind_it_with_the_same_filters(visit: Open) -> None:
    page = visit("overview?range=7d&filter=device:eq:desktop")
    settled(page)
    link = (
        page.get_by_role("region", name="Pages").get_by_role("link", name=re.compile("^Show the visits behind")).first
    )
    address = link.get_attribute("href") or ""
    assert re.match(r"^/\d+/visits\?", address)
    assert "range=7d" in address
    assert "filter=device%3Aeq%3Adesktop&filter=path%3Aeq%3A" in address


def test_a_report_is_shared_seen_from_outside_and_taken_back(
    visit: Open, tabs: Callable[..., Watched], shop: tuple[Served, str]
) -> None:
    page = visit("overview?range=7d")
    settled(page)
    visitors = page.get_by_role("region", name="Key figures").get_by_role("button", name="Visitors").inner_text()
    page.get_by_role("button", name="Share").click()
    dialog = page.get_by_role("dialog", name="Share this report")
    dialog.get_by_label("Password").fill("four wet owls")
    dialog.get_by_role("button", name="Create link").click()
    link = dialog.get_by_role("group", name="Link to the report").inner_text().strip()
    outside = tabs(viewport=SIZES["phone"])
    outside.expected = (*outside.expected, "status of 403", "status of 404")
    guesses: list[object] = []

    def note(asked: Request) -> None:
        if asked.method == "POST":
            guesses.append(json.loads(asked.post_data or "{}")["password"])

    outside.page.on("request", note)
    outside.page.goto(link)
    outside.page.get_by_label("Password").press_sequentially("wrong guess")
    outside.page.get_by_role("button", name="Show report").click()
    expect(outside.page.get_by_text("This is not the report's password.")).to_be_visible()
    outside.page.get_by_label("Password").fill("")
    outside.page.get_by_label("Password").press_sequentially("four wet owls")
    outside.page.get_by_role("button", name="Show report").click()
    expect(outside.page.get_by_role("heading", name="Overview")).to_be_visible()
    settled(outside.page)
    assert guesses == [None, "wrong guess", "four wet owls"]  # and not one for each letter
    assert not is_wider_than_its_window(outside.page)
    seen = outside.page.get_by_role("region", name="Key figures").get_by_role("button", name="Visitors").inner_text()
    assert seen == visitors
    expect(outside.page.get_by_role("link", name=re.compile("^Show the visits"))).to_have_count(0)
    expect(outside.page.get_by_role("button", name="Time range")).to_have_count(0)
    dialog.get_by_role("link", name="All links").click()
    page.get_by_role("button", name=re.compile("^Take back")).first.click()
    page.get_by_role("dialog").get_by_role("button", name="Take back").click()
    expect(page.get_by_role("heading", name="Nothing is shared")).to_be_visible()
    outside.page.reload()
    expect(outside.page.get_by_role("heading", name="There is no such shared report.")).to_be_visible()


def test_a_viewer_sees_no_button_that_would_fail(
    tabs: Callable[..., Watched], shop: tuple[Served, str], cookies: list[dict[str, object]]
) -> None:
    served, site = shop
    with httpx.Client(base_url=f"{served.url}/api/v1", headers={"origin": served.url}) as client:
        me = client.post("/sign-in", json={"login": ADA["email"], "password": PASSWORD}).raise_for_status().json()
        client.headers["x-sightline-csrf"] = me["csrf_token"]
        team = client.get(f"/sites/{site}").raise_for_status().json()["team_id"]
        made = client.post(f"/teams/{team}/invitations", json={"role": "viewer"}).raise_for_status().json()
    person = {"token": made["token"], "email": "vic@example.com", "name": "Vic", "password": PASSWORD}
    httpx.post(
        f"{served.url}/api/v1/invitations/register", json=person, headers={"origin": served.url}
    ).raise_for_status()
    tab = tabs(base_url=served.url)
    tab.page.context.add_cookies(cookies_of(served, "vic@example.com", PASSWORD))  # type: ignore[arg-type]
    tab.page.goto(f"/{site}/overview?filter=device:eq:desktop")
    settled(tab.page)
    expect(tab.page.get_by_role("button", name="Share")).to_have_count(0)
    expect(tab.page.get_by_role("button", name="Save as segment")).to_have_count(0)
    expect(tab.page.get_by_role("link", name="Shared links")).to_have_count(0)
    tab.page.goto(f"/{site}/shares")
    expect(tab.page.get_by_role("heading", name="There is no such page")).to_be_visible()


def test_a_report_that_fails_says_so_in_its_place_and_is_asked_again(
    tabs: Callable[..., Watched], shop: tuple[Served, str], cookies: list[dict[str, object]]
) -> None:
    tab = tabs(base_url=shop[0].url)
    tab.expected = (*tab.expected, "status of 500")
    tab.page.context.add_cookies(cookies)  # type: ignore[arg-type]
    broken = '{"error":{"code":"service","message":"Sightline could not do this."},"request_id":"feedfacefeedface"}'
    tab.page.route("**/reports/series?*", lambda route: route.fulfill(status=500, body=broken))
    tab.page.goto(f"/{shop[1]}/overview")
    expect(tab.page.get_by_role("alert")).to_contain_text("Sightline could not do this.")
    expect(tab.page.get_by_role("region", name="Pages").locator("li").first).to_be_visible()
    tab.page.unroute("**/reports/series?*")
    tab.page.get_by_role("button", name="Try again").click()
    expect(tab.page.locator(".plot canvas")).to_be_visible()


def test_while_the_warehouse_is_made_anew_that_is_said_once_and_the_numbers_come_by_themselves(
    tabs: Callable[..., Watched], shop: tuple[Served, str], cookies: list[dict[str, object]]
) -> None:
    tab = tabs(base_url=shop[0].url)
    tab.expected = (*tab.expected, "status of 503")
    tab.page.context.add_cookies(cookies)  # type: ignore[arg-type]
    said = '{"error":{"code":"warehouse_rebuilding","message":"The warehouse is being rebuilt: 3 of 9 rows."}}'
    tab.page.route("**/reports/*", lambda route: route.fulfill(status=503, body=said))
    tab.page.goto(f"/{shop[1]}/overview")
    expect(tab.page.get_by_text("3 of 9 rows. The numbers appear here by themselves.")).to_have_count(1)
    expect(tab.page.get_by_role("alert")).to_have_count(0)
    tab.page.unroute("**/reports/*")
    expect(tab.page.locator(".plot canvas")).to_be_visible()
    expect(tab.page.get_by_text("3 of 9 rows.")).to_have_count(0)


def test_what_several_parts_cannot_answer_alike_is_said_once_above_them(
    tabs: Callable[..., Watched], shop: tuple[Served, str], cookies: list[dict[str, object]]
) -> None:
    tab = tabs(base_url=shop[0].url)
    tab.expected = (*tab.expected, "status of 422", "net::ERR")
    page = tab.page
    page.context.add_cookies(cookies)  # type: ignore[arg-type]
    page.goto(f"/{shop[1]}/overview?filter=path:re:((((")
    above = page.get_by_role("alert")
    expect(above).to_have_count(1)
    expect(above).to_contain_text("This regular expression cannot be used")
    expect(page.get_by_text("Not shown. What is wrong stands above.")).not_to_have_count(0)
    page.get_by_role("button", name=re.compile("^Remove the filter")).click()
    expect(page.locator(".plot canvas")).to_be_visible()
    expect(above).to_have_count(0)
    page.route("**/reports/*", lambda route: route.abort())
    page.goto(f"/{shop[1]}/overview?range=90d")
    expect(above).to_have_count(1)
    expect(above).to_contain_text("Sightline does not answer.")
    page.unroute("**/reports/*")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".plot canvas")).to_be_visible()
    expect(page.get_by_role("region", name="Pages").locator("li").first).to_be_visible()
    expect(above).to_have_count(0)
    page.route("**/reports/*", lambda route: route.abort())
    page.goto(f"/{shop[1]}/logs")  # which says by itself only what is wrong with a query
    expect(above).to_have_count(1)
    expect(above).to_contain_text("Sightline does not answer.")


@pytest.mark.parametrize("address", ["session/%E0%A4", "session/yesterday", "issue/%", "issue/%zz"])
def test_an_address_that_was_cut_or_mistyped_names_nothing_that_is_there(
    tabs: Callable[..., Watched], shop: tuple[Served, str], cookies: list[dict[str, object]], address: str
) -> None:
    tab = tabs(base_url=shop[0].url)
    tab.expected = (*tab.expected, "status of 404")
    tab.page.context.add_cookies(cookies)  # type: ignore[arg-type]
    tab.page.goto(f"/{shop[1]}/{address}")
    expect(tab.page.get_by_role("heading", level=1)).to_have_text(re.compile("^There is no"))


def test_a_site_that_is_not_there_is_said(
    tabs: Callable[..., Watched], shop: tuple[Served, str], cookies: list[dict[str, object]]
) -> None:
    tab = tabs(base_url=shop[0].url)
    tab.page.context.add_cookies(cookies)  # type: ignore[arg-type]
    tab.page.goto("/999999/overview")
    expect(tab.page.get_by_role("heading", name="There is no such page")).to_be_visible()


# ---- what comes first ---------------------------------------------------------------------------------------------


def test_no_other_report_is_asked_for_before_the_headline_figures_are_there(visit: Open) -> None:
    page = visit("overview")
    settled(page)
    order: list[tuple[str, str]] = []
    page.on("request", lambda one: order.append(("asked", one.url)))
    page.on("response", lambda one: order.append(("answered", one.url)))
    page.keyboard.press("w")
    says(page, "range=7d")
    page.wait_for_timeout(300)
    settled(page)
    reports = [(what, found[1]) for what, url in order if (found := re.search(r"/reports/([a-z-]+)", url))]
    assert reports[:2] == [("asked", "overview"), ("answered", "overview")]
    assert len({name for _, name in reports}) > 2


def test_a_chart_is_drawn_anew_in_the_colours_of_the_other_scheme(visit: Open) -> None:
    page = visit("overview", color_scheme="light")
    settled(page)
    drawn = page.locator(".plot canvas")
    expect(drawn).to_be_visible()
    drawn.evaluate("canvas => { canvas.dataset.before = 'light' }")
    page.emulate_media(color_scheme="dark")
    expect(page.locator(".plot canvas:not([data-before])")).to_be_visible()
    expect(page.locator(".plot canvas[data-before]")).to_have_count(0)
