"""What CloudWatch Logs delivers, from bytes on the wire to rows in PostgreSQL and an answer to a search."""

import base64
import gzip
import json

import pytest

from sightline.accounts.permissions import Permission
from tests.backend.conftest import REQUEST, Backend
from tests.backend.payloads import (
    GROUP,
    STREAM,
    TRACE,
    control,
    document,
    emf,
    firehose,
    invocation,
    packed,
    powertools,
    request_id,
)
from tests.collect.keys import make_key

MAIL = "ann.smith@example.com"


async def test_a_request_of_firehose_is_stored_and_found(backend: Backend) -> None:
    first = request_id()
    lines = invocation(
        first, powertools("order placed", order_id=4711, cart={"items": 3}, visit_id="123456789"), "a print\n",
        powertools("card declined", level="ERROR"), init=211.5,
    )  # fmt: skip
    answer = await backend.firehose(packed(document(lines)))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["requestId"] == REQUEST
    assert "errorMessage" not in answer.json()

    rows = await backend.rows()
    assert len(rows) == 6
    assert {row["request"] for row in rows} == {first}
    assert {row["visit"] for row in rows} == {123456789}
    assert {(row["service"], row["function"]) for row in rows} == {("checkout", "shop-checkout")}
    assert {(row["log_group"], row["stream"], row["trace"]) for row in rows} == {(GROUP, STREAM, TRACE)}
    assert [row["source"] for row in rows] == ["platform", "function", "function", "function", "platform", "platform"]
    (run,) = await backend.rows("invocation")
    assert (run["duration_ms"], run["billed_ms"], run["init_ms"]) == (102.25, 103, 211.5)
    assert (run["memory_mb"], run["used_mb"], run["cold"], run["status"]) == (512, 93, True, "ok")
    assert run["visit"] == 123456789

    assert await backend.messages("level:error") == ["card declined"]
    assert await backend.messages("order_id:4711 cart.items:>2") == ["order placed"]
    assert await backend.messages('visit:123456789 "A PRINT"') == ["a print"]
    assert await backend.messages("service:checkout NOT source:platform NOT level:error") == ["a print", "order placed"]


async def test_the_same_lines_are_stored_once_however_often_they_come(backend: Backend) -> None:
    payload = packed(document(["one", "two"]))
    for _ in range(2):
        assert (await backend.firehose(payload)).status_code == 200
    again = await backend.forward(payload)
    assert (again.status_code, again.json()) == (200, {"lines": 2, "duplicates": 1})
    assert len(await backend.rows()) == 2
    await backend.firehose(packed(document(["one", "two"], at_ms=1_790_000_000_000)))
    assert len(await backend.rows()) == 4


async def test_a_retry_stores_what_was_missing_only(backend: Backend) -> None:
    good, other = packed(document(["one"])), packed(document(["two"], stream="other"))
    await backend.firehose(good)
    await backend.firehose(good, other)
    assert sorted(row["message"] for row in await backend.rows()) == ["one", "two"]


async def test_a_record_that_cannot_be_read_does_not_keep_the_others_out(backend: Backend) -> None:
    whole = packed(document(["one"]))
    answer = await backend.firehose(whole[:-9], b"no gzip", control(), packed({"messageType": "DATA_MESSAGE"}), whole)
    assert answer.status_code == 200
    assert answer.headers["x-sightline-dropped"] == "malformed; 3"
    assert [row["message"] for row in await backend.rows()] == ["one"]


async def test_a_payload_of_the_forwarder_that_cannot_be_read_is_refused(backend: Backend) -> None:
    answer = await backend.forward(packed(document(["one"]))[:-9])
    assert answer.status_code == 400
    assert answer.json()["error"] == {"code": "malformed", "message": "this gzip stream ends too early"}
    assert await backend.rows() == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "this is not JSON"), (b"[]", "Expected `object`, got `array`"),
        (firehose(request="a b"), "a request has an id"),
    ],
    ids=["nothing", "a list", "no id"],
)  # fmt: skip
async def test_a_request_that_is_none_is_refused_in_firehoses_words(backend: Backend, body: bytes, said: str) -> None:
    answer = await backend.firehose(body=body)
    assert answer.status_code == 400
    assert answer.json()["requestId"] == REQUEST
    assert said in answer.json()["errorMessage"]


async def test_only_a_key_that_may_send_this_sites_lines_is_let_in(backend: Backend) -> None:
    payload = packed(document(["one"]))
    sends_hits = await make_key(backend.site, Permission.SITE_SEND)
    stranger = await make_key(backend.site, Permission.SITE_SEND_LOGS, own_team=False)
    statuses = [
        (await backend.firehose(payload, key=key)).status_code for key in ("", "sl_wrong", sends_hits, stranger)
    ]
    assert statuses == [401, 401, 403, 403]
    assert (await backend.forward(payload, key=backend.reads)).status_code == 403
    assert await backend.rows() == []


async def test_a_key_of_the_process_itself_sends_lines_of_its_site_until_it_is_dropped(backend: Backend) -> None:
    payload, keys = packed(document(["one"])), backend.site.house.inner_keys
    key = keys.make(backend.id, Permission.SITE_SEND_LOGS)
    others = keys.make(backend.id + 1, Permission.SITE_SEND_LOGS), keys.make(backend.id, Permission.SITE_SEND)
    assert [(await backend.forward(payload, key=one)).status_code for one in (*others, f"{key}x")] == [401, 401, 401]
    assert (await backend.forward(payload, key=key)).json() == {"lines": 1, "duplicates": 0}
    assert (await backend.report("logs", key=key)).status_code == 401  # it opens nothing else
    keys.drop(key)
    assert (await backend.forward(payload, key=key)).status_code == 401


async def test_what_firehose_packs_or_unpacks_is_read_the_same(backend: Backend) -> None:
    plain = json.dumps(document(["one"])).encode()
    packed_body = gzip.compress(firehose(plain))
    answer = await backend.firehose(body=packed_body, **{"content-encoding": "gzip"})
    assert answer.status_code == 200, answer.text
    assert [row["message"] for row in await backend.rows()] == ["one"]


async def test_nothing_personal_is_stored(backend: Backend) -> None:
    lines = [
        f"sent to {MAIL}", powertools("who", email="x@y", customer={"name": "Ann Smith", "mail": MAIL}, note=MAIL),
        json.dumps({"email": MAIL, "only": "fields"}), powertools("ids", correlation_id=MAIL, service=f"of-{MAIL}"),
        f"[INFO]\t2026-11-28T22:00:00.123Z\t{request_id()}\tmail {MAIL}", f"GET /cart?email={MAIL} 200",
        emf(Orders=1, customer=MAIL),
    ]  # fmt: skip
    await backend.firehose(packed(document(lines, stream=f"s-{MAIL}")))
    rows = await backend.rows()
    assert len(rows) == 6
    assert all(row["rules"] > 0 for row in rows)
    assert MAIL not in str(rows)
    assert "Ann" not in str(rows)
    assert sorted(await backend.messages("email:*")) == ["", "who"]


async def test_metrics_are_told_from_lines(backend: Backend) -> None:
    request = request_id()
    lines = invocation(request, powertools("paid", visit_id="77"), emf(Orders=[1, 2, 4], Total=12.5))
    await backend.firehose(packed(document(lines)))
    orders, total = await backend.rows("metric")
    assert (orders["name"], orders["count"], orders["total"], orders["least"], orders["most"]) == ("Orders", 3, 7, 1, 4)
    assert (orders["namespace"], orders["unit"], json.loads(orders["dimensions"])) == (
        "Shop", "Count", {"service": "checkout"},
    )  # fmt: skip
    assert (total["total"], total["visit"], total["request"]) == (12.5, 77, request)
    assert len(await backend.rows()) == 4


async def test_six_megabytes_are_taken_at_once(backend: Backend) -> None:
    """As much as Lambda hands to a forwarder: 6 MB in base64, of lines that gzip cannot make small."""
    noise = [base64.b64encode(request_id().encode() * 9).decode() + request_id() * 3 for _ in range(24_000)]
    payload = packed(document(noise))
    assert len(payload) > 1_000_000
    answer = await backend.forward(payload)
    assert answer.status_code == 200, answer.text
    assert answer.json()["lines"] == 24_000
    assert await backend.database.fetchval("SELECT count(*) FROM signal_log") == 24_000


async def test_a_body_beyond_the_limit_is_not_read(backend: Backend) -> None:
    answer = await backend.firehose(body=b" " * ((16 << 20) + 1))
    assert answer.status_code == 413
