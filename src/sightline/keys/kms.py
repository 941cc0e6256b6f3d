"""A root key in AWS KMS: it wraps tenant keys only, so a cold process needs one call per tenant.

boto3 is imported on first use and runs in a few threads of its own. Every call carries an encryption context with the
parts of the key id, so KMS itself refuses a wrapped key that was moved to another tenant or version. What KMS answers
becomes one of three: away (`RootUnavailable`, try again), refused (`KeyDenied`), or not a valid wrap (`KeyFailure`).
"""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

from sightline.errors import SettingError, SightlineError
from sightline.keys.failures import KeyDenied, KeyFailure, RootUnavailable
from sightline.keys.wrap import KEY_SIZE, WRAP_KMS, KeyId, fail
from sightline.settings import AwsSettings

if TYPE_CHECKING:
    from types_boto3_kms import KMSClient

CONNECT_TIMEOUT_S: Final = 2
READ_TIMEOUT_S: Final = 3
# Two tries of connect and read, and what botocore waits between them.
CALL_TIMEOUT_S: Final = 8

_INVALID: Final = {"InvalidCiphertextException", "IncorrectKeyException", "ValidationException"}
# Answered with status 400 although trying again helps.
_BUSY: Final = {
    "ThrottlingException",
    "RequestLimitExceeded",
    "TooManyRequestsException",
    "LimitExceededException",
    "RequestTimeout",
    "RequestTimeoutException",
    "KeyUnavailableException",
}


class KmsRoot:
    """A symmetric KMS key, by ARN or alias."""

    __slots__ = ("_aws", "_client", "_lock", "_threads", "key_id", "name")

    def __init__(self, key_id: str, aws: AwsSettings) -> None:
        self.key_id = key_id
        self.name = f"kms:{key_id}"
        self._aws = aws
        self._client: KMSClient | None = None
        self._lock = asyncio.Lock()
        self._threads = ThreadPoolExecutor(4, thread_name_prefix="kms")

    def __repr__(self) -> str:
        return f"KmsRoot({self.name})"

    def __reduce__(self) -> str:
        raise TypeError("a root key is not pickled")

    def close(self) -> None:
        """Let go of threads and connections; a call that hangs ends with its own timeout."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._threads = ThreadPoolExecutor(4, thread_name_prefix="kms")  # starts no thread before it is used
        if self._client is not None:
            self._client.close()
            self._client = None

    async def wrap(self, key: bytes | bytearray, key_id: KeyId) -> bytes:
        answer = await self._call("encrypt", Plaintext=bytes(key), EncryptionContext=_context(key_id))
        return bytes((WRAP_KMS,)) + bytes(answer["CiphertextBlob"])

    async def unwrap(self, wrapped: bytes, key_id: KeyId) -> bytearray:
        if len(wrapped) < 2 or wrapped[0] != WRAP_KMS:
            fail()
        answer = await self._call("decrypt", CiphertextBlob=wrapped[1:], EncryptionContext=_context(key_id))
        key = bytearray(answer["Plaintext"])
        if len(key) != KEY_SIZE:
            fail()
        return key

    async def _call(self, operation: str, **parameters: object) -> dict[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - only where KMS is used

        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CALL_TIMEOUT_S):
                client = await self._connected()
                answer: dict[str, Any] = await loop.run_in_executor(
                    self._threads, lambda: getattr(client, operation)(KeyId=self.key_id, **parameters)
                )
        except ClientError as exc:
            raise _translated(exc.response) from None
        except (BotoCoreError, OSError, TimeoutError) as exc:
            raise RootUnavailable(f"AWS KMS does not answer: {type(exc).__name__}") from exc
        return answer

    async def _connected(self) -> "KMSClient":
        async with self._lock:
            if self._client is None:
                loop = asyncio.get_running_loop()
                self._client = await loop.run_in_executor(self._threads, self._connect)
            return self._client

    def _connect(self) -> "KMSClient":
        try:
            import boto3  # noqa: PLC0415 - a third of a second that only those with KMS pay
            from botocore.config import Config  # noqa: PLC0415
        except ImportError as exc:
            raise SettingError(
                "keys.root names an AWS KMS key, but boto3 is not installed", hint="Install sightline[aws]."
            ) from exc
        config = Config(
            connect_timeout=CONNECT_TIMEOUT_S,
            read_timeout=READ_TIMEOUT_S,
            retries={"mode": "standard", "total_max_attempts": 2},
        )
        client: KMSClient = boto3.session.Session().client(
            "kms",
            region_name=self._aws.region or None,
            endpoint_url=self._aws.endpoint_url or None,
            config=config,
        )
        return client


def _translated(answer: Mapping[str, Any]) -> SightlineError:
    code = str(answer.get("Error", {}).get("Code", "unknown"))
    status = int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 500))
    if code in _INVALID:
        return KeyFailure()
    if code in _BUSY or status >= 500:
        return RootUnavailable(f"AWS KMS cannot answer now: {code}")
    return KeyDenied(
        f"AWS KMS refused: {code}",
        hint="Check that the key of keys.root exists, is enabled and may be used by this role.",
    )


def _context(key_id: KeyId) -> dict[str, str]:
    return {
        "application": "sightline",
        "kind": key_id.kind.name.lower(),
        "tenant": str(key_id.tenant_id),
        "purpose": key_id.purpose or "-",
        "owner": key_id.owner or "-",
        "version": str(key_id.version),
    }
