"""A recorder that speaks as Umami's does, in Chromium on another origin: masked, stored once, and shown as it was."""

import asyncio
import gzip
import re
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
from playwright.async_api import Browser, Page, Route
from tools import assets

from sightline.accounts import tracking
from sightline.replay.sealing import in_order
from tests.browser_packages import browser_package
from tests.collect.conftest import CHROME, Site
from tests.collect.test_tracker import chromium
from tests.privacy.recordings.browser import LIVE_TREE, PLAYED_TREE, TYPES, play
from tests.privacy.recordings.canaries import Canaries
from tests.privacy.recordings.conftest import PAGE
from tests.privacy.recordings.test_canaries import differences, plain_tree

pytestmark = pytest.mark.browser

# By its protocol: it asks what it shall do, waits for the tracker's token, and sends it with what it has seen: when
# that is a hundred events, when ten seconds have gone without any (here one), and when the page is hidden or left. What
# it would mask is not masked here, which is the worst that can arrive.
RECORDER = """
(async () => {
  const [host, website] = %s;
  const config = await (await fetch(`${host}/api/websites/${website}/recorder`, { credentials: 'omit' })).json();
  window.recorderConfig = config;
  if (!config.enabled || !config.replayEnabled) return;
  let seen = [], timer;
  window.sent = 0;
  window.answers = [];
  const token = () => window.umami?.getSession?.()?.cache;
  const flush = (leaving = false) => {
    if (!seen.length || !token()) return;
    const body = JSON.stringify({ type: 'record',
      payload: { website, events: seen, timestamp: Math.floor(Date.now() / 1000) } });
    seen = [];
    sent += 1;
    fetch(`${host}/api/record`, { method: 'POST', body, keepalive: leaving && body.length < 60000,
      headers: { 'Content-Type': 'application/json', 'x-umami-cache': token() }, credentials: 'omit',
    }).then((answer) => answer.json()).then((said) => answers.push(said), (error) => answers.push(String(error)));
  };
  const start = () => {
    window.stopRecording = rrwebRecord.record({ checkoutEveryNms: 30000, emit: (event) => {
      seen.push(event);
      if (seen.length >= 100) flush();
      clearTimeout(timer);
      timer = setTimeout(flush, 1000);
    } });
    document.addEventListener('visibilitychange', () => document.visibilityState === 'hidden' && flush(true));
    window.addEventListener('beforeunload', () => flush(true));
  };
  const wait = (times = 0) => {
    if (times > 50) return;
    if (token()) start(); else setTimeout(() => wait(times + 1), 100);
  };
  wait();
})();
"""


class Shop:
    """Pages of another origin with the tracker and the recorder."""

    def __init__(self, page: Page, site: Site, canaries: Canaries) -> None:
        self.page, self.site, self.canaries = page, site, canaries

    async def serve(self, *, blocked: bool = False, own: bool = False) -> None:
        """Serve the pages; with our `own` recorder in place of one that masks nothing."""
        host = str(self.site.client.base_url).rstrip("/")
        rrweb = (browser_package("@rrweb/record") / "umd" / "record.js").read_text()
        files = {name: self.canaries.plant((PAGE / name).read_text()) for name in ("frame.html", "site.css", "act.js")}
        index = self.canaries.plant((PAGE / "index.html").read_text())
        scripts = (
            f'<script defer src="{host}/script.js" data-website-id="{self.site.name}"></script>'
            f'<script defer src="{host if own else ""}/recorder.js" data-website-id="{self.site.name}"></script>'
            '<script defer src="/act.js"></script></head>'
        )
        served = {
            "/one": index.replace("</head>", scripts, 1), "/two": index.replace("</head>", scripts, 1),
            "/recorder.js": rrweb + ";" + RECORDER % orjson.dumps([host, self.site.name]).decode(),
            "/frame.html": files["frame.html"], "/act.js": files["act.js"], "/assets/site.css": files["site.css"],
        }  # fmt: skip

        async def answer(route: Route) -> None:
            path = re.sub(r"^http://shop\.test|[?#].*$", "", route.request.url)
            body = served.get(path)
            kind = TYPES.get(path.rpartition(".")[2], TYPES["html"])
            await (route.fulfill(body=body, content_type=kind) if body else route.fulfill(status=404))

        await self.page.route(re.compile(r"^http://shop\.test/"), answer)
        if blocked:
            await self.page.route("**/api/send", lambda route: route.abort())

    async def open(self, path: str) -> None:
        await self.page.goto(f"http://shop.test{path}", wait_until="load")

    async def settled(self) -> list[Any]:
        """What was answered, once everything was."""
        async with asyncio.timeout(20):
            while True:
                await asyncio.sleep(1.5)
                sent, answers = await self.page.evaluate("[window.sent, window.answers]")
                if sent and sent == len(answers):
                    return list(answers)

    async def rows(self) -> list[dict[str, Any]]:
        found = await self.site.house.database.fetch("SELECT * FROM signal_chunk ORDER BY batch, place")
        return [dict(row) for row in found]


@pytest.fixture(scope="module")
def built() -> None:
    assets.main()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as found:
        yield found


@pytest.fixture
async def shop(browser: Browser, site: Site) -> Shop:
    context = await browser.new_context(user_agent=CHROME, locale="en-GB")
    return Shop(await context.new_page(), site, Canaries())


async def test_what_umamis_recorder_sends_is_masked_and_shown_as_it_was(shop: Shop, browser: Browser) -> None:
    await shop.serve()
    await shop.open("/one")
    await shop.page.evaluate("act()")
    await shop.page.locator("#secret").fill(shop.canaries.word("typed-password"))
    await shop.page.locator("#plain").press_sequentially(shop.canaries.word("typed"), delay=15)
    assert set(map(str, await shop.settled())) == {"{'ok': True}"}
    tree = await shop.page.evaluate(LIVE_TREE)
    rows = await shop.rows()
    assert {len({row[name] for row in rows}) for name in ("visit", "document", "tab")} == {1}
    assert [row["seq"] for row in rows] == list(range(len(rows)))
    events = in_order(rows)
    assert shop.canaries.found_in(events) == []
    player = await play(browser, orjson.dumps(events))
    # The player itself may lose the document of a frame that was added while recording, by its timing; nothing else.
    lost = {place for place, _ in differences(plain_tree(await player.evaluate(PLAYED_TREE)), plain_tree(tree))}
    assert lost <= {"main/section/article/iframe/#9"}


# How things look and what they are called, which leaves a page as it does with our SDK, and is taken out on the server.
LOOKS = {
    "added-css", "adopted-replaced", "adopted-rule", "class", "css-attribute-selector", "css-content",
    "css-font-family", "css-font-url", "css-import", "css-unquoted-font", "css-url", "css-variable",
    "css-variable-string", "custom-tag", "declaration-content", "form-target", "html-class", "id", "iframe-foreign",
    "inline-url", "inline-variable", "input-min", "label-for", "lang", "mutation-class", "role", "rule-url",
    "rule-variable", "shadow-css", "sheet-content", "sheet-url", "style-font", "style-text-mutation", "style-url",
    "style-variable", "svg-fill", "svg-gradient",
}  # fmt: skip
# What a page consists of, whoever numbers its nodes.
ELEMENTS = """(body) => [...body.querySelectorAll('*')].map((one) => one.localName.replace(/.*-.*/, 'x'))
  .filter((name) => !['script', 'noscript', 'template'].includes(name))"""


async def test_our_recorder_stands_where_umamis_does_and_lets_no_text_out_of_the_page(
    built: None, shop: Shop, browser: Browser
) -> None:
    sent: list[bytes] = []
    shop.page.on("request", lambda asked: sent.append(asked.post_data_buffer or b""))
    uncaught: list[str] = []
    shop.page.on("pageerror", lambda error: uncaught.append(str(error)))
    await shop.serve(own=True)
    await shop.open("/one")
    await shop.page.evaluate("act()")
    await shop.page.locator("#secret").fill(shop.canaries.word("typed-password"))
    await shop.page.locator("#plain").press_sequentially(shop.canaries.word("typed"), delay=15)
    await shop.page.wait_for_timeout(500)
    seen = await shop.page.evaluate(f"({ELEMENTS})(document.body)")
    await shop.open("/two")  # what is seen goes out while the page goes away
    rows: list[dict[str, Any]] = []
    async with asyncio.timeout(20):
        while len({row["document"] for row in rows}) < 2:
            await asyncio.sleep(0.1)
            rows = await shop.rows()
    assert uncaught == []
    assert {len({row[name] for row in rows}) for name in ("visit", "tab")} == {1}
    left = shop.canaries.found_in(b"".join(body for body in sent if b'"type":"record"' in body))
    assert {path.split(" (")[0] for path in left} <= LOOKS
    assert shop.canaries.found_in(in_order(rows)) == []
    first = [row for row in rows if row["document"] == rows[0]["document"]]
    player = await play(browser, orjson.dumps(in_order(first)))
    assert await player.evaluate(f"({ELEMENTS})(window.player.iframe.contentDocument.body)") == seen


async def test_the_next_page_goes_on_in_the_same_recording_with_what_was_last_seen_of_the_first(shop: Shop) -> None:
    await shop.serve()
    await shop.open("/one")
    await shop.settled()
    await shop.page.locator("#plain").fill("last words")
    await shop.open("/two")  # what is seen goes out while the page goes away
    await shop.settled()
    rows = await shop.rows()
    assert len({row["tab"] for row in rows}) == 1
    first, second = dict.fromkeys(row["document"] for row in rows)
    pages = [[row for row in rows if row["document"] == one] for one in (first, second)]
    typed = [event for event in in_order(pages[0]) if event["type"] == 3 and event["data"]["source"] == 5]
    assert typed
    assert all(2 in [event["type"] for event in in_order(page)] for page in pages)
    assert shop.canaries.found_in(b"".join(gzip.decompress(row["data"]) for row in rows)) == []


@pytest.mark.parametrize(("percent", "mode"), [(0, "replay"), (100, "analytics")])
async def test_a_recorder_is_told_not_to_begin(shop: Shop, percent: int, mode: str) -> None:
    database = shop.site.house.database
    await database.execute(tracking.SQL["keep"], shop.site.id, percent, [], [])
    await database.execute("UPDATE sites SET consent_mode = $2 WHERE id = $1", shop.site.id, mode)
    await shop.serve()
    await shop.open("/one")
    await shop.page.wait_for_timeout(2_000)
    assert await shop.page.evaluate("[window.recorderConfig, window.sent]") == [{"enabled": False}, None]
    assert await shop.rows() == []


async def test_a_page_without_an_answer_to_its_hit_records_nothing(shop: Shop) -> None:
    await shop.serve(blocked=True)
    await shop.open("/one")
    await shop.page.wait_for_timeout(2_500)
    assert await shop.page.evaluate("window.sent") == 0
    assert await shop.rows() == []


async def test_what_the_recorder_is_told(site: Site) -> None:
    """All texts are stars where no rule shows one, and what the rules leave out is left out there already."""
    told = (await site.client.get(f"/api/websites/{site.name}/recorder")).json()
    assert (told["enabled"], told["replayEnabled"], told["heatmapEnabled"]) == (True, True, False)
    assert (told["sampleRate"], told["maskLevel"]) == (1, "strict")
    assert told["blockSelector"] == ",".join((await site.house.rules.active(site.id)).rules.document.recording.blocked)
    assert (await site.client.get("/api/websites/unknown/recorder")).json() == {"enabled": False}
    for headers in ({"sec-gpc": "1"}, {"dnt": "1"}, {"x-sightline-consent": "analytics"}):
        refused = await site.client.get(f"/api/websites/{site.name}/recorder", headers=headers)
        assert refused.json() == {"enabled": False}
