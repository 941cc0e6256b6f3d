"""The same store in a folder and on S3."""

import secrets
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sightline.blobs.store import BlobStore
from sightline.blobs.stores import open_store

if TYPE_CHECKING:
    from tests.aws import FakeAws


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path, aws: "FakeAws") -> BlobStore:
    place = str(tmp_path / "store")
    if request.param == "s3":
        place = f"s3://{aws.bucket(f'test-{secrets.token_hex(6)}')}/some/prefix"
    return open_store(place, aws.settings, setting="blobs.recordings")
