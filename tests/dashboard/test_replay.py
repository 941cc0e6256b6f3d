"""Visits and their replay: found by what happened, played, looked at in panes, shared; a hostile one does nothing."""

import re
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.conftest import Client, Open, Served, Watched
from tests.dashboard.visits import START_MS, added, clicks, hostile, moves, removed, shop_visit
from tests.dashboard.visits import page as picture
from tests.listening import Listening

# The recorded page, inside of the player's frame; it is of the same origin, and no script of its own runs in it.
RECORDED = "document.querySelector('iframe').contentDocument.querySelector('iframe').contentDocument"


@pytest.fixture(scope="module")
def shop(served: Served) -> tuple[str, str]:
    """A site and a recorded visit to it."""
    client = Client(served)
    site = str(client.made("/sites", {"name": "Watched shop", "domains": ["shop.example"], "team": client.team})["id"])
    recording = str(client.made_of(f"/sites/{site}/recordings", shop_visit())["id"])
    client.made_of(f"/sites/{site}/recordings", [*picture(START_MS, "/quiet"), *clicks(START_MS + 3000, 1)])
    client.close()
    return site, recording


class Elsewhere(Listening):
    """Another host, and what was asked of it; a browser says of a request that was only meant, too."""

    def __init__(self) -> None:
        asked: list[str] = []

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                self.send_response(204)
                self.end_headers()

            do_POST = do_GET  # noqa: N815

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the library calls it
                """Say nothing."""

        self.asked = asked
        super().__init__(Answer)


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    found = Elsewhere()
    httpx.get(f"{found.url}/is-there")
    assert found.asked == ["/is-there"]
    found.asked.clear()
    yield found
    found.close()


def play(ada: Open, shop: tuple[str, str], query: str = "", **options: Any) -> Page:
    """Open a recording, and wait for its first picture."""
    site, recording = shop
    opened = ada(f"/{site}/session/{recording}{query}", **options)
    shown(opened)
    return opened


def until(opened: Page, expression: str) -> None:
    """Wait for what no locator reaches, as the recorded page inside of two frames; the policy forbids to wait in it."""
    deadline = time.monotonic() + 10
    while not opened.evaluate(f"(() => {{ try {{ return {expression} }} catch {{ return false }} }})()"):
        assert time.monotonic() < deadline, expression
        opened.wait_for_timeout(50)


def shown(opened: Page) -> None:
    until(opened, f"!!{RECORDED}.querySelector('button')")


def rows_of(opened: Page) -> int:
    count: int = opened.evaluate(f"{RECORDED}.querySelectorAll('li').length")
    return count


def seek(opened: Page, seconds: float) -> None:
    slider = opened.get_by_role("slider", name="Position")
    slider.evaluate(
        "(slider, moment) => { slider.value = moment; slider.dispatchEvent(new Event('input', { bubbles: true })) }",
        START_MS + seconds * 1000,
    )
    opened.wait_for_timeout(150)


def test_a_visit_is_found_by_what_happened_in_it_and_played(ada: Open, shop: tuple[str, str]) -> None:
    site, _ = shop
    page = ada(f"/{site}/visits?range=all")
    table = page.get_by_role("table", name="Visits")
    expect(table.get_by_role("row")).to_have_count(3)
    for kind, text in (("Page visited", "/search"), ("Rage click", ""), ("Page visited", "/checkout")):
        page.get_by_role("button", name="Add a condition").click()
        page.get_by_label("What happened").last.select_option(label=kind)
        if text:
            page.get_by_label("Contains").last.fill(text)
    page.get_by_label("Conditions").select_option("then")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(table.get_by_role("row")).to_have_count(2)
    assert "how=then" in page.url
    page.get_by_role("link", name=re.compile("Play the visit")).click()
    shown(page)
    assert "/session/" in page.url
    page.go_back()
    expect(table.get_by_role("row")).to_have_count(2)


def test_a_search_is_saved_and_chosen_again(ada: Open, shop: tuple[str, str]) -> None:
    site, _ = shop
    page = ada(f"/{site}/visits?range=all&where=rage-click")
    expect(page.get_by_role("table", name="Visits").get_by_role("row")).to_have_count(2)
    page.get_by_role("button", name="Save search").click()
    page.get_by_role("dialog").get_by_label("Name").fill("Rage")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    page.goto(f"/{site}/visits?range=all")
    page.get_by_role("button", name="Saved searches").click()
    page.get_by_role("button", name="Rage", exact=True).click()
    expect(page).to_have_url(re.compile("where=rage-click"))


def test_the_page_at_a_moment_is_what_was_recorded(ada: Open, shop: tuple[str, str]) -> None:
    page = play(ada, shop, reduced_motion="reduce")
    for seconds, rows in ((0.5, 0), (10.0, 1), (12.5, 3), (40, 5), (5, 0), (85, 0), (90, 1), (14, 5)):
        seek(page, seconds)
        assert rows_of(page) == rows, seconds
    assert page.evaluate(f"{RECORDED}.querySelector('button').classList[0]") == "primary"
    assert page.evaluate(f"getComputedStyle({RECORDED}.querySelector('button')).width") == "90px"


def test_what_was_done_while_the_mouse_moved_is_shown_once(ada: Open, client: Client) -> None:
    site = str(client.made("/sites", {"name": "Moved", "domains": ["shop.example"], "team": client.team})["id"])
    events = [
        *picture(START_MS, "/"), added(START_MS + 1500, 25), added(START_MS + 1700, 30, before=25),
        removed(START_MS + 1800, 25), moves(START_MS + 2000, -400, 0), *clicks(START_MS + 8000, 1),
    ]  # fmt: skip
    page = play(ada, (site, str(client.made_of(f"/sites/{site}/recordings", events)["id"])), reduced_motion="reduce")
    for seconds, rows in ((3, 1), (4, 1), (0.5, 0), (3, 1), (1.7, 2), (5, 1)):
        seek(page, seconds)
        assert rows_of(page) == rows, seconds


def test_it_plays_pauses_jumps_and_changes_its_speed_by_keyboard(ada: Open, shop: tuple[str, str]) -> None:
    page = play(ada, shop, reduced_motion="reduce")
    slider = page.get_by_role("slider", name="Position")
    page.locator("h1").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("0:10 of 1:30")).to_be_visible()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_text("0:00 of 1:30")).to_be_visible()
    page.keyboard.press("ArrowUp")
    expect(page.get_by_label("Speed")).to_have_value("2")
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.wait_for_timeout(700)
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    assert 300 < float(slider.input_value()) - START_MS < 9000
    page.keyboard.press("Shift+N")
    expect(page.get_by_role("tab", name="Network")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog").get_by_text("Copy link to this moment")).to_be_visible()


def test_inactivity_is_skipped_unless_one_wants_to_see_it(ada: Open, shop: tuple[str, str]) -> None:
    page = play(ada, shop, "?t=30", reduced_motion="reduce")
    expect(page.get_by_text("0:28 of 1:30")).to_be_visible()  # two seconds before, paused
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    page.get_by_role("button", name="Play", exact=True).click()
    until(page, f"document.querySelector('input[type=range]').value > {START_MS + 80_000}")
    page.get_by_label("Skip inactivity").uncheck()
    seek(page, 30)
    page.wait_for_timeout(600)
    assert float(page.get_by_role("slider", name="Position").input_value()) < START_MS + 40_000


def test_panes_say_what_happened_and_lead_to_its_moment(ada: Open, shop: tuple[str, str]) -> None:
    page = play(ada, shop, reduced_motion="reduce")
    page.get_by_role("tab", name="Network").click()
    line = page.get_by_role("listitem").filter(has_text="/api/pay")
    expect(line).to_contain_text("503")
    line.get_by_role("button", name=re.compile("Jump to")).click()
    expect(page.get_by_text("0:03 of 1:30")).to_be_visible()
    page.get_by_role("tab", name="Console").click()
    page.get_by_label("Level").select_option("error")
    expect(page.get_by_role("listitem").filter(has_text="error").first).to_be_visible()
    page.get_by_role("searchbox", name="Search").last.fill("nothing like it")
    expect(page.get_by_text("Nothing matches.")).to_be_visible()
    page.get_by_role("tab", name="Logs").click()
    expect(page.get_by_text("No server logs of this visit")).to_be_visible()
    page.get_by_role("tab", name="Events", exact=True).click()
    page.get_by_role("button", name=re.compile("^Rage clicks")).click()
    expect(page.locator(".mark.rage")).to_have_count(0)


def test_a_note_and_tags_stay_with_a_recording_that_is_kept(ada: Open, shop: tuple[str, str], client: Client) -> None:
    site, recording = shop
    page = play(ada, shop, "?t=7&pane=notes", reduced_motion="reduce")
    page.get_by_label("Note at 0:05").fill("Here it goes wrong")
    page.get_by_role("button", name="Add note").click()
    expect(page.get_by_role("listitem").filter(has_text="Here it goes wrong")).to_be_visible()
    page.get_by_label("Tags").fill("checkout broken")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Tags saved.")).to_be_visible()
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("button", name="Keep past retention").click()
    expect(page.get_by_text("Kept", exact=True)).to_be_visible()
    found = client.get(f"/sites/{site}/recordings/{recording}").json()
    assert (found["kept"], found["tags"]) == (True, ["broken", "checkout"])


def test_a_shared_link_opens_at_its_moment_without_an_account(
    ada: Open, shop: tuple[str, str], tabs: Callable[..., Watched], served: Served
) -> None:
    page = play(ada, shop, "?t=14", reduced_motion="reduce")
    page.get_by_role("button", name="Share").click()
    page.get_by_role("button", name="Make a link").click()
    link = page.get_by_role("group", name="Link to the recording").inner_text().strip()
    tab = tabs(base_url=served.url, reduced_motion="reduce")
    tab.expected = (*tab.expected, "status of 404")
    guest = tab.page
    guest.goto(link)
    shown(guest)
    expect(guest.get_by_text("0:10 of 1:30")).to_be_visible()
    assert rows_of(guest) == 1
    expect(guest.get_by_role("button", name="Share")).to_have_count(0)
    guest.goto("/shared-recording#" + link.partition("#")[2][:-6])
    guest.reload()
    expect(guest.get_by_text("This link shows nothing")).to_be_visible()


def test_a_planted_script_runs_nowhere_and_nothing_is_fetched_sent_or_left(
    shop: tuple[str, str],
    tabs: Callable[..., Watched],
    served: Served,
    ada_cookies: list[dict[str, object]],
    elsewhere: Elsewhere,
) -> None:
    site, recording = shop
    tab = tabs(base_url=served.url)
    # What the policy has stopped, the browser says; a film that may not be fetched cannot be played, either.
    tab.expected = (*tab.expected, "Content Security Policy", "Blocked script execution", "sandbox", "play() request")
    tab.expected += ("no supported sources",)
    page = tab.page
    page.context.add_cookies(ada_cookies)  # type: ignore[arg-type]
    answer = {"events": hostile(elsewhere.url), "next": 0, "place": None, "gaps": [], "state": "sealed"}
    page.route("**/events?*", lambda route: route.fulfill(json=answer))
    page.goto(f"/{site}/session/{recording}")
    shown(page)
    page.evaluate(f"{RECORDED}.querySelector('#link')?.click()")
    page.evaluate(f"{RECORDED}.querySelector('#send')?.click()")
    page.evaluate(
        f"(() => {{ const made = {RECORDED}.createElement('img'); made.setAttribute('onerror', 'top.planted = 1');"
        f" made.src = '{elsewhere.url}/late.png'; {RECORDED}.body.append(made); }})()"
    )
    page.wait_for_timeout(1200)
    assert page.evaluate("window.planted") is None
    assert elsewhere.asked == []
    assert page.url.endswith(f"/session/{recording}")
    inner = page.evaluate(
        "[document.querySelector('iframe'), document.querySelector('iframe').contentDocument.querySelector('iframe')]"
        ".map((frame) => frame.getAttribute('sandbox'))"
    )
    assert inner == ["allow-same-origin", "allow-same-origin"]


@pytest.mark.parametrize("visit", ["123", "123-abc"])
def test_a_visit_without_a_recording_says_so(ada: Open, shop: tuple[str, str], visit: str) -> None:
    page = ada(f"/{shop[0]}/session/{visit}")
    expect(page.get_by_role("heading", name="There is no recording of this visit")).to_be_visible()
