"""A full store says so in `/readyz`, in the API and in a metric; what comes is taken as long as anything can be."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from sightline import metrics
from sightline.blobs.folder import FolderStore
from sightline.errors import DiskFull
from sightline.operate.house import House
from sightline.replay.sealing import Sealing
from sightline.server.schedule import JOBS
from tests.collect.conftest import Site, Watch
from tests.collect.test_recordings import post, snapshot, stored

SEAL, RETENTION = (next(job for job in JOBS if job.name == f"recordings.{name}") for name in ("seal", "retention"))


def fill(disk: Path) -> Path:
    """A file that takes all of the disk."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(4096)):
            pass
    assert shutil.disk_usage(disk).free == 0
    return filler


async def part(site: Site, name: str) -> dict[str, Any]:
    answer: httpx.Response = await site.client.get("/readyz")
    assert answer.status_code == 200  # what is collected goes on, and so do reports
    (found,) = [one for one in answer.json()["parts"] if one["name"] == name]
    return dict(found)


def counted(name: str) -> list[dict[str, Any]]:
    """What was counted since it was asked last."""
    lines: list[str] = []
    metrics.emit(lines.append)
    return [found for found in map(json.loads, lines) if name in found]


async def no_progress(_: float) -> None:
    """Nobody waits for it."""


async def test_recordings_whose_disk_is_full_wait_in_postgresql(house: House, watch: Watch, small_disk: Path) -> None:
    stores = msgspec.structs.replace(house.stores, recordings=FolderStore(small_disk / "recordings"))
    here = msgspec.structs.replace(house, stores=stores)
    async with watch(house=here) as site:
        assert (await part(site, "recordings"))["state"] == "up"
        filler = fill(small_disk)
        found = await part(site, "recordings")
        assert (found["state"], "of the disk are free" in found["detail"]) == ("down", True)
        assert (await post(site, snapshot("Anneliese"), seq=0)).json()["accepted"] == 1
        await site.house.database.execute("UPDATE signal_chunk SET closed = true")
        sealing = Sealing(here.database, here.stores.recordings, here.keys)
        with pytest.raises(DiskFull):
            await sealing.run(idle_ms=-60_000)
        assert len(await stored(site)) == 1
        counted("RecordingsFull")
        with suppress(DiskFull):
            await SEAL.run(here, no_progress)
        assert [found["RecordingsFull"] > 0 for found in counted("RecordingsFull")] == [True]
        assert "Free some space" in await RETENTION.run(here, no_progress)
        filler.unlink()
        assert (await part(site, "recordings"))["state"] == "up"
        assert (await sealing.run(idle_ms=-60_000)).recordings == 1


@pytest.fixture
def full_for_postgresql() -> Iterator[Path]:
    """A disk of 1 MB that PostgreSQL may write to."""
    disk = Path(tempfile.mkdtemp(prefix="sl-full-"))
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=755", "tmpfs", str(disk)], check=True)
    (disk / "space").mkdir()
    if os.geteuid() == 0:
        shutil.chown(disk / "space", "postgres")
    try:
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)
        disk.rmdir()


async def test_a_journal_without_room_says_so_until_it_has_some(site: Site, full_for_postgresql: Path) -> None:
    database, disk = site.house.database, full_for_postgresql
    space = disk.name.replace("-", "_")
    assert (await site.send(url="/before")).status_code == 200  # there is a table for this day now
    async with database.connection() as connection:
        await connection.execute(f"CREATE TABLESPACE {space} LOCATION '{disk}/space'")
        for row in await connection.fetch(
            "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'umami.signal_event'::regclass"
        ):
            await connection.execute(f"ALTER TABLE {row['name']} SET TABLESPACE {space}")
    try:
        assert (await part(site, "journal"))["state"] == "up"
        filler = fill(disk)
        counted("JournalRefused")
        refused = [await site.send(url=f"/{number}", title="x" * 400) for number in range(40)]
        assert refused[-1].status_code == 503
        assert "PostgreSQL's disk is full" in refused[-1].text
        assert {found["Reason"] for found in counted("JournalRefused")} == {"database"}
        found = await part(site, "journal")
        assert (found["state"], "PostgreSQL's disk has no room" in found["detail"]) == ("down", True)
        taken = [answer.status_code for answer in refused].count(200)
        assert len(await site.rows()) == 1 + taken
        filler.unlink()
        assert (await site.send(url="/after")).status_code == 200
        assert (await part(site, "journal"))["state"] == "up"
        assert (await site.rows())[-1]["path"] == "/after"
    finally:
        async with database.connection() as connection:
            await connection.execute("DROP TABLE signal_event CASCADE")  # what a tablespace holds keeps it
            await connection.execute(f"DROP TABLESPACE {space}")
