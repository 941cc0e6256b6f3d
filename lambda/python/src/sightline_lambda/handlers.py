"""`observe`: what is around a handler. What goes in and what comes out stay as they are, whatever goes wrong here."""

from __future__ import annotations

import os
import sys
import time
from functools import partial, wraps

from sightline_lambda import lines, metrics
from sightline_lambda.invocations import Invocation, begin, cleaner, end, init_ms, settings
from sightline_lambda.logger import capture, exception_fields

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator
    from typing import Any, TypeVar, overload

    Handler = TypeVar("Handler", bound=Callable[..., Any])
else:

    def overload(signature):
        """`typing` costs an import, and nothing reads these where they run."""
        return signature


_GENERATOR, _COROUTINE, _ASYNC_GENERATOR = 0x20, 0x80, 0x200  # of a code object's flags; `inspect` costs 5 ms


@overload
def observe(handler: Handler, /, *, service: str = "") -> Handler: ...
@overload
def observe(*, service: str = "") -> Callable[[Handler], Handler]: ...  # noqa: F811 - of an overload of our own
def observe(handler: Any = None, /, *, service: str = "") -> Any:  # noqa: F811 - as above
    """Measure and log a handler: plain, async, a generator or an async generator.

    Metrics: Invocations, Errors, Duration (ms), ColdStart and ColdStartDuration (ms) of the dimension `service`. An
    exception is logged, cleaned, and raised on as it was.
    """
    if handler is None:
        return lambda given: observe(given, service=service)
    observed = Observed(service or settings.service)
    if settings.capture:
        _quietly(capture)
    flags = _flags(handler)
    kind = (
        _async_generator if flags & _ASYNC_GENERATOR else _coroutine if flags & _COROUTINE
        else _generator if flags & _GENERATOR else _plain
    )  # fmt: skip
    return wraps(handler, updated=())(kind(handler, observed))


def _flags(handler: Any) -> int:
    """The flags of what runs when this is called: of a function, a method, a partial, or an object with `__call__`."""
    while isinstance(handler, partial):
        handler = handler.func
    code = getattr(handler, "__code__", None)
    if code is None:
        code = getattr(getattr(handler, "__call__", None), "__code__", None)  # noqa: B004 - its code is what is asked for
    return getattr(code, "co_flags", 0)


def _quietly(act: Callable[[], None]) -> None:
    try:
        act()
    except Exception:  # a failure in here is no failure of the handler
        pass


class Observed:
    """The metrics and lines around the calls of one handler."""

    __slots__ = ("init", "service")

    def __init__(self, service: str) -> None:
        self.service = service
        # The handler's module is nearly loaded by now, which is what a cold start is.
        self.init = 0.0 if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start" else init_ms()

    def begin(self, event: object, context: object) -> Invocation | None:
        try:
            return begin(self.service, event, context)
        except Exception:  # as above
            return None

    def end(self, call: Invocation | None, error: BaseException | None = None) -> None:
        if call is None:
            return
        try:
            ms = (time.perf_counter() - call.started) * 1000
            if error is not None:
                self._log(call, error)
            cold = ""
            if call.cold:
                call.init = self.init
                cold = (
                    f',"ColdStart":1,"ColdStartDuration":{lines.number(self.init)}' if self.init else ',"ColdStart":1'
                )
            line = metrics.usual(call, cold, failed=error is not None, ms=ms)
            if line is not None:
                lines.write(line)
            else:
                for line in metrics.documents(call, self._ours(call, ms, error)):
                    lines.write(line)
            sys.stdout.flush()
        except Exception:  # as above
            pass
        finally:
            end(call)

    def _ours(self, call: Invocation, ms: float, error: BaseException | None) -> dict[str, tuple[str, float]]:
        ours = {
            "Invocations": ("Count", 1.0),
            "Errors": ("Count", 0.0 if error is None else 1.0),
            "Duration": ("Milliseconds", round(ms, 3)),
        }
        if call.cold:
            ours["ColdStart"] = "Count", 1.0
            if self.init:
                ours["ColdStartDuration"] = "Milliseconds", self.init
        return ours

    def _log(self, call: Invocation, error: BaseException) -> None:
        """The exception as a line of its own: what the runtime prints of it is not cleaned by anybody."""
        text = cleaner().text(f"{type(error).__name__}: {error}")
        lines.write(
            f'{{"level":"ERROR","location":"observe","message":{lines.quoted(text)},'
            f'"timestamp":"{lines.stamp(time.time())}"{call.common()}{call.values}{exception_fields(error)}}}\n'
        )


def _event(args: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, Any]:
    """Event and context, however the handler is called."""
    event = args[0] if args else named.get("event")
    return event, args[1] if len(args) > 1 else named.get("context")


def _plain(handler: Callable[..., Any], observed: Observed) -> Callable[..., Any]:
    service = observed.service

    def handle(*args: Any, **named: Any) -> Any:
        try:
            event, context = args if len(args) == 2 and not named else _event(args, named)
            call = begin(service, event, context)
        except Exception:  # what cannot be observed is answered all the same
            call = None
        try:
            result = handler(*args, **named)
        except BaseException as error:
            observed.end(call, error)
            raise
        observed.end(call)
        return result

    return handle


def _coroutine(handler: Callable[..., Any], observed: Observed) -> Callable[..., Any]:
    async def handle(*args: Any, **named: Any) -> Any:
        call = observed.begin(*_event(args, named))
        try:
            result = await handler(*args, **named)
        except BaseException as error:
            observed.end(call, error)
            raise
        observed.end(call)
        return result

    return handle


def _generator(handler: Callable[..., Any], observed: Observed) -> Callable[..., Any]:
    def handle(*args: Any, **named: Any) -> Generator[Any, Any, Any]:
        call = observed.begin(*_event(args, named))
        try:
            result = yield from handler(*args, **named)
        except GeneratorExit:
            observed.end(call)  # whoever reads has read enough
            raise
        except BaseException as error:
            observed.end(call, error)
            raise
        observed.end(call)
        return result

    return handle


def _async_generator(handler: Callable[..., Any], observed: Observed) -> Callable[..., Any]:
    async def handle(*args: Any, **named: Any) -> AsyncGenerator[Any, Any]:
        call = observed.begin(*_event(args, named))
        made = handler(*args, **named)
        try:
            value = await anext(made)
            while True:
                # What `yield from` is for generators: what is sent or thrown in reaches the one within.
                try:
                    sent = yield value
                except GeneratorExit:
                    await made.aclose()
                    raise
                except BaseException as error:  # it is for the generator within to judge
                    value = await made.athrow(error)
                else:
                    value = await made.asend(sent)
        except (StopAsyncIteration, GeneratorExit) as ended:
            observed.end(call)
            if isinstance(ended, GeneratorExit):
                raise
        except BaseException as error:
            observed.end(call, error)
            raise

    return handle
