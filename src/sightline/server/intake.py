"""What stands behind the collecting routes: one hit is judged, given its visit, and committed with others.

Everything that a hit of a known visitor on a known site needs is in memory; the group commit is all it waits for.
"""

import asyncio
import ipaddress
from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Struct

from sightline import clock, metrics
from sightline.accounts import api_keys
from sightline.accounts.callers import Caller
from sightline.accounts.permissions import Permission
from sightline.accounts.watched import Watched, WatchedSites
from sightline.collect import channels, places, policy, spam, tokens
from sightline.collect.agents import Agents
from sightline.collect.hits import NO_CLAIMS, Claims, Hit, Malformed, Sender, What
from sightline.collect.networks import Networks
from sightline.collect.pages import Reader
from sightline.collect.policy import KEPT, Case, Reason, Tools
from sightline.collect.rates import Rates
from sightline.errors import NotAllowed, NotSignedIn, Unavailable
from sightline.keys.held import HmacKey
from sightline.operate.house import House
from sightline.privacy import pseudonyms
from sightline.privacy.memo import Memo
from sightline.server.lines import Lines
from sightline.server.made import Make, signals_of
from sightline.settings import CollectSettings
from sightline.signals.journal import Batch, Beside, Journal
from sightline.signals.kind import Signal
from sightline.signals.open_visits import VISIT_GAP_MS, OpenVisit, OpenVisits
from sightline.signals.open_visits import Hit as Visited
from sightline.signals.quarantine import Quarantine
from sightline.signals.rules import Active
from sightline.signals.salts import Salt, Salts

_MINUTE_MS: Final = 60_000
_DAY_MS: Final = 24 * 3600 * 1000
_OLDEST_MS: Final = 10 * 366 * _DAY_MS
_AHEAD_MS: Final = 60 * 60_000
_KEY_FRESH_MS: Final = 10_000
_ABOUT_MS: Final = 10_000
_SITES: Final = 10_000
_READERS: Final = 16  # states of the rules whose pages are remembered at the same time
_POSITIVE: Final = 2**63 - 1
_EVENTS: Final = frozenset({What.EVENT, What.LINK, What.PIXEL, What.IDENTIFY})  # what a quarantine can let in later


class Outcome(Struct, gc=False):
    """What became of one hit: a signal to be committed, or the reason why there is none."""

    signal: Signal | None = None
    more: Sequence[Signal] = ()  # what else the hit says
    touched: OpenVisit | None = None
    about: "_About | None" = None
    reason: Reason | None = None
    ignored: str = ""
    cut: tuple[str, ...] = ()
    document: int | None = None  # which load of a page the token of the hit is of


class _About(Struct, frozen=True):
    """What the hits of one site have in common, for some seconds."""

    site: Watched
    active: Active
    epoch: int
    reader: Reader
    salt: Salt
    visitors: pseudonyms.Visitors
    token_key: HmacKey
    person_key: HmacKey
    since_ms: int
    until_ms: int


# What was found out about the sender of a request, by site.
Judged = dict[int, tuple[Case, Reason | None]]


class UnknownTarget(Malformed):
    """There is no such site, link or pixel."""


class Intake:
    """The collecting of one process, whatever the protocol."""

    def __init__(self, house: House, journal: Journal) -> None:
        settings = house.settings.collect
        self.sites = WatchedSites(house.database)
        self.visits = OpenVisits(house.database)
        self.quarantine = Quarantine(house.database, rows_per_day=settings.quarantine_rows)
        self.tools = tools(settings)
        self.lines = Lines.wanted(house.settings.health)
        self._house = house
        self._journal = journal
        self._salts = Salts(house.database)
        self._abouts: dict[int, _About] = {}
        self._callers: Memo[str, tuple[int, Caller]] = Memo(256)
        self._readers: dict[int, Reader] = {}

    async def storing(self) -> str:
        """What is told of the journal: since when nothing can be stored, if that is so."""
        if self._journal.full_ms:
            since = clock.from_ms(self._journal.full_ms)
            raise Unavailable(
                f"full since {since:%Y-%m-%d %H:%M:%S} UTC: PostgreSQL's disk has no room, and nothing is stored",
                hint="Free some space; senders that try again are taken as soon as there is.",
            )
        return "stores what comes"

    async def close(self) -> None:
        if self.lines is not None:
            await self.lines.close()
        await self.quarantine.close()
        await self.sites.close()
        await self.visits.close()

    async def take(  # noqa: PLR0913 - all but two say how, by name
        self,
        hit: Hit,
        sender: Sender,
        judged: Judged | None = None,
        *,
        at_ms: int | None = None,
        make: Make = signals_of,
        quarantined: bool = True,
    ) -> Outcome:
        """Judge one hit; a good one comes back with the signals, made by `make`, that are still to be committed.

        `judged` is what was found out about the sender with the hits of this request that came before. `at_ms` says
        when it happened, where a protocol tells; what is no hit of itself is not `quarantined`.
        """
        site = await self.sites.find(hit.target)
        if site is None:
            raise UnknownTarget("there is no such site", path=("payload", "website"))
        now_ms = clock.now_ms()
        at_ms, ignored = now_ms if at_ms is None else min(at_ms, now_ms), ""
        if hit.claims is not NO_CLAIMS:
            if not sender.key:
                ignored, hit = hit.claims.names(), msgspec.structs.replace(hit, claims=NO_CLAIMS)
            else:
                await self.check_key(sender.key, site, now_ms)
                sender, at_ms = _as_claimed(hit.claims, sender, now_ms)
        about = self._abouts.get(site.id)
        if about is None or not self._holds(about, site, now_ms):
            about = await self._find_out(site, now_ms)
        case, reason = self._judged(hit, sender, about, now_ms, at_ms, judged)
        reason = policy.judge_hit(case, self.tools, reason)
        if reason is not None:
            outcome = self._dropped(case, reason, quarantined=quarantined)
        else:
            outcome = self._accepted(case, about, make) or await self._asked(case, about, make)
        if ignored or case.cut:
            outcome.ignored, outcome.cut = ignored, case.cut
            for name in case.cut:
                metrics.count("ValuesCut", Field=name)
        return outcome

    async def commit(
        self, outcomes: list[Outcome], *, key: str | None = None, size: int = 0, beside: Beside | None = None
    ) -> bool:
        """Commit what is to be stored, all of it or nothing; returns when it is durable: False for a known `key`."""
        signals = [signal for found in outcomes if found.signal is not None for signal in (found.signal, *found.more)]
        if not signals and beside is None:
            return True
        visits = [outcome.touched for outcome in outcomes if outcome.touched is not None]
        batch = Batch(signals=signals, visits=visits, key=key, size=size, beside=beside)
        first = await self._journal.append(batch)
        if first and self.lines is not None:
            self.lines.put(signals)
        return first

    async def token(self, outcome: Outcome) -> str:
        """The token by which the next hit is the same visitor."""
        signal, about = outcome.signal, outcome.about
        if signal is None or about is None:
            return ""
        key = about.token_key
        if not key.is_open:  # put out of memory since, as all are when PostgreSQL was away
            key = await self._house.keys.hmac_key(about.site.tenant_id, "collect token")
        document = tokens.new_document() if outcome.document is None else outcome.document
        token = tokens.Token(signal.visitor, signal.visit, document)
        return tokens.seal(key, signal.site, token, clock.now_ms() // 1000)

    def _judged(  # noqa: PLR0913, PLR0917 - a hit and all that is known of it
        self, hit: Hit, sender: Sender, about: _About, now_ms: int, at_ms: int, judged: Judged | None
    ) -> tuple[Case, Reason | None]:
        """The case of a hit, as far as it is one of its sender."""
        before = judged.get(about.site.id) if judged and hit.claims is NO_CLAIMS else None
        if before is not None and (before[0].agent.browser or not hit.person):
            first, reason = before
            case = Case(
                hit, sender, about.site, about.reader, first.rules, first.salt, now_ms, at_ms, before=first.before,
                visitor=first.visitor, agent=first.agent, place=first.place, document=first.document,
            )  # fmt: skip
        else:
            case = self._case(hit, sender, about, now_ms, at_ms)
            reason = policy.judge_sender(case, self.tools)
            if judged is not None and hit.claims is NO_CLAIMS and (case.agent.browser or not hit.person):
                judged[about.site.id] = case, reason
        if hit.person:
            case.person = pseudonyms.person(about.person_key, str(about.site.tenant_id), hit.person)
        return case, reason

    @staticmethod
    def _case(hit: Hit, sender: Sender, about: _About, now_ms: int, at_ms: int) -> Case:
        site, salt = about.site, about.salt
        case = Case(
            hit, sender, site, about.reader, about.active.number, salt.salt, now_ms, at_ms, before=salt.before,
            names=about.visitors,
        )  # fmt: skip
        if sender.token and (token := tokens.open_token(about.token_key, site.id, sender.token, now_ms // 1000)):
            case.visitor, case.before, case.document = token.visitor, None, token.document
        return case

    def _accepted(self, case: Case, about: _About, make: Make) -> Outcome | None:
        """The outcome of a good hit; None when its visitor is not known here, so that somebody has to ask."""
        if case.before and not self.visits.knows(case.visitor):
            return None
        came = policy.came(case)
        hit = self.visits.hit_known(case.site.id, _key(case), case.at_ms, person=case.person, came=came)
        return _outcome(case, hit, about, make) if hit else None

    async def _asked(self, case: Case, about: _About, make: Make) -> Outcome:
        if case.before and not self.visits.knows(case.visitor):
            # The salt has just changed: a visit that is open under the one before goes on.
            earlier = policy.visitor_of(case, case.before)
            if await self.visits.is_open(earlier, case.at_ms):
                case.visitor = earlier
        came = policy.came(case)
        hit = await self.visits.hit(case.site.id, _key(case), case.at_ms, person=case.person, came=came)
        return _outcome(case, hit, about, make)

    def _dropped(self, case: Case, reason: Reason, *, quarantined: bool) -> Outcome:
        metrics.count("HitsDropped", Reason=reason.value)
        if reason in KEPT and quarantined and case.hit.what in _EVENTS:
            self.quarantine.put(policy.event(case, 0, case.person), reason.value, policy.evidence(case, reason))
        return Outcome(reason=reason)

    async def check_key(
        self, key: str, site: Watched, now_ms: int, permission: Permission = Permission.SITE_SEND
    ) -> None:
        """Refuse who may not speak for others; a key is asked about every few seconds."""
        token = key[7:].strip() if key[:7].lower() == "bearer " else key
        if self._house.inner_keys.allows(token, site.id, permission):
            return
        known = self._callers.get(token, None)
        if known is None or now_ms - known[0] > _KEY_FRESH_MS:
            known = self._callers.put(token, (now_ms, await api_keys.authenticate(self._house.database, token)))
        caller = known[1]
        if not caller.is_known:
            raise NotSignedIn("this API key is wrong, revoked or expired", hint="Send Authorization: Bearer sl_….")
        only = caller.key.site_ids if caller.key else None
        if not caller.holds(permission, site.tenant_id) or (only is not None and site.id not in only):
            raise NotAllowed(hint=f"The API key needs the permission {permission.value} for this site.")

    # ---- what changes seldom ---------------------------------------------------------------------------------------

    def _holds(self, about: _About, site: Watched, now_ms: int) -> bool:
        """Whether it still is what it was: the same site, no other rules, and of this minute."""
        return (
            about.site is site
            and about.epoch == self._house.rules.epoch
            and about.since_ms <= now_ms < about.until_ms
            and about.token_key.is_open
            and about.person_key.is_open
        )  # fmt: skip

    async def _find_out(self, site: Watched, now_ms: int) -> _About:
        house, epoch = self._house, self._house.rules.epoch
        salt = await self._salts.current(site.salt_period, now_ms)
        active = await house.rules.active(site.id)
        token_key, person_key = await asyncio.gather(
            house.keys.hmac_key(site.tenant_id, "collect token"), house.keys.hmac_key(site.tenant_id, "person")
        )
        # Salts change with a minute, like everything that is counted in days.
        until_ms = min(now_ms + _ABOUT_MS, (now_ms // _MINUTE_MS + 1) * _MINUTE_MS)
        about = _About(
            site, active, epoch, self._reader(active), salt, pseudonyms.Visitors(salt.salt, str(site.id)),
            token_key, person_key, now_ms, until_ms,
        )  # fmt: skip
        if len(self._abouts) >= _SITES:
            self._abouts.clear()
        self._abouts[site.id] = about
        return about

    def _reader(self, active: Active) -> Reader:
        """What reads pages under some rules, with all that it remembers of them."""
        found = self._readers.get(active.number)
        if found is None:
            if len(self._readers) >= _READERS:
                self._readers.clear()
            found = self._readers[active.number] = Reader(active.rules)
        return found


def _key(case: Case) -> int:
    """By what the open visit of a hit is found."""
    if case.now_ms - case.at_ms > VISIT_GAP_MS:  # of a past day: it neither ends nor continues the visit of today
        return (case.visitor ^ (case.at_ms // _DAY_MS * 0x9E3779B97F4A7C15)) & _POSITIVE
    return case.visitor


def tools(settings: CollectSettings) -> Tools:
    """What the steps ask, as the settings say; a file that cannot be read stops the start."""
    return Tools(
        agents=Agents(),
        places=places.Places(places.open_file(settings.places_file)),
        channels=channels.table(),
        own_addresses=Networks(settings.own_addresses, setting="collect.own_addresses"),
        data_centres=Networks.of_file(settings.data_centres_file, setting="collect.data_centres_file"),
        spam=spam.domains(),
        rates=Rates(settings.visitor_per_minute),
    )


def _as_claimed(claims: Claims, sender: Sender, now_ms: int) -> tuple[Sender, int]:
    """The sender and the time that a key holder says."""
    at_ms = now_ms
    if claims.at_s is not None:
        at_ms = claims.at_s * 1000
        if not now_ms - _OLDEST_MS <= at_ms <= now_ms + _AHEAD_MS:
            raise Malformed("timestamp is in seconds, within the last ten years", path=("payload", "timestamp"))
    address = claims.address or sender.address
    if claims.address:
        try:
            address = str(ipaddress.ip_address(claims.address))
        except ValueError:
            raise Malformed("ip is no address", path=("payload", "ip")) from None
    changed = msgspec.structs.replace(sender, address=address, agent=claims.agent or sender.agent)
    if claims.address:  # what a proxy said was said of somebody else
        changed.near = ("", "", "")
    return changed, at_ms


def _outcome(case: Case, hit: Visited, about: _About, make: Make) -> Outcome:
    case.channel = hit.channel or case.channel  # what somebody does belongs to the channel by which they came
    first, *more = make(case, hit.visit, hit.person)
    return Outcome(first, more, hit.touched, about, document=case.document)
