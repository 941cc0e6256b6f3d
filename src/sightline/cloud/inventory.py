"""What else lives in the account, before and after: it proves that nothing of others was touched. Reads only.

An entry is one thing of others or of ours, by its kind and id, with all that describes how it is set up. Figures that
change by themselves (dates, counters, states) are left out.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from sightline import clock
from sightline.cloud.session import client, pages, told
from sightline.errors import InvalidValue, SightlineError
from sightline.settings import AwsSettings

Found = Iterator[tuple[str, Any]]
_VERSION: Final = 1
# They say when or how much, not how it is set up.
_RESTLESS: Final = frozenset({
    "ActualSpend", "AlarmConfigurationUpdatedTimestamp", "CalculatedSpend", "CreateDate", "CreationDate",
    "CreationTime",
    "ETag", "InProgressInvalidationBatches", "LastModified", "LastModifiedTime", "LastUpdatedTime", "ResponseMetadata",
    "RevisionId", "StateReason", "StateReasonData", "StateTransitionedTimestamp", "StateUpdatedTimestamp", "StateValue",
})  # fmt: skip


class Inventory(msgspec.Struct, frozen=True):
    """What was found; `unread` names the kinds that could not be read, and why."""

    version: int
    taken: str
    account: str
    region: str
    entries: Mapping[str, Mapping[str, Any]]
    unread: Mapping[str, str]


class Difference(msgspec.Struct, frozen=True):
    """One entry that is `new`, `gone` or `changed`, and in the last case where."""

    state: str
    kind: str
    id: str
    where: str = ""


def take(aws: AwsSettings) -> Inventory:
    """Read everything; a kind that may not be read is said, and the others are still read."""
    with told("ask who we are"):
        account = client("sts", aws).get_caller_identity()["Account"]
    entries: dict[str, dict[str, Any]] = {}
    unread: dict[str, str] = {}
    for kind, read in _KINDS.items():
        try:
            entries[kind] = {name: _still(found) for name, found in read(aws, account)}
        except SightlineError as exc:
            unread[kind] = exc.line()
    return Inventory(_VERSION, clock.now().isoformat(timespec="seconds"), account, aws.region, entries, unread)


def save(inventory: Inventory, file: Path) -> None:
    file.write_bytes(msgspec.json.format(msgspec.json.encode(inventory, order="deterministic"), indent=1) + b"\n")


def read(file: Path) -> Inventory:
    try:
        found = msgspec.json.decode(file.read_bytes(), type=Inventory)
    except (OSError, msgspec.MsgspecError) as exc:
        raise InvalidValue(
            f"{str(file)!r} is no inventory: {exc}", hint="`sightline aws inventory save` writes one."
        ) from exc
    if found.version != _VERSION:
        raise InvalidValue(f"{str(file)!r} has the version {found.version}", hint="Save it anew.")
    return found


def compare(before: Inventory, after: Inventory) -> Iterator[Difference]:
    """What differs. Of a kind that could not be read both times nothing is said: it is listed as unread."""
    if (before.account, before.region) != (after.account, after.region):
        raise InvalidValue(
            f"the inventory is of account {before.account} in {before.region},"
            f" not of {after.account} in {after.region}",
            hint="Sign in to the same account, and set the same region.",
        )
    for kind in _KINDS:
        if kind in before.unread or kind in after.unread:
            continue
        old, new = before.entries.get(kind, {}), after.entries.get(kind, {})
        for name in sorted({*old, *new}):
            if name not in old:
                yield Difference("new", kind, name)
            elif name not in new:
                yield Difference("gone", kind, name)
            elif old[name] != new[name]:
                yield Difference("changed", kind, name, ", ".join(_where(old[name], new[name])))


def _where(old: Any, new: Any, path: str = "") -> Iterator[str]:
    """The places at which two entries differ."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}):
            if old.get(key) != new.get(key):
                yield from _where(old.get(key), new.get(key), f"{path}.{key}" if path else key)
    else:
        yield path or "."


def _still(found: Any) -> Any:
    """Without what changes by itself; lists in an order that does not depend on the answer's."""
    if isinstance(found, dict):
        return {name: _still(value) for name, value in found.items() if name not in _RESTLESS}
    if isinstance(found, list | tuple):
        return sorted((_still(value) for value in found), key=lambda one: json.dumps(one, sort_keys=True, default=str))
    return found if isinstance(found, str | int | float | bool | None) else str(found)


# ---- one function per kind ---------------------------------------------------------------------------------------


def _ec2(operation: str, key: str, name: str) -> Callable[[AwsSettings, str], Found]:
    def found(aws: AwsSettings, account: str) -> Found:  # noqa: ARG001 - the signature of all of them
        for one in pages(client("ec2", aws), operation, key):
            yield one[name], one

    return found


def _buckets(aws: AwsSettings, account: str) -> Found:  # noqa: ARG001
    service = client("s3", aws)
    with told("list buckets"):
        names = [bucket["Name"] for bucket in service.list_buckets()["Buckets"]]
    for name in names:
        yield name, {
            operation: _or_nothing(service, operation, Bucket=name)
            for operation in (
                "get_bucket_policy", "get_bucket_encryption", "get_bucket_versioning", "get_public_access_block",
                "get_bucket_lifecycle_configuration", "get_bucket_cors", "get_bucket_website",
            )
        }  # fmt: skip


def _or_nothing(service: Any, operation: str, **arguments: Any) -> Any:
    """What S3 says, or that it has none: it answers an error where nothing is set."""
    from botocore.exceptions import ClientError  # noqa: PLC0415 - only where AWS is used

    try:
        return getattr(service, operation)(**arguments)
    except ClientError as exc:
        code = str(exc.response.get("Error", {}).get("Code"))
        if code.startswith("NoSuch") or code == "ServerSideEncryptionConfigurationNotFoundError":
            return None
        with told(f"{operation.replace('_', ' ')} of {arguments['Bucket']}"):
            raise


def _distributions(aws: AwsSettings, account: str) -> Found:  # noqa: ARG001
    service = client("cloudfront", aws)
    with told("list CloudFront's distributions"):
        for page in service.get_paginator("list_distributions").paginate():
            for one in page["DistributionList"].get("Items", []):
                # Its status only says whether the last change has arrived everywhere.
                yield one["Id"], {name: value for name, value in one.items() if name != "Status"}


def _functions(aws: AwsSettings, account: str) -> Found:  # noqa: ARG001
    for one in pages(client("lambda", aws), "list_functions", "Functions"):
        yield one["FunctionName"], one


def _alarms(aws: AwsSettings, account: str) -> Found:  # noqa: ARG001
    for one in pages(client("cloudwatch", aws), "describe_alarms", "MetricAlarms"):
        yield one["AlarmName"], one


def _budgets(aws: AwsSettings, account: str) -> Found:
    for one in pages(client("budgets", aws, region="us-east-1"), "describe_budgets", "Budgets", AccountId=account):
        yield one["BudgetName"], one


def _subscriptions(aws: AwsSettings, account: str) -> Found:  # noqa: ARG001
    service = client("logs", aws)
    for group in pages(service, "describe_log_groups", "logGroups"):
        name = group["logGroupName"]
        filters = list(pages(service, "describe_subscription_filters", "subscriptionFilters", logGroupName=name))
        yield name, {"retention": group.get("retentionInDays"), "filters": filters}


_KINDS: Final[Mapping[str, Callable[[AwsSettings, str], Found]]] = {
    "vpc": _ec2("describe_vpcs", "Vpcs", "VpcId"),
    "subnet": _ec2("describe_subnets", "Subnets", "SubnetId"),
    "route table": _ec2("describe_route_tables", "RouteTables", "RouteTableId"),
    "security group": _ec2("describe_security_groups", "SecurityGroups", "GroupId"),
    "bucket": _buckets,
    "distribution": _distributions,
    "function": _functions,
    "alarm": _alarms,
    "budget": _budgets,
    "log group": _subscriptions,
}
