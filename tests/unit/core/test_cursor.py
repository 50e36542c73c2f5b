from __future__ import annotations

import pytest

from sentinel_app.core.cursor import EVERYTHING, first_cursor, kept_cursor
from sentinel_app.core.models import Cursor, Job, Query, QueryList, Schedule
from sentinel_app.core.status import JobStatus, Mode
from tests.stored import make_job, make_query, minutes

SCHEDULE = Schedule(last_run_at=minutes(7))
SAVED = QueryList(version=1, queries=(make_query('q0'), make_query()))
FIRST = Cursor(query_id='q1', selection=make_query().selection, at=minutes(7))


def test_a_new_query_begins_its_first_delta_at_the_last_run_of_the_service():
    assert first_cursor(make_job(mode=Mode.DELTA), SCHEDULE) == FIRST


@pytest.mark.parametrize('mode', [Mode.FULL, Mode.RECONCILE])
def test_an_update_that_reads_everything_begins_at_the_beginning(mode: Mode):
    assert first_cursor(make_job(mode=mode), SCHEDULE).at == EVERYTHING


def test_where_the_service_never_ran_a_delta_begins_at_the_beginning():
    assert first_cursor(make_job(mode=Mode.DELTA), Schedule()).at == EVERYTHING


def lost(status: JobStatus = JobStatus.FAILED) -> Job:
    return make_job(status=status)


@pytest.mark.parametrize('status', JobStatus)
def test_a_first_job_that_was_lost_leaves_the_cursor_that_it_would_have_had(status: JobStatus):
    is_lost = status in {JobStatus.FAILED, JobStatus.CANCELLED}

    assert kept_cursor(lost(status), None, SAVED, SCHEDULE) == (FIRST if is_lost else None)


def test_a_cursor_that_is_there_stays():
    known = Cursor(query_id='q1', selection=make_query().selection, at=minutes(1))

    assert kept_cursor(lost(), known, SAVED, SCHEDULE) is None


def test_the_cursor_of_another_selection_counts_as_none():
    known = Cursor(query_id='q1', selection='another', at=minutes(1))

    assert kept_cursor(lost(), known, SAVED, SCHEDULE) == FIRST


@pytest.mark.parametrize('queries', [(), (make_query('q0'),), (make_query(tql='rating > 4'),)])
def test_a_query_that_was_removed_or_edited_meanwhile_keeps_none(queries: tuple[Query, ...]):
    assert kept_cursor(lost(), None, QueryList(version=2, queries=queries), SCHEDULE) is None
