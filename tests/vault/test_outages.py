"""When the root key is away: what works, for how long, and what is answered. Row by row, with KMS over HTTP.

The time is held still and moved by hand; the proxy before moto fails in the ways in which KMS does.
"""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import asyncpg
import msgspec
import pytest

from sightline import clock
from sightline.blobs.folder import FolderStore
from sightline.clock import HeldClock
from sightline.errors import SightlineError
from sightline.keys.failures import KeyDenied, KeyFailure, RootUnavailable
from sightline.keys.kms import KmsRoot
from sightline.settings import KeySettings
from sightline.vault.database import Context
from sightline.vault.requests import Requests
from sightline.vault.rotation import Rotation
from sightline.vault.subjects import TIER3_AGE_S, Vault
from tests.aws import FakeAws, FaultProxy
from tests.vault.conftest import ADA, Place, VaultMaker

AWAY = ["throttle", "error"]  # try again: 503 with Retry-After
REFUSED = ["denied", "disabled", "wrong-key"]  # trying again does not help: the keys are forgotten at once


@pytest.fixture
def held() -> Iterator[HeldClock]:
    with clock.held(round(time.time() * 1000)) as found:
        yield found


@pytest.fixture
async def vault(make_vault: VaultMaker, aws: FakeAws, fault_proxy: FaultProxy, held: HeldClock) -> Vault:
    return await make_vault(KmsRoot(aws.kms_key(), fault_proxy.settings), keys=KeySettings(cache_age_s=300))


class Case(msgspec.Struct, frozen=True):
    """Somebody whose keys were used just now, so they are all held; KMS behind a proxy; a clock that stands."""

    vault: Vault
    subject: UUID
    context: Context
    proxy: FaultProxy
    held: HeldClock
    sql: asyncpg.Connection

    async def read(self, name: str) -> str:
        return (await self.vault.read(self.context, self.subject, [name]))[name]

    async def write(self, name: str, value: str) -> None:
        await self.vault.update(self.context, self.subject, {name: value})

    async def failed(self) -> str | None:
        """What the latest row of the audit says went wrong."""
        row = await self.sql.fetchrow("SELECT success, error FROM encryption_audit ORDER BY id DESC LIMIT 1")
        assert row is not None
        return None if row["success"] else str(row["error"])


@pytest.fixture
async def case(
    vault: Vault, context: Context, fault_proxy: FaultProxy, held: HeldClock, sql: asyncpg.Connection
) -> Case:
    found = Case(vault, await vault.create(context, ADA), context, fault_proxy, held, sql)
    assert await found.read("address")
    assert await found.read("ssn")
    return found


async def test_a_cold_process_asks_kms_once(case: Case, make_vault: VaultMaker) -> None:
    cold = await make_vault(case.vault.keys.root)
    before = case.proxy.requests
    await cold.read(case.context, case.subject, ["address", "ssn", "passport"])
    await cold.search(case.context, "ssn", ADA["ssn"])
    await cold.update(case.context, case.subject, {"address": "elsewhere", "ssn": "219-09-9998"})
    assert case.proxy.requests - before == 1


@pytest.mark.parametrize("fault", AWAY)
async def test_tier_1_works_without_the_root_key(case: Case, fault: str) -> None:
    """Nothing is held any more, and nothing is needed."""
    case.vault.keys.purge()
    case.held.advance(seconds=4000)
    case.proxy.fault = fault
    assert await case.read("email") == ADA["email"]
    assert (await case.vault.show(case.context, case.subject)).values["email"] == "A***@E***.com"
    await case.write("first_name", "Augusta")


@pytest.mark.parametrize("fault", AWAY)
async def test_tier_2_works_while_its_keys_are_held(case: Case, fault: str) -> None:
    case.proxy.fault = fault
    case.held.advance(seconds=269)  # held keys end between 90 and 100 % of their age
    assert await case.read("address") == ADA["address"]
    await case.write("address", "elsewhere")
    assert await case.failed() is None
    case.held.advance(seconds=32)
    for attempt in (case.write("address", "nowhere"), case.read("address")):
        with pytest.raises(RootUnavailable) as away:
            await attempt
        assert away.value.status == 503
        assert int(away.value.headers()["retry-after"]) >= 1
    assert await case.failed() == "root_key_unavailable"
    case.proxy.fault = None
    case.held.advance(seconds=2)
    assert await case.read("address") == "elsewhere"  # nothing was queued


@pytest.mark.parametrize("fault", AWAY)
async def test_tier_3_works_for_a_minute_at_most(case: Case, fault: str) -> None:
    case.proxy.fault = fault
    case.held.advance(seconds=TIER3_AGE_S - 2)
    assert await case.read("ssn") == ADA["ssn"]
    await case.write("ssn", "219-09-9998")
    case.held.advance(seconds=3)
    for attempt in (case.write("ssn", "219-09-9997"), case.read("ssn")):
        with pytest.raises(RootUnavailable):
            await attempt
    assert await case.failed() == "root_key_unavailable"
    assert await case.read("address") == ADA["address"]  # tier 2 goes on
    case.proxy.fault = None
    case.held.advance(seconds=2)
    assert await case.read("ssn") == "219-09-9998"


@pytest.mark.parametrize("fault", REFUSED)
async def test_a_root_key_that_refuses_ends_held_keys_at_once(case: Case, fault: str) -> None:
    case.proxy.fault = fault
    case.held.advance(seconds=TIER3_AGE_S + 1)
    refused = KeyFailure if fault == "wrong-key" else KeyDenied
    with pytest.raises(refused):
        await case.read("ssn")  # asks the root, which refuses
    with pytest.raises(refused):
        await case.read("address")  # although its key was held for minutes still
    assert await case.failed() == refused.code
    assert await case.read("email") == ADA["email"]


async def test_a_root_key_that_hangs_is_given_up(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sightline.keys.kms.CALL_TIMEOUT_S", 0.3)
    case.proxy.fault = "hang"
    case.held.advance(seconds=301)
    with pytest.raises(RootUnavailable):
        async with asyncio.timeout(5):
            await case.read("address")
    case.proxy.released.set()


@pytest.mark.parametrize("fault", ["throttle", "denied"])
async def test_erasure_needs_no_root_key_and_rotation_waits_for_it(
    case: Case, place: Place, tmp_path: Path, fault: str
) -> None:
    other = await case.vault.create(case.context, {"ssn": "219-09-9998"})
    requests, rotation = Requests(case.vault, place.database, FolderStore(tmp_path)), Rotation(case.vault, case.context)
    await requests.erase(case.context, await case.vault.create(case.context, {"ssn": "219-09-9996"}))
    case.proxy.fault = fault
    case.held.advance(seconds=301)
    with pytest.raises(SightlineError):
        await rotation.run("application")
    assert [run.status for run in await rotation.log()] == ["running"]
    # The keys go at once; the receipt is signed with a key that the root has to open, so it follows.
    with pytest.raises(SightlineError):
        await requests.erase(case.context, case.subject)
    left = "SELECT count(*) FROM umami.wrapped_keys WHERE owner = $1 AND state <> 'destroyed'"
    assert await case.sql.fetchval(left, str(case.subject)) == 0
    assert await requests.finish() == 1  # the job takes row, hashes and clear values, root key or not
    assert await case.sql.fetchval("SELECT count(*) FROM users WHERE id = $1", case.subject) == 0
    case.proxy.fault = None
    case.held.advance(seconds=6)
    assert (await rotation.run("application")).status == "completed"
    assert await case.vault.read(case.context, other, ["ssn"]) == {"ssn": "219-09-9998"}
