"""What an address says: page, campaign and click id, all of it masked before it is cut to length."""

import re
from collections.abc import Callable, Iterable
from typing import Final
from urllib.parse import quote_plus, unquote_plus, urlsplit

from msgspec import Struct

from sightline.collect import limits
from sightline.privacy.dictionary import Rules
from sightline.privacy.masks import STAR
from sightline.privacy.memo import Memo
from sightline.privacy.structures import clean_text
from sightline.privacy.urls import mask_path, mask_url

Cut = Callable[[str], None]

CAMPAIGN: Final = {
    "utm_source": "utm_source", "utm_medium": "utm_medium", "utm_campaign": "utm_campaign",
    "utm_content": "utm_content", "utm_term": "utm_term",
}  # fmt: skip
CLICKS: Final = frozenset({"gclid", "fbclid", "msclkid", "ttclid", "li_fat_id", "twclid"})
# Controls cannot be stored, and nobody sees them.
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f]+")
_ROUTE: Final = re.compile(r"^!?/")
_HOST: Final = re.compile(r"[a-z0-9.:_\[\]À-￿-]+")


class Page(Struct, frozen=True, gc=False):
    """A page's address, taken apart."""

    hostname: str = ""
    path: str = ""
    query: str = ""
    utm_source: str = ""
    utm_medium: str = ""
    utm_campaign: str = ""
    utm_content: str = ""
    utm_term: str = ""
    click: str = ""
    click_id: str = ""
    cut: tuple[str, ...] = ()


class Referrer(Struct, frozen=True, gc=False):
    """Where a visitor came from. An own page is no referrer of a visit: its domain is empty."""

    domain: str = ""
    path: str = ""
    cut: tuple[str, ...] = ()


class Reader:
    """Reads and masks under one state of the rules, and remembers what it has read: pages repeat themselves."""

    def __init__(self, rules: Rules, *, remembered: int = 16_384) -> None:
        self.rules = rules
        self._pages: Memo[tuple[str, str], Page] = Memo(remembered)
        self._referrers: Memo[tuple[str, str], Referrer] = Memo(remembered // 4)
        self._titles: Memo[str, tuple[str, bool]] = Memo(remembered)

    def page(self, hostname: str, url: str) -> Page:
        found = self._pages.get((hostname, url), None)
        if found is None:
            found = _page(self.rules, hostname, url)
            if len(url) <= 512 and len(hostname) <= limits.HOSTNAME:
                self._pages.put((hostname, url), found)
        return found

    def referrer(self, hostname: str, url: str) -> Referrer:
        found = self._referrers.get((hostname, url), None)
        if found is None:
            found = _referrer(self.rules, hostname, url)
            if len(url) <= 512:
                self._referrers.put((hostname, url), found)
        return found

    def text(self, text: str, most: int) -> tuple[str, bool]:
        """Return running text, masked and then cut; the second part says whether it was too long."""
        found = self._titles.get(text, None)
        if found is None:
            whole = clean_text(self.rules, plain(text))
            found = whole[:most], len(whole) > most
            if len(text) <= 256:
                self._titles.put(text, found)
        return found


def plain(text: str) -> str:
    """One line without controls."""
    return text if text.isprintable() else _CONTROLS.sub(" ", text).strip()


def tagged(url: str, tags: Iterable[tuple[str, str]]) -> str:
    """An address with parameters that somebody has taken out of it, as it was before."""
    added = "&".join(f"{name}={quote_plus(value)}" for name, value in tags)
    if not added:
        return url
    before, mark, fragment = url.partition("#")
    return f"{before}{'&' if '?' in before else '?'}{added}{mark}{fragment}"


def _page(rules: Rules, hostname: str, url: str) -> Page:
    over: list[str] = []
    own, path, query, fragment = _taken_apart(url)
    host = host_of(rules, hostname or own)
    if len(host) > limits.HOSTNAME:
        host = host[: limits.HOSTNAME]
        over.append("hostname")
    masked = mask_url(rules, f"{path or '/'}?{query}" if query else path) if len(url) <= limits.URL else STAR
    path, _, query = masked.partition("?")
    if _ROUTE.match(fragment):  # a single-page application without history routes by what stands behind the #
        path += "#" + mask_path(rules, fragment.partition("?")[0])
    found, rest = _parameters(rules, query)
    return Page(
        hostname=host,
        path=_cut(path, limits.PATH, "url", over),
        query=_cut(rest, limits.QUERY, "query", over),
        **{name: _cut(value, limits.CAMPAIGN, name, over) for name, value in found.items()},
        cut=tuple(over),
    )


def _taken_apart(url: str) -> tuple[str, str, str, str]:
    """Host, path, query and fragment of an address or of a path, of whatever was sent."""
    url = plain(url).replace("\\", "/")
    try:
        parts = urlsplit(url)
        return (parts.netloc.rpartition("@")[2], parts.path, parts.query, parts.fragment)
    except ValueError:  # an unclosed bracket where a host should be
        return "", STAR, "", ""


def host_of(rules: Rules, text: str) -> str:
    """A host name in lower case without `user@` and port; one that is personal is masked."""
    name = plain(text).strip().lower().rpartition("@")[2]
    name = re.sub(r":\d*$", "", name).rstrip(".")
    if not name or not _HOST.fullmatch(name):
        return ""
    return mask_url(rules, f"//{name}").removeprefix("//")


def _parameters(rules: Rules, query: str) -> tuple[dict[str, str], str]:
    """Campaign and click id by the names of their columns, and what is left of the masked query."""
    found: dict[str, str] = {}
    rest: list[str] = []
    for pair in query.split("&") if query else ():
        name, _, value = pair.partition("=")
        if name in CAMPAIGN:
            found.setdefault(CAMPAIGN[name], _decoded(rules, value))
        elif name in CLICKS:
            if "click" not in found:
                found["click"] = name
                found["click_id"] = "" if value == STAR else _decoded(rules, value)
        else:
            rest.append(pair)
    return found, "&".join(rest)


def _decoded(rules: Rules, value: str) -> str:
    """A value of the masked query as text; decoding may have brought out what was not seen before."""
    if "%" not in value and "+" not in value:
        return value
    return clean_text(rules, plain(unquote_plus(value, errors="replace")))


def _referrer(rules: Rules, hostname: str, url: str) -> Referrer:
    over: list[str] = []
    host, path, _, _ = _taken_apart(url)
    domain = host_of(rules, host).removeprefix("www.")
    if domain == host_of(rules, hostname).removeprefix("www."):
        domain = ""
    masked = mask_path(rules, path) if len(url) <= limits.URL else STAR
    return Referrer(
        _cut(domain, limits.REFERRER, "referrer", over), _cut(masked, limits.REFERRER, "referrer", over), tuple(over)
    )


def _cut(text: str, most: int, name: str, over: list[str]) -> str:
    if len(text) <= most:
        return text
    over.append(name)
    return text[:most]
