"""One serving process: binds its port first, serves until it is told to stop, and leaves nothing half done."""

import asyncio
import contextlib
import errno
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from typing import Final

import uvicorn

from sightline import metrics
from sightline.errors import ServiceError, SettingError
from sightline.server.asgi import App
from sightline.settings import ServerSettings

_EMIT_EVERY_S: Final = 60.0
_BACKLOG: Final = 2048


class PortTaken(ServiceError):
    """The port is taken."""


def bind(settings: ServerSettings) -> socket.socket:
    """Take the port before anything else is started, so that a taken one costs nothing."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # The protocol is named: asyncio sends small answers at once (TCP_NODELAY) only where it knows that this is TCP.
    found = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((settings.host, settings.port))
    except OSError as exc:
        found.close()
        if exc.errno == errno.EADDRINUSE:
            raise PortTaken(
                f"port {settings.port} on {settings.host} is in use",
                hint="Stop what uses it, or choose another with --port or server.port.",
            ) from exc
        raise SettingError(
            f"cannot listen on {settings.host}:{settings.port}: {exc.strerror}",
            hint="Check server.host and server.port.",
        ) from exc
    found.listen(_BACKLOG)
    found.setblocking(False)  # noqa: FBT003 - the socket module's own signature
    return found


def address(listening: socket.socket) -> str:
    """The address of a bound socket as a URL."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def serve(
    app: App,
    listening: socket.socket,
    settings: ServerSettings,
    *,
    ready: Callable[[], None],
    stopping: Callable[[], None],
) -> None:
    """Serve until SIGINT or SIGTERM; then finish what is under way, at most for the configured time."""
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            http="httptools",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,  # our own middleware remembers, too, whether the connection was a proxy's
            timeout_graceful_shutdown=settings.shutdown_timeout_s,
            timeout_keep_alive=75,
        )
    )
    loop = asyncio.get_running_loop()

    def stop() -> None:
        stopping()
        server.should_exit = True

    # uvicorn takes these signals too, and raises them again when it is done; this handler outlives it, so that the
    # process ends by itself, after its parts were closed in order.
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn offers no event for this
        await asyncio.sleep(0.005)
    if server.started:
        ready()
    await serving


@contextlib.asynccontextmanager
async def emitting(*, wanted: bool) -> AsyncIterator[None]:
    """Write the process's metrics as EMF lines once a minute, and once more at the end."""

    def write(line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    async def forever() -> None:
        while True:
            await asyncio.sleep(_EMIT_EVERY_S)
            metrics.emit(write if wanted else _drop)

    task = asyncio.create_task(forever(), name="metrics")
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        metrics.emit(write if wanted else _drop)


def _drop(_line: str) -> None:
    """Nobody reads metrics here; gathering them must still not grow."""
