"""The service: one small task over two zones behind a load balancer, always by HTTPS, and the backend's Lambdas.

With a certificate the balancer speaks TLS itself. Without a domain a CloudFront distribution of our own stands in front
of it: the balancer then lets in only CloudFront's addresses, and answers only who sends a secret header.
"""

from typing import Any, Final

from aws_cdk import CfnCondition, Fn
from aws_cdk import aws_applicationautoscaling as scaling
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as balancing
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secrets
from constructs import Construct

from infra import tags
from infra.functions import Functions
from infra.stack import APPLICATION_ROOT, APPLICATION_ROOTS, Stage, allow, arn, either, either_text, only, policy, trust

PORT: Final = 8600
HEADER: Final = "x-observability-origin"
_TLS: Final = "ELBSecurityPolicy-TLS13-1-2-2021-06"
# AWS's own policies, by their ids: nothing cached, everything passed on.
_NO_CACHE: Final = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
_BY_ORIGIN: Final = "83da9c7e-98b4-4e11-a168-04f0df8e2c65"
_ALL_BUT_HOST: Final = "b689b0a8-53d0-40ab-baf2-68738e2966ac"


def _behavior(policy_id: str) -> dict[str, Any]:
    return {
        "targetOriginId": "balancer", "viewerProtocolPolicy": "redirect-to-https", "compress": True,
        "allowedMethods": ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"],
        "cachePolicyId": policy_id, "originRequestPolicyId": _ALL_BUT_HOST,
    }  # fmt: skip


class Service(Functions):
    """ECS, load balancer, CloudFront where there is no domain, HTTP API and Lambdas."""

    def __init__(self, scope: Construct, stage: Stage) -> None:
        super().__init__(scope, "service", stage, "ECS service, load balancer, CloudFront, beacon and forwarder")
        self._parameters()
        self._code_parameters()
        self.group = self._log_group("Service", "Logs")
        self._roles()
        self._cluster()
        self._balancer()
        self._front()
        self._service()
        self._scaling()
        self._emf()
        self._beacon()
        self._forwarder()
        self._exports()

    def _parameters(self) -> None:
        self.image = self.text("Image", "Sightline's image: REGISTRY/NAME@sha256:…, built from the Dockerfile.")
        self.count = self.number(
            "DesiredCount", "Tasks; 0 until `sightline aws database setup` has run.", 1, min_value=0
        )
        self.most = self.number("MaxCount", "Tasks at most.", 2, min_value=1, max_value=10)
        size = self.text(
            "TaskSize", "CPU in 1/1024 and memory in MB of a task.", "256/512",
            allowed=("256/512", "512/1024", "1024/2048", "2048/4096"),
        )  # fmt: skip
        self.cpu, self.memory = (Fn.select(number, Fn.split("/", size)) for number in (0, 1))
        root = self.text("VaultApplicationRoot", APPLICATION_ROOT, "none", allowed=APPLICATION_ROOTS)
        self.has_vault_root = self.when("HasVaultRoot", Fn.condition_not(Fn.condition_equals(root, "none")))
        self.host = self.text("DatabaseHost", "Aurora's writer endpoint.")
        self.database = self.text("DatabaseName", "The database in it.", "sightline")
        self.public_url = self.text("PublicUrl", "https://… of your domain; empty: CloudFront's.", "")
        self.certificate = self.text("CertificateArn", "An ACM certificate of your domain; empty: CloudFront.", "")
        self.front_list = self.text(
            "CloudFrontPrefixListId", "com.amazonaws.global.cloudfront.origin-facing of this region.", "pl-3b927c52"
        )
        self.proxies = self.text("TrustedProxies", "Whose X-Forwarded-For is believed, by comma.", "10.0.0.0/24")
        self.admin = self.text(
            "AdminSecretArn", "A secret with an administrator's login as RDS keeps it, or a URL; empty: no setup.", ""
        )
        self.sets_up = self.given("SetsUp", self.admin)
        self.own_domain = self.given("OwnDomain", self.certificate)
        self.fronted = self.absent("Fronted", self.certificate)
        self.has_url = self.given("HasUrl", self.public_url)

    # ---- roles --------------------------------------------------------------------------------------------------

    def _roles(self) -> None:
        """ECS's own role pulls the image and writes the log; what the task may do stands in the data stack."""
        repository = arn("ecr", "repository/*")
        self.execution = iam.CfnRole(
            self, "ObservabilityExecutionRole", description="ECS: pulls Sightline's image and writes its log",
            assume_role_policy_document=trust(
                "ecs-tasks.amazonaws.com",
                StringEquals={"aws:SourceAccount": Fn.ref("AWS::AccountId")},
                ArnLike={"aws:SourceArn": arn("ecs", "*")},
            ),
            policies=[{"policyName": "start", "policyDocument": policy(
                allow(["ecr:GetAuthorizationToken"], "*", "Registry"),
                allow(["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
                      repository, "Image"),
                allow(["logs:CreateLogStream", "logs:PutLogEvents"], self.group.attr_arn, "Log"),
            )}],
        )  # fmt: skip
        tags.put(self.execution, tags.IAM, Purpose="ECSTaskExecution", AccessLevel="ReadWrite")

    # ---- task ---------------------------------------------------------------------------------------------------

    def _cluster(self) -> None:
        self.cluster = ecs.CfnCluster(
            self, "ObservabilityCluster",
            # Container Insights asks $35 a month for what the balancer's metrics and our own say.
            cluster_settings=[{"name": "containerInsights", "value": "disabled"}],
        )  # fmt: skip
        tags.put(self.cluster, tags.COMPUTE)

    def _task(self, url: str) -> ecs.CfnTaskDefinition:
        task = self._definition(
            "ObservabilityTask", self._settings(url), self.execution, self.imported("TaskRoleArn"),
            portMappings=[{"containerPort": PORT, "protocol": "tcp"}],
            healthCheck={
                "command": ["CMD", "python", "-c", _ALIVE], "interval": 30, "timeout": 5, "retries": 3,
                "startPeriod": 120,
            },
        )  # fmt: skip
        tags.put(task, tags.COMPUTE, Purpose="Sightline")
        return task

    def _setup(self, url: str) -> None:
        """`sightline db setup` as a task of its own inside the VPC: Aurora is private, and the service is no admin."""
        login = arn("secretsmanager", "secret:observability/*")
        trusted = trust("ecs-tasks.amazonaws.com", StringEquals={"aws:SourceAccount": Fn.ref("AWS::AccountId")})
        role = iam.CfnRole(
            self, "ObservabilitySetupRole", description="The setup: writes the login of Sightline's role",
            assume_role_policy_document=trusted,
            policies=[{"policyName": "setup", "policyDocument": policy(
                allow(["secretsmanager:CreateSecret", "secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue",
                       "secretsmanager:PutSecretValue", "secretsmanager:TagResource"], login, "Login"),
                allow(["kms:GenerateDataKey", "kms:Decrypt"], self.imported("DataKeyArn"), "Key", Condition={
                    "StringEquals": {"kms:ViaService": Fn.sub("secretsmanager.${AWS::Region}.amazonaws.com")}}),
            )}],
        )  # fmt: skip
        reading = iam.CfnPolicy(
            self, "ObservabilitySetupStart", policy_name="setup", roles=[self.execution.ref],
            policy_document=policy(
                allow(["secretsmanager:GetSecretValue"], self.admin, "Admin"),
                # A new Aurora's secret is under our key.
                allow(["kms:Decrypt"], self.imported("DataKeyArn"), "AdminKey", Condition={
                    "StringEquals": {"kms:ViaService": Fn.sub("secretsmanager.${AWS::Region}.amazonaws.com")}}),
            ),
        )  # fmt: skip
        tags.put(role, tags.IAM, Purpose="ECSTask", AccessLevel="Write")
        task = self._definition(
            "ObservabilitySetupTask", self._settings(url), self.execution, role.attr_arn, "-setup",
            command=["db", "setup"],
            secrets=[{"name": "SIGHTLINE_DATABASE_ADMIN_URL", "valueFrom": self.admin}],
        )  # fmt: skip
        only(self.sets_up, role, reading, task)
        tags.put(task, tags.COMPUTE, Purpose="Setup")
        self.setup = task

    def _definition(
        self, name: str, settings: dict[str, Any], execution: iam.CfnRole, role: str, suffix: str = "", **more: Any
    ) -> ecs.CfnTaskDefinition:
        return ecs.CfnTaskDefinition(
            self, name, family=Fn.sub("observability-${Stage}" + suffix), cpu=self.cpu, memory=self.memory,
            network_mode="awsvpc", requires_compatibilities=["FARGATE"],
            runtime_platform={"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
            execution_role_arn=execution.attr_arn, task_role_arn=role,
            volumes=[{"name": "data"}, {"name": "tmp"}],
            container_definitions=[{
                "name": "sightline", "image": self.image, "essential": True, "readonlyRootFilesystem": True,
                "user": "10001", "stopTimeout": 60,
                "linuxParameters": {"initProcessEnabled": True},
                # ECS refuses targets that no listener sends anything to; a condition cannot stand in DependsOn.
                "dockerLabels": {"listener": either_text(self.own_domain, self.secure.ref, self.passing.ref)},
                "mountPoints": [
                    {"sourceVolume": "data", "containerPath": "/data", "readOnly": False},
                    {"sourceVolume": "tmp", "containerPath": "/tmp", "readOnly": False},  # noqa: S108 - the task's own
                ],
                "environment": [{"name": name, "value": value} for name, value in settings.items()],
                "logConfiguration": {"logDriver": "awslogs", "options": {
                    "awslogs-group": self.group.ref, "awslogs-region": Fn.ref("AWS::Region"),
                    "awslogs-stream-prefix": "task", "mode": "non-blocking", "max-buffer-size": "4m",
                }},
                **more,
            }],
        )  # fmt: skip

    def _settings(self, url: str) -> dict[str, Any]:
        """What the task is told; the passwords it reads itself, by its role, from Secrets Manager."""
        return {
            "SIGHTLINE_AWS_ENVIRONMENT": self.stage,
            "SIGHTLINE_AWS_OWNER": self.owner,
            "SIGHTLINE_AWS_REGION": Fn.ref("AWS::Region"),
            "SIGHTLINE_BLOBS_EXTENTS": Fn.join("", ["s3://", self.imported("ExtentsBucket")]),
            "SIGHTLINE_BLOBS_RECORDINGS": Fn.join("", ["s3://", self.imported("RecordingsBucket")]),
            "SIGHTLINE_BLOBS_SEALS": Fn.join("", ["s3://", self.imported("SealsBucket")]),
            "SIGHTLINE_DATA": "/data",
            "SIGHTLINE_DATABASE_SECRET": self.imported("DatabaseSecretName"),
            "SIGHTLINE_DATABASE_URL": Fn.sub("postgresql://umami_user@${DatabaseHost}:5432/${DatabaseName}"),
            "SIGHTLINE_HEALTH_LINES": "stdout",
            "SIGHTLINE_KEYS_ROOT": self.imported("RootKeyArn"),
            "SIGHTLINE_LOG_FORMAT": "json",
            "SIGHTLINE_LOG_METRICS": "true",
            "SIGHTLINE_SERVER_HOST": "0.0.0.0",  # noqa: S104 - inside a task only the balancer's group reaches it
            "SIGHTLINE_SERVER_PORT": str(PORT),
            "SIGHTLINE_SERVER_PUBLIC_URL": url,
            "SIGHTLINE_SERVER_TRUSTED_PROXIES": self.proxies,
            "SIGHTLINE_VAULT_APPLICATION_ROOT": either_text(self.has_vault_root, self.imported("VaultRootArn"), ""),
            "SIGHTLINE_VAULT_SECRET": self.imported("VaultSecretName"),
        }

    def _service(self) -> None:
        address = Fn.join("", ["https://", self.distribution.attr_domain_name])
        url = either_text(self.has_url, self.public_url, either(
            self.fronted, address, Fn.join("", ["https://", self.balancer.attr_dns_name])
        ))  # fmt: skip
        self.url = url
        self.task = self._task(url)
        self._setup(url)
        self.service = ecs.CfnService(
            self, "ObservabilityService", cluster=self.cluster.ref, task_definition=self.task.ref,
            launch_type="FARGATE", platform_version="LATEST", desired_count=self.count.value_as_number,
            availability_zone_rebalancing="ENABLED", enable_ecs_managed_tags=True, propagate_tags="SERVICE",
            health_check_grace_period_seconds=120,
            deployment_configuration={
                # A new task answers before the old one goes; one that does not come up is taken back.
                "minimumHealthyPercent": 100, "maximumPercent": 200,
                "deploymentCircuitBreaker": {"enable": True, "rollback": True},
            },
            network_configuration={"awsvpcConfiguration": {
                "subnets": Fn.split(",", self.imported("PrivateSubnetIds")), "assignPublicIp": "DISABLED",
                "securityGroups": [self.imported("TaskSecurityGroupId")],
            }},
            load_balancers=[{
                "containerName": "sightline", "containerPort": PORT, "targetGroupArn": self.targets.ref}],
        )  # fmt: skip
        tags.put(self.service, tags.COMPUTE, Purpose="Sightline")

    def _scaling(self) -> None:
        target = scaling.CfnScalableTarget(
            self, "ObservabilityScaling", service_namespace="ecs", scalable_dimension="ecs:service:DesiredCount",
            resource_id=Fn.join("/", ["service", self.cluster.ref, self.service.attr_name]),
            min_capacity=self.count.value_as_number, max_capacity=self.most.value_as_number,
        )  # fmt: skip
        scaling.CfnScalingPolicy(
            self, "ObservabilityScalingByCpu", policy_name="cpu", policy_type="TargetTrackingScaling",
            scaling_target_id=target.ref,
            target_tracking_scaling_policy_configuration={
                "targetValue": 60, "scaleInCooldown": 600, "scaleOutCooldown": 60,
                "predefinedMetricSpecification": {"predefinedMetricType": "ECSServiceAverageCPUUtilization"},
            },
        )  # fmt: skip
        tags.put(target, tags.COMPUTE)

    # ---- balancer and CloudFront --------------------------------------------------------------------------------

    def _balancer(self) -> None:
        group = ec2.CfnSecurityGroup(
            self, "ObservabilityBalancerGroup", vpc_id=self.imported("VpcId"), group_description="The load balancer",
            security_group_egress=[{
                "ipProtocol": "tcp", "fromPort": PORT, "toPort": PORT, "description": "Tasks of Sightline",
                "destinationSecurityGroupId": self.imported("TaskSecurityGroupId"),
            }],
        )  # fmt: skip
        tags.put(group, tags.SECURITY, Purpose="PublicAccess", NetworkTier="Public")
        self._rule("ObservabilityHttps", group, 443, self.own_domain, "everybody, by TLS", cidr_ip="0.0.0.0/0")
        self._rule("ObservabilityHttp", group, 80, self.own_domain, "sent on to HTTPS", cidr_ip="0.0.0.0/0")
        self._rule(
            "ObservabilityFront", group, 80, self.fronted, "CloudFront only", source_prefix_list_id=self.front_list
        )
        ec2.CfnSecurityGroupIngress(
            self, "ObservabilityTaskRule", group_id=self.imported("TaskSecurityGroupId"), ip_protocol="tcp",
            from_port=PORT, to_port=PORT, source_security_group_id=group.attr_group_id, description="The balancer",
        )  # fmt: skip
        self.balancer = balancing.CfnLoadBalancer(
            self, "ObservabilityBalancer", type="application", scheme="internet-facing", ip_address_type="ipv4",
            subnets=Fn.split(",", self.imported("PublicSubnetIds")), security_groups=[group.attr_group_id],
            load_balancer_attributes=[{"key": key, "value": value} for key, value in {
                "access_logs.s3.enabled": "true",
                "access_logs.s3.bucket": self.imported("LogExportBucket"),
                "access_logs.s3.prefix": "alb",
                "deletion_protection.enabled": "false",
                "idle_timeout.timeout_seconds": "75",
                "routing.http.drop_invalid_header_fields.enabled": "true",
                # CloudFront has written who the visitor is; what the balancer would add is CloudFront's own address.
                "routing.http.xff_header_processing.mode": either_text(self.fronted, "preserve", "append"),
            }.items()],
        )  # fmt: skip
        tags.put(self.balancer, tags.DELIVERY, NetworkTier="Public")
        self._listeners()

    def _rule(
        self, name: str, group: ec2.CfnSecurityGroup, port: int, condition: CfnCondition, text: str, **source: str
    ) -> None:
        rule = ec2.CfnSecurityGroupIngress(
            self, name, group_id=group.attr_group_id, ip_protocol="tcp", from_port=port, to_port=port,
            description=text, **source,
        )  # fmt: skip
        only(condition, rule)

    def _listeners(self) -> None:
        self.targets = balancing.CfnTargetGroup(
            self, "ObservabilityTargets", target_type="ip", protocol="HTTP", port=PORT, vpc_id=self.imported("VpcId"),
            # Not /readyz: it asks the database, and one that is away for a minute must not end every task.
            health_check_path="/healthz", health_check_interval_seconds=30, health_check_timeout_seconds=5,
            healthy_threshold_count=2, unhealthy_threshold_count=3, matcher={"httpCode": "200"},
            target_group_attributes=[{"key": "deregistration_delay.timeout_seconds", "value": "30"}],
        )  # fmt: skip
        tags.put(self.targets, tags.DELIVERY)
        forward = {"type": "forward", "targetGroupArn": self.targets.ref}
        self.secure = balancing.CfnListener(
            self, "ObservabilitySecureListener", load_balancer_arn=self.balancer.ref, port=443, protocol="HTTPS",
            ssl_policy=_TLS, certificates=[{"certificateArn": self.certificate}], default_actions=[forward],
        )  # fmt: skip
        only(self.own_domain, self.secure)
        tags.put(self.secure, tags.DELIVERY)
        # Inside a condition nothing is translated: CloudFormation's own spelling.
        moved = {"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}}
        refused = {"Type": "fixed-response", "FixedResponseConfig": {
            "StatusCode": "403", "ContentType": "text/plain", "MessageBody": "Use the HTTPS address."}}  # fmt: skip
        self.plain = balancing.CfnListener(
            self, "ObservabilityPlainListener", load_balancer_arn=self.balancer.ref, port=80, protocol="HTTP",
            default_actions=[either(self.own_domain, moved, refused)],
        )  # fmt: skip
        tags.put(self.plain, tags.DELIVERY)
        self.word = secrets.CfnSecret(
            self, "ObservabilityOriginSecret", description="What CloudFront says to the load balancer",
            generate_secret_string={"passwordLength": 48, "excludePunctuation": True},
        )  # fmt: skip
        tags.put(self.word, tags.DELIVERY, DataType="Credentials", Purpose="Origin")
        only(self.fronted, self.word)
        self.passing = balancing.CfnListenerRule(
            self, "ObservabilityFrontRule", listener_arn=self.plain.ref, priority=1, actions=[forward],
            conditions=[{"field": "http-header", "httpHeaderConfig": {
                "httpHeaderName": HEADER, "values": [self._secret_word()]}}],
        )  # fmt: skip
        only(self.fronted, self.passing)
        tags.put(self.passing, tags.DELIVERY)

    def _secret_word(self) -> str:
        return Fn.join("", ["{{resolve:secretsmanager:", self.word.ref, "}}"])

    def _front(self) -> None:
        self.distribution = cloudfront.CfnDistribution(
            self, "ObservabilityDistribution",
            distribution_config={
                "enabled": True, "comment": Fn.sub("Sightline ${Stage}"), "httpVersion": "http2and3",
                "priceClass": "PriceClass_100", "ipv6Enabled": True,
                "viewerCertificate": {"cloudFrontDefaultCertificate": True},
                "origins": [{
                    "id": "balancer", "domainName": self.balancer.attr_dns_name,
                    "customOriginConfig": {"originProtocolPolicy": "http-only", "httpPort": 80,
                                           "originReadTimeout": 60, "originKeepaliveTimeout": 60},
                    "originCustomHeaders": [{"headerName": HEADER, "headerValue": self._secret_word()}],
                }],
                "defaultCacheBehavior": _behavior(_NO_CACHE),
                # Names of assets change with what is in them, and the SDK's file says itself how long it lives.
                "cacheBehaviors": [{"pathPattern": path, **_behavior(_BY_ORIGIN)} for path in ("/assets/*", "*.js")],
            },
        )  # fmt: skip
        only(self.fronted, self.distribution)
        tags.put(self.distribution, tags.DELIVERY, NetworkTier="Public")

    def _exports(self) -> None:
        self.export("Url", self.url, "Where Sightline is")
        self.export("ClusterName", self.cluster.ref, "The ECS cluster")
        self.export("ServiceName", self.service.attr_name, "The ECS service")
        self.export("TaskDefinitionArn", self.task.ref, "What one-off tasks run, `sightline aws database setup` too")
        self.export("SetupTaskArn", self.setup.ref, "For `sightline aws database setup`", self.sets_up)
        self.export("BalancerName", self.balancer.attr_load_balancer_full_name, "The balancer, as CloudWatch calls it")
        self.export(
            "TargetGroupName", self.targets.attr_target_group_full_name, "Its targets, as CloudWatch calls them"
        )
        self.export("ServiceLogGroup", self.group.ref, "The task's log")
        self.export("EmfPolicyArn", self.emf.ref, "Attach it to roles of your Lambdas")
        self.export("BeaconUrl", Fn.join("", [self.api.attr_api_endpoint, "/beacon"]), "The beacon", self.has_code)
        self.export("ForwarderArn", self.forwarder.ref, "The forwarder's live alias", self.has_forwarder)


# Python alone: the image has no curl.
_ALIVE: Final = f"import urllib.request as u; u.urlopen('http://127.0.0.1:{PORT}/healthz', timeout=4)"
