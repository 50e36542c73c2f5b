"""A step is interrupted at once, and whoever waits is alive."""

from __future__ import annotations

import threading

import pytest

from sentinel_app.tasks import step as step_module
from sentinel_app.tasks.step import StepStop
from tests.harness.clocks import NOON, StandingClock


class TickingClock(StandingClock):
    """Moves on by a second with every look at the monotonic time."""

    def monotonic(self) -> float:
        self.passed_s += 1.0
        return self.passed_s


def test_each_look_is_a_heartbeat() -> None:
    clock = StandingClock()
    stop = StepStop(clock)
    clock.advance(60)
    assert stop.age_s(clock.monotonic()) == 60
    assert not stop.is_interrupted
    assert stop.age_s(clock.monotonic()) == 60
    assert not stop.is_set()
    assert stop.age_s(clock.monotonic()) == 0
    assert (stop.beat_at - NOON).total_seconds() == 60
    assert stop.runtime_s(clock.monotonic()) == 60


def test_a_long_wait_is_many_heartbeats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step_module, 'BEAT_S', 0.001)
    clock = TickingClock()
    stop = StepStop(clock)
    before = clock.passed_s
    assert not stop.wait(0.01)
    assert clock.passed_s - before >= 10


def test_waiting_takes_no_longer_than_asked_for() -> None:
    stop = StepStop(StandingClock())
    assert not stop.wait(0)
    assert not stop.wait(-1)
    assert not stop.wait(0.01)


@pytest.mark.parametrize('timeout', [60.0, None])
def test_an_interruption_ends_the_waiting(timeout: float | None) -> None:
    stop = StepStop(StandingClock())
    ended = threading.Event()

    def wait() -> None:
        assert stop.wait(timeout)
        ended.set()

    thread = threading.Thread(target=wait)
    thread.start()
    assert not ended.wait(0.02)
    stop.interrupt()
    assert ended.wait(5)
    thread.join()
    assert stop.is_set()
    assert stop.wait(60)
