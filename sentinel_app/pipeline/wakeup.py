"""Wake-ups of threads that wait for work."""

from __future__ import annotations

import threading


class Wakeup:
    """Wakes one waiting thread for each notification; no notification is lost.

    A notification without a waiting thread ends the next wait immediately. At most `waiters`
    notifications are kept.

    Args:
        waiters: maximum number of waiting threads.
    """

    def __init__(self, waiters: int = 1) -> None:
        self._condition = threading.Condition()
        self._waiters = waiters
        self._pending = 0

    def notify(self, count: int = 1) -> None:
        """Wake up to `count` waiting threads, or end their next wait."""
        with self._condition:
            self._pending = min(self._pending + count, self._waiters)
            self._condition.notify(count)

    def notify_all(self) -> None:
        """Wake every thread, or end its next wait."""
        self.notify(self._waiters)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait for a notification at most `timeout_s` seconds; return whether there was one."""
        with self._condition:
            is_notified = self._condition.wait_for(lambda: self._pending > 0, timeout_s)
            if is_notified:
                self._pending -= 1
            return is_notified


CONTEXT_SENDERS = 4
"""Threads of the Task Context; at four fifths of the limit they keep up with answers that take
three seconds."""


class Wakeups:
    """One wakeup for each queue of an update, and one for the schedule.

    Args:
        senders: number of sending threads.
    """

    def __init__(self, senders: int) -> None:
        self.download = Wakeup()
        """Notified when there is room for another page, or something new to read."""
        self.convert = Wakeup()
        """Notified when there is a page to convert, room in the outbox, or a Job to close."""
        self.upload = Wakeup(senders)
        """Notified when there is something to send."""
        self.schedule = Wakeup()
        """Notified when a Job may have advanced, or something may be due."""
        self.context = Wakeup(CONTEXT_SENDERS)
        """Notified when an update has ended, which may have changed what context there is."""

    def notify_all(self) -> None:
        """Wake all threads, as an update begins or the process ends."""
        for wakeup in (
            *(self.download, self.convert, self.upload),
            *(self.schedule, self.context),
        ):
            wakeup.notify_all()
