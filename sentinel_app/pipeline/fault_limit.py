"""Limit of unexpected exceptions, after which the affected work is abandoned with a message."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from sentinel_app.core.clock import Clock, Stop
from sentinel_app.core.error_entry import ErrorEntry
from sentinel_app.core.job import Stage, Update
from sentinel_app.errors import (
    Cancelled,
    DamagedError,
    RetryableError,
    StorageError,
    UnforeseenError,
)
from sentinel_app.log import EventLog
from sentinel_app.storage.error_log import ErrorLog
from sentinel_app.storage.orphans import Orphans
from sentinel_app.storage.update_store import UpdateStore

ATTEMPTS: Final = 3
"""Maximum unexpected exceptions of a piece of work before it is abandoned."""

ABANDONED_AT: Final = 20
"""Number of exceptions, despite ended Jobs, at which the whole update is abandoned: more than all
sending threads can raise at once within their attempts."""

WAITED_FOR: Final = (Cancelled, RetryableError, StorageError)
"""Errors that do not count, as they are not program faults and pass by themselves.

A damaged database does count: the damage lasts until the Service is restarted.
"""

Blamed = Callable[[], Sequence[str]]
"""Returns the Request IDs of the Jobs that a step works on."""
OnLimit = Callable[[Exception, int], None]
"""Called with the exception, and the number of exceptions so far."""
Step = Callable[[Update, Stop], bool]

_log = EventLog(__name__)


class FaultLimit:
    """Counts unexpected exceptions and abandons the work that raises them.

    No exception is swallowed: each is re-raised to the worker, which logs it and backs off. One
    poisonous response, row or stored value must not be retried for ever, as no other update could
    run.
    """

    def __init__(
        self,
        *,
        store: UpdateStore,
        errors: ErrorLog,
        orphans: Orphans,
        clock: Clock,
    ) -> None:
        self._store = store
        self._errors = errors
        self._orphans = orphans
        self._clock = clock
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._recorded: set[str] = set()
        self._abandoned: tuple[str, UnforeseenError] | None = None

    def guarded(self, stage: Stage, step: Step, working_on: Callable[[str], Sequence[str]]) -> Step:
        """Wrap a stage's step so that its exceptions are counted.

        Args:
            stage: the stage of the step.
            step: one piece of the stage's work.
            working_on: returns the Jobs of an update that the stage works on.
        """

        def watched(update: Update, stop: Stop) -> bool:
            with self.stage(stage, update, lambda: working_on(update.id)):
                return step(update, stop)

        return watched

    @contextmanager
    def stage(self, stage: Stage, update: Update, blamed: Blamed) -> Iterator[None]:
        """Count the exceptions of a stage's step; at the limit, end the Jobs that it works on."""
        try:
            yield
        except Exception as error:
            if not _passes(error):
                self._met(stage, update, blamed, error)
            raise

    @contextmanager
    def track(self, name: str, on_limit: OnLimit, *, attempts: int = ATTEMPTS) -> Iterator[None]:
        """Count the exceptions of other work; call `on_limit` for each from the limit on."""
        try:
            yield
        except Exception as error:
            if not _passes(error) and (count := self._count(name)) >= attempts:
                on_limit(error, count)
            raise

    def abandoned(self, update_id: str) -> UnforeseenError | None:
        """Return why an update must be ended without ending its Jobs; None if it need not."""
        if self._abandoned is None or self._abandoned[0] != update_id:
            return None
        return self._abandoned[1]

    def abandon(self, update_id: str, where: str, error: Exception) -> None:
        """Mark an update to be ended whatever the state of its Jobs."""
        if self.abandoned(update_id) is not None:
            return
        fault = unforeseen(where, error)
        self._abandoned = update_id, fault
        _log.exception('update-abandoned', error, update_id=update_id, code=fault.code)

    def forget(self) -> None:
        """Reset the counts, as the running update has ended."""
        with self._lock:
            self._counts.clear()
            self._recorded.clear()

    def end_jobs(self, where: str, request_ids: Sequence[str], error: Exception) -> None:
        """Stop Jobs: what is open ends as failed, and the fault is shown in REPORTS."""
        fault = unforeseen(where, error)
        self._store.stop_jobs(request_ids, fault)
        if new := self._record(request_ids, fault):
            _log.exception(
                'job-abandoned', error, request_ids=' '.join(new), where=where, code=fault.code
            )

    def record(self, request_id: str, fault: UnforeseenError) -> None:
        """Record the fault of a Job in REPORTS, once."""
        self._record([request_id], fault)

    def _record(self, request_ids: Sequence[str], fault: UnforeseenError) -> Sequence[str]:
        """Record the fault in REPORTS; return the Jobs for which it is new."""
        with self._lock:
            new = [item for item in request_ids if item not in self._recorded]
            self._recorded.update(new)
        now = self._clock.now()
        self._errors.add(
            [
                ErrorEntry(
                    request_id=request_id, at=now, code=fault.code, message=fault.message, reason=''
                )
                for request_id in new
            ]
        )
        return new

    def _count(self, name: str) -> int:
        with self._lock:
            self._counts[name] += 1
            return self._counts[name]

    def _met(self, stage: Stage, update: Update, blamed: Blamed, error: Exception) -> None:
        where = f'The Task {stage.title()}'
        part, request_ids = self._place(stage, update, blamed)
        if part is not None:
            if self._count(f'{part} {update.id}') >= ATTEMPTS:
                self._abandon_part(part, update, error)
            return
        counts = {item: self._count(f'{stage} {item}') for item in request_ids}
        if max(counts.values()) >= ABANDONED_AT:
            self.abandon(update.id, where, error)
        elif ended := [item for item, count in counts.items() if count >= ATTEMPTS]:
            self.end_jobs(where, ended, error)
            if stage is Stage.CONVERT:
                # Convert's own step has ended, so no page is being converted.
                self._store.drop_pages()

    def _place(
        self, stage: Stage, update: Update, blamed: Blamed
    ) -> tuple[str | None, Sequence[str]]:
        """Return where it was raised: a part of the update's own work, or Jobs."""
        try:
            if stage is Stage.DOWNLOAD and not self._orphans.is_searched(update.id):
                return 'search', ()
            request_ids = tuple(blamed())
        except Exception as error:  # noqa: BLE001 - if unknown, all Jobs are blamed
            _log.exception('fault-not-placed', error, update_id=update.id, stage=stage)
            return None, update.request_ids
        if stage is Stage.CONVERT and not request_ids:
            if update.scope.only_withdraws:
                # This part is the whole update, and no other update makes up for it.
                return None, update.request_ids
            return 'closing', ()
        return None, request_ids or update.request_ids

    def _abandon_part(self, part: str, update: Update, error: Exception) -> None:
        """Withdraw nothing in this update; the next one searches again from the same time."""
        fault = unforeseen('Finding out what is gone from ThreatConnect', error)
        warning = (
            'Not everything that is gone from ThreatConnect was withdrawn, because the App met an '
            f'unexpected {type(error).__name__} {ATTEMPTS} times. The next update tries again. The '
            'log has the details; send them to the support of the App if it stays. '
            f'({fault.code})'
        )
        if part == 'search':
            self._orphans.end_search(
                update.id, until=None, is_held_back=True, is_failed=True, warning=warning
            )
        else:
            self._orphans.close(update.id, held_back=0, warning=warning)
        _log.exception('withdrawal-abandoned', error, update_id=update.id, code=fault.code)


def _passes(error: Exception) -> bool:
    return isinstance(error, WAITED_FOR) and not isinstance(error, DamagedError)


def unforeseen(where: str, error: Exception) -> UnforeseenError:
    """Return an error with a message for people; an exception's own text may contain anything."""
    if isinstance(error, DamagedError):
        return UnforeseenError(f'{where} could not go on with this request. {error.message}')
    return UnforeseenError(
        f'{where} raised an unexpected {type(error).__name__} {ATTEMPTS} times at this request, so '
        'the request was ended. The next update takes up what is missing; for what a person chose '
        'to send or withdraw, use Retry in JOBS. The log has the details; send them to the support '
        'of the App.'
    )
