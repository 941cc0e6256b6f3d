"""The channel by which a visit came, from referrer, campaign and click id; `channels.toml` holds all that is known."""

import re
import tomllib
from functools import cache
from importlib import resources
from typing import Any, Final

from msgspec import Struct

from sightline.privacy.memo import Memo

DIRECT: Final = "direct"


class Rule(Struct, frozen=True):
    """One row: `channel` if everything that is said fits."""

    channel: str
    medium: str = ""
    site: str = ""
    paid: bool = False
    referred: bool = False
    campaign: bool = False


class Table:
    """The data file, compiled."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.rules = tuple(Rule(**row) for row in document["rules"])
        self._sites = _by_name(document["sites"])
        self._sources = _by_name(document["sources"])
        self._clicks: dict[str, str] = document["clicks"]
        self._mediums = [(kind, re.compile(pattern)) for kind, pattern in document["mediums"].items()]
        self._known: Memo[tuple[str, str, str, str, str], str] = Memo(8192)

    def channel(self, domain: str, source: str = "", medium: str = "", campaign: str = "", click: str = "") -> str:
        key = (domain, source, medium, campaign, click)
        found = self._known.get(key, None)
        return self._known.put(key, self._channel(*key)) if found is None else found

    def _channel(self, domain: str, source: str, medium: str, campaign: str, click: str) -> str:
        clicked = self._clicks.get(click, "")
        site = self._source(source) or clicked or self.kind_of(domain)
        mediums = {kind for kind, pattern in self._mediums if medium and pattern.fullmatch(medium.strip().lower())}
        paid = bool(clicked) or "paid" in mediums
        tagged = bool(source or medium or campaign)
        for rule in self.rules:
            if (
                (not rule.medium or rule.medium in mediums)
                and (not rule.site or rule.site == site)
                and (not rule.paid or paid)
                and (not rule.referred or domain)
                and (not rule.campaign or tagged)
            ):
                return rule.channel
        raise LookupError("the last rule fits always")

    def kind_of(self, domain: str) -> str:
        """What kind of site a domain is of; the nearest entry counts, so mail.google.com is no search engine."""
        labels = domain.lower().removeprefix("www.").split(".")
        for start in range(len(labels)):
            if kind := self._sites.get(".".join(labels[start:])):
                return kind
            # `google.` is google.com and google.co.uk, but not google.example.com.
            ending = labels[start + 1 :]
            one = len(ending) == 1 or (len(ending) == 2 and ending[0] in _SECOND_LEVEL)
            if one and (kind := self._sites.get(labels[start] + ".")):
                return kind
        return ""

    def _source(self, source: str) -> str:
        name = source.strip().lower()
        return self._sources.get(name) or (self.kind_of(name) if "." in name else "")


def _by_name(kinds: dict[str, list[str]]) -> dict[str, str]:
    return {name: kind for kind, names in kinds.items() for name in names}


_SECOND_LEVEL: Final = frozenset({"co", "com", "net", "org", "ne", "or", "ac", "go"})


@cache
def table() -> Table:
    """The table that ships."""
    return Table(tomllib.loads(resources.files("sightline.collect").joinpath("channels.toml").read_text("utf-8")))
