"""Before and after, against moto: what others have may not change unseen."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from sightline.cli import sightline
from tests.cloud.conftest import Account


def run(*arguments: str) -> tuple[int, dict[str, Any]]:
    done = CliRunner().invoke(sightline, ["aws", "inventory", *arguments, "--json"], standalone_mode=False)
    if done.exception:
        raise done.exception
    return done.return_value or 0, json.loads(done.stdout)


def shop(account: Account) -> dict[str, str]:
    """What an application that is there already has."""
    ec2, s3, logs = account.client("ec2"), account.client("s3"), account.client("logs")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    group = ec2.create_security_group(GroupName="shop", Description="shop", VpcId=vpc)["GroupId"]
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    bucket = account.bucket("shop")
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [
        {"ID": "old", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 90}}]})  # fmt: skip
    logs.create_log_group(logGroupName="/aws/lambda/checkout")
    account.client("cloudwatch").put_metric_alarm(
        AlarmName="checkout", Namespace="AWS/Lambda", MetricName="Errors", Statistic="Sum", Period=60,
        EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    return {"vpc": vpc, "group": group, "table": table, "bucket": bucket}


def test_nothing_touched_is_nothing_said(account: Account, tmp_path: Path) -> None:
    shop(account)
    code, saved = run("save", str(tmp_path / "before.json"))
    assert (code, saved["unread"]) == (0, {})
    assert saved["counts"]["bucket"] == 1
    assert saved["counts"]["alarm"] == 1
    code, found = run("compare", str(tmp_path / "before.json"))
    assert (code, found["differences"]) == (0, [])


def test_what_is_new_is_listed_and_is_no_fault(account: Account, tmp_path: Path) -> None:
    shop(account)
    run("save", str(tmp_path / "before.json"))
    new = account.bucket("recordings")
    code, found = run("compare", str(tmp_path / "before.json"))
    assert code == 0
    assert [(one["state"], one["kind"], one["id"]) for one in found["differences"]] == [("new", "bucket", new)]


def opens(account: Account, made: dict[str, str]) -> None:
    account.client("ec2").authorize_security_group_ingress(
        GroupId=made["group"], IpProtocol="tcp", FromPort=5432, ToPort=5432, CidrIp="0.0.0.0/0"
    )


def stops_expiring(account: Account, made: dict[str, str]) -> None:
    account.client("s3").put_bucket_lifecycle_configuration(
        Bucket=made["bucket"],
        LifecycleConfiguration={"Rules": [
            {"ID": "old", "Status": "Disabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 90}}]},
    )  # fmt: skip


def routes(account: Account, made: dict[str, str]) -> None:
    gateway = account.client("ec2").create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    account.client("ec2").attach_internet_gateway(InternetGatewayId=gateway, VpcId=made["vpc"])
    account.client("ec2").create_route(RouteTableId=made["table"], DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)


def alarms_later(account: Account, made: dict[str, str]) -> None:
    account.client("cloudwatch").put_metric_alarm(
        AlarmName="checkout", Namespace="AWS/Lambda", MetricName="Errors", Statistic="Sum", Period=60,
        EvaluationPeriods=1, Threshold=50, ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip


def removes(account: Account, made: dict[str, str]) -> None:
    account.client("logs").delete_log_group(logGroupName="/aws/lambda/checkout")


def test_each_change_is_its_one_difference(account: Account, tmp_path: Path) -> None:
    made = shop(account)
    run("save", str(tmp_path / "before.json"))
    for change in (opens, stops_expiring, routes, alarms_later, removes):
        change(account, made)
    code, found = run("compare", str(tmp_path / "before.json"))
    assert code == 1
    touched = {(one["state"], one["kind"], one["id"], one["where"]) for one in found["differences"]}
    assert touched == {
        ("changed", "security group", made["group"], "IpPermissions"),
        ("changed", "bucket", made["bucket"], "get_bucket_lifecycle_configuration.Rules"),
        ("changed", "route table", made["table"], "Routes"),
        ("changed", "alarm", "checkout", "Threshold"),
        ("gone", "log group", "/aws/lambda/checkout", ""),
    }
    meant = [word for _, _, name, _ in touched for word in ("--expect", name)]
    code, found = run("compare", str(tmp_path / "before.json"), *meant)
    assert (code, found["touched"]) == (0, 0)


def test_another_account_is_refused(account: Account, tmp_path: Path) -> None:
    run("save", str(tmp_path / "before.json"))
    saved = json.loads((tmp_path / "before.json").read_text("utf-8"))
    (tmp_path / "before.json").write_text(json.dumps({**saved, "account": "1"}), "utf-8")
    with pytest.raises(Exception, match="account 1"):
        run("compare", str(tmp_path / "before.json"))
