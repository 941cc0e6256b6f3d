"""One visit to the canary page, recorded once by Chromium for all tests that look at it."""

import asyncio
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pytest

from tests.privacy.recordings.browser import LIVE_TREE, chromium, open_page, recorded, start_recording
from tests.privacy.recordings.canaries import Canaries

PAGE = Path(__file__).parent / "page"


class Visit(NamedTuple):
    """What the browser sent, what had been planted, and the page's tree at the end."""

    body: bytes
    canaries: Canaries
    tree: list[Any]

    @property
    def events(self) -> list[Any]:
        """The events, fresh each time: masking changes them in place."""
        found: list[Any] = orjson.loads(self.body)
        return found


@pytest.fixture(scope="session")
def visit() -> Visit:
    return asyncio.run(_visit())


async def _visit() -> Visit:
    canaries = Canaries()
    sources = {
        name: canaries.plant((PAGE / name).read_text()) for name in ("index.html", "frame.html", "site.css", "act.js")
    }
    path = f"/people/{canaries.word('page-path')}"
    files = {path: sources["index.html"], "/frame.html": sources["frame.html"], "/assets/site.css": sources["site.css"]}
    async with chromium() as browser:
        query = (
            f"?q={canaries.word('page-query')}&card={canaries.number('page-query')}#{canaries.word('page-fragment')}"
        )
        page = await open_page(browser, files, path + query)
        await start_recording(page)
        await page.add_script_tag(content=sources["act.js"])
        await page.evaluate("act()")
        await page.locator("#secret").fill(canaries.word("typed-password"))
        await page.locator("#plain").press_sequentially(canaries.word("typed"), delay=15)
        await page.locator("#notes").press_sequentially(canaries.number("typed-area"), delay=5)
        await page.locator("#toggled").press_sequentially(canaries.word("typed-toggled"), delay=5)
        await page.locator("#editor").press_sequentially(canaries.word("typed-editor"), delay=15)
        await page.locator("#choice").select_option(index=0)
        await page.mouse.move(40, 60, steps=5)
        await page.locator("#greeting").dblclick()
        body = await recorded(page)
        tree = await page.evaluate(LIVE_TREE)
    return Visit(body, canaries, tree)
