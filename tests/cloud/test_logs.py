"""Log export against moto, which runs an export at once but never says that it has ended: the test says it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from moto.logs.models import ExportTask

from sightline import clock
from sightline.cloud.logs import Exporting
from sightline.cloud.session import AwsRefused
from tests.cloud.conftest import Account, quiet

GROUP = "/observability/dev/service"


@pytest.fixture
def bucket(account: Account, monkeypatch: pytest.MonkeyPatch) -> str:
    logs = account.client("logs")
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName="task")
    yesterday = datetime.now(UTC) - timedelta(days=1)
    logs.put_log_events(
        logGroupName=GROUP, logStreamName="task", logEvents=[{"timestamp": clock.to_ms(yesterday), "message": "hello"}]
    )
    ends(monkeypatch, "COMPLETED")
    return account.bucket("logs")


def ends(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    shown = ExportTask.to_json

    def to_json(task: ExportTask) -> dict[str, Any]:
        return {**shown(task), "status": {"code": code, "message": "said by the test"}}

    monkeypatch.setattr(ExportTask, "to_json", to_json)


def export(account: Account, bucket: str, days: int = 3, *, dry_run: bool = False) -> list[tuple[str, str]]:
    exporting = Exporting(account.settings, bucket, quiet, poll_s=0)
    return [(one.day, one.state) for one in exporting.run(["/observability/dev/"], days, dry_run=dry_run)]


def keys(account: Account, bucket: str) -> set[str]:
    return {one["Key"] for one in account.client("s3").list_objects_v2(Bucket=bucket).get("Contents", [])}


def days_back(count: int) -> list[str]:
    today = clock.now().date()
    return [(today - timedelta(days=back)).isoformat() for back in range(count, 0, -1)]


def test_each_whole_day_is_exported_once_the_oldest_first(account: Account, bucket: str) -> None:
    assert export(account, bucket) == [(day, "exported") for day in days_back(3)]
    found = keys(account, bucket)
    assert {f"exported{GROUP}/{day}" for day in days_back(3)} <= found
    assert any(key.startswith(f"logs{GROUP}/{days_back(1)[0]}/") for key in found)
    assert export(account, bucket) == []


def test_a_gap_is_filled_and_the_rest_left_alone(account: Account, bucket: str) -> None:
    export(account, bucket)
    gap = days_back(2)[0]
    account.client("s3").delete_object(Bucket=bucket, Key=f"exported{GROUP}/{gap}")
    assert export(account, bucket) == [(gap, "exported")]


def test_an_export_that_fails_is_said_and_tried_again(
    account: Account, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as failing:
        ends(failing, "FAILED")
        with pytest.raises(AwsRefused, match="FAILED: said by the test"):
            export(account, bucket)
    assert export(account, bucket)[0] == (days_back(3)[0], "exported")


def test_a_dry_run_exports_nothing(account: Account, bucket: str) -> None:
    assert [state for _, state in export(account, bucket, dry_run=True)] == ["waiting"] * 3
    assert keys(account, bucket) == set()


def test_a_group_that_forgets_sooner_is_not_asked_for_more(account: Account, bucket: str) -> None:
    account.client("logs").put_retention_policy(logGroupName=GROUP, retentionInDays=1)
    assert [day for day, _ in export(account, bucket, days=7)] == days_back(1)


def test_every_run_is_counted_for_the_alarm(account: Account, bucket: str) -> None:
    export(account, bucket)
    found = account.client("cloudwatch").get_metric_statistics(
        Namespace="Sightline", MetricName="LogsExported", Period=3600, Statistics=["Sum"],
        StartTime=datetime.now(UTC) - timedelta(hours=2), EndTime=datetime.now(UTC) + timedelta(hours=1),
    )["Datapoints"]  # fmt: skip
    assert sum(point["Sum"] for point in found) == 1
