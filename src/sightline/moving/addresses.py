"""The address of a source: like our own database's, but its password never stands on a command line."""

from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import msgspec

from sightline.database.address import Address, is_local, parse
from sightline.errors import SettingError
from sightline.settings import DatabaseSettings, Secret, SourceSettings

URL: Final = "SIGHTLINE_SOURCE_URL"
PASSWORD: Final = "SIGHTLINE_SOURCE_PASSWORD"  # noqa: S105 - the name of a variable


def source_address(said: str | None, settings: SourceSettings) -> Address:
    """Where to read: what was typed, or what is set; a password is only set."""
    if said is None and settings.url is None:
        raise SettingError("no source is named", hint=f"Write its postgresql:// URL, or set {URL}.")
    text = said if said is not None else settings.url.reveal() if settings.url else ""
    try:
        parts = urlsplit(text)
    except ValueError as exc:
        raise SettingError("the source is not a URL", hint="Write postgresql://user@host:5432/umami.") from exc
    if said is not None and parts.password:
        raise SettingError(
            "a password on a command line can be read by everybody on the machine",
            hint=f"Leave it out and set {PASSWORD} (or {PASSWORD}_FILE), or put the whole URL into {URL}.",
        )
    options = dict(parse_qsl(parts.query))
    schema = options.pop("schema", "public")
    for name in ("connection_limit", "pool_timeout", "pgbouncer"):  # of Umami's own driver
        options.pop(name, None)
    host = options.get("host", parts.hostname or "")
    local = is_local(host)
    if local and options.get("sslmode") in {"disable", "allow", "prefer"}:
        options.pop("sslmode")
    cleaned = Secret(urlunsplit(parts._replace(query=urlencode(options))))
    database = DatabaseSettings(tls="off" if local else "verify-full")
    address = msgspec.structs.replace(parse(cleaned, database, setting="the source"), schema=schema)
    return address if settings.password is None else address.as_user(address.user, settings.password)
