"""Partitions of the journal: one per kind and day of receipt, made ahead of time, dropped once sealed.

A new one is filled in beside its parent and then attached, an old one detached concurrently: neither takes a lock that
an append waits for.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

import asyncpg
from msgspec import Struct

from sightline import clock
from sightline.database.address import Address, connect
from sightline.signals.kind import Kind, Type
from sightline.sql import queries

Connection = asyncpg.Connection
SQL: Final = queries("sightline.signals", "partitions.sql")
DAY_MS: Final = 24 * 3600 * 1000
DAYS_AHEAD: Final = 3
_NAME: Final = re.compile(r"^signal_[a-z0-9_]+_\d{8}$")


class Partition(Struct, frozen=True):
    """One day of receipt of one kind."""

    name: str
    from_ms: int
    to_ms: int
    size: int
    detaching: bool


async def partitions(connection: Connection, kind: Kind) -> list[Partition]:
    return [
        Partition(row["name"], row["from_ms"], row["to_ms"], row["size"], row["detaching"])
        for row in await connection.fetch(SQL["partitions"], kind.table)
    ]


async def create_partitions(
    address: Address, kinds: Iterable[Kind], from_ms: int, *, days: int = DAYS_AHEAD
) -> list[str]:
    """Make the partitions of the day of `from_ms` and of those after it; return the names of the new ones."""
    connection = await connect(address, application="sightline-partitions")
    try:
        await connection.execute(SQL["lock_making"])
        made: list[str] = []
        for kind in kinds:
            present = {partition.from_ms: partition for partition in await partitions(connection, kind)}
            wanted = range(from_ms // DAY_MS * DAY_MS, (from_ms // DAY_MS + days) * DAY_MS, DAY_MS)
            made += [await _create(connection, kind, day_ms) for day_ms in wanted if day_ms not in present]
        return made
    finally:
        await connection.close()


async def _create(connection: Connection, kind: Kind, from_ms: int) -> str:
    name = f"{kind.table}_{clock.from_ms(from_ms):%Y%m%d}"
    async with connection.transaction():
        await connection.execute(f"CREATE TABLE {_quoted(name)} (LIKE {_quoted(kind.table)} INCLUDING DEFAULTS)")
        await attach(connection, kind, name, from_ms)
    return name


async def attach(connection: Connection, kind: Kind, name: str, from_ms: int) -> None:
    """Attach a table as the partition of a day."""
    await connection.execute(
        f"ALTER TABLE {_quoted(kind.table)} ATTACH PARTITION {_quoted(name)} "
        f"FOR VALUES FROM ({from_ms}) TO ({from_ms + DAY_MS})"
    )


async def detach(connection: Connection, kind: Kind, partition: Partition) -> None:
    """Detach a partition without a moment in which an append would wait; waits itself for those under way."""
    how = "FINALIZE" if partition.detaching else "CONCURRENTLY"
    await connection.execute(f"ALTER TABLE {_quoted(kind.table)} DETACH PARTITION {_quoted(partition.name)} {how}")


async def drop_detached(connection: Connection, name: str) -> None:
    await connection.execute(f"DROP TABLE {_quoted(name)}")


async def leftovers(connection: Connection, kind: Kind) -> list[str]:
    """Tables of days that were detached and not dropped: a process ended in between."""
    return [str(row["name"]) for row in await connection.fetch(SQL["leftover_tables"], kind.table)]


def day_of_name(name: str) -> int:
    """The first moment of the day that a partition's name says."""
    return clock.to_ms(datetime.strptime(name[-8:], "%Y%m%d").replace(tzinfo=UTC))


def _quoted(name: str) -> str:
    """An identifier for DDL, which takes no parameters; only our own names pass."""
    if not (_NAME.match(name) or re.fullmatch(r"signal_[a-z0-9_]+", name)):
        raise ValueError(f"not the name of a table of signals: {name!r}")
    return f'"{name}"'


async def holds_bytes(connection: Connection, kind: Kind, name: str) -> bool:
    """Whether a partition has bytes that stand nowhere else: extents hold none."""
    for column in kind.columns:
        query = f'SELECT EXISTS (SELECT 1 FROM "{name}" WHERE octet_length({column.name}) > 0)'  # noqa: S608 - our names
        if column.type is Type.BYTES and await connection.fetchval(query):
            return True
    return False
