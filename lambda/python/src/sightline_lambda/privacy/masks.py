# Made by `python -m tools.lambda_privacy` from src/sightline/privacy/masks.py: change it there.
import re
from collections.abc import Callable
from functools import wraps
from typing import Any, Final, ParamSpec, TypeVar, cast
from sightline_lambda.privacy.detectors.pairs import find_pairs
from sightline_lambda.privacy.detectors.scanner import Hit, merged
from sightline_lambda.privacy.dictionary import Rules
from sightline_lambda.privacy.entries import STAR, Field
from sightline_lambda.privacy.normal import normal
__all__ = ['STAR', 'fail_closed', 'find', 'is_masked', 'mask_field', 'mask_text', 'remembered', 'replaced']
MAX_LEAF: Final = 262144
MEMO_LENGTH: Final = 256
_ROUNDS: Final = 3
_MASKED: Final = re.compile('\\*{3,}|\\[[a-z][a-z0-9_]{0,31}\\]')
P = ParamSpec('P')
T = TypeVar('T')

def fail_closed(instead: Any) -> Callable[[Callable[P, T]], Callable[P, T]]:

 def decorate(masker: Callable[P, T]) -> Callable[P, T]:

  @wraps(masker)
  def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
   try:
    return masker(*args, **kwargs)
   except Exception:
    return cast('T', instead)
  return guarded
 return decorate

def remembered(masker: Callable[[Rules, str], str]) -> Callable[[Rules, str], str]:
 kind = masker.__name__

 @wraps(masker)
 def looked_up(rules: Rules, text: str) -> str:
  key = (kind, text)
  found: str | None = rules.memo.get(key, None)
  if found is not None:
   return found
  try:
   found = masker(rules, text)
  except Exception:
   return STAR
  return rules.memo.put(key, found) if len(text) <= MEMO_LENGTH else found
 return looked_up

@remembered
def mask_text(rules: Rules, text: str) -> str:
 if len(text) > MAX_LEAF:
  return STAR
 for _ in range(_ROUNDS):
  hits = find(rules, text)
  if hits is None:
   return STAR
  if not hits:
   return text
  text = replaced(text, hits)
 return text if find(rules, text) == [] else STAR

def find(rules: Rules, text: str) -> list[Hit] | None:
 hits = _hits(rules, text)
 form = normal(text)
 if form is not text and form != text:
  meant = [form[hit.start:hit.end] for hit in _hits(rules, form)]
  if meant and (not _covers([normal(text[hit.start:hit.end]) for hit in hits], meant)):
   return None
 return hits

def _covers(shown: list[str], meant: list[str]) -> bool:
 left = list(shown)
 for value in meant:
  if value not in left:
   return False
  left.remove(value)
 return True

def _hits(rules: Rules, text: str) -> list[Hit]:
 hits, worded = rules.scanner.scan(text)
 if worded or rules.any_word_announces:
  hits += find_pairs(rules, text)
 return merged(hits) if len(hits) > 1 else hits

def replaced(text: str, hits: list[Hit]) -> str:
 parts: list[str] = []
 at = 0
 for hit in hits:
  parts += (text[at:hit.start], hit.field.tag)
  at = hit.end
 parts.append(text[at:])
 return ''.join(parts)

@fail_closed(STAR)
def mask_field(rules: Rules, field: Field | str | None, text: str) -> str:
 if field is None:
  return mask_text(rules, text)
 if isinstance(field, str):
  field = rules.field(field)
 if not text:
  return ''
 return field.tag if field.tier == 1 else STAR
