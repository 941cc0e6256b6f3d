"""What of the stream is no replay: page views, events, people, vitals and errors, as our own SDK sends them."""

from collections.abc import Iterator, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
import orjson
from msgspec import Raw, Struct

from sightline.collect import own
from sightline.collect.hits import Hit, What, believable
from sightline.collect.openreplay import messages as m
from sightline.collect.openreplay.decoder import Message, Part

MAX_ITEMS: Final = 500  # of one body; what is beyond is counted
_MAX_FRAMES: Final = 50
_MAX_JSON: Final = 32_768


class Context(Struct, frozen=True):
    """The page that messages are about, as far as they do not say it themselves."""

    site: str
    document: str
    href: str
    referrer: str
    screen: str
    time_ms: int


def happenings(context: Context, parts: Sequence[Part]) -> tuple[list[own.Sent], int]:
    """What happened, and how much of it cannot be believed or is too much."""
    found: list[own.Sent] = []
    lost = 0
    for sent in _all(context, parts):
        if sent is None or len(found) >= MAX_ITEMS:
            lost += 1
        else:
            found.append(sent)
    return found, lost


def _all(context: Context, parts: Sequence[Part]) -> Iterator[own.Sent | None]:
    reader = _Reader(context)
    for part in parts:
        for message in part.messages:
            kind = message[0]
            if kind == m.TIMESTAMP:
                reader.at_ms = message[1]
            elif (read := _READ.get(kind)) is not None:
                yield read(reader, message)


class _Reader:
    def __init__(self, context: Context) -> None:
        self.context = context
        self.at_ms = context.time_ms
        self.href = context.href

    def page(self, message: Message) -> own.Sent:
        _, self.href, referrer, _, title = message
        item = own.PageView("page", self.at_ms, self.href, self.context.document, ref=referrer, title=title)
        return self._sent(item, title=title, referrer=referrer)

    def event(self, message: Message) -> own.Sent | None:
        name, payload = message[1], _object(message[2])
        if not name:
            return None
        item = own.Named("event", self.at_ms, self.href, self.context.document, name=name, props=Raw(payload))
        return self._sent(item, name=name, data=payload)

    def person(self, message: Message) -> own.Sent | None:
        if not message[1]:
            return None
        item = own.Identified("identify", self.at_ms, self.href, self.context.document, id=message[1])
        return self._sent(item, person=message[1])

    def metadata(self, message: Message) -> own.Sent | None:
        if not message[1]:
            return None
        data = orjson.dumps({message[1]: message[2]})
        item = own.Identified("identify", self.at_ms, self.href, self.context.document, traits=Raw(data))
        return self._sent(item, data=data)

    def vital(self, message: Message) -> own.Sent | None:
        try:
            value = float(message[2])
        except ValueError:
            return None
        return self._vital(message[1], value)

    def load(self, message: Message) -> own.Sent | None:
        """Of the moments of loading only the first paint is a vital that comes in no message of its own."""
        first_paint = message[9]
        return self._vital("FCP", float(first_paint)) if first_paint else None

    def error(self, message: Message) -> own.Sent:
        _, name, text, stack, _ = message
        item = own.Failed(
            "error", self.at_ms, self.href, self.context.document, src="error", name=name, msg=text, stack=_stack(stack)
        )
        return self._sent(item)

    def _vital(self, name: str, value: float) -> own.Sent | None:
        if not believable(name, value):
            return None
        item = own.Measured("vital", self.at_ms, self.href, self.context.document, name=name, value=value)
        return self._sent(item, measured=((name, value),))

    def _sent(self, item: own.Item, **said: Any) -> own.Sent:
        context = self.context
        hit = Hit(
            _WHAT[type(item)], context.site, hostname=host_of(self.href), url=self.href, screen=context.screen, **said
        )
        return own.Sent(hit, item, self.at_ms)


_WHAT: Final[dict[type, What]] = {
    own.PageView: What.EVENT, own.Named: What.EVENT, own.Identified: What.IDENTIFY, own.Measured: What.VITALS,
    own.Failed: What.ERROR,
}  # fmt: skip
_READ: Final = {
    m.PAGE_LOCATION: _Reader.page,
    m.CUSTOM_EVENT: _Reader.event,
    m.CUSTOM_ISSUE: _Reader.event,
    m.USER_ID: _Reader.person,
    m.METADATA: _Reader.metadata,
    m.WEB_VITALS: _Reader.vital,
    m.PAGE_LOAD: _Reader.load,
    m.EXCEPTION: _Reader.error,
}


def host_of(href: str) -> str:
    """The host of an address; nothing where it has none."""
    try:
        return urlsplit(href).hostname or ""
    except ValueError:
        return ""


def _object(payload: str) -> bytes:
    """A payload as the JSON object that properties are; anything else is the value of one."""
    if len(payload) > _MAX_JSON:
        return b""
    try:
        value = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return b""
    if value is None or value == {}:
        return b""
    return orjson.dumps(value if isinstance(value, dict) else {"value": value})


class _Frame(Struct, rename="camel", gc=False):
    function_name: str | None = None
    file_name: str | None = None
    line_number: int | None = None
    column_number: int | None = None


_frames: Final = msgspec.json.Decoder(list[_Frame])


def _stack(text: str) -> str:
    """A stack as Chromium writes it: the tracker has taken it apart."""
    try:
        frames = _frames.decode(text)
    except (msgspec.DecodeError, UnicodeError):
        return ""
    return "\n".join(
        f"    at {frame.function_name or '<anonymous>'} "
        f"({frame.file_name or ''}:{frame.line_number or 0}:{frame.column_number or 0})"
        for frame in frames[:_MAX_FRAMES]
    )


class _Event(Struct, gc=False):
    name: str = ""
    payload: Raw = Raw()
    timestamp: float = 0


class _Action(Struct, gc=False):
    type: str = ""
    user_id: str = ""
    payload: Raw = Raw()
    timestamp: float = 0


class _Lists(Struct, gc=False):
    user_actions: list[_Action] = []
    events: list[_Event] = []


class _Body(_Lists, gc=False):
    data: _Lists | None = None


_body: Final = msgspec.json.Decoder(_Body)


def of_sdk(context: Context, body: bytes) -> tuple[list[own.Sent], int]:
    """What the tracker's analytics say, in a body of their own."""
    said = own.decoded(_body, own.inflated(body, own.MAX_BODY, own.MAX_INFLATED), "")
    lists = said.data or said
    reader, found, lost = _Reader(context), list[own.Sent](), 0
    messages: list[tuple[float, Message]] = [
        (event.timestamp, (m.CUSTOM_EVENT, event.name, bytes(event.payload).decode() or "null"))
        for event in lists.events
    ]
    for action in lists.user_actions:
        if action.type == "identity":
            messages.append((action.timestamp, (m.USER_ID, action.user_id)))
        elif action.type.startswith("set_"):
            messages += [(action.timestamp, (m.METADATA, *pair)) for pair in _properties(action.payload)]
        else:  # what changes a value that is there: nothing of ours is kept per person that could be changed
            lost += 1
    for at_ms, message in messages:
        reader.at_ms = int(at_ms) if 0 < at_ms < 1e14 else context.time_ms
        sent = _READ[message[0]](reader, message)
        if sent is None or len(found) >= MAX_ITEMS:
            lost += 1
        else:
            found.append(sent)
    return found, lost


def _properties(payload: Raw) -> list[tuple[str, Any]]:
    try:
        value = orjson.loads(bytes(payload) or b"null")
    except orjson.JSONDecodeError:
        return []
    return list(value.items()) if isinstance(value, dict) else []
