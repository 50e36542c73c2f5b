"""Rate limiter of upload requests, for the whole process."""

from __future__ import annotations

import datetime as dt
import math
import threading
from dataclasses import dataclass
from typing import Protocol

from sentinel_app.core.clock import Clock, Stop
from sentinel_app.core.estimate import limit_s
from sentinel_app.core.task import AskedWait
from sentinel_app.core.upload_limits import (
    LONGEST_TRANSIT_S,
    MARGIN_S,
    WINDOW_S,
    spare_limit,
    wait_s,
)

_MEMORY = dt.timedelta(seconds=WINDOW_S + 2 * LONGEST_TRANSIT_S)
_CHECK_S = 1.0
"""Seconds between checks of a waiting thread, as another thread's 429 may have changed the wait."""


class StoredTimes(Protocol):
    """Start times of the latest upload requests, for the limit across restarts."""

    def recent(self, since: dt.datetime) -> tuple[dt.datetime, ...]:
        """Return the times after `since`, oldest first."""
        ...


@dataclass(slots=True)
class Permit:
    """One request's place in the limit.

    `arrived_by` is the latest time at which Sentinel may have counted it, on the monotonic clock:
    it is only known that this was after the start and before the response.
    """

    started: float
    arrived_by: float
    is_check: bool = False
    """Whether it is for a check of the Service, which sends nothing."""
    waited_s: float = 0.0
    """Seconds of waiting for it; simultaneous waits of several threads count once."""


class RateLimiter:
    """Allows at most `limit` requests in any 60 s as counted by Sentinel, also across restarts.

    Args:
        limit: requests per minute, 1 to 100.
        times: the stored start times; each is stored before its request is sent.
        clock: the clock.
    """

    def __init__(self, *, limit: int, times: StoredTimes, clock: Clock) -> None:
        self._limit = limit
        self._clock = clock
        self._lock = threading.Lock()
        self._blocked_until = 0.0
        self._blocked_reason = ''
        self._waits: list[float] = []
        self._taken_at = -math.inf
        now, monotonic = clock.now(), clock.monotonic()
        self._permits: list[Permit] = []
        for at in times.recent(now - _MEMORY):
            # A stored time in the future comes from a clock that was set back; it counts as now.
            started = monotonic - max(0.0, (now - at).total_seconds())
            self._permits.append(Permit(started, started + LONGEST_TRANSIT_S))

    def acquire(self, stop: Stop, *, is_check: bool = False) -> Permit | None:
        """Wait for a permit and return it; None if `stop` was set meanwhile.

        Args:
            stop: interrupts the wait.
            is_check: whether it is for a check of the Service, which sends nothing.
        """
        with self._lock:
            began = self._clock.monotonic()
            self._waits.append(began)
        try:
            while not stop.is_set():
                with self._lock:
                    seconds = self._seconds_left()
                    if seconds <= 0:
                        return self._take(is_check=is_check)
                self._clock.wait(stop, min(seconds, _CHECK_S))
            return None
        finally:
            with self._lock:
                self._waits.remove(began)

    def acquire_spare(self) -> Permit | None:
        """Return a permit for what Indicators leave of the limit; None if they leave nothing now.

        A fifth of the limit stays free, so that Indicators which turn up meanwhile go out at once.
        """
        with self._lock:
            now = self._clock.monotonic()
            times = sorted(permit.arrived_by for permit in self._permits)
            spare = spare_limit(self._limit)
            if self._waits or wait_s(times, now, spare) > 0 or self._blocked_until > now:
                return None
            return self._add(Permit(now, now + LONGEST_TRANSIT_S))

    def is_open(self) -> bool:
        """Return whether a request could be sent immediately."""
        with self._lock:
            return self._seconds_left() <= 0

    def begin(self, permit: Permit) -> None:
        """Record that the request of a permit starts now, as claiming may have taken a while."""
        with self._lock:
            permit.started = self._clock.monotonic()
            permit.arrived_by = permit.started + LONGEST_TRANSIT_S

    def give_back(self, permit: Permit) -> None:
        """Return an unused permit to the limiter."""
        with self._lock:
            self._permits = [known for known in self._permits if known is not permit]

    def answered(self, permit: Permit) -> None:
        """Record that the request of a permit has ended, so it cannot arrive later."""
        with self._lock:
            permit.arrived_by = min(permit.arrived_by, self._clock.monotonic())

    def block(self, seconds: float, *, reason: str) -> None:
        """Block all requests for some time, as Sentinel has reported that the limit is reached.

        Args:
            seconds: the wait that Sentinel asked for.
            reason: the words of the response, for people.
        """
        with self._lock:
            until = self._clock.monotonic() + seconds
            if until > self._blocked_until:
                self._blocked_until, self._blocked_reason = until, reason

    def asked_wait(self) -> AskedWait | None:
        """Return the wait that Sentinel asked for; None if there is none, or it is over."""
        with self._lock:
            return self._asked_wait()

    def end_asked_wait(self) -> AskedWait | None:
        """End the wait that Sentinel asked for, and return what was left of it.

        The limit itself, which is the App's own count, is still kept.
        """
        with self._lock:
            ended, self._blocked_until = self._asked_wait(), 0.0
            return ended

    def _asked_wait(self) -> AskedWait | None:
        seconds = self._blocked_until - self._clock.monotonic()
        if seconds <= 0:
            return None
        until = self._clock.now() + dt.timedelta(seconds=seconds)
        return AskedWait(until=until, reason=self._blocked_reason)

    def waiting_s(self) -> float | None:
        """Return the seconds until the next request may be sent; None if none is waiting."""
        with self._lock:
            seconds = self._seconds_left()
            return seconds if self._waits and seconds > 0 else None

    def waited_s(self) -> float:
        """Return the seconds of waiting for the next permit so far."""
        with self._lock:
            if not self._waits or self._seconds_left() <= 0:
                return 0.0
            return self._waited_s()

    def seconds_of(self, requests: int) -> float:
        """Return the seconds until the last of this number of further requests may be sent."""
        with self._lock:
            now = self._clock.monotonic()
            times = sorted(permit.arrived_by for permit in self._permits)
            blocked_s = max(0.0, self._blocked_until - now)
            return limit_s(requests, times, now, self._limit, blocked_s=blocked_s)

    def used(self) -> int:
        """Return the number of upload requests that count against the limit now, without checks."""
        return self._count(is_check=False)

    def used_by_checks(self) -> int:
        """Return the number of requests by checks that count against the limit now."""
        return self._count(is_check=True)

    def _count(self, *, is_check: bool) -> int:
        with self._lock:
            since = self._clock.monotonic() - WINDOW_S
            return sum(
                permit.arrived_by > since and permit.is_check is is_check
                for permit in self._permits
            )

    def _seconds_left(self) -> float:
        now = self._clock.monotonic()
        times = sorted(permit.arrived_by for permit in self._permits)
        return max(wait_s(times, now, self._limit), self._blocked_until - now)

    def _waited_s(self) -> float:
        """Return the seconds that any thread has waited since the last permit was taken."""
        return self._clock.monotonic() - max(min(self._waits), self._taken_at)

    def _take(self, *, is_check: bool) -> Permit:
        started = self._clock.monotonic()
        permit = Permit(started, started + LONGEST_TRANSIT_S, is_check, self._waited_s())
        self._taken_at = started
        return self._add(permit)

    def _add(self, permit: Permit) -> Permit:
        # The first to start is not always the first to arrive: each stays until it leaves the
        # window.
        self._permits = [
            known
            for known in self._permits
            if known.arrived_by + WINDOW_S + MARGIN_S > permit.started
        ]
        self._permits.append(permit)
        return permit
