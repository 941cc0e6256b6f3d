"""How soon the dashboard shows a big site: its first page, and the same page for another range of time."""

import asyncio
import statistics
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright
from tests.dashboard.conftest import CHROMIUM, FLAGS
from tools import assets

from bench.measurements import Figure, Result
from bench.reports import DAYS, EVENTS, Bench
from sightline import clock

TITLE = "The dashboard of a big site"
NOTE = (
    f"Overview in Debian's Chromium, headless, 1440 by 900, on a site with {EVENTS:,} events in the last {DAYS} days, "
    "in an open warehouse; browser, server and PostgreSQL on the same machine. From the start of the navigation, "
    "or from the key that moves the range, until the headline figures of that range are on the screen, and until every "
    "panel is. No range is asked for twice. BENCH_EVENTS=10000000 is the size that the limits are for."
)
_LOADS = 7
_KEYS = ("ArrowLeft", "ArrowLeft", "w", "ArrowLeft", "ArrowLeft", "d", "t", "ArrowLeft", "m", "y", "a")
_HAS_LIMITS = EVENTS >= 10_000_000
_SHOWN = """
const figures = () => document.querySelector('section[aria-busy="false"] .tiles .value');
const settled = () => figures() && !document.querySelector('[aria-busy="true"]');
const moment = (holds) => new Promise(resolve => {
  const look = () => holds() ? resolve(performance.now()) : requestAnimationFrame(look);
  look();
});
"""
_LOADED = f"""async () => {{
  {_SHOWN}
  const shown = await moment(figures);
  const paints = performance.getEntriesByName('first-contentful-paint');
  return [paints[0].startTime, shown, await moment(settled)];
}}"""
_MOVED = f"""async (key) => {{
  {_SHOWN}
  const start = performance.now(), was = location.href;
  document.body.dispatchEvent(new KeyboardEvent('keydown', {{ key, bubbles: true, cancelable: true }}));
  await moment(() => location.href !== was && document.querySelector('section[aria-busy="true"]'));
  return [await moment(figures) - start, await moment(settled) - start];
}}"""


async def run() -> list[Result]:
    return await asyncio.to_thread(_measured)


def _measured() -> list[Result]:
    assets.main()
    with tempfile.TemporaryDirectory(prefix="sl-bench-") as folder:
        bench = Bench(Path(folder), clock.now_ms() - DAYS * 86_400_000)
        try:
            with sync_playwright() as driver:
                browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
                context = browser.new_context(locale="en-GB", viewport={"width": 1440, "height": 900})
                context.add_cookies([_cookie(bench)])
                page = context.new_page()
                results = [*_loads(page, bench), *_moves(page)]
                browser.close()
        finally:
            bench.running.stop()
    return results


def _cookie(bench: Bench) -> Any:
    return {"name": "sightline", "value": bench.client.cookies["sightline"], "url": str(bench.client.base_url)}


def _loads(page: Page, bench: Bench) -> list[Result]:
    address = str(bench.client.base_url.join(f"/{bench.sites[0]}/overview"))
    found = []
    for _ in range(_LOADS + 1):
        page.goto(address)
        found.append(page.evaluate(_LOADED))
    painted, shown, settled = (statistics.median(one[which] for one in found[1:]) for which in range(3))
    return [
        Figure("Overview, first paint with content", painted, "ms", limit=1000 if _HAS_LIMITS else None),
        Figure("Overview, headline figures shown", shown, "ms", limit=1000 if _HAS_LIMITS else None),
        Figure("Overview, every panel shown", settled, "ms"),
        Figure("Overview, the first load after a restart, headline figures shown", found[0][1], "ms"),
    ]


def _moves(page: Page) -> list[Result]:
    found = [page.evaluate(_MOVED, key) for key in _KEYS]
    limit = 400 if _HAS_LIMITS else None
    shown, settled = (statistics.median(one[which] for one in found) for which in range(2))
    return [
        Figure("another range, headline figures shown, median", shown, "ms", limit),
        Figure("another range, every panel shown, median", settled, "ms"),
    ]
