"""Reads the settings: from a TOML file, the environment and flags, the later the stronger."""

import os
import re
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec

from sightline.errors import SettingError
from sightline.settings import PREFIX, Loaded, Secret, Settings, catalogue, environment_name, is_secret

# Read before the settings themselves or by one command, so they are no settings.
PLACES = {"SIGHTLINE_DATA", "SIGHTLINE_CONFIG", "SIGHTLINE_USER_PASSWORD_FILE"}
# Names that others gave to the same thing, which an operator has set already.
ALIASES = {"DATABASE_URL": "database.url", "AWS_REGION": "aws.region"}


def default_data_folder(environ: Mapping[str, str] | None = None) -> Path:
    """Return where the data lives when nobody says: the system's place for root, the user's own otherwise."""
    environ = os.environ if environ is None else environ
    if os.geteuid() == 0:
        return Path("/var/lib/sightline")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "sightline"
    base = environ.get("XDG_DATA_HOME") or ""
    return (Path(base) if base else Path.home() / ".local" / "share") / "sightline"


def load(
    *,
    data: Path | None = None,
    config: Path | None = None,
    flags: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Loaded:
    """Read all settings; the first wrong one is raised as a `SettingError` that says where it stands."""
    environ = os.environ if environ is None else environ
    data = data or (Path(environ["SIGHTLINE_DATA"]) if environ.get("SIGHTLINE_DATA") else default_data_folder(environ))
    data = data.expanduser().absolute()
    known = catalogue()
    values: dict[str, object] = {}
    origins: dict[str, str] = {}

    file = _config_file(data, config, environ)
    if file is not None:
        for name, value, origin in _from_file(file, known):
            values[name], origins[name] = value, origin
    for name, value, origin in _from_environment(environ, known):
        values[name], origins[name] = value, origin
    for name, value in (flags or {}).items():
        if value is not None:
            values[name], origins[name] = value, f"flag --{name.split('.')[1].replace('_', '-')}"

    sections: dict[str, dict[str, object]] = {}
    for name, value in values.items():
        section, _, field = name.partition(".")
        sections.setdefault(section, {})[field] = _converted(name, value, known[name][0], origins[name])
    settings = Settings(**{section: _section_type(section)(**fields) for section, fields in sections.items()})
    return Loaded(settings=settings, data=data, origins=origins)


def _section_type(section: str) -> Any:
    return get_type_hints(Settings)[section]


def _config_file(data: Path, config: Path | None, environ: Mapping[str, str]) -> Path | None:
    if config is None and environ.get("SIGHTLINE_CONFIG"):
        config = Path(environ["SIGHTLINE_CONFIG"])
    if config is not None:
        if not config.is_file():
            raise SettingError(f"the configuration file {str(config)!r} does not exist", hint="Check --config.")
        return config
    standard = data / "sightline.toml"
    return standard if standard.is_file() else None


def _from_file(file: Path, known: Mapping[str, object]) -> list[tuple[str, object, str]]:
    text = file.read_text("utf-8")
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise SettingError(f"{file}: {exc}", hint="Correct the TOML.") from exc
    found = []
    for section, fields in document.items():
        if not isinstance(fields, dict):
            raise SettingError(
                f"{file}:{_line_of(text, None, section)}: {section!r} stands outside of a section",
                hint=f"Sections are {_listing(known, '')}.",
            )
        for field, value in fields.items():
            name = f"{section}.{field}"
            origin = f"{file}:{_line_of(text, section, field)}"
            if name not in known:
                raise SettingError(f"{origin}: unknown setting {name!r}", hint=_nearest(name, known))
            found.append((name, value, origin))
    return found


def _line_of(text: str, section: str | None, field: str) -> int:
    """The line on which a setting stands; tomllib does not tell."""
    current: str | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[\s*\"?([^\]\"]+?)\"?\s*\]", line):
            current = header[1]
        elif current == section and re.match(rf"\s*[\"']?{re.escape(field)}[\"']?\s*=", line):
            return number
    return 1


def _from_environment(environ: Mapping[str, str], known: Mapping[str, object]) -> list[tuple[str, object, str]]:
    by_name = {environment_name(name): name for name in known}
    # The aliases first: our own name for a setting is the stronger.
    found: list[tuple[str, object, str]] = [
        (name, environ[alias], f"environment {alias}") for alias, name in ALIASES.items() if environ.get(alias)
    ]
    for variable, text in sorted(environ.items()):
        if not variable.startswith(PREFIX) or variable in PLACES:
            continue
        if variable in by_name:
            found.append((by_name[variable], text, f"environment {variable}"))
            continue
        plain = variable.removesuffix("_FILE")
        if plain != variable and plain in by_name and is_secret(by_name[plain]):
            found.append((by_name[plain], _read_secret(variable, text), f"environment {variable}"))
            continue
        raise SettingError(f"environment {variable}: unknown setting", hint=_nearest(variable, by_name))
    return found


def _read_secret(variable: str, path: str) -> str:
    try:
        return Path(path).read_text("utf-8").rstrip("\r\n")
    except OSError as exc:
        raise SettingError(
            f"environment {variable}: cannot read {path!r}: {exc.strerror}", hint="Name a readable file."
        ) from exc


def _converted(name: str, value: object, kind: Any, origin: str) -> object:
    if Secret in get_args(kind):
        if not isinstance(value, str):
            raise SettingError(f"{origin}: {name} has to be a text", hint="Put it in quotes.", field=name)
        return Secret(value) if value else None
    section, _, field = name.partition(".")
    hint = get_type_hints(_section_type(section), include_extras=True)[field]
    if isinstance(value, str) and kind == tuple[str, ...]:
        value = [part.strip() for part in value.split(",") if part.strip()]
    try:
        # Not strict: the environment knows only texts.
        return msgspec.convert(value, hint, strict=not origin.startswith("environment"))
    except msgspec.ValidationError as exc:
        raise SettingError(f"{origin}: {name} = {value!r}: {exc}", hint="See `sightline config`.", field=name) from exc


def _nearest(name: str, known: Mapping[str, object]) -> str:
    import difflib  # noqa: PLC0415 - only needed for the message of an error

    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"Did you mean {close[0]!r}?" if close else "`sightline config` lists all settings."


def _listing(known: Mapping[str, object], prefix: str) -> str:
    return ", ".join(sorted({name.split(".")[0] for name in known if name.startswith(prefix)}))
