"""The made-up visits of past days as signals, through the steps that every hit goes through, and into the journal.

No protocol can say all of it: a browser's batch is never older than a day, and where somebody was only a trusted proxy
can tell. So this does as an import does: it makes the hits, lets the collectors' own steps classify and mask them, and
appends what comes of it, by batches that are stored once.
"""

import asyncio
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from sightline import clock
from sightline.accounts.watched import Watched
from sightline.collect import channels, policy
from sightline.collect.agents import Agents
from sightline.collect.hits import Hit, Sender, What
from sightline.collect.networks import Networks
from sightline.collect.pages import Reader
from sightline.collect.places import Places
from sightline.collect.policy import Case, Tools
from sightline.collect.rates import Rates
from sightline.health.failures import Failure
from sightline.health.fingerprints import key_of
from sightline.health.vitals import Vital
from sightline.operate.demo import backend
from sightline.operate.demo.site import DemoSite
from sightline.operate.demo.story import Act, Fault, Known, Measured, Spent, Step, View, Visit
from sightline.operate.house import House
from sightline.operate.made_logs import made as made_of_lines
from sightline.privacy import pseudonyms
from sightline.privacy.structures import mask_exception
from sightline.signals.event import EventType
from sightline.signals.journal import Batch, Journal
from sightline.signals.kind import Signal
from sightline.signals.ratings import rating
from sightline.signals.rules import Active

HOST: Final = "shop.example"
_AT_ONCE: Final = 50  # visits in a batch
_COMMIT_S: Final = 60
_POSITIVE: Final = 2**63 - 1
_PUTS: Final = (
    policy.put_agent, policy.put_place, policy.put_page, policy.put_referrer, policy.put_channel, policy.put_texts,
    policy.put_properties,
)  # fmt: skip


class Told(Struct, kw_only=True):
    """What was stored. `before` counts visits that an earlier run had stored."""

    visits: int = 0
    before: int = 0
    signals: int = 0


class Teller:
    """Makes signals of visits, as the rules in force would have let them be stored."""

    def __init__(self, site: DemoSite, active: Active, name: str, person: pseudonyms.MacKey) -> None:
        self._site = Watched(id=site.id, tenant_id=site.tenant, domains=())
        self._rules = active.number
        self._reader = Reader(active.rules)
        self._name = name
        self._person = person
        nowhere = Networks((), setting="")
        self._tools = Tools(
            agents=Agents(), places=Places(), channels=channels.table(), own_addresses=nowhere, data_centres=nowhere,
            spam=frozenset(), rates=Rates(1),
        )  # fmt: skip

    def signals(self, visit: Visit, number: int) -> Iterator[Signal]:
        """The signals of one visit; `number` tells it from the others of the same run."""
        visitor, person, page, channel = self._id("visitor", visit.person), None, 0, ""
        for step in visit.steps:
            if isinstance(step, View):
                page += 1
            if isinstance(step, Known):
                person = pseudonyms.person(self._person, str(self._site.tenant_id), step.person)
            case = self._case(visit, step, visitor)
            channel = policy.came(case) or channel
            case.channel = channel or case.channel
            yield self._signal(case, visit, step, self._id("visit", number), person, f"{number:08x}-{page:03}")

    def lines(self, numbered: Sequence[tuple[int, Visit]]) -> list[Signal]:
        """What the shop's functions wrote during these visits, as their deliveries are decoded and masked."""
        visits = {self._id("visit", number): visit for number, visit in numbered}
        found: list[Signal] = []
        for payload in backend.payloads(self._name, visits):
            decoded = made_of_lines(self._reader.rules, self._rules, self._site.id, payload, clock.now_ms())
            found += [self._of_visitor(signal, visits) for part in decoded.parts for signal in part.signals]
        return found

    def _of_visitor(self, signal: Signal, visits: Mapping[int, Visit]) -> Signal:
        """With the visitor and person of its visit, as a line gets them that arrives while the visit is open."""
        visit = visits.get(signal.visit)
        if visit is None:
            return signal
        known = [step.person for step in visit.steps if isinstance(step, Known)]
        person = pseudonyms.person(self._person, str(self._site.tenant_id), known[-1]) if known else None
        return msgspec.structs.replace(signal, visitor=self._id("visitor", visit.person), person=person)

    def _id(self, what: str, number: int) -> int:
        digest = hashlib.blake2b(f"{self._name}/{what}/{number}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") & _POSITIVE or 1

    def _case(self, visit: Visit, step: Step, visitor: int) -> Case:
        address = f"https://{HOST}"
        referrer = ""
        if isinstance(step, View):
            referrer = step.referrer if "://" in step.referrer or not step.referrer else address + step.referrer
        hit = Hit(
            What.IDENTIFY if isinstance(step, Known) else What.EVENT, "", hostname=HOST, url=address + step.url,
            referrer=referrer, title=step.title, screen=visit.device.screen, language=visit.home.language,
            name=step.name if isinstance(step, Act) else "",
            data=msgspec.json.encode(step.properties) if isinstance(step, Act) else b"",
        )  # fmt: skip
        at_ms = visit.began_ms + step.at_ms
        sender = Sender(agent=visit.device.agent, near=visit.home.near)
        case = Case(hit, sender, self._site, self._reader, self._rules, b"", at_ms, at_ms, visitor=visitor)
        for put in _PUTS:
            put(case, self._tools)
        return case

    def _signal(  # noqa: PLR0913, PLR0917 - a step and where it belongs
        self, case: Case, visit: Visit, step: Step, number: int, person: int | None, page: str
    ) -> Signal:
        match step:
            case Measured():
                return self._vital(case, visit, step, number, person, page)
            case Fault():
                return self._failure(case, visit, step, number, person, page)
            case Spent():
                return msgspec.structs.replace(
                    policy.event(case, number, person), type=EventType.ENGAGEMENT, engagement_ms=step.ms,
                    properties=f'{{"scroll":{step.scroll}}}',
                )  # fmt: skip
            case _:
                return policy.event(case, number, person)

    def _vital(  # noqa: PLR0913, PLR0917 - as above
        self, case: Case, visit: Visit, step: Measured, number: int, person: int | None, page: str
    ) -> Vital:
        return Vital(
            site=case.site.id, created_ms=case.at_ms, visitor=case.visitor, visit=number, person=person,
            rules=case.rules, value=step.value, viewport=int(visit.device.screen.partition("x")[0]),
            metric=step.metric, rating=rating(step.metric, step.value), navigation="navigate", page=page,
            hostname=HOST, path=case.page.path, element=step.element,
            detail=msgspec.json.encode(step.detail).decode() if step.detail else "", release=visit.release,
            environment="production", browser=case.agent.browser, os=case.agent.os, device=case.agent.device,
            country=case.place.country,
        )  # fmt: skip

    def _failure(  # noqa: PLR0913, PLR0917 - as above
        self, case: Case, visit: Visit, step: Fault, number: int, person: int | None, page: str
    ) -> Failure:
        message, stack = mask_exception(self._reader.rules, step.message, step.stack)
        return Failure(
            site=case.site.id, created_ms=case.at_ms, visitor=case.visitor, visit=number, person=person,
            rules=case.rules, handled=step.handled, source=step.source, page=page, name=step.name, message=message,
            stack=stack, fingerprint=key_of(step.name, message, step.source, stack), hostname=HOST,
            path=case.page.path, release=visit.release, environment="production",
            browser=case.agent.browser, os=case.agent.os, device=case.agent.device, country=case.place.country,
        )  # fmt: skip


async def store(house: House, site: DemoSite, name: str, made: Sequence[Visit], watch: Callable[[int], None]) -> Told:
    """Store visits under a name: visits that were stored under it within two days are not stored again."""
    told = Told()
    teller = Teller(
        site, await house.rules.active(site.id), f"{site.id}/{name}", await house.keys.hmac_key(site.tenant, "person")
    )
    settings = msgspec.structs.replace(house.settings.signals, gather_ms=0, commit_timeout_s=_COMMIT_S)
    journal = Journal(house.direct, settings)
    await journal.start()
    try:
        for first in range(0, len(made), _AT_ONCE):
            part = made[first : first + _AT_ONCE]
            signals = [one for number, visit in enumerate(part, first) for one in teller.signals(visit, number)]
            if await journal.append(Batch(signals=signals, key=f"demo/{site.id}/{name}/{first}")):
                lines = await asyncio.to_thread(teller.lines, list(enumerate(part, first)))
                await journal.append(Batch(signals=lines, key=f"demo/{site.id}/{name}/{first}/lines"))
                signals += lines
                told.visits += len(part)
                told.signals += len(signals)
            else:
                told.before += len(part)
            watch(first + len(part))
    finally:
        await journal.close()
    return told
