"""Retrier of calls to ThreatConnect, with interruptible waits."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Protocol, TypeVar

from sentinel_app.core.clock import Clock, Stop
from sentinel_app.core.job import Stage
from sentinel_app.core.retry import READ_POLICY, next_wait_s
from sentinel_app.core.trouble import System
from sentinel_app.errors import Cancelled, ReadTimeoutError, RetryableError
from sentinel_app.log import EventLog
from sentinel_app.pipeline.trouble import Troubles

FIRST_PAGE_SIZE = 1_000
LARGEST_PAGE_SIZE = 2_000
"""Maximum rows of a page. ThreatConnect allows 10,000, but larger pages only cost memory."""

LARGEST_PAGE_BYTES = 2_500_000
"""Expected size of a page, in bytes, above which the next one has fewer rows: an update's memory is
mainly that of its pages, and rows with many attributes or Groups are large."""

QUICK_PAGE_S = 10.0
"""Maximum seconds of a page after which the next one may be larger."""

Answer = TypeVar('Answer')


class Sized(Protocol):
    """A page whose rows have a size."""

    @property
    def row_bytes(self) -> int:
        """Mean size of a row, in bytes; 0 if it is not known."""
        ...


SizedPage = TypeVar('SizedPage', bound=Sized | None)

_log = EventLog(__name__)


class Retrier:
    """Retries calls that may succeed later, with the waits of the retry policy.

    Args:
        clock: the clock.
        stop: interrupts the waits.
        troubles: records each failed attempt, and each response.
        facts: further facts for the log.
    """

    def __init__(self, clock: Clock, stop: Stop, troubles: Troubles, **facts: object) -> None:
        self._clock = clock
        self._stop = stop
        self._troubles = troubles
        self._facts = facts
        self._attempts = 0

    def call(self, call: Callable[[], Answer], *, attempts: int | None = None) -> Answer:
        """Return the result of `call`, after at most `attempts` attempts.

        Raises:
            RetryableError: the error of the last attempt.
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

    def call_sized(self, call: Callable[[int], SizedPage], size: int) -> tuple[SizedPage, int]:
        """Return the page that `call` gets for a page size, and the size for the next page.

        A page that times out is requested again with half the size; a quick one doubles the next,
        as long as it stays below `LARGEST_PAGE_BYTES` with rows of this size.

        Raises:
            RetryableError: the error of the last attempt.
            Cancelled: `stop` was set.
        """
        is_quick = True
        while True:
            began = self._clock.monotonic()
            try:
                page = call(size)
                break
            except RetryableError as error:
                is_quick = False
                if isinstance(error, ReadTimeoutError):
                    size = max(1, size // 2)
                self.wait(error)
        self._troubles.answered(System.THREATCONNECT)
        is_quick = is_quick and self._clock.monotonic() - began < QUICK_PAGE_S
        next_size = min(size * 2, LARGEST_PAGE_SIZE) if is_quick else size
        row_bytes = 0 if page is None else page.row_bytes
        return page, min(next_size, max(1, LARGEST_PAGE_BYTES // max(1, row_bytes)))

    def wait(self, error: RetryableError) -> None:
        """Wait before the next attempt.

        Raises:
            RetryableError: `error`, if it was the last attempt.
            Cancelled: `stop` was set.
        """
        self._attempts += 1
        seconds = next_wait_s(error, self._attempts, READ_POLICY, random.random)
        self._failed(error, seconds or 0.0)
        if seconds is None:
            raise error
        _log.warning(
            'read-retried',
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
