"""The registry of all kinds. A module of a higher floor that owns a kind adds it here when it is imported."""

from typing import Final

from sightline.signals.event import EVENT
from sightline.signals.kind import Registry

KINDS: Final = Registry([EVENT])
