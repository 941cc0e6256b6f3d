"""What the SDK is told of a site: what it records, where it never does, which rules it masks by.

Known sites cost no question to the database: what is older than a few seconds is used and asked about again beside, as
the sites themselves are (`accounts/watched`).
"""

import asyncio
import gzip
import hashlib
from collections import OrderedDict
from typing import Any, Final

import msgspec
from msgspec import Struct

from sightline import clock
from sightline.accounts import tracking
from sightline.accounts.watched import Watched
from sightline.operate.house import House
from sightline.privacy.export import export_for
from sightline.privacy.recording.told import pattern, recording_rules
from sightline.signals.rules import Active

_FRESH_MS: Final = 10_000
_REMEMBERED: Final = 10_000
_DICTIONARIES: Final = 64


class Configuration(Struct, frozen=True, gc=False):
    """What is told, and the name of this state of it."""

    id: str
    told: dict[str, Any]
    payment_pages: tuple[str, ...] = ()


class Dictionary(Struct, frozen=True, gc=False):
    """The browser's export of a rules version; its name holds a digest, so it never changes."""

    name: str
    plain: bytes
    small: bytes


class _Known(Struct, gc=False):
    found: Configuration
    site: Watched
    rules: int
    asked_ms: int


class Configurations:
    """The configurations that this process has told."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._known: OrderedDict[int, _Known] = OrderedDict()
        self._asking: dict[int, asyncio.Task[Configuration]] = {}
        self._by_rules: OrderedDict[int, Dictionary] = OrderedDict()

    async def of(self, site: Watched) -> Configuration:
        """What is told of a site at the moment."""
        known, now_ms = self._known.get(site.id), clock.now_ms()
        active = await self._house.rules.active(site.id)
        if known is None or known.site != site or known.rules != active.number:
            return await asyncio.shield(self._ask(site, active))
        if not 0 <= now_ms - known.asked_ms < _FRESH_MS:
            known.asked_ms = now_ms  # one question, however many come meanwhile
            _ = self._ask(site, active)
        return known.found

    async def dictionary(self, name: str) -> Dictionary | None:
        """The export of this name, `NUMBER-DIGEST`; None where there is none."""
        number, _, digest = name.partition("-")
        if not (number.isascii() and number.isdigit() and len(number) < 6 and digest):
            return None
        found = self._by_rules.get(int(number))
        if found is None:
            found = self._export(await self._house.rules.version(int(number)))
        return found if found.name == name else None

    async def close(self) -> None:
        await asyncio.gather(*self._asking.values(), return_exceptions=True)

    def _ask(self, site: Watched, active: Active) -> "asyncio.Task[Configuration]":
        asking = self._asking.get(site.id)
        if asking is None:
            asking = self._asking[site.id] = asyncio.create_task(self._load(site, active), name="configuration")
            asking.add_done_callback(lambda task: self._asked(site.id, task))
        return asking

    def _asked(self, site: int, task: "asyncio.Task[Configuration]") -> None:
        self._asking.pop(site, None)
        if not task.cancelled():
            task.exception()  # whoever asked may have gone; what is known stays as it was

    async def _load(self, site: Watched, active: Active) -> Configuration:
        wanted = await tracking.of_site(self._house.database, site.id)
        told: dict[str, Any] = {
            "mode": site.consent_mode,
            "asks": site.consent_asked,
            "replay": wanted.replay_percent if site.consent_mode == "replay" else 0,
            "payment": pattern(wanted.payment_pages),
            "endpoints": list(wanted.endpoints),
            "rules": active.number,
            "dictionary": self._export(active).name,
            **recording_rules(active.rules),
        }
        digest = hashlib.sha256(msgspec.json.encode(told)).hexdigest()[:12]
        found = Configuration(digest, {"id": digest, **told}, wanted.payment_pages)
        self._known[site.id] = _Known(found, site, active.number, clock.now_ms())
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return found

    def _export(self, active: Active) -> Dictionary:
        known = self._by_rules.get(active.number)
        if known is None:
            plain = msgspec.json.encode(export_for("browser", active.rules))
            digest = hashlib.sha256(plain).hexdigest()[:16]
            known = Dictionary(f"{active.number}-{digest}", plain, gzip.compress(plain, 9, mtime=0))
            self._by_rules[active.number] = known
            if len(self._by_rules) > _DICTIONARIES:
                self._by_rules.popitem(last=False)
        return known
