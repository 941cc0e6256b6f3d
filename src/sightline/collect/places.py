"""Where a visitor is: what a trusted proxy says, else what a file in MaxMind's format says, else nothing."""

import re
from collections.abc import Mapping
from typing import Any, Final, Protocol

from msgspec import Struct

from sightline.errors import SettingError
from sightline.privacy.memo import Memo

_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_REGION: Final = re.compile(r"[A-Z0-9]{1,3}")
_NOWHERE: Final = frozenset({"XX", "T1", "ZZ", "AP", "EU"})  # unknown, Tor, and two that are no countries
_CITY: Final = 100

# Which header says what, by who sets it: Cloudflare, CloudFront, Vercel, Fastly's usual names, EdgeOne, App Engine.
COUNTRY_HEADERS: Final = (
    b"cf-ipcountry", b"cloudfront-viewer-country", b"x-vercel-ip-country", b"fastly-country-code", b"eo-ipcountry",
    b"x-appengine-country", b"x-country-code",
)  # fmt: skip
REGION_HEADERS: Final = (
    b"cf-region-code", b"cloudfront-viewer-country-region", b"x-vercel-ip-country-region", b"eo-region-code",
    b"x-appengine-region",
)  # fmt: skip
CITY_HEADERS: Final = (
    b"cf-ipcity", b"cloudfront-viewer-city", b"x-vercel-ip-city", b"eo-ipcity", b"x-appengine-city",
)  # fmt: skip


class Place(Struct, frozen=True, gc=False):
    """Country (ISO 3166-1), region (ISO 3166-2, with its country) and city."""

    country: str = ""
    region: str = ""
    city: str = ""


NOWHERE: Final = Place()


class Database(Protocol):
    """A file in MaxMind's format, opened."""

    def get(self, ip_address: str, /) -> Any: ...


class Places:
    """Finds places."""

    def __init__(self, database: Database | None = None) -> None:
        self._database = database
        self._told: Memo[tuple[str, str, str], Place] = Memo(4096)
        self._found: Memo[str, Place] = Memo(16_384)

    def __call__(self, near: tuple[str, str, str], address: str) -> Place:
        """Return the place; `near` is what a trusted proxy has said, country first."""
        if near[0]:
            told = self._told.get(near, None)
            return self._told.put(near, place(*near)) if told is None else told
        if self._database is None:
            return NOWHERE
        found = self._found.get(address, None)
        return self._found.put(address, self._look_up(address)) if found is None else found

    def _look_up(self, address: str) -> Place:
        assert self._database is not None
        try:
            record = self._database.get(address)
        except ValueError:  # no address, or one of a family that the file does not hold
            return NOWHERE
        if not isinstance(record, Mapping):
            return NOWHERE
        country = _at(record, "country", "iso_code") or _at(record, "country")
        return place(country, _at(record, "subdivisions", 0, "iso_code"), _at(record, "city", "names", "en"))


def place(country: str, region: str = "", city: str = "") -> Place:
    """A place of whatever was said: a region only within a country, and in one form."""
    country = country.strip().upper()
    if not _COUNTRY.fullmatch(country) or country in _NOWHERE:
        return NOWHERE
    region = region.strip().upper().removeprefix(f"{country}-")
    if not _REGION.fullmatch(region):
        region = ""
    city = city.strip()
    return Place(country, f"{country}-{region}" if region else "", city[:_CITY] if city.isprintable() else "")


def open_file(file: str) -> Database | None:
    """Open the file of the setting `collect.places_file`."""
    if not file:
        return None
    try:
        import maxminddb  # noqa: PLC0415 - needed only where such a file is configured
    except ImportError as exc:
        raise SettingError(
            "collect.places_file needs the package maxminddb", hint="Install sightline[places], or unset it."
        ) from exc
    try:
        opened: Database = maxminddb.open_database(file)
    except (OSError, ValueError, maxminddb.InvalidDatabaseError) as exc:
        raise SettingError(
            f"collect.places_file: {file!r} is no readable file in MaxMind's format", hint="Name a .mmdb file."
        ) from exc
    return opened


def _at(value: Any, *path: str | int) -> str:
    for step in path:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and len(value) > step else None
        else:
            value = value.get(step) if isinstance(value, Mapping) else None
    return value if isinstance(value, str) else ""
