"""The tracker's routes, from bytes on the wire to rows in PostgreSQL."""

import gzip
import time
from typing import Any

import httpx
import orjson

from sightline import clock
from sightline.server.tracked import Tracked
from tests.collect.conftest import Site, Watch
from tests.openreplay.wire import batch, head, loaded

NAME = "Anneliese Elmstreet"
PATH = "/ingest/v1/web"


class Tracker:
    """What the tracker does, without a browser."""

    def __init__(self, here: Site) -> None:
        self.site, self.token, self.session, self.sent = here, "", "", 0

    async def start(self, **said: Any) -> httpx.Response:
        key = await self.site.house.database.fetchval("SELECT public_key FROM sites WHERE id = $1", self.site.id)
        body = {
            "projectKey": key, "timestamp": time.time() * 1000, "trackerVersion": "19.0.1", "userUUID": None,
            "width": 1280, "height": 720, "revID": "r7", "token": self.token or None, **said,
        }  # fmt: skip
        answer = await self.site.client.post(f"{PATH}/start", json=body)
        if answer.status_code == 200:
            self.token, self.session = answer.json()["token"], answer.json()["sessionID"]
        return answer

    async def send(self, messages: list[tuple[Any, ...]], *, number: str = "", **more: Any) -> httpx.Response:
        at = more.pop("at", int(time.time() * 1000))
        return await self.post(batch(messages, at=at, tab=more.pop("tab", "tabTAB123"), **more), number=number)

    async def post(self, body: bytes, *, number: str = "") -> httpx.Response:
        self.sent += 1
        url = f"{PATH}/i?batch={number or f'0_{self.sent}'}_{len(body)}_kyes"
        return await self.site.client.post(url, content=body, headers={"authorization": f"Bearer {self.token}"})


async def rows(here: Site, kind: str) -> list[dict[str, Any]]:
    found = await here.house.database.fetch(f"SELECT * FROM signal_{kind} ORDER BY batch, place")
    return [dict(row) for row in found]


def events(chunks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [event for chunk in chunks for event in orjson.loads(gzip.decompress(chunk["data"]))]


async def test_a_page_arrives_masked_with_everything_that_it_says_besides(site: Site) -> None:
    tracker = Tracker(site)
    started = (await tracker.start()).json()
    assert {"token", "userUUID", "sessionID", "delay", "projectID"} <= started.keys()
    page = loaded(url="https://shop.example/people?token=abc", texts=[NAME])
    assert (await tracker.send([*page, (34, 9, "title"), (34, 10, NAME), (35, 2, 9, 10)])).status_code == 200
    stack = orjson.dumps([{"functionName": "pay", "fileName": "app.js", "lineNumber": 7, "columnNumber": 3}]).decode()
    answer = await tracker.send(
        [
            (27, "added", '{"price": 3}'), (28, "anneliese@example.com"), (30, "plan", "gold"), (124, "LCP", "1200"),
            (78, "TypeError", "no cart of anneliese@example.com", stack, "{}"), (113, 2, 2, NAME),
            (124, "LCP", "NaN"),
        ],
        version=5,
    )  # fmt: skip
    assert answer.headers["x-sightline-dropped"] == "1 items"
    (first,) = [row for row in await rows(site, "event") if row["type"] == 1]
    assert (first["path"], str(first["visit"])) == ("/people", tracker.session)
    added, *_ = [row for row in await rows(site, "event") if row["name"]]
    assert orjson.loads(added["properties"]) == {"price": 3}
    identified = [row for row in await rows(site, "event") if row["type"] == 6]
    assert [row["person"] is not None for row in identified] == [True, True]
    (vital,) = await rows(site, "vital")
    assert (vital["metric"], vital["value"], vital["viewport"], vital["release"]) == ("LCP", 1200.0, 1280, "r7")
    (error,) = await rows(site, "error")
    assert (error["name"], error["stack"]) == ("TypeError", "    at pay (app.js:7:3)")
    stored = orjson.dumps(events(await rows(site, "chunk"))).decode()
    everything = stored + str(await rows(site, "event")) + str(await rows(site, "error"))
    assert all(secret not in everything for secret in ("Anneliese", "Elmstreet", "anneliese@", "abc"))
    sealed = await site.house.database.fetchval("SELECT state FROM openreplay_pages")
    assert isinstance(sealed, bytes)
    assert b"Anneliese" not in sealed


async def test_two_processes_take_the_batches_of_one_page_in_turn(site: Site) -> None:
    """Neither knows what the other has taken, but for what is stored."""
    tracker = Tracker(site)
    await tracker.start()
    routes = site.parts.openreplay
    both = [routes.tracked, Tracked(site.house, site.parts.intake)]
    now = int(time.time() * 1000)
    await tracker.send([*loaded(texts=["a", "b", "c"]), (34, 9, "class"), (34, 10, "title")], at=now)
    for turn in range(1, 7):
        routes.tracked = both[turn % 2]
        fresh = 100 + turn
        answer = await tracker.send(
            [(8, fresh, 1, 0, "HR", False), (35, fresh, 9, 10), (10, 2, 1, turn)], at=now + turn * 100
        )
        assert answer.status_code == 200, answer.text
    chunks = await rows(site, "chunk")
    assert [chunk["seq"] for chunk in chunks] == list(range(7))
    assert sum(chunk["dropped"] for chunk in chunks) == 0
    adds = [add for event in events(chunks) if event["type"] == 3 for add in event["data"]["adds"]]
    rules = [add["node"] for add in adds if add["node"].get("tagName") == "hr"]
    assert [node["attributes"] for node in rules] == [{"class": "title"}] * 6
    moved = [add["node"]["childNodes"] for add in adds if add["node"].get("tagName") == "p"]
    assert len(moved) == 6


async def test_a_batch_that_comes_again_is_stored_once_and_what_follows_still_fits(site: Site) -> None:
    tracker = Tracker(site)
    await tracker.start()
    now = int(time.time() * 1000)
    await tracker.send(loaded(), at=now, number="0_1")
    for _ in range(2):
        assert (await tracker.send([(8, 50, 1, 0, "HR", False)], at=now + 50, number="0_2")).status_code == 200
    await tracker.send([(11, 50)], at=now + 100, number="0_3")
    chunks = await rows(site, "chunk")
    assert [chunk["seq"] for chunk in chunks] == [0, 1, 2]
    assert events(chunks)[-1]["data"]["removes"] == [{"parentId": 11, "id": 60}]


async def test_tabs_and_loads_have_dictionaries_of_their_own(site: Site) -> None:
    tracker = Tracker(site)
    await tracker.start()
    for tab, page, word in (("tabAAAAAA", 0, "title"), ("tabBBBBBB", 0, "button"), ("tabAAAAAA", 1, "list")):
        said = [*loaded(), (34, 1, "class"), (34, 2, word), (35, 2, 1, 2)]
        await tracker.send(said, tab=tab, page=page, number=f"{page}_1")
    chunks = await rows(site, "chunk")
    assert len({chunk["document"] for chunk in chunks}) == 3
    texts = [orjson.dumps(events([chunk])).decode() for chunk in chunks]
    assert ['"class":"title"' in texts[0], '"class":"button"' in texts[1], '"class":"list"' in texts[2]] == [True] * 3


async def test_a_token_continues_its_visit_and_a_wrong_one_begins_anew(site: Site) -> None:
    tracker = Tracker(site)
    first = (await tracker.start()).json()
    again = (await tracker.start()).json()
    assert (again["token"], again["sessionID"]) == (first["token"], first["sessionID"])
    for token in ("-", "nonsense", first["token"][:-3] + "AAA", first["token"].replace("pk_", "pk_0")):
        tracker.token = token
        assert (await tracker.send(loaded())).status_code == 401, token
    assert await rows(site, "chunk") == []
    assert (await tracker.start(projectKey="pk_nobody")).status_code == 400


async def test_a_visit_that_has_ended_asks_the_tracker_to_start_anew(site: Site) -> None:
    tracker = Tracker(site)
    first = (await tracker.start()).json()
    await tracker.send(loaded())
    with clock.held(clock.now_ms() + 45 * 60_000):
        assert (await tracker.send([(20, 1, 2)])).status_code == 401
        second = (await tracker.start()).json()
    assert second["sessionID"] != first["sessionID"]


async def test_what_is_no_batch_is_refused_and_nothing_of_it_is_stored(site: Site) -> None:
    tracker = Tracker(site)
    await tracker.start()
    for body, status in (
        (b"", 400), (b"\x00" * 40, 400), (batch(loaded())[:-3], 400), (head(version=9), 400),
        (gzip.compress(b"\0" * 20_000_000), 413),
    ):  # fmt: skip
        answer = await tracker.post(body)
        assert answer.status_code == status, answer.text
        assert answer.headers["access-control-allow-origin"] == "*"
    assert await rows(site, "chunk") == []
    assert await site.house.database.fetchval("SELECT count(*) FROM openreplay_pages") == 0


async def test_hostile_pages_are_neutralised(site: Site) -> None:
    tracker = Tracker(site)
    await tracker.start()
    rows_of = [
        (8, 50, 1, 1, "SCRIPT", False), (9, 51, 50, 0), (14, 51, "alert(1)"), (8, 52, 1, 2, "BASE", False),
        (12, 52, "href", "https://evil.example/"), (8, 53, 1, 3, "OBJECT", False), (12, 53, "data", "x.swf"),
        (8, 54, 1, 4, "A", False), (60, 54, "href", "java\tscript:alert(1)", "https://shop.example/"),
        (12, 54, "onclick", "alert(1)"), (8, 55, 1, 5, "IFRAME", False), (12, 55, "srcdoc", "<script>alert(1)"),
        (8, 56, 1, 6, "IMG", False), (60, 56, "src", "javascript:alert(1)", "https://shop.example/"),
    ]  # fmt: skip
    await tracker.send([*loaded(), *rows_of])
    stored = orjson.dumps(events(await rows(site, "chunk"))).decode()
    assert all(bad not in stored for bad in ("alert", "evil", "swf", "javascript", "onclick", "srcdoc"))


async def test_who_agreed_to_analytics_only_is_counted_and_not_recorded(site: Site) -> None:
    tracker = Tracker(site)
    site.client.headers["x-sightline-consent"] = "analytics"
    await tracker.start()
    answer = await tracker.send(loaded())
    assert (answer.status_code, answer.headers["x-sightline-dropped"]) == (200, "consent")
    assert await rows(site, "chunk") == []
    assert len(await rows(site, "event")) == 1


async def test_the_other_routes_answer_as_the_tracker_wants(site: Site) -> None:
    tracker = Tracker(site)
    await tracker.start()
    bearer = {"authorization": f"Bearer {tracker.token}"}
    client = site.client
    assert (await client.get(f"{PATH}/tags", headers=bearer)).json() == {"tags": []}
    assert (await client.get(f"{PATH}/conditions/{site.id}", headers=bearer)).json() == {"conditions": []}
    assert (await client.post(f"{PATH}/feature-flags", content=b"{}")).json() == {"flags": []}
    assert (await client.post(f"{PATH}/images", content=b"x", headers=bearer)).headers[
        "x-sightline-dropped"
    ] == "canvas"
    assert (await client.get(f"{PATH}/tags")).status_code == 401
    assert (await client.get(f"{PATH}/i")).status_code == 405
    assert (await client.get(f"{PATH}/nothing")).status_code == 404
    preflight = await client.options(f"{PATH}/i?batch=0_1_5_kno")
    assert preflight.status_code == 204
    assert "datatype" in preflight.headers["access-control-allow-headers"]


async def test_the_trackers_analytics_are_events_and_persons(site: Site) -> None:
    tracker = Tracker(site)
    await tracker.start()
    now = time.time() * 1000
    said = {
        "user_actions": [
            {"type": "identity", "user_id": "anneliese@example.com", "payload": None, "timestamp": now},
            {"type": "set_property", "user_id": "x", "payload": {"plan": "gold"}, "timestamp": now},
            {"type": "increment_property", "user_id": "x", "payload": {"n": 1}, "timestamp": now},
        ],
        "events": [{"name": "bought", "payload": {"price": 3}, "timestamp": now}],
    }
    bearer = {"authorization": f"Bearer {tracker.token}"}
    for body in ({"data": said}, {"data": said}, {"events": [{"name": "sent", "payload": {}, "timestamp": now}]}):
        answer = await site.client.post("/ingest/v1/sdk/i", json=body, headers=bearer)
        assert answer.status_code == 200, answer.text
    found = await rows(site, "event")
    assert sorted(row["name"] for row in found if row["name"]) == ["bought", "sent"]
    assert sum(row["type"] == 6 for row in found) == 2


async def test_pages_of_another_host_are_neither_counted_nor_recorded(watch: Watch) -> None:
    async with watch(domains=("shop.example",)) as site:
        tracker = Tracker(site)
        assert (await tracker.start()).status_code == 200
        answer = await tracker.send(loaded(url="https://other.example/a"), url="https://other.example/a")
        assert (answer.status_code, answer.headers["x-sightline-dropped"]) == (200, "hostname")
        assert (await tracker.send(loaded())).headers.get("x-sightline-dropped") is None
        assert len(await rows(site, "chunk")) == 1
        site.client.headers["origin"] = "https://other.example"
        tracker.token = ""
        assert (await tracker.start()).status_code == 403


def held(routes: Any) -> Any:
    """What a process knows of the one page that there is."""
    (known,) = routes._pages._pages.values()
    return known


async def test_a_big_page_is_converted_in_another_process_until_it_is_small_again(site: Site) -> None:
    tracker, routes = Tracker(site), site.parts.openreplay.tracked
    await tracker.start()
    now = int(time.time() * 1000)
    assert (await tracker.send(loaded(texts=["word"] * 4000), at=now)).status_code == 200
    assert (await tracker.send([(10, 2, 1, 3999)], at=now + 100)).status_code == 200
    assert routes._heavy._pool is not None
    assert (held(routes).page, held(routes).state) == (None, None)
    assert (await tracker.send(loaded(texts=["one", "two"]), at=now + 200)).status_code == 200
    assert held(routes).page is None  # that there is little left was not known before
    assert (await tracker.send([(10, 2, 1, 1)], at=now + 300)).status_code == 200
    assert held(routes).page is not None
    found = await rows(site, "chunk")
    assert [chunk["dropped"] for chunk in found] == [0, 0, 0, 0]
    for chunk in (found[1], found[3]):
        (moved,) = events([chunk])
        assert moved["data"]["removes"] == [{"parentId": 11, "id": 12}]
        assert [add["node"]["id"] for add in moved["data"]["adds"]] == [12, 13]


async def test_two_processes_take_the_batches_of_a_big_page_in_turn(site: Site) -> None:
    tracker = Tracker(site)
    await tracker.start()
    routes = site.parts.openreplay
    both = [routes.tracked, Tracked(site.house, site.parts.intake)]
    now = int(time.time() * 1000)
    await tracker.send([*loaded(texts=["word"] * 4000), (34, 9, "class"), (34, 10, "title")], at=now)
    for turn in range(1, 5):
        routes.tracked = both[turn % 2]
        said = [(8, 9000 + turn, 1, 0, "HR", False), (35, 9000 + turn, 9, 10), (10, 2, 1, turn)]
        assert (await tracker.send(said, at=now + turn * 100)).status_code == 200
        assert held(routes.tracked).page is None
    await both[1].close()
    chunks = await rows(site, "chunk")
    assert [(chunk["seq"], chunk["dropped"]) for chunk in chunks] == [(number, 0) for number in range(5)]
    adds = [add["node"] for event in events(chunks[1:]) for add in event["data"]["adds"]]
    assert [node["attributes"] for node in adds if node.get("tagName") == "hr"] == [{"class": "title"}] * 4


async def test_a_big_body_that_cannot_be_read_is_refused_as_a_small_one(site: Site) -> None:
    tracker = Tracker(site)
    await tracker.start()
    whole = batch(loaded(texts=["word"] * 4000))
    for body, status in ((whole[:-3], 400), (b"\0" * 100_000, 400), (batch([(7,)] * 200_001), 413)):
        answer = await tracker.post(body)
        assert answer.status_code == status, answer.text
        assert answer.json()["error"]
    assert (await tracker.post(whole)).status_code == 200
    assert len(await rows(site, "chunk")) == 1
