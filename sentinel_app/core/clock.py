"""What time it is, and waiting that can be interrupted."""

from __future__ import annotations

import datetime as dt
from typing import Protocol


class Stop(Protocol):
    """A request to end at the next safe point; `threading.Event` is one."""

    def is_set(self) -> bool:
        """Whether the end was asked for."""
        ...

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is asked for or the seconds have passed; whether it was."""
        ...


class Clock(Protocol):
    """What time it is, and waiting that can be interrupted."""

    def now(self) -> dt.datetime:
        """The present as an aware UTC datetime."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go backwards."""
        ...

    def wait(self, stop: Stop, seconds: float) -> bool:
        """Wait until the time has passed or `stop` is set; True if `stop` was set."""
        ...
