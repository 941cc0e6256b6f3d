"""The demo: whether its site is there, and visits that are made up for it."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from sightline import clock
from sightline.accounts.permissions import Permission
from sightline.errors import Conflict
from sightline.operate.demo import history, shop
from sightline.operate.demo.site import demo_site, known_demo_site
from sightline.operate.demo.story import visits
from sightline.server.api.shapes import PREFIX, Answer, Body
from sightline.server.permissions import Access, requires

router = APIRouter(prefix=PREFIX, tags=["demo"])

_DAY_MS = 86_400_000


class Demo(Answer):
    """The demo's site, if there is one, and the example shop, if it runs beside this server."""

    site_id: str | None
    removed: Annotated[bool, Field(description="Somebody has removed the site: it does not come back.")]
    shop_url: str | None


class NewVisits(Body):
    """How many visits of past days are made up."""

    visits: Annotated[int, Field(ge=1, le=2000)] = 400
    days: Annotated[int, Field(ge=1, le=90)] = 30


class MadeUp(Answer):
    """What was stored."""

    site_id: str
    visits: int
    signals: int


@router.get("/demo")
async def show(access: Annotated[Access, requires(Permission.JOB_READ)]) -> Demo:
    """Whether there is demo data to look at."""
    site_id, living = await known_demo_site(access.house)
    return Demo(
        site_id=str(site_id) if living else None, removed=site_id is not None and not living,
        shop_url=shop.address_of(access.house.data),
    )  # fmt: skip


@router.post("/demo", status_code=201)
async def make(body: NewVisits, access: Annotated[Access, requires(Permission.JOB_RUN)]) -> MadeUp:
    """Make up visits of the example shop on past days. Its site goes like any other, with everything on it."""
    found = await demo_site(access.house)
    if found is None:
        raise Conflict("the demo's site was removed", hint="`sightline demo traffic --site` makes visits on another.")
    now_ms = clock.now_ms()
    seed = now_ms // 1000  # visits of an earlier call shall not be told a second time
    made = visits(seed, body.visits, body.days, now_ms // _DAY_MS * _DAY_MS)
    told = await history.store(access.house, found, f"api/{seed}", made, lambda _done: None)
    return MadeUp(site_id=str(found.id), visits=told.visits, signals=told.signals)
