"""The checks behind `sightline aws verify`: each asks AWS, and says what it saw. Nothing is changed.

What is looked for is what the stacks of the stage made: their list of resources says which bucket or role is ours.
"""

import ipaddress
import json
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import Any, Final, Literal

import msgspec

from sightline.cloud import inventory, tagging, verification_grafana
from sightline.cloud.foundation import Foundation
from sightline.cloud.session import client, pages, told
from sightline.cloud.templates import stack_name
from sightline.errors import SightlineError

State = Literal["pass", "fail", "human", "missing"]
_RETENTION_DAYS: Final = 90
_RECORDINGS_DAYS: Final = 30
_GLACIER_DAYS: Final = 365
_BUDGET_USD: Final = 150.0
_THRESHOLDS: Final = {80.0, 100.0}
_DATABASE_ALARMS: Final = ("DatabaseCpu", "DatabaseConnections", "DatabaseReads", "DatabaseWrites")
_SERVICE_ALARMS: Final = ("TaskHealth", "TaskErrors")


class Finding(msgspec.Struct, frozen=True):
    """What a check saw, and what follows from it."""

    state: State
    evidence: str


Check = Callable[[Foundation], Finding]


def _gone(logical: str) -> Finding:
    return Finding("fail", f"no stack of this stage has Observability{logical}")


def _said(*, holds: bool, evidence: str) -> Finding:
    return Finding("pass" if holds else "fail", evidence)


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _or_nothing(service: Any, operation: str, codes: tuple[str, ...], **arguments: Any) -> Any:
    """What is set, or nothing where AWS answers that there is none."""
    from botocore.exceptions import ClientError  # noqa: PLC0415 - only where AWS is used

    with told(operation.replace("_", " ")):
        try:
            return getattr(service, operation)(**arguments)
        except ClientError as exc:
            if exc.response.get("Error", {}).get("Code") in codes:
                return None
            raise


# ---- network -----------------------------------------------------------------------------------------------------


def network(one: Foundation) -> Finding:
    """EC2: the VPC's and subnets' addresses and zones."""
    vpc = one.resources.get("Vpc")
    if not vpc:
        if one.resources.get("TaskGroup"):
            return Finding("human", "a VPC that was there is used: look at its size, subnets and zones in the console")
        return _gone("Vpc")
    ec2 = one.client("ec2")
    [found] = pages(ec2, "describe_vpcs", "Vpcs", VpcIds=[vpc])
    subnets = list(pages(ec2, "describe_subnets", "Subnets", Filters=[{"Name": "vpc-id", "Values": [vpc]}]))
    sizes = sorted(ipaddress.ip_network(each["CidrBlock"]).prefixlen for each in subnets)
    zones = {each["AvailabilityZone"] for each in subnets}
    holds = found["CidrBlock"].endswith("/24") and sizes == [26, 26, 27, 27] and len(zones) == 2
    return _said(holds=holds, evidence=f"{vpc} {found['CidrBlock']}, subnets /{sizes}, zones {sorted(zones)}")


def nat(one: Foundation) -> Finding:
    """EC2: one way out, a gateway or an instance."""
    vpc = one.resources.get("Vpc")
    if not vpc:
        return (
            _gone("Vpc") if not one.resources.get("TaskGroup") else Finding("human", "look at the existing VPC's NAT")
        )
    gateways = [
        each["NatGatewayId"]
        for each in pages(one.client("ec2"), "describe_nat_gateways", "NatGateways",
                          Filters=[{"Name": "vpc-id", "Values": [vpc]}])
        if each["State"] == "available"
    ]  # fmt: skip
    instance = one.resources.get("NatInstance")
    ways = gateways + ([instance] if instance else [])
    return _said(holds=len(ways) == 1, evidence=f"ways out: {', '.join(ways) or 'none'}")


def task_group(one: Foundation) -> Finding:
    """EC2: the security group of tasks, and that it is not open to everybody."""
    group = one.resources.get("TaskGroup")
    if not group:
        return _gone("TaskGroup")
    [found] = pages(one.client("ec2"), "describe_security_groups", "SecurityGroups", GroupIds=[group])
    ranges = [each["CidrIp"] for rule in found["IpPermissions"] for each in rule.get("IpRanges", [])]
    return _said(holds="0.0.0.0/0" not in ranges, evidence=f"{group} lets in from {', '.join(ranges) or 'groups only'}")


# ---- access ------------------------------------------------------------------------------------------------------


def roles(one: Foundation) -> Finding:
    """IAM: the roles of the task, of its execution, of our Lambda functions and of Grafana."""
    wanted = ("TaskRole", "ExecutionRole", "BeaconRole", "GrafanaRole")
    missing = [each for each in wanted if not one.resources.get(each)]
    iam = one.client("iam")
    for each in wanted:
        if each not in missing and not _or_nothing(iam, "get_role", ("NoSuchEntity",), RoleName=one.resources[each]):
            missing.append(each)
    return _said(holds=not missing, evidence=f"missing: {', '.join(missing)}" if missing else "all are there")


def _of_s3(one: Foundation) -> Iterator[tuple[str, str]]:
    for statement in one.grants:
        for action in _several(statement["Action"]):
            if statement["Effect"] == "Allow" and (action == "*" or action.startswith("s3:")):
                for resource in _several(statement["Resource"]):
                    yield action, resource


def scoped(one: Foundation) -> Finding:
    """IAM: on S3 the task's role may use our buckets and no other."""
    ours = {f"arn:aws:s3:::{one.resources.get(each, '')}" for each in ("Recordings", "Extents", "Seals")}
    granted = list(_of_s3(one))
    foreign = [resource for _, resource in granted if resource.removesuffix("/*") not in ours]
    if not granted:
        return Finding("fail", "the task's role has no grant on S3")
    return _said(holds=not foreign, evidence=f"beyond ours: {', '.join(foreign)}" if foreign else "our buckets only")


def stores(one: Foundation) -> Finding:
    """IAM: the task's role may read and write the bucket of recordings."""
    wanted = {"s3:GetObject", "s3:PutObject", "s3:DeleteObject"}
    bucket = one.resources.get("Recordings")
    if not bucket:
        return _gone("Recordings")
    granted = {action for action, resource in _of_s3(one) if resource == f"arn:aws:s3:::{bucket}/*"}
    lacking = sorted(wanted - granted)
    return _said(
        holds=not lacking, evidence=f"not granted: {', '.join(lacking)}" if lacking else f"granted on {bucket}"
    )


# ---- tags --------------------------------------------------------------------------------------------------------


def tags(one: Foundation) -> Finding:
    """Tagging API: the required tags of every resource, as `sightline aws tags audit`."""
    found = tagging.audit(one.aws)
    faulty = [f"{each.arn}: {'; '.join(each.faults)}" for each in found if each.faults]
    return _said(holds=bool(found) and not faulty, evidence=" | ".join(faulty) or f"{len(found)} resources, no gap")


def cost_tags(one: Foundation) -> Finding:
    """Cost Explorer: the cost allocation tags are active."""
    waiting = [each.key for each in tagging.activate(one.aws, dry_run=True) if each.state != "active"]
    return _said(holds=not waiting, evidence=f"not active: {', '.join(waiting)}" if waiting else "all are active")


# ---- storage -----------------------------------------------------------------------------------------------------


def _rules(one: Foundation, logical: str) -> list[Mapping[str, Any]] | None:
    bucket = one.resources.get(logical)
    if not bucket:
        return None
    found = _or_nothing(
        one.client("s3"), "get_bucket_lifecycle_configuration", ("NoSuchLifecycleConfiguration", "NoSuchBucket"),
        Bucket=bucket,
    )  # fmt: skip
    return [rule for rule in (found or {}).get("Rules", []) if rule["Status"] == "Enabled"]


def encrypted(one: Foundation) -> Finding:
    """S3: the bucket of recordings is encrypted with a key of ours."""
    bucket = one.resources.get("Recordings")
    if not bucket:
        return _gone("Recordings")
    found = _or_nothing(
        one.client("s3"), "get_bucket_encryption",
        ("ServerSideEncryptionConfigurationNotFoundError", "NoSuchBucket"), Bucket=bucket,
    )  # fmt: skip
    kinds = [
        rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"]
        for rule in (found or {}).get("ServerSideEncryptionConfiguration", {}).get("Rules", [])
    ]
    return _said(holds="aws:kms" in kinds, evidence=f"{bucket}: {', '.join(kinds) or 'none'}")


def expires(one: Foundation) -> Finding:
    """S3: a lifecycle rule removes recordings after 30 days."""
    rules = _rules(one, "Recordings")
    if rules is None:
        return _gone("Recordings")
    days = [rule["Expiration"]["Days"] for rule in rules if "Days" in rule.get("Expiration", {})]
    return _said(holds=_RECORDINGS_DAYS in days, evidence=f"expires after {days or 'never'} days")


def tiering(one: Foundation) -> Finding:
    """S3: a lifecycle rule moves recordings to Intelligent-Tiering."""
    rules = _rules(one, "Recordings")
    if rules is None:
        return _gone("Recordings")
    classes = [each["StorageClass"] for rule in rules for each in rule.get("Transitions", [])]
    return _said(holds="INTELLIGENT_TIERING" in classes, evidence=f"moves to {', '.join(classes) or 'nothing'}")


def glacier(one: Foundation) -> Finding:
    """S3: exported logs go to Glacier after a year."""
    rules = _rules(one, "LogExport")
    if rules is None:
        return _gone("LogExport")
    moves = {each["StorageClass"]: each["Days"] for rule in rules for each in rule.get("Transitions", [])}
    return _said(holds=moves.get("GLACIER") == _GLACIER_DAYS, evidence=f"moves: {moves or 'none'}")


def policy(one: Foundation) -> Finding:
    """S3: the bucket's policy refuses whoever is not the task's role."""
    bucket = one.resources.get("Recordings")
    if not bucket:
        return _gone("Recordings")
    found = _or_nothing(one.client("s3"), "get_bucket_policy", ("NoSuchBucketPolicy", "NoSuchBucket"), Bucket=bucket)
    role = one.resources.get("TaskRole", "")
    for statement in json.loads(found["Policy"])["Statement"] if found else []:
        refused = statement.get("Condition", {}).get("ArnNotLike", {}).get("aws:PrincipalArn", [])
        if (
            statement["Effect"] == "Deny"
            and "s3:GetObject" in _several(statement["Action"])
            and role
            and any(each.endswith(f"/{role}") for each in _several(refused))
        ):
            return Finding("pass", f"{bucket}: all but {', '.join(_several(refused))} and administrators are refused")
    return Finding("fail", f"{bucket}: no statement refuses others than the task's role")


def bucket_metrics(one: Foundation) -> Finding:
    """S3: request metrics of the bucket of recordings are on."""
    bucket = one.resources.get("Recordings")
    if not bucket:
        return _gone("Recordings")
    with told(f"read the metrics of {bucket}"):
        found = one.client("s3").list_bucket_metrics_configurations(Bucket=bucket)
    ids = [each["Id"] for each in found.get("MetricsConfigurationList", [])]
    if not ids and one.aws.endpoint_url:
        return Finding("human", "this endpoint lists no metrics configuration: run it against AWS")
    return _said(holds=bool(ids), evidence=f"{bucket}: {', '.join(ids) or 'none'}")


def secrets(one: Foundation) -> Finding:
    """Secrets Manager: the logins of the database and of the vault are there."""
    manager = one.client("secretsmanager")
    lacking = []
    for logical in ("DatabaseSecret", "VaultSecret"):
        name = one.outputs.get(f"{logical}Name")
        found = name and _or_nothing(manager, "describe_secret", ("ResourceNotFoundException",), SecretId=name)
        if not found or found.get("DeletedDate"):
            lacking.append(logical)
    return _said(holds=not lacking, evidence=f"missing: {', '.join(lacking)}" if lacking else "both are there")


def retention(one: Foundation) -> Finding:
    """S3 and CloudWatch Logs: recordings go after 30 days, and every log group of the stage keeps 90."""
    recordings = expires(one)
    if recordings.state != "pass":
        return recordings
    prefix = f"/observability/{one.stage}/"
    found = {
        group["logGroupName"]: group.get("retentionInDays")
        for group in pages(one.client("logs"), "describe_log_groups", "logGroups", logGroupNamePrefix=prefix)
    }
    wrong = {name: days or "for ever" for name, days in found.items() if days != _RETENTION_DAYS}
    if not found:
        return Finding("fail", f"there is no log group below {prefix}")
    return _said(holds=not wrong, evidence=f"otherwise: {wrong}" if wrong else f"{len(found)} groups of 90 days")


# ---- watching ----------------------------------------------------------------------------------------------------


def _watched(one: Foundation, names: tuple[str, ...]) -> Finding:
    """A row passes with alarms that exist, are on, and tell somebody."""
    stack = stack_name("observe", one.stage)
    lacking = []
    for name in names:
        # CloudFormation names an alarm after its stack and logical name.
        begin = f"{stack}-Observability{name}Alarm"
        alarm = next((each for each in one.alarms if each["AlarmName"].startswith(begin)), None)
        if alarm is None or not alarm.get("ActionsEnabled") or not alarm.get("AlarmActions"):
            lacking.append(name)
    return _said(
        holds=not lacking, evidence=f"missing or silent: {', '.join(lacking)}" if lacking else ", ".join(names)
    )


def database_alarms(one: Foundation) -> Finding:
    """CloudWatch: alarms on Aurora's CPU, connections and latency exist and tell somebody."""
    return _watched(one, _DATABASE_ALARMS)


def service_alarms(one: Foundation) -> Finding:
    """CloudWatch: alarms on the tasks' health and errors exist and tell somebody."""
    return _watched(one, _SERVICE_ALARMS)


def budget(one: Foundation) -> Finding:
    """Budgets: 150 USD a month, told at 80 and 100 per cent."""
    account, name = one.who(), f"observability-{one.stage}"
    service = client("budgets", one.aws, region="us-east-1")
    listed = pages(service, "describe_budgets", "Budgets", AccountId=account)
    found = next((each for each in listed if each["BudgetName"] == name), None)
    if found is None:
        return Finding("fail", f"there is no budget {name}")
    limit = float(found["BudgetLimit"]["Amount"])
    told_at = {
        float(each["Threshold"])
        for each in pages(service, "describe_notifications_for_budget", "Notifications",
                          AccountId=account, BudgetName=name)
    }  # fmt: skip
    return _said(holds=limit == _BUDGET_USD and told_at >= _THRESHOLDS,
                 evidence=f"{name}: {limit:g} USD, told at {sorted(told_at)} per cent")  # fmt: skip


def alerts(one: Foundation) -> Finding:
    """SNS: the topic of alerts has an e-mail address that is confirmed."""
    topic = one.resources.get("Alerts")
    if not topic:
        return _gone("Alerts")
    found = list(pages(one.client("sns"), "list_subscriptions_by_topic", "Subscriptions", TopicArn=topic))
    mails = [each for each in found if each["Protocol"] == "email"]
    confirmed = [each for each in mails if each["SubscriptionArn"].startswith("arn:")]
    return _said(holds=bool(confirmed), evidence=f"{len(confirmed)} of {len(mails)} addresses are confirmed")


def cost_dashboard(one: Foundation) -> Finding:
    """CloudWatch: the dashboard of cost is there."""
    name = f"observability-cost-{one.stage}"
    codes = ("ResourceNotFound", "DashboardNotFoundError")
    found = _or_nothing(one.client("cloudwatch"), "get_dashboard", codes, DashboardName=name)
    return _said(holds=found is not None, evidence=f"{name} is {'there' if found else 'missing'}")


def workspace(one: Foundation) -> Finding:
    """Managed Grafana: the workspace of the stage is active, with sign-in by Identity Center."""
    name = f"observability-{one.stage}"
    listed = pages(one.client("grafana"), "list_workspaces", "workspaces")
    found = next((each for each in listed if each.get("name") == name), None)
    if found is None:
        return Finding("fail", f"there is no workspace {name}")
    ways = found.get("authentication", {}).get("providers", [])
    return _said(holds=found["status"] == "ACTIVE" and "AWS_SSO" in ways,
                 evidence=f"{found['endpoint']}: {found['status']}, {ways}")  # fmt: skip


def service(one: Foundation) -> Finding:
    """ECS: as many tasks run as are wanted, at least one, without a public address and behind a balancer."""
    cluster, name = one.resources.get("Cluster"), one.resources.get("Service")
    if not cluster or not name:
        return _gone("Service")
    with told(f"look at {name}"):
        found = one.client("ecs").describe_services(cluster=cluster, services=[name])["services"]
    if not found:
        return Finding("fail", f"{name} is not there")
    [tasks] = found
    running, wanted = tasks["runningCount"], tasks["desiredCount"]
    public = tasks.get("networkConfiguration", {}).get("awsvpcConfiguration", {}).get("assignPublicIp", "ENABLED")
    balancers = len(tasks.get("loadBalancers", []))
    return _said(
        holds=0 < wanted <= running and public == "DISABLED" and balancers > 0,
        evidence=f"{running} of {wanted} tasks run, public address {public.lower()}, {balancers} balancers",
    )


def _untouched(one: Foundation, *kinds: str) -> Finding:
    if one.before is None:
        return Finding("human", "give --before FILE, written by `sightline aws inventory save` before the deployment")
    before, after = inventory.read(one.before), one.found_now
    unread = sorted({*before.unread, *after.unread} & set(kinds))
    if unread:
        return Finding("fail", f"cannot be compared: {', '.join(unread)}")
    touched = [f"{each.kind} {each.id} {each.state} {each.where}".strip()
               for each in inventory.compare(before, after)
               if each.kind in kinds and each.state != "new"]  # fmt: skip
    return _said(holds=not touched, evidence="; ".join(touched) or f"no {', '.join(kinds)} is changed or gone")


def network_untouched(one: Foundation) -> Finding:
    """Inventory: no network of others is changed or gone."""
    return _untouched(one, "vpc", "subnet", "route table", "security group")


def buckets_untouched(one: Foundation) -> Finding:
    """Inventory: no bucket of others is changed or gone."""
    return _untouched(one, "bucket")


def distributions_untouched(one: Foundation) -> Finding:
    """Inventory: no distribution of others is changed or gone."""
    return _untouched(one, "distribution")


def budgets_untouched(one: Foundation) -> Finding:
    """Inventory: no budget and no alarm of others is changed or gone."""
    return _untouched(one, "budget", "alarm")


def alarms_untouched(one: Foundation) -> Finding:
    """Inventory: no alarm of others is changed or gone."""
    return _untouched(one, "alarm")


def logs_untouched(one: Foundation) -> Finding:
    """Inventory: no log group's retention or filter is changed or gone."""
    return _untouched(one, "log group")


def _of_grafana(check: Callable[[verification_grafana.Seen], verification_grafana.Held]) -> Check:
    @wraps(check)
    def asked(one: Foundation) -> Finding:
        if not one.asks_grafana:
            return Finding(
                "human", "give --grafana, which makes a token of 15 minutes; or run `sightline aws grafana diff`"
            )
        found = one.grafana
        if isinstance(found, SightlineError):
            raise found
        holds, evidence = check(found)
        return Finding("human", evidence) if holds is None else _said(holds=holds, evidence=evidence)

    return asked


_OF_GRAFANA: Final = {name: _of_grafana(check) for name, check in verification_grafana.CHECKS.items()}
CHECKS: Final[Mapping[str, Check]] = _OF_GRAFANA | {
    check.__name__: check
    for check in (
        network, nat, task_group, roles, scoped, stores, tags, cost_tags, encrypted, expires, tiering, glacier, policy,
        bucket_metrics, secrets, retention, database_alarms, service_alarms, budget, alerts, cost_dashboard, workspace,
        service, network_untouched, buckets_untouched, distributions_untouched, budgets_untouched, alarms_untouched,
        logs_untouched,
    )
}  # fmt: skip
