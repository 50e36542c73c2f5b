"""A clock that stands still until a test moves it."""

from __future__ import annotations

import datetime as dt

from sentinel_app.core.clock import Stop

NOON = dt.datetime(2026, 3, 4, 12, 0, 0, tzinfo=dt.UTC)


class StandingClock:
    """Implements `Clock`; waiting moves it on at once."""

    def __init__(self, at: dt.datetime = NOON) -> None:
        self.at = at
        self.passed_s = 0.0

    def now(self) -> dt.datetime:
        return self.at + dt.timedelta(seconds=self.passed_s)

    def monotonic(self) -> float:
        return self.passed_s

    def advance(self, seconds: float) -> None:
        self.passed_s += seconds

    def wait(self, stop: Stop, seconds: float) -> bool:
        self.advance(max(0.0, seconds))
        return stop.is_set()
