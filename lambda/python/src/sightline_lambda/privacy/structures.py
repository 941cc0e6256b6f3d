# Made by `python -m tools.lambda_privacy` from src/sightline/privacy/structures.py: change it there.
import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final
from sightline_lambda.privacy import texts as orjson
from sightline_lambda.privacy.detectors.cards import is_card
from sightline_lambda.privacy.dictionary import Rules
from sightline_lambda.privacy.entries import Field
from sightline_lambda.privacy.masks import MAX_LEAF, STAR, fail_closed, find, mask_field, mask_text, remembered
from sightline_lambda.privacy.urls import mask_url
MAX_DEPTH: Final = 64
MAX_NAME: Final = 200
MAX_DOCUMENT: Final = 8000000
_URL: Final = re.compile('(?:https?|wss?|ftp)://[^\\s\\"\'<>`{}|^]+', re.IGNORECASE)
_WHOLE_URL: Final = re.compile('(?:https?|wss?|ftp)://[^\\s\\"\'<>]+|(?:mailto|tel|sms):\\S+', re.IGNORECASE)
_URL_NAMES: Final = frozenset({'url', 'uri', 'href', 'referrer', 'referer', 'page_url', 'request_url', 'document_uri'})
_HEADER_URLS: Final = frozenset({'referer', 'origin', 'location', 'content-location'})
_NO_HEADERS: Final[list[tuple[str, str]]] = []
_TRAILING: Final = '.,;:!?)]}'
_OPEN_MASK: Final = re.compile('\\[[a-z][a-z0-9_]{0,31}$')
_PLACE: Final = re.compile(':[0-9]{1,7}:[0-9]{1,7}\\)?$')

@fail_closed(STAR)
def mask_json(rules: Rules, value: Any) -> Any:
 return _value(rules, value, None, '', 0)

def _value(rules: Rules, value: Any, field: Field | None, key: str, depth: int) -> Any:
 kind = type(value)
 if kind is str:
  return mask_field(rules, field, value) if field else _text(rules, value, key, depth)
 if kind is int or kind is float:
  return _number(rules, value, field)
 if value is None or kind is bool:
  return value
 return _container(rules, value, field, key, depth)

def _container(rules: Rules, value: Any, field: Field | None, key: str, depth: int) -> Any:
 if depth < MAX_DEPTH:
  if isinstance(value, dict):
   return _object(rules, value, field, key, depth)
  if isinstance(value, list | tuple):
   return [_value(rules, item, field, key, depth + 1) for item in value]
 return STAR

def _object(rules: Rules, value: dict[Any, Any], field: Field | None, key: str, depth: int) -> dict[str, Any]:
 inherited = field if field is not None and (not rules.is_container(key)) else None
 result: dict[str, Any] = {}
 for spelled, item in value.items():
  name = spelled if type(spelled) is str else str(spelled)
  if inherited is None:
   below = rules.field_of_key(name, key)
   if below is not None and below.tier < 3 and _is_group(item) and rules.is_container(name):
    below = None
  else:
   below = inherited
  result[_fresh(_key(rules, name), result)] = _value(rules, item, below, name, depth + 1)
 return result

def _is_group(item: Any) -> bool:
 return isinstance(item, dict | list)

def _key(rules: Rules, name: str) -> str:
 return name if len(name) <= MAX_NAME and mask_text(rules, name) == name else STAR

def _fresh(name: str, taken: Mapping[str, Any]) -> str:
 if name not in taken:
  return name
 return next((f'{name}#{number}' for number in range(2, len(taken) + 3) if f'{name}#{number}' not in taken))

def _number(rules: Rules, value: float, field: Field | None) -> Any:
 if value != value or value in (math.inf, -math.inf):
  return None
 if field is not None:
  return mask_field(rules, field, str(value))
 whole = abs(int(value)) if abs(value) >= 10 ** 12 and value == int(value) else 0
 if not whole or 10 ** 12 <= whole < 2 * 10 ** 12 or 10 ** 15 <= whole < 2 * 10 ** 15 or (10 ** 18 <= whole < 2 * 10 ** 18):
  return value
 if whole >= 10 ** 19:
  return value if whole < 2 ** 64 and isinstance(value, float) else STAR
 return rules.field('card').tag if is_card(str(whole)) else value

def _text(rules: Rules, text: str, key: str, depth: int) -> str:
 if not text:
  return text
 first = text[0]
 if first in '{[' and text[-1] in '}]' and (len(text) <= MAX_LEAF):
  return _embedded(rules, text, depth)
 if key.lower() in _URL_NAMES and first not in ' \t' or (':' in text[:8] and _WHOLE_URL.fullmatch(text)):
  return mask_url(rules, text)
 return clean_text(rules, text)

def _embedded(rules: Rules, text: str, depth: int) -> str:
 try:
  inner = orjson.loads(text)
 except ValueError:
  return clean_text(rules, text)
 masked = _value(rules, inner, None, '', depth + 1)
 return text if masked == inner else orjson.dumps(masked).decode()

@remembered
def clean_text(rules: Rules, text: str) -> str:
 if len(text) > MAX_LEAF:
  return STAR
 text = _urls_cleaned(rules, text)
 masked = mask_text(rules, text)
 if masked != text:
  masked = _urls_cleaned(rules, masked)
 if masked != STAR or ' ' not in text:
  return masked
 words = [STAR if word and find(rules, word) is None else word for word in text.split(' ')]
 return mask_text(rules, ' '.join(words))

@fail_closed(STAR)
def clean_stack(rules: Rules, stack: str) -> str:
 return _lines(stack, lambda line: _frame(rules, line))

def _frame(rules: Rules, line: str) -> str:
 place = _PLACE.search(line)
 if place is None or '/' not in line[line.rfind(' ', 0, place.start()) + 1:place.start()]:
  return clean_text(rules, line)
 return clean_text(rules, line[:place.start()]) + place[0]

def _urls_cleaned(rules: Rules, text: str) -> str:
 return _URL.sub(lambda match: _url_within(rules, match[0]), text) if '://' in text else text

def _url_within(rules: Rules, found: str) -> str:
 url = found.rstrip(_TRAILING)
 if found[len(url):].startswith(']') and _OPEN_MASK.search(url[-34:]):
  url += ']'
 return mask_url(rules, url) + found[len(url):]

@fail_closed(STAR)
def mask_log_line(rules: Rules, line: str) -> str:
 if len(line) > MAX_LEAF:
  return STAR
 body = line.strip()
 if body[:1] == '{' and body[-1:] == '}':
  try:
   document = orjson.loads(body)
  except ValueError:
   return clean_text(rules, line)
  return orjson.dumps(mask_json(rules, document)).decode()
 return clean_text(rules, line)

@fail_closed((STAR, STAR))
def mask_exception(rules: Rules, message: str, stack: str='') -> tuple[str, str]:
 return (clean_text(rules, message), clean_stack(rules, stack))

def _lines(text: str, mask: Callable[[str], str]) -> str:
 return text if not text else '\n'.join((mask(line) for line in text.split('\n')))
