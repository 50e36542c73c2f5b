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


_NEXT: dict[JobStatus, frozenset[JobStatus]] = {
    JobStatus.PENDING: frozenset(
        {JobStatus.DOWNLOAD_IN_PROGRESS, JobStatus.FAILED, JobStatus.CANCELLED}
    ),
    JobStatus.DOWNLOAD_IN_PROGRESS: frozenset({JobStatus.DOWNLOAD_COMPLETE, JobStatus.FAILED}),
    JobStatus.DOWNLOAD_COMPLETE: frozenset({JobStatus.CONVERT_IN_PROGRESS, JobStatus.FAILED}),
    JobStatus.CONVERT_IN_PROGRESS: frozenset({JobStatus.CONVERT_COMPLETE, JobStatus.FAILED}),
    JobStatus.CONVERT_COMPLETE: frozenset({JobStatus.UPLOAD_IN_PROGRESS, JobStatus.FAILED}),
    JobStatus.UPLOAD_IN_PROGRESS: frozenset({JobStatus.UPLOAD_COMPLETE, JobStatus.FAILED}),
    JobStatus.UPLOAD_COMPLETE: frozenset(),
    JobStatus.FAILED: frozenset(),
    JobStatus.CANCELLED: frozenset(),
}


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
