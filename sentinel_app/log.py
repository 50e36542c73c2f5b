"""Structured logging, one line `event=... key=value` per fact, and masking of secrets.

`EventLog` writes through the standard library under the logger `sentinel_app`; `app.py` shares the
handlers of the platform's framework with it, so that the lines are written to `app.log`.
"""

from __future__ import annotations

import logging
import re
import traceback
from typing import Final

from sentinel_app.redactor import Redactor

ROOT_LOGGER: Final = 'sentinel_app'

LONGEST_LINE: Final = 32_768
"""Maximum characters of a line, as log files are only rotated between lines."""

# Characters that could end a line, move the cursor, hide text on display, or not be encoded.
_UNPRINTABLE: Final = re.compile(
    '[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]'
)
_NAMED_ESCAPES: Final = {'\n': '\\n', '\r': '\\r', '\t': '\\t'}
_NEEDS_QUOTES: Final = re.compile(r'[\s"=\\,]|^$')

# File, line, function, and the stack if it was asked for.
_Caller = tuple[str, int, str, str | None]


def escape_control(text: str) -> str:
    """Escape everything in a text that could break a log line."""
    return _UNPRINTABLE.sub(
        lambda found: _NAMED_ESCAPES.get(found.group(), f'\\u{ord(found.group()):04x}'), text
    )


def _shown(value: object) -> str:
    """Return a value for a line: plain if possible, else quoted and escaped."""
    if isinstance(value, float):
        return f'{value:.3f}'.rstrip('0').rstrip('.')
    if value is None:
        return 'null'
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    if _NEEDS_QUOTES.search(text):
        text = '"' + text.replace('\\', '\\\\').replace('"', '\\"') + '"'
    return escape_control(text)


def format_event(event: str, facts: dict[str, object]) -> str:
    """Return the line `event=<event> key=value ...`; no value can end the line or forge a key."""
    return ' '.join([f'event={_shown(event)}', *(f'{key}={_shown(facts[key])}' for key in facts)])


def _plain_logger(name: str) -> logging.Logger:
    """Return the logger with this name, of the standard class.

    The framework sets its own class as the default for later loggers, which reads the whole stack
    with its source files for each line.
    """
    default_class = logging.getLoggerClass()
    logging.setLoggerClass(logging.Logger)
    try:
        return logging.getLogger(name)
    finally:
        logging.setLoggerClass(default_class)


class EventLog:
    """Writes events of one module.

    Args:
        name: the module's `__name__`, under `sentinel_app`.
    """

    def __init__(self, name: str = ROOT_LOGGER) -> None:
        # The parent is created first, or a later call elsewhere would create it with the other
        # class.
        _plain_logger(ROOT_LOGGER)
        inside = name == ROOT_LOGGER or name.startswith(f'{ROOT_LOGGER}.')
        self._logger = _plain_logger(name if inside else f'{ROOT_LOGGER}.{name}')

    def debug(self, event: str, **facts: object) -> None:
        """Log details about single records."""
        self._write(logging.DEBUG, event, facts)

    def info(self, event: str, **facts: object) -> None:
        """Log one step of a Job or of the Service."""
        self._write(logging.INFO, event, facts)

    def warning(self, event: str, **facts: object) -> None:
        """Log a failure that was handled."""
        self._write(logging.WARNING, event, facts)

    def error(self, event: str, **facts: object) -> None:
        """Log a failure that needs a person."""
        self._write(logging.ERROR, event, facts)

    def exception(self, event: str, error: BaseException | None = None, **facts: object) -> None:
        """Log an unexpected exception with its traceback, on one line.

        Args:
            event: the event.
            error: the exception; the one being handled if left out.
            facts: further facts.
        """
        shown = ''.join(traceback.format_exception(error)) if error else traceback.format_exc()
        self._write(logging.ERROR, event, {**facts, 'traceback': shown.rstrip()})

    def _write(self, level: int, event: str, facts: dict[str, object]) -> None:
        if self._logger.isEnabledFor(level):
            self._logger.log(level, '%s', format_event(event, facts), stacklevel=3)


class RedactionFilter(logging.Filter):
    """Masks secrets in every record of its handlers, and keeps each record on one line.

    Args:
        redactor: the redactor with the secrets.
    """

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redact = redactor.redact

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record in place; no record is dropped."""
        try:
            message = record.getMessage()
        except (TypeError, ValueError):
            message = f'{record.msg} {record.args}'  # a line with a wrong format is still a line
        # Truncated after masking, as half of a secret would not be recognized.
        record.msg = _cut(escape_control(self._redact(message)))
        record.args = ()
        if record.exc_info and not record.exc_text:
            record.exc_text = ''.join(traceback.format_exception(*record.exc_info)).rstrip()
        if record.exc_text:
            record.exc_text = _cut(self._redact(record.exc_text))
        if record.stack_info:
            record.stack_info = _cut(self._redact(record.stack_info))
        return True


def _cut(text: str) -> str:
    """Return the text, or its beginning and the number of further characters."""
    more = len(text) - LONGEST_LINE
    return text if more <= 0 else f'{text[:LONGEST_LINE]}... ({more} more characters)'


def lend_handlers(lender: logging.Logger, redaction: RedactionFilter) -> None:
    """Share the lender's handlers with the App's logger, with the filter on every handler.

    As the handlers are shared, a change of their level applies to the App's lines too.
    """
    ours = _plain_logger(ROOT_LOGGER)
    ours.propagate = False
    for handler in [*ours.handlers]:
        if handler not in lender.handlers:
            ours.removeHandler(handler)
    for handler in lender.handlers:
        if redaction not in handler.filters:
            handler.addFilter(redaction)
        ours.addHandler(handler)


def find_callers_fast(lender: logging.Logger) -> None:
    """Make a logger find its caller as the standard library does.

    The framework's own method reads the sources of all frames for every line, even if no handler
    writes it: more than half of the time of a small request. Lines of its `trace`, a method around
    `log`, are still attributed to its caller.
    """

    def find(stack_info: bool = False, stacklevel: int = 1) -> _Caller:
        # Skips the frame of this function.
        caller = logging.Logger.findCaller(lender, stack_info, stacklevel + 1)
        if caller[2] != 'trace':
            return caller
        return logging.Logger.findCaller(lender, stack_info, stacklevel + 2)

    lender.findCaller = find  # type: ignore[method-assign]


def set_level(level: int) -> None:
    """Set the App's log level, so that lines that the handlers would drop cost nothing."""
    _plain_logger(ROOT_LOGGER).setLevel(level)
