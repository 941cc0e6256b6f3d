"""A subject's whole life over HTTP: what is above tier 1 stands nowhere in clear.

Not in a log of ours at its most talkative and before any mask, not in PostgreSQL's with every statement and its values,
not in `pg_stat_statements`, the audit, an answer that is an error, a dump, the files of the database, a backup, an
object.
"""

import asyncio
import base64
import logging
import os
import re
import subprocess
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest

from sightline.accounts import passwords, setup
from sightline.database.address import Address
from sightline.operate.archive import open_backup
from sightline.operate.backup import Source, VaultSource, back_up
from sightline.operate.house import House
from sightline.operate.verify import unpacked
from sightline.server.schedule import JOBS
from sightline.vault.database import Context
from tests.postgres import binaries
from tests.server.application import Browser, browsing, housed, served
from tests.server.conftest import ADMIN
from tests.vaulting import ADA, SEALED, SETTINGS, Place

# What the first values are changed to, and what is sent where it is refused.
LATER = {"address": "99 Canary Quay, Leeds", "health": "canary fever", "ssn": "219-09-9997"}
REFUSED = {"credit_card": "4111 1111 1111 1112 canary", "cvv": "canary 737", "iris": "canary iris"}
EVERY = {**SEALED, **{f"later {name}": value for name, value in LATER.items()},
         **{f"refused {name}": value for name, value in REFUSED.items()}}  # fmt: skip


def shapes(value: str) -> set[bytes]:
    """A value as it may stand somewhere: as it is, its digits, in hexadecimal, in base64 at each of three places."""
    raw = value.encode()
    digits = re.sub(r"\D", "", value)
    found = {raw.lower(), raw.hex().encode(), value.encode("utf-16-le").lower()}
    if len(digits) >= 9:
        found |= {digits.encode(), digits.encode().hex().encode()}
    for shift, before in enumerate((0, 2, 3)):  # what stands before the value changes the first characters
        whole = (shift + len(raw)) * 8 // 6
        found.add(base64.b64encode(b"\0" * shift + raw)[before:whole].lower())
    return found


SHAPES = {name: shapes(value) for name, value in EVERY.items()}


def leaks(data: str | bytes) -> list[str]:
    """Which values above tier 1 stand in it."""
    text = (data.encode("utf-8", "replace") if isinstance(data, str) else data).lower()
    return sorted(name for name, each in SHAPES.items() if any(shape in text for shape in each))


@pytest.mark.parametrize("name", EVERY)
def test_a_value_is_recognised_in_each_of_its_shapes(name: str) -> None:
    value = EVERY[name]
    for text in (f"x{value}y", value.upper(), value.encode().hex(), base64.b64encode(f"id={value};".encode()).decode()):
        assert name in leaks(text), text


@pytest.fixture
async def talkative(place: Place) -> AsyncIterator[Place]:
    """PostgreSQL writes down every statement with its values."""
    admin = await asyncpg.connect(**place.admin.parameters(timeout_s=10, application="test"))
    for name, value in (("log_statement", "all"), ("log_min_duration_statement", "0"),
                        ("log_parameter_max_length", "-1"), ("log_parameter_max_length_on_error", "-1")):  # fmt: skip
        await admin.execute(f"ALTER DATABASE {place.admin.database} SET {name} = '{value}'")
    await admin.execute("CREATE EXTENSION pg_stat_statements")
    yield place
    await admin.close()


@pytest.fixture
async def house(talkative: Place, tmp_path: Path) -> AsyncIterator[House]:
    async with housed(talkative.database, tmp_path / "data", talkative.login) as found:
        yield found


@pytest.fixture
async def admin(house: House) -> AsyncIterator[Browser]:
    with passwords.cheap_for_tests():
        token = await setup.ensure_setup_link(house.database)
        async with browsing(served(house)) as found:
            found.remember(await found("POST", "/setup", {"token": token, **ADMIN}))
            yield found


async def job(house: House, name: str) -> None:
    async def progress(_done: float) -> None: ...

    await next(one for one in JOBS if one.name == name).run(house, progress)


async def live(admin: Browser, house: House) -> list[str]:
    """Everything that can be done with a subject; return what was answered where it was refused."""
    team = (await admin("GET", "/teams")).json()["items"][0]["id"]
    root, refused = f"/vault/{team}", list[str]()

    async def call(method: str, path: str, body: object = None, *, status: int = 200) -> Any:
        answer = await admin(method, root + path, body)
        assert answer.status_code == status, answer.text
        if status >= 400:
            refused.append(f"{answer.headers} {answer.text}")
        return answer.json() if answer.content else None

    one, other = (await call("POST", "/subjects", {"subjects": [{"values": ADA}, {"values": ADA}]}, status=201))["ids"]
    every = {"fields": list(ADA), "purpose": "support"}
    await call("POST", f"/subjects/{one}/read", {"fields": ["ssn", "address", "health"], "purpose": "support"})
    await call("POST", "/read", {"subjects": [one, other], "fields": ["credit_card"], "purpose": "billing"})
    await call("POST", f"/subjects/{one}/read", every, status=403)
    await call("POST", f"/subjects/{one}/read", {**every, "purpose": LATER["health"]}, status=403)
    await call("POST", f"/subjects/{one}/read", {"fields": [ADA["passport"]], "purpose": "support"}, status=422)
    for name in ("ssn", "credit_card", "bank_account", "passport"):
        assert len((await call("POST", "/search", {"field": name, "value": ADA[name]}))["ids"]) == 2
    await call("POST", "/search", {"field": "health", "value": ADA["health"]}, status=422)
    await call("POST", "/search", {"field": ADA["ssn"], "value": ADA["ssn"]}, status=422)
    await call("PATCH", f"/subjects/{one}", {"values": LATER}, status=204)
    for name, value in REFUSED.items():
        await call("POST", "/subjects", {"subjects": [{"values": {name: value}}]}, status=422)
        await call("PATCH", f"/subjects/{one}", {"values": {name: value}}, status=422)
    await call("POST", "/subjects", {"subjects": [{"values": {ADA["address"]: ADA["address"]}}]}, status=422)
    await call("POST", "/subjects", {"subjects": [{"values": {"ssn": [ADA["ssn"]]}}]}, status=422)
    await call("POST", f"/subjects/{one}/requests", {"kind": LATER["address"], "jurisdiction": "gdpr"}, status=422)
    for key in ("application", "index", "subject"):
        await call("POST", "/rotations", {"key_type": key}, status=202)
        await job(house, "vault.rotations")
    await call("POST", "/rotations/subject/roll-back", status=202)
    await job(house, "vault.rotations")
    assert (await call("GET", "/rotations"))["items"][0]["status"] == "completed"
    await job(house, "vault.seal")
    assert (await call("POST", "/audit/verify", {}))["wrong"] == []
    await call("POST", f"/subjects/{other}/export", {"jurisdiction": "ccpa"})
    return [*refused, str(await call("GET", "/audit")), str(await call("GET", f"/subjects/{other}"))]


def dumped(superuser: Address) -> bytes:
    """What `pg_dump` as the superuser writes of the whole database: every schema, also ours."""
    assert superuser.password is not None
    where = ["-h", superuser.host, "-p", str(superuser.port), "-U", superuser.user, superuser.database]
    done = subprocess.run(
        [binaries() / "pg_dump", *where], check=True, capture_output=True,
        env={**os.environ, "PGPASSWORD": superuser.password.reveal()},
    )  # fmt: skip
    return done.stdout


def files_of(folders: Iterable[Path]) -> bytes:
    return b"".join(file.read_bytes() for folder in folders for file in folder.rglob("*") if file.is_file())


async def test_nothing_above_tier_1_stands_in_clear_anywhere(
    admin: Browser, house: House, sql: asyncpg.Connection, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    superuser = msgspec.structs.replace(house.database.address, schema="")
    data_directory = Path(str(await sql.fetchval("SHOW data_directory")))
    log_of_postgres = data_directory.parent / "log"
    already = log_of_postgres.stat().st_size
    refused = await live(admin, house)
    assert len(refused) > 15
    assert [leaks(text) for text in refused if leaks(text)] == []
    records = "\n".join(str({**vars(one), "message": one.getMessage()}) for one in caplog.records)
    assert "/api/v1/vault/{team}/subjects/{subject}/read" in records
    assert leaks(records) == []

    written = (await asyncio.to_thread(log_of_postgres.read_bytes))[already:]
    assert ADA["email"].encode() in written, "tier 1 is clear, so a log of everything has it"
    assert leaks(written) == []
    seen = [row["query"] for row in await sql.fetch("SELECT query FROM public.pg_stat_statements")]
    assert any("open_fields" in query for query in seen)
    assert [leaks(query) for query in seen if leaks(query)] == []
    audit = str([dict(row) for row in await sql.fetch("SELECT * FROM encryption_audit")])
    assert leaks(audit) == []
    assert [value for value in ADA.values() if value in audit] == [], "not even what is clear elsewhere"

    dump = await asyncio.to_thread(dumped, superuser)
    assert ADA["email"].encode() in dump
    assert b"COPY vault.users" in dump
    assert leaks(dump) == []
    await sql.execute("CHECKPOINT")
    oid = await sql.fetchval("SELECT oid FROM pg_database WHERE datname = current_database()")
    own = data_directory / "base" / str(oid)
    pages = await asyncio.to_thread(files_of, [own])
    assert ADA["email"].encode() in pages
    assert leaks(pages) == []

    source = Source(
        address=house.database.address, stores=house.stores, keys=tmp_path / "data" / "keys",
        vault=VaultSource(admin=superuser, schema=SETTINGS.schema, owner="vt_owner"),
    )  # fmt: skip
    manifest = await back_up(source, tmp_path / "backup")
    assert manifest.vault is not None
    backup = await asyncio.to_thread(unpacked_all, tmp_path / "backup")
    assert ADA["email"].encode() in backup
    assert leaks(backup) == []
    objects = await asyncio.to_thread(files_of, [tmp_path / "data"])
    assert b"signature" in objects
    assert leaks(objects) == []


def unpacked_all(backup: Path) -> bytes:
    """Every file of a backup that is a folder, as it is and, where it is compressed, what it holds."""
    held, reader = [files_of([backup])], open_backup(backup)
    try:
        held += [
            b"".join(unpacked(reader, file.relative_to(backup).as_posix()))
            for file in backup.rglob("*") if file.is_file() and file.read_bytes()[:2] == b"\x1f\x8b"
        ]  # fmt: skip
    finally:
        reader.close()
    return b"".join(held)


async def test_what_the_database_refuses_quotes_no_row(house: House, sql: asyncpg.Connection) -> None:
    """Errors of PostgreSQL quote rows in their detail; ours name its kind alone."""
    vault = house.subjects
    context = Context(tenant_id=1, actor_kind="user", actor_id=7, purpose="support")
    subject = await vault.create(context, ADA)
    await sql.execute("ALTER TABLE users ADD CONSTRAINT never CHECK (first_name <> 'Nobody')")
    with pytest.raises(Exception, match="refused a value") as caught:
        await vault.update(context, subject, {"first_name": "Nobody", "address": LATER["address"]})
    chain, said = caught.value, list[str]()
    at: BaseException | None = chain
    while at is not None:
        said.append(f"{at!r} {msgspec.json.encode(str(vars(at)))!r}")
        at = at.__cause__
    assert leaks("\n".join(said)) == []
    assert not [value for value in ADA.values() if value in "\n".join(said)]
