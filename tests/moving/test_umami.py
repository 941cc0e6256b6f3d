"""Moving from Umami: what plain SQL counts there is what stands here, whatever the rows look like."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import msgspec
import pytest

from sightline import clock
from sightline.accounts.callers import operator
from sightline.accounts.permissions import Permission
from sightline.accounts.scopes import scope_for
from sightline.analytics.asking import Asker
from sightline.analytics.engines import PostgresEngine
from sightline.analytics.reports.overview import OverviewParams, overview
from sightline.database.address import Address
from sightline.errors import CallerError, NotFound
from sightline.moving import umami
from sightline.moving.reconcile import Reconciled, reconcile
from sightline.moving.umami_source import UnknownSchema, open_source
from sightline.operate.house import House
from sightline.signals.event import REVENUE_SCALE
from tests.moving.conftest import Umami
from tests.moving.umami_tables import BLOG, BOB, GONE, LINK, NEVER, PIXEL, SHOP, Made, at, identifier, insert


async def moved(house: House, address: Address, wish: umami.Wanted | None = None) -> tuple[umami.Result, Reconciled]:
    async with await open_source(address) as source:
        result = await umami.move(house, source, wish or umami.Wanted())
        return result, await reconcile(house, source, result.tasks)


async def stored(house: House, site: uuid.UUID = SHOP, where: str = "type <> 6") -> list[dict[str, Any]]:
    rows = await house.database.fetch(
        "SELECT e.* FROM signal_event e JOIN sites s ON s.id = e.site"
        f" WHERE s.uuid = $1 AND {where} ORDER BY batch, place",
        site,
    )
    return [dict(row) for row in rows]


async def test_the_numbers_are_those_of_plain_sql_on_the_source(house: House, umami: Umami) -> None:
    address, there = await umami(3)
    await Made(SHOP, events=3000).insert(there)
    await Made(BLOG, events=300).insert(there)
    result, compared = await moved(house, address)
    assert compared.differences == []
    assert compared.events == 3300
    assert result.counts[str(SHOP)]["stored"] == 3000
    expected = await there.fetchrow(
        "SELECT count(*) FILTER (WHERE event_type = 1) AS views, count(*) FILTER (WHERE event_type = 2) AS events,"
        " count(DISTINCT session_id) AS visitors, count(DISTINCT visit_id) AS visits FROM website_event"
        " WHERE website_id = $1",
        SHOP,
    )
    assert expected is not None
    scope = await scope_for(house.database, operator(), Permission.SITE_READ, site=str(SHOP))
    answer = await overview(
        Asker(PostgresEngine(house.database), scope), OverviewParams(start="2026-03-01", end="2026-04-30")
    )
    found = {row.metric.value: row.value for row in answer.rows}
    assert {name: found[name] for name in dict(expected)} == dict(expected)
    money = await there.fetch(
        "SELECT upper(currency) AS currency, sum(revenue) AS sum FROM revenue"
        " WHERE website_id = $1 GROUP BY 1 ORDER BY 1",
        SHOP,
    )
    here = await house.database.fetch(
        "SELECT currency, sum(revenue) AS sum FROM signal_event e JOIN sites s ON s.id = e.site"
        " WHERE s.uuid = $1 AND revenue IS NOT NULL GROUP BY 1 ORDER BY 1",
        SHOP,
    )
    assert [(row["currency"], row["sum"]) for row in here] == [
        (row["currency"], row["sum"] * REVENUE_SCALE) for row in money
    ]


async def test_an_import_repeated_stores_nothing_and_what_came_since_is_stored(house: House, umami: Umami) -> None:
    address, there = await umami(3)
    made = Made(SHOP, events=600)
    await made.insert(there)
    await moved(house, address)
    before = await stored(house)
    result, compared = await moved(house, address)
    assert (await stored(house), compared.differences, result.new) == (before, [], {
        "users": 0, "teams": 0, "members": 0, "sites": 0, "links": 0, "pixels": 0, "segments": 0,
    })  # fmt: skip
    late = Made(SHOP, events=0)
    late.tables["session"].clear()
    late.tables["website_event"].clear()
    late.event(
        identifier(SHOP, "session", 0), identifier("new visit"), datetime.now(UTC) - timedelta(minutes=5), 77_001
    )
    await insert(there, "website_event", late.tables["website_event"])
    _, compared = await moved(house, address)
    after = await stored(house)
    assert (len(after), compared.differences) == (len(before) + 1, [])
    session = identifier(SHOP, "session", 0)
    first = next(row for row in made.tables["website_event"] if row["session_id"] == session)
    same = [row for row in after if row["created_ms"] == clock.to_ms(first["created_at"])]
    assert after[-1]["visitor"] in {row["visitor"] for row in same}, "the same session there is the same visitor here"


async def test_every_column_has_the_value_that_live_traffic_would_have(house: House, umami: Umami) -> None:
    address, there = await umami(3)
    made = Made(SHOP, events=0)
    for rows in made.tables.values():
        rows.clear()
    session, visit = identifier("s"), identifier("v")
    made.tables["session"].append({
        "session_id": session, "website_id": SHOP, "browser": "edge-chromium", "os": "Windows 10", "device": "laptop",
        "screen": "1920x1080", "language": "de-CH", "country": "CH", "region": "CH-ZH", "city": "Zürich",
        "distinct_id": "customer 7",
    })  # fmt: skip
    made.event(session, visit, at(7.123456), 3, url_path="/shop/shoes", url_query="sort=price&size=42",
               referrer_domain="www.google.com", referrer_path="/search", page_title="Shoes", tag="b",
               utm_source="news letter", utm_medium="email", utm_campaign="a&b", gclid=None)  # fmt: skip
    await made.insert(there)
    await moved(house, address)
    (row,) = await stored(house)
    shown = {name: value for name, value in row.items() if value not in {"", 0, None}}
    for name in ("site", "visitor", "visit", "person", "received_ms", "batch", "rules"):
        assert shown.pop(name)
    assert shown == {
        "created_ms": clock.to_ms(at(7)) + 7407, "type": 2, "name": "buy", "hostname": "shop.example",
        "path": "/shop/shoes", "query": "sort=price&size=42", "title": "Shoes", "referrer_domain": "google.com",
        "referrer_path": "/search", "utm_source": "news letter", "utm_medium": "email", "utm_campaign": "a&b",
        "channel": "email", "tag": "b", "revenue": 32_500, "currency": "EUR" if 3 % 3 else "USD",
        "properties": '{"sku":"A-3","amount":3.25,"customer.member":true,"at":"2026-03-20T00:07:07.407+00:00",'
                      '"tags":"[\\"x\\",\\"y\\"]"}',
        "browser": "edge", "os": "windows", "device": "desktop", "screen": "1920x1080", "language": "de-CH",
        "country": "CH", "region": "CH-ZH", "city": "Zürich",
    }  # fmt: skip


async def test_a_middle_release_of_umami_2_is_read_by_its_own_columns(house: House, umami: Umami) -> None:
    address, there = await umami(2)
    await there.execute("ALTER TABLE event_data RENAME COLUMN data_key TO event_key")
    await there.execute("ALTER TABLE event_data RENAME COLUMN data_type TO event_data_type")
    made = Made(SHOP, events=500)
    for row in made.tables["event_data"]:
        row["event_key"], row["event_data_type"] = row["data_key"], row["data_type"]
        if row["data_key"] == "amount":
            row["event_key"] = "revenue"
    events = {row["website_event_id"]: row for row in made.tables["event_data"]}
    made.tables["event_data"] += [
        {**row, "event_data_id": uuid.uuid4(), "event_key": "currency", "string_value": "EUR", "event_data_type": 1}
        for row in events.values()
    ]
    await made.insert(there)
    async with await open_source(address) as source:
        assert source.release == "Umami 2"
    _, compared = await moved(house, address)
    assert compared.differences == []
    rows = await stored(house)
    assert len(rows) == 500
    assert {row["hostname"] for row in rows} == {"shop.example"}
    assert {row["region"] for row in rows} >= {"NL-NH"}
    bought = [row for row in rows if row["revenue"]]
    assert len(bought) == len(events), "without a table of revenue the properties tell it"
    assert sum(row["revenue"] for row in bought) == sum(
        int(row["number_value"] * REVENUE_SCALE) for row in made.tables["event_data"] if row["event_key"] == "revenue"
    )


async def test_rows_that_nobody_would_expect_are_stored_or_counted_with_a_reason(house: House, umami: Umami) -> None:
    address, there = await umami(3)
    made = Made(SHOP, events=0)
    for rows in made.tables.values():
        rows.clear()
    orphan, visit = identifier("no session"), identifier("v")
    long = "x" * 500
    made.event(orphan, visit, at(1), 5)  # no such session
    made.event(orphan, visit, at(1), 10, url_path="", page_title=None, hostname=None, referrer_path=None,
               referrer_domain=None, tag="")  # fmt: skip
    made.event(orphan, visit, at(1), 15, url_path="/" + long[:499], url_query=long, page_title=long, hostname="x" * 100,
               referrer_domain=long, referrer_path=long, utm_term=long[:255], gclid=long[:255])  # fmt: skip
    made.event(orphan, visit, at(2), 20, event_type=5)  # vitals
    made.event(orphan, visit, at(2), 25, event_type=9)
    made.event(orphan, visit, None, 30)
    made.event(orphan, visit, datetime(2100, 1, 1, tzinfo=UTC), 35)
    made.event(orphan, visit, datetime(2026, 3, 29, 0, 59, 59, 999_999, tzinfo=UTC), 40)  # before a night of 23 hours
    made.event(orphan, visit, at(3), 43)  # custom, with properties and revenue
    id_ = identifier(SHOP, "event", 43)
    twice = {**made.tables["event_data"][0], "event_data_id": uuid.uuid4(), "string_value": "later",
             "created_at": at(4)}  # fmt: skip
    made.tables["event_data"].append(twice)
    made.tables["revenue"] = [
        {"revenue_id": uuid.uuid4(), "website_id": SHOP, "session_id": orphan, "event_id": id_, "event_name": "buy",
         "currency": currency, "revenue": amount, "created_at": at(3 + number)}
        for number, (currency, amount) in enumerate(
            [("EUR", None), ("EUR", -3), ("", 4), ("EUR", 10), ("USD", 7), ("eur", 2)]
        )
    ]  # fmt: skip
    made.tables["website_event"] += [
        {**made.tables["website_event"][0], "event_id": uuid.uuid4(), "website_id": site} for site in (GONE, NEVER)
    ]
    await made.insert(there)
    result, compared = await moved(house, address)
    assert compared.differences == []
    assert result.plan.skipped() == {
        "vitals": 1, "unknown_type": 1, "without_time": 1, "future": 1, "site_removed": 1, "site_unknown": 1,
    }  # fmt: skip
    counts = result.counts[str(SHOP)]
    assert (counts["read"], counts["stored"], counts["vitals"], counts["unknown_type"]) == (7, 5, 1, 1)
    assert (counts["revenue"], counts["revenue_amount"], counts["revenue_currency"]) == (6, 2, 2)
    rows = await stored(house)
    assert len(rows) == 5
    assert [(row["revenue"], row["currency"]) for row in rows if row["revenue"]] == [(120_000, "EUR")]
    assert [msgspec.json.decode(row["properties"])["sku"] for row in rows if row["properties"]] == ["later"]


async def test_what_is_personal_there_is_masked_here(house: House, umami: Umami) -> None:
    address, there = await umami(3)
    made = Made(SHOP, events=0)
    for rows in made.tables.values():
        rows.clear()
    session, mail = identifier("s"), "grace.hopper@navy.example"
    made.tables["session"].append({"session_id": session, "website_id": SHOP, "distinct_id": mail})
    made.event(
        session, identifier("v"), at(1), 3, url_path=f"/users/{mail}/orders", url_query=f"email={mail}&sort=a",
        page_title=f"Account of {mail}", referrer_domain="mail.example", referrer_path=f"/inbox/{mail}", tag=mail[:50],
        event_name=f"sent {mail}", utm_term=mail, utm_campaign="4111 1111 1111 1111",
    )  # fmt: skip
    made.tables["event_data"] = [
        {"event_data_id": uuid.uuid4(), "website_id": SHOP, "website_event_id": identifier(SHOP, "event", 3),
         "data_key": key, "string_value": value, "data_type": kind, "created_at": at(1)}
        for key, value, kind in (("customer.email", mail, 1), ("note", f"call {mail}", 1), ("list", f'["{mail}"]', 5),
                                 ("customer.name", "Grace Hopper", 1))
    ]  # fmt: skip
    made.tables["session_data"] = [
        {"session_data_id": uuid.uuid4(), "website_id": SHOP, "session_id": session, "data_key": "email",
         "string_value": mail, "data_type": 1, "created_at": at(2)}
    ]  # fmt: skip
    await made.insert(there)
    await moved(house, address)
    text = str(await stored(house, where="true"))
    assert len(await stored(house, where="true")) == 2
    # Not four digits of the card alone: ids are long numbers in which they can stand by chance.
    for canary in ("grace", "hopper", "Grace Hopper", "navy.example", "4111 1111", "4111111111111111"):
        assert canary not in text
    active = await house.rules.active()
    assert {row["rules"] for row in await stored(house, where="true")} == {active.number}


async def test_people_teams_sites_and_links_keep_their_ids(house: House, umami: Umami) -> None:
    address, there = await umami(3)
    made = Made(SHOP, events=100)
    made.event(identifier("s"), identifier("v"), at(5), 500, website_id=LINK, event_type=3, url_path="/q/go")
    made.event(identifier("s"), identifier("v"), at(5), 505, website_id=PIXEL, event_type=4, url_path="/p/seen")
    await made.insert(there)
    result, compared = await moved(house, address)
    assert compared.differences == []
    people = {
        row["login"]: (row["role"], row["password_hash"])
        for row in await house.database.fetch(
            "SELECT coalesce(email, username) AS login, role, password_hash FROM users"
        )
    }
    assert people == {"ada@example.com": ("admin", "!"), "bob-the-builder": ("member", "!")}
    assert result.without_password == ["ada@example.com", "bob-the-builder"]
    roles = await house.database.fetch(
        "SELECT t.name, u.uuid, m.role FROM members m"
        " JOIN tenants t ON t.id = m.tenant_id JOIN users u ON u.id = m.user_id"
    )
    assert {(row["name"], row["role"]) for row in roles} == {
        ("Engine", "owner"), ("Engine", "viewer"), ("Bob the Builder", "owner"),
    }  # fmt: skip
    sites = {row["uuid"]: row for row in await house.database.fetch("SELECT * FROM sites")}
    assert sites[SHOP]["domains"] == ["shop.example", "*.shop.example"]
    assert sites[BLOG]["domains"] == []
    assert GONE not in sites
    links = {row["slug"]: row for row in await house.database.fetch("SELECT * FROM links")}
    assert (links["go"]["uuid"], links["go"]["url"], links["seen"]["kind"]) == (LINK, "https://shop.example/x", "pixel")
    types = await house.database.fetch("SELECT site, type FROM signal_event WHERE type IN (3, 4) ORDER BY type")
    assert [(row["site"], row["type"]) for row in types] == [(links["go"]["site_id"], 3), (links["seen"]["site_id"], 4)]
    assert BOB in {row["uuid"] for row in roles}


async def test_identify_is_an_event_of_its_visitor_with_its_properties(house: House, umami: Umami) -> None:
    address, there = await umami(3)
    made = Made(SHOP, events=400)
    nobody = {**made.tables["session_data"][0], "session_data_id": uuid.uuid4(), "session_id": identifier("nobody")}
    made.tables["session_data"].append(nobody)
    await made.insert(there)
    result, _ = await moved(house, address)
    sayings = {row["session_id"] for row in made.tables["session_data"]} - {nobody["session_id"]}
    rows = await stored(house, where="type = 6")
    assert len(rows) == len(sayings)
    assert {row["visitor"] for row in rows} <= {row["visitor"] for row in await stored(house)}
    assert {row["visit"] for row in rows} <= {row["visit"] for row in await stored(house)}
    assert {msgspec.json.decode(row["properties"])["plan"] for row in rows} == {"pro"}
    assert result.counts[str(SHOP)]["identities_without_events"] == 1
    assert any(row["person"] for row in rows)


async def test_a_dry_run_counts_and_writes_nothing(house: House, umami: Umami) -> None:
    address, there = await umami(3)
    await Made(SHOP, events=200).insert(there)
    async with await open_source(address) as source:
        plan = await umami_planned(source)
    assert plan.events == 200
    tables = {table.table: table for table in plan.tables}
    assert (tables["website_event"].rows, tables["website_event"].moved) == (200, True)
    assert not tables["session_replay"].moved
    assert tables["session_replay"].why
    assert len(tables) == 17
    for table in ("users", "sites", "imports", "signal_event"):
        assert await house.database.fetchval(f"SELECT count(*) FROM {table}") == 0


async def umami_planned(source: Any) -> Any:
    return await umami.planned(source, umami.Wanted())


async def test_only_named_sites_and_only_from_a_day_on(house: House, umami: Umami) -> None:
    address, there = await umami(3)
    made = Made(SHOP, events=800)
    await made.insert(there)
    await Made(BLOG, events=100).insert(there)
    since = at(6 * 1440)
    wish = {"sites": ("shop",), "since_ms": clock.to_ms(since)}
    result, compared = await moved(house, address, umami_wanted(**wish))
    expected = sum(row["created_at"] >= since for row in made.tables["website_event"])
    assert 0 < expected < 800
    assert (len(await stored(house)), len(await stored(house, BLOG))) == (expected, 0)
    assert compared.differences == []
    assert result.plan.skipped() == {"earlier": 800 - expected, "site_not_chosen": 100}
    with pytest.raises(NotFound, match="no site 'nowhere'"):
        await moved(house, address, umami_wanted(sites=("nowhere",)))


def umami_wanted(**fields: Any) -> umami.Wanted:
    return umami.Wanted(**fields)


async def test_a_difference_between_the_two_sides_is_named_with_site_and_day(house: House, umami: Umami) -> None:
    address, there = await umami(3)
    made = Made(SHOP, events=500)
    await made.insert(there)
    result, _ = await moved(house, address)
    await house.database.execute(
        "DELETE FROM signal_event WHERE ctid ="
        " (SELECT ctid FROM signal_event WHERE type = 1 ORDER BY created_ms LIMIT 1)"
    )
    await house.database.execute(
        "UPDATE signal_event SET revenue = revenue + 1 WHERE ctid ="
        " (SELECT ctid FROM signal_event WHERE revenue IS NOT NULL ORDER BY created_ms DESC LIMIT 1)"
    )
    async with await open_source(address) as source:
        compared = await reconcile(house, source, result.tasks)
    assert [(one.what.split()[0], one.source - one.here) for one in compared.differences] == [
        ("events", 1), ("revenue", -1),
    ]  # fmt: skip
    first = min(row["created_at"] for row in made.tables["website_event"] if row["event_type"] == 1)
    assert (compared.differences[0].name, compared.differences[0].day) == ("Shop", first.date().isoformat())


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("DROP TABLE website_event", "has no table 'website_event'"),
        ("ALTER TABLE website_event DROP COLUMN visit_id", "has no column 'visit_id'"),
        ("ALTER TABLE website_event ALTER event_type TYPE text", "is of type text, not int4"),
        ("ALTER TABLE event_data DROP COLUMN data_type", "has no column 'data_type'"),
    ],
)
async def test_a_schema_that_is_not_known_is_refused_with_what_is_missing(
    house: House, umami: Umami, change: str, says: str
) -> None:
    address, there = await umami(3)
    await Made(SHOP, events=20).insert(there)
    await there.execute(change + (" CASCADE" if change.startswith("DROP") else ""))
    with pytest.raises(UnknownSchema, match=says):
        await moved(house, address)


async def test_the_source_is_never_written_to(umami: Umami) -> None:
    address, _ = await umami(3)
    async with await open_source(address) as source:
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await source.connection.execute("DELETE FROM website")


async def test_two_imports_at_the_same_time_store_each_event_once(house: House, umami: Umami) -> None:
    import asyncio

    address, there = await umami(3)
    await Made(SHOP, events=12_000).insert(there)
    await moved(house, address, umami_wanted(since_ms=clock.to_ms(datetime(2026, 8, 1, tzinfo=UTC))))
    found = await asyncio.gather(moved(house, address), moved(house, address), return_exceptions=True)
    errors = [one for one in found if isinstance(one, BaseException)]
    assert all(isinstance(one, CallerError) and one.code == "import_runs" for one in errors), errors
    _, compared = await moved(house, address)
    assert (len(await stored(house)), compared.differences) == (12_000, [])


async def test_segments_and_cohorts_are_ours_or_named_with_the_reason(house: House, umami: Umami) -> None:
    address, there = await umami(3)
    await Made(SHOP, events=20).insert(there)
    filters = [{"name": "path", "operator": "eq", "value": "/users/471100"}, {"name": "os", "operator": "eq",
               "value": ["Windows 10", "Mac OS"]}]  # fmt: skip
    for kind, name, parameters in (
        ("segment", "Buyers", {"filters": filters, "match": "any"}),
        ("segment", "Dutch", {"filters": {"country": "eq.NL"}}),
        ("cohort", "Signed up", {"filters": [], "action": {"type": "event", "value": "sign-up"}, "dateRange": "30day"}),
        ("segment", "Persons", {"filters": [{"name": "distinctId", "operator": "eq", "value": "x"}]}),
        ("segment", "Nothing", {"filters": []}),
        ("cohort", "Odd", {"action": {"type": "path", "value": "/"}, "dateRange": "fortnight"}),
    ):
        await there.execute(
            "INSERT INTO segment (segment_id, website_id, type, name, parameters) VALUES ($1, $2, $3, $4, $5)",
            uuid.uuid4(), SHOP, kind, name, msgspec.json.encode(parameters).decode(),
        )  # fmt: skip
    result, _ = await moved(house, address)
    rows = await house.database.fetch("SELECT name, definition::text AS text FROM segments ORDER BY id")
    assert {row["name"]: msgspec.json.decode(row["text"]) for row in rows} == {
        "Buyers": {
            "filter": ['["path","eq","/users/:id"]', '["os","eq",["windows","macos"]]'], "match": "any",
        },
        "Dutch": {"filter": ['["country","eq","NL"]']},
        "Signed up": {"did": "event:sign-up", "range": "30d"},
    }  # fmt: skip
    assert result.new["segments"] == 3
    assert len(result.notes) == 4
    assert sum("is not taken over" in note for note in result.notes) == 3
    again, _ = await moved(house, address)
    assert again.new["segments"] == 0
