import dataclasses

from sentinel_app.core.job import Counts, Job, JobStatus, Mode, Outcome
from sentinel_app.core.update_summary import UpdateState, UpdateSummary, summarized
from sentinel_app.core.window import Window
from tests.harness.builders.app_state import make_job, make_update, minutes

DONE = JobStatus.UPLOAD_COMPLETE


def done(request_id: str, position: int = 0, **fields: object) -> Job:
    defaults = {'status': DONE, 'completed_at': minutes(5 + position), 'position': position}
    return make_job(request_id, **(defaults | fields))


def summary(*jobs: Job, **fields: object) -> UpdateSummary:
    update = make_update(request_ids=tuple(job.request_id for job in jobs), **fields)
    return summarized(update, jobs, jobs, lambda job: job.counts)


def counted(read: int, **outcomes: int) -> Counts:
    return Counts(read=read, outcomes={Outcome(name): count for name, count in outcomes.items()})


def test_counts_are_the_sums_over_all_jobs() -> None:
    first = done('a', counts=dataclasses.replace(counted(3, sent=2, invalid=1), expected=3))
    second = done('b', 1, counts=dataclasses.replace(counted(4, sent=4), held_back=7))
    found = summary(first, second)
    assert found.counts.read == 7
    assert found.counts.outcomes == {Outcome.SENT: 6, Outcome.INVALID: 1}
    assert (found.counts.expected, found.counts.held_back) == (3, 7)
    assert (found.job_count, found.ended_at, found.only_job) == (2, minutes(6), None)


def test_state_is_that_of_its_jobs() -> None:
    pending, running = make_job('p'), make_job('r', status=JobStatus.CONVERT_IN_PROGRESS)
    failed = make_job('f', status=JobStatus.FAILED, failed_at=minutes(9))
    cancelled = make_job('c', status=JobStatus.CANCELLED)
    assert summary(pending, cancelled).state is UpdateState.PENDING
    assert summary(pending, started_at=minutes(1)).state is UpdateState.IN_PROGRESS
    assert summary(failed, running).state is UpdateState.IN_PROGRESS
    assert summary(done('d'), failed, cancelled).state is UpdateState.FAILED
    assert summary(done('d'), cancelled).state is UpdateState.COMPLETE
    assert summary(cancelled).state is UpdateState.CANCELLED
    assert summary(done('d'), failed).first_failed is failed
    assert summary(done('d'), running).ended_at is None


def test_time_covered_is_that_of_all_windows() -> None:
    early = done('a', window=Window(start_at=minutes(1), end_at=minutes(60)))
    late = done('b', 1, window=Window(start_at=minutes(30), end_at=minutes(61)))
    found = summary(early, late)
    assert (found.filter_start_at, found.filter_end_at) == (minutes(1), minutes(61))
    whole = done('c', 2, window=Window(start_at=None, end_at=minutes(59)), mode=Mode.FULL)
    assert summary(early, whole).filter_start_at is None
    assert summary(make_job('p')).filter_end_at is None


def test_duplicates_are_traced_where_only_one_query_can_have_sent_them() -> None:
    first, second = done('a'), done('b', 1, counts=counted(2, duplicate=2))
    assert summary(first, second).duplicates_from is first
    assert summary(first, done('c', 1), done('d', 2, counts=second.counts)).duplicates_from is None
    assert summary(done('a', counts=second.counts), second).duplicates_from is None
    assert summary(done('a', counts=second.counts)).duplicates_from is None
    assert summary(first).duplicates_from is None
