"""What in a recording is worth a look: every rule with its limits, in this one place.

The rules read masked rrweb events in the order of their time, and nothing else; so they say the same of a recording
that is under way and of one that is sealed.
"""

from collections import deque
from collections.abc import Iterable
from typing import Any, Final

from msgspec import Struct

RAGE_CLICKS: Final = 3  # on one element …
RAGE_MS: Final = 1_000  # … within this time
DEAD_MS: Final = 1_500  # after a click nothing changes for this long
THRASHING_TURNS: Final = 6  # changes of direction of the mouse …
THRASHING_MS: Final = 800  # … within this time …
THRASHING_PIXELS: Final = 40  # … each of at least this way
ERROR_MS: Final = 1_000  # between a click and an error
SCROLL_SCREENS: Final = 12.0  # heights of the window that are scrolled …
SCROLL_MS: Final = 10_000  # … within this time …
SCROLL_TURNS: Final = 3  # … with so many changes of direction
QUICK_BACK_MS: Final = 5_000  # on a page, before the one before is shown again
SLOW_REQUEST_MS: Final = 3_000
FAILED_STATUS: Final = 400
FREEZE_MS: Final = 3_000  # in which the page did nothing at all
ABANDONED_INPUTS: Final = 2  # changes of fields of forms, with nothing sent before the page is left
MAX_FINDINGS: Final = 1_000

NAMES: Final = (
    "rage-click", "dead-click", "thrashing", "error-click", "excessive-scrolling", "quick-back", "slow-request",
    "failed-request", "long-freeze", "form-abandonment",
)  # fmt: skip
# What a tracker's own rules say, under our names.
_TOLD: Final = {"click-rage": "rage-click", "dead-click": "dead-click", "thrashing": "thrashing"}
_FIELDS: Final = frozenset({"input", "textarea", "select", "option", "label"})
_MUTATION, _MOVE, _INTERACTION, _SCROLL, _INPUT = 0, 1, 2, 3, 5
_CHANGES: Final = frozenset({_MUTATION, _INPUT, 8, 13, 15})  # what an answer to a click looks like
Json = dict[str, Any]


class Finding(Struct, frozen=True):
    """One: which rule, when, and at which node (0: none)."""

    name: str
    at_ms: int
    node: int = 0


def findings(events: Iterable[Json]) -> list[Finding]:
    """Everything that the rules find, in the order of time."""
    rules = Rules()
    for event in events:
        rules.take(event)
    return rules.end()


class Rules:
    """The rules, event by event: what was taken so far can be asked for at any time."""

    def __init__(self) -> None:
        self.found: list[Finding] = []
        self._tags: dict[int, str] = {}
        self._in_forms: set[int] = set()
        self._sending: set[int] = set()  # buttons that send, with what is in them
        self._clicks: deque[tuple[int, int]] = deque(maxlen=RAGE_CLICKS)
        self._open: tuple[int, int] | None = None  # a click that nothing has answered yet
        self._turns: deque[int] = deque(maxlen=THRASHING_TURNS)
        self._mouse: tuple[float, int] = (0.0, 0)
        self._scrolls: deque[tuple[int, float, int]] = deque(maxlen=400)
        self._scroll: dict[int, tuple[float, int]] = {}
        self._height = 800.0
        self._pages: list[tuple[str, int]] = []
        self._inputs = 0

    def take(self, event: Json) -> None:
        kind, at_ms, data = event["type"], event["timestamp"], event["data"]
        self._wait(at_ms)
        if kind == 3:
            self._increment(at_ms, data)
        elif kind == 2:
            self._open = None
            self._learn(data["node"])
        elif kind == 4:
            self._height = data.get("height") or self._height
            self._page(at_ms, data["href"])
        elif kind == 5:
            self._custom(at_ms, data)
        elif kind == 6:
            self._program(at_ms, data)

    def end(self) -> list[Finding]:
        """The findings, with what only the end shows."""
        last = self.found[:]
        if self._inputs >= ABANDONED_INPUTS and self._pages:
            last.append(Finding("form-abandonment", self._pages[-1][1]))
        return sorted(last, key=lambda one: one.at_ms)[:MAX_FINDINGS]

    def _add(self, name: str, at_ms: int, node: int = 0) -> None:
        last = next((one for one in reversed(self.found) if one.name == name), None)
        if len(self.found) < MAX_FINDINGS and (last is None or at_ms - last.at_ms >= 1_000 or "request" in name):
            self.found.append(Finding(name, at_ms, node))

    def _learn(self, node: Json, parent: int = 0) -> None:
        stack = [(node, parent in self._in_forms, parent in self._sending)]
        while stack:
            one, in_form, sends = stack.pop()
            if "tagName" in one:
                tag, kind = one["tagName"], one["attributes"].get("type", "")
                self._tags[one["id"]] = tag
                in_form = in_form or tag == "form"
                sends = sends or kind == "submit" or (tag == "button" and not kind)
                if in_form:
                    self._in_forms.add(one["id"])
                if sends:
                    self._sending.add(one["id"])
            stack.extend((child, in_form, sends) for child in one.get("childNodes", ()))

    def _wait(self, at_ms: int) -> None:
        if self._open is not None and at_ms - self._open[1] > DEAD_MS:
            node, clicked_ms = self._open
            self._open = None
            self._add("dead-click", clicked_ms, node)

    def _increment(self, at_ms: int, data: Json) -> None:
        source = data["source"]
        if source in _CHANGES:
            self._open = None
        if source == _MUTATION:
            for entry in data["adds"]:
                self._learn(entry["node"], entry["parentId"])
        elif source == _INTERACTION and data["type"] == 2:
            self._click(at_ms, data["id"])
        elif source == _INPUT:
            self._inputs += data["id"] in self._in_forms
        elif source == _MOVE:
            for position in data["positions"]:
                self._move(at_ms + int(position["timeOffset"]), position["x"])
        elif source == _SCROLL:
            self._scrolled(at_ms, data["id"], data["y"])

    def _click(self, at_ms: int, node: int) -> None:
        tag = self._tags.get(node, "")
        self._clicks.append((node, at_ms))
        first = self._clicks[0]
        same = len({clicked for clicked, _ in self._clicks}) == 1
        if len(self._clicks) == RAGE_CLICKS and same and at_ms - first[1] <= RAGE_MS:
            self._add("rage-click", first[1], node)
            self._clicks.clear()
        if node in self._sending:
            self._inputs = 0
        if tag not in _FIELDS:
            self._open = self._open or (node, at_ms)

    def _move(self, at_ms: int, x: float) -> None:
        turned_at, direction = self._mouse
        way = x - turned_at
        if direction == 0 or way * direction > 0:
            self._mouse = (x, direction or (1 if way > 0 else -1 if way < 0 else 0))
        elif abs(way) >= THRASHING_PIXELS:
            self._mouse = (x, -direction)
            self._turns.append(at_ms)
            if len(self._turns) == THRASHING_TURNS and at_ms - self._turns[0] <= THRASHING_MS:
                self._add("thrashing", self._turns[0])
                self._turns.clear()

    def _scrolled(self, at_ms: int, node: int, y: float) -> None:
        before, direction = self._scroll.get(node, (0.0, 0))
        way = y - before
        turned = 1 if way and direction and way * direction < 0 else 0
        self._scroll[node] = (y, 1 if way > 0 else -1 if way < 0 else direction)
        self._scrolls.append((at_ms, abs(way), turned))
        while at_ms - self._scrolls[0][0] > SCROLL_MS:
            self._scrolls.popleft()
        if sum(one[1] for one in self._scrolls) >= SCROLL_SCREENS * self._height and (
            sum(one[2] for one in self._scrolls) >= SCROLL_TURNS
        ):
            self._add("excessive-scrolling", self._scrolls[0][0], node)
            self._scrolls.clear()

    def _page(self, at_ms: int, href: str) -> None:
        self._open = None
        if self._pages and self._pages[-1][0] == href:
            return
        if self._inputs >= ABANDONED_INPUTS and self._pages:
            self._add("form-abandonment", at_ms)
        self._inputs = 0
        if len(self._pages) > 1 and self._pages[-2][0] == href and at_ms - self._pages[-1][1] <= QUICK_BACK_MS:
            self._add("quick-back", at_ms)
        self._pages = [*self._pages[-1:], (href, at_ms)]

    def _custom(self, at_ms: int, data: Json) -> None:
        if data["tag"] == "sightline.page":
            self._page(at_ms, data["payload"]["href"])
        elif data["tag"] == "sightline.freeze":
            took = data["payload"]["duration"]
            if took >= FREEZE_MS:
                self._add("long-freeze", int(at_ms - took))
        elif data["tag"] == "sightline.issue":
            name = _TOLD.get(data["payload"]["type"])
            if name:
                self._add(name, at_ms)

    def _program(self, at_ms: int, data: Json) -> None:
        payload = data["payload"]
        if data["plugin"].startswith("rrweb/console"):
            if payload["level"] in {"error", "assert"} and self._clicks and at_ms - self._clicks[-1][1] <= ERROR_MS:
                self._add("error-click", self._clicks[-1][1], self._clicks[-1][0])
            return
        for request in payload["requests"]:
            status = request.get("responseStatus", request.get("status", 0))
            if status >= FAILED_STATUS:
                self._add("failed-request", at_ms)
            if request.get("duration", 0) >= SLOW_REQUEST_MS:
                self._add("slow-request", at_ms)
