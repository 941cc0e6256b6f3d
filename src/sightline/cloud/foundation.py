"""What stands in an account, as `sightline aws verify` looks at it: the stacks of one stage, each thing read once."""

import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from sightline.cloud import inventory
from sightline.cloud.grafana.opening import opened
from sightline.cloud.grafana.wanted import Wanted
from sightline.cloud.session import client, pages, told
from sightline.cloud.stacks import Stacks
from sightline.cloud.templates import PARTS, stack_name
from sightline.cloud.verification_grafana import Seen, seen
from sightline.errors import SightlineError
from sightline.settings import AwsSettings


class Foundation:
    """The stacks of one stage, their resources read once."""

    def __init__(self, aws: AwsSettings, before: Path | None, *, asks_grafana: bool = False) -> None:
        self.aws = aws
        self.asks_grafana = asks_grafana
        self.stage = aws.environment
        self.before = before
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        """One for each service: making one costs more than most questions."""
        if service not in self._clients:
            self._clients[service] = client(service, self.aws)
        return self._clients[service]

    def who(self) -> str:
        with told("ask who we are"):
            return str(self.client("sts").get_caller_identity()["Account"])

    @cached_property
    def resources(self) -> Mapping[str, str]:
        """Logical names of our templates, and what they are called in the account."""
        from botocore.exceptions import ClientError  # noqa: PLC0415 - only where AWS is used

        formation = self.client("cloudformation")
        found: dict[str, str] = {}
        for part in PARTS:
            name = stack_name(part, self.stage)
            with told(f"list the resources of {name}"):
                try:
                    listed = formation.describe_stack_resources(StackName=name)["StackResources"]
                except ClientError as exc:
                    if "does not exist" not in str(exc):
                        raise
                    continue
            for one in listed:
                found[one["LogicalResourceId"].removeprefix("Observability")] = one.get("PhysicalResourceId", "")
        return found

    @cached_property
    def outputs(self) -> Mapping[str, str]:
        """What the stack of the data says: names that parameters may have changed."""
        return Stacks(self.aws, lambda _: None).outputs("data")

    @cached_property
    def found_now(self) -> inventory.Inventory:
        """What is there now, read once for all kinds."""
        return inventory.take(self.aws)

    @cached_property
    def grafana(self) -> Seen | SightlineError:
        """What the workspace holds and answers, or why it cannot be asked: told once, not by every row."""
        wanted = Wanted(region=self.aws.region, stage=self.stage)
        try:
            with opened(self.aws, wanted, lambda _: None, dry_run=True) as found:
                return seen(found.grafana, found.wanted)
        except SightlineError as exc:
            return exc

    @cached_property
    def alarms(self) -> list[Mapping[str, Any]]:
        return list(pages(self.client("cloudwatch"), "describe_alarms", "MetricAlarms"))

    @cached_property
    def grants(self) -> list[Mapping[str, Any]]:
        """The statements of the task's role."""
        role = self.resources.get("TaskRole", "")
        if not role:
            return []
        iam = self.client("iam")
        found: list[Mapping[str, Any]] = []
        with told(f"read the policies of {role}"):
            for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
                written = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
                found += (json.loads(written) if isinstance(written, str) else written)["Statement"]
        return found
