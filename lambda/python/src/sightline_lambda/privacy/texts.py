"""JSON as the masker reads and writes it, by the standard library: strict, compact, in UTF-8."""

import json
from typing import Any, NoReturn


def _refused(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def loads(text: bytes | str) -> Any:
    """Read JSON; ValueError for anything else, however deep it is nested."""
    try:
        return json.loads(text, parse_constant=_refused)
    except RecursionError as exc:
        raise ValueError("nested too deeply") from exc


def dumps(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode(
        "utf-8", "surrogatepass"
    )
