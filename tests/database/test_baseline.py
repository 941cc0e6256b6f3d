"""The baseline: what is measured on real servers, and each limit of the story crossed once."""

import asyncio
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sightline import clock
from sightline.cloud import cloudwatch
from sightline.cloud.cloudwatch import CloudWatchError, database_metrics
from sightline.database import baseline
from sightline.database.address import connect
from sightline.database.baseline import BaselineError, Snapshot, compare, measure
from sightline.settings import AwsSettings
from tests.aws import FakeAws
from tests.database.conftest import Place

DAY_MS = 24 * 3600 * 1000
MB = 2**20

BEFORE = Snapshot(
    taken_ms=1_700_000_000_000,
    server=15,
    database="app",
    bytes=500 * MB,
    schemas={"app": 400 * MB, "public": MB},
    connections={"api": 20, "worker": 10},
    max_connections=100,
    cache_hit_share=99.5,
    reads=200.0,
    writes=100.0,
    probe_ms=0.4,
    cloud={
        "CPUUtilization": 20.0, "DatabaseConnections": 30.0, "ReadIOPS": 200.0, "WriteIOPS": 100.0,
        "FreeableMemory": 900.0 * MB, "FreeStorageSpace": 9000.0 * MB,
    },
)  # fmt: skip


def after(**changed: Any) -> Snapshot:
    """The same ten days later, but for what is named."""
    changed.setdefault("taken_ms", BEFORE.taken_ms + 10 * DAY_MS)
    cloud = {**BEFORE.cloud, **changed.pop("cloud", {})}
    return msgspec.structs.replace(BEFORE, cloud=cloud, **changed)


def crossed(later: Snapshot) -> list[str]:
    return [line.what for line in compare(BEFORE, later) if not line.ok]


def test_nothing_changed_crosses_nothing() -> None:
    assert crossed(after()) == []


# At the limit, and just over it.
@pytest.mark.parametrize(
    ("at_limit", "over", "what"),
    [
        ({"cloud": {"CPUUtilization": 25.0}}, {"cloud": {"CPUUtilization": 25.1}}, "CPUUtilization"),
        ({"cloud": {"DatabaseConnections": 32.0}}, {"cloud": {"DatabaseConnections": 32.1}}, "DatabaseConnections"),
        ({"cloud": {"ReadIOPS": 220.0}}, {"cloud": {"ReadIOPS": 220.5}}, "ReadIOPS"),
        ({"cloud": {"WriteIOPS": 110.0}}, {"cloud": {"WriteIOPS": 110.5}}, "WriteIOPS"),
        ({"connections": {"api": 22, "worker": 10}}, {"connections": {"api": 20, "umami_user": 13}}, "connections"),
        ({"reads": 220.0}, {"reads": 220.5}, "blocks read a second"),
        ({"writes": 110.0}, {"writes": 110.5}, "blocks written a second"),
        ({"bytes": 500 * MB + 341 * MB}, {"bytes": 500 * MB + 342 * MB}, "database size"),
        ({"schemas": {"app": 1, "public": 1, "umami": 1}}, {"schemas": {"app": 1, "umami": 1}}, "schemas"),
    ],
)
def test_each_limit_holds_up_to_it_and_no_further(at_limit: dict[str, Any], over: dict[str, Any], what: str) -> None:
    assert crossed(after(**at_limit)) == []
    assert crossed(after(**over)) == [what]


def test_cpu_over_the_ceiling_is_named_however_little_it_rose() -> None:
    busy = msgspec.structs.replace(BEFORE, cloud={"CPUUtilization": 69.0})
    lines = compare(busy, msgspec.structs.replace(busy, cloud={"CPUUtilization": 70.5}))
    assert [line.what for line in lines if not line.ok] == ["CPUUtilization"]


def test_more_than_four_fifths_of_max_connections_is_named() -> None:
    full = msgspec.structs.replace(BEFORE, connections={"api": 80})
    lines = compare(full, msgspec.structs.replace(full, connections={"api": 81}))
    assert [line.what for line in lines if not line.ok] == ["connections of max_connections"]


def test_an_idle_server_may_do_a_little_more() -> None:
    idle = msgspec.structs.replace(BEFORE, reads=0.0, writes=0.5)
    lines = compare(idle, msgspec.structs.replace(idle, reads=9.0, writes=10.5))
    assert all(line.ok for line in lines)
    lines = compare(idle, msgspec.structs.replace(idle, reads=10.5))
    assert [line.what for line in lines if not line.ok] == ["blocks read a second"]


@pytest.mark.parametrize(("days", "allowed_mb"), [(0.01, 34), (1, 34), (30, 1024), (60, 2048)])
def test_growth_is_a_rate_over_the_time_that_passed_but_at_least_a_day(days: float, allowed_mb: int) -> None:
    taken_ms = BEFORE.taken_ms + round(days * DAY_MS)
    assert crossed(after(taken_ms=taken_ms, bytes=BEFORE.bytes + allowed_mb * MB)) == []
    assert crossed(after(taken_ms=taken_ms, bytes=BEFORE.bytes + (allowed_mb + 1) * MB)) == ["database size"]


def test_a_metric_that_one_side_lacks_is_told_and_not_judged() -> None:
    bare = msgspec.structs.replace(BEFORE, cloud={})
    lines = {line.what: line for line in compare(bare, after())}
    assert lines["CPUUtilization"].before == "-"
    assert lines["CPUUtilization"].limit is None


def test_a_baseline_of_another_database_is_refused() -> None:
    with pytest.raises(BaselineError, match="is of the database 'app', this one is 'other'"):
        compare(BEFORE, after(database="other"))


async def test_it_measures_the_database_and_its_schemas(any_place: Place) -> None:
    place = any_place
    before = await measure(place.admin, seconds=0.1)
    await place.move_in()
    service = await place.as_service()
    await service.execute("CREATE TABLE much AS SELECT n, repeat('x', 500) AS t FROM generate_series(1, 20000) n")
    later = await measure(place.admin, seconds=0.1)
    await service.close()
    assert "umami" not in before.schemas
    assert later.schemas["umami"] > 10 * MB
    assert later.schemas["app"] == before.schemas["app"]
    assert later.bytes - before.bytes > 10 * MB
    assert later.connections[place.settings.role] == 1
    assert later.server in (15, 16)
    assert later.cache_hit_share is not None
    assert 0 < later.probe_ms < 1000


async def test_the_blocks_that_a_server_writes_are_counted(any_place: Place) -> None:
    place = any_place
    root = await connect(place.root)
    counters = await baseline._counters(root, root.get_server_version().major)
    await root.execute("CREATE TABLE public.much AS SELECT repeat('x', 500) AS t FROM generate_series(1, 20000) n")
    await root.execute("CHECKPOINT")
    later = counters
    # The checkpointer counts its blocks a moment after CHECKPOINT has returned.
    async with asyncio.timeout(30):
        while later[1] - counters[1] <= 1000:
            await asyncio.sleep(0.05)
            later = await baseline._counters(root, root.get_server_version().major)
    await root.close()


async def test_a_file_goes_there_and_back(place: Place, tmp_path: Path) -> None:
    snapshot = await measure(place.admin, seconds=0.1)
    baseline.save(tmp_path / "baseline.json", snapshot)
    assert baseline.read(tmp_path / "baseline.json") == snapshot


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 1}', '{"version": "x"}'])
def test_a_file_that_holds_no_baseline_is_one_line(tmp_path: Path, text: str) -> None:
    file = tmp_path / "baseline.json"
    file.write_text(text)
    with pytest.raises(BaselineError, match="holds no baseline") as caught:
        baseline.read(file)
    assert "\n" not in caught.value.line()


def test_a_missing_file_a_future_version_and_a_missing_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(BaselineError, match=r"cannot read .*No such file"):
        baseline.read(tmp_path / "none.json")
    with pytest.raises(BaselineError, match="cannot write"):
        baseline.save(tmp_path / "nowhere" / "b.json", BEFORE)
    baseline.save(tmp_path / "b.json", msgspec.structs.replace(BEFORE, version=2))
    with pytest.raises(BaselineError, match="of version 2, not 1"):
        baseline.read(tmp_path / "b.json")


# ---- CloudWatch -----------------------------------------------------------------------------------------------------


@pytest.fixture
def cluster(aws: FakeAws) -> AwsSettings:
    """A cluster of its own."""
    return msgspec.structs.replace(aws.settings, database_cluster=f"shared-{secrets.token_hex(4)}")


def put(settings: AwsSettings, name: str, value: float, *, minutes_ago: float) -> None:
    cloudwatch.client(settings).put_metric_data(
        Namespace="AWS/RDS",
        MetricData=[{
            "MetricName": name,
            "Dimensions": [{"Name": "DBClusterIdentifier", "Value": settings.database_cluster}],
            "Timestamp": clock.now() - timedelta(minutes=minutes_ago),
            "Value": value,
        }],
    )  # fmt: skip


async def test_it_reads_the_mean_of_each_metric_of_our_cluster(cluster: AwsSettings) -> None:
    put(cluster, "CPUUtilization", 10, minutes_ago=20)
    put(cluster, "CPUUtilization", 30, minutes_ago=40)
    put(msgspec.structs.replace(cluster, database_cluster="another"), "CPUUtilization", 99, minutes_ago=30)
    put(cluster, "CPUUtilization", 99, minutes_ago=3000)
    put(cluster, "FreeStorageSpace", 5, minutes_ago=10)
    assert await database_metrics(cluster) == {"CPUUtilization": 20.0, "FreeStorageSpace": 5.0}


async def test_without_a_cluster_nothing_is_asked() -> None:
    assert await database_metrics(AwsSettings()) == {}


async def test_an_unreachable_cloudwatch_is_one_line(cluster: AwsSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    away = msgspec.structs.replace(cluster, endpoint_url="http://127.0.0.1:9")
    with pytest.raises(CloudWatchError, match="cannot read CPUUtilization of 'shared-"):
        await database_metrics(away)
