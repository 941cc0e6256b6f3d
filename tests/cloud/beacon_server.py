"""The beacon behind HTTP, as its API calls it: the real function's code; what it prints is kept for the log driver."""

from http.server import BaseHTTPRequestHandler

import pytest

from sightline_beacon import handler
from sightline_lambda.invocations import settings
from tests.listening import Listening


class BeaconServer(Listening):
    """One instance of the function; `sites` are those of `SIGHTLINE_SITES`."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.output = ""
        self.beacon = handler.Beacon("", "*", "600")
        patch.setattr(settings, "namespace", "Sightline/Pages")
        patch.setattr(handler, "_write", self._print)
        super().__init__(self._handler())
        self.url += "/beacon"

    def _print(self, line: str) -> None:
        self.output += line

    def _handler(server) -> type[BaseHTTPRequestHandler]:  # noqa: N805 - the inner class has the `self`
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                event = {
                    "version": "2.0", "headers": dict(self.headers.items()), "body": body, "isBase64Encoded": False,
                    "requestContext": {"http": {"method": "POST", "path": self.path, "sourceIp": "203.0.113.7"}},
                }  # fmt: skip
                answer = server.beacon.answer(event)
                data = answer["body"].encode()
                self.send_response(answer["statusCode"])
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                return

        return Handler
