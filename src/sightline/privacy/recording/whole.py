"""Masking without rules or state: for events that could not be masked otherwise. Types, ids and structure stay."""

from typing import Any, Final

from sightline.privacy.recording import names as n
from sightline.privacy.recording.stars import star

MAX_DEPTH: Final = 256
MAX_NODES: Final = 100_000


def mask_whole(kind: int, data: Any) -> dict[str, Any] | None:
    """A snapshot or a mutation with nothing but its nodes; None for anything else."""
    if kind == 2:
        made = _Whole().nodes([data["node"]])
        return {"node": made[0], "initialOffset": {"top": 0, "left": 0}} if made and made[0]["type"] == 0 else None
    if kind != 3 or data.get("source") != 0:
        return None
    masker = _Whole()
    adds = [made for made in map(masker.add, _list(data.get("adds"))) if made]
    removes = [made for made in map(_removed, _list(data.get("removes"))) if made]
    if not adds and not removes:
        return None
    return {"source": 0, "texts": [], "attributes": [], "removes": removes, "adds": adds}


def pixels(value: Any) -> float:
    return value if value.__class__ in {int, float} and 0 <= value < 10_000_000 else 0


class _Whole:
    def __init__(self) -> None:
        self.count = 0

    def add(self, entry: Any) -> dict[str, Any] | None:
        if not isinstance(entry, dict) or not (_is_id(entry.get("parentId")) and self._is_node(entry.get("node"))):
            return None
        following = entry.get("nextId")
        node = self.nodes([entry["node"]])[0]
        return {"parentId": entry["parentId"], "nextId": following if _is_id(following) else None, "node": node}

    def nodes(self, top: list[Any]) -> list[dict[str, Any]]:
        result: list[dict[str, Any]] = []
        stack: list[tuple[list[Any], list[dict[str, Any]], int]] = [(top, result, 0)]
        while stack:
            nodes, out, depth = stack.pop()
            for node in nodes:
                if self.count >= MAX_NODES or not self._is_node(node):
                    continue
                self.count += 1
                made = self._node(node)
                out.append(made)
                if "childNodes" in made and depth < MAX_DEPTH:
                    stack.append((_list(node.get("childNodes")), made["childNodes"], depth + 1))
        return result

    @staticmethod
    def _is_node(node: Any) -> bool:
        return (
            isinstance(node, dict)
            and _is_id(node.get("id"))
            and node.get("type").__class__ is int
            and 0 <= node["type"] <= 5
        )

    @staticmethod
    def _node(node: dict[str, Any]) -> dict[str, Any]:
        kind, made = node["type"], {"type": node["type"], "id": node["id"]}
        if kind == 0:
            made["childNodes"] = []
        elif kind == 1:
            made |= {"name": "html", "publicId": "", "systemId": ""}
        elif kind == 2:
            tag = node.get("tagName")
            known = isinstance(tag, str) and tag in n.TAGS
            # Marked, since what it asked for or showed is not known any more.
            made |= {"tagName": tag if known else n.UNKNOWN_TAG, "attributes": {n.MASKED: ""}, "childNodes": []}
        elif kind == 3:
            text = node.get("textContent")
            made["textContent"] = star(text) if isinstance(text, str) else ""
        else:
            made["textContent"] = ""
        for name in ("isSVG", "isShadowHost", "isShadow"):
            if node.get(name) is True:
                made[name] = True
        if _is_id(node.get("rootId")):
            made["rootId"] = node["rootId"]
        return made


def _removed(entry: Any) -> dict[str, Any] | None:
    if not isinstance(entry, dict) or not (_is_id(entry.get("parentId")) and _is_id(entry.get("id"))):
        return None
    made = {"parentId": entry["parentId"], "id": entry["id"]}
    return made | {"isShadow": True} if entry.get("isShadow") is True else made


def _is_id(value: Any) -> bool:
    return value.__class__ is int and 0 < value < 2**31


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
