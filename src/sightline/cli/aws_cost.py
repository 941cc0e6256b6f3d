"""`sightline aws cost`: what it will cost, and what it has cost."""

from collections.abc import Mapping
from pathlib import Path

import click
import msgspec

from sightline.cli.aws_options import html, profile, send, sent, settings
from sightline.cli.output import as_json, places, print_json, print_table
from sightline.cloud import cost as costs
from sightline.cloud import spending
from sightline.settings import Loaded


@click.group()
def cost() -> None:
    """What the foundation costs a month."""


@cost.command()
@places
@profile("small")
@settings
@click.option("--limit", type=click.FloatRange(min=0), help="Exit 1 if a month costs more USD.")
@send
@as_json
def estimate(  # noqa: PLR0913 - one per option
    *, loaded: Loaded, profile_name: str, given: Mapping[str, str], limit: float | None, send: bool, json: bool
) -> int:
    """Estimate a month from the templates, a workload and a dated price table; AWS is not asked.

    \b
    Example: sightline aws cost estimate --limit 150
    Example: sightline aws cost estimate --profile search --set NatKind=instance
    """
    found = costs.estimate(costs.profile(profile_name), given)
    over = limit is not None and found.total > limit
    if send:
        sent(loaded, "estimate", {**msgspec.to_builtins(found), "total": found.total})
    if json:
        print_json({**msgspec.to_builtins(found), "total": found.total, "limit": limit, "over": over})
        return int(over)
    print_table(
        [
            {"resource": f"{line.part}/{line.resource}", "what": line.what, "quantity": f"{line.quantity:,.6g}",
             "unit": line.unit, "usd": f"{line.usd:.2f}"}
            for line in sorted(found.lines, key=lambda line: -line.usd)
        ]
    )  # fmt: skip
    click.echo(f"\n{found.total:.2f} USD a month: {found.about}. Prices of us-east-1, read {found.prices_read}.")
    if over:
        click.echo(f"sightline: this is over the limit of {limit:.2f} USD", err=True)
    return int(over)


@cost.command()
@as_json
def prices(*, json: bool) -> None:
    """Show the price table, each row with where it was read."""
    table = costs.prices()
    if json:
        print_json(table)
        return
    print_table(
        [{"price": name, "usd": row.usd, "per": row.per, "source": row.source} for name, row in table.rows.items()]
    )
    click.echo(f"\nRead {table.read}.")


@cost.command()
@places
@click.option("--days", type=click.IntRange(1, 366), default=31, show_default=True, help="How far back.")
@html
@click.option("--budget", type=click.FloatRange(min=0), default=150, show_default=True, help="USD a month.")
@send
@as_json
def report(  # noqa: PLR0913 - one per option
    *, loaded: Loaded, days: int, html_file: Path | None, budget: float, send: bool, json: bool
) -> None:
    """Show what was spent by service, component and resource group, the forecast and anomalies.

    Cost Explorer is asked once a day: three requests and one for each resource group, a cent each.

    \b
    Example: sightline aws cost report --html cost.html
    """
    found = spending.spending(loaded.settings.aws, loaded.data / "cache", days=days)
    if html_file is not None:
        html_file.write_text(spending.page(found, budget=budget), "utf-8")
    if send:
        document = msgspec.to_builtins(found)
        del document["asked"]
        sent(loaded, "spending", {**document, "budget": budget})
    if json:
        print_json({**msgspec.to_builtins(found), "total": found.total, "services": found.services})
        return
    print_table([{"service": name, "usd": f"{usd:.2f}"} for name, usd in found.services.items()])
    for what, sums in (("component", found.components), ("resource group", found.groups)):
        if sums:
            click.echo()
            print_table([{what: name, "usd": f"{usd:.2f}"} for name, usd in sums.items()])
    forecast = "unknown yet" if found.forecast is None else f"{found.forecast:.2f} USD"
    click.echo(f"\n{found.total:.2f} USD from {found.start} to {found.end}; to the end of the month {forecast} more.")
    for text in found.anomalies:
        click.echo(f"anomaly: {text}")
