"""boto3's clients for the commands of `sightline aws`, and what AWS refuses turned into a sentence and a next step.

boto3 is imported only when AWS is asked. The commands run alone in their process, so they call it directly.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from threading import Lock
from typing import Any, Final

from sightline.errors import ServiceError, SettingError
from sightline.settings import AwsSettings

_DENIED: Final = "Ask for the permission, or take on a role that has it."
_EXPIRED: Final = "Sign in again: the credentials have run out."
_UNKNOWN: Final = "AWS does not know the credentials: check AWS_PROFILE, and that the account has enabled the region."
_QUOTA: Final = "A quota of the account is used up: raise it in Service Quotas, then run this again."
_SLOWER: Final = "AWS asks to slow down: wait a minute and run this again; it goes on where it was."
# What AWS calls it: what to do.
_NEXT: Final = {
    "AccessDenied": _DENIED,
    "AccessDeniedException": _DENIED,
    "UnauthorizedOperation": _DENIED,
    "AuthFailure": "Sign in again; the credentials are not those of this account.",
    "ExpiredToken": _EXPIRED,
    "ExpiredTokenException": _EXPIRED,
    "RequestExpired": _EXPIRED,
    "InvalidClientTokenId": _UNKNOWN,
    "UnrecognizedClientException": _UNKNOWN,
    "InvalidAccessKeyId": _UNKNOWN,
    "SignatureDoesNotMatch": "Check the secret key and the clock of this machine.",
    "RequestLimitExceeded": _SLOWER,
    "TooManyRequestsException": _SLOWER,
    "SlowDown": _SLOWER,
}
# Services name these each in their own way: VpcLimitExceeded, ServiceQuotaExceededException, ThrottledException …
_ENDINGS: Final = (("LimitExceeded", _QUOTA), ("QuotaExceeded", _QUOTA), ("Throttl", _SLOWER))
_CREDENTIALS: Final = {"NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError", "ProfileNotFound"}
# A sign-in of IAM Identity Center that has run out never reaches AWS.
_SIGN_INS: Final = {
    "UnauthorizedSSOTokenError", "SSOTokenLoadError", "TokenRetrievalError", "PendingAuthorizationExpiredError",
}  # fmt: skip
_ONE_AT_A_TIME: Final = Lock()  # a session makes its clients one after the other
_AWAY: Final = {
    "EndpointConnectionError", "ConnectTimeoutError", "ReadTimeoutError", "ConnectionClosedError", "HTTPClientError",
    "ConnectionError", "ProxyConnectionError", "SSLError",
}  # fmt: skip


class AwsRefused(ServiceError):
    """AWS did not do what was asked."""

    code = "aws"


class AwsAway(ServiceError):
    """AWS does not answer."""

    code = "aws_away"
    exit_code = 3


def client(service: Any, aws: AwsSettings, *, region: str = "") -> Any:
    """A client of a service; `region` where the service lives in one only."""
    try:
        import boto3  # noqa: F401, PLC0415 - only where AWS is used
        from botocore.config import Config  # noqa: PLC0415
    except ImportError as exc:
        raise SettingError("boto3 is not installed", hint="Install sightline[aws].") from exc
    if not aws.region:
        raise SettingError("aws.region is not set", hint="Set it, or AWS_REGION.")
    config = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 4})
    with told(f"open {service}"), _ONE_AT_A_TIME:
        return _session(tuple((name, value) for name, value in os.environ.items() if name.startswith("AWS_"))).client(
            service, region_name=region or aws.region, endpoint_url=aws.endpoint_url or None, config=config
        )


@lru_cache(maxsize=1)
def _session(_environment: tuple[tuple[str, str], ...]) -> Any:
    """One for all services, as long as the environment names the same credentials: making one takes half of a client.

    The descriptions of services are read once, whatever the credentials: that of EC2 alone takes half a second.
    """
    import boto3  # noqa: PLC0415 - only where AWS is used
    import botocore.session  # noqa: PLC0415

    core = botocore.session.get_session()
    core.register_component("data_loader", _loader())
    return boto3.session.Session(botocore_session=core)


@cache
def _loader() -> Any:
    from botocore.loaders import create_loader  # noqa: PLC0415 - only where AWS is used

    return create_loader()


@contextmanager
def told(what: str) -> Iterator[None]:
    """Turn what boto3 raises into one line that says what was tried, what AWS answered, and what to do."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - only where AWS is used

    try:
        yield
    except ClientError as exc:
        error = exc.response.get("Error", {})
        code = str(error.get("Code", "unknown"))
        raise AwsRefused(
            f"cannot {what}: AWS answered {code}: {error.get('Message', '')}", hint=_next_step(code)
        ) from exc
    except BotoCoreError as exc:
        kind = type(exc).__name__
        if kind in _CREDENTIALS:
            raise SettingError(
                f"cannot {what}: there are no credentials", hint="Sign in, or set AWS_PROFILE or AWS_ACCESS_KEY_ID."
            ) from exc
        if kind in _SIGN_INS:
            raise AwsRefused(f"cannot {what}: the sign-in has run out", hint="Sign in again: `aws sso login`.") from exc
        if kind in _AWAY:
            raise AwsAway(
                f"cannot {what}: AWS does not answer", hint="Check the network and aws.region, then run this again."
            ) from exc
        raise AwsRefused(f"cannot {what}: {exc}", hint="Check aws.region and the settings of the AWS client.") from exc


def _next_step(code: str) -> str:
    known = _NEXT.get(code) or next((step for part, step in _ENDINGS if part in code), "")
    return known or "Look the code up in AWS's documentation of this call."


def pages(service: Any, operation: str, key: str, **arguments: Any) -> Iterator[Any]:
    """Everything that an operation lists, over all its pages."""
    with told(f"list by {operation}"):
        if service.can_paginate(operation):
            for page in service.get_paginator(operation).paginate(**arguments):
                yield from page.get(key, [])
        else:
            yield from getattr(service, operation)(**arguments).get(key, [])
