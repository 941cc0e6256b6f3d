"""`mask` cleans a chunk of a recording, whatever the browser sent; `rebuild` finds the state again from cleaned chunks.

The state follows from what was put out and from nothing else, and masking what is masked changes nothing; so a process
that never saw a recording masks its committed chunks once more and then knows what the first one knew.

An event that cannot be read, or in which anything fails, is masked whole: its structure stays, all its text is starred.
Where even that fails it is left out and counted.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec
import orjson

from sightline.errors import TooLarge
from sightline.privacy.dictionary import Rules
from sightline.privacy.recording import canvas, payloads, whole
from sightline.privacy.recording.events import MAX_TIME, mask_small, selection
from sightline.privacy.recording.policy import policy_of
from sightline.privacy.recording.state import State
from sightline.privacy.recording.tree import Tree, Unreadable

MAX_EVENTS: Final = 100_000

_READY, _LOADED, _SNAPSHOT, _INCREMENT, _META, _CUSTOM, _PLUGIN = range(7)
_MUTATION, _INPUT, _CANVAS, _SELECTION = 0, 5, 9, 14

Event = dict[str, Any]


class RecordingTooLarge(TooLarge):
    """A chunk of a recording has more events than a chunk may have."""

    code = "recording_too_large"


class Masked(NamedTuple):
    """A chunk that may be stored, the state to pass in with the next one, and what was left out, by reason."""

    state: State
    events: list[Event]
    dropped: Mapping[str, int]


def mask(rules: Rules, state: State | None, chunk: Sequence[Any], *, record_canvas: bool = False) -> Masked:
    """Mask the events of one recording in one tab; `record_canvas` is the site's opt-in to pixels and drawing commands.

    Without a state everything up to the next snapshot is masked whole. Both the state and the events passed in are
    spent: they are changed in place.
    """
    if len(chunk) > MAX_EVENTS:
        raise RecordingTooLarge(
            f"a chunk has at most {MAX_EVENTS} events, this one {len(chunk)}", hint="Send smaller chunks."
        )
    one = _Chunk(rules, State() if state is None else state, record_canvas=record_canvas)
    for event in chunk:
        one.take(event)
    one.settle()
    return Masked(one.state, one.events, one.dropped)


def rebuild(rules: Rules, chunks: Iterable[Sequence[Any]], *, record_canvas: bool = False) -> State:
    """The state behind chunks that `mask` put out, oldest first."""
    state = State()
    for chunk in chunks:
        state = mask(rules, state, chunk, record_canvas=record_canvas).state
    return state


def encode(events: Sequence[Event]) -> bytes:
    """Masked events as JSON. Deep pages have more levels than orjson writes; msgspec writes those."""
    try:
        return orjson.dumps(events)
    except TypeError:
        return msgspec.json.encode(events)


class _LeftOut(Exception):
    """Not an error: an event that is not kept."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Chunk:
    def __init__(self, rules: Rules, state: State, *, record_canvas: bool) -> None:
        self.rules = rules
        self.state = state
        self.record_canvas = record_canvas
        self.dropped: dict[str, int] = {}
        self.events: list[Event] = []
        self.tree = Tree(policy_of(rules), state, self.dropped)

    def take(self, event: Any) -> None:
        """Mask one event, and keep what may be kept of it."""
        try:
            kind, moment, data = event["type"], event["timestamp"], event.get("data")
            if moment.__class__ is float and moment == int(moment):
                moment = int(moment)
        except Exception:  # noqa: BLE001 - whatever it is, it is no event
            return self._drop("unreadable")
        if moment.__class__ is not int or not 0 <= moment <= MAX_TIME:
            return self._drop("timestamp")
        if kind.__class__ is not int or not _READY <= kind <= _PLUGIN:
            return self._drop("unknown event")
        try:
            made = self._data(kind, data)
        except _LeftOut as why:
            return self._drop(why.reason)
        except Exception:  # noqa: BLE001 - no failure may let a value through
            made = self._whole(kind, moment, data)
        if made is not None:
            self.events.append({"type": kind, "data": made, "timestamp": moment})
        return None

    def settle(self) -> None:
        self.tree.attributes.settle()

    def _data(self, kind: int, data: Any) -> Event | None:
        if kind == _INCREMENT:
            return self._increment(data)
        if kind == _SNAPSHOT:
            return self.tree.snapshot(data)
        if kind in {_READY, _LOADED}:
            return {}
        if kind == _META:
            return self._meta(data)
        if kind == _CUSTOM:
            return self._custom(data)
        made = payloads.mask_plugin(self.rules, data)
        if made is None:
            raise _LeftOut("unknown plugin")
        return made

    def _increment(self, data: Any) -> Event | None:
        source = data["source"]
        if source == _MUTATION:
            return self.tree.mutation(data)
        if source == _INPUT:
            return self.tree.input(data)
        if source == _SELECTION:
            return self._selection(data)
        if source == _CANVAS:
            made = canvas.mask_canvas(data) if self.record_canvas else None
        else:
            made = mask_small(self.state, source, data)
        if made is None:
            raise _LeftOut("canvas" if source == _CANVAS else "not kept")
        return made

    def _meta(self, data: Any) -> Event:
        if not isinstance(data["href"], str):
            raise Unreadable("href")
        href = payloads.mask_address(self.rules, data["href"])
        self.state.page, self.state.fresh, self.state.follows = payloads.path_of(href), True, False
        return {"href": href, "width": whole.pixels(data.get("width")), "height": whole.pixels(data.get("height"))}

    def _custom(self, data: Any) -> Event:
        made = payloads.mask_custom(self.rules, data)
        if made["tag"] == payloads.PAGE:
            self.state.page, self.state.follows = payloads.path_of(made["payload"]["href"]), True
        elif made["tag"] == payloads.LOST:
            self.state.restart()
        return made

    def _selection(self, data: Any) -> Event | None:
        """Offsets count characters, and where text is masked there are none left to count."""
        made = selection(data)
        made["ranges"] = [
            one for one in made["ranges"] if self.tree.is_clear(one["start"]) and self.tree.is_clear(one["end"])
        ]
        return made if made["ranges"] or not data["ranges"] else None

    def _whole(self, kind: int, moment: int, data: Any) -> Event | None:
        """Mask without any rule what could not be masked with them.

        What it changed in the page is not known then. So the tree is forgotten and nothing is unmasked until the next
        snapshot; an event of our own says so to whoever builds the state from what is stored.
        """
        if kind != _SNAPSHOT and not (
            kind == _INCREMENT and isinstance(data, dict) and data.get("source") == _MUTATION
        ):
            self._drop("unreadable")
            return None
        lost = {"tag": payloads.LOST, "payload": None}
        self.events.append({"type": _CUSTOM, "data": lost, "timestamp": moment})
        self.state.restart()
        try:
            made = whole.mask_whole(kind, data)
            if made is not None:
                self._drop("masked whole")
                # The usual way once more, so that the state follows from what is put out.
                return self._data(kind, made)
        except Exception:  # noqa: BLE001 - the last line: what cannot be read at all is left out
            self.state.restart()
        self._drop("unreadable")
        return None

    def _drop(self, reason: str) -> None:
        self.dropped[reason] = self.dropped.get(reason, 0) + 1
