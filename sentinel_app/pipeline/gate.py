"""Lets upload requests go at the pace that Sentinel allows, for the whole process."""

from __future__ import annotations

import datetime as dt
import threading
from collections import deque

from sentinel_app.core.ports import Clock, RequestTimes
from sentinel_app.core.rate import MARGIN_S, WINDOW_S, wait_s

_MEMORY = dt.timedelta(seconds=WINDOW_S + MARGIN_S)


class RequestGate:
    """At most `limit` requests in any 60 s, also across a restart.

    Args:
        limit: requests a minute, 1 to 100.
        times: where the start of each request is stored before it goes out.
        clock: tells the time.
    """

    def __init__(self, *, limit: int, times: RequestTimes, clock: Clock) -> None:
        self._limit = limit
        self._times = times
        self._clock = clock
        self._lock = threading.Lock()
        self._blocked_until = 0.0
        self._waiting = 0
        now, monotonic = clock.now(), clock.monotonic()
        # A stored time in the future comes of a clock that was put back; it counts as of now.
        self._started = deque(
            (
                monotonic - max(0.0, (now - at).total_seconds())
                for at in times.recent(now - _MEMORY)
            ),
            maxlen=limit,
        )

    def pass_through(self, stop: threading.Event) -> bool:
        """Wait for a turn and take it; False when `stop` was set meanwhile."""
        with self._lock:
            self._waiting += 1
        try:
            while not stop.is_set():
                with self._lock:
                    seconds = self._seconds_left()
                    if seconds <= 0:
                        self._take()
                        return True
                self._clock.wait(stop, min(seconds, 1.0))
            return False
        finally:
            with self._lock:
                self._waiting -= 1

    def block(self, seconds: float) -> None:
        """Let no request go for so long: Sentinel said that the limit is reached."""
        with self._lock:
            self._blocked_until = max(self._blocked_until, self._clock.monotonic() + seconds)

    def waiting_s(self) -> float | None:
        """Give the seconds until the next request may go, where one is waiting; else None."""
        with self._lock:
            seconds = self._seconds_left()
            return seconds if self._waiting and seconds > 0 else None

    def _seconds_left(self) -> float:
        now = self._clock.monotonic()
        return max(wait_s(self._started, now, self._limit), self._blocked_until - now)

    def _take(self) -> None:
        at = self._clock.now()
        self._times.add(at, forget_before=at - _MEMORY)
        self._started.append(self._clock.monotonic())
