"""What Umami's recorder sends to `/api/record`: some rrweb events, and nothing of which page or tab they are.

No I/O. A body is plain JSON, `{type, payload: {website, events, timestamp}}`. Who is recorded, and which load of a
page, stands in the token that the tracker beside it was answered with (`tokens`). The events are only read as JSON
here: the masker judges each of them.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
import orjson
from msgspec import Raw, Struct

from sightline.collect import recordings
from sightline.collect.hits import Malformed
from sightline.collect.umami import misfit
from sightline.errors import TooLarge

DISABLED: Final = "replay_disabled"
_SNAPSHOT, _META = 2, 4
_MAX_TIME: Final = 1e14
# The recorder says whole seconds, and its last event may be as old as a request takes: that is no other clock.
_SAME_CLOCK_MS: Final = 5_000


class _Payload(Struct, gc=False):
    website: str
    events: Raw
    timestamp: int | float | str | None = None


class _Body(Struct, gc=False):
    type: str
    payload: _Payload


class Flush(Struct, frozen=True):
    """What was sent at once. Moments are on the browser's clock; `sent_s` is 0 where it does not say."""

    site: str
    events: list[Any]
    digest: str  # of the events as they came: the same whenever they are sent again
    sent_s: int
    first_ms: int
    last_ms: int
    href: str  # of the first page that they name
    begins: bool  # a snapshot is among them, so that they can be shown without others

    def ahead_ms(self, now_ms: int) -> int:
        """How far our clock is ahead of the browser's."""
        measured = now_ms - self.sent_s * 1000
        return measured if self.sent_s and abs(measured) > _SAME_CLOCK_MS else 0


class Part(Struct, frozen=True):
    """One load of a page of a visit, as far as it is stored under one name."""

    document: str
    tab: str
    first_ms: int
    last_ms: int
    chunks: int


_decoder: Final = msgspec.json.Decoder(_Body)


def decode(body: bytes) -> Flush | None:
    """Read a body; None for clicks and scrolls of heatmaps, which nobody keeps."""
    if len(body) > recordings.MAX_BODY:
        raise TooLarge(f"a body has at most {recordings.MAX_BODY} bytes, got {len(body)}", hint="Send less at once.")
    try:
        sent = _decoder.decode(body)
    except msgspec.ValidationError as exc:
        raise misfit(exc) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Malformed("this is not JSON") from None
    except RecursionError:
        raise Malformed("this is nested too deeply") from None
    if sent.type not in {"record", "heatmap"}:
        raise Malformed("type is one of record, heatmap", path=("type",))
    events = _events(bytes(sent.payload.events))
    if sent.type == "heatmap":
        return None
    moments = [moment for moment in map(_moment, events) if moment]
    sent_s = _seconds(sent.payload.timestamp)
    first_ms, last_ms = (min(moments), max(moments)) if moments else (sent_s * 1000, sent_s * 1000)
    return Flush(
        sent.payload.website, events, hashlib.blake2b(bytes(sent.payload.events), digest_size=16).hexdigest(), sent_s,
        first_ms, last_ms, next(filter(None, map(_href, events)), ""),
        any(isinstance(event, dict) and event.get("type") == _SNAPSHOT for event in events),
    )  # fmt: skip


def _events(raw: bytes) -> list[Any]:
    try:
        events = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise Malformed("this is not JSON", path=("payload", "events")) from None
    if not isinstance(events, list):
        raise Malformed("events are an array", path=("payload", "events"))
    if len(events) > recordings.MAX_EVENTS:
        raise TooLarge(f"at most {recordings.MAX_EVENTS} events come at once, got {len(events)}", hint="Send less.")
    return events


def _moment(event: Any) -> int:
    moment = event.get("timestamp") if isinstance(event, dict) else None
    is_one = isinstance(moment, int | float) and not isinstance(moment, bool) and 0 < moment < _MAX_TIME
    return int(moment) if is_one and moment is not None else 0


def _href(event: Any) -> str:
    """The address that an event names as its page's."""
    if not isinstance(event, dict) or event.get("type") != _META:
        return ""
    data = event.get("data")
    href = data.get("href") if isinstance(data, dict) else None
    return href if isinstance(href, str) else ""


def _seconds(said: float | str | None) -> int:
    if isinstance(said, str):
        said = int(said) if said.isascii() and said.isdigit() and len(said) < 12 else None
    return int(said) if said is not None and 0 < said < _MAX_TIME / 1000 else 0


def host_of(href: str) -> str:
    """The host of an address; nothing where it is none."""
    try:
        return urlsplit(href).hostname or ""
    except ValueError:
        return ""


def never(pages: Sequence[str]) -> re.Pattern[str] | None:
    """What the paths look like on which nothing is recorded; `*` stands for any characters."""
    if not pages:
        return None
    parts = (".*".join(re.escape(part) for part in page.split("*")) for page in pages)
    return re.compile(f"(?:{'|'.join(parts)})", re.DOTALL)


def without(pages: re.Pattern[str] | None, page: str, events: list[Any]) -> list[Any]:
    """The events but those of pages that nobody may record; `page` is the path of the page that they begin on.

    What names such a page is kept, so that what comes next is known to be of it.
    """
    if pages is None:
        return events
    kept, is_one = [], pages.fullmatch(page) is not None
    for event in events:
        if href := _href(event):
            try:
                is_one = pages.fullmatch(urlsplit(href).path or "/") is not None
            except ValueError:
                is_one = True
            kept.append(event)
        elif not is_one:
            kept.append(event)
    return kept


def placed(parts: Iterable[Part], document: str, flush: Flush, ahead_ms: int) -> Part:
    """Where a flush belongs among what is stored of its visit; `chunks` is how many are there already.

    The recorder names no tab. A page whose predecessor had ended when it began was opened in the same tab, as far as
    anybody can see. When the predecessor then goes on, they were two tabs, and it goes on in one of its own.
    """
    first_ms, known = flush.first_ms + ahead_ms, sorted(parts, key=lambda part: part.first_ms)
    mine = [part for part in known if part.document == document or part.document.startswith(f"{document}-")]
    if mine:
        last = mine[-1]
        newest = [part for part in known if part.tab == last.tab][-1]
        if newest is last or newest.first_ms >= first_ms:
            return last
        name = f"{document}-{len(mine) + 1}"
        return Part(name, tab_of(name), 0, 0, 0)
    ends = {part.tab: part for part in known}  # the newest of each
    before = [part for part in ends.values() if part.last_ms <= first_ms]
    nearest = max(before, key=lambda part: part.last_ms, default=None)
    if nearest is None:
        return Part(document, tab_of(document), 0, 0, 0)
    # Two first hits of one page may cross, and the later answer's token names another load of it.
    return Part(document, nearest.tab, 0, 0, 0) if flush.begins else nearest


def tab_of(document: str) -> str:
    """The name of a tab by the page that was the first in it."""
    return f"umami-{document.partition('-')[2]}"
