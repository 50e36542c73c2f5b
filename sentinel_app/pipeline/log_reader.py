"""Reading of the workspace's tables: few queries at once, retries, and interruptible waits."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from sentinel_app.core.clock import Clock, Stop
from sentinel_app.core.logs import LogRows, Logs
from sentinel_app.core.retry import QUERY_POLICY, RetryPolicy, next_wait_s
from sentinel_app.errors import Cancelled, LogsDeniedError, RetryableError, UnauthorizedError
from sentinel_app.log import EventLog

MOST_QUERIES: Final = 2
"""Maximum queries at once, so that most of the five of an application are left to others.

Source: learn.microsoft.com/azure/azure-monitor/service-limits, "Query API".
"""

CHECK_S: Final = 0.25
"""Seconds between two checks for a permit."""

_log = EventLog(__name__)


class QueryPermits:
    """Permits for queries, in the order in which they were requested; thread-safe.

    Args:
        clock: the clock.
        limit: maximum queries at once.
    """

    def __init__(self, clock: Clock, limit: int = MOST_QUERIES) -> None:
        self._clock = clock
        self._limit = limit
        self._lock = threading.Lock()
        self._requests: list[object] = []
        """Those with a permit, then those that wait for one."""

    @contextmanager
    def hold(self, stop: Stop) -> Iterator[None]:
        """Wait for a permit, and hold it in this context.

        Raises:
            Cancelled: `stop` was set.
        """
        request = object()
        with self._lock:
            self._requests.append(request)
        try:
            while not self._is_first(request):
                if self._clock.wait(stop, CHECK_S):
                    raise _interrupted()
            yield
        finally:
            with self._lock:
                self._requests.remove(request)

    def _is_first(self, request: object) -> bool:
        with self._lock:
            return request in self._requests[: self._limit]


class LogReader:
    """Runs queries with the retries of a policy; thread-safe.

    Neither a query nor its rows are logged, only their sizes: they may contain values of
    Indicators.

    Args:
        logs: the query API.
        clock: the clock.
        permits: the permits shared with other readers; its own if left out.
        policy: the retry policy.
    """

    def __init__(
        self,
        logs: Logs,
        clock: Clock,
        *,
        permits: QueryPermits | None = None,
        policy: RetryPolicy = QUERY_POLICY,
    ) -> None:
        self._logs = logs
        self._clock = clock
        self._permits = permits or QueryPermits(clock)
        self._policy = policy

    def read(self, kql: str, columns: Sequence[str], *, stop: Stop) -> LogRows:
        """Run a query and return its rows, with the columns in the requested order.

        Args:
            kql: the query; it sorts, limits and names what it returns.
            columns: the columns that the answer must have.
            stop: interrupts the waits, though not a query that is running.

        Raises:
            LogsTooLargeError: ask for less at once; the same query is not repeated.
            LogsThrottledError, LogsServerError, LogsUnauthorizedError, TokenError: the error of the
                last attempt.
            LogsTableError, LogsDeniedError, LogsRefusedError, TokenRefusedError: a person must act.
            Cancelled: `stop` was set.
        """
        attempts: dict[type[RetryableError], int] = {}
        while True:
            try:
                return self._attempt(kql, columns, stop)
            except RetryableError as error:
                kind = type(error)
                attempts[kind] = attempts.get(kind, 0) + 1
                self._wait(error, attempts[kind], len(kql), stop)

    def _attempt(self, kql: str, columns: Sequence[str], stop: Stop) -> LogRows:
        with self._permits.hold(stop):
            if stop.is_set():
                raise _interrupted()
            began = self._clock.monotonic()
            try:
                found = self._logs.query(kql, columns)
            except (UnauthorizedError, LogsDeniedError):
                # In the thread whose token was refused. A consent that was given meanwhile is in a
                # new token only.
                self._logs.forget_token()
                raise
            _log.debug(
                'query-answered',
                length=len(kql),
                rows=len(found.rows),
                elapsed_s=self._clock.monotonic() - began,
            )
            return found

    def _wait(self, error: RetryableError, attempt: int, length: int, stop: Stop) -> None:
        """Wait before the next attempt, without a permit.

        Raises:
            RetryableError: `error`, if it was the last attempt.
            Cancelled: `stop` was set.
        """
        seconds = next_wait_s(error, attempt, self._policy, random.random)
        if seconds is None:
            raise error
        _log.warning(
            'query-retried', code=error.code, length=length, attempt=attempt, wait_s=seconds
        )
        if self._clock.wait(stop, seconds):
            raise _interrupted()


def _interrupted() -> Cancelled:
    return Cancelled('Reading from Log Analytics was interrupted.')
