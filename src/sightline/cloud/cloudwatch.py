"""What CloudWatch says about the Aurora cluster that we share.

boto3 is imported only when it is asked, and its blocking calls run in a thread.
"""

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from sightline import clock
from sightline.errors import ServiceError, SettingError
from sightline.settings import AwsSettings

if TYPE_CHECKING:
    from types_boto3_cloudwatch import CloudWatchClient

DATABASE_METRICS = (
    "CPUUtilization",
    "DatabaseConnections",
    "ReadIOPS",
    "WriteIOPS",
    "FreeableMemory",
    "FreeStorageSpace",
)
PERIOD_S = 300


class CloudWatchError(ServiceError):
    """CloudWatch did not answer."""

    code = "cloudwatch"


async def database_metrics(aws: AwsSettings, *, seconds: float = 24 * 3600) -> dict[str, float]:
    """Return the mean of each metric of the cluster over the last `seconds`; one without data is left out."""
    if not aws.database_cluster:
        return {}
    return await asyncio.to_thread(_read, aws, seconds)


def client(aws: AwsSettings) -> "CloudWatchClient":
    try:
        import boto3  # noqa: PLC0415 - only where AWS is used
    except ImportError as exc:
        raise SettingError("boto3 is not installed", hint="Install sightline[aws].") from exc
    if not aws.region:
        raise SettingError("aws.region is not set", hint="Set it, or AWS_REGION, to read CloudWatch.")
    return boto3.client("cloudwatch", region_name=aws.region, endpoint_url=aws.endpoint_url or None)


def _read(aws: AwsSettings, seconds: float) -> dict[str, float]:
    service = client(aws)
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - only where AWS is used

    end = clock.now()
    # At least three periods: the newest are still being filled.
    start = end - timedelta(seconds=max(seconds, 3 * PERIOD_S))
    found = {}
    for name in DATABASE_METRICS:
        try:
            points = service.get_metric_statistics(
                Namespace="AWS/RDS",
                MetricName=name,
                Dimensions=[{"Name": "DBClusterIdentifier", "Value": aws.database_cluster}],
                StartTime=start,
                EndTime=end,
                Period=PERIOD_S,
                Statistics=["Average"],
            )["Datapoints"]
        except (ClientError, BotoCoreError) as exc:
            code = exc.response.get("Error", {}).get("Code") if isinstance(exc, ClientError) else None
            raise CloudWatchError(
                f"cannot read {name} of {aws.database_cluster!r} from CloudWatch: {code or type(exc).__name__}",
                hint="Check aws.region, the network, and the permission cloudwatch:GetMetricStatistics.",
            ) from exc
        values = [point["Average"] for point in points]
        if values:
            found[name] = round(sum(values) / len(values), 3)
    return found
