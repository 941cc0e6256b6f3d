"""Setup on a database that another application lives in."""

import asyncio
import json
import secrets as random
import stat
from pathlib import Path

import asyncpg
import msgspec
import pytest

from sightline.cloud.secrets import SecretError, SecretsManagerStore, read_secret
from sightline.database.address import connect
from sightline.database.catalog import describe
from sightline.database.credentials import CredentialError, Credentials, FileStore, decode
from sightline.database.migrations import migrate
from sightline.database.setup import SetupError, set_up
from sightline.errors import DatabaseUnavailable
from sightline.settings import DatabaseSettings, Secret
from tests.aws import FakeAws
from tests.database.conftest import Place

NAME = "observability/umami-db-credentials"


async def test_setup_makes_schema_role_and_grants_and_a_second_run_changes_nothing(any_place: Place) -> None:
    place = any_place
    first = await set_up(place.admin, place.settings, place.store)
    assert [step.what for step in first.steps] == [
        "create the schema", "mark the schema as ours", "create the role with a new password", "mark the role as ours",
        "let the role work in umami", "grant USAGE on the schema", "grant CREATE on the schema",
        "grant all future tables of the schema", "grant all future sequences of the schema", "keep the login",
    ]  # fmt: skip
    service = await place.as_service()
    assert await service.fetchval("SELECT current_schema()") == "umami"
    await migrate(service)
    await service.execute("INSERT INTO migrations VALUES (9000, 'x', 'pre', '', '{}')")
    await service.close()

    second = await set_up(place.admin, place.settings, place.store)
    assert second.steps == []
    assert second.credentials == first.credentials


async def test_what_the_administrator_makes_in_the_schema_belongs_to_the_role_too(any_place: Place) -> None:
    place = any_place
    await set_up(place.admin, place.settings, place.store)
    admin = await connect(place.admin)
    await admin.execute("CREATE TABLE umami.made (id serial); CREATE SEQUENCE umami.counted")
    await admin.close()
    service = await place.as_service()
    await service.execute("INSERT INTO made DEFAULT VALUES; SELECT nextval('counted'); TRUNCATE made")
    await service.close()


async def test_setup_changes_nothing_of_the_application(any_place: Place) -> None:
    place = any_place
    root = await connect(place.root)
    before = [await describe(root, schema) for schema in ("app", "public")]
    await place.move_in()
    assert [await describe(root, schema) for schema in ("app", "public")] == before
    await root.close()


async def test_tables_that_were_there_before_the_role_are_granted_to_it(place: Place) -> None:
    await place.run("CREATE SCHEMA umami")
    admin = await connect(place.admin)
    await admin.execute("SET search_path = umami")
    await migrate(admin)
    await admin.close()
    done = await set_up(place.admin, place.settings, place.store)
    assert "grant all tables of the schema" in [step.what for step in done.steps]
    assert "create the schema" not in [step.what for step in done.steps]
    service = await place.as_service()
    await service.execute("DELETE FROM migrations")
    await service.close()
    assert (await set_up(place.admin, place.settings, place.store)).steps == []


async def test_the_password_has_256_bits_and_no_statement_that_is_logged_holds_it(place: Place) -> None:
    log: list[str] = []
    execute = asyncpg.Connection.execute

    async def listening(self: asyncpg.Connection, query: str, *values: object, **options: object) -> str:
        log.append(query)
        return await execute(self, query, *values, **options)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncpg.Connection, "execute", listening)
        done = await set_up(place.admin, place.settings, place.store)
    assert done.credentials is not None
    password = done.credentials.password.reveal()
    assert len(password) == 43  # 32 bytes in base64
    assert any("SCRAM-SHA-256$4096:" in statement for statement in log)
    assert password not in "".join(log)
    assert password not in repr(done)
    assert not any("SCRAM" in step.statement for step in done.steps)


async def test_rotating_sets_a_new_password_and_ends_the_old_one(any_place: Place) -> None:
    place = any_place
    first = await set_up(place.admin, place.settings, place.store)
    second = await set_up(place.admin, place.settings, place.store, rotate=True)
    assert [step.what for step in second.steps] == ["set a new password", "keep the login"]
    assert first.credentials is not None
    with pytest.raises(DatabaseUnavailable, match="refused the password"):
        await connect(first.credentials.address(place.settings))
    await (await place.as_service()).close()


async def test_a_dry_run_shows_every_step_and_does_none(place: Place) -> None:
    planned = await set_up(place.admin, place.settings, place.store, dry_run=True)
    assert planned.credentials is None
    assert await place.store.read() is None
    done = await set_up(place.admin, place.settings, place.store)
    assert [step.what for step in done.steps] == [step.what for step in planned.steps]


async def test_what_drifted_is_put_right(place: Place) -> None:
    await set_up(place.admin, place.settings, place.store)
    role = place.settings.role
    await place.run(
        f"ALTER ROLE {role} CREATEDB CONNECTION LIMIT 3",
        f"ALTER ROLE {role} RESET search_path",
        f"REVOKE CREATE ON SCHEMA umami FROM {role}",
        "GRANT USAGE ON SCHEMA umami TO PUBLIC",
    )
    done = await set_up(place.admin, place.settings, place.store)
    assert [step.what for step in done.steps] == [
        "take CREATEDB away from the role", "limit the role to 50 connections", "let the role work in umami",
        "close the schema to PUBLIC", "grant CREATE on the schema",
    ]  # fmt: skip


async def test_a_database_that_is_closed_to_the_public_is_opened_to_the_role_only(place: Place) -> None:
    await place.run(f"REVOKE CONNECT ON DATABASE {place.root.database} FROM PUBLIC")
    done = await set_up(place.admin, place.settings, place.store)
    assert "let the role connect" in [step.what for step in done.steps]
    await (await place.as_service()).close()


async def test_a_role_that_somebody_else_made_is_refused(place: Place) -> None:
    await place.run(f"CREATE ROLE {place.settings.role} LOGIN")
    with pytest.raises(SetupError, match="is there already, and setup did not make it"):
        await set_up(place.admin, place.settings, place.store)


async def test_a_schema_that_holds_what_is_not_ours_is_refused_by_name(place: Place) -> None:
    await place.run("CREATE SCHEMA umami", "CREATE TABLE umami.of_a_stranger ()")
    with pytest.raises(SetupError, match="holds what is not ours: table of_a_stranger"):
        await set_up(place.admin, place.settings, place.store)


async def test_a_role_whose_login_is_lost_is_named_and_a_new_password_heals_it(place: Place) -> None:
    await set_up(place.admin, place.settings, place.store)
    place.store.path.unlink()
    with pytest.raises(SetupError, match="holds no login for it") as caught:
        await set_up(place.admin, place.settings, place.store)
    assert "--rotate-password" in (caught.value.hint or "")
    await set_up(place.admin, place.settings, place.store, rotate=True)
    await place.run(f"ALTER ROLE {place.settings.role} PASSWORD 'other'")
    with pytest.raises(SetupError, match=r"does not work: .* refused the password"):
        await set_up(place.admin, place.settings, place.store)


async def test_an_administrator_who_may_not_is_told_what_is_lacking(place: Place) -> None:
    weak = f"weak_{place.settings.role}"
    await place.run(f"CREATE ROLE {weak} LOGIN PASSWORD 'w'")
    with pytest.raises(SetupError, match="is no superuser and lacks CREATEROLE"):
        await set_up(place.root.as_user(weak, Secret("w")), place.settings, place.store)
    await place.run(f"ALTER ROLE {weak} CREATEROLE")
    with pytest.raises(SetupError, match="lacks CREATE on the database"):
        await set_up(place.root.as_user(weak, Secret("w")), place.settings, place.store)
    await place.run(f"DROP ROLE {weak}")


async def test_when_the_login_cannot_be_kept_no_role_is_made(place: Place, tmp_path: Path) -> None:
    (tmp_path / "leads_nowhere").symlink_to(tmp_path / "missing")
    with pytest.raises(CredentialError, match="cannot write"):
        await set_up(place.admin, place.settings, FileStore(tmp_path / "leads_nowhere" / "database.json"))
    root = await connect(place.root)
    assert await root.fetchval("SELECT count(*) FROM pg_roles WHERE rolname = $1", place.settings.role) == 0
    await root.close()


async def test_two_setups_at_once_end_in_one_role_with_the_login_that_is_kept(place: Place) -> None:
    await asyncio.gather(*(set_up(place.admin, place.settings, place.store) for _ in range(2)))
    await (await place.as_service()).close()


async def test_the_file_is_for_its_owner_only(place: Place) -> None:
    await set_up(place.admin, place.settings, place.store)
    path = place.store.path
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert json.loads(path.read_text()) | {"password": ""} == {
        "username": place.settings.role, "password": "", "host": place.root.host, "port": place.root.port,
        "database": place.root.database, "schema": "umami",
    }  # fmt: skip
    path.chmod(0o640)
    with pytest.raises(CredentialError, match=r"can be read by others \(mode 0640\)"):
        await place.store.read()


@pytest.mark.parametrize("text", ["", "no json: hunter2", '{"username": "u", "password": 7}', b"\xff\xfe", "[]"])
def test_a_spoilt_document_is_refused_without_showing_it(text: str | bytes) -> None:
    with pytest.raises(CredentialError, match="does not hold credentials") as caught:
        decode(text, where="the file")
    assert "hunter2" not in caught.value.line()


# ---- AWS Secrets Manager ------------------------------------------------------------------------------------------


@pytest.fixture
def secret(aws: FakeAws) -> SecretsManagerStore:
    """A secret of its own."""
    settings = msgspec.structs.replace(aws.settings, environment="dev", owner="ops@example.com")
    return SecretsManagerStore(f"{NAME}-{random.token_hex(4)}", settings)


CREDENTIALS = Credentials(
    username="umami_user", password=Secret("p"), host="db.example.com", port=5432, database="app", schema="umami"
)


async def test_the_secret_has_the_layout_and_the_tags_of_the_requirement(
    secret: SecretsManagerStore, aws: FakeAws
) -> None:
    assert await secret.read() is None
    await secret.save(CREDENTIALS)
    text = await read_secret(secret.name, secret.aws)
    assert text is not None
    assert json.loads(text.reveal()) == {
        "username": "umami_user", "password": "p", "host": "db.example.com", "port": 5432, "database": "app",
        "schema": "umami",
    }  # fmt: skip
    found = aws.client("secretsmanager").describe_secret(SecretId=secret.name)
    assert {tag["Key"]: tag["Value"] for tag in found["Tags"]} == {
        "Project": "UserMetrics", "Component": "Database", "Environment": "dev", "ManagedBy": "CDK",
        "CostCenter": "Observability", "Owner": "ops@example.com", "Function": "Storage",
    }  # fmt: skip
    assert await secret.read() == CREDENTIALS


async def test_saving_again_makes_a_new_version_of_the_same_secret(secret: SecretsManagerStore, aws: FakeAws) -> None:
    await secret.save(CREDENTIALS)
    arn = aws.client("secretsmanager").describe_secret(SecretId=secret.name)["ARN"]
    other = Credentials(username="umami_user", password=Secret("q"), host="h", port=1, database="d", schema="umami")
    await secret.save(other)
    assert await secret.read() == other
    assert aws.client("secretsmanager").describe_secret(SecretId=secret.name)["ARN"] == arn


async def test_a_secret_that_is_waiting_to_be_deleted_is_restored_and_written(
    secret: SecretsManagerStore, aws: FakeAws
) -> None:
    await secret.save(CREDENTIALS)
    aws.client("secretsmanager").delete_secret(SecretId=secret.name, RecoveryWindowInDays=7)
    assert await secret.read() is None
    await secret.save(CREDENTIALS)
    assert await secret.read() == CREDENTIALS


async def test_only_a_secret_that_setup_made_is_deleted(secret: SecretsManagerStore, aws: FakeAws) -> None:
    assert not await secret.delete()
    aws.client("secretsmanager").create_secret(Name=secret.name, Description="made by a stack", SecretString="{}")
    await secret.save(CREDENTIALS)
    assert not await secret.delete()
    assert await secret.read() == CREDENTIALS
    aws.client("secretsmanager").delete_secret(SecretId=secret.name, ForceDeleteWithoutRecovery=True)
    await secret.save(CREDENTIALS)
    assert await secret.delete()
    assert await secret.read() is None


async def test_an_unreachable_secrets_manager_is_one_line(aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    away = msgspec.structs.replace(aws.settings, endpoint_url="http://127.0.0.1:9")
    with pytest.raises(SecretError, match=r"cannot read the secret .*: EndpointConnectionError"):
        await SecretsManagerStore(NAME, away).read()


async def test_setup_and_service_meet_through_the_secret(
    place: Place, secret: SecretsManagerStore, aws: FakeAws
) -> None:
    await set_up(place.admin, place.settings, secret)
    assert (await set_up(place.admin, place.settings, secret)).steps == []
    stored = await secret.read()
    assert stored is not None
    await (await connect(stored.address(place.settings))).close()


async def test_a_secret_of_another_role_is_not_overwritten(
    place: Place, secret: SecretsManagerStore, aws: FakeAws
) -> None:
    await secret.save(CREDENTIALS)
    with pytest.raises(SetupError, match="holds the login of 'umami_user'"):
        await set_up(place.admin, place.settings, secret)


def test_the_settings_name_the_role_and_the_schema_of_the_requirement() -> None:
    defaults = DatabaseSettings()
    assert (defaults.schema, defaults.role, defaults.secret) == ("umami", "umami_user", NAME)
