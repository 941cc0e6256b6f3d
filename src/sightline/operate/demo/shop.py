"""The example shop beside `sightline up`: a process of its own, on the standard library, that ends with this one."""

import asyncio
import contextlib
import json
import logging
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from sightline.accounts import tracking
from sightline.accounts.permissions import Permission
from sightline.errors import SightlineError
from sightline.operate.demo.site import FOLDER, UUID, DemoSite, demo_site
from sightline.operate.house import House

log = logging.getLogger("sightline.demo")
_START_S: Final = 15
_STOP_S: Final = 5
Say = Callable[[str], None]


def is_here(folder: Path = FOLDER) -> bool:
    """Whether there is a shop that could be served: a clone in which it was built."""
    return (folder / "dist" / "index.html").is_file() and (folder / "api" / "server.py").is_file()


def note(data: Path) -> Path:
    """Where a running shop's address is noted, for commands."""
    return data / "run" / "shop.json"


def address_of(data: Path) -> str | None:
    """The address of the shop that runs beside the server of a data folder."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        return str(json.loads(note(data).read_text("utf-8"))["url"])
    return None


@asynccontextmanager
async def shop_beside(house: House, say: Say) -> AsyncIterator[Callable[[str], None]]:
    """Yield what starts the shop in the background, given the server's address: nobody waits for it."""
    tasks: list[asyncio.Task[None]] = []

    def begin(address: str) -> None:
        if house.settings.demo.shop and house.settings.database.url is None and is_here():
            tasks.append(asyncio.create_task(_run(house, address, say), name="shop"))

    try:
        yield begin
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _run(house: House, address: str, say: Say) -> None:
    """Serve until cancelled. What fails here is said, and harms nothing else."""
    try:
        site = await demo_site(house)
        if site is None:
            return
        key = house.inner_keys.make(site.id, Permission.SITE_SEND_LOGS)
        process = await _started(house, address, site, key)
    except (SightlineError, OSError) as exc:
        log.warning("the example shop was not started", extra={"reason": str(exc)})
        return
    assert process.stdin is not None
    assert process.stdout is not None
    file = note(house.data)
    try:
        line = await asyncio.wait_for(process.stdout.readline(), _START_S)
        if url := line.decode().strip():
            file.write_text(json.dumps({"url": url}), "utf-8")
            say(url)
        code = await process.wait()
        log.warning("the example shop has ended", extra={"code": code})
    except TimeoutError:
        log.warning("the example shop was not started", extra={"reason": f"it said nothing for {_START_S} s"})
    finally:
        file.unlink(missing_ok=True)
        await _stop(process)
        house.inner_keys.drop(key)


async def _started(house: House, address: str, site: DemoSite, key: str) -> asyncio.subprocess.Process:
    wanted = house.settings.demo.port
    own = urlsplit(address)
    ports = [wanted] if wanted else [(own.port or 0) + 1, 0] if house.settings.server.port else [0]
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(own.hostname or "", own.netloc.rpartition(":")[0])  # noqa: S104
    server = f"http://{host}:{own.port}"
    return await asyncio.create_subprocess_exec(
        sys.executable, "-I", str(FOLDER / "api" / "server.py"),
        *(f"--port={port}" for port in ports), f"--sightline={server}",
        f"--path={await tracking.path(house.database)}", f"--site={site.public_key}", "--with-parent",
        # As the forwarder of an AWS account has them; what is in the environment stands in no list of processes.
        env={**os.environ, "SIGHTLINE_URL": f"{server}/cloudwatch/{UUID}", "SIGHTLINE_KEY": key},
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for the server, which then ends the shop
    )  # fmt: skip


async def _stop(process: asyncio.subprocess.Process) -> None:
    """Close its stdin, by which it ends; one that does not is killed."""
    if process.returncode is not None:
        return
    assert process.stdin is not None
    process.stdin.close()
    try:
        await asyncio.wait_for(process.wait(), _STOP_S)
    except TimeoutError:
        process.kill()
        await process.wait()
