"""Deploying against moto: small templates of the same names, since moto knows a third of the types of the real ones.

What CloudFormation does when something fails moto does not do: there botocore's stubber says what AWS documents.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber
from click.testing import CliRunner

from sightline.cli import sightline
from sightline.cloud import removal, stacks
from sightline.cloud.session import AwsAway, AwsRefused
from sightline.cloud.stacks import StackFailed, Stacks, in_words
from sightline.cloud.templates import PARTS
from sightline.errors import InvalidValue, SettingError
from sightline.settings import AwsSettings
from tests.cloud.conftest import Account, quiet

STAGE = {"Type": "String", "Description": "the stage"}
OWNER = {"Type": "String", "Description": "the owner"}


def small(part: str) -> dict[str, Any]:
    """One log group, and for `service` a parameter that has no default."""
    parameters: dict[str, Any] = {"Stage": STAGE, "Owner": OWNER}
    if part == "service":
        parameters["Image"] = {"Type": "String", "Description": "the image"}
    return {
        "Parameters": parameters,
        "Resources": {"ObservabilityLogs": {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {"LogGroupName": {"Fn::Sub": f"/{part}/${{Stage}}"}, "RetentionInDays": 90},
        }},
        "Outputs": {"UserMetricsLogs": {"Value": {"Ref": "ObservabilityLogs"}}},
    }  # fmt: skip


@pytest.fixture
def templates(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, Any]]:
    found = {part: small(part) for part in PARTS}
    monkeypatch.setattr(stacks, "document", found.__getitem__)
    monkeypatch.setattr(stacks, "text", lambda part: json.dumps(found[part]))
    return found


def opened(account: Account, said: list[str] | None = None) -> Stacks:
    return Stacks(account.settings, (said if said is not None else []).append, poll_s=0.05)


def groups(account: Account) -> set[str]:
    return {one["logGroupName"] for one in account.client("logs").describe_log_groups()["logGroups"]}


def test_all_stacks_are_made_in_their_order(account: Account, templates: Mapping[str, Any]) -> None:
    said: list[str] = []
    done = list(opened(account, said).deploy({"Image": "x"}))
    assert [one.stack for one in done] == [f"observability-{part}-dev" for part in PARTS]
    assert {one.state for one in done} == {"CREATE_COMPLETE"}
    assert groups(account) == {f"/{part}/dev" for part in PARTS}
    assert "observability-network-dev: is made" in said


def test_a_parameter_without_a_default_is_asked_for(account: Account, templates: Mapping[str, Any]) -> None:
    """What came before it is there, and the next run goes on behind it."""
    found = opened(account).deploy({})
    with pytest.raises(InvalidValue, match=r"observability-service-dev needs Image \(the image\)") as refused:
        list(found)
    assert refused.value.hint == "Give each with --set NAME=VALUE."
    assert groups(account) == {"/network/dev", "/data/dev"}


def test_a_misspelt_parameter_stops_before_anything_is_made(account: Account, templates: Mapping[str, Any]) -> None:
    with pytest.raises(InvalidValue, match="'Imgae'"):
        list(opened(account).deploy({"Imgae": "x"}))
    assert groups(account) == set()


def test_a_changed_template_changes_the_stack_and_keeps_its_parameters(
    account: Account, templates: dict[str, dict[str, Any]]
) -> None:
    list(opened(account).deploy({"Image": "x"}, ["service"]))
    templates["service"]["Resources"]["ObservabilityMore"] = {
        "Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": {"Fn::Sub": "/more/${Stage}"}},
    }  # fmt: skip
    [done] = opened(account).deploy({}, ["service"])
    assert done.state == "UPDATE_COMPLETE"
    assert groups(account) == {"/service/dev", "/more/dev"}


def test_a_dry_run_makes_nothing(account: Account, templates: Mapping[str, Any]) -> None:
    found = list(opened(account).changes({"Image": "x"}))
    assert {(one.action, one.type) for one in found} == {("Add", "AWS::Logs::LogGroup")}
    assert groups(account) == set()
    live = account.client("cloudformation").describe_stacks()["Stacks"]
    assert [one["StackName"] for one in live if one["StackStatus"] != "DELETE_COMPLETE"] == []


# ---- destroy ------------------------------------------------------------------------------------------------------


def test_destroy_keeps_the_data(account: Account, templates: Mapping[str, Any]) -> None:
    list(opened(account).deploy({"Image": "x"}))
    removing = removal.Removal(account.settings, quiet, poll_s=0.05)
    done = list(removing.run(removing.steps(with_data=False)))
    assert [(one.what, one.state) for one in done] == [("observe", "gone"), ("service", "gone"), ("network", "gone")]
    assert groups(account) == {"/data/dev"}
    again = removal.Removal(account.settings, quiet, poll_s=0.05)
    assert {one.state for one in again.run(again.steps(with_data=False))} == {"was not there"}


def test_destroy_with_data_empties_buckets_and_lets_keys_go(
    account: Account, templates: dict[str, dict[str, Any]]
) -> None:
    bucket = account.bucket("recordings")
    account.client("s3").put_object(Bucket=bucket, Key="timed/a", Body=b"a")
    key = account.client("kms").create_key()["KeyMetadata"]["Arn"]
    templates["data"]["Outputs"] |= {
        "UserMetricsRecordingsBucket": {"Value": bucket}, "UserMetricsRootKeyArn": {"Value": key},
    }  # fmt: skip
    # Not by a change set: of a stack that one made moto tells no outputs.
    account.client("cloudformation").create_stack(
        StackName="observability-data-dev", TemplateBody=json.dumps(templates["data"]),
        Parameters=[{"ParameterKey": name, "ParameterValue": "dev"} for name in ("Stage", "Owner")],
    )  # fmt: skip
    removing = removal.Removal(account.settings, quiet, poll_s=0.05)
    done = {(one.kind, one.what): one.state for one in removing.run(removing.steps(with_data=True))}
    assert done["bucket", bucket] == "gone"
    assert account.client("s3").list_buckets()["Buckets"] == []
    assert account.client("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingDeletion"
    assert groups(account) == set()


@pytest.mark.parametrize("words", [["--with-data"], ["--with-data", "--data-of", "prod"]])
def test_data_go_only_if_it_is_said_twice_and_of_the_right_stage(account: Account, words: list[str]) -> None:
    done = CliRunner().invoke(sightline, ["aws", "destroy", "--yes", *words])
    assert done.exit_code == 2
    assert "--with-data --data-of dev" in done.output


# ---- what goes wrong ----------------------------------------------------------------------------------------------


@pytest.fixture
def formation(monkeypatch: pytest.MonkeyPatch) -> Stubber:
    client = boto3.session.Session(
        aws_access_key_id="x", aws_secret_access_key="x", region_name="eu-central-1"
    ).client("cloudformation")  # fmt: skip
    monkeypatch.setattr(stacks, "client", lambda *_, **__: client)
    return Stubber(client)


def stack(status: str) -> dict[str, Any]:
    return {"Stacks": [{
        "StackName": "observability-network-dev", "StackId": "arn:1", "StackStatus": status,
        "CreationTime": datetime(2026, 11, 1, tzinfo=UTC),
        "Parameters": [{"ParameterKey": "Stage", "ParameterValue": "dev"}],
        "Outputs": [{"OutputKey": "UserMetricsVpcId", "OutputValue": "vpc-1"}],
    }]}  # fmt: skip


def event(number: int, resource: str, status: str, reason: str = "") -> dict[str, Any]:
    return {
        "StackId": "arn:1", "EventId": str(number), "StackName": "n", "LogicalResourceId": resource,
        "ResourceStatus": status, "ResourceStatusReason": reason, "Timestamp": datetime(2100, 1, 1, tzinfo=UTC),
    }  # fmt: skip


def local(said: list[str] | None = None) -> Stacks:
    settings = AwsSettings(region="eu-central-1", environment="dev")
    return Stacks(settings, (said if said is not None else []).append, poll_s=0)


def test_the_first_reason_of_a_failure_is_said_in_words(formation: Stubber, templates: Mapping[str, Any]) -> None:
    said: list[str] = []
    formation.add_client_error("describe_stacks", "ValidationError", "Stack with id x does not exist")
    formation.add_response("create_change_set", {"Id": "c" * 10, "StackId": "arn:1"})
    formation.add_response("describe_change_set", {"Status": "CREATE_COMPLETE"})
    formation.add_response("execute_change_set", {})
    formation.add_response("describe_stack_events", {"StackEvents": [
        event(3, "ObservabilityTask", "CREATE_FAILED", "Resource creation cancelled"),
        event(2, "ObservabilityNatAddress", "CREATE_FAILED", "AddressLimitExceeded: too many addresses"),
        event(1, "ObservabilityVpc", "CREATE_COMPLETE"),
    ]})  # fmt: skip
    formation.add_response("describe_stacks", stack("ROLLBACK_COMPLETE"))
    with formation, pytest.raises(StackFailed) as failed:
        list(local(said).deploy({}, ["network"]))
    formation.assert_no_pending_responses()
    assert "ObservabilityNatAddress: a quota of the account is used up" in str(failed.value)
    assert "cancelled" not in str(failed.value)
    assert "observability-network-dev: ObservabilityVpc CREATE_COMPLETE" in said


def test_a_stack_whose_first_creation_failed_is_made_anew(formation: Stubber, templates: Mapping[str, Any]) -> None:
    gone = ("describe_stacks", "ValidationError", "Stack with id x does not exist")
    formation.add_response("describe_stacks", stack("ROLLBACK_COMPLETE"))
    formation.add_response("describe_stacks", stack("ROLLBACK_COMPLETE"))
    formation.add_response("delete_stack", {})
    formation.add_response("describe_stack_events", {"StackEvents": []}, {"StackName": "arn:1"})
    formation.add_client_error(*gone)
    formation.add_response("create_change_set", {"Id": "c" * 10, "StackId": "arn:1"})
    formation.add_response("describe_change_set", {"Status": "CREATE_COMPLETE"})
    formation.add_response("execute_change_set", {})
    formation.add_response("describe_stack_events", {"StackEvents": []})
    formation.add_response("describe_stacks", stack("CREATE_COMPLETE"))
    formation.add_response("describe_stacks", stack("CREATE_COMPLETE"))
    said: list[str] = []
    with formation:
        [done] = local(said).deploy({}, ["network"])
    formation.assert_no_pending_responses()
    assert (done.state, done.outputs) == ("CREATE_COMPLETE", {"VpcId": "vpc-1"})
    assert "made anew" in said[0]


def test_a_plan_goes_on_where_an_earlier_one_was_broken_off(formation: Stubber, templates: Mapping[str, Any]) -> None:
    formation.add_response("describe_stacks", stack("REVIEW_IN_PROGRESS"))
    asked = dict.fromkeys(("StackName", "ChangeSetName", "TemplateBody", "Capabilities", "Parameters"), ANY)
    formation.add_response(
        "create_change_set", {"Id": "c" * 10, "StackId": "arn:1"}, {**asked, "ChangeSetType": "CREATE"}
    )
    formation.add_response("describe_change_set", {"Status": "CREATE_COMPLETE"})
    formation.add_response("describe_change_set", {"Status": "CREATE_COMPLETE", "Changes": []})
    formation.add_response("delete_change_set", {})
    formation.add_response("delete_stack", {})
    with formation:
        assert list(local().changes({}, ["network"])) == []
    formation.assert_no_pending_responses()


def test_a_plan_of_a_stack_that_never_was_says_what_to_do(formation: Stubber, templates: Mapping[str, Any]) -> None:
    formation.add_response("describe_stacks", stack("ROLLBACK_COMPLETE"))
    with formation, pytest.raises(StackFailed, match="in the state ROLLBACK_COMPLETE") as failed:
        list(local().changes({}, ["network"]))
    assert "sightline aws deploy" in str(failed.value.hint)


def test_nothing_to_change_is_no_failure(formation: Stubber, templates: Mapping[str, Any]) -> None:
    formation.add_response("describe_stacks", stack("UPDATE_IN_PROGRESS"))  # somebody else's change is waited for
    formation.add_response("describe_stacks", stack("UPDATE_COMPLETE"))
    formation.add_response("describe_stacks", stack("UPDATE_COMPLETE"))
    formation.add_response("create_change_set", {"Id": "c" * 10, "StackId": "arn:1"})
    formation.add_response("describe_change_set", {
        "Status": "FAILED", "StatusReason": "The submitted information didn't contain changes."})  # fmt: skip
    formation.add_response("delete_change_set", {})
    formation.add_response("describe_stacks", stack("UPDATE_COMPLETE"))
    with formation:
        [done] = local().deploy({}, ["network"])
    formation.assert_no_pending_responses()
    assert done.state == "unchanged"


@pytest.mark.parametrize(
    ("state", "call"),
    [
        ("UPDATE_ROLLBACK_FAILED", "continue_update_rollback"),
        ("UPDATE_FAILED", "rollback_stack"),
        ("UPDATE_IN_PROGRESS", "cancel_update_stack"),
    ],
)
def test_a_half_done_change_is_taken_back(formation: Stubber, state: str, call: str) -> None:
    formation.add_response("describe_stacks", stack(state))
    formation.add_response(call, {})
    formation.add_response("describe_stack_events", {"StackEvents": []})
    formation.add_response("describe_stacks", stack("UPDATE_ROLLBACK_IN_PROGRESS"))
    formation.add_response("describe_stack_events", {"StackEvents": []})
    formation.add_response("describe_stacks", stack("UPDATE_ROLLBACK_COMPLETE"))
    formation.add_response("describe_stacks", stack("UPDATE_ROLLBACK_COMPLETE"))
    with formation:
        assert local().rollback("network").state == "UPDATE_ROLLBACK_COMPLETE"
    formation.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("state", "does"),
    [
        ("UPDATE_ROLLBACK_FAILED", "continues to take the last change back"),
        ("UPDATE_FAILED", "takes the last change back"),
        ("UPDATE_IN_PROGRESS", "stops the change that is under way"),
    ],
)
def test_a_dry_run_of_a_rollback_says_what_it_would_do_and_calls_nothing(
    formation: Stubber, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: str, does: str
) -> None:
    monkeypatch.setenv("SIGHTLINE_AWS_REGION", "eu-central-1")
    monkeypatch.setenv("SIGHTLINE_AWS_ENVIRONMENT", "dev")
    formation.add_response("describe_stacks", stack(state))
    with formation:
        done = CliRunner().invoke(
            sightline, ["aws", "rollback", "network", "--dry-run", "--data", str(tmp_path)], catch_exceptions=False
        )
    assert done.output == f"observability-network-dev ({state}): {does}\n"
    formation.assert_no_pending_responses()


def test_where_a_new_aurora_is_comes_from_its_stack(account: Account, templates: dict[str, dict[str, Any]]) -> None:
    """The data stack is made directly: of one that a change set made moto forgets the outputs."""
    formation = account.client("cloudformation")
    made = {**templates["data"], "Outputs": {"UserMetricsDatabaseEndpoint": {"Value": {"Fn::Sub": "made.${Stage}"}}}}
    given = [{"ParameterKey": "Stage", "ParameterValue": "dev"}, {"ParameterKey": "Owner", "ParameterValue": "a"}]
    formation.create_stack(StackName="observability-data-dev", TemplateBody=json.dumps(made), Parameters=given)
    templates["service"]["Parameters"]["DatabaseHost"] = {"Type": "String", "Description": "Aurora's writer endpoint."}

    def host() -> str:
        [found] = formation.describe_stacks(StackName="observability-service-dev")["Stacks"]
        return str({one["ParameterKey"]: one["ParameterValue"] for one in found["Parameters"]}["DatabaseHost"])

    list(opened(account).deploy({"Image": "x"}, ("service",)))
    assert host() == "made.dev"
    list(opened(account).deploy({"DatabaseHost": "another.example"}, ("service",)))
    assert host() == "another.example"


def test_a_stack_that_is_well_is_not_rolled_back(formation: Stubber) -> None:
    formation.add_response("describe_stacks", stack("UPDATE_COMPLETE"))
    with formation, pytest.raises(InvalidValue, match="nothing is half-done") as refused:
        local().rollback("network")
    assert refused.value.hint is not None
    assert "Image" in refused.value.hint


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("ExpiredToken", "Sign in again"), ("AccessDenied", "permission"), ("Throttling", "wait a minute"),
        ("LimitExceededException", "Service Quotas"), ("InvalidClientTokenId", "AWS_PROFILE"),
    ],
)  # fmt: skip
def test_what_aws_refuses_is_a_sentence_and_a_next_step(formation: Stubber, code: str, hint: str) -> None:
    formation.add_client_error("describe_stacks", code, "AWS's words", http_status_code=400)
    with formation, pytest.raises(AwsRefused, match="look at observability-network-dev: AWS answered") as refused:
        local().rollback("network")
    assert refused.value.hint is not None
    assert hint in refused.value.hint


def test_no_credentials_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    settings = AwsSettings(region="eu-central-1", endpoint_url="http://127.0.0.1:9", environment="dev")
    with pytest.raises(SettingError, match="no credentials"):
        Stacks(settings, quiet).rollback("network")


def test_no_region_is_a_sentence() -> None:
    with pytest.raises(SettingError, match=r"aws\.region is not set"):
        Stacks(AwsSettings(environment="dev"), quiet)


def test_aws_that_does_not_answer_is_try_again(account: Account) -> None:
    settings = AwsSettings(region="eu-central-1", endpoint_url="http://127.0.0.1:9", environment="dev")
    with pytest.raises(AwsAway) as away:
        Stacks(settings, quiet).rollback("network")
    assert away.value.exit_code == 3


@pytest.mark.parametrize(
    "reason", ["ECS Deployment Circuit Breaker was triggered", "User x is not authorized to perform: y"]
)
def test_reasons_are_put_into_words_and_kept(reason: str) -> None:
    assert reason in in_words(reason)
    assert in_words(reason) != reason
