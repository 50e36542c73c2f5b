"""Jobs and updates, their statuses, and the allowed transitions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sentinel_app.core.query import Query
from sentinel_app.core.scope import ChosenValue, Scope
from sentinel_app.core.window import Window


class JobStatus(StrEnum):
    """Status of a Job. Values are the words that the API and the page show."""

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
        """Whether the Job has ended."""
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
"""Transitions of a Job: only forwards, and a fast Job may skip several between two checks."""

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
    """Return whether a Job may go from `old` to `new`; keeping its status is always allowed."""
    return new == old or new in _NEXT[old]


class Mode(StrEnum):
    """Mode of an update: what it reads, and what it sends of that."""

    DELTA = 'delta'
    FULL = 'full'
    RECONCILE = 'reconcile'


class JobType(StrEnum):
    """Origin of a Job: the schedule, a person, or a person about what Verify has found."""

    SCHEDULED = 'scheduled'
    AD_HOC = 'ad-hoc'
    VERIFY = 'verify'


class Outcome(StrEnum):
    """Outcome of one Indicator in a Job; each ends with exactly one."""

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
    """The three stages of a Job, which are also the names of their Tasks."""

    DOWNLOAD = 'download'
    CONVERT = 'convert'
    UPLOAD = 'upload'


@dataclass(frozen=True, slots=True, kw_only=True)
class StageTimes:
    """Start and end of a stage of a Job."""

    started_at: dt.datetime | None = None
    completed_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Counts of a Job: what it read, the outcomes, and what sending took.

    `read` equals the sum of the outcomes once the Job has ended; until then the rest is in
    progress.
    """

    read: int = 0
    outcomes: Mapping[Outcome, int] = field(default_factory=dict)
    objects: int = 0
    requests: int = 0
    throttled: int = 0
    throttled_s: float = 0.0
    """Seconds of waiting that responses with status 429 asked for."""
    limit_wait_s: float = 0.0
    """Seconds that its requests waited for the App's own rate limiter, or for a 429."""
    expected: int | None = None
    converted: int = 0
    """Indicators that were converted: they have their outcome, or are to be sent."""
    held_back: int = 0
    """Objects that the update did not withdraw because they were too many at once."""
    shortened: int = 0
    """Indicators that lost tags because Sentinel does not keep so many."""

    @property
    def settled(self) -> int:
        """Number of Indicators that have their outcome."""
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
    """Position of the query when the Job was queued; 0 is the highest."""
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
    """Whether the Job reads nothing, and withdraws what its deleted query has sent."""
    is_stopped: bool = False
    """Whether the Job was ended while objects that it had chosen may have been waiting."""
    scope: Scope = Scope.WHOLE
    asked: int = 0
    """Number of values, Indicators or objects in its scope; 0 if the scope is everything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """TQL queries read and sent together; one Job each, in order of precedence."""

    id: str
    mode: Mode
    job_type: JobType
    queued_at: dt.datetime
    request_ids: tuple[str, ...]
    modified_after: dt.datetime | None = None
    """Start of an ad-hoc delta's window, in place of the cursors."""
    confirmed_withdrawals: int | None = None
    """Number of objects that a person has allowed to be withdrawn at once."""
    withdrawn_ids: tuple[str, ...] = ()
    """Deleted queries whose objects it withdraws unless another query selects them."""
    scope: Scope = Scope.WHOLE
    asked: int = 0
    """Number of values, Indicators or objects in its scope; 0 if the scope is everything."""
    values: tuple[ChosenValue, ...] = ()
    """Values that a person chose to send or withdraw; empty once it is complete."""
    indicator_ids: tuple[int, ...] = ()
    """Indicators that are sent again; empty once it is complete."""
    full_number: int = 0
    """Number of times that a full update had been required when this one was queued."""
    started_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What is known about updates that are no longer kept."""

    removed_until: dt.datetime | None = None
    """When the newest removed one was queued; None if none was removed."""
