"""When conditions are checked, and what a failure leaves."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sentinel_app.core.recipient import Recipients
from sentinel_app.errors import StorageError
from sentinel_app.storage.app_state.store import AppState
from sentinel_app.tasks.notifier import PERIOD_S, Notifier
from tests.harness.clocks import StandingClock
from tests.harness.waiting import PATIENCE_S


class FakeHealth:
    """Knows of no condition, and counts who wants to know."""

    def __init__(self) -> None:
        self.checks = threading.Semaphore(0)
        self.error: Exception | None = None

    def conditions(self) -> tuple[Any, ...]:
        self.checks.release()
        if self.error:
            raise self.error
        return ()

    def unknown(self) -> frozenset[Any]:
        return frozenset()


class Stand:
    def __init__(self, folder: Path) -> None:
        self.clock = StandingClock()
        self.health = FakeHealth()
        self.stop = threading.Event()
        sender: Any = None
        self.notifier = Notifier(
            health=self.health,
            sender=sender,
            recipients=Recipients(users=('jdoe',)),
            service='Test',
            app_state=AppState(folder / 'documents.json', now=self.clock.now),
            clock=self.clock,
            stop=self.stop,
        )

    def tick(self, seconds: float) -> bool:
        """Let time pass and the scheduler tick; whether the conditions are checked."""
        self.clock.advance(seconds)
        self.notifier.trigger_due()
        return self.health.checks.acquire(timeout=0.05)


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    made = Stand(tmp_path)
    made.notifier.worker.start()
    yield made
    made.stop.set()
    made.notifier.trigger()
    assert made.notifier.worker.join(PATIENCE_S)


def test_conditions_are_checked_a_period_after_the_start_and_then_each_period(
    stand: Stand,
) -> None:
    assert not stand.tick(PERIOD_S - 1)
    for _ in range(2):
        stand.clock.advance(PERIOD_S)
        stand.notifier.trigger_due()
        assert stand.health.checks.acquire(timeout=PATIENCE_S)
        assert not stand.tick(PERIOD_S - 1)


@pytest.mark.parametrize('error', [StorageError('The disk is full.'), ValueError('x')])
def test_check_that_fails_is_repeated_a_period_later(stand: Stand, error: Exception) -> None:
    stand.health.error = error
    for _ in range(2):
        stand.clock.advance(PERIOD_S)
        stand.notifier.trigger_due()
        assert stand.health.checks.acquire(timeout=PATIENCE_S)
        assert not stand.tick(0)
