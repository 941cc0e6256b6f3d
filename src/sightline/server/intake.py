"""What stands behind the collecting routes: one hit is judged, given its visit, and committed with others.

Everything that a hit of a known visitor on a known site needs is in memory; the group commit is all it waits for.
"""

import asyncio
import ipaddress
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
from sightline.collect.hits import NO_CLAIMS, Claims, Hit, Malformed, Sender
from sightline.collect.networks import Networks
from sightline.collect.pages import Reader
from sightline.collect.policy import KEPT, Case, Reason, Tools
from sightline.collect.rates import Rates
from sightline.errors import NotAllowed, NotSignedIn
from sightline.keys.held import HmacKey
from sightline.operate.house import House
from sightline.privacy import pseudonyms
from sightline.privacy.memo import Memo
from sightline.settings import CollectSettings
from sightline.signals.event import Event
from sightline.signals.journal import Batch, Journal
from sightline.signals.open_visits import VISIT_GAP_MS, OpenVisit, OpenVisits
from sightline.signals.quarantine import Quarantine
from sightline.signals.rules import Active
from sightline.signals.salts import Salt, Salts

_MINUTE_MS: Final = 60_000
_DAY_MS: Final = 24 * 3600 * 1000
_OLDEST_MS: Final = 10 * 366 * _DAY_MS
_AHEAD_MS: Final = 60 * 60_000
_KEY_FRESH_MS: Final = 10_000
_READERS: Final = 16  # states of the rules whose pages are remembered at the same time
_POSITIVE: Final = 2**63 - 1


class Outcome(Struct, gc=False):
    """What became of one hit: a signal to be committed, or the reason why there is none."""

    signal: Event | None = None
    touched: OpenVisit | None = None
    tenant_id: int = 0
    reason: Reason | None = None
    ignored: str = ""
    cut: tuple[str, ...] = ()


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
        self._house = house
        self._journal = journal
        self._salts = Salts(house.database)
        self._salt: dict[str, tuple[int, Salt]] = {}
        self._keys: dict[int, tuple[int, HmacKey, HmacKey]] = {}
        self._callers: Memo[str, tuple[int, Caller]] = Memo(256)
        self._readers: dict[int, Reader] = {}

    async def close(self) -> None:
        await self.quarantine.close()
        await self.sites.close()
        await self.visits.close()

    async def take(self, hit: Hit, sender: Sender) -> Outcome:
        """Judge one hit; a good one comes back with the signal that is still to be committed."""
        site = await self.sites.find(hit.target)
        if site is None:
            raise UnknownTarget("there is no such site", path=("payload", "website"))
        now_ms = clock.now_ms()
        at_ms, ignored = now_ms, ""
        if hit.claims is not NO_CLAIMS:
            if not sender.key:
                ignored, hit = hit.claims.names(), msgspec.structs.replace(hit, claims=NO_CLAIMS)
            else:
                await self._check_key(sender.key, site, now_ms)
                sender, at_ms = _as_claimed(hit.claims, sender, now_ms)
        case = await self._case(hit, sender, site, now_ms, at_ms)
        reason = policy.judge(case, self.tools)
        outcome = await self._accepted(case) if reason is None else self._dropped(case, reason)
        outcome.ignored, outcome.cut = ignored, case.cut
        for name in case.cut:
            metrics.count("ValuesCut", Field=name)
        return outcome

    async def commit(self, outcomes: list[Outcome]) -> None:
        """Commit what is to be stored, all of it or nothing; returns when it is durable."""
        signals = [outcome.signal for outcome in outcomes if outcome.signal is not None]
        if signals:
            visits = [outcome.touched for outcome in outcomes if outcome.touched is not None]
            await self._journal.append(Batch(signals=signals, visits=visits))

    async def token(self, outcome: Outcome) -> str:
        """The token by which the next hit is the same visitor."""
        signal, now_ms = outcome.signal, clock.now_ms()
        if signal is None:
            return ""
        key, _ = await self._tenant_keys(outcome.tenant_id, now_ms)
        return tokens.seal(key, signal.site, signal.visitor, signal.visit, now_ms // 1000)

    async def _case(self, hit: Hit, sender: Sender, site: Watched, now_ms: int, at_ms: int) -> Case:
        salt = await self._current_salt(site.salt_period, now_ms)
        token_key, person_key = await self._tenant_keys(site.tenant_id, now_ms)
        active = await self._house.rules.active(site.id)
        case = Case(hit, sender, site, self._reader(active), active.number, salt.salt, now_ms, at_ms)
        case.before = salt.before
        if sender.token and (token := tokens.open_token(token_key, site.id, sender.token, now_ms // 1000)):
            case.visitor, case.before = token.visitor, None
        if hit.person:
            case.person = pseudonyms.person(person_key, str(site.tenant_id), hit.person)
        return case

    async def _accepted(self, case: Case) -> Outcome:
        site, at_ms = case.site, case.at_ms
        if case.before and not self.visits.knows(case.visitor):
            # The salt has just changed: a visit that is open under the one before goes on.
            earlier = policy.visitor_of(case, case.before)
            if await self.visits.is_open(earlier, at_ms):
                case.visitor = earlier
        key = case.visitor
        if case.now_ms - at_ms > VISIT_GAP_MS:  # of a past day: it neither ends nor continues the visit of today
            key = (key ^ (at_ms // _DAY_MS * 0x9E3779B97F4A7C15)) & _POSITIVE
        visit = await self.visits.hit(site.id, key, at_ms, person=case.person)
        return Outcome(policy.event(case, visit.visit, visit.person), visit.touched, site.tenant_id)

    def _dropped(self, case: Case, reason: Reason) -> Outcome:
        metrics.count("HitsDropped", Reason=reason.value)
        if reason in KEPT:
            self.quarantine.put(policy.event(case, 0, case.person), reason.value, policy.evidence(case, reason))
        return Outcome(reason=reason)

    async def _check_key(self, key: str, site: Watched, now_ms: int) -> None:
        """Refuse who may not speak for others; a key is asked about every few seconds."""
        token = key[7:].strip() if key[:7].lower() == "bearer " else key
        known = self._callers.get(token, None)
        if known is None or now_ms - known[0] > _KEY_FRESH_MS:
            known = self._callers.put(token, (now_ms, await api_keys.authenticate(self._house.database, token)))
        caller = known[1]
        if not caller.is_known:
            raise NotSignedIn("this API key is wrong, revoked or expired", hint="Send Authorization: Bearer sl_….")
        only = caller.key.site_ids if caller.key else None
        if not caller.holds(Permission.SITE_SEND, site.tenant_id) or (only is not None and site.id not in only):
            raise NotAllowed(hint="The API key needs the permission site:send for this site.")

    # ---- what changes seldom ---------------------------------------------------------------------------------------

    async def _current_salt(self, period: pseudonyms.Period, now_ms: int) -> Salt:
        known = self._salt.get(period)
        minute = now_ms // _MINUTE_MS
        if known is not None and known[0] == minute:
            return known[1]
        salt = await self._salts.current(period, now_ms)
        self._salt[period] = minute, salt
        return salt

    async def _tenant_keys(self, tenant_id: int, now_ms: int) -> tuple[HmacKey, HmacKey]:
        """The tenant's keys for tokens and for persons, asked for again every minute."""
        known = self._keys.get(tenant_id)
        minute = now_ms // _MINUTE_MS
        if known is not None and known[0] == minute:
            return known[1], known[2]
        ring = self._house.keys
        token, person = await asyncio.gather(
            ring.hmac_key(tenant_id, "collect token"), ring.hmac_key(tenant_id, "person")
        )
        self._keys[tenant_id] = minute, token, person
        return token, person

    def _reader(self, active: Active) -> Reader:
        """What reads pages under some rules, with all that it remembers of them."""
        found = self._readers.get(active.number)
        if found is None:
            if len(self._readers) >= _READERS:
                self._readers.clear()
            found = self._readers[active.number] = Reader(active.rules)
        return found


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
