"""The masker proper, made when a text first gives reason for it; what `cleaning` asks it."""

from typing import Any

from sightline_lambda.privacy.dictionary import Rules
from sightline_lambda.privacy.structures import clean_text, mask_json


class Masker:
    """The rules, compiled."""

    def __init__(self, front: dict[str, Any], export: dict[str, Any]) -> None:
        self.rules = Rules(front, export)

    def text(self, text: str) -> str:
        return clean_text(self.rules, text)

    def value(self, key: str, value: object) -> object:
        """A value under its key, of whatever type: what JSON does not know is text."""
        masked: Any = mask_json(self.rules, {key: plain(value)})
        return next(iter(masked.values())) if isinstance(masked, dict) else masked


def plain(value: object, depth: int = 0) -> Any:
    """A value as JSON has it."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if depth > 64:
        return "…"
    if isinstance(value, dict):
        return {str(name): plain(item, depth + 1) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item, depth + 1) for item in value]
    return str(value)
