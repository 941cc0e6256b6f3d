"""Every error that Sightline raises on purpose.

The docstring of a class is its message where none is given. `hint` says what to do next. Two families: what the
caller did wrong (`CallerError`, answered with 4xx, exit code 2) and what failed on our side (`ServiceError`, 5xx,
exit code 1). Neither ever holds a secret or personal data.
"""

from collections.abc import Mapping


class SightlineError(Exception):
    """Something went wrong."""

    code = "error"
    status = 500
    exit_code = 1

    def __init__(self, message: str | None = None, *, hint: str | None = None, field: str | None = None) -> None:
        self.message = message or (type(self).__doc__ or "").strip().splitlines()[0]
        self.hint = hint
        self.field = field
        super().__init__(self.message)

    def line(self) -> str:
        """The error as one line for a terminal."""
        return f"{self.message.rstrip(chr(46))}. {self.hint}" if self.hint else self.message

    def headers(self) -> Mapping[str, str]:
        """Return the headers of an HTTP answer that says this error."""
        return {}


class CallerError(SightlineError):
    """The request cannot be carried out as it stands."""

    code = "bad_request"
    status = 400
    exit_code = 2


class InvalidValue(CallerError):
    """A value is not of the expected form."""

    code = "invalid_value"
    status = 422


class NotSignedIn(CallerError):
    """Sign in first."""

    code = "not_signed_in"
    status = 401
    exit_code = 4


class NotAllowed(CallerError):
    """Your role does not allow this."""

    code = "not_allowed"
    status = 403
    exit_code = 4


class NotFound(CallerError):
    """There is no such thing, or you may not see it."""

    code = "not_found"
    status = 404


class Conflict(CallerError):
    """This contradicts what is already there."""

    code = "conflict"
    status = 409


class TooLarge(CallerError):
    """The body is larger than this route takes."""

    code = "too_large"
    status = 413


class TooManyRequests(CallerError):
    """Too many attempts; wait and try again."""

    code = "too_many_requests"
    status = 429

    def __init__(self, message: str | None = None, *, retry_after: int, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after

    def headers(self) -> Mapping[str, str]:
        return {"retry-after": str(self.retry_after)}


class SettingError(CallerError):
    """A setting is wrong."""

    code = "setting"


class ServiceError(SightlineError):
    """Sightline could not do this."""

    code = "service"


class Unavailable(ServiceError):
    """A part that this needs is away; try again shortly."""

    code = "unavailable"
    status = 503
    exit_code = 3

    def headers(self) -> Mapping[str, str]:
        return {"retry-after": "2"}


class DatabaseUnavailable(Unavailable):
    """PostgreSQL does not answer."""

    code = "database_unavailable"


class CheckFailed(ServiceError):
    """A check did not hold; the rows above say which."""

    code = "check_failed"


class DiskFull(ServiceError):
    """The disk is full."""

    code = "disk_full"
    status = 507

    @classmethod
    def at(cls, place: object) -> "DiskFull":
        return cls(
            f"the disk that holds {str(place)!r} is full", hint="Free some space and try again; nothing was lost."
        )
