"""Ends in words what meets, again and again, an exception that nobody foresaw."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from sentinel_app.core.clock import Clock, Stop
from sentinel_app.core.error_entry import ErrorEntry
from sentinel_app.core.job import Stage, Update
from sentinel_app.core.scope import Scope
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
"""How often a piece of work may meet such an exception before it is given up."""

ABANDONED_AT: Final = 20
"""Where so many are met although a Job was ended, the whole update is: more than the attempts and
all threads that send may meet at once."""

WAITED_FOR: Final = (Cancelled, RetryableError, StorageError)
"""These are no faults of the program: they pass by themselves, however long that takes.

Damage of a database is none of them: it lasts until the Service is started again.
"""

Blamed = Callable[[], Sequence[str]]
"""Returns the Request IDs of the Jobs that a step works on."""
GiveUp = Callable[[Exception, int], None]
"""Is told the exception, and how many there have been."""
Step = Callable[[Update, Stop], bool]

_log = EventLog(__name__)


class FaultLimit:
    """Counts unforeseen exceptions and gives up what they are met at.

    Nothing is swallowed: each exception goes on to the worker, which logs it and rests. What must
    never happen is that one poisonous answer, row or stored value is tried for ever, for then no
    other update would run.
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
        """Return a stage's step that is watched.

        Args:
            stage: whose step it is.
            step: one piece of the stage's work.
            working_on: gives the Jobs that the stage is at, of an update.
        """

        def watched(update: Update, stop: Stop) -> bool:
            with self.stage(stage, update, lambda: working_on(update.id)):
                return step(update, stop)

        return watched

    @contextmanager
    def stage(self, stage: Stage, update: Update, blamed: Blamed) -> Iterator[None]:
        """Watch a step of a stage; the Jobs that it works on end when the limit is reached."""
        try:
            yield
        except Exception as error:
            if not _passes(error):
                self._met(stage, update, blamed, error)
            raise

    @contextmanager
    def watch(self, name: str, give_up: GiveUp, *, attempts: int = ATTEMPTS) -> Iterator[None]:
        """Watch other work; `give_up` is called each time once the limit is reached."""
        try:
            yield
        except Exception as error:
            if not _passes(error) and (count := self._count(name)) >= attempts:
                give_up(error, count)
            raise

    def abandoned(self, update_id: str) -> UnforeseenError | None:
        """Return why an update has to be ended although its Jobs cannot be; None if it need not."""
        if self._abandoned is None or self._abandoned[0] != update_id:
            return None
        return self._abandoned[1]

    def abandon(self, update_id: str, where: str, error: Exception) -> None:
        """Let an update be ended without regard to how its Jobs stand."""
        if self.abandoned(update_id) is not None:
            return
        fault = unforeseen(where, error)
        self._abandoned = update_id, fault
        _log.exception('update-given-up', error, update_id=update_id, code=fault.code)

    def forget(self) -> None:
        """Begin anew: the update that ran has ended."""
        with self._lock:
            self._counts.clear()
            self._recorded.clear()

    def end_jobs(self, where: str, request_ids: Sequence[str], error: Exception) -> None:
        """Stop Jobs: what is open ends as failed, and REPORTS tells why."""
        fault = unforeseen(where, error)
        self._store.stop_jobs(request_ids, fault)
        if new := self._record(request_ids, fault):
            _log.exception(
                'job-given-up', error, request_ids=' '.join(new), where=where, code=fault.code
            )

    def record(self, request_id: str, fault: UnforeseenError) -> None:
        """Enter the fault of a Job in REPORTS, once."""
        self._record([request_id], fault)

    def _record(self, request_ids: Sequence[str], fault: UnforeseenError) -> Sequence[str]:
        """Enter the fault in REPORTS; return the Jobs that had none there."""
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
                self._give_up_part(part, update, error)
            return
        counts = {item: self._count(f'{stage} {item}') for item in request_ids}
        if max(counts.values()) >= ABANDONED_AT:
            self.abandon(update.id, where, error)
        elif ended := [item for item, count in counts.items() if count >= ATTEMPTS]:
            self.end_jobs(where, ended, error)
            if stage is Stage.CONVERT:
                # It is Convert's own step that has ended, so no page is being converted.
                self._store.drop_pages()

    def _place(
        self, stage: Stage, update: Update, blamed: Blamed
    ) -> tuple[str | None, Sequence[str]]:
        """Return what it was met at: a part of the update's own work, or Jobs."""
        try:
            if stage is Stage.DOWNLOAD and not self._orphans.is_searched(update.id):
                return 'search', ()
            request_ids = tuple(blamed())
        except Exception as error:  # noqa: BLE001 - what cannot be told is blamed on all
            _log.exception('fault-not-placed', error, update_id=update.id, stage=stage)
            return None, update.request_ids
        if stage is Stage.CONVERT and not request_ids:
            if update.scope is Scope.WITHDRAW:
                # It is all that the update is for, and no other one makes up for it.
                return None, update.request_ids
            return 'closing', ()
        return None, request_ids or update.request_ids

    def _give_up_part(self, part: str, update: Update, error: Exception) -> None:
        """Withdraw nothing by this update; the next one searches again from the same time on."""
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
        _log.exception('withdrawal-given-up', error, update_id=update.id, code=fault.code)


def _passes(error: Exception) -> bool:
    return isinstance(error, WAITED_FOR) and not isinstance(error, DamagedError)


def unforeseen(where: str, error: Exception) -> UnforeseenError:
    """Return in words what was met, and what to do; an exception's own text may hold anything."""
    if isinstance(error, DamagedError):
        return UnforeseenError(f'{where} could not go on with this request. {error.message}')
    return UnforeseenError(
        f'{where} met an unexpected {type(error).__name__} {ATTEMPTS} times at this request, so '
        'the request was ended. The next update takes up what is missing; for what a person chose '
        'to send or withdraw, use Retry in JOBS. The log has the details; send them to the support '
        'of the App.'
    )
