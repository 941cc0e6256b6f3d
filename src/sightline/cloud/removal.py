"""Taking the foundation away: the stacks, and the data only where that was said twice."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from sightline.cloud.session import client, told
from sightline.cloud.stacks import Progress, Stacks
from sightline.cloud.templates import PARTS
from sightline.settings import AwsSettings

_BUCKETS: Final = ("RecordingsBucket", "ExtentsBucket", "SealsBucket", "LogExportBucket")
_KEYS: Final = ("RootKeyArn", "DataKeyArn")
_WAIT_DAYS: Final = 30


class Step(msgspec.Struct, frozen=True):
    """One thing that goes; `kind` is stack, protection, bucket or key."""

    kind: str
    what: str
    state: str = ""


class Removal:
    """Removes one stage."""

    def __init__(self, aws: AwsSettings, progress: Progress, *, poll_s: float = 5) -> None:
        self._aws = aws
        self._progress = progress
        self._stacks = Stacks(aws, progress, poll_s=poll_s)

    def steps(self, *, with_data: bool) -> list[Step]:
        """What would go, in its order: nothing is taken away while another still needs it."""
        data = self._stacks.outputs("data")
        # A new Aurora lives in our network: one stays with the other.
        parts = [part for part in reversed(PARTS) if with_data or part != "data"]
        if not with_data and "DatabaseEndpoint" in data:
            parts.remove("network")
        steps = [Step("stack", part) for part in parts]
        if with_data:
            if "DatabaseEndpoint" in data:
                steps.insert(0, Step("protection", f"observability-{self._aws.environment}"))
            steps += [Step("bucket", data[name]) for name in _BUCKETS if name in data]
            steps += [Step("key", data[name]) for name in _KEYS if name in data]
        return steps

    def run(self, steps: Sequence[Step]) -> Iterator[Step]:
        for step in steps:
            yield msgspec.structs.replace(step, state=getattr(self, f"_{step.kind}")(step.what))

    def _stack(self, part: str) -> str:
        done = [deployed.state for deployed in self._stacks.destroy([part])]
        return done[0] if done else "was not there"

    def _protection(self, cluster: str) -> str:
        service = client("rds", self._aws)
        with told(f"let {cluster} be deleted"):
            service.modify_db_cluster(DBClusterIdentifier=cluster, DeletionProtection=False, ApplyImmediately=True)
        return "off"

    def _bucket(self, bucket: str) -> str:
        service = client("s3", self._aws)
        self._progress(f"{bucket}: is emptied")
        left = 0
        while True:
            with told(f"list {bucket}"):
                page = service.list_object_versions(Bucket=bucket, MaxKeys=1000)
            found: list[Any] = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
            objects = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in found]
            if not objects:
                break
            with told(f"empty {bucket}"):
                errors = service.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True}).get(
                    "Errors", []
                )
            if errors:
                left = len(errors)
                break
        if left:
            return f"stays: {left} objects or more are locked until their retention ends"
        with told(f"delete {bucket}"):
            service.delete_bucket(Bucket=bucket)
        return "gone"

    def _key(self, arn: str) -> str:
        service = client("kms", self._aws)
        key = arn.rpartition("/")[2]
        with told(f"look at {arn}"):
            state = service.describe_key(KeyId=key)["KeyMetadata"]["KeyState"]
        if state != "PendingDeletion":
            with told(f"delete {arn}"):
                service.schedule_key_deletion(KeyId=key, PendingWindowInDays=_WAIT_DAYS)
        return f"goes in {_WAIT_DAYS} days; `aws kms cancel-key-deletion` takes that back"
