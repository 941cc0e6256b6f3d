"""Delivery against everything that goes wrong: each event is stored once, in order, and the page notices nothing."""

import time

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Watched
from tests.running import Running


def tracked(rows: list[dict[str, object]]) -> list[object]:
    return [row["name"] for row in rows if row["name"]]


def send(page: Page, first: int, last: int) -> None:
    page.evaluate("([a, b]) => { for (let i = a; i < b; i++) sightline.track(`event ${i}`) }", [first, last])


def expected(count: int) -> list[str]:
    return [f"event {number}" for number in range(count)]


def ready(watched: Watched, attributes: str = "") -> Page:
    watched.page("/page", attributes=attributes)
    page = watched.open("/page")
    page.wait_for_function("sightline.visitId() !== ''")
    return page


def check(watched: Watched, count: int) -> None:
    rows = watched.rows.wait("event", watched.key, lambda found: len(tracked(found)) >= count)
    assert tracked(rows) == expected(count)


@pytest.mark.parametrize(("status", "times", "retry_after"), [(500, 2, ""), (429, 1, "1"), (503, 1, "1")])
def test_what_is_refused_for_now_comes_again(watched: Watched, status: int, times: int, retry_after: str) -> None:
    page = ready(watched)
    watched.answers.status, watched.answers.times, watched.answers.retry_after = status, times, retry_after
    send(page, 0, 45)
    check(watched, 45)
    assert not watched.answers.times


def test_a_batch_that_is_too_large_comes_in_parts(watched: Watched) -> None:
    page = ready(watched)
    watched.answers.status, watched.answers.times = 413, 3
    send(page, 0, 20)
    check(watched, 20)


def test_a_batch_that_was_stored_but_not_answered_is_stored_once(watched: Watched) -> None:
    page = ready(watched)
    watched.answers.swallow = True
    send(page, 0, 25)
    check(watched, 25)
    assert not watched.answers.swallow


def test_a_server_that_is_away_misses_nothing(watched: Watched) -> None:
    page = ready(watched)
    upstream, watched.answers.upstream = watched.answers.upstream, "http://127.0.0.1:9"
    for start in range(0, 40, 10):
        send(page, start, start + 10)
        time.sleep(1)
    page.wait_for_function("sightline.status().failing")
    watched.answers.upstream = upstream
    check(watched, 40)


@pytest.mark.slow
def test_a_server_that_is_away_for_twenty_seconds_misses_nothing(watched: Watched) -> None:
    page = ready(watched)
    upstream, watched.answers.upstream = watched.answers.upstream, "http://127.0.0.1:9"
    for start in range(0, 100, 5):
        send(page, start, start + 5)
        time.sleep(1)
    watched.answers.upstream = upstream
    check(watched, 100)
    assert page.evaluate("sightline.status().lost") == 0


@pytest.mark.parametrize("runs", [5, pytest.param(50, marks=pytest.mark.soak)])
def test_the_last_event_of_a_page_that_is_closed_arrives(watched: Watched, runs: int) -> None:
    watched.page("/page")
    context = watched.context()
    for number in range(runs):
        page = watched.open("/page", context=context)
        page.evaluate("number => addEventListener('pagehide', () => sightline.track(`left ${number}`))", number)
        if number % 2:
            page.goto(watched.server.url + "/elsewhere")
        page.close()
    rows = watched.rows.wait("event", watched.key, lambda found: len(tracked(found)) >= runs - runs // 50 - 1)
    time.sleep(0.5)
    rows = watched.rows.of("event", watched.key)
    assert len(tracked(rows)) == len(set(tracked(rows)))
    assert len(tracked(rows)) >= runs - runs // 50


def test_a_policy_that_forbids_the_endpoint_breaks_nothing(watched: Watched) -> None:
    watched.server.headers = {"content-security-policy": "connect-src 'none'"}
    watched.page("/page", "<button onclick='window.clicked = 1'>Go</button>")
    page = watched.open("/page")
    page.click("button")
    send(page, 0, 5)
    page.wait_for_function("sightline.status().failing")
    assert page.evaluate("window.clicked") == 1
    assert watched.answers.seen == []


def test_a_policy_that_forbids_the_script_breaks_nothing(watched: Watched) -> None:
    watched.server.headers = {"content-security-policy": "script-src 'none'"}
    watched.page("/page", "<h1>Here</h1>")
    page = watched.open("/page")
    assert page.inner_text("h1") == "Here"
    assert watched.answers.seen == []


def test_blocked_storage_and_cookies_are_not_missed(watched: Watched) -> None:
    deny = """
      const no = { get() { throw new Error('denied') }, set() { throw new Error('denied') } };
      for (const one of ['localStorage', 'sessionStorage', 'indexedDB']) Object.defineProperty(window, one, no);
      Object.defineProperty(document, 'cookie', no);
    """
    watched.page("/page", head=f"<script>{deny}</script>")
    page = watched.open("/page")
    send(page, 0, 3)
    page.close()
    check(watched, 3)


def test_nothing_is_stored_without_consent(watched: Watched) -> None:
    page = ready(watched)
    send(page, 0, 1)
    check(watched, 1)
    kept = page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]")
    assert kept == [0, 0, ""]


PATCHES = {
    "passes on": "(...all) => own.apply(window, all).then(answer => answer)",
    "throws": "(...all) => { if (n++ < 2) throw new Error('broken'); return own(...all) }",
    "returns nothing": "(...all) => n++ < 2 ? undefined : own(...all)",
    "fails afterwards": "async (...all) => { const it = await own(...all); if (n++) return it; throw new Error('x') }",
}


@pytest.mark.parametrize("kind", list(PATCHES))
@pytest.mark.parametrize("before", [True, False])
def test_a_fetch_that_somebody_else_has_patched_changes_nothing(watched: Watched, kind: str, before: bool) -> None:
    patch = f"let n = 0; const own = window.fetch; window.fetch = {PATCHES[kind]}"
    if before:
        watched.page("/page", head=f"<script>{patch}</script>")
        page = watched.open("/page")
    else:
        page = ready(watched)
        page.evaluate(f"() => {{ {patch} }}")
    send(page, 0, 5)
    check(watched, 5)


def test_a_page_that_throws_wherever_it_can_is_none_of_our_business(watched: Watched) -> None:
    hostile = """
      JSON.stringify = () => { throw new Error('hostile') };
      Object.defineProperty(document, 'title', { get() { throw new Error('hostile') } });
      Element.prototype.closest = () => { throw new Error('hostile') };
      history.pushState = () => {};
      window.requestIdleCallback = () => { throw new Error('hostile') };
      window.PerformanceObserver = class { constructor() { throw new Error('hostile') } };
      crypto.getRandomValues = () => { throw new Error('hostile') };
      console.debug = () => { throw new Error('hostile') };
    """
    watched.page("/page", "<button onclick='window.clicked = 1'>Go</button>", head=f"<script>{hostile}</script>")
    page = watched.open("/page")
    page.click("button")
    page.evaluate("window.sightline?.track('x', { get a() { throw new Error('hostile') } })")
    page.evaluate("history.pushState({}, '', '/other'); window.sightline?.stop()")
    assert page.evaluate("window.clicked") == 1


def test_a_stopped_sdk_gives_back_what_it_had_wrapped(watched: Watched) -> None:
    wrapped = "[fetch, history.pushState, history.replaceState, XMLHttpRequest.prototype.send]"
    note = f"window.before = {wrapped}"
    watched.page("/page", head=f"<script>{note}</script>")
    page = watched.open("/page")
    page.wait_for_function("sightline.visitId() !== ''")
    same = f"{wrapped}.every((one, index) => one === before[index])"
    assert not page.evaluate(same)
    page.evaluate("sightline.stop()")
    assert page.evaluate(same)


def test_the_script_is_there_after_the_server_came_back(watched: Watched, sightline: Running) -> None:
    """Its files are found by digest and integrity, and the entry is asked for again after an hour."""
    page = ready(watched)
    entry = page.request.get(watched.server.url + f"/{watched.server.path}/s.js")
    assert entry.status == 200
    direct = page.request.get(f"{sightline.url}/{watched.server.path}/s.js")
    assert direct.headers["cache-control"] == "public, max-age=3600"
    assert direct.headers["access-control-allow-origin"] == "*"
