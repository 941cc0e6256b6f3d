"""The process's own log: JSON lines for machines, short lines for a terminal, always on stdout."""

import logging
import sys
from datetime import UTC, datetime
from types import TracebackType
from typing import Final

import msgspec

from sightline.settings import LogSettings

# Attributes that every LogRecord has: what else is on it was given as `extra`.
_OWN: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """One JSON document per record: timestamp, level, logger, message and whatever was given as `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        document: dict[str, object] = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        document.update(_extra(record))
        if stack := _stack(self, record):
            document["stack"] = stack
        return msgspec.json.encode(document, enc_hook=str).decode()


class TextLines(logging.Formatter):
    """A line for people: time, level, message, and what was given as `extra` behind it."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S")
        extra = " ".join(f"{name}={value}" for name, value in _extra(record).items())
        line = f"{moment} {record.levelname.lower():7} {record.getMessage()} {extra}".rstrip()
        stack = _stack(self, record)
        return f"{line}\n{stack}" if stack else line


def _extra(record: logging.LogRecord) -> dict[str, object]:
    return {name: value for name, value in vars(record).items() if name not in _OWN and value is not None}


def _stack(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    """The exception of a record and the stack it asked for; the log's filter has made texts of them already."""
    text = record.exc_text or (formatter.formatException(record.exc_info) if record.exc_info else "")
    return "\n".join(part for part in (text, record.stack_info) if part)


def start(settings: LogSettings, filters: tuple[logging.Filter, ...] = ()) -> None:
    """Send every logger of the process, also those of libraries, through one handler."""
    as_json = settings.format == "json" or (settings.format == "auto" and not sys.stdout.isatty())
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines() if as_json else TextLines())
    for found in filters:
        handler.addFilter(found)
    # What cannot be written is not printed instead: that would be the record as it was, past every filter.
    logging.raiseExceptions = False
    logging.captureWarnings(capture=True)
    sys.excepthook = _note_end
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.level.upper())
    # These say every connection and statement at INFO; their warnings are wanted.
    for noisy in ("uvicorn", "uvicorn.error", "uvicorn.access", "asyncio", "botocore", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _note_end(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """What ends the process is logged like everything else, and so masked like everything else."""
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger("sightline").critical("the process ends", exc_info=(kind, error, trace))
