"""Recordings from elsewhere: plain rrweb JSON, masked by the rules of the site that it is uploaded to."""

from typing import Any, Final

from sightline.errors import InvalidValue, TooLarge
from sightline.privacy.dictionary import Rules
from sightline.privacy.recording.masker import MAX_EVENTS, Masked, mask

_SNAPSHOT: Final = 2


def masked(rules: Rules, events: list[dict[str, Any]]) -> Masked:
    """What may be kept of an upload; one without a whole page is refused, since nothing of it could be shown."""
    if len(events) > MAX_EVENTS:
        raise TooLarge(f"an upload has at most {MAX_EVENTS} events, this one {len(events)}", hint="Cut it in parts.")
    found = mask(rules, None, events)
    if not any(event["type"] == _SNAPSHOT for event in found.events):
        raise InvalidValue(
            "there is no full snapshot in it, so nothing of it could be shown", hint="Upload a whole recording."
        )
    return found
