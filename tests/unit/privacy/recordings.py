"""Recordings made by hand, in the form in which the recorder writes them."""

from typing import Any

from sightline.privacy.dictionary import Rules, default, load

SIGNED = '[[unmask]]\nreason = "test"\nsigned_by = "admin"\ndate = 2026-01-01\n'
NOW = 1_760_000_000_000


def site(*entries: str, text: str = "") -> Rules:
    """The default dictionary with unmask entries and whatever else a site's file says."""
    return load(
        f'dictionary = 1\nname = "shop"\n{text}\n' + "".join(f"{SIGNED}{entry}\n" for entry in entries), default()
    )


class Page:
    """Numbers nodes as the recorder does."""

    def __init__(self) -> None:
        self.last = 1

    def id(self) -> int:
        self.last += 1
        return self.last

    def element(self, tag: str, *children: Any, **attributes: Any) -> dict[str, Any]:
        """Children are nodes or texts; `class_` and `data_x` are spelled as Python allows."""
        spelled = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        nodes = [self.text(child) if isinstance(child, str) else child for child in children]
        return {"type": 2, "tagName": tag, "attributes": spelled, "childNodes": nodes, "id": self.id()}

    def text(self, text: str) -> dict[str, Any]:
        return {"type": 3, "textContent": text, "id": self.id()}

    def snapshot(
        self, *body: Any, head: tuple[Any, ...] = (), href: str = "https://shop.test/help"
    ) -> list[dict[str, Any]]:
        html = self.element("html", self.element("head", *head), self.element("body", *body))
        root = {
            "type": 0,
            "childNodes": [{"type": 1, "name": "html", "publicId": "", "systemId": "", "id": self.id()}, html],
            "id": 1,
        }
        offset = {"top": 0, "left": 0}
        return [
            {"type": 4, "data": {"href": href, "width": 800, "height": 600}, "timestamp": NOW},
            {"type": 2, "data": {"node": root, "initialOffset": offset}, "timestamp": NOW + 1},
        ]


def increment(source: int, **data: Any) -> dict[str, Any]:
    return {"type": 3, "data": {"source": source, **data}, "timestamp": NOW + 100}


def mutation(**data: Any) -> dict[str, Any]:
    return increment(0, **({"texts": [], "attributes": [], "removes": [], "adds": []} | data))


def added(parent: int, node: dict[str, Any], following: int | None = None) -> dict[str, Any]:
    return mutation(adds=[{"parentId": parent, "nextId": following, "node": node}])


def changed(node: int, **attributes: Any) -> dict[str, Any]:
    spelled = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
    return mutation(attributes=[{"id": node, "attributes": spelled}])


def said(node: int, value: str) -> dict[str, Any]:
    return mutation(texts=[{"id": node, "value": value}])


def typed(node: int, text: str, *, checked: bool = False) -> dict[str, Any]:
    return increment(5, id=node, text=text, isChecked=checked)


def find(events: list[Any], node: int) -> dict[str, Any]:
    """The node of that id in the snapshot or in what was added."""
    found: list[dict[str, Any]] = []

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if value.get("id") == node and "type" in value and "source" not in value:
                found.append(value)
            for item in value.values():
                walk(item)
        elif isinstance(value, list):
            for item in value:
                walk(item)

    walk(events)
    return found[-1]


def text_of(node: dict[str, Any]) -> str:
    return "".join(child.get("textContent", "") or text_of(child) for child in node.get("childNodes", []))
