"""System clock, the only caller of time functions."""

from __future__ import annotations

import datetime as dt
import time

from sentinel_app.core.clock import Stop


class SystemClock:
    """The clock of the machine."""

    def now(self) -> dt.datetime:
        """Return the current time as an aware UTC datetime."""
        return dt.datetime.now(dt.UTC)

    def monotonic(self) -> float:
        """Return seconds that never go backwards, for durations only."""
        return time.monotonic()

    def wait(self, stop: Stop, seconds: float) -> bool:
        """Wait until the seconds have passed or `stop` is set; return whether `stop` is set."""
        return stop.wait(max(0.0, seconds))
