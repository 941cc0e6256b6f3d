"""What the real tracker sends, converted and replayed: the player's tree is the page's, node for node."""

import asyncio
from typing import Any

import orjson
import pytest
from playwright.async_api import Browser, Page

from sightline.collect.openreplay import page as known
from sightline.collect.openreplay.converter import convert
from tests.openreplay.shop import LIVE, Ingest, shop
from tests.privacy.recordings.browser import PLAYED_TREE, chromium, play

pytestmark = pytest.mark.browser
INVENTED = 2**29


def converted(ingest: Ingest) -> list[dict[str, Any]]:
    """All events of the first page, body by body, with the state written and read between them."""
    state, events = known.Page(), []
    for _, _, parts in ingest.batches:
        events += convert(state, parts).events
        state = known.load(known.dump(state))
    return sorted(events, key=lambda event: event["timestamp"])


def of_html(tree: list[Any]) -> list[Any]:
    """The tree of `<html>`, without what the conversion made up."""
    html = next(child for child in tree[3] if child[0] == "html") if tree[0] == "#9" else tree
    return without_invented(html)


def without_invented(node: list[Any]) -> list[Any]:
    name, number, shadow, children = node
    kept = [[without_invented(child) for child in some if child[1] < INVENTED] for some in (shadow, children)]
    return [name, number, *kept]


async def visited(browser: Browser, ingest: Ingest, *, acts: str, more: str = "", kept: bool = False) -> Any:
    """Visit the page, do something there, and answer the live tree at the end, or what was done there."""
    with shop(ingest, more=more) as here:
        page = await browser.new_page()
        await page.goto(here.url)
        await page.evaluate("window.started")
        await page.wait_for_timeout(150)
        done = await page.evaluate(acts)
        live = done if kept else await page.evaluate(LIVE)
        await page.evaluate("tracker.forceFlushBatch()")
        await page.wait_for_timeout(400)
        await page.close()
    return live


async def replayed(browser: Browser, events: list[dict[str, Any]]) -> Page:
    return await play(browser, orjson.dumps(events))


@pytest.mark.parametrize("protocol", [1, 2])
def test_the_replayed_page_is_the_live_one_node_for_node(protocol: int) -> None:
    async def test() -> None:
        async with chromium() as browser:
            ingest = Ingest(protocol=protocol)
            live = await visited(browser, ingest, acts="act().then(addRows)" if protocol == 2 else "act()")
            player = await replayed(browser, converted(ingest))
            assert of_html(await player.evaluate(PLAYED_TREE)) == of_html(live)

    asyncio.run(test())


# Ten things happen one after the other; after each the live tree is noted, with the moment.
STEPS = """
async () => {
  const points = [], list = document.getElementById("list");
  const root = document.getElementById("host").shadowRoot;
  const inner = document.getElementById("frame").contentDocument.getElementById("inner");
  const steps = [
    () => list.append(list.firstElementChild), () => list.lastElementChild.remove(),
    () => list.prepend(document.createElement("li")), () => (root.getElementById("within").innerHTML = "<li>1<li>2"),
    () => inner.append(inner.firstElementChild), () => list.replaceChildren(...[...list.children].reverse()),
    () => document.getElementById("greeting").after(document.getElementById("host")),
    () => (document.getElementById("rows").innerHTML = "<tr><td>1</td></tr><tr><td>2</td></tr>"),
    () => root.getElementById("within").firstElementChild.remove(), () => list.replaceChildren(),
  ];
  for (const step of steps) {
    step();
    await tick(120);
    points.push([Date.now(), (LIVE)()]);
    await tick(60);
  }
  return points;
}
"""
SEEK = """
async (at) => {
  window.player.pause(at);
  await new Promise((done) => setTimeout(done, 60));
}
"""


def test_sought_to_ten_points_the_player_shows_what_the_page_was_then() -> None:
    async def test() -> None:
        async with chromium() as browser:
            ingest = Ingest()
            points = await visited(browser, ingest, acts=STEPS.replace("LIVE", LIVE), kept=True)
            events = converted(ingest)
            player = await replayed(browser, events)
            for number in (9, 2, 5, 0, 7, 1, 8, 3, 6, 4):  # back and forth
                at_ms, tree = points[number]
                await player.evaluate(SEEK, at_ms - events[0]["timestamp"])
                assert of_html(await player.evaluate(PLAYED_TREE)) == of_html(tree), number

    asyncio.run(test())


def parents(node: list[Any], found: dict[int, tuple[int, ...]]) -> dict[int, tuple[int, ...]]:
    """The children of each node."""
    found[node[1]] = tuple(child[1] for child in node[3])
    for child in (*node[2], *node[3]):
        parents(child, found)
    return found


@pytest.mark.parametrize("turns", [pytest.param(False, marks=pytest.mark.soak), True])
def test_of_200_lists_that_are_changed_at_random_at_most_5_are_wrong(turns: bool) -> None:
    async def test() -> None:
        async with chromium() as browser:
            ingest = Ingest()
            live = parents(of_html(await visited(browser, ingest, acts=f"random(7, {int(turns)})")), {})
            player = await replayed(browser, converted(ingest))
            shown = parents(of_html(await player.evaluate(PLAYED_TREE)), {})
            wrong = [node for node in live.keys() | shown.keys() if live.get(node) != shown.get(node)]
            assert len(live) > 200 * 5
            assert len(wrong) <= 5, wrong

    asyncio.run(test())
