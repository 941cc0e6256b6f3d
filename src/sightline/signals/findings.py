"""The privacy audit: read what is stored again and say what the rules in force would still find, never the value.

It goes over every walker, so over every kind and whatever else keeps texts; each site is judged by its own rules.
"""

import time
from collections.abc import Awaitable, Callable, Collection, Iterable
from typing import Final

from msgspec import Struct, structs

from sightline.signals.masking import Masking
from sightline.signals.rules import INSTANCE, Active
from sightline.signals.walkers import Selection, Texts, Walker

PLACES: Final = 5
Watch = Callable[["Progress"], Awaitable[None]]


class Progress(Struct, frozen=True, kw_only=True):
    """How far an audit is."""

    walker: str
    share: float
    texts: int
    seconds: float

    @property
    def rate(self) -> float:
        return self.texts / self.seconds if self.seconds else 0.0


class Place(Struct, frozen=True):
    """Where something was found: the journal or an extent, the row in it (batch:place), the place in its text."""

    where: str
    row: str
    path: str


class Finding(Struct, frozen=True, kw_only=True):
    """Findings of one sort, with some of their places."""

    kind: str
    rules: int
    field: str
    detector: str
    signals: int
    texts: int
    places: list[Place]


class Walked(Struct, frozen=True, kw_only=True):
    """What was read of one kind."""

    kind: str
    signals: int
    texts: int
    distinct: int


class Report(Struct, frozen=True, kw_only=True):
    """What an audit read and found."""

    versions: dict[int, int]
    walked: list[Walked]
    findings: list[Finding]
    seconds: float

    @property
    def found(self) -> int:
        return sum(finding.signals for finding in self.findings)


class _Sum:
    def __init__(self) -> None:
        self.signals = 0
        self.texts = 0
        self.places: list[Place] = []


class Audit:
    """One audit over some walkers."""

    def __init__(self, walkers: Iterable[Walker], by_site: dict[int, Active]) -> None:
        self._walkers = list(walkers)
        self._by_site = by_site
        self._sums: dict[tuple[str, int, str, str], _Sum] = {}

    async def run(self, selection: Selection, *, sample: int | None = None, watch: Watch | None = None) -> Report:
        """Read everything selected, or about `sample` signals of each kind."""
        started = time.monotonic()
        walked = []
        for walker in self._walkers:
            parts = passes(selection, self._by_site)
            size = sum([await walker.size(part) for part, _ in parts])
            share = min(sample / size, 1.0) if sample is not None and size else 1.0
            texts = distinct = 0
            for number, (part, active) in enumerate(parts):
                masking = Masking(active.number, active.rules)
                chosen = structs.replace(part, share=share)

                async def tell(done: float, walker: Walker = walker, number: int = number) -> None:
                    if watch:
                        share_done = (number + done) / len(parts)  # noqa: B023 - called before the next round
                        seconds = time.monotonic() - started
                        now = Progress(walker=walker.name, share=share_done, texts=texts, seconds=seconds)  # noqa: B023
                        await watch(now)

                async for found in walker.texts(chosen, progress=tell):
                    texts, distinct = texts + sum(found.counts), distinct + len(found.texts)
                    self._judge(masking, found)
            walked.append(Walked(kind=walker.name, signals=round(size * share), texts=texts, distinct=distinct))
        versions = {site: active.number for site, active in self._by_site.items()}
        return Report(versions=versions, walked=walked, findings=self._findings(), seconds=time.monotonic() - started)

    def _judge(self, masking: Masking, texts: Texts) -> None:
        for text, count, row in zip(texts.texts, texts.counts, texts.rows, strict=True):
            by_detector: dict[str, str] = {}
            for found in masking.findings(texts.walk, text):
                by_detector.setdefault(found.detector, found.path)
            for detector, path in by_detector.items():
                total = self._sums.setdefault((texts.walker, texts.rules, texts.column, detector), _Sum())
                total.signals += count
                total.texts += 1
                if len(total.places) < PLACES:
                    total.places.append(Place(texts.where, row, path))

    def _findings(self) -> list[Finding]:
        return [
            Finding(
                kind=kind, rules=rules, field=field, detector=detector, signals=total.signals, texts=total.texts,
                places=total.places,
            )
            for (kind, rules, field, detector), total in sorted(self._sums.items())
        ]  # fmt: skip


def passes(selection: Selection, by_site: dict[int, Active]) -> list[tuple[Selection, Active]]:
    """Cut a selection by the rules that are in force for its sites."""
    own = {site for site in by_site if site != INSTANCE}
    chosen: Collection[int] = selection.sites or own
    cut = [(structs.replace(selection, sites=(site,)), by_site[site]) for site in sorted(own) if site in chosen]
    others = tuple(site for site in selection.sites if site not in own)
    if others or not selection.sites:
        rest = () if selection.sites else tuple(sorted(own))
        cut.append((structs.replace(selection, sites=others, except_sites=rest), by_site[INSTANCE]))
    return cut
