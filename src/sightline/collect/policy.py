"""What happens to a hit, in this order and nowhere else: `STEPS`.

A `drop_` step returns why a hit is dropped, or nothing; a `put_` step adds what the stored signal needs. The first drop
decides. Steps do no I/O: what they ask is in memory, and passed in. What follows them, in `server/collecting`, is the
visit and the journal; or, for reasons that somebody may want to look at, the quarantine.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Final

from msgspec import Struct

from sightline.accounts.watched import Watched
from sightline.collect import limits, properties
from sightline.collect.agents import Agent, Agents
from sightline.collect.channels import Table
from sightline.collect.hits import Hit, Sender, What
from sightline.collect.networks import Networks
from sightline.collect.pages import Page, Reader, Referrer
from sightline.collect.places import Place, Places
from sightline.collect.properties import Properties
from sightline.collect.rates import Rates
from sightline.privacy import consent, pseudonyms
from sightline.signals.event import Event, EventType


class Reason(StrEnum):
    """Why a hit was dropped. The value stands in the answer's header, the counter and the quarantine."""

    # Never kept: who does not want to be measured is not measured in a quarantine either.
    SITE_OFF = "site_off"
    CONSENT = "consent"
    GPC = "gpc"
    DNT = "dnt"
    VITALS = "vitals"
    RATE = "rate"
    # Kept for some days, to be looked at.
    OWN_ADDRESS = "own_address"
    NO_AGENT = "no_agent"
    HEADLESS = "headless"
    BOT = "bot"
    DATA_CENTRE = "data_centre"
    HOSTNAME = "hostname"
    SPAM = "spam"


KEPT: Final = frozenset(
    {Reason.OWN_ADDRESS, Reason.NO_AGENT, Reason.HEADLESS, Reason.BOT, Reason.DATA_CENTRE, Reason.HOSTNAME, Reason.SPAM}
)
_NO_SIGNALS: Final[dict[str, str]] = {}


class Tools(Struct, frozen=True):
    """What the steps ask."""

    agents: Agents
    places: Places
    channels: Table
    own_addresses: Networks
    data_centres: Networks
    spam: frozenset[str]
    rates: Rates


class Case(Struct, gc=False):
    """A hit on its way through the steps."""

    hit: Hit
    sender: Sender
    site: Watched
    reader: Reader
    rules: int
    salt: bytes
    now_ms: int
    at_ms: int  # when it happened; another time than now only where a key holder says so
    before: bytes | None = None  # the salt of the period before, while visits of it may be open
    visitor: int = 0  # known already where a token has said it
    person: int | None = None
    agent: Agent = Agent()
    place: Place = Place()
    page: Page = Page()
    referrer: Referrer = Referrer()
    channel: str = ""
    title: str = ""
    name: str = ""
    tag: str = ""
    properties: Properties = properties.NONE
    cut: tuple[str, ...] = ()

    def note(self, *names: str) -> None:
        """Remember that values were too long."""
        self.cut += names


Step = Callable[[Case, Tools], Reason | None]


# ---- steps ---------------------------------------------------------------------------------------------------------


def drop_without_consent(case: Case, _tools: Tools) -> Reason | None:
    """The site collects nothing, the visitor has not agreed, or their browser says no for them."""
    site, sender = case.site, case.sender
    signals = {"sec-gpc": sender.gpc, "dnt": sender.dnt} if sender.gpc or sender.dnt else _NO_SIGNALS
    allowed = consent.allowed(
        signals, site=site.consent_mode, asks=site.consent_asked, given=sender.consent,
        honour_signals=site.honour_signals,
    )  # fmt: skip
    return None if allowed.analytics else _BECAUSE[allowed.because]


_BECAUSE: Final = {"site": Reason.SITE_OFF, "consent": Reason.CONSENT, "gpc": Reason.GPC, "dnt": Reason.DNT}


def drop_vitals(case: Case, _tools: Tools) -> Reason | None:
    """Web Vitals by Umami's protocol have no kind to be stored as."""
    return Reason.VITALS if case.hit.what is What.VITALS else None


def drop_own_address(case: Case, tools: Tools) -> Reason | None:
    return Reason.OWN_ADDRESS if case.sender.address in tools.own_addresses else None


def put_agent(case: Case, tools: Tools) -> None:
    case.agent = tools.agents(case.sender.agent)


def drop_no_agent(case: Case, _tools: Tools) -> Reason | None:
    return None if case.sender.agent else Reason.NO_AGENT


def drop_headless(case: Case, _tools: Tools) -> Reason | None:
    return Reason.HEADLESS if case.agent.headless else None


def drop_bot(case: Case, _tools: Tools) -> Reason | None:
    return Reason.BOT if case.agent.machine else None


def drop_data_centre(case: Case, tools: Tools) -> Reason | None:
    return Reason.DATA_CENTRE if case.sender.address in tools.data_centres else None


def put_visitor(case: Case, _tools: Tools) -> None:
    if not case.visitor:  # a token has not named one
        case.visitor = visitor_of(case, case.salt)


def drop_rate(case: Case, tools: Tools) -> Reason | None:
    return None if tools.rates.admit(case.visitor, case.now_ms) else Reason.RATE


def put_page(case: Case, _tools: Tools) -> None:
    case.page = case.reader.page(case.hit.hostname, case.hit.url)
    if case.page.cut:
        case.note(*case.page.cut)


def drop_foreign_hostname(case: Case, _tools: Tools) -> Reason | None:
    """A page that is not the site's. Programs that name no host are not pages."""
    host, domains = case.page.hostname, case.site.domains
    if not domains or not host or case.hit.what in {What.LINK, What.PIXEL}:
        return None
    return None if belongs(host, domains) else Reason.HOSTNAME


def put_referrer(case: Case, _tools: Tools) -> None:
    if case.hit.referrer:
        case.referrer = case.reader.referrer(case.page.hostname, case.hit.referrer)
        if case.referrer.cut:
            case.note(*case.referrer.cut)


def drop_spam(case: Case, tools: Tools) -> Reason | None:
    domain = case.referrer.domain
    while domain:
        if domain in tools.spam:
            return Reason.SPAM
        domain = domain.partition(".")[2]
    return None


def put_channel(case: Case, tools: Tools) -> None:
    page = case.page
    case.channel = tools.channels.channel(
        case.referrer.domain, page.utm_source, page.utm_medium, page.utm_campaign, page.click
    )


def put_place(case: Case, tools: Tools) -> None:
    case.place = tools.places(case.sender.near, case.sender.address)


def put_texts(case: Case, _tools: Tools) -> None:
    hit = case.hit
    case.title = _text(case, hit.title, limits.TITLE, "title") if hit.title else ""
    case.name = _text(case, hit.name, limits.NAME, "name") if hit.name else ""
    case.tag = _text(case, hit.tag, limits.TAG, "tag") if hit.tag else ""


def put_properties(case: Case, _tools: Tools) -> None:
    if case.hit.data:
        case.properties = properties.read(case.reader.rules, case.hit.data)
        if case.properties.cut:
            case.note(*case.properties.cut)


def evidence(case: Case, reason: Reason) -> str:
    """What gave a dropped hit away: what somebody who looks at the quarantine groups by."""
    if reason in {Reason.BOT, Reason.HEADLESS}:
        return case.agent.machine
    if reason is Reason.HOSTNAME:
        return case.page.hostname
    return case.referrer.domain if reason is Reason.SPAM else ""


STEPS: Final[tuple[Step, ...]] = (
    drop_without_consent,
    drop_vitals,
    drop_own_address,
    put_agent,
    drop_no_agent,
    drop_headless,
    drop_bot,
    drop_data_centre,
    put_visitor,
    drop_rate,
    put_page,
    drop_foreign_hostname,
    put_referrer,
    drop_spam,
    put_channel,
    put_place,
    put_texts,
    put_properties,
)


def judge(case: Case, tools: Tools) -> Reason | None:
    """Take a hit through the steps; what is dropped but kept for a look goes through the rest of them, too."""
    reason: Reason | None = None
    for step in STEPS:
        found = step(case, tools) if reason is None or step not in _DROPS else None
        if found is not None:
            if found not in KEPT:
                return found
            reason = found
    return reason


_DROPS: Final = frozenset(step for step in STEPS if step.__name__.startswith("drop_"))


def belongs(host: str, domains: tuple[str, ...]) -> bool:
    """Whether a host is one of a site's domains; `*.` stands for everything below, and www. goes without saying."""
    plain = host.removeprefix("www.")
    for domain in domains:
        if domain.startswith("*."):
            if host.endswith(domain[1:]) or host == domain[2:]:
                return True
        elif domain.removeprefix("www.") == plain:
            return True
    return False


def visitor_of(case: Case, salt: bytes) -> int:
    """A browser by its address and agent. A program that sends for many names them: there the name stands for both."""
    address, agent = case.sender.address, case.sender.agent
    if case.hit.person and not case.agent.browser:
        address, agent = "person", case.hit.person
    return pseudonyms.visitor(salt, str(case.site.id), address, agent)


_TYPES: Final = {What.LINK: EventType.LINK, What.PIXEL: EventType.PIXEL, What.IDENTIFY: EventType.IDENTIFY}


def event(case: Case, visit: int, person: int | None) -> Event:
    """The signal that is stored."""
    hit, page, agent, place, bought = case.hit, case.page, case.agent, case.place, case.properties
    claims = hit.claims
    return Event(
        site=case.site.id,
        created_ms=case.at_ms,
        visitor=case.visitor,
        visit=visit,
        person=person,
        rules=case.rules,
        revenue=bought.revenue,
        type=_TYPES.get(hit.what) or (EventType.CUSTOM if case.name else EventType.PAGE),
        hostname=page.hostname,
        path=page.path,
        query=page.query,
        title=case.title,
        referrer_domain=case.referrer.domain,
        referrer_path=case.referrer.path,
        utm_source=page.utm_source,
        utm_medium=page.utm_medium,
        utm_campaign=page.utm_campaign,
        utm_content=page.utm_content,
        utm_term=page.utm_term,
        click=page.click,
        click_id=page.click_id,
        channel=case.channel,
        name=case.name,
        properties=bought.text,
        currency=bought.currency,
        tag=case.tag,
        browser=_word(claims.browser) or agent.browser,
        os=_word(claims.os) or agent.os,
        device=_word(claims.device) or agent.device,
        screen=_screen(hit.screen),
        language=_language(hit.language),
        country=place.country,
        region=place.region,
        city=place.city,
    )


def _text(case: Case, text: str, most: int, name: str) -> str:
    masked, over = case.reader.text(text, most)
    if over:
        case.note(name)
    return masked


def _word(text: str) -> str:
    """A word that a key holder has said, in the form of ours."""
    return text[:20].strip().lower().replace(" ", "-") if text and text.isascii() and text.isprintable() else ""


def _screen(text: str) -> str:
    width, x, height = text.partition("x")
    right = x and len(text) <= limits.SCREEN and text.isascii() and width.isdigit() and height.isdigit()
    return text if right else ""


def _language(text: str) -> str:
    return text if len(text) <= limits.LANGUAGE and text.isascii() and text.replace("-", "").isalnum() else ""
