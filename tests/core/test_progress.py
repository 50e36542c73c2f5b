from __future__ import annotations

import pytest

from sentinel_app.core.outbox import Batch
from sentinel_app.core.progress import Reading, jobs_being_converted, jobs_being_read
from tests.harness.builders.update import make_outbox_object, make_progress


def test_batch_names_each_of_its_jobs_once_in_order():
    objects = [
        make_outbox_object(id=place, request_id=job)
        for place, job in enumerate(['j2', 'j1', 'j2', 'j3', 'j1'])
    ]

    assert Batch(objects=tuple(objects)).request_ids == ('j2', 'j1', 'j3')


@pytest.mark.parametrize(
    ('facts', 'expected'),
    [
        ({'reading': Reading.COMPLETE}, True),
        ({'reading': Reading.FAILED}, True),
        ({'reading': Reading.WAITING}, False),
        ({'reading': Reading.READING}, False),
        ({'reading': Reading.COMPLETE, 'pages_waiting': 1}, False),
        ({'reading': Reading.FAILED, 'open': 1}, False),
        ({'reading': Reading.COMPLETE, 'is_closed': False}, False),
        ({'reading': Reading.FAILED, 'is_closed': False, 'is_stopped': True}, True),
    ],
)
def test_job_is_settled_when_all_that_was_read_has_its_outcome(
    facts: dict[str, object], expected: bool
):
    assert make_progress(**facts).is_settled is expected


@pytest.mark.parametrize(
    ('facts', 'expected'),
    [
        ({'reading': Reading.COMPLETE, 'open': 1, 'is_closed': False}, True),
        ({'reading': Reading.FAILED}, True),
        ({'reading': Reading.READING}, False),
        ({'reading': Reading.COMPLETE, 'pages_waiting': 1}, False),
    ],
)
def test_job_is_converted_when_no_page_is_left_or_will_come(
    facts: dict[str, object], expected: bool
):
    assert make_progress(**facts).is_converted is expected


def test_job_that_is_being_read_or_converted_is_the_highest_one_with_something_to_do():
    complete = make_progress(request_id='a', reading=Reading.COMPLETE, pages_waiting=0)
    reading = make_progress(request_id='b', reading=Reading.READING, pages_waiting=2)
    waiting = make_progress(request_id='c', reading=Reading.WAITING)
    failed = make_progress(request_id='d', reading=Reading.FAILED, pages_waiting=1)
    assert jobs_being_read([complete, reading, waiting]) == ('b',)
    assert jobs_being_read([complete, waiting]) == ('c',)
    # The end of its reading has yet to be dealt with.
    read = make_progress(
        request_id='e', reading=Reading.READING, pages_waiting=1, is_downloaded=True
    )
    assert jobs_being_read([read, waiting]) == ('c',)
    assert jobs_being_read([complete, failed]) == ()
    assert jobs_being_converted([complete, reading, failed]) == ('b',)
    assert jobs_being_converted([complete, waiting, failed]) == ('d',)
    assert jobs_being_converted([complete]) == ()
