"""Which systems do not answer at this moment, for whoever shows why nothing goes on."""

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
    """Attempts of one thread that failed in a row."""

    trouble: Trouble
    count: int = 1


class Troubles:
    """Records who waits for which system; safe for many threads.

    Each thread has its own attempts, as several may wait for one system. Any answer of the system
    ends the trouble for all of them; so does the end of the step that met it.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failures: dict[tuple[System, int], _Failures] = {}

    def failed(self, stage: Stage, system: System, error: RetryableError, wait_s: float) -> None:
        """Record an attempt that failed, and that the next one begins after so many seconds."""
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
        """Record that a system answers."""
        with self._lock:
            self._failures = {
                key: known for key, known in self._failures.items() if key[0] is not system
            }

    @contextmanager
    def step(self) -> Iterator[None]:
        """Forget what the present thread met once its step is over: nobody waits any more."""
        try:
            yield
        finally:
            thread = threading.get_ident()
            with self._lock:
                self._failures = {
                    key: known for key, known in self._failures.items() if key[1] != thread
                }

    def now(self) -> tuple[Trouble, ...]:
        """Return the systems that do not answer, each with the attempt that has come furthest."""
        furthest: dict[System, Trouble] = {}
        with self._lock:
            for known in self._failures.values():
                trouble = known.trouble
                other = furthest.get(trouble.system)
                if other is None or trouble.attempt > other.attempt:
                    furthest[trouble.system] = trouble
        return tuple(furthest[system] for system in System if system in furthest)

    def of(self, stage: Stage) -> Trouble | None:
        """Return the trouble that a stage waits for the end of; None when there is none."""
        return next((trouble for trouble in self.now() if trouble.stage is stage), None)
