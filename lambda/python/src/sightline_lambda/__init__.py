"""Sightline in a Lambda function: metrics as EMF, lines of JSON without what is personal, and the ids that join them.

    from sightline_lambda import logger, metrics, observe

    @observe(service="checkout")
    def handler(event, context):
        logger.info("order placed", items=3)
        metrics.count("orders")
        return {"statusCode": 200}

Standard library only. Whatever goes wrong in here, the handler's result and exceptions are its own.
"""

from __future__ import annotations

import sys

from sightline_lambda import metrics
from sightline_lambda.handlers import observe
from sightline_lambda.invocations import current
from sightline_lambda.logger import JsonHandler, Logger

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec

    from sightline_lambda.outgoing import attributes, carry, headers
    from sightline_lambda.web import asgi, wsgi

__all__ = [
    "JsonHandler",
    "Logger",
    "asgi",
    "attributes",
    "carry",
    "current",
    "headers",
    "logger",
    "metrics",
    "observe",
    "wsgi",
]
__version__ = "0.1.0"

logger = Logger()
_LATER = {"asgi": "web", "wsgi": "web", "attributes": "outgoing", "carry": "outgoing", "headers": "outgoing"}


def __getattr__(name: str) -> object:
    """What not every function uses is loaded where it is asked for."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    globals()[name] = found = getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    return found


class _Packed:
    """Finds the modules that a wheel holds packed in one file; in a clone Python finds them in their folder before."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> ModuleSpec | None:  # noqa: ARG004 - Python's
        if not name.startswith("sightline_lambda."):
            return None
        from sightline_lambda import packed

        return packed.spec(name)


sys.meta_path.append(_Packed)
