"""The backend's Lambdas: what takes vitals from browsers, what forwards log lines, and what existing functions may attach.

They exist once `sightline aws package` has put their code into a bucket; a part of the service stack.
"""

from typing import Any, Final

from aws_cdk import CfnCondition, CfnDeletionPolicy, Fn
from aws_cdk import aws_apigatewayv2 as api
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as functions
from aws_cdk import aws_logs as logs

from infra import tags
from infra.stack import Part, allow, arn, every, only, policy, trust

_ACCESS: Final = (
    '{"requestId":"$context.requestId","time":"$context.requestTimeEpoch","routeKey":"$context.routeKey",'
    '"status":"$context.status","latency":"$context.responseLatency","bytes":"$context.responseLength"}'
)


class Functions(Part):
    """Beacon, forwarder and the policy for EMF."""

    url: str

    def _code_parameters(self) -> None:
        self.code = self.text("CodeBucket", "Where `sightline aws package` put the zip files; empty: no Lambdas.", "")
        self.beacon_code = self.text("BeaconCode", "The beacon's zip in it.", "beacon.zip")
        self.beacon_handler = self.text("BeaconHandler", "Its handler.", "sightline_beacon.handler.handle")
        self.forwarder_code = self.text("ForwarderCode", "The forwarder's zip; empty: no forwarder.", "")
        self.forwarder_handler = self.text("ForwarderHandler", "Its handler.", "sightline_forwarder.handler.handle")
        self.release = self.text("CodeRelease", "Each new one publishes a version of the Lambdas.", "1")
        self.origins = self.parameter(
            "AllowedOrigins", "Sites that may use the beacon, by comma.", "*", type="CommaDelimitedList"
        ).value_as_list
        self.beacon_sites = self.text(
            "BeaconSites",
            "Public keys of the beacon's sites with a name each: pk_1234=shop, by comma; others are refused.",
            "",
        )
        self.forwarded = self.text("ForwardedLogGroup", "A log group to forward to Sightline; empty: none.", "")
        self.forwarder_site = self.text("ForwarderSite", "The UUID of the site whose lines are forwarded.", "")
        self.forwarder_key = self.text(
            "ForwarderKeySecretArn",
            "A secret with an API key that has site:send-logs, for the forwarder; empty: none.",
            "",
        )
        self.forwarder_layer = self.text(
            "ForwarderExtensionArn", "The layer of AWS's Parameters and Secrets extension (arm64) in this region.", ""
        )
        self.has_code = self.given("HasCode", self.code)
        forwarder = Fn.condition_not(Fn.condition_equals(self.forwarder_code, ""))
        self.has_forwarder = self.when("HasForwarder", every(self.has_code, forwarder))
        self.forwards = self.when(
            "Forwards", every(self.has_forwarder, Fn.condition_not(Fn.condition_equals(self.forwarded, "")))
        )

    @staticmethod
    def _both(condition: CfnCondition, text: str) -> Any:
        return every(condition, Fn.condition_not(Fn.condition_equals(text, "")))

    def _log_group(self, name: str, data: str) -> logs.CfnLogGroup:
        group = logs.CfnLogGroup(
            self, f"Observability{name}Logs", log_group_name=Fn.sub(f"/observability/${{Stage}}/{name.lower()}"),
            retention_in_days=90,
        )  # fmt: skip
        tags.put(group, tags.MONITORING, DataType=data, RetentionPeriod="90days")
        return group

    def _emf(self) -> None:
        """What roles of existing Lambdas may attach, so that their EMF lines are written: nothing else of them changes."""
        self.emf = iam.CfnManagedPolicy(
            self, "UserMetricsEmfPolicy", description="Writes EMF lines and metrics of the namespaces of Sightline",
            policy_document=policy(
                allow(["logs:CreateLogStream", "logs:PutLogEvents"], arn("logs", "log-group:/aws/lambda/*:*"), "Lines"),
                allow(["cloudwatch:PutMetricData"], "*", "Metrics", Condition={
                    "StringLike": {"cloudwatch:namespace": ["Sightline", "Sightline/*", "UserMetrics", "UserMetrics/*"]}
                }),
            ),
        )  # fmt: skip
        tags.put(self.emf, tags.IAM, Purpose="LambdaMetrics", AccessLevel="Write")

    def _function(
        self, name: str, code: str, handler: str, condition: CfnCondition, **properties: Any
    ) -> functions.CfnFunction:
        group = self._log_group(name, "Logs")
        only(condition, group)
        role = iam.CfnRole(
            self, f"Observability{name}Role", assume_role_policy_document=trust("lambda.amazonaws.com"),
            policies=[{"policyName": "log", "policyDocument": policy(
                allow(["logs:CreateLogStream", "logs:PutLogEvents"], group.attr_arn, "Log"),
            )}],
        )  # fmt: skip
        tags.put(role, tags.IAM, Purpose=f"Lambda{name}", AccessLevel="Write")
        function = functions.CfnFunction(
            self, f"Observability{name}", runtime="python3.14", architectures=["arm64"], handler=handler,
            code={"s3Bucket": self.code, "s3Key": code}, role=role.attr_arn, memory_size=256, timeout=15,
            logging_config={"logGroup": group.ref, "logFormat": "JSON"}, **properties,
        )  # fmt: skip
        only(condition, role, function)
        tags.put(function, tags.COMPUTE, Purpose=name)
        return function

    def _live(self, name: str, function: functions.CfnFunction, condition: CfnCondition) -> functions.CfnAlias:
        """A version for each release, and the alias `live`: rolling back is moving it."""
        version = functions.CfnVersion(
            self, f"Observability{name}Version", function_name=function.ref,
            description=Fn.join(" ", ["release", self.release]),
        )  # fmt: skip
        version.cfn_options.update_replace_policy = CfnDeletionPolicy.RETAIN
        version.cfn_options.deletion_policy = CfnDeletionPolicy.RETAIN
        alias = functions.CfnAlias(
            self, f"Observability{name}Live", function_name=function.ref, name="live",
            function_version=version.attr_version,
        )  # fmt: skip
        only(condition, version, alias)
        return alias

    def _beacon(self) -> None:
        function = self._function(
            "Beacon", self.beacon_code, self.beacon_handler, self.has_code,
            environment={"variables": {
                "SIGHTLINE_ENVIRONMENT": self.stage, "SIGHTLINE_SITES": self.beacon_sites,
                "SIGHTLINE_NAMESPACE": "Sightline/Pages",  # where the dashboards look for vitals and errors of pages
                "SIGHTLINE_ORIGINS": Fn.join(",", self.origins)}},
        )  # fmt: skip
        alias = self._live("Beacon", function, self.has_code)
        group = self._log_group("Api", "Logs")
        http = api.CfnApi(
            self, "ObservabilityApi", name=Fn.sub("observability-${Stage}"), protocol_type="HTTP",
            cors_configuration={
                "allowOrigins": self.origins, "allowMethods": ["POST"], "allowHeaders": ["content-type"],
                "maxAge": 86400,
            },
        )  # fmt: skip
        joined = api.CfnIntegration(
            self, "ObservabilityApiIntegration", api_id=http.ref, integration_type="AWS_PROXY",
            integration_uri=alias.ref, payload_format_version="2.0", timeout_in_millis=10_000,
        )  # fmt: skip
        target = Fn.join("/", ["integrations", joined.ref])
        route = api.CfnRoute(
            self, "ObservabilityApiBeacon", api_id=http.ref, route_key="POST /beacon", target=target,
            authorization_type="NONE",
        )  # fmt: skip
        stage = api.CfnStage(
            self, "ObservabilityApiStage", api_id=http.ref, stage_name="$default", auto_deploy=True,
            # What a hostile page can cost: 50 calls a second are $130 a month if somebody keeps at it.
            default_route_settings={
                "throttlingRateLimit": 50, "throttlingBurstLimit": 100, "detailedMetricsEnabled": True},
            access_log_settings={"destinationArn": group.attr_arn, "format": _ACCESS},
        )  # fmt: skip
        called = functions.CfnPermission(
            self, "ObservabilityApiCalls", action="lambda:InvokeFunction", principal="apigateway.amazonaws.com",
            function_name=alias.ref, source_arn=arn("execute-api", "${ObservabilityApi}/*/*/beacon"),
        )  # fmt: skip
        only(self.has_code, group, http, joined, route, stage, called)
        tags.put(http, tags.DELIVERY, Purpose="Beacon")
        tags.put(stage, tags.DELIVERY, Purpose="Beacon")
        self.api = http

    def _forwarder(self) -> None:
        """Log lines of Lambdas to Sightline, by a subscription: a group allows two, so others keep theirs."""
        function = self._function(
            "Forwarder", self.forwarder_code, self.forwarder_handler, self.has_forwarder, reserved_concurrent_executions=5,
            environment={"variables": {
                "SIGHTLINE_ENVIRONMENT": self.stage, "SIGHTLINE_KEY_SECRET": self.forwarder_key,
                "SIGHTLINE_URL": Fn.join("", [self.url, "/cloudwatch/", self.forwarder_site])}},
        )  # fmt: skip
        function.timeout = 70  # it tries three times, 20 seconds each
        keyed = self.when("HasForwarderKey", self._both(self.has_forwarder, self.forwarder_key))
        layered = self.when("HasForwarderLayer", self._both(self.has_forwarder, self.forwarder_layer))
        function.add_property_override(
            "Layers", Fn.condition_if(layered.logical_id, [self.forwarder_layer], Fn.ref("AWS::NoValue"))
        )
        reading = iam.CfnPolicy(
            self, "ObservabilityForwarderKey", policy_name="key", roles=[Fn.ref("ObservabilityForwarderRole")],
            policy_document=policy(allow(["secretsmanager:GetSecretValue"], self.forwarder_key, "Key")),
        )  # fmt: skip
        only(keyed, reading)
        alias = self._live("Forwarder", function, self.has_forwarder)
        called = functions.CfnPermission(
            self, "ObservabilityForwarderCalls", action="lambda:InvokeFunction", principal="logs.amazonaws.com",
            function_name=alias.ref, source_account=Fn.ref("AWS::AccountId"), source_arn=arn("logs", "log-group:*"),
        )  # fmt: skip
        only(self.has_forwarder, called)
        subscription = logs.CfnSubscriptionFilter(
            self, "ObservabilityForwarded", log_group_name=self.forwarded, filter_pattern="",
            destination_arn=alias.ref, filter_name="observability",
        )  # fmt: skip
        subscription.add_resource_dependency(called)
        only(self.forwards, subscription)
        self.forwarder = alias
