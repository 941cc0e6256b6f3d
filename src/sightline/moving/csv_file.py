"""Moving in from a CSV file: read line by line, refused line by line, and stored once however often it is tried.

A file is known by its content and its mapping. It is read from its beginning each time, since what is said of a row
can depend on those before it; what was committed is passed over.
"""

import csv
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import tzinfo
from pathlib import Path
from typing import IO, Final

import msgspec
from msgspec import Struct, field

from sightline import clock
from sightline.collect.channels import table
from sightline.collect.csv_rows import CsvRows, Header, Refused, header
from sightline.errors import InvalidValue
from sightline.moving.cursors import Cursor
from sightline.moving.progress import Meter, Watch, unwatched
from sightline.moving.umami_events import journal_of
from sightline.operate.house import House
from sightline.privacy import pseudonyms
from sightline.signals.event import Event
from sightline.signals.masking import Masking

LINE: Final = 1 << 20
_FIELD: Final = 128 * 1024
_AT_ONCE: Final = 5000
_LINES_SHOWN: Final = 10
_DELIMITERS: Final = (",", ";", "\t")
_OTHER_MARKS: Final = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16", b"PK": "a ZIP or Excel file", b"\x1f\x8b": "gzip"}


class CsvWish(Struct, frozen=True, kw_only=True):
    """Which file, and how it is to be read."""

    file: Path
    zone: tzinfo
    mapped: Mapping[str, str] = {}
    encoding: str = "utf-8"
    dry_run: bool = False


class Refusal(Struct, kw_only=True):
    """A reason, how many rows it kept out, and the first of their lines."""

    reason: str
    rows: int = 0
    lines: list[int] = field(default_factory=list)


class CsvResult(Struct, kw_only=True):
    """What came of it. `before` were stored by an earlier run."""

    read: int = 0
    stored: int = 0
    before: int = 0
    refused: int = 0
    reasons: list[Refusal] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)


class _Line(Struct, frozen=True):
    """A row as it was parsed: the line on which it begins, its text, and why it is none."""

    number: int
    text: str
    row: Sequence[str] = ()
    fault: str = ""


class _Lines:
    """The lines of a file as text; what they were is remembered until the row that they make is known."""

    def __init__(self, file: IO[bytes], encoding: str) -> None:
        self._file = file
        self._encoding = encoding
        self.number = 0
        self.held: list[str] = []
        self.too_long = False
        self.bytes = 0

    def __iter__(self) -> Iterator[str]:
        while data := self._file.readline(LINE):
            self.number += 1
            self.bytes += len(data)
            if len(data) == LINE and not data.endswith(b"\n"):
                while data and not data.endswith(b"\n"):  # the rest of it is not worth holding
                    data = self._file.readline(LINE)
                    self.bytes += len(data)
                self.too_long = True
                self.held.append("")
                yield "\n"
                continue
            # What is not of the encoding becomes lone surrogates, by which the row is refused.
            text = data.decode(self._encoding, "surrogateescape" if self._encoding == "utf-8" else "strict")
            self.held.append(text)
            yield text


def parsed(file: IO[bytes], encoding: str) -> Iterator[_Line]:
    """Every row of a file, the header first."""
    lines = _Lines(file, encoding)
    first = file.readline(LINE)
    _check_beginning(first)
    file.seek(3 if first.startswith(b"\xef\xbb\xbf") else 0)
    csv.field_size_limit(_FIELD)
    rows = csv.reader(lines, delimiter=_delimiter(first.decode("utf-8", "replace")), strict=True)
    while True:
        start = lines.number + 1
        lines.held, lines.too_long = [], False
        try:
            row, fault = next(rows), ""
        except StopIteration:
            return
        except csv.Error as exc:
            row, fault = [], _said(exc, start, lines.number)
        if lines.too_long:
            fault = f"a line longer than {LINE >> 20} MB"
        if row or fault:  # an empty line is no row
            yield _Line(start, "".join(lines.held), row, fault)


def _said(error: csv.Error, start: int, end: int) -> str:
    if "field limit" in str(error):
        return f"a field longer than {_FIELD >> 10} kB, or a quotation mark that is not closed"
    if "unexpected end" in str(error):
        return "a quotation mark that is not closed" + (f", up to line {end}" if end > start else "")
    return "a quotation mark within a field"


def _check_beginning(first: bytes) -> None:
    if not first:
        raise InvalidValue("the file is empty", hint="Its first line names the columns.")
    for mark, what in _OTHER_MARKS.items():
        if first.startswith(mark):
            raise InvalidValue(f"the file is {what}, not CSV in UTF-8", hint="Save it as CSV in UTF-8.")
    if b"\x00" in first:
        raise InvalidValue("the first line holds NUL characters", hint="Save the file as CSV in UTF-8.")


def _delimiter(first: str) -> str:
    """The one of comma, semicolon and tab that the header has most of."""
    return max(_DELIMITERS, key=lambda one: (first.count(one), -_DELIMITERS.index(one)))


def fingerprint(wish: CsvWish) -> str:
    """What tells this file, so mapped, from every other."""
    digest = hashlib.sha256(msgspec.json.encode([sorted(wish.mapped.items()), wish.encoding, str(wish.zone)]))
    with wish.file.open("rb") as file:
        while chunk := file.read(LINE):
            digest.update(chunk)
    return f"csv:{digest.hexdigest()}"


async def move_csv(  # noqa: PLR0913 - what, where to, and who is told
    house: House, site: int, tenant: int, wish: CsvWish, *, rejects: IO[str] | None = None, watch: Watch = unwatched
) -> CsvResult:
    """Read a file into a site."""
    result = CsvResult()
    with wish.file.open("rb") as file:
        rows = parsed(file, wish.encoding)
        head = header(next(rows).row, wish.mapped)
        result.fields = dict(zip(_columns(wish), head.fields, strict=True))
        reader = await _reader(house, site, tenant, head, wish.zone)
        moving = _Moving(result, reader, rejects, Meter(wish.file.name, None, watch))
        if wish.dry_run:
            for line in rows:
                moving.take(line)
            return result
        cursor = await Cursor.open(house.database, site, fingerprint(wish), "rows")
        result.before = cursor.counts.get("stored", 0)
        done = int(cursor.position or 0)
        async with journal_of(house) as journal:
            for line in rows:
                signal = moving.take(line)
                if result.read > done:
                    moving.keep(signal)
                if len(moving.kept) >= _AT_ONCE or moving.waiting >= 4 * _AT_ONCE:
                    await cursor.store(journal, moving.kept, str(result.read), moving.taken())
            if moving.waiting:
                await cursor.store(journal, moving.kept, str(result.read), moving.taken())
        result.stored = cursor.counts.get("stored", 0) - result.before
    return result


def _columns(wish: CsvWish) -> Sequence[str]:
    with wish.file.open("rb") as file:
        return next(parsed(file, wish.encoding)).row


async def _reader(house: House, site: int, tenant: int, head: Header, zone: tzinfo) -> CsvRows:
    active = await house.rules.active(site)
    ids = await house.keys.hmac_key(tenant, "import")
    person = await house.keys.hmac_key(tenant, "person")
    return CsvRows(
        site, head, masking=Masking(active.number, active.rules), channels=table(),
        key=ids.digest(f"csv {site}".encode()), zone=zone, now_ms=clock.now_ms(),
        person=lambda who: pseudonyms.person(person, str(tenant), who),
    )  # fmt: skip


class _Moving:
    """What is on its way: rows that are read and not stored yet, and what is said of those that are refused."""

    def __init__(self, result: CsvResult, reader: CsvRows, rejects: IO[str] | None, meter: Meter) -> None:
        self._result = result
        self._event: Callable[[Sequence[str]], Event] = reader.event
        self._rejects = rejects
        self._meter = meter
        self._reasons: dict[str, Refusal] = {}
        self.kept: list[Event] = []
        self.waiting = 0

    def take(self, line: _Line) -> Event | None:
        """Read one row; None where it is refused."""
        self._result.read += 1
        if not self._result.read % 1000:
            self._meter.add(1000)
        if not line.fault:
            try:
                return self._event(line.row)
            except Refused as exc:
                self._refuse(line, str(exc))
                return None
        self._refuse(line, line.fault)
        return None

    def keep(self, signal: Event | None) -> None:
        self.waiting += 1
        if signal is not None:
            self.kept.append(signal)

    def taken(self) -> dict[str, int]:
        """What is counted of what is stored now; the next begins empty."""
        counts = {"read": self.waiting, "stored": len(self.kept)}
        self.kept, self.waiting = [], 0
        return counts

    def _refuse(self, line: _Line, reason: str) -> None:
        self._result.refused += 1
        found = self._reasons.get(reason)
        if found is None:
            found = self._reasons[reason] = Refusal(reason=reason)
            self._result.reasons.append(found)
        found.rows += 1
        if len(found.lines) < _LINES_SHOWN:
            found.lines.append(line.number)
        if self._rejects is not None:
            self._rejects.write(line.text if line.text.endswith("\n") or not line.text else line.text + "\n")
