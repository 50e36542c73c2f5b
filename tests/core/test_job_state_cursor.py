"""Nothing is left out when the first Job of a query does not come to its end."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from sentinel_app.core.job import JobStatus, Mode
from sentinel_app.core.job_state import first_cursor, kept_cursor
from sentinel_app.core.query import QueryList
from sentinel_app.core.schedule import Schedule
from sentinel_app.core.scope import Scope
from sentinel_app.core.window import EVERYTHING, Cursor, start_after
from tests.harness.builders.app_state import make_job, make_query
from tests.harness.clocks import NOON

RAN = Schedule(last_run_at=NOON)
QUERY = make_query()
SAVED = QueryList(version=1, queries=(make_query('other'), QUERY))
CURSOR = Cursor(query_id='q1', selection=QUERY.selection, at=NOON - dt.timedelta(hours=1))


@pytest.mark.parametrize(
    ('mode', 'schedule', 'at'),
    [
        (Mode.DELTA, RAN, NOON),
        (Mode.DELTA, Schedule(), EVERYTHING),
        (Mode.FULL, RAN, EVERYTHING),
        (Mode.RECONCILE, RAN, EVERYTHING),
    ],
)
def test_delta_begins_at_the_last_run_and_other_modes_at_the_beginning(
    mode: Mode, schedule: Schedule, at: dt.datetime
):
    assert first_cursor(make_job(mode=mode), schedule, NOON) == Cursor(
        query_id='q1', selection=QUERY.selection, at=at
    )


@pytest.mark.parametrize('ahead_s', [301, 3_600, 365 * 86_400])
def test_last_run_in_the_future_is_ignored(ahead_s: float):
    ahead = Schedule(last_run_at=NOON + dt.timedelta(seconds=ahead_s))
    assert first_cursor(make_job(mode=Mode.DELTA), ahead, NOON).at == EVERYTHING


def at(seconds: float) -> dt.datetime | None:
    cursor = Cursor(query_id='q1', selection='', at=NOON + dt.timedelta(seconds=seconds))
    return start_after(cursor, NOON)


def test_delta_begins_before_its_cursor():
    assert at(-3_600) == NOON - dt.timedelta(seconds=3_900)
    assert at(300) == NOON


def test_delta_reads_everything_where_its_cursor_cannot_be_right():
    assert at(301) is None
    assert at(365 * 86_400) is None
    assert start_after(Cursor(query_id='q1', selection='', at=EVERYTHING), NOON) is None


def kept(status: JobStatus, known: Cursor | None = None, saved: QueryList = SAVED) -> Any:
    return kept_cursor(make_job(status=status), known, saved, RAN, NOON)


@pytest.mark.parametrize('status', [JobStatus.FAILED, JobStatus.CANCELLED])
def test_job_that_did_not_complete_leaves_its_first_cursor(status: JobStatus):
    wanted = first_cursor(make_job(), RAN, NOON)

    assert kept(status) == wanted
    assert kept(status, Cursor(query_id='q1', selection='of before', at=NOON)) == wanted


def test_existing_cursor_stays():
    assert kept(JobStatus.FAILED, CURSOR) is None


def test_job_that_completed_keeps_no_first_cursor():
    assert kept(JobStatus.UPLOAD_COMPLETE) is None


def test_query_that_was_removed_or_edited_since_gets_no_cursor():
    assert kept(JobStatus.FAILED, saved=QueryList(version=2, queries=())) is None
    edited = make_query(tql='confidence > 90')
    assert kept(JobStatus.FAILED, saved=QueryList(version=2, queries=(edited,))) is None


@pytest.mark.parametrize('scope', [scope for scope in Scope if scope is not Scope.WHOLE])
def test_job_about_chosen_values_leaves_no_cursor(scope: Scope):
    failed = make_job(status=JobStatus.FAILED, scope=scope)
    assert kept_cursor(failed, None, SAVED, RAN, NOON) is None
