"""What may be collected: the mode of the site, what the visitor agreed to, and what the browser says for them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Mode = Literal["none", "analytics", "replay"]

_RANK: Final[Mapping[str, int]] = {"none": 0, "analytics": 1, "replay": 2}


@dataclass(frozen=True)
class Allowed:
    """What may be collected of a visitor; `because` names what decided, for the answer's header and the counters."""

    analytics: bool
    replay: bool
    because: str


def allowed(
    headers: Mapping[str, str],
    *,
    site: Mode = "replay",
    asks: bool = False,
    given: Mode | None = None,
    honour_signals: bool = True,
) -> Allowed:
    """Decide what may be collected.

    `site` is the most that the site collects at all. Where the site asks for consent (`asks`), nothing is collected
    until the visitor gave some (`given`), and never more than that. Do Not Track and Global Privacy Control are
    honoured unless the site's operator has switched that off; a consent given explicitly is stronger than a default
    signal of the browser.
    """
    if site == "none":
        return Allowed(analytics=False, replay=False, because="site")
    if given is None:
        signal = _signal(headers) if honour_signals else None
        if signal is not None:
            return Allowed(analytics=False, replay=False, because=signal)
        if asks:
            return Allowed(analytics=False, replay=False, because="consent")
        return _up_to(_RANK[site], "site")
    level = min(_RANK[site], _RANK.get(given, 0))
    return _up_to(level, "consent" if level < _RANK[site] else "site")


def _up_to(level: int, because: str) -> Allowed:
    return Allowed(analytics=level >= 1, replay=level >= 2, because=because)


def _signal(headers: Mapping[str, str]) -> str | None:
    """The signal by which a browser asks not to be followed."""
    lower = {name.lower(): value.strip() for name, value in headers.items() if len(name) <= 7}
    if lower.get("sec-gpc") == "1":
        return "gpc"
    return "dnt" if lower.get("dnt") == "1" else None
