"""`sightline doctor`: look at every part by itself, and say what to do about what is wrong.

The checks run side by side, each with its own time limit and its own errors, so that a part that hangs or is broken
hides no other.
"""

import asyncio
import os
import secrets
import shutil
import stat
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import asyncpg
import msgspec

from sightline import clock
from sightline.blobs.store import BlobStore
from sightline.database import migrations
from sightline.database.address import Address, connect
from sightline.errors import SightlineError
from sightline.keys.ring import KeyRing
from sightline.keys.table import SQL as KEYS
from sightline.keys.table import OneConnection
from sightline.keys.wrap import KEY_SIZE, KeyId, Kind, wipe
from sightline.operate.restore import unfinished
from sightline.settings import Loaded

State = Literal["ok", "warn", "fail"]
TIMEOUT_S: Final = 20.0
_GIB: Final = 1 << 30
_OLDEST: Final = 150_000  # server_version_num of PostgreSQL 15


class Finding(msgspec.Struct, frozen=True):
    """One line of the report."""

    check: str
    state: State
    detail: str
    fix: str = ""


Check = Callable[[], Awaitable[Finding]]
# Rows of the table of jobs, as `server.jobs.listing` returns them.
JobLister = Callable[[asyncpg.Connection], Awaitable[Sequence[Mapping[str, Any]]]]


async def examine(checks: Mapping[str, Check], *, timeout_s: float = TIMEOUT_S) -> list[Finding]:
    """Run all checks at once; one that fails or hangs becomes a line."""
    return list(await asyncio.gather(*(_examined(name, check, timeout_s) for name, check in checks.items())))


async def _examined(name: str, check: Check, timeout_s: float) -> Finding:
    try:
        async with asyncio.timeout(timeout_s):
            return await check()
    except TimeoutError:
        return Finding(
            name, "fail", f"no answer within {timeout_s:g} s", "Look at its log, and at the network on the way."
        )
    except SightlineError as exc:
        return Finding(name, "fail", exc.message, exc.hint or "")
    except asyncpg.UndefinedTableError:
        return Finding(name, "fail", "its tables are missing", "Run `sightline db migrate`.")
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as exc:
        return Finding(name, "fail", f"{type(exc).__name__}: {exc}", "See the log of this part.")


# ---- without the database ---------------------------------------------------------------------------------------


async def check_settings(loaded: Loaded) -> Finding:
    """Settings were read, or there would be no doctor; what is left are combinations that are unwise."""
    server = loaded.settings.server
    url = urlsplit(server.public_url)
    told = f"{len(loaded.origins)} set, the rest default"
    if url.scheme == "http" and url.hostname not in {"127.0.0.1", "localhost", "::1"}:
        return Finding(
            "settings", "warn", "server.public_url is http: sign-ins cross the network in clear", "Use https."
        )
    if server.host not in {"127.0.0.1", "localhost", "::1"} and not server.public_url:
        return Finding(
            "settings", "warn", f"server.host = {server.host!r} is reachable from elsewhere without TLS",
            "Put a proxy with TLS before it, and set server.public_url to its https address.",
        )  # fmt: skip
    return Finding("settings", "ok", told)


async def check_folder(data: Path) -> Finding:
    """The data folder: there, ours, and private where it has to be."""
    return await asyncio.to_thread(_folder, data)


def _folder(data: Path) -> Finding:
    if not data.is_dir():
        return Finding("data folder", "warn", f"{data} does not exist yet", "`sightline up` makes it.")
    if data.stat().st_uid not in {os.geteuid(), 0}:
        return Finding("data folder", "fail", f"{data} belongs to another user", f"Run: chown -R {os.geteuid()} {data}")
    if data.stat().st_mode & 0o022:
        return Finding("data folder", "fail", f"{data} can be written by others", f"Run: chmod go-w {data}")
    for name in ("keys", "secrets", "blobs"):
        folder = data / name
        if folder.is_dir() and folder.stat().st_mode & 0o077:
            mode = stat.S_IMODE(folder.stat().st_mode)
            return Finding("data folder", "fail", f"{folder} has mode {mode:o}", f"Run: chmod 700 {folder}")
    probe = data / f".doctor-{secrets.token_hex(4)}"
    try:
        probe.touch(0o600)
        probe.unlink()
    except OSError as exc:
        return Finding("data folder", "fail", f"{data} cannot be written: {exc.strerror}", "Mount it for writing.")
    return Finding("data folder", "ok", str(data))


async def check_disk(data: Path) -> Finding:
    place = next(parent for parent in (data, *data.parents) if parent.exists())
    usage = await asyncio.to_thread(shutil.disk_usage, place)
    share = usage.free / usage.total
    detail = f"{usage.free / _GIB:.1f} GiB of {usage.total / _GIB:.1f} free ({share:.0%})"
    fix = "Free some space, shorten retention, or move the data folder."
    if usage.free < _GIB // 4 or share < 0.01:
        return Finding("disk", "fail", detail, fix)
    return Finding(
        "disk", "warn" if usage.free < 2 * _GIB or share < 0.05 else "ok", detail, fix if share < 0.05 else ""
    )


async def check_store(name: str, store: BlobStore) -> Finding:
    """Write, read and delete a probe; a remote store of seals keeps what is written, so it is only listed."""
    started = time.monotonic()
    if not store.is_remote and not await asyncio.to_thread(Path(store.url).parent.exists):
        return Finding(f"{name} store", "warn", f"{store.url} does not exist yet", "It is made on the first start.")
    if name == "seals" and store.is_remote:
        async for _ in store.walk():
            break
        return Finding(f"{name} store", "ok", f"{store.url}: listed")
    probe, data = f"doctor/{secrets.token_hex(8)}", secrets.token_bytes(64)
    await store.put(probe, data, if_absent=True)
    try:
        same = await store.get(probe) == data
    finally:
        await store.delete(probe)
    if not same:
        return Finding(f"{name} store", "fail", f"{store.url} returned something else than was written")
    took = (time.monotonic() - started) * 1000
    return Finding(f"{name} store", "ok", f"{store.url}: written, read and deleted in {took:.0f} ms")


# ---- with the database ------------------------------------------------------------------------------------------


async def check_database(address: Address) -> Finding:
    started = time.monotonic()
    connection = await connect(address, application="sightline doctor")
    try:
        version = await connection.fetchval("SHOW server_version")
        number = int(await connection.fetchval("SELECT current_setting('server_version_num')::int"))
    finally:
        await connection.close()
    took = (time.monotonic() - started) * 1000
    detail = f"PostgreSQL {version} at {address.shown()} in {took:.0f} ms"
    if number < _OLDEST:
        return Finding("database", "fail", detail, "Sightline needs PostgreSQL 15 or later.")
    is_far = (
        not address.tls and not address.host.startswith("/") and address.host not in {"127.0.0.1", "::1", "localhost"}
    )
    return Finding("database", "warn" if is_far else "ok", detail, "Set database.tls to verify-full." if is_far else "")


async def check_clock(address: Address) -> Finding:
    """The database's clock against ours, in the middle of the round trip."""
    connection = await connect(address, application="sightline doctor")
    try:
        before = clock.now()
        theirs: datetime = await connection.fetchval("SELECT clock_timestamp()")
        skew = abs((theirs - before - (clock.now() - before) / 2).total_seconds())
    finally:
        await connection.close()
    detail = f"{skew:.3f} s between this machine and the database"
    if skew < 1:
        return Finding("clock", "ok", detail)
    return Finding("clock", "fail" if skew > 30 else "warn", detail, "Let both machines follow NTP.")


async def check_schema(address: Address) -> Finding:
    connection = await connect(address, application="sightline doctor")
    try:
        found = await migrations.state(connection)
        if found.applied and not found.pending and await unfinished(connection):
            return Finding(
                "schema", "fail", "a restore has not replayed the erasures made since its backup",
                "Start the server: it does that before it answers anybody.",
            )  # fmt: skip
    finally:
        await connection.close()
    if found.pending:
        titles = ", ".join(migration.title for migration in found.pending[:3])
        return Finding(
            "schema", "fail", f"{len(found.pending)} migrations are missing: {titles}", "Run `sightline db migrate`."
        )
    newest = max(row.number for row in found.applied)
    if found.newer:
        return Finding(
            "schema", "warn", f"at {newest:04}: a newer release is being rolled out", "Update this one, too."
        )
    return Finding("schema", "ok", f"{found.schema} at {newest:04}")


async def check_keys(loaded: Loaded, address: Address) -> Finding:
    """Wrap and unwrap a throw-away key by the root; say when older roots still wrap something."""
    folder = loaded.data / "keys"
    if loaded.settings.keys.root == "local" and not folder.exists():
        return Finding("keys", "warn", f"there is no root key in {folder} yet", "It is made on the first start.")
    connection = await connect(address, application="sightline doctor")
    ring: KeyRing | None = None
    try:
        ring = await KeyRing.open(OneConnection(connection), loaded.settings.keys, loaded.settings.aws, folder)
        started = time.monotonic()
        probe = KeyId(kind=Kind.TENANT, tenant_id=0)
        key = bytearray(secrets.token_bytes(KEY_SIZE))
        again = await ring.root.unwrap(await ring.root.wrap(key, probe), probe)
        took, same = (time.monotonic() - started) * 1000, again == key
        wipe(key)
        wipe(again)
        others = [row["root"] for row in await connection.fetch(KEYS["roots"]) if row["root"] != ring.root.name]
    finally:
        if ring is not None:
            await ring.close()
        await connection.close()
    if not same:
        return Finding("keys", "fail", f"{ring.root.name} returned another key", "Restore the root key.")
    if others:
        return Finding(
            "keys", "warn", f"older roots still wrap keys: {', '.join(others)}", "Run `sightline root-key rotate`."
        )
    return Finding("keys", "ok", f"{ring.root.name}: wrapped and unwrapped in {took:.0f} ms")


async def check_jobs(address: Address, listing: JobLister) -> Finding:
    connection = await connect(address, application="sightline doctor")
    try:
        rows = await listing(connection)
    finally:
        await connection.close()
    failing = [row["name"] for row in rows if row["last_result"] == "failed"]
    late = clock.now() - timedelta(minutes=15)
    overdue = [row["name"] for row in rows if row["next_run_at"] is not None and row["next_run_at"] < late]
    if failing:
        return Finding("jobs", "fail", f"failed last time: {', '.join(failing)}", "`sightline jobs list` shows why.")
    if overdue:
        return Finding("jobs", "warn", f"overdue: {', '.join(overdue)}", "Is a server running with role all or jobs?")
    return Finding("jobs", "ok", f"{len(rows)} jobs, none failed or late")


def away(checks: Sequence[str]) -> list[Finding]:
    """Lines for what cannot be looked at while the database is away."""
    return [Finding(check, "warn", "not looked at, since the database is away") for check in checks]
