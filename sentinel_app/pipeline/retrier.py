"""Repeats a call to ThreatConnect as long as there is hope, in a way that can be interrupted."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TypeVar

from sentinel_app.core.clock import Clock, Stop
from sentinel_app.core.job import Stage
from sentinel_app.core.retry import READ_POLICY, next_wait_s
from sentinel_app.core.trouble import System
from sentinel_app.errors import Cancelled, ReadTimeoutError, RetryableError
from sentinel_app.log import EventLog
from sentinel_app.pipeline.trouble import Troubles

FIRST_PAGE_SIZE = 1_000
LARGEST_PAGE_SIZE = 2_000
"""ThreatConnect allows 10,000; beyond this size a page saves next to no time and costs memory."""

QUICK_PAGE_S = 10.0
"""A page that came quicker than this lets the next one be larger."""

Answer = TypeVar('Answer')

_log = EventLog(__name__)


class Retrier:
    """Repeats calls that may succeed later, with the waits of the retry policy.

    Args:
        clock: waits.
        stop: ends the waiting.
        troubles: is told of each attempt that fails, and of each answer.
        facts: what the log says beside the error.
    """

    def __init__(self, clock: Clock, stop: Stop, troubles: Troubles, **facts: object) -> None:
        self._clock = clock
        self._stop = stop
        self._troubles = troubles
        self._facts = facts
        self._attempts = 0

    def call(self, call: Callable[[], Answer], *, attempts: int | None = None) -> Answer:
        """Return the answer of `call`, after so many attempts at most.

        Raises:
            RetryableError: the last attempt's, when there is no more hope.
            Cancelled: `stop` was set.
        """
        while True:
            try:
                answer = call()
            except RetryableError as error:
                if self._attempts + 1 == attempts:
                    self._failed(error, 0.0)
                    raise
                self.wait(error)
            else:
                self._troubles.answered(System.THREATCONNECT)
                return answer

    def call_sized(self, call: Callable[[int], Answer], size: int) -> tuple[Answer, int]:
        """Return the answer of `call` to a page size, and the size for the next page.

        A page that does not come in time is asked for with half its size; one that comes quickly
        lets the next be twice as large.

        Raises:
            RetryableError: the last attempt's, when there is no more hope.
            Cancelled: `stop` was set.
        """
        is_quick = True
        while True:
            began = self._clock.monotonic()
            try:
                answer = call(size)
                break
            except RetryableError as error:
                is_quick = False
                if isinstance(error, ReadTimeoutError):
                    size = max(1, size // 2)
                self.wait(error)
        self._troubles.answered(System.THREATCONNECT)
        is_quick = is_quick and self._clock.monotonic() - began < QUICK_PAGE_S
        return answer, min(size * 2, LARGEST_PAGE_SIZE) if is_quick else size

    def wait(self, error: RetryableError) -> None:
        """Wait before the next attempt.

        Raises:
            RetryableError: `error`, when there is no more hope.
            Cancelled: `stop` was set.
        """
        self._attempts += 1
        seconds = next_wait_s(error, self._attempts, READ_POLICY, random.random)
        self._failed(error, seconds or 0.0)
        if seconds is None:
            raise error
        _log.warning(
            'read-repeated',
            code=error.code,
            reason=error.reason or error.message,
            attempt=self._attempts,
            wait_s=seconds,
            **self._facts,
        )
        if self._clock.wait(self._stop, seconds):
            raise Cancelled('Reading was interrupted.')

    def _failed(self, error: RetryableError, wait_s: float) -> None:
        self._troubles.failed(Stage.DOWNLOAD, System.THREATCONNECT, error, wait_s)
