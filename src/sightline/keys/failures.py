"""What can go wrong with a key. None says why a key or a text could not be opened: only a forger gains by it."""

from collections.abc import Mapping

from sightline.errors import Conflict, ServiceError, Unavailable


class KeyFailure(ServiceError):
    """The key or what it sealed could not be opened."""

    code = "key_failure"


class KeyDenied(ServiceError):
    """The root key refused to unwrap a key."""

    code = "key_denied"


class RootUnavailable(Unavailable):
    """The root key does not answer, and the key that is needed is not held in memory."""

    code = "root_key_unavailable"

    def __init__(self, message: str | None = None, *, retry_after: int = 2, hint: str | None = None) -> None:
        super().__init__(message, hint=hint or "Try again shortly; nothing was stored.")
        self.retry_after = retry_after

    def headers(self) -> Mapping[str, str]:
        return {"retry-after": str(self.retry_after)}


class KeyDestroyed(Conflict):
    """This key was destroyed; what it sealed is gone for good, and no new key takes its place."""

    code = "key_destroyed"
    status = 410


class LeaseEnded(ServiceError):
    """More was sealed with a key than was asked for: ask `data_key` for `uses=` as many as will be sealed."""

    code = "key_lease_ended"


class KeyInUse(Conflict):
    """This key still wraps others, so it cannot be destroyed yet."""

    code = "key_in_use"
