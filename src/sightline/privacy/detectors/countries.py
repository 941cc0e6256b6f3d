"""The check of telephone numbers that needs every country's plan; the Lambda libraries take every number instead."""

from typing import Final

import phonenumbers

# Asked in this order where a number is named a telephone's but says no country.
_REGIONS: Final = (
    "US", "GB", "DE", "FR", "ES", "IT", "IN", "BR", "JP", "NL", "AU", "MX", "PL", "SE", "CH", "AT", "BE", "PT", "CN",
    "KR", "TR", "RU", "DK", "NO", "FI", "IE", "GR", "CZ", "HU", "RO", "IL", "ZA", "NZ", "SG", "AR", "CL", "CO", "UA",
    "ID", "TH",
)  # fmt: skip


def possible(written: str) -> bool:
    """Whether a number of this length may be one of some country."""
    for region in _REGIONS:
        try:
            number = phonenumbers.parse(written, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_possible_number(number):
            return True
    return False
