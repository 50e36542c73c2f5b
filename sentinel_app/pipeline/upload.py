"""Upload stage: sends the chosen objects to Sentinel in batches and stores the results."""

from __future__ import annotations

import datetime as dt
import random
import threading
from collections import deque
from collections.abc import Mapping, Sequence

from sentinel_app.core.clock import Clock, Stop
from sentinel_app.core.description import web_link_of
from sentinel_app.core.error_entry import ErrorEntry
from sentinel_app.core.job import Stage, Update
from sentinel_app.core.ledger_row import TYPE_OF_KIND
from sentinel_app.core.outbox import Batch, OutboxObject, Settlement
from sentinel_app.core.retry import DEFAULT_RETRY_AFTER_S, UPLOAD_POLICY, next_wait_s
from sentinel_app.core.sink import Sink
from sentinel_app.core.trouble import System
from sentinel_app.core.upload_limits import MAX_OBJECTS, halves
from sentinel_app.errors import (
    BatchRefusedError,
    BatchTooLargeError,
    BatchUnclearError,
    Cancelled,
    FatalError,
    RetryableError,
    SentinelAppError,
    ThrottledError,
    TokenError,
    UnauthorizedError,
    UploadServerError,
)
from sentinel_app.log import EventLog
from sentinel_app.pipeline.fault_limit import FaultLimit
from sentinel_app.pipeline.rate_limiter import Permit, RateLimiter
from sentinel_app.pipeline.trouble import Troubles
from sentinel_app.pipeline.wakeup import Wakeups
from sentinel_app.storage.error_log import ErrorLog
from sentinel_app.storage.update_store import UpdateStore

OBJECT_REFUSED = 'Sentinel refused this object. See Error Reason.'
WITHDRAWAL_REFUSED = (
    'Sentinel refused to mark this object as revoked, so it stays active until it expires. See '
    'Error Reason.'
)

HOPELESS_OBJECTS = 8
"""Number of single-object refusals after which the request itself must be at fault."""

FAULT_PAUSE_S = 1.0
"""Seconds before a batch is released after an unexpected exception, so that no other thread claims
it immediately."""

LONGEST_LATE_S = 180.0
"""Maximum wait of the next batch for a request with abandoned objects; each ends sooner."""

_log = EventLog(__name__)


class Upload:
    """Sends one batch at a time for each thread that calls `step`.

    A batch is claimed, with the time of its request, before it is sent, and settled after the
    response. After a crash in between it is sent again, so nothing is lost.
    """

    def __init__(
        self,
        *,
        sink: Sink,
        store: UpdateStore,
        errors: ErrorLog,
        faults: FaultLimit,
        limiter: RateLimiter,
        clock: Clock,
        troubles: Troubles,
        wakeups: Wakeups,
    ) -> None:
        self._sink = sink
        self._store = store
        self._errors = errors
        self._faults = faults
        self._limiter = limiter
        self._clock = clock
        self._troubles = troubles
        self._wakeups = wakeups
        self._to_release: deque[tuple[Batch, bool]] = deque()
        """Batches to release, each with whether Sentinel may have it."""
        self._giving_back = threading.Lock()
        self._late_since: float | None = None
        """Start of the wait for a request with abandoned objects."""

    def step(self, update: Update, stop: Stop) -> bool:
        """Send the next batch until it is settled, with as many requests as that takes.

        Returns:
            False if there is nothing to send now.

        Raises:
            Cancelled: `stop` was set; the batch is released.
            StorageError: a response could not be stored; the batch is sent again.
        """
        with self._troubles.step():
            return self._step(update, stop)

    def _step(self, update: Update, stop: Stop) -> bool:
        with self._faults.stage(Stage.UPLOAD, update, lambda: self._first_open(update)):
            self._give_back()
            self._bound_lateness()
            if not self._store.batches.is_ready(update.id, size=MAX_OBJECTS):
                return False
            try:
                # The token first, as the rate limiter must not count the time that fetching one
                # takes.
                self._prepare(stop)
            except (FatalError, RetryableError) as error:
                self._stop(update, None, error)
                return True
            claimed = self._claim(update, stop)
        if claimed is None:
            return False
        batch, permit = claimed
        try:
            with self._faults.stage(Stage.UPLOAD, update, lambda: batch.request_ids):
                self._deliver(update, batch, permit, stop)
        except BaseException as error:
            if isinstance(error, Exception) and not isinstance(error, SentinelAppError):
                self._clock.wait(stop, FAULT_PAUSE_S)
            # Whatever the exception, Sentinel may have accepted the batch.
            self._to_release.append((batch, not isinstance(error, Cancelled)))
            self._give_back()
            raise
        # Convert waits while the outbox is full.
        self._wakeups.convert.notify()
        return True

    def _claim(self, update: Update, stop: Stop) -> tuple[Batch, Permit] | None:
        """Claim a batch once a request may be sent; None if another thread took the last one."""
        permit = self._acquire(stop)
        try:
            batch = self._store.batches.claim(
                update.id, size=MAX_OBJECTS, now=self._clock.now, waited_s=permit.waited_s
            )
        except BaseException:
            self._limiter.give_back(permit)
            raise
        if batch is None:
            self._limiter.give_back(permit)
            return None
        return batch, permit

    def _prepare(self, stop: Stop) -> None:
        attempts = 0
        while True:
            try:
                self._sink.prepare()
            except RetryableError as error:
                attempts += 1
                self._after_failure(None, error, attempts, stop)
            else:
                self._troubles.answered(System.ENTRA)
                return

    def _acquire(self, stop: Stop) -> Permit:
        permit = self._limiter.acquire(stop)
        if permit is None:
            raise Cancelled('Sending was interrupted.')
        return permit

    def _deliver(self, update: Update, batch: Batch, permit: Permit, stop: Stop) -> None:
        try:
            self._send(batch, permit, stop)
        except (FatalError, RetryableError) as error:
            self._stop(update, batch, error)

    def _give_back(self) -> None:
        """Release batches; they stay listed until that is stored, for example on a full disk."""
        with self._giving_back:
            while self._to_release:
                batch, is_unacknowledged = self._to_release[0]
                self._store.batches.release(batch, is_unacknowledged=is_unacknowledged)
                self._to_release.popleft()

    def _bound_lateness(self) -> None:
        """Wait for requests with abandoned objects, but not for one that never ends."""
        now, since = self._clock.monotonic(), self._late_since
        if not self._store.batches.is_late_under_way:
            self._late_since = None
        elif since is None:
            self._late_since = now
        elif now - since > LONGEST_LATE_S:
            self._store.batches.forget_late()

    def _first_open(self, update: Update) -> tuple[str, ...]:
        """Return the Job whose objects come next: most likely an unclaimable object is its own."""
        found = self._store.progress(update.id)
        return next(((item.request_id,) for item in found if item.open and not item.is_stopped), ())

    def _send(self, batch: Batch, permit: Permit | None, stop: Stop) -> int:
        """Send a batch, halving it if Sentinel refuses it; return the number of accepted ones."""
        try:
            refusals = self._attempts(batch, permit, stop)
        except (BatchTooLargeError, BatchRefusedError) as error:
            is_unclear = isinstance(error, BatchUnclearError)
            self._store.batches.record_failure(batch, is_unacknowledged=is_unclear)
            if len(batch.objects) == 1:
                refusals = {0: (error.reason or error.message,)}
                self._settle(batch, refusals, error.code, requests=0)
                return 0
            accepted = sum(
                self._send(Batch(objects=tuple(half)), None, stop) for half in halves(batch.objects)
            )
            if not accepted and len(batch.objects) >= HOPELESS_OBJECTS:
                raise _hopeless(error) from error
            return accepted
        self._settle(batch, refusals, 'AZ-ITEM', requests=1)
        return len(batch.objects) - len(refusals)

    def _attempts(
        self, batch: Batch, permit: Permit | None, stop: Stop
    ) -> Mapping[int, tuple[str, ...]]:
        """Send until Sentinel has responded about the objects; return the refusals by position.

        Args:
            batch: the batch to send.
            permit: the permit of the first attempt, whose time is stored; None if there is none
                yet.
            stop: interrupts the waits.
        """
        attempts: dict[type[RetryableError], int] = {}
        texts = [item.text for item in batch.objects]
        while True:
            try:
                if permit is None:
                    permit = self._further_permit(batch, stop)
                self._limiter.begin(permit)
                reply = self._sink.send(texts)
            except RetryableError as error:
                self._record(batch, permit, error)
                permit = None
                kind = type(error)
                attempts[kind] = attempts.get(kind, 0) + 1
                self._after_failure(batch, error, attempts[kind], stop)
            except (BatchTooLargeError, BatchRefusedError):
                # The caller, which halves the batch, counts the request.
                self._answered(permit)
                self._troubles.answered(System.SENTINEL)
                raise
            except FatalError as error:
                self._record(batch, permit, error)
                raise
            else:
                self._answered(permit)
                self._troubles.answered(System.SENTINEL)
                _log.debug(
                    'batch-answered',
                    request_id=batch.request_ids[0],
                    count=len(texts),
                    refused=len(reply.refusals),
                    elapsed_s=self._clock.monotonic() - permit.started,
                )
                return reply.refusals

    def _further_permit(self, batch: Batch, stop: Stop) -> Permit:
        """Return a permit for a further request with a batch, after storing its time.

        Raises:
            Cancelled: all of it was abandoned meanwhile; another update may have newer versions.
        """
        self._sink.prepare()
        self._troubles.answered(System.ENTRA)
        permit = self._acquire(stop)
        try:
            begins = self._store.batches.begin_request(batch, now=self._clock.now)
        except BaseException:
            self._limiter.give_back(permit)
            raise
        if not begins:
            self._limiter.give_back(permit)
            raise Cancelled('The batch was abandoned while it was in flight.')
        return permit

    def _after_failure(
        self, batch: Batch | None, error: RetryableError, attempt: int, stop: Stop
    ) -> None:
        seconds = next_wait_s(error, attempt, UPLOAD_POLICY, random.random)
        self._record_trouble(error, seconds or 0.0)
        if seconds is None:
            raise error
        if isinstance(error, UnauthorizedError):
            self._sink.forget_token()
        _log.warning(
            'upload-retried',
            request_id=None if batch is None else batch.request_ids[0],
            code=error.code,
            reason=error.reason or error.message,
            attempt=attempt,
            wait_s=seconds,
        )
        if isinstance(error, ThrottledError):
            # The limit applies to the whole process, so every thread waits.
            self._limiter.block(seconds, reason=error.reason or error.message)
        elif self._clock.wait(stop, seconds):
            raise Cancelled('Sending was interrupted.')

    def _record_trouble(self, error: RetryableError, wait_s: float) -> None:
        if isinstance(error, (TokenError, UploadServerError)):
            system = System.ENTRA if isinstance(error, TokenError) else System.SENTINEL
            self._troubles.failed(Stage.UPLOAD, system, error, wait_s)
        else:
            # A 429 and a refused token are responses.
            self._troubles.answered(System.SENTINEL)

    def _answered(self, permit: Permit | None) -> None:
        if permit is not None:
            self._limiter.answered(permit)

    def _record(self, batch: Batch, permit: Permit | None, error: SentinelAppError) -> None:
        """Count a request that settled nothing, and the wait that Sentinel asked for."""
        if permit is None:
            return
        self._answered(permit)
        throttled_s = None
        if isinstance(error, ThrottledError):
            throttled_s = (
                DEFAULT_RETRY_AFTER_S if error.retry_after_s is None else error.retry_after_s
            )
        self._store.batches.record_failure(
            batch,
            throttled_s=throttled_s,
            is_unacknowledged=isinstance(error, UploadServerError),
        )

    def _settle(
        self,
        batch: Batch,
        refusals: Mapping[int, tuple[str, ...]],
        code: str,
        *,
        requests: int,
    ) -> None:
        now = self._clock.now()
        errors = [
            _refusal(batch.objects[index], code=code, reasons=reasons, at=now)
            for index, reasons in sorted(refusals.items())
        ]
        settlement = Settlement(batch=batch, refusals=refusals, errors=errors, requests=requests)
        if self._store.batches.settle(settlement, at=now):
            self._wakeups.schedule.notify()

    def _stop(self, update: Update, batch: Batch | None, error: SentinelAppError) -> None:
        """End the update, as all other batches would fail in the same way."""
        request_ids = [
            progress.request_id
            for progress in self._store.progress(update.id)
            if not (progress.is_settled or progress.is_stopped)
        ]
        now = self._clock.now()
        stopped = self._store.stop_jobs(request_ids, error)
        if batch is not None:
            self._store.batches.release(batch)
        self._errors.add(
            [
                ErrorEntry(
                    request_id=request_id,
                    at=now,
                    code=error.code,
                    message=error.message,
                    reason=error.reason,
                )
                for request_id in stopped
            ]
        )
        self._wakeups.schedule.notify()
        _log.error(
            'upload-stopped',
            update_id=update.id,
            code=error.code,
            message=error.message,
            reason=error.reason,
        )


def _hopeless(error: SentinelAppError) -> FatalError:
    return FatalError(
        'Microsoft Sentinel refuses each request whole, even with one object. Check the inputs '
        'Sentinel Source Name and Sentinel Workspace ID; the update stops, the next one tries '
        'again.',
        code=error.code,
        reason=error.reason,
    )


def _refusal(
    item: OutboxObject, *, code: str, reasons: Sequence[str], at: dt.datetime
) -> ErrorEntry:
    return ErrorEntry(
        request_id=item.request_id,
        at=at,
        code=code,
        message=WITHDRAWAL_REFUSED if item.is_withdrawal else OBJECT_REFUSED,
        reason=' '.join(reasons),
        indicator_id=item.indicator_id,
        indicator_type=TYPE_OF_KIND[item.kind],
        summary=item.summary,
        owner_name=item.owner_name,
        web_link=web_link_of(item.text),
        object=item.object,
        is_withdrawal=item.is_withdrawal,
    )
