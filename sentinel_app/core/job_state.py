"""Where a Job stands, from the stored facts of its progress; how long it took; its cursor."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Final

from sentinel_app.core.job import (
    Counts,
    Job,
    JobStatus,
    Mode,
    Outcome,
    Stage,
    StageTimes,
    is_allowed,
)
from sentinel_app.core.progress import CANCELLED_CODE, Progress, Reading
from sentinel_app.core.query import QueryList
from sentinel_app.core.schedule import Schedule
from sentinel_app.core.window import EVERYTHING, Cursor, believed

BY_TIME_WARNING: Final = (
    'ThreatConnect does not sort by id as asked, so the App reads by the time of the last '
    'modification, which takes longer. Nothing is left out. If requests pass a proxy or a gateway, '
    'see that it keeps their parameters; else tell the support of ThreatConnect.'
)


def job_status(progress: Progress) -> JobStatus:
    """Return the status of a Job: that of the earliest stage that still has something to do.

    The stages overlap. A Job whose reading failed is shown in progress until what it had read is
    dealt with; only then is it Failed.
    """
    if progress.is_settled:
        return _final_status(progress.failure_code)
    if progress.reading is Reading.WAITING:
        return JobStatus.PENDING
    if progress.reading is Reading.READING and not progress.is_downloaded:
        return JobStatus.DOWNLOAD_IN_PROGRESS
    if progress.pages_waiting:
        if progress.convert_started_at:
            return JobStatus.CONVERT_IN_PROGRESS
        return JobStatus.DOWNLOAD_COMPLETE
    return (
        JobStatus.UPLOAD_IN_PROGRESS if progress.upload_started_at else JobStatus.CONVERT_COMPLETE
    )


def _final_status(failure_code: str | None) -> JobStatus:
    if failure_code is None:
        return JobStatus.UPLOAD_COMPLETE
    return JobStatus.CANCELLED if failure_code == CANCELLED_CODE else JobStatus.FAILED


def advanced(job: Job, progress: Progress, *, now: dt.datetime) -> Job:
    """Return the Job with the status and the stage times that its progress says.

    A status never goes back: where the database was lost in the middle of a Job, its reading
    begins anew under the status that it had.
    """
    status = job_status(progress)
    return replace(
        job,
        status=status if is_allowed(job.status, status) else job.status,
        started_at=job.started_at or progress.download_started_at,
        stages=_stages(job, progress, now=now),
        failure_code=None if status is JobStatus.CANCELLED else progress.failure_code,
        failure_reason=progress.failure_reason,
    )


def ended(job: Job, progress: Progress, counts: Counts, *, now: dt.datetime) -> Job:
    """Return the Job in its final state, with its counts."""
    warnings = (
        *_warnings(counts),
        *((progress.warning,) if progress.warning else ()),
        *((BY_TIME_WARNING,) if progress.place.is_by_time else ()),
    )
    job = replace(advanced(job, progress, now=now), counts=counts, warnings=warnings)
    if job.status is JobStatus.FAILED:
        return replace(job, failed_at=now)
    return job if job.status is JobStatus.CANCELLED else replace(job, completed_at=now)


def moved_cursor(job: Job, cursor: Cursor | None) -> Cursor | None:
    """Return the cursor after a Job has ended, or None where it stays.

    It stays when the Job failed, and when its window began after the cursor: between the two lies
    a time that nobody has read. It may also go back: a cursor beyond what was read now was wrong,
    or ThreatConnect's clock was put back, and what changes from now on has a time before it.
    """
    read_until = known_until(job)
    if job.status is not JobStatus.UPLOAD_COMPLETE or job.window is None or read_until is None:
        return None
    start_at = job.window.start_at
    selection = job.query.selection
    known = cursor if cursor is not None and cursor.selection == selection else None
    if start_at is not None and (known is None or start_at > known.at):
        return None
    if known is not None and known.at == read_until:
        return None
    return Cursor(query_id=job.query.id, selection=selection, at=read_until)


def known_until(job: Job) -> dt.datetime | None:
    """Return up to when a Job has read everything, by ThreatConnect's clock and by ours.

    What ThreatConnect says is its present may be ahead by as much as the two clocks can differ, and
    our own clock may be so too. What is ahead by both would be more than the overlap of two windows
    makes up for, so the earlier one counts: nothing can have been read before its time.
    """
    if job.window is None:
        return None
    return min(job.window.end_at, (job.started_at or job.window.end_at).replace(microsecond=0))


def _stages(job: Job, progress: Progress, *, now: dt.datetime) -> dict[Stage, StageTimes]:
    is_read = progress.reading in {Reading.COMPLETE, Reading.FAILED}
    is_converted = is_read and not progress.pages_waiting
    before = job.stages.get(Stage.CONVERT, StageTimes())
    times = {
        Stage.DOWNLOAD: StageTimes(
            started_at=progress.download_started_at, completed_at=progress.download_completed_at
        ),
        Stage.CONVERT: StageTimes(
            started_at=progress.convert_started_at,
            completed_at=(before.completed_at or now)
            if progress.convert_started_at and is_converted
            else None,
        ),
        Stage.UPLOAD: StageTimes(
            started_at=progress.upload_started_at,
            completed_at=progress.upload_answered_at if progress.is_settled else None,
        ),
    }
    return {stage: pair for stage, pair in times.items() if pair.started_at}


def _warnings(counts: Counts) -> tuple[str, ...]:
    texts = (
        (Outcome.REFUSED, 'refused by Microsoft Sentinel; REPORTS shows the reasons'),
        (Outcome.INVALID, 'not sent because a value cannot be made into a pattern'),
        (Outcome.UNSUPPORTED, 'not sent because the type or the hash is not supported'),
        (Outcome.FAILED, 'not sent because the Job failed; the next update takes them up again'),
    )
    found = ((counts.outcomes.get(outcome, 0), text) for outcome, text in texts)
    held_back = (
        f'{counts.held_back:,} objects have no Indicator in ThreatConnect any more. That is more '
        'than the Withdraw Limit Percent allows at once, so none was withdrawn; confirm it in JOBS '
        'if it is right.'
    )
    refusals = tuple(
        f'{count:,} {"Indicator was" if count == 1 else "Indicators were"} {text}.'
        for count, text in found
        if count
    )
    labels = (
        f'{counts.shortened:,} {"Indicator has" if counts.shortened == 1 else "Indicators have"} '
        'more tags than Microsoft Sentinel keeps (32,766 bytes in all). Whole tags were left out, '
        'the last in the alphabet first.'
    )
    return (
        *((held_back,) if counts.held_back else ()),
        *refusals,
        *((labels,) if counts.shortened else ()),
    )


def first_cursor(job: Job, schedule: Schedule, now: dt.datetime) -> Cursor:
    """Return the cursor of a query that has none of its own, as its first Job finds it."""
    last_run_at = believed(schedule.last_run_at, now)
    at = last_run_at if job.mode is Mode.DELTA and last_run_at is not None else EVERYTHING
    return Cursor(query_id=job.query.id, selection=job.query.selection, at=at)


def kept_cursor(
    job: Job, known: Cursor | None, saved: QueryList, schedule: Schedule, now: dt.datetime
) -> Cursor | None:
    """Return the first cursor of a query whose first Job ended without one; else None.

    Without it the query's next delta would begin at a later run of the Service that went well for
    other queries, and what lies before would never be read.
    """
    selection = job.query.selection
    has_one = known is not None and known.selection == selection
    is_saved = any(
        query.id == job.query.id and query.selection == selection for query in saved.queries
    )
    is_lost = job.status in {JobStatus.FAILED, JobStatus.CANCELLED}
    return first_cursor(job, schedule, now) if is_lost and is_saved and not has_one else None


def stage_runtime_s(job: Job, stage: Stage) -> float | None:
    """Seconds from the stage's start to its end; None while either is missing."""
    times = job.stages.get(stage, StageTimes())
    if times.started_at is None or times.completed_at is None:
        return None
    return (times.completed_at - times.started_at).total_seconds()


def total_runtime_s(job: Job) -> float | None:
    """Seconds from the Job's start to its end, however it ended; None while either is missing."""
    ended_at = job.completed_at or job.failed_at
    if job.started_at is None or ended_at is None:
        return None
    return (ended_at - job.started_at).total_seconds()
