"""`sightline jobs`: what runs in the background, and what came of it last."""

import asyncio

import click

from sightline.cli.opening import opened
from sightline.cli.output import as_json, places, print_json, print_table, run_async
from sightline.errors import CheckFailed
from sightline.server import jobs as background
from sightline.settings import Loaded


@click.group()
def jobs() -> None:
    """Show and start background jobs."""


@jobs.command("list")
@places
@as_json
@run_async
async def list_(*, loaded: Loaded, json: bool) -> None:
    """Show every job, its last run and its next one."""
    async with opened(loaded) as house:
        rows = await background.listing(house.database)
    if json:
        print_json({"items": rows})
        return
    print_table(
        [
            {
                "job": row["name"],
                "last run": _moment(row["last_finished_at"]),
                "result": _result(row),
                "took": None if row["last_duration_ms"] is None else f"{row['last_duration_ms'] / 1000:.1f} s",
                "next run": _moment(row["next_run_at"]),
                "message": row["last_message"],
            }
            for row in rows
        ]
    )


@jobs.command()
@places
@click.argument("name")
@click.option("--wait", is_flag=True, help="Wait for its end, and exit with 1 if it failed.")
@run_async
async def run(*, loaded: Loaded, name: str, wait: bool) -> None:
    """Ask the serving process that leads to run job NAME now."""
    async with opened(loaded) as house:
        before = {row["name"]: row["runs"] for row in await background.listing(house.database)}
        await background.request(house.database, name)
        click.echo(f"asked for {name}", err=True)
        while wait:
            await asyncio.sleep(0.3)
            row = next(row for row in await background.listing(house.database) if row["name"] == name)
            if row["runs"] > before[name]:
                click.echo(f"{row['last_result']}: {row['last_message']}")
                if row["last_result"] != "ok":
                    raise CheckFailed(f"job {name} {row['last_result']}")
                return
            if row["progress"] is not None:
                click.echo(f"\r{row['progress']:.0%} ", nl=False, err=True)


def _moment(moment: object) -> str | None:
    return None if moment is None else f"{moment:%Y-%m-%d %H:%M:%S}"


def _result(row: dict[str, object]) -> object:
    if row["last_started_at"] is not None and row["last_finished_at"] is None:
        return "running"
    return row["last_result"]
