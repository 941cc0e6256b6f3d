"""`sightline aws grafana`: dashboards as code into a workspace."""

import json as plain
from pathlib import Path
from typing import Any

import click
import msgspec

from sightline.cli.output import as_json, dry_run, places, print_json, print_table
from sightline.cloud.grafana import lint as linting
from sightline.cloud.grafana import opening, syncing
from sightline.cloud.grafana.alerts import GROUPS
from sightline.cloud.grafana.dashboards import ALL
from sightline.cloud.grafana.model import document
from sightline.cloud.grafana.wanted import Wanted
from sightline.cloud.grafana.workspace import people
from sightline.errors import InvalidValue
from sightline.settings import Loaded

workspace = click.option("--workspace", default="", metavar="ID", help="The workspace; empty: that of the stack.")
search = click.option("--search", default="", metavar="HOST", help="OpenSearch's endpoint; empty: that of the stack.")
topic = click.option("--topic", default="", metavar="ARN", help="Whom alert rules tell; empty: the topic of the stack.")
organisation = click.option("--organisation", default="Sightline", show_default=True, help="The organisation's name.")


@click.group()
def grafana() -> None:
    """Bring dashboards, folders and data sources into Amazon Managed Grafana, and check them."""


@grafana.command()
@places
@workspace
@search
@topic
@organisation
@click.option("--people", "people_file", type=click.Path(path_type=Path), help="A TOML file: who may what.")
@dry_run
@as_json
def sync(  # noqa: PLR0913 - one per option
    *, loaded: Loaded, workspace: str, search: str, topic: str, organisation: str, people_file: Path | None,
    dry_run: bool, json: bool,
) -> None:  # fmt: skip
    """Write what is missing or was changed by hand; a second run changes nothing. A dry run only looks.

    At the end each data source is asked one question as a panel asks it: what cannot be read is said at once.

    \b
    Example: sightline aws grafana sync --people people.toml
    """
    aws = loaded.settings.aws
    permitted = people(people_file) if people_file else None
    wanted = Wanted(region=aws.region, stage=aws.environment, search=search, topic=topic, organisation=organisation)
    with opening.opened(aws, wanted, _progress, workspace=workspace, dry_run=dry_run) as opened:
        roles = opened.workspace.permit(permitted, dry_run=dry_run) if permitted else []
        look = syncing.differences if dry_run else syncing.sync
        done = [opened.alerting, *look(opened.grafana, opened.wanted)]
    if json:
        print_json({"roles": roles, "things": msgspec.to_builtins(done)})
        return
    for role in roles:
        click.echo(f"would: {role}" if dry_run else role)
    print_table([msgspec.structs.asdict(one) for one in done], ("kind", "name", "state"))


@grafana.command()
@places
@workspace
@search
@topic
@organisation
@as_json
def diff(  # noqa: PLR0913 - one per option
    *, loaded: Loaded, workspace: str, search: str, topic: str, organisation: str, json: bool
) -> int:
    """Show what a sync would change; exit 1 if anything differs.

    \b
    Example: sightline aws grafana diff
    """
    aws = loaded.settings.aws
    wanted = Wanted(region=aws.region, stage=aws.environment, search=search, topic=topic, organisation=organisation)
    with opening.opened(aws, wanted, _progress, workspace=workspace, dry_run=True) as opened:
        all_ = [opened.alerting, *syncing.differences(opened.grafana, opened.wanted)]
    found = [one for one in all_ if one.state != "same"]
    if json:
        print_json(msgspec.to_builtins(found))
    else:
        print_table([msgspec.structs.asdict(one) for one in found])
    return int(bool(found))


@grafana.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@as_json
def lint(*, files: tuple[Path, ...], json: bool) -> int:
    """Check dashboards and alert rules without a Grafana: ours, or JSON files of dashboards. Exit 1 on a fault.

    \b
    Example: sightline aws grafana lint
    """
    ours = {one.uid: document(one) for one in ALL}
    documents = {str(file): _read(file) for file in files} or ours
    groups = () if files else GROUPS
    found = [{"where": name, "fault": fault} for name, one in documents.items() for fault in linting.faults(one)]
    found += [{"where": "alert rules", "fault": fault} for fault in linting.alert_faults(groups, ours)]
    rules = sum(len(group.alerts) for group in groups)
    if json:
        print_json({"dashboards": len(documents), "alert_rules": rules, "faults": found})
    elif found:
        print_table(found)
    else:
        click.echo(f"{len(documents)} dashboards, {rules} alert rules, no fault.")
    return int(bool(found))


def _read(file: Path) -> dict[str, Any]:
    try:
        found = plain.loads(file.read_text("utf-8"))
    except ValueError as exc:
        raise InvalidValue(f"{str(file)!r} is no JSON: {exc}", hint="Export the dashboard as JSON.") from exc
    if not isinstance(found, dict):
        raise InvalidValue(f"{str(file)!r} is no dashboard", hint="Export one dashboard as JSON.")
    return found


def _progress(text: str) -> None:
    click.echo(text, err=True)
