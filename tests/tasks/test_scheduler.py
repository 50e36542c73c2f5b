from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterator

import pytest

from sentinel_app.errors import StorageError
from sentinel_app.pipeline.wakeup import Wakeup
from sentinel_app.tasks import scheduler as scheduler_module
from sentinel_app.tasks.scheduler import Scheduler
from tests.harness.waiting import PATIENCE_S


class Ticks:
    """A scheduler, and what its ticks were called and met."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.wakeup = Wakeup()
        self.errors: list[BaseException | None] = []
        self.called: list[str] = []
        self.has_ticked = threading.Semaphore(0)
        self.failing: set[str] = set()
        self.scheduler = self.made('first', 'second')

    def made(self, *names: str) -> Scheduler:
        return Scheduler(
            ticks={name: self.tick(name, is_last=name == names[-1]) for name in names},
            stop=self.stop,
            wakeup=self.wakeup,
            on_error=self.errors.append,
        )

    def tick(self, name: str, *, is_last: bool) -> Callable[[], None]:
        def tick() -> None:
            self.called.append(name)
            try:
                if name in self.failing:
                    raise ValueError(name)
            finally:
                if is_last:
                    self.has_ticked.release()

        return tick

    def wait(self) -> None:
        assert self.has_ticked.acquire(timeout=PATIENCE_S)

    def end(self) -> None:
        self.stop.set()
        self.wakeup.notify()
        assert self.scheduler.join(PATIENCE_S)


@pytest.fixture
def ticks(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ticks]:
    # A second is long: where a test needs the time and not the notification, it sets its own.
    monkeypatch.setattr(scheduler_module, 'TICK_S', 1)
    made = Ticks()
    yield made
    made.end()


def test_ticks_are_all_called_at_once_in_order(ticks: Ticks):
    ticks.scheduler.start()
    ticks.wait()

    assert ticks.called == ['first', 'second']


def test_notification_calls_the_ticks_at_once(ticks: Ticks):
    ticks.scheduler.start()
    for _ in range(3):
        ticks.wait()
        ticks.wakeup.notify()
    ticks.wait()

    assert ticks.called == ['first', 'second'] * 4


def test_time_calls_the_ticks_without_a_notification(ticks: Ticks):
    ticks.scheduler.start()
    ticks.wait()
    ticks.wait()

    assert ticks.called == ['first', 'second'] * 2


def test_tick_that_raises_blocks_neither_the_others_nor_itself(ticks: Ticks):
    ticks.failing = {'first'}
    ticks.scheduler.start()
    ticks.wait()
    ticks.wakeup.notify()
    ticks.wait()

    assert ticks.called == ['first', 'second'] * 2
    assert [str(error) for error in ticks.errors] == ['first', 'first']


def test_recovery_is_logged_once(ticks: Ticks):
    ticks.failing = {'first'}
    ticks.scheduler.start()
    ticks.wait()
    ticks.failing = set()
    for _ in range(2):
        ticks.wakeup.notify()
        ticks.wait()

    assert [error is None for error in ticks.errors] == [False, True]


def test_recovery_is_not_logged_while_another_tick_still_fails(ticks: Ticks):
    ticks.failing = {'first', 'second'}
    ticks.scheduler.start()
    ticks.wait()
    ticks.failing = {'first'}
    ticks.wakeup.notify()
    ticks.wait()
    assert None not in ticks.errors
    ticks.failing = set()
    ticks.wakeup.notify()
    ticks.wait()
    ticks.end()

    assert ticks.errors.count(None) == 1
    assert ticks.errors[-1] is None


def test_clock_put_back_does_not_delay_the_ticks(ticks: Ticks):
    ticks.scheduler.start()
    ticks.wait()
    (job,) = ticks.scheduler._scheduler.jobs
    assert job.next_run is not None
    # What the local time's going back by an hour in autumn amounts to.
    job.next_run += dt.timedelta(hours=1)

    ticks.wait()
    ticks.wait()


def test_stop_ends_the_thread_between_two_ticks(ticks: Ticks):
    def stop() -> None:
        ticks.called.append('stop')
        ticks.stop.set()

    scheduler = Scheduler(
        ticks={'stop': stop, 'after': lambda: ticks.called.append('after')},
        stop=ticks.stop,
        wakeup=ticks.wakeup,
        on_error=ticks.errors.append,
    )
    scheduler.start()

    assert scheduler.join(PATIENCE_S)
    assert ticks.called == ['stop']


def test_tick_that_meets_closed_stores_at_the_end_is_no_fault(ticks: Ticks):
    def late() -> None:
        ticks.stop.set()
        raise StorageError('closed')

    scheduler = Scheduler(
        ticks={'late': late}, stop=ticks.stop, wakeup=ticks.wakeup, on_error=ticks.errors.append
    )
    scheduler.start()
    assert scheduler.join(PATIENCE_S)
    assert ticks.errors == []


def test_scheduler_that_was_never_started_has_ended(ticks: Ticks):
    assert ticks.scheduler.join(0)
