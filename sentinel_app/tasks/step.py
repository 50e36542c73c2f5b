"""One step of a Task: how it is interrupted, and how it gives a sign of life."""

from __future__ import annotations

import datetime as dt
import threading

from sentinel_app.core.clock import Clock

BEAT_S = 1.0
"""A step that waits gives a sign of life as often as this."""


class StepStop:
    """The `stop` of one step; implements `Stop`.

    Every look at it is a heartbeat, and so is each second of waiting with it. So a step that waits
    for the API limit or backs off is alive for as long as that takes, and one that hangs is not.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._event = threading.Event()
        self._beat = (clock.now(), clock.monotonic())
        self._started = self._beat[1]

    @property
    def beat_at(self) -> dt.datetime:
        """When the last heartbeat was."""
        return self._beat[0]

    @property
    def is_interrupted(self) -> bool:
        """Whether the end was asked for; no heartbeat."""
        return self._event.is_set()

    def age_s(self, now: float) -> float:
        """Seconds since the last heartbeat."""
        return now - self._beat[1]

    def runtime_s(self, now: float) -> float:
        """Seconds since the step began."""
        return now - self._started

    def beat(self) -> None:
        """Give a sign of life."""
        self._beat = (self._clock.now(), self._clock.monotonic())

    def interrupt(self) -> None:
        """Ask for the end at the next safe point."""
        self._event.set()

    def is_set(self) -> bool:
        """Whether the end was asked for."""
        self.beat()
        return self._event.is_set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is asked for or the seconds have passed; whether it was."""
        left = timeout
        while left is None or left > 0:
            self.beat()
            portion = BEAT_S if left is None else min(left, BEAT_S)
            if self._event.wait(portion):
                return True
            left = None if left is None else left - portion
        return self.is_set()
