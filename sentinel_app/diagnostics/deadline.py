"""Deadlines as stop requests."""

from __future__ import annotations

import threading

from sentinel_app.core.clock import Clock


class Deadline:
    """Stop request that is set once a time has passed; implements `Stop`."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._until = clock.monotonic() + seconds
        self._never = threading.Event()

    def is_set(self) -> bool:
        """Return whether the time has passed."""
        return self._clock.monotonic() >= self._until

    def wait(self, timeout: float | None = None) -> bool:
        """Wait at most `timeout` seconds; return whether the time has passed."""
        self._never.wait(timeout)
        return self.is_set()
