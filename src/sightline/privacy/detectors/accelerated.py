"""Optional prefilters: hyperscan or RE2 read a text once and say which detectors may find something in it.

Where they say none, the reference is not asked; where they name some, the reference decides about those. So a prefilter
only ever saves time, as long as it names a superset; `tests/privacy/test_accelerated.py` holds both to the reference by
differential fuzzing. Texts beyond ASCII are left to the reference.
"""

import re
import threading
from collections.abc import Callable, Iterable
from typing import Final, Literal, cast

from sightline.errors import ServiceError
from sightline.privacy.detectors.scanner import Compiled, near_stems
from sightline.privacy.dictionary import Rules
from sightline.privacy.names import fold

Engine = Literal["hyperscan", "re2"]
Prefilter = Callable[[str], int]

# What may stand between a name and its sign, and within a name; see `pairs.py`.
_TO_SIGN: Final = "[\"'`\\\\*\\]) ]*[=:]"
_REST_OF_NAME: Final = "[A-Za-z0-9_.$\\[\\]-]*"
_BETWEEN: Final = "[^A-Za-z0-9]{0,8}"
_BETWEEN_NAMES: Final = f"[0-9]*{_BETWEEN}"  # `card2_exp1` is a `card_exp`: numbers within a name say nothing
_BATCH: Final = 60  # names in one expression
# A repetition with a bound is a counter, and a counter is what makes a database large and slow. Without the upper bound
# a pattern matches more, never less.
_BOUNDED: Final = re.compile(r"(?<!\\)\{([0-9]+),([0-9]+)\}")
_COUNTED: Final = 8  # up to here a bound costs little
_BEYOND_ASCII: Final = re.compile(r"[^\x00-\x7f](?:-[^\x00-\x7f])?")


class EngineMissing(ServiceError):
    """The accelerator is not installed."""

    code = "engine_missing"


def accelerate(rules: Rules, engine: Engine | None = None) -> Engine | None:
    """Put a prefilter before the rules' scanner: the named one, or the fastest that is installed."""
    for name in (engine,) if engine else ("hyperscan", "re2"):
        try:
            rules.scanner.prefilter = _ENGINES[name](_expressions(rules))
        except ImportError as exc:
            if engine:
                raise EngineMissing(f"{name} is not installed", hint="pip install 'sightline[fast]'") from exc
            continue
        return name
    return None


def _expressions(rules: Rules) -> list[tuple[str, int, bool]]:
    """(pattern, bits, fold case) of everything that the scanner and the pairs look for."""
    found = [
        _of_detector(compiled, 1 << index)
        for index, compiled in enumerate(rules.scanner.compiled, 1)
        if _meets_ascii(compiled)
    ]
    phrases, whole = rules.names_in_text()
    found += [
        (f"{_any_of(batch)}{_REST_OF_NAME}{_TO_SIGN}", 1, True) for batch in _batches({fold(name) for name in phrases})
    ]
    found += [
        (f"[^A-Za-z0-9]{_any_of(batch)}[0-9]*[^A-Za-z0-9]*[=:]", 1, True)
        for batch in _batches({fold(name) for name in whole})
    ]
    found += [("<\\/", 1, False), ("--[A-Za-z]", 1, False)]
    if rules.any_word_announces:
        found.append(("[=:]", 1, False))
    return found


def _of_detector(compiled: Compiled, bit: int) -> tuple[str, int, bool]:
    """The context where a detector needs one, since `[0-9]{4}` alone is everywhere; else its sieve or its pattern."""
    detector = compiled.detector
    if compiled.near is not None:
        near = _any_of(near_stems([*detector.context, *detector.context_after]), _BETWEEN)
        # What a context announces begins within its reach; what it announces from behind is not told from here.
        announced = "" if detector.context_after else f"[\\x00-\\x7f]{{0,{detector.reach + 1}}}(?:{detector.pattern})"
        return f"{near}{announced}", bit, True
    if detector.pattern.startswith("[") and detector.gates == {"contains"}:
        # A pattern that may begin with anything is dear, and what its gate asks for is rare.
        return "|".join(map(re.escape, filter(str.isascii, detector.contains))), bit, True
    pattern = _loosened(detector.sieve or detector.pattern)
    if detector.before and not (detector.left or detector.group or detector.rescan or detector.sieve):
        pattern = f"[^{_BEYOND_ASCII.sub('', detector.before)}](?:{pattern})"
    return pattern, bit, detector.fold_case and not detector.sieve


def _loosened(pattern: str) -> str:
    """A pattern that finds something wherever the given one does in a text in ASCII, made of less."""
    return _BOUNDED.sub(_unbounded, _BEYOND_ASCII.sub("", pattern))


def _unbounded(repeated: re.Match[str]) -> str:
    least, most = int(repeated[1]), int(repeated[2])
    if most < _COUNTED:
        return repeated[0]
    return {0: "*", 1: "+"}.get(least, f"{{{least},}}")


def _meets_ascii(compiled: Compiled) -> bool:
    """Whether the gates of a detector can open for a text in ASCII, the only ones that a prefilter is asked about."""
    needles = compiled.detector.contains
    return not needles or any(needle.isascii() for needle in needles)


def _any_of(names: Iterable[str], between: str = _BETWEEN_NAMES) -> str:
    """A pattern for names, each written out: literals are what an engine looks for first, and finds cheaply."""
    return f"(?:{'|'.join(between.join(map(re.escape, name.split('_'))) for name in names)})"


def _batches(unique: set[str]) -> Iterable[list[str]]:
    names = sorted(unique)
    return (names[at : at + _BATCH] for at in range(0, len(names), _BATCH))


def _hyperscan(expressions: list[tuple[str, int, bool]]) -> Prefilter:
    import hyperscan  # noqa: PLC0415 - optional

    patterns = [pattern.encode() for pattern, _, _ in expressions]
    flags = [
        hyperscan.HS_FLAG_SINGLEMATCH
        | (hyperscan.HS_FLAG_CASELESS if folds else 0)
        | (hyperscan.HS_FLAG_UTF8 if not pattern.isascii() else 0)
        for pattern, _, folds in expressions
    ]
    bits = [bit for _, bit, _ in expressions]
    # Compiled once, here, since it takes a second or two; only the scratch space is each thread's own.
    database = hyperscan.Database()
    database.compile(expressions=patterns, ids=list(range(len(patterns))), elements=len(patterns), flags=flags)
    scan, held = database.scan, threading.local()

    def prefilter(text: str) -> int:
        found: list[int] = []
        scratch = getattr(held, "scratch", None)
        if scratch is None:
            scratch = held.scratch = hyperscan.Scratch(database)
        scan(b"\n" + text.encode(), match_event_handler=collect, context=found, scratch=scratch)
        if not found:
            return 0
        result = 0
        for bit in found:
            result |= bit
        return result

    def collect(index: int, _start: int, _end: int, _flags: int, found: object) -> None:
        cast("list[int]", found).append(bits[index])

    return prefilter


def _re2(expressions: list[tuple[str, int, bool]]) -> Prefilter:
    import re2  # noqa: PLC0415 - optional

    options = re2.Options()
    options.max_mem = 256 << 20
    searched = re2.Set.SearchSet(options)
    for pattern, _, folds in expressions:
        searched.Add(f"(?i:{pattern})" if folds else pattern)
    searched.Compile()
    bits = [bit for _, bit, _ in expressions]

    def prefilter(text: str) -> int:
        result = 0
        for index in searched.Match("\n" + text) or ():
            result |= bits[index]
        return result

    return prefilter


_ENGINES: Final[dict[str, Callable[[list[tuple[str, int, bool]]], Prefilter]]] = {
    "hyperscan": _hyperscan,
    "re2": _re2,
}
