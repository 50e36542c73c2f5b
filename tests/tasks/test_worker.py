from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from sentinel_app.errors import Cancelled, StorageError
from sentinel_app.pipeline.wakeup import Wakeup
from sentinel_app.tasks import worker as worker_module
from sentinel_app.tasks.worker import FIRST_REST_S, LONGEST_REST_S, StepStop, Worker
from tests.harness.clocks import NOON, StandingClock
from tests.harness.waiting import PATIENCE_S


class RestingClock(StandingClock):
    """Records each rest, and does not really take it."""

    def __init__(self) -> None:
        super().__init__()
        self.rests: list[float] = []

    def wait(self, stop: threading.Event, seconds: float) -> bool:
        self.rests.append(seconds)
        return super().wait(stop, seconds)


class Stage:
    """A worker with what it needs; each call of its step takes the next of `steps`."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.wakeup = Wakeup()
        self.clock = RestingClock()
        self.errors: list[BaseException | None] = []
        self.calls = 0
        self.is_idle = threading.Event()
        self.workers: list[Worker] = []

    def work(
        self, steps: list[bool | Exception | Callable[[], bool]], *, repeats: bool = True
    ) -> Worker:
        rest = iter(steps)

        def step() -> bool:
            self.calls += 1
            found = next(rest, None)
            if found is None:
                self.is_idle.set()
                return False
            if isinstance(found, Exception):
                raise found
            return found if isinstance(found, bool) else found()

        worker = Worker(
            name='download',
            step=step,
            stop=self.stop,
            wakeup=self.wakeup,
            clock=self.clock,
            on_error=self.errors.append,
            repeats=repeats,
        )
        self.workers.append(worker)
        worker.start()
        self.wakeup.notify()
        return worker

    def end(self) -> None:
        self.stop.set()
        self.wakeup.notify()
        for worker in self.workers:
            assert worker.join(PATIENCE_S)


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage()
    yield made
    made.end()


def test_step_is_repeated_while_there_is_work_and_then_waits(stage: Stage):
    worker = stage.work([True, True, True])

    assert stage.is_idle.wait(PATIENCE_S)
    assert stage.calls == 4
    assert not worker.join(0.05)
    assert stage.calls == 4
    assert stage.errors == []


def test_notification_wakes_a_waiting_worker_at_once(stage: Stage):
    stage.work([])
    assert stage.is_idle.wait(PATIENCE_S)
    stage.is_idle.clear()
    stage.wakeup.notify()

    assert stage.is_idle.wait(PATIENCE_S)
    assert stage.calls == 2


def test_notification_during_the_step_is_not_missed(stage: Stage):
    def notify_and_find_nothing() -> bool:
        stage.wakeup.notify()
        return False

    stage.work([notify_and_find_nothing])

    assert stage.is_idle.wait(PATIENCE_S)


def test_worker_that_does_not_repeat_takes_one_step_for_each_notification(stage: Stage):
    worker = stage.work([True, True, ValueError('x')], repeats=False)
    for calls in (1, 2, 3):
        while stage.calls < calls:
            assert not stage.stop.wait(0.001)
        assert not worker.join(0.05)
        assert stage.calls == calls
        stage.wakeup.notify()

    assert stage.is_idle.wait(PATIENCE_S)
    assert [error is None for error in stage.errors] == [False, True]


def test_worker_that_was_not_notified_takes_no_step(stage: Stage):
    worker = Worker(
        name='download',
        step=lambda: bool(stage.is_idle.set()),
        stop=stage.stop,
        wakeup=stage.wakeup,
        clock=stage.clock,
        on_error=stage.errors.append,
    )
    stage.workers.append(worker)
    worker.start()

    assert not stage.is_idle.wait(0.05)


def test_step_that_raises_is_reported_rested_after_and_tried_again(stage: Stage):
    known, unknown = StorageError('The disk is full.'), KeyError('x')
    stage.work([known, unknown, True])

    assert stage.is_idle.wait(PATIENCE_S)
    assert stage.errors == [known, unknown, None]
    assert stage.clock.rests == [FIRST_REST_S, 2 * FIRST_REST_S]


def test_pauses_double_up_to_a_bound_and_restart_after_a_success(stage: Stage):
    faults: list[bool | Exception | Callable[[], bool]] = [ValueError('x')] * 7
    stage.work([*faults, True, ValueError('x')])

    assert stage.is_idle.wait(PATIENCE_S)
    assert stage.clock.rests == [1.0, 2.0, 4.0, 8.0, 16.0, LONGEST_REST_S, LONGEST_REST_S, 1.0]
    assert [error is None for error in stage.errors] == [False] * 7 + [True, False, True]


def test_step_that_finds_nothing_counts_as_a_success(stage: Stage):
    stage.work([ValueError('x'), False])

    while not stage.errors or stage.errors[-1] is not None:
        assert not stage.is_idle.wait(0.01)


def test_cancelled_step_is_no_fault(stage: Stage):
    stage.work([Cancelled('Reading was interrupted.')])
    while stage.calls == 0:
        stage.stop.wait(0.001)
    stage.wakeup.notify()

    assert stage.is_idle.wait(PATIENCE_S)
    assert stage.errors == []
    assert stage.clock.rests == []


def test_stop_ends_the_thread_after_the_step_under_way(stage: Stage):
    is_inside, may_go = threading.Event(), threading.Event()

    def slow() -> bool:
        is_inside.set()
        return may_go.wait(PATIENCE_S)

    worker = stage.work([slow, True])
    assert is_inside.wait(PATIENCE_S)
    stage.stop.set()
    stage.wakeup.notify()
    assert not worker.join(0.05)
    may_go.set()

    assert worker.join(PATIENCE_S)
    assert stage.calls == 1


def test_stop_ends_a_pause(stage: Stage):
    def fail() -> bool:
        stage.stop.set()
        raise ValueError('x')

    assert stage.work([fail]).join(PATIENCE_S)
    assert stage.calls == 1


def test_worker_that_was_never_started_has_ended():
    stage = Stage()
    worker = Worker(
        name='download',
        step=lambda: False,
        stop=stage.stop,
        wakeup=stage.wakeup,
        clock=stage.clock,
        on_error=stage.errors.append,
    )

    assert worker.join(0)


def test_retired_worker_ends_and_its_errors_are_forgotten(stage: Stage):
    is_inside, may_go = threading.Event(), threading.Event()

    def fail_late() -> bool:
        is_inside.set()
        may_go.wait(PATIENCE_S)
        raise ValueError('the session is closed')

    worker = stage.work([ValueError('x'), fail_late])
    assert is_inside.wait(PATIENCE_S)
    worker.retire()
    may_go.set()

    assert worker.join(PATIENCE_S)
    assert [error is None for error in stage.errors] == [False, True]
    assert stage.calls == 2


class TickingClock(StandingClock):
    """Moves on by a second with every reading of the monotonic time."""

    def monotonic(self) -> float:
        self.passed_s += 1.0
        return self.passed_s


def test_each_check_of_a_stop_is_a_heartbeat() -> None:
    clock = StandingClock()
    stop = StepStop(clock)
    clock.advance(60)
    assert stop.age_s(clock.monotonic()) == 60
    assert stop.age_s(clock.monotonic()) == 60
    assert not stop.is_set()
    assert stop.age_s(clock.monotonic()) == 0
    assert (stop.beat_at - NOON).total_seconds() == 60
    assert stop.runtime_s(clock.monotonic()) == 60


def test_killed_step_begins_no_write_and_ends_the_one_that_it_is_in() -> None:
    stop = StepStop(StandingClock())
    with stop.writing():
        assert stop.is_writing
        stop.kill()
        with stop.writing():
            assert stop.is_writing
        assert stop.is_writing
    assert not stop.is_writing
    assert stop.is_killed
    assert stop.is_set()
    with pytest.raises(Cancelled), stop.writing():
        raise AssertionError('it writes')


def test_interrupted_step_may_still_write() -> None:
    stop = StepStop(StandingClock())
    stop.interrupt()
    with stop.writing():
        assert stop.is_writing
    assert not stop.is_killed


def test_long_wait_is_many_heartbeats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, 'BEAT_S', 0.001)
    clock = TickingClock()
    stop = StepStop(clock)
    before = clock.passed_s
    assert not stop.wait(0.01)
    assert clock.passed_s - before >= 10


def test_waiting_takes_no_longer_than_requested() -> None:
    stop = StepStop(StandingClock())
    assert not stop.wait(0)
    assert not stop.wait(-1)
    assert not stop.wait(0.01)


@pytest.mark.parametrize('timeout', [60.0, None])
def test_interruption_ends_a_wait_for_the_stop(timeout: float | None) -> None:
    stop = StepStop(StandingClock())
    ended = threading.Event()

    def wait() -> None:
        assert stop.wait(timeout)
        ended.set()

    thread = threading.Thread(target=wait)
    thread.start()
    assert not ended.wait(0.02)
    stop.interrupt()
    assert ended.wait(PATIENCE_S)
    thread.join()
    assert stop.is_set()
    assert stop.wait(60)
