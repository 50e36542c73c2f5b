from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sentinel_app.core.job import JobStatus, Mode
from sentinel_app.core.schedule import (
    Schedule,
    is_period_over,
    leaves_out,
    may_satisfy,
    next_update,
)
from tests.harness.builders.app_state import make_job, make_query, make_update
from tests.harness.clocks import NOON
from tests.harness.strategies import law, times

HOUR = dt.timedelta(hours=1)
WEEK = dt.timedelta(days=7)
INTERVALS = st.timedeltas(min_value=dt.timedelta(seconds=36), max_value=dt.timedelta(days=60))


def schedule(**fields: object) -> Schedule:
    defaults = {
        'last_scheduled_at': NOON,
        'last_reconcile_at': NOON,
        'last_run_at': NOON,
    }
    return Schedule(**(defaults | fields))  # type: ignore[arg-type]


def due(
    stored: Schedule,
    now: dt.datetime,
    interval: dt.timedelta = HOUR,
    reconcile_interval: dt.timedelta | None = WEEK,
) -> tuple[dt.datetime, Mode]:
    return next_update(stored, interval=interval, reconcile_interval=reconcile_interval, now=now)


def test_first_update_is_due_at_once_and_full():
    assert due(Schedule(), NOON) == (NOON, Mode.FULL)


def test_update_is_due_an_interval_after_the_start_of_the_last():
    assert due(schedule(), NOON + HOUR / 2) == (NOON + HOUR, Mode.DELTA)


def test_update_that_is_overdue_keeps_the_time_it_was_due():
    assert due(schedule(), NOON + HOUR * 1.5) == (NOON + HOUR, Mode.DELTA)


@law
@given(last=times, interval=INTERVALS, missed=st.floats(min_value=0, max_value=1_000))
def test_missed_updates_collapse_into_one(last: dt.datetime, interval: dt.timedelta, missed: float):
    now = last + interval + interval * missed
    at, _ = due(schedule(last_scheduled_at=last), now, interval)
    after, _ = due(schedule(last_scheduled_at=now), now, interval)

    assert at <= now
    assert after == now + interval


@law
@given(last=times, now=times, interval=INTERVALS)
def test_clock_put_back_delays_the_next_update_by_no_more_than_an_interval(
    last: dt.datetime, now: dt.datetime, interval: dt.timedelta
):
    assume(last > now)
    at, _ = due(schedule(last_scheduled_at=last), now, interval)

    assert at <= now + 2 * interval
    later, _ = due(schedule(last_scheduled_at=last), at, interval)
    assert later <= at


@pytest.mark.parametrize('ahead', [dt.timedelta(minutes=6), HOUR, dt.timedelta(days=365)])
@pytest.mark.parametrize('interval', [HOUR, dt.timedelta(days=60)])
def test_times_in_the_future_are_ignored(ahead: dt.timedelta, interval: dt.timedelta) -> None:
    stored = schedule(last_scheduled_at=NOON + ahead, last_reconcile_at=NOON - HOUR)
    assert due(stored, NOON, interval, 10 * interval) == (NOON, Mode.DELTA)
    stored = schedule(last_scheduled_at=NOON - interval, last_reconcile_at=NOON + ahead)
    assert due(stored, NOON, interval, 10 * interval) == (NOON, Mode.RECONCILE)


def test_running_update_that_reads_everything_counts_as_done() -> None:
    stored = schedule(last_run_at=None, last_reconcile_at=None)
    at = next_update(
        stored, interval=HOUR, reconcile_interval=WEEK, now=NOON, reading_all_since=NOON - HOUR
    )
    assert at == (NOON + HOUR, Mode.DELTA)


def test_clock_put_back_by_a_moment_starts_no_update_too_early():
    now = NOON - dt.timedelta(seconds=1)

    assert due(schedule(), now)[0] == NOON + HOUR


def test_clock_put_back_by_years_does_not_put_off_the_reconcile_for_years():
    stored = schedule(last_reconcile_at=NOON + dt.timedelta(days=3_650))

    assert due(stored, NOON + HOUR) == (NOON + HOUR, Mode.RECONCILE)


def test_reconcile_is_due_when_its_interval_has_passed_at_the_update():
    stored = schedule(last_reconcile_at=NOON + HOUR - WEEK)

    assert due(stored, NOON) == (NOON + HOUR, Mode.RECONCILE)


def test_reconcile_waits_until_its_interval_has_passed():
    stored = schedule(last_reconcile_at=NOON + HOUR - WEEK + dt.timedelta(seconds=1))

    assert due(stored, NOON) == (NOON + HOUR, Mode.DELTA)


def test_overdue_update_becomes_a_reconcile_when_one_has_come_due_since():
    stored = schedule(last_reconcile_at=NOON + HOUR * 5 - WEEK)

    assert due(stored, NOON + HOUR * 4)[1] is Mode.DELTA
    assert due(stored, NOON + HOUR * 5)[1] is Mode.RECONCILE


def test_reconcile_is_due_where_there_was_none_before():
    assert due(schedule(last_reconcile_at=None), NOON)[1] is Mode.RECONCILE


@pytest.mark.parametrize('last', [None, NOON - 9 * WEEK])
def test_interval_of_never_makes_no_reconcile(last: dt.datetime | None):
    stored = schedule(last_reconcile_at=last)

    assert due(stored, NOON, reconcile_interval=None)[1] is Mode.DELTA


@pytest.mark.parametrize('next_mode', [None, Mode.DELTA, Mode.FULL])
def test_first_update_is_full_whatever_was_saved(next_mode: Mode | None):
    assert due(schedule(last_run_at=None, next_mode=next_mode), NOON)[1] is Mode.FULL


def test_saved_full_update_beats_a_reconcile_that_is_due():
    stored = schedule(next_mode=Mode.FULL, last_reconcile_at=None)

    assert due(stored, NOON)[1] is Mode.FULL


def test_saved_delta_update_leaves_the_time_as_it_is():
    assert due(schedule(next_mode=Mode.DELTA), NOON) == (NOON + HOUR, Mode.DELTA)


QUERIES = (make_query('q1'), make_query('q2'))
COMPLETE = JobStatus.UPLOAD_COMPLETE


@law
@given(
    mode=st.sampled_from(Mode),
    next_mode=st.sampled_from([None, Mode.DELTA, Mode.FULL]),
    numbers=st.tuples(st.integers(0, 2), st.integers(0, 2)),
    tqls=st.dictionaries(st.sampled_from(['q1', 'q2', 'q3']), st.sampled_from(['', 'rating > 3'])),
    statuses=st.lists(st.sampled_from(JobStatus), min_size=3, max_size=3),
)
def test_required_full_update_is_satisfied_only_by_one_of_all_current_queries(
    mode: Mode,
    next_mode: Mode | None,
    numbers: tuple[int, int],
    tqls: dict[str, str],
    statuses: list[JobStatus],
):
    required, at_queueing = numbers
    update = make_update(mode=mode, full_number=at_queueing)
    jobs = [
        make_job(f'j{query_id}', query=make_query(query_id, tql=tql), status=status)
        for (query_id, tql), status in zip(tqls.items(), statuses, strict=False)
    ]
    stored = schedule(next_mode=next_mode, full_number=required)
    is_whole = all(tqls.get(query_id) == 'rating > 3' for query_id in ('q1', 'q2'))
    is_well = not any(job.status in {JobStatus.FAILED, JobStatus.CANCELLED} for job in jobs)
    assert may_satisfy(stored, update, jobs, QUERIES) is (
        next_mode is mode is Mode.FULL and required == at_queueing and is_whole and is_well
    )


def test_required_full_update_counts_as_done_while_it_runs():
    stored = schedule(next_mode=Mode.FULL)
    options = {'interval': HOUR, 'reconcile_interval': WEEK, 'now': NOON}
    assert next_update(stored, **options) == (NOON + HOUR, Mode.FULL)  # type: ignore[arg-type]
    assert next_update(stored, is_full_under_way=True, **options) == (NOON + HOUR, Mode.DELTA)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ('last', 'now', 'expected'),
    [(None, 5.0, True), (100.0, 109.9, False), (100.0, 110.0, True), (100.0, 100.0, False)],
)
def test_period_is_over_at_first_and_then_so_many_seconds_after_the_last_time(
    last: float | None, now: float, expected: bool
):
    assert is_period_over(last, 10.0, now) is expected


def test_update_leaves_out_what_none_of_its_jobs_reads():
    jobs = [make_job('j1', query=make_query('q1'))]
    assert not leaves_out(jobs, QUERIES[:1])
    assert leaves_out(jobs, QUERIES)
    assert not leaves_out(jobs, ())
