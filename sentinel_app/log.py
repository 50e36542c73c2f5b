"""One line per fact, `event=... key=value`, and a filter that keeps secrets out of every line.

`EventLog` writes through the standard library under the logger `sentinel_app`; `app.py` lends that
logger the handlers of the platform's framework, so that the lines land in `app.log`.
"""

from __future__ import annotations

import logging
import re
import traceback
from typing import Final

from sentinel_app.redactor import Redactor

ROOT_LOGGER: Final = 'sentinel_app'

LONGEST_LINE: Final = 32_768
"""A line of more characters is cut: files are rotated between lines, never within one."""

# What could end a line, move the cursor, hide text where the log is shown, or not be written.
_UNPRINTABLE: Final = re.compile(
    '[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]'
)
_NAMED_ESCAPES: Final = {'\n': '\\n', '\r': '\\r', '\t': '\\t'}
_NEEDS_QUOTES: Final = re.compile(r'[\s"=\\,]|^$')

# File, line, function, and the stack if it was asked for.
_Caller = tuple[str, int, str, str | None]


def escape_control(text: str) -> str:
    """The text with everything that could break a log line written as an escape."""
    return _UNPRINTABLE.sub(
        lambda found: _NAMED_ESCAPES.get(found.group(), f'\\u{ord(found.group()):04x}'), text
    )


def _shown(value: object) -> str:
    """One value as it stands in a line: bare where it can be, else quoted and escaped."""
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
    """The line `event=<event> key=value ...`; no value can end the line or forge another key."""
    return ' '.join([f'event={_shown(event)}', *(f'{key}={_shown(facts[key])}' for key in facts)])


def _plain_logger(name: str) -> logging.Logger:
    """The logger of that name, of the standard class.

    The framework makes its own class the default for every logger made later; that one walks the
    whole stack, source files included, for each line.
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
        name: the module's `__name__`; it lies under `sentinel_app`.
    """

    def __init__(self, name: str = ROOT_LOGGER) -> None:
        # The parent is made first, or a later call elsewhere would make it of the other class.
        _plain_logger(ROOT_LOGGER)
        inside = name == ROOT_LOGGER or name.startswith(f'{ROOT_LOGGER}.')
        self._logger = _plain_logger(name if inside else f'{ROOT_LOGGER}.{name}')

    def debug(self, event: str, **facts: object) -> None:
        """Write detail about single records."""
        self._write(logging.DEBUG, event, facts)

    def info(self, event: str, **facts: object) -> None:
        """Write one step of the story of a Job or of the Service."""
        self._write(logging.INFO, event, facts)

    def warning(self, event: str, **facts: object) -> None:
        """Write what went wrong and was dealt with."""
        self._write(logging.WARNING, event, facts)

    def error(self, event: str, **facts: object) -> None:
        """Write what went wrong and needs somebody."""
        self._write(logging.ERROR, event, facts)

    def exception(self, event: str, error: BaseException | None = None, **facts: object) -> None:
        """Write an unexpected exception with its traceback, still as one line.

        Args:
            event: what was being done.
            error: the exception; the one being handled if left out.
            facts: what else is known.
        """
        shown = ''.join(traceback.format_exception(error)) if error else traceback.format_exc()
        self._write(logging.ERROR, event, {**facts, 'traceback': shown.rstrip()})

    def _write(self, level: int, event: str, facts: dict[str, object]) -> None:
        if self._logger.isEnabledFor(level):
            self._logger.log(level, '%s', format_event(event, facts), stacklevel=3)


class RedactionFilter(logging.Filter):
    """Masks secrets in every record of the handlers that it is installed on.

    What remains of a record stays on one line.

    Args:
        redactor: knows the secrets.
    """

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redact = redactor.redact

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record in place; never drops one."""
        try:
            message = record.getMessage()
        except (TypeError, ValueError):
            message = f'{record.msg} {record.args}'  # a line with a wrong format is still a line
        # Cut only once the secrets are masked: half of one would not be recognized.
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
    """The text, or its beginning and how much more there was."""
    more = len(text) - LONGEST_LINE
    return text if more <= 0 else f'{text[:LONGEST_LINE]}... ({more} more characters)'


def lend_handlers(lender: logging.Logger, redaction: RedactionFilter) -> None:
    """Let our lines go where the lender's go, with the filter in front of every handler.

    The handlers are shared, so that a change of their level goes for our lines too.
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
    """Let a logger find the line that called it as the standard library does.

    The framework's own way reads the sources of all frames for every line, also for those that no
    handler takes: more than half of the time that a small request costs. A line of its `trace`,
    a method around `log`, is still told as that of its caller.
    """

    def find(stack_info: bool = False, stacklevel: int = 1) -> _Caller:
        # This function is a frame as well.
        caller = logging.Logger.findCaller(lender, stack_info, stacklevel + 1)
        if caller[2] != 'trace':
            return caller
        return logging.Logger.findCaller(lender, stack_info, stacklevel + 2)

    lender.findCaller = find  # type: ignore[method-assign]


def set_level(level: int) -> None:
    """Make our lines below that level cost nothing; the handlers would drop them anyway."""
    _plain_logger(ROOT_LOGGER).setLevel(level)
