"""One command of Sightline as a task of its own inside the VPC, from where alone the database can be reached."""

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from sightline.cloud.session import AwsRefused, client, told
from sightline.cloud.stacks import Progress, Stacks
from sightline.errors import InvalidValue
from sightline.settings import AwsSettings

_CONTAINER: Final = "sightline"
_WAIT_S: Final = 900


class Ran(Struct, frozen=True):
    """A task that has ended."""

    task: str
    exit_code: int
    lines: Sequence[str]


class OneTime:
    """Runs a command by the task definition that the service stack made for the setup."""

    def __init__(self, aws: AwsSettings, progress: Progress, *, poll_s: float = 5) -> None:
        self._progress = progress
        self._poll_s = poll_s
        stacks = Stacks(aws, progress)
        self._network, self._service = stacks.outputs("network"), stacks.outputs("service")
        self._ecs = client("ecs", aws)
        self._logs = client("logs", aws)

    def run(self, command: Sequence[str]) -> Ran:
        definition = self._service.get("SetupTaskArn")
        if not definition:
            raise InvalidValue(
                "the service stack has no task for the setup",
                hint="Deploy it with --set AdminSecretArn=… (a secret with an administrator's postgresql:// URL).",
            )
        cluster = self._service["ClusterName"]
        with told(f"run {' '.join(command)}"):
            answer = self._ecs.run_task(
                cluster=cluster, taskDefinition=definition, launchType="FARGATE", count=1,
                networkConfiguration={"awsvpcConfiguration": {
                    "subnets": self._network["PrivateSubnetIds"].split(","), "assignPublicIp": "DISABLED",
                    "securityGroups": [self._network["TaskSecurityGroupId"]],
                }},
                overrides={"containerOverrides": [{"name": _CONTAINER, "command": list(command)}]},
                propagateTags="TASK_DEFINITION",
            )  # fmt: skip
        if not answer["tasks"]:
            reason = answer["failures"][0]["reason"] if answer["failures"] else "AWS gave no reason"
            raise AwsRefused(f"the task did not start: {reason}", hint="Try again, or look at the cluster's events.")
        arn = str(answer["tasks"][0]["taskArn"])
        self._progress(f"{arn}: runs {' '.join(command)}")
        task = self._ended(cluster, arn)
        [container] = [one for one in task["containers"] if one["name"] == _CONTAINER]
        lines = self._lines(arn.rpartition("/")[2])
        if "exitCode" not in container:
            reason = container.get("reason") or task.get("stoppedReason", "AWS gave no reason")
            raise AwsRefused(f"the task did not run: {reason}", hint="Check the parameter Image and AdminSecretArn.")
        return Ran(arn, int(container["exitCode"]), lines)

    def _ended(self, cluster: str, arn: str) -> Mapping[str, Any]:
        until = time.monotonic() + _WAIT_S
        while True:
            with told(f"look at {arn}"):
                found: Mapping[str, Any] = self._ecs.describe_tasks(cluster=cluster, tasks=[arn])["tasks"][0]
            if found["lastStatus"] == "STOPPED":
                return found
            if time.monotonic() > until:
                raise AwsRefused(
                    f"{arn} is still {found['lastStatus']} after {_WAIT_S} s",
                    hint="Look at its log, then run this again.",
                )
            time.sleep(self._poll_s)

    def _lines(self, task: str) -> list[str]:
        with told("read what the task printed"):
            events = self._logs.get_log_events(
                logGroupName=self._service["ServiceLogGroup"], logStreamName=f"task/{_CONTAINER}/{task}",
                startFromHead=True,
            )["events"]  # fmt: skip
        return [str(event["message"]) for event in events]
