"""JSON at any depth, headers, log lines and exceptions: masked by name first, then by value."""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import orjson

from sightline.privacy.detectors.cards import is_card
from sightline.privacy.dictionary import Rules
from sightline.privacy.entries import Field
from sightline.privacy.masks import MAX_LEAF, STAR, fail_closed, find, mask_field, mask_text, remembered
from sightline.privacy.urls import mask_url

MAX_DEPTH: Final = 64
MAX_NAME: Final = 200
MAX_DOCUMENT: Final = 8_000_000  # bytes of JSON text that are read at all
_URL: Final = re.compile(r"(?:https?|wss?|ftp)://[^\s\"'<>`{}|^]+", re.IGNORECASE)
_WHOLE_URL: Final = re.compile(r"(?:https?|wss?|ftp)://[^\s\"'<>]+|(?:mailto|tel|sms):\S+", re.IGNORECASE)
_URL_NAMES: Final = frozenset({"url", "uri", "href", "referrer", "referer", "page_url", "request_url", "document_uri"})
_HEADER_URLS: Final = frozenset({"referer", "origin", "location", "content-location"})
_NO_HEADERS: Final[list[tuple[str, str]]] = []
_TRAILING: Final = ".,;:!?)]}"
_OPEN_MASK: Final = re.compile(r"\[[a-z][a-z0-9_]{0,31}$")
# Line and column, bounded so that no number of a person passes for them.
_PLACE: Final = re.compile(r":[0-9]{1,7}:[0-9]{1,7}\)?$")


@fail_closed(STAR)
def mask_json(rules: Rules, value: Any) -> Any:
    """A JSON value with everything personal masked, by key and by value, at any depth.

    Objects and arrays keep their form; what lies deeper than `MAX_DEPTH` becomes one star. A key that is itself
    personal is masked too. What JSON cannot say (NaN, infinities, other types) is not passed on.
    """
    return _value(rules, value, None, "", 0)


def _value(rules: Rules, value: Any, field: Field | None, key: str, depth: int) -> Any:
    kind = type(value)
    if kind is str:
        return mask_field(rules, field, value) if field else _text(rules, value, key, depth)
    if kind is int or kind is float:
        return _number(rules, value, field)
    if value is None or kind is bool:
        return value
    return _container(rules, value, field, key, depth)


def _container(rules: Rules, value: Any, field: Field | None, key: str, depth: int) -> Any:
    if depth < MAX_DEPTH:
        if isinstance(value, dict):
            return _object(rules, value, field, key, depth)
        if isinstance(value, list | tuple):
            return [_value(rules, item, field, key, depth + 1) for item in value]
    return STAR


def _object(rules: Rules, value: dict[Any, Any], field: Field | None, key: str, depth: int) -> dict[str, Any]:
    # What an object under `name` or `address` holds is a name or an address; `card` merely groups, see the dictionary.
    inherited = field if field is not None and not rules.is_container(key) else None
    result: dict[str, Any] = {}
    for spelled, item in value.items():
        name = spelled if type(spelled) is str else str(spelled)
        if inherited is None:
            below = rules.field_of_key(name, key)
            if below is not None and below.tier < 3 and _is_group(item) and rules.is_container(name):
                below = None
        else:
            below = inherited
        result[_fresh(_key(rules, name), result)] = _value(rules, item, below, name, depth + 1)
    return result


def _is_group(item: Any) -> bool:
    return isinstance(item, dict | list)


def _key(rules: Rules, name: str) -> str:
    # Starred, not tagged: `[email]` would read as the name of an e-mail address.
    return name if len(name) <= MAX_NAME and mask_text(rules, name) == name else STAR


def _fresh(name: str, taken: Mapping[str, Any]) -> str:
    """Two keys that are masked alike stay two."""
    if name not in taken:
        return name
    return next(f"{name}#{number}" for number in range(2, len(taken) + 3) if f"{name}#{number}" not in taken)


def _number(rules: Rules, value: float, field: Field | None) -> Any:
    if value != value or value in (math.inf, -math.inf):  # noqa: PLR0124 - NaN; isfinite fails on huge integers
        return None
    if field is not None:
        return mask_field(rules, field, str(value))
    whole = abs(int(value)) if abs(value) >= 10**12 and value == int(value) else 0
    # Moments in ms, µs and ns up to 2033 and 2039; no scheme issues numbers that begin so.
    if not whole or 10**12 <= whole < 2 * 10**12 or 10**15 <= whole < 2 * 10**15 or 10**18 <= whole < 2 * 10**18:
        return value
    if whole >= 10**19:
        return value if whole < 2**64 and isinstance(value, float) else STAR
    return rules.field("card").tag if is_card(str(whole)) else value


def _text(rules: Rules, text: str, key: str, depth: int) -> str:
    if not text:
        return text
    first = text[0]
    if first in "{[" and text[-1] in "}]" and len(text) <= MAX_LEAF:
        return _embedded(rules, text, depth)
    if (key.lower() in _URL_NAMES and first not in " \t") or (":" in text[:8] and _WHOLE_URL.fullmatch(text)):
        return mask_url(rules, text)
    return clean_text(rules, text)


def _embedded(rules: Rules, text: str, depth: int) -> str:
    """JSON within a string of JSON."""
    try:
        inner = orjson.loads(text)
    except ValueError:
        return clean_text(rules, text)
    masked = _value(rules, inner, None, "", depth + 1)
    return text if masked == inner else orjson.dumps(masked).decode()


@fail_closed(orjson.dumps(STAR))
def mask_json_text(rules: Rules, document: bytes | str) -> bytes:
    """A JSON document, masked; what is not JSON, too long or too deep becomes one star, which is valid JSON."""
    if len(document) > MAX_DOCUMENT:
        return orjson.dumps(STAR)
    return orjson.dumps(mask_json(rules, orjson.loads(document)))


@remembered
def clean_text(rules: Rules, text: str) -> str:
    """Running text as a log holds it: URLs are cleaned, then the rest is searched.

    Where only the normal form of a word tells, that word is starred; the whole text only where no single word tells.
    """
    if len(text) > MAX_LEAF:
        return STAR
    text = _urls_cleaned(rules, text)
    masked = mask_text(rules, text)
    if masked != text:  # what was found may have been the end of a URL: `?q=1'jane@example.com`
        masked = _urls_cleaned(rules, masked)
    if masked != STAR or " " not in text:
        return masked
    words = [STAR if word and find(rules, word) is None else word for word in text.split(" ")]
    return mask_text(rules, " ".join(words))


@fail_closed(STAR)
def clean_stack(rules: Rules, stack: str) -> str:
    """A stack, frame by frame: `PinInput.js:1:2003` is a place in a file, whatever the file is named after."""
    return _lines(stack, lambda line: _frame(rules, line))


def _frame(rules: Rules, line: str) -> str:
    place = _PLACE.search(line)
    if place is None or "/" not in line[line.rfind(" ", 0, place.start()) + 1 : place.start()]:
        return clean_text(rules, line)
    return clean_text(rules, line[: place.start()]) + place[0]


def _urls_cleaned(rules: Rules, text: str) -> str:
    return _URL.sub(lambda match: _url_within(rules, match[0]), text) if "://" in text else text


def _url_within(rules: Rules, found: str) -> str:
    url = found.rstrip(_TRAILING)
    if found[len(url) :].startswith("]") and _OPEN_MASK.search(url[-34:]):
        url += "]"  # of a mask, and no bracket around the URL
    return mask_url(rules, url) + found[len(url) :]


@fail_closed(_NO_HEADERS)
def mask_headers(rules: Rules, headers: Mapping[str, str] | Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Headers by the allowlist: any other is starred, and an allowed one is still searched."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    return [_header(rules, name, value) for name, value in pairs]


@fail_closed((STAR, STAR))
def _header(rules: Rules, name: str, value: str) -> tuple[str, str]:
    plain = name.strip().lower()
    shown = name if len(name) <= MAX_NAME and mask_text(rules, name) == name else STAR
    if not rules.header_allowed(plain) or rules.field_of_header(plain):
        return shown, STAR
    return shown, mask_url(rules, value) if plain in _HEADER_URLS else clean_text(rules, value)


@fail_closed(STAR)
def mask_log_line(rules: Rules, line: str) -> str:
    """A line of a log: JSON by its structure, anything else as running text."""
    if len(line) > MAX_LEAF:
        return STAR
    body = line.strip()
    if body[:1] == "{" and body[-1:] == "}":
        try:
            document = orjson.loads(body)
        except ValueError:
            return clean_text(rules, line)
        return orjson.dumps(mask_json(rules, document)).decode()
    return clean_text(rules, line)


@fail_closed((STAR, STAR))
def mask_exception(rules: Rules, message: str, stack: str = "") -> tuple[str, str]:
    """The message of an error and its stack, line by line; the frames stay readable."""
    return clean_text(rules, message), clean_stack(rules, stack)


def _lines(text: str, mask: Callable[[str], str]) -> str:
    return text if not text else "\n".join(mask(line) for line in text.split("\n"))
