"""Who is told: alarms, budget, anomalies, the cost dashboard, Grafana's workspace, and OpenSearch by choice."""

import json
from typing import Any, Final

from aws_cdk import Fn
from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_ce as explorer
from aws_cdk import aws_cloudwatch as watch
from aws_cdk import aws_grafana as grafana
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_opensearchservice as opensearch
from aws_cdk import aws_resourcegroups as groups
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra import tags
from infra.stack import Part, Stage, allow, arn, every, only, policy, trust

# Who has to be let in by the topic's policy and by its key's: with only one of them mail never comes, and nothing says so.
PUBLISHERS: Final = ("budgets.amazonaws.com", "cloudwatch.amazonaws.com", "costalerts.amazonaws.com")
BILLING_REGION: Final = "us-east-1"  # AWS/Billing exists nowhere else
SERVICES: Final = (
    "AmazonCloudWatch", "AmazonEC2", "AmazonECS", "AmazonES", "AmazonGrafana", "AmazonRDS", "AmazonS3", "AmazonVPC",
    "AWSSecretsManager", "awskms", "AWSLambda", "AmazonApiGateway", "AmazonCloudFront",
)  # fmt: skip
_DAY: Final = 86_400


class Observe(Part):
    """Alarms, cost, Grafana, OpenSearch."""

    def __init__(self, scope: Construct, stage: Stage) -> None:
        super().__init__(scope, "observe", stage, "alarms, budget, anomalies, Grafana, OpenSearch by choice")
        self._parameters()
        self._topic()
        self._database_alarms()
        self._service_alarms()
        self._cost()
        self._cost_dashboard()
        self._grafana()
        self._opensearch()
        self._exports()

    def _parameters(self) -> None:
        self.mail = self.text(
            "AlertEmail", "Who gets alarms and budget alerts; the subscription is confirmed by mail.", ""
        )
        self.mailed = self.given("Mailed", self.mail)
        self.limit = self.number("BudgetLimit", "USD a month.", 150, min_value=1)
        self.aurora = self.text("DatabaseCluster", "The Aurora cluster to watch; empty: none.", "")
        self.watched = self.given("WatchesDatabase", self.aurora)
        self.connections = self.number("DatabaseConnectionAlarm", "80 % of its max_connections.", 72, min_value=1)
        on_off = ("on", "off")
        wants_grafana = self.text(
            "Grafana", "An Amazon Managed Grafana workspace ($9 an editor).", "on", allowed=on_off
        )
        self.has_grafana = self.when("HasGrafana", Fn.condition_equals(wants_grafana, "on"))
        self.grafana_version = self.text("GrafanaVersion", "Its version.", "10.4")
        wants_search = self.text("OpenSearch", "An OpenSearch node for logs ($28).", "off", allowed=on_off)
        self.has_search = self.when("HasOpenSearch", Fn.condition_equals(wants_search, "on"))
        exports = self.text("LogExportAlarm", "Tell when no logs were exported for a day.", "on", allowed=on_off)
        self.exports_logs = self.when("WatchesLogExport", Fn.condition_equals(exports, "on"))

    # ---- topic --------------------------------------------------------------------------------------------------

    def _topic(self) -> None:
        root = Fn.sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:root")
        services: dict[str, Any] = {
            "Principal": {"Service": list(PUBLISHERS)}, "Effect": "Allow",
            "Condition": {"StringEquals": {"aws:SourceAccount": Fn.ref("AWS::AccountId")}},
        }  # fmt: skip
        self.key = kms.CfnKey(
            self, "ObservabilityAlertKey", description="Alarms and budget alerts on their way", enable_key_rotation=True,
            key_policy=policy(
                {"Sid": "Account", "Effect": "Allow", "Principal": {"AWS": root}, "Action": "kms:*", "Resource": "*"},
                {"Sid": "Publishers", **services, "Action": ["kms:GenerateDataKey*", "kms:Decrypt"], "Resource": "*"},
            ),
        )  # fmt: skip
        tags.put(self.key, tags.KEYS, Purpose="AlertEncryption")
        self.topic = sns.CfnTopic(self, "ObservabilityAlerts", display_name="Sightline", kms_master_key_id=self.key.ref)
        tags.put(self.topic, tags.MONITORING, Purpose="Alerts")
        sns.CfnTopicPolicy(
            self, "ObservabilityAlertsPolicy", topics=[self.topic.ref],
            policy_document=policy(
                {"Sid": "Publishers", **services, "Action": "sns:Publish", "Resource": self.topic.ref},
                {"Sid": "TlsOnly", "Effect": "Deny", "Principal": "*", "Action": "sns:Publish",
                 "Resource": self.topic.ref, "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
            ),
        )  # fmt: skip
        mail = sns.CfnSubscription(
            self, "ObservabilityAlertMail", topic_arn=self.topic.ref, protocol="email", endpoint=self.mail
        )
        only(self.mailed, mail)

    # ---- alarms -------------------------------------------------------------------------------------------------

    def _alarm(self, name: str, text: str, threshold: Any, **properties: Any) -> watch.CfnAlarm:
        more: dict[str, Any] = {
            "evaluation_periods": 3, "comparison_operator": "GreaterThanThreshold", "treat_missing_data": "notBreaching",
            **properties,
        }  # fmt: skip
        alarm = watch.CfnAlarm(
            self, f"Observability{name}Alarm", alarm_description=text, threshold=threshold,
            alarm_actions=[self.topic.ref], ok_actions=[self.topic.ref], **more,
        )  # fmt: skip
        tags.put(alarm, tags.MONITORING, Purpose="Alarm")
        return alarm

    def _database_alarms(self) -> None:
        def alarm(name: str, metric: str, text: str, threshold: Any, **more: Any) -> None:
            only(self.watched, self._alarm(
                name, text, threshold, namespace="AWS/RDS", metric_name=metric,
                dimensions=[{"name": "DBClusterIdentifier", "value": self.aurora}],
                **{"statistic": "Average", "period": 300, **more},
            ))  # fmt: skip

        alarm("DatabaseCpu", "CPUUtilization", "Aurora's CPU is over 70 % for 15 minutes", 70)
        alarm("DatabaseConnections", "DatabaseConnections", "Over 80 % of Aurora's connections are taken",
              self.connections.value_as_number, statistic="Maximum")  # fmt: skip
        alarm("DatabaseMemory", "FreeableMemory", "Aurora has less than 128 MB of memory left", 128 * 2**20,
              comparison_operator="LessThanThreshold", statistic="Minimum")  # fmt: skip
        alarm("DatabaseReads", "ReadLatency", "Aurora's reads take over 20 ms", 0.02)
        alarm("DatabaseWrites", "WriteLatency", "Aurora's writes take over 20 ms", 0.02)
        growth = self._alarm(
            "DatabaseGrowth", "Aurora grows by more than 1 GB a month, as a rate over two days", 2**30,
            evaluation_periods=2,
            metrics=[
                {"id": "growth", "expression": f"RATE(size) * {30 * _DAY}", "label": "growth a month", "returnData": True},
                {"id": "size", "returnData": False, "metricStat": {
                    "stat": "Average", "period": _DAY, "metric": {
                        "namespace": "AWS/RDS", "metricName": "VolumeBytesUsed",
                        "dimensions": [{"name": "DBClusterIdentifier", "value": self.aurora}]}}},
            ],
        )  # fmt: skip
        only(self.watched, growth)

    def _service_alarms(self) -> None:
        balancer = [
            {"name": "LoadBalancer", "value": self.imported("BalancerName")},
            {"name": "TargetGroup", "value": self.imported("TargetGroupName")},
        ]
        self._alarm(
            "TaskHealth", "No task of Sightline answers", 1, namespace="AWS/ApplicationELB",
            metric_name="HealthyHostCount", dimensions=balancer, statistic="Minimum", period=60,
            comparison_operator="LessThanThreshold", treat_missing_data="breaching",
        )  # fmt: skip
        self._alarm(
            "TaskErrors", "Sightline answers with 5xx", 5, namespace="AWS/ApplicationELB",
            metric_name="HTTPCode_Target_5XX_Count", dimensions=balancer, statistic="Sum", period=300,
        )  # fmt: skip
        reasons = ("full", "value", "database", "error")
        self._alarm(
            "Ingest", "Batches could not be stored: PostgreSQL is away or full, or the queue is", 0,
            evaluation_periods=1,
            metrics=[
                {"id": "refused", "expression": "SUM(METRICS())", "label": "refused", "returnData": True},
                *({"id": reason, "returnData": False, "metricStat": {
                    "stat": "Sum", "period": 300, "metric": {
                        "namespace": "Sightline", "metricName": "JournalRefused",
                        "dimensions": [{"name": "Reason", "value": reason}]}}} for reason in reasons),
            ],
        )  # fmt: skip
        exports = self._alarm(
            "LogExport", "No logs were exported for a day: `sightline aws logs export`", 1,
            namespace="Sightline", metric_name="LogsExported", statistic="Sum", period=_DAY, evaluation_periods=1,
            comparison_operator="LessThanThreshold", treat_missing_data="breaching",
        )  # fmt: skip
        only(self.exports_logs, exports)

    # ---- cost ---------------------------------------------------------------------------------------------------

    def _cost(self) -> None:
        def notification(percent: float, kind: str) -> dict[str, Any]:
            return {
                "notification": {"comparisonOperator": "GREATER_THAN", "notificationType": kind,
                                 "threshold": percent, "thresholdType": "PERCENTAGE"},
                "subscribers": [{"subscriptionType": "SNS", "address": self.topic.ref}],
            }  # fmt: skip

        budget = budgets.CfnBudget(
            self, "ObservabilityBudget",
            budget={
                "budgetName": Fn.sub("observability-${Stage}"), "budgetType": "COST", "timeUnit": "MONTHLY",
                "budgetLimit": {"amount": self.limit.value_as_number, "unit": "USD"},
                "costFilters": {"TagKeyValue": [f"user:Project${tags.PROJECT}"]},
            },
            notifications_with_subscribers=[
                notification(80, "ACTUAL"), notification(100, "ACTUAL"), notification(100, "FORECASTED")],
        )  # fmt: skip
        monitor = explorer.CfnAnomalyMonitor(
            self, "ObservabilityAnomalies", monitor_name=Fn.sub("observability-${Stage}"), monitor_type="CUSTOM",
            monitor_specification=json.dumps({"Tags": {"Key": "Project", "Values": [tags.PROJECT]}}),
        )  # fmt: skip
        alerts = explorer.CfnAnomalySubscription(
            self, "ObservabilityAnomalyAlerts", subscription_name=Fn.sub("observability-${Stage}"),
            frequency="IMMEDIATE", monitor_arn_list=[monitor.ref],
            subscribers=[{"type": "SNS", "address": self.topic.ref}],
            threshold_expression=json.dumps({"Dimensions": {
                "Key": "ANOMALY_TOTAL_IMPACT_ABSOLUTE", "MatchOptions": ["GREATER_THAN_OR_EQUAL"], "Values": ["5"]}}),
        )  # fmt: skip
        for resource in (budget, monitor, alerts):
            tags.put(resource, tags.COST)
        query = {"resourceTypeFilters": ["AWS::AllSupported"], "tagFilters": [
            {"key": "Project", "values": [tags.PROJECT]}, {"key": "Environment", "values": [self.stage]}]}  # fmt: skip
        group = groups.CfnGroup(
            self, "ObservabilityResources", name=Fn.sub("observability-${Stage}"),
            description="Everything that Sightline made", resource_query={"type": "TAG_FILTERS_1_0", "query": query},
        )  # fmt: skip
        tags.put(group, tags.COST)

    def _cost_dashboard(self) -> None:
        def series(service: str) -> list[Any]:
            return ["AWS/Billing", "EstimatedCharges", "ServiceName", service, "Currency", "USD"]

        def widget(x: int, title: str, metrics: list[Any], **more: Any) -> dict[str, Any]:
            return {
                "type": "metric", "x": x, "y": 0, "width": 12, "height": 8,
                "properties": {"title": title, "region": BILLING_REGION, "stat": "Maximum", "period": 86_400,
                               "view": "timeSeries", "metrics": metrics, **more},
            }  # fmt: skip

        daily = [
            [{"expression": f"IF(DIFF(m{number}) > 0, DIFF(m{number}), 0)", "label": service, "id": f"d{number}"}]
            for number, service in enumerate(SERVICES)
        ]
        hidden = [[*series(service), {"id": f"m{number}", "visible": False}] for number, service in enumerate(SERVICES)]
        body = {"start": "-P31D", "widgets": [
            widget(0, "Cost a day by service, USD", [*daily, *hidden], stacked=True),
            widget(12, "Cost of the month so far by service, USD", [series(service) for service in SERVICES]),
        ]}  # fmt: skip
        dashboard = watch.CfnDashboard(
            self, "ObservabilityCost", dashboard_name=Fn.sub("observability-cost-${Stage}"),
            dashboard_body=json.dumps(body, separators=(",", ":")),
        )  # fmt: skip
        tags.put(dashboard, tags.COST)

    # ---- Grafana and OpenSearch ---------------------------------------------------------------------------------

    def _grafana(self) -> None:
        self.grafana_role = iam.CfnRole(
            self, "ObservabilityGrafanaRole", description="Grafana: reads metrics, logs and OpenSearch, tells alerts",
            assume_role_policy_document=trust(
                "grafana.amazonaws.com",
                StringEquals={"aws:SourceAccount": Fn.ref("AWS::AccountId")},
                StringLike={"aws:SourceArn": arn("grafana", "/workspaces/*")},
            ),
            policies=[{"policyName": "read", "policyDocument": policy(
                allow(["cloudwatch:DescribeAlarms", "cloudwatch:DescribeAlarmsForMetric", "cloudwatch:GetMetricData",
                       "cloudwatch:GetMetricStatistics", "cloudwatch:ListMetrics"], "*", "Metrics"),
                allow(["logs:DescribeLogGroups"], "*", "LogGroups"),
                allow(["logs:GetLogGroupFields", "logs:StartQuery", "logs:GetLogEvents"], [
                    arn("logs", "log-group:/observability/*"), arn("logs", "log-group:/aws/lambda/*")], "Queries"),
                allow(["logs:GetQueryResults", "logs:StopQuery"], "*", "Results"),
                allow(["ec2:DescribeRegions", "tag:GetResources"], "*", "Names"),
                allow(["sns:Publish"], self.topic.ref, "Alerts"),
                allow(["kms:GenerateDataKey", "kms:Decrypt"], self.key.attr_arn, "AlertsKey"),
            )}],
        )  # fmt: skip
        tags.put(self.grafana_role, tags.IAM, Purpose="Grafana", AccessLevel="Read")
        self.workspace = grafana.CfnWorkspace(
            self, "ObservabilityGrafana", name=Fn.sub("observability-${Stage}"),
            description="Dashboards of Sightline", account_access_type="CURRENT_ACCOUNT",
            authentication_providers=["AWS_SSO"], permission_type="CUSTOMER_MANAGED",
            role_arn=self.grafana_role.attr_arn, data_sources=["CLOUDWATCH", "AMAZON_OPENSEARCH_SERVICE"],
            grafana_version=self.grafana_version, plugin_admin_enabled=True,
        )  # fmt: skip
        only(self.has_grafana, self.grafana_role, self.workspace)
        tags.put(self.workspace, tags.MONITORING, Purpose="Dashboards")

    def _opensearch(self) -> None:
        """One small node: logs are in CloudWatch too, so a lost node costs a search, not a log."""
        domain = opensearch.CfnDomain(
            self, "ObservabilitySearch", domain_name=Fn.sub("observability-${Stage}"), engine_version="OpenSearch_2.19",
            cluster_config={"instanceType": "t3.small.search", "instanceCount": 1, "zoneAwarenessEnabled": False},
            ebs_options={"ebsEnabled": True, "volumeType": "gp3", "volumeSize": 10},
            encryption_at_rest_options={"enabled": True}, node_to_node_encryption_options={"enabled": True},
            domain_endpoint_options={"enforceHttps": True, "tlsSecurityPolicy": "Policy-Min-TLS-1-2-PFS-2023-10"},
            access_policies=policy({
                "Effect": "Allow",
                "Principal": {"AWS": Fn.sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:root")},
                "Action": ["es:ESHttpGet", "es:ESHttpPost", "es:ESHttpPut", "es:ESHttpHead", "es:ESHttpDelete"],
                "Resource": arn("es", "domain/observability-${Stage}/*"),
            }),
        )  # fmt: skip
        search = iam.CfnPolicy(
            self, "ObservabilityGrafanaSearch", policy_name="search", roles=[self.grafana_role.ref],
            policy_document=policy(
                allow(["es:ESHttpGet", "es:ESHttpPost"], [
                    Fn.join("", [domain.attr_arn, path]) for path in (
                        "/", "/logs-*/_search", "/logs-*/_mapping", "/_msearch", "/_cat/indices/logs-*")], "Search"),
            ),
        )  # fmt: skip
        both = self.when("GrafanaSearches", every(self.has_search, self.has_grafana))
        only(self.has_search, domain)
        only(both, search)
        tags.put(domain, tags.MONITORING, DataType="Logs", RetentionPeriod="90days")
        self.domain = domain

    def _exports(self) -> None:
        self.export("AlertTopicArn", self.topic.ref, "Alarms and budget alerts")
        self.export("GrafanaWorkspaceId", self.workspace.attr_id, "For `sightline aws grafana sync`", self.has_grafana)
        self.export("GrafanaUrl", self.workspace.attr_endpoint, "Grafana", self.has_grafana)
        self.export("OpenSearchEndpoint", self.domain.attr_domain_endpoint, "OpenSearch", self.has_search)
