"""Payment cards: which prefixes exist, how long their numbers are, and how they are printed."""

from typing import Final

# (first prefix, last prefix, allowed lengths). Sources: ISO/IEC 7812 ranges as the schemes publish them.
_WIDE: Final = frozenset({16, 17, 18, 19})
_RANGES: Final = (
    (4, 4, frozenset({13, 16, 18, 19})),  # Visa, and co-badged Elo, Dankort, Switch
    (51, 55, frozenset({16})),  # Mastercard
    (2221, 2720, frozenset({16})),  # Mastercard, 2-series
    (34, 34, frozenset({15})),  # American Express
    (37, 37, frozenset({15})),
    (300, 305, frozenset({14, 16, 17, 18, 19})),  # Diners Club
    (3095, 3095, frozenset({14, 16, 17, 18, 19})),
    (36, 36, frozenset({14, 15, 16, 17, 18, 19})),
    (38, 39, frozenset({14, 16, 17, 18, 19})),
    (3528, 3589, _WIDE),  # JCB; its 15 digits of old collide with IMEI numbers
    (2131, 2131, frozenset({15})),
    (1800, 1800, frozenset({15})),
    (6011, 6011, _WIDE),  # Discover
    (644, 649, _WIDE),
    (65, 65, _WIDE),  # Discover, RuPay, Troy, Elo
    (62, 62, _WIDE),  # UnionPay
    (81, 82, frozenset({16, 17, 18, 19})),  # UnionPay, RuPay
    (60, 60, frozenset({16, 18, 19})),  # RuPay, Hipercard
    (2200, 2205, _WIDE),  # Mir, PayPak
    (50, 50, frozenset({16, 17, 18, 19})),  # Maestro, Elo, Verve, Aura
    (56, 59, frozenset({16, 18, 19})),  # Maestro
    (61, 61, frozenset({16, 18, 19})),
    (63, 64, frozenset({16, 18, 19})),  # Maestro, InstaPayment, InterPayment, Solo
    (66, 69, frozenset({16, 18, 19})),
    (5018, 5018, frozenset(range(13, 20))),
    (5020, 5020, frozenset(range(13, 20))),
    (5038, 5038, frozenset(range(13, 20))),
    (5893, 5893, frozenset(range(13, 20))),
    (6304, 6304, frozenset(range(13, 20))),
    (6759, 6759, frozenset(range(13, 20))),
    (6761, 6763, frozenset(range(13, 20))),
    (606282, 606282, frozenset({13, 16, 19})),  # Hipercard
    (8600, 8600, frozenset({16})),  # Uzcard
    (9860, 9860, frozenset({16})),  # Humo
    (9112, 9112, frozenset({16})),  # Belkart
    (9704, 9704, frozenset({16, 19})),  # Napas
    (9792, 9792, frozenset({16})),  # Troy
)
_DOUBLED: Final = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def luhn(digits: str) -> bool:
    """The check digit of ISO/IEC 7812."""
    total = sum(map(int, digits[-1::-2])) + sum(_DOUBLED[int(digit)] for digit in digits[-2::-2])
    return total % 10 == 0


def _by_prefix() -> dict[str, frozenset[int]]:
    """Every prefix of the table, spelled out, with the lengths that it allows."""
    table: dict[str, frozenset[int]] = {}
    for first, last, lengths in _RANGES:
        for prefix in range(first, last + 1):
            table[str(prefix)] = table.get(str(prefix), frozenset()) | lengths
    return table


_LENGTHS: Final = _by_prefix()
_PREFIX_LENGTHS: Final = tuple(sorted({len(prefix) for prefix in _LENGTHS}))


def issued(digits: str) -> bool:
    """Whether some scheme issues numbers of this prefix and length."""
    length = len(digits)
    return any(length in _LENGTHS.get(digits[:size], ()) for size in _PREFIX_LENGTHS)


def is_card(digits: str) -> bool:
    return 13 <= len(digits) <= 19 and issued(digits) and luhn(digits)


def ranges() -> list[list[object]]:
    """The table, for the export to other languages."""
    return [[first, last, sorted(lengths)] for first, last, lengths in _RANGES]
