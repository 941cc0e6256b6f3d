# Made by `python -m tools.lambda_privacy` from src/sightline/privacy/names.py: change it there.
import re
from collections.abc import Iterable, Sequence
from typing import Final, Generic, TypeVar
T = TypeVar('T')
MAX_NAME: Final = 200
_HUMP = re.compile('([a-z0-9])([A-Z])')
_ACRONYM = re.compile('([A-Z]+)([A-Z][a-z])')
_NUMBERED = re.compile('[0-9]+$|(?<=[a-z]{3})s$')
_OTHER = re.compile('[^a-z0-9]+')
_PLAIN = re.compile('[a-z]+(?:_[a-z0-9]+)*')
_ACCENTS: Final = str.maketrans('àáâãäåçèéêëìíîïñòóôõöùúûüýÿ', 'aaaaaaceeeeiiiinooooouuuuyy') | {ord('ß'): 'ss'}

def fold(name: str) -> str:
 if _PLAIN.fullmatch(name) and len(name) <= MAX_NAME:
  return name
 if len(name) > MAX_NAME:
  name = name[:MAX_NAME // 2] + ' ' + name[-MAX_NAME // 2:]
 parted = _ACRONYM.sub('\\1_\\2', _HUMP.sub('\\1_\\2', name))
 return _OTHER.sub('_', parted.lower().translate(_ACCENTS)).strip('_')

class Names(Generic[T]):

 def __init__(self, harmless_endings: Iterable[str]) -> None:
  self._words: dict[tuple[str, ...], T] = {}
  self._exact: dict[str, T] = {}
  self._bare: dict[str, T] = {}
  self._last: set[str] = set()
  self._longest = 1
  self._endings = tuple(('_' + fold(ending) for ending in harmless_endings))

 def find(self, name: str, *, structured: bool=True) -> T | None:
  folded = fold(name)
  if not folded:
   return None
  found = self._exact.get(folded)
  if found is None and structured:
   found = self._bare.get(folded)
  if found is not None:
   return found
  if folded.endswith(self._endings):
   return None
  parts = folded.split('_')
  found = self._within(parts)
  if found is None:
   single = [_NUMBERED.sub('', part) for part in parts]
   found = self._within([part for part in single if part]) if single != parts else None
  return found

 def whole(self, name: str) -> T | None:
  folded = fold(name)
  return self._exact.get(folded) or self._bare.get(folded) or self._words.get(tuple(folded.split('_')))

 def ends_phrase(self, name: str) -> bool:
  return name in self._last or name.lower() in self._last

 def _within(self, parts: list[str]) -> T | None:
  for length in range(min(self._longest, len(parts)), 0, -1):
   for start in range(len(parts) - length + 1):
    found = self._words.get(tuple(parts[start:start + length]))
    if found is not None:
     return found
  return None

 def in_text(self) -> tuple[list[str], list[str]]:
  return (['_'.join(parts) for parts in self._words], list(self._exact))

 def restore(self, owner: T, words: Iterable[str], exact: Iterable[str], bare: Iterable[str]) -> None:
  for phrase in words:
   parts = tuple(phrase.split('_'))
   self._longest = max(self._longest, len(parts))
   self._words[parts] = owner
   self._words.setdefault((''.join(parts),), owner)
   self._last.add(parts[-1])
  self._exact.update(dict.fromkeys(exact, owner))
  self._bare.update(dict.fromkeys(bare, owner))
