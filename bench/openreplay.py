"""What reading OpenReplay's tracker costs; the batches are sent by the real tracker in Chromium for this run."""

import gzip

import orjson
from tests.openreplay.shop import Ingest
from tests.openreplay.test_conversion import visited
from tests.privacy.recordings.browser import chromium

from bench.measurements import Figure, Result
from bench.pairs import compare
from sightline.collect.openreplay import page as known
from sightline.collect.openreplay.converter import convert
from sightline.collect.openreplay.decoder import decode
from sightline.privacy.dictionary import default
from sightline.privacy.recording.masker import encode, mask

TITLE = "OpenReplay's tracker"
NOTE = (
    "A page of the tests with its lists, frames and shadow roots, to which 1,500 rows are added, recorded by the "
    "tracker 19.0.1. Control of the ratios: gunzip and `orjson` decoding of the same page as rrweb JSON. `with state` "
    "adds what a batch costs on the server: masking, and writing and reading what is known of the page."
)
_ROUNDS = 9


async def run() -> list[Result]:
    async with chromium() as browser:
        ingest = Ingest(protocol=2)
        await visited(browser, ingest, acts="act().then(addRows)")
    bodies = [body for _, body, _ in ingest.batches]
    messages = sum(len(part.messages) for body in bodies for part in decode(body))
    control_body = gzip.compress(orjson.dumps(_converted(bodies)), 6)

    def control() -> object:
        return orjson.loads(gzip.decompress(control_body))

    decoding = compare(
        "decode / gunzip + loads", lambda: [decode(body) for body in bodies], control, rounds=_ROUNDS
    )  # fmt: skip
    both = compare("decode + convert / gunzip + loads", lambda: _converted(bodies), control, rounds=_ROUNDS)
    whole = compare("in full, with state / gunzip + loads", lambda: _stored(bodies), control, rounds=_ROUNDS)
    return [
        decoding, both, whole,
        # A rate has a least value, a figure a most: so the time of one message, whose limit is 400,000 a second.
        Figure(f"decode, {messages:,} messages", decoding.candidate_ms * 1000 / messages, "µs a message", limit=2.5),
        Figure("decode", messages / decoding.candidate_ms * 1000, "messages/s"),
        Figure("decode + convert, 1,500 rows", both.candidate_ms / 1000, "s", limit=0.35),
        Figure("sent by the tracker", sum(map(len, bodies)) / 1000, "kB"),
        Figure("stored", len(_stored(bodies)) / 1000, "kB"),
    ]  # fmt: skip


def _converted(bodies: list[bytes]) -> list[object]:
    page, events = known.Page(), list[object]()
    for body in bodies:
        events += convert(page, decode(body)).events
    return events


def _stored(bodies: list[bytes]) -> bytes:
    page, state, stored = known.Page(), None, b""
    for body in bodies:
        found = convert(page, decode(body))
        masked = mask(default(), state, found.events)
        state = masked.state
        known.absorb(page, found.raw, masked.events)
        page = known.load(known.dump(page))
        stored += gzip.compress(encode(masked.events), 6)
    return stored
