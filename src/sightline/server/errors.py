"""Errors of the API: whatever goes wrong is answered in the one shape, also what the framework itself refuses."""

from collections.abc import Sequence
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from sightline.errors import CallerError, InvalidValue, NotFound, SightlineError
from sightline.privacy.echo import shown_name
from sightline.server.asgi import error_document
from sightline.server.routing import MethodNotAllowed

# Where a value stood; not part of its name.
_PLACES: Final = {"body", "query", "path", "header", "cookie"}
_HINTS: Final = {
    "extra_forbidden": "Leave it out: this route does not know it.",
    "missing": "Give it.",
    "json_invalid": "Send one JSON document, with content-type: application/json.",
    "model_attributes_type": "Send one JSON document, with content-type: application/json.",
}


def install(app: FastAPI) -> None:
    """Let `app` answer every error in the shape of `asgi.error_document`; unknown ones pass, and end as a 500."""
    app.add_exception_handler(SightlineError, _sightline_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)


def request_id(request: Request) -> str:
    """The id that the outermost middleware gave this request."""
    found: str = request.scope.get("state", {}).get("request_id", "")
    return found


def _answer(request: Request, error: SightlineError, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse(
        error_document(error, request_id(request)),
        status_code=error.status,
        headers={"cache-control": "no-store", **error.headers(), **(headers or {})},
    )


async def _sightline_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, SightlineError)
    return _answer(request, error)


async def _validation_error(request: Request, error: Exception) -> Response:
    """Name the first field that is wrong. Its value is not repeated: it may be a password."""
    assert isinstance(error, RequestValidationError)
    first: dict[str, Any] = error.errors()[0]
    kind: str = first["type"]
    field = _field(first["loc"]) if kind != "json_invalid" else ""
    message = f"{field}: {first['msg']}" if field else str(first["msg"])
    return _answer(request, InvalidValue(message, hint=_HINTS.get(kind), field=field or None))


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        return _answer(request, NotFound("there is no such address here"))
    if error.status_code == 405:
        return _answer(request, MethodNotAllowed((error.headers or {}).get("allow", "other methods")))
    refused = CallerError(str(error.detail))
    refused.status = error.status_code
    return _answer(request, refused)


def _field(location: Sequence[object]) -> str:
    """Where it stands; a name that the client made up is said only where it is plainly one."""
    parts = [str(part) for part in location]
    names = [shown_name(part) for part in (parts[1:] if parts and parts[0] in _PLACES else parts)]
    return ".".join(names) if all(names) else ""
