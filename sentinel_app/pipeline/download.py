"""Download stage: reads the matches of an update's TQL queries, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from sentinel_app.core.clock import Clock, Stop
from sentinel_app.core.error_entry import ErrorEntry
from sentinel_app.core.job import Job, Update
from sentinel_app.core.outbox import Page
from sentinel_app.core.progress import Position, Progress, Reading
from sentinel_app.core.question import Question, clause_ids, effective_question
from sentinel_app.core.row import Row, row_id
from sentinel_app.core.scope import Scope
from sentinel_app.core.source import Source
from sentinel_app.core.time_range import TimeRange
from sentinel_app.core.window import Window
from sentinel_app.errors import FatalError, RetryableError, SentinelAppError
from sentinel_app.log import EventLog
from sentinel_app.pipeline.bound import LEAST_BY_TIME, ReadingBound
from sentinel_app.pipeline.id_reader import IdReader
from sentinel_app.pipeline.orphan_search import OrphanSearch
from sentinel_app.pipeline.probe import Probe
from sentinel_app.pipeline.range_reader import RangeReader
from sentinel_app.pipeline.reading_start import MEASURE_ATTEMPTS, ReadingStart
from sentinel_app.pipeline.retrier import FIRST_PAGE_SIZE, Retrier
from sentinel_app.pipeline.trouble import Troubles
from sentinel_app.pipeline.wakeup import Wakeups
from sentinel_app.storage.app_state.store import AppState
from sentinel_app.storage.error_log import ErrorLog
from sentinel_app.storage.page_queue import EndOfReading
from sentinel_app.storage.update_store import UpdateStore

_log = EventLog(__name__)


class Download:
    """Reads for the Jobs of an update in order of precedence; each step is one page."""

    def __init__(
        self,
        *,
        source: Source,
        probe: Probe,
        app_state: AppState,
        store: UpdateStore,
        errors: ErrorLog,
        orphans: OrphanSearch,
        clock: Clock,
        troubles: Troubles,
        wakeups: Wakeups,
    ) -> None:
        self._source = source
        self._probe = probe
        self._start = ReadingStart(
            source=source,
            app_state=app_state,
            store=store,
            orphans=orphans,
            clock=clock,
            troubles=troubles,
            wakeups=wakeups,
        )
        self._ids = IdReader(source, probe)
        self._ranges = RangeReader(source)
        self._bound: tuple[object, ReadingBound] | None = None
        """Bound of the current pass."""
        self._app_state = app_state
        self._store = store
        self._errors = errors
        self._orphans = orphans
        self._clock = clock
        self._troubles = troubles
        self._wakeups = wakeups

    def step(self, update: Update, stop: Stop) -> bool:
        """Read one page of the highest query that is not completely read.

        Returns:
            False if there is nothing to read now.

        Raises:
            Cancelled: `stop` was set; pages read before are kept.
            StorageError: the start could not be stored; it is retried.
        """
        if not self._store.pages.has_room:
            return False
        with self._troubles.step():
            return self._step(update, stop)

    def _step(self, update: Update, stop: Stop) -> bool:
        if self._orphans.search(update, stop):
            return True
        for progress in self._store.progress(update.id):
            if progress.reading is Reading.WAITING:
                self._read(update, progress, None, stop)
                return True
            if progress.reading is Reading.READING:
                place = self._store.pages.place(
                    progress.request_id, partial(self._stored_place, update, progress.request_id)
                )
                if place is None:
                    # Convert decides whether there is another pass.
                    return False
                self._read(update, progress, place, stop)
                return True
        return False

    def _stored_place(self, update: Update, request_id: str) -> Position | None:
        """Return the position at which reading continues; None if it has ended meanwhile."""
        found = self._store.progress(update.id)
        return next(
            (
                item.place
                for item in found
                if item.request_id == request_id and item.reading is Reading.READING
            ),
            None,
        )

    def _read(self, update: Update, progress: Progress, place: Position | None, stop: Stop) -> None:
        request_id = progress.request_id
        try:
            job = self._stored(request_id)
            if job.is_withdrawal or job.scope.only_withdraws:
                self._read_nothing(request_id)
                return
            is_by_id = self._probe.is_by_id(update, stop)
            self._probe.verify(update, request_id, effective_question(job.query), stop)
            if place is None or (job.window is None and job.scope is Scope.WHOLE):
                self._start.begin(update, job, stop, is_by_id=is_by_id)
                return
            extra = self._store.readings.extra_query(request_id, place.number)
            clause = None if extra is None else extra.clause
            if clause is None and job.scope is not Scope.WHOLE:
                # There is nothing to read for this query.
                self._end(request_id, place, None)
                return
            if place.is_by_time:
                self._read_range(job, job.window, place, clause, stop)
            elif is_by_id:
                self._read_page(update, job, place, clause, stop)
            else:
                self._store.readings.restart_by_time(request_id)
        except (FatalError, RetryableError) as error:
            self._fail(request_id, error, place)

    def _stored(self, request_id: str) -> Job:
        job = self._app_state.job(request_id)
        if job is None:
            raise FatalError(f'The Job {request_id} is no longer stored.')
        return job

    def _read_nothing(self, request_id: str) -> None:
        """End the reading of a Job that only withdraws, without ThreatConnect."""
        now = self._clock.now()
        self._store.readings.start(request_id, at=now, expected=None)
        self._store.readings.end(request_id, at=now)
        self._wakeups.convert.notify()
        self._wakeups.schedule.notify()

    def _read_page(
        self, update: Update, job: Job, place: Position, clause: str | None, stop: Stop
    ) -> None:
        question = effective_question(
            job.query,
            window=job.window if clause is None else None,
            after_id=place.last_id,
            clause=clause,
        )
        page, next_size = self._ids.read(
            question,
            size=place.page_size or FIRST_PAGE_SIZE,
            retrier=Retrier(self._clock, stop, self._troubles, request_id=job.request_id),
            update=update,
            stop=stop,
        )
        if page is None:
            self._store.readings.restart_by_time(job.request_id)
        elif page.rows:
            self._bound_of(job, place, clause, stop).add(len(page.rows))
            following = replace(place, last_id=row_id(page.rows[-1]), page_size=next_size)
            self._put(job.request_id, page.rows, place, following)
            _log.debug('page-read', request_id=job.request_id, rows=len(page.rows))
        else:
            # Only an empty page is the end: servers may return short pages.
            self._end_pass(job, place, place, (), stop)

    def _read_range(
        self,
        job: Job,
        window: Window | None,
        place: Position,
        clause: str | None,
        stop: Stop,
    ) -> None:
        """Read the next time range, where reading by id would miss rows."""
        time_range = _time_range(window, place, clause)
        page, next_size = self._ranges.read(
            job.request_id,
            lambda part: effective_question(job.query, clause=clause, time_range=part),
            time_range,
            size=place.page_size or FIRST_PAGE_SIZE,
            retrier=Retrier(self._clock, stop, self._troubles, request_id=job.request_id),
        )
        try:
            self._bound_of(job, place, clause, stop).add(len(page.rows))
            ids = clause_ids(clause)
            rows = [row for row in page.rows if ids is None or row_id(row) in ids]
            rest = page.rest or time_range
            following = replace(place, read_until=rest.start_at, page_size=next_size)
            _log.debug('range-read', request_id=job.request_id, rows=len(rows))
            if page.rest is None:
                self._end_pass(job, place, following, rows, stop)
            else:
                self._put(job.request_id, rows, place, following)
        except BaseException:
            # The reader counts rows as read that may not have been queued.
            self._ranges.forget()
            raise

    def _put(
        self, request_id: str, rows: Sequence[Row], place: Position, following: Position
    ) -> None:
        page = Page(request_id=request_id, rows=rows, place=following, number=place.number)
        if not self._store.pages.put(page, read_from=place):
            # Another thread has read on from there, perhaps the same rows.
            self._ranges.forget()
        self._wakeups.convert.notify()

    def _bound_of(self, job: Job, place: Position, clause: str | None, stop: Stop) -> ReadingBound:
        """Return the bound of the current pass."""
        key = (job.request_id, place.number, place.is_by_time)
        if self._bound is None or self._bound[0] != key:
            window = job.window if clause is None else None
            question = effective_question(job.query, window=window, clause=clause)
            self._bound = (
                key,
                ReadingBound(
                    lambda: self._counted(question, stop),
                    least_on_page=LEAST_BY_TIME if place.is_by_time else 1,
                ),
            )
        return self._bound[1]

    def _counted(self, question: Question, stop: Stop) -> int | None:
        try:
            count, _ = Retrier(self._clock, stop, self._troubles).call(
                lambda: self._source.count(question), attempts=MEASURE_ATTEMPTS
            )
        except RetryableError:
            return None
        return count

    def _end_pass(
        self,
        job: Job,
        place: Position,
        following: Position,
        rows: Sequence[Row],
        stop: Stop,
    ) -> None:
        """Queue the last rows of a pass, and continue with the next one or end the reading.

        Convert decides about the end, as a reading is complete only once it is converted. If an
        owner has become unreadable the reading fails: ThreatConnect returns no rows for such an
        owner, as if everything had been deleted.
        """
        number = place.number + 1
        if self._store.readings.extra_query(job.request_id, number) is not None:
            next_place = replace(following, number=number, last_id=None, read_until=None)
            self._put(job.request_id, rows, place, next_place)
            return
        if rows:
            self._put(job.request_id, rows, place, following)
            place = following
        try:
            self._check_owners(job, stop)
        except (FatalError, RetryableError) as error:
            # From after the last rows, which are queued.
            self._fail(job.request_id, error, place)
        else:
            self._end(job.request_id, place, None)

    def _check_owners(self, job: Job, stop: Stop) -> None:
        retrier = Retrier(self._clock, stop, self._troubles)
        readable = {owner.name for owner in retrier.call(self._source.owners)}
        missing = [owner for owner in job.query.owners if owner not in readable]
        if missing:
            raise _unreadable(missing)

    def _fail(self, request_id: str, error: SentinelAppError, place: Position | None) -> None:
        self._errors.add(
            [
                ErrorEntry(
                    request_id=request_id,
                    at=self._clock.now(),
                    code=error.code,
                    message=error.message,
                    reason=error.reason,
                )
            ]
        )
        _log.error(
            'download-failed',
            request_id=request_id,
            code=error.code,
            message=error.message,
            reason=error.reason,
        )
        if place is None:
            # None of its pages waits for conversion.
            self._store.readings.end(request_id, at=self._clock.now(), error=error)
            self._wakeups.convert.notify()
            self._wakeups.schedule.notify()
        else:
            self._end(request_id, place, error)

    def _end(self, request_id: str, place: Position, error: SentinelAppError | None) -> None:
        self._store.pages.put(EndOfReading(request_id=request_id, error=error), read_from=place)
        self._wakeups.convert.notify()


def _unreadable(owners: Sequence[str]) -> FatalError:
    names = ', '.join(owners)
    return FatalError(
        f'The API user cannot read the Indicators of {names}. Give it a role there, or take the '
        'owner out of the query in CONFIGURE. The Indicators of the other owners have been '
        'processed, and nothing was withdrawn.',
        code='TC-AUTH',
    )


def _time_range(window: Window | None, place: Position, clause: str | None) -> TimeRange:
    """Return the time range that is left of the current pass.

    A reading of everything has no end, as a row that is modified meanwhile would leave the window:
    the next delta would find it, but until then it would look as if it no longer matched.
    """
    if clause is not None or window is None or window.start_at is None:
        return TimeRange(start_at=place.read_until)
    return TimeRange(start_at=place.read_until or window.start_at, end_at=window.end_at)
