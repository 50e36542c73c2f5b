"""The pace of all requests to ThreatConnect: no answer makes the App ask faster."""

from __future__ import annotations

import threading
from typing import Final

from sentinel_app.core.clock import Clock

BURST: Final = 200
"""Requests that may follow each other without a pause; an update of a few queries needs fewer."""

PER_S: Final = 20.0
"""Requests a second in the long run. A page of rows takes longer than a twentieth of a second, so
that this slows nothing down that brings something."""


class RequestPace:
    """Lets requests go at once up to `BURST`, and then `PER_S` in a second.

    Args:
        clock: tells the time, and waits: in the long run a few hundredths of a second.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._never = threading.Event()
        self._spent_until = 0.0
        """When all requests so far would have gone, each at its time of the steady rate."""

    def wait(self) -> None:
        """Wait until the next request may go."""
        with self._lock:
            now = self._clock.monotonic()
            self._spent_until = max(self._spent_until, now) + 1.0 / PER_S
            pause_s = self._spent_until - now - BURST / PER_S
        if pause_s > 0.0:
            self._clock.wait(self._never, pause_s)
