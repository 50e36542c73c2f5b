from __future__ import annotations

import pytest

from sentinel_app.core.job import JobStatus, Outcome, is_allowed

COURSE = [
    JobStatus.PENDING,
    JobStatus.DOWNLOAD_IN_PROGRESS,
    JobStatus.DOWNLOAD_COMPLETE,
    JobStatus.CONVERT_IN_PROGRESS,
    JobStatus.CONVERT_COMPLETE,
    JobStatus.UPLOAD_IN_PROGRESS,
    JobStatus.UPLOAD_COMPLETE,
]
FINAL = {JobStatus.UPLOAD_COMPLETE, JobStatus.FAILED, JobStatus.CANCELLED}


@pytest.mark.parametrize('old', COURSE)
@pytest.mark.parametrize('new', COURSE)
def test_job_goes_only_forwards_and_may_pass_several_steps(old: JobStatus, new: JobStatus):
    assert is_allowed(old, new) == (COURSE.index(new) >= COURSE.index(old))


@pytest.mark.parametrize('status', COURSE[:-1])
def test_job_may_fail_from_every_step_but_the_last(status: JobStatus):
    assert is_allowed(status, JobStatus.FAILED)


@pytest.mark.parametrize('status', JobStatus)
def test_only_a_pending_job_may_be_cancelled(status: JobStatus):
    expected = status in {JobStatus.PENDING, JobStatus.CANCELLED}

    assert is_allowed(status, JobStatus.CANCELLED) == expected


@pytest.mark.parametrize('old', sorted(FINAL))
@pytest.mark.parametrize('new', JobStatus)
def test_final_job_stays_as_it_is(old: JobStatus, new: JobStatus):
    assert is_allowed(old, new) == (new is old)


def test_final_statuses_are_exactly_three():
    assert {status for status in JobStatus if status.is_final} == FINAL


def test_outcomes_are_those_that_a_job_shows():
    assert [str(outcome) for outcome in Outcome] == [
        'sent',
        'unchanged',
        'duplicate',
        'withheld',
        'expired',
        'unsupported',
        'invalid',
        'refused',
        'withdrawn',
        'failed',
    ]
