"""Start of a Job's reading: its window, its extra queries, and how much it will read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace

from sentinel_app.core.clock import Clock, Stop
from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.job import Job, Mode, Update
from sentinel_app.core.job_state import first_cursor
from sentinel_app.core.ledger_row import REFUSED_ATTEMPTS
from sentinel_app.core.object_id import ObjectKey
from sentinel_app.core.question import effective_question
from sentinel_app.core.scope import Scope, keys_of_values
from sentinel_app.core.source import Source
from sentinel_app.core.tql import ids_clauses, values_clauses
from sentinel_app.core.value import spellings
from sentinel_app.core.window import Cursor, Window, next_window, start_after
from sentinel_app.errors import RetryableError
from sentinel_app.log import EventLog
from sentinel_app.pipeline.orphan_search import OrphanSearch
from sentinel_app.pipeline.retrier import Retrier
from sentinel_app.pipeline.trouble import Troubles
from sentinel_app.pipeline.wakeup import Wakeups
from sentinel_app.storage.app_state.store import AppState
from sentinel_app.storage.update_store import UpdateStore

MEASURE_ATTEMPTS = 3
"""Maximum attempts to count: the count only serves the progress bar."""

_log = EventLog(__name__)


class ReadingStart:
    """Starts the readings of Jobs."""

    def __init__(
        self,
        *,
        source: Source,
        app_state: AppState,
        store: UpdateStore,
        orphans: OrphanSearch,
        clock: Clock,
        troubles: Troubles,
        wakeups: Wakeups,
    ) -> None:
        self._source = source
        self._app_state = app_state
        self._store = store
        self._orphans = orphans
        self._clock = clock
        self._troubles = troubles
        self._wakeups = wakeups

    def begin(self, update: Update, job: Job, stop: Stop, *, is_by_id: bool) -> None:
        """Store that a Job's reading begins, and with which queries.

        Args:
            update: the running update.
            job: the Job.
            stop: ends the wait for ThreatConnect.
            is_by_id: whether reading is by id; else by time ranges.
        """
        if job.scope is Scope.WHOLE:
            self._begin_whole(update, job, stop, is_by_id=is_by_id)
        else:
            self._begin_chosen(update, job, is_by_id=is_by_id)
        self._wakeups.schedule.notify()

    def _begin_whole(self, update: Update, job: Job, stop: Stop, *, is_by_id: bool) -> None:
        """Fix the window before the first page, so that nothing is lost between two updates."""
        cursor = self._app_state.cursor(job.query.id)
        first = None
        if cursor is None or cursor.selection != job.query.selection:
            # Stored before the first page: if this first Job fails, the next one must not begin at
            # a later update that succeeded for other queries.
            cursor = first = first_cursor(job, self._app_state.schedule(), self._clock.now())
        start_at = self._start_at(update, job, cursor)
        expected, server_now = self._measure(job, start_at, stop)
        # All Jobs of the update share one end: an Indicator that moves from one query to another
        # during the reading is in the next windows of both.
        ends = [each.window.end_at for each in self._app_state.jobs_of(update.id) if each.window]
        window = next_window(cursor_at=None, server_now=min([server_now, *ends]))
        if start_at is not None:
            window = replace(window, start_at=min(start_at, window.end_at))
        job = self._app_state.change_job(
            job.request_id,
            lambda stored: replace(stored, window=window),
            cursors=[] if first is None else [first],
        )
        self._store.readings.start(
            job.request_id,
            at=self._clock.now(),
            expected=expected,
            clauses=self._clauses(update, job),
            is_by_time=not is_by_id,
        )
        _log.info(
            'job-started',
            request_id=job.request_id,
            mode=job.mode,
            query=job.position + 1,
            expected=expected,
            since=window.start_at,
            by='id' if is_by_id else 'time',
        )

    def _begin_chosen(self, update: Update, job: Job, *, is_by_id: bool) -> None:
        """Begin to read what a person has chosen; there is no window, and no cursor moves."""
        self._store.readings.start(
            job.request_id,
            at=self._clock.now(),
            expected=None,
            clauses=self._chosen_clauses(update, job),
            is_by_time=not is_by_id,
            first_pass=1,
        )
        _log.info(
            'job-started',
            request_id=job.request_id,
            scope=job.scope,
            query=job.position + 1,
            asked=job.asked,
            by='id' if is_by_id else 'time',
        )

    def _chosen_clauses(self, update: Update, job: Job) -> tuple[str, ...]:
        """Return the clauses for all that a person has chosen, one pass each."""
        if job.scope is Scope.REFUSED:
            wanted = frozenset(update.indicator_ids)
            return ids_clauses(self._store.refusals.sendable(job.query.id, wanted))
        if job.scope is Scope.VERIFY:
            return ids_clauses(self._orphans.held_by(job.query.id, update.indicator_ids))
        keys = keys_of_values(update.values)
        known = self._orphans.known_copies(list(keys))
        values = [(key, key.value) for key in keys.values()]
        # Known copies are also read by id, as ThreatConnect may spell their values unpredictably.
        return (*_values_clauses(values), *ids_clauses(known))

    def _clauses(self, update: Update, job: Job) -> tuple[str, ...]:
        """Return the clauses of a delta's extra queries; other modes read everything."""
        if job.mode is not Mode.DELTA:
            return ()
        refusals = self._store.refusals
        refused = refusals.indicators(job.query.id, most_attempts=REFUSED_ATTEMPTS)
        sought = refusals.sought(self._store.marks.first(update.id))
        values = (*self._orphans.lost_values(update), *sought)
        return (*ids_clauses(refused), *_values_clauses(values))

    def _start_at(self, update: Update, job: Job, cursor: Cursor) -> dt.datetime | None:
        """Return the start of the window; None for a reading of everything."""
        if job.mode is not Mode.DELTA:
            return None
        if update.modified_after is not None:
            return update.modified_after.replace(microsecond=0)
        return start_after(cursor, self._clock.now())

    def _measure(
        self, job: Job, start_at: dt.datetime | None, stop: Stop
    ) -> tuple[int | None, dt.datetime]:
        """Return the number of Indicators to read, and ThreatConnect's own time."""
        # The end is unknown before the response; an end a day ahead omits nothing.
        end_at = self._clock.now() + dt.timedelta(days=1)
        question = effective_question(job.query, window=Window(start_at=start_at, end_at=end_at))
        try:
            return Retrier(self._clock, stop, self._troubles).call(
                lambda: self._source.count(question), attempts=MEASURE_ATTEMPTS
            )
        except RetryableError:
            # Counting can time out where a small page does not; the count only serves the progress
            # bar.
            page = Retrier(self._clock, stop, self._troubles).call(
                lambda: self._source.read_page(question, limit=1)
            )
            return None, page.server_at


def _values_clauses(values: Iterable[tuple[ObjectKey, str]]) -> tuple[str, ...]:
    """Return the clauses for values, each given by its key and one of its summaries."""
    hashes: list[str] = []
    summaries: list[str] = []
    for key, summary in values:
        if key.type is IndicatorType.FILE:
            hashes.append(key.value)
        else:
            # Other owners may spell the value differently.
            summaries += (summary, *spellings(key))
    return values_clauses(summaries, hashes)
