"""Audits read sealed recordings, and masking anew rewrites them."""

from sightline.privacy.dictionary import default
from sightline.replay.walker import RecordingsWalker
from sightline.signals.findings import Audit
from sightline.signals.masking import Masking
from sightline.signals.rules import RulesStore
from sightline.signals.walkers import Selection
from tests.replay.conftest import Shelf
from tests.replay.making import START_MS, chunk, clicks, page, stored

SECRET = "anneliese@example.com"


async def leaky(shelf: Shelf) -> RecordingsWalker:
    """A recording that older rules have let through: a text, an attribute, a line of the console, an address."""
    events = page(START_MS)
    paragraph = events[1]["data"]["node"]["childNodes"][0]["childNodes"][0]["childNodes"][1]
    paragraph["childNodes"][0]["textContent"] = f"write to {SECRET}"
    paragraph["attributes"] = {"title": SECRET}
    said = {"level": "warn", "payload": [f'"no {SECRET}"'], "trace": []}
    events.append({"type": 6, "timestamp": START_MS + 5, "data": {"plugin": "rrweb/console@1", "payload": said}})
    asked = {"requests": [{"name": f"https://shop.example/people/{SECRET}", "startTime": START_MS}]}
    events.append({"type": 6, "timestamp": START_MS + 6, "data": {"plugin": "rrweb/network@1", "payload": asked}})
    await stored(shelf.database, chunk([*events, *clicks(START_MS + 100, 1)], site=shelf.site))
    await shelf.seal()
    return RecordingsWalker(shelf.database, shelf.library)


async def test_an_audit_names_every_place_that_newer_rules_would_mask(shelf: Shelf) -> None:
    walker = await leaky(shelf)
    report = await Audit([walker], await RulesStore(shelf.database).by_site()).run(Selection())
    assert {finding.field for finding in report.findings} == {"text", "console", "request"}
    assert {finding.kind for finding in report.findings} == {"recording"}
    assert report.findings[0].places[0].row == "7:tab12345"


async def test_masking_anew_rewrites_the_object_once_and_leaves_nothing_of_the_old_one(shelf: Shelf) -> None:
    walker = await leaky(shelf)
    before = await shelf.one()
    masking = Masking(9, default())
    assert await walker.remask(Selection(), masking) == 1
    assert await walker.remask(Selection(), masking) == 0
    row = await shelf.one()
    assert (row["rules"], await shelf.objects()) == (9, [row["object"]])
    assert row["object"] != before["object"]
    _, events = await shelf.library.summary(row)
    assert SECRET not in str(events)
    assert SECRET not in str(await shelf.database.fetch("SELECT * FROM recording_marks"))
    assert sum(event["type"] == 3 for event in events) == 1
    assert await walker.remask(Selection(except_sites=(shelf.site,)), Masking(10, default())) == 0
