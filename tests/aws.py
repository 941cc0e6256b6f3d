"""AWS over HTTP on loopback: moto's server, and a proxy before it that injects faults.

`aws` starts moto once per run and sets fake credentials; `fault_proxy` stands between a client and it.
"""

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import urlsplit

import boto3
import botocore.session
from moto.server import ThreadedMotoServer

from sightline.cloud import session
from sightline.settings import AwsSettings
from tests.listening import Listening

REGION = "eu-central-1"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_SESSION_TOKEN": "testing",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
}


class Clients:
    """Clients of one account, each made once, of descriptions read once: EC2's alone takes half a second."""

    def __init__(self, endpoint: str, *credentials: str) -> None:
        self._endpoint, self._credentials = endpoint, credentials or ("testing", "testing")
        self._made: dict[tuple[str, str], Any] = {}

    def __call__(self, service: str, region: str = REGION) -> Any:
        if (service, region) not in self._made:
            core = botocore.session.get_session()
            core.register_component("data_loader", session._loader())
            core.set_credentials(*self._credentials)
            self._made[service, region] = boto3.session.Session(botocore_session=core).client(
                service, region_name=region, endpoint_url=self._endpoint
            )  # type: ignore[call-overload]
        return self._made[service, region]


class FakeAws:
    """moto's address, and clients for it."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.settings = AwsSettings(region=REGION, endpoint_url=endpoint)
        self.client = Clients(endpoint)

    def kms_key(self) -> str:
        arn: str = self.client("kms").create_key()["KeyMetadata"]["Arn"]
        return arn

    def bucket(self, name: str) -> str:
        self.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        return name


@contextmanager
def moto_server() -> Iterator[FakeAws]:
    """Run moto on a free port of loopback, with fake credentials in the environment."""
    before = {name: os.environ.get(name) for name in CREDENTIALS}
    os.environ.update(CREDENTIALS)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield FakeAws(f"http://{host}:{port}")
    finally:
        server.stop()
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


class FaultProxy(Listening):
    """Passes requests on, or answers with a fault: `throttle`, `denied`, `disabled`, `error`, `hang`, `wrong-key`."""

    def __init__(self, target: str) -> None:
        self.target = urlsplit(target)
        self.fault: str | None = None
        self.requests = 0
        self.released = threading.Event()
        super().__init__(self._handler())
        self.settings = AwsSettings(region=REGION, endpoint_url=self.url)

    def close(self) -> None:
        self.released.set()
        super().close()

    def _handler(proxy) -> type[BaseHTTPRequestHandler]:  # noqa: N805 - the inner class has the `self`
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                proxy.requests += 1
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                fault = proxy.fault
                if fault == "hang":
                    proxy.released.wait(60)
                    return
                if fault:
                    status, code = _FAULTS[fault]
                    self._send(status, json.dumps({"__type": code, "message": "injected"}).encode())
                    return
                assert proxy.target.hostname is not None
                onward = HTTPConnection(proxy.target.hostname, proxy.target.port, timeout=30)
                headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
                onward.request("POST", self.path, body, headers)
                answer = onward.getresponse()
                self._send(answer.status, answer.read())
                onward.close()

            def _send(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("content-type", "application/x-amz-json-1.1")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                return

        return Handler


_FAULTS = {
    "throttle": (400, "ThrottlingException"),
    "denied": (400, "AccessDeniedException"),
    "disabled": (400, "DisabledException"),
    "wrong-key": (400, "IncorrectKeyException"),
    "error": (500, "KMSInternalException"),
}
