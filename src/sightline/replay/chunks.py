"""The kind `chunk`: some masked events of a recording, as they came from one tab, in the order of `seq`."""

from typing import Final

from sightline.accounts.sites import Kept
from sightline.signals.kind import Big, Bytes, Flag, Integer, Signal, Word, declare
from sightline.signals.kinds import KINDS


class Chunk(Signal, frozen=True, kw_only=True, gc=False):
    """`data` is gzip over the JSON of the masked rrweb events: nothing in it was stored before it was masked."""

    first_ms: Big = 0
    last_ms: Big = 0
    seq: Integer = 0  # dense per document: a gap is a chunk that never arrived
    events: Integer = 0
    dropped: Integer = 0  # events that the masker left out
    tab: Word = ""
    document: Word = ""  # one load of a page in that tab: where `seq` begins anew
    closed: Flag = False  # the page was left with it
    data: Bytes = b""


CHUNK: Final = declare(
    "chunk", Chunk, kept=Kept.RECORDINGS, found_by={"found": ("site", "document", "seq"), "visit": ("site", "visit")}
)
KINDS.add(CHUNK)
