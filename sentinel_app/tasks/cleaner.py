"""The Cleaner: removes what is too old, and gives room on the disk back."""

from __future__ import annotations

import datetime as dt

from sentinel_app.core.metric import MetricStore
from sentinel_app.core.ports import Clock, Documents, ErrorLog, Stop, Upkeep
from sentinel_app.errors import Cancelled
from sentinel_app.log import EventLog
from sentinel_app.tasks.duty import Periodic

MOST_JOBS = 2_000

_MEGABYTE = 1_000_000

_log = EventLog(__name__)


class Cleaner(Periodic):
    """Cleans at the start and every so many seconds.

    Args:
        retention: how long Jobs, and figures by the hour, are kept after their end.
    """

    def __init__(
        self,
        *,
        documents: Documents,
        errors: ErrorLog,
        metrics: MetricStore,
        upkeep: Upkeep,
        clock: Clock,
        retention: dt.timedelta,
        period_s: float,
    ) -> None:
        super().__init__(clock=clock, period_s=period_s)
        self._documents = documents
        self._errors = errors
        self._metrics = metrics
        self._upkeep = upkeep
        self._retention = retention
        self._outcome = ''

    def outcome(self, steps: int) -> str:  # noqa: ARG002 - one cleaning is one step
        """Say what was removed."""
        return self._outcome

    def _perform(self, stop: Stop) -> bool:
        before = self._clock.now() - self._retention
        jobs = len(self._documents.remove_old(before=before, keep=MOST_JOBS))
        self._remove_errors(stop)
        hours = self._metrics.remove_before(before)
        files = self._upkeep.remove_set_aside()
        freed_bytes = self._upkeep.compact(stop, may_shrink=not self._documents.open_updates())
        self._outcome = _outcome(jobs, files, freed_bytes)
        _log.info('cleaned', jobs=jobs, hours=hours, files=files, freed_bytes=freed_bytes)
        return True

    def _remove_errors(self, stop: Stop) -> None:
        """Remove the errors of Jobs that are gone, also by a cleaning that was interrupted.

        A Job is stored before its first error, so whose errors are there and who is not, is gone.
        """
        for request_id in self._errors.request_ids():
            if stop.is_set():
                raise Cancelled('Cleaning was interrupted.')
            if self._documents.job(request_id) is None:
                self._errors.remove([request_id])


def _outcome(jobs: int, files: int, freed_bytes: int) -> str:
    parts = [
        f'{count:,} {word}{"" if count == 1 else "s"}'
        for count, word in ((jobs, 'request'), (files, 'old file'))
        if count
    ]
    words = [f'removed {" and ".join(parts)}'] if parts else []
    if freed_bytes >= _MEGABYTE:
        words.append(f'gave {freed_bytes // _MEGABYTE:,} MB back')
    return ', '.join(words) or 'nothing had to be removed'
