"""The metrics that a panel may ask for: Sightline's catalogue, its pages' and Lambdas' lines, and AWS's own.

An AWS metric that is not there by default says which switch brings it and what that costs; a panel that asks for it has
to say so in its description.
"""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from sightline import metrics
from sightline.cloud.grafana.model import STAGE

PAGES: Final = "Sightline/Pages"
FUNCTIONS: Final = f"Sightline/{STAGE}"  # as the Lambda library calls it


class Known(Struct, frozen=True):
    """A metric: the sets of dimensions under which it is written, and the switch that brings it, if one is needed."""

    dimensions: tuple[frozenset[str], ...]
    switch: str = ""


# Sets of dimensions that only a switch brings, whatever the metric.
SWITCHED: Final[Mapping[frozenset[str], str]] = {
    frozenset(("ApiId", "Stage", "Method", "Resource")): (
        "detailed metrics of the stage, on in our template: $0.30 for each metric of each route a month"
    ),
}


def _aws(names: str, *dimensions: str, switch: str = "") -> dict[str, Known]:
    sets = tuple(frozenset(filter(None, one.split("+"))) for one in dimensions)
    return {name: Known(sets, switch) for name in names.split()}


_FRONT: Final = "additional metrics of the distribution, off by default: $0.30 for each of 8 metrics a month"
_REQUESTS: Final = "request metrics of the bucket, on for recordings in our template: about $4 a month"

KNOWN: Final[Mapping[str, Mapping[str, Known]]] = {
    metrics.NAMESPACE: {
        name: Known((frozenset(metric.dimensions),)) for name, metric in metrics.CATALOGUE.items()
    },
    PAGES: _aws("LCP INP CLS FCP TTFB Errors", "site", "site+device"),
    FUNCTIONS: _aws("Duration Invocations Errors ColdStart ColdStartDuration", "service"),
    "AWS/Lambda": _aws(
        "Invocations Errors Throttles Duration ConcurrentExecutions", "", "FunctionName", "FunctionName+Resource"
    ),
    "AWS/ApiGateway": _aws(
        "Count Latency IntegrationLatency 4xx 5xx DataProcessed", "ApiId", "ApiId+Stage", "ApiId+Stage+Method+Resource"
    ),
    "AWS/CloudFront": {
        **_aws(
            "Requests BytesDownloaded BytesUploaded TotalErrorRate 4xxErrorRate 5xxErrorRate", "DistributionId+Region"
        ),
        **_aws("CacheHitRate OriginLatency", "DistributionId+Region", switch=_FRONT),
    },
    "AWS/RDS": _aws(
        "CPUUtilization DatabaseConnections FreeableMemory ReadLatency WriteLatency ReadIOPS WriteIOPS VolumeBytesUsed"
        " ServerlessDatabaseCapacity ACUUtilization",
        "DBClusterIdentifier",
    ),
    "AWS/S3": {
        **_aws("BucketSizeBytes NumberOfObjects", "BucketName+StorageType"),
        **_aws(
            "AllRequests PutRequests GetRequests 4xxErrors 5xxErrors FirstByteLatency", "BucketName+FilterId",
            switch=_REQUESTS,
        ),
    },
    "AWS/ECS": _aws("CPUUtilization MemoryUtilization", "ClusterName+ServiceName"),
    "AWS/ApplicationELB": _aws(
        "RequestCount TargetResponseTime HTTPCode_Target_2XX_Count HTTPCode_Target_4XX_Count HTTPCode_Target_5XX_Count"
        " HTTPCode_ELB_5XX_Count HealthyHostCount UnHealthyHostCount",
        "LoadBalancer", "LoadBalancer+TargetGroup",
    ),
    "AWS/NATGateway": _aws("BytesOutToDestination BytesInFromDestination ErrorPortAllocation", "NatGatewayId"),
    "AWS/Logs": _aws("IncomingBytes IncomingLogEvents", "", "LogGroupName"),
    "AWS/Billing": _aws("EstimatedCharges", "Currency", "ServiceName+Currency"),
}  # fmt: skip
