"""Nothing that was planted in a page survives the server, whatever the recorder let through."""

import asyncio
from typing import Any

import orjson
import pytest

from sightline.privacy.dictionary import Rules, default, load
from sightline.privacy.recording.masker import encode, mask, rebuild
from sightline.privacy.recording.state import State
from tests.privacy.recordings.browser import PLAYED_TREE, chromium, play
from tests.privacy.recordings.conftest import Visit

pytestmark = pytest.mark.browser

SIGNED = '[[unmask]]\nreason = "test"\nsigned_by = "admin"\ndate = 2026-01-01\n'


def site(*entries: str) -> Rules:
    return load('dictionary = 1\nname = "shop"\n' + "".join(f"{SIGNED}{entry}\n" for entry in entries), default())


def in_chunks(events: list[Any], size: int) -> list[list[Any]]:
    return [events[at : at + size] for at in range(0, len(events), size)]


def test_the_page_leaks_by_at_least_77_paths_without_the_masker(visit: Visit) -> None:
    leaking = {found.rpartition(" ")[0] for found in visit.canaries.found_in(visit.body)}
    assert len(leaking) >= 150
    assert b"user-jane-doe" in visit.body


def test_no_canary_is_left_of_the_whole_recording(visit: Visit) -> None:
    masked = mask(default(), None, visit.events)
    assert visit.canaries.found_in(masked.events) == []
    assert "jane" not in encode(masked.events).decode()
    assert "masked whole" not in masked.dropped
    assert "unreadable" not in masked.dropped


@pytest.mark.parametrize("size", [1, 3, 7])
def test_no_canary_is_left_by_two_maskers_that_share_only_committed_chunks(visit: Visit, size: int) -> None:
    rules = site('selector = ".css-x7q2k9"', 'selector = "#editor"')
    committed: list[bytes] = []
    seen = [0, 0]
    states: list[State] = [State(), State()]
    for number, chunk in enumerate(in_chunks(visit.events, size)):
        server = number % 2
        if number == 4:
            seen[server], states[server] = 0, State()  # restarted: it knows nothing any more
        missed = [orjson.loads(body) for body in committed[seen[server] :]]
        state = rebuild(rules, missed) if seen[server] == 0 else states[server]
        for body in missed if seen[server] else []:
            state = mask(rules, state, body).state
        states[server], events, _ = mask(rules, state, chunk)
        committed.append(encode(events))
        seen[server] = len(committed)
    shown = {found.rpartition(" ")[0] for body in committed for found in visit.canaries.found_in(body)}
    assert {"deep-text", "pre-text", "editor-mutation"} <= shown <= IN_CARD | IN_EDITOR


def test_without_a_state_a_chunk_is_masked_whole(visit: Visit) -> None:
    rules = site('selector = "body"')
    events = visit.events
    snapshot = next(at for at, event in enumerate(events) if event["type"] == 2)
    late = mask(rules, None, events[snapshot + 1 :])
    assert late.events
    assert visit.canaries.found_in(late.events) == []


def test_masking_twice_changes_nothing_and_finds_the_same_state(visit: Visit) -> None:
    for rules in (default(), site('selector = ".css-x7q2k9"', 'selector = "nav"')):
        state, events, _ = mask(rules, None, visit.events)
        again = mask(rules, None, orjson.loads(encode(events)))
        assert encode(again.events) == encode(events)
        assert again.state == state


# What an entry for the card of the page shows: its texts and visible attributes. Nothing of the rest of the page.
IN_CARD = {"deep-text", "pre-text", "output", "title-attribute", "abbr", "meter-title", "aria-label"}
IN_EDITOR = {"contenteditable", "editor-mutation", "typed-editor", "aria-placeholder"}


def test_unmasked_parts_are_readable_and_nothing_else_is(visit: Visit) -> None:
    masked = mask(site('selector = ".css-x7q2k9"'), None, visit.events)
    shown = {found.rpartition(" ")[0] for found in visit.canaries.found_in(masked.events)}
    assert {"deep-text", "pre-text", "output", "abbr"} <= shown
    assert shown <= IN_CARD


def test_an_entry_for_a_whole_page_does_not_reach_inputs_with_a_field_frames_or_urls(visit: Visit) -> None:
    masked = mask(site('page = "/people/*"'), None, visit.events)
    shown = {found.rpartition(" ")[0] for found in visit.canaries.found_in(masked.events)}
    assert {"text", "deep-text", "input-search", "option-text"} <= shown
    hidden = "input-password typed-password typed-toggled input-email input-tel input-card input-hidden srcdoc "
    hidden += "frame-text page-query href-query href-fragment href-user data comment meta-csrf css-content css-url "
    hidden += "onclick style-url form-action"
    assert shown.isdisjoint(hidden.split())
    # The recorder does not tell when a page changes its address: what changed later is masked.
    assert shown.isdisjoint({"mutation-text", "added-text", "typed"})


@pytest.mark.parametrize("entries", [(), ('selector = ".css-x7q2k9"', 'selector = "header"')])
def test_what_is_masked_replays_with_the_structure_of_the_page(visit: Visit, entries: tuple[str, ...]) -> None:
    masked = mask(site(*entries), None, visit.events)
    played, text, display = asyncio.run(_replay(encode(masked.events)))
    unmasked, _, _ = asyncio.run(_replay(visit.body))
    assert plain_tree(played) == plain_tree(unmasked)
    # The player itself loses the document of a frame that was added while recording; nothing else.
    assert [lost for lost, _ in differences(plain_tree(played), plain_tree(visit.tree))] == [
        "main/section/article/iframe/#9"
    ]
    assert display == "flex"
    readable = {name.rpartition(" ")[0] for name, token in visit.canaries.planted.items() if token in text.lower()}
    assert readable == ({"mutation-text", "deep-text", "pre-text", "output"} if entries else set())


async def _replay(events: bytes) -> tuple[list[Any], str, str]:
    async with chromium() as browser:
        page = await play(browser, events)
        text = await page.evaluate("window.player.iframe.contentDocument.body.innerText")
        display = await page.evaluate(
            "getComputedStyle(window.player.iframe.contentDocument.querySelector('main > div')).display"
        )
        return await page.evaluate(PLAYED_TREE), text, display


def differences(a: list[Any], b: list[Any], path: str = "") -> list[tuple[str, int]]:
    """Where two trees have other children, as paths below the body."""
    found: list[tuple[str, int]] = []
    for some, others in zip(a[2:], b[2:], strict=True):
        if [child[:2] for child in some] != [child[:2] for child in others]:
            found.append((f"{path}/{a[0]}".removeprefix("/#9/html/body/"), a[1]))
        for one, other in zip(some, others, strict=False):
            found += differences(one, other, f"{path}/{a[0]}")
    return found


def plain_tree(tree: list[Any]) -> list[Any]:
    """A tree without what a player makes otherwise on purpose: scripts, linked sheets, unknown elements."""
    name, node, shadow, children = tree
    name = {"script": "noscript", "link": "link or style", "style": "link or style"}.get(name, name)
    if "-" in name:
        name = "custom"
    if name in {"textarea", "link or style", "noscript"}:
        children = []
    return [name, node, *([plain_tree(child) for child in some] for some in (shadow, children))]
