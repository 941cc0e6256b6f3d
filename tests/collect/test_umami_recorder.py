"""What Umami's recorder sends, from bytes on the wire to rows in PostgreSQL: nothing of it has to change."""

import gzip
import json
import time
from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from sightline import clock
from sightline.accounts import tracking
from sightline.collect import recordings, tokens
from sightline.replay.sealing import in_order
from sightline.server.recordings import Recordings
from sightline.server.umami_recorder import UmamiRecorder
from tests.collect.conftest import FIREFOX, Site, Watch
from tests.collect.test_recordings import NAME, changed, snapshot

OK = {"ok": True}
DISABLED = {"ok": False, "reason": "replay_disabled"}
ORIGIN = {"origin": "https://shop.example", "content-type": "application/json"}


async def loaded(site: Site, **headers: str) -> str:
    """A page that was loaded: the token that its tracker keeps."""
    answer = await site.send(url="/a", hostname="shop.example", headers=headers or None)
    return str(answer.json()["cache"])


async def record(site: Site, token: str, events: Sequence[Any], **more: Any) -> httpx.Response:
    """What the recorder does with what it has seen."""
    payload = {"website": site.name, "events": events, "timestamp": int(time.time()), **more.pop("payload", {})}
    headers = ORIGIN | ({"x-umami-cache": token} if token else {}) | more.pop("headers", {})
    body = more.get("body")
    if body is None:
        body = json.dumps({"type": "record", "payload": payload})
    return await site.client.post("/api/record", content=body, headers=headers)


async def stored(site: Site) -> list[dict[str, Any]]:
    found = await site.house.database.fetch("SELECT * FROM signal_chunk ORDER BY batch, place")
    return [dict(row) for row in found]


def texts(rows: Sequence[dict[str, Any]]) -> str:
    return "".join(gzip.decompress(row["data"]).decode() for row in rows)


async def test_what_is_recorded_is_masked_before_it_is_stored(site: Site) -> None:
    token = await loaded(site)
    assert (await record(site, token, snapshot(NAME))).json() == OK
    assert (await record(site, token, changed(NAME))).json() == OK
    rows = await stored(site)
    assert [(row["seq"], row["events"], row["dropped"]) for row in rows] == [(0, 2, 0), (1, 1, 0)]
    assert len({(row["document"], row["tab"]) for row in rows}) == 1
    assert "Anneliese" not in texts(rows)
    assert "Elmstreet" not in texts(rows)
    assert json.loads(gzip.decompress(rows[1]["data"]))[0]["data"]["texts"][0]["id"] == 6
    (event,) = await site.rows()
    assert {(row["visit"], row["visitor"]) for row in rows} == {(event["visit"], event["visitor"])}
    assert all(0 <= row["last_ms"] - row["first_ms"] < 1000 for row in rows)


async def test_what_comes_again_is_stored_once(site: Site) -> None:
    token = await loaded(site)
    body = json.dumps({"type": "record", "payload": {"website": site.name, "events": snapshot(NAME)}})
    for _ in range(3):
        assert (await record(site, token, [], body=body)).json() == OK
    later = (await site.send(url="/b", headers={"x-umami-cache": token})).json()["cache"]
    assert (await record(site, later, [], body=body)).json() == OK
    assert [row["seq"] for row in await stored(site)] == [0]


async def test_the_token_keeps_a_page_together_on_another_network_and_over_its_hits(watch: Watch) -> None:
    async with watch(proxies=("127.0.0.1",)) as site:
        token = await loaded(site, **{"x-forwarded-for": "192.0.2.1"})
        await record(site, token, snapshot("x"), headers={"x-forwarded-for": "192.0.2.1"})
        moved = {"x-forwarded-for": "198.51.100.7", "user-agent": FIREFOX}
        token = (await site.send(url="/b", headers=moved | {"x-umami-cache": token})).json()["cache"]
        assert (await record(site, token, changed("y"), headers=moved)).json() == OK
        rows = await stored(site)
        assert [row["seq"] for row in rows] == [0, 1]
        assert len({(row["visit"], row["document"], row["tab"]) for row in rows}) == 1


async def test_two_processes_take_one_page_in_turn(site: Site) -> None:
    """A field that asked for a password was seen by the one; the other knows what it became."""
    token = await loaded(site)
    await record(site, token, snapshot(NAME))
    parts = site.parts

    def another() -> UmamiRecorder:
        here = Recordings(site.house, parts.intake)
        return UmamiRecorder(site.house, parts.intake, here, parts.sdk.configurations)

    both = [parts.recorder, another()]
    for turn in range(6):
        if turn == 4:
            both[0] = another()
        parts.recorder = both[turn % 2]
        field = {
            "type": 2, "id": 20 + turn, "tagName": "input", "attributes": {"type": "password"}, "childNodes": [],
        }  # fmt: skip
        was = {"id": 19 + turn, "attributes": {"type": "text", "value": NAME}}
        data = [{"source": 0, "texts": [], "attributes": [], "removes": [],
                 "adds": [{"parentId": 4, "nextId": None, "node": field}]},
                {"source": 0, "texts": [], "adds": [], "removes": [], "attributes": [was]}]  # fmt: skip
        events = [{"type": 3, "timestamp": clock.now_ms() + n, "data": one} for n, one in enumerate(data)]
        assert (await record(site, token, events)).json() == OK
    rows = await stored(site)
    assert [row["seq"] for row in rows] == list(range(7))
    assert sum(row["dropped"] for row in rows) == 0
    assert "Anneliese" not in texts(rows)


async def test_pages_of_one_tab_are_one_recording_and_another_tab_is_another(site: Site) -> None:
    first, now = await loaded(site), clock.now_ms() - 60_000

    def at(ms: int, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [event | {"timestamp": now + ms + n} for n, event in enumerate(events)]

    await record(site, first, at(0, snapshot("one")))
    await record(site, first, at(5_000, changed("one")))
    second = await loaded(site)
    await record(site, second, at(9_000, snapshot("two")))  # the first page had been left
    third = await loaded(site)
    await record(site, third, at(9_000, snapshot("three")))  # beside the second one
    assert [row["tab"] == "umami-" + row["document"][17:] for row in await stored(site)] == [True, True, False, True]
    await record(site, second, at(12_000, changed("two")))
    await record(site, first, at(15_000, [*changed("one"), *snapshot("one")]))  # it had not been left after all
    await record(site, first, at(20_000, changed("one")))
    rows = await stored(site)
    tabs = [row["tab"] for row in rows]
    assert tabs[0] == tabs[1] == tabs[2] == tabs[4]
    assert len({tabs[0], tabs[3], tabs[5]}) == 3
    assert tabs[6] == tabs[5]
    assert [row["seq"] for row in rows] == [0, 0 + 1, 0, 0, 1, 0, 1]
    for tab in set(tabs):  # and each can be shown: its pages follow each other, and it begins with a whole one
        some = [row for row in rows if row["tab"] == tab]
        spans = {row["document"]: row["first_ms"] for row in some}
        assert list(spans.values()) == sorted(spans.values())
        assert 2 in [event["type"] for event in in_order(some)][:3]


async def test_without_a_token_of_this_site_nothing_is_taken(site: Site, watch: Watch) -> None:
    async with watch() as other:
        foreign = (await other.send(url="/")).json()["cache"]
    token = await loaded(site)
    altered = ("B" if token[9] == "A" else "A").join((token[:9], token[10:]))
    for wrong in ("", "nonsense", foreign, altered, token + "A", "A" * len(token)):
        answer = await record(site, wrong, snapshot(NAME))
        assert answer.status_code == 400, wrong
        assert "token" in answer.json()["error"]["message"]
        assert answer.headers["access-control-allow-origin"] == "*"
    assert await stored(site) == []


async def test_a_token_ends(site: Site) -> None:
    with clock.held(clock.now_ms()) as held:
        token = await loaded(site)
        held.advance(seconds=tokens.LIFE_S - 1)
        assert (await record(site, token, snapshot("x"))).json() == OK
        held.advance(seconds=1)
        assert (await record(site, token, snapshot("y"))).status_code == 400
    assert len(await stored(site)) == 1


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"", 400, "not JSON"),
        (b"{}", 400, "missing"),
        (b'{"type":"record"}', 400, "missing"),
        (b'{"type":"record","payload":{"website":"SITE"}}', 400, "missing"),
        (b'{"type":"event","payload":{"website":"SITE","events":[]}}', 400, "record, heatmap"),
        (b'{"type":"record","payload":{"website":"SITE","events":{}}}', 400, "array"),
        (b'{"type":"record","payload":{"website":7,"events":[]}}', 400, "Expected"),
        (b'{"type":"record","payload":{"website":"unknown","events":[1]}}', 400, "no such site"),
        (b'{"type":"record","payload":{"website":"SITE","events":[1],"timestamp":{}}}', 400, "Expected"),
        (b'{"type":"record","payload":{"website":"SITE","events":' + b"[" * 5000 + b"]" * 5000 + b"}}", 400, ""),
        (b'{"type":"record","payload":{"website":"SITE","events":[' + b"1," * 20_000 + b"1]}}", 413, "at most 20000"),
        (b"x" * (recordings.MAX_BODY + 1), 413, "bytes"),
    ],
)
async def test_what_cannot_be_read_is_refused_and_said(site: Site, body: bytes, status: int, said: str) -> None:
    token = await loaded(site)
    answer = await record(site, token, [], body=body.replace(b"SITE", site.name.encode()))
    assert answer.status_code == status, answer.text
    assert said in answer.text
    assert await stored(site) == []


async def test_a_large_page_is_taken(site: Site) -> None:
    """Larger than any other body may be, and as large as a chunk."""
    token = await loaded(site)
    events = snapshot("x" * 900_000)  # once as a text, once as a title
    assert (await record(site, token, events)).json() == OK
    assert [row["events"] for row in await stored(site)] == [2]


async def test_events_that_nobody_can_read_are_left_out_and_counted(site: Site) -> None:
    token = await loaded(site)
    odd: list[Any] = [1, None, {"type": 99}, {"type": 4, "data": 3}, {"timestamp": True}, {"timestamp": "x"}]
    assert (await record(site, token, [*odd, *snapshot("x")])).json() == OK
    (row,) = await stored(site)
    assert (row["events"], row["dropped"]) == (2, len(odd))


async def test_nothing_and_heatmaps_are_answered_as_umami_answers(site: Site) -> None:
    assert (await record(site, "", [])).json() == OK
    body = json.dumps({"type": "heatmap", "payload": {"website": site.name, "events": [{"type": "click", "url": "/"}]}})
    assert (await record(site, await loaded(site), [], body=body)).json() == {
        "ok": False, "reason": "heatmap_disabled",
    }  # fmt: skip
    assert await stored(site) == []


async def test_a_page_of_any_origin_may_ask_and_read(site: Site) -> None:
    asked = await site.client.options("/api/record", headers=ORIGIN | {
        "access-control-request-method": "POST", "access-control-request-headers": "content-type,x-umami-cache",
    })  # fmt: skip
    assert (asked.status_code, asked.headers["access-control-allow-origin"]) == (204, "*")
    assert "x-umami-cache" in asked.headers["access-control-allow-headers"]


REFUSED: list[tuple[str, dict[str, str], str]] = [
    ("consent_mode = 'analytics'", {}, "site_off"),
    ("consent_mode = 'none'", {}, "site_off"),
    ("consent_asked = true", {}, "consent"),
    ("consent_asked = true", {"x-sightline-consent": "analytics"}, "consent"),
    ("domains = '{other.example}'", {}, "hostname"),
    ("name = name", {"sec-gpc": "1"}, "gpc"),
    ("name = name", {"dnt": "1"}, "dnt"),
]


@pytest.mark.parametrize(("change", "headers", "reason"), REFUSED)
async def test_who_may_not_be_recorded_is_not(site: Site, change: str, headers: dict[str, str], reason: str) -> None:
    token = await loaded(site)
    await _changed(site, f"UPDATE sites SET {change} WHERE id = $1")
    answer = await record(site, token, snapshot(NAME), headers=headers)
    assert answer.json() == DISABLED
    assert answer.headers["x-sightline-dropped"] in {reason, "replay_disabled"}
    assert await stored(site) == []


async def test_who_has_agreed_is_recorded(site: Site) -> None:
    token = await loaded(site)
    await _changed(site, "UPDATE sites SET consent_asked = true WHERE id = $1")
    assert (await record(site, token, snapshot("x"), headers={"x-sightline-consent": "replay"})).json() == OK


async def test_a_machine_is_not_recorded(site: Site) -> None:
    token = await loaded(site)
    answer = await record(site, token, snapshot("x"), headers={"user-agent": "curl/8"})
    assert answer.json() == {"beep": "boop"}
    await site.parts.intake.quarantine.close()
    assert await site.house.database.fetchval("SELECT count(*) FROM quarantine") == 0
    assert await stored(site) == []


async def test_a_site_that_records_nobody_takes_nothing(site: Site) -> None:
    token = await loaded(site)
    await _tracking(site, 0, [])
    assert (await record(site, token, snapshot("x"))).json() == DISABLED
    assert await stored(site) == []


async def test_pages_where_somebody_pays_are_never_recorded(site: Site) -> None:
    """Umami's recorder does not know of them, so they are left out here, until it names another page."""
    await _tracking(site, 100, ["/pay/*"])
    token = await loaded(site)
    paying = snapshot("secret")
    paying[0]["data"]["href"] = "https://shop.example/pay/now"
    for events in (snapshot("x"), changed("y"), [*paying, *changed("secret")], changed("secret"), snapshot("z")):
        assert (await record(site, token, events)).json() == OK
    rows = await stored(site)
    assert [(row["events"], row["dropped"]) for row in rows] == [(2, 0), (1, 0), (1, 2), (0, 1), (2, 0)]


async def test_a_browser_whose_clock_is_wrong_is_recorded_when_it_happened(site: Site) -> None:
    token, wrong_s = await loaded(site), 7_200
    events = [event | {"timestamp": event["timestamp"] - wrong_s * 1000} for event in snapshot("x")]
    await record(site, token, events, payload={"timestamp": int(time.time()) - wrong_s})
    (row,) = await stored(site)
    assert abs(clock.now_ms() - row["last_ms"]) < 60_000


async def _changed(site: Site, query: str) -> None:
    await site.house.database.execute(query, site.id)
    site.parts.intake.sites.forget()


async def _tracking(site: Site, percent: int, pages: list[str]) -> None:
    await site.house.database.execute(tracking.SQL["keep"], site.id, percent, pages, [])
