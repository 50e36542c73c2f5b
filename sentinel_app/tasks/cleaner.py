"""The Cleaner: removes what is too old, and frees room on the disk."""

from __future__ import annotations

import datetime as dt
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Protocol

from sentinel_app.core.clock import Clock, Stop
from sentinel_app.errors import Cancelled
from sentinel_app.log import EventLog
from sentinel_app.storage.app_state.store import AppState
from sentinel_app.storage.context_store import ContextStore
from sentinel_app.storage.error_log import ErrorLog
from sentinel_app.storage.matches import Matches
from sentinel_app.storage.metrics import MetricStore
from sentinel_app.storage.update_store import UpdateStore

MOST_JOBS = 5_000
"""Jobs are in a file that each change of a Job writes as a whole."""

_MEGABYTE = 1_000_000

_log = EventLog(__name__)


@dataclass(slots=True)
class _Cleaning:
    """What one cleaning has removed so far."""

    jobs: int = 0
    hours: int = 0
    matches: int = 0
    files: int = 0
    freed_bytes: int = 0


class Upkeep(Protocol):
    """Keeps what the stores leave on the disk small."""

    def remove_set_aside(self) -> int:
        """Remove all but the newest files that were set aside, and return their number."""
        ...

    def compact(self, stop: Stop, *, may_shrink: bool) -> int:
        """Make room on the disk, the databases' own files included; return the bytes.

        Args:
            stop: ends it at the next safe point.
            may_shrink: also free room that a running update would soon use again.
        """
        ...


class Cleaner:
    """Removes what is too old from the stores.

    Args:
        retention: how long Jobs, matches, and figures by the hour are kept after their end.
    """

    def __init__(
        self,
        *,
        app_state: AppState,
        errors: ErrorLog,
        metrics: MetricStore,
        matches: Matches,
        context: ContextStore,
        store: UpdateStore,
        upkeep: Upkeep,
        clock: Clock,
        retention: dt.timedelta,
    ) -> None:
        self._app_state = app_state
        self._errors = errors
        self._metrics = metrics
        self._matches = matches
        self._context = context
        self._store = store
        self._upkeep = upkeep
        self._clock = clock
        self._retention = retention
        self._outcome = ''

    @property
    def outcome(self) -> str:
        """What the last cleaning removed, in words."""
        return self._outcome

    def clean(self, stop: Stop) -> bool:
        """Remove everything that is too old.

        Raises:
            Cancelled: it was interrupted.
        """
        before = self._clock.now() - self._retention
        done = _Cleaning()
        # Run from the last to the first, each whatever another one raises: one thing that cannot be
        # removed must not keep everything else on the disk.
        with ExitStack() as stack:
            stack.callback(self._compact, stop, done)
            stack.callback(self._remove_files, done)
            stack.callback(self._remove_hours, before, done)
            stack.callback(self._remove_matches, before, done)
            stack.callback(self._remove_errors, stop)
            stack.callback(self._remove_accounts)
            stack.callback(self._store.forget_jobs)
            stack.callback(self._remove_jobs, before, done)
        self._outcome = _outcome(done)
        _log.info(
            'cleaned',
            jobs=done.jobs,
            hours=done.hours,
            matches=done.matches,
            files=done.files,
            freed_bytes=done.freed_bytes,
        )
        return True

    def _remove_jobs(self, before: dt.datetime, done: _Cleaning) -> None:
        done.jobs = len(self._app_state.remove_old(before=before, keep=MOST_JOBS))

    def _remove_errors(self, stop: Stop) -> None:
        """Remove the errors of Jobs that are gone, also by a cleaning that was interrupted."""
        with ExitStack() as stack:
            for request_id in self._errors.request_ids():
                stack.callback(self._remove_errors_of, request_id, stop)

    def _remove_errors_of(self, request_id: str, stop: Stop) -> None:
        """Remove the errors of a Job that is gone.

        A Job is stored before its first error, so whose errors are there and who is not, is gone.
        """
        if stop.is_set():
            raise Cancelled('Cleaning was interrupted.')
        if self._app_state.job(request_id) is None:
            self._errors.remove([request_id])

    def _remove_accounts(self) -> None:
        """Remove what Jobs that are gone have called for of the context."""
        self._context.forget_accounts(lambda request_id: self._app_state.job(request_id) is None)

    def _remove_hours(self, before: dt.datetime, done: _Cleaning) -> None:
        done.hours = self._metrics.remove_before(before)

    def _remove_matches(self, before: dt.datetime, done: _Cleaning) -> None:
        done.matches = self._matches.remove_before(before)

    def _remove_files(self, done: _Cleaning) -> None:
        done.files = self._upkeep.remove_set_aside()

    def _compact(self, stop: Stop, done: _Cleaning) -> None:
        may_shrink = not self._app_state.open_updates()
        done.freed_bytes = self._upkeep.compact(stop, may_shrink=may_shrink)


def _outcome(done: _Cleaning) -> str:
    parts = [
        f'{count:,} {word}{"" if count == 1 else "s"}'
        for count, word in ((done.jobs, 'request'), (done.files, 'old file'))
        if count
    ]
    words = [f'removed {" and ".join(parts)}'] if parts else []
    if done.freed_bytes >= _MEGABYTE:
        words.append(f'gave {done.freed_bytes // _MEGABYTE:,} MB back')
    return ', '.join(words) or 'nothing had to be removed'
