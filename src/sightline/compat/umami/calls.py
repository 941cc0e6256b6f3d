"""One call of a route: what was sent, read with care, and what the route may use to answer it."""

import re
from collections.abc import Mapping, Sequence
from typing import Final, TypeVar
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct

from sightline.accounts.callers import Caller
from sightline.accounts.permissions import Permission
from sightline.accounts.scopes import Scope, scope_for
from sightline.compat.umami.callers import caller_of
from sightline.compat.umami.ids import is_uuid
from sightline.database.pool import Database
from sightline.errors import InvalidValue, NotFound, NotSignedIn
from sightline.operate.house import House
from sightline.privacy.echo import shown, shown_name

T = TypeVar("T")
Query = Mapping[str, Sequence[str]]
MOST_FIELDS: Final = 200
LONGEST: Final = 4000
_WHERE: Final = re.compile(r" - at `\$?([^`]*)`$")
_MISSING: Final = re.compile(r"Object missing required field `(\w+)`")
_SAFE: Final = re.compile(r"[A-Za-z0-9_]{1,64}")


class Body(Struct, rename="camel"):
    """What a body holds; Umami passes over what it does not know, and so do we."""


class Answer(Struct, rename="camel"):
    """What an answer holds."""


class Ok(Struct):
    """Done."""

    ok: bool = True


class Call:
    """A call. `scope` holds what the caller may touch with the route's permission; None where everybody may call."""

    def __init__(
        self, house: House, caller: Caller, parts: Mapping[str, str], query: Query, headers: Mapping[str, str]
    ) -> None:
        self.house = house
        self.caller = caller
        self.parts = parts
        self.query = query
        self.headers = headers
        self.content = b""
        self.granted: Scope | None = None
        self.token = ""
        self.origin = ""
        # What every report of this call is narrowed to besides: the address of a link or pixel.
        self.only: tuple[str, ...] = ()

    @property
    def database(self) -> Database:
        return self.house.database

    @property
    def scope(self) -> Scope:
        assert self.granted is not None, "a public route has no scope"
        return self.granted

    @property
    def user_id(self) -> int:
        if self.caller.user_id is None:
            raise NotSignedIn
        return self.caller.user_id

    async def refresh(self) -> None:
        """Look anew who calls: they have just joined or made a team."""
        self.caller = await caller_of(self.house, self.headers, self.caller.request_id)

    async def scope_of(
        self, permission: Permission, *, site: str | None = None, team: str | None = None, field: str | None = None
    ) -> Scope:
        """What the caller may touch besides, by UUIDs that stand in the body or query."""
        for one in (site, team):
            if one is not None and not is_uuid(one):
                raise InvalidValue("this is no UUID", field=field)
        return await scope_for(self.database, self.caller, permission, site=site, team=team)

    # ---- what stands in the address ----

    def text(self, name: str, default: str = "") -> str:
        """A value of the query; of several the last."""
        found = self.query.get(name)
        return found[-1] if found else default

    def required(self, name: str) -> str:
        if not (found := self.text(name)):
            raise InvalidValue(f"{name} is missing", field=name)
        return found

    def number(self, name: str, default: int, *, least: int = 0, most: int = 2**53) -> int:
        text = self.text(name)
        if not text:
            return default
        if not re.fullmatch(r"-?[0-9]{1,16}(\.0+)?", text):
            raise InvalidValue(f"{name} is a whole number, not {shown(text[:40])}", field=name)
        found = int(text.partition(".")[0])
        if not least <= found <= most:
            raise InvalidValue(f"{name} is from {least} to {most}", field=name)
        return found

    def one_of(self, name: str, known: Sequence[str], default: str) -> str:
        found = self.text(name) or default
        if found not in known:
            raise InvalidValue(f"{name} cannot be {shown(found[:40])}; there are {', '.join(known)}", field=name)
        return found

    def flag(self, name: str) -> bool:
        return self.text(name).lower() not in {"", "false", "0"}

    # ---- what stands in the body ----

    def body(self, kind: type[T]) -> T:
        """The body as a type; what is wrong is told with the field, never with its value."""
        try:
            return msgspec.json.decode(self.content or b"{}", type=kind, strict=True)
        except msgspec.ValidationError as exc:
            raise misfit(exc) from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise InvalidValue("the body is one JSON document") from None


def read_query(raw: bytes) -> Query:
    """The query string; what cannot be read as UTF-8 or is far too much is refused."""
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError:
        raise InvalidValue(f"the query holds what is no text, or over {MOST_FIELDS} values") from None
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        if len(value) > LONGEST or "\x00" in value or "\x00" in name:
            raise InvalidValue("a value of the query is too long or no text", field=shown_name(name) or None)
        found.setdefault(name, []).append(value)
    return found


def misfit(error: msgspec.ValidationError) -> InvalidValue:
    """What does not fit, by its field."""
    text = str(error)
    found = _WHERE.search(text)
    said = text[: found.start()] if found else text
    steps = [step for step in re.split(r"[.\[\]]+", found[1]) if _SAFE.fullmatch(step)] if found else []
    if missing := _MISSING.match(said):
        steps.append(missing[1])
    return InvalidValue(said.partition(", got ")[0] if "'" in said else said, field=".".join(steps) or None)


def no_such(what: str) -> NotFound:
    return NotFound(f"there is no such {what}, or you may not see it")
