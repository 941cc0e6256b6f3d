"""Imports that are killed: started again they store what is missing, and nothing twice."""

import asyncio
import json
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from sightline.operate.house import House
from tests.moving.conftest import Umami
from tests.moving.umami_tables import BLOG, SHOP, Made
from tests.running import ROOT, environment, run

_FOREVER_S = 120


def started(env: dict[str, Any], *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "sightline", "import", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(**env), cwd=ROOT,
    )  # fmt: skip


def ended(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    out, err = process.communicate(timeout=_FOREVER_S)
    return process.returncode, out, err


async def killed_while(
    house: House, env: dict[str, Any], arguments: tuple[str, ...], *, total: int, rounds: int
) -> int:
    """Kill it at random moments after it has begun to store; how often it was killed before it was done."""
    source, kills = random.Random(7), 0
    for _ in range(rounds):
        before = await stored(house)
        process = started(env, *arguments)
        until = time.monotonic() + _FOREVER_S
        while await stored(house) == before and process.poll() is None and time.monotonic() < until:
            await asyncio.sleep(0.005)
        await asyncio.sleep(source.random() * 0.1)
        kills += process.poll() is None
        process.kill()
        await asyncio.to_thread(process.communicate)
        if await stored(house) >= total:
            break
    return kills


async def stored(house: House) -> int:
    return int(str(await house.database.fetchval("SELECT count(*) FROM signal_event WHERE type <> 6")))


def outer(house: House, tmp_path: Path) -> dict[str, Any]:
    """The environment of a command that works on the test's database."""
    address = house.database.address
    assert address.password is not None
    return {
        "SIGHTLINE_DATABASE_URL": (
            f"postgresql://{address.user}:{address.password.reveal()}@{address.host}:{address.port}/{address.database}"
        ),
        "SIGHTLINE_DATABASE_TLS": "off",
        "SIGHTLINE_DATA": str(tmp_path),
    }


async def killed_import(house: House, umami: Umami, tmp_path: Path, *, events: int, rounds: int) -> dict[str, Any]:
    address, there = await umami(3)
    await Made(SHOP, events=events).insert(there)
    await Made(BLOG, events=1000).insert(there)
    assert address.password is not None
    env = outer(house, tmp_path) | {"SIGHTLINE_SOURCE_PASSWORD": address.password.reveal()}
    url = f"postgresql://{address.user}@{address.host}:{address.port}/{address.database}"
    kills = await killed_while(house, env, ("umami", url), total=events + 1000, rounds=rounds)
    assert kills, "it was never killed in the middle: give it more to do"
    code, out, err = await asyncio.to_thread(ended, started(env, "umami", url, "--json"))
    assert code == 0, out + err
    assert await stored(house) == events + 1000
    distinct = "SELECT count(DISTINCT (site, visitor, created_ms, path, name, title)) FROM signal_event WHERE type <> 6"
    there_distinct = await there.fetchval(
        "SELECT count(DISTINCT (website_id, session_id, created_at, url_path, event_name)) FROM website_event"
    )
    assert await house.database.fetchval(distinct) == there_distinct
    document: dict[str, Any] = json.loads(out)
    return document


@pytest.mark.slow
async def test_an_import_from_umami_killed_in_the_middle_ends_whole(house: House, umami: Umami, tmp_path: Path) -> None:
    document = await killed_import(house, umami, tmp_path, events=24_000, rounds=3)
    assert document["reconciled"]["differences"] == []
    assert document["reconciled"]["events"] == 25_000


@pytest.mark.soak
async def test_an_import_from_umami_killed_many_times_ends_whole(house: House, umami: Umami, tmp_path: Path) -> None:
    await killed_import(house, umami, tmp_path, events=200_000, rounds=12)


@pytest.mark.slow
async def test_an_import_of_a_csv_file_killed_in_the_middle_ends_whole(house: House, tmp_path: Path) -> None:
    from tests.collect.conftest import make_site

    site, _, _ = await make_site(house.database)
    file = tmp_path / "many.csv"
    file.write_text("time,visitor,url\n" + "".join(f"{1777622700 + n},v{n % 99},/p{n % 50}\n" for n in range(60_000)))
    env, arguments = outer(house, tmp_path), ("csv", str(file), "--site", str(site))
    assert await killed_while(house, env, arguments, total=60_000, rounds=3)
    code, out, err = await asyncio.to_thread(ended, started(env, *arguments))
    assert code == 0, out + err
    assert await house.database.fetchval("SELECT count(*) FROM signal_event") == 60_000
    assert await house.database.fetchval("SELECT count(DISTINCT created_ms) FROM signal_event") == 60_000


async def test_commands_say_what_they_did_and_what_is_wrong(house: House, umami: Umami, tmp_path: Path) -> None:
    address, there = await umami(3)
    await Made(SHOP, events=300).insert(there)
    assert address.password is not None
    secret = address.password.reveal()
    env = outer(house, tmp_path) | {"SIGHTLINE_SOURCE_PASSWORD": secret}
    url = f"postgresql://{address.user}@{address.host}:{address.port}/{address.database}"

    async def command(*arguments: str, group: str = "import") -> tuple[int, str, str]:
        done = await asyncio.to_thread(lambda: run(group, *arguments, **env))
        return done.returncode, done.stdout, done.stderr

    code, out, err = await command("umami", url, "--dry-run")
    assert (code, await stored(house)) == (0, 0), out + err
    assert "Umami 3: 300 events" in out
    assert "session_replay" in out
    code, out, err = await command("umami", url.replace("@", f":{secret}@", 1))
    assert (code, "SIGHTLINE_SOURCE_PASSWORD" in err, secret in out + err) == (2, True, False)
    code, out, err = await command("umami", url)
    assert code == 0, out + err
    assert "300 events are here; new: 2 users, 1 teams" in out
    assert "sightline user password ada@example.com" in out
    assert "compared 300 events" in out
    await house.database.execute(
        "DELETE FROM signal_event WHERE created_ms = (SELECT min(created_ms) FROM signal_event)"
    )
    code, out, err = await command("umami", url)
    assert code == 1
    assert "differ between the source" in err
    assert out.splitlines()[-1].split()[2:] == ["events", *out.splitlines()[-1].split()[3:]]

    target = tmp_path / "out.parquet"
    code, out, err = await command("--site", "Shop", "--format", "parquet", "-o", str(target), group="export")
    assert code == 0, out + err
    assert f"wrote {await stored(house) + 4} rows of event" in err or "rows of event" in err
    assert [path.name for path in tmp_path.glob("*out.parquet*")] == ["out.parquet"]
    code, out, err = await command("--site", "Shop", "-o", str(tmp_path / "no" / "x.csv"), group="export")
    assert (code, "there is no folder" in err) == (2, True)
    bad = tmp_path / "bad.csv"
    bad.write_text("time,visitor,url\n1777622700,v,/\nx,v,/\n")
    code, out, err = await command("csv", str(bad), "--site", "Shop", "--rejects", str(tmp_path / "rejects.csv"))
    assert (code, (tmp_path / "rejects.csv").read_text()) == (1, "x,v,/\n")
    assert "2 rows: 1 stored now, 1 refused" in out
    assert "1: time is no time (line 3)" in out
