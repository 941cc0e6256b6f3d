"""How a session of OpenReplay's tracker begins: what it says, and what it is answered."""

from typing import Any, Final

import msgspec
from msgspec import Struct

from sightline.collect import own
from sightline.collect.hits import Malformed

MAX_BODY: Final = 65_536
MAX_INFLATED: Final = 262_144
PROTOCOL: Final = 2
# Hard limit of a batch, and from which size on it is compressed: bytes.
_BEACON: Final = 900_000
_COMPRESS: Final = 20_000
_DAY_MS: Final = 24 * 3600 * 1000


class Start(Struct, gc=False, rename="camel"):
    """What is read of a start; the tracker says more."""

    project_key: str = msgspec.field(name="projectKey", default="")
    timestamp: float = 0
    user_uuid: str | None = msgspec.field(name="userUUID", default=None)
    user_id: str | None = msgspec.field(name="userID", default=None)
    rev_id: str | None = msgspec.field(name="revID", default=None)
    token: str | None = None
    do_not_record: bool = False
    buffer_diff: float = 0
    width: float = 0
    height: float = 0
    referrer: str = ""

    @property
    def screen(self) -> str:
        return f"{int(self.width)}x{int(self.height)}" if 0 < self.width < 1e5 and 0 < self.height < 1e5 else ""

    def delay_ms(self, now_ms: int) -> int:
        """How far this clock is ahead of the browser's."""
        return now_ms - int(self.timestamp) if 0 < self.timestamp < 1e14 else 0


_start: Final = msgspec.json.Decoder(Start)


def decode(body: bytes) -> Start:
    """Read a start, gzip or plain."""
    start = own.decoded(_start, own.inflated(body, MAX_BODY, MAX_INFLATED), "")
    if not start.project_key:
        raise Malformed("a start names its project", path=("projectKey",))
    return start


class Begun(Struct, frozen=True, kw_only=True):
    """What is answered: the tracker refuses to start when one of the first six is missing."""

    token: str
    visit: int
    user: str
    delay_ms: int
    project: str
    started_ms: int


def answer(begun: Begun) -> bytes:
    said: dict[str, Any] = {
        "token": begun.token,
        "userUUID": begun.user,
        "sessionID": str(begun.visit),
        "projectID": begun.project,
        "delay": begun.delay_ms,
        "startTimestamp": begun.started_ms,
        "timestamp": begun.started_ms,
        "beaconSizeLimit": _BEACON,
        "compressionThreshold": _COMPRESS,
        "protocolVersion": PROTOCOL,
        # No site can opt in to pixels yet: a tracker that is not told so sends none.
        "canvasEnabled": False,
        "canvasQuality": "low",
        "canvasFPS": 1,
        "framesSupport": True,
        "assistOnly": False,
    }
    return msgspec.json.encode(said)
