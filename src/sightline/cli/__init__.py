"""The command line: one file per command group; it prints, asks and shows progress, and holds no logic.

Each group is imported only when it is called, so that `sightline version` does not wait for a database driver.

Exit codes: 0 done; 1 something failed or a check did not hold; 2 wrong usage or a wrong setting; 3 a part is away, try
again; 4 not allowed; 130 interrupted.
"""

import importlib
import sys
from collections.abc import Sequence

import click

from sightline import __version__
from sightline.errors import SightlineError

# Command: (module below this package, one line of help). The module holds a click command of the command's name.
COMMANDS = {
    "up": ("serve", "Start Sightline with its own PostgreSQL, and print its address."),
    "serve": ("serve", "Serve on the PostgreSQL that database.url names."),
    "db": ("db", "Set up, migrate, verify, measure and remove the database schema."),
    "site": ("site", "List, add, change and remove sites."),
    "user": ("user", "List, add, change, disable and remove users; set passwords."),
    "team": ("team", "List, add, change and remove teams and their members."),
    "key": ("key", "List, create and revoke API keys."),
    "jobs": ("jobs", "Show and start background jobs."),
    "report": ("report", "Run a report, through the server or on PostgreSQL."),
    "backup": ("backup", "Write a backup: all rows under one snapshot, and the objects."),
    "restore": ("backup", "Restore a backup into an empty place."),
    "verify-backup": ("backup", "Name everything in a backup that is missing or changed."),
    "root-key": ("rootkey", "Show and rotate the root key and the tenants' keys."),
    "doctor": ("doctor", "Check every part and say what to do about what is wrong."),
    "config": ("config", "Show every setting, its value and where it came from."),
    "completion": ("completion", "Print the completion script of a shell."),
    "privacy": ("privacy", "What is personal: rules, audits of what is stored, masking it anew, salts."),
    "version": ("version", "Print the version."),
}


class Commands(click.Group):
    """The top of the command line, which imports a group only when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"sightline.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="sightline")
def sightline() -> None:
    """Web analytics, session replay, Web Vitals, errors and a vault for personal data, in one process."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit; an error that we raised on purpose becomes one line on stderr."""
    try:
        result = sightline.main(arguments, prog_name="sightline", standalone_mode=False)
    except SightlineError as error:
        click.echo(f"sightline: {error.line()}", err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("sightline: interrupted", err=True)
        sys.exit(130)
    sys.exit(result if isinstance(result, int) else 0)
