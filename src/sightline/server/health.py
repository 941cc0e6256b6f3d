"""`/healthz`: the process runs. `/readyz`: everything that it needs answers, and what does not is named."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import msgspec

from sightline import __version__
from sightline.errors import SightlineError
from sightline.server.asgi import Receive, Scope, Send, answer_json

# A part that does not answer within this time is down, whatever it would have said.
_PATIENCE_S: Final = 3.0

Check = Callable[[], Awaitable[str]]


class Part(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that the process needs; `required` ones make it unready when they are down."""

    name: str
    state: str
    detail: str = ""
    hint: str = ""


async def healthz(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001 - ASGI's signature
    """Say that the process runs; asks nobody."""
    await answer_json(send, 200, {"status": "ok", "version": __version__})


class Ready:
    """Ask every part at once; 200 when all that are required answer, else 503 with their names."""

    def __init__(self, required: Mapping[str, Check], informative: Mapping[str, Check] | None = None) -> None:
        self._required = required
        self._informative = dict(informative or {})
        self.stopping = False

    def tell(self, name: str, check: Check) -> None:
        """Ask one more part, which is only told."""
        self._informative[name] = check

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        if self.stopping:
            await answer_json(send, 503, {"status": "stopping", "down": ["server"], "parts": []})
            return
        checks = {**self._required, **self._informative}
        parts = await asyncio.gather(*(_ask(name, check) for name, check in checks.items()))
        down = [part.name for part in parts if part.state == "down" and part.name in self._required]
        status = "ready" if not down else "not ready"
        await answer_json(
            send, 503 if down else 200, {"status": status, "down": down, "version": __version__, "parts": parts}
        )


async def _ask(name: str, check: Check) -> Part:
    try:
        async with asyncio.timeout(_PATIENCE_S):
            return Part(name, "up", await check())
    except TimeoutError:
        return Part(name, "down", f"no answer within {_PATIENCE_S:g} s")
    except SightlineError as error:
        return Part(name, "down", error.message, error.hint or "")
    except Exception as exc:  # noqa: BLE001 - a check that breaks is a part that is down, not a page that fails
        return Part(name, "down", type(exc).__name__)
