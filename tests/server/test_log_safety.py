"""Fake personal data sent through every route and through the journal is found in no log, table, object or error."""

import asyncio
import io
import itertools
import json
import logging
import re
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import msgspec
import pytest

from sightline import clock
from sightline.accounts import setup
from sightline.database.pool import Database
from sightline.operate.house import House
from sightline.privacy.dictionary import default
from sightline.privacy.logs import MaskingFilter
from sightline.server import logs
from sightline.server.application import api
from sightline.server.asgi import App, Receive, Scope, Send
from sightline.server.authentication import CSRF_HEADER
from sightline.server.middleware.access import Access
from sightline.server.permissions import Route, routes
from sightline.settings import LogSettings, SignalSettings
from sightline.signals.event import EVENT, Event
from sightline.signals.extents import Catalogue
from sightline.signals.journal import Batch, Journal
from sightline.signals.kind import Walk
from sightline.signals.masking import Masking
from sightline.signals.sealing import Sealer
from tests.server.application import housed
from tests.server.canaries import ALL, DETECTED, NAMED, PARTS
from tests.server.conftest import ADMIN, PASSWORD
from tests.server.serving import serving
from tests.vaulting import Place

# Where an operator typed it, and why it may stand there.
ALLOWED = {
    "users.email": "how somebody signs in and is invited",
    "users.username": "the same, where there is no e-mail address",
    "users.name": "how somebody wants to be called",
    "tenants.name": "what an operator calls the team",
    "tenants.slug": "the team's name as it is typed in commands",
    "sites.name": "what an operator calls the site",
    "boards.name": "what an operator calls a board",
    "sites.domains": "where an operator says that the site is",
    "api_keys.name": "what somebody calls their key",
}
# These end the sign-in under which the others are called.
ENDING = {"/api/v1/sign-out", "/api/v1/me/password"}


@pytest.fixture
async def house(place: Place, tmp_path: Path) -> AsyncIterator[House]:
    """With a vault."""
    async with housed(place.database, tmp_path, place.login) as found:
        yield found


@pytest.fixture
def database(place: Place) -> Database:
    return place.database


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Everything that the process writes about itself, at its most talkative, as `sightline serve` sets it up."""
    stream, root = io.StringIO(), logging.getLogger()
    handlers, level = root.handlers, root.level
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    logs.start(LogSettings(level="debug", format="json"), (MaskingFilter(default()),))
    for client in ("httpx", "httpcore"):  # the test's own client, not a part of Sightline
        logging.getLogger(client).setLevel(logging.CRITICAL)
    yield stream
    for client in ("httpx", "httpcore"):
        logging.getLogger(client).setLevel(logging.NOTSET)
    root.handlers = handlers
    root.setLevel(level)
    logging.raiseExceptions = True
    logging.captureWarnings(capture=False)


class Client:
    """Calls the real server, and keeps what it answers to what is wrong."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self.headers: dict[str, str] = {}
        self.refused: list[str] = []
        self.calls = 0

    async def __call__(self, method: str, path: str, *, signed_in: bool = True, **what: Any) -> httpx.Response:
        headers = {**(self.headers if signed_in else {}), **what.pop("headers", {})}
        answer = await self._client.request(method, path, headers=headers, **what)
        self.calls += 1
        assert answer.status_code < 500 or "make dashboard" in answer.text, (method, path, answer.text)
        if answer.status_code >= 400:
            self.refused.append(f"{answer.headers} {answer.text}")
        return answer


@pytest.fixture
async def client(app: App, database: Database, written: io.StringIO) -> AsyncIterator[Client]:
    token = await setup.ensure_setup_link(database)
    async with serving(app) as url, httpx.AsyncClient(base_url=url) as found:
        calling = Client(found)
        answer = await calling("POST", "/api/v1/setup", json={"token": token, **ADMIN}, headers={"origin": url})
        session = answer.headers["set-cookie"].split(";")[0]
        found.cookies.clear()
        calling.headers = {"cookie": session, "origin": url, CSRF_HEADER: answer.json()["csrf_token"]}
        yield calling


SOUGHT = tuple((part, part.lower()) for part in (*ALL.values(), *PARTS))


def leaks(text: str) -> list[str]:
    """Which canaries, or parts of them, stand in a text, also encoded."""
    lower = text.lower()
    decoded = re.sub(r"%([0-9a-f]{2})", lambda m: chr(int(m[1], 16)), lower).lower()
    shapes = {lower, lower.replace("\\/", "/"), decoded}
    return sorted({part for part, sought in SOUGHT for shape in shapes if sought in shape})


def lines_with_leaks(lines: Sequence[str]) -> list[tuple[str, str]]:
    """Each canary with its line; line by line only where there is something to tell, for there are 90,000 of them."""
    return [(leak, line) for line in lines for leak in leaks(line)] if leaks("\n".join(lines)) else []


async def stored(database: Database) -> Mapping[str, str]:
    """Every text, document and blob of every table, by column."""
    found: dict[str, str] = {}
    columns = await database.fetch(
        "SELECT c.table_name, c.column_name FROM information_schema.columns AS c JOIN information_schema.tables AS t "
        "USING (table_schema, table_name) WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE'"
    )
    for table, column in columns:
        rows = await database.fetch(f'SELECT "{column}" AS value, "{column}"::text AS text FROM "{table}"')
        values = [row["value"].decode("latin-1") if isinstance(row["value"], bytes) else row["text"] for row in rows]
        found[f"{table}.{column}"] = "\n".join(value or "" for value in values)
    return found


def fields_of(document: Mapping[str, Any], operation: Mapping[str, Any]) -> list[str]:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
    return sorted(document["components"]["schemas"].get(name, {}).get("properties", {}))


async def ids(client: Client) -> dict[str, str]:
    """Things that exist, so that a route looks further than at its path."""
    made = {
        "site": ("/sites", {"name": "Shop"}), "user": ("/users", {"name": "B", "username": "b", "password": PASSWORD}),
    }  # fmt: skip
    found = {
        name: (await client("POST", f"/api/v1{path}", json=body)).json()["id"] for name, (path, body) in made.items()
    }
    found["team"] = (await client("GET", "/api/v1/me")).json()["teams"][0]["id"]
    return {**found, "name": "accounts.tidy", "number": "1"}


def paths_of(path: str, known: Mapping[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda match: known.get(match[1], "0"), path)


@pytest.mark.slow
@pytest.mark.parametrize("at_once", [3, pytest.param(len(ALL), marks=pytest.mark.soak)])
async def test_what_is_sent_through_every_route_is_written_nowhere(
    client: Client, house: House, database: Database, written: io.StringIO, at_once: int
) -> None:
    log_of_postgres = Path(str(await database.fetchval("SHOW data_directory"))).parent / "log"
    already = log_of_postgres.stat().st_size
    document = api().openapi()
    called = routes(api())
    assert len(called) > 50
    known = await ids(client)
    values = itertools.cycle(ALL.values())
    for route in called:
        if route.path.endswith("/logs/tail"):
            continue  # a stream that lasts a quarter of an hour; tests/backend/test_following.py reads it
        if route.path in ENDING:
            known_here: Mapping[str, str] = {}
        else:
            known_here = known
        operation = document["paths"].get(route.path, {}).get(route.method.lower(), {})
        some = [ALL["name"], *itertools.islice(values, at_once)]  # each route some others, all of them in a soak
        await send_to(client, route, fields_of(document, operation), operation, known_here, some)
    assert (await client("GET", "/api/v1/me")).status_code == 200, "the sign-in did not last to the end"
    assert client.calls > 20 * len(called) * at_once / len(ALL)
    assert lines_with_leaks(written.getvalue().splitlines()) == []
    assert "/api/v1/sites/{site}" in written.getvalue()
    assert lines_with_leaks(client.refused) == []
    postgres_log = await asyncio.to_thread(log_of_postgres.read_text, "utf-8", "replace")
    assert leaks(postgres_log[already:]) == []
    places = {column: leaks(text) for column, text in (await stored(database)).items()}
    assert [(column, found) for column, found in places.items() if found and column not in ALLOWED] == []
    assert places["users.name"], "what may be stored was not even sent"


async def send_to(  # noqa: PLR0917 - what is called, and what with
    client: Client,
    route: Route,
    fields: list[str],
    operation: Mapping[str, Any],
    known: Mapping[str, str],
    values: list[str],
) -> None:
    """In the path, the query, the headers, each field of the body, the names of its fields, and a broken body."""
    method, path, signed_in = route.method, route.path, bool(known)
    everything = " ".join(ALL.values())
    queries = [found["name"] for found in operation.get("parameters", []) if found["in"] == "query"]
    headers = {
        "referer": f"https://x.test/?q={quote(everything)}", "x-forwarded-for": ALL["ipv4"], "user-agent": everything,
        "x-customer": everything, "traceparent": everything, "x-request-id": everything, "accept-language": everything,
    }  # fmt: skip
    # A deletion of what exists would take away what the routes after it look at.
    real = paths_of(path, known if method != "DELETE" else {})
    # Of routes that no document describes no field is known, so one request carries them all.
    for value in values if operation else (everything, ALL["email"]):
        if "{" in path:
            await client(method, re.sub(r"\{\w+\}", quote(value, safe=""), path), signed_in=signed_in, json={})
        body = dict.fromkeys(fields, value) | ({value: value} if not fields else {})
        for wrong in (body, {value: value}, {"name": "x", "nested": {value: [value]}}):
            if method != "GET":
                await client(method, real, signed_in=signed_in, json=wrong)
    for field in fields:
        for value in values[:3]:
            await client(method, real, signed_in=signed_in, json={field: value})
    for query in [*queries, "q", "search"]:
        await client(method, real, signed_in=signed_in, params={query: everything}, headers=headers)
        await client(method, real, signed_in=signed_in, params={query: ALL["email"]})
    for raw in (everything, '{"name": "' + everything, f'["{everything}"]', f"name={quote(everything)}"):
        await client(method, real, signed_in=signed_in, content=raw.encode(), headers=headers)
    await client(method, real, signed_in=False, headers={**headers, "authorization": f"Bearer {everything}"})
    await client(method, real, signed_in=False, headers={"cookie": f"sightline={quote(everything)}"})
    await client(method, f"/{quote(everything)}{real}")


def seen_event(number: int, value: str, label: str) -> Event:
    """An event in which a value stands wherever its kind of datum can: names only where a name says what they are."""
    texts: dict[str, str] = {}
    for column in EVENT.walked():
        match column.walk:
            case Walk.JSON:
                texts[column.name] = json.dumps({label: value, "user": {label: value, "more": [{label: value}]}})
            case Walk.QUERY:
                texts[column.name] = f"{label}={quote(value)}&page=2"
            case Walk.PATH:
                texts[column.name] = f"/{label}/{quote(value)}" if label in DETECTED else "/plain"
            case _:
                texts[column.name] = f"seen {value} here" if label in DETECTED else "plain"
    return msgspec.convert({"site": 1, "created_ms": clock.now_ms(), "visitor": number + 1, **texts}, Event)


async def test_what_events_bring_is_masked_before_the_journal_and_in_no_table_or_object(
    database: Database, house: House, written: io.StringIO
) -> None:
    active = await house.rules.active(1)
    masking = Masking(active.number, active.rules)
    raw = [seen_event(number, value, label) for number, (label, value) in enumerate(ALL.items())]
    assert leaks(str(raw))
    journal = Journal(database.address, SignalSettings())
    await journal.start()
    await journal.append(Batch(signals=[masking.signal(EVENT, one) for one in raw]))
    assert {column: leaks(text) for column, text in (await stored(database)).items() if leaks(text)} == {}
    sealed = await Sealer(Catalogue(database, house.stores.extents)).seal(clock.now_ms() + 1000)
    await journal.close()
    assert sealed.signals == len(ALL)
    assert await objects(house) != []
    assert [(name, leaks(text)) for name, text in await objects(house) if leaks(text)] == []
    assert leaks(written.getvalue()) == []


async def objects(house: House) -> list[tuple[str, str]]:
    """Every object, as it is and, where it is an extent, as it reads."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    found: list[tuple[str, str]] = []
    for name, store in house.stores:
        async for blob in store.walk():
            data = await store.get(blob.name)
            found.append((f"{name}/{blob.name}", data.decode("latin-1")))
            if blob.name.endswith(".parquet"):
                found.append((blob.name, str(pq.read_table(pa.BufferReader(data)).to_pylist())))
    return found


async def test_an_unexpected_error_is_logged_with_its_stack_and_without_what_it_was_about(written: io.StringIO) -> None:
    async def failing(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            dict[str, str]()[" ".join(DETECTED.values())]
        except KeyError as exc:
            logging.getLogger("a.library").warning("cannot use %s", DETECTED["email"], extra={"login": NAMED["name"]})
            raise RuntimeError(f"no row for {DETECTED['card, printed']}, password={NAMED['password']}") from exc

    transport = httpx.ASGITransport(Access(failing))
    async with httpx.AsyncClient(transport=transport, base_url="http://x.test") as client:
        answer = await client.get("/")
    assert answer.status_code == 500
    assert leaks(answer.text) == []
    text = written.getvalue()
    assert "RuntimeError" in text
    assert "test_log_safety.py" in text
    assert "a.library" in text
    assert leaks(text) == []


def test_a_handler_that_fails_does_not_print_the_record(written: io.StringIO) -> None:
    logging.getLogger("a.library").error("%d people", f"{DETECTED['email']} {NAMED['name']}")
    assert leaks(written.getvalue()) == []


def test_the_process_is_started_with_the_filter() -> None:
    source = (Path(logs.__file__).parents[1] / "cli" / "serve.py").read_text()
    assert "logs.start(loaded.settings.log, (MaskingFilter(dictionary.default()),))" in source
