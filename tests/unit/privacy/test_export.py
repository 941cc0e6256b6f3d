"""The export: complete, versioned, and nothing that its consumer has no use for."""

import json

import pytest

from sightline.privacy.dictionary import default, load
from sightline.privacy.export import export_for

SIGNED = 'reason = "public"\nsigned_by = "ann"\ndate = 2026-01-01\n'
UNMASKED = (
    'dictionary = 1\nname = "s"\n'
    f'[[unmask]]\nselector = ".shop"\npage = "/shop/*"\n{SIGNED}'
    f'[[unmask]]\nparameter = "q"\n{SIGNED}'
)


@pytest.mark.parametrize("consumer", ["browser", "lambda"])
def test_an_export_is_json_and_names_its_version(consumer: str) -> None:
    rules = load(UNMASKED, default())
    exported = export_for(consumer, rules)  # type: ignore[arg-type]
    assert json.loads(json.dumps(exported)) == exported
    assert (exported["format"], exported["consumer"], exported["version"]) == (1, consumer, rules.version)
    assert len(exported["fields"]) == len(rules.fields)
    claimed = {name for field in rules.fields for name in field.detectors}
    assert {detector["name"] for detector in exported["detectors"]} == claimed
    assert exported["unmask_parameters"] == ["q"]


def test_who_signed_and_why_stays_at_home() -> None:
    exported = export_for("browser", load(UNMASKED, default()))
    assert exported["unmask"] == [{"selector": ".shop", "page": "/shop/*"}]
    assert "ann" not in json.dumps(exported["unmask"])


def test_a_lambda_function_gets_no_form_fields_and_a_browser_no_vault() -> None:
    browser, functions = export_for("browser", default()), export_for("lambda", default())
    assert "recording" in browser
    assert "recording" not in functions
    assert not any("selectors" in field for field in functions["fields"])
    assert any("input_types" in field for field in browser["fields"])


def test_a_function_gets_what_it_looks_at_first_and_names_lead_to_the_same_fields() -> None:
    rules = default()
    front = export_for("lambda", rules)["front"]
    assert "front" not in export_for("browser", rules)
    assert set(front["names"]) <= {field.name for field in rules.fields}
    for name, (tier, words, exact, bare) in front["names"].items():
        assert tier == rules.field(name).tier
        for word in (*words.split(), *exact.split(), *bare.split()):
            found = rules.field_of_key(word)
            # Harmless endings win over words: `password_hint` is a name of no value.
            assert found is not None or word.endswith(tuple(rules.document.names.harmless_endings or ())), word
