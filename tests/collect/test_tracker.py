"""Pages with Umami's script attributes in Chromium, on another origin than the server: nothing has to change."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from playwright.async_api import Browser, Page, Request, Route, async_playwright

from tests.collect.conftest import CHROME, Site
from tests.privacy.recordings.browser import CHROMIUM, FLAGS

pytestmark = pytest.mark.browser

PAGE = """<!doctype html><html lang="en"><head><title>{title}</title>{before}
<script defer src="{url}/script.js" data-website-id="{site}" {attributes}></script></head>
<body><h1>Shop</h1>
<button id="buy" data-umami-event="buy" data-umami-event-plan="pro" data-umami-event-seats="3"><b>Buy</b></button>
<a id="go" href="/next" data-umami-event="go">Next</a></body></html>"""
# How Umami's own tracker speaks, by its protocol: JSON with its type, and the token of the last answer as a header;
# from another origin both need a preflight.
AS_UMAMI = """
async ([url, site]) => {
  let cache;
  const send = async (payload, type = 'event') => {
    const answer = await fetch(url + '/api/send', {
      keepalive: true, method: 'POST', credentials: 'omit',
      headers: { 'Content-Type': 'application/json', ...(cache !== undefined && { 'x-umami-cache': cache }) },
      body: JSON.stringify({ type, payload }),
    });
    const said = await answer.json();
    cache = said.cache;
    return { ...said, dropped: answer.headers.get('x-sightline-dropped') };
  };
  const page = { website: site, screen: `${screen.width}x${screen.height}`, language: navigator.language,
    title: document.title, hostname: location.hostname, url: location.href, referrer: document.referrer };
  return [await send(page), await send({ ...page, name: 'buy', data: { plan: 'pro' } }),
    await send({ ...page, data: { tier: 1 } }, 'identify')];
}
"""


class Shop:
    """A page of the shop in a browser that is no headless one by its name."""

    def __init__(self, page: Page, site: Site) -> None:
        self.page, self._site = page, site

    async def open(self, attributes: str = "", *, path: str = "/start?size=9#top", before: str = "") -> None:
        document = PAGE.format(
            title="Shop", url=self._site.client.base_url, site=self._site.name, attributes=attributes, before=before
        )

        async def answer(route: Route) -> None:
            await route.fulfill(body=document, content_type="text/html")

        await self.page.route(re.compile(r"^http://(shop|other)\.test/"), answer)
        await self.page.goto(f"http://shop.test{path}", wait_until="load")

    async def rows(self, count: int) -> list[dict[str, Any]]:
        """The rows, once there are so many; then none may follow."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(10):
                while len(await self._site.rows()) < count:
                    await asyncio.sleep(0.05)
        await asyncio.sleep(0.4)
        rows = await self._site.rows()
        assert len(rows) == count, rows
        return rows


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    # The page comes from nowhere and the server stands on loopback, which Chromium would ask its user about.
    flags = [*FLAGS, "--disable-features=LocalNetworkAccessChecks,PrivateNetworkAccessRespectPreflightResults"]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        await browser.close()


@asynccontextmanager
async def _page(browser: Browser) -> AsyncIterator[Page]:
    context = await browser.new_context(user_agent=CHROME, locale="en-GB")
    yield await context.new_page()
    await context.close()


@pytest.fixture
async def shop(site: Site) -> AsyncIterator[Shop]:
    async with chromium() as browser, _page(browser) as page:
        yield Shop(page, site)


async def test_a_page_view_says_what_umamis_says(shop: Shop) -> None:
    await shop.open()
    (row,) = await shop.rows(1)
    assert (row["hostname"], row["path"], row["query"], row["title"]) == ("shop.test", "/start", "size=9", "Shop")
    assert (row["language"], row["browser"], row["type"]) == ("en-GB", "chrome", 1)
    assert re.fullmatch(r"\d+x\d+", row["screen"])


async def test_track_in_all_its_forms(shop: Shop, site: Site) -> None:
    await shop.open('data-auto-track="false"')
    await shop.page.evaluate(
        """async (website) => {
        await umami.track();
        await umami.track('plain');
        await umami.track('bought', { plan: 'pro' });
        await umami.track({ website, url: '/raw', title: 'Raw' });
        await umami.track((payload) => ({ ...payload, url: '/fn', name: 'from-fn' }));
    }""",
        site.name,
    )
    rows = await shop.rows(5)
    assert [(row["path"], row["name"], row["properties"]) for row in rows] == [
        ("/start", "", ""), ("/start", "plain", ""), ("/start", "bought", '{"plan":"pro"}'), ("/raw", "", ""),
        ("/fn", "from-fn", ""),
    ]  # fmt: skip
    assert len({row["visit"] for row in rows}) == 1


async def test_identify_and_get_session(shop: Shop, site: Site) -> None:
    await shop.open()
    await shop.rows(1)
    session = await shop.page.evaluate("umami.getSession()")
    assert session["website"] == site.name
    assert session["cache"]
    await shop.page.evaluate("""async () => {
        await umami.identify('ada-7', { tier: 1 });
        await umami.identify({ plan: 'pro' });
        await umami.track('after');
    }""")
    rows = await shop.rows(4)
    assert [row["type"] for row in rows] == [1, 6, 6, 2]
    assert rows[1]["person"] == rows[2]["person"] == rows[3]["person"] is not None
    assert (rows[1]["properties"], rows[2]["properties"]) == ('{"tier":1}', '{"plan":"pro"}')


async def test_clicks_on_marked_elements_are_events_and_links_still_lead_on(shop: Shop) -> None:
    await shop.open()
    await shop.rows(1)
    await shop.page.click("#buy b")
    row = (await shop.rows(2))[1]
    assert (row["name"], row["properties"]) == ("buy", '{"plan":"pro","seats":"3"}')
    await shop.page.click("#go")
    await shop.page.wait_for_url("http://shop.test/next")
    rows = await shop.rows(4)
    assert [(row["name"], row["path"]) for row in rows[2:]] == [("go", "/start"), ("", "/next")]


async def test_changes_of_the_history_are_page_views(shop: Shop) -> None:
    await shop.open()
    await shop.rows(1)
    await shop.page.evaluate("history.pushState({}, '', '/two'); document.title = 'Two'")
    await shop.rows(2)
    await shop.page.evaluate("history.replaceState({}, '', '/three')")
    await shop.page.evaluate("history.replaceState({}, '', '/three')")
    rows = await shop.rows(3)
    assert [(row["path"], row["title"], row["referrer_path"]) for row in rows[1:]] == [
        ("/two", "Two", "/start"), ("/three", "Two", "/two")
    ]  # fmt: skip


ATTRIBUTES: list[tuple[str, str, int, Callable[[dict[str, Any]], bool]]] = [
    ('data-exclude-search="true"', "", 1, lambda row: row["query"] == ""),
    ('data-exclude-hash="true"', "", 1, lambda row: "#" not in row["path"]),
    ('data-tag="winter"', "", 1, lambda row: row["tag"] == "winter"),
    ('data-auto-track="false"', "", 0, lambda _: True),
    ('data-domains="shop.test,other.test"', "", 1, lambda _: True),
    ('data-domains="elsewhere.test"', "", 0, lambda _: True),
    ('data-domains="test"', "", 0, lambda _: True),
    ('data-do-not-track="true"', "", 1, lambda _: True),
    ('data-do-not-track="true"', "Object.defineProperty(navigator, 'doNotTrack', { value: '1' })", 0, lambda _: True),
    ("", "Object.defineProperty(navigator, 'doNotTrack', { value: '1' })", 1, lambda _: True),
    ("", "localStorage.setItem('umami.disabled', '1')", 0, lambda _: True),
    ('data-before-send="gate"', "window.gate = (type, payload) => false", 0, lambda _: True),
    ('data-before-send="gate"', "window.gate = (type, payload) => ({ ...payload, title: type })", 1,
     lambda row: row["title"] == "event"),
    ('data-before-send="gate"', "window.gate = async (type, payload) => ({ ...payload, url: '/gated' })", 1,
     lambda row: row["path"] == "/gated"),
    ('data-before-send="missing"', "", 1, lambda _: True),
    ('data-fetch-credentials="same-origin"', "", 1, lambda _: True),
]  # fmt: skip


@pytest.mark.parametrize(("attributes", "before", "count", "holds"), ATTRIBUTES)
async def test_the_attributes_of_the_script(
    shop: Shop, attributes: str, before: str, count: int, holds: Callable[[dict[str, Any]], bool]
) -> None:
    await shop.open(attributes, before=f"<script>{before}</script>", path="/start?size=9#/route")
    assert all(map(holds, await shop.rows(count)))


async def test_the_host_of_the_data_may_be_another_than_that_of_the_script(shop: Shop, site: Site) -> None:
    url = str(site.client.base_url)

    async def script(route: Route) -> None:
        await route.fulfill(body=(await site.client.get("/script.js")).text, content_type="text/javascript")

    await shop.page.route("http://cdn.test/u.js", script)
    tag = f'<script defer src="http://cdn.test/u.js" data-website-id="{site.name}" data-host-url="{url}/"></script>'
    await shop.open('data-auto-track="false"', before=tag)
    await shop.rows(1)


async def test_performance_is_measured_and_said_when_the_page_is_hidden(shop: Shop) -> None:
    sent: list[Any] = []

    def note(request: Request) -> None:
        if request.post_data:
            sent.append(request.post_data_json)

    shop.page.on("request", note)
    await shop.open('data-performance="true"')
    await shop.rows(1)
    await shop.page.evaluate("""() => {
        Object.defineProperty(document, 'visibilityState', { value: 'hidden' });
        document.dispatchEvent(new Event('visibilitychange'));
    }""")
    await asyncio.sleep(0.5)
    vitals = next(body["payload"] for body in sent if body["type"] == "performance")
    assert vitals["ttfb"] >= 0
    assert vitals["fcp"] > 0


async def test_umamis_own_tracker_speaks_to_us_from_another_origin(shop: Shop, site: Site) -> None:
    await shop.open('data-auto-track="false"')
    first, second, third = await shop.page.evaluate(AS_UMAMI, [str(site.client.base_url).rstrip("/"), site.name])
    assert set(first) >= {"cache", "sessionId", "visitId"}
    assert first["sessionId"] == second["sessionId"] == third["sessionId"]
    assert first["visitId"] == second["visitId"]
    rows = await shop.rows(3)
    assert [(row["type"], row["name"]) for row in rows] == [(1, ""), (2, "buy"), (6, "")]


async def test_a_page_may_read_why_its_hit_was_dropped(site: Site) -> None:
    async with chromium() as browser:
        page = await browser.new_page()  # headless by its name
        shop = Shop(page, site)
        await shop.open('data-auto-track="false"')
        said = await page.evaluate(AS_UMAMI, [str(site.client.base_url).rstrip("/"), site.name])
        assert said[0] == {"beep": "boop", "dropped": "headless"}
        assert await site.rows() == []


async def test_a_server_that_is_away_breaks_no_page(shop: Shop, site: Site) -> None:
    errors: list[str] = []
    shop.page.on("pageerror", lambda error: errors.append(str(error)))
    await shop.open('data-host-url="http://127.0.0.1:9"')
    await shop.page.click("#go")
    await shop.page.wait_for_url("http://shop.test/next")
    assert errors == []
    assert await site.rows() == []
