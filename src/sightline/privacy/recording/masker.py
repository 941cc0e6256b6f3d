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
    events = [made for made in map(one.event, chunk) if made is not None]
    one.settle()
    return Masked(one.state, events, one.dropped)


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


class _Chunk:
    def __init__(self, rules: Rules, state: State, *, record_canvas: bool) -> None:
        self.rules = rules
        self.state = state
        self.record_canvas = record_canvas
        self.dropped: dict[str, int] = {}
        self.tree = Tree(policy_of(rules), state, self.dropped)

    def event(self, event: Any) -> Event | None:
        """One event, masked; None if nothing of it is kept."""
        try:
            kind, moment = event["type"], event["timestamp"]
            if moment.__class__ is float and moment == int(moment):
                moment = int(moment)
            if moment.__class__ is not int or not 0 <= moment <= MAX_TIME:
                return self._drop("timestamp")
            if kind.__class__ is not int or not _READY <= kind <= _PLUGIN:
                return self._drop("unknown event")
        except Exception:  # noqa: BLE001 - whatever it is, it is no event
            return self._drop("unreadable")
        try:
            data = self._data(kind, event["data"] if kind > _LOADED else None)
        except Exception:  # noqa: BLE001 - no failure may let a value through
            data = self._whole(kind, event)
        return None if data is None else {"type": kind, "data": data, "timestamp": moment}

    def settle(self) -> None:
        self.tree.attributes.settle()

    def _data(self, kind: Any, data: Any) -> Event | None:
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
        return payloads.mask_plugin(self.rules, data) or self._drop("unknown plugin")

    def _increment(self, data: Any) -> Event | None:
        source = data["source"]
        if source == _MUTATION:
            return self.tree.mutation(data)
        if source == _INPUT:
            return self.tree.input(data)
        if source == _SELECTION:
            return self._selection(data)
        if source == _CANVAS:
            return canvas.mask_canvas(data) if self.record_canvas else self._drop("canvas")
        return mask_small(self.state, source, data) or self._drop("not kept")

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
        return made

    def _selection(self, data: Any) -> Event | None:
        """Offsets count characters, and where text is masked there are none left to count."""
        made = selection(data)
        made["ranges"] = [
            one for one in made["ranges"] if self.tree.is_clear(one["start"]) and self.tree.is_clear(one["end"])
        ]
        return made if made["ranges"] or not data["ranges"] else None

    def _whole(self, kind: Any, event: Any) -> Event | None:
        """Mask without any rule what could not be masked with them; then nothing is known of what was before."""
        try:
            made = whole.mask_whole(kind, event["data"])
        except Exception:  # noqa: BLE001 - the last line: what cannot be read at all is left out
            made = None
        if made is None:
            return self._drop("unreadable")
        self.state.restart()
        self.dropped["masked whole"] = self.dropped.get("masked whole", 0) + 1
        try:
            # What is masked whole goes the usual way once more, so that the state follows from what is put out.
            return self._data(kind, made)
        except Exception:  # noqa: BLE001 - it is masked already
            self.state.restart()
            return whole.mask_whole(kind, made)

    def _drop(self, reason: str) -> Event | None:
        """Count what is left out; nothing, as an event."""
        self.dropped[reason] = self.dropped.get(reason, 0) + 1
        return None
