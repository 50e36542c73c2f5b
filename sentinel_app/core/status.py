"""States of a Job, of an update and of an Indicator's treatment, and the allowed transitions."""

from __future__ import annotations

from enum import StrEnum


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
"""The course of a Job. Only forwards, and a quick Job may pass several steps between two looks."""

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
