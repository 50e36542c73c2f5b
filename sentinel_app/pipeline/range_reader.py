"""Reader of time ranges of `lastModified`, oldest first, for instances that cannot page by id.

A row that is modified meanwhile moves to a later range, never to an earlier one. So whatever
matches throughout is read, if each range is read completely and the last one has no end, or ends
where a later reading begins.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from sentinel_app.core.question import Question
from sentinel_app.core.row import Row, distinct, row_id
from sentinel_app.core.source import Source, SourcePage
from sentinel_app.core.time_range import SECOND, TimeRange
from sentinel_app.errors import FatalError, ReadError
from sentinel_app.pipeline.retrier import Retrier

MOST_PASSES = 12
"""Maximum passes over one second."""

MOST_DIVISIONS = 64
"""Maximum divisions of a time range; halving all time down to one second takes half as many."""

SPARE = 0.75
"""Share of a page that a time range is sized to fill, as rows are unevenly distributed."""

MOST_GROWTH = 8.0

SETTLED = 2 * SECOND
"""Age at which a second is complete: rows with the current second may still be written."""

RangeQuestion = Callable[[TimeRange], Question]
"""Returns the question for a time range."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RangePage:
    """Some rows of a time range."""

    rows: Sequence[Row]
    rest: TimeRange | None
    """Time range that is still to be read; None if nothing is left."""
    server_at: dt.datetime
    """ThreatConnect's time before these rows were read."""
    row_bytes: int = 0
    """Mean size of a row in the response, in bytes; 0 if it is not known."""


@dataclass(slots=True)
class _Gathering:
    """A second with more rows than fit on a page, read by offset until complete."""

    key: str
    head: TimeRange
    question: Question
    count: int
    server_at: dt.datetime
    """ThreatConnect's time before its first page."""
    found: set[int] = field(default_factory=set)
    found_in_pass: set[int] = field(default_factory=set)
    is_pass_over: bool = False
    passes: int = 0

    def belongs_to(self, key: str, question: RangeQuestion, time_range: TimeRange) -> bool:
        """Return whether a reading at this time range continues this second."""
        return (
            key == self.key
            and time_range.start_at == self.head.start_at
            and question(self.head) == self.question
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hint:
    """Estimated length of the next time range, based on the one before."""

    start_at: dt.datetime
    length: dt.timedelta
    crowded_until: dt.datetime | None
    """Time up to which there are more rows than fit on a page; None if unknown."""
    present_at: dt.datetime

    def head_of(self, time_range: TimeRange) -> TimeRange:
        """Return the first part of a time range; all of it if the hint does not apply."""
        if time_range.start_at != self.start_at:
            return time_range
        length = self.length
        if self.crowded_until is not None:
            length = min(length, (self.crowded_until - self.start_at) / 2)
        return time_range.head(length, present_at=self.present_at)


class RangeReader:
    """Reads a time range page by page; its state between pages only saves requests."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._hint: _Hint | None = None
        self._gathering: _Gathering | None = None

    def read(
        self,
        key: str,
        question: RangeQuestion,
        time_range: TimeRange,
        *,
        size: int,
        retrier: Retrier,
    ) -> tuple[RangePage, int]:
        """Return the next rows of a time range, and the size for the next page.

        A range is complete when it has as many different rows as ThreatConnect counts. Rows of an
        incomplete one may be returned again.

        Args:
            key: the name of the reading; readings share no state.
            question: returns the question for a time range.
            time_range: the time range that is left.
            size: maximum rows on a page.
            retrier: repeats failed calls.

        Raises:
            RetryableError, FatalError: as raised by the source, after the last attempt.
            FatalError: the rows of one second do not match their count.
            Cancelled: the reading was interrupted.
        """
        page, next_size = retrier.call_sized(
            lambda limit: self._read(key, question, time_range, limit), size
        )
        # Only a quick page suggests that a larger one would be quick enough.
        return page, next_size if page.rows else min(size, next_size)

    def forget(self) -> None:
        """Discard the second that is being gathered, as some of its rows were not queued."""
        self._gathering = None

    def _read(
        self, key: str, question: RangeQuestion, time_range: TimeRange, limit: int
    ) -> RangePage:
        gathering = self._gathering
        if gathering is not None and gathering.belongs_to(key, question, time_range):
            return self._gather(gathering, time_range, limit)
        self._gathering = None
        return self._read_head(key, question, time_range, limit)

    def _read_head(
        self, key: str, question: RangeQuestion, time_range: TimeRange, limit: int
    ) -> RangePage:
        """Read as long a first part of the time range as fits on a page."""
        head = time_range if self._hint is None else self._hint.head_of(time_range)
        crowded_until = None if self._hint is None else self._hint.crowded_until
        count, present_at = self._source.count(question(head))
        first_at = present_at
        for _ in range(MOST_DIVISIONS):
            fits = limit
            if count <= limit:
                page = self._page(question(head), limit) if count else _nothing(present_at)
                rows, count, present_at = page.rows, page.count or 0, page.server_at
                if len(rows) == count:
                    self._hint = _hint(head, count / limit, crowded_until, present_at)
                    return RangePage(
                        rows=rows,
                        rest=time_range.after(head),
                        server_at=first_at,
                        row_bytes=page.row_bytes,
                    )
                # Fewer rows than the count, though there was room for them.
                fits = len(rows)
            if head.is_one_second:
                gathering = _Gathering(
                    key=key, head=head, question=question(head), count=count, server_at=present_at
                )
                return self._begin(gathering, time_range)
            crowded_until = head.end_at or present_at
            share = min(0.5, SPARE * fits / max(1, count))
            head = head.head(head.length(present_at=present_at) * share, present_at=present_at)
            count, present_at = self._source.count(question(head))
        raise ReadError(
            'ThreatConnect gives another number of Indicators than it counts, however short the '
            'time range that is requested.'
        )

    def _page(self, question: Question, limit: int) -> SourcePage:
        page = self._source.read_window(question, limit=limit, offset=0)
        return replace(page, rows=distinct(page.rows))

    def _begin(self, gathering: _Gathering, time_range: TimeRange) -> RangePage:
        end_at = gathering.head.end_at
        if end_at is None or gathering.server_at < end_at + SETTLED:
            raise ReadError(
                'Many Indicators are being modified in ThreatConnect at this moment; they are read '
                'once that is over.'
            )
        self._gathering = gathering
        return RangePage(rows=(), rest=time_range, server_at=gathering.server_at)

    def _gather(self, gathering: _Gathering, time_range: TimeRange, limit: int) -> RangePage:
        """Read one more page of the second, or check whether it is complete."""
        if gathering.is_pass_over:
            return self._check_complete(gathering, time_range)
        offset = len(gathering.found_in_pass)
        page = self._source.read_window(gathering.question, limit=limit, offset=offset)
        rows = {row_id(row): row for row in page.rows}
        new = tuple(row for item, row in rows.items() if item not in gathering.found)
        gathering.found.update(rows)
        gathering.found_in_pass.update(rows)
        gained = len(gathering.found_in_pass) - offset
        gathering.is_pass_over = not gained or offset + gained >= gathering.count
        return RangePage(
            rows=new,
            rest=time_range,
            server_at=gathering.server_at,
            row_bytes=page.row_bytes,
        )

    def _check_complete(self, gathering: _Gathering, time_range: TimeRange) -> RangePage:
        """End the second if the number of rows matches the count before and now."""
        count, _ = self._source.count(gathering.question)
        if gathering.count == count == len(gathering.found):
            self._gathering = None
            return RangePage(
                rows=(), rest=time_range.after(gathering.head), server_at=gathering.server_at
            )
        gathering.passes += 1
        if gathering.passes >= MOST_PASSES:
            self._gathering = None
            raise FatalError(
                'ThreatConnect does not sort by id as requested, and returns different Indicators '
                f'each time for the {count:,} that were last modified in one second. What was read '
                'has been processed; the next update tries again.',
                code='TC-READ',
            )
        if count != gathering.count or len(gathering.found) > count:
            # Some rows have left the second since; it is unknown which of them were read.
            gathering.found.clear()
            gathering.count = count
        gathering.found_in_pass.clear()
        gathering.is_pass_over = False
        return RangePage(rows=(), rest=time_range, server_at=gathering.server_at)


def _nothing(present_at: dt.datetime) -> SourcePage:
    return SourcePage(rows=(), server_at=present_at, count=0)


def _hint(
    head: TimeRange, filled: float, crowded_until: dt.datetime | None, present_at: dt.datetime
) -> _Hint | None:
    """Return a hint for the next time range, from how much of a page the last one filled."""
    if head.end_at is None:
        return None
    growth = min(MOST_GROWTH, SPARE / filled) if filled else MOST_GROWTH
    # The density of the rows is a better estimate if there were enough of them.
    is_sparse = growth == MOST_GROWTH and crowded_until is not None and crowded_until > head.end_at
    return _Hint(
        start_at=head.end_at,
        length=head.length(present_at=present_at) * growth,
        crowded_until=crowded_until if is_sparse else None,
        present_at=present_at,
    )
