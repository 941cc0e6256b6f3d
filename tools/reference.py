"""Write what follows from the code: `python -m tools.reference [--check]`.

Pages of docs/reference, and the dashboards that are imported into Grafana by hand.
"""

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import click
from fastapi import FastAPI

from sightline.accounts.permissions import BY_ROLE, BY_TEAM_ROLE, NOT_FOR_KEYS, Permission, Role, TeamRole
from sightline.cli import COMMANDS, sightline
from sightline.cloud import cost, templates
from sightline.cloud.grafana.alerts import GROUPS, group_document
from sightline.cloud.grafana.dashboards import ALL
from sightline.cloud.grafana.lint import asked, evaluated
from sightline.cloud.grafana.model import document
from sightline.metrics import CATALOGUE
from sightline.server.api import routers
from sightline.server.permissions import Requires, Route, routes
from sightline.settings import Settings, catalogue, environment_name, is_secret

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "reference"
DASHBOARDS = ROOT / "src" / "sightline" / "cloud" / "dashboards"
ALERT_RULES = DASHBOARDS.parent / "alert_rules.json"


def settings() -> Iterator[str]:
    yield "# Settings\n"
    yield (
        "Each setting is read from `[section] name = …` in `sightline.toml` in the data folder (or the file that"
        " `--config` or `SIGHTLINE_CONFIG` names), then from the environment, then from a flag; the later is the"
        " stronger. A secret may also come from a file: append `_FILE` to its environment name. `DATABASE_URL` and"
        " `AWS_REGION` are read too. An unknown name or a wrong value stops the start. `sightline config` shows what is"
        " in force.\n"
    )
    section = ""
    for name, (_, meaning, default) in catalogue().items():
        if name.split(".")[0] != section:
            section = name.split(".")[0]
            yield f"\n## {section}\n\n{(type(getattr(Settings(), section)).__doc__ or '').splitlines()[0]}\n"
            yield "| setting | default | environment | meaning |\n|---|---|---|---|"
        shown = "" if default is None or default in ("", ()) else f"`{default}`"
        kind = " A secret." if is_secret(name) else ""
        yield f"| `{name}` | {shown} | `{environment_name(name)}` | {meaning}{kind} |"


def metrics() -> Iterator[str]:
    yield "# Metrics\n"
    yield (
        "What the process counts about itself, in the CloudWatch namespace `Sightline`. With `log.metrics = true` it"
        " writes them to stdout once a minute in CloudWatch's embedded metric format. Nothing else can be counted.\n"
    )
    yield "| metric | unit | dimensions | meaning |\n|---|---|---|---|"
    for metric in sorted(CATALOGUE.values(), key=lambda found: found.name):
        yield f"| `{metric.name}` | {metric.unit.value} | {', '.join(metric.dimensions) or '-'} | {metric.meaning} |"


def commands() -> Iterator[str]:
    yield "# Commands\n"
    yield (
        "`sightline COMMAND --help` says the same. Exit codes: 0 done; 1 something failed or a check did not hold;"
        " 2 wrong usage or a wrong setting; 3 a part is away, try again; 4 not allowed; 130 interrupted.\n"
    )
    context = click.Context(sightline, info_name="sightline", **sightline.context_settings)
    for name in COMMANDS:
        command = sightline.get_command(context, name)
        if command is None:
            raise LookupError(name)
        yield from _command(command, name, context, 2)


def permissions() -> Iterator[str]:
    yield "# Permissions\n"
    yield (
        "A user has one role in the instance and one in each team. What somebody may do in a team is what the team role"
        " allows; a viewer of the instance never changes anything; an admin may do everything everywhere. An API key"
        " allows what it names, as far as its user may do it at that moment. A site or team that somebody may not see"
        " is answered with 404, one that they see and may not change with 403."
        " [How to manage access](../how-to/manage-access.md) shows the commands.\n"
    )
    yield "## Who may do what\n"
    heads = [f"{role.value}" for role in Role] + [f"team {role.value}" for role in TeamRole]
    yield f"| permission | meaning | {' | '.join(heads)} | API key |\n|---|---|{'---|' * len(heads)}---|"
    for permission in Permission:
        held = [permission in BY_ROLE[role] for role in Role] + [permission in BY_TEAM_ROLE[role] for role in TeamRole]
        cells = " | ".join("yes" if found else "" for found in [*held, permission not in NOT_FOR_KEYS])
        yield f"| `{permission.value}` | {permission.meaning} | {cells} |"
    yield (
        "\nMembers and viewers of the instance may ask for sites and teams; they get those of their teams. A member"
        " without a team who creates a site gets a team of one with it.\n"
    )
    yield "## What each route needs\n"
    yield "| method | address | needs |\n|---|---|---|"
    importlib.import_module("sightline.server.application")  # declares the plain routes
    app = FastAPI(openapi_url=None)
    for router in routers():
        app.include_router(router)
    for route in routes(app):
        yield f"| {route.method} | `{route.path}` | {_need(route)} |"


def _need(route: Route) -> str:
    if isinstance(route.need, Requires):
        return f"`{route.need.permission.value}`"
    return f"public: {route.need.why}" if route.need else ""


def _command(command: click.Command, name: str, parent: click.Context, depth: int) -> Iterator[str]:
    context = click.Context(command, info_name=name, parent=parent)
    text = (command.help or "").replace("\b\n", "").strip()
    yield f"{'#' * depth} {context.command_path}\n\n{text}\n"
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            found = command.get_command(context, inner)
            if found is not None:
                yield from _command(found, inner, context, depth + 1)
        return
    rows = [record for option in command.get_params(context) if (record := option.get_help_record(context))]
    usage = " ".join(command.collect_usage_pieces(context))
    yield f"```text\n{context.command_path} {usage}\n```\n"
    if rows:
        yield "| option | meaning |\n|---|---|"
        for option, meaning in rows:
            yield f"| `{option}` | {' '.join(meaning.split()).replace('|', chr(92) + '|')} |"
        yield ""


def aws() -> Iterator[str]:
    yield "# The AWS templates\n"
    yield (
        "Four CloudFormation templates are shipped in `sightline/cloud/templates/`, made by `infra/` (`make infra`)."
        " [How to deploy on AWS](../how-to/deploy-on-aws.md) uses them. Everything carries the tags `Project`,"
        " `Environment`, `ManagedBy`, `CostCenter`, `Owner`, `Component` and `Function`.\n"
    )
    for part in templates.PARTS:
        found = templates.document(part)
        yield f"## {part}\n\n{found['Description']}: {len(found['Resources'])} resources at most.\n"
        yield "| parameter | default | meaning |\n|---|---|---|"
        for name, declared in found["Parameters"].items():
            default = str(declared.get("Default", "(needed)"))
            allowed = f" One of {', '.join(declared['AllowedValues'])}." if "AllowedValues" in declared else ""
            yield f"| `{name}` | {f'`{default}`' if default else ''} | {declared['Description']}{allowed} |"
        yield "\n| output | meaning |\n|---|---|"
        for name, output in found["Outputs"].items():
            yield f"| `{name}` | {output['Description']} |"
        yield ""
    yield f"## Prices\n\nUSD in us-east-1, read {cost.prices().read}, for `sightline aws cost estimate`.\n"
    yield "| price | USD | per | read at |\n|---|---|---|---|"
    for name, row in cost.prices().rows.items():
        yield f"| {name} | {row.usd:.10g} | {row.per} | {row.source} |"


def dashboards() -> Iterator[str]:
    yield "# Dashboards in Grafana\n"
    yield (
        "What each panel shows and why. The JSON of each is shipped in `sightline/cloud/dashboards/`, for import by"
        " hand into Grafana 10.4 or later; `sightline aws grafana lint` checks it.\n"
    )
    for dashboard in ALL:
        found = document(dashboard)
        yield f"## {dashboard.title}\n\n{dashboard.about}\n"
        yield (
            f"Folder {dashboard.folder.name.title()}, uid `{dashboard.uid}`, range"
            f" {dashboard.span.removeprefix('now-')}, refreshed every {dashboard.refresh or 'time that somebody asks'};"
            " one look asks CloudWatch for about"
            f" {asked(found)} metrics.\n"
        )
        yield "| panel | what it is for |\n|---|---|"
        for panel in found["panels"]:
            yield f"| {panel['title']} | {panel['description']} |"
        yield ""
    yield from alert_rules()


def alert_rules() -> Iterator[str]:
    yield "## Alert rules\n"
    yield (
        "They are synced with the dashboards, and shipped as `sightline/cloud/alert_rules.json`. CloudWatch's alarms"
        " watch what Sightline stands on; these watch what goes by site, function or API. They ask CloudWatch for about"
        f" {evaluated(GROUPS):.0f} metrics an hour, with three sites and three APIs, which is in"
        " `sightline aws cost estimate`. Who is told is the topic that CloudWatch's alarms tell: the sync makes a"
        " contact point for it, and the first branch of the notification policies for what carries the label"
        " `source=sightline`.\n"
    )
    yield "| rule | fires when | what to do |\n|---|---|---|"
    for group in GROUPS:
        for alert in group.alerts:
            yield f"| {alert.title} | {alert.summary} | {alert.todo} |"


PAGES = {
    "settings.md": settings, "metrics.md": metrics, "commands.md": commands, "permissions.md": permissions,
    "aws.md": aws, "dashboards.md": dashboards,
}  # fmt: skip


def rendered() -> dict[Path, str]:
    pages = {FOLDER / name: "\n".join(page()).rstrip() + "\n" for name, page in PAGES.items()}
    rules = json.dumps([group_document(one) for one in GROUPS], indent=1) + "\n"
    shipped = {DASHBOARDS / f"{one.uid}.json": json.dumps(document(one), indent=1) + "\n" for one in ALL}
    return pages | shipped | {ALERT_RULES: rules}


def main() -> int:
    stale = {path: text for path, text in rendered().items() if not path.exists() or path.read_text("utf-8") != text}
    if "--check" in sys.argv:
        for path in stale:
            sys.stderr.write(f"{path.name} is not what the code says: run `python -m tools.reference`\n")
        return 1 if stale else 0
    for path, text in stale.items():
        path.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
