"""Make the wheel small: a function carries it always, and reads most of it only where a text asks for it.

The masker and what is seldom imported lie in one file, `packed.z`, from which `packed.py` imports: together they take a
quarter less than in a zip file. All modules are there without remarks and without the docstrings of what is private;
the repository has both.
"""

import ast
import io
import tokenize
import zlib
from itertools import chain
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

LATER = ("masker.py", "migrate.py", "outgoing.py", "web.py", "privacy")
PACKAGE = "sightline_lambda"


def trimmed(source: str, *, later: bool) -> bytes:
    """A module as the wheel holds it: indented by two, without remarks, and without the docstrings of private things.

    In what comes `later` only modules have docstrings, and functions have no types. Lines are changed in the text as it
    stands, so that the result is the same on every version of Python.
    """
    tree = ast.parse(source)
    rows: list[str | None] = [*(_untyped(source, tree) if later else source).splitlines()]
    texts: set[int] = set()  # rows that begin within a text
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            rows[row - 1] = (rows[row - 1] or "")[:column].rstrip() or None
        elif token.type == tokenize.STRING:
            texts |= set(range(token.start[0], token.end[0]))
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or len(node.body) < 2:
            continue
        said = node.body[0]
        if (later or node.name.startswith("_")) and ast.get_docstring(node, clean=False) is not None:
            assert said.end_lineno is not None
            rows[said.lineno - 1 : said.end_lineno] = [None] * (said.end_lineno - said.lineno + 1)
    is_narrow = source.startswith("# Made by")  # indented by one already
    kept = [
        row if number in texts or is_narrow or not row else _narrower(row)
        for number, row in enumerate(rows)
        if row or number in texts
    ]
    return ("\n".join(row or "" for row in kept) + "\n").encode()


def _untyped(source: str, tree: ast.Module) -> str:
    """Without the types of what functions take and give: rows keep their numbers."""
    rows = source.splitlines()
    cuts: list[tuple[int, int, int]] = []  # row, from, until
    for node in ast.walk(tree):
        if isinstance(node, ast.arg) and (said := node.annotation) and said.end_col_offset is not None:
            cuts.append((said.lineno, node.col_offset + len(node.arg), said.end_col_offset))
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (said := node.returns):
            assert said.end_col_offset is not None
            cuts.append((said.lineno, rows[said.lineno - 1].rindex(" ->", 0, said.col_offset), said.end_col_offset))
    for number, begin, end in sorted(cuts, reverse=True):
        row = rows[number - 1]
        assert row.isascii(), f"columns are counted in bytes, and {row!r} has others"
        rows[number - 1] = row[:begin] + row[end:]
    return "\n".join(rows) + "\n"


def _narrower(row: str) -> str:
    plain = row.lstrip(" ")
    return " " * ((len(row) - len(plain)) // 2) + plain


def files(root: Path) -> dict[str, bytes]:
    """What the wheel holds of the package, by its place within."""
    held: dict[str, bytes] = {}
    later: dict[str, str] = {}
    for path in sorted(path for path in root.rglob("*") if path.is_file() and "__pycache__" not in path.parts):
        place = path.relative_to(root).as_posix()
        is_later = place.partition("/")[0] in LATER
        content = trimmed(path.read_text("utf-8"), later=is_later) if path.suffix == ".py" else path.read_bytes()
        if is_later:
            later[place] = content.decode()
        else:
            held[place] = content
    return {**held, "packed.z": zlib.compress("\0".join(chain(*later.items())).encode(), 9)}


class Packed(BuildHookInterface[Any]):
    """Puts what `files` makes in the place of the sources."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's signature
        made = Path(self.directory) / "packed"
        for place, content in files(Path(self.root) / "src" / PACKAGE).items():
            path = made / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            build_data["force_include"][str(path)] = f"{PACKAGE}/{place}"
