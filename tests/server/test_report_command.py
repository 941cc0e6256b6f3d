"""`sightline report` as a process: on PostgreSQL itself, and through a server that runs."""

import asyncio
import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from sightline.operate.house import House
from sightline.signals.journal import Journal
from tests.running import run
from tests.server.application import Browser, served
from tests.server.calls import made
from tests.server.serving import serving
from tests.server.test_reports import journal, watched

DAY = ("--site", "Shop", "--start", "2026-10-25", "--end", "2026-10-25")
__all__ = ["journal"]


@pytest.fixture
def environment(house: House, tmp_path: Path) -> dict[str, Any]:
    address = house.database.address
    assert address.password is not None
    return {
        "SIGHTLINE_DATABASE_URL": (
            f"postgresql://{address.user}:{address.password.reveal()}@{address.host}:{address.port}/{address.database}"
        ),
        "SIGHTLINE_DATABASE_TLS": "off",
        "SIGHTLINE_DATA": str(tmp_path / "cli"),
    }


async def report(*arguments: str, code: int = 0, **env: Any) -> str:
    done = await asyncio.to_thread(run, "report", *arguments, **env)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr if code else done.stdout


async def test_reports_run_on_postgresql_itself(admin: Browser, journal: Journal, environment: dict[str, Any]) -> None:
    await watched(admin, journal)
    table = await report(
        "breakdown", *DAY, "by=path", "metric=views", "metric=bounces", "--engine", "postgres", **environment
    )
    assert [line.split() for line in table.splitlines()] == [
        ["PATH", "VIEWS", "BOUNCES"],
        ["/", "2", "1"],
        ["/pricing", "1", "0"],
    ]
    found = json.loads(
        await report("attribution", *DAY, "goal=event:buy", "--engine", "postgres", "--json", **environment)
    )
    assert found["rows"] == [{"value": "search", "conversions": 1.0, "visitors": 1}]
    assert "There are path, entry" in await report(
        "breakdown", *DAY, "by=shoe", "--engine", "postgres", code=2, **environment
    )
    assert "It takes range" in await report("overview", *DAY, "shoe=1", "--engine", "postgres", code=2, **environment)
    assert "There are overview, series" in await report("shoes", *DAY, code=2, **environment)


async def test_reports_run_on_the_warehouse_of_this_node(
    admin: Browser, journal: Journal, environment: dict[str, Any]
) -> None:
    await watched(admin, journal)
    asked = ("breakdown", *DAY, "by=path", "metric=views", "--json")
    own = json.loads(await report(*asked, "--engine", "duckdb", **environment))
    assert own["rows"] == json.loads(await report(*asked, "--engine", "postgres", **environment))["rows"]
    file = Path(environment["SIGHTLINE_DATA"]) / "warehouse" / "warehouse.duckdb"
    taken = duckdb.connect(str(file))  # as a server has it open; locks are between processes
    assert "SIGHTLINE_CLIENT_KEY" in await report(*asked, "--engine", "duckdb", code=4, **environment)
    taken.close()


async def test_a_cluster_has_to_be_named(environment: dict[str, Any]) -> None:
    for wrong in (("--engine", "spark"), ("--master", "local[1]")):
        assert "--master go together" in await report("overview", *DAY, *wrong, code=2, **environment)


async def test_reports_are_asked_of_the_server_that_runs(
    admin: Browser, house: House, journal: Journal, environment: dict[str, Any], tmp_path: Path
) -> None:
    await watched(admin, journal)
    key = (await made(admin, "/api-keys", {"name": "cli", "permissions": ["site:read"]}))["token"]
    assert "SIGHTLINE_CLIENT_KEY" in await report("overview", *DAY, code=4, **environment)
    async with serving(served(house)) as url:
        asked = {**environment, "SIGHTLINE_CLIENT_URL": url, "SIGHTLINE_CLIENT_KEY": key}
        output = tmp_path / "views.csv"
        await report("breakdown", *DAY, "by=path", "metric=views", "--format", "csv", "-o", str(output), **asked)
        assert output.read_text().splitlines() == ["path,views", "/,2", "/pricing,1"]
        assert "There are path, entry" in await report("breakdown", *DAY, "by=shoe", code=2, **asked)
        assert "no site" in await report("overview", "--site", "Nowhere", code=2, **asked)
    assert "no server answers" in await report("overview", *DAY, code=3, **asked)
