"""`sightline db …` as an operator runs it: a process, an external PostgreSQL, exit codes and what is printed."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.database.conftest import Place
from tests.running import environment, run


class Operator:
    """Runs commands against one place."""

    def __init__(self, place: Place, data: Path) -> None:
        self.place, self.data = place, data
        admin = place.admin
        assert admin.password is not None
        self.url = f"postgresql://{admin.user}:{admin.password.reveal()}@{admin.host}:{admin.port}/{admin.database}"

    def run(self, *arguments: str, answer: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
        settings = {
            "SIGHTLINE_DATA": str(self.data), "SIGHTLINE_DATABASE_ADMIN_URL": self.url, "SIGHTLINE_DATABASE_TLS": "off",
            "SIGHTLINE_DATABASE_ROLE": self.place.settings.role, "AWS_REGION": "",
        }  # fmt: skip
        return subprocess.run(
            [sys.executable, "-m", "sightline", "db", *arguments], env=environment(**{**settings, **environ}),
            input=answer, capture_output=True, text=True, check=False,
        )  # fmt: skip

    def ok(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        assert self.url not in done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def operator(place: Place, tmp_path: Path) -> Operator:
    return Operator(place, tmp_path / "data")


def test_the_whole_way(operator: Operator, tmp_path: Path) -> None:
    file = str(tmp_path / "baseline.json")
    operator.ok("baseline", "save", file, "--seconds", "0.2")
    assert "Nothing was changed." in operator.ok("setup", "--dry-run")
    first = json.loads(operator.ok("setup", "--json"))
    assert "create the schema" in [step["step"] for step in first["steps"]]
    assert "nothing was changed" in operator.ok("setup")
    assert "0005_umami_views" in operator.ok("migrate", "--dry-run")
    assert json.loads(operator.ok("status", "--json"))["up_to_date"] is False
    assert "Applied" in operator.ok("migrate")
    assert operator.ok("migrate") == "Nothing to migrate.\n"
    assert "Up to date." in operator.ok("status")
    assert json.loads(operator.ok("verify", "--json"))["ok"] is True
    assert "0 not as expected" in operator.ok("verify")
    lines = json.loads(operator.run("baseline", "compare", file, "--seconds", "0.2", "--json").stdout)["lines"]
    assert next(line for line in lines if line["what"] == "database size")["ok"] is True
    assert "DROP SCHEMA" in operator.ok("rollback", "--dry-run")
    assert "Done." in operator.ok("rollback", "--yes")
    assert "nothing of ours" in operator.ok("rollback", "--yes")


async def test_verify_fails_with_the_statement_and_what_to_do(operator: Operator, place: Place) -> None:
    await place.move_in()
    operator.data = place.store.path.parents[1]
    await place.run(f"GRANT SELECT ON public.settings TO {place.settings.role}")
    done = operator.run("verify", "--failed")
    assert done.returncode == 1
    assert "SELECT 1 FROM public.settings LIMIT 1" in done.stdout
    assert f"to do: REVOKE ALL ON public.settings FROM {place.settings.role}" in done.stdout
    assert "2 of " in done.stderr
    stored = await place.store.read()
    assert stored is not None
    assert stored.password.reveal() not in done.stdout + done.stderr


async def test_compare_fails_over_a_limit(operator: Operator, place: Place, tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    operator.ok("baseline", "save", str(file), "--seconds", "0.1")
    saved = json.loads(file.read_text())
    file.write_text(json.dumps(saved | {"bytes": saved["bytes"] - 40 * 2**20}))
    done = operator.run("baseline", "compare", str(file), "--seconds", "0.1")
    assert done.returncode == 1
    assert "over the limit: database size" in done.stderr


async def test_rollback_asks_and_no_means_no(operator: Operator, place: Place) -> None:
    await place.move_in()
    operator.data = place.store.path.parents[1]
    done = operator.run("rollback", answer="n\n")
    assert done.returncode == 130
    assert "DROP SCHEMA" in done.stderr
    assert json.loads(operator.ok("status", "--json"))["up_to_date"] is True
    assert operator.run("rollback", answer="y\n").returncode == 0


@pytest.mark.parametrize("command", ["migrate", "status"])
async def test_a_corrupt_migration_table_is_one_line_and_loses_nothing(
    operator: Operator, place: Place, command: str
) -> None:
    await place.move_in()
    operator.data = place.store.path.parents[1]
    await place.run("DELETE FROM umami.migrations WHERE number = 2", "CREATE TABLE umami.kept ()")
    done = operator.run(command)
    assert done.returncode == 1
    assert "the table umami.migrations has a gap: 0002_keys is not recorded" in done.stderr
    assert "Restore the table from a backup: nothing was changed." in done.stderr
    assert done.stderr.count("\n") == 1
    await place.run("SELECT * FROM umami.kept")


@pytest.mark.parametrize(
    ("arguments", "environ", "code", "message"),
    [
        (["setup"], {"SIGHTLINE_DATABASE_ADMIN_URL": "postgresql://a:b@127.0.0.1:9/x"}, 3, "admin_url is right"),
        (["setup"], {"SIGHTLINE_DATABASE_ADMIN_URL": "mysql://a:b@127.0.0.1/x"}, 2, "begins with 'mysql'"),
        (["verify"], {}, 2, "there is no login in"),
        (["migrate"], {}, 2, "there is no login in"),
        (["baseline", "compare", "/nonexistent.json"], {}, 2, "cannot read '/nonexistent.json'"),
        (["setup"], {"SIGHTLINE_DATABASE_URL": "postgresql://u:p@127.0.0.1/x", "SIGHTLINE_DATABASE_ADMIN_URL": ""}, 2,
         "database.admin_url is not"),
    ],
)  # fmt: skip
def test_each_error_is_one_line_with_what_to_do(
    operator: Operator, arguments: list[str], environ: dict[str, str], code: int, message: str
) -> None:
    done = operator.run(*arguments, **environ)
    assert done.returncode == code
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_on_the_embedded_postgres_everything_holds_and_a_second_setup_changes_nothing() -> None:
    with tempfile.TemporaryDirectory(prefix="sl-db-") as folder:
        # The service user of PostgreSQL has to be able to enter the folder's parents.
        Path(folder).chmod(0o755)
        data = str(Path(folder) / "data")
        for arguments, shown in (
            (["setup"], "create the role"),
            (["setup"], "nothing was changed"),
            (["migrate"], "Applied"),
            (["verify"], " 0 not as expected."),
            (["rollback", "--yes"], "drop the role"),
            (["setup"], "create the role"),
        ):
            done = run("db", *arguments, "--data", data)
            assert done.returncode == 0, done.stderr
            assert shown in done.stdout
