"""Whether every resource carries its tags, and the cost allocation tags of the account.

`infra/tags.py` puts them on; a test holds both lists together.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from sightline.cloud.session import client, pages, told
from sightline.cloud.templates import PARTS, stack_name
from sightline.settings import AwsSettings

PROJECT: Final = "UserMetrics"
REQUIRED: Final = ("Project", "Environment", "ManagedBy", "CostCenter", "Owner")
FUNCTIONAL: Final = ("Component", "Function")
COST_ALLOCATION: Final = ("Project", "Component", "Function", "Environment", "CostCenter", "DataType", "Owner")
_ENVIRONMENTS: Final = {"dev", "staging", "prod"}
_FIXED: Final = {"Project": PROJECT, "ManagedBy": "CDK", "CostCenter": "Observability"}
_BILLING_REGION: Final = "us-east-1"


class Audited(msgspec.Struct, frozen=True):
    """One resource and what is wrong with its tags; nothing is an empty list."""

    arn: str
    faults: Sequence[str]


class Activated(msgspec.Struct, frozen=True):
    """One cost allocation tag: `active`, `activated` just now, or `unseen` by billing yet."""

    key: str
    state: str


def audit(aws: AwsSettings) -> list[Audited]:
    """Every resource of the project, and of its stacks even where the project's tag is gone."""
    wanted = [
        {"Key": "Project", "Values": [PROJECT]},
        # CloudFormation's own tag: it shows a resource that lost all of ours.
        {"Key": "aws:cloudformation:stack-name", "Values": [stack_name(part, aws.environment) for part in PARTS]},
    ]
    found: dict[str, Mapping[str, str]] = {}
    for region in dict.fromkeys((aws.region, _BILLING_REGION)):  # CloudFront and billing are listed there only
        tagging = client("resourcegroupstaggingapi", aws, region=region)
        for one in wanted:
            for mapping in pages(tagging, "get_resources", "ResourceTagMappingList", TagFilters=[one]):
                found[mapping["ResourceARN"]] = {tag["Key"]: tag["Value"] for tag in mapping["Tags"]}
    return [Audited(arn, faults(tags)) for arn, tags in sorted(found.items())]


def faults(tags: Mapping[str, str]) -> list[str]:
    """What is missing or wrong."""
    missing = [f"{key} is missing" for key in (*REQUIRED, *FUNCTIONAL) if not tags.get(key)]
    wrong = [
        f"{key} is {tags[key]!r} instead of {value!r}"
        for key, value in _FIXED.items()
        if tags.get(key) and tags[key] != value
    ]
    environment = tags.get("Environment")
    if environment and environment not in _ENVIRONMENTS:
        wrong.append(f"Environment is {environment!r} instead of one of {sorted(_ENVIRONMENTS)}")
    return missing + wrong


def activate(aws: AwsSettings, *, dry_run: bool = False) -> list[Activated]:
    """Activate the cost allocation tags; billing sees a tag a day after something first carries it."""
    explorer = client("ce", aws, region=_BILLING_REGION)
    with told("list cost allocation tags"):
        listed = {tag["TagKey"]: tag["Status"] for tag in _all_tags(explorer) if tag["TagKey"] in COST_ALLOCATION}
    waiting = [key for key in COST_ALLOCATION if listed.get(key) == "Inactive"]
    refused: set[str] = set()
    if waiting and not dry_run:
        with told("activate cost allocation tags"):
            answer = explorer.update_cost_allocation_tags_status(
                CostAllocationTagsStatus=[{"TagKey": key, "Status": "Active"} for key in waiting]
            )
        refused = {error["TagKey"] for error in answer.get("Errors", [])}
    return [Activated(key, _state(key, listed, refused, dry_run=dry_run)) for key in COST_ALLOCATION]


def _all_tags(explorer: Any) -> Iterator[Mapping[str, str]]:
    token: dict[str, str] = {}
    while True:
        page = explorer.list_cost_allocation_tags(Type="UserDefined", MaxResults=100, **token)
        yield from page.get("CostAllocationTags", [])
        if not page.get("NextToken"):
            return
        token = {"NextToken": page["NextToken"]}


def _state(key: str, listed: Mapping[str, str], refused: set[str], *, dry_run: bool) -> str:
    if key not in listed:
        return "unseen"
    if listed[key] == "Active":
        return "active"
    if key in refused:
        return "refused"
    return "inactive" if dry_run else "activated"
