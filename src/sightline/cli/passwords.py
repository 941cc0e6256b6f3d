"""How a command gets a password: from a prompt, from standard input or from a file; never from a flag."""

import os
import sys
from pathlib import Path
from typing import Final

import click

from sightline.errors import SettingError

FILE: Final = "SIGHTLINE_USER_PASSWORD_FILE"


def read_password() -> str:
    """Read the file that the environment names, else ask twice, else take the first line of standard input."""
    if path := os.environ.get(FILE):
        try:
            return Path(path).read_text("utf-8").rstrip("\r\n")
        except OSError as exc:
            raise SettingError(
                f"environment {FILE}: cannot read {path!r}: {exc.strerror}", hint="Name a readable file."
            ) from exc
    if sys.stdin.isatty():
        entered: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
        return entered
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise click.UsageError(f"No password on standard input. Pipe it in, or name its file in {FILE}.")
    return password
