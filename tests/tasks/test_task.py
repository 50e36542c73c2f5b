"""A Task with its threads: states, outcomes, pauses, kills, replacement."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sentinel_app.core.job import Mode, Update
from sentinel_app.core.task import TASK_FACTS, TaskCondition, TaskState, TaskView
from sentinel_app.errors import Cancelled, ConflictError, StorageError
from sentinel_app.pipeline.wakeup import Wakeup
from sentinel_app.storage.app_state.store import AppState
from sentinel_app.storage.fence import Fence
from sentinel_app.tasks.task import Task
from sentinel_app.tasks.task_body import TaskBody
from tests.harness.builders.app_state import make_update
from tests.harness.clocks import NOON, StandingClock
from tests.harness.waiting import PATIENCE_S

FACTS = dataclasses.replace(TASK_FACTS[2], timeout_s=100)
PAUSED = TaskState(is_paused=True, paused_at=NOON, paused_by='jdoe')


class Work:
    """Hands out pieces of work; each is done when the test says so, or ends when interrupted."""

    def __init__(self) -> None:
        self.pieces: list[Callable[[Any], bool]] = []
        self.ids: tuple[str, ...] = ()
        self.queued: Update | ConflictError | None = None
        self.runs = 0
        self.begun = threading.Semaphore(0)
        self._lock = threading.Lock()

    def step(self, stop: Any) -> bool:
        with self._lock:
            piece = self.pieces.pop(0) if self.pieces else None
        if piece is None:
            return False
        self.begun.release()
        return piece(stop)

    def run(self) -> Update | None:
        self.runs += 1
        if isinstance(self.queued, ConflictError):
            raise self.queued
        return self.queued

    def body(self, *, repeats: bool) -> TaskBody:
        return TaskBody(
            step=self.step,
            outcome=lambda count: f'did {count}',
            repeats=repeats,
            request_ids=lambda: self.ids,
            run=self.run,
        )


class Stage:
    def __init__(self, **options: Any) -> None:
        self.clock = StandingClock()
        self.wakeup = Wakeup(options.get('threads', 1))
        self.stop = threading.Event()
        self.work = Work()
        self.errors: list[tuple[str, BaseException | None]] = []
        self.task = Task(
            facts=FACTS,
            body=self.work.body(repeats=options.pop('repeats', True)),
            state=options.pop('state', TaskState()),
            stop=self.stop,
            wakeup=self.wakeup,
            clock=self.clock,
            on_error=lambda name, error: self.errors.append((name, error)),
            **options,
        )

    @property
    def view(self) -> TaskView:
        return self.task.view()

    def give(self, *pieces: Callable[[Any], bool]) -> None:
        self.work.pieces += pieces
        self.wakeup.notify_all()

    def began(self, count: int = 1) -> None:
        for _ in range(count):
            assert self.work.begun.acquire(timeout=PATIENCE_S)

    def until(self, is_so: Callable[[], bool]) -> None:
        pause = threading.Event()
        for _ in range(int(PATIENCE_S * 1_000)):
            if is_so():
                return
            pause.wait(0.001)
        raise AssertionError('it did not come to that')


@pytest.fixture
def make() -> Iterator[Callable[..., Stage]]:
    made: list[Stage] = []

    def start(**options: Any) -> Stage:
        stage = Stage(**options)
        made.append(stage)
        stage.task.start()
        return stage

    yield start
    for stage in made:
        stage.stop.set()
        stage.task.interrupt()
        stage.task.trigger()
        assert all(worker.join(PATIENCE_S) for worker in stage.task.workers)


def quick(_stop: Any) -> bool:
    return True


def patient(stop: Any) -> bool:
    if stop.wait(None):
        raise Cancelled('It was interrupted.')
    return True


class Hanging:
    """A piece of work that hears nothing until the test lets it go."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.is_over = threading.Event()

    def __call__(self, _stop: Any) -> bool:
        self.go.wait(PATIENCE_S)
        self.is_over.set()
        return True


def test_new_task_is_idle_and_has_no_outcome(make: Callable[..., Stage]) -> None:
    view = make().view
    assert (view.condition, view.request_ids) == (TaskCondition.IDLE, ())
    assert (view.beat_at, view.beat_age_s, view.ended_at, view.outcome) == (None, None, None, None)


def test_run_ends_when_nothing_is_left_and_reports_its_count(
    make: Callable[..., Stage],
) -> None:
    stage = make()
    stage.give(quick, quick, quick)
    stage.until(lambda: stage.view.outcome is not None)
    assert (stage.view.outcome, stage.view.ended_at) == ('Did 3.', NOON)


def test_task_is_running_while_it_works_on_a_job_and_shows_the_oldest_heartbeat(
    make: Callable[..., Stage],
) -> None:
    stage, hanging = make(threads=2), Hanging()
    stage.give(hanging)
    stage.began()
    stage.work.ids = ('j1',)
    stage.clock.advance(30)
    view = stage.view
    assert (view.condition, view.request_ids) == (TaskCondition.RUNNING, ('j1',))
    assert (view.beat_at, view.beat_age_s) == (NOON, 30)
    hanging.go.set()
    stage.until(lambda: stage.view.beat_age_s == 0)
    stage.work.ids = ()
    assert stage.view.condition is TaskCondition.IDLE


def test_long_step_is_at_work_whatever_the_stores_say(
    make: Callable[..., Stage],
) -> None:
    stage, hanging = make(), Hanging()
    stage.give(hanging)
    stage.began()
    assert stage.view.condition is TaskCondition.IDLE
    stage.clock.advance(2)
    assert stage.view.condition is TaskCondition.RUNNING
    hanging.go.set()


def test_pause_lets_the_step_end_and_starts_nothing_new(make: Callable[..., Stage]) -> None:
    stage, hanging = make(), Hanging()
    stage.give(hanging)
    stage.began()
    stage.task.set_state(PAUSED, 'paused by jdoe')
    stage.work.ids = ('j1',)
    view = stage.view
    assert (view.condition, view.request_ids) == (TaskCondition.FINISHING, ('j1',))
    stage.give(quick)
    hanging.go.set()
    stage.until(lambda: stage.view.condition is TaskCondition.PAUSED)
    assert stage.view.outcome == 'Did 1; paused by jdoe.'
    assert (stage.view.state, stage.view.request_ids) == (PAUSED, ())
    threading.Event().wait(0.05)
    assert stage.work.pieces == [quick]
    stage.task.set_state(TaskState())
    stage.until(lambda: stage.work.pieces == [])
    stage.until(lambda: stage.view.outcome == 'Did 1.')
    assert stage.task.health.kill is None


def test_pause_ends_a_wait_at_once(make: Callable[..., Stage]) -> None:
    stage = make(threads=3)
    stage.give(patient, patient, patient)
    stage.began(3)
    stage.task.set_state(PAUSED, 'paused by jdoe')
    stage.until(lambda: stage.view.condition is TaskCondition.PAUSED)
    assert stage.view.outcome == 'Paused by jdoe.'


def test_pause_of_an_idle_task_is_not_a_run(make: Callable[..., Stage]) -> None:
    stage = make()
    stage.until(lambda: not stage.task._steps)
    stage.task.set_state(PAUSED, 'paused by jdoe')
    assert stage.view.outcome in {None, 'Paused by jdoe.'}


def test_task_that_was_paused_before_begins_paused(make: Callable[..., Stage]) -> None:
    stage = make(state=PAUSED)
    stage.give(quick)
    threading.Event().wait(0.05)
    assert stage.work.pieces == [quick]
    assert stage.view.condition is TaskCondition.PAUSED


def test_kill_ends_the_run_immediately(make: Callable[..., Stage]) -> None:
    stage = make()
    stage.give(quick, patient)
    stage.began(2)
    steps = stage.task.kill('jdoe', ('j1',))
    assert stage.view.outcome == 'Did 1; killed by jdoe.'
    kill = stage.task.health.kill
    assert kill is not None
    assert (kill.by, kill.request_ids) == ('jdoe', ('j1',))
    stage.until(lambda: stage.task.are_over(steps))
    stage.give(quick)
    stage.until(lambda: stage.view.outcome == 'Did 1.')


def test_failure_is_an_outcome_and_the_thread_continues(make: Callable[..., Stage]) -> None:
    def fail(_stop: Any) -> bool:
        raise StorageError('The disk is full. Make room.')

    def break_down(_stop: Any) -> bool:
        raise ZeroDivisionError('of our own')

    stage = make()
    stage.give(fail)
    stage.until(lambda: stage.view.outcome == 'Failed: The disk is full. Make room.')
    stage.give(break_down)
    expected = 'Failed: an unexpected ZeroDivisionError; the log has the details.'
    stage.until(lambda: stage.view.outcome == expected)
    assert [name for name, _ in stage.errors][:1] == ['upload']
    stage.give(quick)
    stage.until(lambda: stage.view.outcome == 'Did 1.')
    assert stage.errors[-1] == ('upload', None)


def test_task_is_overdue_only_where_a_step_hangs_that_was_not_killed(
    make: Callable[..., Stage],
) -> None:
    stage, hanging = make(threads=2), Hanging()
    stage.give(hanging)
    stage.began()
    stage.clock.advance(100)
    assert not stage.task.is_overdue()
    stage.clock.advance(1)
    assert stage.task.is_overdue()
    stage.task.excuse()
    assert not stage.task.is_overdue()
    stage.clock.advance(101)
    stage.task.kill('the watchdog', ())
    assert not stage.task.is_overdue()
    hanging.go.set()


def test_waiting_task_is_never_overdue(
    make: Callable[..., Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr('sentinel_app.tasks.worker.BEAT_S', 0.002)
    stage = make()
    stage.give(patient)
    stage.began()
    for _ in range(5):
        stage.clock.advance(90)
        stage.until(lambda: (stage.view.beat_age_s or 0) < 50)
        assert not stage.task.is_overdue()


def test_hanging_thread_is_abandoned_and_changes_nothing_when_it_wakes(
    make: Callable[..., Stage],
) -> None:
    stage, hanging = make(), Hanging()
    stage.give(hanging)
    stage.began()
    steps = stage.task.kill('jdoe', ('j1',))
    (stuck,) = stage.task.workers
    assert not stage.task.are_over(steps)
    stage.task.replace(steps)
    assert stage.task.are_over(steps)
    assert stage.task.workers != (stuck,)
    stage.give(quick)
    stage.until(lambda: stage.view.outcome == 'Did 1.')
    hanging.go.set()
    assert hanging.is_over.wait(PATIENCE_S)
    assert stuck.join(PATIENCE_S)
    assert stage.view.outcome == 'Did 1.'


def test_error_of_an_abandoned_thread_is_ignored(make: Callable[..., Stage]) -> None:
    hanging = Hanging()

    def fail_late(stop: Any) -> bool:
        hanging(stop)
        raise StorageError('The store is closed.')

    stage = make()
    stage.give(fail_late)
    stage.began()
    (stuck,) = stage.task.workers
    stage.task.replace(stage.task.kill('jdoe', ('j1',)))
    hanging.go.set()
    assert stuck.join(PATIENCE_S)
    assert [error for _, error in stage.errors] == [None]
    assert stage.view.outcome == 'Killed by jdoe.'


def test_step_that_hangs_is_overdue_although_a_pause_has_interrupted_it(
    make: Callable[..., Stage],
) -> None:
    stage, hanging = make(), Hanging()
    stage.give(hanging)
    stage.began()
    stage.task.set_state(PAUSED)
    stage.clock.advance(101)
    assert stage.task.is_overdue()
    stage.task.replace(stage.task.kill('the watchdog', ()))
    assert not stage.task.is_overdue()
    assert stage.view.condition is TaskCondition.PAUSED
    hanging.go.set()


def test_thread_that_is_writing_is_left_behind_only_after_that(
    make: Callable[..., Stage], tmp_path: Path
) -> None:
    fence = Fence()
    app_state = AppState(tmp_path / 'documents.json', now=lambda: NOON, fence=fence)
    hanging, again = Hanging(), Hanging()

    def write(stop: Any) -> bool:
        with app_state.alone():
            hanging(stop)
            app_state.require_full()
        again(stop)
        app_state.require_full()
        raise AssertionError('it stored something after it was killed')

    stage = make(fence=fence)
    stage.give(write)
    stage.began()
    steps = stage.task.kill('the watchdog', ())
    (stuck,) = stage.task.workers
    stage.task.replace(steps)
    assert stage.task.workers == (stuck,)
    hanging.go.set()
    assert hanging.is_over.wait(PATIENCE_S)
    stage.until(lambda: app_state.schedule().full_number == 1)
    stage.until(lambda: not any(step.is_writing for step in steps))
    stage.task.replace(steps)
    assert stage.task.workers != (stuck,)
    again.go.set()
    assert stuck.join(PATIENCE_S)
    assert app_state.schedule().full_number == 1
    assert [error for _, error in stage.errors] == [None]


@pytest.mark.parametrize('repeats', [True, False])
def test_what_does_not_repeat_waits_for_its_period_after_its_thread_was_replaced(
    make: Callable[..., Stage], *, repeats: bool
) -> None:
    stage, hanging = make(repeats=repeats), Hanging()
    stage.give(hanging)
    stage.began()
    stage.work.pieces = [quick]
    stage.task.replace(stage.task.kill('the watchdog', ()))
    if repeats:
        stage.until(lambda: stage.work.pieces == [])
    else:
        threading.Event().wait(0.05)
        assert stage.work.pieces == [quick]
    hanging.go.set()


def test_threads_are_not_replaced_when_the_run_is_over(make: Callable[..., Stage]) -> None:
    stage = make()
    workers = stage.task.workers
    stage.task.replace(frozenset())
    assert stage.task.workers == workers


def test_threads_are_not_started_after_the_end_of_the_process(make: Callable[..., Stage]) -> None:
    stage, hanging = make(), Hanging()
    stage.give(hanging)
    stage.began()
    steps = stage.task.kill('jdoe', ('j1',))
    stage.stop.set()
    stage.task.replace(steps)
    assert all(worker.join(0) for worker in stage.task.workers)
    hanging.go.set()


def test_step_that_begins_as_the_process_ends_is_interrupted_from_the_start() -> None:
    stage = Stage()
    stage.stop.set()
    seen = []
    stage.give(lambda stop: seen.append(stop.is_set()) or True)
    assert stage.task._step(0)
    assert seen == [True]


def test_while_still_keeps_steps_out(make: Callable[..., Stage]) -> None:
    stage, hanging = make(), Hanging()
    done = []
    stage.until(lambda: stage.task.while_still(lambda: done.append(1)))
    assert done == [1]
    stage.give(hanging)
    stage.began()
    assert not stage.task.while_still(lambda: done.append(2))
    assert done == [1]
    hanging.go.set()


def test_run_now_triggers_the_task_and_says_what_it_queued(make: Callable[..., Stage]) -> None:
    stage = make()
    stage.work.pieces = [quick]
    assert stage.task.run_now() is None
    stage.until(lambda: stage.view.outcome == 'Did 1.')
    stage.work.queued = make_update(mode=Mode.FULL)
    assert stage.task.run_now() is stage.work.queued
    stage.until(lambda: stage.view.outcome == 'Queued a full update.')
    stage.work.queued = ConflictError('Not now.')
    with pytest.raises(ConflictError):
        stage.task.run_now()
    assert stage.work.runs == 3


def test_it_is_due_at_first_and_a_period_after_each_trigger_but_not_while_it_is_paused() -> None:
    stage = Stage()

    def is_due() -> bool:
        return stage.task.is_due(stage.clock.monotonic())

    assert is_due()
    stage.task.trigger()
    stage.clock.advance(FACTS.period_s - 0.1)
    assert not is_due()
    stage.clock.advance(0.1)
    assert is_due()
    stage.task.set_state(PAUSED)
    assert not is_due()


def test_what_does_not_repeat_takes_one_step_a_trigger_and_waits_for_its_period_after_a_pause(
    make: Callable[..., Stage],
) -> None:
    stage = make(repeats=False)
    stage.give(quick, quick, quick)
    stage.until(lambda: stage.view.outcome == 'Did 1.')
    assert len(stage.work.pieces) == 2
    stage.task.set_state(PAUSED)
    stage.task.set_state(TaskState())
    threading.Event().wait(0.05)
    assert len(stage.work.pieces) == 2
    stage.task.trigger()
    stage.until(lambda: len(stage.work.pieces) == 1)


def test_names_of_threads_include_their_index(make: Callable[..., Stage]) -> None:
    def names(stage: Stage) -> list[str]:
        return [worker._name for worker in stage.task.workers]

    assert names(make()) == ['upload']
    assert names(make(threads=2)) == ['upload-0', 'upload-1']
