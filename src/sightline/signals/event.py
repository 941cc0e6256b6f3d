"""The kind `event`: a page view, a custom event, a hit of a link or a pixel, or an `identify`."""

from enum import IntEnum
from typing import Final

from sightline.signals.kind import Integer, Json, Maybe, Path, Query, Signal, Small, Text, Word, declare

# Money is counted in ten-thousandths, so that sums are exact in every engine.
REVENUE_SCALE: Final = 10_000


class EventType(IntEnum):
    """What happened; the numbers are stored."""

    PAGE = 1
    CUSTOM = 2
    LINK = 3
    PIXEL = 4
    IDENTIFY = 6
    ENGAGEMENT = 7  # how long a page was in front and used; no happening of its own


class Event(Signal, frozen=True, kw_only=True, gc=False):
    """One event with everything that reports ask about it, so that no report joins. An absent text is empty."""

    revenue: Maybe = None  # in ten-thousandths; None when nothing was bought
    engagement_ms: Integer = 0
    type: Small = EventType.PAGE
    hostname: Text = ""
    path: Path = ""
    query: Query = ""
    title: Text = ""
    referrer_domain: Text = ""
    referrer_path: Path = ""
    utm_source: Text = ""
    utm_medium: Text = ""
    utm_campaign: Text = ""
    utm_content: Text = ""
    utm_term: Text = ""
    click: Word = ""  # which click id came with the address: gclid, fbclid, msclkid, ttclid, li_fat_id, twclid
    click_id: Text = ""
    channel: Word = ""
    name: Text = ""
    properties: Json = ""
    currency: Word = ""
    tag: Text = ""
    browser: Word = ""
    os: Word = ""
    device: Word = ""
    screen: Word = ""
    language: Word = ""
    country: Word = ""
    region: Word = ""
    city: Word = ""


EVENT: Final = declare("event", Event)
