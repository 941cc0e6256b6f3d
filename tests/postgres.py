"""Debian's PostgreSQL, started in a temporary folder: the external server of the tests.

It runs on a socket and on loopback, with passwords, as the user `postgres` when the tests run as root.
"""

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sightline.database.address import Address
from sightline.settings import Secret


def binaries() -> Path:
    """The newest system PostgreSQL's programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    if not found:
        raise RuntimeError("no system PostgreSQL: run `make system`")
    return found[-1].parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def system_postgres(home: Path | None = None, *, standby: bool = False, **options: str) -> Iterator[Address]:
    """Run a fresh PostgreSQL from `home`; the address is its superuser's. `options` go to postgresql.conf."""
    root = Path(tempfile.mkdtemp(prefix="sl-pg-"))
    user = "postgres" if os.geteuid() == 0 else None
    if user:
        shutil.chown(root, user)
    password, port, data = secrets.token_urlsafe(16), free_port(), root / "data"
    (root / "password").write_text(password)
    if user:
        os.chown(root / "password", pwd.getpwnam(user).pw_uid, -1)
    home = home or binaries()

    def run(*command: str) -> None:
        done = subprocess.run(
            command, user=user, cwd=root, capture_output=True, text=True, check=False, env={"LC_ALL": "C"}
        )
        if done.returncode:
            raise RuntimeError(f"{command[0]}: {done.stdout}{done.stderr}")

    run(
        str(home / "initdb"), "-D", str(data), "-U", "postgres", "--auth=scram-sha-256",
        f"--pwfile={root / 'password'}", "-E", "UTF8", "--locale=C", "--no-sync",
    )  # fmt: skip
    settings = {"listen_addresses": "127.0.0.1", "port": str(port), "unix_socket_directories": str(root), **options}
    with (data / "postgresql.conf").open("a") as file:
        file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
    if standby:
        (data / "standby.signal").touch()
    run(str(home / "pg_ctl"), "-D", str(data), "-w", "-l", str(root / "log"), "start")
    try:
        yield Address(host="127.0.0.1", port=port, user="postgres", password=Secret(password), database="postgres")
    finally:
        run(str(home / "pg_ctl"), "-D", str(data), "-m", "immediate", "-w", "stop")
        shutil.rmtree(root)
