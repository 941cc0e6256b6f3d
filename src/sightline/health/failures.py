"""The kind `error`: one failure in a page, as the browser told it. Its `fingerprint` leads to an issue."""

from typing import Final

from sightline.accounts.sites import Kept
from sightline.signals.kind import Big, Flag, Integer, Json, Path, Signal, Stack, Text, Word, declare
from sightline.signals.kinds import KINDS

SOURCES: Final = frozenset({"error", "rejection", "resource", "react", "console", "caught"})


class Failure(Signal, frozen=True, kw_only=True, gc=False):
    """One failure, and how often it happened again within the batch that brought it."""

    fingerprint: Big = 0  # what `fingerprints.key_of` says of it: the same for what is the same in one build
    count: Integer = 1
    handled: Flag = False
    source: Word = ""
    page: Word = ""  # the page view it belongs to, as the browser named it
    name: Text = ""
    message: Text = ""
    stack: Stack = ""  # as the browser wrote it: a line per frame
    component: Stack = ""  # React's own stack
    context: Json = ""
    breadcrumbs: Json = ""
    hostname: Text = ""
    path: Path = ""
    release: Text = ""
    environment: Text = ""
    browser: Word = ""
    os: Word = ""
    device: Word = ""
    country: Word = ""


ERROR: Final = declare("error", Failure, kept=Kept.ERRORS)
KINDS.add(ERROR)
