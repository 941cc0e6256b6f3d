"""`sightline vault`: on a database of its own, set up by an administrator, used by the service's login.

What begins from nothing and what handles values is called as a process; the rest in this one, as `main` runs it, since
starting takes a process two seconds.
"""

import asyncio
import json
import os
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import click
import msgspec
import pytest
from click.testing import CliRunner

from sightline.cli import main
from sightline.database.address import Address, connect
from sightline.database.credentials import FileStore
from sightline.database.pool import Database
from sightline.settings import DatabaseSettings, Secret, Settings, VaultSettings
from sightline.vault.database import Context
from sightline.vault.opening import VaultNotSetUp, vault_alone
from tests.running import environment, run
from tests.vault.conftest import ADA, PURPOSES


def url(address: Address, *, password: bool = True) -> str:
    assert address.password is not None
    secret = f":{address.password.reveal()}" if password else ""
    return f"postgresql://{address.user}{secret}@{address.host}:{address.port}/{address.database}"


class Here(click.Command):
    """The whole command line with its own handling of errors, for click's runner."""

    def main(self, args: Any = None, **_: Any) -> Any:  # type: ignore[override] # only the runner calls it
        return main(args)


class Own(msgspec.Struct, frozen=True):
    """A database of the vault's own, and the environment of commands on it."""

    admin: Address
    role: str
    env: dict[str, Any]

    async def process(self, *arguments: str, text: str = "", code: int = 0) -> str:
        done = await asyncio.to_thread(run, "vault", *arguments, text=text, **self.env)
        return self._checked(done, done.returncode, code)

    async def __call__(self, *arguments: str, text: str = "", code: int = 0) -> str:
        found = environment(**self.env)
        runner = CliRunner(env={**{name: None for name in os.environ if name not in found}, **found})
        done = await asyncio.to_thread(runner.invoke, Here("sightline"), ["vault", *arguments], input=text)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return self._checked(done, done.exit_code, code)

    def _checked(self, done: Any, found: int, code: int) -> str:
        assert found == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        for name in ("ssn", "address", "credit_card"):
            assert ADA[name] not in done.stderr
        return str(done.stderr if code else done.stdout)


@pytest.fixture
async def own(postgres: Address, database: Database, tmp_path: Path) -> AsyncIterator[Own]:
    name = f"own_{secrets.token_hex(4)}"
    admin = await connect(postgres)
    await admin.execute(f"CREATE DATABASE {name}")
    address = msgspec.structs.replace(postgres, database=name)
    service = msgspec.structs.replace(address, user=f"{name}_service")
    env = {
        "SIGHTLINE_DATABASE_URL": url(database.address), "SIGHTLINE_DATABASE_TLS": "off",
        "SIGHTLINE_DATA": str(tmp_path / "data"), "SIGHTLINE_VAULT_ROLE": name,
        "SIGHTLINE_VAULT_ADMIN_URL": url(address), "SIGHTLINE_VAULT_URL": url(service, password=False),
        "SIGHTLINE_VAULT_PURPOSES": ",".join(PURPOSES),
    }  # fmt: skip
    yield Own(address, name, env)
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    for part in ("owner", "writer", "reader", "rotator", "auditor", "audit_insert", "stats", "keys", "service"):
        await admin.execute(f"DROP ROLE IF EXISTS {name}_{part}")
    await admin.close()


async def test_a_vault_of_its_own_is_set_up_and_used(own: Own, database: Database, tmp_path: Path) -> None:
    plan = json.loads(await own("setup", "--dry-run", "--json"))
    assert plan["dry_run"]
    assert "CREATE SCHEMA" in str(plan["steps"])
    assert "vault.url has no password" in await own("fields", code=2)
    done = json.loads(await own.process("setup", "--json"))
    assert len(done["steps"]) > 20
    (made,) = [step["statement"] for step in done["steps"] if "PASSWORD" in step["statement"]]
    assert made.endswith("PASSWORD '***'")
    assert "Everything is set up already" in await own("setup")
    await database.execute(
        "INSERT INTO tenants (uuid, name, slug, created_at) VALUES (gen_random_uuid(), 'Shop', 'shop', now())"
    )
    assert "line 1 is no JSON object" in await own("add", "--team", "Shop", text='{"ssn": 1}\n', code=2)
    subject = (await own.process("add", "--team", "Shop", text=json.dumps(ADA) + "\n")).strip()
    read = await own.process("read", "--team", "Shop", "--purpose", "support", subject, "ssn", "--json")
    assert json.loads(read) == {"ssn": ADA["ssn"]}
    run_ = json.loads(await own("keys", "rotate", "--team", "Shop", "index", "--json"))
    assert (run_["status"], run_["new_version"]) == ("completed", 2)
    law = ("--team", "Shop", "--jurisdiction", "gdpr")
    noted = json.loads(await own("request", *law, "--kind", "erase", "--manner", "phone", subject, "--json"))
    assert (noted["subject"], noted["manner"], noted["answered_at"]) == (subject, "phone", None)
    assert "due" in await own("extend", "--team", "Shop", str(noted["id"]))
    assert "was extended before" in await own("extend", "--team", "Shop", str(noted["id"]), code=2)
    denied = await own("deny", "--team", "Shop", "--basis", "legal_duty", str(noted["id"]))
    assert denied == f"request {noted['id']}: denied\n"
    gone = (await own("add", "--team", "Shop", text=json.dumps({"ssn": ADA["ssn"]}) + "\n")).strip()
    receipt = json.loads(await own("erase", *law, gone, "--yes"))
    (listed,) = json.loads(await own("receipts", "--team", "Shop", "--json"))["items"]
    assert (listed["subject"], listed["document"], listed["holds"]) == (gone, receipt, True)
    connection = await connect(own.admin)
    assert await connection.fetchval("SELECT to_regclass('vault.users') IS NOT NULL")
    await connection.close()
    # The service's own login, which the file holds, reaches the vault without the rest of the house, too.
    store = FileStore(tmp_path / "data" / "secrets" / "vault.json")
    settings = Settings(
        database=DatabaseSettings(url=Secret(own.env["SIGHTLINE_DATABASE_URL"]), tls="off"),
        vault=VaultSettings(url=Secret(own.env["SIGHTLINE_VAULT_URL"]), role=own.role, purposes=PURPOSES),
    )
    async with vault_alone(settings, store, tmp_path / "data" / "keys") as vault:
        await vault.database.check()
        tenant: Any = await database.fetchval("SELECT id FROM tenants")
        context = Context(tenant_id=tenant, actor_kind="function", purpose="support")
        assert [str(one) for one in await vault.search(context, "ssn", ADA["ssn"])] == [subject]


async def test_without_a_login_there_is_no_vault(database: Database, tmp_path: Path) -> None:
    settings = Settings(database=DatabaseSettings(url=Secret(url(database.address)), tls="off"))
    with pytest.raises(VaultNotSetUp, match="no vault yet"):
        await vault_alone(settings, FileStore(tmp_path / "none.json"), tmp_path).__aenter__()
