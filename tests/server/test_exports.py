"""The raw export over HTTP: a stream of what is stored, for whoever may see the site."""

import csv
import io

from sightline.operate.house import House
from sightline.signals.journal import Journal
from tests.server.application import Browser
from tests.server.calls import error
from tests.server.test_reports import journal, watched

__all__ = ["journal"]


async def test_rows_are_written_as_they_are_stored(admin: Browser, journal: Journal, house: House) -> None:
    site = await watched(admin, journal)
    answer = await admin("GET", f"/sites/{site}/export")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert 'filename="event.json"' in answer.headers["content-disposition"]
    rows = answer.json()
    stored = await house.database.fetch("SELECT visitor, path FROM signal_event WHERE site = $1", site)
    assert sorted((row["visitor"], row["path"]) for row in rows) == sorted(
        (str(row["visitor"]), row["path"]) for row in stored
    )
    answer = await admin("GET", f"/sites/{site}/export?format=csv&start=2026-10-25&end=2026-10-25")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert len(list(csv.DictReader(io.StringIO(answer.text, newline="")))) == len(rows)
    answer = await admin("GET", f"/sites/{site}/export?format=csv&start=2020-10-25&end=2020-10-25")
    assert len(answer.text.splitlines()) == 1


async def test_what_cannot_be_asked_is_refused_before_anything_is_sent(
    admin: Browser, other: Browser, journal: Journal
) -> None:
    site = await watched(admin, journal)
    for query, field in (("kind=shoe", "kind"), ("format=xml", "format"), ("range=ever", "range"),
                         ("start=2026-01-01", "end"), ("start=x&end=y", "start")):  # fmt: skip
        answer = await admin("GET", f"/sites/{site}/export?{query}")
        assert error(answer) == (422, "invalid_value", field)
    assert (await other("GET", f"/sites/{site}/export")).status_code == 401
    assert (await admin("GET", "/sites/999999/export")).status_code == 404
