"""Bring the dictionary into the Lambda libraries: `python -m tools.lambda_privacy`; `--check` says what is behind.

The masker of a Lambda function is the server's own: its modules, without docstrings and remarks and with imports of
their own, beside a few that are written by hand because the originals need packages that a function should not carry
(`dictionary`, `entries`, `texts`, `countries`). The rules are the export of the default dictionary, the part that every
function reads (`front.json`) apart from what only a suspicious text needs.
"""

import ast
import json
import re
import sys
import zlib
from pathlib import Path
from typing import Any

from sightline.privacy.dictionary import default
from sightline.privacy.export import export_for

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src/sightline/privacy"
PYTHON = ROOT / "lambda/python/src/sightline_lambda"
NODE = ROOT / "lambda/node/src"
MODULES = (
    "masks", "memo", "names", "normal", "structures", "urls", "detectors/cards", "detectors/checks",
    "detectors/gates", "detectors/ibans", "detectors/networks", "detectors/pairs", "detectors/scanner",
    "detectors/telephones",
)  # fmt: skip
# What only the server, its accelerators and its exports ask for.
UNUSED = {
    "names": {"add", "tables"}, "gates": {"outline", "telling"}, "scanner": {"compiled"},
    "structures": {"mask_headers", "_header", "mask_json_text"}, "cards": {"ranges"}, "masks": {"is_masked"},
}  # fmt: skip
_HEAD = "# Made by `python -m tools.lambda_privacy` from src/sightline/privacy/{name}.py: change it there.\n"


class _Trimmed(ast.NodeTransformer):
    """Without docstrings and what is not used, and with the imports of the library."""

    def __init__(self, unused: set[str]) -> None:
        self._unused = unused

    def visit_Module(self, node: ast.Module) -> ast.AST:
        return self._without_docstring(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return self._without_docstring(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST | None:
        if node.name in self._unused:
            return None
        return self._without_docstring(node)

    def _without_docstring(self, node: ast.Module | ast.ClassDef | ast.FunctionDef) -> ast.AST:
        self.generic_visit(node)
        if ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Expr(ast.Constant(...))]
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
        if node.module and node.module.startswith("sightline.privacy"):
            node.module = node.module.replace("sightline.", "sightline_lambda.", 1)
        return node

    def visit_Import(self, node: ast.Import) -> ast.AST:
        if [alias.name for alias in node.names] == ["orjson"]:
            return ast.ImportFrom("sightline_lambda.privacy", [ast.alias("texts", "orjson")], 0)
        return node


def module(name: str) -> str:
    """The text of a module of the library."""
    tree = _Trimmed(UNUSED.get(name.rpartition("/")[2], set())).visit(
        ast.parse((SOURCE / f"{name}.py").read_text("utf-8"))
    )
    text = ast.unparse(ast.fix_missing_locations(tree)) + "\n"
    # What every function carries is small: one blank a level says the same as four. No text spans lines here.
    return _HEAD.format(name=name) + re.sub(r"(?m)^( {4})+", lambda match: " " * (len(match[0]) // 4), text)


def files() -> dict[Path, bytes]:
    """Everything that is made, by its place."""
    made = {PYTHON / "privacy" / f"{name}.py": module(name).encode() for name in MODULES}
    rules: dict[str, Any] = export_for("lambda", default())
    front = {"version": rules["version"], **rules.pop("front")}
    # Sieves are for accelerators. A name in one word (`firstname`) follows from the one in two.
    for detector in rules["detectors"]:
        detector.pop("sieve", None)
    for named in front["names"].values():
        joined = {phrase.replace("_", "") for phrase in named[1].split() if "_" in phrase}
        named[1] = " ".join(phrase for phrase in named[1].split() if phrase not in joined)
    # The names of the fields stand in the front, folded.
    for field in rules["fields"]:
        for key in ("words", "exact", "bare"):
            field.pop(key, None)
    # What begins as a shorter one does, or holds one, follows from it.
    begun = tuple(
        word for word in front["begun"] if not any(word != one and word.startswith(one) for one in front["begun"])
    )
    front["begun"] = begun
    front["words"] = [word for word in front["words"] if not word.startswith(begun)]
    for name in ("secrets", "needles"):
        front[name] = [part for part in front[name] if not any(part != one and one in part for one in front[name])]
    made[PYTHON / "front.json"] = _compact(front)
    made[PYTHON / "rules.json.z"] = zlib.compress(_compact(rules), 9)
    made[NODE / "rules.json"] = _compact({**rules, "front": front})
    return made


def _compact(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _same(path: Path, content: bytes) -> bool:
    if not path.is_file():
        return False
    if path.suffix == ".z":  # two builds of zlib may pack alike in other bytes
        return zlib.decompress(path.read_bytes()) == zlib.decompress(content)
    if path.suffix == ".py":  # versions of Python write the same code with other quotes
        return ast.dump(ast.parse(path.read_text("utf-8"))) == ast.dump(ast.parse(content.decode()))
    return path.read_bytes() == content


def main() -> None:
    behind = {path: content for path, content in files().items() if not _same(path, content)}
    if "--check" in sys.argv:
        for path in behind:
            print(f"{path.relative_to(ROOT)} is behind: run `python -m tools.lambda_privacy`", file=sys.stderr)
        sys.exit(1 if behind else 0)
    for path, content in behind.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
