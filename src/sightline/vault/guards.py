"""What makes reading in bulk slow and loud: limits for each actor, and subjects whom nobody has a reason to read.

Counted in this process: several processes allow as many times as much. Nothing is stored, so a restart forgets.
"""

from collections import OrderedDict
from typing import Final
from uuid import UUID

from sightline import clock, metrics
from sightline.errors import TooManyRequests
from sightline.settings import VaultSettings

_HOUR_MS: Final = 3_600_000
_MINUTE_MS: Final = 60_000
_MOST: Final = 10_000  # actors, fields and purposes that are remembered; the least recent goes


class Guards:
    """A token bucket for each actor, field and purpose, and the different subjects of each actor within an hour."""

    def __init__(self, settings: VaultSettings) -> None:
        self._per_minute = settings.reads_per_minute
        self._per_hour = settings.subjects_per_hour
        self._buckets: OrderedDict[tuple[str, str, str], tuple[float, int]] = OrderedDict()
        self._subjects: OrderedDict[str, OrderedDict[UUID, int]] = OrderedDict()

    def spend(self, actor: str, names: list[str], purpose: str, subjects: list[UUID]) -> None:
        """Count a reading before it is done; refuse it whole when one of the limits would be passed."""
        now, wanted = clock.now_ms(), len(subjects)
        left: dict[tuple[str, str, str], float] = {}
        for name in names:
            key = (actor, name, purpose)
            tokens, at = self._buckets.get(key, (float(self._per_minute), now))
            tokens = min(self._per_minute, tokens + (now - at) * self._per_minute / _MINUTE_MS)
            if tokens < wanted:
                self._refuse("values", int((wanted - tokens) * 60 / self._per_minute) + 1,
                             f"more than {self._per_minute} values of {name} a minute for this purpose")  # fmt: skip
            left[key] = tokens - wanted
        self._note_subjects(actor, subjects, now)
        for key, tokens in left.items():
            self._buckets[key] = (tokens, now)
            self._buckets.move_to_end(key)
        while len(self._buckets) > _MOST:
            self._buckets.popitem(last=False)

    def _note_subjects(self, actor: str, subjects: list[UUID], now: int) -> None:
        seen = self._subjects.setdefault(actor, OrderedDict())
        self._subjects.move_to_end(actor)
        while seen and next(iter(seen.values())) <= now - _HOUR_MS:
            seen.popitem(last=False)
        fresh = [subject for subject in dict.fromkeys(subjects) if subject not in seen]
        if len(seen) + len(fresh) > self._per_hour:
            oldest = next(iter(seen.values()), now)
            self._refuse("subjects", max(1, (oldest + _HOUR_MS - now) // 1000),
                         f"more than {self._per_hour} different subjects an hour")  # fmt: skip
        for subject in fresh:
            seen[subject] = now
        while len(self._subjects) > _MOST:
            self._subjects.popitem(last=False)
        metrics.observe("VaultSubjectsRead", len(seen))

    def _refuse(self, what: str, retry_after: int, why: str) -> None:
        metrics.count("VaultRefused", Reason=f"too_many_{what}")
        raise TooManyRequests(f"you would read {why}", retry_after=retry_after, hint="Every attempt is in the audit.")


def alarm_honeytoken() -> None:
    """Somebody read a subject who does not exist: the metric has an alarm, the audit has the row."""
    metrics.count("VaultHoneytokens")
