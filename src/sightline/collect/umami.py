"""Umami's protocol: the bodies of `/api/send` and `/api/batch`, and its answers.

Bytes in, hits out. The content type does not matter, unknown keys are passed over, and one of `website`, `link` and
`pixel` names the target. What is too long is left to later steps, which cut it; what has the wrong type is refused, and
the path of its field is told.
"""

import re
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from sightline.collect.hits import NO_CLAIMS, Claims, Hit, Malformed, What, believable

_TYPES: Final = {"event": What.EVENT, "identify": What.IDENTIFY, "performance": What.VITALS}
_WHERE: Final = re.compile(r" - at `(\$[^`]*)`$")
_STEP: Final = re.compile(r"\.([A-Za-z_]\w*)|\[(\d+|\.\.\.)\]")


class _Payload(Struct, gc=False):
    website: str | None = None
    link: str | None = None
    pixel: str | None = None
    hostname: str | None = None
    url: str | None = None
    referrer: str | None = None
    title: str | None = None
    screen: str | None = None
    language: str | None = None
    name: str | None = None
    tag: str | None = None
    id: str | None = None
    data: Raw = Raw()
    timestamp: int | None = None
    ip: str | None = None
    user_agent: str | None = msgspec.field(default=None, name="userAgent")
    browser: str | None = None
    os: str | None = None
    device: str | None = None
    lcp: float | None = None
    inp: float | None = None
    cls: float | None = None
    fcp: float | None = None
    ttfb: float | None = None


class _Body(Struct, gc=False):
    type: str
    payload: _Payload


_decoder: Final = msgspec.json.Decoder(_Body)
_items: Final = msgspec.json.Decoder(list[Raw])
_objects: Final = msgspec.json.Decoder(dict[str, Raw])


def decode(body: bytes | Raw) -> Hit:
    """Read one body."""
    try:
        sent = _decoder.decode(body)
    except msgspec.ValidationError as exc:
        raise misfit(exc) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Malformed("this is not JSON") from None
    except RecursionError:
        raise Malformed("this is nested too deeply") from None
    return _hit(sent)


def decode_batch(body: bytes, most: int) -> list[Hit | Malformed]:
    """Read the bodies of a batch; what is wrong with one of them says nothing about the others."""
    try:
        items = _numbered(body) if body.lstrip()[:1] == b"{" else _items.decode(body)
    except msgspec.ValidationError:
        raise Malformed("a batch is an array of bodies") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Malformed("this is not JSON") from None
    except RecursionError:
        raise Malformed("this is nested too deeply") from None
    if len(items) > most:
        raise Malformed(f"a batch has at most {most} items, got {len(items)}")
    return [_one(item) for item in items]


def _numbered(body: bytes) -> list[Raw]:
    """The array that `@umami/api-client` 0.81 meant: it sends the object {"0": …, "1": …} in its place."""
    found = _objects.decode(body)
    if not found or list(found) != [str(number) for number in range(len(found))]:
        raise Malformed("a batch is an array of bodies")
    return list(found.values())


def _one(item: Raw) -> Hit | Malformed:
    try:
        return decode(item)
    except Malformed as malformed:
        return malformed


def _hit(sent: _Body) -> Hit:
    payload = sent.payload
    what = _TYPES.get(sent.type)
    if what is None:
        raise Malformed("type is one of event, identify, performance", path=("type",))
    if payload.website is not None and payload.link is None and payload.pixel is None:
        target = payload.website
    else:
        what, target = _other_target(payload, what)
    return Hit(
        what, target, payload.hostname or "", payload.url or "", payload.referrer or "", payload.title or "",
        payload.screen or "", payload.language or "", payload.name or "", payload.tag or "", payload.id or "",
        _object(payload.data), _claims(payload), _measured(payload) if what is What.VITALS else (),
    )  # fmt: skip


def _other_target(payload: _Payload, what: What) -> tuple[What, str]:
    named = [(kind, value) for kind, value in ((None, payload.website), (What.LINK, payload.link),
                                               (What.PIXEL, payload.pixel)) if value is not None]  # fmt: skip
    if len(named) != 1:
        raise Malformed("name exactly one of website, link and pixel", path=("payload", "website"))
    kind, target = named[0]
    if kind is None:
        return what, target
    return kind if what is What.EVENT else what, f"{'link' if kind is What.LINK else 'pixel'}:{target}"


def _object(data: Raw) -> bytes:
    """Event or identify properties: an object; absent, null or empty is none."""
    if not data:
        return b""
    text = bytes(data)
    if text in {b"null", b"{}"}:
        return b""
    if text[:1] != b"{":
        raise Malformed("data is an object", path=("payload", "data"))
    return text


def _measured(payload: _Payload) -> tuple[tuple[str, float], ...]:
    values = (("LCP", payload.lcp), ("INP", payload.inp), ("CLS", payload.cls), ("FCP", payload.fcp),
              ("TTFB", payload.ttfb))  # fmt: skip
    return tuple((name, value) for name, value in values if value is not None and believable(name, value))


def _claims(payload: _Payload) -> Claims:
    if (
        payload.timestamp is None and payload.ip is None and payload.user_agent is None
        and payload.browser is None and payload.os is None and payload.device is None
    ):  # fmt: skip
        return NO_CLAIMS
    return Claims(payload.timestamp, payload.ip or "", payload.user_agent or "", payload.browser or "",
                  payload.os or "", payload.device or "")  # fmt: skip


def misfit(error: msgspec.ValidationError) -> Malformed:
    """The error with the path of its field; what was sent stands in no message."""
    text = str(error)
    found = _WHERE.search(text)
    path = tuple(name or index for name, index in _STEP.findall(found[1])) if found else ()
    said = text[: found.start()] if found else text
    if missing := re.match(r"Object missing required field `(\w+)`", said):
        path, said = (*path, missing[1]), "this field is missing"
    return Malformed(said, path=path)


# ---- answers -------------------------------------------------------------------------------------------------------

BOT: Final = b'{"beep":"boop"}'


def uuid_of(number: int) -> str:
    """Our 64-bit id in the shape of a UUID (version 8), from which it can be read again."""
    h = f"{number:016x}"
    return f"{h[:8]}-{h[8:12]}-8{h[12:15]}-8{h[15]}00-000000000000"


def accepted(token: str, visitor: int, visit: int) -> bytes:
    """The answer to a hit that is stored; `token` is our own alphabet, so nothing has to be escaped."""
    return f'{{"cache":"{token}","sessionId":"{uuid_of(visitor)}","visitId":"{uuid_of(visit)}"}}'.encode()


def refused(error: Malformed) -> bytes:
    """The answer to what cannot be read: Umami's shape, a tree that ends at the field."""
    tree: dict[str, Any] = {"errors": [error.message]}
    for step in reversed(error.path):
        tree = {"errors": [], "properties": {step: tree}}
    return failed(400, "bad-request", error.message, **tree)


def failed(status: int, code: str, message: str, **more: Any) -> bytes:
    return msgspec.json.encode({"error": {"message": message, "code": code, "status": status, **more}})


def batch_answer(size: int, wrong: list[tuple[int, bytes]], token: str) -> bytes:
    """The answer to a batch: how many items were fine, and what was said to each of the others."""
    details = [{"index": index, "response": Raw(said)} for index, said in wrong]
    return msgspec.json.encode(
        {"size": size, "processed": size - len(wrong), "errors": len(wrong), "details": details, "cache": token or None}
    )
