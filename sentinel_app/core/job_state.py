"""State of a Job, derived from its stored progress: its status, its runtime and its cursor."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
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
from sentinel_app.core.scope import Scope
from sentinel_app.core.window import EVERYTHING, Cursor, believed, cursor_before
from sentinel_app.errors import UnforeseenError

BY_TIME_WARNING: Final = (
    'ThreatConnect does not sort by id as asked, so the App reads by the time of the last '
    'modification, which takes longer. Nothing is left out. If requests pass a proxy or a gateway, '
    'check that it keeps their parameters; else contact ThreatConnect support.'
)


def job_status(progress: Progress) -> JobStatus:
    """Return the status of a Job: that of the earliest stage that still has work.

    The stages overlap. A Job whose reading failed stays in progress until what it had read is
    processed; only then is it Failed.
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
    """Return the Job with the status and the stage times that follow from its progress.

    A status never goes back: if the database was lost in the middle of a Job, reading starts over
    under the status that the Job had.
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
        *_warnings(counts, job.scope),
        *((progress.warning,) if progress.warning else ()),
        *((BY_TIME_WARNING,) if progress.place.is_by_time else ()),
    )
    job = replace(
        advanced(job, progress, now=now),
        counts=counts,
        warnings=warnings,
        is_stopped=progress.is_stopped,
    )
    if job.status is JobStatus.FAILED:
        return replace(job, failed_at=now)
    return job if job.status is JobStatus.CANCELLED else replace(job, completed_at=now)


def moved_cursor(job: Job, cursor: Cursor | None) -> Cursor | None:
    """Return the cursor after a Job has ended, or None if it does not change.

    It does not change if the Job failed, or if its window began after the cursor, as the time in
    between was not read. It may also go back: a cursor beyond what was read was wrong, or
    ThreatConnect's clock was set back, and new changes have times before the cursor.
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
    """Return the time up to which a Job has read everything.

    ThreatConnect's clock may be ahead by the allowed difference of the two clocks, and so may our
    own. Both together would exceed the overlap of two windows, so the earlier time counts: nothing
    can have been read before its time.
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


_NOT_SENT: Final = 'not sent. Use Retry in JOBS: otherwise, only a full update is sure to send them'
_FAILED_WORDS: Final = {
    Scope.WHOLE: 'not sent. The next update will include them',
    # No cursor makes the next update read what a person has chosen.
    Scope.REFUSED: _NOT_SENT,
    Scope.SEND: _NOT_SENT,
    Scope.WITHDRAW: 'not withdrawn. Use Retry in JOBS: no other update is sure to withdraw them',
    Scope.VERIFY: _NOT_SENT,
    Scope.UNKNOWN: 'not withdrawn. Use Withdraw unknown in VERIFY again, which counts them anew',
}


def _warnings(counts: Counts, scope: Scope) -> tuple[str, ...]:
    texts = (
        (Outcome.REFUSED, 'refused by Microsoft Sentinel. See REPORTS, ERRORS for the reasons'),
        (Outcome.INVALID, 'not sent because a value makes no valid pattern'),
        (Outcome.UNSUPPORTED, 'not sent because the type or the hash is not supported'),
        (Outcome.FAILED, _FAILED_WORDS[scope]),
    )
    found = ((counts.outcomes.get(outcome, 0), text) for outcome, text in texts)
    objects = f'{counts.held_back:,} object{"" if counts.held_back == 1 else "s"}'
    held_back = (
        f'{objects} would be withdrawn. That exceeds the Withdraw Limit Percent, so nothing was '
        'withdrawn. Withdraw in JOBS lists them and asks for confirmation.'
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
    """Return the cursor with which the first Job of a query starts."""
    last_run_at = believed(schedule.last_run_at, now)
    at = last_run_at if job.mode is Mode.DELTA and last_run_at is not None else EVERYTHING
    return Cursor(query_id=job.query.id, selection=job.query.selection, at=at)


def kept_cursor(
    job: Job, known: Cursor | None, saved: QueryList, schedule: Schedule, now: dt.datetime
) -> Cursor | None:
    """Return the first cursor of a query whose first Job ended without one; else None.

    Without it the query's next delta would begin at a later update that succeeded for other
    queries, and everything before that would never be read.
    """
    has_one = known is not None and known.selection == job.query.selection
    is_lost = job.status in {JobStatus.FAILED, JobStatus.CANCELLED}
    is_whole = job.scope is Scope.WHOLE
    if not is_lost or not is_whole or has_one or not _is_saved(job, saved):
        return None
    return first_cursor(job, schedule, now)


def cursors_after(
    final: Job,
    jobs: Sequence[Job],
    known: Mapping[str, Cursor],
    saved: QueryList,
    schedule: Schedule,
    now: dt.datetime,
) -> tuple[Cursor, ...]:
    """Return the cursors that the end of a Job changes: its own, and those of lower queries.

    What a Job left to a higher one that then did not send it must be read again. The later of the
    two to end takes care of that: the lower one's cursor does not move beyond the start of its
    window, or is set back to it.

    Args:
        final: the Job in its final state.
        jobs: the stored Jobs of its update.
        known: the cursors of their queries, by query id.
        saved: the current TQL queries.
        schedule: the stored times.
        now: the current time.
    """
    before = known.get(final.query.id)
    own = kept_cursor(final, before, saved, schedule, now) or moved_cursor(final, before) or before
    if any(job.position < final.position and may_have_kept_back(job) for job in jobs):
        own = _set_back(final, own, saved)
    after = {final.query.id: own}
    if may_have_kept_back(final):
        for job in jobs:
            # A Job still in progress handles this when it ends itself.
            if job.position > final.position and job.status.is_final:
                after[job.query.id] = _set_back(job, known.get(job.query.id), saved)
    return tuple(
        cursor
        for query_id, cursor in after.items()
        if cursor is not None and cursor != known.get(query_id)
    )


def may_have_kept_back(job: Job) -> bool:
    """Return whether a Job may have ended without sending everything that it chose.

    A Job whose counts cannot be read may have. So may one with refused Indicators: an Indicator of
    several objects counts as refused if one of them is, though others were not sent. A Job that was
    cancelled, or that fixed no window, has chosen nothing. One whose reading failed has sent what
    it had chosen, unless it was stopped as well.
    """
    if job.status is not JobStatus.FAILED or job.window is None or not job.is_stopped:
        return False
    outcomes = job.counts.outcomes
    # If even the first page failed there are no counts, but nothing was chosen either.
    is_unknown = job.counts == Counts() and job.failure_code == UnforeseenError.default_code
    return bool(is_unknown or outcomes.get(Outcome.FAILED, 0) or outcomes.get(Outcome.REFUSED, 0))


def _set_back(job: Job, cursor: Cursor | None, saved: QueryList) -> Cursor | None:
    """Return the cursor from which everything that a Job has read is read again.

    A query without a cursor gets one, or its next delta would begin at the last update, which this
    one moves. A query that was removed or edited since needs none.
    """
    query = job.query
    if job.window is None or job.status is JobStatus.CANCELLED:
        return cursor
    at = cursor_before(job.window)
    if cursor is None or cursor.selection != query.selection:
        is_due = _is_saved(job, saved)
        return Cursor(query_id=query.id, selection=query.selection, at=at) if is_due else cursor
    return replace(cursor, at=min(cursor.at, at))


def _is_saved(job: Job, saved: QueryList) -> bool:
    """Return whether a Job's query still exists and selects the same."""
    return any(
        query.id == job.query.id and query.selection == job.query.selection
        for query in saved.queries
    )


def stage_runtime_s(job: Job, stage: Stage) -> float | None:
    """Return the seconds from a stage's start to its end; None while either is missing."""
    times = job.stages.get(stage, StageTimes())
    if times.started_at is None or times.completed_at is None:
        return None
    return (times.completed_at - times.started_at).total_seconds()


def total_runtime_s(job: Job) -> float | None:
    """Return the seconds from the Job's start to its end; None while either is missing."""
    ended_at = job.completed_at or job.failed_at
    if job.started_at is None or ended_at is None:
        return None
    return (ended_at - job.started_at).total_seconds()
