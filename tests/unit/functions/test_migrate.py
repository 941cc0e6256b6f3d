"""The script that turns prints into log lines: what changes, what stays, and that nothing is written unasked."""

import io
from contextlib import redirect_stdout
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sightline_lambda.migrate import main, migrated

SOURCE = '''"""A handler."""
from __future__ import annotations
import sys

def handler(event, context):
    print("order", event["id"], "placed")  # said
    print(f"took {3} ms")
    print("100%", "{x}", sep="|")
    print("failed", file=sys.stderr)
    print()
    print("no newline", end="")
    print(*event)
    return 1
'''


def test_prints_become_lines_and_the_rest_stays() -> None:
    code, changed, left = migrated(SOURCE)
    assert changed == 5
    assert left == [(11, "it ends its line otherwise"), (12, "it spreads its arguments")]
    assert code.splitlines()[:4] == [*SOURCE.splitlines()[:2], "from sightline_lambda import logger", "import sys"]
    assert "# said" in code
    assert 'logger.error("failed")' in code
    assert migrated(code) == (
        code,
        0,
        left_lines := [(12, "it ends its line otherwise"), (13, "it spreads its arguments")],
    )
    assert left_lines


def test_what_is_logged_is_what_was_printed() -> None:
    """Run both: the messages are the lines that print wrote."""
    source = SOURCE.replace("import sys\n", "import sys\nx = 'é\\n'\n").replace(
        '    print("no newline", end="")\n    print(*event)\n',
        "    print('a', x, {'k': 1}, [2], None, 'q\"', sep=' ')\n",
    )
    code, _, _ = migrated(source)
    out = io.StringIO()
    with redirect_stdout(out):
        _run(source.replace(", file=sys.stderr", ""))
    messages: list[str] = []
    logged = SimpleNamespace(
        info=lambda text: messages.append(str(text)), error=lambda text: messages.append(str(text))
    )
    _run(code.replace("from sightline_lambda import logger", ""), logger=logged)
    assert "".join(f"{message}\n" for message in messages) == out.getvalue()


def _run(source: str, **names: Any) -> None:
    scope: dict[str, Any] = dict(names)
    exec(compile(source, "handler.py", "exec"), scope)  # noqa: S102 - the source stands above
    scope["handler"]({"id": 17}, None)


def test_a_name_of_the_sources_own_is_not_the_builtin() -> None:
    source = "def print(x):\n    return x\n\nprint('a')\n"
    assert migrated(source) == (source, 0, [])


def test_files_are_changed_only_when_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "handler.py"
    path.write_text("print('hello')\n", "utf-8")
    (tmp_path / "broken.py").write_text("print('\n", "utf-8")
    assert main([str(tmp_path)]) == 0
    said = capsys.readouterr()
    assert "+logger.info('hello')" in said.out
    assert "1 calls of print would change" in said.err
    assert "broken.py: cannot be read" in said.err
    assert path.read_text("utf-8") == "print('hello')\n"
    main([str(path), "--write"])
    assert path.read_text("utf-8") == "from sightline_lambda import logger\nlogger.info('hello')\n"
