# Made by `python -m tools.lambda_privacy` from src/sightline/privacy/detectors/checks.py: change it there.
import math
import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final
from sightline_lambda.privacy.detectors import cards, ibans, networks, telephones
from sightline_lambda.privacy.names import fold
Check = Callable[[str, int, int], bool]
Fit = Callable[[str, int, int], int]
_NOT_DIGIT: Final = re.compile('[^0-9]+')
_DIGITS: Final = re.compile('[0-9]+')
_DATE: Final = re.compile('[0-9]{2}([ ./-])[0-9]{2}\\1[0-9]{4}|[0-9]{4}-[0-9]{2}-[0-9]{2}')
_HOLDS_TOGETHER: Final = re.compile('[-.()/+]')
_COMMAND: Final = re.compile('(?<![A-Za-z])[MmLlHhVvCcSsQqTtAaZz] ?$')
_TEN: Final = frozenset('0123456789')
_HEX: Final = frozenset('0123456789abcdefABCDEF')

def digits_of(text: str) -> str:
 return _NOT_DIGIT.sub('', text)

def card(text: str, start: int, end: int) -> bool:
 return cards.is_card(digits_of(text[start:end]))

def one_separator(text: str, start: int, end: int) -> bool:
 return len(set(_DIGITS.split(text[start:end])) - {''}) <= 1

def not_decimal(text: str, start: int, end: int) -> bool:
 if start >= 2 and text[start - 1] in '.,' and (text[start - 2] in '0123456789'):
  return False
 return not (text[end:end + 1] == '.' and len(_leading_digits(text, end + 1)) > 2)

def _leading_digits(text: str, at: int) -> str:
 found = _DIGITS.match(text, at)
 return found[0] if found else ''

def not_hex(text: str, start: int, end: int) -> bool:
 if text[max(0, start - 2):start].lower() == '0x':
  return False
 left, right = (start, end)
 while left > 0 and start - left < 64 and (text[left - 1] in _HEX):
  left -= 1
 while right < len(text) and right - end < 64 and (text[right] in _HEX):
  right += 1
 run = text[left:right]
 return len(run) - (end - start) < 6 or not any((char in 'abcdefABCDEF' for char in run))

def alone(text: str, start: int, end: int) -> bool:
 if _DATE.match(text, start, end):
  return False
 joined = ' ,' if not _HOLDS_TOGETHER.search(text, start, end) else '-.'
 if start >= 2 and text[start - 1] in joined and (text[start - 2] in '0123456789'):
  return False
 if text[end:end + 1] and text[end] in joined and (text[end + 1:end + 2] in _TEN):
  return False
 return joined == '-.' or _COMMAND.search(text, max(0, start - 3), start) is None
_ROW_BEFORE: Final = re.compile('(?:[0-9]{4}[ ,]){2}$')
_ROW_AFTER: Final = re.compile('(?:[ ,][0-9]{4}){2}')

def no_row(text: str, start: int, end: int) -> bool:
 return _ROW_BEFORE.search(text, max(0, start - 10), start) is None and _ROW_AFTER.match(text, end) is None

def ssn(text: str, start: int, end: int) -> bool:
 digits = digits_of(text[start:end])
 if len(digits) != 9 or len(set(digits)) == 1:
  return False
 area, group, serial = (digits[:3], digits[3:5], digits[5:])
 if area in {'000', '666'} or group == '00' or serial == '0000':
  return False
 return area < '900' or 50 <= int(group) <= 99

def iban(text: str, start: int, end: int) -> bool:
 return ibans.is_iban(re.sub('[ .-]', '', text[start:end]).upper())

def fit_iban(text: str, start: int, end: int) -> int:
 length = ibans.LENGTHS.get(text[start:start + 2].upper(), 0)
 taken = 0
 for at in range(start, end):
  if text[at] not in ' .-':
   taken += 1
   if taken == length:
    return at + 1
 return start

def long(text: str, start: int, end: int) -> bool:
 return end - start >= 32

def five_digits(text: str, start: int, end: int) -> bool:
 return sum(('0' <= char <= '9' for char in text[start:end])) >= 5

def mrz(text: str, start: int, end: int) -> bool:
 return '<<' in text[start:end] and text[start:end].count('<') >= 4
_IDENTIFIERS: Final = re.compile('(?:^|_)(?:id|ids|uuid|guid|version|port|ref|order|invoice|request|trace|timestamp|ts|time|date|ms|count|size|sku|isbn|ean|gtin|upc|imei|build|commit|revision|sha|hash|etag|digest|checksum|line|row|page|duration|expires|index)$')

def not_identifier(text: str, start: int, end: int) -> bool:
 return _IDENTIFIERS.search(fold(text[max(0, start - 24):start])) is None

def opaque(text: str, start: int, end: int) -> bool:
 token = text[start:end]
 return any((char.isdigit() for char in token)) or any((char.isupper() for char in token[2:])) or len(set(token)) > 14
_SAID: Final = frozenset(('required', 'invalid', 'incorrect', 'wrong', 'missing', 'changed', 'updated', 'reset', 'expired', 'empty', 'too', 'not', 'must', 'should', 'cannot', 'can', 'will', 'was', 'been', 'being', 'the', 'your', 'a', 'an', 'this', 'that', 'it', 'set', 'weak', 'strong', 'same', 'different', 'correct', 'valid', 'hidden', 'masked', 'encrypted', 'hashed', 'stored', 'protected', 'short', 'long', 'here', 'there', 'below', 'above', 'only', 'never', 'always', 'now', 'also', 'used', 'needed', 'optional', 'new', 'old', 'sent', 'unknown', 'null', 'none', 'undefined', 'true', 'false', 'string', 'number', 'boolean', 'redacted', 'filtered', 'secret', 'confirmed', 'forgotten', 'compromised'))

def password_like(text: str, start: int, end: int) -> bool:
 said = text[start:end].rstrip('.,;:!?)')
 if not said or said.lower() in _SAID or set(said) <= set('*•.x-_'):
  return False
 return any((not char.isalpha() for char in said)) or not (said.islower() or said.istitle())

def entropy(text: str) -> float:
 size = len(text)
 return -sum((count / size * math.log2(count / size) for count in Counter(text).values())) if size else 0.0

def random_looking(text: str, start: int, end: int) -> bool:
 token = text[start:end]
 kinds = sum((any((test(char) for char in token)) for test in (str.isdigit, str.islower, str.isupper)))
 return kinds >= 2 and any((char.isdigit() for char in token)) and (entropy(token) >= min(3.0, 0.7 * math.log2(len(token))))

def has_digit(text: str, start: int, end: int) -> bool:
 return any(('0' <= char <= '9' for char in text[start:end]))
CHECKS: Final[Mapping[str, Check]] = {'alone': alone, 'card': card, 'e164': telephones.e164, 'five_digits': five_digits, 'has_digit': has_digit, 'iban': iban, 'ipv4': networks.ipv4, 'ipv6': networks.ipv6, 'long': long, 'mail_domain': networks.mail_domain, 'mrz': mrz, 'nanp': telephones.nanp, 'no_row': no_row, 'not_decimal': not_decimal, 'not_hex': not_hex, 'not_identifier': not_identifier, 'one_separator': one_separator, 'opaque': opaque, 'password_like': password_like, 'phone': telephones.some_country, 'random_looking': random_looking, 'ssn': ssn, 'trunk': telephones.trunk, 'userinfo': networks.userinfo}
FITS: Final[Mapping[str, Fit]] = {'iban': fit_iban}
