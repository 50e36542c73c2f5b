"""Pace of all requests to ThreatConnect, whatever its responses."""

from __future__ import annotations

import threading
from typing import Final

from sentinel_app.core.clock import Clock

BURST: Final = 200
"""Maximum requests in a burst; an update of a few queries needs fewer."""

PER_S: Final = 20.0
"""Sustained requests per second. A page of rows takes longer than a twentieth of a second, so this
never slows down productive requests."""


class RequestPace:
    """Allows a burst of `BURST` requests, and then `PER_S` per second.

    Args:
        clock: the clock; waits are a few hundredths of a second.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._never = threading.Event()
        self._spent_until = 0.0
        """Time at which all requests so far would have been sent at the sustained rate."""

    def wait(self) -> None:
        """Wait until the next request may be sent."""
        with self._lock:
            now = self._clock.monotonic()
            self._spent_until = max(self._spent_until, now) + 1.0 / PER_S
            pause_s = self._spent_until - now - BURST / PER_S
        if pause_s > 0.0:
            self._clock.wait(self._never, pause_s)
