"""One thread is woken for each notification, and none is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from sentinel_app.pipeline.wakeup import Wakeup, Wakeups
from tests.harness.waiting import until

LONG_S = 120.0
MOMENT_S = 0.05


class Waiters:
    """Threads that wait once each."""

    def __init__(self, wakeup: Wakeup, count: int) -> None:
        self.woken = 0
        self._lock = threading.Lock()
        self._wakeup = wakeup
        self._threads = [threading.Thread(target=self._wait) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def _wait(self) -> None:
        if self._wakeup.wait(LONG_S):
            with self._lock:
                self.woken += 1

    def end(self) -> None:
        while any(thread.is_alive() for thread in self._threads):
            self._wakeup.notify_all()
            time.sleep(MOMENT_S / 10)

    def are_woken(self, count: int) -> bool:
        """Whether so many are, and no more."""
        until(lambda: self.woken >= count, f'{self.woken} were woken, not {count}')
        time.sleep(MOMENT_S)
        return self.woken == count


@pytest.fixture
def waiters() -> Iterator[Callable[[Wakeup, int], Waiters]]:
    made: list[Waiters] = []

    def make(wakeup: Wakeup, count: int) -> Waiters:
        made.append(Waiters(wakeup, count))
        time.sleep(MOMENT_S)
        return made[-1]

    yield make
    for each in made:
        each.end()


def test_notification_wakes_one_waiter(waiters: Callable[[Wakeup, int], Waiters]) -> None:
    wakeup = Wakeup(4)
    waiting = waiters(wakeup, 4)
    wakeup.notify()
    assert waiting.are_woken(1)
    wakeup.notify(2)
    assert waiting.are_woken(3)
    wakeup.notify()
    assert waiting.are_woken(4)


def test_waiters_can_all_be_woken(waiters: Callable[[Wakeup, int], Waiters]) -> None:
    wakeup = Wakeup(3)
    waiting = waiters(wakeup, 3)
    wakeup.notify_all()
    assert waiting.are_woken(3)


def test_notification_without_a_waiter_ends_only_the_next_wait() -> None:
    wakeup = Wakeup()
    wakeup.notify()
    began = time.monotonic()
    assert wakeup.wait(LONG_S)
    assert time.monotonic() - began < LONG_S / 2
    assert not wakeup.wait(MOMENT_S)


def test_notifications_never_outnumber_the_threads_that_may_wait() -> None:
    wakeup = Wakeup(2)
    for _ in range(100):
        wakeup.notify()
    wakeup.notify(100)
    wakeup.notify_all()
    assert [wakeup.wait(0.0) for _ in range(3)] == [True, True, False]


def test_notifications_before_and_after_the_start_of_a_wait_add_up(
    waiters: Callable[[Wakeup, int], Waiters],
) -> None:
    wakeup = Wakeup(8)
    wakeup.notify(3)
    waiting = waiters(wakeup, 8)
    wakeup.notify(4)
    assert waiting.are_woken(7)


def test_wait_ends_when_the_time_has_passed() -> None:
    wakeup = Wakeup()
    began = time.monotonic()
    assert not wakeup.wait(MOMENT_S)
    assert time.monotonic() - began >= MOMENT_S


def test_notifications_are_not_lost_between_two_threads_that_hand_over_work() -> None:
    wakeup, done = Wakeup(), []
    ready: list[int] = []

    def take() -> None:
        while len(done) < 2_000 and wakeup.wait(LONG_S):
            while ready:
                done.append(ready.pop())

    thread = threading.Thread(target=take, daemon=True)
    thread.start()
    for number in range(2_000):
        ready.append(number)
        wakeup.notify()
    thread.join(LONG_S / 2)
    assert sorted(done) == list(range(2_000))


def test_queues_of_an_update_each_have_a_wakeup() -> None:
    wakeups = Wakeups(senders=3)
    every = (wakeups.download, wakeups.convert, wakeups.upload, wakeups.schedule)
    wakeups.convert.notify()
    assert [each.wait(0.0) for each in every] == [False, True, False, False]
    wakeups.notify_all()
    assert [each.wait(0.0) for each in every] == [True] * 4
    # All that send are woken, and of the others there is one.
    assert [wakeups.upload.wait(0.0) for _ in range(3)] == [True, True, False]
    assert not any(each.wait(0.0) for each in every)
