"""The application: which routes there are, for which role of the process, and what every request passes through.

Order of a request, from outside in: trusted proxies, security headers, access log and metrics, time limit, body limit,
then the router: collecting routes and health first, by one look-up, then the API (FastAPI, `/api/v1`), then the
dashboard's files.
"""

import contextlib
import functools
from collections.abc import Mapping
from typing import Final

from fastapi import FastAPI

from sightline import __version__, clock
from sightline.collect import cloudwatch
from sightline.compat.umami.application import Umami
from sightline.compat.umami.table import ROUTES as UMAMI_ROUTES
from sightline.errors import NotFound, Unavailable
from sightline.operate.house import House
from sightline.replay.retention import room
from sightline.server import api_docs, errors
from sightline.server.api import routers
from sightline.server.asgi import App, Receive, Scope, Send, answer
from sightline.server.assets import Assets
from sightline.server.authentication import Process
from sightline.server.backend import PREFIX as CLOUDWATCH
from sightline.server.collecting import Collecting
from sightline.server.health import Check, Ready, healthz
from sightline.server.jobs import Jobs, listing
from sightline.server.middleware.access import Access
from sightline.server.middleware.limits import BodyLimit, Timeout
from sightline.server.middleware.proxies import Proxies
from sightline.server.middleware.security import SecurityHeaders
from sightline.server.permissions import declare
from sightline.server.replay_frame import PATH as REPLAY_FRAME
from sightline.server.replay_frame import replay_frame
from sightline.server.routing import Router
from sightline.signals.warehouse import Phase

_DESCRIPTION: Final = (
    "Everything that the dashboard does, for programs: sign in with an API key, sent as Authorization: Bearer sl_…. "
    "Lists are paged: follow `next` as `cursor`. 64-bit ids are texts. Errors have one shape, with a code."
)
# Where a failing job is worth a look, but no reason to take the process out of service.
_FAILED_IN_ROW: Final = 3
_LOOK_EVERY_MS: Final = 30_000


def api() -> FastAPI:
    """The typed API, with its OpenAPI document; its reference is our own page, since the usual ones need a CDN."""
    app = FastAPI(
        title="Sightline",
        version=__version__,
        description=_DESCRIPTION,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    errors.install(app)
    for router in routers():
        app.include_router(router)
    return app


_api: Final = functools.cache(api)


class Api:
    """The typed API of one house. Its routes are made once: FastAPI takes a fifth of a second for them."""

    def __init__(self, house: House, readiness: Ready) -> None:
        self._process = Process(house, readiness)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"] = {**scope.get("state", {}), "process": self._process}
        await _api()(scope, receive, send)


def ready(house: House, jobs: Jobs[House] | None) -> Ready:
    """What has to answer before this process is ready, and what is only told."""

    async def database() -> str:
        version = await house.database.fetchval("SELECT current_setting('server_version')")
        return f"PostgreSQL {version}"

    looked: dict[str, int] = {}

    async def objects() -> str:
        for name, store in house.stores:
            # A look costs money on S3, and load balancers ask every few seconds.
            if clock.now_ms() - looked.get(name, 0) < _LOOK_EVERY_MS:
                continue
            with contextlib.suppress(NotFound):
                await store.head("readiness")
            looked[name] = clock.now_ms()
        return ", ".join(store.url for _, store in house.stores if store.is_remote) or "folders"

    async def background() -> str:
        rows = await listing(house.database)
        failing = [row["name"] for row in rows if row["failures_in_row"] >= _FAILED_IN_ROW]
        if failing:
            raise Unavailable(f"failing: {', '.join(failing)}", hint="`sightline jobs list` says why.")
        leads = "leading" if jobs is not None and jobs.leads else "not leading"
        return f"{len(rows)} jobs, this process is {leads}"

    async def warehouse() -> str:
        assert house.warehouse is not None
        found = house.warehouse.status()
        if found.phase is Phase.BUILDING:
            return f"being rebuilt, {found.progress:.0%}: {found.rows_done:,} of about {found.rows_total:,} signals"
        if found.phase is Phase.CLOSED:
            return "closed until somebody asks"
        return f"open, {found.lag_ms} ms behind"

    told: dict[str, Check] = {"jobs": background, "recordings": _recordings(house)}
    if house.vault is not None or house.vault_closed:
        told["vault"] = _vault(house)
    if house.warehouse is not None:
        told["warehouse"] = warehouse
    return Ready({"database": database, "objects": objects}, told)


def _recordings(house: House) -> Check:
    async def recordings() -> str:
        found = await room(house.database, house.settings.recordings.budget_mb << 20, house.stores.recordings)
        what, hint = found.trouble()
        if what:
            raise Unavailable(what, hint=hint)
        return f"{found.recordings:,} recordings, {found.bytes:,} bytes, in 30 days {found.bytes_in_30_days:,}"

    return recordings


def _vault(house: House) -> Check:
    async def vault() -> str:
        if house.vault_closed:  # why is said in the log and to those who may use it, not to whoever asks here
            raise Unavailable("closed since this process started", hint="Its log says why.")
        await house.subjects.database.check()
        return "open"

    return vault


def application(house: House, readiness: Ready, collecting: Collecting | None = None) -> App:
    """Everything that one process answers, by its role."""
    role = house.settings.server.role
    larger = {CLOUDWATCH: cloudwatch.MAX_BODY}
    exact: dict[tuple[str, str], App] = {("GET", "/healthz"): healthz, ("GET", "/readyz"): readiness}
    mounts: dict[str, App] = {}
    if collecting is not None:
        readiness.tell("journal", collecting.intake.storing)
        exact |= collecting.routes()
        mounts |= collecting.mounts()
        larger |= collecting.larger()
    if role in {"all", "reports"}:
        exact |= _REFERENCE
        exact[("GET", REPLAY_FRAME)] = replay_frame
        mounts |= {"/api/v1/": Api(house, readiness), "/api/": Umami(house), "/": Assets.load()}
    return _wrapped(Router(exact, mounts), house, larger)


def _wrapped(router: App, house: House, larger: Mapping[str, int]) -> App:
    """The app behind what every request goes through; some paths take `larger` bodies."""
    server = house.settings.server
    limited = Timeout(BodyLimit(router, server.max_body_kb * 1024, larger), server.request_timeout_s)
    app: App = SecurityHeaders(Access(limited), https=server.public_url.startswith("https://"))
    return Proxies(app, server.trusted_proxies) if server.trusted_proxies else app


@functools.cache
def _reference() -> bytes:
    return api_docs.page(_api().openapi()).encode()


async def _reference_page(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001 - ASGI's signature
    await answer(send, 200, _reference(), b"text/html; charset=utf-8")


async def _reference_css(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001 - ASGI's signature
    await answer(send, 200, api_docs.CSS.encode(), b"text/css", [(b"cache-control", b"max-age=3600")])


_REFERENCE: Final[Mapping[tuple[str, str], App]] = {
    ("GET", "/api/v1/docs"): _reference_page, ("GET", "/api/v1/docs.css"): _reference_css,
}  # fmt: skip

for _route in UMAMI_ROUTES:
    declare(_route.address, _route.method, _route.need)
declare("/healthz", "GET", "says only that the process runs; asked by load balancers")
declare("/readyz", "GET", "says which part is down; asked by load balancers")
declare("/api/v1/docs", "GET", "the API's reference holds nothing of an installation")
declare("/api/v1/openapi.json", "GET", "the same as a document")
declare("/api/v1/docs.css", "GET", "the style of the API's reference")
declare("/", "GET", "the dashboard's files; what they show comes from the API")
