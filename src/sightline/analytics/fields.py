"""Dimensions and metrics, each defined once; what is not in these lists raises with the list."""

import re
from enum import StrEnum
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from sightline.analytics.binding import Bound, Value
from sightline.errors import InvalidValue
from sightline.privacy.echo import shown

E = TypeVar("E", bound=StrEnum)

PROPERTY: Final = "property:"
_KEY: Final = re.compile(r"^[^\x00-\x1f\x7f]{1,200}$")


class Dimension(StrEnum):
    """What events are told apart by; each is a text, empty where it is absent."""

    PATH = "path"
    ENTRY = "entry"
    EXIT = "exit"
    HOSTNAME = "hostname"
    QUERY = "query"
    TITLE = "title"
    REFERRER = "referrer"
    REFERRER_PATH = "referrer_path"
    CHANNEL = "channel"
    UTM_SOURCE = "utm_source"
    UTM_MEDIUM = "utm_medium"
    UTM_CAMPAIGN = "utm_campaign"
    UTM_CONTENT = "utm_content"
    UTM_TERM = "utm_term"
    CLICK = "click"
    EVENT = "event"
    TAG = "tag"
    BROWSER = "browser"
    OS = "os"
    DEVICE = "device"
    SCREEN = "screen"
    LANGUAGE = "language"
    COUNTRY = "country"
    REGION = "region"
    CITY = "city"
    CURRENCY = "currency"


# Where the column is not called as the dimension is.
COLUMNS: Final = {Dimension.REFERRER: "referrer_domain", Dimension.EVENT: "name"}
# Of the whole visit: the page it began or ended with.
OF_THE_VISIT: Final = frozenset({Dimension.ENTRY, Dimension.EXIT})
# Most events have none of these, which is no answer to the question; an absent referrer or campaign is one.
ONLY_PRESENT: Final = frozenset({Dimension.ENTRY, Dimension.EXIT, Dimension.EVENT, Dimension.TAG, Dimension.CURRENCY})


class Metric(StrEnum):
    """What is counted."""

    VISITORS = "visitors"
    VISITS = "visits"
    VIEWS = "views"
    EVENTS = "events"
    BOUNCES = "bounces"
    BOUNCE_RATE = "bounce_rate"
    TOTAL_DURATION_MS = "total_duration_ms"
    DURATION_S = "duration_s"
    VIEWS_PER_VISIT = "views_per_visit"
    ENGAGEMENT_MS = "engagement_ms"
    ENGAGEMENT_S = "engagement_s"


MEANINGS: Final = {
    Metric.VISITORS: "Different visitors.",
    Metric.VISITS: "Different visits.",
    Metric.VIEWS: "Pages seen, links and pixels fetched.",
    Metric.EVENTS: "Custom events.",
    Metric.BOUNCES: "Visits with exactly one view, whatever else happened in them.",
    Metric.BOUNCE_RATE: "Bounces per visit, 0 to 1; null without visits.",
    Metric.TOTAL_DURATION_MS: "From the first view of each visit to its last, summed.",
    Metric.DURATION_S: "The same per visit, in seconds; null without visits.",
    Metric.VIEWS_PER_VISIT: "Views per visit; null without visits.",
    Metric.ENGAGEMENT_MS: "Time with the page in front of somebody who does something, summed.",
    Metric.ENGAGEMENT_S: "The same per visit, in seconds; null without visits.",
}
# Known only when the whole visit is looked at.
OF_WHOLE_VISITS: Final = frozenset(
    {Metric.BOUNCES, Metric.BOUNCE_RATE, Metric.TOTAL_DURATION_MS, Metric.DURATION_S}
)  # fmt: skip


class Property(Struct, frozen=True):
    """A property of custom events, as a dimension; its key is a bound value like any other."""

    key: Bound


class VitalField(StrEnum):
    """What Web Vitals are told apart by; a page's path is that of its template, since ids in it are masked."""

    PATH = "path"
    HOSTNAME = "hostname"
    DEVICE = "device"
    BROWSER = "browser"
    OS = "os"
    COUNTRY = "country"
    RELEASE = "release"
    ENVIRONMENT = "environment"
    NAVIGATION = "navigation"
    ELEMENT = "element"


Field = Dimension | VitalField | Property


def vital_field(text: str, *, where: str = "dimension") -> VitalField:
    return choice(VitalField, text, where=where)


def field(text: str, *, where: str = "dimension") -> Field:
    """Read a dimension, or `property:KEY`."""
    if text.startswith(PROPERTY):
        return Property(Value(property_pattern(text.removeprefix(PROPERTY), where=where)))
    return choice(Dimension, text, where=where, more=f"{PROPERTY}KEY")


def metric(text: str) -> Metric:
    return choice(Metric, text, where="metric")


def choice(kind: type[E], text: str, *, where: str, more: str = "") -> E:
    try:
        return kind(text)
    except ValueError:
        known = [*kind, more] if more else list(kind)
        raise InvalidValue(
            f"there is no {where} {shown(text[:100])}", field=where, hint=f"There are {', '.join(known)}."
        ) from None


def property_pattern(key: str, *, where: str = "property") -> str:
    """The regular expression that finds a property's value in the stored JSON: see `properties`."""
    if not _KEY.match(key):
        raise InvalidValue(
            f"{shown(key[:100])} is no name of a property", field=where, hint="It has 1 to 200 characters."
        )
    encoded = msgspec.json.encode(key).decode()
    return "[{,]" + re.sub(r"([.^$*+?()\[\]{}|\\])", r"\\\1", encoded) + r':("(?:[^"\\]|\\.)*"|[^,}"]+)'
