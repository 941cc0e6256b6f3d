"""What happens to a hit, in this order and nowhere else: `STEPS`.

A `drop_` step returns why a hit is dropped, or nothing; a `put_` step adds what the stored signal needs. The first drop
decides. Steps do no I/O: what they ask is in memory, and passed in. What follows them, in `server/collecting`, is the
visit and the journal; or, for reasons that somebody may want to look at, the quarantine.
"""

from collections.abc import Callable
from enum import StrEnum
from functools import lru_cache
from typing import Final

from msgspec import Struct

from sightline.accounts.watched import Watched
from sightline.collect import limits, properties
from sightline.collect.agents import Agent, Agents
from sightline.collect.channels import DIRECT, Table
from sightline.collect.hits import NO_CLAIMS, Hit, Sender, What
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
    names: pseudonyms.Visitors | None = None  # what makes visitors of this site under `salt`, where it is at hand
    document: int | None = None  # the load of a page that its token is of
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
    return _refused(
        (site.consent_mode, site.consent_asked, site.honour_signals), sender.consent,
        (sender.gpc.strip() == "1", sender.dnt.strip() == "1"),
    )  # fmt: skip


@lru_cache(maxsize=1024)  # more than there are different questions
def _refused(
    site: tuple[consent.Mode, bool, bool], given: consent.Mode | None, browser: tuple[bool, bool]
) -> Reason | None:
    """Why consent forbids it, by the site's mode and settings and by what the browser says: Sec-GPC and DNT."""
    (mode, asked, honour), (gpc, dnt) = site, browser
    signals = {"sec-gpc": "1" if gpc else "", "dnt": "1" if dnt else ""}
    allowed = consent.allowed(signals, site=mode, asks=asked, given=given, honour_signals=honour)
    return None if allowed.analytics else BECAUSE[allowed.because]


BECAUSE: Final = {"site": Reason.SITE_OFF, "consent": Reason.CONSENT, "gpc": Reason.GPC, "dnt": Reason.DNT}


def drop_vitals(case: Case, _tools: Tools) -> Reason | None:
    """Web Vitals that hold no value which a browser can have measured."""
    return Reason.VITALS if case.hit.what is What.VITALS and not case.hit.measured else None


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
        case.visitor = case.names(*_named(case)) if case.names else visitor_of(case, case.salt)


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
    return Reason.SPAM if domain and _is_spam(domain, tools.spam) else None


@lru_cache(maxsize=8192)
def _is_spam(domain: str, known: frozenset[str]) -> bool:
    while domain:
        if domain in known:
            return True
        domain = domain.partition(".")[2]
    return False


def put_channel(case: Case, tools: Tools) -> None:
    page = case.page
    case.channel = tools.channels.channel(
        case.referrer.domain, page.utm_source, page.utm_medium, page.utm_campaign, page.click
    )


def came(case: Case) -> str:
    """The channel by which a visitor came with this very hit; empty where it tells of none."""
    return "" if case.channel == DIRECT else case.channel


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


# What is asked about the sender: the same for all hits of a request to one site, so a batch asks once.
SENDER_STEPS: Final[tuple[Step, ...]] = (
    drop_without_consent,
    drop_own_address,
    put_agent,
    drop_no_agent,
    drop_headless,
    drop_bot,
    drop_data_centre,
    put_place,
    put_visitor,
)
HIT_STEPS: Final[tuple[Step, ...]] = (
    drop_vitals,
    drop_rate,
    put_page,
    drop_foreign_hostname,
    put_referrer,
    drop_spam,
    put_channel,
    put_texts,
    put_properties,
)
STEPS: Final = SENDER_STEPS + HIT_STEPS


def judge(case: Case, tools: Tools) -> Reason | None:
    """Take a hit through the steps; what is dropped but kept for a look goes through the rest of them, too."""
    return judge_hit(case, tools, judge_sender(case, tools))


def judge_sender(case: Case, tools: Tools) -> Reason | None:
    """The first half: the steps that ask about who sends."""
    return _through(SENDER_STEPS, case, tools)


def judge_hit(case: Case, tools: Tools, reason: Reason | None) -> Reason | None:
    """The second half; `reason` is what came of the first."""
    if reason is None:
        return _through(HIT_STEPS, case, tools)
    if reason in KEPT:
        if (vitals := drop_vitals(case, tools)) is not None:  # nothing that could be kept
            return vitals
        for step in HIT_STEPS:
            if step in _PUTS:
                step(case, tools)
    return reason


def _through(steps: tuple[Step, ...], case: Case, tools: Tools) -> Reason | None:
    for number, step in enumerate(steps):
        if (found := step(case, tools)) is not None:
            if found in KEPT:
                for later in steps[number + 1 :]:
                    if later in _PUTS:
                        later(case, tools)
            return found
    return None


_PUTS: Final = frozenset(step for step in STEPS if step.__name__.startswith("put_"))


@lru_cache(maxsize=8192)
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
    """The visitor that the sender of a hit is under a salt."""
    return pseudonyms.visitor(salt, str(case.site.id), *_named(case))


def _named(case: Case) -> tuple[str, str]:
    """A browser by its address and agent. A program that sends for many names them: there the name stands for both."""
    if case.hit.person and not case.agent.browser:
        return "person", case.hit.person
    return case.sender.address, case.sender.agent


_TYPES: Final = {What.LINK: EventType.LINK, What.PIXEL: EventType.PIXEL, What.IDENTIFY: EventType.IDENTIFY}


def event(case: Case, visit: int, person: int | None) -> Event:
    """The signal that is stored."""
    hit, page, agent, place, bought = case.hit, case.page, case.agent, case.place, case.properties
    browser, system, device = agent.browser, agent.os, agent.device
    if (claims := hit.claims) is not NO_CLAIMS:
        browser, system = word_of(claims.browser) or browser, word_of(claims.os) or system
        device = word_of(claims.device) or device
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
        browser=browser,
        os=system,
        device=device,
        screen=screen_of(hit.screen),
        language=language_of(hit.language),
        country=place.country,
        region=place.region,
        city=place.city,
    )


def _text(case: Case, text: str, most: int, name: str) -> str:
    masked, over = case.reader.text(text, most)
    if over:
        case.note(name)
    return masked


def word_of(text: str) -> str:
    """A word that a key holder has said, in the form of ours."""
    return text[:20].strip().lower().replace(" ", "-") if text and text.isascii() and text.isprintable() else ""


def screen_of(text: str) -> str:
    """A screen's size as it is stored; nothing where it is none."""
    return _screen(text) if len(text) <= limits.SCREEN else ""


@lru_cache(maxsize=4096)
def _screen(text: str) -> str:
    width, x, height = text.partition("x")
    return text if x and text.isascii() and width.isdigit() and height.isdigit() else ""


def language_of(text: str) -> str:
    """A language as it is stored; nothing where it is none."""
    return _language(text) if len(text) <= limits.LANGUAGE else ""


@lru_cache(maxsize=4096)
def _language(text: str) -> str:
    return text if text.isascii() and text.replace("-", "").isalnum() else ""
