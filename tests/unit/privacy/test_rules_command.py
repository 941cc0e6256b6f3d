"""`sightline privacy rules`: what it prints, what it exits with, and that it never prints a value."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sightline.cli import sightline
from sightline.errors import CheckFailed, InvalidValue
from sightline.privacy.dictionary import DictionaryError, default


def run(*arguments: str, text: str = "") -> Result:
    return CliRunner().invoke(sightline, ["privacy", "rules", *arguments], input=text)


def test_show_lists_the_fields_and_the_version() -> None:
    result = run("show", "default")
    assert result.exit_code == 0
    assert f"version {default().version}" in result.output
    assert "password" in result.output
    assert json.loads(run("show", "default", "--json").output)["version"] == default().version


def test_test_says_where_and_what_but_never_the_value(tmp_path: Path) -> None:
    file = tmp_path / "app.log"
    file.write_text("fine\nuser jane@x.org paid\njane%40x.org\n")
    result = run("test", str(file), "--json")
    assert json.loads(result.output)["findings"] == [
        {"line": 2, "column": 6, "length": 10, "field": "email", "tier": 1},
        {"line": 3, "column": 1, "length": 12, "field": "encoded", "tier": None},
    ]
    assert isinstance(result.exception, CheckFailed)
    assert "jane" not in result.output
    assert run("test", str(file), "--masked").output == "fine\nuser [email] paid\n********\n"


def test_test_of_clean_text_exits_with_zero() -> None:
    result = run("test", "-", text="took 12 ms\n")
    assert (result.exit_code, result.output) == (0, f"nothing found in 1 lines (rules {default().version})\n")


def test_diff_shows_what_a_site_changes(tmp_path: Path) -> None:
    file = tmp_path / "shop.toml"
    file.write_text('dictionary = 1\nname = "shop"\n[[field]]\nnumber = 1000\nname = "loyalty"\ntier = 2\n')
    assert "field loyalty: number" in run("diff", "default", str(file)).output
    assert "no difference" in run("diff", "default", "default").output
    assert "loyalty" in run("show", str(file)).output


@pytest.mark.parametrize(
    ("content", "error", "says"),
    [
        (None, InvalidValue, "cannot read"),
        ("x =", DictionaryError, "bad.toml: not TOML"),
        ("", DictionaryError, "bad.toml: "),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, content: str | None, error: type[Exception], says: str) -> None:
    file = tmp_path / "bad.toml"
    if content is not None:
        file.write_text(content)
    result = run("show", str(file))
    assert isinstance(result.exception, error)
    assert says in str(result.exception)


def test_export_is_json() -> None:
    assert json.loads(run("export", "--for", "lambda").output)["consumer"] == "lambda"
