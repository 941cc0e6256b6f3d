"""A logger that writes lines of JSON, and the handler that brings those of `logging` into the same form."""

from __future__ import annotations

import logging
import sys
import traceback
from time import time

from sightline_lambda import lines
from sightline_lambda.cleaning import URLS
from sightline_lambda.invocations import _cleaner, cleaner, current, settings
from sightline_lambda.settings import LEVELS, NAMES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_quoted, stamp, write = lines.quoted, lines.stamp, lines.write
_SURELY = lines.MOST // 4
_STANDARD = lines.STANDARD
_keys: dict[str, tuple[str, bool]] = {}
_SPECIAL = frozenset(("exc_info", "extra", "stack_info", "stacklevel"))
_RECORD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class Logger:
    """Writes lines. Context is given by name: `logger.info("order placed", order_id=17, total=53.5)`.

    `%` in a message is filled as by `logging`, so that calls written for it mean the same: `info("%d lines", 3)`.
    """

    __slots__ = ("level",)

    def __init__(self, level: int = 0) -> None:
        self.level = level or settings.level

    def set_level(self, level: str | int) -> None:
        self.level = level if isinstance(level, int) else LEVELS.get(level.upper(), self.level)

    def debug(self, message: object, *args: object, **context: Any) -> None:
        if self.level <= 10 or current().level == 10:
            _log("DEBUG", message, args, context)

    def info(self, message: object, *args: object, **context: Any) -> None:
        if self.level <= 20 or current().level == 10:
            _log("INFO", message, args, context)

    def warning(self, message: object, *args: object, **context: Any) -> None:
        if self.level <= 30 or current().level == 10:
            _log("WARNING", message, args, context)

    def error(self, message: object, *args: object, **context: Any) -> None:
        if self.level <= 40:
            _log("ERROR", message, args, context)

    def critical(self, message: object, *args: object, **context: Any) -> None:
        _log("CRITICAL", message, args, context)

    def exception(self, message: object, *args: object, **context: Any) -> None:
        """An error with what was raised."""
        context.setdefault("exc_info", True)
        _log("ERROR", message, args, context)

    def append(self, **context: Any) -> None:
        """Context for every further line of this invocation."""
        try:
            current().values += _context(context)
        except Exception:  # logging stops no function
            pass

    append_keys = append

    def user(self, user_id: object) -> None:
        """Say who this is about: lines carry a keyed hash of the id, where `SIGHTLINE_USER_KEY` is set."""
        try:
            call = current()
            call.user = pseudonym(str(user_id))
            call.forget()
        except Exception:
            pass


def pseudonym(user_id: str) -> str:
    """A keyed hash of an id, of 32 hexadecimal digits; "" without a key."""
    if not settings.user_key:
        return ""
    import hmac

    return hmac.new(settings.user_key.encode(), user_id.encode("utf-8", "surrogatepass"), "sha256").hexdigest()[:32]


def _log(level: str, message: object, args: tuple[object, ...], context: dict[str, Any]) -> None:
    try:
        text = message if type(message) is str else str(message)
        if args:
            text = text % (args[0] if len(args) == 1 and type(args[0]) is dict and args[0] else args)
        rest = raised = ""
        if context:
            if not _SPECIAL.isdisjoint(context):
                context, raised = _spread(context)
            rest = _context(context)
        frame = sys._getframe(2)  # noqa: SLF001 - who has called the logger's method
        write(line(level, text, f"{frame.f_code.co_name}:{frame.f_lineno}", rest + raised))
    except Exception as error:  # logging stops no function
        _failed(level, error)


def line(level: str, text: str, location: str, rest: str, *, logger: str = "") -> str:
    """A line of JSON. `location` is `function:line`, as AWS Powertools writes it."""
    call = current()
    text = (_cleaner[0] if _cleaner else cleaner()).text(text)
    made = (
        f'{{"level":"{level}","location":{_quoted(location)},"message":{_quoted(text)},'
        f'"timestamp":"{stamp(time())}"{call.fields or call.common()}{logger}{call.values}{rest}}}\n'
    )
    # Letters take up to four bytes.
    if len(made) < _SURELY or len(made.encode("utf-8", "replace")) <= lines.MOST:
        return made
    return _cut(level, text, location)


def _cut(level: str, text: str, location: str) -> str:
    """A line that is too long for CloudWatch: without its context, and with as much of the message as there is room."""
    common = current().common()
    left = (lines.MOST - len(common.encode()) - len(location) - 300) // 2
    short = text.encode("utf-8", "replace")[:left].decode("utf-8", "ignore")
    while len(_quoted(short).encode()) > 2 * left:
        short = short[: len(short) // 2]
    return (
        f'{{"level":"{level}","location":{_quoted(location)},"message":{_quoted(short)},'
        f'"timestamp":"{stamp(time())}"{common},"truncated":true}}\n'
    )


def _context(context: dict[str, Any]) -> str:
    """Context as JSON, each with a comma before; names that a line has itself get a `_` behind."""
    clean = _cleaner[0] if _cleaner else cleaner()
    made = ""
    for name, value in context.items():
        known = _keys.get(name) or _key(name)
        if known[1]:
            kind = type(value)
            if kind is int:
                if -1_000_000_000_000 < value < 1_000_000_000_000:
                    made += f"{known[0]}{value}"
                    continue
            elif kind is bool:
                made += f"{known[0]}true" if value else f"{known[0]}false"
                continue
            elif kind is str and value[:1] not in _EMBEDDED:
                made += known[0] + _quoted(clean.text(value))
                continue
        made += known[0] + lines.json_of(clean.value(name, value))
    return made


_EMBEDDED = ("{", "[")


def _key(name: str) -> tuple[str, bool]:
    """A name as it stands in a line, and whether a value under it is judged by itself alone."""
    shown, mask = cleaner().key(name)
    found = f",{_quoted(shown + '_' if shown in _STANDARD else shown)}:", not mask and name not in URLS
    if len(_keys) < 2048:  # names are few; who makes them up pays for it anew
        _keys[name] = found
    return found


def _spread(context: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """Context without what `logging` knows under these names, and what was raised, as fields."""
    context = dict(context)
    raised, extra = context.pop("exc_info", None), context.pop("extra", None)
    context.pop("stacklevel", None)
    if context.pop("stack_info", None):
        context["stack"] = "".join(traceback.format_stack(limit=20)[:-3])
    if isinstance(extra, dict):
        context = {**extra, **context}
    error = raised if isinstance(raised, BaseException) else sys.exc_info()[1] if raised else None
    return context, exception_fields(error) if error is not None else ""


def exception_fields(error: BaseException) -> str:
    text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    if len(text) > 32_768:
        text = f"{text[:16_384]}\n…\n{text[-16_384:]}"
    return f',"exception_name":{_quoted(type(error).__name__)},"exception":{_quoted(cleaner().trace(text.rstrip()))}'


def _failed(level: str, error: Exception) -> None:
    """What is said where a line could not be made: that there was one."""
    said = _quoted(f"a line could not be written: {type(error).__name__}")
    write(f'{{"level":"{level}","message":{said},"timestamp":"{stamp(time())}"}}\n')


class JsonHandler(logging.Handler):
    """Writes the records of `logging`, whoever makes them, as the same lines."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            rest = ""
            extra = {name: value for name, value in vars(record).items() if name not in _RECORD}
            if extra:
                rest = _context(extra)
            if record.exc_info and record.exc_info[1] is not None:
                rest += exception_fields(record.exc_info[1])
            elif record.exc_text:
                rest += f',"exception":{_quoted(cleaner().trace(record.exc_text))}'
            level = NAMES.get(record.levelno, record.levelname)
            name = "" if record.name == "root" else f',"logger":{_quoted(record.name)}'
            write(line(level, record.getMessage(), f"{record.funcName}:{record.lineno}", rest, logger=name))
        except Exception as error:  # logging stops no function
            _failed(record.levelname, error)


def capture() -> None:
    """Bring `logging` into the same form: in place of the runtime's own handler, or where there is none.

    Other handlers stay as they are. A level is set only where the environment asks for one: the volume of what
    libraries say does not change by itself.
    """
    root = logging.getLogger()
    if any(isinstance(held, JsonHandler) for held in root.handlers):
        return
    runtime = [
        held
        for held in root.handlers
        if type(held).__name__ in {"LambdaLoggerHandler", "LambdaLoggerHandlerWithFrameType"}
    ]
    if root.handlers and not runtime:
        return
    for held in runtime:
        root.removeHandler(held)
    root.addHandler(JsonHandler())
    if settings.level != 20 and root.level in {logging.NOTSET, logging.WARNING}:
        root.setLevel(settings.level)
