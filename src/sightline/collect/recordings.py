"""Chunks of recordings as the SDK sends them: one line of JSON that says what they are, then rrweb events as an array.

No I/O. Gzip or plain, as batches are. The events are only read as JSON here: the masker judges each of them.
"""

from typing import Any, Final

import msgspec
import orjson
from msgspec import Struct

from sightline.collect import own
from sightline.collect.hits import Malformed
from sightline.errors import TooLarge
from sightline.privacy.consent import Mode

MAX_BODY: Final = 2_000_000  # bytes as they came
MAX_INFLATED: Final = 12_000_000
MAX_HEAD: Final = 4_096
MAX_EVENTS: Final = 20_000


class _Head(Struct, gc=False):
    v: int
    site: str
    tab: str
    doc: str
    seq: int
    at: float
    first: float
    last: float
    n: int
    consent: Mode | None = None
    host: str = ""
    url: str = ""


class Sent(Struct, frozen=True):
    """A chunk as it was sent; moments are on the browser's clock."""

    site: str
    tab: str
    document: str
    seq: int
    at_ms: int
    first_ms: int
    last_ms: int
    consent: Mode | None
    hostname: str
    url: str
    events: list[Any]

    @property
    def key(self) -> str:
        return f"recording/{self.site}/{self.document}/{self.seq}"


_head: Final = msgspec.json.Decoder(_Head)


def decode(body: bytes) -> Sent:
    """Read a chunk."""
    line, newline, rest = own.inflated(body, MAX_BODY, MAX_INFLATED).partition(b"\n")
    if not newline or len(line) > MAX_HEAD:
        raise Malformed("a chunk begins with a line that says what it is")
    head = own.decoded(_head, line, "")
    if head.v != own.VERSION:
        raise Malformed(f"this server speaks version {own.VERSION} of the protocol", path=("v",))
    for name, value in (("tab", head.tab), ("doc", head.doc)):
        own.named(name, value)
    for name, moment in (("at", head.at), ("first", head.first), ("last", head.last)):
        own.check_moment(moment, name)
    if not 0 <= head.seq <= own.MAX_SEQ:
        raise Malformed("a sequence number counts from 0", path=("seq",))
    try:
        events = orjson.loads(rest)
    except orjson.JSONDecodeError:
        raise Malformed("this is not JSON", path=("events",)) from None
    if not isinstance(events, list):
        raise Malformed("events are an array", path=("events",))
    if len(events) > MAX_EVENTS:
        raise TooLarge(f"a chunk has at most {MAX_EVENTS} events, got {len(events)}", hint="Send smaller chunks.")
    return Sent(
        head.site, head.tab, head.doc, head.seq, int(head.at), int(head.first), int(head.last), head.consent,
        head.host, head.url, events,
    )  # fmt: skip
