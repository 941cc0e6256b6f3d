"""The setup as a task in the VPC: by botocore's stubber, since moto runs no Fargate task."""

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from sightline.cloud import onetime
from sightline.cloud.onetime import OneTime
from sightline.cloud.session import AwsRefused
from sightline.errors import InvalidValue
from sightline.settings import AwsSettings

ARN = "arn:aws:ecs:eu-central-1:1:task/observability/abc"
OUTPUTS = {
    "network": {"PrivateSubnetIds": "subnet-1,subnet-2", "TaskSecurityGroupId": "sg-1"},
    "service": {
        "ClusterName": "observability",
        "SetupTaskArn": "setup:1",
        "ServiceLogGroup": "/observability/dev/service",
    },
}


class Stubs:
    """ECS and Logs."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        session = boto3.session.Session(
            aws_access_key_id="x", aws_secret_access_key="x", region_name="eu-central-1"
        )  # fmt: skip
        clients: dict[str, Any] = {"ecs": session.client("ecs"), "logs": session.client("logs")}
        self.ecs, self.logs = Stubber(clients["ecs"]), Stubber(clients["logs"])
        self.outputs = {part: dict(found) for part, found in OUTPUTS.items()}
        monkeypatch.setattr(onetime, "client", lambda service, _: clients[service])
        outputs = self.outputs

        class Known:
            def __init__(self, *_: object) -> None: ...

            def outputs(self, part: str) -> dict[str, str]:
                return outputs[part]

        monkeypatch.setattr(onetime, "Stacks", Known)

    def started(self) -> None:
        self.ecs.add_response("run_task", {"tasks": [{"taskArn": ARN}], "failures": []}, {
            "cluster": "observability", "taskDefinition": "setup:1", "launchType": "FARGATE", "count": 1,
            "networkConfiguration": {"awsvpcConfiguration": {
                "subnets": ["subnet-1", "subnet-2"], "assignPublicIp": "DISABLED", "securityGroups": ["sg-1"]}},
            "overrides": {"containerOverrides": [{"name": "sightline", "command": ["db", "setup"]}]},
            "propagateTags": "TASK_DEFINITION",
        })  # fmt: skip

    def stopped(self, **container: Any) -> None:
        self.ecs.add_response("describe_tasks", {"tasks": [{"lastStatus": "PENDING"}]})
        self.ecs.add_response("describe_tasks", {"tasks": [{
            "lastStatus": "STOPPED", "stoppedReason": "Essential container exited",
            "containers": [{"name": "sightline", **container}]}]})  # fmt: skip
        self.logs.add_response(
            "get_log_events", {"events": [{"timestamp": 1, "message": "Done. The login is kept.", "ingestionTime": 1}]},
            {
                "logGroupName": OUTPUTS["service"]["ServiceLogGroup"], "logStreamName": "task/sightline/abc",
                "startFromHead": True,
            },
        )  # fmt: skip


@pytest.fixture
def stubs(monkeypatch: pytest.MonkeyPatch) -> Stubs:
    return Stubs(monkeypatch)


def run(stubs: Stubs) -> onetime.Ran:
    said: list[str] = []
    with stubs.ecs, stubs.logs:
        return OneTime(AwsSettings(region="eu-central-1"), said.append, poll_s=0).run(["db", "setup"])


def test_it_runs_in_the_private_subnets_and_shows_what_it_printed(stubs: Stubs) -> None:
    stubs.started()
    stubs.stopped(exitCode=0)
    ran = run(stubs)
    assert (ran.exit_code, ran.lines) == (0, ["Done. The login is kept."])
    stubs.ecs.assert_no_pending_responses()


def test_its_exit_code_is_ours(stubs: Stubs) -> None:
    stubs.started()
    stubs.stopped(exitCode=4)
    assert run(stubs).exit_code == 4


def test_an_image_that_cannot_be_pulled_is_said(stubs: Stubs) -> None:
    stubs.started()
    stubs.stopped(reason="CannotPullContainerError: no such image")
    with pytest.raises(AwsRefused, match="CannotPullContainerError"):
        run(stubs)


def test_a_task_that_does_not_start_is_said(stubs: Stubs) -> None:
    stubs.ecs.add_response("run_task", {"tasks": [], "failures": [{"reason": "Capacity is unavailable"}]})
    with pytest.raises(AwsRefused, match="Capacity is unavailable"):
        run(stubs)


def test_without_an_administrators_secret_the_next_step_is_named(stubs: Stubs) -> None:
    del stubs.outputs["service"]["SetupTaskArn"]
    with pytest.raises(InvalidValue) as refused:
        run(stubs)
    assert refused.value.hint is not None
    assert "AdminSecretArn" in refused.value.hint
