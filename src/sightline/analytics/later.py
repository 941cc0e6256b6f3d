"""A module that is imported when it is first used: Ibis costs 0.2 s and 30 MB, and most processes never report."""

import importlib
from typing import Any, Final


class Later:
    """Stands for a module."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(importlib.import_module(self._name), attribute)


ibis: Final[Any] = Later("ibis")
