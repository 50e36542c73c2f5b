"""Wakes the threads that wait for work as soon as there may be some."""

from __future__ import annotations

import threading


class Signal:
    """A bell that any thread may ring and many may wait for; a ring is never missed."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._rings = 0

    @property
    def rings(self) -> int:
        """How often it was rung; take it before looking for work, and wait with it after."""
        with self._condition:
            return self._rings

    def ring(self) -> None:
        """Wake everybody who waits."""
        with self._condition:
            self._rings += 1
            self._condition.notify_all()

    def wait(self, seen: int, timeout_s: float) -> None:
        """Return when it was rung after `seen` was taken, or when the time has passed."""
        with self._condition:
            self._condition.wait_for(lambda: self._rings != seen, timeout_s)
