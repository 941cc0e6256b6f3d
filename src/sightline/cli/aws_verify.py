"""`sightline aws verify`: every criterion of the requirements, held against the account."""

from pathlib import Path

import click
import msgspec

from sightline.cli.aws_options import html, send, sent
from sightline.cli.output import as_json, places, print_json, print_table
from sightline.cloud import verification
from sightline.settings import Loaded

_MOST = 4000  # characters that the server takes of an evidence


@click.command()
@places
@click.option(
    "--before",
    type=click.Path(path_type=Path, dir_okay=False),
    help="An inventory saved before the deployment: proves that nothing else was touched.",
)
@click.option("--grafana", is_flag=True, help="Look into Grafana too, with a token of 15 minutes.")
@html
@send
@as_json
def verify(  # noqa: PLR0913 - one per option
    *, loaded: Loaded, before: Path | None, grafana: bool, html_file: Path | None, send: bool, json: bool
) -> int:
    """Hold every criterion of the requirements against the account; reads only, exit 1 if one fails.

    With --grafana it also makes a token of the workspace, compares what is in it, asks each data source one question,
    and deletes the token.

    \b
    Example: sightline aws verify
    Example: sightline aws verify --before before.json --grafana --html verified.html
    """  # fmt: skip
    aws = loaded.settings.aws
    found = verification.verify(aws, before, grafana=grafana)
    about = f"Stage {aws.environment} in {aws.region}" + (f" at {aws.endpoint_url}" if aws.endpoint_url else "")
    if html_file is not None:
        html_file.write_text(verification.page(found, about), "utf-8")
    if send:
        rows = [{**msgspec.structs.asdict(one), "evidence": one.evidence[:_MOST]} for one in found]
        sent(loaded, "verification", {"about": about, "rows": rows})
    if json:
        print_json({"about": about, **verification.document(found)})
    else:
        print_table(
            [{"id": one.id, "criterion": one.criterion, "state": verification.title(one.state), "how": one.how,
              "evidence": one.evidence} for one in found]
        )  # fmt: skip
        click.echo(f"\n{about}: {', '.join(f'{n} {name}' for name, n in verification.counts(found).items())}.")
    return int(any(one.state == "fail" for one in found))
