"""Following lines as they arrive, around a line, of a visit, exported, and erased with their person."""

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from sightline.accounts.permissions import Permission
from sightline.analytics import log_tail
from sightline.analytics.log_query import parse
from sightline.analytics.log_tail import Follower
from sightline.signals.erasure import Erasure
from sightline.signals.extents import Catalogue
from sightline.signals.ledger import Tombstone
from sightline.signals.masking import Masking
from sightline.signals.walkers import Selection, Walkers
from tests.backend.conftest import Backend
from tests.backend.payloads import TRACE, document, invocation, packed, powertools, request_id
from tests.collect.keys import make_key
from tests.signals.making import Folder

MAIL = "ann.smith@example.com"


@asynccontextmanager
async def tailed(backend: Backend, q: str = "", **headers: str) -> AsyncIterator[AsyncIterator[tuple[str, str, Any]]]:
    """The events of a stream: name, id, data."""
    sent = {"authorization": f"Bearer {backend.reads}", **headers}
    path = f"/api/v1/sites/{backend.id}/logs/tail"
    async with backend.client.stream("GET", path, params={"q": q}, headers=sent) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")

        async def events() -> AsyncIterator[tuple[str, str, Any]]:
            found: dict[str, str] = {}
            async for line in answer.aiter_lines():
                field, _, value = line.partition(": ")
                if field:
                    found[field] = value
                elif found:
                    yield found.get("event", ""), found.get("id", ""), json.loads(found.get("data", "null"))
                    found = {}

        yield events()


async def test_lines_are_followed_as_they_are_committed(backend: Backend) -> None:
    await backend.firehose(packed(document(["before"])))
    async with tailed(backend, "level:error") as events:
        name, begun, _ = await anext(events)
        assert name == ""
        await backend.firehose(packed(document([powertools("fine"), powertools("broken", level="ERROR")], stream="b")))
        name, number, data = await asyncio.wait_for(anext(events), 10)
        assert (name, data["message"], data["level"], data["service"]) == ("line", "broken", "error", "checkout")
        assert int(number) > int(begun)
    await backend.firehose(packed(document([powertools("missed?", level="ERROR")], stream="c")))
    async with tailed(backend, "level:error", **{"last-event-id": number}) as events:
        await anext(events)
        assert (await asyncio.wait_for(anext(events), 10))[2]["message"] == "missed?"


async def test_who_falls_behind_is_told_how_much_passed_by(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    follower = await Follower.begin(backend.database, backend.id, parse("two"))
    await backend.firehose(packed(document(["one", "two", "three"])), packed(document(["two"], stream="b")))
    portion = await follower.next()
    assert ([line["message"] for line in portion.lines], portion.dropped) == (["two", "two"], 0)
    monkeypatch.setattr(log_tail, "_BEHIND", 2)
    await backend.firehose(packed(document(["two"] * 3, stream="c")))
    portion = await follower.next()
    assert (list(portion.lines), portion.dropped) == ([], 3)
    assert await follower.next() == log_tail.Portion(follower.pos, ())


async def test_streams_are_counted_and_bounded(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sightline.server.api.logs._MOST_TAILS", 1)
    async with tailed(backend) as events:
        await anext(events)
        path = f"/api/v1/sites/{backend.id}/logs/tail"
        answer = await backend.client.get(path, headers={"authorization": f"Bearer {backend.reads}"})
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "30")


async def test_a_query_that_cannot_be_read_says_where(backend: Backend) -> None:
    for answer in (
        await backend.report("logs", q='level:error "open'),
        await backend.client.get(
            f"/api/v1/sites/{backend.id}/logs/tail",
            params={"q": '"x'},
            headers={"authorization": f"Bearer {backend.reads}"},
        ),
    ):
        assert answer.status_code == 422
        error = answer.json()["error"]
        assert (error["code"], error["field"]) == ("bad_query", "q")
        assert "this quote is never closed" in error["message"]


async def test_only_who_may_read_lines_reads_them(backend: Backend) -> None:
    reads_reports = await make_key(backend.site, Permission.SITE_READ)
    for name in ("logs", "logs-histogram", "logs-facets", "functions", "invocations", "function-pages"):
        assert (await backend.report(name, key=reads_reports)).status_code == 403, name
    assert (await backend.report("logs", key=backend.sends)).status_code in {403, 404}


async def test_the_lines_around_one_are_those_of_its_stream(backend: Backend) -> None:
    await backend.firehose(
        packed(document([str(number) for number in range(9)], at_ms=1_790_000_000_000)),
        packed(document(["other"], stream="other", at_ms=1_790_000_000_003)),
    )
    asked = {"start": "1790000000000", "end": "1790000001000"}
    rows = (await backend.report("logs", **asked)).json()["rows"]
    middle = next(row for row in rows if row["message"] == "4")
    answer = await backend.report("logs-around", line=middle["id"], count=2)
    assert [row["message"] for row in answer.json()["rows"]] == ["2", "3", "4", "5", "6"]
    assert (await backend.report("logs-around", line="1-99")).status_code == 404
    assert (await backend.report("logs-around", line="x")).status_code == 422


async def test_histogram_and_facets_count_what_a_query_finds(backend: Backend) -> None:
    lines = [powertools("a", plan="pro"), powertools("b", plan="pro", level="ERROR"), powertools("c", plan="free")]
    await backend.firehose(packed(document(lines)))
    histogram = await backend.found("plan:pro", "logs-histogram", unit="hour")
    assert histogram["total"] == 2
    assert (sum(row["info"] for row in histogram["rows"]), sum(row["error"] for row in histogram["rows"])) == (1, 1)
    facets = {facet["field"]: facet for facet in (await backend.found("", "logs-facets"))["rows"]}
    assert facets["level"]["values"] == [{"value": "info", "count": 2}, {"value": "error", "count": 1}]
    assert facets["plan"] == {
        "field": "plan", "sampled": True, "values": [{"value": "pro", "count": 2}, {"value": "free", "count": 1}],
    }  # fmt: skip


async def test_what_is_found_is_exported(backend: Backend) -> None:
    await backend.firehose(packed(document([powertools("=1+1", total=5), powertools("two"), powertools("no")])))
    headers = {"authorization": f"Bearer {backend.reads}"}
    path = f"/api/v1/sites/{backend.id}/logs/export"
    answer = await backend.client.get(path, params={"q": "NOT no"}, headers=headers)
    assert answer.headers["content-type"] == "application/x-ndjson"
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [line["message"] for line in lines] == ["two", "=1+1"]
    assert lines[1]["fields"]["total"] == 5
    answer = await backend.client.get(path, params={"q": "NOT no", "format": "csv"}, headers=headers)
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["message"] for row in rows] == ["two", "'=1+1"]
    assert json.loads(rows[1]["fields"])["total"] == 5
    assert (await backend.client.get(path, params={"q": '"'}, headers=headers)).status_code == 422


async def placed_order(backend: Backend) -> str:
    """A visitor who says who they are, and whose order a function takes; returns the visit."""
    await backend.site.send("identify", id="ann", url="/", hostname="shop.example")
    (row,) = await backend.database.fetch("SELECT DISTINCT visit FROM signal_event")
    visit = str(row["visit"])
    await backend.firehose(
        packed(document(invocation(request_id(), powertools("order placed", visit_id=visit)))),
        packed(document([powertools("sent mail")], group="/aws/lambda/mails", stream="m")),
        packed(document(["unrelated"], group="/aws/lambda/other", stream="o")),
    )
    return visit


async def test_the_lines_of_a_recordings_visit_stand_beside_it(backend: Backend) -> None:
    visit = await placed_order(backend)
    path = f"/api/v1/sites/{backend.id}/recordings/{visit}-tab12345/logs"
    answer = await backend.client.get(path, headers={"authorization": f"Bearer {backend.reads}"})
    assert answer.status_code == 200, answer.text
    messages = [row["message"].partition(" RequestId")[0] for row in answer.json()["rows"]]
    assert sorted(messages) == ["END", "REPORT", "START", "order placed", "sent mail"]
    assert {row["trace"] for row in answer.json()["rows"]} == {TRACE}
    first = await backend.client.get(path, params={"limit": 2}, headers={"authorization": f"Bearer {backend.reads}"})
    rest = await backend.client.get(
        path, params={"cursor": first.json()["next"]}, headers={"authorization": f"Bearer {backend.reads}"}
    )
    assert [*first.json()["rows"], *rest.json()["rows"]] == answer.json()["rows"]
    assert rest.json()["next"] is None


async def test_lines_know_whose_visit_it_is_and_go_with_their_person(backend: Backend) -> None:
    await placed_order(backend)
    (person,) = await backend.database.fetch("SELECT DISTINCT person, visitor FROM signal_event")
    rows = await backend.rows()
    assert {(row["visitor"], row["person"]) for row in rows if row["visit"]} == {(person["visitor"], person["person"])}
    # What arrives when the visit is no longer known to be open has its id only, and goes all the same.
    await backend.database.execute("DELETE FROM open_visit")
    await backend.firehose(packed(document([powertools("late", visit_id=str(rows[0]["visit"]))], stream="late")))
    late = next(row for row in await backend.rows() if row["message"] == "late")
    assert (late["visitor"], late["person"]) == (0, None)

    folder = Folder(backend.site.house.data / "extents")
    erasure = Erasure(Catalogue(backend.database, folder), Folder(backend.site.house.data / "log"))
    done = await erasure.erase(Tombstone(reason="asked", sites=(backend.id,), persons=(person["person"],)))
    assert done.rows >= 6
    assert {row["message"] for row in await backend.rows()} == {"sent mail", "unrelated"}
    assert await backend.rows("invocation") == []


async def test_audit_and_masking_anew_go_over_lines(backend: Backend) -> None:
    await backend.firehose(packed(document([powertools(f"to {MAIL}", note=f"of {MAIL}")])))
    await backend.database.execute(
        f"UPDATE signal_log SET rules = 0, message = 'to {MAIL}', correlation = '{MAIL}', service = '{MAIL}'"
    )
    house = backend.site.house
    active = await house.rules.active(backend.id)
    walkers = Walkers(Catalogue(backend.database, Folder(house.data / "extents")))
    masking = Masking(active.number, active.rules)
    found = [
        (texts.column, finding.detector)
        for walker in walkers
        if walker.name == "log"
        async for texts in walker.texts(Selection())
        for text in texts.texts
        for finding in masking.findings(texts.walk, text)
    ]
    assert set(found) == {("message", "email"), ("correlation", "email"), ("service", "email")}
