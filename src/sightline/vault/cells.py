"""What is stored of subjects, value by value, as a rotation reads and exchanges it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import msgspec

from sightline.sql import queries
from sightline.vault.fields import Field, Fields

if TYPE_CHECKING:
    from asyncpg import Record

SQL: Final = queries("sightline.vault", "cells.sql")


class Cell(msgspec.Struct, frozen=True, gc=False):
    """One stored value: a blob or a hash, and where each stands. `value` is the clear value of a clear field."""

    field: Field
    blob: bytes | None
    index: bytes | None
    value: str | None
    blob_column: str
    index_column: str


class Change(msgspec.Struct, frozen=True, gc=False):
    """One value that is exchanged: of a column of `users`, or a further field."""

    subject: UUID
    column: str
    field: int
    was: bytes
    new: bytes


class Columns:
    """Which columns of `users` hold the blob and the hash of which field."""

    def __init__(self, fields: Fields) -> None:
        self._fields = fields
        self._columns: list[tuple[Field, str, str]] = []
        self._clear: list[tuple[Field, str]] = []
        for name in fields.names():
            field = fields[name]
            if field.has_column and field.is_clear and field.normal:
                self._clear.append((field, f"{name}_index"))
            elif field.has_column and not field.is_clear:
                self._columns.append((field, f"{name}_encrypted", f"{name}_index" if field.normal else ""))

    async def read(
        self, connection: Any, tenant_id: int, after: UUID, most: int
    ) -> tuple[dict[UUID, list[Cell]], UUID] | None:
        """What is stored of the next subjects, by subject, and the last of them; None when there is nobody."""
        users = await connection.fetch(SQL["users"], tenant_id, after, most)
        if not users:
            return None
        last: UUID = users[-1]["id"]
        cells = {row["id"]: self._of(row) for row in users}
        for row in await connection.fetch(SQL["fields"], tenant_id, after, last):
            if (mine := cells.get(row["user_id"])) is not None:  # else they came this very moment
                field = self._fields[row["field_name"]]
                mine.append(Cell(field, row["blob"], row["index"], None, "blob", "index"))
        return cells, last

    def _of(self, row: "Record") -> list[Cell]:
        cells = []
        for field, column, index in self._columns:
            if (blob := row[column]) is not None:
                cells.append(Cell(field, blob, row[index] if index else None, None, column, index))
        for field, index in self._clear:
            if (found := row[index]) is not None:
                cells.append(Cell(field, None, found, row[field.name], "", index))
        return cells


async def exchange(connection: Any, changes: Sequence[Change]) -> None:
    """Exchange values where nobody changed them meanwhile: all of a subject's columns in one version of the row."""
    users: dict[UUID, dict[str, Change]] = {}
    fields = []
    columns: dict[str, None] = {}
    for change in changes:
        if change.column in {"blob", "index"}:
            fields.append(change)
        else:
            users.setdefault(change.subject, {})[change.column] = change
            columns[change.column] = None
    if users:
        arrays: list[list[bytes | None]] = []
        for column in columns:
            mine = [changed.get(column) for changed in users.values()]
            arrays.append([one.was if one else None for one in mine])
            arrays.append([one.new if one else None for one in mine])
        await connection.execute(_statement(tuple(columns)), list(users), *arrays)
    for column in ("blob", "index"):
        if mine := [change for change in fields if change.column == column]:
            await connection.execute(
                SQL["exchange_field"].format(column=column), [one.subject for one in mine], [one.was for one in mine],
                [one.new for one in mine], [one.field for one in mine],
            )  # fmt: skip


def _statement(columns: Sequence[str]) -> str:
    """The statement for these columns; their names come from a closed list."""
    if len(columns) == 1:
        changed = f"{columns[0]} = c.new_0"
    else:
        changed = ", ".join(
            f"{name} = CASE WHEN u.{name} = c.was_{n} THEN c.new_{n} ELSE u.{name} END"
            for n, name in enumerate(columns)
        )
    return SQL["exchange"].format(
        changed=changed,
        arrays=", ".join(f"${2 * n + 2}::bytea[], ${2 * n + 3}::bytea[]" for n in range(len(columns))),
        names=", ".join(f"was_{n}, new_{n}" for n in range(len(columns))),
        unchanged=" OR ".join(f"u.{name} = c.was_{n}" for n, name in enumerate(columns)),
    )
