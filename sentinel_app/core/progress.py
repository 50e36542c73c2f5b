"""How far a Job of the running update has come."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

CANCELLED_CODE = 'RUN-CANCEL'
"""Stands in place of a failure where a person cancelled the Job before its reading began."""


class Reading(StrEnum):
    """How far the reading of a Job has come."""

    WAITING = 'waiting'
    READING = 'reading'
    COMPLETE = 'complete'
    FAILED = 'failed'


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where the reading of a Job goes on.

    A Job reads its window (pass 0), then whatever else it has to ask for, one pass after the other.
    """

    number: int = 0
    """Of the pass."""
    is_by_time: bool = False
    """Whether it goes by time ranges of the last modification instead of by id."""
    last_id: int | None = None
    """Behind which the next page begins; None at the beginning of the pass."""
    read_until: dt.datetime | None = None
    """Where the next time range begins; None at the beginning of the pass."""
    page_size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtraQuery:
    """What a pass adds to the TQL of its query."""

    clause: str
    is_alternate: bool = False
    """Whether it asks for copies that may take the place of one that is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What a Job of the running update has done so far.

    The pages that wait for conversion are in memory alone; all else is as stored.
    """

    job: int
    """The Job's number."""
    request_id: str
    update_id: str
    position: int
    """Of its query, 0 the highest."""
    query_id: str
    is_delta: bool
    reading: Reading
    place: Position
    """Up to where everything is read and converted."""
    expected: int | None
    download_started_at: dt.datetime | None
    download_completed_at: dt.datetime | None
    convert_started_at: dt.datetime | None
    upload_started_at: dt.datetime | None
    upload_answered_at: dt.datetime | None
    """When the latest answer of Sentinel was stored."""
    failure_code: str | None
    failure_reason: str | None
    is_stopped: bool
    """Nothing more is sent for this Job; what is open ends as failed."""
    pages_waiting: int
    """Pages read and not yet converted."""
    rows_waiting: int
    """Indicators on those pages."""
    open: int
    """Indicators converted whose outcome is not known yet."""
    is_downloaded: bool
    """Whether its present pass is read to the end, though perhaps not yet converted."""
    waiting: int
    """Objects that are to be sent and that no request carries."""
    is_sorted: bool
    """Whether sending begins only when everything is converted."""
    is_closed: bool
    """Whether it is known what the update withdraws; nothing is added to the Job after that."""
    warning: str | None
    held_back: int
    """Withdrawals that wait for somebody's confirmation."""

    @property
    def is_read(self) -> bool:
        """Whether no more will be read."""
        return self.reading in {Reading.COMPLETE, Reading.FAILED}

    @property
    def is_converted(self) -> bool:
        """Whether everything that will be read has been read and converted."""
        return self.is_read and not self.pages_waiting

    @property
    def is_settled(self) -> bool:
        """Whether every Indicator that was read has its outcome and no more will be read."""
        return (
            self.is_converted
            and not self.open
            # An update with a Job that was stopped withdraws nothing, so nothing is added either.
            and (self.is_closed or self.is_stopped)
        )


def jobs_being_read(progress: Sequence[Progress]) -> tuple[str, ...]:
    """Return the Job that Download is at: the highest query's that is not read through."""
    return tuple(item.request_id for item in progress if not (item.is_read or item.is_downloaded))[
        :1
    ]


def jobs_being_converted(progress: Sequence[Progress]) -> tuple[str, ...]:
    """Return the Job that Convert is at: the highest query's with a page that waits."""
    return tuple(item.request_id for item in progress if item.pages_waiting)[:1]
