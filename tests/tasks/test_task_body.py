"""What the Tasks do: the stages of the running update, and the schedule."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from sentinel_app.core.job import Mode, Update
from sentinel_app.errors import Cancelled
from sentinel_app.tasks.task_body import TaskBody, schedule_body, stage_body
from tests.harness.builders.app_state import make_update


class FakeUpdates:
    def __init__(self) -> None:
        self.running: Any = None
        self.due: list[Mode] = []
        self.checks = 0

    def queue_due(self) -> Update | None:
        self.checks += 1
        return make_update(mode=self.due.pop()) if self.due else None

    def queue_now(self) -> Update:
        return make_update(mode=Mode.RECONCILE)


@pytest.fixture
def updates() -> Any:
    return FakeUpdates()


def make_stage(updates: Any, seen: list[Any]) -> TaskBody:
    def step(update: Any, stop: Any) -> bool:
        seen.append((update.id, stop))
        return True

    return stage_body(
        updates,
        step,
        working_on=lambda update_id: (f'job-of-{update_id}',),
        words='sent {count} batch{es} of {count} page{s}',
    )


def test_stage_works_on_the_running_update(updates: Any) -> None:
    seen: list[Any] = []
    body, stop = make_stage(updates, seen), threading.Event()
    assert body.repeats
    assert not body.step(stop)
    assert body.request_ids() == ()
    updates.running = make_update('u7')
    assert body.step(stop)
    assert seen == [('u7', stop)]
    assert body.request_ids() == ('job-of-u7',)
    assert body.run() is None


def test_stage_describes_its_counts_in_words(updates: Any) -> None:
    body = make_stage(updates, [])
    assert body.outcome(1) == 'sent 1 batch of 1 page'
    assert body.outcome(2_000) == 'sent 2,000 batches of 2,000 pages'


def test_check_of_the_schedule_queues_what_is_due(updates: Any) -> None:
    body, stop = schedule_body(updates), threading.Event()
    assert not body.repeats
    assert not body.step(stop)
    updates.due = [Mode.DELTA]
    assert body.step(stop)
    assert body.outcome(1) == 'queued a delta update'
    assert not body.step(stop)
    assert updates.checks == 3
    assert body.request_ids() == ()
    # What the last check that queued something found stays the outcome.
    assert body.outcome(1) == 'queued a delta update'


def test_run_of_the_schedule_queues_the_next_update(updates: Any) -> None:
    update = schedule_body(updates).run()
    assert update is not None
    assert update.mode is Mode.RECONCILE


def test_interrupted_check_queues_nothing(updates: Any) -> None:
    stop = threading.Event()
    stop.set()
    updates.due = [Mode.DELTA]
    with pytest.raises(Cancelled):
        schedule_body(updates).step(stop)
    assert updates.checks == 0
