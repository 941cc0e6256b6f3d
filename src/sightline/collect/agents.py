"""Browser, system and device of a user agent, and whether it is a machine: a compact table, its answers remembered.

Only the family is kept, never a version: versions change every month and identify people.
"""

import re
from functools import cache
from importlib import resources
from typing import Final

from msgspec import Struct

from sightline.collect import limits
from sightline.privacy.memo import Memo

_REMEMBERED: Final = 8192


class Agent(Struct, frozen=True, gc=False):
    """What a user agent says. `machine` is what gives a bot away, empty for a browser."""

    browser: str = ""
    os: str = ""
    device: str = ""
    machine: str = ""
    headless: bool = False


# The first that is found is it: an in-app browser names the engine below it, Edge names Chrome, Chrome names Safari.
_BROWSERS: Final = tuple(
    (re.compile(pattern), name)
    for pattern, name in (
        (r"FBAN|FBAV|FB_IAB", "facebook"),
        (r"Instagram", "instagram"),
        (r"musical_ly|BytedanceWebview|TikTok", "tiktok"),
        (r"LinkedInApp", "linkedin"),
        (r"Snapchat", "snapchat"),
        (r"Pinterest/", "pinterest"),
        (r"\bLine/", "line"),
        (r"MicroMessenger", "wechat"),
        (r"\bGSA/", "google-app"),
        (r"EdgA?/|EdgiOS/|Edge/", "edge"),
        (r"OPR/|OPT/|OPX/|OPiOS/|Opera Mini|\bOpera\b", "opera"),
        (r"SamsungBrowser/", "samsung"),
        (r"YaBrowser/", "yandex"),
        (r"Vivaldi/", "vivaldi"),
        (r"DuckDuckGo/|\bDdg/", "duckduckgo"),
        (r"UCBrowser/|UCWEB", "uc"),
        (r"HuaweiBrowser/", "huawei"),
        (r"MiuiBrowser/", "miui"),
        (r"QQBrowser/|MQQBrowser", "qq"),
        (r"Whale/", "whale"),
        (r"Silk/", "silk"),
        (r"Electron/", "electron"),
        (r"Firefox/|FxiOS/|Focus/", "firefox"),
        (r"CriOS/|Chrome/|Chromium/", "chrome"),
        (r"Version/[\d.]+.*Safari/|\bSafari/", "safari"),
        (r"MSIE |Trident/", "ie"),
        (r"Android .*AppleWebKit", "android-webview"),
        (r"(?:iPhone|iPad|iPod).*AppleWebKit", "ios-webview"),
    )
)
_SYSTEMS: Final = tuple(
    (re.compile(pattern), name)
    for pattern, name in (
        (r"Windows Phone", "windows-phone"),
        (r"\bXbox\b", "xbox"),
        (r"PlayStation", "playstation"),
        (r"Nintendo", "nintendo"),
        (r"Tizen", "tizen"),
        (r"Web0S|webOS", "webos"),
        (r"HarmonyOS|OpenHarmony", "harmonyos"),
        (r"KAIOS", "kaios"),
        (r"Android", "android"),
        (r"iPhone|iPad|iPod", "ios"),
        (r"Windows", "windows"),
        (r"Mac OS X|Macintosh", "macos"),
        (r"\bCrOS\b", "chromeos"),
        (r"FreeBSD|OpenBSD|NetBSD", "bsd"),
        (r"Linux|X11", "linux"),
    )
)
_TV: Final = re.compile(
    r"SmartTV|SMART-TV|Smart-TV|GoogleTV|AppleTV|Apple TV|BRAVIA|HbbTV|NetCast|\bAFT[A-Z]|Web0S|Roku|CrKey|\bTV\b"
)
_CONSOLE: Final = frozenset({"xbox", "playstation", "nintendo"})
_TABLET: Final = re.compile(
    r"iPad|Tablet|PlayBook|Kindle|\bSilk/(?!.*Mobile)|\bKF[A-Z]{2,4}\b|SM-[TX]\d{3}|Nexus (?:7|9|10)\b"
)
_MOBILE: Final = re.compile(r"Mobi|iPhone|iPod|Windows Phone|Opera Mini|KAIOS|IEMobile")
_DESKTOPS: Final = frozenset({"windows", "macos", "linux", "chromeos", "bsd"})
_HEADLESS: Final = re.compile(
    r"Headless|PhantomJS|SlimerJS|jsdom|Puppeteer|Playwright|Selenium|WebDriver|Cypress", re.IGNORECASE
)


class Agents:
    """Reads user agents."""

    def __init__(self) -> None:
        self._known: Memo[str, Agent] = Memo(_REMEMBERED)

    def __call__(self, text: str) -> Agent:
        found = self._known.get(text, None)
        if found is None:
            found = read(text[: limits.AGENT])
            if len(text) <= limits.AGENT:
                self._known.put(text, found)
        return found


def read(text: str) -> Agent:
    """What one user agent says."""
    browser = next((name for pattern, name in _BROWSERS if pattern.search(text)), "")
    system = next((name for pattern, name in _SYSTEMS if pattern.search(text)), "")
    machine = _machines().search(text)
    return Agent(
        browser, system, _device(text, system), _named(text, machine) if machine else "",
        _HEADLESS.search(text) is not None,
    )  # fmt: skip


def _named(text: str, machine: re.Match[str]) -> str:
    """The word that gave a machine away, whole: `googlebot`, not the `ebot` that was found."""
    start = machine.start()
    while start and text[start - 1].isalnum():
        start -= 1
    return text[start : machine.end()].strip(" /;,.-()").lower()[:40]


def _device(text: str, system: str) -> str:
    if system in _CONSOLE:
        return "console"
    if _TV.search(text) or (system == "tizen" and "Mobile" not in text):
        return "tv"
    # An Android device that does not say Mobile is a tablet, by Google's own rule.
    if _TABLET.search(text) or (system == "android" and "Mobi" not in text):
        return "tablet"
    if _MOBILE.search(text) or system in {"windows-phone", "kaios"}:
        return "mobile"
    return "desktop" if system in _DESKTOPS else ""


@cache
def _machines() -> re.Pattern[str]:
    lines = resources.files("sightline.collect").joinpath("bots.txt").read_text("utf-8").splitlines()
    patterns = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE)
