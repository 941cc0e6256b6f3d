"""What the elements of a recorded page are called: a selector that somebody can search for, and a label."""

from typing import Any, Final

Json = dict[str, Any]
_MOST_CLASSES: Final = 3
_LONGEST: Final = 60
_ELEMENT, _TEXT = 2, 3


class Nodes:
    """The elements of a page as far as the events have gone. None is forgotten: no id is used twice in a page."""

    def __init__(self) -> None:
        self._elements: dict[int, tuple[str, Json]] = {}
        self._labels: dict[int, str] = {}

    def take(self, event: Json) -> None:
        """Learn from a picture of the page, or from what was added to it."""
        if event["type"] == _ELEMENT:  # a full snapshot has the number of an element
            self._elements.clear()
            self._labels.clear()
            self._walk(event["data"]["node"], 0)
        elif event["type"] == 3 and event["data"]["source"] == 0:
            for added in event["data"].get("adds", ()):
                self._walk(added["node"], added["parentId"])
            for changed in event["data"].get("attributes", ()):
                tag, attributes = self._elements.get(changed["id"], ("", {}))
                if tag:
                    self._elements[changed["id"]] = tag, {**attributes, **changed["attributes"]}

    def named(self, node: int) -> str:
        """An element as `button#buy.primary[name="x"] Label`; empty for what is not known."""
        tag, attributes = self._elements.get(node, ("", {}))
        if not tag:
            return ""
        identity = f"#{attributes['id']}" if _is_said(attributes.get("id")) else ""
        classes = "".join(
            f".{one}" for one in str(attributes.get("class") or "").split()[:_MOST_CLASSES] if "*" not in one
        )
        name = f'[name="{attributes["name"]}"]' if _is_said(attributes.get("name")) else ""
        label = self._labels.get(node, "")
        return f"{tag}{identity}{classes}{name}{' ' + label if label.strip('* ') else ''}"

    def _walk(self, node: Json, parent: int) -> None:
        waiting = [(node, parent)]
        while waiting:
            one, above = waiting.pop()
            if one["type"] == _ELEMENT:
                self._elements[one["id"]] = one["tagName"], one.get("attributes", {})
            elif one["type"] == _TEXT and above and above not in self._labels:
                self._labels[above] = str(one.get("textContent", "")).strip()[:_LONGEST]
            waiting.extend((child, one["id"]) for child in reversed(one.get("childNodes", ())))


def _is_said(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _LONGEST and "*" not in value
