"""Changes of the tree that belong together, made in the order in which they are right.

The tracker gives a node's place among its siblings as it was when the browser had made all changes of one turn. One
by one these places are wrong as soon as a list is sorted. So what moves or goes is taken out first, and only then is
everything put in, in the order of the messages. A turn cannot be told from the messages alone: within one moment a new
one begins where a node is touched for the second time, or where places in a parent do not grow.
"""

from collections.abc import Iterator
from typing import Any

from sightline.collect.openreplay.page import DOCUMENT_ID, FRAME, HTML, MAX_NODES, NOBODY, SHADOW, Json, Node, Page


class Commit:
    """The open changes of one page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.ignored = 0
        self.raw: dict[int, dict[str, Any]] = {}  # by node that holds something unmasked: its attributes before
        self._new: dict[int, Node] = {}
        self._placed: dict[int, tuple[int, int]] = {}  # parent and place of what is put in, in order
        self._gone: dict[int, None] = {}
        self._last: dict[int, int] = {}
        self._frames: list[int] = []
        self._attributes: dict[int, dict[str, Any]] = {}
        self._texts: dict[int, str] = {}

    # ---- what is to change -------------------------------------------------------------------------------------------

    def must_end_before(self, node: int, parent: int, index: int) -> bool:
        """Whether this belongs to the next turn."""
        return node in self._placed or node in self._gone or (parent >= 0 and self._last.get(parent, -1) >= index)

    def create(self, number: int, parent: int, index: int, node: Node) -> None:
        nodes = self.page.nodes
        if number in nodes or len(nodes) >= MAX_NODES:
            self.ignored += 1
            return
        nodes[number] = self._new[number] = node
        self.raw[number] = {}
        self._place(number, parent, index)

    def move(self, number: int, parent: int, index: int) -> None:
        if self._may_go(number) and number != HTML:
            self._place(number, parent, index)
        else:
            self.ignored += 1

    def _may_go(self, number: int) -> bool:
        """Whether this is a node of the page; a frame's document or a shadow root goes with its host, and not alone."""
        node = self.page.nodes.get(number)
        return node is not None and node.tag not in {FRAME, SHADOW}

    def remove(self, number: int) -> None:
        if self._may_go(number):
            self._gone[number] = None
        else:
            self.ignored += 1

    def attach(self, host: int, root: int) -> None:
        """A frame's document or a shadow root; which of them the host says."""
        nodes = self.page.nodes
        owner = nodes.get(host)
        if owner is None or not owner.tag or root in nodes or owner.tag in {FRAME, SHADOW}:
            self.ignored += 1
            return
        is_frame = owner.tag in {"iframe", "frame"}
        if owner.inner != NOBODY:  # a frame went to another page: what it showed goes
            self._forget(owner.inner)
        nodes[root] = Node(FRAME if is_frame else SHADOW, parent=host)
        owner.inner = root
        if is_frame:
            self._frames.append(host)

    def set_attribute(self, number: int, name: str, value: Any) -> None:
        """Set an attribute; None takes it away."""
        node = self.page.nodes.get(number)
        if node is None or not node.tag:
            self.ignored += 1
            return
        if number not in self.raw:
            self.raw[number] = dict(node.attributes)
        if value is None:
            node.attributes.pop(name, None)
        elif value.__class__ is not dict:
            node.attributes[name] = value
        if number not in self._new:
            self._attributes.setdefault(number, {})[name] = value

    def set_text(self, number: int, text: str) -> None:
        node = self.page.nodes.get(number)
        if node is None or node.tag:
            self.ignored += 1
            return
        self.raw.setdefault(number, {})
        node.text = text
        if number not in self._new:
            self._texts[number] = text

    def _place(self, number: int, parent: int, index: int) -> None:
        self._placed[number] = parent, index
        self._last[parent] = index

    # ---- making it so ------------------------------------------------------------------------------------------------

    def snapshot(self) -> list[Json]:
        """Close the first commit of a document; return the data of rrweb's snapshot and of each frame's document."""
        self._insert()
        page = self.page
        if HTML not in page.nodes:
            page.nodes[HTML] = Node("html")
        hosts: list[int] = []
        doctype = {"type": 1, "id": 2, "name": "html", "publicId": "", "systemId": ""}
        root = {"type": 0, "id": DOCUMENT_ID, "childNodes": [doctype, self._nested(HTML, 0, hosts)]}
        self._clear()
        return [{"node": root, "initialOffset": {"top": 0, "left": 0}}, *self._documents(hosts)]

    def fold(self) -> None:
        """Make the changes of a document that is not shown yet."""
        self._detach()
        self._insert()
        self._clear()

    def close(self) -> list[Json]:
        """Make the changes; return the data of rrweb's mutations."""
        page = self.page
        if not (self._placed or self._gone or self._frames or self._attributes or self._texts):
            return []
        removes = self._detach()
        added = self._insert()
        hosts = [host for host in self._frames if host not in added]
        adds = list(self._adds(added, hosts))
        fresh = added.keys() | self._new.keys()
        attributes = [
            {"id": page.rrweb(number), "attributes": changed}
            for number, changed in self._attributes.items()
            if number in page.nodes and number not in fresh
        ]
        texts = [
            {"id": page.rrweb(number), "value": text}
            for number, text in self._texts.items()
            if number in page.nodes and number not in fresh
        ]
        self._clear()
        made = []
        if removes or adds or attributes or texts:
            made.append({"source": 0, "texts": texts, "attributes": attributes, "removes": removes, "adds": adds})
        return [*made, *self._documents(hosts)]

    def _clear(self) -> None:
        for held in (self._new, self._placed, self._gone, self._last, self._attributes, self._texts):
            held.clear()
        self._frames.clear()

    def _detach(self) -> list[Json]:
        """Take out what goes or moves; what lies within another such node goes with it in rrweb."""
        page, nodes = self.page, self.page.nodes
        touched = [*(number for number in self._placed if number not in self._new), *self._gone]
        # What was in a frame that meanwhile went to another page is gone already.
        out = dict.fromkeys(number for number in touched if number in nodes)
        removes: list[Json] = []
        for number in out:
            parent = nodes[number].parent
            if parent == NOBODY:
                continue
            above = parent
            while above != NOBODY and above not in out:
                above = nodes[above].parent if above in nodes else NOBODY
            if above == NOBODY and parent in nodes:
                removes.append(_removed(page, parent, number))
        for number in out:
            node = nodes[number]
            if node.parent in nodes:
                nodes[node.parent].children.remove(number)
            node.parent = NOBODY
        for number in self._gone:
            self._forget(number)
        return removes

    def _insert(self) -> dict[int, None]:
        """Put in what is new or moved; return what now has a place."""
        nodes = self.page.nodes
        added: dict[int, None] = {}
        for number, (parent, index) in self._placed.items():
            node, above = nodes.get(number), nodes.get(parent)
            if node is None or number == HTML:
                continue
            if above is None or not above.tag or (number not in self._new and self._is_within(parent, number)):
                self.ignored += 1
                self._forget(number)
                added.pop(number, None)
                continue
            node.parent = parent
            above.children.insert(index, number)
            added[number] = None
        return added

    def _is_within(self, number: int, above: int) -> bool:
        while number != NOBODY:
            if number == above:
                return True
            node = self.page.nodes.get(number)
            number = NOBODY if node is None else node.parent
        return False

    def _forget(self, number: int) -> None:
        """Drop a node and everything below it."""
        stack = [number]
        while stack:
            node = self.page.nodes.pop(stack.pop(), None)
            if node is not None:
                stack.extend(node.children)
                if node.inner != NOBODY:
                    stack.append(node.inner)

    # ---- in rrweb's form ---------------------------------------------------------------------------------------------

    def _adds(self, added: dict[int, None], hosts: list[int]) -> Iterator[Json]:
        """What was added, parents first, siblings from the last to the first: so a next sibling is always there."""
        nodes = self.page.nodes
        by_parent: dict[int, list[int]] = {}
        for number in added:
            if number in nodes:
                by_parent.setdefault(nodes[number].parent, []).append(number)
        fresh = {nodes[host].inner for host in self._frames if host in nodes}
        for parent, children in by_parent.items():
            if parent in added or self._root(parent) in fresh or not self._is_shown(parent, added):
                continue
            yield from self._subtree(parent, children, hosts)

    def _is_shown(self, number: int, added: dict[int, None]) -> bool:
        """Whether a node is in the page and not below something that is itself added: then it comes with that."""
        nodes = self.page.nodes
        while number in nodes:
            if number in added:
                return False
            if number == HTML:
                return True
            number = nodes[number].parent
        return False

    def _subtree(self, parent: int, some: list[int], hosts: list[int]) -> Iterator[Json]:
        """Entries for some children of a node that is there, and for everything below them."""
        nodes, rrweb = self.page.nodes, self.page.rrweb
        root = self._root_id(parent)
        stack: list[tuple[int, list[int]]] = [(parent, some)]
        while stack:
            above, wanted = stack.pop()
            siblings, shadow, parent_id = nodes[above].children, nodes[above].tag == SHADOW, self._parent_id(above)
            for place in _places(siblings, wanted):
                number = siblings[place]
                following = rrweb(siblings[place + 1]) if place + 1 < len(siblings) else None
                node = self._flat(number, root, shadow=shadow)
                yield {"parentId": parent_id, "nextId": following, "node": node}
                found = nodes[number]
                if found.children:
                    stack.append((number, found.children))
                if found.inner != NOBODY:
                    self._inner(number, found.inner, hosts, stack)

    def _inner(self, host: int, inner: int, hosts: list[int], stack: list[tuple[int, list[int]]]) -> None:
        if self.page.nodes[inner].tag == SHADOW:
            stack.append((inner, self.page.nodes[inner].children))
        else:
            hosts.append(host)

    def _nested(self, top: int, root: int, hosts: list[int]) -> Json:
        """A node with everything below it."""
        nodes = self.page.nodes
        made = self._flat(top, root, shadow=False)
        stack: list[tuple[int, Json]] = [(top, made)]
        while stack:
            number, out = stack.pop()
            found = nodes[number]
            groups = [(found.children, False)]
            if found.inner != NOBODY:
                if nodes[found.inner].tag == SHADOW:
                    groups.append((nodes[found.inner].children, True))
                else:
                    hosts.append(number)
            for children, shadow in groups:
                for child in children:
                    inside = self._flat(child, root, shadow=shadow)
                    out["childNodes"].append(inside)
                    if nodes[child].tag:
                        stack.append((child, inside))
        return made

    def _documents(self, hosts: list[int]) -> Iterator[Json]:
        """The documents of frames, outer ones first; rrweb drops a whole frame whose document has a root id."""
        page, done = self.page, set[int]()
        for host in hosts:  # grows meanwhile: frames within frames
            owner = page.nodes.get(host)
            if host in done or owner is None or owner.inner == NOBODY or not self._is_shown(host, {}):
                continue
            done.add(host)
            known = page.rrweb(owner.inner)
            inside = [self._nested(child, known, hosts) for child in page.nodes[owner.inner].children]
            node = {"type": 0, "id": known, "childNodes": inside}
            entry = {"parentId": page.rrweb(host), "nextId": None, "node": node}
            yield {"source": 0, "texts": [], "attributes": [], "removes": [], "adds": [entry], "isAttachIframe": True}

    def _flat(self, number: int, root: int, *, shadow: bool) -> Json:
        node = self.page.nodes[number]
        if not node.tag:
            made: Json = {"type": 3, "id": self.page.rrweb(number), "textContent": node.text}
        else:
            made = {
                "type": 2, "id": self.page.rrweb(number), "tagName": node.tag, "attributes": dict(node.attributes),
                "childNodes": [],
            }  # fmt: skip
            if node.svg:
                made["isSVG"] = True
            if node.inner != NOBODY and self.page.nodes[node.inner].tag == SHADOW:
                made["isShadowHost"] = True
        if shadow:
            made["isShadow"] = True
        if root:
            made["rootId"] = root
        return made

    def _parent_id(self, number: int) -> int:
        """The id under which rrweb adds a node's children: a shadow root has none, its host stands for it."""
        node = self.page.nodes[number]
        return self.page.rrweb(node.parent if node.tag == SHADOW else number)

    def _root(self, number: int) -> int:
        """The frame's document that a node is in."""
        nodes = self.page.nodes
        while number in nodes and nodes[number].tag != FRAME:
            number = nodes[number].parent
        return number if number in nodes else NOBODY

    def _root_id(self, number: int) -> int:
        root = self._root(number)
        return 0 if root == NOBODY else self.page.rrweb(root)


def _removed(page: Page, parent: int, number: int) -> Json:
    above = page.nodes[parent]
    made: Json = {"parentId": page.rrweb(parent), "id": page.rrweb(number)}
    if above.tag == SHADOW:
        made = {"parentId": page.rrweb(above.parent), "id": page.rrweb(number), "isShadow": True}
    return made


def _places(siblings: list[int], wanted: list[int]) -> list[int]:
    """Where some of the siblings are, from the last to the first."""
    if len(wanted) == len(siblings):
        return list(range(len(siblings) - 1, -1, -1))
    if len(wanted) * 8 < len(siblings):
        return sorted(map(siblings.index, wanted), reverse=True)
    some = set(wanted)
    return [place for place in range(len(siblings) - 1, -1, -1) if siblings[place] in some]
