"""Log safety: what Sightline writes about itself passes the same masker as what it collects.

The filter sits at the handler, so records of every library are covered, whoever made them. It masks the message with
its arguments, the text of an exception with its whole chain, the stack, and whatever else a record carries. A record
that cannot be masked is emptied, not dropped and not passed on.
"""

import logging
import traceback
from typing import Any, Final

from sightline.privacy.dictionary import Rules
from sightline.privacy.masks import STAR
from sightline.privacy.structures import mask_exception, mask_json, mask_log_line

_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
UNMASKABLE: Final = "a log record that could not be masked was left out"


class MaskingFilter(logging.Filter):
    """Masks every record that passes a handler; add it with `handler.addFilter(MaskingFilter(rules))`."""

    def __init__(self, rules: Rules) -> None:
        super().__init__()
        self._rules = rules

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask the record itself: a handler that comes later must not see more than one that came before."""
        try:
            self._mask(record)
        except Exception:  # noqa: BLE001 - whatever goes wrong, the record as it was must not be written
            _leave_out(record)
        return True

    def _mask(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        record.msg, record.args = "\n".join(mask_log_line(self._rules, line) for line in message.split("\n")), None
        if record.exc_info:
            text = "".join(traceback.format_exception(*record.exc_info))
            record.exc_info, record.exc_text = None, mask_exception(self._rules, "", text)[1].rstrip("\n")
        elif record.exc_text:
            record.exc_text = mask_exception(self._rules, "", record.exc_text)[1]
        if record.stack_info:
            record.stack_info = mask_exception(self._rules, "", record.stack_info)[1]
        for name, value in self._extra(record).items():
            setattr(record, name, value)

    def _extra(self, record: logging.LogRecord) -> dict[str, Any]:
        """What `extra=` added: masked by its names and values, and text where it is nothing that JSON knows."""
        added = {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if not added:
            return {}
        plain = {name: _plain(value) for name, value in added.items()}
        masked = mask_json(self._rules, plain)
        # The names are attributes: they stay, even where a name itself would be masked.
        values = list(masked.values()) if isinstance(masked, dict) else [STAR] * len(plain)
        return dict(zip(plain, values, strict=True))


def _plain(value: object) -> Any:
    match value:
        case None | str() | int() | float():
            return value
        case dict():
            return {str(name): _plain(item) for name, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_plain(item) for item in value]
    return str(value)


def _leave_out(record: logging.LogRecord) -> None:
    record.msg, record.args = UNMASKABLE, None
    record.exc_info = record.exc_text = record.stack_info = None
    for name in [name for name in vars(record) if name not in _STANDARD]:
        delattr(record, name)


def guard(rules: Rules, *handlers: logging.Handler) -> None:
    """Put the filter on handlers, all of the root logger's where none is named; twice does no harm."""
    for handler in handlers or tuple(logging.getLogger().handlers):
        if not any(isinstance(held, MaskingFilter) for held in handler.filters):
            handler.addFilter(MaskingFilter(rules))
