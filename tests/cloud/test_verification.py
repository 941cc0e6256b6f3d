"""Every criterion as a row; what is taken away from a whole account fails exactly the rows that ask for it.

moto knows no Grafana, no cost allocation tags and no metrics configuration: those rows say that a person has to look.
"""

import copy
import json
import re
import shlex
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import click
import msgspec
import pytest
from botocore.stub import Stubber
from click.testing import CliRunner

from infra import tags as asked
from sightline.cli import sightline
from sightline.cloud import verification
from sightline.cloud.foundation import Foundation
from sightline.cloud.grafana import syncing, workspace
from sightline.cloud.grafana.http import Grafana
from sightline.cloud.grafana.wanted import Wanted
from sightline.cloud.verification_checks import CHECKS
from sightline.cloud.verification_grafana import seen
from sightline.settings import AwsSettings
from tests.aws import FakeAws
from tests.cloud.conftest import Account, signed_in
from tests.cloud.grafana_server import TOKEN, FakeGrafana
from tests.cloud.test_grafana import TOKEN_GONE, accounts, configured, described

TAGS = {**asked.required("dev", "ada@example.com"), **asked.STORAGE}
AS_TAGS = [{"Key": key, "Value": value} for key, value in TAGS.items()]
MAIL = "ada@example.com"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
LOGS = "/observability/dev/service"
WORKSPACE = "g-0123456789"
TOPIC = "arn:aws:sns:eu-central-1:123456789012:alerts"
ALARMS = ("DatabaseCpu", "DatabaseConnections", "DatabaseReads", "DatabaseWrites", "TaskHealth", "TaskErrors")


def alarm(name: str) -> str:
    return f"observability-observe-dev-Observability{name}Alarm-1A2B3C"


class Whole:
    """An account in which every check that moto can answer passes; tests take parts of it away, and give them back."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.recordings = f"recordings-{account.number}"
        self.exported = f"exported-{account.number}"
        self.names: dict[str, str] = {}
        self._network()
        self._data()
        self._observe()

    def stack(self, part: str, resources: dict[str, tuple[str, dict[str, Any]]], **outputs: str) -> None:
        formation, name = self.account.client("cloudformation"), f"observability-{part}-dev"
        body = {"Resources": {f"Observability{logical}": {"Type": f"AWS::{kind}", "Properties": properties}
                              for logical, (kind, properties) in resources.items()},
                "Outputs": {f"UserMetrics{key}": {"Value": value} for key, value in outputs.items()}}  # fmt: skip
        formation.create_stack(StackName=name, TemplateBody=json.dumps(body))
        for one in formation.describe_stack_resources(StackName=name)["StackResources"]:
            self.names[one["LogicalResourceId"].removeprefix("Observability")] = one["PhysicalResourceId"]

    def _network(self) -> None:
        subnets = {
            f"Subnet{at}": ("EC2::Subnet", {
                "VpcId": {"Ref": "ObservabilityVpc"}, "CidrBlock": block, "AvailabilityZone": f"eu-central-1{zone}",
                "Tags": AS_TAGS,
            })
            for at, (block, zone) in enumerate([
                ("10.0.0.0/27", "a"), ("10.0.0.32/27", "b"), ("10.0.0.64/26", "a"), ("10.0.0.128/26", "b"),
            ])
        }  # fmt: skip
        group = {"GroupDescription": "tasks", "VpcId": {"Ref": "ObservabilityVpc"}, "Tags": AS_TAGS}
        self.stack("network", {
            "Vpc": ("EC2::VPC", {"CidrBlock": "10.0.0.0/24", "Tags": AS_TAGS}), **subnets,
            "TaskGroup": ("EC2::SecurityGroup", group),
        })  # fmt: skip
        self.way_out()

    def way_out(self) -> None:
        tagged = [{"ResourceType": "natgateway", "Tags": AS_TAGS}]
        self.nat = self.account.client("ec2").create_nat_gateway(
            SubnetId=self.names["Subnet0"], ConnectivityType="private", TagSpecifications=tagged
        )["NatGateway"]["NatGatewayId"]  # fmt: skip

    def _data(self) -> None:
        role = ("IAM::Role", {"AssumeRolePolicyDocument": TRUST})
        self.stack("data", {
            "Recordings": ("S3::Bucket", {"BucketName": self.recordings}),
            "LogExport": ("S3::Bucket", {"BucketName": self.exported}),
            "TaskRole": role,
        }, DatabaseSecretName="database", VaultSecretName="vault")  # fmt: skip
        for name in ("database", "vault"):  # moto's CloudFormation makes none
            self.account.client("secretsmanager").create_secret(Name=name, SecretString="{}", Tags=AS_TAGS)
        self.stack("service", {"ExecutionRole": role, "BeaconRole": role})
        s3 = self.account.client("s3")
        for bucket in (self.recordings, self.exported):
            self.tag(bucket)
        s3.put_bucket_encryption(Bucket=self.recordings, ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}],
        })  # fmt: skip
        self.lifecycle(self.recordings, "expire", "tier")
        self.lifecycle(self.exported, "glacier")
        self.policy()
        self.grant("s3:GetObject", "s3:PutObject", "s3:DeleteObject")
        self.account.client("logs").create_log_group(logGroupName=LOGS)
        self.keep_for_90_days()

    def tag(self, bucket: str, *, without: str = "") -> None:
        tags = [tag for tag in AS_TAGS if tag["Key"] != without]
        self.account.client("s3").put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})

    def policy(self) -> None:
        task = f"arn:aws:iam::{self.account.number}:role/{self.names['TaskRole']}"
        self.account.client("s3").put_bucket_policy(Bucket=self.recordings, Policy=json.dumps({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Deny", "Principal": "*", "Action": ["s3:GetObject"],
                "Resource": f"arn:aws:s3:::{self.recordings}/*",
                "Condition": {"ArnNotLike": {"aws:PrincipalArn": [task]}},
            }],
        }))  # fmt: skip

    def keep_for_90_days(self) -> None:
        self.account.client("logs").put_retention_policy(logGroupName=LOGS, retentionInDays=90)

    def lifecycle(self, bucket: str, *rules: str) -> None:
        known: dict[str, dict[str, Any]] = {
            "expire": {"Expiration": {"Days": 30}},
            "tier": {"Transitions": [{"Days": 0, "StorageClass": "INTELLIGENT_TIERING"}]},
            "glacier": {"Transitions": [{"Days": 365, "StorageClass": "GLACIER"}]},
        }
        self.account.client("s3").put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={
            "Rules": [{"ID": name, "Status": "Enabled", "Filter": {"Prefix": ""}, **known[name]} for name in rules],
        })  # fmt: skip

    def grant(self, *actions: str, bucket: str = "") -> None:
        objects = {
            "Effect": "Allow",
            "Action": list(actions),
            "Resource": f"arn:aws:s3:::{bucket or self.recordings}/*",
        }
        self.account.client("iam").put_role_policy(
            RoleName=self.names["TaskRole"], PolicyName="other" if bucket else "data",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [objects]}),
        )  # fmt: skip

    def _observe(self) -> None:
        self.stack("observe", {
            "GrafanaRole": ("IAM::Role", {"AssumeRolePolicyDocument": TRUST}),
            "Alerts": ("SNS::Topic", {"TopicName": "alerts", "Tags": AS_TAGS}),
        }, GrafanaWorkspaceId=WORKSPACE, AlertTopicArn=TOPIC)  # fmt: skip
        for name in ALARMS:  # moto's CloudFormation makes none
            self.alarm(name)
        self.account.client("sns").subscribe(TopicArn=self.names["Alerts"], Protocol="email", Endpoint=MAIL)
        self.account.client("cloudwatch").put_dashboard(
            DashboardName="observability-cost-dev", DashboardBody='{"widgets": []}'
        )
        self.budget(150)

    def alarm(self, name: str) -> None:
        self.account.client("cloudwatch").put_metric_alarm(
            AlarmName=alarm(name), MetricName=name, Namespace="x", Statistic="Sum", Period=60, EvaluationPeriods=1,
            Threshold=1, ComparisonOperator="GreaterThanThreshold", AlarmActions=[self.names["Alerts"]], Tags=AS_TAGS,
        )  # fmt: skip

    def no_budget(self) -> None:
        client = self.account.client("budgets", "us-east-1")
        client.delete_budget(AccountId=self.account.number, BudgetName="observability-dev")

    def budget(self, usd: int, *thresholds: int) -> None:
        self.account.client("budgets", "us-east-1").create_budget(
            AccountId=self.account.number,
            Budget={"BudgetName": "observability-dev", "BudgetType": "COST", "TimeUnit": "MONTHLY",
                    "BudgetLimit": {"Amount": str(usd), "Unit": "USD"}},
            NotificationsWithSubscribers=[
                {"Notification": {"ComparisonOperator": "GREATER_THAN", "NotificationType": "ACTUAL", "Threshold": at,
                                  "ThresholdType": "PERCENTAGE"},
                 "Subscribers": [{"SubscriptionType": "EMAIL", "Address": MAIL}]}
                for at in thresholds or (80, 100)
            ],
        )  # fmt: skip


@pytest.fixture(scope="module")
def whole(aws: FakeAws) -> Iterator[Whole]:
    """Built once: it takes far longer than to ask about it. Who takes something away gives it back."""
    with pytest.MonkeyPatch.context() as patch:
        yield Whole(signed_in(aws, patch))


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(sightline, ["aws", "verify", *arguments], standalone_mode=False)
    if done.exception:
        raise done.exception
    return done.return_value or 0, done.output


def answered(*arguments: str) -> tuple[int, Any]:
    """The JSON; moto's server runs in this process, and prints a line of its own for a service that it has not."""
    code, text = run("--json", *arguments)
    return code, json.loads(text[text.index("{\n") :])


def failing() -> set[str]:
    return {one["id"] for one in answered()[1]["rows"] if one["state"] == "fail"}


# ---- the rows ----------------------------------------------------------------------------------------------------


def test_every_criterion_is_a_row() -> None:
    """18 stories of six criteria and three verifications, the first of seven; and the requirements."""
    ids = [row.id for row in verification.rows()]
    stories = {f"{phase}.{at}" for phase, last in enumerate((4, 4, 5, 5), 1) for at in range(1, last + 1)}
    wanted = {f"{story}-AC{at}" for story in stories for at in range(1, 7)} | {"1.1-AC7"}
    wanted |= {f"{story}-IV{at}" for story in stories for at in range(1, 4)}
    for kind, last in (("FR", 12), ("NFR", 10), ("CR", 6), ("CR-UI", 7)):
        wanted |= {f"{kind}{at}" for at in range(1, last + 1)}
    assert len(ids) == len(wanted) == 198
    assert set(ids) == wanted


def test_rows_and_checks_belong_together() -> None:
    named = {row.text for row in verification.rows() if row.kind == "check"}
    assert named == set(CHECKS)
    assert all(verification.how(name) for name in CHECKS)


def test_tests_and_documents_that_rows_name_exist() -> None:
    root = Path(__file__).parents[2]
    named = {
        path
        for row in verification.rows()
        for path in re.findall(r"\b(?:docs|tests|bench|infra|browser)/[\w./-]*\w", row.text)
    }
    assert named
    assert [path for path in sorted(named) if not (root / path).exists()] == []


def unknown(text: str) -> str:
    """What of a command line does not exist; empty if all of it does."""
    command: click.Command = sightline
    words = shlex.split(text)[1:]
    context = click.Context(command)
    for at, word in enumerate(words):
        if not isinstance(command, click.Group):
            options = {name for parameter in command.params for name in parameter.opts}
            given = [one.partition("=")[0] for one in words[at:] if one.startswith("-")]
            return ", ".join(one for one in given if one not in options)
        found = command.get_command(context, word)
        if found is None:
            return f"{command.name} {word}"
        command, context = found, click.Context(found, parent=context)
    return ""


SAID = re.compile(r"`(sightline [a-z][^`]*)`")
ROOT = Path(__file__).parents[2]


def test_commands_that_rows_name_exist() -> None:
    named = {command for row in verification.rows() for command in SAID.findall(row.text)}
    assert len(named) > 10
    assert {command: unknown(command) for command in named if unknown(command)} == {}
    assert unknown("sightline aws verfiy") == "aws verfiy"  # what the test would find
    assert unknown("sightline aws verify --bevore x") == "--bevore"


def test_commands_that_messages_and_pages_about_aws_name_exist() -> None:
    files = [*(ROOT / "src/sightline/cloud").rglob("*.py"), ROOT / "docs/how-to/deploy-on-aws.md",
             ROOT / "docs/runbook/README.md", ROOT / "docs/reference/dashboards.md",
             *(ROOT / "docs/tutorial").glob("guide-*.md")]  # fmt: skip
    named = {command for file in files for command in SAID.findall(file.read_text("utf-8")) if "{" not in command}
    assert len(named) > 20
    assert {command: unknown(command) for command in named if unknown(command)} == {}


# ---- the account -------------------------------------------------------------------------------------------------


def test_an_empty_account_fails(account: Account) -> None:
    code, text = run()
    assert code == 1
    assert "no stack of this stage has ObservabilityRecordings" in text


# Tasks do not run at moto: that row fails in the whole account too.
AWAY = {"4.1-AC3", "4.2-AC1", "4.2-AC3"}


def test_a_whole_account_passes_what_moto_shows(whole: Whole) -> None:
    code, found = answered()
    states = {one["id"]: one["state"] for one in found["rows"]}
    assert {
        one["id"]: one["evidence"] for one in found["rows"] if one["state"] == "fail" and one["id"] not in AWAY
    } == {}
    assert code == 1  # no service
    assert states["1.3-AC2"] == states["1.4-AC1"] == states["1.1-AC1"] == "pass"
    assert states["2.1-AC1"] == states["1.1-AC5"] == "human"  # moto knows neither
    assert states["3.5-AC1"] == "missing"
    named = Counter(verification.title(state) for state in states.values())
    assert found["counts"] == {title: named[title] for title in found["counts"]}


def lose_a_threshold(whole: Whole) -> None:
    whole.no_budget()
    whole.budget(150, 100)


def have_both_thresholds(whole: Whole) -> None:
    whole.no_budget()
    whole.budget(150)


Does = Callable[[Whole], Any]
# What is taken away, how it is given back, and the rows that fail meanwhile.
TAKEN: dict[str, tuple[Does, Does, set[str]]] = {
    "a tag": (
        lambda it: it.tag(it.recordings, without="Owner"),
        lambda it: it.tag(it.recordings),
        {"1.1-AC6", "1.4-AC2", "NFR10", "CR5"},
    ),
    "the end of recordings": (
        lambda it: it.lifecycle(it.recordings, "tier"),
        lambda it: it.lifecycle(it.recordings, "expire", "tier"),
        {"1.3-AC2", "FR10"},
    ),
    "tiering": (
        lambda it: it.lifecycle(it.recordings, "expire"),
        lambda it: it.lifecycle(it.recordings, "expire", "tier"),
        {"1.3-AC3"},
    ),
    "a grant": (
        lambda it: it.grant("s3:GetObject", "s3:PutObject"),
        lambda it: it.grant("s3:GetObject", "s3:PutObject", "s3:DeleteObject"),
        {"4.2-AC4"},
    ),
    "the limit of grants": (
        lambda it: it.grant("s3:GetObject", bucket="of-the-shop"),
        lambda it: it.account.client("iam").delete_role_policy(RoleName=it.names["TaskRole"], PolicyName="other"),
        {"4.2-IV1"},
    ),
    "the bucket policy": (
        lambda it: it.account.client("s3").delete_bucket_policy(Bucket=it.recordings),
        lambda it: it.policy(),
        {"1.3-AC4"},
    ),
    "Glacier": (
        lambda it: it.account.client("s3").delete_bucket_lifecycle(Bucket=it.exported),
        lambda it: it.lifecycle(it.exported, "glacier"),
        {"1.3-AC6"},
    ),
    "the end of logs": (
        lambda it: it.account.client("logs").delete_retention_policy(logGroupName=LOGS),
        lambda it: it.keep_for_90_days(),
        {"FR10"},
    ),
    "an alarm": (
        lambda it: it.account.client("cloudwatch").delete_alarms(AlarmNames=[alarm("DatabaseCpu")]),
        lambda it: it.alarm("DatabaseCpu"),
        {"1.2-IV3"},
    ),
    "the voice of an alarm": (
        lambda it: it.account.client("cloudwatch").disable_alarm_actions(AlarmNames=[alarm("TaskHealth")]),
        lambda it: it.account.client("cloudwatch").enable_alarm_actions(AlarmNames=[alarm("TaskHealth")]),
        {"4.1-AC6"},
    ),
    "a secret": (
        lambda it: it.account.client("secretsmanager").delete_secret(SecretId="vault"),
        lambda it: it.account.client("secretsmanager").restore_secret(SecretId="vault"),
        {"1.2-AC3", "4.1-AC4"},
    ),
    "a threshold": (lose_a_threshold, have_both_thresholds, {"1.4-AC1"}),
    "the way out": (
        lambda it: it.account.client("ec2").delete_nat_gateway(NatGatewayId=it.nat),
        lambda it: it.way_out(),
        {"1.1-AC2"},
    ),
}


@pytest.mark.parametrize("what", TAKEN)
def test_what_is_taken_away_fails_its_rows_only(whole: Whole, what: str) -> None:
    take, give_back, ids = TAKEN[what]
    take(whole)
    try:
        assert failing() - AWAY == ids
    finally:
        give_back(whole)


def test_what_was_given_back_passes_again(whole: Whole) -> None:
    assert failing() == AWAY


# ---- Grafana -----------------------------------------------------------------------------------------------------

WANTED = Wanted(region="eu-central-1", stage="dev", topic=TOPIC, search="search.example.com")
OF_GRAFANA = {row.id: row.text for row in verification.rows() if row.text.startswith("grafana_")}


@pytest.fixture(scope="module")
def synced() -> Iterator[FakeGrafana]:
    """A workspace as a sync leaves it; who changes it gives it back."""
    fake = FakeGrafana()
    list(syncing.sync(Grafana(fake.url, TOKEN), WANTED, poll_s=0))
    yield fake
    fake.close()


def looked(fake: FakeGrafana, wanted: Wanted = WANTED) -> dict[str, str]:
    """The rows of Grafana, each with what came out."""
    foundation = Foundation(AwsSettings(region="eu-central-1"), None, asks_grafana=True)
    foundation.__dict__["grafana"] = seen(Grafana(fake.url, TOKEN), wanted, poll_s=0)
    return {row: CHECKS[check](foundation).state for row, check in OF_GRAFANA.items()}


def test_a_workspace_as_a_sync_leaves_it_passes(synced: FakeGrafana) -> None:
    assert set(looked(synced).values()) == {"pass"}
    assert len(OF_GRAFANA) == 15


def test_without_opensearch_its_rows_need_a_human(synced: FakeGrafana) -> None:
    found = looked(synced, msgspec.structs.replace(WANTED, search=""))
    assert {row for row, state in found.items() if state == "human"} == {"2.4-AC1", "2.4-AC5"}
    assert "fail" not in found.values()


SOURCE = {"2.2-AC1", "2.2-AC4", "2.2-AC6", "CR6"}
HAND: dict[str, tuple[Callable[[FakeGrafana], object], set[str]]] = {
    "the region": (lambda it: it.sources["sightline-cloudwatch"]["jsonData"].update(defaultRegion="x"), SOURCE),
    "another default": (lambda it: it.sources["sightline-cloudwatch"].update(isDefault=False), SOURCE),
    "a Prometheus": (lambda it: it.sources.update(p={"type": "prometheus"}), {"CR6"}),
    "a dashboard": (lambda it: it.dashboards.pop("sightline-lambda"), {"2.3-AC1", "FR9"}),
    "a panel": (lambda it: it.dashboards["sightline-logs"]["panels"].pop(), {"2.4-AC4", "FR9"}),
    "a folder": (lambda it: it.folders.pop("frontend"), {"2.3-AC6"}),
    "the time zone": (lambda it: it.preferences.update(timezone="browser"), {"2.1-AC6"}),
    "the name": (lambda it: it.organisation.update(name="Main Org."), {"2.1-AC6"}),
    "a grant on metrics": (lambda it: it.query_errors.update(cloudwatch="AccessDenied"), {"2.2-AC5"}),
    "a grant on logs": (lambda it: it.query_errors.update(StartQuery="AccessDenied"), {"2.2-AC3"}),
    "a grant on the domain": (
        lambda it: it.query_errors.update({"grafana-opensearch-datasource": "AccessDenied"}), {"2.4-AC5"}
    ),
    "the source OpenSearch": (lambda it: it.sources.pop("sightline-opensearch"), {"2.4-AC1", "2.4-AC5"}),
}  # fmt: skip


@pytest.mark.parametrize("what", HAND)
def test_what_a_hand_changed_in_grafana_fails_its_rows_only(synced: FakeGrafana, what: str) -> None:
    change, ids = HAND[what]
    held = ("sources", "dashboards", "folders", "preferences", "organisation", "query_errors")
    before = copy.deepcopy({name: getattr(synced, name) for name in held})
    change(synced)
    try:
        assert {row for row, state in looked(synced).items() if state != "pass"} == ids
    finally:
        vars(synced).update(before)


def test_grafana_is_looked_into_if_asked_and_its_token_deleted(
    whole: Whole, synced: FakeGrafana, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stack says which workspace; without OpenSearch in it those rows are no failure."""
    client = boto3.session.Session(
        aws_access_key_id="x", aws_secret_access_key="x", region_name="eu-central-1"
    ).client("grafana")  # fmt: skip
    monkeypatch.setattr(workspace, "client", lambda *_, **__: client)
    monkeypatch.setattr(workspace, "Grafana", lambda _, token: Grafana(synced.url, token))
    stub = Stubber(client)
    stub.add_response("describe_workspace", described("ACTIVE"), {"workspaceId": WORKSPACE})
    stub.add_response("describe_workspace_configuration", configured('{"unifiedAlerting": {"enabled": true}}'))
    accounts(stub)
    stub.add_response("delete_workspace_service_account_token", TOKEN_GONE, TOKEN_GONE)
    with stub:
        rows = {one["id"]: one for one in answered("--grafana")[1]["rows"]}
    stub.assert_no_pending_responses()
    assert {rows[one]["state"] for one in OF_GRAFANA if not one.startswith("2.4")} == {"pass"}
    assert rows["2.3-AC1"]["evidence"] == "Lambda performance"
    assert rows["2.4-AC5"]["state"] == "human"


def test_grafana_that_cannot_be_opened_passes_no_row(account: Account) -> None:
    rows = {one["id"]: one for one in answered("--grafana")[1]["rows"]}
    assert {rows[one]["state"] for one in OF_GRAFANA} == {"human"}  # at an emulator; on AWS it fails
    assert "made no workspace" in rows["2.3-AC1"]["evidence"]


def test_what_others_had_is_compared_with_before(whole: Whole, tmp_path: Path) -> None:
    name = whole.account.bucket("of-the-shop")
    before = str(tmp_path / "before.json")
    CliRunner().invoke(sightline, ["aws", "inventory", "save", before], standalone_mode=False)
    rows = {one["id"]: one for one in answered("--before", before)[1]["rows"]}
    assert rows["1.3-IV1"]["state"] == "pass"
    whole.account.client("s3").delete_bucket(Bucket=name)  # it was the shop's: nobody misses it here
    rows = {one["id"]: one for one in answered("--before", before)[1]["rows"]}
    assert rows["1.3-IV1"]["state"] == "fail"
    assert f"bucket {name} gone" in rows["1.3-IV1"]["evidence"]
    assert rows["1.1-IV1"]["state"] == "pass"


def test_the_page_says_the_same(whole: Whole, tmp_path: Path) -> None:
    file = tmp_path / "verified.html"
    run("--html", str(file))
    text = file.read_text("utf-8")
    assert text.count("<tr class=") == 198
    assert '<tr class="pass"><td>1.3-AC2</td>' in text
    assert "http://www" not in text
