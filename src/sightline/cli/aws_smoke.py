"""`sightline aws smoke`: one of each signal, through the public address and found again."""

from collections.abc import Mapping

import click
import msgspec

from sightline.cli.client import Client
from sightline.cli.output import as_json, dry_run, places, print_json, print_table
from sightline.cloud import smoke as smoking
from sightline.cloud.smoke_steps import Found
from sightline.cloud.stacks import Stacks
from sightline.settings import Loaded


@click.command()
@places
@click.option("--url", default="", metavar="URL", help="The public address; empty: client.url, or that of the stack.")
@click.option(
    "--beacon", default="", metavar="URL", help="The beacon's address; empty: that of the stack, if it has one."
)
@click.option("--mark", default="", metavar="LETTERS", help="Of an earlier run, to go on with it; empty: a new one.")
@click.option(
    "--wait", type=click.FloatRange(min=0), default=300, show_default=True, help="Seconds until all is there."
)
@dry_run
@as_json
def smoke(  # noqa: PLR0913 - one per option
    *, loaded: Loaded, url: str, beacon: str, mark: str, wait: float, dry_run: bool, json: bool
) -> int:
    """Send one of each signal and find it in the database, in CloudWatch and by the dashboards' queries.

    It needs an API key (SIGHTLINE_CLIENT_KEY) with the permissions site:create, site:read, site:logs and
    site:send-logs, and makes a site of its own. The beacon takes what goes there once BeaconSites has the public key of
    that site. A run with the same --mark stores nothing twice. Exit 1 if anything is missing.

    \b
    Example: sightline aws smoke --dry-run
    Example: sightline aws smoke --url https://sightline.example.com --wait 600
    Example: sightline aws smoke --beacon https://a1b2c3.execute-api.eu-central-1.amazonaws.com/beacon
    """
    settings = loaded.settings
    url = url or settings.client.url
    if not (url and (beacon or dry_run)):  # a dry run that knows the address asks nobody
        outputs = _outputs(loaded)
        url, beacon = url or outputs.get("Url", ""), beacon or outputs.get("BeaconUrl", "")
    if not url:
        raise click.UsageError("The service stack is not there: name the public address with --url.")
    if dry_run:
        return _shown(smoking.plan(url, settings.aws, beacon), mark, json=json)
    client = Client(msgspec.structs.replace(settings, client=msgspec.structs.replace(settings.client, url=url)))
    key = settings.client.key
    run = smoking.Smoke(settings.aws, client, url, key.reveal() if key else "", mark=mark, beacon=beacon)
    click.echo(f"mark {run.mark}: goes to {url}", err=True)
    found = []
    for one in run.run(wait):
        found.append(one)
        click.echo(f"{one.where}: {one.what} {one.state}", err=True)
    return _shown(found, run.mark, json=json)


def _outputs(loaded: Loaded) -> Mapping[str, str]:
    return Stacks(loaded.settings.aws, lambda text: click.echo(text, err=True)).outputs("service")


def _shown(found: list[Found], mark: str, *, json: bool) -> int:
    missing = [one for one in found if one.state == "missing"]
    if json:
        print_json({"mark": mark, "missing": len(missing), "found": msgspec.to_builtins(found)})
        return int(bool(missing))
    print_table([msgspec.structs.asdict(one) for one in found], ("what", "where", "state", "evidence"))
    for one in missing:
        click.echo(f"sightline: {one.what} ({one.where}): {one.evidence}. {one.next}", err=True)
    return int(bool(missing))
