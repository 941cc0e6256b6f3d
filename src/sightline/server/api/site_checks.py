"""Why nothing arrives from a site: its page is fetched, and what was kept out is looked at."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from sightline import clock
from sightline.accounts import sites, tracking
from sightline.accounts.permissions import Permission
from sightline.operate import page_check
from sightline.operate.page_check import Whose
from sightline.operate.page_faults import Expected, Found, origin_of
from sightline.server.api.shapes import PREFIX, Answer, Body
from sightline.server.permissions import Access, requires_on_site
from sightline.settings import Settings
from sightline.signals import quarantine

router = APIRouter(prefix=PREFIX, tags=["sites"])

_RECENT_MS = 3_600_000


class PageToCheck(Body):
    """Which page to fetch: one on a domain of the site."""

    url: Annotated[str, Field(max_length=2000)]
    origin: Annotated[str, Field(max_length=300, description="Where the caller reaches this server.")] = ""


class Fault(Answer):
    """What is wrong, as a code, with the value that shows it."""

    code: str
    detail: str


class Checked(Answer):
    """What was found at `url`; without faults, a browser that opens the page is counted."""

    url: str
    faults: list[Fault]


@router.post("/sites/{site}/check")
async def check(body: PageToCheck, access: Annotated[Access, requires_on_site(Permission.SITE_CHANGE)]) -> Checked:
    """Fetch a page of the site, and name what keeps its visits away."""
    site = await sites.show(access.database, access.scope)
    public = access.settings.server.public_url
    whose = Whose(domains=tuple(site.domains), loopback=_is_demo(access.settings))
    origins = {origin_of(one) for one in (public, body.origin) if one.startswith(("http://", "https://"))}
    expected = Expected(
        names=frozenset({site.public_key, str(site.uuid)}), origins=frozenset(origins),
        path=f"/{await tracking.path(access.database)}",
    )  # fmt: skip
    url, found = await page_check.check(body.url, whose, expected)
    faults = [_fault(one) for one in found]
    if not faults:
        faults = await _kept_out(access, site)
    return Checked(url=url, faults=faults)


def _is_demo(settings: Settings) -> bool:
    """Whether nobody but the people of this machine reach this server: it has no proxy, no address, no database."""
    server = settings.server
    alone = not server.public_url and not server.trusted_proxies and settings.database.url is None
    return alone and page_check.is_loopback(server.host)


async def _kept_out(access: Access, site: sites.Site) -> list[Fault]:
    """What turns hits of a page away that is as it should be."""
    if site.privacy.consent_mode == "none":
        return [Fault(code="site_off", detail="")]
    rows = await quarantine.summary(access.database, site.id)
    recent = [row for row in rows if row["last_ms"] > clock.now_ms() - _RECENT_MS]
    faults = [Fault(code=f"kept_out_{row['reason']}", detail=row["detail"]) for row in recent[:3]]
    if not faults and site.privacy.consent_asked:
        faults.append(Fault(code="consent", detail=""))
    return faults


def _fault(found: Found) -> Fault:
    return Fault(code=found.fault.value, detail=found.detail)
