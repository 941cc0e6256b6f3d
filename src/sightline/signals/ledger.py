"""The ledger: the order in which commits became visible, and who follows it.

A follower asks for the rows after the last it has seen and fetches the signals of those batches. It never waits for
open transactions and never skips a late commit, because the place of a row is drawn under a lock that is held until
the commit is visible. It has to start anew when its history is not the database's: another cluster, another
generation, a place that the database has not reached yet or that holds another commit, or rows that were pruned.
"""

import contextlib
import threading
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from sightline.database.address import Address
from sightline.database.pool import Database
from sightline.errors import DatabaseUnavailable, Unavailable
from sightline.signals.kind import Column, Identity, Kind
from sightline.sql import queries

SQL: Final = queries("sightline.signals", "ledger.sql")


class OnStandby(Unavailable):
    """This PostgreSQL is a standby."""

    code = "standby"


class Row(Struct, frozen=True):
    """One group commit, or one tombstone."""

    pos: int
    batch: int | None
    tombstone: int | None
    received_ms: int
    counts: dict[str, int]

    @property
    def mark(self) -> str:
        """What tells this commit from another at the same place of another history."""
        return ":".join(str(part) for part in (self.batch, self.tombstone, self.received_ms) if part is not None)


class Place(Struct, frozen=True, kw_only=True):
    """How far a follower is, and in which history."""

    cluster: str = ""
    generation: int = 0
    pos: int = 0
    mark: str = ""


class State(Struct, frozen=True, kw_only=True):
    """What the database says at one moment."""

    cluster: str
    generation: int
    sealed_pos: int
    pruned_pos: int
    last_pos: int
    mark: str | None

    def differs(self, place: Place) -> str | None:
        """Why a follower at `place` has to start anew, if it has to."""
        if place.cluster != self.cluster or place.generation != self.generation:
            return "restored"
        if place.pos > self.last_pos or (self.mark is not None and place.mark and self.mark != place.mark):
            return "restored"
        if self.pruned_pos > place.pos:
            return "behind"
        return None


class Tombstone(Struct, frozen=True, kw_only=True):
    """What an erasure takes: the rows of one of its visitors, visits or persons, and older than `before_ms` if set.

    With sites only, all rows of those sites; with sites and names, those names on those sites.
    """

    id: int = 0
    reason: str
    sites: tuple[int, ...] = ()
    visitors: tuple[int, ...] = ()
    visits: tuple[int, ...] = ()
    persons: tuple[int, ...] = ()
    kinds: tuple[str, ...] = ()
    before_ms: int | None = None

    def condition(self, kind: Kind) -> str | None:
        """The rows of a kind that it takes, as SQL for PostgreSQL and DuckDB alike; None when it takes none.

        Only integers and names of declared columns get into the text.
        """
        if self.kinds and kind.name not in self.kinds:
            return None
        named = [f"{column} IN ({_integers(values)})" for column, values in self.named(kind)]
        if not named and (self.by_name or not self.sites):
            return None
        tests = [f"({' OR '.join(named)})"] if named else []
        if self.sites:
            tests.append(f"{kind.identified_by(Identity.SITE)} IN ({_integers(self.sites)})")
        if self.before_ms is not None:
            tests.append(f"created_ms < {int(self.before_ms)}")
        return " AND ".join(tests)

    @property
    def by_name(self) -> bool:
        return bool(self.visitors or self.visits or self.persons)

    def named(self, kind: Kind) -> list[tuple[str, tuple[int, ...]]]:
        """The columns of a kind that name somebody it takes, with the names."""
        wanted = {Identity.VISITOR: self.visitors, Identity.VISIT: self.visits, Identity.PERSON: self.persons}
        return [
            (column, values)
            for identity, values in wanted.items()
            if values and (column := kind.identified_by(identity)) is not None
        ]


async def poll(database: Database, place: Place) -> State:
    """Ask the writer where it stands; a standby is refused, since it cannot say what it has not replayed yet."""
    row = await database.fetchrow(SQL["poll"], place.pos)
    assert row is not None  # journal_state has one row, always
    if row["standby"]:
        raise OnStandby(
            f"PostgreSQL at {database.address.shown()} is a standby", hint="Point database.url at the writer."
        )
    return State(
        cluster=row["cluster"], generation=row["generation"], sealed_pos=row["sealed_pos"],
        pruned_pos=row["pruned_pos"], last_pos=row["last_pos"], mark=row["mark"],
    )  # fmt: skip


async def rows_after(database: Database, pos: int, limit: int = 5000) -> list[Row]:
    return [_row(record) for record in await database.fetch(SQL["rows_after"], pos, limit)]


async def rows_between(database: Database, after: int, to: int, limit: int = 100_000) -> list[Row]:
    return [_row(record) for record in await database.fetch(SQL["rows_between"], after, to, limit)]


async def tombstones(database: Database, ids: Sequence[int]) -> dict[int, Tombstone]:
    found = await database.fetch(SQL["tombstones"], list(ids))
    return {row["id"]: msgspec.convert(dict(row), Tombstone) for row in found}


def _row(record: Any) -> Row:
    counts = msgspec.json.decode(record["counts"], type=dict[str, int])
    return Row(record["pos"], record["batch"], record["tombstone"], record["received_ms"], counts)


def portions(rows: Iterable[Row], *, signals: int) -> list[list[Row]]:
    """Cut rows of the ledger into portions of about so many signals; a tombstone stands alone."""
    cut: list[list[Row]] = []
    size = 0
    for row in rows:
        weight = sum(row.counts.values())
        if not cut or row.tombstone is not None or cut[-1][-1].tombstone is not None or size + weight > signals:
            cut.append([])
            size = 0
        cut[-1].append(row)
        size += weight
    return cut


class ArrowReader:
    """Reads signals out of PostgreSQL as Arrow, on a connection of its own, for one thread at a time.

    It uses the driver below its DB-API, which would load pandas: 60 MB for nothing.
    """

    def __init__(self, address: Address) -> None:
        self._address = address
        self._database: Any = None
        self._connection: Any = None
        # Whoever awaits a read may be cancelled, but its thread goes on: nobody else touches the connection till then.
        self._lock = threading.Lock()

    def batches(self, kind: Kind, rows: Sequence[Row], columns: Sequence[Column] | None = None) -> Any:
        """Return the signals of a kind in these batches, as a table with exactly these of its columns, or all."""
        names = ", ".join(column.name for column in columns) if columns is not None else None
        return kind.conformed(self.table(select_batches(kind, rows, names)), columns)

    def row(self, query: str) -> tuple[Any, ...]:
        """Return the only row of a query."""
        return tuple(column[0].as_py() for column in self.table(query).columns)

    def table(self, query: str) -> Any:
        """Run a query; a failure closes the connection, so that the next one begins with another."""
        import adbc_driver_manager as adbc  # noqa: PLC0415 - a process that only collects never loads Arrow
        import pyarrow as pa  # noqa: PLC0415

        with self._lock:
            try:
                self._open(adbc)
                statement = adbc.AdbcStatement(self._connection)
                try:
                    statement.set_sql_query(query)
                    stream, _ = statement.execute_query()
                    # pyarrow types this as private; it is the documented way in for a C stream.
                    return pa.RecordBatchReader._import_from_c(stream.address).read_all()  # noqa: SLF001
                finally:
                    statement.close()
            except (adbc.Error, pa.ArrowException, OSError) as exc:
                self._close()
                raise DatabaseUnavailable(
                    f"PostgreSQL at {self._address.shown()} ended a read ({type(exc).__name__})"
                ) from exc

    def close(self) -> None:
        with self._lock:
            self._close()

    def _open(self, adbc: Any) -> None:
        if self._connection is not None:
            return
        import adbc_driver_postgresql  # noqa: PLC0415 - a process that only collects never loads Arrow

        self._database = adbc_driver_postgresql.connect(_conninfo(self._address))
        self._connection = adbc.AdbcConnection(self._database)
        statement = adbc.AdbcStatement(self._connection)
        statement.set_sql_query(f'SET search_path = "{self._address.schema or "public"}"')
        statement.execute_update()
        statement.close()

    def _close(self) -> None:
        opened, self._connection, self._database = (self._connection, self._database), None, None
        for part in opened:
            if part is not None:
                with contextlib.suppress(Exception):  # what is broken cannot be closed in order
                    part.close()


def select_batches(kind: Kind, rows: Sequence[Row], columns: str | None = None) -> str:
    """The query for the signals of some batches; all values in it are integers, all names a kind's own."""
    numbers = [int(row.batch) for row in rows if row.batch is not None]
    moments = [int(row.received_ms) for row in rows]
    return (
        f"SELECT {columns or ', '.join(kind.column_names)} FROM {kind.table} "  # noqa: S608 - see above
        f"WHERE received_ms BETWEEN {min(moments)} AND {max(moments)} "
        f"AND batch = ANY ('{{{','.join(map(str, numbers))}}}'::bigint[])"
    )


def _integers(values: Iterable[int]) -> str:
    return ", ".join(str(int(value)) for value in values)


def _conninfo(address: Address) -> str:
    """The address as libpq reads it."""
    parts = {
        "host": address.host, "port": str(address.port), "user": address.user, "dbname": address.database,
        "password": address.password.reveal() if address.password else "",
        "sslmode": "verify-full" if address.tls else "disable",
        "sslrootcert": (address.ca_file or "system") if address.tls else "",
        "application_name": "sightline-warehouse", "connect_timeout": "10",
    }  # fmt: skip
    return " ".join(f"{name}='{_escaped(value)}'" for name, value in parts.items() if value)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "\\'")
