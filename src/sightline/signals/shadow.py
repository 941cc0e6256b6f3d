"""The DuckDB file behind the warehouse: one table per kind and the place in the ledger up to which they are complete.

What is added and how far that brings the file stand in one DuckDB transaction, so a process that is killed anywhere
goes on where the file says. One process owns the file; a second is refused. All calls run in threads.
"""

import contextlib
import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from sightline.errors import Conflict
from sightline.signals.kind import Kind
from sightline.signals.ledger import Place, Tombstone

# Readable by all releases of DuckDB that we allow.
STORAGE_VERSION: Final = "v1.5.0"
_CATALOG: Final = "warehouse"
_RELAXED: Final = "1MB"
_STATE: Final = """
CREATE TABLE IF NOT EXISTS shadow_state (
    cluster VARCHAR, generation BIGINT, pos BIGINT, mark VARCHAR, schema_hash VARCHAR, complete BOOLEAN)
"""


class Broken(Exception):
    """The file cannot be used: it is damaged or of another schema, and has to be made anew."""


class Shadow:
    """One open DuckDB file."""

    def __init__(self, connection: Any, kinds: Iterable[Kind], memory_mb: int) -> None:
        self._connection = connection
        self._memory_mb = memory_mb
        self._kinds = list(kinds)

    @classmethod
    def open(cls, file: Path, kinds: Iterable[Kind], *, memory_mb: int, threads: int) -> "Shadow":
        import duckdb  # noqa: PLC0415 - a process that only collects never loads DuckDB

        kinds = list(kinds)
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        config: dict[str, str | bool | int | float | list[str]] = {
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "memory_limit": f"{memory_mb}MB",
            "temp_directory": str(file.with_name(file.name + ".spill")),
            "preserve_insertion_order": "false",
            **({"threads": str(threads)} if threads else {}),
        }
        connection = duckdb.connect(":memory:", config=config)
        quoted = str(file).replace("'", "''")
        try:
            connection.execute(f"ATTACH '{quoted}' AS {_CATALOG} (STORAGE_VERSION '{STORAGE_VERSION}')")
            connection.execute(f"USE {_CATALOG}")
            connection.execute("SET enable_external_access = false")
            connection.execute(_STATE)
        except duckdb.Error as exc:
            connection.close()
            if "lock" in str(exc).lower():
                raise Conflict(
                    f"another process has the warehouse {str(file)!r} open",
                    hint="Ask the running server, or give this process a file of its own in warehouse.file.",
                ) from exc
            raise Broken(type(exc).__name__) from exc
        file.chmod(0o600)
        shadow = cls(connection, kinds, memory_mb)
        try:
            found = connection.execute("SELECT schema_hash FROM shadow_state").fetchone()
        except duckdb.Error as exc:
            connection.close()
            raise Broken(type(exc).__name__) from exc
        if found is not None and found[0] != shadow.schema_hash():
            connection.close()
            raise Broken("schema")
        return shadow

    @staticmethod
    def remove(file: Path) -> None:
        """Delete the file and everything beside it; it can be made again at any time."""
        for path in (file, file.with_name(file.name + ".wal")):
            path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            file.with_name(file.name + ".spill").rmdir()

    def schema_hash(self) -> str:
        return hashlib.sha256("\n".join(kind.duckdb_ddl() for kind in self._kinds).encode()).hexdigest()

    def begin(self, place: Place) -> None:
        """Make the tables of an empty file, which is incomplete until `complete` is said."""
        with self._transaction() as cursor:
            for kind in self._kinds:
                cursor.execute(kind.duckdb_ddl())
            cursor.execute("DELETE FROM shadow_state")
            cursor.execute(
                "INSERT INTO shadow_state VALUES (?, ?, ?, ?, ?, false)",
                [place.cluster, place.generation, place.pos, place.mark, self.schema_hash()],
            )

    def complete(self) -> None:
        with self._transaction() as cursor:
            cursor.execute("UPDATE shadow_state SET complete = true")

    def place(self) -> tuple[Place | None, bool]:
        """How far the file is, and whether it was ever complete."""
        cursor = self.cursor()
        row = cursor.execute("SELECT cluster, generation, pos, mark, complete FROM shadow_state").fetchone()
        cursor.close()
        if row is None:
            return None, False
        return Place(cluster=row[0], generation=row[1], pos=row[2], mark=row[3]), bool(row[4])

    def add(self, tables: Mapping[Kind, Any], place: Place | None) -> None:
        """Add signals and move on to `place`, in one transaction."""
        with self._transaction() as cursor:
            for kind, table in tables.items():
                if table.num_rows:
                    cursor.register("incoming", table)
                    cursor.execute(f"INSERT INTO {kind.name} SELECT * FROM incoming")  # noqa: S608 - a declared name
                    cursor.unregister("incoming")
            self._move(cursor, place)

    def erase(self, tombstone: Tombstone, place: Place | None) -> int:
        """Delete what a tombstone takes, of all kinds at once, so that no reader sees half of it."""
        deleted = 0
        with self._transaction() as cursor:
            for kind in self._kinds:
                if condition := tombstone.condition(kind):
                    done = cursor.execute(f"DELETE FROM {kind.name} WHERE {condition}").fetchone()  # noqa: S608
                    deleted += done[0] if done else 0
            self._move(cursor, place)
        return deleted

    def cursor(self) -> Any:
        """Return a connection of its own to the same file, for one thread."""
        cursor = self._connection.cursor()
        cursor.execute(f"USE {_CATALOG}")
        return cursor

    def relax(self) -> None:
        """Give cached blocks back to the system: they are evicted when the limit is lowered for a moment."""
        cursor = self.cursor()
        try:
            with contextlib.suppress(Exception):  # what is in use right now cannot be evicted
                cursor.execute(f"SET GLOBAL memory_limit = '{_RELAXED}'")
            cursor.execute(f"SET GLOBAL memory_limit = '{self._memory_mb}MB'")
        finally:
            cursor.close()

    def close(self) -> None:
        self._connection.close()

    def _move(self, cursor: Any, place: Place | None) -> None:
        if place is not None:
            cursor.execute(
                "UPDATE shadow_state SET cluster = ?, generation = ?, pos = ?, mark = ?",
                [place.cluster, place.generation, place.pos, place.mark],
            )

    @contextlib.contextmanager
    def _transaction(self) -> Any:
        cursor = self.cursor()
        try:
            cursor.execute("BEGIN")
            yield cursor
            cursor.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(Exception):
                cursor.execute("ROLLBACK")
            raise
        finally:
            cursor.close()
