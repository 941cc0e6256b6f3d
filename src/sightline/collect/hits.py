"""What every protocol's decoder makes: a hit as it was sent, and who sent it, before any step has looked at them."""

from enum import IntEnum
from typing import Final

from msgspec import Struct

from sightline.errors import CallerError
from sightline.privacy.consent import Mode


class What(IntEnum):
    """What a hit says."""

    EVENT = 1  # a page view, or with a name a custom event
    LINK = 2
    PIXEL = 3
    IDENTIFY = 4
    VITALS = 5
    ENGAGEMENT = 6
    ERROR = 7


class Claims(Struct, frozen=True, gc=False):
    """What a sender says in place of what is seen of it; believed only of one that shows an API key."""

    at_s: int | None = None
    address: str = ""
    agent: str = ""
    browser: str = ""
    os: str = ""
    device: str = ""

    def names(self) -> str:
        """The names of what is claimed, for the header that says what was ignored."""
        given = ("timestamp" if self.at_s is not None else "", self.address and "ip", self.agent and "userAgent",
                 self.browser and "browser", self.os and "os", self.device and "device")  # fmt: skip
        return ", ".join(name for name in given if name)


NO_CLAIMS: Final = Claims()


class Hit(Struct, frozen=True, gc=False):
    """One thing that was sent. Texts are as they came; `data` is JSON that nobody has read yet."""

    what: What
    target: str
    hostname: str = ""
    url: str = ""
    referrer: str = ""
    title: str = ""
    screen: str = ""
    language: str = ""
    name: str = ""
    tag: str = ""
    person: str = ""
    data: bytes = b""
    claims: Claims = NO_CLAIMS
    measured: tuple[tuple[str, float], ...] = ()  # Web Vitals by their names


class Sender(Struct, gc=False):
    """Who sent it, as the connection and its headers say; `near` is what a trusted proxy says of where that is."""

    address: str = ""
    agent: str = ""
    token: str = ""
    key: str = ""
    gpc: str = ""
    dnt: str = ""
    consent: Mode | None = None
    near: tuple[str, str, str] = ("", "", "")


class Malformed(CallerError):
    """This is no body of that protocol."""

    code = "malformed"

    def __init__(self, message: str, *, path: tuple[str, ...] = ()) -> None:
        super().__init__(message, field=".".join(path) or None)
        self.path = path


# Web Vitals that a hit may measure. An hour: no page takes longer to paint, so a longer value is a clock that was set.
VITALS: Final = frozenset({"LCP", "INP", "CLS", "FCP", "TTFB", "FID"})
_MOST_MS: Final = 3_600_000.0
_MOST_SHIFT: Final = 1000.0


def believable(metric: str, value: float) -> bool:
    """Whether a browser can have measured this value; NaN compares with nothing."""
    return metric in VITALS and 0 <= value <= (_MOST_SHIFT if metric == "CLS" else _MOST_MS)
