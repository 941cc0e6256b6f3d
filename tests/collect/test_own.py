"""Our own protocol, from bytes on the wire to rows in PostgreSQL: batches, what they hold, what is said to them."""

import gzip
import json
import time
from typing import Any

import httpx
import pytest

from sightline import clock
from sightline.settings import CollectSettings
from sightline.signals.erasure import Erasure
from sightline.signals.extents import Catalogue
from sightline.signals.kinds import KINDS
from sightline.signals.ledger import Tombstone
from sightline.signals.masking import Masking
from sightline.signals.walkers import Selection, Walkers
from tests.collect.conftest import CHROME, Site, Watch

MAIL = "ann.smith@example.com"
ERROR = {
    "k": "error", "src": "error", "name": "TypeError", "msg": f"no cart for {MAIL}", "n": 3, "handled": True,
    "stack": f"TypeError: no cart for {MAIL}\n    at pay (https://shop.example/app.js:10:12)",
    "ctx": {"email": MAIL, "step": 2}, "crumbs": [{"k": "click", "el": "button#buy"}],
}  # fmt: skip
VITAL = {"k": "vital", "name": "LCP", "value": 2600.5, "nav": "navigate", "el": "img.hero", "detail": {"ttfb": 120}}


async def post(here: Site, sent: list[Any], /, *, seq: int = 0, headers: Any = None, **more: Any) -> httpx.Response:
    now = time.time() * 1000
    key = await here.house.database.fetchval("SELECT public_key FROM sites WHERE id = $1", here.id)
    body = {
        "v": 1, "site": key, "doc": "document1", "seq": seq, "at": now, "host": "shop.example", "screen": "390x844",
        "items": [{"t": now, "url": "https://shop.example/cart", "page": "pageview1", **item} for item in sent], **more,
    }  # fmt: skip
    return await here.client.post(f"/{here.parts.sdk.path}/e", content=json.dumps(body), headers=headers)


async def rows(site: Site, kind: str) -> list[dict[str, Any]]:
    return [dict(row) for row in await site.house.database.fetch(f"SELECT * FROM signal_{kind} ORDER BY batch, place")]


async def test_every_kind_of_item_is_stored_and_answered(site: Site) -> None:
    items = [
        {"k": "page", "title": "Cart"}, {"k": "event", "name": "buy", "props": {"plan": "pro"}},
        {"k": "identify", "id": "u1"}, {"k": "engagement", "ms": 4200, "scroll": 60}, VITAL, ERROR,
    ]  # fmt: skip
    answer = await post(site, items, release="1.4.2", env="production")
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert said["accepted"] == 6
    assert said["configuration"]["replay"] == 100
    assert [(row["type"], row["name"], row["engagement_ms"]) for row in await rows(site, "event")] == [
        (1, "", 0), (2, "buy", 0), (6, "", 0), (7, "", 4200),
    ]  # fmt: skip
    (vital,) = await rows(site, "vital")
    assert (vital["metric"], vital["value"], vital["rating"]) == ("LCP", 2600.5, "needs-improvement")
    assert (vital["path"], vital["element"], vital["viewport"]) == ("/cart", "img.hero", 390)
    assert (vital["release"], vital["environment"], vital["navigation"]) == ("1.4.2", "production", "navigate")
    assert json.loads(vital["detail"]) == {"ttfb": 120}
    (error,) = await rows(site, "error")
    assert (error["name"], error["count"], error["handled"], error["source"]) == ("TypeError", 3, True, "error")
    assert str(error["visit"]) == said["visit"] == str(vital["visit"])


async def test_nothing_personal_of_an_error_or_a_vital_is_stored(site: Site) -> None:
    await post(site, [ERROR, {**VITAL, "el": f"a[{MAIL}]", "detail": {"url": f"https://x.test/{MAIL}"}}])
    (error,), (vital,) = await rows(site, "error"), await rows(site, "vital")
    assert MAIL not in str(error)
    assert MAIL not in str(vital)
    assert "at pay (https://shop.example/app.js:10:12)" in error["stack"]
    assert json.loads(error["context"])["step"] == 2


async def test_a_batch_that_comes_again_is_stored_once(site: Site) -> None:
    first = await post(site, [{"k": "event", "name": "a"}], seq=7)
    again = await post(site, [{"k": "event", "name": "a"}], seq=7)
    other = await post(site, [{"k": "event", "name": "b"}], seq=8)
    assert (first.json()["accepted"], again.json()["accepted"], other.json()["accepted"]) == (1, 0, 1)
    assert again.json()["duplicate"] is True
    assert [row["name"] for row in await rows(site, "event")] == ["a", "b"]


async def test_a_wrong_item_says_what_is_wrong_and_the_others_are_stored(site: Site) -> None:
    items = [
        {"k": "event"}, {"k": "nothing"}, {"k": "event", "name": "good"}, {**VITAL, "value": -1},
        {"k": "event", "name": "x", "props": [1]}, {"k": "page", "page": "a b"}, {"k": "event", "name": 1},
    ]  # fmt: skip
    answer = (await post(site, items)).json()
    assert answer["accepted"] == 1
    assert [index for index, _ in answer["dropped"]] == [0, 1, 3, 4, 5, 6]
    assert all(reason.startswith("malformed: ") for _, reason in answer["dropped"])


@pytest.mark.parametrize(
    "wrong", [{"v": 2}, {"doc": "x"}, {"seq": -1}, {"at": -1}, {"site": "pk_nobody"}, {"items": {}}, {"consent": "all"}]
)
async def test_a_wrong_envelope_is_refused_whole(site: Site, wrong: dict[str, Any]) -> None:
    answer = await post(site, [{"k": "event", "name": "a"}], **wrong)
    assert answer.status_code == 400, answer.text
    assert answer.headers["access-control-allow-origin"] == "*"
    assert await rows(site, "event") == []


async def test_limits_are_said(site: Site) -> None:
    path = f"/{site.parts.sdk.path}/e"
    assert (await site.client.post(path, content=b" " * 140_000)).status_code == 413
    assert (await site.client.post(path, content=gzip.compress(b" " * 600_000))).status_code == 413
    assert (await site.client.post(path, content=gzip.compress(b"{}") + b"x")).status_code == 400
    assert (await site.client.post(path, content=gzip.compress(b"{}")[:-1])).status_code == 400
    assert (await site.client.post(path, content=b"\x1f\x8bnothing")).status_code == 400
    assert (await post(site, [{"k": "page"}] * 201)).status_code == 400


async def test_order_is_kept_whatever_the_network_does_to_moments(site: Site) -> None:
    now = time.time() * 1000 - 3_600_000  # a clock that is an hour behind
    await post(site, [{"k": "event", "name": "a", "t": now - 1000}], at=now, seq=0)
    await post(site, [{"k": "event", "name": "b", "t": now - 999}], at=now - 50, seq=1)
    first, second = await rows(site, "event")
    assert second["created_ms"] - first["created_ms"] == 1
    assert abs(first["created_ms"] - clock.now_ms()) < 60_000


async def test_who_does_not_want_to_be_measured_is_told_and_not_measured(site: Site) -> None:
    answer = (await post(site, [{"k": "page"}, VITAL, ERROR], headers={"sec-gpc": "1"})).json()
    assert answer["dropped"] == [[0, "gpc"], [1, "gpc"], [2, "gpc"]]
    for kind in ("event", "vital", "error"):
        assert await rows(site, kind) == []


async def test_what_a_machine_measured_is_no_page_view_in_the_quarantine(site: Site) -> None:
    bot = {"user-agent": CHROME.replace("Chrome/", "HeadlessChrome/")}
    answer = (await post(site, [VITAL, ERROR], headers=bot)).json()
    assert [reason for _, reason in answer["dropped"]] == ["headless", "headless"]
    await site.parts.intake.quarantine.close()
    assert await site.house.database.fetchval("SELECT count(*) FROM quarantine") == 0


async def test_a_visitor_who_sends_too_much_keeps_it_for_later(watch: Watch) -> None:
    async with watch(collect=CollectSettings(visitor_per_minute=6)) as site:
        answers = [await post(site, [{"k": "event", "name": str(seq)}] * 4, seq=seq) for seq in range(4)]
        assert answers[-1].status_code == 429
        assert int(answers[-1].headers["retry-after"]) > 0


async def test_umamis_vitals_are_vitals(site: Site) -> None:
    answer = await site.send("performance", url="/a", lcp=1200.5, cls=0.02, ttfb=90, inp=-1)
    assert answer.status_code == 200
    assert "visitId" in answer.json()
    found = {row["metric"]: (row["value"], row["rating"]) for row in await rows(site, "vital")}
    assert found == {"LCP": (1200.5, "good"), "CLS": (0.02, "good"), "TTFB": (90.0, "good")}
    empty = await site.send("performance", url="/a")
    assert empty.headers["x-sightline-dropped"] == "vitals"


async def test_the_configuration_follows_the_site_and_is_told_once(site: Site) -> None:
    told = (await post(site, [{"k": "page"}])).json()["configuration"]
    assert "configuration" not in (await post(site, [{"k": "page"}], seq=1, conf=told["id"])).json()
    rules = await site.client.get(f"/{site.parts.sdk.path}/rules-{told['dictionary']}.json")
    assert rules.json()["consumer"] == "browser"
    assert "immutable" in rules.headers["cache-control"]
    assert (await site.client.get(f"/{site.parts.sdk.path}/rules-1-0000000000000000.json")).status_code == 404


@pytest.mark.parametrize("kind", ["vital", "error"])
async def test_the_walkers_of_the_new_kinds_audit_mask_and_erase(site: Site, kind: str) -> None:
    """They follow from the annotations; here from bytes that were stored under no rules at all."""
    await post(site, [VITAL, ERROR])
    database = site.house.database
    text = {"vital": "element", "error": "message"}[kind]
    await database.execute(f"UPDATE signal_{kind} SET {text} = $1, rules = 0", f"write to {MAIL}")
    catalogue = Catalogue(database, site.house.stores.extents, site.house.direct)
    walker = next(one for one in Walkers(catalogue) if one.name == kind)
    found = [texts async for texts in walker.texts(Selection()) if texts.column == text]
    assert found[0].texts == (f"write to {MAIL}",)
    active = await site.house.rules.active(site.id)
    assert await walker.remask(Selection(), Masking(active.number, active.rules)) == 1
    ((row),) = await rows(site, kind)
    assert row[text] == "write to [email]"
    assert row["rules"] == active.number
    assert KINDS[kind].identified_by is not None
    await Erasure(catalogue, site.house.stores.seals).erase(Tombstone(reason="test", visitors=(row["visitor"],)))
    assert await rows(site, kind) == []
