"""Drawing on a canvas, for sites that opted in: commands of the 2D context with numbers, starred text, and pixels.

WebGL is left out: its buffers and shaders cannot be told from data.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from sightline.privacy.recording.css import clean_declaration
from sightline.privacy.recording.stars import star
from sightline.privacy.recording.vocabulary import allowed

MAX_COMMANDS: Final = 50_000
MAX_PIXELS: Final = 4_000_000  # characters of base64

_2D: Final = 0
_DRAWING: Final = allowed("drawing")
_WRITING: Final = frozenset({"fillText", "strokeText"})
_SETTERS: Final = {
    "fillStyle": "color",
    "strokeStyle": "color",
    "shadowColor": "color",
    "font": "font",
    "textAlign": "color",
    "textBaseline": "color",
    "direction": "color",
    "lineCap": "color",
    "lineJoin": "color",
    "globalCompositeOperation": "color",
    "filter": "filter",
}
_NUMBERS: Final = allowed("canvas-numbers")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/]*={0,2}")
_IMAGES: Final = frozenset({"image/png", "image/webp", "image/jpeg"})


def mask_canvas(data: Mapping[str, Any]) -> dict[str, Any] | None:
    """A canvas event with what may be drawn; None if nothing of it may."""
    if data["type"] != _2D or data["id"].__class__ is not int:
        return None
    commands = data.get("commands", [data])
    kept = [made for made in map(_command, commands[:MAX_COMMANDS]) if made]
    return {"source": 9, "id": data["id"], "type": _2D, "commands": kept} if kept else None


def _command(command: Mapping[str, Any]) -> dict[str, Any] | None:
    name, args = command["property"], command["args"]
    if command.get("setter"):
        value = args[0]
        if name in _NUMBERS and _is_number(value):
            return {"property": name, "args": [value], "setter": True}
        kept = clean_declaration(_SETTERS[name], value) if name in _SETTERS and isinstance(value, str) else ""
        return {"property": name, "args": [kept], "setter": True} if kept else None
    if name in _WRITING:
        return {"property": name, "args": [star(args[0]), *filter(_is_number, args[1:4])]}
    if name not in _DRAWING:
        return None
    made = [_argument(value) for value in args[:12]]
    return None if any(value is None for value in made) else {"property": name, "args": made}


def _argument(value: Any) -> Any:
    if _is_number(value):
        return value
    if isinstance(value, list):
        return value[:64] if all(map(_is_number, value[:64])) else None
    if value in {"nonzero", "evenodd"} if isinstance(value, str) else False:
        return value
    return _image(value) if isinstance(value, dict) else None


def _image(value: Mapping[str, Any]) -> dict[str, Any] | None:
    """A frame of pixels as the recorder writes it: an ImageBitmap of a Blob of an ArrayBuffer."""
    if value.get("rr_type") != "ImageBitmap":
        return None
    (blob,) = value["args"]
    (buffer,) = blob["data"]
    text, kind = buffer["base64"], blob.get("type")
    if kind not in _IMAGES or len(text) > MAX_PIXELS or not _BASE64.fullmatch(text):
        return None
    pixels = {"rr_type": "ArrayBuffer", "base64": text}
    return {"rr_type": "ImageBitmap", "args": [{"rr_type": "Blob", "data": [pixels], "type": kind}]}


def _is_number(value: Any) -> bool:
    return value.__class__ in {int, float, bool} and -10_000_000 < value < 10_000_000
