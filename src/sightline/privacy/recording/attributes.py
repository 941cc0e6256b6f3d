"""What is kept of the attributes of an element."""

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from sightline.privacy.recording import names as n
from sightline.privacy.recording.css import clean_declaration, clean_sheet, clean_style, is_property
from sightline.privacy.recording.policy import Policy
from sightline.privacy.recording.stars import star
from sightline.privacy.recording.state import State
from sightline.privacy.recording.vocabulary import allowed, is_plain
from sightline.privacy.structures import clean_text
from sightline.privacy.urls import mask_url

MAX_TOKENS: Final = 200
MAX_STATE: Final = 10_000_000  # pixels, seconds
_MAX_REMEMBERED: Final = 4096  # values of one attribute
_MAX_LENGTH: Final = 512
_SCHEME: Final = re.compile(r"(mailto|tel|sms):", re.IGNORECASE)
_UNSETTLED: Final = object()  # the handler wrote the attribute itself
_TEMPLATE: Final = re.compile(r":[a-z][a-z0-9_]{0,31}|\*{1,8}")

CLASS, STYLE, WORDS, IDS, NUMBER, LINK, SOURCE, TEXT, FLAG, GEOMETRY, STATE, KEYWORD, LANGUAGE, SHEET, CONTENT = range(
    15
)

# Kinds whose decision depends on name and value alone.
_LASTING: Final = frozenset({CLASS, STYLE, WORDS, IDS, NUMBER, TEXT, FLAG, GEOMETRY, KEYWORD, LANGUAGE})

_CSS_VALUES: Final = allowed("css-values")
_ENDINGS: Final = allowed("endings")


def _kinds() -> dict[str, int]:
    sections = (
        ("words", WORDS),
        ("css-values", WORDS),
        ("identifiers", IDS),
        ("numbers", NUMBER),
        ("geometry", GEOMETRY),
        ("flags", FLAG),
        ("texts", TEXT),
        ("links", LINK),
        ("sources", SOURCE),
        ("states", STATE),
    )
    kinds = {name: kind for section, kind in sections for name in allowed(section)} | dict.fromkeys(n.KEYWORDS, KEYWORD)
    kinds |= {
        "class": CLASS,
        "style": STYLE,
        "lang": LANGUAGE,
        "xml:lang": LANGUAGE,
        "_cssText": SHEET,
        "content": CONTENT,
    }
    return kinds | {name: kinds[name.lower()] for name in allowed("cased")} | {"charset": NUMBER}


KINDS: Final = _kinds()


class Attributes:
    """The attributes of one chunk's elements; what depends on style sheets yet to come is settled at its end."""

    def __init__(self, policy: Policy, state: State) -> None:
        self.policy = policy
        self.state = state
        self.rules = policy.rules
        self._open: list[tuple[dict[str, Any], str, list[str], bool]] = []
        self._kept = policy.remembered(KINDS)
        self._watched = frozenset(policy.tests) | n.MARKS
        self.noticed = False  # the element cleaned last has something that a selector of the rules asks for
        self._named: dict[str, str] = {}  # class attributes all of whose classes are known by now
        self._handlers = (
            self._class,
            self._style,
            self._words,
            self._identifiers,
            self._number,
            self._link,
            self._source,
            self._star,
            self._flag,
            self._geometry,
            self._nothing,
            self._keyword,
            self._language,
            self._sheet,
            self._content,
        )

    def clean(self, tag: str, raw: Mapping[str, Any], *, changed: bool) -> dict[str, Any]:
        """The attributes that may be stored, as for an element that is not unmasked; `changed`: of an existing one."""
        out: dict[str, Any] = {}
        remembered = self._kept
        self.noticed = False
        for name, value in raw.items():
            known = remembered.get(name)
            if known is None:
                if name in self._watched:
                    self._witness(out, name, value, changed=changed)
            elif value.__class__ is str:
                kept = known.get(value, known)
                if kept is known and name == "class":
                    kept = self._named.get(value, known)
                if kept is known:
                    kept = self._decide(out, tag, name, value, changed=changed)
                if kept is _UNSETTLED:
                    continue
                if kept is not None or changed:  # of an element that exists, the value before must not stay
                    out[name] = kept
            elif changed and value is None:
                out[name] = None
            else:
                self._other(out, name, KINDS[name], value)
        if changed and not self._watched.isdisjoint(raw):
            self.noticed = True
        return out

    def _decide(self, out: dict[str, Any], tag: str, name: str, value: str, *, changed: bool) -> Any:
        """What is kept of a value that was not met lately, and remember it if it depends on nothing else."""
        kind = KINDS[name]
        if not value:
            return "" if changed or kind in {FLAG, CLASS, TEXT, WORDS} else None
        kept = self._handlers[kind](out, tag, name, value, changed)
        if kept is _UNSETTLED:
            self.noticed = self.noticed or self._is_noticed(kind, name, value)
            return kept
        if self._is_noticed(kind, name, value):
            self.noticed = True
        elif kind in _LASTING and len(value) <= _MAX_LENGTH:
            known = self._kept[name]
            if len(known) >= _MAX_REMEMBERED:
                known.clear()
            known[value] = kept
        return kept

    def _is_noticed(self, kind: int, name: str, value: str) -> bool:
        if kind == CLASS:
            return not self.policy.classes.isdisjoint(value.split())
        if kind == IDS and name == "id" and value in self.policy.ids:
            return True
        name = "src" if name == "rr_src" else name
        return name in self._watched and self.policy.holds(name, value)

    def settle(self) -> None:
        """Decide on classes and ids that no style sheet had named when they came; all sheets of the chunk are known."""
        named = self.state.is_named
        for out, name, tokens, changed in self._open:
            kept = " ".join([token for token in tokens if self._is_kept(name, token) or named(token)])
            if kept or changed:
                out[name] = kept
        self._open.clear()

    def reveal(self, tag: str, raw: Mapping[str, Any], out: dict[str, Any]) -> None:
        """Put the texts and addresses of an unmasked element in clear, as far as no detector objects."""
        for name, value in raw.items():
            if value.__class__ is not str or not value:
                continue
            kind = KINDS.get(name)
            if kind == TEXT:
                out[name] = clean_text(self.rules, value)
            elif kind in {LINK, SOURCE} and tag not in n.INERT and tag != "iframe":
                address = self._address(value, open_path=True)
                if address:
                    out.pop("rr_src", None)
                    out[name] = address

    def _is_kept(self, name: str, token: str) -> bool:
        return is_plain(token) or token in (self.policy.classes if name == "class" else self.policy.ids)

    def _class(self, out: dict[str, Any], _tag: str, _name: str, value: str, changed: bool) -> Any:  # noqa: FBT001
        tokens = value.split()[:MAX_TOKENS]
        plain = [token for token in tokens if self._is_kept("class", token)]
        if len(plain) == len(tokens):
            return " ".join(plain) or None
        named = self.state.is_named
        rest = [token for token in tokens if token in plain or named(token)]
        if len(rest) == len(tokens):
            if len(value) <= _MAX_LENGTH and self.policy.classes.isdisjoint(tokens):
                self._named[value] = " ".join(rest)
        else:
            self._open.append((out, "class", tokens, changed))
        if rest or changed:
            out["class"] = " ".join(rest)
        return _UNSETTLED

    def _identifiers(self, out: dict[str, Any], _tag: str, name: str, value: str, changed: bool) -> Any:  # noqa: FBT001
        tokens = value.split()[:MAX_TOKENS]
        kept = [token for token in tokens if self._is_kept("id", token)]
        if len(kept) == len(tokens):
            return " ".join(kept) or None
        if kept or changed:
            out[name] = " ".join(kept)
        self._open.append((out, name, tokens, changed))
        return _UNSETTLED

    def _style(self, _out: dict[str, Any], _tag: str, _name: str, value: str, _changed: bool) -> Any:  # noqa: FBT001
        return clean_style(value) or None

    def _words(self, _out: dict[str, Any], _tag: str, name: str, value: str, _changed: bool) -> Any:  # noqa: FBT001
        if len(value) > _MAX_LENGTH:
            return None
        if name in _CSS_VALUES:
            return clean_declaration("color", value) or None
        return value if is_plain(value) else None

    def _number(self, _out: dict[str, Any], _tag: str, name: str, value: str, _changed: bool) -> Any:  # noqa: FBT001
        if name == "charset" and value.lower() in n.CHARSETS:
            return value
        return value if len(value) <= 64 and n.NUMBER.fullmatch(value) else None

    def _star(self, _out: dict[str, Any], _tag: str, _name: str, value: str, _changed: bool) -> Any:  # noqa: FBT001
        return star(value)

    def _flag(self, _out: dict[str, Any], _tag: str, _name: str, _value: str, _changed: bool) -> Any:  # noqa: FBT001
        return ""

    def _nothing(self, _out: dict[str, Any], _tag: str, _name: str, _value: str, _changed: bool) -> Any:  # noqa: FBT001
        return None

    def _geometry(self, _out: dict[str, Any], _tag: str, _name: str, value: str, _changed: bool) -> Any:  # noqa: FBT001
        fits = len(value) <= n.MAX_GEOMETRY and n.SHAPE.fullmatch(value) and not n.LONG_NUMBER.search(value)
        return value if fits else None

    def _keyword(self, _out: dict[str, Any], _tag: str, name: str, value: str, _changed: bool) -> Any:  # noqa: FBT001
        return value if value in n.KEYWORDS[name] else None

    def _language(self, _out: dict[str, Any], _tag: str, _name: str, value: str, _changed: bool) -> Any:  # noqa: FBT001
        return value if n.LANGUAGE.fullmatch(value) else None

    def _content(self, _out: dict[str, Any], tag: str, _name: str, value: str, _changed: bool) -> Any:  # noqa: FBT001
        return value if tag == "meta" and len(value) <= 256 and n.VIEWPORT.fullmatch(value) else None

    def _sheet(self, _out: dict[str, Any], _tag: str, _name: str, value: str, _changed: bool) -> Any:  # noqa: FBT001
        sheet = clean_sheet(value)
        self.state.learn(sheet.names)
        return sheet.text or None

    def _other(self, out: dict[str, Any], name: str, kind: int, value: Any) -> None:
        """Values that are no text: flags as `true`, numbers of scroll positions and media, styles by property."""
        if value is True or value is False:
            if kind in {FLAG, STATE}:
                out[name] = value
        elif kind == STYLE and isinstance(value, dict):
            out[name] = self._properties(value)
        elif kind == STATE and value.__class__ in {int, float} and -MAX_STATE <= value <= MAX_STATE:
            out[name] = round(value, 3)

    def _properties(self, value: dict[Any, Any]) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        for name, change in value.items():
            if not isinstance(name, str) or not is_property(name):
                continue
            if change is False:
                kept[name] = False
            elif isinstance(change, str):
                kept[name] = clean_declaration(name, change)
            elif isinstance(change, list) and change and isinstance(change[0], str):
                kept[name] = [clean_declaration(name, change[0]), "important" if change[1:2] == ["important"] else ""]
        return kept

    def _link(self, _out: dict[str, Any], tag: str, _name: str, value: str, _changed: bool) -> Any:  # noqa: FBT001
        if value[0] == "#":
            return (
                value if is_plain(value[1:]) or self.state.is_named(value[1:]) or value[1:] in self.policy.ids else None
            )
        if tag in n.INERT:
            return None
        if scheme := _SCHEME.match(value):
            return scheme[0].lower()
        return self._address(value) or None

    def _source(self, out: dict[str, Any], tag: str, name: str, value: str, _changed: bool) -> Any:  # noqa: FBT001
        """What loads by itself stays loadable only if masking left it as it was; else it is noted, but not loaded."""
        if tag in n.INERT:
            return None
        address = self._address(value)
        if address == value and (name == "rr_src" or tag not in {"iframe", ""}):
            return address
        if address and name != "poster":
            out["rr_src"] = address
        return None

    def _address(self, value: str, *, open_path: bool = False) -> str:
        """Origin and path of an address, each part of the path only if it is plain; no query, no fragment."""
        masked = mask_url(self.rules, value)
        try:
            parts = urlsplit(masked)
        except ValueError:
            return ""
        if parts.scheme not in {"http", "https", ""} or len(parts.path) > 2 * _MAX_LENGTH or not _is_host(parts.netloc):
            return "about:blank" if masked == "about:blank" else ""
        path = parts.path if open_path else "/".join(map(_segment, parts.path.split("/")))
        origin = f"{parts.scheme}://{parts.netloc}" if parts.scheme else f"//{parts.netloc}" if parts.netloc else ""
        return origin + path

    def _witness(self, out: dict[str, Any], name: str, value: Any, *, changed: bool) -> None:
        if name in n.MARKS:
            self.noticed = True
        elif isinstance(value, str):
            made = self.policy.witness(name, value)
            if made is not None or changed:
                self.noticed = True
                out[name] = made
        elif changed and value is None:
            out[name] = None


def _is_host(host: str) -> bool:
    return "@" not in host and len(host) <= 253


def _segment(segment: str) -> str:
    if not segment or _TEMPLATE.fullmatch(segment) or is_plain(segment.rpartition(".")[0] or segment):
        name, dot, ending = segment.rpartition(".")
        return segment if not dot or (name and ending.isalnum() and len(ending) <= 5 and is_ending(ending)) else "*"
    return "*"


def is_ending(ending: str) -> bool:
    return ending.lower() in _ENDINGS
