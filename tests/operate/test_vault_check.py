"""`sightline doctor` looks at the vault, and `/readyz` says when it does not answer."""

from pathlib import Path

import asyncpg
import httpx
import msgspec
import pytest

from sightline import clock
from sightline.blobs.folder import FolderStore
from sightline.database.address import connect
from sightline.database.credentials import Credentials, FileStore
from sightline.keys.ring import KeyRing
from sightline.keys.root import LocalRoot
from sightline.operate.doctor import Finding, examine
from sightline.operate.vault_check import check_vault
from sightline.settings import DatabaseSettings, Loaded, Settings
from sightline.vault.database import Context, VaultDatabase
from sightline.vault.requests import Requests
from sightline.vault.sealing import Sealer
from sightline.vault.subjects import Vault
from tests.server.application import browsing, housed, served
from tests.vaulting import SETTINGS, Place


@pytest.fixture
async def login(place: Place, tmp_path: Path) -> FileStore:
    store, at = FileStore(tmp_path / "vault.json"), place.login
    assert at.password is not None
    await store.save(
        Credentials(username=at.user, password=at.password, host=at.host, port=at.port, database=at.database,
                    schema=at.schema)
    )  # fmt: skip
    return store


async def looked(place: Place, login: FileStore, tmp_path: Path) -> Finding:
    loaded = Loaded(settings=Settings(vault=SETTINGS, database=DatabaseSettings(tls="off")), data=tmp_path, origins={})

    async def check() -> Finding:
        return await check_vault(loaded, login, place.login)

    (found,) = await examine({"vault": check})
    return found


async def test_a_vault_is_opened_and_what_waits_in_it_is_found(place: Place, login: FileStore, tmp_path: Path) -> None:
    found = await looked(place, login, tmp_path)
    assert found.state == "ok", found
    assert found.detail.endswith(": 0 seals, 2 purposes, nothing late")
    ring = KeyRing(place.database, LocalRoot(bytes(32)))
    database, store = await VaultDatabase.open(place.login, SETTINGS, lambda: "root"), FolderStore(tmp_path / "seals")
    vault, context = Vault(database, ring, SETTINGS), Context(tenant_id=1, actor_kind="operator")
    requests = Requests(vault, place.database, store)
    subject = await vault.create(context, {"email": "ada@example.com"})
    await requests.receive(context, subject, "export", "gdpr", "letter")
    assert (await looked(place, login, tmp_path)).state == "ok"
    with clock.held(clock.now_ms() + 20 * 60_000):
        found = await looked(place, login, tmp_path)
    assert (found.state, found.detail[:34]) == ("warn", "rows of its audit wait for their s")
    await Sealer(database, ring, store).seal()
    admin = await connect(msgspec.structs.replace(place.admin, schema="vault, pg_temp"))
    await admin.execute("UPDATE requests SET due_at = now() - interval '1 day'")
    assert "1 requests of persons are past their date" in (await looked(place, login, tmp_path)).detail
    await requests.deny(context, 1, "exempt")
    assert (await looked(place, login, tmp_path)).detail.endswith("1 seals, 2 purposes, nothing late")
    await no_room(admin)
    found = await looked(place, login, tmp_path)
    assert (found.state, "no room for this month" in found.detail) == ("fail", True)
    await admin.execute("UPDATE system_config SET value = '80' WHERE key = 'schema'")
    found = await looked(place, login, tmp_path)
    assert (found.state, found.fix) == ("fail", "Run `sightline vault setup`.")
    await admin.close()
    await ring.close()
    await database.close()


async def no_room(admin: asyncpg.Connection) -> None:
    for row in await admin.fetch("SELECT inhrelid::regclass::text AS name FROM pg_inherits "
                                 "WHERE inhparent = 'encryption_audit'::regclass"):  # fmt: skip
        await admin.execute(f"ALTER TABLE encryption_audit DETACH PARTITION {row['name']}")
    await admin.execute("CREATE TABLE encryption_audit_202001 PARTITION OF encryption_audit "
                        "FOR VALUES FROM ('2020-01-01+0') TO ('2020-02-01+0')")  # fmt: skip


async def test_without_a_vault_nothing_is_wrong(place: Place, tmp_path: Path) -> None:
    found = await looked(place, FileStore(tmp_path / "none.json"), tmp_path)
    assert (found.state, found.detail) == ("ok", "there is none; `sightline vault setup` makes one")


async def test_readiness_tells_that_the_vault_does_not_answer_and_serves_the_rest(place: Place, tmp_path: Path) -> None:
    async with housed(place.database, tmp_path, place.login) as house, browsing(served(house)) as browser:

        async def part() -> dict[str, str]:
            answer: httpx.Response = await browser.client.get("/readyz")
            assert answer.status_code == 200
            (found,) = [one for one in answer.json()["parts"] if one["name"] == "vault"]
            return dict(found)

        assert (await part())["state"] == "up"
        admin = await connect(msgspec.structs.replace(place.admin, schema="vault, pg_temp"))
        await admin.execute("REVOKE SELECT ON system_config FROM vt_stats")
        await admin.close()
        assert (await part())["state"] == "down"
