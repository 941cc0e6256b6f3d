"""The latest results of `sightline aws` that somebody sent to the server, for its page Cost and infrastructure.

The server asks AWS nothing for it: its task has no permission to read bills or other people's resources.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from sightline import clock
from sightline.database.pool import Database
from sightline.sql import queries

Kind = Literal["estimate", "spending", "tags", "verification"]
_SQL: Final = queries("sightline.cloud", "reports.sql")


class Taken(Struct, frozen=True):
    """One result, and when it came."""

    taken_at: datetime
    document: Any


async def put(database: Database, kind: Kind, document: Any) -> None:
    await database.execute(_SQL["put"], kind, clock.now(), msgspec.json.encode(document).decode())


async def latest(database: Database) -> Mapping[str, Taken]:
    """By kind; one that nobody has sent is not there."""
    rows = await database.fetch(_SQL["all"])
    return {row["kind"]: Taken(row["taken_at"], msgspec.json.decode(row["document"])) for row in rows}
