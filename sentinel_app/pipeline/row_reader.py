"""Reader of all rows of a question, by id if the instance can be paged by id, else by time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

from sentinel_app.core.clock import Clock, Stop
from sentinel_app.core.job import Update
from sentinel_app.core.question import Question
from sentinel_app.core.row import Row, row_id
from sentinel_app.core.source import Source
from sentinel_app.core.time_range import TimeRange
from sentinel_app.pipeline.bound import LEAST_BY_TIME, ReadingBound
from sentinel_app.pipeline.id_reader import IdReader
from sentinel_app.pipeline.probe import Probe
from sentinel_app.pipeline.range_reader import RangeReader
from sentinel_app.pipeline.retrier import Retrier
from sentinel_app.pipeline.trouble import Troubles

PAGE_SIZE = 1_000

RowQuestion = Callable[[TimeRange, int | None], Question]
"""Returns the question for a time range and for ids after a given one."""
TakeRows = Callable[[Sequence[Row]], object]


class RowReader:
    """Reads rows beside the queries, to compare them with the ledger; they are never sent."""

    def __init__(self, *, source: Source, probe: Probe, clock: Clock, troubles: Troubles) -> None:
        self._source = source
        self._probe = probe
        self._ids = IdReader(source, probe)
        self._clock = clock
        self._troubles = troubles

    def read(
        self,
        update: Update,
        key: str,
        question: RowQuestion,
        time_range: TimeRange,
        *,
        take: TakeRows,
        stop: Stop,
    ) -> dt.datetime:
        """Pass all rows to `take`, some of them perhaps twice.

        Args:
            update: the update that reads.
            key: the name of the reading, whose questions are verified once.
            question: returns the question of a page.
            time_range: the range of `lastModified`.
            take: receives rows.
            stop: interrupts the waits.

        Returns:
            ThreatConnect's time before the first page.

        Raises:
            RetryableError, FatalError: as raised by the source, after the last attempt.
            Cancelled: the reading was interrupted.
        """
        self._probe.verify(update, key, question(time_range, None), stop)
        if self._probe.is_by_id(update, stop):
            known_at = self._read_by_id(update, question, time_range, take, stop)
            if known_at is not None:
                return known_at
        first_at, rest, size = None, time_range, PAGE_SIZE
        bound = self._bound(question, time_range, stop, least_on_page=LEAST_BY_TIME)
        # A new one each time, as the rows of an interrupted reading are lost.
        ranges = RangeReader(self._source)
        while True:
            page, size = ranges.read(
                update.id,
                lambda part: question(part, None),
                rest,
                size=min(size, PAGE_SIZE),
                retrier=Retrier(self._clock, stop, self._troubles),
            )
            first_at = first_at or page.server_at
            bound.add(len(page.rows))
            take(page.rows)
            if page.rest is None:
                return first_at
            rest = page.rest

    def _read_by_id(
        self,
        update: Update,
        question: RowQuestion,
        time_range: TimeRange,
        take: TakeRows,
        stop: Stop,
    ) -> dt.datetime | None:
        """Return ThreatConnect's time before the first page; None if this cannot be read by id."""
        last_id, first_at, size = None, None, PAGE_SIZE
        bound = self._bound(question, time_range, stop)
        while True:
            page, size = self._ids.read(
                question(time_range, last_id),
                size=min(size, PAGE_SIZE),
                retrier=Retrier(self._clock, stop, self._troubles),
                update=update,
                stop=stop,
            )
            if page is None:
                return None
            first_at = first_at or page.server_at
            if not page.rows:
                return first_at
            bound.add(len(page.rows))
            take(page.rows)
            last_id = row_id(page.rows[-1])

    def _bound(
        self,
        question: RowQuestion,
        time_range: TimeRange,
        stop: Stop,
        *,
        least_on_page: float = 1,
    ) -> ReadingBound:
        everything, retrier = question(time_range, None), Retrier(self._clock, stop, self._troubles)
        return ReadingBound(
            lambda: retrier.call(lambda: self._source.count(everything))[0],
            least_on_page=least_on_page,
        )
