"""The `timespan` of a request: an ISO 8601 duration, or a range of times."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

_DURATION = re.compile(
    r'P(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+(?:\.\d+)?)D)?'
    r'(?:T(?:(?P<hours>\d+(?:\.\d+)?)H)?(?:(?P<minutes>\d+(?:\.\d+)?)M)?'
    r'(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeRange:
    """Times from `start` to `end`, both included, in UTC; `None` for no end on that side."""

    start: dt.datetime | None = None
    end: dt.datetime | None = None


def read_time_range(text: str, now: dt.datetime) -> TimeRange:
    """Read a duration before `now`, or `a/b` of which one may be a duration.

    Raises:
        ValueError: neither of these.
    """
    first, slash, second = text.partition('/')
    if not slash:
        return TimeRange(start=now - _duration(first), end=now)
    if first.startswith('P'):
        end = _time(second)
        return TimeRange(start=end - _duration(first), end=end)
    start = _time(first)
    end = start + _duration(second) if second.startswith('P') else _time(second)
    if end < start:
        raise ValueError(f'{text} ends before it begins')
    return TimeRange(start=start, end=end)


def _duration(text: str) -> dt.timedelta:
    match = _DURATION.fullmatch(text)
    parts = {name: float(value) for name, value in match.groupdict('0').items()} if match else {}
    # A bare `P` or `PT` names no length.
    if not any(character.isdigit() for character in text) or not parts:
        raise ValueError(f'{text} is no duration')
    return dt.timedelta(**parts)


def _time(text: str) -> dt.datetime:
    at = dt.datetime.fromisoformat(text)
    return at.replace(tzinfo=dt.UTC) if at.tzinfo is None else at.astimezone(dt.UTC)
