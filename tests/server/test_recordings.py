"""Recordings over HTTP: open and sealed ones alike, and nobody looks without a trace."""

from typing import Any

import orjson
import pytest

from sightline import clock
from sightline.health.failures import Failure
from sightline.health.vitals import Vital
from sightline.keys.failures import KeyDestroyed
from sightline.operate.house import House
from sightline.replay.sealing import Sealing
from sightline.settings import SignalSettings
from sightline.signals.event import Event, EventType
from sightline.signals.journal import Batch, Journal
from sightline.signals.kind import Signal
from tests.replay.making import START_MS, chunk, clicks, page, stored
from tests.server.application import Browser
from tests.server.calls import error

ID = "7-tab12345"


async def made(admin: Browser, house: House) -> tuple[str, list[dict[str, Any]]]:
    """A site with one recording that is under way."""
    team = (await admin("GET", "/me")).json()["teams"][0]["id"]
    site = (await admin("POST", "/sites", {"name": "Shop", "team": team})).json()["id"]
    events = [*page(START_MS), *clicks(START_MS + 1000, 3), *page(START_MS + 9000, path="/b")]
    await stored(house.database, chunk(events, site=int(site)))
    return f"/sites/{site}/recordings", events


async def seal(house: House) -> None:
    await Sealing(house.database, house.stores.recordings, house.keys).run(idle_ms=-60_000)


async def test_a_recording_is_looked_at_while_it_goes_on_and_when_it_is_sealed(admin: Browser, house: House) -> None:
    path, events = await made(admin, house)
    assert (await admin("GET", path)).json() == {"items": [], "next": None}
    (opened,) = (await admin("GET", f"{path}?state=open")).json()["items"]
    assert (opened["id"], opened["state"], opened["active_ms"]) == (ID, "open", None)
    for sealed in (False, True):
        if sealed:
            await seal(house)
        one = (await admin("GET", f"{path}/{ID}")).json()
        assert (one["state"], one["events"]) == ("sealed" if sealed else "open", len(events))
        told = (await admin("GET", f"{path}/{ID}/events")).json()
        assert (told["events"], told["next"], told["place"], told["gaps"]) == (events, 0, None, [])
        assert told["state"] == one["state"]
        line = (await admin("GET", f"{path}/{ID}/marks")).json()
        assert [mark["kind"] for mark in line["marks"]] == ["page", "click", "click", "click", "page"]
        assert [found["name"] for found in line["findings"]] == ["rage-click", "dead-click"]
        assert [span["to_ms"] - span["from_ms"] for span in line["active"]] == [400]
        exported = await admin("GET", f"{path}/{ID}/export")
        assert exported.json() == events
        assert "attachment" in exported.headers["content-disposition"]
    (listed,) = (await admin("GET", path)).json()["items"]
    assert (listed["clicks"], listed["findings"], listed["pages"][-1]) == (
        3, ["dead-click", "rage-click"], "https://shop.example/b",
    )  # fmt: skip
    part = (await admin("GET", f"{path}/{ID}/events?from={START_MS}&to={START_MS + 5000}")).json()
    assert part["next"] == START_MS + 9000
    rest = (await admin("GET", f"{path}/{ID}/events?from={part['next']}")).json()
    assert part["events"] + rest["events"] == events
    further = (await admin("GET", f"{path}/{ID}/events?place={part['place']}")).json()
    assert (part["place"], part["events"] + further["events"]) == (1, events)


async def test_every_look_and_every_change_is_in_the_audit(admin: Browser, house: House) -> None:
    path, _ = await made(admin, house)
    await seal(house)
    for call in ("events", "marks", "panes", "export"):
        await admin("GET", f"{path}/{ID}/{call}")
    await admin("POST", f"{path}/{ID}/notes", {"at_ms": START_MS, "text": "look here"})
    await admin("PUT", f"{path}/{ID}/tags", {"tags": ["broken"]})
    await admin("PUT", f"{path}/{ID}/keep", {"kept": True})
    assert (await admin("DELETE", f"{path}/{ID}")).status_code == 204
    rows = (await admin("GET", "/audit")).json()["items"]
    said = [(row["action"], row["object_kind"], row["object_id"]) for row in rows if "recording" in row["action"]]
    assert [action for action, *_ in said] == [
        "recording.delete", "recording.keep", "recording.tag", "recording.note", "recording.export", "recording.view",
        "recording.view", "recording.view",
    ]  # fmt: skip
    assert {(kind, visit) for _, kind, visit in said} == {("visit", "7")}


async def test_a_recording_is_found_kept_and_deleted(admin: Browser, house: House) -> None:
    path, _ = await made(admin, house)
    await seal(house)
    for query, found in (
        ("finding=rage-click", 1), ("finding=quick-back", 0), ("page=/b", 1), ("page=/c", 0), ("kept=true", 0),
        ("where=click&where=page:/b&match=then", 1), ("where=page:/b&where=click&match=then", 0), ("visit=7", 1),
        ("visit=8", 0), ("errors=true", 0), (f"since={START_MS + 1}", 0),
    ):  # fmt: skip
        assert len((await admin("GET", f"{path}?{query}")).json()["items"]) == found, query
    assert (await admin("PUT", f"{path}/{ID}/keep", {"kept": True})).json()["kept"] is True
    assert len((await admin("GET", f"{path}?kept=true")).json()["items"]) == 1
    assert error(await admin("GET", f"{path}?finding=x")) == (422, "invalid_value", "finding")
    await admin("DELETE", f"{path}/{ID}")
    for call in ("", "/events", "/marks", "/export"):
        assert (await admin("GET", f"{path}/{ID}{call}")).status_code == 404
    assert (await admin("GET", f"{path}/nonsense/events")).status_code == 404


async def test_an_upload_is_masked_and_becomes_a_recording(admin: Browser, house: House) -> None:
    path, events = await made(admin, house)
    text = events[1]["data"]["node"]["childNodes"][0]["childNodes"][0]["childNodes"][1]["childNodes"][0]
    text["textContent"] = "Anneliese"
    uploaded = (await admin("POST", path, events)).json()
    exported = (await admin("GET", f"{path}/{uploaded['id']}/export")).content
    assert b"Anneliese" not in exported
    assert len(orjson.loads(exported)) == uploaded["events"] == len(events)
    assert error(await admin("POST", path, events[2:5]))[:2] == (422, "invalid_value")


async def test_what_all_recordings_take_is_told(admin: Browser, house: House) -> None:
    _, _ = await made(admin, house)
    await seal(house)
    told = (await admin("GET", "/recordings/storage")).json()
    assert (told["recordings"], told["budget"], told["full"]) == (1, 0, False)
    assert 0 < told["bytes"] <= told["bytes_in_30_days"]


async def test_notes_and_tags_stand_beside_a_recording_and_go_with_it(admin: Browser, house: House) -> None:
    path, _ = await made(admin, house)
    assert (await admin("POST", f"{path}/{ID}/notes", {"at_ms": START_MS, "text": "x"})).status_code == 404  # not yet
    await seal(house)
    note = {"at_ms": START_MS + 5, "text": "the button of anneliese@example.com is dead"}
    written = (await admin("POST", f"{path}/{ID}/notes", note)).json()
    assert "anneliese" not in written["text"]
    assert (await admin("GET", f"{path}/{ID}/notes")).json()["items"] == [written]
    assert (await admin("PUT", f"{path}/{ID}/tags", {"tags": ["checkout", "broken"]})).json()["tags"] == [
        "broken", "checkout",
    ]  # fmt: skip
    assert error(await admin("PUT", f"{path}/{ID}/tags", {"tags": ["No Tag"]})) == (422, "invalid_value", "tags")
    assert error(await admin("POST", f"{path}/{ID}/notes", {"at_ms": 1, "text": "  "})) == (
        422,
        "invalid_value",
        "text",
    )
    for tag, found in (("broken", 1), ("other", 0)):
        assert len((await admin("GET", f"{path}?tag={tag}")).json()["items"]) == found
    gone = f"{path}/{ID}/notes/{written['id']}"
    assert [(await admin("DELETE", gone)).status_code for _ in range(2)] == [204, 404]
    await admin("POST", f"{path}/{ID}/notes", note)
    await admin("DELETE", f"{path}/{ID}")
    assert await house.database.fetchval("SELECT count(*) FROM recording_notes") == 0


async def test_a_link_shows_one_recording_until_it_expires(admin: Browser, other: Browser, house: House) -> None:
    path, events = await made(admin, house)
    await seal(house)
    made_link = (await admin("POST", f"{path}/{ID}/share", {"hours": 2, "at_ms": START_MS + 5})).json()
    shared = f"/recordings/shared/{made_link['token']}"
    seen = (await other("GET", shared)).json()
    assert (seen["recording"]["id"], seen["at_ms"]) == (ID, START_MS + 5)
    assert (await other("GET", f"{shared}/events")).json()["events"] == events
    line = (await other("GET", f"{shared}/marks")).json()
    assert [one["name"] for one in line["findings"]] == ["rage-click", "dead-click"]
    assert (await other("GET", f"{path}/{ID}")).status_code == 401
    row = (await admin("GET", "/audit")).json()["items"][0]
    assert (row["action"], row["actor_kind"], row["details"]) == ("recording.view", "nobody", {"reason": "shared"})
    for wrong in (made_link["token"][:-4] + "AAAA", "9" + made_link["token"], "x", "1.", "99999999.AAAA"):
        assert (await other("GET", f"/recordings/shared/{wrong}")).status_code == 404, wrong
    with clock.held(clock.now_ms() + 3 * 3_600_000):
        assert (await other("GET", f"{shared}/events")).status_code == 404
    await admin("DELETE", f"{path}/{ID}")
    assert (await other("GET", shared)).status_code == 404


async def test_an_erasure_takes_the_recording_its_key_and_what_it_is_searched_by(admin: Browser, house: House) -> None:
    path, _ = await made(admin, house)
    await seal(house)
    (name,) = [blob.name async for blob in house.stores.recordings.walk("")]
    data = await house.stores.recordings.get(name)
    site = path.removesuffix("/recordings")
    assert (await admin("POST", f"{site}/erasures", {"visits": ["7"]})).status_code == 202
    assert await house.erasure.resume() == 1
    assert (await admin("GET", path)).json()["items"] == []
    assert [blob.name async for blob in house.stores.recordings.walk("")] == []
    for table in ("recordings", "recording_marks", "signal_chunk"):
        assert await house.database.fetchval(f"SELECT count(*) FROM {table}") == 0
    tenant = int(str(await house.database.fetchval("SELECT tenant_id FROM sites WHERE id = $1", int(site[7:]))))
    with pytest.raises(KeyDestroyed):  # a copy of the object is of no use to anybody
        await house.keys.key_for(tenant, "recording", "7", data)


async def measured(house: House, *signals: Signal) -> None:
    """Store what was measured as collecting does."""
    journal = Journal(house.database.address, SignalSettings())
    await journal.start()
    await journal.append(Batch(signals=list(signals), size=2048))
    await journal.close()


def visit(site: str, number: int, **more: Any) -> dict[str, Any]:
    return {"site": int(site.split("/")[2]), "visit": number, "visitor": number * 10, "created_ms": START_MS, **more}


async def test_a_part_that_never_came_and_one_that_is_damaged_are_gaps(admin: Browser, house: House) -> None:
    path, _ = await made(admin, house)
    site = int(path.split("/")[2])
    late = clicks(START_MS + 20_000, 2)
    await stored(house.database, chunk(late, site=site, seq=2))
    missing = {"from_ms": START_MS + 9001, "to_ms": START_MS + 20_000}
    for sealed in (False, True):
        if sealed:
            await seal(house)
        assert (await admin("GET", f"{path}/{ID}/marks")).json()["gaps"] == [missing], sealed
    row = await house.library.sealed(site, 7, "tab12345")
    blocks = await house.library.blocks(row)
    data = await house.stores.recordings.get(row["object"])
    at = blocks[0].offset + blocks[0].length - 5
    await house.stores.recordings.put(row["object"], data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
    damaged = {"from_ms": blocks[0].first_ms, "to_ms": blocks[0].last_ms}
    told = (await admin("GET", f"{path}/{ID}/events?from={START_MS}&to={START_MS}")).json()
    assert told["gaps"] == [damaged]
    assert told["events"][0]["data"]["href"] == "https://shop.example/b"  # the next picture of the page
    assert (await admin("GET", f"{path}/{ID}/marks")).json()["gaps"] == [missing, damaged]
    assert (await admin("GET", f"{path}/{ID}/export")).status_code == 500  # a part would look whole elsewhere


async def test_one_that_goes_on_is_followed_without_a_word_twice(admin: Browser, house: House) -> None:
    path, events = await made(admin, house)
    site = int(path.split("/")[2])
    first = (await admin("GET", f"{path}/{ID}/events")).json()
    assert (first["events"], first["chunks"]) == (events, 1)
    nothing = (await admin("GET", f"{path}/{ID}/events?after={first['last']}")).json()
    assert (nothing["events"], nothing["chunks"]) == ([], 1)
    more = clicks(START_MS + 12_000, 2)
    await stored(house.database, chunk(more, site=site, seq=1))
    following = (await admin("GET", f"{path}/{ID}/events?after={first['last']}")).json()
    assert (following["events"], following["chunks"]) == (more, 2)
    await seal(house)
    assert (await admin("GET", f"{path}/{ID}/events?after={following['last']}")).json()["state"] == "sealed"


CONSOLE = {"level": "error", "payload": ['"boom"', "{}"], "trace": ["at pay (/a.js:1:2)"]}
REQUEST = {
    "name": "https://shop.example/api/pay", "method": "POST", "status": 503, "startTime": 1200, "duration": 700,
    "initiatorType": "fetch",
}  # fmt: skip


def programs(at_ms: int) -> list[dict[str, Any]]:
    return [
        {"type": 6, "timestamp": at_ms, "data": {"plugin": "rrweb/console@1", "payload": CONSOLE}},
        {"type": 6, "timestamp": at_ms + 5, "data": {"plugin": "rrweb/network@1", "payload": {"requests": [REQUEST]}}},
    ]


async def test_beside_a_recording_stands_what_programs_said_and_what_was_measured(admin: Browser, house: House) -> None:
    path, _ = await made(admin, house)
    own = visit(path, 7, path="/cart", release="2.4.0")
    await stored(house.database, chunk(programs(START_MS + 3000), site=own["site"], seq=1))
    await measured(
        house,
        Event(**visit(path, 7), type=EventType.CUSTOM, name="buy", path="/cart"),
        Vital(**own, metric="LCP", value=5000.0, rating="poor", element="img.hero"),
        Failure(**own, name="TypeError", message="x is undefined", fingerprint=5),
        Event(**visit(path, 8), type=EventType.CUSTOM, name="of another"),
    )
    found = (await admin("GET", f"{path}/{ID}/panes")).json()
    assert found["console"] == [
        {"at_ms": START_MS + 3000, "level": "error", "text": "boom {}", "trace": ["at pay (/a.js:1:2)"]}
    ]
    assert found["requests"] == [
        {"at_ms": START_MS + 2305, "method": "POST", "url": "https://shop.example/api/pay", "initiator": "fetch",
         "status": 503, "duration_ms": 700, "bytes": None}
    ]  # fmt: skip
    assert [one["name"] for one in found["events"]] == ["buy"]
    assert [(one["metric"], one["rating"]) for one in found["vitals"]] == [("LCP", "poor")]
    assert [(one["name"], one["issue"], one["release"]) for one in found["errors"]] == [("TypeError", None, "2.4.0")]
    assert (found["measured"], found["more"]) == (True, False)


async def test_visits_are_found_by_what_was_measured_and_in_an_order(admin: Browser, house: House) -> None:
    path, _ = await made(admin, house)
    site = int(path.split("/")[2])
    events = [*page(START_MS, path="/pay"), *clicks(START_MS + 1000, 1), *programs(START_MS + 1500)]
    await stored(house.database, chunk(events, site=site, visit=8, document="document2"))
    await measured(
        house,
        Event(**visit(path, 7), country="NL", device="mobile", browser="firefox"),
        Event(**visit(path, 7, created_ms=START_MS + 5000), type=EventType.CUSTOM, name="buy"),
        Event(**visit(path, 8), country="DE", device="desktop"),
        Vital(**visit(path, 8, release="2.4.0"), metric="INP", value=900.0, rating="poor"),
        Vital(**visit(path, 8), metric="LCP", value=900.0, rating="good"),
    )
    await seal(house)
    for query, expected in (
        ("where=country:nl", ["7"]), ("where=device:desktop", ["8"]), ("where=release:2.4", ["8"]),
        ("where=event:buy", ["7"]), ("where=vital:INP poor", ["8"]), ("where=vital:LCP poor", []),
        ("where=event:buy&where=page:/b&match=then", ["7"]), ("where=page:/b&where=event:buy&match=then", []),
        ("where=event:buy&where=status:500&match=any", ["8", "7"]), ("where=status:500", ["8"]),
        ("where=status:504", []), ("where=slower:700", ["8"]), ("where=slower:701", []),
        ("where=click:button", ["8", "7"]), ("order=errors", ["8", "7"]), ("order=duration", ["7", "8"]),
        ("filter=country:eq:NL", ["7"]), ("filter=event:eq:buy&where=page:/b", ["7"]), ("filter=country:eq:FR", []),
        ("range=all", ["8", "7"]), ("range=24h", []),
    ):  # fmt: skip
        found = await admin("GET", f"{path}?{query}")
        assert [one["visit"] for one in found.json()["items"]] == expected, query
    one = (await admin("GET", path)).json()["items"][0]
    assert one["facts"] == {
        "country": "DE", "browser": "", "os": "", "device": "desktop", "release": "2.4.0", "events": 0, "errors": 0,
        "vital": "INP", "vital_value": 900.0, "vital_rating": "poor",
    }  # fmt: skip
    for order, beside in (("latest", ("8-tab12345", None)), ("duration", (None, "8-tab12345"))):
        found = (await admin("GET", f"{path}/{ID}/neighbours?order={order}")).json()
        assert (found["previous"], found["next"]) == beside
    first = (await admin("GET", f"{path}?limit=1&order=duration")).json()
    rest = (await admin("GET", f"{path}?limit=1&order=duration&cursor={first['next']}")).json()
    assert [part["items"][0]["visit"] for part in (first, rest)] == ["7", "8"]
    assert error(await admin("GET", f"{path}?where=status:many")) == (422, "invalid_value", "where")


async def test_a_search_is_saved_for_everybody_and_deleted(admin: Browser, house: House) -> None:
    path, _ = await made(admin, house)
    searches = path.replace("/recordings", "/recording-searches")
    body = {"name": "Rage on the way to pay", "match": "then", "conditions": ["page:/cart", "rage-click"]}
    saved = (await admin("POST", searches, body)).json()
    assert {name: saved[name] for name in body} == body
    assert (await admin("GET", searches)).json() == {"items": [saved], "next": None}
    assert error(await admin("POST", searches, {**body, "conditions": ["shoe:size"]})) == (
        422, "invalid_value", "where",
    )  # fmt: skip
    assert error(await admin("POST", searches, {**body, "name": " "})) == (422, "invalid_value", "name")
    gone = f"{searches}/{saved['id']}"
    assert [(await admin("DELETE", gone)).status_code for _ in range(2)] == [204, 404]


async def test_the_frame_of_the_player_may_do_nothing(other: Browser) -> None:
    found = await other.client.get("/replay-frame")
    policy = found.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "sandbox allow-same-origin" in policy
    assert "script-src" not in policy
    assert "allow-scripts" not in policy
    assert found.headers["x-frame-options"] == "SAMEORIGIN"
