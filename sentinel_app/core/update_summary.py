"""Summary of an update: the sums over its Jobs."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from sentinel_app.core.job import Counts, Job, JobStatus, Outcome, Update


class UpdateState(StrEnum):
    """Status of an update. Values are the words that the API and the page show."""

    PENDING = 'Pending'
    IN_PROGRESS = 'In Progress'
    COMPLETE = 'Complete'
    FAILED = 'Failed'
    CANCELLED = 'Cancelled'


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateSummary:
    """An update with the sums over its Jobs."""

    update: Update
    state: UpdateState
    """Failed once a Job has failed and none is in progress; Cancelled if all Jobs were."""
    jobs: tuple[Job, ...]
    """Jobs that pass the filters, in order of precedence."""
    job_count: int
    """Number of Jobs that it has; fewer than it had if some were removed."""
    counts: Counts
    statuses: Mapping[JobStatus, int] = field(default_factory=dict)
    """Number of Jobs by status."""
    filter_start_at: dt.datetime | None = None
    """Start of the earliest window; None if a Job reads everything, or none has begun."""
    filter_end_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None
    """When its last Job ended; None while one is in progress."""
    first_failed: Job | None = None
    only_job: Job | None = None
    """The Job, if the update has a single one."""
    duplicates_from: Job | None = None
    """Job whose query sent what others skipped as duplicates, if it can only be one."""
    retry_of: str | None = None
    """Request ID of the Job that it retries."""


def summarized(
    update: Update,
    jobs: Sequence[Job],
    matching: Sequence[Job],
    counts_of: Callable[[Job], Counts],
) -> UpdateSummary:
    """Return an update with the sums over its Jobs.

    Args:
        update: the update.
        jobs: all of its Jobs, in order of precedence.
        matching: the Jobs that pass the filters.
        counts_of: returns the current counts of a Job.
    """
    counts = [counts_of(job) for job in jobs]
    windows = [job.window for job in jobs if job.window is not None]
    starts = [window.start_at for window in windows]
    is_over = all(job.status.is_final for job in jobs)
    ends = [job.completed_at or job.failed_at for job in jobs]
    return UpdateSummary(
        update=update,
        state=_state(update, jobs),
        jobs=tuple(matching),
        job_count=len(jobs),
        counts=_sum(counts),
        statuses=Counter(job.status for job in jobs),
        filter_start_at=min((at for at in starts if at), default=None)
        if None not in starts
        else None,
        filter_end_at=max((window.end_at for window in windows), default=None),
        ended_at=max((at for at in ends if at), default=update.ended_at) if is_over else None,
        first_failed=next((job for job in jobs if job.status is JobStatus.FAILED), None),
        only_job=jobs[0] if len(jobs) == 1 else None,
        duplicates_from=_duplicates_from(jobs, counts),
        retry_of=next((job.retry_of for job in jobs if job.retry_of), None),
    )


def _state(update: Update, jobs: Sequence[Job]) -> UpdateState:
    statuses = {job.status for job in jobs}
    if any(not status.is_final for status in statuses):
        is_waiting = update.started_at is None and statuses <= {
            JobStatus.PENDING,
            JobStatus.CANCELLED,
        }
        return UpdateState.PENDING if is_waiting else UpdateState.IN_PROGRESS
    if JobStatus.FAILED in statuses:
        return UpdateState.FAILED
    if statuses == {JobStatus.CANCELLED}:
        return UpdateState.CANCELLED
    return UpdateState.COMPLETE


def _sum(counts: Sequence[Counts]) -> Counts:
    outcomes: Counter[Outcome] = Counter()
    for each in counts:
        outcomes.update(each.outcomes)
    expected = [each.expected for each in counts if each.expected is not None]
    return Counts(
        read=sum(each.read for each in counts),
        outcomes=outcomes,
        objects=sum(each.objects for each in counts),
        requests=sum(each.requests for each in counts),
        throttled=sum(each.throttled for each in counts),
        throttled_s=sum(each.throttled_s for each in counts),
        limit_wait_s=sum(each.limit_wait_s for each in counts),
        expected=sum(expected) if expected else None,
        converted=sum(each.converted for each in counts),
        held_back=sum(each.held_back for each in counts),
        shortened=sum(each.shortened for each in counts),
    )


def _duplicates_from(jobs: Sequence[Job], counts: Sequence[Counts]) -> Job | None:
    """Return the only Job above all those with duplicates; None if there is none, or several."""
    has_duplicates = [bool(each.outcomes.get(Outcome.DUPLICATE, 0)) for each in counts]
    is_second_alone = len(jobs) > 1 and has_duplicates[1] and sum(has_duplicates) == 1
    return jobs[0] if is_second_alone else None
