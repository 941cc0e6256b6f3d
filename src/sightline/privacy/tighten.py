"""Laying a site's file over a base, which it may only tighten; what would loosen it is raised with its line."""

from typing import Any

import msgspec

from sightline.privacy.entries import SITE_NUMBERS, DictionaryError, Document, Field, Lines

_ADDITIVE = (
    "input_types", "autocomplete", "words", "exact", "bare", "patterns", "selectors", "keys", "parameters", "headers",
    "detectors",
)  # fmt: skip
# Lists that keep something readable: a site may only take from them.
_KEPT = (("names", "harmless_endings"), ("url", "parameters"), ("url", "places"), ("headers", "allowed"))
# Lists that hide something: a site may only add to them. (A container is judged piece by piece: that is looser.)
_HIDDEN = (("url", "owners"), ("recording", "blocked"), ("recording", "masked"))


def tightened(base: Document, site: Document, lines: Lines) -> Document:
    """`base` with what `site` adds."""
    sections: dict[str, dict[str, Any]] = {name: {} for name in ("names", "url", "headers", "recording")}
    for section, key in (*_KEPT, ("names", "containers")):
        sections[section][key] = _kept(base, site, section, key, lines)
    for section, key in _HIDDEN:
        held, added = getattr(getattr(base, section), key) or (), getattr(getattr(site, section), key) or ()
        sections[section][key] = _union(held, added)
    names = {detector.name for detector in base.detector}
    for index, detector in enumerate(site.detector):
        if detector.name in names:
            raise DictionaryError(
                f"{lines.at('detector', index)}: detector {detector.name!r} belongs to the base and cannot be changed",
                hint="Give it another name.",
            )
    changes: dict[str, Any] = {
        section: msgspec.structs.replace(getattr(base, section), **values) for section, values in sections.items()
    }
    return msgspec.structs.replace(
        base,
        name=site.name,
        field=_fields(base, site, lines),
        detector=base.detector + site.detector,
        unmask=base.unmask + site.unmask,
        **changes,
    )


def _kept(base: Document, site: Document, section: str, key: str, lines: Lines) -> tuple[str, ...]:
    held: tuple[str, ...] = getattr(getattr(base, section), key) or ()
    wanted: tuple[str, ...] | None = getattr(getattr(site, section), key)
    if wanted is None:
        return held
    looser = [name for name in wanted if name not in held]
    if looser:
        raise DictionaryError(
            f"{lines.at(section, 0, key)}: {section}.{key}: {', '.join(map(repr, looser))} would be kept readable, "
            "which the base does not do",
            hint="A site's dictionary may only tighten; what may be seen needs a signed [[unmask]] entry.",
        )
    return wanted


def _fields(base: Document, site: Document, lines: Lines) -> tuple[Field, ...]:
    merged = {field.number: field for field in base.field}
    by_name = {field.name: field.number for field in base.field}
    for index, field in enumerate(site.field):
        held = merged.get(field.number)
        where = f"{lines.at('field', index)}: field {field.number} {field.name!r}"
        if held is None:
            if field.name in by_name:
                raise DictionaryError(f"{where}: this name has the number {by_name[field.name]} for ever")
            if field.number < SITE_NUMBERS:
                raise DictionaryError(f"{where}: a site's own fields are numbered from {SITE_NUMBERS}")
            merged[field.number] = field
        else:
            merged[field.number] = _stricter(held, field, f"{where}", lines, index)
    return tuple(merged.values())


def _stricter(held: Field, field: Field, where: str, lines: Lines, index: int) -> Field:
    if held.name != field.name:
        raise DictionaryError(f"{where}: the number {field.number} belongs to {held.name!r} for ever")
    if field.tier < held.tier:
        raise DictionaryError(
            f"{lines.at('field', index, 'tier')}: field {field.name!r}: tier {field.tier} is looser than {held.tier}"
        )
    if held.never_unmask and lines.states("field", index, "never_unmask") and not field.never_unmask:
        raise DictionaryError(
            f"{lines.at('field', index, 'never_unmask')}: field {field.name!r} can never be unmasked, "
            "and a site cannot change that"
        )
    states_style = lines.states("field", index, "style")
    if states_style and field.style not in {held.style, "star"}:
        raise DictionaryError(
            f"{lines.at('field', index, 'style')}: field {field.name!r}: style {field.style!r} for {held.style!r}; "
            "a site may only choose 'star'"
        )
    additions = {name: _union(getattr(held, name), getattr(field, name)) for name in _ADDITIVE}
    return msgspec.structs.replace(
        held,
        tier=field.tier,
        style=field.style if states_style else held.style,
        never_unmask=held.never_unmask or field.never_unmask,
        title=field.title or held.title,
        **additions,
    )


def _union(held: tuple[str, ...], added: tuple[str, ...]) -> tuple[str, ...]:
    return held + tuple(name for name in added if name not in held)


def loosened(before: Document, after: Document) -> list[str]:
    """What `after` hides less than `before`, in words; empty where it hides at least as much."""
    found: list[str] = []
    fields = {field.number: field for field in after.field}
    for held in before.field:
        now = fields.get(held.number)
        found += [f"field {held.name!r} is gone"] if now is None else _looser_field(held, now)
    detectors = {detector.name: detector for detector in after.detector}
    for detector in before.detector:
        if detectors.get(detector.name) != detector:
            found.append(f"detector {detector.name!r} is {'changed' if detector.name in detectors else 'gone'}")
    for section, key in (*_KEPT, ("names", "containers")):
        more = _gone(getattr(getattr(after, section), key) or (), getattr(getattr(before, section), key) or ())
        found += [f"{section}.{key} keeps {', '.join(map(repr, more))}"] if more else []
    for section, key in _HIDDEN:
        less = _gone(getattr(getattr(before, section), key) or (), getattr(getattr(after, section), key) or ())
        found += [f"{section}.{key} lacks {', '.join(map(repr, less))}"] if less else []
    return found + [f"unmasked: {entry.what}" for entry in after.unmask if entry not in before.unmask]


def _looser_field(held: Field, now: Field) -> list[str]:
    found = [f"field {held.name!r}: tier {now.tier}, was {held.tier}"] if now.tier < held.tier else []
    if held.never_unmask and not now.never_unmask:
        found.append(f"field {held.name!r} may be unmasked")
    if held.style == "star" and now.style != "star":
        found.append(f"field {held.name!r} is shown as {now.style!r}")
    for name in _ADDITIVE:
        gone = _gone(getattr(held, name), getattr(now, name))
        found += [f"field {held.name!r}: {name} lacks {', '.join(map(repr, gone))}"] if gone else []
    return found


def _gone(held: tuple[str, ...], now: tuple[str, ...]) -> list[str]:
    return [name for name in held if name not in now]
