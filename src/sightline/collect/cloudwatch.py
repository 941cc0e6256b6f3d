"""What CloudWatch Logs delivers to a subscriber, and the two ways in which it comes here.

A payload is one JSON document, gzip: a log group, a stream, and some events of it. Lambda hands it to a forwarder in
base64, which posts it as it is; Firehose posts many of them, each in base64 within its own JSON. Bytes in, payloads
out, no I/O. What is wrong with a request refuses it; what is wrong with one record is told beside the others.
"""

import binascii
import hashlib
import re
from base64 import b64decode
from typing import Final

import msgspec
from msgspec import Struct

from sightline.collect.hits import Malformed
from sightline.collect.own import decoded, inflated
from sightline.errors import TooLarge

MAX_BODY: Final = 16 << 20  # bytes as they came
MAX_REQUEST: Final = 32 << 20  # bytes of a request of Firehose, unpacked
MAX_PAYLOAD: Final = 8 << 20  # bytes of one payload as it came
MAX_INFLATED: Final = 64 << 20  # bytes of JSON of one payload
MAX_RECORDS: Final = 10_000
MAX_EVENTS: Final = 200_000
# What is committed together; a payload with more has several batches, each with its own key. A line of metrics becomes
# as many signals as it has of them, at 19 characters each, and a batch may not have more than 32,768.
EVENTS_OF_BATCH: Final = 2_000
CHARACTERS_OF_BATCH: Final = 512 * 1024
_NAME: Final = 1_024  # CloudWatch's own limit is 512
_ID: Final = re.compile(r"[\x21-\x7e]{1,128}")
_REQUEST: Final = re.compile(r"[\x21-\x7e]{1,128}")


class _Record(Struct, gc=False):
    data: str


class _Firehose(Struct, gc=False, rename="camel"):
    request_id: str
    timestamp: float
    records: list[_Record]


class Event(Struct, frozen=True, gc=False):
    """One line as CloudWatch keeps it; of the same id is the same line. Emulators write it as a number."""

    id: str | int
    timestamp: int
    message: str


class _Payload(Struct, gc=False, rename="camel"):
    message_type: str
    log_group: str = ""
    log_stream: str = ""
    log_events: list[Event] = []


class Delivery(Struct, frozen=True):
    """The lines of one stream; none when CloudWatch only asks whether anybody listens."""

    group: str
    stream: str
    events: tuple[Event, ...]

    def batches(self) -> list[tuple[str, tuple[Event, ...]]]:
        """The lines as they are committed: each part with a key that is the same whenever it is delivered again."""
        parts: list[tuple[Event, ...]] = []
        first = characters = 0
        for at, event in enumerate(self.events):
            characters += len(event.message)
            if at > first and (at - first == EVENTS_OF_BATCH or characters > CHARACTERS_OF_BATCH):
                parts.append(self.events[first:at])
                first, characters = at, len(event.message)
        parts.append(self.events[first:])
        return [(self._key(part), part) for part in parts if part]

    def _key(self, part: tuple[Event, ...]) -> str:
        names = "\n".join([self.group, self.stream, *(str(event.id) for event in part)])
        return hashlib.blake2b(names.encode(), digest_size=16).hexdigest()


class Request(Struct, frozen=True):
    """One request of Firehose: its payloads, still packed, and what is wrong with the others."""

    id: str
    payloads: tuple[bytes | Malformed, ...]


_firehose: Final = msgspec.json.Decoder(_Firehose)
_payload: Final = msgspec.json.Decoder(_Payload)


def request_of_firehose(body: bytes) -> Request:
    """Read a request of Firehose's protocol for HTTP endpoints, version 1.0."""
    sent = decoded(_firehose, inflated(body, MAX_BODY, MAX_REQUEST), "")
    if not _REQUEST.fullmatch(sent.request_id):
        raise Malformed("a request has an id", path=("requestId",))
    if len(sent.records) > MAX_RECORDS:
        raise Malformed(f"a request has at most {MAX_RECORDS} records, got {len(sent.records)}", path=("records",))
    return Request(sent.request_id, tuple(_unpacked(record, at) for at, record in enumerate(sent.records)))


def _unpacked(record: _Record, at: int) -> bytes | Malformed:
    try:
        return b64decode(record.data, validate=True)
    except (binascii.Error, ValueError):
        return Malformed("this is not base64", path=(f"records[{at}]", "data"))


def delivery(payload: bytes) -> Delivery:
    """Read one payload: gzip, or plain where Firehose has unpacked it."""
    if len(payload) > MAX_PAYLOAD:
        raise TooLarge(f"a payload has at most {MAX_PAYLOAD} bytes, got {len(payload)}", hint="Send less at once.")
    sent = decoded(_payload, inflated(payload, MAX_PAYLOAD, MAX_INFLATED), "")
    if sent.message_type == "CONTROL_MESSAGE":
        return Delivery("", "", ())
    if sent.message_type != "DATA_MESSAGE":
        raise Malformed("a payload is a DATA_MESSAGE or a CONTROL_MESSAGE", path=("messageType",))
    if not sent.log_group or len(sent.log_group) > _NAME or len(sent.log_stream) > _NAME:
        raise Malformed("a payload names its log group and stream", path=("logGroup",))
    if len(sent.log_events) > MAX_EVENTS:
        raise Malformed(f"a payload has at most {MAX_EVENTS} events, got {len(sent.log_events)}", path=("logEvents",))
    for at, event in enumerate(sent.log_events):
        if not _ID.fullmatch(str(event.id)):
            raise Malformed("an event has an id", path=(f"logEvents[{at}]", "id"))
        if not 0 <= event.timestamp < 10**14:
            raise Malformed("a moment is in milliseconds since 1970", path=(f"logEvents[{at}]", "timestamp"))
    return Delivery(sent.log_group, sent.log_stream, tuple(sent.log_events))
