"""No policy allows every action; a resource of `*` stands in a list here, with the reason."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

Documents = Mapping[str, Mapping[str, Any]]

# (part, resource, action): why it cannot be named more closely.
EVERY_RESOURCE: Mapping[tuple[str, str, str], str] = {
    ("service", "ObservabilityExecutionRole", "ecr:GetAuthorizationToken"): "AWS knows no resource for it",
    ("service", "UserMetricsEmfPolicy", "cloudwatch:PutMetricData"): "AWS knows none; a condition names the namespaces",
    ("observe", "ObservabilityGrafanaRole", "cloudwatch:DescribeAlarms"): "lists all alarms",
    ("observe", "ObservabilityGrafanaRole", "cloudwatch:DescribeAlarmsForMetric"): "AWS knows no resource for it",
    ("observe", "ObservabilityGrafanaRole", "cloudwatch:GetMetricData"): "AWS knows no resource for it",
    ("observe", "ObservabilityGrafanaRole", "cloudwatch:GetMetricStatistics"): "AWS knows no resource for it",
    ("observe", "ObservabilityGrafanaRole", "cloudwatch:ListMetrics"): "AWS knows no resource for it",
    ("observe", "ObservabilityGrafanaRole", "logs:DescribeLogGroups"): "lists the groups to choose from",
    ("observe", "ObservabilityGrafanaRole", "logs:GetQueryResults"): "AWS knows no resource for it",
    ("observe", "ObservabilityGrafanaRole", "logs:StopQuery"): "AWS knows no resource for it",
    ("observe", "ObservabilityGrafanaRole", "ec2:DescribeRegions"): "AWS knows no resource for it",
    ("observe", "ObservabilityGrafanaRole", "tag:GetResources"): "AWS knows no resource for it",
}
# What the code calls, and so what the task may: blobs/s3.py, keys/kms.py, cloud/secrets.py.
TASK = {
    "s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket", "kms:GenerateDataKey", "kms:Decrypt",
    "kms:Encrypt", "secretsmanager:GetSecretValue",
}  # fmt: skip


def statements(documents: Documents) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Every statement that an identity carries."""
    for part, document in documents.items():
        for name, found in document["Resources"].items():
            properties = found.get("Properties", {})
            if found["Type"] in {"AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"}:
                policies = [properties["PolicyDocument"]]
            elif found["Type"] == "AWS::IAM::Role":
                policies = [one["PolicyDocument"] for one in properties.get("Policies", [])]
                assert "ManagedPolicyArns" not in properties, f"{name} takes what AWS may widen"
            else:
                continue
            for policy in policies:
                for statement in policy["Statement"]:
                    yield part, name, statement


def test_no_action_is_a_wildcard(documents: Documents) -> None:
    found = [(name, action) for _, name, one in statements(documents) for action in one["Action"] if "*" in action]
    assert found == []


def test_every_resource_wildcard_has_a_reason_and_every_reason_a_wildcard(documents: Documents) -> None:
    found = {
        (part, name, action)
        for part, name, statement in statements(documents)
        if "*" in (statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]])
        for action in statement["Action"]
    }
    assert found == set(EVERY_RESOURCE)


def test_everything_is_allowed_and_nothing_by_exclusion(documents: Documents) -> None:
    for _, name, statement in statements(documents):
        assert statement["Effect"] == "Allow", name
        assert not {"NotAction", "NotResource"} & set(statement), name


def test_the_task_may_what_its_code_calls_and_no_more(documents: Documents) -> None:
    found = [one for part, name, one in statements(documents) if (part, name) == ("data", "ObservabilityTaskPolicy")]
    assert {action for one in found for action in one["Action"]} == TASK
    by_sid = {one["Sid"]: one for one in found}
    assert by_sid["RootKey"]["Condition"] == {"StringEquals": {"kms:EncryptionContext:application": "sightline"}}
    assert by_sid["Seals"]["Action"] == ["s3:GetObject", "s3:PutObject"]
    assert "kms:ViaService" in by_sid["BucketKey"]["Condition"]["StringEquals"]


def test_the_root_of_application_keys_is_another_key_and_asked_for_by_its_context(documents: Documents) -> None:
    data, service = documents["data"], documents["service"]
    found = data["Resources"]["ObservabilityVaultRootPolicy"]
    assert found["Condition"] == "HasVaultRoot"
    (one,) = found["Properties"]["PolicyDocument"]["Statement"]
    assert one["Action"] == ["kms:Encrypt", "kms:Decrypt"]
    assert one["Condition"] == {"StringEquals": {"kms:EncryptionContext:application": "sightline"}}
    own, shared = ({"Fn::GetAtt": [name, "Arn"]} for name in ("ObservabilityVaultKey", "ObservabilityDataKey"))
    root = {"Fn::If": ["HasVaultKey", own, shared]}
    assert one["Resource"] in (root, [root])
    assert data["Outputs"]["UserMetricsVaultRootArn"]["Value"] == root
    assert data["Resources"]["ObservabilityVaultKey"]["Condition"] == "HasVaultKey"
    assert data["Resources"]["ObservabilityVaultKey"]["DeletionPolicy"] == "Retain"
    for document in (data, service):
        assert document["Parameters"]["VaultApplicationRoot"]["Default"] == "none"
    (container,) = service["Resources"]["ObservabilityTask"]["Properties"]["ContainerDefinitions"]
    settings = {one["Name"]: one["Value"] for one in container["Environment"]}
    assert settings["SIGHTLINE_VAULT_APPLICATION_ROOT"]["Fn::If"][0::2] == ["HasVaultRoot", ""]


def test_a_service_may_take_on_a_role_for_this_account_only(documents: Documents) -> None:
    """Without it a service could be told by another account to use our role."""
    open_ = []
    for document in documents.values():
        for name, found in document["Resources"].items():
            if found["Type"] != "AWS::IAM::Role":
                continue
            for statement in found["Properties"]["AssumeRolePolicyDocument"]["Statement"]:
                service = statement["Principal"].get("Service")
                # Lambda sends no source: AWS documents no condition for it.
                if service and service != "lambda.amazonaws.com" and "Condition" not in statement:
                    open_.append(name)
    assert open_ == []


# ---- what no tool notices: an encrypted topic that nobody may publish to ------------------------------------------


@pytest.mark.parametrize("service", ["budgets.amazonaws.com", "cloudwatch.amazonaws.com", "costalerts.amazonaws.com"])
def test_budgets_alarms_and_anomalies_may_publish_and_use_the_key(documents: Documents, service: str) -> None:
    resources = documents["observe"]["Resources"]
    topic = resources["ObservabilityAlertsPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    key = resources["ObservabilityAlertKey"]["Properties"]["KeyPolicy"]["Statement"]
    assert _allowed(topic, service) >= {"sns:Publish"}
    assert _allowed(key, service) >= {"kms:Decrypt", "kms:GenerateDataKey*"}


def _allowed(policy: list[Mapping[str, Any]], service: str) -> set[str]:
    found: set[str] = set()
    for statement in policy:
        principal = statement["Principal"]
        if statement["Effect"] == "Allow" and isinstance(principal, dict) and service in principal.get("Service", []):
            action = statement["Action"]
            found |= {action} if isinstance(action, str) else set(action)
    return found


def test_the_topic_uses_that_key(documents: Documents) -> None:
    topic = documents["observe"]["Resources"]["ObservabilityAlerts"]["Properties"]
    assert topic["KmsMasterKeyId"] == {"Ref": "ObservabilityAlertKey"}
    assert "alias/aws/sns" not in json.dumps(documents)
