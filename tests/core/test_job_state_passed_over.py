"""What a Job passed over for a higher one that did not send it is read again."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_app.core.job import Counts, Job, JobStatus, Mode, Outcome
from sentinel_app.core.job_state import cursors_after, may_have_kept_back
from sentinel_app.core.query import QueryList
from sentinel_app.core.schedule import Schedule
from sentinel_app.core.window import EVERYTHING, OVERLAP_S, Cursor, Window, start_after
from tests.harness.builders.app_state import make_job, make_query, minutes
from tests.harness.strategies import law

NOW = minutes(90)
OVERLAP = dt.timedelta(seconds=OVERLAP_S)
RAN = Schedule(last_run_at=minutes(0))
HIGH, LOW = make_query('high'), make_query('low', tql='rating > 1')
SAVED = QueryList(version=1, queries=(HIGH, LOW))
LOST = Counts(read=3, outcomes={Outcome.SENT: 2, Outcome.FAILED: 1})
WINDOW = Window(start_at=minutes(10), end_at=minutes(60))
BEFORE = Cursor(query_id='low', selection=LOW.selection, at=minutes(10) + OVERLAP)


def higher(**fields: Any) -> Job:
    defaults = {
        'status': JobStatus.FAILED,
        'window': WINDOW,
        'counts': LOST,
        'query': HIGH,
        'is_stopped': True,
    }
    return make_job('j1', **(defaults | fields))


def lower(**fields: Any) -> Job:
    defaults = {
        'status': JobStatus.UPLOAD_COMPLETE,
        'window': WINDOW,
        'counts': Counts(read=1, outcomes={Outcome.DUPLICATE: 1}),
        'query': LOW,
        'position': 1,
    }
    return make_job('j2', **(defaults | fields))


def end(
    order: list[Job], known: dict[str, Cursor] | None = None, saved: QueryList = SAVED
) -> dict[str, Cursor]:
    """Let Jobs of one update end in this order; return the cursors."""
    cursors = dict(known or {})
    jobs = {
        job.request_id: replace(job, status=JobStatus.UPLOAD_IN_PROGRESS, counts=Counts())
        for job in order
    }
    for job in order:
        changed = cursors_after(job, list(jobs.values()), cursors, saved, RAN, NOW)
        cursors |= {cursor.query_id: cursor for cursor in changed}
        jobs[job.request_id] = job
    return cursors


def lowest(
    high: Job, low: Job, known: Cursor | None = BEFORE, saved: QueryList = SAVED
) -> dt.datetime | None:
    """Return where the lower cursor is after both, in whichever order they end."""
    stored = {} if known is None else {'low': known}
    found = {
        None if (cursor := end(order, stored, saved).get('low')) is None else cursor.at
        for order in ([high, low], [low, high])
    }
    (at,) = found
    return at


@pytest.mark.parametrize(
    ('fields', 'is_so'),
    [
        ({}, True),
        ({'counts': Counts(), 'failure_code': 'RUN-FAULT'}, True),
        ({'counts': Counts(), 'failure_code': 'TC-READ'}, False),
        ({'counts': Counts(read=1, outcomes={Outcome.REFUSED: 1})}, True),
        ({'counts': Counts(read=2, outcomes={Outcome.SENT: 2})}, False),
        ({'counts': Counts(expected=5)}, False),
        ({'counts': Counts(read=1, outcomes={Outcome.REFUSED: 1}), 'is_stopped': False}, False),
        ({'window': None}, False),
        ({'window': None, 'counts': Counts()}, False),
        ({'status': JobStatus.CANCELLED}, False),
        ({'status': JobStatus.UPLOAD_COMPLETE}, False),
        ({'status': JobStatus.UPLOAD_IN_PROGRESS}, False),
    ],
)
def test_failed_job_may_have_kept_something_back(fields: dict[str, Any], *, is_so: bool) -> None:
    assert may_have_kept_back(higher(**fields)) is is_so


def test_window_that_passed_something_over_is_read_again_from_its_start() -> None:
    assert lowest(higher(), lower()) == BEFORE.at
    assert start_after(BEFORE, NOW) == WINDOW.start_at


def test_full_read_that_passed_something_over_is_repeated_in_full() -> None:
    everything = Window(start_at=None, end_at=minutes(60))
    assert lowest(higher(), lower(window=everything, mode=Mode.FULL)) == EVERYTHING
    assert lowest(higher(), lower(window=everything, mode=Mode.FULL), None) == EVERYTHING


def test_window_that_was_requested_before_the_cursor_counts() -> None:
    window = Window(start_at=minutes(-500), end_at=minutes(60))
    assert lowest(higher(), lower(window=window)) == minutes(-500) + OVERLAP


def test_query_without_a_cursor_does_not_go_by_the_last_run() -> None:
    assert lowest(higher(), lower(), None) == BEFORE.at
    other = replace(BEFORE, selection='of before')
    assert lowest(higher(), lower(), other) == BEFORE.at


@pytest.mark.parametrize('queries', [(HIGH,), (HIGH, replace(LOW, tql='rating > 4'))])
def test_query_that_was_removed_or_edited_since_gets_no_cursor(queries: tuple[Any, ...]) -> None:
    saved = QueryList(version=2, queries=queries)
    assert lowest(higher(), lower(), None, saved) is None
    other = replace(BEFORE, selection='of today', at=minutes(70))
    assert lowest(higher(), lower(), other, saved) == minutes(70)


def test_lower_job_that_failed_too_stays_where_it_was() -> None:
    assert lowest(higher(), lower(status=JobStatus.FAILED)) == BEFORE.at


@pytest.mark.parametrize(
    'fields', [{'window': None, 'status': JobStatus.FAILED}, {'status': JobStatus.CANCELLED}]
)
def test_job_that_has_read_nothing_has_passed_nothing_over(fields: dict[str, Any]) -> None:
    late = replace(BEFORE, at=minutes(80))
    assert lowest(higher(), lower(**fields), late) == late.at


def test_higher_query_passes_over_nothing_for_a_lower_one() -> None:
    jobs = [higher(position=1), lower(position=0)]
    assert end(jobs, {'low': BEFORE})['low'].at == minutes(60)
    assert end(jobs[::-1], {'low': BEFORE})['low'].at == minutes(60)


def test_higher_job_that_has_sent_everything_holds_nothing_back() -> None:
    sent = Counts(read=2, outcomes={Outcome.SENT: 2})
    assert lowest(higher(counts=sent), lower()) == minutes(60)
    assert lowest(higher(status=JobStatus.UPLOAD_COMPLETE), lower()) == minutes(60)


def test_unchanged_cursors_are_not_stored_again() -> None:
    jobs = [higher(), lower()]
    high = Cursor(query_id='high', selection=HIGH.selection, at=minutes(10))
    known = {'high': high, 'low': BEFORE}
    assert cursors_after(jobs[0], jobs, known, SAVED, RAN, NOW) == ()
    assert cursors_after(jobs[1], jobs, known, SAVED, RAN, NOW) == ()


def test_end_of_a_higher_job_sets_back_every_lower_query() -> None:
    third = make_query('third')
    jobs = [higher(), lower(), lower(query=third, position=2)]
    saved = QueryList(version=1, queries=(HIGH, LOW, third))
    known = {
        query.id: Cursor(query_id=query.id, selection=query.selection, at=minutes(60))
        for query in saved.queries
    }
    changed = cursors_after(jobs[0], jobs, known, saved, RAN, NOW)
    assert {cursor.query_id: cursor.at for cursor in changed} == {
        'low': BEFORE.at,
        'third': BEFORE.at,
    }


starts = st.none() | st.integers(0, 100)
ends_of_job = st.sampled_from([JobStatus.UPLOAD_COMPLETE, JobStatus.FAILED])
counts = st.sampled_from([LOST, Counts(), Counts(read=1, outcomes={Outcome.SENT: 1})])


@law
@given(
    start=starts,
    length=st.integers(0, 60),
    known=starts,
    statuses=st.tuples(ends_of_job, ends_of_job),
    high_counts=counts,
)
def test_passed_over_indicators_are_read_again_whichever_job_ends_last(
    start: int | None,
    length: int,
    known: int | None,
    statuses: tuple[JobStatus, JobStatus],
    high_counts: Counts,
) -> None:
    start_at = None if start is None else minutes(start)
    window = Window(start_at=start_at, end_at=minutes((start or 0) + length))
    high = higher(status=statuses[0], window=window, counts=high_counts)
    low = lower(status=statuses[1], window=window)
    stored = None if known is None else replace(BEFORE, at=minutes(known))

    # The same in both orders, or `lowest` finds two.
    at = lowest(high, low, stored)

    alone = end([low], {} if stored is None else {'low': stored}).get('low')
    if not may_have_kept_back(high):
        assert at == (None if alone is None else alone.at)
        return
    assert at is not None
    assert alone is None or at <= alone.at
    begins_at = start_after(replace(BEFORE, at=at), minutes(1_000))
    assert begins_at is None or (start_at is not None and begins_at <= start_at)
