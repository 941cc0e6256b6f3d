"""A held-out set that nobody tuned on: texts made by a seeded generator from Faker's locales and templates.

The seed is an argument, so a fresh set is one number away. Spans are known because we put them there.
"""

import random
from collections.abc import Callable, Iterator
from typing import Any

from faker import Faker

from sightline.privacy.detectors.cards import issued, luhn
from sightline.privacy.detectors.ibans import LENGTHS, mod97, structure

LOCALES = (
    "en_US",
    "en_GB",
    "de_DE",
    "fr_FR",
    "es_ES",
    "it_IT",
    "nl_NL",
    "pl_PL",
    "pt_BR",
    "sv_SE",
    "ja_JP",
    "en_IN",
    "en_AU",
    "de_CH",
    "cs_CZ",
)
TEMPLATES = (
    "{}", "value {} received", "({})", "x={}&y=1", '{{"v": "{}"}}', "user wrote: {} and left", "<td>{}</td>",
    "[{}]", "{}.",
    "2026-03-04T05:06:07Z INFO handler {} done in 12 ms",
)  # fmt: skip
PHONE_TEMPLATES = (
    "phone: {}", "Tel. {}", "call me at {}", '{{"phoneNumber": "{}"}}', "mobile={}&x=1", "fax {}",
    "my telephone number is {}",
)  # fmt: skip
NAMED_SSN = ("SSN: {}", "ssn={}", "social security number {}", "{} is my SSN", '"ssn":"{}"', "Social Security no. {}")


def _entry(template: str, value: str, kind: str, *, hard: bool = False) -> dict[str, Any]:
    before, _, after = template.partition("{}")
    before, after = before.replace("{{", "{").replace("}}", "}"), after.replace("{{", "{").replace("}}", "}")
    text = before + value + after
    return {"text": text, "spans": [[len(before), len(before) + len(value), kind]], "hard": hard}


def card(rng: random.Random) -> str:
    """A number of some issuer, as printed: contiguous, in fours, or as American Express and Diners part theirs."""
    while True:
        prefix = rng.choice(
            (
                "4",
                "51",
                "55",
                "2221",
                "2720",
                "34",
                "37",
                "36",
                "38",
                "6011",
                "65",
                "644",
                "622126",
                "3528",
                "3589",
                "5018",
                "6759",
                "2201",
                "8600",
            )
        )
        length = rng.choice((13, 14, 15, 16, 16, 16, 16, 18, 19))
        body = prefix + "".join(rng.choice("0123456789") for _ in range(length - len(prefix) - 1))
        digits = next(body + last for last in "0123456789" if luhn(body + last))
        if issued(digits):
            break
    groups = {15: (4, 6, 5), 14: (4, 6, 4), 16: (4, 4, 4, 4)}.get(length)
    if groups is None or rng.random() < 0.5:
        return digits
    separator, parts, at = rng.choice(" -"), [], 0
    for size in groups:
        parts.append(digits[at : at + size])
        at += size
    return separator.join(parts)


def iban(rng: random.Random, country: str) -> str:
    alphabet = {"n": "0123456789", "a": "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "c": "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
    body = "".join(rng.choice(alphabet[kind]) for size, kind in structure(country) for _ in range(size))
    compact = next(f"{country}{check:02}{body}" for check in range(2, 99) if mod97(f"{country}{check:02}{body}"))
    return compact if rng.random() < 0.5 else " ".join(compact[at : at + 4] for at in range(0, len(compact), 4))


def _ssn(rng: random.Random) -> str:
    area = rng.choice([n for n in range(1, 900) if n != 666])
    return f"{area:03}-{rng.randint(1, 99):02}-{rng.randint(1, 9999):04}"


def encodings() -> dict[str, Callable[[str], str]]:
    """How the same value hides: each is hard."""
    wide = {ord(char): ord(char) + 0xFEE0 for char in map(chr, range(0x21, 0x7F))}
    return {
        "percent": lambda value: "".join(char if char.isalnum() else f"%{ord(char):02X}" for char in value),
        "json": lambda value: "".join(char if char.isalnum() else f"\\u{ord(char):04x}" for char in value),
        "entities": lambda value: "".join(char if char.isalnum() else f"&#{ord(char)};" for char in value),
        "wide": lambda value: value.translate(wide),
        "zero-width": lambda value: "\u200b".join((value[:3], value[3:6], value[6:])),
        "no-break": lambda value: value.replace(" ", "\u00a0").replace("-", "\u2011"),
    }


def generate(seed: int, size: int = 40) -> Iterator[dict[str, Any]]:
    """Yield labelled entries, `size` of a kind and locale where the kind has locales."""
    rng = random.Random(seed)
    for locale in LOCALES:
        fake = Faker(locale)
        fake.seed_instance(rng.randrange(2**32))
        for _ in range(size):
            yield _entry(rng.choice(TEMPLATES), fake.ascii_safe_email(), "email")
            yield _entry(rng.choice(PHONE_TEMPLATES), fake.phone_number(), f"phone {locale}")
            yield _entry(rng.choice(TEMPLATES), fake.ipv4_public(), "ip")
    fake = Faker("en_US")
    fake.seed_instance(rng.randrange(2**32))
    for _ in range(size * 5):
        yield _entry(rng.choice(TEMPLATES), card(rng), "card")
        yield _entry(rng.choice(TEMPLATES), _ssn(rng), "ssn")
        yield _entry(rng.choice(NAMED_SSN), _ssn(rng).replace("-", ""), "ssn bare", hard=True)
        yield _entry(rng.choice(TEMPLATES), fake.ipv6(), "ip6")
        yield _entry(
            rng.choice(TEMPLATES),
            f"+{rng.choice((1212, 4420, 4930, 331, 346, 3906))}{rng.randrange(10**6, 10**7)}",
            "phone e164",
        )
    for country in LENGTHS:
        for _ in range(max(1, size // 10)):
            yield _entry(rng.choice(TEMPLATES), iban(rng, country), f"iban {country}")
    for name, encode in encodings().items():
        for _ in range(size):
            for kind, value in (
                ("email", fake.email()),
                ("card", card(rng)),
                ("ssn", _ssn(rng)),
                ("iban", iban(rng, "DE")),
            ):
                encoded = encode(value)
                if encoded != value:
                    yield _entry(rng.choice(TEMPLATES), encoded, f"{kind} {name}", hard=True)


def negatives(seed: int, size: int = 200) -> Iterator[dict[str, Any]]:
    """Yield texts that hold nothing personal but look as if: moments, identifiers, versions, paths, hashes."""
    rng = random.Random(seed)
    fake = Faker("en_US")
    fake.seed_instance(seed)
    makers: tuple[Callable[[], str], ...] = (
        lambda: str(rng.randrange(1_500_000_000_000, 1_900_000_000_000)),
        lambda: f"ts={rng.randrange(1_500_000_000_000_000, 1_900_000_000_000_000)}",
        lambda: f"at {rng.randrange(1_500_000_000_000_000_000, 1_900_000_000_000_000_000)} ns",
        lambda: f"request {fake.uuid4()} ok",
        lambda: f"sha256:{fake.sha256()}",
        lambda: f"commit {fake.sha1()}",
        lambda: f"ISBN {fake.isbn13()}",
        lambda: f"@{fake.word()}/{fake.word()}@{rng.randrange(30)}.{rng.randrange(30)}.{rng.randrange(30)}",
        lambda: "M" + " ".join(f"{rng.uniform(0, 999):.{rng.randrange(5)}f}" for _ in range(8)) + "Z",
        lambda: "M" + " ".join(str(rng.randrange(10000)) for _ in range(8)) + "Z",
        fake.user_agent,
        fake.iso8601,
        lambda: fake.date_time().strftime("%d.%m.%Y %H:%M:%S"),
        lambda: f"took {rng.uniform(0, 9999):.6f} s, {rng.randrange(10**9)} rows",
        fake.sentence,
        lambda: fake.hex_color() + " " + fake.mac_address(),
        lambda: f"order {rng.randrange(10**9, 10**10)} shipped",
        lambda: f"GET /{fake.uri_path()} 200 {rng.randrange(10**6)}",
        lambda: f"{fake.file_path(depth=3)}:{rng.randrange(999)}:{rng.randrange(99)}",
        lambda: f"translate({rng.uniform(0, 9999):.4f}px, {rng.uniform(0, 9999):.4f}px)",
        lambda: f"price {rng.randrange(99)},{rng.randrange(999):03}.{rng.randrange(99):02} EUR",
        lambda: f"{fake.domain_name()}:{rng.randrange(1024, 65535)}",
    )
    for _ in range(size // len(makers) + 1):
        for make in makers:
            yield {"text": make(), "spans": []}
