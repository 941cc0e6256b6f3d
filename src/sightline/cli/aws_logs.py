"""`sightline aws logs`: what CloudWatch forgets after 90 days is kept in a bucket."""

import click
import msgspec

from sightline.cli.output import as_json, dry_run, places, print_json, print_table
from sightline.cloud.logs import Exporting
from sightline.cloud.stacks import Stacks
from sightline.settings import Loaded


@click.group()
def logs() -> None:
    """Export logs into a bucket, every night."""


@logs.command()
@places
@click.option("--bucket", default="", help="The bucket; empty: that of the data stack.")
@click.option(
    "--group", "groups", multiple=True, help="Groups that begin so, more than once; empty: those of the stage."
)
@click.option("--days", type=click.IntRange(1, 90), default=7, show_default=True, help="How far back to look for gaps.")
@dry_run
@as_json
def export(  # noqa: PLR0913 - one per option
    *, loaded: Loaded, bucket: str, groups: tuple[str, ...], days: int, dry_run: bool, json: bool
) -> None:
    """Export every whole day that is not exported yet; a run that was interrupted goes on with the next one.

    \b
    Example: sightline aws logs export --group /observability/prod/ --group /aws/lambda/checkout
    """
    aws = loaded.settings.aws

    def say(text: str) -> None:
        click.echo(text, err=True)

    bucket = bucket or Stacks(aws, say).outputs("data").get("LogExportBucket", "")
    if not bucket:
        raise click.UsageError("The data stack is not there: name a bucket with --bucket.")
    wanted = groups or (f"/observability/{aws.environment}/",)
    done = list(Exporting(aws, bucket, say).run(wanted, days, dry_run=dry_run))
    if json:
        print_json(msgspec.to_builtins(done))
    else:
        print_table([msgspec.structs.asdict(one) for one in done])
