"""The errors of Jobs, one by one and gathered."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorEntry:
    """One error of a Job, about one Indicator or about the whole request."""

    request_id: str
    at: dt.datetime
    code: str
    message: str
    reason: str
    indicator_id: int | None = None
    indicator_type: str | None = None
    summary: str | None = None
    owner_name: str | None = None
    web_link: str | None = None
    id: int | None = field(default=None, compare=False)
    """Its number in the store, rising with time; None before it is stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorGroup:
    """Errors of one Job that say the same, counted."""

    id: int
    request_id: str
    code: str
    message: str
    reason: str
    count: int
    first_at: dt.datetime
    last_at: dt.datetime
    examples: tuple[ErrorEntry, ...] = ()
    """The first few Indicators behind the group."""
