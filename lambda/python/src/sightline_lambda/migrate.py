"""Turn `print(…)` into `logger.info(…)`: `sightline-lambda-migrate src/`, which shows a diff; `--write` changes files.

    print("order", order_id, "placed")     logger.info(f"order {order_id} placed")
    print(f"took {ms} ms")                 logger.info(f"took {ms} ms")
    print("failed", file=sys.stderr)       logger.error("failed")

Left alone, and named: what prints to another file, ends its line otherwise, or spreads its arguments. Needs libcst:
`pip install 'sightline-lambda[migrate]'`.
"""

import argparse
import difflib
import sys
from collections.abc import Sequence
from pathlib import Path

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider, QualifiedNameProvider

_IMPORT = "from sightline_lambda import logger"


class Prints(cst.CSTTransformer):
    """Replaces the calls of the builtin `print`; keeps all else, to the blank."""

    METADATA_DEPENDENCIES = (QualifiedNameProvider, PositionProvider)

    def __init__(self) -> None:
        super().__init__()
        self.changed = 0
        self.left: list[tuple[int, str]] = []

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:  # noqa: N802 - libcst
        names = self.get_metadata(QualifiedNameProvider, original_node.func, set())
        if {name.name for name in names} != {"builtins.print"}:
            return updated_node
        level, why = "info", ""
        texts: list[cst.BaseExpression] = []
        separator = " "
        for argument in updated_node.args:
            name = argument.keyword.value if argument.keyword else ""
            if argument.star or name == "end":
                why = "it ends its line otherwise" if name else "it spreads its arguments"
            elif name == "file":
                target = cst.Module([]).code_for_node(argument.value)
                level = {"sys.stderr": "error", "sys.stdout": "info"}.get(target, level)
                why = why or ("" if target in {"sys.stderr", "sys.stdout"} else f"it prints to {target}")
            elif name == "sep":
                plain = argument.value.evaluated_value if isinstance(argument.value, cst.SimpleString) else None
                separator, why = (
                    (plain, why) if isinstance(plain, str) else (separator, "its separator is not written out")
                )
            elif not name:
                texts.append(argument.value)
        if why:
            position = self.get_metadata(PositionProvider, original_node)
            self.left.append((position.start.line, why))
            return updated_node
        self.changed += 1
        message = texts[0] if len(texts) == 1 else _joined(texts, separator)
        return cst.Call(cst.Attribute(cst.Name("logger"), cst.Name(level)), [cst.Arg(message)])


def _joined(texts: Sequence[cst.BaseExpression], separator: str) -> cst.BaseExpression:
    """Several arguments as one f-string, as print would join them."""
    if not texts:
        return cst.SimpleString('""')
    parts: list[cst.BaseFormattedStringContent] = []
    for number, text in enumerate(texts):
        if number:
            parts.append(cst.FormattedStringText(_escaped(separator)))
        plain = text.evaluated_value if isinstance(text, cst.SimpleString) else None
        if isinstance(plain, str):
            parts.append(cst.FormattedStringText(_escaped(plain)))
        else:
            parts.append(cst.FormattedStringExpression(_bracketed(text)))
    made = cst.FormattedString(parts)
    code = cst.Module([]).code_for_node(made)
    # Until Python 3.12 an f-string may not hold its own quotes, nor a backslash, between braces.
    if any(
        mark in cst.Module([]).code_for_node(part)
        for part in parts
        if isinstance(part, cst.FormattedStringExpression)
        for mark in ('"', "\\")
    ):
        return cst.parse_expression(
            f"{separator!r}.join(map(str, [{', '.join(map(cst.Module([]).code_for_node, texts))}]))"
        )
    return cst.parse_expression(code)


def _bracketed(text: cst.BaseExpression) -> cst.BaseExpression:
    if (
        isinstance(
            text,
            cst.Lambda
            | cst.IfExp
            | cst.NamedExpr
            | cst.Yield
            | cst.Await
            | cst.Dict
            | cst.DictComp
            | cst.Set
            | cst.SetComp,
        )
        and not text.lpar
    ):
        return text.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
    return text


def _escaped(text: str) -> str:
    return (
        text.encode("unicode_escape").decode().replace('"', '\\"').replace("{", "{{").replace("}", "}}")
        if text.isascii()
        else text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("{", "{{").replace("}", "}}")
    )


def migrated(source: str) -> tuple[str, int, list[tuple[int, str]]]:
    """The source with its prints replaced, how many there were, and which lines were left and why."""
    prints = Prints()
    tree = MetadataWrapper(cst.parse_module(source)).visit(prints)
    if prints.changed and _IMPORT not in source:
        tree = tree.with_changes(body=_with_import(tree.body))
    return tree.code, prints.changed, prints.left


def _with_import(
    body: Sequence[cst.BaseStatement | cst.SimpleStatementLine],
) -> list[cst.BaseStatement | cst.SimpleStatementLine]:
    """The import behind the docstring and what comes from `__future__`."""
    at = 0
    for statement in body:
        first = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) else None
        docstring = at == 0 and isinstance(first, cst.Expr) and isinstance(first.value, cst.SimpleString)
        future = (
            isinstance(first, cst.ImportFrom)
            and isinstance(first.module, cst.Name)
            and first.module.value == "__future__"
        )
        if not (docstring or future):
            break
        at += 1
    return [*body[:at], cst.parse_statement(_IMPORT), *body[at:]]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="sightline-lambda-migrate", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("paths", nargs="+", type=Path, help="files, or folders whose .py files are meant")
    parser.add_argument("--write", action="store_true", help="change the files; without it only a diff is printed")
    given = parser.parse_args(arguments)
    total = 0
    for path in sorted(
        {file for place in given.paths for file in (place.rglob("*.py") if place.is_dir() else [place])}
    ):
        try:
            source = path.read_text("utf-8")
            code, changed, left = migrated(source)
        except (OSError, UnicodeDecodeError, cst.ParserSyntaxError) as error:
            sys.stderr.write(f"{path}: cannot be read: {str(error).splitlines()[0]}\n")
            continue
        for line, why in left:
            sys.stderr.write(f"{path}:{line}: left as it is: {why}\n")
        total += changed
        if changed and given.write:
            path.write_text(code, "utf-8")
        elif changed:
            sys.stdout.writelines(
                difflib.unified_diff(
                    source.splitlines(keepends=True), code.splitlines(keepends=True), str(path), str(path)
                )
            )
    sys.stderr.write(f"{total} calls of print {'changed' if given.write else 'would change'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
