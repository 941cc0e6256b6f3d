"""A selection: which events a report is about. Every report takes one, so every filter works on every report."""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from sightline.accounts.scopes import Scope
from sightline.analytics.binding import Bound, Value
from sightline.analytics.fields import OF_THE_VISIT
from sightline.analytics.filters import Where, check_text, condition
from sightline.analytics.period import Bounds, Period
from sightline.errors import InvalidValue, NotFound
from sightline.privacy.echo import shown


class Kind(StrEnum):
    """What a step is about."""

    PATH = "path"
    EVENT = "event"


class Place(StrEnum):
    """Where in the text the step's text stands; `*` at an end of it leaves that end open."""

    WHOLE = "whole"
    START = "start"
    END = "end"
    ANYWHERE = "anywhere"
    ALL = "all"


class Step(Struct, frozen=True):
    """Something that a visitor does: sees a page or triggers an event, with certain properties if wanted."""

    kind: Kind
    place: Place
    text: Bound
    where: Where = Where()


class Cohort(Struct, frozen=True):
    """The visitors who did something within some period."""

    step: Step
    bounds: Bounds
    where: Where = Where()


class Selection(Struct, frozen=True):
    """Events of these sites in a period that all of `wheres` let through, of visitors who are in all cohorts."""

    sites: tuple[Bound, ...]
    bounds: Bounds
    wheres: tuple[Where, ...] = ()
    cohorts: tuple[Cohort, ...] = ()
    exclude_bounces: bool = False


def sites_of(scope: Scope) -> tuple[Value, ...]:
    """The sites of a scope; nothing else may say which sites a report reads."""
    if not scope.sites:
        raise NotFound("there is no site to report on", hint="Add one first: `sightline site add`.")
    return tuple(Value(site) for site in sorted(scope.sites))


def selection(
    scope: Scope,
    over: Period,
    *,
    wheres: tuple[Where, ...] = (),
    cohorts: tuple[Cohort, ...] = (),
    exclude_bounces: bool = False,
) -> Selection:
    kept = tuple(where for where in wheres if where.conditions)
    return Selection(sites_of(scope), over.bounds, kept, cohorts, exclude_bounces)


def steps(texts: tuple[str, ...], *, where: str = "step") -> tuple[Step, ...]:
    return tuple(step(text, where=where) for text in texts)


def step(text: str, *, where: str = "step") -> Step:
    """Read a step: `path:/pricing`, `path:/docs/*`, `event:sign-up`, or one with filters as a JSON list.

    `["event:buy", "property:plan:eq:pro", "country:eq:NL"]` holds the step and the filters that it has to pass.
    """
    filters: list[str] = []
    if text.startswith("["):
        try:
            text, *filters = msgspec.json.decode(text, type=Annotated[list[str], Meta(min_length=1, max_length=20)])
        except msgspec.MsgspecError as exc:
            raise InvalidValue(f"{shown(text[:100])} is no step: {exc}", field=where) from None
    found = [condition(one) for one in filters]
    if any(one.field in OF_THE_VISIT for one in found):
        raise InvalidValue("a step's filters are about its event, not its visit's entry or exit", field=where)
    kind, colon, content = check_text(text, where).partition(":")
    if not colon or not content or kind not in list(Kind):
        raise InvalidValue(
            f"{shown(text[:100])} is no step", field=where, hint="Write path:/pricing, path:/docs/* or event:sign-up."
        )
    opened, closed = not content.startswith("*"), not content.endswith("*")
    bare = content.strip("*")
    if not bare:
        place = Place.ALL
    else:
        place = {(True, True): Place.WHOLE, (True, False): Place.START, (False, True): Place.END}.get(
            (opened, closed), Place.ANYWHERE
        )
        bare = content[0 if opened else 1 : None if closed else -1]
    return Step(Kind(kind), place, Value(bare), Where(tuple(found)))
