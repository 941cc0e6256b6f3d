"""`config`, `completion` and `version`: small commands that need no database."""

import contextlib
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from sightline import __version__
from tests.running import ROOT, environment, run


def test_config_says_where_each_value_came_from_and_masks_secrets(tmp_path: Path) -> None:
    (tmp_path / "sightline.toml").write_text("[server]\n\nport = 9000\n")
    env = {"SIGHTLINE_DATABASE_URL": "postgresql://me:hunter2@127.0.0.1/x", "SIGHTLINE_LOG_LEVEL": "warning"}
    done = run("config", "--data", str(tmp_path), "--json", **env)  # type: ignore[arg-type]
    assert done.returncode == 0, done.stderr
    found = {row["setting"]: row for row in json.loads(done.stdout)["settings"]}
    assert found["server.port"]["value"] == 9000
    assert found["server.port"]["origin"].endswith("sightline.toml:3")
    assert found["log.level"]["origin"] == "environment SIGHTLINE_LOG_LEVEL"
    assert found["database.url"]["value"] == "***"
    assert found["server.host"]["origin"] == "default"
    assert "hunter2" not in done.stdout + run("config", "--data", str(tmp_path), **env).stdout  # type: ignore[arg-type]


def test_a_flag_is_named_as_the_origin_of_what_it_says(tmp_path: Path) -> None:
    done = run("serve", "--data", str(tmp_path), "--port", "70000")
    assert done.returncode == 2
    assert "flag --port: server.port = 70000" in done.stderr


@pytest.mark.parametrize(
    ("shell", "words"), [("bash", "complete -o nosort"), ("zsh", "#compdef sightline"), ("fish", "complete --no-files")]
)
def test_completion_prints_the_script_of_a_shell(shell: str, words: str) -> None:
    done = run("completion", shell)
    assert done.returncode == 0, done.stderr
    assert words in done.stdout


def test_the_shell_is_given_commands_and_options() -> None:
    env = {"_SIGHTLINE_COMPLETE": "bash_complete", "COMP_WORDS": "sightline db ver", "COMP_CWORD": "2"}
    assert run(**env).stdout.strip() == "plain,verify"  # type: ignore[arg-type]
    env = {"_SIGHTLINE_COMPLETE": "bash_complete", "COMP_WORDS": "sightline up --po", "COMP_CWORD": "2"}
    assert run(**env).stdout.strip() == "plain,--port"  # type: ignore[arg-type]


def test_version_is_printed_for_people_and_for_programs() -> None:
    assert __version__ in run("version").stdout
    assert json.loads(run("version", "--json").stdout)["sightline"] == __version__


def test_an_unknown_command_is_a_wrong_use_and_what_was_meant_is_named() -> None:
    done = run("verison")
    assert done.returncode == 2
    assert "No such command 'verison'. Did you mean 'version'?" in done.stderr


@pytest.mark.parametrize(("no_color", "painted"), [("1", False), ("", True)])
def test_a_terminal_has_colours_unless_no_color_is_set(tmp_path: Path, no_color: str, painted: bool) -> None:
    """On a terminal of its own, as only there anything is painted."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "sightline", "doctor", "--data", str(tmp_path / "none")]
    with subprocess.Popen(command, stdout=theirs, stderr=theirs, env=environment(NO_COLOR=no_color), cwd=ROOT) as child:
        os.close(theirs)
        said = b""
        with contextlib.suppress(OSError):  # how a terminal says that nobody writes to it any more
            while part := os.read(ours, 4096):
                said += part
    os.close(ours)
    assert child.returncode == 0
    assert b"data folder" in said
    assert (b"\x1b[" in said) is painted
