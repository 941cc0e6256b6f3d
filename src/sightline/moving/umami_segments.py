"""Umami's segments and cohorts as ours; what cannot be said here is named, never left out of a segment silently."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from sightline.accounts.callers import operator
from sightline.accounts.permissions import Permission
from sightline.accounts.scopes import scope_for
from sightline.analytics import segments
from sightline.analytics.filters import Match
from sightline.analytics.segments import Definition
from sightline.collect.umami_rows import browser_of, device_of, system_of
from sightline.errors import CallerError
from sightline.moving.umami_source import Source
from sightline.operate.house import House
from sightline.privacy.dictionary import Rules
from sightline.privacy.urls import mask_path

_FIELDS: Final[Mapping[str, str]] = {
    "path": "path", "url": "path", "referrer": "referrer", "title": "title", "query": "query", "os": "os",
    "browser": "browser", "device": "device", "country": "country", "region": "region", "city": "city", "tag": "tag",
    "hostname": "hostname", "host": "hostname", "language": "language", "event": "event", "utmSource": "utm_source",
    "utmMedium": "utm_medium", "utmCampaign": "utm_campaign", "utmContent": "utm_content", "utmTerm": "utm_term",
}  # fmt: skip
_OPERATORS: Final = frozenset({"eq", "neq", "c", "dnc", "re", "nre"})
_WORDS: Final[Mapping[str, Callable[[str], str]]] = {"browser": browser_of, "os": system_of, "device": device_of}
_UNITS: Final[Mapping[str, str]] = {"hour": "h", "day": "d", "week": "w", "month": "mo", "year": "y"}
_THIS: Final[Mapping[str, str]] = {
    "day": "today", "week": "this_week", "month": "this_month", "year": "this_year",
}  # fmt: skip
_SQL: Final = "SELECT type, name, parameters::text AS parameters FROM segment WHERE website_id = $1 ORDER BY name"


class Untold(Exception):
    """Something that our segments cannot say."""


async def move_segments(house: House, source: Source, website: bytes, site: int) -> tuple[int, list[str]]:
    """Take over what is not here yet; return how many are new, and what is said of the others."""
    if not source.has("segment", "parameters"):
        return 0, []
    scope = await scope_for(house.database, operator(), Permission.SITE_CHANGE, site=str(site))
    present = {(one.name, one.definition) for one in await segments.listing(house.database, scope, limit=segments.MOST)}
    rules = (await house.rules.active(site)).rules
    new, notes = 0, []
    for row in await source.rows(_SQL, website):
        try:
            definition = definition_of(rules, row["type"], msgspec.json.decode(row["parameters"]))
            name = row["name"].strip()[:100] or row["type"]
            if (name, definition) not in present:
                await segments.create(house.database, scope, name, definition)
                present.add((name, definition))
                new += 1
        except (Untold, CallerError, msgspec.MsgspecError) as exc:
            notes.append(f"the {row['type']} {row['name']!r} is not taken over: {exc}")
    return new, notes


def definition_of(rules: Rules, kind: str, said: Any) -> Definition:
    """What a segment or cohort says, in our words."""
    if not isinstance(said, Mapping) or kind not in {"segment", "cohort"}:
        raise Untold(f"a {kind} of this form is not known")
    if unknown := sorted(said.keys() - {"filters", "match", "dateRange", "action"}):
        raise Untold(f"what {unknown[0]!r} says is not known")
    filters = tuple(_filter(rules, *one) for one in _filters(said.get("filters") or []))
    match = Match.ANY if said.get("match") == "any" else Match.ALL
    if kind == "segment":
        return Definition(filter=filters, match=match)
    action = said.get("action")
    if not isinstance(action, Mapping) or action.get("type") not in {"path", "url", "event"} or not action.get("value"):
        raise Untold("it does not say what somebody did")
    value = str(action["value"])
    did = f"event:{value}" if action["type"] == "event" else f"path:{mask_path(rules, value)}"
    return Definition(filter=filters, match=match, did=did, **_range(said.get("dateRange") or "all"))


def _filters(said: Any) -> list[tuple[str, str, Any]]:
    """Field, operator, value: as a list of objects, or as an object of texts with the operator before a point."""
    if isinstance(said, Mapping):
        return [(name, *str(value).partition(".")[::2]) for name, value in said.items()]
    if not isinstance(said, list) or not all(isinstance(one, Mapping) for one in said):
        raise Untold("its filters are of a form that is not known")
    return [(one.get("name") or one.get("type") or "", one.get("operator") or one.get("filter") or "eq",
             one.get("value")) for one in said]  # fmt: skip


def _filter(rules: Rules, name: str, how: str, value: Any) -> str:
    field = _FIELDS.get(name)
    if field is None:
        raise Untold(f"there is no filter by {name!r} here")
    if how not in _OPERATORS:
        raise Untold(f"there is no operator {how!r} here")
    values = [str(one) for one in value] if isinstance(value, list) else [str(value)]
    if how in {"eq", "neq"}:
        word = _WORDS.get(field)
        if word is not None:
            values = [word(one) for one in values]
        elif field == "path":
            values = [mask_path(rules, one) for one in values]
    return msgspec.json.encode([field, how, values if len(values) > 1 else values[0]]).decode()


def _range(said: Any) -> dict[str, str]:
    text = said.get("value") if isinstance(said, Mapping) else said
    if text == "all":
        return {"range": "all"}
    if isinstance(text, str) and text.startswith("range:"):
        _, start, end = text.split(":")
        return {"start": start, "end": end}
    for unit, letter in _UNITS.items():
        if isinstance(text, str) and text.endswith(unit) and text.removesuffix(unit).isdigit():
            count = int(text.removesuffix(unit))
            return {"range": f"{count}{letter}" if count else _THIS.get(unit, "24h")}
    raise Untold(f"the range {text!r} is not known")
