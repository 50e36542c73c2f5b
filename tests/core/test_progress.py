from __future__ import annotations

import pytest

from sentinel_app.core.outbox import Batch
from sentinel_app.core.progress import Reading
from tests.harness.builders.update import make_outbox_object, make_progress


def test_a_batch_names_each_of_its_jobs_once_in_order():
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
def test_a_job_is_settled_when_all_that_was_read_has_its_outcome(
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
def test_a_job_is_converted_when_no_page_is_left_or_will_come(
    facts: dict[str, object], expected: bool
):
    assert make_progress(**facts).is_converted is expected
