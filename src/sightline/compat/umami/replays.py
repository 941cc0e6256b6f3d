"""Recordings of visits. Umami's API finds none: ours are looked at in the dashboard, under rules of their own.

What Umami's recorder sends is taken, though (`server/umami_recorder`), and it asks here what it shall do.
"""

from collections.abc import Mapping
from typing import Any

from sightline.accounts import tracking
from sightline.accounts.permissions import Permission
from sightline.accounts.watched import Watched, WatchedSites
from sightline.compat.umami import ids
from sightline.compat.umami.asking import asked
from sightline.compat.umami.calls import Call, no_such
from sightline.compat.umami.paging import Page
from sightline.compat.umami.routes import route
from sightline.privacy.consent import Mode, allowed
from sightline.privacy.recording.told import pattern, recording_rules


async def listing(call: Call) -> dict[str, Any]:
    asked(call)
    return Page(call).answer([], 0)


async def of_session(call: Call) -> dict[str, Any]:
    ids.number(call.parts["session"], "session")
    return Page(call).answer([], 0)


async def none(_call: Call) -> dict[str, Any]:
    raise no_such("replay")


async def recorder(call: Call) -> dict[str, Any]:
    """What Umami's recorder does on a site: what it does not send need not be masked here.

    Umami's knows one way to mask texts and one to leave elements out. So all texts are stars, unless a rule shows some.
    """
    site = await WatchedSites(call.database).find(call.parts["site"])
    wanted = await tracking.of_site(call.database, site.id) if site is not None else None
    if site is None or wanted is None or not wanted.replay_percent or not _may_be_recorded(site, call.headers):
        return {"enabled": False}
    rules = (await call.house.rules.active(site.id)).rules
    return {
        "enabled": True, "replayEnabled": True, "heatmapEnabled": False, "sampleRate": wanted.replay_percent / 100,
        "maskLevel": "moderate" if rules.unmask else "strict", "maxDuration": _LONGEST_MS,
        "blockSelector": ",".join(rules.document.recording.blocked),
        # For our own recorder at the address of Umami's, which can show what rules show and nothing else.
        **recording_rules(rules), "payment": pattern(wanted.payment_pages),
    }  # fmt: skip


def _may_be_recorded(site: Watched, headers: Mapping[str, str]) -> bool:
    """Whether the server would take it: the browser says for its visitor what it will say with every chunk."""
    said = headers.get("x-sightline-consent")
    given: Mode | None = None if said is None else ("replay" if said == "replay" else "none")
    found = allowed(
        headers, site=site.consent_mode, asks=site.consent_asked, given=given, honour_signals=site.honour_signals
    )
    return found.replay


async def heatmaps(call: Call) -> dict[str, Any]:
    """No clicks or scrolls are collected for maps, so each is empty."""
    asked(call)
    mode = call.one_of("mode", ("click", "scroll"), "click")
    scroll = {"buckets": [], "totalSessions": 0, "pageH": 0, "pageW": 0, "viewportH": 0, "viewportW": 0}
    return {"mode": mode, "pages": [], "points": [], "scroll": scroll, "snapshot": None}


_LONGEST_MS = 30 * 60 * 1000  # of one page; as long as a token is taken without a hit
P = Permission
_AT = "/websites/{site}/replays"
ROUTES = (
    route("GET", _AT, P.SITE_READ, listing, "replays"),
    route("GET", f"{_AT}/saved", P.SITE_READ, listing, "replays"),
    route("GET", f"{_AT}/saved/{{replay}}", P.SITE_READ, none),
    route("POST", f"{_AT}/saved/{{replay}}", P.SITE_CHANGE, none),
    route("GET", f"{_AT}/{{replay}}", P.SITE_READ, none),
    route("GET", "/websites/{site}/sessions/{session}/replays", P.SITE_READ, of_session, "replays"),
    route("GET", "/websites/{site}/recorder", "the recorder of a page asks before anybody is known", recorder),
    route("GET", "/websites/{site}/heatmaps", P.SITE_READ, heatmaps, "heatmaps"),
)
