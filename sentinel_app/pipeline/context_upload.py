"""Sending of context objects, one batch at a time for each thread, after the Indicators."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from typing import Final

from sentinel_app.core.clock import Clock, Stop
from sentinel_app.core.context_outbox import OutgoingObject, RefusedObject
from sentinel_app.core.retry import UPLOAD_POLICY, next_wait_s
from sentinel_app.core.sink import Sink, UploadReply
from sentinel_app.core.upload_limits import MAX_OBJECTS
from sentinel_app.errors import (
    BatchRefusedError,
    BatchTooLargeError,
    BatchUnclearError,
    FatalError,
    RetryableError,
    SentinelAppError,
    ThrottledError,
    UnauthorizedError,
    UploadServerError,
)
from sentinel_app.log import EventLog
from sentinel_app.pipeline.rate_limiter import Permit, RateLimiter
from sentinel_app.pipeline.upload import HOPELESS_OBJECTS
from sentinel_app.storage.context_batches import ContextBatches

LONGEST_REST_S: Final = 900.0
"""Seconds until the next attempt once a person must act, or retries have come to nothing."""

_CHECK_S: Final = 1.0
"""Seconds between two looks at what Indicators leave of the limit."""

_log = EventLog(__name__)


class ContextUpload:
    """Sends batches of context objects.

    A batch that Sentinel refuses whole is released, and a smaller one is claimed, until the object
    that it refuses is alone.

    Args:
        sink: Sentinel.
        batches: the objects on their way.
        limiter: the rate limiter of all uploads.
        are_indicators_waiting: returns whether Indicators wait to be sent, which come first.
        clock: the clock.
    """

    def __init__(
        self,
        *,
        sink: Sink,
        batches: ContextBatches,
        limiter: RateLimiter,
        are_indicators_waiting: Callable[[], bool],
        clock: Clock,
    ) -> None:
        self._sink = sink
        self._batches = batches
        self._limiter = limiter
        self._are_indicators_waiting = are_indicators_waiting
        self._clock = clock
        self._lock = threading.Lock()
        self._size = MAX_OBJECTS
        self._refused_alone = 0
        """Objects in a row that were refused with their request."""
        self._failures: dict[type[SentinelAppError], int] = {}
        self._rests_until = 0.0
        self._error: SentinelAppError | None = None
        self._has_settled = False
        self._sent = 0
        """Objects that were answered since the last outcome."""

    def outcome(self) -> str:
        """Return what was sent since the last call, in words."""
        with self._lock:
            count, self._sent = self._sent, 0
        if not count:
            return 'went through everything and found nothing to send'
        return f'sent {count:,} object{"" if count == 1 else "s"}'

    @property
    def error(self) -> SentinelAppError | None:
        """What keeps context from being sent; None where nothing does."""
        return self._error

    @property
    def is_held_up(self) -> bool:
        """Whether Indicators wait, or sending rests after a failure."""
        return self._clock.monotonic() < self._rests_until or self._are_indicators_waiting()

    def rest_no_longer(self) -> None:
        """Try again at once."""
        with self._lock:
            self._rests_until = 0.0

    def has_settled(self) -> bool:
        """Return whether an answer was stored since the last call."""
        with self._lock:
            found, self._has_settled = self._has_settled, False
            return found

    def step(self, stop: Stop, *, may_be_short: bool) -> bool:
        """Send the next batch, if Indicators leave something of the limit.

        Args:
            stop: interrupts it.
            may_be_short: whether a batch that is not full is sent too, as no others are made now.

        Returns:
            False if nothing is sent now.

        Raises:
            StorageError: the response could not be stored; the batch is sent again.
        """
        least = 1 if may_be_short else self._size
        if stop.is_set() or self.is_held_up or not self._batches.is_ready(least):
            return False
        try:
            # The token first, as the rate limiter must not count the time that fetching one takes.
            self._sink.prepare()
        except (RetryableError, FatalError) as error:
            self._failed(error)
            return True
        permit = self._limiter.acquire_spare()
        if permit is None:
            return not self._clock.wait(stop, _CHECK_S)
        batch = self._claim(permit)
        if batch:
            self._deliver(batch, permit)
        return bool(batch)

    def _claim(self, permit: Permit) -> Sequence[OutgoingObject]:
        batch: Sequence[OutgoingObject] = ()
        try:
            batch = self._batches.claim(size=self._size, now=self._clock.now)
            return batch
        finally:
            if not batch:
                self._limiter.give_back(permit)

    def _deliver(self, batch: Sequence[OutgoingObject], permit: Permit) -> None:
        is_settled, is_unacknowledged = False, True
        try:
            reply = self._ask(batch, permit)
            refusals = {
                place: RefusedObject(code='AZ-ITEM', reasons=reasons)
                for place, reasons in reply.refusals.items()
            }
            self._settle(batch, refusals)
            is_settled = True
        except (BatchTooLargeError, BatchRefusedError) as error:
            is_unacknowledged = isinstance(error, BatchUnclearError)
            is_settled = self._refused(batch, error)
        except (RetryableError, FatalError) as error:
            is_unacknowledged = isinstance(error, UploadServerError)
            self._failed(error)
        finally:
            if not is_settled:
                self._batches.release(batch, is_unacknowledged=is_unacknowledged)

    def _ask(self, batch: Sequence[OutgoingObject], permit: Permit) -> UploadReply:
        self._limiter.begin(permit)
        try:
            return self._sink.send([item.text for item in batch])
        finally:
            self._limiter.answered(permit)

    def _settle(self, batch: Sequence[OutgoingObject], refusals: dict[int, RefusedObject]) -> None:
        self._batches.settle(batch, refusals, at=self._clock.now())
        with self._lock:
            self._size = min(MAX_OBJECTS, 2 * self._size)
            self._refused_alone = 0
            self._failures.clear()
            self._error, self._has_settled = None, True
            self._sent += len(batch)
        _log.debug('context-batch-answered', count=len(batch), refused=len(refusals))

    def _refused(self, batch: Sequence[OutgoingObject], error: SentinelAppError) -> bool:
        """Make batches smaller, or record the refusal of a single object; whether it is recorded.

        If one object after the other is refused with its request, the request itself is at fault.
        """
        with self._lock:
            self._size = max(1, len(batch) // 2)
            if len(batch) > 1:
                return False
            self._refused_alone += 1
            is_hopeless = self._refused_alone >= HOPELESS_OBJECTS
        if is_hopeless:
            self._rest(error, LONGEST_REST_S)
            return False
        reasons = (error.reason or error.message,)
        refusal = RefusedObject(code=error.code, reasons=reasons)
        is_unclear = isinstance(error, BatchUnclearError)
        self._batches.settle(batch, {0: refusal}, at=self._clock.now(), is_unclear=is_unclear)
        with self._lock:
            self._has_settled = True
        return True

    def _failed(self, error: SentinelAppError) -> None:
        with self._lock:
            attempt = self._failures[type(error)] = self._failures.get(type(error), 0) + 1
        seconds = next_wait_s(error, attempt, UPLOAD_POLICY, random.random)
        if isinstance(error, UnauthorizedError):
            self._sink.forget_token()
        if isinstance(error, ThrottledError) and seconds is not None:
            # The limit applies to the whole process.
            self._limiter.block(seconds, reason=error.reason or error.message)
        else:
            self._rest(error, LONGEST_REST_S if seconds is None else seconds)

    def _rest(self, error: SentinelAppError, seconds: float) -> None:
        with self._lock:
            self._error = error
            self._rests_until = max(self._rests_until, self._clock.monotonic() + seconds)
        _log.warning(
            'context-rests', code=error.code, reason=error.reason or error.message, wait_s=seconds
        )
