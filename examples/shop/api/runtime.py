"""Lambda on this machine, as far as a function notices: its runtime API over HTTP, and a process that asks it for work.

The function runs in a process of its own, which asks `/runtime/invocation/next` for events and posts its answers, as
Lambda's runtimes do; what it writes to stdout is kept line by line, between the platform's own START, END and REPORT.
"""

import json
import os
import queue
import subprocess
import sys
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
LIBRARY = HERE.parents[2] / "lambda/python/src"
VERSION = "/2018-06-01/runtime"
TIMEOUT_S = 10.0
MEMORY_MB = 256


class Failed(Exception):
    """The function raised, took too long, or its process ended."""


@dataclass
class Call:
    """One invocation: what goes in, what came out, and when that was known."""

    event: object
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    done: threading.Event = field(default_factory=threading.Event)
    result: Any = None
    error: str = ""


class Function:
    """A function: `invoke` starts its process where none runs, which is a cold start."""

    def __init__(self, name: str, handler: str, say: Callable[[str], object] | None = None) -> None:
        self.name, self.handler = name, handler
        self.lines: deque[str] = deque(maxlen=10_000)
        self._say = say
        self._waiting: queue.Queue[Call] = queue.Queue()
        self._calls: dict[str, Call] = {}
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._lock = threading.Lock()
        self._began = 0.0  # when the process was started, until it asks for its first event
        self._init_ms = 0.0
        self._api = _Api(self)
        threading.Thread(target=self._api.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True).start()

    def invoke(self, event: object) -> Any:
        call = Call(event)
        with self._lock:
            is_cold = self._start()
            self._calls[call.id] = call
            self._note(f"START RequestId: {call.id} Version: $LATEST")
            began = time.perf_counter()
            self._waiting.put(call)
        answered = call.done.wait(TIMEOUT_S)
        ms = (time.perf_counter() - began) * 1000
        self._calls.pop(call.id, None)
        self._note(f"END RequestId: {call.id}")
        self._note(self._report(call, ms, is_cold=is_cold))
        if not answered:
            self.stop()
            raise Failed(f"Task timed out after {TIMEOUT_S:.2f} seconds")
        if call.error:
            raise Failed(call.error)
        return call.result

    def _report(self, call: Call, ms: float, *, is_cold: bool) -> str:
        """As Lambda reports: the start of a process is no part of its first call's duration, and is billed."""
        init = min(self._init_ms, ms) if is_cold else 0.0
        parts = [
            f"REPORT RequestId: {call.id}", f"Duration: {ms - init:.2f} ms", f"Billed Duration: {int(ms) + 1} ms",
            f"Memory Size: {MEMORY_MB} MB", f"Max Memory Used: {self._used_mb()} MB",
            *([f"Init Duration: {init:.2f} ms"] if is_cold else []),
        ]  # fmt: skip
        return "\t".join(parts) + "\t"

    def _used_mb(self) -> int:
        """The most memory that the process had, where the system says so."""
        try:
            status = Path(f"/proc/{self._process.pid if self._process else 0}/status").read_text("ascii")
        except OSError:
            return 0
        return next((int(line.split()[1]) // 1024 for line in status.splitlines() if line.startswith("VmHWM")), 0)

    def stop(self) -> None:
        with self._lock:
            if self._process is not None:
                self._process.kill()
                self._process.wait()
                self._process = None

    def close(self) -> None:
        """Nobody will ask for anything any more."""
        self.stop()
        if self._reader is not None:
            self._reader.join()
        self._api.shutdown()
        self._api.server_close()

    def next(self) -> Call:
        """What the process asks for: it waits here between invocations."""
        if self._began:
            self._init_ms, self._began = (time.perf_counter() - self._began) * 1000, 0.0
        return self._waiting.get()

    def answered(self, request: str, result: Any, error: str = "") -> None:
        call = self._calls.get(request)
        if call is not None:
            call.result, call.error = result, error
            call.done.set()

    def _start(self) -> bool:
        """Start a process where none runs; True where one was."""
        if self._process is not None and self._process.poll() is None:
            return False
        host, port = self._api.server_address[:2]
        env = {
            **{name: value for name, value in os.environ.items() if name != "SIGHTLINE_KEY"},  # which is not its own
            "AWS_LAMBDA_RUNTIME_API": f"{host!s}:{port}", "AWS_LAMBDA_FUNCTION_NAME": self.name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(MEMORY_MB), "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "_HANDLER": self.handler, "LAMBDA_TASK_ROOT": str(HERE), "PYTHONPATH": f"{HERE}{os.pathsep}{LIBRARY}",
        }  # fmt: skip
        command = [sys.executable, "-u", str(Path(__file__).resolve())]
        self._began = time.perf_counter()
        self._process = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()
        return True

    def _read(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                self._note(line.rstrip("\n"))
        for call in list(self._calls.values()):
            self.answered(call.id, None, "Runtime exited")

    def _note(self, line: str) -> None:
        self.lines.append(line)
        if self._say is not None:
            self._say(line)


class _Api(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, function: Function) -> None:
        self.function = function
        super().__init__(("127.0.0.1", 0), _Requests)


class _Requests(BaseHTTPRequestHandler):
    server: _Api
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        call = self.server.function.next()
        arn = f"arn:aws:lambda:eu-central-1:123456789012:function:{self.server.function.name}"
        self._said(json.dumps(call.event), {
            "lambda-runtime-aws-request-id": call.id, "lambda-runtime-invoked-function-arn": arn,
            "lambda-runtime-deadline-ms": str(int((time.time() + TIMEOUT_S) * 1000)),
            "lambda-runtime-trace-id": f"Root=1-{int(time.time()):08x}-{call.id.replace('-', '')[:24]};Sampled=0",
        })  # fmt: skip

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("content-length", "0"))) or b"null")
        *_, request, what = self.path.split("/")
        if what == "response":
            self.server.function.answered(request, body)
        else:
            self.server.function.answered(request, None, f"{body.get('errorType')}: {body.get('errorMessage')}")
        self._said('{"status":"OK"}', {})

    def _said(self, body: str, headers: Mapping[str, str]) -> None:
        self.send_response(200)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing: it is an example."""


# ---- the function's own process --------------------------------------------------------------------------------------


class Context:
    """What a handler is given beside its event, as Lambda's Python runtime gives it."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self.aws_request_id = headers["lambda-runtime-aws-request-id"]
        self.invoked_function_arn = headers["lambda-runtime-invoked-function-arn"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = "$LATEST"
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self._deadline = int(headers["lambda-runtime-deadline-ms"])

    def get_remaining_time_in_millis(self) -> int:
        return max(0, self._deadline - int(time.time() * 1000))


def work() -> None:
    """Ask for events and answer them, until whoever gives them is gone."""
    import http.client  # noqa: PLC0415 - of this process only
    import importlib  # noqa: PLC0415 - as above

    module, _, name = os.environ["_HANDLER"].rpartition(".")
    handler = getattr(importlib.import_module(module), name)
    connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    while True:
        try:
            connection.request("GET", f"{VERSION}/invocation/next")
            asked = connection.getresponse()
            event = json.loads(asked.read())
        except (OSError, http.client.HTTPException):
            return
        headers = {key.lower(): value for key, value in asked.getheaders()}
        os.environ["_X_AMZN_TRACE_ID"] = headers["lambda-runtime-trace-id"]
        request = headers["lambda-runtime-aws-request-id"]
        try:
            what, said = "response", json.dumps(handler(event, Context(headers)))
        except Exception as error:  # noqa: BLE001 - it is reported, as the runtime does
            what, said = "error", json.dumps({"errorType": type(error).__name__, "errorMessage": str(error)})
        connection.request("POST", f"{VERSION}/invocation/{request}/{what}", said)
        connection.getresponse().read()


if __name__ == "__main__":
    work()
