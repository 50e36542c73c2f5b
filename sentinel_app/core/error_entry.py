"""Errors of Jobs, single and grouped, and whether they are still open."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class About(StrEnum):
    """Subject of an error."""

    JOB = 'job'
    """The whole Job."""
    INDICATOR = 'indicator'
    """An Indicator that cannot be sent as it is in ThreatConnect."""
    OBJECT = 'object'
    """An object that Sentinel refused."""
    WITHDRAWAL = 'withdrawal'
    """An object whose withdrawal Sentinel refused."""


class ErrorState(StrEnum):
    """State of an error."""

    OPEN = 'open'
    RESOLVED = 'resolved'
    """The failed operation has succeeded since."""
    SUPERSEDED = 'superseded'
    """A later error reports the same problem, or its subject is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorEntry:
    """One error of a Job, about one Indicator or the whole request."""

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
    """Whether Sentinel refused the object's withdrawal."""
    query_id: str | None = field(default=None, compare=False)
    """Query of the Job; None until the error is stored, and if unknown."""
    id: int | None = field(default=None, compare=False)
    """Number in the store, rising with time; None until the error is stored."""
    state: ErrorState = field(default=ErrorState.OPEN, compare=False)
    state_at: dt.datetime | None = field(default=None, compare=False)
    """When it was resolved or superseded."""

    @property
    def about(self) -> About:
        """Subject of the error."""
        if self.indicator_id is None:
            return About.JOB
        if self.object is None:
            return About.INDICATOR
        return About.WITHDRAWAL if self.is_withdrawal else About.OBJECT


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorGroup:
    """Errors of one Job with the same text, counted."""

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
    """Query of the Job; None if unknown."""
    states: tuple[int, int, int] = (0, 0, 0)
    """Number of errors that are open, resolved and superseded."""
    state_at: dt.datetime | None = None
    """When one of them was last resolved or superseded."""
    tried_again: int = 0
    """Number of open errors that the next updates retry automatically."""
    tries_left: int | None = None
    """Number of retries left, if there is a limit."""
    examples: tuple[ErrorEntry, ...] = ()
    """The first few Indicators behind the group."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorFilter:
    """Filter of errors; a field that is not set matches all."""

    request_id_part: str = ''
    request_ids: tuple[str, ...] | None = None
    """Only errors of these Jobs."""
    query_id: str | None = None
    state: ErrorState | None = None
    code: str | None = None
    indicator_type: str | None = None
    text: str = ''
    """A part of the message, the reason, or the Indicator's value, in any case."""
    after: dt.datetime | None = None
    before: dt.datetime | None = None


ALL_ERRORS: Final = ErrorFilter()
