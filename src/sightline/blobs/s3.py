"""An object store in S3, by `obstore`, with S3's own SHA-256 header on every write."""

import os
from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import obstore
from obstore import exceptions as failures
from obstore.store import S3Store as Client

from sightline.blobs.store import (
    Blob,
    StoreDenied,
    StoreUnavailable,
    checked_name,
    checked_prefix,
    checksum_of,
    damaged,
    missing,
    out_of_range,
    taken,
)
from sightline.clock import to_ms
from sightline.errors import SettingError, SightlineError
from sightline.settings import AwsSettings

if TYPE_CHECKING:
    from obstore import ObjectMeta, PutMode

_SUM: Final = "sha256"
_DELETE_AT_ONCE: Final = 1000  # the most that S3 deletes by one request
_RETRY: Final[Any] = {
    "max_retries": 3,
    "retry_timeout": timedelta(seconds=20),
    "backoff": {
        "init_backoff": timedelta(milliseconds=100),
        "max_backoff": timedelta(seconds=3),
        "base": 2,
    },
}


class S3Store:
    """Objects below a prefix of a bucket."""

    is_remote = True

    def __init__(self, bucket: str, prefix: str, aws: AwsSettings, *, retry: Mapping[str, Any] | None = None) -> None:
        endpoint = aws.endpoint_url or os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
        _check_endpoint(endpoint)
        config: dict[str, Any] = {"checksum_algorithm": "sha256", **({"endpoint": endpoint} if endpoint else {})}
        if aws.region:
            config["region"] = aws.region
        self._client = Client(
            bucket,
            prefix=prefix or None,
            config=config,  # type: ignore[arg-type]
            client_options={"allow_http": endpoint.startswith("http://"), "timeout": "30s", "connect_timeout": "5s"},
            retry_config=dict(retry or _RETRY),  # type: ignore[arg-type]
        )
        self.url = f"s3://{bucket}/{prefix}".rstrip("/")

    def __repr__(self) -> str:
        return f"S3Store({self.url})"

    def location(self, name: str) -> str:
        return f"{self.url}/{checked_name(name)}"

    async def put(self, name: str, data: bytes, *, if_absent: bool = False, if_match: str | None = None) -> Blob:
        checksum = checksum_of(data)
        mode: PutMode = "overwrite"
        if if_absent:
            mode = "create"
        elif if_match is not None:
            mode = {"e_tag": if_match}
        try:
            result = await obstore.put_async(
                self._client, checked_name(name), data, attributes={_SUM: checksum}, mode=mode, use_multipart=False
            )
        except _FAILURES as exc:
            raise self._translated(name, exc) from exc
        blob = await self.head(name)
        # Another writer may have been here since: this describes what this call wrote.
        return Blob(name=name, size=len(data), modified_ms=blob.modified_ms, etag=result["e_tag"], checksum=checksum)

    async def get(self, name: str) -> bytes:
        try:
            result = await obstore.get_async(self._client, checked_name(name))
            data = bytes(await result.bytes_async())
        except _FAILURES as exc:
            raise self._translated(name, exc) from exc
        expected = result.attributes.get(_SUM)
        if expected and checksum_of(data) != expected:
            raise damaged(name, self.url)
        return data

    async def get_range(self, name: str, start: int, length: int) -> bytes:
        checked_name(name)
        if start < 0 or length < 1:
            raise out_of_range(name, start, length)
        try:
            return bytes(await obstore.get_range_async(self._client, name, start=start, length=length))
        except _FAILURES as exc:
            if "416" in str(exc):
                raise out_of_range(name, start, length) from exc
            raise self._translated(name, exc) from exc

    async def head(self, name: str) -> Blob:
        try:
            result = await obstore.get_async(self._client, checked_name(name), options={"head": True})
        except _FAILURES as exc:
            raise self._translated(name, exc) from exc
        return _blob(result.meta, result.attributes.get(_SUM))

    async def walk(self, prefix: str = "", *, after: str = "") -> AsyncIterator[Blob]:
        folder = checked_prefix(prefix)
        try:
            async for page in obstore.list(self._client, folder or None, offset=after or None, chunk_size=1000):
                for meta in page:
                    yield _blob(meta, None)
        except _FAILURES as exc:
            raise self._translated(folder, exc) from exc

    async def delete(self, name: str) -> None:
        await self.delete_many([name])

    async def delete_many(self, names: Iterable[str]) -> None:
        wanted = [checked_name(name) for name in names]
        for start in range(0, len(wanted), _DELETE_AT_ONCE):
            try:
                await obstore.delete_async(self._client, wanted[start : start + _DELETE_AT_ONCE])
            except _FAILURES as exc:
                raise self._translated(wanted[start], exc) from exc

    async def disk(self) -> None:
        """A bucket takes what it is given."""

    async def copy(self, source: str, target: str) -> Blob:
        try:
            await obstore.copy_async(self._client, checked_name(source), checked_name(target))
        except _FAILURES as exc:
            raise self._translated(source, exc) from exc
        return await self.head(target)

    def _translated(self, name: str, exc: Exception) -> SightlineError:
        text = str(exc)
        if "NoSuchBucket" in text:
            return StoreUnavailable(
                f"the bucket of {self.url} does not exist", hint="Create it, or correct the setting."
            )
        if isinstance(exc, failures.AlreadyExistsError | failures.PreconditionError):
            return taken(name, self.url)
        if isinstance(exc, FileNotFoundError):
            return missing(name, self.url)
        if isinstance(exc, failures.PermissionDeniedError | failures.UnauthenticatedError | PermissionError):
            return StoreDenied(f"{self.url} refuses access", hint="Check the policy of the role and of the bucket.")
        return StoreUnavailable(f"{self.url} does not answer: {text.splitlines()[0][:200]}")


_FAILURES: Final = (failures.BaseError, OSError)


def _blob(meta: "ObjectMeta", checksum: str | None) -> Blob:
    return Blob(
        name=meta["path"],
        size=meta["size"],
        modified_ms=to_ms(meta["last_modified"]),
        etag=meta["e_tag"],
        checksum=checksum,
    )


def _check_endpoint(endpoint: str) -> None:
    parts = urlsplit(endpoint)
    if parts.scheme == "http" and parts.hostname not in {"127.0.0.1", "::1", "localhost"}:
        raise SettingError(
            f"aws.endpoint_url = {endpoint!r} is not encrypted", hint="Write https://; http:// is for loopback only."
        )
