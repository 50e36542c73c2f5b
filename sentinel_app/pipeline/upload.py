"""Upload: sends the chosen objects to Sentinel in batches and stores what became of each."""

from __future__ import annotations

import datetime as dt
import random
import threading
from collections import deque
from collections.abc import Mapping, Sequence

from sentinel_app.core.clock import Clock, Stop
from sentinel_app.core.error_entry import ErrorEntry
from sentinel_app.core.job import Stage, Update
from sentinel_app.core.ports import ProgressStore, WorkStore
from sentinel_app.core.retry import DEFAULT_TOLD_S, UPLOAD_POLICY, next_wait_s
from sentinel_app.core.sink import Sink
from sentinel_app.core.upload_limits import MAX_OBJECTS, halves
from sentinel_app.core.work import Batch, ChosenObject, Settlement
from sentinel_app.errors import (
    BatchRefusedError,
    BatchTooLargeError,
    Cancelled,
    FatalError,
    RetryableError,
    SentinelAppError,
    ThrottledError,
    UnauthorizedError,
    UploadServerError,
)
from sentinel_app.log import EventLog
from sentinel_app.pipeline.fault_limit import FaultLimit
from sentinel_app.pipeline.rate_limiter import Permit, RateLimiter
from sentinel_app.pipeline.wakeup import Wakeup
from sentinel_app.storage.error_log import ErrorLog

OBJECT_REFUSED = 'Microsoft Sentinel refused this object; the reason is its own words.'

HOPELESS_OBJECTS = 8
"""Where so many objects are refused one by one, it is not the objects that are at fault."""

FAULT_PAUSE_S = 1.0
"""How long a batch that met an unforeseen exception stays where it is: the other threads would take
it up at once."""

_log = EventLog(__name__)


class Upload:
    """Sends one batch at a time for each thread that calls `step`.

    The objects of a batch are marked in flight before the request and settled after the answer, so
    a crash between the two sends the batch again and leaves nothing out.
    """

    def __init__(
        self,
        *,
        sink: Sink,
        work: WorkStore,
        progress: ProgressStore,
        errors: ErrorLog,
        faults: FaultLimit,
        limiter: RateLimiter,
        clock: Clock,
        wakeup: Wakeup,
    ) -> None:
        self._sink = sink
        self._work = work
        self._progress = progress
        self._errors = errors
        self._faults = faults
        self._limiter = limiter
        self._clock = clock
        self._wakeup = wakeup
        self._owed: deque[tuple[Batch, bool]] = deque()
        """Batches to be made to wait again, and whether Sentinel may have them."""
        self._giving_back = threading.Lock()

    def step(self, update: Update, stop: Stop) -> bool:
        """Send the next batch until it is settled, whatever that takes.

        Returns:
            False when there is nothing to send now.

        Raises:
            Cancelled: `stop` was set; the batch waits again.
            StorageError: an answer could not be stored; the batch is sent again.
        """
        with self._faults.stage(Stage.UPLOAD, update, lambda: self._first_open(update)):
            self._give_back()
            batch = self._work.claim_batch(update.id, size=MAX_OBJECTS, at=self._clock.now())
        if batch is None:
            return False
        try:
            with self._faults.stage(Stage.UPLOAD, update, lambda: batch.request_ids):
                self._deliver(update, batch, stop)
        except BaseException as error:
            if isinstance(error, Exception) and not isinstance(error, SentinelAppError):
                self._clock.wait(stop, FAULT_PAUSE_S)
            # Whatever came in between, Sentinel may have taken the batch all the same.
            self._owed.append((batch, not isinstance(error, Cancelled)))
            self._give_back()
            raise
        self._wakeup.notify()
        return True

    def _deliver(self, update: Update, batch: Batch, stop: Stop) -> None:
        try:
            self._send(batch, stop)
        except (FatalError, RetryableError) as error:
            self._stop(update, batch, error)

    def _give_back(self) -> None:
        """Make batches wait again; they stay owed until that is stored, on a full disk say."""
        with self._giving_back:
            while self._owed:
                batch, is_doubtful = self._owed[0]
                self._work.release(batch, is_doubtful=is_doubtful)
                self._owed.popleft()

    def _first_open(self, update: Update) -> tuple[str, ...]:
        """Return the Job whose objects come next: what cannot be taken is most likely one's."""
        found = self._progress.progress(update.id)
        return next(
            ((item.request_id,) for item in found if item.open_treatments and not item.is_stopped),
            (),
        )

    def _send(self, batch: Batch, stop: Stop) -> int:
        """Send a batch, in halves where Sentinel refuses it whole; give how many were accepted."""
        try:
            refusals, code = self._attempts(batch, stop), 'AZ-ITEM'
        except (BatchTooLargeError, BatchRefusedError) as error:
            if len(batch.objects) > 1:
                accepted = sum(
                    self._send(Batch(objects=tuple(half)), stop) for half in halves(batch.objects)
                )
                if not accepted and len(batch.objects) >= HOPELESS_OBJECTS:
                    raise _hopeless(error) from error
                return accepted
            refusals, code = {0: (error.reason or error.message,)}, error.code
        self._settle(batch, refusals, code)
        return len(batch.objects) - len(refusals)

    def _attempts(self, batch: Batch, stop: Stop) -> Mapping[int, tuple[str, ...]]:
        """Send until Sentinel has answered about the objects; give the refusals by position."""
        attempts: dict[type[RetryableError], int] = {}
        bodies = [chosen.body or '' for chosen in batch.objects]
        while True:
            permit = None
            try:
                # The token first: fetching one takes time that the limit must not count.
                self._sink.prepare()
                permit = self._limiter.acquire(stop)
                if permit is None:
                    raise Cancelled('Sending was interrupted.')
                reply = self._sink.send(bodies)
            except RetryableError as error:
                self._note(batch, permit, error)
                kind = type(error)
                attempts[kind] = attempts.get(kind, 0) + 1
                self._after_failure(batch, error, attempts[kind], stop)
            except (BatchTooLargeError, BatchRefusedError, FatalError):
                self._note(batch, permit)
                raise
            else:
                self._note(batch, permit)
                _log.debug(
                    'batch-answered',
                    request_id=batch.request_ids[0],
                    count=len(bodies),
                    refused=len(reply.refusals),
                    elapsed_s=self._clock.monotonic() - permit.started,
                )
                return reply.refusals

    def _after_failure(self, batch: Batch, error: RetryableError, attempt: int, stop: Stop) -> None:
        seconds = next_wait_s(error, attempt, UPLOAD_POLICY, random.random)
        if seconds is None:
            raise error
        if isinstance(error, UnauthorizedError):
            self._sink.forget_token()
        _log.warning(
            'upload-repeated',
            request_id=batch.request_ids[0],
            code=error.code,
            reason=error.reason or error.message,
            attempt=attempt,
            wait_s=seconds,
        )
        if isinstance(error, ThrottledError):
            # The limit is one for the whole process, so every thread waits.
            self._limiter.block(seconds, reason=error.reason or error.message)
        elif self._clock.wait(stop, seconds):
            raise Cancelled('Sending was interrupted.')

    def _note(
        self, batch: Batch, permit: Permit | None, error: RetryableError | None = None
    ) -> None:
        """Count a request that went out, and how long Sentinel asked to wait where it did."""
        if permit is None:
            return
        self._limiter.answered(permit)
        throttled_s = None
        if isinstance(error, ThrottledError):
            throttled_s = DEFAULT_TOLD_S if error.retry_after_s is None else error.retry_after_s
        is_answered = not isinstance(error, UploadServerError)
        self._work.note_request(batch, throttled_s=throttled_s, is_answered=is_answered)

    def _settle(self, batch: Batch, refusals: Mapping[int, tuple[str, ...]], code: str) -> None:
        now = self._clock.now()
        errors = [
            _refusal(batch.objects[index], code=code, reasons=reasons, at=now)
            for index, reasons in sorted(refusals.items())
        ]
        self._work.settle(Settlement(batch=batch, refusals=refusals, errors=errors), at=now)

    def _stop(self, update: Update, batch: Batch, error: SentinelAppError) -> None:
        """End the update: what one batch met, the others would meet too."""
        request_ids = [
            progress.request_id
            for progress in self._progress.progress(update.id)
            if not (progress.is_settled or progress.is_stopped)
        ]
        now = self._clock.now()
        stopped = self._work.stop_jobs(request_ids, error)
        self._work.release(batch)
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
    chosen: ChosenObject, *, code: str, reasons: Sequence[str], at: dt.datetime
) -> ErrorEntry:
    return ErrorEntry(
        request_id=chosen.request_id,
        at=at,
        code=code,
        message=OBJECT_REFUSED,
        reason=' '.join(reasons),
        indicator_id=chosen.indicator_id,
        indicator_type=chosen.indicator_type,
        summary=chosen.summary,
        owner_name=chosen.owner_name,
        web_link=chosen.web_link,
    )
