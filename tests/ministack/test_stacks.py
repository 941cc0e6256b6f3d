"""The shipped templates, made by an emulator that is strict about them; and the beacon, called over its HTTP API.

After a change of the line that is meant: `REGENERATE=1 make check-ministack`, and let somebody read the difference.
What MiniStack lacks is taken out of the templates first, and listed here: a row that it has learned since fails.
"""

import json
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from sightline.cloud.packages import package
from sightline.cloud.templates import MOST_BYTES, PARTS, document, stack_name
from tests.ministack.conftest import MiniStack

_PATIENCE_S = 30
GOLDEN = Path(__file__).with_name("emf.golden.json")
LACKING = {
    "network": {"AWS::EC2::EIP", "AWS::EC2::FlowLog", "AWS::EC2::NatGateway", "AWS::EC2::SecurityGroupIngress"},
    "data": set[str](),
    "service": {
        "AWS::ApplicationAutoScaling::ScalableTarget", "AWS::ApplicationAutoScaling::ScalingPolicy",
        "AWS::EC2::SecurityGroupIngress",
    },
    "observe": {
        "AWS::Budgets::Budget", "AWS::CE::AnomalyMonitor", "AWS::CE::AnomalySubscription", "AWS::Grafana::Workspace",
        "AWS::ResourceGroups::Group",
    },
}  # fmt: skip
PARAMETERS = {
    "network": {"NatImage": "/nat-image"},
    "data": {},
    "service": {
        "Image": "x/sightline@sha256:0", "DatabaseHost": "db.example", "CodeBucket": "code",
        "BeaconSites": "pk_1234=shop",
    },
    "observe": {"AlertEmail": "ada@example.com"},
}  # fmt: skip


def named(value: Any) -> Iterator[str]:
    """The resources that a piece of a template refers to."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key == "Ref":
                yield str(inner)
            elif key == "Fn::GetAtt":
                yield str(inner[0])
            elif key == "DependsOn":
                yield from [inner] if isinstance(inner, str) else inner
            else:
                yield from named(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from named(inner)


def cut(part: str) -> dict[str, Any]:
    """The template without what the emulator lacks, and without what rests on that."""
    found: dict[str, Any] = json.loads(json.dumps(document(part)))
    resources = found["Resources"]
    gone = {name for name, one in resources.items() if one["Type"] in LACKING[part] or _calculates(one)}
    while more := {name for name, one in resources.items() if name not in gone and set(named(one)) & gone}:
        gone |= more
    for name in gone:
        del resources[name]
    for one in resources.values():
        if one["Type"] == "AWS::ECS::Service":
            one["Properties"]["DesiredCount"] = 0  # it takes a parameter's number for a text
    found["Outputs"] = {name: one for name, one in found["Outputs"].items() if not set(named(one)) & gone}
    return found


def _calculates(resource: Mapping[str, Any]) -> bool:
    return resource["Type"] == "AWS::CloudWatch::Alarm" and "Metrics" in resource["Properties"]


def make(ministack: MiniStack, part: str, template: Mapping[str, Any]) -> Mapping[str, Any]:
    """Make a stack, and return how it ended, with the reasons of what failed."""
    formation = ministack.client("cloudformation")
    given = {"Stage": "dev", **PARAMETERS[part]}
    formation.create_stack(
        StackName=stack_name(part, "dev"), TemplateBody=json.dumps(template, separators=(",", ":")),
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in given.items()],
    )  # fmt: skip
    until = time.monotonic() + _PATIENCE_S
    while True:
        found: Mapping[str, Any] = formation.describe_stacks(StackName=stack_name(part, "dev"))["Stacks"][0]
        if not found["StackStatus"].endswith("_IN_PROGRESS") or time.monotonic() > until:
            return found
        time.sleep(0.1)


@pytest.fixture(scope="module")
def made(ministack: MiniStack) -> Mapping[str, Mapping[str, Any]]:
    """All four, in their order; the beacon's code lies in its bucket."""
    ministack.client("ssm").put_parameter(Name="/nat-image", Value="ami-1", Type="String")
    s3 = ministack.client("s3")
    s3.create_bucket(Bucket="code", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    s3.put_object(Bucket="code", Key="beacon.zip", Body=package("beacon").content)
    return {part: make(ministack, part, cut(part)) for part in PARTS}


def test_every_stack_is_made(made: Mapping[str, Mapping[str, Any]]) -> None:
    assert {part: one["StackStatus"] for part, one in made.items()} == dict.fromkeys(PARTS, "CREATE_COMPLETE")


@pytest.mark.parametrize("part", PARTS)
def test_only_what_it_lacks_was_taken_out(ministack: MiniStack, made: Mapping[str, Any], part: str) -> None:
    kept = cut(part)["Resources"]
    there = ministack.client("cloudformation").describe_stack_resources(StackName=stack_name(part, "dev"))
    made_there = {one["LogicalResourceId"] for one in there["StackResources"]}
    assert made_there <= set(kept)
    assert len(made_there) >= len(kept) / 2  # conditions leave some out
    types = {one["Type"] for one in document(part)["Resources"].values()}
    assert LACKING[part] <= types


@pytest.mark.parametrize("part", [part for part, types in LACKING.items() if types and part != "network"])
def test_it_still_lacks_them(ministack: MiniStack, made: Mapping[str, Any], part: str) -> None:
    """If not, take the type out of the list above: more of the template is then tried."""
    with pytest.raises(ClientError, match="Unrecognized resource types") as refused:
        ministack.client("cloudformation").create_stack(
            StackName=f"whole-{part}", TemplateBody=json.dumps(document(part), separators=(",", ":")),
            Parameters=[{"ParameterKey": name, "ParameterValue": value}
                        for name, value in {"Stage": "dev", **PARAMETERS[part]}.items()],
        )  # fmt: skip
    assert all(one in str(refused.value) for one in LACKING[part])


def test_a_template_is_small_enough_to_be_taken_as_it_is() -> None:
    for part in PARTS:
        assert len(json.dumps(document(part), separators=(",", ":"))) <= MOST_BYTES


# ---- the beacon ---------------------------------------------------------------------------------------------------


def outputs(one: Mapping[str, Any]) -> dict[str, str]:
    return {each["OutputKey"].removeprefix("UserMetrics"): each["OutputValue"] for each in one["Outputs"]}


def send(ministack: MiniStack, url: str, site: str) -> tuple[int, Any]:
    """Send a vital, as the SDK does, to the address that the stack says."""
    host, path = url.removeprefix("http://").split("/", 1)
    now = int(time.time() * 1000)
    batch = {
        "v": 1, "site": site, "doc": "document1", "seq": 0, "at": now, "host": "shop.example", "sdk": "test",
        "items": [{"k": "vital", "t": now, "url": "https://shop.example/pay", "page": "page12345", "name": "LCP",
                   "value": 1234.5, "nav": "navigate"}],
    }  # fmt: skip
    answer = httpx.post(f"{ministack.address}/{path}", json=batch, headers={"host": host.partition(":")[0]}, timeout=30)
    return answer.status_code, answer.json()


def lines(ministack: MiniStack) -> list[dict[str, Any]]:
    logs = ministack.client("logs")
    found = []
    for stream in logs.describe_log_streams(logGroupName="/observability/dev/beacon")["logStreams"]:
        events = logs.get_log_events(
            logGroupName="/observability/dev/beacon", logStreamName=stream["logStreamName"]
        )["events"]  # fmt: skip
        found += [json.loads(one["message"]) for one in events if one["message"].startswith("{")]
    return found


def settled(line: dict[str, Any]) -> dict[str, Any]:
    """A line without what differs from run to run."""
    line["_aws"]["Timestamp"] = 0
    for name in ("timestamp", "visit", "function_request_id", "rules", "xray_trace_id"):
        if name in line:
            line[name] = "…"
    return line


def test_the_beacon_answers_over_its_api_and_its_line_is_what_cloudwatch_reads(
    ministack: MiniStack, made: Mapping[str, Any]
) -> None:
    url = outputs(made["service"])["BeaconUrl"]
    status, said = send(ministack, url, "pk_1234")
    assert status == 200, said
    assert said["accepted"] == 1
    found = [line for line in lines(ministack) if line.get("type") == "web_vitals"]
    assert len(found) == 1
    if os.environ.get("REGENERATE"):
        GOLDEN.write_text(json.dumps([settled(line) for line in found], indent=1) + "\n", "utf-8")
    assert [settled(line) for line in found] == json.loads(GOLDEN.read_text("utf-8"))


def test_a_site_that_was_not_named_is_refused(ministack: MiniStack, made: Mapping[str, Any]) -> None:
    status, said = send(ministack, outputs(made["service"])["BeaconUrl"], "pk_other")
    assert status == 403
    assert "SIGHTLINE_SITES" in said["message"]
