"""What is due: the next scheduled update and its mode, and what is done every so many seconds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sentinel_app.core.job import Job, JobStatus, Mode, Update
from sentinel_app.core.query import Query
from sentinel_app.core.window import believed


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """What the schedule goes by, all in stored UTC times."""

    last_scheduled_at: dt.datetime | None = None
    """Start of the last scheduled update."""
    last_reconcile_at: dt.datetime | None = None
    """Start of the last full or reconcile update that went over all queries."""
    last_run_at: dt.datetime | None = None
    """End of the last update's window, in ThreatConnect's time: a new query's delta starts here."""
    next_mode: Mode | None = None
    """Set by a save for the next scheduled update; None means delta."""
    full_number: int = 0
    """How often a full update was required: by a save, or because the ledger was lost."""


def next_update(
    schedule: Schedule,
    *,
    interval: dt.timedelta,
    reconcile_interval: dt.timedelta | None,
    now: dt.datetime,
    reading_all_since: dt.datetime | None = None,
    is_full_under_way: bool = False,
) -> tuple[dt.datetime, Mode]:
    """Return when the next scheduled update is due and its mode; due if that is not after now.

    The schedule counts from the start of the last scheduled update, so updates missed while the App
    was down are one update now. A last update that lies in the future, left by a clock that was put
    back, is not believed, be it a scheduled one or one that read everything: the next is due now.

    Args:
        schedule: the stored times.
        interval: between scheduled updates.
        reconcile_interval: between updates that read everything; None for never.
        now: the present.
        reading_all_since: start of a full or reconcile update of all queries that still runs. It
            counts as done: one that takes longer than the interval is not followed by another. If
            it fails, the next delta reads what its queries have no cursor for.
        is_full_under_way: whether an update waits or runs that does what a required full one would.
            As long as it has not failed, the required one counts as done.
    """
    last = believed(schedule.last_scheduled_at, now)
    # An interval may be shorter than what two clocks can differ.
    at = now if last is None or last - now > interval else last + interval
    is_first = schedule.last_run_at is None and reading_all_since is None
    if (schedule.next_mode is Mode.FULL and not is_full_under_way) or is_first:
        return at, Mode.FULL
    last_reconcile_at = reading_all_since or believed(schedule.last_reconcile_at, now)
    return at, _mode(last_reconcile_at, reconcile_interval, at=max(at, now))


def is_period_over(last: float | None, period_s: float, now: float) -> bool:
    """Whether something that is done every so many seconds is due, from monotonic times.

    Args:
        last: when it was done last; None for never.
        period_s: seconds from one time to the next.
        now: the present.
    """
    return last is None or now - last >= period_s


def leaves_out(jobs: Sequence[Job], queries: Iterable[Query]) -> bool:
    """Whether an update with these Jobs leaves one of the queries out."""
    covered = {job.query.id for job in jobs}
    return any(query.id not in covered for query in queries)


def may_satisfy(
    schedule: Schedule, update: Update, jobs: Sequence[Job], queries: Iterable[Query]
) -> bool:
    """Whether an update does what the required full one would, should all its Jobs be complete.

    Args:
        schedule: with what is required.
        update: any update, as stored.
        jobs: of the update.
        queries: the enabled ones, as they are now.

    Returns:
        False also where none is required, where it was required after the update was queued, and
        where the update leaves a query out, reads it as it was before an edit, or failed at one.
    """
    selections = {job.query.id: job.query.selection for job in jobs}
    return (
        schedule.next_mode is Mode.FULL
        and update.mode is Mode.FULL
        and update.full_number == schedule.full_number
        and all(selections.get(query.id) == query.selection for query in queries)
        and not any(job.status in {JobStatus.FAILED, JobStatus.CANCELLED} for job in jobs)
    )


def _mode(
    last: dt.datetime | None, reconcile_interval: dt.timedelta | None, *, at: dt.datetime
) -> Mode:
    if reconcile_interval is None:
        return Mode.DELTA
    is_due = last is None or abs(at - last) >= reconcile_interval
    return Mode.RECONCILE if is_due else Mode.DELTA
