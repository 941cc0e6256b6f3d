"""Umami's tables as its releases 3 and 2 have them, in a database of their own, and rows to put into them.

Written from what is known of the columns; relations are not declared there either, which is why orphans exist.
"""

import random
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import asyncpg

V3: Final = """
CREATE TABLE "user" (user_id uuid PRIMARY KEY, username varchar(255) UNIQUE NOT NULL, password varchar(60) NOT NULL,
    role varchar(50) NOT NULL, logo_url varchar(2183), display_name varchar(255),
    created_at timestamptz(6) DEFAULT now(), updated_at timestamptz(6), deleted_at timestamptz(6));
CREATE TABLE website (website_id uuid PRIMARY KEY, name varchar(100) NOT NULL, domain varchar(500),
    reset_at timestamptz(6), user_id uuid, team_id uuid, created_by uuid, created_at timestamptz(6) DEFAULT now(),
    updated_at timestamptz(6), deleted_at timestamptz(6), replay_enabled boolean DEFAULT false, replay_config jsonb);
CREATE TABLE session (session_id uuid PRIMARY KEY, website_id uuid NOT NULL, browser varchar(20), os varchar(20),
    device varchar(20), screen varchar(11), language varchar(35), country char(2), region varchar(20), city varchar(50),
    distinct_id varchar(50), created_at timestamptz(6) DEFAULT now());
CREATE TABLE website_event (event_id uuid PRIMARY KEY, website_id uuid NOT NULL, session_id uuid NOT NULL,
    visit_id uuid NOT NULL, created_at timestamptz(6) DEFAULT now(), url_path varchar(500) NOT NULL,
    url_query varchar(500), utm_source varchar(255), utm_medium varchar(255), utm_campaign varchar(255),
    utm_content varchar(255), utm_term varchar(255), referrer_path varchar(500), referrer_query varchar(500),
    referrer_domain varchar(500), page_title varchar(500), gclid varchar(255), fbclid varchar(255),
    msclkid varchar(255), ttclid varchar(255), li_fat_id varchar(255), twclid varchar(255),
    event_type integer NOT NULL DEFAULT 1, event_name varchar(50), tag varchar(50), hostname varchar(100),
    lcp numeric(10,1), inp numeric(10,1), cls numeric(10,4), fcp numeric(10,1), ttfb numeric(10,1));
CREATE INDEX ON website_event (website_id, created_at);
CREATE INDEX ON website_event (session_id);
CREATE TABLE event_data (event_data_id uuid PRIMARY KEY, website_id uuid NOT NULL, website_event_id uuid NOT NULL,
    data_key varchar(500) NOT NULL, string_value varchar(500), number_value numeric(19,4), date_value timestamptz(6),
    data_type integer NOT NULL, created_at timestamptz(6) DEFAULT now());
CREATE INDEX ON event_data (website_event_id);
CREATE TABLE session_data (session_data_id uuid PRIMARY KEY, website_id uuid NOT NULL, session_id uuid NOT NULL,
    data_key varchar(500) NOT NULL, string_value varchar(500), number_value numeric(19,4), date_value timestamptz(6),
    data_type integer NOT NULL, distinct_id varchar(50), created_at timestamptz(6) DEFAULT now());
CREATE TABLE revenue (revenue_id uuid PRIMARY KEY, website_id uuid NOT NULL, session_id uuid NOT NULL,
    event_id uuid NOT NULL, event_name varchar(50) NOT NULL, currency varchar(10) NOT NULL, revenue numeric(19,4),
    created_at timestamptz(6) DEFAULT now());
CREATE INDEX ON revenue (session_id);
CREATE TABLE team (team_id uuid PRIMARY KEY, name varchar(50) NOT NULL, access_code varchar(50), logo_url varchar(2183),
    created_at timestamptz(6) DEFAULT now(), updated_at timestamptz(6), deleted_at timestamptz(6));
CREATE TABLE team_user (team_user_id uuid PRIMARY KEY, team_id uuid NOT NULL, user_id uuid NOT NULL,
    role varchar(50) NOT NULL, created_at timestamptz(6) DEFAULT now(), updated_at timestamptz(6));
CREATE TABLE report (report_id uuid PRIMARY KEY, user_id uuid NOT NULL, website_id uuid NOT NULL,
    type varchar(50) NOT NULL, name varchar(200) NOT NULL, description varchar(500) NOT NULL, parameters jsonb NOT NULL,
    created_at timestamptz(6) DEFAULT now(), updated_at timestamptz(6));
CREATE TABLE segment (segment_id uuid PRIMARY KEY, website_id uuid NOT NULL, type varchar(200) NOT NULL,
    name varchar(200) NOT NULL, parameters jsonb NOT NULL, created_at timestamptz(6) DEFAULT now(),
    updated_at timestamptz(6));
"""
_V3_MORE: Final = """
CREATE TABLE link (link_id uuid PRIMARY KEY, name varchar(100) NOT NULL, url varchar(500) NOT NULL,
    slug varchar(100) UNIQUE NOT NULL, user_id uuid, team_id uuid, created_at timestamptz(6) DEFAULT now(),
    updated_at timestamptz(6), deleted_at timestamptz(6));
CREATE TABLE pixel (pixel_id uuid PRIMARY KEY, name varchar(100) NOT NULL, slug varchar(100) UNIQUE NOT NULL,
    user_id uuid, team_id uuid, created_at timestamptz(6) DEFAULT now(), updated_at timestamptz(6),
    deleted_at timestamptz(6));
CREATE TABLE board (board_id uuid PRIMARY KEY, type varchar(50) NOT NULL, name varchar(200) NOT NULL,
    description varchar(500), parameters jsonb NOT NULL, user_id uuid, team_id uuid,
    created_at timestamptz(6) DEFAULT now());
CREATE TABLE share (share_id uuid PRIMARY KEY, entity_id uuid NOT NULL, name varchar(200) NOT NULL,
    share_type integer NOT NULL, slug varchar(100) UNIQUE NOT NULL, parameters jsonb NOT NULL,
    created_at timestamptz(6) DEFAULT now());
CREATE TABLE session_replay (replay_id uuid PRIMARY KEY, website_id uuid NOT NULL, session_id uuid NOT NULL,
    visit_id uuid NOT NULL, chunk_index integer NOT NULL, events bytea NOT NULL, event_count integer NOT NULL,
    started_at timestamptz(6), ended_at timestamptz(6), created_at timestamptz(6) DEFAULT now());
CREATE TABLE session_replay_saved (id uuid PRIMARY KEY, name varchar(200), website_id uuid NOT NULL,
    visit_id uuid NOT NULL, created_at timestamptz(6) DEFAULT now());
"""
# A middle release of Umami 2: no vitals, no replay, no revenue table; the region was called otherwise, the host stood
# with the session, event properties had longer names, and a site its own share id.
_TO_V2: Final = """
ALTER TABLE website DROP COLUMN replay_enabled, DROP COLUMN replay_config, ADD COLUMN share_id varchar(50) UNIQUE;
ALTER TABLE session RENAME COLUMN region TO subdivision1;
ALTER TABLE session DROP COLUMN distinct_id, ADD COLUMN hostname varchar(100), ADD COLUMN subdivision2 varchar(50);
ALTER TABLE website_event DROP COLUMN hostname, DROP COLUMN lcp, DROP COLUMN inp, DROP COLUMN cls, DROP COLUMN fcp,
    DROP COLUMN ttfb, DROP COLUMN gclid, DROP COLUMN fbclid, DROP COLUMN msclkid, DROP COLUMN ttclid,
    DROP COLUMN li_fat_id, DROP COLUMN twclid, DROP COLUMN utm_source, DROP COLUMN utm_medium,
    DROP COLUMN utm_campaign, DROP COLUMN utm_content, DROP COLUMN utm_term;
ALTER TABLE session_data DROP COLUMN distinct_id;
DROP TABLE revenue; DROP TABLE segment;
"""


async def create(connection: asyncpg.Connection, release: int) -> None:
    """The tables of a release."""
    await connection.execute(V3)
    await connection.execute(_V3_MORE if release == 3 else _TO_V2)


def identifier(*parts: object) -> uuid.UUID:
    """The same id for the same words."""
    return uuid.uuid5(uuid.NAMESPACE_URL, " ".join(map(str, parts)))


SHOP = identifier("site", "shop")
BLOG = identifier("site", "blog")
GONE = identifier("site", "gone")
NEVER = identifier("site", "never")
ADA, BOB, EVE = (identifier("user", name) for name in ("ada", "bob", "eve"))
TEAM = identifier("team", "engine")
LINK, PIXEL = identifier("link", "go"), identifier("pixel", "seen")


async def insert(connection: asyncpg.Connection, table: str, rows: list[dict[str, Any]]) -> None:
    """Rows; columns that this release does not have are left out."""
    present = {
        row["column_name"]
        for row in await connection.fetch(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = $1",
            table,
        )
    }
    if not present or not rows:
        return
    names = [name for name in dict.fromkeys(name for row in rows for name in row) if name in present]
    await connection.copy_records_to_table(
        table, records=[tuple(row.get(name) for name in names) for row in rows], columns=names
    )


async def fill_people(connection: asyncpg.Connection) -> None:
    """Users, a team, sites (one removed), a link and a pixel."""
    await insert(connection, "user", [
        {"user_id": ADA, "username": "ada@example.com", "password": "$2b$10$" + "x" * 53, "role": "admin"},
        {"user_id": BOB, "username": "Bob the Builder", "password": "$2b$10$" + "x" * 53, "role": "user"},
        {"user_id": EVE, "username": "eve", "password": "", "role": "view-only", "deleted_at": at(0)},
    ])  # fmt: skip
    await insert(connection, "team", [{"team_id": TEAM, "name": "Engine", "access_code": "team_x"}])
    await insert(connection, "team_user", [
        {"team_user_id": uuid.uuid4(), "team_id": TEAM, "user_id": ADA, "role": "team-owner"},
        {"team_user_id": uuid.uuid4(), "team_id": TEAM, "user_id": BOB, "role": "team-view-only"},
        {"team_user_id": uuid.uuid4(), "team_id": TEAM, "user_id": EVE, "role": "team-member"},
    ])  # fmt: skip
    await insert(connection, "website", [
        {"website_id": SHOP, "name": "Shop", "domain": "shop.example", "team_id": TEAM, "created_at": at(0)},
        {"website_id": BLOG, "name": "", "domain": "not a domain", "user_id": BOB, "created_at": at(1)},
        {"website_id": GONE, "name": "Gone", "domain": "x.example", "user_id": BOB, "deleted_at": at(2)},
    ])  # fmt: skip
    await insert(connection, "link", [{"link_id": LINK, "name": "Go", "url": "https://shop.example/x", "slug": "go",
                                       "user_id": BOB}])  # fmt: skip
    await insert(connection, "pixel", [{"pixel_id": PIXEL, "name": "Seen", "slug": "seen", "team_id": TEAM}])


START: Final = datetime(2026, 3, 20, 0, 0, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


class Made:
    """Generated rows of a site, by table."""

    def __init__(self, site: uuid.UUID, *, events: int, days: int = 12, seed: int = 1) -> None:
        self.site = site
        self.random = random.Random(f"{site} {seed}")
        self.tables: dict[str, list[dict[str, Any]]] = {
            name: [] for name in ("session", "website_event", "event_data", "session_data", "revenue")
        }
        sessions = max(events // 10, 1)
        for number in range(sessions):
            self._session(number, at(self.random.random() * days * 1440), events // sessions)

    def _session(self, number: int, start: datetime, events: int) -> None:
        pick, session = self.random.choice, identifier(self.site, "session", number)
        self.tables["session"].append({
            "session_id": session, "website_id": self.site, "browser": pick(("chrome", "ios", "edge-chromium", None)),
            "os": pick(("Windows 10", "Mac OS", "iOS", "Android OS")), "device": pick(("laptop", "desktop", "mobile")),
            "screen": "1920x1080", "language": "en-US", "country": pick(("NL", "DE", None)), "region": "NL-NH",
            "subdivision1": "NL-NH", "city": "Amsterdam", "created_at": start, "hostname": "shop.example",
            "distinct_id": f"customer-{number}" if number % 7 == 0 else None,
        })  # fmt: skip
        moment = start
        for step in range(events):
            moment += timedelta(seconds=self.random.randrange(1, 600))
            self.event(session, identifier(session, "visit", step // 4), moment, number * 1000 + step)
        if number % 9 == 0:
            self.tables["session_data"] += [
                {"session_data_id": uuid.uuid4(), "website_id": self.site, "session_id": session, "data_key": key,
                 "string_value": value, "data_type": 1, "created_at": moment, "distinct_id": None}
                for key, value in (("plan", "pro"), ("email", f"person-{number}@mail.example"))
            ]  # fmt: skip

    def event(self, session: uuid.UUID, visit: uuid.UUID, moment: datetime | None, number: int, **more: Any) -> None:
        """One event; some are bought with, some have properties."""
        id_, custom = identifier(self.site, "event", number), number % 5 == 3
        row = {
            "event_id": id_, "website_id": self.site, "session_id": session, "visit_id": visit, "created_at": moment,
            "url_path": f"/p/{number % 50}", "url_query": "sort=price" if number % 4 == 0 else None,
            "referrer_domain": self.random.choice(("www.google.com", "shop.example", None)), "referrer_path": "/",
            "page_title": f"Page {number % 50}", "event_type": 2 if custom else 1, "hostname": "shop.example",
            "event_name": "buy" if custom else None, "tag": "a" if number % 2 else None,
            "utm_source": "newsletter" if number % 11 == 0 else None, "gclid": "Abc1" if number % 13 == 0 else None,
        }  # fmt: skip
        row.update(more)
        self.tables["website_event"].append(row)
        if custom:
            self._data(id_, moment, number)
        if custom and number % 2:
            self.tables["revenue"].append({
                "revenue_id": uuid.uuid4(), "website_id": self.site, "session_id": session, "event_id": id_,
                "event_name": "buy", "currency": "EUR" if number % 3 else "usd", "revenue": number % 500 + 0.25,
                "created_at": moment,
            })  # fmt: skip

    def _data(self, event: uuid.UUID, moment: datetime | None, number: int) -> None:
        rows = [("sku", f"A-{number % 9}", None, None, 1), ("amount", None, number % 500 + 0.25, None, 2),
                ("customer.member", "true", None, None, 3), ("at", None, None, moment, 4),
                ("tags", '["x","y"]', None, None, 5)]  # fmt: skip
        self.tables["event_data"] += [
            {"event_data_id": uuid.uuid4(), "website_id": self.site, "website_event_id": event, "data_key": key,
             "string_value": text, "number_value": value, "date_value": date, "data_type": kind, "created_at": moment}
            for key, text, value, date, kind in rows
        ]  # fmt: skip

    async def insert(self, connection: asyncpg.Connection) -> None:
        for table, rows in self.tables.items():
            await insert(connection, table, rows)
