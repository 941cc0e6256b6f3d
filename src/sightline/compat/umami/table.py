"""Every route, from the tables of the areas."""

from itertools import chain
from typing import Final

from sightline.compat.umami import (
    annotations,
    auth,
    boards,
    event_data,
    events,
    export,
    links,
    misc,
    performance,
    realtime,
    replays,
    reports,
    revenue,
    saved,
    segments,
    session_data,
    sessions,
    shares,
    teams,
    traffic,
    users,
    websites,
)
from sightline.compat.umami.routes import Route

AREAS: Final = (
    auth, users, teams, websites, shares, links, boards, traffic, events, event_data, sessions, session_data,
    segments, revenue, realtime, reports, saved, performance, annotations, replays, export, misc,
)  # fmt: skip
ROUTES: Final[tuple[Route, ...]] = tuple(chain.from_iterable(area.ROUTES for area in AREAS))
