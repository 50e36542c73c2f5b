"""The errors of Jobs, one by one and gathered, and whether they still hold."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class About(StrEnum):
    """What an error is about."""

    JOB = 'job'
    """The whole Job."""
    INDICATOR = 'indicator'
    """An Indicator that cannot be sent as it is in ThreatConnect."""
    OBJECT = 'object'
    """An object that Sentinel refused."""
    WITHDRAWAL = 'withdrawal'
    """An object whose withdrawal Sentinel refused."""


class ErrorState(StrEnum):
    """Whether an error still holds."""

    OPEN = 'open'
    RESOLVED = 'resolved'
    """What failed has succeeded since."""
    SUPERSEDED = 'superseded'
    """A later error says the same, or what it is about is gone."""


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
    object: int | None = None
    """The ledger row of the object that Sentinel refused."""
    is_withdrawal: bool = False
    """Whether what Sentinel refused was its withdrawal."""
    query_id: str | None = field(default=None, compare=False)
    """Of the Job; None before it is stored, and where it is not known."""
    id: int | None = field(default=None, compare=False)
    """Its number in the store, rising with time; None before it is stored."""
    state: ErrorState = field(default=ErrorState.OPEN, compare=False)
    state_at: dt.datetime | None = field(default=None, compare=False)
    """Since when it is no longer open."""

    @property
    def about(self) -> About:
        """What it is about."""
        if self.indicator_id is None:
            return About.JOB
        if self.object is None:
            return About.INDICATOR
        return About.WITHDRAWAL if self.is_withdrawal else About.OBJECT


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
    about: About = About.JOB
    query_id: str | None = None
    """Of the Job; None where it is not known."""
    states: tuple[int, int, int] = (0, 0, 0)
    """How many of them are open, resolved and superseded."""
    state_at: dt.datetime | None = None
    """When one of them was resolved or superseded last."""
    tried_again: int = 0
    """How many of the open ones the next updates try again by themselves."""
    tries_left: int | None = None
    """How often at most, where that has a limit."""
    examples: tuple[ErrorEntry, ...] = ()
    """The first few Indicators behind the group."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorFilter:
    """Which errors are asked for; what is not set lets all pass."""

    request_id_part: str = ''
    request_ids: tuple[str, ...] | None = None
    """Only of these Jobs."""
    query_id: str | None = None
    state: ErrorState | None = None
    code: str | None = None
    indicator_type: str | None = None
    text: str = ''
    """A part of the message, the reason, or the Indicator's value, in any case."""
    after: dt.datetime | None = None
    before: dt.datetime | None = None


ALL_ERRORS: Final = ErrorFilter()
