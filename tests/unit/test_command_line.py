"""What every command has, whatever it does: looked at in the tree of commands, so that a new one is held to it, too."""

from collections.abc import Iterator

import click
import pytest

from sightline.cli import sightline
from sightline.cli.output import sure

# They run until they are stopped, write a file or a script, or change one thing and say that in a line.
WITHOUT_JSON = {
    "up", "serve", "completion", "export", "site snippet", "site remove", "user disable", "user enable",
    "user password", "user remove", "user role", "team add-member", "team change-member", "team remove",
    "team remove-member",
    "team rename", "key revoke", "jobs run", "recordings delete", "recordings export", "recordings import",
    "recordings keep", "warehouse athena", "privacy rules export", "vault audit prove", "vault audit seal",
    "vault change", "vault erase", "vault export", "vault link", "vault restrict",
}  # fmt: skip
# What cannot be taken back asks first.
LOSES = {
    "db rollback", "site erase", "site remove", "site reset", "user remove", "team remove", "team remove-member",
    "key revoke", "sourcemaps delete", "recordings delete", "vault erase", "aws destroy",
}  # fmt: skip


def commands(command: click.Command = sightline, name: str = "") -> Iterator[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        yield name, command
        return
    context = click.Context(command)
    for each in command.list_commands(context):
        found = command.get_command(context, each)
        assert found is not None
        yield from commands(found, f"{name} {each}".strip())


ALL = dict(commands())


def options(name: str) -> set[str]:
    return {option for parameter in ALL[name].params for option in parameter.opts}


def test_what_a_program_may_want_to_read_is_printed_as_json() -> None:
    assert {name for name in ALL if "--json" not in options(name)} == WITHOUT_JSON


def test_what_cannot_be_taken_back_has_a_yes_and_without_one_nobody_is_asked_where_nobody_can_answer() -> None:
    assert {name for name in ALL if "--yes" in options(name)} == LOSES


def test_where_nobody_can_answer_nothing_is_lost(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(click.UsageError, match="say --yes"):
        sure("Remove it?", yes=False)
    sure("Remove it?", yes=True)
    assert capsys.readouterr().out == ""


def test_every_command_and_option_says_what_it_is_for() -> None:
    mute = [name for name, command in ALL.items() if not command.help]
    mute += [
        f"{name} {parameter.opts[0]}"
        for name, command in ALL.items()
        for parameter in command.params
        if isinstance(parameter, click.Option) and not parameter.help
    ]
    assert mute == []


def test_no_secret_is_an_option() -> None:
    """They are prompted for, or come from a file, stdin or the environment; a flag stands in the list of processes."""
    named = [
        f"{name} {option}"
        for name, command in ALL.items()
        for parameter in command.params
        if isinstance(parameter, click.Option) and not parameter.is_flag
        for option in parameter.opts
    ]
    assert len(named) > len(ALL)
    assert [one for one in named if one.endswith(("password", "secret", "token"))] == []
