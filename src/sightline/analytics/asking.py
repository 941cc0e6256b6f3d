"""What every report is asked with, and the asker that turns it into questions for an engine."""

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Protocol, TypeVar

from msgspec import Meta, Struct

from sightline import clock
from sightline.accounts.scopes import Scope
from sightline.analytics.binding import Value
from sightline.analytics.filters import Match, Where, where
from sightline.analytics.period import Compare, Period, period, zone_info
from sightline.analytics.selection import Cohort, Selection, selection
from sightline.errors import InvalidValue, NotFound
from sightline.privacy.echo import shown

Text = Annotated[str, Meta(max_length=4000)]
Short = Annotated[str, Meta(max_length=200)]


P = TypeVar("P", bound="Params")


class Ranged(Struct, kw_only=True, forbid_unknown_fields=True):
    """The period of a report."""

    range: Annotated[
        Short, Meta(description="today, yesterday, 24h, 7d, 30d, 12w, 6mo, this_month, last_year, all …")
    ] = "30d"
    start: Annotated[Short | None, Meta(description="Instead of `range`: 2026-01-01, a moment, or milliseconds.")] = (
        None
    )
    end: Annotated[Short | None, Meta(description="The end; a date's whole day is included.")] = None
    zone: Annotated[Short | None, Meta(description="Another time zone than the site's.")] = None


class Params(Ranged, kw_only=True):
    """What every report about what visitors did takes."""

    filter: Annotated[
        tuple[Text, ...],
        Meta(max_length=30, description="field:operator:value, as country:eq:NL or path:c:/shop; several are joined."),
    ] = ()
    match: Annotated[Match, Meta(description="Whether all filters have to hold, or any.")] = Match.ALL
    segment: Annotated[
        tuple[Text, ...], Meta(max_length=5, description="Saved segments and cohorts, by id; all have to hold.")
    ] = ()
    exclude_bounces: Annotated[bool, Meta(description="Leave out visits with exactly one view.")] = False


class ComparingParams(Params, kw_only=True):
    """What reports take that stand beside another period."""

    compare: Annotated[
        Compare, Meta(description="Beside the stretch before, the same a year earlier, or `compare_start` to its end.")
    ] = Compare.PREVIOUS
    compare_start: Annotated[Short | None, Meta(description="With compare=custom: from this day or moment.")] = None
    compare_end: Annotated[Short | None, Meta(description="With compare=custom: to this day, included.")] = None
    match_weekday: Annotated[
        bool, Meta(description="Move what it is compared with to begin on the same day of the week.")
    ] = False


def alike(kind: type[P], params: Params, **fields: Any) -> P:
    """Parameters of another report that say the same of range, filters and segments."""
    return kind(**{**{name: getattr(params, name) for name in Params.__struct_fields__}, **fields})


class Cursor:
    """Where a list goes on: the numbers by which the last row stands in its order."""

    @staticmethod
    def written(*numbers: int) -> str:
        return base64.urlsafe_b64encode(b"".join(number.to_bytes(8, "big", signed=True) for number in numbers)).decode()

    @staticmethod
    def read(text: str | None, count: int) -> tuple[Value, ...]:
        if text is None:
            return ()
        try:
            data = base64.b64decode(text, altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            data = b""
        if len(data) != 8 * count:
            raise InvalidValue("this cursor is none of ours", field="cursor", hint="Take `next` of the page before.")
        return tuple(Value(int.from_bytes(data[at : at + 8], "big", signed=True)) for at in range(0, len(data), 8))


class Saved(Struct, frozen=True):
    """What a saved segment or cohort narrows a report to."""

    where: Where = Where()
    cohort: Cohort | None = None


class Asks(Protocol):
    """What answers a question: one of the engines."""

    async def ask(self, build: Callable[[Any], Any], question: Any) -> list[dict[str, Any]]: ...


class Asker:
    """One caller's way to the reports of some sites."""

    def __init__(
        self, engine: Asks, scope: Scope, *, zone: str = "UTC", saved: Mapping[str, Saved] | None = None
    ) -> None:
        self._engine = engine
        self.scope = scope
        self._zone = zone
        self._saved = saved or {}
        self.now_ms = clock.now_ms()

    async def ask(self, build: Callable[[Any], Any], question: Any) -> list[dict[str, Any]]:
        return await self._engine.ask(build, question)

    def period(self, params: Ranged) -> Period:
        zone = params.zone or self._zone
        zone_info(zone)
        return period(params.range, zone=zone, start=params.start, end=params.end, now_ms=self.now_ms)

    def compared(self, params: ComparingParams, over: Period) -> Period | None:
        """What a period is compared with."""
        if params.compare is Compare.CUSTOM:
            if params.compare_start is None or params.compare_end is None:
                raise InvalidValue(
                    "compare=custom needs compare_start and compare_end", field="compare",
                    hint="Write both as dates, or compare with previous or year.",
                )  # fmt: skip
            before: Period | None = period("", zone=over.zone, start=params.compare_start, end=params.compare_end)
        else:
            before = over.compared(params.compare)
        return before.on_weekday_of(over) if before is not None and params.match_weekday else before

    def selection(self, params: Params, over: Period | None = None) -> Selection:
        saved = [self._segment(reference) for reference in params.segment]
        return selection(
            self.scope,
            over or self.period(params),
            wheres=(where(params.filter, params.match), *(one.where for one in saved)),
            cohorts=tuple(one.cohort for one in saved if one.cohort),
            exclude_bounces=params.exclude_bounces,
        )

    def _segment(self, reference: str) -> Saved:
        try:
            return self._saved[reference]
        except KeyError:
            raise NotFound(f"there is no segment {shown(reference[:64])} on this site") from None
