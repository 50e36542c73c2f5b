"""Reads every row that a question selects, by id where that can be trusted, else by time."""

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
"""Returns what is asked for a time range and for what lies behind an id."""
TakeRows = Callable[[Sequence[Row]], object]


class RowReader:
    """Reads beside the queries: what it reads is compared with the ledger, and never sent."""

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
        """Hand all rows to `take`, some of them perhaps twice.

        Args:
            update: whose reading it is.
            key: names the kind of reading; that its questions arrive is verified once.
            question: what is asked.
            time_range: of the last modification.
            take: takes rows.
            stop: ends the waiting.

        Returns:
            ThreatConnect's time before the first page.

        Raises:
            RetryableError, FatalError: as the source does, when there is no more hope.
            Cancelled: the reading was interrupted.
        """
        self._probe.verify(update, key, question(time_range, None), stop)
        if self._probe.is_by_id(update, stop):
            known_at = self._read_by_id(update, question, time_range, take, stop)
            if known_at is not None:
                return known_at
        first_at, rest = None, time_range
        bound = self._bound(question, time_range, stop, least_on_page=LEAST_BY_TIME)
        # A new one each time: what an interrupted reading has found, nobody has any more.
        ranges = RangeReader(self._source)
        while True:
            page, _ = ranges.read(
                update.id,
                lambda part: question(part, None),
                rest,
                size=PAGE_SIZE,
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
        """Return up to when it is known; None when it turns out that this cannot be read by id."""
        last_id, first_at, bound = None, None, self._bound(question, time_range, stop)
        while True:
            page, _ = self._ids.read(
                question(time_range, last_id),
                size=PAGE_SIZE,
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
