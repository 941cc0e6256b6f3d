"""The frame that recordings are played in: an empty page whose policy allows next to nothing.

A recording is what a stranger's page was, so it may hold anything. The player builds it inside of this page, from
outside: no script runs here, whatever is planted; nothing is fetched, sent, or navigated to; only styles and pictures
that are part of the recording are shown. The frame inside, which `@rrweb/replay` makes, inherits all of this.
"""

from typing import Final

from sightline.server.asgi import Receive, Scope, Send, answer
from sightline.server.permissions import declare

PATH: Final = "/replay-frame"
POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'; sandbox allow-same-origin"
)
_PAGE: Final = b"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Replay</title>
<style>
html, body { margin: 0; height: 100%; overflow: hidden; background: transparent; }
.replayer-wrapper { position: absolute; top: 0; left: 0; transform-origin: 0 0; }
.replayer-wrapper > iframe { display: block; border: 0; background: #fff; }
.replayer-mouse { position: absolute; z-index: 2; width: 20px; height: 20px; pointer-events: none;
  transition: left 50ms linear, top 50ms linear; }
.replayer-mouse::before { content: ""; position: absolute; width: 0; height: 0; border: solid transparent;
  border-width: 0 9px 18px 0; border-left: 12px solid #c2410c; filter: drop-shadow(0 0 1px #fff);
  transform: rotate(-8deg); }
.replayer-mouse::after { content: ""; position: absolute; width: 24px; height: 24px; margin: -10px;
  border-radius: 50%; background: #c2410c; opacity: 0; }
.replayer-mouse.active::after { animation: click 300ms ease-out 1; }
.replayer-mouse.touch-device::before { display: none; }
.replayer-mouse.touch-device.touch-active::after { opacity: 0.4; }
@keyframes click { from { opacity: 0.6; transform: scale(0.4); } to { opacity: 0; transform: scale(1.6); } }
@media (prefers-reduced-motion: reduce) { .replayer-mouse { transition: none; } }
</style>
<body></body>
</html>
"""
_HEADERS: Final = [
    (b"content-security-policy", POLICY.encode()),
    (b"x-frame-options", b"SAMEORIGIN"),
    (b"cache-control", b"no-cache"),
]


async def replay_frame(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001 - ASGI's signature
    """Answer with the empty page."""
    await answer(send, 200, _PAGE, b"text/html; charset=utf-8", _HEADERS)


declare(PATH, "GET", "an empty page that recordings are built in; what they show comes from the API")
