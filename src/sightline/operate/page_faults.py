"""What a page of a site says about its tracker: whether it is there, whose it is, and whether the policy lets it work.

Pure: it is given the page, and what should stand in it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from html.parser import HTMLParser
from typing import Final
from urllib.parse import urljoin, urlsplit

from msgspec import Struct

_TRACKERS: Final = re.compile(r"/(?:s|script)\.js(?:[?#]|$)")
_DEFAULT_PORTS: Final[Mapping[str, int]] = {"http": 80, "https": 443}


class Fault(StrEnum):
    """What is wrong with a page, as far as it can be seen from outside."""

    UNREACHABLE = "unreachable"
    STATUS = "status"
    NO_PAGE = "no_page"
    ABSENT = "absent"
    OTHER_SITE = "other_site"
    WRONG_HOST = "wrong_host"
    CSP_SCRIPT = "csp_script"
    CSP_CONNECT = "csp_connect"


class Found(Struct, frozen=True):
    """A fault, with the value that shows it."""

    fault: Fault
    detail: str = ""


class Expected(Struct, frozen=True, kw_only=True):
    """What the page should hold: the site's public key or UUID, and the addresses of this server's trackers."""

    names: frozenset[str]
    origins: frozenset[str]  # where browsers reach this server; the page's own origin goes without saying
    path: str  # below which this installation listens, as /9f3ab2c41d07


class Tag(Struct, frozen=True, kw_only=True):
    """A script of the page that looks like a tracker."""

    src: str
    site: str
    nonce: str


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[Tag] = []
        self.policies: list[str] = []
        self.base = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in reversed(attrs)}
        if tag == "base" and not self.base:
            self.base = found.get("href", "")
        if tag == "meta" and found.get("http-equiv", "").lower() == "content-security-policy":
            self.policies.append(found.get("content", ""))
        site = found.get("data-site") or found.get("data-website-id") or ""
        if tag == "script" and found.get("src") and (site or _TRACKERS.search(found["src"])):
            self.tags.append(Tag(src=found["src"], site=site, nonce=found.get("nonce", "")))


def examine(url: str, html: str, policies: Sequence[str], expected: Expected) -> list[Found]:
    """Say what is wrong with a page that was read from `url`; nothing where a browser would be counted."""
    reader = _Reader()
    reader.feed(html)
    base = urljoin(url, reader.base) if reader.base else url
    ours = [tag for tag in reader.tags if tag.site in expected.names]
    if not ours:
        others = [tag for tag in reader.tags if tag.site]
        return [Found(Fault.OTHER_SITE, others[0].site)] if others else [Found(Fault.ABSENT)]
    tag = ours[0]
    src = urljoin(base, tag.src)
    origin, own = origin_of(src), origin_of(url)
    if origin not in expected.origins | {own} or not _is_ours(urlsplit(src).path, expected.path):
        return [Found(Fault.WRONG_HOST, src)]
    found: list[Found] = []
    for policy in map(_directives, [*policies, *reader.policies]):
        scripts = policy.get("script-src-elem") or policy.get("script-src") or policy.get("default-src")
        if scripts is not None and not allows(scripts, src, own, tag.nonce):
            found.append(Found(Fault.CSP_SCRIPT, " ".join(scripts)))
        sends = policy.get("connect-src") or policy.get("default-src")
        if sends is not None and not allows(sends, src, own, ""):
            found.append(Found(Fault.CSP_CONNECT, " ".join(sends)))
    return found


def _is_ours(path: str, listens: str) -> bool:
    return path in {f"{listens}/s.js", "/script.js"}


def origin_of(url: str) -> str:
    """Scheme, host and port, the port left out where it is the scheme's own."""
    parts = urlsplit(url)
    port = parts.port
    shown = "" if port is None or port == _DEFAULT_PORTS.get(parts.scheme) else f":{port}"
    return f"{parts.scheme}://{(parts.hostname or '').lower()}{shown}"


def _directives(policy: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for part in policy.split(";"):
        words = part.split()
        if words:
            found.setdefault(words[0].lower(), words[1:] or ["'none'"])  # the first one of a name counts
    return found


def allows(sources: Iterable[str], url: str, own: str, nonce: str) -> bool:
    """Whether a list of sources of a content security policy lets `url` be loaded by a page of the origin `own`."""
    listed = list(sources)
    if nonce and f"'nonce-{nonce}'" in listed:
        return True
    if "'strict-dynamic'" in listed:  # then hosts in the list count for nothing
        return False
    return any(_matches(source, url, own) for source in listed)


def _matches(source: str, url: str, own: str) -> bool:
    """Whether one source fits, by the rules of Content Security Policy level 3, 6.7.2.6."""
    wanted, parts = source.lower(), urlsplit(url)
    if wanted == "*":
        return parts.scheme in _DEFAULT_PORTS
    if wanted.startswith("'"):
        return wanted == "'self'" and origin_of(url) == own
    if wanted.endswith(":") and "/" not in wanted:
        return _scheme_fits(wanted[:-1], parts.scheme)
    scheme, split, rest = wanted.partition("://")
    if not split:
        scheme, rest = urlsplit(own).scheme, wanted
    host, slash, path = rest.partition("/")
    name, _, port = host.partition(":")
    return (
        _scheme_fits(scheme, parts.scheme)
        and _host_fits(name, parts.hostname or "")
        and _port_fits(port, parts.port, parts.scheme)
        and _path_fits(slash + path, parts.path)
    )


def _port_fits(wanted: str, actual: int | None, scheme: str) -> bool:
    usual = _DEFAULT_PORTS.get(scheme)
    return wanted == "*" or (wanted or str(usual)) == str(actual or usual)


def _path_fits(wanted: str, actual: str) -> bool:
    if wanted in {"", "/"}:
        return True
    return actual.startswith(wanted) if wanted.endswith("/") else actual == wanted


def _scheme_fits(wanted: str, actual: str) -> bool:
    return actual == wanted or (wanted == "http" and actual == "https")


def _host_fits(wanted: str, actual: str) -> bool:
    return actual.endswith(wanted[1:]) if wanted.startswith("*.") else actual == wanted
