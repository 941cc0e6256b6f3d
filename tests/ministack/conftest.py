"""MiniStack on loopback, from an environment of its own: its pins are not ours."""

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / ".venv-ministack/bin/ministack"
REGION = "eu-central-1"
ACCOUNT = "123456789012"
_PATIENCE_S = 60


class MiniStack:
    """Clients of the emulator; `address` is where its APIs answer too."""

    def __init__(self, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self._session = boto3.session.Session(
            aws_access_key_id=ACCOUNT, aws_secret_access_key="testing", region_name=REGION
        )

    def client(self, service: Any) -> Any:
        return self._session.client(service, endpoint_url=self.address)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MiniStack]:
    folder = tmp_path_factory.mktemp("ministack")
    log = folder / "log"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SIGHTLINE_"))}
    with log.open("w") as out:
        process = subprocess.Popen(
            [str(PROGRAM)], stdout=out, stderr=subprocess.STDOUT, cwd=folder, start_new_session=True,
            env={**kept, "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(free_port()), "MINISTACK_ACCOUNT_ID": ACCOUNT,
                 "MINISTACK_REGION": REGION, "S3_DATA_DIR": str(folder / "s3"), "TMPDIR": str(folder)},
        )  # fmt: skip
    try:
        until = time.monotonic() + _PATIENCE_S
        while not (found := re.search(r"Running on http://127\.0\.0\.1:(\d+)", log.read_text("utf-8"))):
            assert process.poll() is None, log.read_text("utf-8")[-2000:]
            assert time.monotonic() < until, "MiniStack does not start"
            time.sleep(0.1)
        yield MiniStack(int(found[1]))
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=_PATIENCE_S)
