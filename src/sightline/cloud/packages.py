"""The functions that run on Lambda, as zip files that are the same bytes wherever they are made.

Entries are sorted, dated 1980 and stored uncompressed, since two builds of zlib need not pack alike: whoever builds a
package anew can compare its digest with the one that was deployed.
"""

import hashlib
import io
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct

from sightline.errors import InvalidValue, NotFound

_DATE: Final = (1980, 1, 1, 0, 0, 0)
_MODE: Final = 0o644 << 16
_SHIPPED: Final = Path(__file__).resolve().parent / "functions"
_CLONE: Final = Path(__file__).resolve().parents[3] / "lambda"


class Recipe(Struct, frozen=True):
    """What goes into a package: folders of modules, and where they stand in it."""

    meaning: str
    modules: tuple[str, ...]
    below: str = ""
    handler: str = ""


RECIPES: Final[Mapping[str, Recipe]] = {
    "beacon": Recipe(
        "Takes Web Vitals and errors from browsers, behind an API Gateway HTTP API.",
        ("sightline_lambda", "sightline_beacon"), handler="sightline_beacon.handler.handle",
    ),
    "forwarder": Recipe(
        "Hands the lines of a log group to Sightline.", ("sightline_forwarder",),
        handler="sightline_forwarder.handler.handle",
    ),
    "layer": Recipe("The Python library for your own functions, as a layer.", ("sightline_lambda",), below="python/"),
}  # fmt: skip


class Package(Struct, frozen=True):
    """A zip file, as bytes, with what is said of it."""

    name: str
    content: bytes
    files: int
    handler: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def package(name: str) -> Package:
    """Make a package; the same sources give the same bytes."""
    recipe = RECIPES.get(name)
    if recipe is None:
        raise InvalidValue(f"there is no package {name!r}", hint=f"There are {', '.join(RECIPES)}.")
    files = {recipe.below + place: content for module in recipe.modules for place, content in _module(module)}
    return Package(name, archive(files), len(files), recipe.handler)


def archive(files: Mapping[str, bytes]) -> bytes:
    """A zip file of these files, by their places in it."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_STORED) as made:
        for place in sorted(files):
            entry = zipfile.ZipInfo(place, _DATE)
            entry.external_attr, entry.create_system = _MODE, 3  # a file, as Unix has it, on every system
            made.writestr(entry, files[place])
    return held.getvalue()


def _module(name: str) -> Iterator[tuple[str, bytes]]:
    root = _source(name)
    for path in sorted(root.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield f"{name}/{path.relative_to(root).as_posix()}", path.read_bytes()


def _source(name: str) -> Path:
    """Where a module's sources are: in the package that was installed, or in a clone."""
    for root in (_SHIPPED, *sorted(_CLONE.glob("*/src"))):
        if (root / name / "__init__.py").is_file():
            return root / name
    raise NotFound(f"the sources of {name!r} are neither in this installation nor in a clone")
