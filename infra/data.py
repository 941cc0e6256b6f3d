"""What is kept: Aurora where none is there, the buckets, the keys, the logins, and the roles that may touch them.

The roles stand beside the data, so that a bucket's policy can name who may read it.
"""

from typing import Any, Final

from aws_cdk import CfnCondition, CfnDeletionPolicy, CfnResource, Fn
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_rds as rds
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secrets
from constructs import Construct

from infra import tags
from infra.stack import (
    APPLICATION_ROOT,
    APPLICATION_ROOTS,
    Part,
    Stage,
    allow,
    arn,
    either,
    either_text,
    only,
    policy,
    trust,
)

RECORDING_DAYS: Final = 30
# Sightline's settings have these names, and story 1.2 the first.
DATABASE_SECRET: Final = "observability/umami-db-credentials"  # noqa: S105 - a name
VAULT_SECRET: Final = "observability/vault-db-credentials"  # noqa: S105 - a name
_OBJECTS: Final = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]


class Data(Part):
    """Aurora, buckets, keys, secrets and the roles over them."""

    def __init__(self, scope: Construct, stage: Stage) -> None:
        super().__init__(scope, "data", stage, "Aurora by choice, buckets, keys, secrets, roles of the data")
        self._parameters()
        self.key = self._key("Data", "What Sightline stores on S3 and in Secrets Manager", self._of_account())
        self.root = self._key("Root", "Sightline's root key: it wraps the keys of tenants", self._of_account())
        own = self._key("Vault", "The root of the vault's application keys", self._of_account(), self.has_vault_key)
        self.vault_root = either_text(self.has_vault_key, own.attr_arn, self.key.attr_arn)
        self._roles()
        self._buckets()
        self._secrets()
        self._aurora()
        self._grants()
        self._exports()

    def _parameters(self) -> None:
        database = self.text(
            "Database", "Aurora: one that is there, or a new one ($44 a month and more).", "existing",
            allowed=("existing", "new"),
        )  # fmt: skip
        self.makes = self.when("MakesDatabase", Fn.condition_equals(database, "new"))
        self.version = self.text("DatabaseVersion", "Aurora PostgreSQL of a new cluster.", "17.5")
        self.least = self.number(
            "DatabaseMinCapacity", "Aurora capacity units at least.", 0.5, min_value=0, max_value=128
        )
        self.most = self.number("DatabaseMaxCapacity", "Aurora capacity units at most.", 2, min_value=1, max_value=128)
        self.database_secret = self.text("DatabaseSecretName", "The setting database.secret.", DATABASE_SECRET)
        self.vault_secret = self.text("VaultSecretName", "The setting vault.secret.", VAULT_SECRET)
        root = self.text("VaultApplicationRoot", APPLICATION_ROOT, "none", allowed=APPLICATION_ROOTS)
        self.has_vault_root = self.when("HasVaultRoot", Fn.condition_not(Fn.condition_equals(root, "none")))
        self.has_vault_key = self.when("HasVaultKey", Fn.condition_equals(root, "own"))
        self.administrators = self.parameter(
            "AdministratorArns", "Roles beside the task's that may read and delete recordings, by comma; * in names.",
            "arn:aws:iam::*:role/aws-reserved/sso.amazonaws.com/*AWSReservedSSO_AdministratorAccess_*",
            type="CommaDelimitedList",
        ).value_as_list  # fmt: skip
        self.analyst = self.text("AnalyticsPrincipalArn", "Who may take the analytics role on; empty: nobody yet.", "")
        self.has_analyst = self.given("HasAnalyst", self.analyst)
        self.seal_days = self.number(
            "SealRetentionDays", "Object lock of audit seals.", 365, min_value=1, max_value=3650
        )

    def _of_account(self) -> list[dict[str, Any]]:
        """Who administers the account administers its keys by IAM; nobody can be locked out of them."""
        root = Fn.sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:root")
        return [{"Sid": "Account", "Effect": "Allow", "Principal": {"AWS": root}, "Action": "kms:*", "Resource": "*"}]

    def _key(
        self, name: str, description: str, statements: list[dict[str, Any]], condition: CfnCondition | None = None
    ) -> kms.CfnKey:
        key = kms.CfnKey(
            self, f"Observability{name}Key", description=description, enable_key_rotation=True,
            key_policy=policy(*statements), pending_window_in_days=30,
        )  # fmt: skip
        alias = kms.CfnAlias(
            self, f"Observability{name}KeyAlias", alias_name=Fn.sub(f"alias/observability/${{Stage}}/{name.lower()}"),
            target_key_id=key.ref,
        )  # fmt: skip
        kept(key)
        if condition is not None:
            only(condition, key, alias)
        tags.put(key, tags.KEYS, Purpose=f"{name}Encryption")
        return key

    # ---- roles --------------------------------------------------------------------------------------------------

    def _roles(self) -> None:
        self.task = iam.CfnRole(
            self, "ObservabilityTaskRole", description="Sightline's task: its buckets, keys and logins",
            assume_role_policy_document=trust(
                "ecs-tasks.amazonaws.com",
                StringEquals={"aws:SourceAccount": Fn.ref("AWS::AccountId")},
                ArnLike={"aws:SourceArn": arn("ecs", "*")},
            ),
        )  # fmt: skip
        tags.put(self.task, tags.IAM, Purpose="ECSTask", AccessLevel="ReadWrite")
        self.analytics = iam.CfnRole(
            self, "ObservabilityAnalyticsRole", description="Reads extents from Athena, Spark or Trino",
            role_name=Fn.sub("observability-analytics-${Stage}"),
            assume_role_policy_document=policy(
                {"Effect": "Allow", "Principal": {"AWS": self.analyst}, "Action": "sts:AssumeRole"}
            ),
        )  # fmt: skip
        only(self.has_analyst, self.analytics)
        tags.put(self.analytics, tags.IAM, Purpose="Analytics", AccessLevel="Read")

    def _grants(self) -> None:
        """What the code of blobs/, keys/ and cloud/ calls, on what it calls it."""
        buckets = [self.recordings, self.extents, self.seals]
        key = self.key.attr_arn
        self._policy("ObservabilityTaskPolicy", self.task, [
            allow(_OBJECTS, [_objects(self.recordings), _objects(self.extents)], "Objects"),
            # Seals are written and read; object lock keeps them anyway.
            allow(["s3:GetObject", "s3:PutObject"], [_objects(self.seals)], "Seals"),
            allow(["s3:ListBucket"], [bucket.attr_arn for bucket in buckets], "Lists"),
            allow(["kms:GenerateDataKey", "kms:Decrypt"], [key], "BucketKey",
                  Condition={"StringEquals": {"kms:ViaService": [
                      Fn.sub("s3.${AWS::Region}.amazonaws.com"), Fn.sub("secretsmanager.${AWS::Region}.amazonaws.com"),
                  ]}}),
            allow(["kms:Encrypt", "kms:Decrypt"], [self.root.attr_arn], "RootKey",
                  Condition={"StringEquals": {"kms:EncryptionContext:application": "sightline"}}),
            allow(["secretsmanager:GetSecretValue"], [self.login.ref, self.vault.ref], "Logins"),
        ])  # fmt: skip
        only(self.has_vault_root, self._policy("ObservabilityVaultRootPolicy", self.task, [
            allow(["kms:Encrypt", "kms:Decrypt"], [self.vault_root], "VaultRoot",
                  Condition={"StringEquals": {"kms:EncryptionContext:application": "sightline"}}),
        ], "vault-root"))  # fmt: skip
        reading = self._policy("ObservabilityAnalyticsPolicy", self.analytics, [
            allow(["s3:GetObject"], [_objects(self.extents)], "Extents"),
            allow(["s3:ListBucket"], [self.extents.attr_arn], "Lists"),
            allow(["kms:Decrypt"], [key], "BucketKey",
                  Condition={"StringEquals": {"kms:ViaService": Fn.sub("s3.${AWS::Region}.amazonaws.com")}}),
        ])  # fmt: skip
        only(self.has_analyst, reading)

    def _policy(
        self, name: str, role: iam.CfnRole, statements: list[dict[str, Any]], inline: str = "data"
    ) -> iam.CfnPolicy:
        return iam.CfnPolicy(self, name, policy_name=inline, roles=[role.ref], policy_document=policy(*statements))

    # ---- buckets ------------------------------------------------------------------------------------------------

    def _buckets(self) -> None:
        self.logs = self._log_bucket()
        self.recordings = self._bucket(
            "Recordings",
            lifecycle_configuration={"rules": [
                # `kept/` is what somebody keeps: no rule may touch it.
                {"id": "expire", "status": "Enabled", "prefix": "timed/", "expirationInDays": RECORDING_DAYS},
                _tidy(), {"id": "tier", "status": "Enabled", "transitions": [
                    {"storageClass": "INTELLIGENT_TIERING", "transitionInDays": 0}]},
            ]},
            intelligent_tiering_configurations=[
                {"id": "archive", "status": "Enabled", "prefix": "kept/",
                 "tierings": [{"accessTier": "ARCHIVE_ACCESS", "days": 90}]},
            ],
            metrics_configurations=[{"id": "EntireBucket"}],
        )  # fmt: skip
        tags.put(self.recordings, tags.STORAGE, DataType="Sessions", RetentionPeriod="30days")
        self.extents = self._bucket("Extents", lifecycle_configuration={"rules": [_tidy()]})
        tags.put(self.extents, tags.STORAGE, DataType="Analytics", RetentionPeriod="365days")
        self.seals = self._bucket(
            "Seals",
            lifecycle_configuration={"rules": [_tidy()]},
            object_lock_enabled=True,
            object_lock_configuration={"objectLockEnabled": "Enabled", "rule": {"defaultRetention": {
                "mode": "GOVERNANCE", "days": self.seal_days.value_as_number}}},
            versioning_configuration={"status": "Enabled"},
        )  # fmt: skip
        tags.put(self.seals, tags.STORAGE, DataType="Audit", RetentionPeriod="365days")
        self._guard("Recordings", self.recordings, [self.task.attr_arn])
        self._guard("Extents", self.extents, [
            self.task.attr_arn, either(self.has_analyst, self.analytics.attr_arn, self.task.attr_arn)
        ])  # fmt: skip
        self._guard("Seals", self.seals, [self.task.attr_arn])

    def _bucket(self, name: str, **properties: Any) -> s3.CfnBucket:
        bucket = s3.CfnBucket(
            self, f"Observability{name}",
            bucket_encryption={"serverSideEncryptionConfiguration": [{
                "bucketKeyEnabled": True,
                "serverSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": self.key.attr_arn},
            }]},
            public_access_block_configuration=_PRIVATE,
            ownership_controls=_OWNED,
            logging_configuration={"destinationBucketName": self.logs.ref, "logFilePrefix": f"s3/{name.lower()}/"},
            **properties,
        )  # fmt: skip
        kept(bucket)
        return bucket

    def _guard(self, name: str, bucket: s3.CfnBucket, readers: list[Any]) -> None:
        """Objects are for `readers` and administrators; the bucket's settings stay with who administers the account."""
        root = Fn.sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:root")
        s3.CfnBucketPolicy(
            self, f"Observability{name}Policy", bucket=bucket.ref,
            policy_document=policy(
                _tls_only(bucket),
                {
                    "Sid": "OnlyTheTask", "Effect": "Deny", "Principal": "*",
                    "Action": [*_OBJECTS, "s3:GetObjectVersion", "s3:DeleteObjectVersion"],
                    "Resource": _objects(bucket),
                    "Condition": {
                        "ArnNotLike": {"aws:PrincipalArn": [*readers, root]},
                        # Two operators must both hold: a list of parameters cannot be joined to a list of ARNs.
                        "StringNotLike": {"aws:PrincipalArn": self.administrators},
                    },
                },
            ),
        )  # fmt: skip

    def _log_bucket(self) -> s3.CfnBucket:
        """Exported logs, and the access logs of buckets and load balancer: of which ELB takes only S3's own key."""
        bucket = s3.CfnBucket(
            self, "ObservabilityLogExport",
            bucket_encryption={"serverSideEncryptionConfiguration": [
                {"serverSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]},
            public_access_block_configuration=_PRIVATE,
            ownership_controls=_OWNED,
            lifecycle_configuration={"rules": [
                {"id": "glacier", "status": "Enabled", "prefix": "logs/", "transitions": [
                    {"storageClass": "GLACIER", "transitionInDays": 365}]},
                {"id": "access", "status": "Enabled", "prefix": "s3/", "expirationInDays": 90},
                {"id": "balancer", "status": "Enabled", "prefix": "alb/", "expirationInDays": 90},
                _tidy(),
            ]},
        )  # fmt: skip
        kept(bucket)
        tags.put(bucket, tags.STORAGE, DataType="Logs", RetentionPeriod="365days")
        account = {"StringEquals": {"aws:SourceAccount": Fn.ref("AWS::AccountId")}}
        logs_service = {"Service": Fn.sub("logs.${AWS::Region}.amazonaws.com")}

        def put(service: Any, prefix: str, **more: Any) -> dict[str, Any]:
            return {
                "Effect": "Allow", "Principal": service, "Action": "s3:PutObject",
                "Resource": Fn.join("", [bucket.attr_arn, f"/{prefix}/*"]), **more,
            }  # fmt: skip

        balancer = {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}
        s3.CfnBucketPolicy(
            self, "ObservabilityLogExportPolicy", bucket=bucket.ref,
            policy_document=policy(
                _tls_only(bucket),
                {"Sid": "Export", "Effect": "Allow", "Principal": logs_service, "Action": "s3:GetBucketAcl",
                 "Resource": bucket.attr_arn, "Condition": account},
                put(logs_service, "logs", Condition=account),
                put({"Service": "logging.s3.amazonaws.com"}, "s3", Condition=account),
                # It sends no account: the path names ours.
                {**put(balancer, "alb"), "Resource": Fn.join("", [
                    bucket.attr_arn, "/alb/AWSLogs/", Fn.ref("AWS::AccountId"), "/*"])},
            ),
        )  # fmt: skip
        return bucket

    # ---- logins and Aurora --------------------------------------------------------------------------------------

    def _secrets(self) -> None:
        self.login = self._secret("Database", self.database_secret, "Login of Sightline's role; `db setup` writes it")
        self.vault = self._secret("Vault", self.vault_secret, "Login of the vault's role; `vault setup` writes it")

    def _secret(self, name: str, secret: str, description: str) -> secrets.CfnSecret:
        """Empty: who makes the role writes its password, so no template and no event ever holds one."""
        made = secrets.CfnSecret(
            self, f"Observability{name}Secret", name=secret, description=description, kms_key_id=self.key.attr_arn
        )
        tags.put(made, tags.DATABASE, DataType="Credentials", Purpose="Login")
        return made

    def _aurora(self) -> None:
        group = ec2.CfnSecurityGroup(
            self, "ObservabilityDatabaseGroup", group_description="Aurora: tasks of Sightline only",
            vpc_id=self.imported("VpcId"),
            security_group_ingress=[{
                "ipProtocol": "tcp", "fromPort": 5432, "toPort": 5432, "description": "Tasks of Sightline",
                "sourceSecurityGroupId": self.imported("TaskSecurityGroupId"),
            }],
            security_group_egress=[{
                "ipProtocol": "icmp", "fromPort": 252, "toPort": 86, "cidrIp": "255.255.255.255/32",
                "description": "nothing: a database calls nobody",
            }],
        )  # fmt: skip
        subnets = rds.CfnDBSubnetGroup(
            self, "ObservabilityDatabaseSubnets", db_subnet_group_description="Private subnets of two zones",
            subnet_ids=Fn.split(",", self.imported("PrivateSubnetIds")),
        )  # fmt: skip
        parameters = rds.CfnDBClusterParameterGroup(
            self, "ObservabilityDatabaseParameters", description="TLS for everybody",
            family=Fn.join("", ["aurora-postgresql", Fn.select(0, Fn.split(".", self.version))]),
            parameters={"rds.force_ssl": "1", "log_min_duration_statement": "1000"},
        )  # fmt: skip
        exported = logs.CfnLogGroup(
            self, "ObservabilityDatabaseLogs", retention_in_days=90,
            log_group_name=Fn.sub("/aws/rds/cluster/observability-${Stage}/postgresql"),
        )  # fmt: skip
        cluster = self._cluster(group, subnets, parameters)
        cluster.add_resource_dependency(exported)
        instance = rds.CfnDBInstance(
            self, "ObservabilityDatabaseWriter", db_instance_class="db.serverless", engine="aurora-postgresql",
            db_cluster_identifier=cluster.ref, publicly_accessible=False, auto_minor_version_upgrade=True,
            preferred_maintenance_window="sun:04:00-sun:05:00",
        )  # fmt: skip
        only(self.makes, group, subnets, parameters, exported, cluster, instance)
        for resource in (subnets, parameters, cluster, instance):
            tags.put(resource, tags.DATABASE, DataType="Analytics", NetworkTier="Private")
        tags.put(group, tags.SECURITY, Purpose="DatabaseAccess", NetworkTier="Private")
        tags.put(exported, tags.DATABASE, DataType="Logs", RetentionPeriod="90days")
        self.cluster = cluster

    def _cluster(
        self, group: ec2.CfnSecurityGroup, subnets: rds.CfnDBSubnetGroup, parameters: rds.CfnDBClusterParameterGroup
    ) -> rds.CfnDBCluster:
        cluster = rds.CfnDBCluster(
            self, "ObservabilityDatabase", engine="aurora-postgresql", engine_version=self.version,
            db_cluster_identifier=Fn.sub("observability-${Stage}"), database_name="sightline",
            serverless_v2_scaling_configuration={
                "minCapacity": self.least.value_as_number, "maxCapacity": self.most.value_as_number},
            master_username="observability", manage_master_user_password=True,
            master_user_secret={"kmsKeyId": self.key.attr_arn},
            storage_encrypted=True, kms_key_id=self.key.attr_arn, deletion_protection=True,
            backup_retention_period=7, preferred_backup_window="03:00-04:00",
            preferred_maintenance_window="sun:04:00-sun:05:00", copy_tags_to_snapshot=True,
            enable_cloudwatch_logs_exports=["postgresql"], enable_iam_database_authentication=True,
            db_subnet_group_name=subnets.ref, db_cluster_parameter_group_name=parameters.ref,
            vpc_security_group_ids=[group.attr_group_id],
        )  # fmt: skip
        cluster.cfn_options.deletion_policy = CfnDeletionPolicy.SNAPSHOT
        cluster.cfn_options.update_replace_policy = CfnDeletionPolicy.SNAPSHOT
        return cluster

    def _exports(self) -> None:
        for name, value, text in (
            ("TaskRoleArn", self.task.attr_arn, "The role of Sightline's task"),
            ("TaskRoleName", self.task.ref, "Its name"),
            ("RecordingsBucket", self.recordings.ref, "The setting blobs.recordings"),
            ("ExtentsBucket", self.extents.ref, "The setting blobs.extents"),
            ("SealsBucket", self.seals.ref, "The setting blobs.seals"),
            ("LogExportBucket", self.logs.ref, "Where logs are exported to"),
            ("RootKeyArn", self.root.attr_arn, "The setting keys.root"),
            ("VaultRootArn", self.vault_root, "The setting vault.application_root"),
            ("DataKeyArn", self.key.attr_arn, "The key of buckets and secrets"),
            ("DatabaseSecretName", self.database_secret, "The setting database.secret"),
            ("VaultSecretName", self.vault_secret, "The setting vault.secret"),
            ("DatabaseSecretArn", self.login.ref, "The login of Sightline's role"),
            ("VaultSecretArn", self.vault.ref, "The login of the vault's role"),
        ):
            self.export(name, value, text)
        self.export("DatabaseEndpoint", self.cluster.attr_endpoint_address, "The new Aurora's writer", self.makes)
        self.export(
            "DatabaseAdminSecretArn",
            self.cluster.attr_master_user_secret_secret_arn,
            "Its administrator's login",
            self.makes,
        )


_PRIVATE: Final = {
    "blockPublicAcls": True, "blockPublicPolicy": True, "ignorePublicAcls": True, "restrictPublicBuckets": True,
}  # fmt: skip
_OWNED: Final = {"rules": [{"objectOwnership": "BucketOwnerEnforced"}]}


def kept(resource: CfnResource) -> None:
    """Deleting a stack leaves data where they are; `sightline aws destroy --data` deletes them after."""
    resource.cfn_options.deletion_policy = CfnDeletionPolicy.RETAIN
    resource.cfn_options.update_replace_policy = CfnDeletionPolicy.RETAIN


def _objects(bucket: s3.CfnBucket) -> str:
    return Fn.join("", [bucket.attr_arn, "/*"])


def _tidy() -> dict[str, Any]:
    return {"id": "unfinished", "status": "Enabled", "abortIncompleteMultipartUpload": {"daysAfterInitiation": 1}}


def _tls_only(bucket: s3.CfnBucket) -> dict[str, Any]:
    return {
        "Sid": "TlsOnly", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
        "Resource": [bucket.attr_arn, _objects(bucket)], "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }  # fmt: skip
