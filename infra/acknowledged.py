"""Findings of cdk-nag that stay, each with its reason; an acknowledgement that nothing needs any more fails a test."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from aws_cdk import Acknowledgment, Validations

from infra.stack import Part


class Accepted(NamedTuple):
    """One finding of one resource."""

    part: str
    resource: str
    finding: str
    reason: str


ACCEPTED: Final[tuple[Accepted, ...]] = (
    Accepted(
        "network",
        "ObservabilityNatGroup",
        "AwsSolutions-EC23",
        "the rule cannot read a parameter: the NAT instance takes from our own VPC's addresses only",
    ),
    Accepted(
        "network",
        "ObservabilityNatInstance",
        "AwsSolutions-EC28",
        "detailed monitoring costs more than the instance; its status checks are free",
    ),
    Accepted(
        "network",
        "ObservabilityNatInstance",
        "AwsSolutions-EC29",
        "holds no state: the stack makes it anew, and must be able to take it away",
    ),
    Accepted(
        "network",
        "ObservabilityFlowLogsRole",
        "AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:logs:<AWS::Region>:<AWS::AccountId>:log-group:*]",
        "DescribeLogGroups is allowed on all groups of an account or on none",
    ),
    Accepted(
        "data",
        "ObservabilityDatabaseSecret",
        "AwsSolutions-SMG4",
        "the password is changed by `sightline db setup --rotate-password`, which changes the role with it",
    ),
    Accepted(
        "data",
        "ObservabilityVaultSecret",
        "AwsSolutions-SMG4",
        "the password is changed by `sightline db setup --rotate-password`, which changes the role with it",
    ),
    Accepted(
        "data",
        "ObservabilityDatabase",
        "AwsSolutions-RDS11",
        "a port says nothing: the database is private, takes TLS only, and from our tasks only",
    ),
    Accepted(
        "data",
        "ObservabilityTaskPolicy",
        "AwsSolutions-IAM5[Resource::<ObservabilityRecordings.Arn>/*]",
        "the names of objects follow from what is stored; the bucket is named",
    ),
    Accepted(
        "data",
        "ObservabilityTaskPolicy",
        "AwsSolutions-IAM5[Resource::<ObservabilityExtents.Arn>/*]",
        "the names of objects follow from what is stored; the bucket is named",
    ),
    Accepted(
        "data",
        "ObservabilityTaskPolicy",
        "AwsSolutions-IAM5[Resource::<ObservabilitySeals.Arn>/*]",
        "the names of objects follow from what is stored; the bucket is named",
    ),
    Accepted(
        "data",
        "ObservabilityAnalyticsPolicy",
        "AwsSolutions-IAM5[Resource::<ObservabilityExtents.Arn>/*]",
        "reads all extents: that is what the role is for; the bucket is named",
    ),
    Accepted(
        "service",
        "ObservabilityOriginSecret",
        "AwsSolutions-SMG4",
        "two ends must change at once: replace the secret and deploy, as the how-to says",
    ),
    Accepted(
        "service",
        "ObservabilityHttps",
        "AwsSolutions-EC23",
        "a public web service by TLS takes from everybody; made only with a certificate",
    ),
    Accepted(
        "service",
        "ObservabilityHttp",
        "AwsSolutions-EC23",
        "port 80 only sends on to HTTPS; made only with a certificate",
    ),
    Accepted(
        "service",
        "ObservabilityExecutionRole",
        "AwsSolutions-IAM5[Resource::*]",
        "AWS knows no resource for ecr:GetAuthorizationToken",
    ),
    Accepted(
        "service",
        "ObservabilityExecutionRole",
        "AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:ecr:<AWS::Region>:<AWS::AccountId>:repository/*]",
        "the repository's name is the operator's; only pulling, only this account",
    ),
    Accepted(
        "service",
        "UserMetricsEmfPolicy",
        "AwsSolutions-IAM5[Resource::*]",
        "AWS knows no resource for PutMetricData; a condition names the namespaces",
    ),
    Accepted(
        "service",
        "UserMetricsEmfPolicy",
        "AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:logs:<AWS::Region>:<AWS::AccountId>:log-group:/aws/lambda/*:*]",
        "existing functions attach it, whose groups are named after them",
    ),
    Accepted(
        "service",
        "ObservabilitySetupRole",
        "AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:secretsmanager:<AWS::Region>:<AWS::AccountId>:secret:observability/*]",
        "AWS appends six letters to a secret's name; made only for the time of the setup",
    ),
    Accepted(
        "service",
        "ObservabilityCluster",
        "AwsSolutions-ECS4",
        "Container Insights costs $35 a month; the balancer's metrics and our own say the same",
    ),
    Accepted(
        "service",
        "ObservabilityTask",
        "AwsSolutions-ECS2",
        "the variables are settings; secrets are read from Secrets Manager by role",
    ),
    Accepted(
        "service",
        "ObservabilitySetupTask",
        "AwsSolutions-ECS2",
        "the variables are settings; secrets are read from Secrets Manager by role",
    ),
    Accepted(
        "service",
        "ObservabilityDistribution",
        "AwsSolutions-CFR1",
        "who may visit is the application's decision, not ours",
    ),
    Accepted(
        "service",
        "ObservabilityDistribution",
        "AwsSolutions-CFR2",
        "WAF costs $5 a month and more; the service limits each visitor itself",
    ),
    Accepted(
        "service",
        "ObservabilityDistribution",
        "AwsSolutions-CFR3",
        "the balancer writes the access log; a second one would cost twice",
    ),
    Accepted(
        "service",
        "ObservabilityDistribution",
        "AwsSolutions-CFR4",
        "without a domain the certificate is CloudFront's own, which fixes the policy; a domain has its own TLS",
    ),
    Accepted(
        "service",
        "ObservabilityDistribution",
        "AwsSolutions-CFR5",
        "the balancer has no certificate without a domain; it lets in CloudFront's addresses with the secret header only",
    ),
    Accepted(
        "service",
        "ObservabilityApiBeacon",
        "AwsSolutions-APIG4",
        "browsers of visitors call it, who have no account; it is throttled, and takes vitals and errors only",
    ),
    Accepted(
        "observe",
        "ObservabilityGrafanaRole",
        "AwsSolutions-IAM5[Resource::*]",
        "reading metrics, and listing groups and results of queries, knows no resource",
    ),
    Accepted(
        "observe",
        "ObservabilityGrafanaRole",
        "AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:logs:<AWS::Region>:<AWS::AccountId>:log-group:/observability/*]",
        "the groups of Sightline, which are named so",
    ),
    Accepted(
        "observe",
        "ObservabilityGrafanaRole",
        "AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:logs:<AWS::Region>:<AWS::AccountId>:log-group:/aws/lambda/*]",
        "the groups of functions: dashboards show their lines",
    ),
    Accepted(
        "observe",
        "ObservabilitySearch",
        "AwsSolutions-OS1",
        "Amazon Managed Grafana reaches it by its public endpoint with signed requests; a VPC would need a second NAT",
    ),
    Accepted(
        "observe",
        "ObservabilitySearch",
        "AwsSolutions-OS3",
        "Grafana has no fixed address; every request is signed by a role of this account",
    ),
    Accepted(
        "observe",
        "ObservabilitySearch",
        "AwsSolutions-OS4",
        "one small node needs no dedicated masters, which cost three times as much",
    ),
    Accepted(
        "observe",
        "ObservabilitySearch",
        "AwsSolutions-OS7",
        "one node: what is lost with it is in CloudWatch and in the bucket",
    ),
    Accepted(
        "observe",
        "ObservabilitySearch",
        "AwsSolutions-OS9[LogExport::SEARCH_SLOW_LOGS]",
        "a log store of one team: slow searches are seen by who waits for them",
    ),
    Accepted(
        "observe",
        "ObservabilitySearch",
        "AwsSolutions-OS9[LogExport::INDEX_SLOW_LOGS]",
        "a log store of one team: indexing is batched and waits for nobody",
    ),
    Accepted(
        "observe",
        "ObservabilityGrafanaSearch",
        "AwsSolutions-IAM5[Resource::<ObservabilitySearch.Arn>/logs-*/_search]",
        "an index a day: their names end with the date",
    ),
    Accepted(
        "observe",
        "ObservabilityGrafanaSearch",
        "AwsSolutions-IAM5[Resource::<ObservabilitySearch.Arn>/logs-*/_mapping]",
        "an index a day: their names end with the date",
    ),
    Accepted(
        "observe",
        "ObservabilityGrafanaSearch",
        "AwsSolutions-IAM5[Resource::<ObservabilitySearch.Arn>/_cat/indices/logs-*]",
        "an index a day: their names end with the date",
    ),
)


def acknowledge(parts: Sequence[Part]) -> None:
    """Tell cdk-nag; with its prefix a finding stays in the report, as suppressed and with the reason."""
    by_name = {part.part: part for part in parts}
    for accepted in ACCEPTED:
        construct = by_name[accepted.part].node.find_child(accepted.resource)
        Validations.of(construct).acknowledge(
            Acknowledgment(id=f"AwsSolutions::{accepted.finding}", reason=accepted.reason)
        )
