# Made by `python -m tools.lambda_privacy` from src/sightline/privacy/detectors/pairs.py: change it there.
import re
from collections.abc import Iterator
from typing import Final, Protocol
from sightline_lambda.privacy.detectors.scanner import Hit
from sightline_lambda.privacy.entries import Field
MAX_NAME: Final = 48
MAX_VALUE: Final = 256
MAX_QUOTED: Final = 4096

class Names(Protocol):

 def field_of_word(self, word: str) -> Field | None:
  ...

 def field_of_phrase(self, phrase: str) -> Field | None:
  ...

 def ends_phrase(self, word: str) -> bool:
  ...

 def may_announce(self, run: bytes) -> bool:
  ...
_SIGNS: Final = bytes((ord('=') if char in b'=:' else char if chr(char).isalnum() and char < 128 or char in b'_.$-[]' else ord(' ') for char in range(256)))
_NAMED: Final = re.compile('(?<![\\w.$-])(?!\\d)([\\w.$-][\\w.\\[\\]$-]{0,63}+)["\'`\\\\*\\])]{0,4}+ ?+(=>|[=:])(?![/:=])')
_PHRASE: Final = re.compile("(?:[^\\W\\d_][\\w']{0,30} ){1,3}$")
_ELEMENT: Final = re.compile('<([A-Za-z][\\w:.-]{0,60})>([^<>]{1,1024})</')
_OPTION: Final = re.compile('--([A-Za-z][\\w-]{1,40}) +([\\"\']?)([^\\s\\"\'-][^\\s\\"\']{0,255})')
_END: Final = re.compile('[\\s,;|)}\\]"\'<>\\\\]|&(?=$|[\\w.%\\[\\]-]{1,64}=|amp;)')
_OPENERS: Final = {')': '(', '}': '{', ']': '['}
_LINE_END: Final = re.compile('[\\r\\n\\"]')
_PROSE_END: Final = re.compile('[,;|&\\r\\n\\t)}\\]<>\\"]|\\\\[nrt\\"]| [\\w.-]{2,30}[=:]| - | (?:and|with|from|for|at|in|on|was|has|is) ')
_HOST: Final = re.compile('//\\[?$')
_PORT: Final = re.compile(':[0-9]{1,5}(?![0-9A-Za-z@:%._-])')
_LITERALS: Final = frozenset(('null', 'none', 'nil', 'undefined', 'true', 'false', 'yes', 'no', 'nan', 'n/a', 'na', '-', '0', '1', 'ok', 'on', 'off'))
_SENTENCE: Final = frozenset(('string', 'str', 'number', 'int', 'integer', 'bool', 'boolean', 'any', 'object', 'array', 'unknown', 'text', 'type', 'required', 'optional', 'invalid', 'incorrect', 'missing', 'wrong', 'must', 'should', 'is', 'was', 'not', 'cannot', 'expired', 'reset', 'changed', 'updated', 'failed', 'success', 'denied', 'the', 'your', 'a', 'an', 'please', 'enter', 'too', 'empty', 'valid', 'error', 'unauthorized', 'forbidden', 'enabled', 'disabled', 'set', 'unset', 'default', 'redacted', 'hidden', 'masked', 'filtered', 'see', 'use', 'used', 'new', 'this', 'only', 'never', 'no', 'old', 'varchar', 'char', 'const', 'let', 'function', 'return', 'async', 'await', 'public', 'private', 'readonly', 'void', 'date', 'uuid', 'email', 'password', 'inherit', 'initial', 'auto', 'sent', 'confirmed', 'verified', 'unverified', 'guest', 'anonymous', 'pending', 'active', 'inactive', 'created', 'deleted', 'removed', 'added', 'started', 'ended'))
_CODE: Final = re.compile('(?:this|self|props|values|req|request|process|os|data|form|event|state|params|config|ctx|options|args|settings)[.\\[]|[$]\\{|\\{\\{|<%|%\\(|\\$\\(|\\(|=>|[A-Za-z_.]+\\([^)]*\\)?$')
_SCHEMES: Final = frozenset(('bearer', 'basic', 'token', 'digest', 'negotiate', 'apikey'))
_PROSE: Final = frozenset(('person_name', 'address', 'date_of_birth', 'health', 'message', 'employment', 'username', 'location', 'ethnicity', 'vehicle'))
_WHOLE_LINE: Final = frozenset(('cookie',))

def find_pairs(names: Names, text: str) -> list[Hit]:
 start = _first_announcing(names, text) if text.isascii() else 0
 found = _named(names, text, start) if start >= 0 else []
 if '</' in text:
  found += _elements(names, text)
 if '--' in text:
  found += _options(names, text)
 return found

def _first_announcing(names: Names, text: str) -> int:
 at = 0
 heads = text.encode().translate(_SIGNS).split(b'=')
 del heads[-1]
 for head in heads:
  run = head.rsplit(None, 1)[-1:]
  if run and names.may_announce(run[0]):
   return at if b'[' in run[0] or b']' in run[0] else at + head.rindex(run[0])
  at += len(head) + 1
 return -1

def _named(names: Names, text: str, start: int) -> list[Hit]:
 found: list[Hit] = []
 end = 0
 for match in _NAMED.finditer(text, start):
  if match.start() < end or _is_host(text, match):
   continue
  name = match[1]
  field = names.field_of_word(name)
  if field is None:
   if text[match.start() - 1:match.start()] != ' ' or not names.ends_phrase(name):
    continue
   field = _by_phrase(names, text, match.start(), name)
   if field is None:
    continue
  span = _value(text, match.end() - 1, field, colon=match[2] == ':')
  if span is not None:
   found.append(Hit(*span, field))
   end = span[1]
 return found

def _is_host(text: str, match: 're.Match[str]') -> bool:
 return _HOST.search(text, max(0, match.start() - 3), match.start()) is not None and _PORT.match(text, match.end() - 1) is not None

def _by_phrase(names: Names, text: str, start: int, last: str) -> Field | None:
 phrase = _PHRASE.search(text, max(0, start - MAX_NAME), start)
 words = phrase[0].split() if phrase else []
 for count in range(len(words), 0, -1):
  field = names.field_of_phrase('_'.join([*words[-count:], last]))
  if field is not None:
   return field
 return None

def _value(text: str, sign: int, field: Field, *, colon: bool) -> tuple[int, int] | None:
 start = sign + 1
 while start < len(text) and start - sign < 5 and (text[start] == ' '):
  start += 1
 spaced = colon and start > sign + 1
 opening = start
 if text[start:start + 1] == '\\':
  start += 1
 if text[start:start + 1] in {'"', "'", '`'}:
  return _quoted(text, start + 1, text[opening:start + 1])
 start = opening
 if text[start:start + 1] in {'[', '{'}:
  return _bracketed(text, start)
 end = _end(text, start, field, spaced=spaced)
 value = text[start:end]
 if not value or _harmless(value, spaced=spaced) or (field.name == 'message' and (not spaced)):
  return None
 return (start, end)

def _end(text: str, start: int, field: Field, *, spaced: bool) -> int:
 if field.name in _WHOLE_LINE:
  found = _LINE_END.search(text, start)
  return found.start() if found else len(text)
 stop = min(len(text), start + MAX_VALUE)
 pattern = _PROSE_END if field.name in _PROSE and spaced else _END
 found = pattern.search(text, start, stop)
 while found is not None and found[0] in _OPENERS and (_OPENERS[found[0]] in text[start:found.start()]):
  found = pattern.search(text, found.end(), stop)
 end = found.start() if found else stop
 if text[start:end].lower() in _SCHEMES and text[end:end + 1] == ' ':
  found = _END.search(text, end + 1, stop)
  end = found.start() if found else stop
 while end > start and text[end - 1] in '.!? ':
  end -= 1
 return end

def _quoted(text: str, start: int, quote: str) -> tuple[int, int] | None:
 end = text.find(quote, start, start + MAX_QUOTED)
 while end > 0 and len(quote) == 1 and (text[end - 1] == '\\') and (text[end - 2:end - 1] != '\\'):
  end = text.find(quote, end + 1, start + MAX_QUOTED)
 if end < 0:
  end = min(len(text), start + MAX_QUOTED)
 value = text[start:end]
 return None if not value or _masked(value) else (start, end)

def _bracketed(text: str, start: int) -> tuple[int, int] | None:
 if text[start] == '{' or text[start + 1:start + 2] in {'{', ']', ''} or _MASKED.match(text, start):
  return None
 end = text.find(']', start, start + MAX_QUOTED)
 return (start + 1, end) if end > start + 1 and '[' not in text[start + 1:end] else None
_MASKED: Final = re.compile('\\*{3,}|\\[[a-z][a-z0-9_]{0,31}\\]')

def _masked(value: str) -> bool:
 return value.lower() in _LITERALS or _MASKED.match(value) is not None or set(value) <= set('*•.xX-_ ')

def _harmless(value: str, *, spaced: bool) -> bool:
 if _masked(value) or _CODE.match(value):
  return True
 return spaced and value.split(' ', 1)[0].lower().strip('.,!') in _SENTENCE

def _elements(names: Names, text: str) -> Iterator[Hit]:
 for match in _ELEMENT.finditer(text):
  field = names.field_of_word(match[1])
  if field is not None and match[2].strip() and (not _masked(match[2].strip())):
   yield Hit(*match.span(2), field)

def _options(names: Names, text: str) -> Iterator[Hit]:
 for match in _OPTION.finditer(text):
  field = names.field_of_word(match[1])
  if field is not None and (not _harmless(match[3], spaced=True)):
   yield Hit(*match.span(3), field)
