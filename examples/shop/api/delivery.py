"""CloudWatch Logs on this machine, as far as a subscriber notices: what a function writes is gathered and delivered.

A delivery is what a subscription filter makes of a log group, packed and in base64, and it goes to Sightline's own
forwarder function, which posts it with its key. What is not taken is delivered again.
"""

import base64
import gzip
import itertools
import json
import secrets
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

FORWARDER = Path(__file__).resolve().parents[3] / "lambda/forwarder/src"
ACCOUNT = "123456789012"
GATHER_S = 0.2
AGAIN_S = 2.0
MOST_AT_ONCE = 1_000
MOST_WAITING = 10_000


class Delivery:
    """The log group of one function, and who has subscribed to it."""

    def __init__(self, function: str) -> None:
        sys.path.insert(0, str(FORWARDER))
        from sightline_forwarder.handler import handle  # noqa: PLC0415 - from the folder that was just named

        self._handle = handle
        self._group = f"/aws/lambda/{function}"
        self._stream = f"{datetime.now(UTC):%Y/%m/%d}/[$LATEST]{secrets.token_hex(16)}"
        self._numbers = itertools.count()
        self._waiting: list[dict[str, object]] = []
        self._some = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._deliver, daemon=True)
        self._thread.start()

    def add(self, line: str) -> None:
        """Take a line, as CloudWatch takes it: with an id of its own and the time."""
        now_ms = time.time_ns() // 1_000_000
        number = f"{now_ms:016}{next(self._numbers):040}"
        event: dict[str, object] = {"id": number, "timestamp": now_ms, "message": line}
        with self._some:
            if len(self._waiting) < MOST_WAITING:
                self._waiting.append(event)
                self._some.notify()

    def close(self) -> None:
        """Deliver what waits, once more, and no further."""
        with self._some:
            self._closed = True
            self._some.notify()
        self._thread.join(GATHER_S * 10)

    def _deliver(self) -> None:
        while True:
            with self._some:
                while not self._waiting and not self._closed:
                    self._some.wait()
            time.sleep(0 if self._closed else GATHER_S)  # what belongs together comes together
            with self._some:
                taken, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
            if taken and not self._delivered(taken):
                with self._some:
                    self._waiting = taken + self._waiting
                time.sleep(0 if self._closed else AGAIN_S)
            if self._closed:
                return

    def _delivered(self, events: list[dict[str, object]]) -> bool:
        document = {
            "messageType": "DATA_MESSAGE", "owner": ACCOUNT, "logGroup": self._group, "logStream": self._stream,
            "subscriptionFilters": ["sightline"], "logEvents": events,
        }  # fmt: skip
        data = base64.b64encode(gzip.compress(json.dumps(document).encode())).decode()
        try:
            self._handle({"awslogs": {"data": data}}, None)
        except Exception:  # noqa: BLE001 - Lambda, too, asks again whatever it was
            return False
        return True
