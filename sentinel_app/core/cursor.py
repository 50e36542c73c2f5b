"""Where the reading of a TQL query that has no cursor of its own begins."""

from __future__ import annotations

import datetime as dt

from sentinel_app.core.models import Cursor, Job, QueryList, Schedule
from sentinel_app.core.status import JobStatus, Mode
from sentinel_app.core.window import believed, next_window

EVERYTHING = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
"""The cursor of a query of which nothing is dealt with yet."""


def start_after(cursor: Cursor, now: dt.datetime) -> dt.datetime | None:
    """Return where a delta that goes on from a cursor begins; None for a reading of everything."""
    at = believed(cursor.at, now)
    if at is None or at <= EVERYTHING:
        return None
    return next_window(cursor_at=at, server_now=at).start_at


def first_cursor(job: Job, schedule: Schedule, now: dt.datetime) -> Cursor:
    """Give the cursor of a query that has none of its own, as its first Job finds it."""
    last_run_at = believed(schedule.last_run_at, now)
    at = last_run_at if job.mode is Mode.DELTA and last_run_at is not None else EVERYTHING
    return Cursor(query_id=job.query.id, selection=job.query.selection, at=at)


def kept_cursor(
    job: Job, known: Cursor | None, saved: QueryList, schedule: Schedule, now: dt.datetime
) -> Cursor | None:
    """Give the first cursor of a query whose first Job ended without one; else None.

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
