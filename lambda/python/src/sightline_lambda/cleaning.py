"""What is personal in names and values that a line would hold: masked by the dictionary, and cheaply when nothing is.

Most of what a function logs is harmless, and it starts anew often. So a text is first looked at here, by look-ups
alone; only what gives a detector a reason goes to the masker proper (`privacy`), whose patterns are compiled then.
Whatever this lets pass the masker would leave as it is: the tests hold the two together.
"""

from __future__ import annotations

import json
import os
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from sightline_lambda.masker import Masker

STAR = "********"
_SHORT = 256  # longer texts repeat too seldom to be remembered
_LONGEST = 4096  # longer ones go to the masker unseen
_MEMO = 4096
_MAX_NAME = 64
_MAX_KEY = 200
_SECRET = 12  # no known key is shorter
_FOLDER = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - pathlib costs an import of 3 ms

_ALNUM = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PLAIN = _ALNUM + b" .,-_/'()!?+;*\r\n"  # what opens no gate by itself
_DIGITS, _CAPITALS, _SMALL = _ALNUM[:10], _ALNUM[10:36], _ALNUM[36:]


def _table(kept: bytes, digits: bytes = _DIGITS, letters: bytes = _CAPITALS + _SMALL, blanks: bytes = b"") -> bytes:
    """A translation: `blanks` become -, digits and letters what is said, the rest but `kept` a blank."""
    known = _DIGITS + _CAPITALS + _SMALL + blanks
    other = bytes(range(256)).translate(None, known + kept)
    return bytes.maketrans(known + other, digits + letters + b"-" * len(blanks) + b" " * len(other))


_WORDS = _table(b"_.-")
_RUNS = _table(b"./()+-", b"0" * 10, b" " * 52, b" _")
_SHAPES = _table(bytes(range(128)), b"0" * 10, b"A" * 26 + b"a" * 26, b" _")
_SIGNS = bytes.maketrans(b":", b"=")
_SIGNS = _table(b"_.$-[]=:").translate(_SIGNS)
_LETTERS = _table(b"", b" " * 10)
URLS = frozenset(("url", "uri", "href", "referrer", "referer", "page_url", "request_url", "document_uri"))
_SCHEMES = frozenset(("mailto", "tel", "sms"))


class _Memo(dict[bytes, bool]):
    """Answers to what was asked, within bounds; a missing one is worked out."""

    __slots__ = ("_answer",)

    def __init__(self, answer: Callable[[bytes], bool]) -> None:
        self._answer = answer

    def __missing__(self, asked: bytes) -> bool:
        found = self._answer(asked)
        if len(asked) <= _MAX_NAME:
            if len(self) >= _MEMO:
                self.clear()
            self[asked] = found
        return found


class Cleaner:
    """The rules, as far as anything has asked for them."""

    def __init__(self, path: str = "") -> None:
        self._path = path
        self._export: dict[str, Any] | None = None
        if path:
            with open(path, "rb") as file:  # noqa: PTH123 - as above
                exported = json.load(file)
            if exported.get("format") != 1 or exported.get("consumer") != "lambda":
                raise ValueError(f"{path!r} is no export of `sightline privacy rules export --for lambda`")
            self._export, front = exported, {"version": exported["version"], **exported["front"]}
        else:
            front = _read("front.json")
        self.version: str = front["version"]
        self._front = front
        self._words, self._begun = frozenset(front["words"]), tuple(front["begun"])
        self._parts, self._secrets = tuple(front["parts"]), tuple(front["secrets"])
        self._needles = tuple(front["needles"])
        self._digits = [(part.encode(), least) for part, least in front["digits"]]
        self._shapes = [part.encode() for part in front["shapes"]]
        self._colons: int = front["colons"] or 1 << 30
        self._never = bool(front["always"])
        self._masker: Masker | None = None
        # What was seen: tokens, runs of digits, names before a sign, texts, keys.
        self._tokens, self._runs = _Memo(self._token), _Memo(self._run)
        self._names = _Memo(self._announces)
        self._texts: dict[str, str] = {}
        self._keys: dict[str, tuple[str, str]] = {}
        self._phrases = self._joined = self._whole_names = ""
        self._masks: tuple[dict[str, str], dict[str, str]] | None = None
        self._longest_name = 0

    # ---- what every line asks -----------------------------------------------------------------------------------

    def text(self, text: str) -> str:
        """Running text without what is personal."""
        found = self._texts.get(text)
        if found is not None:
            return found
        found = text if self.is_harmless(text) else self._masked(text)
        if len(text) <= _SHORT:
            if len(self._texts) >= _MEMO:
                self._texts.clear()
            self._texts[text] = found
        return found

    def value(self, key: str, value: Any) -> Any:
        """The value under a key of a line's context."""
        kind = type(value)
        if kind is bool or value is None:
            return value
        field = self.key(key)[1]
        if field:
            # An object under a container (`user`, `card`) is judged piece by piece, as the masker does.
            return self._whole(key, value) if kind is dict or kind is list else field if value != "" else ""
        if kind is str:
            if key in URLS or value[:1] in ("{", "["):
                return self._whole(key, value)
            return self.text(value)
        if kind is int or kind is float:
            return value if -1e12 < value < 1e12 else self._whole(key, value)
        return self._whole(key, value)

    def key(self, key: str) -> tuple[str, str]:
        """A key as it may be shown, and what stands for a value under it; "" where the value is judged by itself."""
        found = self._keys.get(key)
        if found is None:
            found = self._key(key)
            if len(self._keys) < _MEMO:
                self._keys[key] = found
        return found

    # ---- the first look -----------------------------------------------------------------------------------------

    def is_harmless(self, text: str) -> bool:
        """Whether no detector and no name has a reason to look at this text; False where it takes more to tell."""
        if self._never or not text.isascii() or len(text) > _LONGEST:
            return False
        data = text.encode()
        special = data.translate(None, _PLAIN)
        if special:
            if b"%" in special or b"\\" in special or b"&" in special or b"\t" in special or text[0] in "{[":
                return False
            if special.count(b":") >= self._colons or b"</" in data:
                return False
            if (b"=" in special or b":" in special) and self._announced(data):
                return False
        if "--" in text:
            return False
        lower = text.lower()
        for needle in self._needles:
            if needle in lower:
                return False
        for token in data.translate(_WORDS).split():
            if self._tokens[token]:
                return False
        runs = data.translate(_RUNS)
        if b"0" in runs:
            for run in runs.split():
                if self._runs[run]:
                    return False
        return True

    def _announced(self, data: bytes) -> bool:
        """Whether a name stands before a sign that may say that something personal follows."""
        heads = data.translate(_SIGNS).split(b"=")
        del heads[-1]
        for head in heads:
            run = head.rsplit(None, 1)[-1:]
            if run and self._names[run[0]]:
                return True
        return False

    def _token(self, token: bytes) -> bool:
        """Whether a run of letters and digits gives some detector a reason."""
        if not token.strip(b"0123456789._-"):
            return False
        text = token.decode()
        lower = text.lower()
        if any(part in lower for part in self._parts):
            return True
        if len(lower) >= _SECRET and any(part in lower for part in self._secrets):
            return True
        form = token.translate(_SHAPES)
        if any(shape in form for shape in self._shapes):
            return True
        for word in _words(token):
            if word in self._words or (word[-1] == "s" and word[:-1] in self._words) or word.startswith(self._begun):
                return True
        return False

    def _run(self, run: bytes) -> bool:
        """Whether the shape of a run of digits is that of some number."""
        size = run.count(b"0")
        return any(size >= least and part in run for part, least in self._digits)

    def _announces(self, run: bytes) -> bool:
        if self._front["any_word"] or b"[" in run or b"]" in run or len(run) > _MAX_NAME:
            return True
        if run[:1].isdigit():
            return False
        word = run.decode()
        if word.lower() in _SCHEMES:
            return True
        named = self._field(word, structured=False)
        return named is None or named != "" or self._ends_phrase(word.lower())

    # ---- names --------------------------------------------------------------------------------------------------

    # A function that starts asks for two or three names, so these are searched as one text: tables of the thousand
    # that there are take a millisecond to build.

    def _read_names(self) -> None:
        entries = self._front["names"].values()
        self._phrases = f" {' '.join([words for _, words, _, _ in entries])} "
        self._joined = self._phrases.replace("_", "")
        self._whole_names = f" {' '.join([f'{exact} {bare}' for _, _, exact, bare in entries])} "

    def _is_phrase(self, phrase: str) -> bool:
        sought = f" {phrase} "
        return sought in self._phrases or sought in self._joined

    def _ends_phrase(self, word: str) -> bool:
        if not self._phrases:
            self._read_names()
        return self._is_phrase(word) or f"_{word} " in self._phrases

    def _mask(self, name: str, *, structured: bool) -> str | None:
        """What stands for a value whose name as a whole is that of a field."""
        if f" {name} " not in self._whole_names:
            return None
        if self._masks is None:
            self._masks = {}, {}
            for field, (tier, _, *names) in self._front["names"].items():
                for table, some in zip(self._masks, names, strict=True):
                    table.update(dict.fromkeys(some.split(), f"[{field}]" if tier == 1 else STAR))
        exact, bare = self._masks
        return exact.get(name) or (bare.get(name) if structured else None)

    def _longest(self, parts: int) -> int:
        """Of how many parts the longest phrase is; as many as are asked for, where these are few."""
        if parts > 4 and not self._longest_name:
            self._longest_name = 1 + max((phrase.count("_") for phrase in self._phrases.split()), default=0)
        return self._longest_name or parts

    def _field(self, name: str, *, structured: bool) -> str | None:
        """The mask of what a plainly written name stands for, "" for nothing; None where it takes folding to tell."""
        if not self._phrases:
            self._read_names()
        parts = name.split("_")
        plain = name.isascii() and name.islower() and name[0].isalpha() and len(name) <= _MAX_NAME
        if not plain or not all(part.isalnum() for part in parts):
            return None
        found = self._mask(name, structured=structured)
        if found:
            return found
        if self._front["any_word"]:
            return None
        single = [part[:-1] if _plural(part) else part.rstrip("0123456789") for part in parts]
        single = [part for part in single if part]
        for some in (parts,) if single == parts else (parts, single):
            longest = self._longest(len(some))
            for start in range(len(some)):
                for end in range(start + 1, min(len(some), start + longest) + 1):
                    if self._is_phrase("_".join(some[start:end])):
                        return None  # the masker knows which endings make a name harmless, and who comes first
        return ""

    def _key(self, key: str) -> tuple[str, str]:
        named = self._field(key, structured=True)
        if named == "" and self.is_harmless(key):
            return key, ""
        field = self._proper().rules.field_of_key(key)
        mask = "" if field is None else field.tag if field.tier == 1 else STAR
        return (key if self.text(key) == key and len(key) <= _MAX_KEY else STAR), mask

    # ---- the masker proper --------------------------------------------------------------------------------------

    def _proper(self) -> Masker:
        if self._masker is None:
            from sightline_lambda.masker import Masker

            self._masker = Masker(self._front, self._export or _read("rules.json.z"))
        return self._masker

    def _masked(self, text: str) -> str:
        try:
            return self._proper().text(text)
        except Exception:  # what could not be judged is not shown
            return STAR

    def _whole(self, key: str, value: Any) -> Any:
        try:
            return self._proper().value(key, value)
        except Exception:
            return STAR

    def trace(self, text: str) -> str:
        """A traceback, line by line; frames keep their places: `PinInput.js:1:2003` names a file and nobody's PIN."""
        return "\n".join([self._frame(line) for line in text.split("\n")])

    def _frame(self, line: str) -> str:
        place = re.search(r":[0-9]{1,7}:[0-9]{1,7}\)?$", line)
        if place is None or "/" not in line[line.rfind(" ", 0, place.start()) + 1 : place.start()]:
            return self.text(line)
        return self.text(line[: place.start()]) + place[0]


class Uncleaned:
    """For `SIGHTLINE_CLEAN=off`: everything as it is."""

    version = "off"

    def text(self, text: str) -> str:
        return text

    trace = text

    def value(self, key: str, value: object) -> object:  # noqa: ARG002 - the signature of a cleaner
        return value

    def key(self, key: str) -> tuple[str, str]:
        return key, ""


class Closed(Uncleaned):
    """Where the rules cannot be read: nothing is shown that might be personal."""

    version = "unreadable"

    def text(self, text: str) -> str:  # noqa: ARG002 - the signature of a cleaner
        return STAR

    trace = text

    def value(self, key: str, value: object) -> object:  # noqa: ARG002 - the signature of a cleaner
        return value if value is None or type(value) is bool else STAR


def _words(token: bytes) -> list[str]:
    """The words of a token, in lower case; a pattern is needed only where capitals stand within one."""
    runs = token.translate(_LETTERS).decode().split()
    if all(run.islower() or run.isupper() or run.istitle() for run in runs):
        return [run.lower() for run in runs]
    return [word.lower() for word in re.findall("[A-Z]{2,}(?![a-z])|[A-Z]?[a-z]+", token.decode())]


def _plural(part: str) -> bool:
    return len(part) > 3 and part[-1] == "s" and part[-4:-1].isalpha()


def _read(name: str) -> dict[str, Any]:
    with open(os.path.join(_FOLDER, name), "rb") as file:  # noqa: PTH118, PTH123 - as above
        data = file.read()
    if name.endswith(".z"):
        import zlib  # for the masker alone: what every function reads is not packed

        data = zlib.decompress(data)
    found: dict[str, Any] = json.loads(data)
    return found
