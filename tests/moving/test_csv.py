"""Moving in from CSV: every line is stored once or refused with a reason, whatever it holds."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from sightline.database.pool import Database
from sightline.errors import InvalidValue
from sightline.moving.csv_file import CsvResult, CsvWish, move_csv
from sightline.operate.house import House
from tests.collect.conftest import make_site

HEADER = "time,visitor,url,name,properties,revenue,currency\n"


class Shop:
    """A site to move to."""

    def __init__(self, house: House, folder: Path, site: int, tenant: int) -> None:
        self.house, self.folder, self.site, self.tenant = house, folder, site, tenant

    async def move(
        self, content: bytes | str, mapped: Mapping[str, str] | None = None, **more: Any
    ) -> tuple[CsvResult, str]:
        file = self.folder / "moved.csv"
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        rejects = io.StringIO()
        wish = CsvWish(file=file, mapped=mapped or {}, zone=ZoneInfo(more.pop("zone", "UTC")), **more)
        return await move_csv(self.house, self.site, self.tenant, wish, rejects=rejects), rejects.getvalue()

    async def rows(self) -> list[dict[str, Any]]:
        rows = await self.house.database.fetch("SELECT * FROM signal_event ORDER BY batch, place")
        return [dict(row) for row in rows]


@pytest.fixture
async def shop(house: House, database: Database, tmp_path: Path) -> Shop:
    site, _, tenant = await make_site(database)
    return Shop(house, tmp_path, site, tenant)


async def test_columns_are_mapped_read_and_masked_like_live_traffic(shop: Shop) -> None:
    content = (
        "When;Page;Client;Mail;property:plan;ref;agent\r\n"
        '2026-05-01 08:00;"https://shop.example/users/471100?utm_source=news&email=a@b.example";c1;grace@navy.example;'
        "pro;https://www.google.com/search;Chrome\r\n"
        "1777622700;/next;c1;;;;\r\n"
        "2026-05-01T12:00:00+02:00;/later;c1;;;;\r\n"
    )
    mapped = {"When": "time", "Page": "url", "Client": "visitor", "Mail": "person", "ref": "referrer",
              "agent": "browser"}  # fmt: skip
    result, _ = await shop.move(content, mapped, zone="Europe/Zurich")
    assert (result.read, result.stored, result.refused) == (3, 3, 0)
    first, second, third = await shop.rows()
    assert first["created_ms"] == 1_777_615_200_000  # 08:00 in Zurich is 06:00 UTC
    assert (first["hostname"], first["path"], first["utm_source"], first["channel"], first["browser"]) == (
        "shop.example", "/users/:id", "news", "organic-search", "chrome",
    )  # fmt: skip
    assert (first["properties"], first["referrer_domain"]) == ('{"plan":"pro"}', "google.com")
    assert "grace" not in str(first)
    assert "b.example" not in str(first)
    assert first["person"]
    assert first["visitor"] == second["visitor"] == third["visitor"]
    assert first["visit"] != second["visit"]  # two hours later
    assert second["visit"] != third["visit"] or abs(third["created_ms"] - second["created_ms"]) < 1_800_000


async def test_a_file_is_stored_once_however_often_it_is_tried(shop: Shop) -> None:
    content = HEADER + "".join(f"{1777622700 + n},v{n % 7},/p{n % 9},,,,\n" for n in range(12_000))
    first, _ = await shop.move(content)
    again, _ = await shop.move(content)
    assert (first.stored, again.stored, again.before) == (12_000, 0, 12_000)
    assert len(await shop.rows()) == 12_000
    other, _ = await shop.move(content + "1777622700,v,/x,,,,\n")
    assert other.stored == 12_001, "another file is another import"


async def test_lines_that_cannot_be_read_are_refused_with_their_number_and_reason(shop: Shop) -> None:
    good = b"1777622700,v,/good,,,,\n"
    lines = [
        (good, None),
        (b"1777622700,v,/a\x00b,,,,\n", "a NUL character"),
        (b"1777622700,v,/\xff\xfe,,,,\n", "not in the encoding of the file"),
        (b"1777622700,v,/short\n", "3 fields instead of 7"),
        (b"1777622700,v,/long,,,,,,\n", "9 fields instead of 7"),
        (b"yesterday,v,/x,,,,\n", "time is no time"),
        (b"99999999999999999999,v,/x,,,,\n", "time is no time"),
        (b"1,v,/x,,,,\n", "time is not within the last ten years"),
        (b"4102444800,v,/x,,,,\n", "time is not within the last ten years"),
        (b"1777622700, ,/x,,,,\n", "no visitor"),
        (b"1777622700,v,/x,,[1],,\n", "properties is no JSON object"),
        (b'1777622700,v,/x,,"{""a"":' + b"[" * 5000 + b'",,\n', "properties is no JSON object"),
        (b"1777622700,v,/x,buy,,12 EUR,EUR\n", "revenue is no amount"),
        (b"1777622700,v,/x,buy,,-12,EUR\n", "revenue is not above zero, or without a currency of three letters"),
        (b"1777622700,v,/x,buy,,12,\n", "revenue is not above zero, or without a currency of three letters"),
        (b"1777622700,v," + b"x" * 200_000 + b",,,,\n",
         "a field longer than 128 kB, or a quotation mark that is not closed"),
        (b"1777622700,v,/" + b"y" * (3 << 20) + b",,,,\n", "a line longer than 1 MB"),
        (b'1777622700,v,"/a"b,,,,\n', "a quotation mark within a field"),
        (good, None),
        (b'1777622700,v,"/open,,,,\n', "a quotation mark that is not closed"),
    ]  # fmt: skip
    result, rejects = await shop.move(HEADER.encode() + b"".join(line for line, _ in lines))
    said = {line: one.reason for one in result.reasons for line in one.lines}
    assert said == {number: reason for number, (_, reason) in enumerate(lines, 2) if reason}
    assert (result.read, result.stored, result.refused) == (20, 2, 18)
    kept = [line for line, reason in lines if reason and len(line) < 1 << 20]
    assert rejects == b"".join(kept).decode("utf-8", "surrogateescape")
    assert "/short" in rejects
    assert [row["path"] for row in await shop.rows()] == ["/good", "/good"]


@pytest.mark.parametrize(
    ("content", "mapped", "says"),
    [
        (b"", {}, "the file is empty"),
        ("time,visitor,url\n".encode("utf-16"), {}, "UTF-16"),
        (b"PK\x03\x04rest", {}, "ZIP or Excel"),
        (b"time,visitor\n", {}, "no column says url"),
        (b"time,visitor,url,shoe\n", {}, "the column 'shoe' is no field"),
        (b"time,visitor,url,x\n", {"x": "shoe"}, "'shoe' is no field"),
        (b"time,visitor,url\n", {"x": "title"}, "no column 'x'"),
        (b"time,visitor,url,u\n", {"u": "url"}, "two columns are url"),
    ],
)
async def test_a_file_that_cannot_be_meant_is_refused_whole(
    shop: Shop, content: bytes, mapped: dict[str, str], says: str
) -> None:
    with pytest.raises(InvalidValue, match=says):
        await shop.move(content, mapped)


async def test_a_dry_run_says_what_would_be_and_stores_nothing(shop: Shop) -> None:
    result, _ = await shop.move("\ufeff" + HEADER + "1777622700,v,/,,,,\nx,v,/,,,,\n", dry_run=True)
    assert (result.read, result.refused, result.reasons[0].lines) == (2, 1, [3])
    assert await shop.rows() == []
    assert await shop.house.database.fetchval("SELECT count(*) FROM imports") == 0


async def test_visits_end_after_thirty_minutes_and_money_is_exact(shop: Shop) -> None:
    times = [0, 29 * 60, 58 * 60, 88 * 60 + 1]
    content = HEADER + "".join(f"{1777622700 + second},v,/,buy,,0.10,eur\n" for second in times)
    await shop.move(content)
    rows = await shop.rows()
    assert [row["visit"] == rows[0]["visit"] for row in rows] == [True, True, True, False]
    assert {(row["revenue"], row["currency"], row["properties"]) for row in rows} == {(1000, "EUR", "")}
    assert msgspec.json.encode(rows[0]["type"]) == b"2"
