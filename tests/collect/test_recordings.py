"""Chunks of recordings, from bytes on the wire to rows in PostgreSQL: masked in order, stored once."""

import gzip
import json
import time
from typing import Any

import httpx
import msgspec

from sightline.server.recordings import SQL, Recordings
from tests.collect.conftest import Site

NAME = "Anneliese Elmstreet"


def snapshot(text: str) -> list[dict[str, Any]]:
    """A page with one text, as a recorder writes it that masks nothing."""
    paragraph = {"type": 2, "id": 5, "tagName": "p", "attributes": {"title": text}, "childNodes": [
        {"type": 3, "id": 6, "textContent": text},
    ]}  # fmt: skip
    body = {"type": 2, "id": 4, "tagName": "body", "attributes": {}, "childNodes": [paragraph]}
    html = {"type": 2, "id": 3, "tagName": "html", "attributes": {}, "childNodes": [body]}
    root = {
        "type": 0,
        "id": 1,
        "childNodes": [{"type": 1, "id": 2, "name": "html", "publicId": "", "systemId": ""}, html],
    }
    now = int(time.time() * 1000)
    return [
        {"type": 4, "timestamp": now, "data": {"href": "https://shop.example/a", "width": 390, "height": 844}},
        {"type": 2, "timestamp": now + 1, "data": {"node": root, "initialOffset": {"top": 0, "left": 0}}},
    ]


def changed(text: str) -> list[dict[str, Any]]:
    texts = [{"id": 6, "value": text}]
    data = {"source": 0, "texts": texts, "attributes": [], "removes": [], "adds": []}
    return [{"type": 3, "timestamp": int(time.time() * 1000), "data": data}]


async def post(here: Site, events: list[Any], *, seq: int, headers: Any = None, **more: Any) -> httpx.Response:
    now = time.time() * 1000
    key = await here.house.database.fetchval("SELECT public_key FROM sites WHERE id = $1", here.id)
    head = {
        "v": 1, "site": key, "tab": "tab12345", "doc": "document1", "seq": seq, "at": now, "first": now - 5,
        "last": now, "n": len(events), "host": "shop.example", "url": "https://shop.example/a", **more,
    }  # fmt: skip
    body = gzip.compress(json.dumps(head).encode() + b"\n" + json.dumps(events).encode())
    return await here.client.post(f"/{here.parts.sdk.path}/r", content=body, headers=headers)


async def stored(here: Site) -> list[dict[str, Any]]:
    return [dict(row) for row in await here.house.database.fetch("SELECT * FROM signal_chunk ORDER BY seq")]


async def test_what_a_browser_did_not_mask_is_masked_before_it_is_stored(site: Site) -> None:
    first = await post(site, snapshot(NAME), seq=0)
    second = await post(site, changed(NAME), seq=1)
    assert (first.json()["accepted"], second.json()["accepted"]) == (1, 1), first.text
    rows = await stored(site)
    found = [gzip.decompress(row["data"]).decode() for row in rows]
    assert all("Anneliese" not in text and "Elmstreet" not in text for text in found)
    assert [row["seq"] for row in rows] == [0, 1]
    assert [row["events"] for row in rows] == [2, 1]
    assert json.loads(found[1])[0]["data"]["texts"][0]["id"] == 6


async def test_a_chunk_that_comes_again_is_stored_once(site: Site) -> None:
    for _ in range(2):
        await post(site, snapshot(NAME), seq=0)
    again = await post(site, changed("x"), seq=0)
    assert again.json() == {"accepted": 0, "duplicate": True}
    assert len(await stored(site)) == 1


async def test_a_chunk_that_another_overtook_is_stored_all_the_same(site: Site) -> None:
    """The last two of a page that goes are sent at once, and may arrive in either order."""
    await post(site, snapshot(NAME), seq=0)
    assert (await post(site, changed("last"), seq=2)).json()["accepted"] == 1
    assert (await post(site, changed(NAME), seq=1)).json()["accepted"] == 1
    assert (await post(site, changed(NAME), seq=1)).json() == {"accepted": 0, "duplicate": True}
    assert (await post(site, changed("something else"), seq=3)).json()["accepted"] == 1
    rows = await stored(site)
    assert [(row["seq"], row["events"], row["dropped"]) for row in rows] == [(0, 2, 0), (1, 1, 0), (2, 1, 0), (3, 1, 0)]
    assert all("Anneliese" not in gzip.decompress(row["data"]).decode() for row in rows)


async def test_another_process_goes_on_where_the_first_one_ended(site: Site) -> None:
    await post(site, snapshot(NAME), seq=0)
    known = site.parts.sdk.recordings.page(site.id, "document1").state
    site.parts.sdk.recordings = Recordings(site.house, site.parts.intake)
    answer = await post(site, changed(NAME), seq=1)
    assert answer.json()["accepted"] == 1
    rows = await stored(site)
    assert [row["dropped"] for row in rows] == [0, 0]
    again = site.parts.sdk.recordings.page(site.id, "document1").state
    assert again is not None
    assert known is not None
    assert set(msgspec.to_builtins(again)) == set(msgspec.to_builtins(known))
    assert (await post(site, changed(NAME), seq=1)).json() == {"accepted": 0, "duplicate": True}


async def test_who_agreed_to_analytics_only_is_not_recorded(site: Site) -> None:
    for more in ({"consent": "analytics"}, {"headers": {"sec-gpc": "1"}}):
        answer = await post(site, snapshot(NAME), seq=0, **more)
        assert answer.status_code == 403, answer.text
        assert answer.headers["access-control-allow-origin"] == "*"
    assert await stored(site) == []


async def test_a_machine_is_not_recorded_and_no_page_view_waits_in_the_quarantine(site: Site) -> None:
    answer = await post(site, snapshot(NAME), seq=0, headers={"user-agent": "curl/8"})
    assert answer.status_code == 403
    await site.parts.intake.quarantine.close()
    assert await site.house.database.fetchval("SELECT count(*) FROM quarantine") == 0


async def test_events_that_nobody_can_read_are_left_out_and_counted(site: Site) -> None:
    answer = await post(site, [1, None, {"type": 99}, *snapshot("x")], seq=0)
    assert answer.status_code == 200
    (row,) = await stored(site)
    assert (row["events"], row["dropped"]) == (2, 3)


async def test_a_page_is_found_among_many_without_reading_them_all(site: Site) -> None:
    await post(site, snapshot("x"), seq=0)
    await site.house.database.execute(
        "INSERT INTO signal_chunk (site, received_ms, document, seq)"
        " SELECT site, received_ms, 'other' || n, 0 FROM signal_chunk, generate_series(1, 5000) AS n"
    )
    await site.house.database.execute("ANALYZE signal_chunk")
    plan = await site.house.database.fetch(
        f"EXPLAIN (ANALYZE, TIMING off) {SQL['of_document']}", 0, site.id, "document1"
    )
    text = "\n".join(row[0] for row in plan)
    assert "document_seq_idx" in text
    assert "Seq Scan" not in text


async def test_two_processes_take_the_chunks_of_one_page_in_turn(site: Site) -> None:
    """One of them is started anew on the way; a chunk that never came is no reason to stop."""
    both = [site.parts.sdk.recordings, Recordings(site.house, site.parts.intake)]
    await post(site, snapshot(NAME), seq=0)
    for seq in (1, 2, 3, 4, 6, 7):
        if seq == 4:
            both[0] = Recordings(site.house, site.parts.intake)
        site.parts.sdk.recordings = both[seq % 2]
        paragraph = {
            "type": 2,
            "id": 10 + seq,
            "tagName": "input",
            "attributes": {"type": "password"},
            "childNodes": [],
        }
        added = {"source": 0, "texts": [], "attributes": [], "removes": [], "adds": [
            {"parentId": 4, "nextId": None, "node": paragraph},
        ]}  # fmt: skip
        # What the other one saw: an input that asked for a password stays one, whatever it becomes.
        became = {"source": 0, "texts": [], "adds": [], "removes": [], "attributes": [
            {"id": 9 + seq, "attributes": {"type": "text", "value": NAME}},
        ]}  # fmt: skip
        now = int(time.time() * 1000)
        events = [{"type": 3, "timestamp": now + n, "data": data} for n, data in enumerate((added, became))]
        assert (await post(site, events, seq=seq)).json()["accepted"] == 1
    rows = await stored(site)
    assert [row["seq"] for row in rows] == [0, 1, 2, 3, 4, 6, 7]
    assert sum(row["dropped"] for row in rows) == 0
    assert all("Anneliese" not in gzip.decompress(row["data"]).decode() for row in rows)
