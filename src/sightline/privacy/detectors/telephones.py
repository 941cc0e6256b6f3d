"""Checks of telephone numbers: E.164, the North American plan, national forms, and every country where context asks."""

import re
from typing import Final

from sightline.privacy.detectors import countries

# Country calling codes in use (ITU-T E.164, assigned).
_CALLING_CODES: Final = frozenset((
    "1", "7", "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47", "48",
    "49", "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "64", "65", "66", "81", "82", "84",
    "86", "90", "91", "92", "93", "94", "95", "98", "211", "212", "213", "216", "218", "220", "221", "222", "223",
    "224", "225", "226", "227", "228", "229", "230", "231", "232", "233", "234", "235", "236", "237", "238", "239",
    "240", "241", "242", "243", "244", "245", "246", "247", "248", "249", "250", "251", "252", "253", "254", "255",
    "256", "257", "258", "260", "261", "262", "263", "264", "265", "266", "267", "268", "269", "290", "291", "297",
    "298", "299", "350", "351", "352", "353", "354", "355", "356", "357", "358", "359", "370", "371", "372", "373",
    "374", "375", "376", "377", "378", "380", "381", "382", "383", "385", "386", "387", "389", "420", "421", "423",
    "500", "501", "502", "503", "504", "505", "506", "507", "508", "509", "590", "591", "592", "593", "594", "595",
    "596", "597", "598", "599", "670", "672", "673", "674", "675", "676", "677", "678", "679", "680", "681", "682",
    "683", "685", "686", "687", "688", "689", "690", "691", "692", "800", "808", "850", "852", "853", "855", "856",
    "870", "878", "880", "881", "882", "883", "886", "888", "960", "961", "962", "963", "964", "965", "966", "967",
    "968", "970", "971", "972", "973", "974", "975", "976", "977", "979", "992", "993", "994", "995", "996", "998",
))  # fmt: skip
_EXTENSION: Final = re.compile("(?:x|ext|extension|#).*$", re.IGNORECASE)
_NOT_DIGIT: Final = re.compile("[^0-9]+")


def _digits(written: str) -> str:
    return _NOT_DIGIT.sub("", _EXTENSION.sub("", written))


def e164(text: str, start: int, end: int) -> bool:
    """`+` or `00`, a calling code in use, and as many digits as E.164 allows."""
    digits = _digits(text[start:end].replace("(0)", ""))
    if text[start:end].lstrip("(").startswith("00"):
        digits = digits[2:]
    if not 8 <= len(digits) <= 15 or len(set(digits[1:])) == 1:
        return False
    if digits[0] == "1":
        return len(digits) == 11
    return any(digits[:size] in _CALLING_CODES for size in (1, 2, 3))


def nanp(text: str, start: int, end: int) -> bool:
    """Ten digits as the North American plan parts them, with or without the 1 before."""
    written = _EXTENSION.sub("", text[start:end]).strip()
    digits = _NOT_DIGIT.sub("", written)
    if "(" not in written and "/" not in written and len(set(re.findall("[ .-]", written))) > 1:
        return False
    if len(digits) == 11 and digits[0] == "1":
        digits = digits[1:]
    return len(digits) == 10 and digits[0] not in "01" and len(set(digits)) > 1


def trunk(text: str, start: int, end: int) -> bool:
    """A national number that begins with the trunk prefix 0 and has the length of one."""
    digits = _digits(text[start:end])
    return 9 <= len(digits) <= 12 and len(set(digits)) > 2


def some_country(text: str, start: int, end: int) -> bool:
    """A number that is valid in some country, for where a name says that this is a telephone's."""
    written = text[start:end]
    digits = _digits(written)
    if not 6 <= len(digits) <= 15 or re.fullmatch(r"[0-9]+\.[0-9]{1,3}", written):
        return False
    if len(digits) == 10 and digits[0] not in "01" and "+" not in written:
        return True  # the length of the North American plan, the first that would be asked
    return countries.possible(written)
