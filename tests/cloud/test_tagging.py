"""Tags against moto: a gap is found and named; the cost allocation tags against botocore's stubber."""

import json
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from click.testing import CliRunner

from infra import tags as asked
from sightline.cli import sightline
from sightline.cloud import tagging
from sightline.cloud.templates import PARTS
from sightline.settings import AwsSettings
from tests.cloud.conftest import Account

COMPLETE = {**asked.required("dev", "ada@example.com"), **asked.STORAGE}


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(sightline, ["aws", *arguments], standalone_mode=False)
    if done.exception:
        raise done.exception
    return done.return_value or 0, done.output


def test_the_audit_asks_for_what_the_foundation_puts_on() -> None:
    assert (tagging.REQUIRED, tagging.FUNCTIONAL, tagging.COST_ALLOCATION) == (
        asked.REQUIRED, asked.FUNCTIONAL, asked.COST_ALLOCATION,
    )  # fmt: skip
    assert asked.PROJECT == tagging.PROJECT


def test_a_complete_account_passes(account: Account) -> None:
    account.bucket("recordings", COMPLETE)
    assert run("tags", "audit") == (0, "1 resources, 0 with a gap in their tags.\n")


@pytest.mark.parametrize("key", [*asked.REQUIRED[1:], *asked.FUNCTIONAL])
def test_each_missing_tag_is_named(account: Account, key: str) -> None:
    account.bucket("whole", COMPLETE)
    name = account.bucket("gap", {tag: value for tag, value in COMPLETE.items() if tag != key})
    code, text = run("tags", "audit", "--json")
    assert code == 1
    assert json.loads(text) == {
        "resources": 2, "gaps": [{"arn": f"arn:aws:s3:::{name}", "faults": [f"{key} is missing"]}],
    }  # fmt: skip


def test_a_resource_that_lost_the_tag_of_the_project_is_found_by_its_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the stubber: moto neither sets CloudFormation's own tags on what it lists, nor lets anybody set them."""
    client = boto3.session.Session(
        aws_access_key_id="x", aws_secret_access_key="x", region_name="us-east-1"
    ).client("resourcegroupstaggingapi")  # fmt: skip
    monkeypatch.setattr(tagging, "client", lambda *_, **__: client)
    stack = {"Key": "aws:cloudformation:stack-name", "Values": [f"observability-{part}-prod" for part in PARTS]}
    tags = [{"Key": key, "Value": value} for key, value in COMPLETE.items() if key != "Project"]
    stub = Stubber(client)
    stub.add_response(
        "get_resources", {"ResourceTagMappingList": []}, {"TagFilters": [{"Key": "Project", "Values": ["UserMetrics"]}]}
    )
    stub.add_response(
        "get_resources", {"ResourceTagMappingList": [{"ResourceARN": "arn:1", "Tags": tags}]}, {"TagFilters": [stack]}
    )
    with stub:
        assert tagging.audit(AwsSettings(region="us-east-1")) == [tagging.Audited("arn:1", ["Project is missing"])]
    stub.assert_no_pending_responses()


def test_a_wrong_value_is_a_gap() -> None:
    wrong = {**COMPLETE, "ManagedBy": "hand", "Environment": "production"}
    assert tagging.faults(wrong) == [
        "ManagedBy is 'hand' instead of 'CDK'",
        "Environment is 'production' instead of one of ['dev', 'prod', 'staging']",
    ]


def test_an_account_without_anything_of_ours_does_not_pass(account: Account) -> None:
    account.bucket("other", {"Project": "Shop"})
    code, text = run("tags", "audit")
    assert code == 1
    assert "right account" in text


# ---- cost allocation tags: moto has none of this ------------------------------------------------------------------


@pytest.fixture
def explorer(monkeypatch: pytest.MonkeyPatch) -> tuple[Stubber, AwsSettings]:
    client = boto3.session.Session(
        aws_access_key_id="x", aws_secret_access_key="x", region_name="us-east-1"
    ).client("ce")  # fmt: skip
    monkeypatch.setattr(tagging, "client", lambda *_, **__: client)
    return Stubber(client), AwsSettings(region="eu-central-1")


def listed(**states: str) -> dict[str, Any]:
    return {
        "CostAllocationTags": [{"TagKey": key, "Type": "UserDefined", "Status": state} for key, state in states.items()]
    }


def test_only_what_is_inactive_is_activated(explorer: tuple[Stubber, AwsSettings]) -> None:
    stub, settings = explorer
    stub.add_response("list_cost_allocation_tags", {**listed(Project="Active", Foreign="Inactive"), "NextToken": "2"})
    stub.add_response(
        "list_cost_allocation_tags", listed(Owner="Inactive", Component="Inactive"),
        {"Type": "UserDefined", "MaxResults": 100, "NextToken": "2"},
    )  # fmt: skip
    stub.add_response(
        "update_cost_allocation_tags_status", {"Errors": [{"TagKey": "Owner", "Code": "X", "Message": "no"}]},
        {"CostAllocationTagsStatus": [{"TagKey": key, "Status": "Active"} for key in ("Component", "Owner")]},
    )  # fmt: skip
    with stub:
        found = {one.key: one.state for one in tagging.activate(settings)}
    stub.assert_no_pending_responses()
    assert found == {
        "Project": "active", "Component": "activated", "Owner": "refused", "Function": "unseen",
        "Environment": "unseen", "CostCenter": "unseen", "DataType": "unseen",
    }  # fmt: skip


def test_a_second_run_changes_nothing(explorer: tuple[Stubber, AwsSettings]) -> None:
    stub, settings = explorer
    stub.add_response("list_cost_allocation_tags", listed(**dict.fromkeys(asked.COST_ALLOCATION, "Active")))
    with stub:
        assert {one.state for one in tagging.activate(settings)} == {"active"}
    stub.assert_no_pending_responses()


def test_a_dry_run_only_looks(explorer: tuple[Stubber, AwsSettings]) -> None:
    stub, settings = explorer
    stub.add_response("list_cost_allocation_tags", listed(**dict.fromkeys(asked.COST_ALLOCATION, "Inactive")))
    with stub:
        assert {one.state for one in tagging.activate(settings, dry_run=True)} == {"inactive"}
    stub.assert_no_pending_responses()
