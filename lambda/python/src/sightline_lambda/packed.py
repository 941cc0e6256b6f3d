"""Modules that a function seldom needs, from the one file in which a wheel holds them: together they pack well."""

import os
import zlib
from importlib.machinery import ModuleSpec
from types import CodeType, ModuleType

_PACKED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "packed.z")  # noqa: PTH100, PTH118, PTH120 - pathlib costs an import of 3 ms
_sources: dict[str, str] = {}


def spec(name: str) -> ModuleSpec | None:
    """A module by its whole name; None where it is not among the packed ones, or nothing is packed."""
    if not _sources:
        try:
            with open(_PACKED, "rb") as file:  # noqa: PTH123 - as above
                parts = zlib.decompress(file.read()).decode().split("\0")
        except OSError:  # a clone
            return None
        _sources.update(zip(parts[::2], parts[1::2], strict=True))
    path = name.partition(".")[2].replace(".", "/")
    for place in (f"{path}/__init__.py", f"{path}.py"):
        if place in _sources:
            loader = _Loader(place)
            # It is a loader by what it does; its base class would cost an import.
            return ModuleSpec(name, loader, origin=loader.origin, is_package=place != f"{path}.py")  # type: ignore[arg-type]
    return None


class _Loader:
    def __init__(self, place: str) -> None:
        self._place = place
        self.origin = f"{_PACKED}/{place}"

    def create_module(self, spec: ModuleSpec) -> None:
        """Make a module of the usual kind."""

    def exec_module(self, module: ModuleType) -> None:
        exec(self.get_code(module.__name__), vars(module))  # noqa: S102 - the source came with the package

    def get_code(self, name: str) -> CodeType:
        return compile(self.get_source(name), self.origin, "exec", dont_inherit=True)

    def get_source(self, name: str) -> str:  # noqa: ARG002 - as above
        return _sources[self._place]  # tracebacks ask for it
