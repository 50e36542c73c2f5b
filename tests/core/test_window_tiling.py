"""Whatever ThreatConnect says is its present, no change falls between the windows of two deltas."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from hypothesis import example, given
from hypothesis import strategies as st

from sentinel_app.core.job import JobStatus
from sentinel_app.core.job_state import moved_cursor
from sentinel_app.core.window import Cursor, Window, next_window, start_after
from tests.harness.builders.app_state import make_job
from tests.harness.clocks import NOON
from tests.harness.strategies import law

SKEW_S = 300
"""Beyond that ThreatConnect refuses the signature, and nothing is read."""
YEAR_S = 365 * 86_400


@dataclass(frozen=True, kw_only=True)
class Delta:
    """One update: true time since the one before, our clock against the true time, and the Date."""

    after_s: float
    ours_s: float
    date_s: float
    is_complete: bool = True


deltas = st.builds(
    Delta,
    after_s=st.floats(1, 7_200),
    ours_s=st.floats(-SKEW_S, SKEW_S),
    date_s=st.just(0.0)
    | st.floats(-3 * SKEW_S, 3 * SKEW_S)
    | st.floats(-YEAR_S, YEAR_S)
    | st.sampled_from([-86_400.0, 86_400.0]),
    is_complete=st.booleans(),
)


def a_delta(after_s: float, ours_s: float = 0.0, date_s: float = 0.0) -> Delta:
    return Delta(after_s=after_s, ours_s=ours_s, date_s=date_s)


@law
@given(st.lists(deltas, max_size=12), st.lists(st.floats(0, 1), min_size=1, max_size=20))
@example([a_delta(3_600, date_s=86_400), *[a_delta(3_600)] * 3], [0.4, 0.6])
@example([a_delta(60, ours_s=300, date_s=300), a_delta(7_200, ours_s=-300)], [0.02, 0.5])
@example([a_delta(60, ours_s=300, date_s=600), a_delta(7_200)], [0.019])
@example([a_delta(60, date_s=-86_400), a_delta(600)], [0.5])
def test_changes_of_any_time_are_inside_a_window_that_is_read_afterwards(
    course: list[Delta], places: list[float]
) -> None:
    full = Delta(after_s=0, ours_s=0, date_s=0)
    course = [full, *course, Delta(after_s=1_200, ours_s=0, date_s=0)]
    total_s = sum(each.after_s for each in course)
    cursor: Cursor | None = None
    now, read = NOON, []
    for each in course:
        now += dt.timedelta(seconds=each.after_s)
        ours = now + dt.timedelta(seconds=each.ours_s)
        start_at = None if cursor is None else start_after(cursor, ours)
        end_at = next_window(
            cursor_at=None, server_now=now + dt.timedelta(seconds=each.date_s)
        ).end_at
        if start_at is not None:
            start_at = min(start_at, end_at)
        job = make_job(
            status=JobStatus.UPLOAD_COMPLETE if each.is_complete else JobStatus.FAILED,
            window=Window(start_at=start_at, end_at=end_at),
            started_at=ours,
        )
        if each.is_complete:
            read.append((start_at, end_at, now))
        cursor = moved_cursor(job, cursor) or cursor
    for place in places:
        # Not what is being written at the very end: the next delta would read that.
        changed = NOON + dt.timedelta(seconds=place * (total_s - 2))
        assert any(
            (start_at is None or start_at <= changed) and changed < min(end_at, read_at)
            for start_at, end_at, read_at in read
        ), changed
