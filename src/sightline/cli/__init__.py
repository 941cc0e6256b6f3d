"""The command line: one file per command group; it prints, asks and shows progress, and holds no logic.

Each group is imported only when it is called, so that `sightline version` does not wait for a database driver.

Exit codes: 0 done; 1 something failed or a check did not hold; 2 wrong usage or a wrong setting; 3 a part is away, try
again; 4 not allowed; 130 interrupted.
"""

import importlib
import keyword
import os
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
    "site": ("site", "List, add, change, empty and remove sites; erase somebody; what data take."),
    "user": ("user", "List, add, change, disable and remove users; set passwords."),
    "team": ("team", "List, add, change and remove teams and their members."),
    "key": ("key", "List, create and revoke API keys."),
    "jobs": ("jobs", "Show and start background jobs."),
    "report": ("report", "Run a report, through the server or on PostgreSQL."),
    "issues": ("issues", "Errors that are one and the same: list, show, resolve, ignore, assign, merge, split."),
    "sourcemaps": ("sourcemaps", "Upload, list and delete the source maps of releases."),
    "recordings": ("recordings", "List, look at, export, keep, delete and import recordings of visits."),
    "logs": ("logs", "Search the lines of a site's backend, and follow them."),
    "warehouse": ("warehouse", "Show the local copy that reports read, and make it anew."),
    "import": ("move", "Move in from Umami or a CSV file, masked like live traffic."),
    "export": ("move", "Write everything that is stored of a site, row by row."),
    "demo": ("demo", "Make up visits of the example shop."),
    "backup": ("backup", "Write a backup: all rows under one snapshot, and the objects."),
    "restore": ("backup", "Restore a backup into an empty place."),
    "verify-backup": ("backup", "Name everything in a backup that is missing or changed."),
    "root-key": ("rootkey", "Show and rotate the root key and the tenants' keys."),
    "doctor": ("doctor", "Check every part and say what to do about what is wrong."),
    "config": ("config", "Show every setting, its value and where it came from."),
    "completion": ("completion", "Print the completion script of a shell."),
    "privacy": ("privacy", "What is personal: rules, audits of what is stored, masking it anew, salts."),
    "vault": ("vault", "Keep persons' data encrypted, read them for a purpose, erase them, audit it."),
    "aws": ("aws", "Plan, deploy, measure and take away what runs on AWS."),
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
        name = cmd_name.replace("-", "_")
        command: click.Command = getattr(module, f"{name}_" if keyword.iskeyword(name) else name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.exceptions.NoSuchCommand as error:  # click looks for a similar name among groups that it was given
            raise click.exceptions.NoSuchCommand(error.command_name, possibilities=COMMANDS, ctx=ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="sightline")
def sightline() -> None:
    """Web analytics, session replay, Web Vitals, errors and a vault for personal data, in one process."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit; an error that we raised on purpose becomes one line on stderr."""
    color = False if os.environ.get("NO_COLOR") else None  # https://no-color.org; None asks the terminal
    try:
        result = sightline.main(arguments, prog_name="sightline", standalone_mode=False, color=color)
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
