"""Recordings: a page full of personal data, recorded by the SDK in Chromium, stored without any of it."""

import gzip
import json
from typing import Any

from tests.browser.conftest import Watched, read_chunk

PERSONAL = ("Anneliese", "ann.smith@example.com", "4111 1111 1111 1111", "+41 79 123 45 67", "Elm Street")
FORM = """
<h1>Hello Anneliese</h1>
<p title="Anneliese" aria-label="Elm Street 5">You live in Elm Street 5, ann.smith@example.com</p>
<input id=name name=name placeholder="Anneliese"><input id=email type=email><input id=card autocomplete=cc-number>
<textarea id=notes></textarea><select id=street><option>Elm Street 5</option></select>
<a href="/people/ann.smith@example.com?name=Anneliese">Profile of Anneliese</a>
<button id=more onclick="
  document.querySelector('p').textContent = 'Anneliese of Elm Street';
  console.log('Anneliese')">More</button>
<input id=search class=search><b class=search>Blue shoes</b>
"""


def fill(watched: Watched, attributes: str = "") -> None:
    watched.page("/form", FORM, attributes=attributes)
    page = watched.open("/form")
    page.wait_for_function("sightline.status().recording")
    for field, value in (
        ("#name", PERSONAL[0]),
        ("#email", PERSONAL[1]),
        ("#card", PERSONAL[2]),
        ("#notes", PERSONAL[3]),
    ):
        page.fill(field, value)
    page.fill("#search", "blue shoes")
    watched.rows.wait("chunk", watched.key, bool)  # what follows is a chunk of its own, however fast the machine
    page.click("#more")
    page.evaluate("history.pushState({}, '', '/form/done')")
    page.wait_for_timeout(300)
    page.close()


def events(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [event for row in rows for event in json.loads(gzip.decompress(row["data"]))]


def numbered(rows: list[dict[str, Any]]) -> bool:
    """Whether none is missing between the first and the last."""
    return sorted(row["seq"] for row in rows) == list(range(len(rows)))


def test_nothing_personal_leaves_the_page_and_the_recording_is_whole(watched: Watched) -> None:
    fill(watched)
    # The last two leave at once, and arrive in either order.
    rows = watched.rows.wait(
        "chunk", watched.key, lambda found: any(row["closed"] for row in found) and numbered(found)
    )
    sent = b"".join(read_chunk(body) for path, body in watched.answers.seen)
    for value in PERSONAL:
        assert value.encode() not in sent, value
    assert numbered(rows)
    stored = events(rows)
    assert {event["type"] for event in stored} >= {2, 3, 4, 5}
    assert all(value not in json.dumps(stored) for value in PERSONAL)
    views = watched.rows.of("event", watched.key)
    assert {row["visit"] for row in rows} == {row["visit"] for row in views}
    assert all(row["rules"] for row in rows)


def test_each_chunk_leaves_a_page_that_goes_once(watched: Watched) -> None:
    fill(watched)
    watched.rows.wait("chunk", watched.key, lambda found: any(row["seq"] > 0 for row in found))
    sent = [read_chunk(body).partition(b"\n")[0] for path, body in watched.answers.seen if path.endswith("/r")]
    numbers = sorted(json.loads(head)["seq"] for head in sent)
    assert len(numbers) > 1
    assert numbers == list(range(len(numbers)))


def test_a_payment_page_and_a_site_that_is_not_recorded_load_no_recorder(watched: Watched) -> None:
    watched.client.put(f"{watched.site_path}/tracking", json={"payment_pages": ["/checkout/*"]}).raise_for_status()
    watched.page("/checkout/card", "<input>")
    page = watched.open("/checkout/card")
    page.wait_for_function("sightline.visitId() !== ''")
    page.wait_for_timeout(300)
    assert (
        page.evaluate("performance.getEntriesByType('resource').filter(one => /r-[0-9a-f]+.js/.test(one.name)).length")
        == 0
    )
    assert not page.evaluate("sightline.status().recording")
    page.close()
    assert watched.rows.of("chunk", watched.key) == []


COUNTED = """
window.framed = 0;
new MutationObserver((changes) => {
  for (const { addedNodes } of changes) for (const node of addedNodes) if (node.localName === "iframe") framed += 1;
}).observe(document, { childList: true, subtree: true });
"""


def test_the_recorder_puts_no_frame_into_the_page(watched: Watched) -> None:
    watched.page("/plain", "<p>Nothing but this</p>")
    context = watched.context()
    context.add_init_script(COUNTED)
    page = watched.open("/plain", context=context)
    watched.rows.wait("chunk", watched.key, bool)
    assert page.evaluate("framed") == 0
