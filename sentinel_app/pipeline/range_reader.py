"""Reads time ranges of the last modification, oldest first, for an instance that cannot page by id.

A row that is modified meanwhile moves on to a later range, never to an earlier one. So whatever
matches all the time is read, provided that each range is read whole and the last one has no end,
or one that a later reading begins at.
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
"""So often is one second gone through before it is given up."""

MOST_DIVISIONS = 64
"""Halving leads from the beginning of time to a single second in half as many."""

SPARE = 0.75
"""Rows lie unevenly in time: a time range is made as long as would fill this share of a page."""

MOST_GROWTH = 8.0

SETTLED = 2 * SECOND
"""Rows that get this very second as their last modification may still be on their way."""

RangeQuestion = Callable[[TimeRange], Question]
"""Returns what is asked for a time range."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RangePage:
    """Some rows of a time range."""

    rows: Sequence[Row]
    rest: TimeRange | None
    """What has not been read whole; None when nothing is left."""
    server_at: dt.datetime
    """ThreatConnect's time before these rows were read."""


@dataclass(slots=True)
class _Gathering:
    """A second with more rows than come at once: read by offset until they are all there."""

    key: str
    head: TimeRange
    question: Question
    count: int
    server_at: dt.datetime
    """Before its first page."""
    found: set[int] = field(default_factory=set)
    found_in_pass: set[int] = field(default_factory=set)
    is_pass_over: bool = False
    passes: int = 0

    def belongs_to(self, key: str, question: RangeQuestion, time_range: TimeRange) -> bool:
        """Whether a reading that has come to this time range goes on with it."""
        return (
            key == self.key
            and time_range.start_at == self.head.start_at
            and question(self.head) == self.question
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hint:
    """How long a beginning of what is left may come at once, going by what came before it."""

    start_at: dt.datetime
    length: dt.timedelta
    crowded_until: dt.datetime | None
    """Up to here there are more rows than come at once; None where that is not known."""
    present_at: dt.datetime

    def head_of(self, time_range: TimeRange) -> TimeRange:
        """Return the beginning of a time range; all of it where it is not what was left."""
        if time_range.start_at != self.start_at:
            return time_range
        length = self.length
        if self.crowded_until is not None:
            length = min(length, (self.crowded_until - self.start_at) / 2)
        return time_range.head(length, present_at=self.present_at)


class RangeReader:
    """Reads a time range page by page; what it remembers in between only saves requests."""

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

        A range is read whole when there are as many different rows as ThreatConnect counts. Rows of
        one that is not may be given again.

        Args:
            key: whose reading it is; what was found for one is not known to another.
            question: what is asked.
            time_range: what is left to be read.
            size: rows on a page at most.
            retrier: how long to try.

        Raises:
            RetryableError, FatalError: as the source does, when there is no more hope.
            FatalError: the rows of one second do not agree with their number.
            Cancelled: the reading was interrupted.
        """
        page, next_size = retrier.call_sized(
            lambda limit: self._read(key, question, time_range, limit), size
        )
        # Only rows that came quickly say that more of them would.
        return page, next_size if page.rows else min(size, next_size)

    def forget(self) -> None:
        """Begin the second that is being gathered anew: some of its rows were not handed on."""
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
        """Read as long a beginning of the time range as comes at once."""
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
                    return RangePage(rows=rows, rest=time_range.after(head), server_at=first_at)
                # Fewer rows than there are, though there was room for them.
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
            'span of time that is asked for.'
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
        """Read one more page of the second, or check whether everything is there."""
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
        return RangePage(rows=new, rest=time_range, server_at=gathering.server_at)

    def _check_complete(self, gathering: _Gathering, time_range: TimeRange) -> RangePage:
        """End the second if as many rows were found as there were before and are now."""
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
                'ThreatConnect does not sort by id as asked, and gives other Indicators each time '
                f'for the {count:,} that were last modified in one second. What was read was dealt '
                'with; the next update tries again.',
                code='TC-READ',
            )
        if count != gathering.count or len(gathering.found) > count:
            # Some have left the second since; which of them were read is not known.
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
    """Return what a beginning that filled so much of a page tells of what is left behind it."""
    if head.end_at is None:
        return None
    growth = min(MOST_GROWTH, SPARE / filled) if filled else MOST_GROWTH
    # Going by the rows is better, where there were enough of them.
    is_sparse = growth == MOST_GROWTH and crowded_until is not None and crowded_until > head.end_at
    return _Hint(
        start_at=head.end_at,
        length=head.length(present_at=present_at) * growth,
        crowded_until=crowded_until if is_sparse else None,
        present_at=present_at,
    )
