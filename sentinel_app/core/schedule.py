"""Schedule: the due time and mode of the next update, and periods of repeated work."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sentinel_app.core.job import Job, JobStatus, JobType, Mode, Update
from sentinel_app.core.query import Query
from sentinel_app.core.window import believed


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Stored state of the schedule; all times are UTC."""

    last_scheduled_at: dt.datetime | None = None
    """Start of the last scheduled update, or its end if it never started."""
    last_reconcile_at: dt.datetime | None = None
    """Start of the last full or reconcile update of all queries."""
    last_run_at: dt.datetime | None = None
    """End of the last update's window by ThreatConnect's clock; a new query's delta starts here."""
    next_mode: Mode | None = None
    """Mode that a save has set for the next scheduled update; None for delta."""
    full_number: int = 0
    """Number of times that a full update was required, by a save or after a loss of the ledger."""


def next_update(
    schedule: Schedule,
    *,
    interval: dt.timedelta,
    reconcile_interval: dt.timedelta | None,
    now: dt.datetime,
    reading_all_since: dt.datetime | None = None,
    is_full_under_way: bool = False,
) -> tuple[dt.datetime, Mode]:
    """Return the due time of the next scheduled update and its mode; due if not after `now`.

    The schedule counts from the start of the last scheduled update, so updates missed while the App
    was down become one update now. A stored time in the future, left by a clock that was set back,
    is ignored: the next update is due now.

    Args:
        schedule: the stored state.
        interval: the time between scheduled updates.
        reconcile_interval: the time between updates that read everything; None for never.
        now: the current time.
        reading_all_since: start of a running full or reconcile update of all queries. It counts as
            done, so that one that takes longer than the interval is not followed by another. If it
            fails, the next delta reads what its queries have no cursor for.
        is_full_under_way: whether a waiting or running update satisfies the required full one.
            Unless it fails, the required one counts as done.
    """
    last = believed(schedule.last_scheduled_at, now)
    # An interval may be shorter than the allowed difference of two clocks.
    at = now if last is None or last - now > interval else last + interval
    is_first = schedule.last_run_at is None and reading_all_since is None
    if (schedule.next_mode is Mode.FULL and not is_full_under_way) or is_first:
        return at, Mode.FULL
    last_reconcile_at = reading_all_since or believed(schedule.last_reconcile_at, now)
    return at, _mode(last_reconcile_at, reconcile_interval, at=max(at, now))


def is_period_over(last: float | None, period_s: float, now: float) -> bool:
    """Return whether periodic work is due, from monotonic times.

    Args:
        last: when it was done last; None for never.
        period_s: the period, in seconds.
        now: the current time.
    """
    return last is None or now - last >= period_s


def leaves_out(jobs: Sequence[Job], queries: Iterable[Query]) -> bool:
    """Return whether an update with these Jobs omits one of the queries."""
    covered = {job.query.id for job in jobs}
    return any(query.id not in covered for query in queries)


def may_satisfy(
    schedule: Schedule, update: Update, jobs: Sequence[Job], queries: Iterable[Query]
) -> bool:
    """Return whether an update satisfies the required full one, should all its Jobs complete.

    Args:
        schedule: the stored state.
        update: the stored update.
        jobs: its Jobs.
        queries: the enabled queries, as they are now.

    Returns:
        False also if none is required, if it was required after the update was queued, and if the
        update omits a query, reads it as before an edit, or failed at one.
    """
    selections = {job.query.id: job.query.selection for job in jobs}
    return (
        schedule.next_mode is Mode.FULL
        and update.mode is Mode.FULL
        and update.full_number == schedule.full_number
        and all(selections.get(query.id) == query.selection for query in queries)
        and not any(job.status in {JobStatus.FAILED, JobStatus.CANCELLED} for job in jobs)
    )


def with_full_required(schedule: Schedule) -> Schedule:
    """Return the schedule with the next update required to be full."""
    return replace(schedule, next_mode=Mode.FULL, full_number=schedule.full_number + 1)


def after_queueing(schedule: Schedule, update: Update) -> Schedule:
    """Return the schedule after queueing an update; a scheduled one takes up the saved mode."""
    is_full_missing = schedule.next_mode is Mode.FULL and update.mode is not Mode.FULL
    if update.job_type is not JobType.SCHEDULED or is_full_missing:
        return schedule
    return replace(schedule, next_mode=None)


def after_start(schedule: Schedule, update: Update, at: dt.datetime) -> Schedule:
    """Return the schedule after the start of an update; it counts from a scheduled one."""
    if update.job_type is not JobType.SCHEDULED:
        return schedule
    return replace(schedule, last_scheduled_at=at)


def after_end(
    wanted: Schedule | None, stored: Schedule, update: Update, at: dt.datetime
) -> Schedule:
    """Return the schedule after the end of an update, with what was saved or queued meanwhile.

    Args:
        wanted: the schedule as the caller has changed it; None for no change.
        stored: the schedule that is stored now.
        update: the update.
        at: its end.
    """
    if update.started_at is None:
        # One that could not be started must not be due again at once, or there is no end to it.
        stored = after_start(stored, update, at)
    if wanted is None:
        return stored
    is_required_again = wanted.full_number != stored.full_number
    return replace(
        stored,
        last_run_at=wanted.last_run_at,
        last_reconcile_at=wanted.last_reconcile_at,
        next_mode=stored.next_mode
        if is_required_again or stored.next_mode is not Mode.FULL
        else wanted.next_mode,
    )


def _mode(
    last: dt.datetime | None, reconcile_interval: dt.timedelta | None, *, at: dt.datetime
) -> Mode:
    if reconcile_interval is None:
        return Mode.DELTA
    is_due = last is None or abs(at - last) >= reconcile_interval
    return Mode.RECONCILE if is_due else Mode.DELTA
