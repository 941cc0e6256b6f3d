"""The privacy audit: it finds what masking anew would change, says where, and never says what."""

import msgspec

from sightline import clock
from sightline.accounts.callers import operator
from sightline.cli.audit_page import html
from sightline.database.pool import Database
from sightline.privacy.dictionary import default
from sightline.signals.activation import Wanted, activate
from sightline.signals.event import EVENT
from sightline.signals.extents import Catalogue
from sightline.signals.findings import Audit, Progress, Report
from sightline.signals.journal import Batch, Journal
from sightline.signals.kind import Registry
from sightline.signals.masking import Masking
from sightline.signals.rules import RulesStore
from sightline.signals.sealing import Sealer
from sightline.signals.walkers import Selection, Walkers
from tests.signals.making import Folder, event, events
from tests.signals.test_rules import STAFF

EMAIL, CARD = "jane.roe@mailbox.example", "4111111111111111"


async def audited(
    database: Database, folder: Folder, selection: Selection | None = None, sample: int | None = None
) -> Report:
    audit = Audit(Walkers(Catalogue(database, folder), Registry([EVENT])), await RulesStore(database).by_site())
    return await audit.run(selection or Selection(), sample=sample)


def sorts(report: Report) -> list[tuple[str, int, str, str, int]]:
    return [(one.kind, one.rules, one.field, one.detector, one.signals) for one in report.findings]


async def test_findings_are_told_by_kind_rules_field_and_detector_with_their_place(
    journal: Journal, database: Database, folder: Folder
) -> None:
    await journal.append(
        Batch(
            signals=[
                event(1, title=f"write to {EMAIL}", rules=1),
                event(2, title=f"write to {EMAIL}", rules=1),
                event(3, query=f"page=2&email={EMAIL}", path=f"/go/{EMAIL}", rules=1),
                event(4, properties=msgspec.json.encode({"order": {"card": {"number": CARD}}}).decode(), rules=0),
            ]
        )
    )
    report = await audited(database, folder)
    assert sorts(report) == [
        ("event", 0, "properties", "card", 1),
        ("event", 1, "path", "email", 1),
        ("event", 1, "query", "email", 1),
        ("event", 1, "title", "email", 2),
    ]
    places = {one.field: one.places for one in report.findings}
    batch = await database.fetchval("SELECT max(batch) FROM signal_event")
    assert [(place.where, place.row, place.path) for place in places["properties"]] == [
        ("journal", f"{batch}:3", "$.order.card.number")
    ]
    assert [place.path for place in places["query"]] == ["?email"]
    assert [place.path for place in places["path"]] == ["segment 2"]
    assert report.found == 5


async def test_a_report_never_holds_a_value(journal: Journal, database: Database, folder: Folder) -> None:
    deep = msgspec.json.encode({EMAIL: 1, "a": [{EMAIL: {"note": f"call {EMAIL}"}}], "n": int(CARD)}).decode()
    await journal.append(Batch(signals=[event(1, properties=deep, path=f"/{EMAIL}/{EMAIL}", query=f"{EMAIL}={CARD}")]))
    await Sealer(Catalogue(database, folder)).seal(clock.now_ms() + 1000)
    report = await audited(database, folder)
    assert report.found >= 4
    said = msgspec.json.encode(report, enc_hook=str).decode() + html(report, Selection(), None, clock.now())
    assert EMAIL not in said
    assert CARD not in said
    assert "event/day=" in said


async def test_what_is_masked_on_its_way_in_has_no_findings(
    journal: Journal, database: Database, folder: Folder
) -> None:
    masking = Masking(1, default())
    raw = [
        event(1, title=f"write to {EMAIL}", path=f"/u/{EMAIL}/4711", query=f"?email={EMAIL}&utm_source=x&x%40y=1"),
        event(2, properties=f'{{"email":"{EMAIL}", "n": {CARD}, "n": 1, "t": "call +41 79 123 45 67"}}'),
        event(3, properties="no json", referrer_path=f"/a?b={EMAIL}", utm_content=f"https://x.test/?e={EMAIL}"),
        event(4, properties="[" * 500, title="\uff05\uff14\uff10", utm_term="jane%40mailbox.example"),
    ]
    await journal.append(Batch(signals=[masking.signal(EVENT, one) for one in raw]))
    assert sorts(await audited(database, folder)) == []
    assert await database.fetchval("SELECT array_agg(DISTINCT rules) FROM signal_event") == [1]


async def test_each_site_is_judged_by_its_own_rules(journal: Journal, database: Database, folder: Folder) -> None:
    await journal.append(Batch(signals=[event(n, site=n, title="by SX-123456") for n in (1, 2, 3)]))
    await activate(database, operator(), Wanted(source=STAFF, site=2))
    report = await audited(database, folder)
    assert sorts(report) == [("event", 1, "title", "staff_number", 1)]
    assert report.versions == {0: 1, 2: 2}
    assert sorts(await audited(database, folder, Selection(sites=(1, 3)))) == []
    assert len(sorts(await audited(database, folder, Selection(sites=(2,))))) == 1


async def test_a_sample_reads_about_as_many_signals_as_wanted(
    journal: Journal, database: Database, folder: Folder
) -> None:
    await journal.append(Batch(signals=events(2000)))
    await Sealer(Catalogue(database, folder)).seal(clock.now_ms() + 1000)
    (walked,) = (await audited(database, folder, sample=200)).walked
    assert walked.signals == 200
    everything = (await audited(database, folder)).walked[0]
    assert everything.signals == 2000
    assert 0.03 < walked.texts / everything.texts < 0.3


async def test_an_audit_tells_how_far_it_is(journal: Journal, database: Database, folder: Folder) -> None:
    for number in range(3):
        await journal.append(Batch(signals=[event(number)]))
        await Sealer(Catalogue(database, folder)).seal(clock.now_ms() + 1000)
    told: list[Progress] = []

    async def watch(now: Progress) -> None:
        told.append(now)

    audit = Audit(Walkers(Catalogue(database, folder), Registry([EVENT])), await RulesStore(database).by_site())
    await audit.run(Selection(), watch=watch)
    shares = [one.share for one in told]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert told[-1].texts > 0
