"""The dictionary for those who run it elsewhere: versioned JSON for the browser SDK and the Lambda libraries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from sightline.privacy.detectors import cards, ibans
from sightline.privacy.entries import STAR, Detector, Field

if TYPE_CHECKING:
    from sightline.privacy.dictionary import Rules

EXPORT_FORMAT: Final = 1
Consumer = Literal["browser", "lambda"]


def export_for(consumer: Consumer, rules: Rules) -> dict[str, Any]:
    """What a consumer needs, and no more: a Lambda function has no form fields, a browser sets no headers' policy."""
    document = rules.document
    detectors = [
        {key: value for key, value in msgspec.to_builtins(detector).items() if value not in ("", [], (), False, 0)}
        | {"name": detector.name, "field": field}
        for detector, field in _claimed(rules)
    ]
    exported: dict[str, Any] = {
        "format": EXPORT_FORMAT,
        "consumer": consumer,
        "version": rules.version,
        "star": STAR,
        "names": msgspec.to_builtins(document.names),
        "url": msgspec.to_builtins(document.url),
        "fields": [_field(field, consumer) for field in rules.fields],
        "detectors": detectors,
        "tables": {"card_ranges": cards.ranges(), "iban_lengths": dict(ibans.LENGTHS)},
    }
    if consumer == "browser":
        exported["recording"] = msgspec.to_builtins(document.recording)
        exported["unmask"] = [
            {key: getattr(entry, key) for key in ("selector", "page") if getattr(entry, key)}
            for entry in rules.unmask
            if entry.selector or entry.page
        ]
    exported["headers"] = msgspec.to_builtins(document.headers)
    exported["unmask_keys"] = [entry.key for entry in rules.unmask if entry.key]
    exported["unmask_parameters"] = [entry.parameter for entry in rules.unmask if entry.parameter]
    if consumer == "lambda":
        exported["front"] = _front(rules)
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(exported))
    return plain


def _front(rules: Rules) -> dict[str, Any]:
    """What a function looks at first: the names, folded, and what tells that a text gives no detector a reason.

    A function starts anew often, so it cannot afford to compile what most of its lines never need.
    """
    return rules.scanner.gates.outline() | {
        "any_word": rules.any_word_announces,
        "names": {
            field.name: [field.tier, " ".join(words), " ".join(exact), " ".join(bare)]
            for field, words, exact, bare in rules.names()
        },
    }


def _claimed(rules: Rules) -> list[tuple[Detector, str]]:
    owner = {name: field.name for field in rules.fields for name in field.detectors}
    return [(detector, owner[detector.name]) for detector in rules.document.detector if detector.name in owner]


_ALWAYS: Final = ("words", "exact", "bare", "patterns", "keys", "parameters")
_ONLY: Final = {"browser": ("input_types", "autocomplete", "selectors"), "lambda": ("headers",)}


def _field(field: Field, consumer: Consumer) -> dict[str, Any]:
    shown: dict[str, Any] = {"number": field.number, "name": field.name, "tier": field.tier}
    if field.never_unmask:
        shown["never_unmask"] = True
    for key in (*_ALWAYS, *_ONLY[consumer]):
        if getattr(field, key):
            shown[key] = list(getattr(field, key))
    return shown
