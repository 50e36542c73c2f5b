"""The only caller of time functions: what time it is, and waiting that can be interrupted."""

from __future__ import annotations

import datetime as dt
import time

from sentinel_app.core.clock import Stop


class SystemClock:
    """The clock of the machine."""

    def now(self) -> dt.datetime:
        """The present as an aware UTC datetime."""
        return dt.datetime.now(dt.UTC)

    def monotonic(self) -> float:
        """Seconds that never go backwards, for measuring durations only."""
        return time.monotonic()

    def wait(self, stop: Stop, seconds: float) -> bool:
        """Wait until the time has passed or `stop` is set; True if `stop` was set."""
        return stop.wait(max(0.0, seconds))
