# Made by `python -m tools.lambda_privacy` from src/sightline/privacy/memo.py: change it there.
from collections.abc import Hashable
from typing import Generic, TypeVar
K = TypeVar('K', bound=Hashable)
V = TypeVar('V')
D = TypeVar('D')

class Memo(Generic[K, V]):
 __slots__ = ('_old', '_young', 'size')

 def __init__(self, size: int) -> None:
  self.size = size
  self._young: dict[K, V] = {}
  self._old: dict[K, V] = {}

 def get(self, key: K, default: D) -> V | D:
  found = self._young.get(key, default)
  if found is default and key in self._old:
   return self.put(key, self._old[key])
  return found

 def put(self, key: K, value: V) -> V:
  if len(self._young) >= self.size:
   self._old, self._young = (self._young, {})
  self._young[key] = value
  return value

 def __len__(self) -> int:
  return len(self._young) + len(self._old)

 def clear(self) -> None:
  self._young, self._old = ({}, {})
