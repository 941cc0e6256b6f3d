"""Messages that no tracker would send, taken through all that they go through."""

from typing import Any

from hypothesis import strategies as st

from sightline.collect.openreplay.addresses import linked
from sightline.collect.openreplay.converter import convert
from sightline.collect.openreplay.decoder import decode
from sightline.collect.openreplay.happenings import Context, happenings
from sightline.collect.openreplay.messages import TABLE
from sightline.collect.openreplay.page import Page, absorb, dump, load
from sightline.errors import SightlineError
from sightline.privacy.dictionary import default
from sightline.privacy.recording.masker import encode, mask
from tests.openreplay.wire import batch, loaded

ANY: dict[str, Any] = {
    "u": st.integers(0, 2**53), "k": st.integers(0, 2**53), "i": st.integers(-(2**51), 2**51),
    "s": st.text("ab \0é€😀", max_size=20), "b": st.booleans(),
}  # fmt: skip
# Small numbers meet: a fuzzer that never names a node twice finds nothing.
SMALL: dict[str, Any] = {
    **ANY, "u": st.integers(0, 12), "k": st.integers(0, 3), "i": st.integers(-2, 3),
    "s": st.sampled_from(["", "DIV", "IFRAME", "STYLE", "INPUT", "href", "style", "javascript:x", "{}", "a{b:c}", "1"]),
}  # fmt: skip


def rows(values: dict[str, Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.sampled_from(sorted(TABLE)).flatmap(
        lambda kind: st.tuples(st.just(kind), *(values[written] for _, written in TABLE[kind].fields))
    )


def survive(body: bytes, page: Page) -> Page:
    """Take a body through all that it goes through; whatever it is, an error is one of ours."""
    try:
        parts = decode(body)
    except SightlineError:
        return page
    linked(parts)
    happenings(Context("shop", "page", page.href, page.referrer, "1280x720", page.time_ms), parts)
    found = convert(page, parts)
    masked = mask(default(), None, found.events)
    encode(masked.events)
    absorb(page, found.raw, masked.events)
    return load(dump(page))


def fuzz(bodies: list[bytes]) -> None:
    page = survive(batch(loaded()), Page())
    for body in bodies:
        page = survive(body, page)
