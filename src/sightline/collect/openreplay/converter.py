"""From the messages of one page to the events of rrweb 2.1.6.

`convert(page, parts)` answers the events of one body and what has to be known for the next one, which the masker's
output completes (`page.absorb`). It follows the protocol and not what pages usually do: whatever a message names that
is not there is counted and left out, and the rest goes on.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import orjson
from msgspec import Struct

from sightline.collect.openreplay import messages as m
from sightline.collect.openreplay import sheets
from sightline.collect.openreplay.addresses import resolved, resolved_css
from sightline.collect.openreplay.commit import Commit
from sightline.collect.openreplay.decoder import ASSETS, DEVTOOLS, PLAYER, Message, Part
from sightline.collect.openreplay.page import HTML, NOBODY, Json, Node, Page
from sightline.collect.openreplay.sprites import PREFIX, symbol

CONSOLE: Final = "rrweb/console@1"
NETWORK: Final = "rrweb/network@1"
_META, _SNAPSHOT, _INCREMENT, _CUSTOM, _PLUGIN = 4, 2, 3, 5, 6
_MOVE, _INTERACTION, _SCROLL, _RESIZE, _INPUT, _FONT, _SELECTION = 1, 2, 3, 4, 5, 10, 14
_CLICK, _FOCUS, _BLUR = 2, 5, 6
_RANK: Final = {PLAYER: 0, ASSETS: 1, DEVTOOLS: 2}
_SCHEMES: Final = frozenset({"dark", "light", "normal"})
_DIALOG: Final = {"modal": "modal", "nonmodal": "non-modal"}
_NO_STARS: Final = frozenset(
    {
        "checkbox",
        "color",
        "date",
        "datetime-local",
        "file",
        "image",
        "month",
        "number",
        "radio",
        "range",
        "time",
        "week",
    }
)
_DROPPED: Final = frozenset({"srcdoc"})
_MAX_STYLES: Final = 100_000  # bytes of JSON


class Converted(Struct, frozen=True):
    """The events, what was not understood, and which nodes hold something that nobody has masked yet."""

    events: list[Json]
    ignored: int
    raw: dict[int, dict[str, Any]]


def convert(
    page: Page, parts: Sequence[Part], *, delay_ms: int = 0, sheets: Mapping[str, str] | None = None
) -> Converted:
    """Convert one body; `page` is changed in place. `delay_ms` is how far the server's clock is ahead of the page's.

    `sheets` are the texts of linked style sheets, by their addresses: a player fetches none.
    """
    one = _Conversion(page, delay_ms, sheets or {})
    for at_ms, messages in _moments(page, parts):
        one.moment(at_ms, messages)
    return Converted(one.events, one.ignored + one.commit.ignored, one.commit.raw)


def _moments(page: Page, parts: Sequence[Part]) -> Iterator[tuple[int, list[Message]]]:
    """The messages by their moments; streams are merged, the tree before the style sheets of the same moment."""
    found: list[tuple[int, int, list[Message]]] = []
    for part in parts:
        rank, at_ms, start = _RANK.get(part.version, 3), page.time_ms, 0
        for place, message in enumerate(part.messages):
            if message[0] == m.TIMESTAMP:
                if start < place:
                    found.append((at_ms, rank, part.messages[start:place]))
                at_ms, start = message[1], place + 1
        if start < len(part.messages):
            found.append((at_ms, rank, part.messages[start:]))
    if len(parts) > 1:
        found.sort(key=lambda one: one[:2])
        merged: list[tuple[int, int, list[Message]]] = []
        for at_ms, rank, messages in found:
            if merged and merged[-1][0] == at_ms and merged[-1][1] != rank:
                merged[-1][2].extend(messages)
            else:
                merged.append((at_ms, rank, messages))
        found = merged
    for at_ms, _, messages in found:
        yield at_ms, messages


class _Conversion:
    def __init__(self, page: Page, delay_ms: int, linked: Mapping[str, str]) -> None:
        self.page = page
        self.linked = linked
        self.delay_ms = delay_ms
        self.commit = Commit(page)
        self.events: list[Json] = []
        self.ignored = 0
        self._later: list[tuple[int, Json]] = []  # what follows the changes of the tree of its moment

    def moment(self, at_ms: int, messages: list[Message]) -> None:
        """Everything of one moment: first what changes the tree, then what happened in it."""
        self.page.time_ms = at_ms
        handlers = _HANDLERS
        for message in messages:
            handler = handlers.get(message[0])
            if handler is not None:
                handler(self, message)
        self._close()
        for kind, data in self._later:
            self._event(kind, data)
        self._later.clear()

    def _event(self, kind: int, data: Json) -> None:
        self.events.append({"type": kind, "timestamp": self.page.time_ms, "data": data})

    def _then(self, kind: int, data: Json) -> None:
        self._later.append((kind, data))

    def _close(self) -> None:
        page = self.page
        if page.loading:
            page.loading, page.shown = False, True
            self._event(_META, {"href": page.href, "width": page.width, "height": page.height})
            whole, *frames = self.commit.snapshot()
            self._event(_SNAPSHOT, whole)
        else:
            frames = self.commit.close()
        for data in frames:
            self._event(_INCREMENT, data)

    # ---- the tree ----------------------------------------------------------------------------------------------------

    def create_document(self, _: Message) -> None:
        self.commit = _renewed(self.commit, self.page)
        self.page.restart()
        self.page.nodes[HTML] = Node("html")
        self.commit.raw[HTML] = {}

    def create_element(self, message: Message) -> None:
        _, number, parent, index, tag, svg = message
        self._turn(number, parent, index)
        self.commit.create(number, parent, index, Node(tag.lower()[:64] or "x", svg))

    def create_text(self, message: Message) -> None:
        _, number, parent, index = message
        self._turn(number, parent, index)
        self.commit.create(number, parent, index, Node(""))

    def move(self, message: Message) -> None:
        _, number, parent, index = message
        self._turn(number, parent, index)
        self.commit.move(number, parent, index)

    def remove(self, message: Message) -> None:
        self._turn(message[1], NOBODY, 0)
        self.commit.remove(message[1])

    def attach(self, message: Message) -> None:
        self.commit.attach(message[1], message[2])

    def _turn(self, number: int, parent: int, index: int) -> None:
        if self.commit.must_end_before(number, parent, index):
            if self.page.loading:
                self.commit.fold()
            else:
                self._close()

    def attribute(self, message: Message) -> None:
        _, number, name, value = message
        self._attribute(number, name, value, "")

    def attribute_by_key(self, message: Message) -> None:
        _, number, key, value_key = message
        words = self.page.words
        name, value = words.get(key), words.get(value_key)
        if name is None or value is None:  # the batch that brought the word was lost
            self.ignored += 1
        else:
            self._attribute(number, name, value, "")

    def attribute_by_url(self, message: Message) -> None:
        _, number, name, value, base = message
        self._attribute(number, name, value, base)

    def remove_attribute(self, message: Message) -> None:
        self.commit.set_attribute(message[1], message[2], None)

    def _attribute(self, number: int, name: str, value: str, base: str) -> None:
        if name.startswith("__openreplay_"):
            self._pseudo(number, name, value)
        elif value.startswith(PREFIX):
            self._sprite(number, name, value[len(PREFIX) :])
        elif name[:2].lower() == "on" or name in _DROPPED:
            self.ignored += 1
        elif base and name == "style":
            self.commit.set_attribute(number, name, resolved_css(value, base))
        elif name in {"href", "src"} and value:
            address = resolved(value, base)
            self.commit.set_attribute(number, name, address)
            node = self.page.nodes.get(number)
            if node is not None and node.tag == "link" and (text := self.linked.get(address)):
                self.commit.set_attribute(number, "_cssText", resolved_css(text, address))
        else:
            self.commit.set_attribute(number, name, value)

    def _pseudo(self, number: int, name: str, value: str) -> None:
        """State of an element that no attribute of its own shows."""
        if name.endswith("_dialog"):
            mode = _DIALOG.get(value)
            self.commit.set_attribute(number, "rr_open_mode", mode)
            self.commit.set_attribute(number, "open", None if mode is None else "")
        elif name.endswith("_color_scheme") and value in _SCHEMES:
            self.commit.set_attribute(HTML, "style", f"color-scheme: {value};")

    def _sprite(self, number: int, name: str, text: str) -> None:
        """Show a symbol of our own: the file that it is in is not recorded."""
        made = symbol(text, self.page.invented)
        if made is None or number not in self.page.nodes:
            self.ignored += 1
            return
        known, holder = made
        self.commit.set_attribute(number, name, f"#{known}")
        entry = {"parentId": self.page.rrweb(HTML), "nextId": None, "node": holder}
        self._then(_INCREMENT, {"source": 0, "texts": [], "attributes": [], "removes": [], "adds": [entry]})

    def word(self, message: Message) -> None:
        if not self.page.learn(message[1], message[2]):
            self.ignored += 1

    def text(self, message: Message) -> None:
        self.commit.set_text(message[1], message[2])

    def css(self, message: Message) -> None:
        _, number, text, base = message
        self.commit.set_text(number, resolved_css(text, base))

    def animated(self, message: Message) -> None:
        try:
            styles = orjson.loads(message[2]) if len(message[2]) <= _MAX_STYLES else None
        except orjson.JSONDecodeError:
            styles = None
        if not isinstance(styles, dict):
            self.ignored += 1
            return
        kept = {name: [value, ""] for name, value in styles.items() if isinstance(value, str)}
        self.commit.set_attribute(message[1], "style", kept)

    # ---- style sheets ------------------------------------------------------------------------------------------------

    def sheet(self, message: Message) -> None:
        number, page = message[1], self.page
        if message[0] == m.SHEET_INSERT_RULE:
            made = sheets.change(page, number, (sheets.ADD, message[3], resolved_css(message[2], message[4])))
        elif message[0] == m.SHEET_DELETE_RULE:
            made = sheets.change(page, number, (sheets.DELETE, message[2], ""))
        else:
            made = sheets.change(page, number, (sheets.REPLACE, 0, resolved_css(message[2], message[3])))
        for data in made:
            self._then(_INCREMENT, data)

    def sheet_owner(self, message: Message) -> None:
        act = sheets.add_owner if message[0] == m.SHEET_ADD_OWNER else sheets.remove_owner
        if message[2] not in self.page.nodes:
            self.ignored += 1
        for data in act(self.page, message[1], message[2]):
            self._then(_INCREMENT, data)

    def font(self, message: Message) -> None:
        _, _, family, source, descriptors = message
        data = {"source": _FONT, "family": family, "fontSource": source, "buffer": False}
        try:
            data["descriptors"] = orjson.loads(descriptors) if descriptors else {}
        except orjson.JSONDecodeError:
            self.ignored += 1
        self._then(_INCREMENT, data)

    # ---- what happened -----------------------------------------------------------------------------------------------

    def location(self, message: Message) -> None:
        page, href = self.page, message[1]
        page.href, page.referrer = href, message[2]
        if page.shown:
            self._then(_CUSTOM, {"tag": "sightline.page", "payload": {"href": href}})

    def viewport(self, message: Message) -> None:
        page = self.page
        page.width, page.height = message[1], message[2]
        if page.shown:
            self._then(_INCREMENT, {"source": _RESIZE, "width": page.width, "height": page.height})

    def scroll(self, message: Message) -> None:
        self._then(_INCREMENT, {"source": _SCROLL, "id": 1, "x": message[1], "y": message[2]})

    def node_scroll(self, message: Message) -> None:
        _, number, x, y = message
        if number in self.page.nodes:
            self._then(_INCREMENT, {"source": _SCROLL, "id": self.page.rrweb(number), "x": x, "y": y})

    def mouse(self, message: Message) -> None:
        _, x, y = message
        self.page.mouse = x, y
        # The tracker does not say over what: the player finds that out by the position.
        position = {"x": x, "y": y, "id": 1, "timeOffset": 0}
        self._then(_INCREMENT, {"source": _MOVE, "positions": [position]})

    def click(self, message: Message) -> None:
        _, number, hesitation, label, selector, *_ = message
        if number not in self.page.nodes:
            self.ignored += 1
            return
        x, y = self.page.mouse
        self._then(
            _INCREMENT,
            {"source": _INTERACTION, "type": _CLICK, "id": self.page.rrweb(number), "x": x, "y": y},
        )
        told = {"label": label, "selector": selector, "delay": min(hesitation, 999_999)}
        self._then(_CUSTOM, {"tag": "click", "payload": told})

    def focus(self, message: Message) -> None:
        page, number = self.page, message[1]
        kind, number = (_FOCUS, number) if number >= 0 else (_BLUR, page.focus)
        page.focus = message[1] if message[1] >= 0 else NOBODY
        if number in page.nodes:
            self._then(_INCREMENT, {"source": _INTERACTION, "type": kind, "id": page.rrweb(number)})

    def selection(self, message: Message) -> None:
        """Only between which nodes: the text that was selected is sent in clear, and stays outside."""
        _, anchor, focus, _ = message
        page, ranges = self.page, []
        if (anchor or focus) and anchor in page.nodes and focus in page.nodes:
            ranges.append({"start": page.rrweb(anchor), "startOffset": 0, "end": page.rrweb(focus), "endOffset": 0})
        self._then(_INCREMENT, {"source": _SELECTION, "ranges": ranges})

    def input_value(self, message: Message) -> None:
        _, number, value, mask = message
        node = self.page.nodes.get(number)
        if node is None or not node.tag:
            return
        if mask:
            stars = mask > 0 and node.attributes.get("type", "text") not in _NO_STARS
            value = "*" * min(mask, 1000) if stars else ""
        self._then(_INCREMENT, {"source": _INPUT, "text": value, "isChecked": False, "id": self.page.rrweb(number)})

    def input_checked(self, message: Message) -> None:
        _, number, checked = message
        node = self.page.nodes.get(number)
        if node is None or not node.tag:
            return
        text = node.attributes.get("value", "on")
        self._then(_INCREMENT, {"source": _INPUT, "text": text, "isChecked": checked, "id": self.page.rrweb(number)})

    def visibility(self, message: Message) -> None:
        self._then(_CUSTOM, {"tag": "visibility", "payload": {"hidden": message[1]}})

    def tab_change(self, _: Message) -> None:
        self._then(_CUSTOM, {"tag": "active", "payload": None})

    # ---- what programs say -------------------------------------------------------------------------------------------

    def console(self, message: Message) -> None:
        _, level, value = message
        payload = {"level": level, "payload": [orjson.dumps(_printed(value)).decode()], "trace": []}
        self._then(_PLUGIN, {"plugin": CONSOLE, "payload": payload})

    def request(self, message: Message) -> None:
        _, kind, method, url, _, _, status, start, duration, size = message
        start += self.delay_ms
        self._network(
            {
                "name": resolved(url, self.page.href), "method": method,
                "initiatorType": _INITIATORS.get(kind, "other"),
                "responseStatus": status, "status": status, "startTime": start, "endTime": start + duration,
                "duration": duration, "transferSize": size,
            }
        )  # fmt: skip

    def resource(self, message: Message) -> None:
        _, at_ms, duration, _, _, encoded, decoded, url, initiator, moved, *_ = message
        start = at_ms + self.delay_ms
        self._network(
            {
                "name": resolved(url, self.page.href), "initiatorType": initiator, "entryType": "resource",
                "startTime": start, "endTime": start + duration, "duration": duration, "encodedBodySize": encoded,
                "decodedBodySize": decoded, "transferSize": moved,
            }
        )  # fmt: skip

    def _network(self, request: Json) -> None:
        self._then(_PLUGIN, {"plugin": NETWORK, "payload": {"requests": [request]}})

    def issue(self, message: Message) -> None:
        """A mark on the time line; what it says goes where errors and events are."""
        names = {
            m.CUSTOM_ISSUE: "custom", m.INCIDENT: "incident", m.MOUSE_THRASHING: "thrashing",
        }  # fmt: skip
        name = message[3].replace("_", "-") if message[0] == m.ISSUE_EVENT else names[message[0]]
        self._then(_CUSTOM, {"tag": "sightline.issue", "payload": {"type": name}})


_INITIATORS: Final = {"fetch": "fetch", "xhr": "xmlhttprequest", "xmlhttprequest": "xmlhttprequest"}


def _printed(text: str) -> str:
    """What the console said, without the objects in it: printed they have no keys any more that rules could go by."""
    kept: list[str] = []
    depth = 0
    for character in text:
        if character in "{[":
            kept.extend(("{***}",) if depth == 0 else ())
            depth += 1
        elif character in "}]" and depth:
            depth -= 1
        elif depth == 0:
            kept.append(character)
    return "".join(kept)


def _renewed(commit: Commit, page: Page) -> Commit:
    made = Commit(page)
    made.ignored = commit.ignored
    return made


Handler = Callable[[_Conversion, Message], None]
_HANDLERS: Final[dict[int, Handler]] = {
    m.VIEWPORT_SIZE: _Conversion.viewport,
    m.VIEWPORT_SCROLL: _Conversion.scroll,
    m.CREATE_DOCUMENT: _Conversion.create_document,
    m.CREATE_ELEMENT: _Conversion.create_element,
    m.CREATE_TEXT: _Conversion.create_text,
    m.MOVE_NODE: _Conversion.move,
    m.REMOVE_NODE: _Conversion.remove,
    m.SET_ATTRIBUTE: _Conversion.attribute,
    m.REMOVE_ATTRIBUTE: _Conversion.remove_attribute,
    m.SET_TEXT: _Conversion.text,
    m.NODE_SCROLL: _Conversion.node_scroll,
    m.INPUT_VALUE: _Conversion.input_value,
    m.INPUT_CHECKED: _Conversion.input_checked,
    m.MOUSE_MOVE: _Conversion.mouse,
    m.CONSOLE_LOG: _Conversion.console,
    m.DICTIONARY: _Conversion.word,
    m.SET_ATTRIBUTE_BY_KEY: _Conversion.attribute_by_key,
    m.ANIMATION_RESULT: _Conversion.animated,
    m.FONT_FACE: _Conversion.font,
    m.PAGE_VISIBILITY: _Conversion.visibility,
    m.NODE_FOCUS: _Conversion.focus,
    m.SET_ATTRIBUTE_BY_URL: _Conversion.attribute_by_url,
    m.SET_CSS_BY_URL: _Conversion.css,
    m.CUSTOM_ISSUE: _Conversion.issue,
    m.MOUSE_CLICK: _Conversion.click,
    m.MOUSE_CLICK_DEPRECATED: _Conversion.click,
    m.CREATE_FRAME_DOCUMENT: _Conversion.attach,
    m.SHEET_REPLACE: _Conversion.sheet,
    m.SHEET_INSERT_RULE: _Conversion.sheet,
    m.SHEET_DELETE_RULE: _Conversion.sheet,
    m.SHEET_ADD_OWNER: _Conversion.sheet_owner,
    m.SHEET_REMOVE_OWNER: _Conversion.sheet_owner,
    m.NETWORK_REQUEST: _Conversion.request,
    m.RESOURCE_TIMING: _Conversion.resource,
    m.INCIDENT: _Conversion.issue,
    m.SELECTION_CHANGE: _Conversion.selection,
    m.MOUSE_THRASHING: _Conversion.issue,
    m.TAB_CHANGE: _Conversion.tab_change,
    m.PAGE_LOCATION: _Conversion.location,
    m.ISSUE_EVENT: _Conversion.issue,
}

__all__ = ["CONSOLE", "NETWORK", "Converted", "convert"]
