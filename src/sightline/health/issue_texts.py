"""The walker of issues: what they hold of texts is audited, masked anew and erased like the errors themselves."""

import asyncio
from collections.abc import AsyncIterator, Callable
from itertools import groupby
from typing import Any, Final

import msgspec

from sightline.health.failures import ERROR
from sightline.health.fingerprints import PARTS, WHY
from sightline.health.frames import Frame
from sightline.health.grouping import SQL as COUNTING
from sightline.health.grouping import Grouping
from sightline.signals.extents import Catalogue
from sightline.signals.kind import Walk
from sightline.signals.ledger import Tombstone
from sightline.signals.masking import Masking
from sightline.signals.parquet import DAY_MS
from sightline.signals.sealing import Progress, nobody
from sightline.signals.walkers import BESIDE_KINDS, Selection, Texts
from sightline.sql import queries

SQL: Final = queries("sightline.health", "issue_texts.sql")


class IssueTexts:
    """Goes over titles, places and messages of issues."""

    name = "issues"

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._database = catalogue.database

    async def texts(self, selection: Selection, *, progress: Progress = nobody) -> AsyncIterator[Texts]:
        rows = await self._database.fetch(SQL["texts"], *_chosen(selection))
        for (column, rules), found in groupby(rows, lambda row: (row["column_name"], row["rules"])):
            part = [(text, row["count"], row["row"]) for row in found for text in _WITHIN[column](row["text"]) if text]
            texts, counts, numbers = zip(*part, strict=True) if part else ((), (), ())
            yield Texts(
                walker=self.name, column=column, walk=Walk.TEXT, rules=rules, where="issues",
                texts=texts, counts=counts, rows=numbers,
            )  # fmt: skip
        await progress(1.0)

    async def size(self, selection: Selection) -> int:
        return int(str(await self._database.fetchval(SQL["size"], *_chosen(selection))))

    async def remask(self, selection: Selection, masking: Masking, *, progress: Progress = nobody) -> int:
        """Mask texts anew, some at a time; what is explained and counted stays as it is."""
        chosen = (*_chosen(selection)[:2], masking.number)
        changed = await self._remask("issues", chosen, lambda row: _issue(masking, row), "write_issue")
        await self._remask("groups", chosen, lambda row: _group(masking, row), "write_group")
        await self._remask("keys", chosen, lambda row: _key(masking, row), "write_key")
        await progress(1.0)
        return changed

    async def erase(self, tombstone: Tombstone) -> int:
        """Count anew without what is gone; what stood in a text of somebody who is erased is chosen anew, too."""
        if tombstone.kinds and ERROR.name not in tombstone.kinds:
            return 0
        sites, before_ms = list(tombstone.sites), tombstone.before_ms
        if tombstone.by_name or (before_ms is not None and before_ms % DAY_MS):
            await Grouping(self._catalogue).recount(sites or None, samples=True)
            return 0
        if not sites:
            return 0
        grouping = Grouping(self._catalogue)
        async with self._database.transaction() as connection:
            await connection.fetchval(COUNTING["place_waiting"])
            day = 2**31 - 1 if before_ms is None else before_ms // DAY_MS
            await connection.execute(COUNTING["forget_days"], sites, day)
            await grouping.tidy(connection, sites)
            if before_ms is None:
                await connection.execute(COUNTING["forget_site"], sites)
                await connection.execute(SQL["forget_noise"], sites)
        return 0

    async def _remask(
        self, query: str, chosen: tuple[Any, ...], again: Callable[[Any], tuple[Any, ...]], write: str
    ) -> int:
        total = 0
        while True:
            async with self._database.transaction() as connection:
                rows = await connection.fetch(SQL[query], *chosen)
                values = await asyncio.to_thread(lambda found: [(*again(row), chosen[2]) for row in found], rows)
                await connection.executemany(SQL[write], values)
            total += len(rows)
            if not rows:
                return total


def _chosen(selection: Selection) -> tuple[list[int], list[int], int | None]:
    return list(selection.sites), list(selection.except_sites), selection.older_than_rules


def _issue(masking: Masking, row: Any) -> tuple[Any, ...]:
    return row["id"], masking.text(Walk.TEXT, row["title"]), masking.text(Walk.TEXT, row["culprit"])


def _group(masking: Masking, row: Any) -> tuple[Any, ...]:
    why = WHY.decode(row["why"])
    frames = tuple(masking.text(Walk.TEXT, text) for text in why.frames)
    name, message = masking.text(Walk.TEXT, why.name), masking.text(Walk.TEXT, why.message)
    again = msgspec.structs.replace(why, name=name, message=message, frames=frames)
    return row["site"], row["fingerprint"], msgspec.json.encode(again).decode()


def _key(masking: Masking, row: Any) -> tuple[Any, ...]:
    parts = PARTS.decode(row["parts"])
    frames = tuple(
        Frame(masking.text(Walk.TEXT, one.function), masking.text(Walk.TEXT, one.file), one.line, one.column)
        for one in parts.frames
    )
    texts = {name: masking.text(Walk.TEXT, getattr(parts, name)) for name in ("name", "shape", "message")}
    again = msgspec.structs.replace(parts, frames=frames, **texts)
    return row["site"], row["key"], msgspec.json.encode(again).decode()


def _within_why(text: str) -> tuple[str, ...]:
    why = WHY.decode(text)
    return why.name, why.message, *why.frames


def _within_parts(text: str) -> tuple[str, ...]:
    parts = PARTS.decode(text)
    return parts.name, parts.shape, parts.message, *(text for one in parts.frames for text in (one.function, one.file))


# Exactly the texts that are masked anew: the name of an error stands under a key that elsewhere names a person.
_WITHIN: Final[dict[str, Callable[[str], tuple[str, ...]]]] = {
    "title": lambda text: (text,),
    "culprit": lambda text: (text,),
    "why": _within_why,
    "parts": _within_parts,
}

BESIDE_KINDS.append(IssueTexts)
