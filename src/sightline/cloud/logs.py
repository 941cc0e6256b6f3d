"""CloudWatch's logs into the bucket for them, a day of a group at a time.

What is done is marked in the bucket itself, so a run that was interrupted, or did not happen for a week, goes on where
the last one was. AWS runs one export at a time in an account.
"""

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from msgspec import Struct

from sightline import clock, metrics
from sightline.cloud.session import AwsRefused, client, pages, told
from sightline.cloud.stacks import Progress
from sightline.settings import AwsSettings

_MARKS: Final = "exported"
_BELOW: Final = "logs"
_OVER: Final = {"COMPLETED", "FAILED", "CANCELLED"}
_WAIT_S: Final = 6 * 3600


class Exported(Struct, frozen=True):
    """One day of one group: `exported` now, `waiting` in a dry run."""

    group: str
    day: str
    state: str


class Exporting:
    """Exports what is not exported yet."""

    def __init__(self, aws: AwsSettings, bucket: str, progress: Progress, *, poll_s: float = 5) -> None:
        self._bucket = bucket
        self._progress = progress
        self._poll_s = poll_s
        self._logs = client("logs", aws)
        self._s3 = client("s3", aws)
        self._watch = client("cloudwatch", aws)

    def run(self, groups: Sequence[str], days: int, *, dry_run: bool = False) -> Iterator[Exported]:
        """The last `days` whole days of every group whose name begins with one of `groups`, the oldest first."""
        today = clock.now().date()
        for name, kept in self._groups(groups):
            done = self._marks(name)
            # What the group has forgotten already cannot be exported.
            for back in range(min(days, kept or days), 0, -1):
                day = today - timedelta(days=back)
                if day.isoformat() in done:
                    continue
                if not dry_run:
                    self._export(name, day)
                yield Exported(name, day.isoformat(), "waiting" if dry_run else "exported")
            if not dry_run:
                self._say(name)

    def _groups(self, beginnings: Sequence[str]) -> Iterator[tuple[str, int | None]]:
        for beginning in beginnings:
            for group in pages(self._logs, "describe_log_groups", "logGroups", logGroupNamePrefix=beginning):
                yield group["logGroupName"], group.get("retentionInDays")

    def _marks(self, group: str) -> set[str]:
        prefix = f"{_MARKS}{group}/"
        found = pages(self._s3, "list_objects_v2", "Contents", Bucket=self._bucket, Prefix=prefix)
        return {one["Key"].removeprefix(prefix) for one in found}

    def _export(self, group: str, day: date) -> None:
        self._progress(f"{group}: exports {day}")
        start = datetime(day.year, day.month, day.day, tzinfo=UTC)
        with told(f"export {group}"):
            task = self._logs.create_export_task(
                taskName=f"{group} {day}"[:512], logGroupName=group, fromTime=clock.to_ms(start),
                to=clock.to_ms(start + timedelta(days=1)) - 1, destination=self._bucket,
                destinationPrefix=f"{_BELOW}{group}/{day}",
            )["taskId"]  # fmt: skip
        status = self._ended(task)
        if status["code"] != "COMPLETED":
            raise AwsRefused(
                f"the export of {group} of {day} is {status['code']}: {status.get('message', '')}",
                hint="Check the policy of the bucket, then run this again: it goes on with this day.",
            )
        with told(f"mark {group} of {day} as exported"):
            self._s3.put_object(Bucket=self._bucket, Key=f"{_MARKS}{group}/{day}", Body=b"")

    def _ended(self, task: str) -> dict[str, Any]:
        until = time.monotonic() + _WAIT_S
        while True:
            with told("look at an export"):
                [found] = self._logs.describe_export_tasks(taskId=task)["exportTasks"]
            status: dict[str, Any] = found["status"]
            if status["code"] in _OVER or time.monotonic() > until:
                return status
            time.sleep(self._poll_s)

    def _say(self, group: str) -> None:
        """For the alarm: a day on which nothing says this is a day without exports."""
        metric = metrics.CATALOGUE["LogsExported"]
        with told(f"count the export of {group}"):
            self._watch.put_metric_data(
                Namespace=metrics.NAMESPACE,
                MetricData=[{"MetricName": metric.name, "Unit": metric.unit.value, "Value": 1}],
            )
