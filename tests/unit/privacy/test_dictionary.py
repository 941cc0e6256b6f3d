"""The dictionary: what it finds, what a site may change, what it refuses."""

import pickle

import pytest

from sightline.privacy.dictionary import DictionaryError, Rules, default, diff, load, restore

SIGNED = '[[unmask]]\nreason = "x"\nsigned_by = "a"\ndate = 2026-01-01\n'
HEAD = 'dictionary = 1\nname = "shop"\n'


def site(text: str) -> Rules:
    return load(HEAD + text, default())


def test_the_default_dictionary_loads_and_has_permanent_numbers() -> None:
    rules = default()
    assert len(rules.version) == 16
    numbers = {field.name: field.number for field in rules.fields}
    # Stored ciphertext carries these: a change here is a migration, not an edit.
    assert {name: numbers[name] for name in ("email", "person_name", "phone", "ssn", "card", "password", "secret")} == {
        "email": 1, "person_name": 2, "phone": 3, "ssn": 30, "card": 35, "password": 50, "secret": 52,
    }  # fmt: skip
    assert len(numbers) >= 30


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"type": "password"}, "password"),
        ({"type": "email"}, "email"),
        ({"type": "tel"}, "phone"),
        ({"type": "text", "autocomplete": "section-a billing cc-number"}, "card"),
        ({"autocomplete": "one-time-code", "type": "text"}, "one_time_code"),
        ({"name": "user[email]"}, "email"),
        ({"name": "ccNum"}, "card"),
        ({"id": "firstName"}, "person_name"),
        ({"id": "social-security-number"}, "ssn"),
        ({"label": "Date of birth"}, "date_of_birth"),
        ({"label": "Straße"}, "address"),
        ({"type": "text", "name": "cvv2"}, "card_code"),
        ({"type": "tel", "name": "ssn"}, "ssn"),
        ({"type": "text", "name": "quantity"}, None),
        ({"type": "search", "name": "q"}, None),
    ],
)
def test_a_form_field_is_known_by_its_attributes(attributes: dict[str, str], expected: str | None) -> None:
    field = default().field_of_input(**attributes)
    assert (field.name if field else None) == expected


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("customerEmail", "email"), ("FIRST_NAME", "person_name"), ("card-number", "card"),
        ("OTPCode", "one_time_code"), ("emails", "email"),
        ("userPassword2", "password"), ("x-forwarded-for", "ip_address"), ("emailVerified", None),
        ("card_type", None),
        ("max_tokens", None), ("token_count", None), ("product_name", None), ("className", None), ("latency", None),
        ("hostname", None), ("", None), ("💥", None),
    ],
)  # fmt: skip
def test_a_key_is_known_however_it_is_spelled(key: str, expected: str | None) -> None:
    field = default().field_of_key(key)
    assert (field.name if field else None) == expected


def test_a_site_adds_fields_names_and_detectors() -> None:
    rules = site(
        '[[field]]\nnumber = 1000\nname = "loyalty"\ntier = 2\nwords = ["bonus_number"]\ndetectors = ["bonus"]\n'
        "[[detector]]\nname = \"bonus\"\npattern = 'BN-[0-9]{6}'\n"
        '[[field]]\nnumber = 50\nname = "password"\ntier = 3\nwords = ["geheim"]\n'
    )
    bonus, secret = rules.field_of_key("bonusNumber"), rules.field_of_key("geheim")
    assert bonus is not None
    assert bonus.name == "loyalty"
    assert secret is not None
    assert secret.never_unmask
    changed = {str(row["entry"]) for row in diff(default(), rules)}
    assert {"field loyalty: number", "field password: words", "detector bonus: pattern"} <= changed


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[[field]]\nnumber = 50\nname = "password"\ntier = 2', "line 6: field 'password': tier 2 is looser than 3"),
        ('[[field]]\nnumber = 50\nname = "password"\ntier = 3\nnever_unmask = false', "line 7: .*never be unmasked"),
        ('[[field]]\nnumber = 35\nname = "card"\ntier = 3\nstyle = "last4"', "line 7: .*only choose 'star'"),
        ('[headers]\nallowed = ["cookie"]', "line 4: headers.allowed: 'cookie' would be kept"),
        ('[url]\nparameters = ["page", "email"]', "line 4: url.parameters: 'email' would be kept"),
        ('[names]\nharmless_endings = ["number"]', "line 4: names.harmless_endings"),
        ('[names]\ncontainers = ["address"]', "line 4: names.containers"),
        ('[[field]]\nnumber = 1\nname = "mail"\ntier = 3', "line 3: .*the number 1 belongs to 'email'"),
        ('[[field]]\nnumber = 1001\nname = "email"\ntier = 3', "line 3: .*number 1 for ever"),
        ('[[field]]\nnumber = 99\nname = "mine"\ntier = 3', "line 3: .*numbered from 1000"),
        ("[[detector]]\nname = \"email\"\npattern = 'x'", "line 3: detector 'email' belongs to the base"),
        (SIGNED + 'selector = "input[type=password]"', "line 3: .*'password'"),
        (SIGNED + 'selector = "#card-number"', "line 3: .*'card'"),
        (SIGNED + 'key = "user.ssn"', "line 3: .*'ssn'"),
        (SIGNED + 'parameter = "otp"', "line 3: .*'one_time_code'"),
        ('[[unmask]]\nselector = ".shop"', "line 3: unmask entry 1 lacks reason, signed_by, date"),
        (SIGNED, "line 3: .*names no selector"),
        ('[[field]]\nnumber = 1000\nname = "x"\ntier = 2\nfoo = 1', "line 7: .*unknown field `foo`"),
        ('[[field]]\nnumber = 1000\nname = "x"\ntier = 7', "line 6: "),
        ('[[field]]\nnumber = 1000\nname = "x"\ntier = 2\npatterns = ["(?i)x"]', "line 7: .*only \\(\\?:…\\)"),
        ('[[field]]\nnumber = 1000\nname = "x"\ntier = 2\ndetectors = ["nope"]', "line 7: .*no known detector: 'nope'"),
        ("[[detector]]\nname = \"x\"\npattern = 'x'\nchecks = [\"nope\"]", "line 6: .*no check is named 'nope'"),
        ("x =", "not TOML"),
    ],
)  # fmt: skip
def test_what_is_looser_or_wrong_is_refused_with_its_line(text: str, says: str) -> None:
    with pytest.raises(DictionaryError, match=says):
        site(text)


def test_a_signed_unmask_entry_is_taken() -> None:
    rules = site(SIGNED + 'selector = ".catalogue"\npage = "/catalogue/*"\n' + SIGNED + 'parameter = "q"\n')
    assert [entry.what for entry in rules.unmask] == ["selector '.catalogue', page '/catalogue/*'", "parameter 'q'"]
    assert rules.parameter_allowed("q")
    assert not default().parameter_allowed("q")


def test_a_version_is_the_hash_of_what_the_rules_say_and_of_nothing_else() -> None:
    a, b = site('[url]\nparameters = ["page"]'), site('# a remark\n[url]\n  parameters = [ "page" ]')
    assert a.version == b.version
    assert a.version != default().version
    assert restore(a.canonical) == a
    assert restore(a.canonical).version == a.version
    assert pickle.loads(pickle.dumps(a)) == a  # noqa: S301 - our own bytes; the mask pool sends rules to a process
