"""What watching costs the page: the example shop with SDK and recorder against itself without, on a slow processor.

A pair is two loads, each in a profile of its own that has nothing in its cache; who goes first alternates. How much two
equal loads differ is shown beside it: each load without the SDK against the next one without.
"""

import asyncio
import itertools
import os
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path

import httpx
from playwright.sync_api import Browser, Page, sync_playwright
from tests.browser.conftest import AGENT
from tests.dashboard.conftest import CHROMIUM, FLAGS
from tests.running import up
from tests.shop.conftest import served
from tools import assets

from bench.measurements import Figure, Result
from bench.pairs import upper_bound

TITLE = "What watching costs a page"
NOTE = (
    "Debian's Chromium, headless, processor slowed 4 times, 1280 by 900, an empty cache for every load; the shop, "
    "its API and Sightline on the same machine. Per page at least 31 pairs, taken in turn. LCP as the browser reports "
    "it; blocking is what tasks of over 50 ms have above 50 ms, from the start of the load until two seconds after its "
    "content is there, with the recorder's first snapshot. The bound of the median is that of 95 % of 5,000 "
    "resamples. `the same twice` compares the page without the SDK to itself, one pair later."
)
_PAIRS = int(os.environ.get("BENCH_PAIRS", "31"))
_PAGES = {"catalogue": ("/", ".card .name"), "product page": ("/plants/monstera", ".product")}
_SLOWER = 4
_AFTER_MS = 2000
_PROBE = """
window.measured = { lcp: 0, blocking: 0 };
new PerformanceObserver(list => list.getEntries().forEach(one => { measured.lcp = one.startTime }))
  .observe({ type: 'largest-contentful-paint', buffered: true });
const long = one => { measured.blocking += Math.max(0, one.duration - 50) };
new PerformanceObserver(list => list.getEntries().forEach(long))
  .observe({ type: 'longtask', buffered: true });
"""
Load = tuple[float, float]


async def run() -> list[Result]:
    return await asyncio.to_thread(_measured)


def _measured() -> list[Result]:
    assets.main()
    with tempfile.TemporaryDirectory(prefix="sl-bench-") as folder:
        Path(folder).chmod(0o755)
        with up(Path(folder) / "data", SIGHTLINE_DEMO_SHOP="true") as server, served(server) as plain:
            watched = server.wait_for_shop()
            assert 'data-site="pk_' in httpx.get(watched).text
            with sync_playwright() as driver:
                browser = driver.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, f"--user-agent={AGENT}"])
                try:
                    return [figure for name in _PAGES for figure in _page(browser, name, watched, plain)]
                finally:
                    browser.close()


def _page(browser: Browser, name: str, watched: str, plain: str) -> list[Result]:
    """The figures of one page."""
    path, selector = _PAGES[name]
    without: list[Load] = []
    with_sdk: list[Load] = []
    for number in range(_PAIRS + 1):
        found: dict[bool, Load] = {}
        for is_watched in (True, False) if number % 2 else (False, True):
            url = (watched if is_watched else plain) + path
            found[is_watched] = _load(browser, url, selector, is_watched=is_watched)
        if number:  # the first warms the servers
            without.append(found[False])
            with_sdk.append(found[True])
    lcp, blocking = ([on[which] - off[which] for on, off in zip(with_sdk, without, strict=True)] for which in (0, 1))
    again = [after[0] - before[0] for before, after in itertools.pairwise(without)]
    return [
        *_difference(f"{name}: LCP", lcp, limits=(15, 50)),
        *_difference(f"{name}: blocking", blocking, limits=(20, None)),
        *_difference(f"{name}: LCP, the same twice", again, limits=(None, None)),
        Figure(f"{name}: LCP without the SDK, median", statistics.median(load[0] for load in without), "ms"),
        Figure(f"{name}: blocking without the SDK, median", statistics.median(load[1] for load in without), "ms"),
    ]


def _difference(name: str, values: Sequence[float], *, limits: tuple[float | None, float | None]) -> list[Result]:
    median, upper = limits
    return [
        Figure(f"{name}, median difference of {len(values)} pairs", statistics.median(values), "ms", limit=median),
        Figure(f"{name}, upper bound of that median", upper_bound(values), "ms", limit=upper),
    ]


def _load(browser: Browser, url: str, selector: str, *, is_watched: bool) -> Load:
    """LCP and blocking of one load in an empty profile, in milliseconds."""
    context = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 900})
    try:
        context.add_init_script(_PROBE)
        page = context.new_page()
        context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": _SLOWER})
        page.goto(url)
        page.wait_for_selector(selector)
        page.wait_for_timeout(_AFTER_MS)
        return _read(page, is_watched=is_watched)
    finally:
        context.close()


def _read(page: Page, *, is_watched: bool) -> Load:
    """What was measured; a load that was not what it claims to be fails the run."""
    sdk = "globalThis[Symbol.for('sightline')]"
    if page.evaluate(f"{sdk}?.status().recording ?? false") is not is_watched:
        raise RuntimeError(f"{page.url}: the recorder {'does not run' if is_watched else 'runs'}")
    found = page.evaluate("measured")
    if not found["lcp"]:
        raise RuntimeError(f"{page.url}: the browser has reported no LCP")
    return float(found["lcp"]), float(found["blocking"])
