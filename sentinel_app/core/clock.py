"""Protocols of the clock and of stop requests."""

from __future__ import annotations

import datetime as dt
from typing import Protocol


class Stop(Protocol):
    """A request to stop at the next safe point; `threading.Event` implements it."""

    def is_set(self) -> bool:
        """Return whether a stop was requested."""
        ...

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for a stop request, at most `timeout` seconds; return whether there is one."""
        ...


class Clock(Protocol):
    """The current time, and waits that a stop request interrupts."""

    def now(self) -> dt.datetime:
        """Return the current time as an aware UTC datetime."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never go backwards."""
        ...

    def wait(self, stop: Stop, seconds: float) -> bool:
        """Wait until the seconds have passed or `stop` is set; return whether `stop` is set."""
        ...
