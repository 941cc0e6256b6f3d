"""What stands between a task's stdout and CloudWatch on Fargate: a log driver, and the extraction of embedded metrics.

moto has neither. This one reads what a real server printed, puts each line into moto's Logs, and what its `_aws` says
into moto's CloudWatch, each set of dimensions as AWS does it.
"""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from tests.cloud.conftest import Account

_POLL_S = 0.2


class Prints(Protocol):
    """A process, or a function, whose lines go to a log group."""

    @property
    def output(self) -> str: ...


class LogDriver:
    """Carries the lines of one server into one log group."""

    def __init__(self, account: Account, group: str, running: Prints) -> None:
        self._logs, self._metrics = account.client("logs"), account.client("cloudwatch")
        self._group, self._running = group, running
        self._logs.create_log_group(logGroupName=group)
        self._logs.create_log_stream(logGroupName=group, logStreamName="task")
        self._carried = 0
        self._ended = threading.Event()
        self.failure: BaseException | None = None
        self._thread = threading.Thread(target=self._forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._ended.set()
        self._thread.join()
        if self.failure is not None:
            raise self.failure

    def _forever(self) -> None:
        try:
            while not self._ended.wait(_POLL_S):
                self._carry()
        except BaseException as exc:  # noqa: BLE001 - handed to who closes
            self.failure = exc

    def _carry(self) -> None:
        lines = self._running.output.splitlines()
        new, self._carried = lines[self._carried :], len(lines)
        events = [{"timestamp": int(time.time() * 1000), "message": line} for line in new if line.strip()]
        if events:
            self._logs.put_log_events(logGroupName=self._group, logStreamName="task", logEvents=events)
        for line in new:
            if line.startswith("{"):
                self._extract(json.loads(line))

    def _extract(self, document: dict[str, Any]) -> None:
        for directive in document.get("_aws", {}).get("CloudWatchMetrics", []):
            data = [
                {
                    "MetricName": metric["Name"], "Unit": metric["Unit"],
                    "Dimensions": [{"Name": name, "Value": document[name]} for name in dimensions],
                    "Value": document[metric["Name"]],
                }
                for metric in directive["Metrics"]
                for dimensions in directive["Dimensions"]
                if not isinstance(document[metric["Name"]], list)
            ]  # fmt: skip
            if data:
                self._metrics.put_metric_data(Namespace=directive["Namespace"], MetricData=data)


@contextmanager
def carried(account: Account, group: str, running: Prints) -> Iterator[LogDriver]:
    driver = LogDriver(account, group, running)
    try:
        yield driver
    finally:
        driver.close()
