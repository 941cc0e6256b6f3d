"""Lines on their way to OpenSearch, over a fake of it that checks signatures, bulk format and versions."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner

from sightline import clock
from sightline.cli import sightline
from sightline.cloud.feeding import DEAD, Feeding, takes
from sightline.cloud.opensearch import Document, OpenSearch, OpenSearchAway, OpenSearchError, policy, sync, template
from sightline.database.pool import Database
from sightline.health.logs import LogLine
from sightline.server.schedule import JOBS
from sightline.settings import AwsSettings, OpenSearchSettings, SignalSettings
from sightline.signals.erasure import Erasure
from sightline.signals.extents import Catalogue
from sightline.signals.journal import Batch, Journal
from sightline.signals.ledger import Tombstone
from tests.aws import REGION, FakeAws
from tests.backend.opensearch import FakeOpenSearch, fake_opensearch
from tests.signals.making import Folder

GOLDEN = Path(__file__).with_name("opensearch_golden.json")
NOON = 1_792_929_600_000


@pytest.fixture
def fake(aws: FakeAws) -> Iterator[FakeOpenSearch]:  # the credentials of `aws` sign
    with fake_opensearch() as found:
        yield found


def domain(fake: FakeOpenSearch, waits: list[float] | None = None) -> OpenSearch:
    settings = OpenSearchSettings(url=fake.url)
    return OpenSearch(settings, AwsSettings(region=REGION), sleep=(waits if waits is not None else []).append)


def documents(*messages: str) -> list[Document]:
    return [
        Document("sightline-logs-2026.10.25", f"1-{number}", {"message": message})
        for number, message in enumerate(messages)
    ]


def test_documents_are_written_once_however_often_they_are_sent(fake: FakeOpenSearch) -> None:
    first = domain(fake).write(documents("one", "two"))
    again = domain(fake).write(documents("one", "two", "three"))
    assert (first.written, first.already) == (2, 0)
    assert (again.written, again.already) == (1, 2)
    assert len(fake.all()) == 3


def test_what_a_busy_domain_puts_off_is_sent_again_and_only_that(fake: FakeOpenSearch) -> None:
    waits: list[float] = []
    fake.faults = [429, 503]
    fake.item_faults = [("two", 429), ("two", 503)]
    found = domain(fake, waits).write(documents("one", "two", "three"))
    assert (found.written, found.already, found.refused) == (3, 0, ())
    assert len(fake.requests) == 2 + 3
    assert len(waits) == 4
    assert all(0 < wait <= 30 for wait in waits)


def test_what_is_refused_for_good_is_handed_back_with_its_reason(fake: FakeOpenSearch) -> None:
    found = domain(fake).write(documents("one", "poison", "three"))
    assert found.written == 2
    assert [(one.document.id, one.status, one.reason) for one in found.refused] == [("1-1", 400, "status_400")]


def test_a_domain_that_stays_busy_or_away_is_given_up(fake: FakeOpenSearch) -> None:
    fake.faults = [503] * 5
    with pytest.raises(OpenSearchAway, match="503"):
        domain(fake).write(documents("one"))
    fake.item_faults = [("one", 429)] * 5
    with pytest.raises(OpenSearchAway, match="1 lines were put off"):
        domain(fake).write(documents("one"))
    gone = OpenSearch(OpenSearchSettings(url="http://127.0.0.1:9"), AwsSettings(region=REGION), sleep=lambda _: None)
    with pytest.raises(OpenSearchAway):
        gone.ask("GET", "/")


def test_a_wrong_signature_is_refused_and_not_tried_again(
    fake: FakeOpenSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    with pytest.raises(OpenSearchError, match="403") as caught:
        domain(fake).write(documents("one"))
    assert "access policy" in str(caught.value.hint)
    assert len(fake.requests) == 1


def test_large_portions_are_cut(fake: FakeOpenSearch) -> None:
    found = domain(fake).write(documents(*("x" * 1_000_000 for _ in range(12))))
    assert (found.written, len(fake.requests)) == (12, 3)


def test_template_and_policy_are_the_golden_ones() -> None:
    """The file is what somebody reviews; a change of either has to be seen in it."""
    made = {"template": template("sightline-logs"), "policy": policy("sightline-logs")}
    assert json.loads(GOLDEN.read_text("utf-8")) == made


def test_sync_brings_template_and_policy_about_and_then_changes_nothing(fake: FakeOpenSearch) -> None:
    index = "sightline-logs"
    both = [f"index template {index}", f"ISM policy {index}"]
    assert sync(domain(fake), index, dry_run=True) == both
    assert fake.policies == {}
    assert sync(domain(fake), index) == both
    before = len(fake.requests)
    assert sync(domain(fake), index) == []
    assert [one for one in fake.requests[before:] if not one.startswith("GET")] == []
    fake.policies[index]["policy"]["states"][0]["transitions"][0]["conditions"]["min_index_age"] = "3d"
    assert sync(domain(fake), index) == [f"ISM policy {index}"]
    assert fake.policies[index]["_seq_no"] == 1
    assert sync(domain(fake), index) == []


def test_what_is_erased_goes_from_read_only_indexes_too(fake: FakeOpenSearch) -> None:
    fake.documents = {
        "sightline-logs-2026.10.01": {"a": {"visit": "1", "message": ""}, "b": {"visit": "2", "message": ""}},
        "other-2026.10.01": {"c": {"visit": "1", "message": ""}},
    }
    fake.blocked = {"sightline-logs-2026.10.01"}
    assert domain(fake).erase("sightline-logs", {"terms": {"visit": ["1"]}}) == 1
    assert list(fake.documents["sightline-logs-2026.10.01"]) == ["b"]
    assert len(fake.documents["other-2026.10.01"]) == 1
    assert fake.blocked == {"sightline-logs-2026.10.01"}


@pytest.mark.parametrize(
    ("tombstone", "wanted"),
    [
        (Tombstone(reason="", visits=(5,)), True), (Tombstone(reason="", visits=(6,)), False),
        (Tombstone(reason="", persons=(9,)), True), (Tombstone(reason="", sites=(1,)), True),
        (Tombstone(reason="", sites=(2,), visits=(5,)), False),
        (Tombstone(reason="", kinds=("event",), sites=(1,)), False),
        (Tombstone(reason="", sites=(1,), before_ms=NOON), False),
        (Tombstone(reason="", sites=(1,), before_ms=NOON + 1), True),
        (Tombstone(reason=""), False),
    ],
)  # fmt: skip
def test_dead_letters_go_by_the_same_rule(tombstone: Tombstone, wanted: bool) -> None:
    document = {"site": "1", "visit": "5", "visitor": "7", "person": "9", "@timestamp": NOON}
    assert takes(tombstone, document) is wanted


# ---- from the journal to the domain --------------------------------------------------------------------------------


async def commit(database: Database, *lines: LogLine) -> None:
    journal = Journal(database.address, SignalSettings())
    await journal.start()
    await journal.append(Batch(signals=lines))
    await journal.close()


def line(message: str, **fields: Any) -> LogLine:
    return LogLine(site=1, created_ms=clock.now_ms(), message=message, service="checkout", level="info", **fields)


async def test_lines_are_followed_into_the_domain_and_erased_there(
    database: Database, fake: FakeOpenSearch, tmp_path: Path
) -> None:
    dead = Folder(tmp_path / "dead")
    feeding = Feeding(database, domain(fake), dead, index="sightline-logs")
    await commit(database, line("before anybody wanted it"))
    assert (await feeding.run()).written == 0

    await commit(
        database, line("one", fields='{"order_id":5}', visit=5, person=9), line("poison", visit=5), line("two")
    )
    done = await feeding.run()
    assert (done.written, done.refused, done.missed) == (2, 1, False)
    assert (await feeding.run()).written == 0
    one = next(found for found in fake.all() if found["message"] == "one")
    assert (one["fields"], one["visit"], one["person"], one["site"]) == ({"order_id": 5}, "5", "9", "1")
    assert next(iter(fake.documents)) == f"sightline-logs-{clock.now():%Y.%m.%d}"
    (letter,) = [listed.name async for listed in dead.walk(DEAD)]
    kept = orjson.loads(await dead.get(letter))
    assert (kept["status"], kept["document"]["message"]) == (400, "poison")

    erasure = Erasure(Catalogue(database, Folder(tmp_path / "extents")), Folder(tmp_path / "log"))
    await erasure.erase(Tombstone(reason="asked", sites=(1,), visits=(5,)))
    await feeding.run()
    assert [found["message"] for found in fake.all()] == ["two"]
    assert [listed.name async for listed in dead.walk(DEAD)] == []


async def test_a_run_that_failed_is_done_again_without_a_line_twice(
    database: Database, fake: FakeOpenSearch, tmp_path: Path
) -> None:
    feeding = Feeding(database, domain(fake), Folder(tmp_path / "dead"), index="sightline-logs")
    await feeding.run()
    await commit(database, line("one"), line("two"))
    fake.item_faults = [("two", 503)] * 5
    with pytest.raises(OpenSearchAway):
        await feeding.run()
    assert (await feeding.run()).already == 1
    assert sorted(found["message"] for found in fake.all()) == ["one", "two"]


async def test_a_restored_ledger_is_noticed(database: Database, fake: FakeOpenSearch, tmp_path: Path) -> None:
    feeding = Feeding(database, domain(fake), Folder(tmp_path / "dead"), index="sightline-logs")
    await feeding.run()
    await database.execute("UPDATE journal_state SET generation = generation + 1")
    await commit(database, line("one"))
    done = await feeding.run()
    assert (done.missed, done.written) == (True, 1)
    assert (await feeding.run()).missed is False


def test_the_job_is_in_the_schedule() -> None:
    assert "logs.opensearch" in {job.name for job in JOBS}


def test_the_command_says_what_it_changed(
    fake: FakeOpenSearch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGHTLINE_OPENSEARCH_URL", fake.url)
    monkeypatch.setenv("SIGHTLINE_AWS_REGION", REGION)
    command = ["aws", "opensearch", "sync", "--data", str(tmp_path)]
    told = [CliRunner().invoke(sightline, [*command, *more]).output for more in (["--dry-run"], [], ["--json"])]
    assert told[0].splitlines() == [
        "would change index template sightline-logs",
        "would change ISM policy sightline-logs",
    ]
    assert told[1].splitlines() == ["changed index template sightline-logs", "changed ISM policy sightline-logs"]
    assert json.loads(told[2]) == {"changed": [], "dry_run": False}
