"""Jobs and updates, their statuses, and the transitions that are allowed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sentinel_app.core.query import Query
from sentinel_app.core.scope import ChosenValue, Scope
from sentinel_app.core.window import Window


class JobStatus(StrEnum):
    """Where a Job stands. Values are the words that the API and the page show."""

    PENDING = 'Pending'
    DOWNLOAD_IN_PROGRESS = 'Download In Progress'
    DOWNLOAD_COMPLETE = 'Download Complete'
    CONVERT_IN_PROGRESS = 'Convert In Progress'
    CONVERT_COMPLETE = 'Convert Complete'
    UPLOAD_IN_PROGRESS = 'Upload In Progress'
    UPLOAD_COMPLETE = 'Upload Complete'
    FAILED = 'Failed'
    CANCELLED = 'Cancelled'

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen to the Job by itself."""
        return not _NEXT[self]


_COURSE = (
    JobStatus.PENDING,
    JobStatus.DOWNLOAD_IN_PROGRESS,
    JobStatus.DOWNLOAD_COMPLETE,
    JobStatus.CONVERT_IN_PROGRESS,
    JobStatus.CONVERT_COMPLETE,
    JobStatus.UPLOAD_IN_PROGRESS,
    JobStatus.UPLOAD_COMPLETE,
)
"""Transitions of a Job: only forwards, and a quick one may pass several between two checks."""

_NEXT: dict[JobStatus, frozenset[JobStatus]] = {
    JobStatus.UPLOAD_COMPLETE: frozenset(),
    JobStatus.FAILED: frozenset(),
    JobStatus.CANCELLED: frozenset(),
    **{
        status: frozenset({*_COURSE[place + 1 :], JobStatus.FAILED})
        for place, status in enumerate(_COURSE[:-1])
    },
}
_NEXT[JobStatus.PENDING] |= {JobStatus.CANCELLED}


def is_allowed(old: JobStatus, new: JobStatus) -> bool:
    """Whether a Job may go from `old` to `new`; staying where it is always may."""
    return new == old or new in _NEXT[old]


class Mode(StrEnum):
    """What an update reads and what it sends of that."""

    DELTA = 'delta'
    FULL = 'full'
    RECONCILE = 'reconcile'


class JobType(StrEnum):
    """Who asked for the Job: the schedule or a person."""

    SCHEDULED = 'scheduled'
    AD_HOC = 'ad-hoc'


class Outcome(StrEnum):
    """What became of one Indicator that a Job took up; exactly one of these in the end."""

    SENT = 'sent'
    UNCHANGED = 'unchanged'
    DUPLICATE = 'duplicate'
    WITHHELD = 'withheld'
    EXPIRED = 'expired'
    UNSUPPORTED = 'unsupported'
    INVALID = 'invalid'
    REFUSED = 'refused'
    WITHDRAWN = 'withdrawn'
    FAILED = 'failed'


class Stage(StrEnum):
    """The three stages of a Job; the names of their Tasks."""

    DOWNLOAD = 'download'
    CONVERT = 'convert'
    UPLOAD = 'upload'


@dataclass(frozen=True, slots=True, kw_only=True)
class StageTimes:
    """When a stage of a Job began and ended."""

    started_at: dt.datetime | None = None
    completed_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What a Job read, what became of each Indicator, and what sending took.

    `read` equals the sum of the outcomes once the Job is final; before that the rest is under way.
    """

    read: int = 0
    outcomes: Mapping[Outcome, int] = field(default_factory=dict)
    objects: int = 0
    requests: int = 0
    throttled: int = 0
    throttled_s: float = 0.0
    """Seconds that answers with status 429 asked to wait."""
    limit_wait_s: float = 0.0
    """Seconds that its requests waited for the App's own count of the API limit, or for a 429."""
    expected: int | None = None
    converted: int = 0
    """Of those read, how many were decided about: they have their outcome, or are to be sent."""
    held_back: int = 0
    """Objects that the update would have withdrawn, were they not too many at once."""
    shortened: int = 0
    """Indicators with more tags than Sentinel keeps, some of which were left out."""

    @property
    def settled(self) -> int:
        """How many Indicators have their outcome."""
        return sum(self.outcomes.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One TQL query's part of one update."""

    request_id: str
    update_id: str
    job_type: JobType
    mode: Mode
    status: JobStatus
    query: Query
    position: int
    """Position of the query when the Job was queued, 0 the highest."""
    queued_at: dt.datetime
    started_at: dt.datetime | None = None
    completed_at: dt.datetime | None = None
    failed_at: dt.datetime | None = None
    window: Window | None = None
    """None until reading begins."""
    stages: Mapping[Stage, StageTimes] = field(default_factory=dict)
    counts: Counts = field(default_factory=Counts)
    warnings: tuple[str, ...] = ()
    retry_of: str | None = None
    failure_code: str | None = None
    failure_reason: str | None = None
    is_withdrawal: bool = False
    """Whether it reads nothing, and withdraws what its query has sent, which was deleted."""
    is_stopped: bool = False
    """Whether it was ended while something that it had chosen may have waited to be sent."""
    scope: Scope = Scope.WHOLE
    asked: int = 0
    """How many values, or refused Indicators, it is about; 0 where it is about everything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """One pass over TQL queries; its Jobs are in the order of precedence."""

    id: str
    mode: Mode
    job_type: JobType
    queued_at: dt.datetime
    request_ids: tuple[str, ...]
    modified_after: dt.datetime | None = None
    """For an ad-hoc delta: the start of the window, in place of the cursors."""
    confirmed_withdrawals: int | None = None
    """How many objects somebody has allowed to be withdrawn at once."""
    withdrawn_ids: tuple[str, ...] = ()
    """The deleted queries whose objects it withdraws unless another query selects them."""
    scope: Scope = Scope.WHOLE
    asked: int = 0
    """How many values, or refused Indicators, it is about; 0 where it is about everything."""
    values: tuple[ChosenValue, ...] = ()
    """What is sent or withdrawn, where a person has chosen it; none once it is complete."""
    indicator_ids: tuple[int, ...] = ()
    """Which refused Indicators are sent again; none once it is complete."""
    full_number: int = 0
    """How often a full update had been required when this one was queued."""
    started_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What is known of updates that are no longer kept."""

    removed_until: dt.datetime | None = None
    """When the newest of them was queued; None where none was removed."""
