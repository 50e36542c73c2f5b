"""Wakes the threads that wait for work as soon as there may be some."""

from __future__ import annotations

import threading


class Wakeup:
    """Wakes one waiting thread for each notification; none is lost.

    A notification that nobody waits for ends the next wait at once. There are never more of them
    than threads that may wait.

    Args:
        waiters: how many threads may wait.
    """

    def __init__(self, waiters: int = 1) -> None:
        self._condition = threading.Condition()
        self._waiters = waiters
        self._pending = 0

    def notify(self, count: int = 1) -> None:
        """Wake so many of the threads that wait, or end their next wait."""
        with self._condition:
            self._pending = min(self._pending + count, self._waiters)
            self._condition.notify(count)

    def notify_all(self) -> None:
        """Wake every thread, or end its next wait."""
        self.notify(self._waiters)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait for a notification, or until the time has passed; whether there was one."""
        with self._condition:
            is_notified = self._condition.wait_for(lambda: self._pending > 0, timeout_s)
            if is_notified:
                self._pending -= 1
            return is_notified


class Wakeups:
    """One wakeup for each queue of an update, and one for what follows the Jobs.

    Args:
        senders: how many threads send.
    """

    def __init__(self, senders: int) -> None:
        self.download = Wakeup()
        """There is room for another page, or something new to read."""
        self.convert = Wakeup()
        """There is a page to convert, or room in the outbox, or a Job may be closed."""
        self.upload = Wakeup(senders)
        """There is something to send."""
        self.schedule = Wakeup()
        """A Job may have gone on, or something may be due."""

    def notify_all(self) -> None:
        """Wake everybody: an update begins, or the process ends."""
        for wakeup in (self.download, self.convert, self.upload, self.schedule):
            wakeup.notify_all()
