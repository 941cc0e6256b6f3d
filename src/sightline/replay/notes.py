"""Notes and tags beside sealed recordings. They go with the recording, whoever erases it.

A note is masked like everything else: who looks at a visit may be tempted to write down whose it was.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct

from sightline import clock
from sightline.database.pool import Database
from sightline.errors import Conflict, InvalidValue, NotFound
from sightline.privacy.dictionary import Rules
from sightline.privacy.structures import clean_text
from sightline.sql import queries

SQL: Final = queries("sightline.replay", "notes.sql")
MAX_NOTES: Final = 500  # of one recording
MAX_TEXT: Final = 2_000
MAX_TAGS: Final = 20
_TAG: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


class Note(Struct, frozen=True):
    """What somebody wrote at a moment of a recording."""

    id: int
    at_ms: int
    user_id: int | None
    created_at: datetime
    text: str


async def listed(database: Database, recording: int) -> list[Note]:
    return [Note(**dict(row)) for row in await database.fetch(SQL["listed"], recording, MAX_NOTES)]


async def add(database: Database, recording: int, user: int | None, rules: Rules, *, at_ms: int, text: str) -> Note:  # noqa: PLR0913
    """Write a note."""
    if not text.strip() or len(text) > MAX_TEXT or "\0" in text:
        raise InvalidValue(f"a note has 1 to {MAX_TEXT} characters, this one {len(text)}", field="text")
    masked = clean_text(rules, text)
    row = await database.fetchrow(SQL["add"], recording, at_ms, user, clock.now(), masked, MAX_NOTES)
    if row is None:
        raise Conflict(f"a recording has at most {MAX_NOTES} notes", hint="Take one away first.")
    return Note(**dict(row))


async def remove(database: Database, recording: int, note: int) -> None:
    if await database.fetchval(SQL["remove"], recording, note) is None:
        raise NotFound("there is no such note")


async def tag(database: Database, recording: int, tags: Sequence[str]) -> list[str]:
    """Exchange the tags of a recording."""
    wrong = [one for one in tags if not _TAG.fullmatch(one)]
    if wrong or len(tags) > MAX_TAGS:
        raise InvalidValue(
            f"at most {MAX_TAGS} tags of small letters, digits and hyphens", field="tags", hint="As checkout-broken."
        )
    found = await database.fetchval(SQL["tag"], recording, sorted(set(tags)))
    if not isinstance(found, list):
        raise NotFound("there is no such recording")
    return found
