"""What Umami's own pages ask the server about itself."""

from typing import Any

from sightline.compat.umami.calls import Call, Ok
from sightline.compat.umami.routes import route


async def heartbeat(_call: Call) -> Ok:
    return Ok()


async def config(_call: Call) -> dict[str, Any]:
    return {
        "cloudMode": False, "privateMode": True, "faviconUrl": None, "linksUrl": None, "pixelsUrl": None,
        "sessionDeletionEnabled": True, "telemetryDisabled": True, "trackerScriptName": "script.js",
        "updatesDisabled": True,
    }  # fmt: skip


ROUTES = (
    route("GET", "/heartbeat", "says only that the server answers", heartbeat),
    route("GET", "/config", "holds nothing of an installation but what every page of it shows", config),
)
