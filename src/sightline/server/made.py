"""From a judged hit to the signals that are stored: an event, or what floor 4 declares for what pages go through."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from sightline.collect import limits, own, policy
from sightline.collect.hits import What
from sightline.collect.policy import Case
from sightline.health import vitals
from sightline.health.failures import SOURCES, Failure
from sightline.health.fingerprints import key_of
from sightline.health.vitals import Vital
from sightline.privacy.structures import clean_text, mask_exception, mask_json_text
from sightline.signals.event import EventType
from sightline.signals.kind import Signal
from sightline.signals.ratings import rating

Make = Callable[[Case, int, int | None], Sequence[Signal]]

_SELECTOR: Final = 200
_DETAIL: Final = 4_000
_MESSAGE: Final = 1_000
_STACK: Final = 16_000
_CONTEXT: Final = 16_000
_MOST_ENGAGED_MS: Final = 24 * 3600 * 1000


def signals_of(case: Case, visit: int, person: int | None) -> Sequence[Signal]:
    """What a hit of any protocol says."""
    if case.hit.what is not What.VITALS:
        return [policy.event(case, visit, person)]
    return [_vital(case, visit, person, name, value) for name, value in case.hit.measured]


def of_item(batch: own.Batch, item: own.Item) -> Make:
    """What an item of our own protocol says."""
    match item:
        case own.Measured():
            return lambda case, visit, person: _measured(case, visit, person, batch, item)
        case own.Failed():
            return lambda case, visit, person: [_failure(case, visit, person, batch, item)]
        case own.Spent():
            return lambda case, visit, person: [_engagement(case, visit, person, item)]
        case _:
            return signals_of


def _engagement(case: Case, visit: int, person: int | None, item: own.Spent) -> Signal:
    return msgspec.structs.replace(
        policy.event(case, visit, person),
        type=EventType.ENGAGEMENT,
        engagement_ms=max(0, min(item.ms, _MOST_ENGAGED_MS)),
        properties=f'{{"scroll":{max(0, min(item.scroll, 100))}}}',
    )


def _vital(case: Case, visit: int, person: int | None, metric: str, value: float) -> Vital:
    page, agent = case.page, case.agent
    return Vital(
        **_common(case, visit, person), value=value, metric=metric, rating=rating(metric, value),
        hostname=page.hostname, path=page.path, browser=agent.browser, os=agent.os, device=agent.device,
        country=case.place.country,
    )  # fmt: skip


def _measured(case: Case, visit: int, person: int | None, batch: own.Batch, item: own.Measured) -> list[Vital]:
    rules = case.reader.rules
    return [
        msgspec.structs.replace(
            _vital(case, visit, person, name, value),
            viewport=batch.viewport,
            navigation=item.nav if item.nav in vitals.NAVIGATIONS else "",
            page=item.page,
            element=_text(case, item.el, _SELECTOR, "element"),
            detail=_json(rules, bytes(item.detail), _DETAIL),
            release=clean_text(rules, batch.release),
            environment=clean_text(rules, batch.environment),
        )
        for name, value in case.hit.measured
    ]


def _failure(case: Case, visit: int, person: int | None, batch: own.Batch, item: own.Failed) -> Failure:
    rules, page, agent = case.reader.rules, case.page, case.agent
    message, stack = mask_exception(rules, item.msg[: 4 * _MESSAGE], item.stack[:_STACK])
    name, message, stack = _text(case, item.name, limits.NAME, "name"), message[:_MESSAGE], _storable(stack)
    source = item.src if item.src in SOURCES else "error"
    return Failure(
        **_common(case, visit, person),
        fingerprint=key_of(name, message, source, stack),
        count=max(1, min(item.n, 1_000_000)),
        handled=item.handled,
        source=source,
        page=item.page,
        name=name,
        message=message,
        stack=stack,
        component=_storable(mask_exception(rules, "", item.comp[:_STACK])[1]),
        context=_json(rules, bytes(item.ctx), _CONTEXT),
        breadcrumbs=_json(rules, bytes(item.crumbs), _CONTEXT),
        hostname=page.hostname, path=page.path,
        release=clean_text(rules, batch.release), environment=clean_text(rules, batch.environment),
        browser=agent.browser, os=agent.os, device=agent.device, country=case.place.country,
    )  # fmt: skip


def _common(case: Case, visit: int, person: int | None) -> dict[str, Any]:
    return {
        "site": case.site.id, "created_ms": case.at_ms, "visitor": case.visitor, "visit": visit, "person": person,
        "rules": case.rules,
    }  # fmt: skip


def _text(case: Case, text: str, most: int, name: str) -> str:
    """Masked, then cut."""
    if not text:
        return ""
    masked, over = case.reader.text(text, most)
    if over:
        case.note(name)
    return masked


def _json(rules: Any, data: bytes, most: int) -> str:
    """JSON, masked; too long a document says less than none."""
    if not data or data == b"null" or len(data) > most:
        return ""
    return _storable(mask_json_text(rules, data).decode())


def _storable(text: str) -> str:
    """PostgreSQL stores no NUL, and UTF-8 has no lone surrogates."""
    if "\0" in text:
        text = text.replace("\0", " ")
    return text.encode("utf-8", "replace").decode()
