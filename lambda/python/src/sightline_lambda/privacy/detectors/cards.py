# Made by `python -m tools.lambda_privacy` from src/sightline/privacy/detectors/cards.py: change it there.
from typing import Final
_WIDE: Final = frozenset({16, 17, 18, 19})
_RANGES: Final = ((4, 4, frozenset({13, 16, 18, 19})), (51, 55, frozenset({16})), (2221, 2720, frozenset({16})), (34, 34, frozenset({15})), (37, 37, frozenset({15})), (300, 305, frozenset({14, 16, 17, 18, 19})), (3095, 3095, frozenset({14, 16, 17, 18, 19})), (36, 36, frozenset({14, 15, 16, 17, 18, 19})), (38, 39, frozenset({14, 16, 17, 18, 19})), (3528, 3589, _WIDE), (2131, 2131, frozenset({15})), (1800, 1800, frozenset({15})), (6011, 6011, _WIDE), (644, 649, _WIDE), (65, 65, _WIDE), (62, 62, _WIDE), (81, 82, frozenset({16, 17, 18, 19})), (60, 60, frozenset({16, 18, 19})), (2200, 2205, _WIDE), (50, 50, frozenset({16, 17, 18, 19})), (56, 59, frozenset({16, 18, 19})), (61, 61, frozenset({16, 18, 19})), (63, 64, frozenset({16, 18, 19})), (66, 69, frozenset({16, 18, 19})), (5018, 5018, frozenset(range(13, 20))), (5020, 5020, frozenset(range(13, 20))), (5038, 5038, frozenset(range(13, 20))), (5893, 5893, frozenset(range(13, 20))), (6304, 6304, frozenset(range(13, 20))), (6759, 6759, frozenset(range(13, 20))), (6761, 6763, frozenset(range(13, 20))), (606282, 606282, frozenset({13, 16, 19})), (8600, 8600, frozenset({16})), (9860, 9860, frozenset({16})), (9112, 9112, frozenset({16})), (9704, 9704, frozenset({16, 19})), (9792, 9792, frozenset({16})))
_DOUBLED: Final = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)

def luhn(digits: str) -> bool:
 total = sum(map(int, digits[-1::-2])) + sum((_DOUBLED[int(digit)] for digit in digits[-2::-2]))
 return total % 10 == 0

def _by_prefix() -> dict[str, frozenset[int]]:
 table: dict[str, frozenset[int]] = {}
 for first, last, lengths in _RANGES:
  for prefix in range(first, last + 1):
   table[str(prefix)] = table.get(str(prefix), frozenset()) | lengths
 return table
_LENGTHS: Final = _by_prefix()
_PREFIX_LENGTHS: Final = tuple(sorted({len(prefix) for prefix in _LENGTHS}))

def issued(digits: str) -> bool:
 length = len(digits)
 return any((length in _LENGTHS.get(digits[:size], ()) for size in _PREFIX_LENGTHS))

def is_card(digits: str) -> bool:
 return 13 <= len(digits) <= 19 and issued(digits) and luhn(digits)
