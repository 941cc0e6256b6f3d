"""What is known of one load of a page while its batches arrive: the tree, the dictionary, the style sheets.

Ids are the tracker's: 0 is `<html>`, and the documents of frames and shadow roots have ids of their own. In rrweb the
document is 1, its doctype 2, `<html>` 3, every other node its id and ten; ids from a partition of their own (frames of
other origins, sprites) are numbered anew, since rrweb's ids have 31 bits.

Texts and attributes that a node keeps from one batch to the next are those that the masker has put out: `absorb` puts
them in the place of what came. So nothing that was not masked is kept, save the dictionary, whose entries nobody can
mask before they are used; whoever stores a page encrypts it.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct, field

MAX_NODES: Final = 200_000
MAX_WORDS: Final = 200_000
MAX_WORD_BYTES: Final = 8_000_000
MAX_SHEETS: Final = 10_000
MAX_HELD_RULES: Final = 20_000
HTML: Final = 0
NOBODY: Final = -1
FRAME: Final = "#frame"  # the document of a frame
SHADOW: Final = "#shadow"  # a shadow root
DOCUMENT_ID: Final = 1
_FIRST_ALIAS: Final = 2**29
_PLAIN: Final = 2**28

Attributes = dict[str, Any]
Json = dict[str, Any]


class Node(Struct, array_like=True):
    """One node; a text has no tag, and neither attributes nor children."""

    tag: str
    svg: bool = False
    parent: int = NOBODY
    inner: int = NOBODY  # the document of this frame, or this host's shadow root
    text: str = ""
    attributes: Attributes = field(default_factory=dict)
    children: list[int] = field(default_factory=list)


class Sheet(Struct, array_like=True):
    """A style sheet that scripts write: constructed, or that of an empty `<style>`."""

    style: int = NOBODY  # the `<style>` that it belongs to
    told: bool = False  # whether rrweb's player knows it
    held: list[tuple[str, int, str]] = field(default_factory=list)  # what came before anybody owned it


class Page(Struct):
    """The state of a conversion: passed in with a batch, spent, and passed out for the next one."""

    chunks: int = 0  # how many were made of it
    time_ms: int = 0
    href: str = ""
    referrer: str = ""
    width: int = 0
    height: int = 0
    loading: bool = False  # a document was created whose snapshot is not out yet
    shown: bool = False  # a snapshot is out
    mouse: tuple[int, int] = (0, 0)
    focus: int = NOBODY
    next_alias: int = _FIRST_ALIAS
    word_bytes: int = 0
    nodes: dict[int, Node] = field(default_factory=dict)
    words: dict[int, str] = field(default_factory=dict)
    aliases: dict[int, int] = field(default_factory=dict)
    sheets: dict[int, Sheet] = field(default_factory=dict)
    adopted: dict[int, list[int]] = field(default_factory=dict)

    def restart(self) -> None:
        """Begin a new document: all ids begin anew."""
        self.nodes, self.aliases, self.sheets, self.adopted = {}, {}, {}, {}
        self.next_alias, self.focus, self.loading, self.shown = _FIRST_ALIAS, NOBODY, True, False

    def rrweb(self, node: int) -> int:
        """The id of a node in rrweb."""
        if node == HTML:
            return 3
        if node < _PLAIN:
            return node + 10
        found = self.aliases.get(node)
        if found is None:
            found = self.aliases[node] = self.invented()
        return found

    def invented(self) -> int:
        """An rrweb id that no node of the tracker has."""
        self.next_alias += 1
        return self.next_alias

    def learn(self, key: int, word: str) -> bool:
        """Note a word of the dictionary; False beyond the limits."""
        if len(self.words) >= MAX_WORDS or self.word_bytes + len(word) > MAX_WORD_BYTES:
            return False
        self.word_bytes += len(word)
        self.words[key] = word
        return True


_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(Page)


def dump(page: Page) -> bytes:
    return _encoder.encode(page)


def load(data: bytes) -> Page:
    return _decoder.decode(data)


def absorb(page: Page, raw: Mapping[int, Attributes], events: Iterable[Json]) -> None:
    """Replace what came by what the masker put out.

    `raw` names the nodes that hold something unmasked, with the attributes that they had before. Of a node that the
    masker left out nothing stays.
    """
    before = {page.rrweb(node): attributes for node, attributes in raw.items()}
    put_out: dict[int, Attributes] = {}
    texts: dict[int, str] = {}
    for event in events:
        if event["type"] == 2:
            _collect([event["data"]["node"]], put_out, texts)
        elif event["type"] == 3 and event["data"]["source"] == 0:
            data = event["data"]
            _collect([entry["node"] for entry in data["adds"]], put_out, texts)
            for entry in data["texts"]:
                texts[entry["id"]] = entry["value"] or ""
            for entry in data["attributes"]:
                found = put_out.setdefault(entry["id"], dict(before.get(entry["id"], ())))
                for name, value in entry["attributes"].items():
                    if value is None:
                        found.pop(name, None)
                    elif value.__class__ is not dict:
                        found[name] = value
    for number in raw:
        node = page.nodes.get(number)
        if node is None:
            continue
        known = page.rrweb(number)
        if node.tag:
            node.attributes = dict(put_out.get(known, ()))
        else:
            node.text = texts.get(known, "")


def _collect(nodes: list[Any], attributes: dict[int, Attributes], texts: dict[int, str]) -> None:
    stack = list(nodes)
    while stack:
        node = stack.pop()
        if "attributes" in node:
            attributes[node["id"]] = dict(node["attributes"])
        elif node["type"] == 3:
            texts[node["id"]] = node["textContent"]
        stack.extend(node.get("childNodes", ()))
