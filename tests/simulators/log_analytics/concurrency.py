"""How many queries of one identity run at a time, and how many wait for that."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from tests.simulators.log_analytics.settings import LogAnalyticsSettings


class QueueFullError(Exception):
    """Too many queries wait already, or this one has waited for too long."""


class Slots:
    """Lets queries in by the limits of the settings; safe between threads."""

    def __init__(self, settings: LogAnalyticsSettings) -> None:
        self._settings = settings
        self._changed = threading.Condition()
        self._running: Counter[str] = Counter()
        self._queued: Counter[str] = Counter()
        self._is_stopping = False
        self.most_running = 0
        """The most of one identity that ever ran at a time."""

    @property
    def queued_count(self) -> int:
        """Queries that wait now."""
        with self._changed:
            return self._queued.total()

    @property
    def running_count(self) -> int:
        """Queries that run now."""
        with self._changed:
            return self._running.total()

    def start(self) -> None:
        """Let queries wait again."""
        with self._changed:
            self._is_stopping = False

    def stop(self) -> None:
        """Turn away whatever waits."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify_all()

    @contextmanager
    def enter(self, identity: str) -> Iterator[None]:
        """Hold a slot, after waiting for one.

        Raises:
            QueueFullError: there is none to be had.
        """
        self._take(identity)
        try:
            yield
        finally:
            with self._changed:
                self._running[identity] -= 1
                self._changed.notify_all()

    def _take(self, identity: str) -> None:
        with self._changed:
            if not self._has_room(identity):
                self._wait(identity)
            self._running[identity] += 1
            self.most_running = max(self.most_running, self._running[identity])

    def _wait(self, identity: str) -> None:
        if self._queued[identity] >= self._settings.max_queued:
            raise QueueFullError('too many queries wait')
        self._queued[identity] += 1
        try:
            has_room = self._changed.wait_for(
                lambda: self._is_stopping or self._has_room(identity),
                self._settings.queue_timeout_s,
            )
        finally:
            self._queued[identity] -= 1
        if not has_room or self._is_stopping:
            raise QueueFullError('waited for too long')

    def _has_room(self, identity: str) -> bool:
        return self._running[identity] < self._settings.max_concurrent
