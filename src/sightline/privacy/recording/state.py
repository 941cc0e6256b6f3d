"""What a masker remembers of one recording in one tab.

All of it follows from what the masker itself put out, so that another process can build the same state from committed
chunks. It is bounded: beyond `MAX_NODES` the tree is forgotten, and whatever comes is masked whole until the next
snapshot.
"""

from typing import Final

import msgspec

from sightline.privacy.selectors import Shape

MAX_NODES: Final = 200_000
MAX_CONTROLS: Final = 20_000
MAX_NAMES: Final = 50_000
MAX_LAST: Final = 10_000
LARGE_SHEET: Final = 256  # names; from here on a state shares the set of the sheet instead of copying it


class Element(msgspec.Struct, frozen=True, array_like=True):
    """A node of the tree. Only a rules version that unmasks something needs one."""

    parent: int
    shape: Shape
    locked: bool  # it matches what is never unmasked


class Special(msgspec.Struct, frozen=True, array_like=True):
    """An element whose text or attributes mean more than text: a form control, a style sheet, a script, a frame."""

    tag: str
    type: str = ""
    field: str = ""  # what the control has ever asked for; a password stays one when it is shown
    blocked: bool = False


class State(msgspec.Struct):
    """Pass it in, take the one that comes out; the one passed in is spent."""

    page: str = ""  # the masked path of the page
    fresh: bool = False  # the page was told and nothing of it has been seen yet
    follows: bool = False  # the recorder tells when the page changes without a load
    nodes: dict[int, Element | int] = {}  # a text node is its parent's id
    special: dict[int, Special] = {}
    within: dict[int, int] = {}  # text nodes of special elements, where the tree is not kept
    names: set[str] = set()  # classes, ids and elements that a style sheet named
    sheets: list[frozenset[str]] = []
    values: dict[int, str] = {}  # what was last put out as a control's value, and under ~id as its attribute
    texts: dict[int, str] = {}  # what was last put out for a text node that changed

    @property
    def weight(self) -> int:
        """How much there is to remember, in entries; whole sheets are shared."""
        remembered = len(self.nodes) + len(self.special) + len(self.within) + len(self.names)
        return remembered + len(self.values) + len(self.texts)

    def restart(self) -> None:
        """Forget the tree: a snapshot follows, or what followed could not be read."""
        self.nodes.clear()
        self.special.clear()
        self.within.clear()
        self.values.clear()
        self.texts.clear()

    def learn(self, names: frozenset[str]) -> None:
        """Remember what a style sheet names."""
        if len(names) < LARGE_SHEET:
            if len(self.names) < MAX_NAMES:
                self.names |= names
        elif names not in self.sheets and sum(map(len, self.sheets)) < MAX_NAMES:
            self.sheets.append(names)

    def is_named(self, name: str) -> bool:
        return name in self.names or any(name in sheet for sheet in self.sheets)

    def has_room(self) -> bool:
        """Whether the tree may grow; if not, what hangs on no root any more is forgotten first."""
        if len(self.nodes) >= MAX_NODES:
            self._sweep()
            if len(self.nodes) >= MAX_NODES * 3 // 4:
                self.restart()
                return False
        return len(self.special) < MAX_CONTROLS and len(self.within) < MAX_NODES

    def said(self, memory: dict[int, str], node: int, text: str) -> bool:
        """Whether this was the last thing said about the node; remembered if not."""
        if memory.get(node) == text:
            return True
        if len(memory) >= MAX_LAST:
            memory.clear()
        memory[node] = text
        return False

    def _sweep(self) -> None:
        alive: dict[int, bool] = {0: True}
        for start in self.nodes:
            trail: list[int] = []
            node = start
            while node not in alive:
                alive[node] = False  # until proven; ends a circle, too
                trail.append(node)
                held = self.nodes.get(node)
                if held is None:
                    break
                node = held if isinstance(held, int) else held.parent
            if alive.get(node) and trail:
                alive.update(dict.fromkeys(trail, True))
        for node in [node for node in self.nodes if not alive[node]]:
            del self.nodes[node]
