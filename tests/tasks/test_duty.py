"""What the Tasks do, and when."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from sentinel_app.core.job import Mode, Update
from sentinel_app.core.progress import Reading
from sentinel_app.errors import Cancelled
from sentinel_app.tasks.duty import Periodic, ScheduleDuty, StageDuty, converting, downloading
from tests.harness.builders.app_state import make_update
from tests.harness.builders.update import make_progress
from tests.harness.clocks import StandingClock


class FakeUpdates:
    def __init__(self) -> None:
        self.running: Any = None
        self.due: list[Mode] = []
        self.looks = 0

    def queue_due(self) -> Update | None:
        self.looks += 1
        return make_update(mode=self.due.pop()) if self.due else None

    def queue_now(self) -> Update:
        return make_update(mode=Mode.RECONCILE)


@pytest.fixture
def updates() -> FakeUpdates:
    return FakeUpdates()


def stage(updates: FakeUpdates, seen: list[Any]) -> StageDuty:
    def step(update: Any, stop: Any) -> bool:
        seen.append((update.id, stop))
        return True

    return StageDuty(
        follower=updates,  # type: ignore[arg-type]
        step=step,
        working_on=lambda update_id: (f'job-of-{update_id}',),
        words='sent {count} batch{es} of {count} page{s}',
    )


def test_a_stage_works_on_the_update_that_runs(updates: FakeUpdates) -> None:
    seen: list[Any] = []
    duty, stop = stage(updates, seen), threading.Event()
    assert not duty.step(stop)
    assert duty.request_ids() == ()
    updates.running = make_update('u7')
    assert duty.step(stop)
    assert seen == [('u7', stop)]
    assert duty.request_ids() == ('job-of-u7',)
    assert duty.ask() is None


def test_a_stage_counts_in_words(updates: FakeUpdates) -> None:
    duty = stage(updates, [])
    assert duty.outcome(1) == 'sent 1 batch of 1 page'
    assert duty.outcome(2_000) == 'sent 2,000 batches of 2,000 pages'


def test_the_schedule_is_looked_at_in_its_period_and_at_once_when_asked(
    updates: FakeUpdates,
) -> None:
    clock, stop = StandingClock(), threading.Event()
    duty = ScheduleDuty(queue=updates, clock=clock, period_s=10)  # type: ignore[arg-type]
    for _ in range(3):
        assert not duty.step(stop)
    assert updates.looks == 1
    clock.advance(9.9)
    assert not duty.step(stop)
    assert updates.looks == 1
    clock.advance(0.1)
    updates.due = [Mode.DELTA]
    assert duty.step(stop)
    assert duty.outcome(1) == 'queued a delta update'
    assert not duty.step(stop)
    duty.look()
    assert not duty.step(stop)
    assert updates.looks == 3
    assert duty.request_ids() == ()
    # What the last look found stays the outcome.
    assert duty.outcome(1) == 'queued a delta update'


def test_running_the_schedule_queues_the_next_update(updates: FakeUpdates) -> None:
    duty = ScheduleDuty(queue=updates, clock=StandingClock(), period_s=10)  # type: ignore[arg-type]
    assert duty.ask() == 'queued a reconcile update'


def test_an_interrupted_look_queues_nothing(updates: FakeUpdates) -> None:
    stop = threading.Event()
    stop.set()
    updates.due = [Mode.DELTA]
    duty = ScheduleDuty(queue=updates, clock=StandingClock(), period_s=10)  # type: ignore[arg-type]
    with pytest.raises(Cancelled):
        duty.step(stop)
    assert updates.looks == 0


def test_a_period_alone_cannot_be_made() -> None:
    with pytest.raises(TypeError, match='_perform'):
        Periodic(clock=StandingClock(), period_s=1)  # type: ignore[abstract]


def test_which_job_is_being_read_and_converted() -> None:
    complete = make_progress(request_id='a', reading=Reading.COMPLETE, pages_waiting=0)
    reading = make_progress(request_id='b', reading=Reading.READING, pages_waiting=2)
    waiting = make_progress(request_id='c', reading=Reading.WAITING)
    failed = make_progress(request_id='d', reading=Reading.FAILED, pages_waiting=1)
    assert downloading([complete, reading, waiting]) == ('b',)
    assert downloading([complete, waiting]) == ('c',)
    # The end of its reading has yet to be dealt with.
    read = make_progress(
        request_id='e', reading=Reading.READING, pages_waiting=1, is_downloaded=True
    )
    assert downloading([read, waiting]) == ('c',)
    assert downloading([complete, failed]) == ()
    assert converting([complete, reading, failed]) == ('b',)
    assert converting([complete, waiting, failed]) == ('d',)
    assert converting([complete]) == ()
