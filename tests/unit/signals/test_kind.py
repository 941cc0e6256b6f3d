"""Kinds: what follows from a declaration."""

import msgspec
import pyarrow as pa
import pytest

from sightline.signals.event import EVENT, Event
from sightline.signals.kind import Big, Bytes, Column, Flag, Identity, Registry, Signal, Text, Type, Walk, declare


class Chunk(Signal, frozen=True, kw_only=True, gc=False):
    tab: Big = 0
    data: Bytes = b""
    sealed: Flag = False
    note: Text = ""


CHUNK = declare("chunk", Chunk, found_by={"found": ("site", "tab"), "visit": ("site", "visit")})


def test_a_new_kind_needs_nothing_but_its_struct() -> None:
    assert "CREATE TABLE signal_chunk (" in CHUNK.postgres_ddl()
    assert "PARTITION BY RANGE (received_ms)" in CHUNK.postgres_ddl()
    assert "CREATE INDEX signal_chunk_found ON signal_chunk (site, tab);" in CHUNK.postgres_ddl()
    assert "CREATE INDEX signal_chunk_visit ON signal_chunk (site, visit);" in CHUNK.postgres_ddl()
    assert "note VARCHAR NOT NULL" in CHUNK.duckdb_ddl()
    assert CHUNK.arrow_schema().field("data").type == pa.binary()
    assert [column.name for column in CHUNK.walked()] == ["note"]


def test_bytes_stay_out_of_the_warehouse() -> None:
    assert "data" in CHUNK.column_names
    assert "data" not in CHUNK.duckdb_ddl()
    stored = CHUNK.arrow_schema().empty_table()
    assert CHUNK.conformed(stored, CHUNK.shadowed).column_names == [n for n in CHUNK.column_names if n != "data"]


def test_rows_come_in_the_order_of_the_columns() -> None:
    signals = [Chunk(site=1, created_ms=2, tab=3, data=b"x"), Chunk(site=1, created_ms=3)]
    rows = list(CHUNK.rows(signals, received_ms=9, batch=7))
    assert [dict(zip(CHUNK.column_names, row, strict=True))["place"] for row in rows] == [0, 1]
    assert dict(zip(CHUNK.column_names, rows[0], strict=True)) == {
        **msgspec.structs.asdict(signals[0]), "received_ms": 9, "batch": 7, "place": 0,
    }  # fmt: skip


def test_every_identity_of_an_event_is_found() -> None:
    assert [EVENT.identified_by(identity) for identity in Identity] == ["site", "visitor", "visit", "person"]


def test_every_text_of_an_event_that_a_visitor_can_have_written_is_walked() -> None:
    by_visitors = {
        "hostname", "path", "query", "title", "referrer_domain", "referrer_path", "utm_source", "utm_medium",
        "utm_campaign", "utm_content", "utm_term", "click_id", "name", "properties", "tag",
    }  # fmt: skip
    assert {column.name for column in EVENT.walked()} == by_visitors
    assert EVENT.walked()[-2].walk is Walk.JSON


def test_wide_columns_stand_first_in_the_table_so_that_nothing_is_padded() -> None:
    lines = [line.split() for line in EVENT.postgres_ddl().splitlines() if line.startswith("    ")]
    widths = [{"bigint": 8, "integer": 4, "smallint": 2, "text": 0}[line[1].rstrip(",")] for line in lines]
    assert widths == sorted(widths, reverse=True)


def test_what_an_older_release_did_not_write_gets_its_default() -> None:
    older = pa.table({"site": [5], "created_ms": [1], "tab": pa.array([2], pa.int32())})
    table = CHUNK.conformed(older)
    assert table.schema == CHUNK.arrow_schema()
    assert table.to_pylist()[0] == {
        "site": 5, "created_ms": 1, "visitor": 0, "visit": 0, "person": None, "rules": 0, "tab": 2, "data": b"",
        "sealed": False, "note": "", "received_ms": 0, "batch": 0, "place": 0,
    }  # fmt: skip


def test_a_field_that_does_not_say_how_it_is_stored_is_refused() -> None:
    class Silent(Signal, frozen=True, kw_only=True, gc=False):
        size: int = 0

    with pytest.raises(TypeError, match="size"):
        declare("silent", Silent)


@pytest.mark.parametrize("name", ["Event", "e-vent", "1event", "", "x" * 41, 'a"; DROP TABLE x'])
def test_a_name_that_is_no_plain_word_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="kind"):
        declare(name, Event)


def test_a_field_may_not_take_the_name_of_a_column_of_the_journal() -> None:
    class Clash(Signal, frozen=True, kw_only=True, gc=False):
        batch: Big = 0

    with pytest.raises(ValueError, match="batch"):
        declare("clash", Clash)


def test_a_kind_is_registered_once() -> None:
    registry = Registry([EVENT])
    with pytest.raises(ValueError, match="twice"):
        registry.add(EVENT)
    registry.add(CHUNK)
    assert registry.names() == ["event", "chunk"]
    assert registry.of(Chunk) is CHUNK
    assert "event" in registry
    assert "dream" not in registry


def test_only_a_nullable_column_is_null_by_default() -> None:
    assert Column("a", Type.BIG).postgres == "bigint NOT NULL DEFAULT 0"
    assert Column("a", Type.BIG, nullable=True).postgres == "bigint"
    assert Column("a", Type.FLAG).postgres == "boolean NOT NULL DEFAULT false"
