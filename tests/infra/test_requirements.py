"""What was asked, by its id: one test or more for each that a template can meet."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from aws_cdk.assertions import Match, Template

Stacks = Mapping[str, Template]
Documents = Mapping[str, Mapping[str, Any]]


def named(documents: Documents, part: str, name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = documents[part]["Resources"][name]
    return found


# ---- story 1.1: network and roles ---------------------------------------------------------------------------------


def test_story_1_1_ac1_a_vpc_of_10_0_0_0_24_over_two_zones(stacks: Stacks, documents: Documents) -> None:
    stacks["network"].resource_count_is("AWS::EC2::VPC", 1)
    assert documents["network"]["Parameters"]["VpcCidr"]["Default"] == "10.0.0.0/24"
    zones = {
        name: found["Properties"]["AvailabilityZone"]["Fn::Select"][0]
        for name, found in documents["network"]["Resources"].items()
        if found["Type"] == "AWS::EC2::Subnet"
    }
    assert zones == {
        "ObservabilityPublicSubnet1": 0, "ObservabilityPublicSubnet2": 1,
        "ObservabilityPrivateSubnet1": 0, "ObservabilityPrivateSubnet2": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "block", "count", "bits"),
    [
        ("PublicSubnet1", 0, 2, "5"),
        ("PublicSubnet2", 1, 2, "5"),
        ("PrivateSubnet1", 1, 3, "6"),
        ("PrivateSubnet2", 2, 3, "6"),
    ],
)
def test_story_1_1_ac1_public_27_and_private_26(
    documents: Documents, name: str, block: int, count: int, bits: str
) -> None:
    """Five bits of hosts are a /27, six a /26; the private ones begin behind the two public ones."""
    cidr = named(documents, "network", f"Observability{name}")["Properties"]["CidrBlock"]
    assert cidr == {"Fn::Select": [block, {"Fn::Cidr": [{"Ref": "VpcCidr"}, count, bits]}]}


def test_story_1_1_ac1_an_existing_vpc_by_parameter(documents: Documents) -> None:
    """Nothing of the network is made then, but for the tasks' group and the rule for the database."""
    always = [name for name, found in documents["network"]["Resources"].items() if "Condition" not in found]
    assert always == ["ObservabilityTaskGroup"]
    group = named(documents, "network", "ObservabilityTaskGroup")
    assert group["Properties"]["VpcId"] == {
        "Fn::If": ["MakesVpc", {"Ref": "ObservabilityVpc"}, {"Ref": "ExistingVpcId"}]
    }


def test_story_1_1_ac2_one_nat_gateway_or_an_instance(stacks: Stacks, documents: Documents) -> None:
    stacks["network"].resource_count_is("AWS::EC2::NatGateway", 1)
    assert named(documents, "network", "ObservabilityNatGateway")["Condition"] == "NatGateway"
    assert named(documents, "network", "ObservabilityNatInstance")["Condition"] == "NatInstance"
    stacks["network"].has_resource_properties(
        "AWS::EC2::Instance", {"InstanceType": "t4g.nano", "SourceDestCheck": False}
    )


def test_story_1_1_ac3_tasks_take_from_the_balancer_and_give_to_aws_and_postgresql_only(stacks: Stacks) -> None:
    group = next(iter(stacks["network"].find_resources(
        "AWS::EC2::SecurityGroup", {"Properties": {"GroupDescription": "Tasks of Sightline"}}).values()))  # fmt: skip
    assert {rule["FromPort"] for rule in group["Properties"]["SecurityGroupEgress"]} == {443, 5432}
    assert "SecurityGroupIngress" not in group["Properties"]
    into = stacks["service"].find_resources("AWS::EC2::SecurityGroupIngress")
    assert {name for name, rule in into.items() if "SourceSecurityGroupId" in rule["Properties"]} == {
        "ObservabilityTaskRule"
    }


def test_story_1_1_iv2_the_existing_database_opens_5432_to_our_tasks_only(documents: Documents) -> None:
    rule = named(documents, "network", "ObservabilityDatabaseRule")
    assert rule["Condition"] == "OpensDatabase"
    assert rule["Properties"]["SourceSecurityGroupId"] == {"Fn::GetAtt": ["ObservabilityTaskGroup", "GroupId"]}
    assert (rule["Properties"]["FromPort"], rule["Properties"]["ToPort"]) == (5432, 5432)


def test_story_1_1_a_peering_has_routes_both_ways(documents: Documents) -> None:
    there = named(documents, "network", "ObservabilityPeerRoute")["Properties"]
    back = named(documents, "network", "ObservabilityPeerRouteBack")["Properties"]
    assert there["DestinationCidrBlock"] == {"Ref": "PeerVpcCidr"}
    assert back == {
        "DestinationCidrBlock": {"Ref": "VpcCidr"}, "RouteTableId": {"Ref": "PeerRouteTableId"},
        "VpcPeeringConnectionId": {"Ref": "ObservabilityPeering"},
    }  # fmt: skip


def test_story_1_1_s3_has_a_gateway_endpoint(stacks: Stacks) -> None:
    stacks["network"].has_resource_properties(
        "AWS::EC2::VPCEndpoint",
        {"VpcEndpointType": "Gateway", "RouteTableIds": [{"Ref": "ObservabilityPrivateRoutes"}]},
    )


def test_story_1_1_ac4_roles_of_ecs_lambda_and_grafana(stacks: Stacks) -> None:
    trusted = {
        (part, role["Properties"]["AssumeRolePolicyDocument"]["Statement"][0]["Principal"].get("Service"))
        for part, template in stacks.items()
        for role in template.find_resources("AWS::IAM::Role").values()
    }
    assert {("service", "ecs-tasks.amazonaws.com"), ("data", "ecs-tasks.amazonaws.com"),
            ("service", "lambda.amazonaws.com"), ("observe", "grafana.amazonaws.com")} <= trusted  # fmt: skip
    stacks["service"].resource_count_is("AWS::IAM::ManagedPolicy", 1)


# ---- story 1.2: Aurora --------------------------------------------------------------------------------------------


def test_story_1_2_ac3_the_login_is_a_secret_of_the_asked_name_and_no_template_writes_it(documents: Documents) -> None:
    secret = named(documents, "data", "ObservabilityDatabaseSecret")["Properties"]
    assert documents["data"]["Parameters"]["DatabaseSecretName"]["Default"] == "observability/umami-db-credentials"
    assert secret["Name"] == {"Ref": "DatabaseSecretName"}
    assert "SecretString" not in secret
    assert "GenerateSecretString" not in secret


def test_story_1_2_a_new_aurora_is_private_encrypted_and_backed_up(stacks: Stacks, documents: Documents) -> None:
    stacks["data"].has_resource("AWS::RDS::DBCluster", {
        "Condition": "MakesDatabase", "DeletionPolicy": "Snapshot",
        "Properties": {
            "Engine": "aurora-postgresql", "StorageEncrypted": True, "BackupRetentionPeriod": 7,
            "PreferredBackupWindow": "03:00-04:00", "PreferredMaintenanceWindow": "sun:04:00-sun:05:00",
            "EnableCloudwatchLogsExports": ["postgresql"], "DeletionProtection": True,
            "ManageMasterUserPassword": True,
        },
    })  # fmt: skip
    stacks["data"].has_resource_properties("AWS::RDS::DBInstance", {"PubliclyAccessible": False})
    ingress = named(documents, "data", "ObservabilityDatabaseGroup")["Properties"]["SecurityGroupIngress"]
    assert [set(rule) & {"CidrIp", "SourceSecurityGroupId"} for rule in ingress] == [{"SourceSecurityGroupId"}]


# ---- story 1.3: buckets -------------------------------------------------------------------------------------------


def test_story_1_3_ac1_every_bucket_is_encrypted_private_and_speaks_tls_only(documents: Documents) -> None:
    resources = documents["data"]["Resources"]
    buckets = {name for name, found in resources.items() if found["Type"] == "AWS::S3::Bucket"}
    assert buckets == {f"Observability{name}" for name in ("Recordings", "Extents", "Seals", "LogExport")}
    for name in buckets:
        properties = resources[name]["Properties"]
        assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
        [rule] = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        algorithm = rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"]
        assert algorithm == ("AES256" if name == "ObservabilityLogExport" else "aws:kms")
        statements = resources[f"{name}Policy"]["Properties"]["PolicyDocument"]["Statement"]
        tls = next(one for one in statements if one.get("Sid") == "TlsOnly")
        assert tls["Effect"] == "Deny"
        assert tls["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        assert resources[name]["DeletionPolicy"] == "Retain"


def test_story_1_3_ac2_recordings_go_after_30_days_and_kept_ones_stay(documents: Documents) -> None:
    rules = named(documents, "data", "ObservabilityRecordings")["Properties"]["LifecycleConfiguration"]["Rules"]
    expiring = [rule for rule in rules if "ExpirationInDays" in rule]
    assert [(rule["Prefix"], rule["ExpirationInDays"]) for rule in expiring] == [("timed/", 30)]


def test_story_1_3_ac3_intelligent_tiering(documents: Documents) -> None:
    properties = named(documents, "data", "ObservabilityRecordings")["Properties"]
    moved = [rule["Transitions"] for rule in properties["LifecycleConfiguration"]["Rules"] if "Transitions" in rule]
    assert moved == [[{"StorageClass": "INTELLIGENT_TIERING", "TransitionInDays": 0}]]
    assert properties["IntelligentTieringConfigurations"][0]["Status"] == "Enabled"


def test_story_1_3_ac4_recordings_are_for_the_task_and_administrators_are_not_locked_out(documents: Documents) -> None:
    policy = named(documents, "data", "ObservabilityRecordingsPolicy")["Properties"]["PolicyDocument"]["Statement"]
    deny = next(one for one in policy if one["Sid"] == "OnlyTheTask")
    spared = deny["Condition"]["ArnNotLike"]["aws:PrincipalArn"]
    assert spared[0] == {"Fn::GetAtt": ["ObservabilityTaskRole", "Arn"]}
    assert spared[1] == {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}
    assert deny["Condition"]["StringNotLike"]["aws:PrincipalArn"] == {"Ref": "AdministratorArns"}
    # What changes the bucket itself is denied to nobody here, or no one could mend this policy.
    assert all("Object" in action for action in deny["Action"])


def test_story_1_3_ac5_recordings_have_request_metrics(documents: Documents) -> None:
    assert named(documents, "data", "ObservabilityRecordings")["Properties"]["MetricsConfigurations"] == [
        {"Id": "EntireBucket"}
    ]


def test_story_1_3_ac6_exported_logs_go_to_glacier_after_a_year(documents: Documents) -> None:
    rules = named(documents, "data", "ObservabilityLogExport")["Properties"]["LifecycleConfiguration"]["Rules"]
    [glacier] = [rule for rule in rules if "Transitions" in rule]
    assert (glacier["Prefix"], glacier["Transitions"]) == (
        "logs/", [{"StorageClass": "GLACIER", "TransitionInDays": 365}]
    )  # fmt: skip


def test_seals_are_locked(stacks: Stacks) -> None:
    stacks["data"].has_resource_properties("AWS::S3::Bucket", {
        "ObjectLockEnabled": True, "VersioningConfiguration": {"Status": "Enabled"},
        "ObjectLockConfiguration": Match.object_like({"ObjectLockEnabled": "Enabled"}),
    })  # fmt: skip


# ---- story 1.4: cost ----------------------------------------------------------------------------------------------


def test_story_1_4_ac1_a_budget_of_150_that_tells_at_80_and_100_percent(documents: Documents) -> None:
    budget = named(documents, "observe", "ObservabilityBudget")["Properties"]
    assert documents["observe"]["Parameters"]["BudgetLimit"]["Default"] == 150
    assert budget["Budget"]["BudgetLimit"] == {"Amount": {"Ref": "BudgetLimit"}, "Unit": "USD"}
    assert budget["Budget"]["CostFilters"] == {"TagKeyValue": ["user:Project$UserMetrics"]}
    told = [one["Notification"] for one in budget["NotificationsWithSubscribers"]]
    assert [(one["NotificationType"], one["Threshold"]) for one in told] == [
        ("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100),
    ]  # fmt: skip


def test_story_1_4_ac3_the_cost_dashboard_asks_the_region_where_billing_is(documents: Documents) -> None:
    body = named(documents, "observe", "ObservabilityCost")["Properties"]["DashboardBody"]
    assert '"region":"us-east-1"' in body
    assert "AWS/Billing" in body


def test_story_1_4_ac4_and_ac5_mail_anomalies_and_a_resource_group(stacks: Stacks) -> None:
    stacks["observe"].has_resource_properties("AWS::SNS::Subscription", {"Protocol": "email"})
    stacks["observe"].resource_count_is("AWS::CE::AnomalyMonitor", 1)
    stacks["observe"].resource_count_is("AWS::ResourceGroups::Group", 1)


# ---- stories 2.1 to 2.4 and the alarms ----------------------------------------------------------------------------


def test_story_2_1_a_workspace_with_identity_center_and_a_role_of_its_own(stacks: Stacks) -> None:
    stacks["observe"].has_resource_properties("AWS::Grafana::Workspace", {
        "AuthenticationProviders": ["AWS_SSO"], "PermissionType": "CUSTOMER_MANAGED", "PluginAdminEnabled": True,
        "RoleArn": {"Fn::GetAtt": ["ObservabilityGrafanaRole", "Arn"]},
    })  # fmt: skip


def test_story_2_4_opensearch_is_off_until_it_is_asked_for(documents: Documents) -> None:
    assert documents["observe"]["Parameters"]["OpenSearch"]["Default"] == "off"
    assert named(documents, "observe", "ObservabilitySearch")["Condition"] == "HasOpenSearch"


@pytest.mark.parametrize(
    ("name", "metric", "threshold"),
    [
        ("DatabaseCpu", "CPUUtilization", 70),
        ("DatabaseConnections", "DatabaseConnections", {"Ref": "DatabaseConnectionAlarm"}),
        ("DatabaseMemory", "FreeableMemory", 128 * 2**20), ("DatabaseReads", "ReadLatency", 0.02),
        ("DatabaseWrites", "WriteLatency", 0.02), ("TaskHealth", "HealthyHostCount", 1),
        ("TaskErrors", "HTTPCode_Target_5XX_Count", 5), ("LogExport", "LogsExported", 1),
    ],
)  # fmt: skip
def test_alarms_tell_the_topic(documents: Documents, name: str, metric: str, threshold: Any) -> None:
    alarm = named(documents, "observe", f"Observability{name}Alarm")["Properties"]
    assert (alarm["MetricName"], alarm["Threshold"]) == (metric, threshold)
    assert alarm["AlarmActions"] == [{"Ref": "ObservabilityAlerts"}]


def test_story_1_2_growth_beyond_a_gigabyte_a_month_is_told(documents: Documents) -> None:
    alarm = named(documents, "observe", "ObservabilityDatabaseGrowthAlarm")["Properties"]
    assert alarm["Threshold"] == 2**30
    assert [one.get("Expression") for one in alarm["Metrics"]] == ["RATE(size) * 2592000", None]


# ---- stories 3.1, 3.3 and 4.1: functions and the service ----------------------------------------------------------


def test_story_3_1_existing_roles_may_attach_a_policy_for_emf_and_nothing_more(documents: Documents) -> None:
    statements = named(documents, "service", "UserMetricsEmfPolicy")["Properties"]["PolicyDocument"]["Statement"]
    assert {action for one in statements for action in one["Action"]} == {
        "cloudwatch:PutMetricData", "logs:CreateLogStream", "logs:PutLogEvents",
    }  # fmt: skip


def test_story_3_3_the_beacon_is_a_version_behind_the_alias_live(stacks: Stacks, documents: Documents) -> None:
    alias = named(documents, "service", "ObservabilityBeaconLive")["Properties"]
    assert alias["Name"] == "live"
    assert alias["FunctionVersion"] == {"Fn::GetAtt": ["ObservabilityBeaconVersion", "Version"]}
    stacks["service"].has_resource_properties("AWS::ApiGatewayV2::Route", {"RouteKey": "POST /beacon"})
    assert named(documents, "service", "ObservabilityBeaconVersion")["UpdateReplacePolicy"] == "Retain"


def test_story_4_1_the_task_is_small_arm_read_only_and_not_root(documents: Documents) -> None:
    task = named(documents, "service", "ObservabilityTask")["Properties"]
    assert documents["service"]["Parameters"]["TaskSize"]["Default"] == "256/512"
    assert task["Cpu"] == {"Fn::Select": [0, {"Fn::Split": ["/", {"Ref": "TaskSize"}]}]}
    assert task["RuntimePlatform"] == {"CpuArchitecture": "ARM64", "OperatingSystemFamily": "LINUX"}
    [container] = task["ContainerDefinitions"]
    assert container["ReadonlyRootFilesystem"] is True
    assert container["User"] == "10001"
    assert container["HealthCheck"]["Command"][0] == "CMD"


def test_story_4_1_ac6_a_deployment_that_fails_is_taken_back(stacks: Stacks) -> None:
    stacks["service"].has_resource_properties("AWS::ECS::Service", {
        "DeploymentConfiguration": Match.object_like({"DeploymentCircuitBreaker": {"Enable": True, "Rollback": True}}),
        "NetworkConfiguration": {"AwsvpcConfiguration": Match.object_like({"AssignPublicIp": "DISABLED"})},
    })  # fmt: skip


def test_the_database_is_not_asked_by_health_checks(stacks: Stacks) -> None:
    """Aurora may pause, and one that is away must not end every task."""
    stacks["service"].has_resource_properties(
        "AWS::ElasticLoadBalancingV2::TargetGroup", {"HealthCheckPath": "/healthz"}
    )


def test_https_always_by_a_certificate_or_by_our_own_distribution(documents: Documents) -> None:
    secure = named(documents, "service", "ObservabilitySecureListener")
    assert (secure["Condition"], secure["Properties"]["Protocol"]) == ("OwnDomain", "HTTPS")
    front = named(documents, "service", "ObservabilityDistribution")
    assert front["Condition"] == "Fronted"
    config = front["Properties"]["DistributionConfig"]
    for behavior in (config["DefaultCacheBehavior"], *config["CacheBehaviors"]):
        assert behavior["ViewerProtocolPolicy"] == "redirect-to-https"


def test_without_a_domain_only_our_distribution_gets_an_answer(documents: Documents) -> None:
    """By address: CloudFront's prefix list. By word: a header whose value only the two ends know."""
    assert named(documents, "service", "ObservabilityFront")["Properties"]["SourcePrefixListId"] == {
        "Ref": "CloudFrontPrefixListId"
    }
    plain = named(documents, "service", "ObservabilityPlainListener")["Properties"]["DefaultActions"]
    assert plain[0]["Fn::If"][2]["FixedResponseConfig"]["StatusCode"] == "403"
    [origin] = named(documents, "service", "ObservabilityDistribution")["Properties"]["DistributionConfig"]["Origins"]
    passing = named(documents, "service", "ObservabilityFrontRule")
    assert passing["Condition"] == "Fronted"
    rule = passing["Properties"]["Conditions"][0]["HttpHeaderConfig"]
    [header] = origin["OriginCustomHeaders"]
    assert header["HeaderName"] == rule["HttpHeaderName"]
    assert rule["Values"] == [header["HeaderValue"]]
    assert "resolve:secretsmanager" in json.dumps(header["HeaderValue"])


# ---- NFR and CR ---------------------------------------------------------------------------------------------------


def test_cr5_every_logical_name_begins_with_observability_or_usermetrics(documents: Documents) -> None:
    names = {
        name for found in documents.values() for section in ("Resources", "Outputs") for name in found.get(section, {})
    }
    assert len(names) > 100
    assert [name for name in names if not name.startswith(("Observability", "UserMetrics"))] == []


def test_fr10_every_log_group_keeps_90_days(documents: Documents) -> None:
    kept = {
        name: found["Properties"]["RetentionInDays"]
        for document in documents.values()
        for name, found in document["Resources"].items()
        if found["Type"] == "AWS::Logs::LogGroup"
    }
    assert len(kept) == 6
    assert set(kept.values()) == {90}


def test_nfr7_two_zones(documents: Documents) -> None:
    balancer = named(documents, "service", "ObservabilityBalancer")["Properties"]["Subnets"]
    service = named(documents, "service", "ObservabilityService")["Properties"]
    private = service["NetworkConfiguration"]["AwsvpcConfiguration"]["Subnets"]
    exported = documents["network"]["Outputs"]
    for found, output in ((balancer, "PublicSubnetIds"), (private, "PrivateSubnetIds")):
        assert found == {"Fn::Split": [",", {"Fn::ImportValue": {"Fn::Sub": "observability-${Stage}-" + output}}]}
        assert len(exported[f"UserMetrics{output}"]["Value"]["Fn::If"][1]["Fn::Join"][1]) == 2


def test_what_one_stack_imports_another_exports(documents: Documents) -> None:
    exported = {
        output["Export"]["Name"]["Fn::Sub"]
        for found in documents.values()
        for output in found.get("Outputs", {}).values()
    }
    imported = {name["Fn::Sub"] for found in documents.values() for name in _imports(found)}
    assert imported
    assert imported <= exported


def _imports(value: Any) -> list[Any]:
    if isinstance(value, dict):
        own = [value["Fn::ImportValue"]] if "Fn::ImportValue" in value else []
        return own + [one for found in value.values() for one in _imports(found)]
    if isinstance(value, list):
        return [one for found in value for one in _imports(found)]
    return []


def test_the_visitor_behind_cloudfront_is_the_one_that_cloudfront_saw(documents: Documents) -> None:
    """If the balancer added CloudFront's address, every visitor would be one of a few edges."""
    found = named(documents, "service", "ObservabilityBalancer")["Properties"]["LoadBalancerAttributes"]
    [mode] = [one["Value"] for one in found if one["Key"] == "routing.http.xff_header_processing.mode"]
    assert mode == {"Fn::If": ["Fronted", "preserve", "append"]}


# ---- issue 10: what runs beside it --------------------------------------------------------------------------------


def test_the_setup_may_open_the_secret_of_a_new_aurora(documents: Documents) -> None:
    """RDS keeps it under our key: without the key's permission ECS could not start the task."""
    [secret, key] = named(documents, "service", "ObservabilitySetupStart")["Properties"]["PolicyDocument"]["Statement"]
    assert (secret["Action"], secret["Resource"]) == (["secretsmanager:GetSecretValue"], {"Ref": "AdminSecretArn"})
    assert key["Action"] == ["kms:Decrypt"]
    assert "DataKeyArn" in json.dumps(key["Resource"])
    assert "kms:ViaService" in json.dumps(key["Condition"])


def test_grafana_may_tell_the_alerts_topic_and_no_other(documents: Documents) -> None:
    role = named(documents, "observe", "ObservabilityGrafanaRole")["Properties"]
    statements = {one["Sid"]: one for policy in role["Policies"] for one in policy["PolicyDocument"]["Statement"]}
    assert statements["Alerts"]["Action"] == ["sns:Publish"]
    assert statements["Alerts"]["Resource"] == {"Ref": "ObservabilityAlerts"}
    assert statements["AlertsKey"]["Resource"] == {"Fn::GetAtt": ["ObservabilityAlertKey", "Arn"]}


def test_the_beacon_knows_its_sites_and_the_forwarder_its_site_and_key(documents: Documents) -> None:
    """Without them the one refuses every batch, and the other is answered 404."""
    beacon = named(documents, "service", "ObservabilityBeacon")["Properties"]["Environment"]["Variables"]
    assert beacon["SIGHTLINE_SITES"] == {"Ref": "BeaconSites"}
    assert beacon["SIGHTLINE_NAMESPACE"] == "Sightline/Pages"
    assert beacon["SIGHTLINE_ORIGINS"] == {"Fn::Join": [",", {"Ref": "AllowedOrigins"}]}
    forwarder = named(documents, "service", "ObservabilityForwarder")["Properties"]
    variables = forwarder["Environment"]["Variables"]
    assert variables["SIGHTLINE_URL"]["Fn::Join"][1][1:] == ["/cloudwatch/", {"Ref": "ForwarderSite"}]
    assert variables["SIGHTLINE_KEY_SECRET"] == {"Ref": "ForwarderKeySecretArn"}
    assert forwarder["Timeout"] == 70
    assert forwarder["Layers"] == {
        "Fn::If": ["HasForwarderLayer", [{"Ref": "ForwarderExtensionArn"}], {"Ref": "AWS::NoValue"}]
    }
    reading = named(documents, "service", "ObservabilityForwarderKey")
    assert reading["Condition"] == "HasForwarderKey"
    [statement] = reading["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Resource"] == {"Ref": "ForwarderKeySecretArn"}
