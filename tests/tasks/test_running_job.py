"""What the running update is doing, ahead of what is stored of it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from sentinel_app.core.job import Counts
from sentinel_app.tasks.running_job import RunningJobs

STORED = {'j1': Counts(limit_wait_s=1), 'j2': Counts(limit_wait_s=2), 'j3': Counts()}


def make_jobs(waited_s: float, *waiting: int) -> RunningJobs:
    progress = [
        SimpleNamespace(request_id=request_id, waiting=objects)
        for request_id, objects in zip(STORED, waiting, strict=True)
    ]
    return RunningJobs(
        follower=cast(Any, SimpleNamespace(running=SimpleNamespace(id='u1'))),
        app_state=cast(Any, None),
        store=cast(Any, SimpleNamespace(counts=STORED.get, progress=lambda _: progress)),
        limiter=cast(Any, SimpleNamespace(waited_s=lambda: waited_s)),
        troubles=cast(Any, None),
        estimates=cast(Any, None),
    )


def waits(jobs: RunningJobs) -> list[float]:
    found = [jobs.counts(request_id) for request_id in STORED]
    return [each.limit_wait_s for each in found if each is not None]


def test_current_wait_is_counted_for_the_job_that_sends_next() -> None:
    assert waits(make_jobs(30, 0, 5, 5)) == [1, 32, 0]


def test_wait_is_not_added_while_no_request_waits_or_nothing_is_to_be_sent() -> None:
    assert waits(make_jobs(0, 5, 5, 5)) == [1, 2, 0]
    assert waits(make_jobs(30, 0, 0, 0)) == [1, 2, 0]


def test_job_that_is_not_of_the_running_update_has_no_counts() -> None:
    assert make_jobs(30, 0, 5, 5).counts('j9') is None
