"""How many Indicators a query returned when it was last read as a whole."""

from __future__ import annotations

from typing import Any

import pytest

from sentinel_app.core.count import LastCount, last_counts
from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.job import Counts, Job, JobStatus, Mode
from sentinel_app.core.query import SortDirection
from tests.harness.builders.app_state import make_job, make_query, minutes

QUERY = make_query()


def complete(read: int, at: float, **fields: Any) -> Job:
    defaults: dict[str, Any] = {
        'mode': Mode.FULL,
        'status': JobStatus.UPLOAD_COMPLETE,
        'completed_at': minutes(at),
        'counts': Counts(read=read),
    }
    return make_job(f'j{at}', **(defaults | fields))


@pytest.mark.parametrize('mode', [Mode.FULL, Mode.RECONCILE])
def test_job_that_read_everything_yields_the_count(mode: Mode) -> None:
    assert last_counts([QUERY], [complete(7, 1, mode=mode)]) == {
        'q1': LastCount(read=7, at=minutes(1))
    }


def test_query_that_returned_nothing_has_a_count_of_zero() -> None:
    assert last_counts([QUERY], [complete(0, 1)])['q1'].read == 0


@pytest.mark.parametrize(
    'job',
    [
        complete(7, 1, mode=Mode.DELTA),
        complete(7, 1, status=JobStatus.FAILED, completed_at=None, failed_at=minutes(1)),
        complete(7, 1, status=JobStatus.CANCELLED, completed_at=None),
        complete(7, 1, status=JobStatus.UPLOAD_IN_PROGRESS, completed_at=None),
        complete(7, 1, query=make_query('q2')),
    ],
    ids=['delta', 'failed', 'cancelled', 'in progress', 'of another query'],
)
def test_job_that_read_only_a_part_yields_no_count(job: Job) -> None:
    assert last_counts([QUERY], [job]) == {}


def test_latest_job_counts_in_whatever_order_they_come() -> None:
    jobs = [complete(1, 1), complete(3, 3), complete(2, 2)]
    assert last_counts([QUERY], jobs) == last_counts([QUERY], jobs[::-1])
    assert last_counts([QUERY], jobs)['q1'].read == 3


@pytest.mark.parametrize(
    'edit',
    [
        {'tql': 'rating > 4'},
        {'owners': ('Example Org', 'Other')},
        {'indicator_types': (IndicatorType.ADDRESS,)},
    ],
    ids=['TQL', 'owners', 'types'],
)
def test_edited_query_has_no_count_until_it_is_read_again(edit: dict[str, Any]) -> None:
    edited = make_query(**edit)
    jobs = [complete(9, 1)]
    assert last_counts([edited], jobs) == {}
    jobs.append(complete(4, 0.5, query=edited))
    assert last_counts([edited], jobs)['q1'].read == 4


def test_change_of_the_sort_order_keeps_the_count() -> None:
    query = make_query(sort_field='rating', sort_direction=SortDirection.DESCENDING)
    assert last_counts([query], [complete(9, 1)])['q1'].read == 9
