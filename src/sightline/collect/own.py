"""Our own protocol: the batches that the SDK sends, and what is answered, as docs/reference/browser-protocol.md says.

Bytes in, hits out, no I/O. A batch is gzip or plain JSON, told apart by its first bytes, since a beacon carries no
headers of ours. What is wrong with the envelope refuses the batch; what is wrong with one item drops that item, and
the answer says why.
"""

import re
import zlib
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Raw, Struct

from sightline.collect.hits import Hit, Malformed, What, believable
from sightline.errors import TooLarge
from sightline.privacy.consent import Mode

VERSION: Final = 1
MAX_BODY: Final = 131_072  # bytes as they came
MAX_INFLATED: Final = 524_288  # bytes of JSON
MAX_ITEMS: Final = 200
MAX_SEQ: Final = 2**31 - 1
# Older than this nobody holds a batch in memory; what claims to be is dated to this age.
MAX_AGE_MS: Final = 24 * 3600 * 1000
_GZIP: Final = b"\x1f\x8b"
_ID: Final = re.compile(r"[A-Za-z0-9_-]{8,40}")
_RELEASE: Final = re.compile(r"[\x20-\x7e]{0,100}")

T = TypeVar("T")


class _Envelope(Struct, gc=False):
    v: int
    site: str
    doc: str
    seq: int
    at: float
    items: list[Raw]
    sdk: str = ""
    conf: str = ""
    consent: Mode | None = None
    lost: int = 0
    host: str = ""
    screen: str = ""
    lang: str = ""
    release: str = ""
    env: str = ""


class _Item(Struct, gc=False):
    """What every item has: its kind, the moment on the browser's clock, the page view it belongs to."""

    k: str
    t: float
    url: str = ""
    page: str = ""


class PageView(_Item, gc=False):
    """`page`."""

    ref: str = ""
    title: str = ""
    nav: str = ""


class Named(_Item, gc=False):
    """`event`."""

    name: str = ""
    title: str = ""
    props: Raw = Raw()


class Identified(_Item, gc=False):
    """`identify`."""

    id: str = ""
    traits: Raw = Raw()


class Spent(_Item, gc=False):
    """`engagement`: the time that a page was in front and used, and how much of it was scrolled through.

    It says the page view's title and referrer again, so that a breakdown by them finds the time where the view is.
    """

    ref: str = ""
    title: str = ""
    ms: int = 0
    scroll: int = 0


class Measured(_Item, gc=False):
    """`vital`."""

    name: str = ""
    value: float = 0.0
    nav: str = ""
    el: str = ""
    detail: Raw = Raw()


class Failed(_Item, gc=False):
    """`error`."""

    src: str = ""
    name: str = ""
    msg: str = ""
    stack: str = ""
    comp: str = ""
    handled: bool = False
    n: int = 1
    ctx: Raw = Raw()
    crumbs: Raw = Raw()


Item = PageView | Named | Identified | Spent | Measured | Failed


class Sent(Struct, frozen=True, gc=False):
    """One item as a hit, with what the hit has no place for."""

    hit: Hit
    item: Item
    at_ms: int  # on the browser's clock


class Batch(Struct, frozen=True):
    """A batch as it was sent; `key` is the same whenever it is sent again."""

    site: str
    document: str
    seq: int
    at_ms: int  # when it was sent, on the browser's clock
    sdk: str
    configuration: str
    consent: Mode | None
    lost: int
    viewport: int
    release: str
    environment: str
    items: tuple[Sent | Malformed, ...]

    @property
    def key(self) -> str:
        return f"own/{self.site}/{self.document}/{self.seq}"


_envelope: Final = msgspec.json.Decoder(_Envelope)
_kind: Final = msgspec.json.Decoder(_Item)
_DECODERS: Final[dict[str, msgspec.json.Decoder[Item]]] = {
    "page": msgspec.json.Decoder(PageView),
    "event": msgspec.json.Decoder(Named),
    "identify": msgspec.json.Decoder(Identified),
    "engagement": msgspec.json.Decoder(Spent),
    "vital": msgspec.json.Decoder(Measured),
    "error": msgspec.json.Decoder(Failed),
}
_WHAT: Final = {
    "page": What.EVENT, "event": What.EVENT, "identify": What.IDENTIFY, "engagement": What.ENGAGEMENT,
    "vital": What.VITALS, "error": What.ERROR,
}  # fmt: skip


def decode(body: bytes) -> Batch:
    """Read a batch."""
    sent = decoded(_envelope, inflated(body, MAX_BODY, MAX_INFLATED), "")
    if sent.v != VERSION:
        raise Malformed(f"this server speaks version {VERSION} of the protocol", path=("v",))
    if len(sent.items) > MAX_ITEMS:
        raise Malformed(f"a batch has at most {MAX_ITEMS} items, got {len(sent.items)}", path=("items",))
    named("doc", sent.doc)
    if not 0 <= sent.seq <= MAX_SEQ:
        raise Malformed("a sequence number counts from 0", path=("seq",))
    check_moment(sent.at, "at")
    width = sent.screen.partition("x")[0]
    return Batch(
        sent.site, sent.doc, sent.seq, int(sent.at), sent.sdk[:20], sent.conf[:40], sent.consent,
        max(0, min(sent.lost, 1_000_000)), int(width) if width.isascii() and width.isdigit() and len(width) < 6 else 0,
        _plain(sent.release), _plain(sent.env), tuple(_item(raw, sent, index) for index, raw in enumerate(sent.items)),
    )  # fmt: skip


def inflated(body: bytes, most: int, most_inflated: int) -> bytes:
    """The bytes behind a body that may be gzip, within limits; what follows the stream is refused."""
    if len(body) > most:
        raise TooLarge(f"a batch has at most {most} bytes, got {len(body)}", hint="Send less at once.")
    if body[:2] != _GZIP:
        return body
    unpacking = zlib.decompressobj(31)
    try:
        found = unpacking.decompress(body, most_inflated)
    except zlib.error:
        raise Malformed("this is not gzip") from None
    if not unpacking.eof:
        if len(found) >= most_inflated:
            raise TooLarge(f"a batch has at most {most_inflated} bytes of JSON", hint="Send less at once.")
        raise Malformed("this gzip stream ends too early")
    if unpacking.unused_data:
        raise Malformed("something follows the gzip stream")
    return found


def named(name: str, value: str) -> str:
    """An id that the browser made, where it may stand as a word; anything else is refused."""
    if not _ID.fullmatch(value):
        raise Malformed("an id has 8 to 40 letters, digits, - or _", path=(name,))
    return value


def _item(raw: Raw, sent: _Envelope, index: int) -> Sent | Malformed:
    where = f"items[{index}]"
    try:
        item = _typed(raw, where)
        if item.page:
            named(f"{where}.page", item.page)
        check_moment(item.t, f"{where}.t")
        return Sent(_hit(item, sent), item, int(item.t))
    except Malformed as malformed:
        return malformed


def _typed(raw: Raw, where: str) -> Item:
    decoder = _DECODERS.get(decoded(_kind, raw, where).k)
    if decoder is None:
        raise Malformed(f"an item is one of {', '.join(_DECODERS)}", path=(where, "k"))
    return decoded(decoder, raw, where)


def check_moment(ms: float, name: str) -> None:
    if not 0 <= ms < 1e14:
        raise Malformed("a moment is in milliseconds since 1970", path=(name,))


def _hit(item: Item, sent: _Envelope) -> Hit:
    name, title, referrer, person, data = "", "", "", "", b""
    measured: tuple[tuple[str, float], ...] = ()
    match item:
        case PageView() | Spent():
            title, referrer = item.title, item.ref
        case Named():
            name, title, data = item.name, item.title, _object(item.props, "props")
            if not name:
                raise Malformed("an event has a name", path=("name",))
        case Identified():
            person, data = item.id, _object(item.traits, "traits")
            if not person:
                raise Malformed("an identify has an id", path=("id",))
        case Measured():
            _object(item.detail, "detail")
            if not believable(item.name, item.value):
                raise Malformed("no browser measures this", path=("value",))
            measured = ((item.name, item.value),)
        case Failed():
            _object(item.ctx, "ctx")
    return Hit(
        _WHAT[item.k], sent.site, hostname=sent.host, url=item.url, referrer=referrer, title=title,
        screen=sent.screen, language=sent.lang, name=name, person=person, data=data,
        measured=measured,
    )  # fmt: skip


def _object(data: Raw, name: str) -> bytes:
    """A JSON object as it was sent; absent, null or empty is none."""
    text = bytes(data)
    if text in {b"", b"null", b"{}"}:
        return b""
    if text[:1] != b"{":
        raise Malformed("this is an object", path=(name,))
    return text


def _plain(text: str) -> str:
    return text if _RELEASE.fullmatch(text) else ""


def decoded(decoder: "msgspec.json.Decoder[T]", data: bytes | Raw, where: str) -> T:
    """Decode; what was sent stands in no message."""
    try:
        return decoder.decode(data)
    except msgspec.ValidationError as exc:
        path = re.search(r" - at `\$\.?([^`]*)`$", str(exc))
        said = str(exc)[: path.start()] if path else str(exc)
        steps = [step for step in (where, path[1] if path else "") if step]
        raise Malformed(said, path=tuple(steps)) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Malformed("this is not JSON", path=(where,) if where else ()) from None
    except RecursionError:
        raise Malformed("this is nested too deeply", path=(where,) if where else ()) from None


# ---- answers -------------------------------------------------------------------------------------------------------


def answer(
    *, visit: int, accepted: int, duplicate: bool, dropped: list[tuple[int, str]], configuration: dict[str, Any] | None
) -> bytes:
    """What is said to a batch that is durable, or that nobody wants again."""
    said: dict[str, Any] = {"accepted": accepted}
    if visit:
        said["visit"] = str(visit)
    if duplicate:
        said["duplicate"] = True
    if dropped:
        said["dropped"] = dropped
    if configuration is not None:
        said["configuration"] = configuration
    return msgspec.json.encode(said)
