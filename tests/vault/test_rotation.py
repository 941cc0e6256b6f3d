"""Rotation and rollback, under load, killed at every step: nothing is lost, nothing is mixed, erased stays erased."""

import asyncio
import itertools
import multiprocessing
import os
import random
import signal
import warnings
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import asyncpg
import pytest

from sightline.blobs.folder import FolderStore
from sightline.database.pool import Database
from sightline.errors import Conflict, NotFound
from sightline.keys.failures import KeyDestroyed
from sightline.keys.ring import CHANNEL, KeyRing
from sightline.keys.root import LocalRoot
from sightline.keys.wrap import KeyId, Kind
from sightline.vault.database import Context, VaultDatabase
from sightline.vault.requests import Requests
from sightline.vault.rotation import KeyType, Rotation
from sightline.vault.subjects import APPLICATION_KEY, INDEX_KEY, Vault
from tests.vault.conftest import SETTINGS, Place, VaultMaker

STEPS = ["began", "version made", "key made", "batch read", "batch made", "batch written", "verifying", "verified"]
BACK = ["back began", "key made", "batch read", "batch made", "batch written", "verifying", "verified"]
ROOT = bytes(range(32))
# Of the values that are written: never the same for two, or a search would rightly find both.
NUMBERS = itertools.count(1000)


def person(number: int) -> dict[str, str]:
    return {
        "email": f"p{number}@example.com", "phone": f"+4420794609{number:02}", "address": f"{number} Canary Lane",
        "ssn": f"219-09-{number:04}", "passport": f"C{number:06}", "health": f"allergy {number}",
    }  # fmt: skip


async def versions(sql: asyncpg.Connection, key_type: str) -> set[int]:
    """Under which versions of a key values stand."""
    if key_type != "index":
        column = "app_key_version" if key_type == "application" else "key_version"
        rows = await sql.fetch(f"SELECT DISTINCT {column} FROM encryption_metadata WHERE {column} IS NOT NULL")
        return {row[0] for row in rows}
    found = await sql.fetch(
        "SELECT DISTINCT blob_number(i, 0, 4) FROM (SELECT unnest(ARRAY[email_index, phone_index, ssn_index]) "
        "FROM users UNION ALL SELECT index FROM user_fields) AS x (i) WHERE i IS NOT NULL"
    )
    return {row[0] for row in found}


async def check(vault: Vault, context: Context, expected: dict[UUID, dict[str, str]]) -> None:
    """Every value opens and is what was last written; every search finds its subject and nobody else."""
    found = await vault.read_many(context, list(expected), ["email", "address", "ssn", "passport", "health"])
    assert found == {
        one: {name: value for name, value in values.items() if name != "phone"} for one, values in expected.items()
    }
    for one, values in expected.items():
        for name in ("email", "phone", "ssn", "passport"):
            assert await vault.search(context, name, values[name]) == [one], name


@pytest.fixture
async def people(vault: Vault, context: Context, sql: asyncpg.Connection) -> dict[UUID, dict[str, str]]:
    """Twenty subjects; the vault hears of keys like a server does."""
    await sql.add_listener(CHANNEL, lambda *heard: vault.keys.heed(heard[3]))
    rows = [person(number) for number in range(20)]
    return dict(zip(await vault.create_many(context, rows), rows, strict=True))


@pytest.mark.parametrize("key_type", ["application", "index", "subject"])
async def test_a_key_is_rotated_and_taken_back(
    vault: Vault, context: Context, people: dict[UUID, dict[str, str]], sql: asyncpg.Connection, key_type: KeyType
) -> None:
    rotation, seen = Rotation(vault, context, batch=7), list[tuple[int, int]]()
    run = await rotation.run(key_type, lambda *progress: seen.append(progress))
    assert (run.status, run.failed, run.total) == ("completed", 0, 20)
    assert seen == [(7, 20), (14, 20), (20, 20)]
    assert await versions(sql, key_type) == {2}
    await check(vault, context, people)
    back = await rotation.roll_back(key_type)
    assert (back.status, back.direction, back.failed) == ("completed", "back", 0)
    assert await versions(sql, key_type) == {1}
    await check(vault, context, people)
    again = await rotation.run(key_type)
    assert await versions(sql, key_type) == {3}
    await check(vault, context, people)
    assert [(one.status, one.direction) for one in await rotation.log()] == [
        ("completed", "forward"), ("completed", "back"), ("rolled_back", "forward"),
    ]  # fmt: skip
    assert again.new_version == (None if key_type == "subject" else 3)
    audit = await sql.fetch("SELECT operation, row_count, purpose FROM encryption_audit WHERE operation = 'rotate'")
    assert audit
    assert {row["purpose"] for row in audit} == {"rotation"}


async def test_the_tenant_key_is_rotated_and_recordings_keys_with_it(
    vault: Vault, context: Context, people: dict[UUID, dict[str, str]], sql: asyncpg.Connection
) -> None:
    recording = await vault.keys.data_key(1, "recording", "visit-1")
    sealed = recording.seal(b"chunk", b"")
    run = await Rotation(vault, context).run("tenant")
    assert (run.status, run.old_version, run.new_version) == ("completed", 1, 2)
    parents = await sql.fetch(
        "SELECT DISTINCT parent_version FROM umami.wrapped_keys WHERE kind <> 1 AND tenant_id = 1"
    )
    assert [row[0] for row in parents] == [2]
    await check(vault, context, people)
    key = await vault.keys.key_for(1, "recording", "visit-1", sealed)
    assert key.open(sealed, b"") == b"chunk"
    back = await Rotation(vault, context).roll_back("tenant")
    assert (back.status, back.new_version) == ("completed", 1)
    await check(vault, context, people)


async def test_a_write_that_was_under_way_when_the_key_went_back_is_exchanged(
    vault: Vault, context: Context, people: dict[UUID, dict[str, str]], sql: asyncpg.Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """It has its key before the key changes, and is committed behind the back of the pass that looks for it."""
    await Rotation(vault, context).run("subject")
    one, begun, go = next(iter(people)), asyncio.Event(), asyncio.Event()
    sealed, reached = vault._sealed, list[str]()

    async def slowly(*asked: Any) -> Any:
        found = await sealed(*asked)
        begun.set()
        await go.wait()
        return found

    monkeypatch.setattr(vault, "_sealed", slowly)
    writing = asyncio.create_task(vault.update(context, one, {"address": "9 Late Lane"}))
    await begun.wait()

    async def step(name: str) -> None:
        reached.append(name)
        if name == "batch made" and "verifying" in reached and not go.is_set():
            go.set()
            await writing

    back = await Rotation(vault, context, step=step).roll_back("subject")
    assert (back.status, back.failed) == ("completed", 0)
    assert await versions(sql, "subject") == {1}
    people[one]["address"] = "9 Late Lane"
    await check(vault, context, people)


async def test_a_destroyed_key_does_not_come_back(
    vault: Vault, context: Context, people: dict[UUID, dict[str, str]]
) -> None:
    rotation = Rotation(vault, context)
    with pytest.raises(NotFound, match="nothing to take back"):
        await rotation.roll_back("application")
    await rotation.run("application")
    await vault.keys.destroy_version(KeyId(kind=Kind.DATA, tenant_id=1, purpose=APPLICATION_KEY, version=1))
    with pytest.raises(KeyDestroyed, match="version 1 of the application key was destroyed"):
        await rotation.roll_back("application")
    await check(vault, context, people)
    assert [one.status for one in await rotation.log()] == ["completed"]


async def test_two_runs_of_a_kind_do_not_run_side_by_side(
    vault: Vault, context: Context, people: dict[UUID, dict[str, str]], make_vault: VaultMaker
) -> None:
    """The second joins the first, and one that is taken back meanwhile ends."""
    gate, other = asyncio.Event(), await make_vault()

    async def wait(step: str) -> None:
        if step == "batch made":
            gate.set()
            await asyncio.sleep(0.3)

    slow = asyncio.create_task(Rotation(vault, context, batch=5, step=wait).run("application"))
    await gate.wait()
    await Rotation(other, context).roll_back("application")
    with pytest.raises(Conflict, match="taken back by somebody else"):
        await slow
    await check(vault, context, people)


def _die(place: Place, key_type: KeyType, step: str, direction: str) -> None:
    """A process of its own that rotates, and is killed (-9) at a step."""

    async def killed(at: str) -> None:
        if at == step:
            os.kill(os.getpid(), signal.SIGKILL)

    async def rotate() -> None:
        database = await Database.open(place.database.address, minimum=0, maximum=2)
        ring = KeyRing(database, LocalRoot(ROOT))
        vault = Vault(await VaultDatabase.open(place.login, SETTINGS, lambda: "root"), ring, SETTINGS)
        rotation = Rotation(vault, Context(tenant_id=1, actor_kind="job"), batch=6, step=killed)
        await (rotation.run(key_type) if direction == "forward" else rotation.roll_back(key_type))

    asyncio.run(rotate())


async def kill(place: Place, key_type: KeyType, step: str, direction: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the child takes nothing from our threads
        child = multiprocessing.get_context("fork").Process(target=_die, args=(place, key_type, step, direction))
        child.start()
    await asyncio.to_thread(child.join, 60)
    assert child.exitcode == -signal.SIGKILL, (step, child.exitcode)


@pytest.fixture
def requests(vault: Vault, place: Place, tmp_path: Path) -> Requests:
    return Requests(vault, place.database, FolderStore(tmp_path))


@asynccontextmanager
async def load(
    vault: Vault, context: Context, people: dict[UUID, dict[str, str]]
) -> AsyncIterator[list[BaseException]]:
    """Readers, a writer and searchers, until the block ends; what they met is in the list."""
    wrong: list[BaseException] = []
    done = asyncio.Event()
    chance = random.Random(1)

    async def write() -> None:
        while not done.is_set():
            one, number = chance.choice(list(people)), next(NUMBERS)
            values = {"address": f"{number} Canary Lane", "ssn": f"219-09-{number:04}"}
            with suppress(NotFound, KeyDestroyed):
                await vault.update(context, one, values)
            if one in people:
                people[one].update(values)
            await asyncio.sleep(0.005)

    async def read() -> None:
        while not done.is_set():
            one = chance.choice(list(people))
            expected = dict(people[one])
            try:
                found = await vault.read(context, one, ["passport", "ssn"])
                assert found["passport"] == expected["passport"]
                assert await vault.search(context, "email", expected["email"]) == [one]
                assert await vault.search(context, "passport", expected["passport"]) == [one]
            except (NotFound, KeyDestroyed, AssertionError):
                if one in people:  # else they were erased meanwhile
                    raise
            await asyncio.sleep(0.002)

    tasks = [asyncio.create_task(task()) for task in (write, read)]
    try:
        yield wrong
    finally:
        done.set()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        wrong.extend(found for found in ended if isinstance(found, BaseException))


@pytest.mark.parametrize("key_type", ["application", "index", "subject"])
async def test_killed_at_every_step_under_load_nothing_is_lost_or_mixed(
    requests: Requests, context: Context, people: dict[UUID, dict[str, str]], sql: asyncpg.Connection, key_type: KeyType
) -> None:
    vault, place = requests.vault, Place(requests.main, requests.main.address, requests.vault.database.address)
    gone = next(iter(people))
    receipt = None
    rounds: Sequence[tuple[Literal["forward", "back"], list[str]]] = [("forward", STEPS), ("back", BACK)]
    for direction, steps in rounds:
        async with load(vault, context, people) as wrong:
            for step in steps:
                if (key_type, step) == ("subject", "version made"):
                    continue  # each subject has a key of their own, made with its batch
                await kill(place, key_type, step, direction)
                if step == "batch made" and receipt is None:
                    del people[gone]
                    receipt = await requests.erase(context, gone)
            rotation = Rotation(vault, context, batch=6)
            run = await (rotation.run(key_type) if direction == "forward" else rotation.roll_back(key_type))
            assert (run.status, run.failed) == ("completed", 0)
        assert wrong == []
        await check(vault, context, people)
        assert await versions(sql, key_type) == ({2} if direction == "forward" else {1})
    made = await sql.fetchval(
        "SELECT max(version) FROM umami.wrapped_keys WHERE purpose = ANY ($1)", [APPLICATION_KEY, INDEX_KEY]
    )
    assert made == (1 if key_type == "subject" else 2)  # however often a run was begun, one key was made
    with pytest.raises(NotFound):
        await vault.show(context, gone)
    assert await requests.receipt(context, gone) == receipt
    assert await sql.fetchval(
        "SELECT count(*) FROM umami.wrapped_keys WHERE owner = $1 AND state <> 'destroyed'", str(gone)
    ) == 0  # fmt: skip


async def test_the_use_counter_forces_a_new_version(
    make_vault: VaultMaker, context: Context, sql: asyncpg.Connection
) -> None:
    vault = await make_vault(bound=8)
    subject = await vault.create(context, {"address": "1 Canary Lane"})
    for number in range(30):
        await vault.update(context, subject, {"address": f"{number} Canary Lane"})
    assert await vault.read(context, subject, ["address"]) == {"address": "29 Canary Lane"}
    rows = await sql.fetch("SELECT version, uses FROM umami.wrapped_keys WHERE owner = $1 ORDER BY 1", str(subject))
    assert len(rows) >= 4
    assert all(row["uses"] <= 8 for row in rows)
    assert await sql.fetchval("SELECT key_version FROM encryption_metadata") == rows[-1]["version"]
