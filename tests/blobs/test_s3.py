"""What holds for S3."""

import secrets
from datetime import timedelta
from typing import Any

import pytest

from sightline.blobs.s3 import S3Store
from sightline.blobs.store import Damaged, StoreUnavailable
from sightline.blobs.stores import open_store, open_stores
from sightline.errors import SettingError
from sightline.settings import AwsSettings, BlobSettings
from tests.aws import REGION, FakeAws
from tests.postgres import free_port

ONCE: Any = {
    "max_retries": 0,
    "retry_timeout": timedelta(seconds=1),
    "backoff": {"init_backoff": timedelta(milliseconds=1), "max_backoff": timedelta(milliseconds=1), "base": 2},
}


@pytest.fixture
def bucket(aws: FakeAws) -> str:
    return aws.bucket(f"test-{secrets.token_hex(6)}")


async def test_objects_lie_below_the_prefix_with_their_checksum(aws: FakeAws, bucket: str) -> None:
    store = open_store(f"s3://{bucket}/some/prefix/", aws.settings, setting="x")
    await store.put("a/b", b"hello")
    found = aws.client("s3").head_object(Bucket=bucket, Key="some/prefix/a/b", ChecksumMode="ENABLED")
    assert found["Metadata"]["sha256"].startswith("2cf24dba")
    assert store.location("a/b") == f"s3://{bucket}/some/prefix/a/b"


async def test_content_that_does_not_match_its_checksum_is_refused(aws: FakeAws, bucket: str) -> None:
    store = open_store(f"s3://{bucket}", aws.settings, setting="x")
    blob = await store.put("a", b"hello")
    aws.client("s3").put_object(Bucket=bucket, Key="a", Body=b"hellp", Metadata={"sha256": blob.checksum})
    with pytest.raises(Damaged, match="'a'"):
        await store.get("a")


async def test_an_object_that_another_program_wrote_is_read_unchecked(aws: FakeAws, bucket: str) -> None:
    aws.client("s3").put_object(Bucket=bucket, Key="a", Body=b"PAR1")
    store = open_store(f"s3://{bucket}", aws.settings, setting="x")
    assert await store.get("a") == b"PAR1"
    assert (await store.head("a")).checksum is None


async def test_a_missing_bucket_says_so(aws: FakeAws) -> None:
    store = open_store("s3://no-such-bucket-here", aws.settings, setting="x")
    with pytest.raises(StoreUnavailable, match="does not exist"):
        await store.get("a")


async def test_an_address_where_nobody_listens_is_unavailable(aws: FakeAws) -> None:
    settings = AwsSettings(region=REGION, endpoint_url=f"http://127.0.0.1:{free_port()}")
    store = S3Store("bucket", "", settings, retry=ONCE)
    for attempt in (store.put("a", b""), store.get("a"), store.head("a"), store.delete("a")):
        with pytest.raises(StoreUnavailable, match="does not answer"):
            await attempt


@pytest.mark.parametrize("endpoint", ["http://s3.example.com", "http://10.0.0.1:9000"])
def test_an_unencrypted_endpoint_elsewhere_is_refused(endpoint: str) -> None:
    with pytest.raises(SettingError, match="not encrypted"):
        S3Store("bucket", "", AwsSettings(endpoint_url=endpoint))


@pytest.mark.parametrize("place", ["s3://", "s3:///x", "gs://bucket", "s3://bucket/a/../b", "s3://bucket?x=1"])
def test_a_place_that_is_none_is_refused(place: str) -> None:
    with pytest.raises(Exception, match=r"is no name|names no bucket|Write s3|= 'gs:"):
        open_store(place, AwsSettings(), setting="blobs.seals")


def test_stores_lie_below_the_data_folder_unless_settings_say_otherwise(aws: FakeAws, tmp_path: Any) -> None:
    stores = open_stores(BlobSettings(seals="s3://sealed/x"), aws.settings, tmp_path)
    assert stores.recordings.url == str(tmp_path / "blobs" / "recordings")
    assert stores.seals.url == "s3://sealed/x"
    assert [name for name, _ in stores] == ["recordings", "extents", "seals"]
