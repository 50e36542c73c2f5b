"""Wakes the threads that wait for work as soon as there may be some."""

from __future__ import annotations

import threading


class Wakeup:
    """What any thread may notify and many may wait for; a notification is never missed."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._notifications = 0

    @property
    def notifications(self) -> int:
        """The number so far; take it before looking for work, and wait with it after."""
        with self._condition:
            return self._notifications

    def notify(self) -> None:
        """Wake everybody who waits."""
        with self._condition:
            self._notifications += 1
            self._condition.notify_all()

    def wait(self, seen: int, timeout_s: float) -> None:
        """Return when it was notified after `seen` was taken, or when the time has passed."""
        with self._condition:
            self._condition.wait_for(lambda: self._notifications != seen, timeout_s)
