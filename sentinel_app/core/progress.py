"""Progress of the Jobs of the running update."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

CANCELLED_CODE = 'RUN-CANCEL'
"""Failure code of a Job that a person cancelled before its reading began."""


class Reading(StrEnum):
    """State of a Job's reading."""

    WAITING = 'waiting'
    READING = 'reading'
    COMPLETE = 'complete'
    FAILED = 'failed'


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Position at which the reading of a Job continues.

    A Job reads its window (pass 0), then its extra queries, one pass each.
    """

    number: int = 0
    """Number of the pass."""
    is_by_time: bool = False
    """Whether reading is by time ranges of `lastModified` instead of by id."""
    last_id: int | None = None
    """Id after which the next page begins; None at the beginning of the pass."""
    read_until: dt.datetime | None = None
    """Start of the next time range; None at the beginning of the pass."""
    page_size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtraQuery:
    """The clause that a pass adds to the TQL of its query."""

    clause: str
    is_alternate: bool = False
    """Whether it reads copies that may replace one that is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Progress of a Job of the running update.

    Pages waiting for conversion are in memory only; everything else is as stored.
    """

    job: int
    """Number of the Job."""
    request_id: str
    update_id: str
    position: int
    """Position of its query; 0 is the highest."""
    query_id: str
    is_delta: bool
    reading: Reading
    place: Position
    """Position up to which everything is read and converted."""
    expected: int | None
    download_started_at: dt.datetime | None
    download_completed_at: dt.datetime | None
    convert_started_at: dt.datetime | None
    upload_started_at: dt.datetime | None
    upload_answered_at: dt.datetime | None
    """When the latest response of Sentinel was stored."""
    failure_code: str | None
    failure_reason: str | None
    is_stopped: bool
    """Whether the Job was stopped: nothing more is sent, and open Indicators end as failed."""
    pages_waiting: int
    """Pages read but not yet converted."""
    rows_waiting: int
    """Indicators on those pages."""
    open: int
    """Converted Indicators without an outcome."""
    is_downloaded: bool
    """Whether the current pass is read to its end, though perhaps not yet converted."""
    waiting: int
    """Objects to send that are not in flight."""
    is_sorted: bool
    """Whether sending begins only after everything is converted."""
    is_closed: bool
    """Whether the update's withdrawals are decided; nothing is added to the Job after that."""
    warning: str | None
    held_back: int
    """Withdrawals that need a person's confirmation."""

    @property
    def is_read(self) -> bool:
        """Whether reading has ended."""
        return self.reading in {Reading.COMPLETE, Reading.FAILED}

    @property
    def is_converted(self) -> bool:
        """Whether reading has ended and all pages are converted."""
        return self.is_read and not self.pages_waiting

    @property
    def is_settled(self) -> bool:
        """Whether reading has ended and every Indicator has its outcome."""
        return (
            self.is_converted
            and not self.open
            # An update with a stopped Job withdraws nothing, so nothing is added either.
            and (self.is_closed or self.is_stopped)
        )


def jobs_being_read(progress: Sequence[Progress]) -> tuple[str, ...]:
    """Return the Job that Download works on: that of the highest query not completely read."""
    return tuple(item.request_id for item in progress if not (item.is_read or item.is_downloaded))[
        :1
    ]


def jobs_being_converted(progress: Sequence[Progress]) -> tuple[str, ...]:
    """Return the Job that Convert works on: that of the highest query with a waiting page."""
    return tuple(item.request_id for item in progress if item.pages_waiting)[:1]
