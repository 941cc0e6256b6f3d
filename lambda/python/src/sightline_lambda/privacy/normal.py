# Made by `python -m tools.lambda_privacy` from src/sightline/privacy/normal.py: change it there.
import html
import re
import unicodedata
from typing import Final
ROUNDS: Final = 3
_HINT: Final = re.compile('%[0-9A-Fa-f]{2}|\\\\[ux/\\"\'nrt\\\\]|&#?[A-Za-z0-9]{1,31};|[0-9]\\t(?![A-Za-z_][A-Za-z_ ]{0,31}[:=])')
_PERCENT: Final = re.compile('(?:%[0-9A-Fa-f]{2})+')
_ESCAPE: Final = re.compile('\\\\(?:u([0-9A-Fa-f]{4})|u\\{([0-9A-Fa-f]{1,6})\\}|x([0-9A-Fa-f]{2})|([/\\"\'nrt\\\\]))')
_PLAIN: Final = {'n': '\n', 'r': '\r', 't': '\t'}
_ENTITY: Final = re.compile('&#?[A-Za-z0-9]{1,31};')
_INVISIBLE: Final = re.compile('[\xad͏\u061cᅟᅠ឴឵᠋-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206fㅤ︀-️\ufeffﾠ]')
_DASHES: Final = re.compile('[‐-―⁃−⸺⸻﹘﹣－ー]')
_BLANKS: Final = re.compile('[\t\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]')
_DOTS: Final = re.compile('[。．｡․·]')

def normal(text: str) -> str:
 if text.isascii():
  if '%' not in text and '\\' not in text and ('&' not in text) and ('\t' not in text):
   return text
  if _HINT.search(text) is None:
   return text
 form = text
 for _ in range(ROUNDS):
  before = form
  form = _once(form)
  if form == before:
   break
 return form

def _once(text: str) -> str:
 if '%' in text:
  text = _PERCENT.sub(_percent, text)
 if '\\' in text:
  text = _ESCAPE.sub(_escape, text)
 if '&' in text:
  text = _ENTITY.sub(lambda match: html.unescape(match[0]), text)
 if not text.isascii():
  text = _INVISIBLE.sub('', text)
  text = _BLANKS.sub(' ', _DASHES.sub('-', _DOTS.sub('.', text)))
  text = _digits(unicodedata.normalize('NFKC', text))
 elif '\t' in text:
  text = text.replace('\t', ' ')
 return text

def _percent(match: re.Match[str]) -> str:
 return bytes.fromhex(match[0].replace('%', '')).decode('utf-8', 'replace')

def _escape(match: re.Match[str]) -> str:
 code = match[1] or match[2] or match[3]
 if code is None:
  return _PLAIN.get(match[4], match[4])
 point = int(code, 16)
 return chr(point) if point < 1114112 and (not 55296 <= point < 57344) else '�'

def _digits(text: str) -> str:
 if text.isascii():
  return text
 return ''.join((str(unicodedata.decimal(char)) if char > '\x7f' and unicodedata.decimal(char, None) is not None else char for char in text))
