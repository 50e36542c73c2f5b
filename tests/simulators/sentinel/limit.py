"""The rate limit: a true rolling window for each identity, with every arrival kept."""

from __future__ import annotations

import math
import threading
import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping

ANONYMOUS = 'anonymous'


class RollingLimit:
    """Counts arrivals; at most `count` of one identity in any `window_s` seconds."""

    def __init__(
        self,
        *,
        count: int = 100,
        window_s: float = 60.0,
        counts_refused: bool = True,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take the limit.

        Args:
            count: requests allowed in one window; 0 for no limit.
            window_s: length of the window in seconds.
            counts_refused: whether a request answered with 429 fills the window too.
            clock: gives the time in seconds.
        """
        self.count = count
        self.window_s = window_s
        self.counts_refused = counts_refused
        self._clock = clock
        self._lock = threading.Lock()
        self._arrivals: dict[str, list[float]] = {}
        self._counted: dict[str, list[float]] = {}

    def admit(self, identity: str) -> int:
        """Note an arrival now.

        Returns:
            0 when it is within the limit, else the whole seconds after which there is room.
        """
        with self._lock:
            now = self._clock()
            self._arrivals.setdefault(identity, []).append(now)
            counted = self._counted.setdefault(identity, [])
            # A time exactly one window ago has left it.
            first = bisect_right(counted, now - self.window_s)
            within = len(counted) - first
            # Who shows no token of ours cannot use up anybody's share; it gets a 401 anyway.
            is_over = bool(self.count) and identity != ANONYMOUS and within >= self.count
            if not is_over or self.counts_refused:
                counted.append(now)
            if not is_over:
                return 0
            frees = counted[len(counted) - self.count]
            return max(1, math.ceil(frees + self.window_s - now))

    def arrivals(self, identity: str | None = None) -> list[float]:
        """Get the times at which requests of one identity, or of all, arrived."""
        with self._lock:
            if identity is not None:
                return list(self._arrivals.get(identity, ()))
            return sorted(time_at for times in self._arrivals.values() for time_at in times)

    def identities(self) -> list[str]:
        with self._lock:
            return sorted(self._arrivals)

    def busiest(self, window_s: float | None = None) -> int:
        """Get the most requests of one identity that any rolling window has seen."""
        window_s = self.window_s if window_s is None else window_s
        return max(
            (busiest_window(self.arrivals(identity), window_s) for identity in self.identities()),
            default=0,
        )

    def dump(self) -> dict[str, list[float]]:
        """Get what fills the windows now, to be kept over a restart."""
        with self._lock:
            start = self._clock() - self.window_s
            return {
                identity: times[bisect_right(times, start) :]
                for identity, times in self._counted.items()
            }

    def load(self, kept: Mapping[str, list[float]]) -> None:
        """Take up what `dump` gave."""
        with self._lock:
            for identity, times in kept.items():
                for store in (self._arrivals, self._counted):
                    store[identity] = sorted([*times, *store.get(identity, ())])

    def clear(self) -> None:
        with self._lock:
            self._arrivals.clear()
            self._counted.clear()


def busiest_window(times: list[float], window_s: float) -> int:
    """Count the most of these sorted times that lie within less than `window_s` seconds."""
    return max(
        (bisect_left(times, start + window_s) - index for index, start in enumerate(times)),
        default=0,
    )
