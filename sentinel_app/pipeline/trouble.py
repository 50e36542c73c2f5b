"""Registry of failing systems, to show why nothing proceeds."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sentinel_app.core.clock import Clock
from sentinel_app.core.job import Stage
from sentinel_app.core.trouble import System, Trouble
from sentinel_app.errors import RetryableError


@dataclass(slots=True)
class _Failures:
    """Consecutive failed attempts of one thread."""

    trouble: Trouble
    count: int = 1


class Troubles:
    """Records which stage waits for which system; thread-safe.

    Attempts are counted by thread, as several may wait for one system. Any response of the system
    ends the trouble for all of them, and so does the end of the step for its own thread.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failures: dict[tuple[System, int], _Failures] = {}

    def failed(self, stage: Stage, system: System, error: RetryableError, wait_s: float) -> None:
        """Record a failed attempt, and the seconds until the next one."""
        now = self._clock.now()
        key = (system, threading.get_ident())
        with self._lock:
            known = self._failures.get(key)
            count = 1 if known is None else known.count + 1
            trouble = Trouble(
                stage=stage,
                system=system,
                attempt=count + 1,
                since=now if known is None else known.trouble.since,
                until=now + dt.timedelta(seconds=wait_s),
                code=error.code,
                message=error.message,
                reason=error.reason,
            )
            self._failures[key] = _Failures(trouble, count)

    def answered(self, system: System) -> None:
        """Record that a system has responded."""
        with self._lock:
            self._failures = {
                key: known for key, known in self._failures.items() if key[0] is not system
            }

    @contextmanager
    def step(self) -> Iterator[None]:
        """Discard the current thread's failures at the end of a step."""
        try:
            yield
        finally:
            thread = threading.get_ident()
            with self._lock:
                self._failures = {
                    key: known for key, known in self._failures.items() if key[1] != thread
                }

    def now(self) -> tuple[Trouble, ...]:
        """Return the failing systems, each with its highest attempt."""
        furthest: dict[System, Trouble] = {}
        with self._lock:
            for known in self._failures.values():
                trouble = known.trouble
                other = furthest.get(trouble.system)
                if other is None or trouble.attempt > other.attempt:
                    furthest[trouble.system] = trouble
        return tuple(furthest[system] for system in System if system in furthest)

    def of(self, stage: Stage) -> Trouble | None:
        """Return the trouble that holds up a stage; None if there is none."""
        return next((trouble for trouble in self.now() if trouble.stage is stage), None)
