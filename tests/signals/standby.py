"""A hot standby of a PostgreSQL."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from sightline.database.address import Address
from tests.postgres import binaries, free_port
from tests.signals.crashing import Server


@contextmanager
def standby_of(server: Server, _folder: Path) -> Iterator[Address]:
    """Copy the server and let the copy follow it; the address is the copy's."""
    user = "postgres" if os.geteuid() == 0 else None
    data = server.data.parent / "standby"
    home, port, source = binaries(), free_port(), server.address
    password = source.password.reveal() if source.password else ""
    environment = {**os.environ, "PGPASSWORD": password, "LC_ALL": "C"}

    def run(*command: object) -> None:
        done = subprocess.run(
            [str(part) for part in command], user=user, cwd=data.parent, env=environment, capture_output=True,
            text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{command[0]}: {done.stdout}{done.stderr}")

    run(
        home / "pg_basebackup", "-D", data, "-h", source.host, "-p", source.port, "-U", source.user, "-R",
        "-X", "stream", "-c", "fast", "--no-sync",
    )  # fmt: skip
    with (data / "postgresql.conf").open("a") as file:
        file.write(f"port = {port}\n")
    run(home / "pg_ctl", "-D", data, "-w", "-l", data.parent / "standby.log", "start")
    try:
        yield msgspec.structs.replace(source, port=port)
    finally:
        run(home / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(data)
