"""Write src/sightline/database/schema.sql anew: the state in which all migrations end.

It starts a system PostgreSQL of its own, migrates an empty schema and dumps that. Run it after adding a migration:
`python -m tools.schema` (or `--check`, which only says whether the file is up to date).
"""

import asyncio
import re
import subprocess
import sys
from pathlib import Path

from tests.postgres import binaries, system_postgres

from sightline.database.address import Address, connect
from sightline.database.migrations import migrate

FILE = Path(__file__).parents[1] / "src/sightline/database/schema.sql"
# Replaced by nothing afterwards, so it has to be a name that no text can contain by accident.
PLACEHOLDER = "sightline_schema_placeholder"
HEADER = """\
-- Everything that the migrations make, in one file, to be read. Written by `python -m tools.schema`; do not edit.
-- A test holds it against the migrations.
"""
# What pg_dump says about itself and its session.
NOISE = re.compile(
    r"^(--( Name: .*| PostgreSQL database .*| Dumped .*)?"
    r"|SET .*|SELECT pg_catalog\.set_config.*|CREATE SCHEMA .*|ALTER SCHEMA .*|\\(un)?restrict .*)\n",
    re.MULTILINE,
)


async def _migrated(address: Address) -> None:
    connection = await connect(address)
    await connection.execute(f"CREATE SCHEMA {PLACEHOLDER}")
    await connection.execute(f"SET search_path = {PLACEHOLDER}")
    await migrate(connection)
    await connection.close()


def render() -> str:
    """Return the text of the file."""
    with system_postgres(fsync="off") as address:
        asyncio.run(_migrated(address))
        dump = subprocess.run(
            [
                str(binaries() / "pg_dump"), "--schema-only", "--no-owner", "-n", PLACEHOLDER,
                "-h", address.host, "-p", str(address.port), "-U", address.user, address.database,
            ],
            env={"PGPASSWORD": address.password.reveal() if address.password else ""},
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
    text = NOISE.sub("", dump).replace(f"{PLACEHOLDER}.", "")
    if PLACEHOLDER in text:
        raise SystemExit(f"schema.sql would name the placeholder: {[x for x in text.splitlines() if PLACEHOLDER in x]}")
    return HEADER + "\n" + re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def main() -> None:
    text = render()
    if "--check" in sys.argv[1:]:
        if not FILE.is_file() or FILE.read_text("utf-8") != text:
            sys.exit("schema.sql is not up to date: run `python -m tools.schema`")
        return
    FILE.write_text(text, "utf-8")
    print(f"{FILE.name}: {len(text.splitlines())} lines")


if __name__ == "__main__":
    main()
