"""How the service writes one value of an answer as JSON."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Callable
from typing import Any

_HOUR_S = 3_600
_MINUTE_S = 60

Writer = Callable[[Any], Any]


def writer(kind: str) -> Writer:
    """Return what turns a value of this KQL type into the JSON value of the service."""
    return _WRITERS.get(kind, _text)


def _text(value: Any) -> str:
    return '' if value is None else str(value)


def _time(value: dt.datetime | None) -> str | None:
    """Write a time in UTC with as few digits as it needs."""
    if value is None:
        return None
    text = value.isoformat()
    return f'{text.rstrip("0") if "." in text else text}Z'


def _period(value: dt.timedelta | None) -> str | None:
    """Write a time span as `d.hh:mm:ss.fffffff`, without what is zero at either end."""
    if value is None:
        return None
    sign = '-' if value < dt.timedelta() else ''
    length = abs(value)
    hours, rest = divmod(length.seconds, _HOUR_S)
    minutes, seconds = divmod(rest, _MINUTE_S)
    days = f'{length.days}.' if length.days else ''
    fraction = f'.{length.microseconds:06}0' if length.microseconds else ''
    return f'{sign}{days}{hours:02}:{minutes:02}:{seconds:02}{fraction}'


def _dynamic(value: Any) -> str | None:
    """Write JSON as text; a text within it stands without quotes, as the service has it."""
    if value is None:
        return None
    if not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False, separators=(',', ':'), default=str)
    if value == 'null':
        return None
    return str(json.loads(value)) if value.startswith('"') else value


def _real(value: float | None) -> float | str | None:
    if value is None or math.isfinite(value):
        return value
    if math.isnan(value):
        return 'NaN'
    return 'Infinity' if value > 0 else '-Infinity'


def _native(value: Any) -> Any:
    return value


_WRITERS: dict[str, Writer] = {
    'datetime': _time,
    'timespan': _period,
    'dynamic': _dynamic,
    'real': _real,
    'bool': _native,
    'int': _native,
    'long': _native,
}
