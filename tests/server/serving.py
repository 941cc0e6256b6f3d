"""Serve an ASGI application on loopback, through the same process code that `sightline serve` uses."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn

from sightline.server.asgi import App
from sightline.server.process import address, bind
from sightline.settings import ServerSettings


@asynccontextmanager
async def serving(app: App) -> AsyncIterator[str]:
    """The application's base URL while it is served."""
    listening = bind(ServerSettings(port=0))
    server = uvicorn.Server(
        uvicorn.Config(
            app, http="httptools", ws="none", lifespan="off", log_config=None, access_log=False, proxy_headers=False
        )
    )
    task = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started:
        await asyncio.sleep(0.005)
    try:
        yield address(listening)
    finally:
        server.should_exit = True
        await task
        listening.close()
