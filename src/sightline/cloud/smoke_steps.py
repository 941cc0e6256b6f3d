"""What the smoke test sends with, and how it says what was sent or looked for."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal

from msgspec import Struct

from sightline.cloud.session import client, pages
from sightline.settings import AwsSettings

_TIMEOUT_S: Final = 20
_ATTEMPTS: Final = 3
# What to do by the status of an answer; 0: nobody answered.
SERVER: Final = {
    0: "Check the address, its certificate and the load balancer's targets: `sightline aws verify`.",
    401: "Set SIGHTLINE_CLIENT_KEY to a key that has not ended.",
    403: "The key needs the permissions site:read, site:create, site:logs and site:send-logs.",
    413: "Something in front of the server limits bodies: it has to let 128 kB through.",
    429: "Wait a minute, then run this again with --mark.",
    503: "PostgreSQL is away or slow: see the runbook, then run this again with --mark.",
}

State = Literal["would", "ok", "missing", "unseen"]


class Found(Struct, frozen=True):
    """One thing that was sent or looked for. `unseen`: an emulator does not show it; it is neither good nor bad."""

    what: str
    where: str
    state: State
    evidence: str
    next: str = ""


class Look(Struct, frozen=True):
    """Something to look for until it is there; `next` is what to do if it does not come."""

    what: str
    where: str
    find: Callable[[], str]  # what was found; empty: nothing yet
    next: str


def taken(
    names: Sequence[str], status: int, said: Any, where: str, steps: Mapping[int, str] = SERVER
) -> Iterator[Found]:
    """What the answer says about each signal that was sent together."""
    if status != 200:
        message = _message(said)
        step = steps.get(status, steps[0] if not status else "Look at the log group of the service.")
        for name in names:
            yield Found(name, "sent", "missing", f"{where} answered {status or 'nothing'}: {message}", step)
        return
    dropped = {int(at): str(why) for at, why in said.get("dropped", [])}
    for at, name in enumerate(names):
        if at in dropped:
            step = "docs/reference/collecting.md says what the reason means; the site's settings decide."
            yield Found(name, "sent", "missing", f"dropped: {dropped[at]}", step)
        else:
            again = " (it was there from before)" if said.get("duplicate") or said.get("duplicates") else ""
            yield Found(name, "sent", "ok", f"{where} answered 200{again}")


def sent(method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> tuple[int, Any]:
    """Send, and again after what passes by itself; the status is 0 where nobody answers."""
    status, said = 0, ""
    for attempt in range(_ATTEMPTS):
        if attempt:
            time.sleep(attempt)
        request = urllib.request.Request(url, body, dict(headers), method=method)  # noqa: S310 - the operator's own address
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - as above
                return answer.status, _document(answer.read())
        except urllib.error.HTTPError as exc:
            with exc:
                status, said = exc.code, _document(exc.read())
        except OSError as exc:
            status, said = 0, str(getattr(exc, "reason", exc))
        if status not in {0, 429, 502, 503, 504}:
            break
    return status, said


def _message(said: Any) -> str:
    """The server's errors hold one, the beacon's are one."""
    if not isinstance(said, dict):
        return str(said)
    error = said.get("error", said)
    return str(error.get("message", "")) if isinstance(error, dict) else str(error)


def _document(data: bytes) -> Any:
    try:
        return json.loads(data or b"{}")
    except ValueError:
        return data[:200].decode("utf-8", "replace")


def logged(aws: AwsSettings, group: str, mark: str, since_ms: int) -> Iterator[str]:
    """The lines of a log group with our mark. CloudWatch answers with empty pages, too, while it searches."""
    asked = {"logGroupName": group, "startTime": since_ms, "filterPattern": f'"{mark}"'}
    for found in pages(client("logs", aws), "filter_log_events", "events", **asked):
        yield found["message"]
