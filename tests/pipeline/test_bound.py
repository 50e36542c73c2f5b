"""A reading ends, whatever ThreatConnect answers."""

from __future__ import annotations

import abc
import datetime as dt
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_app.core.question import Question
from sentinel_app.core.source import SourcePage
from sentinel_app.core.time_range import BEGINNING, SECOND, TimeRange
from sentinel_app.errors import FatalError, RetryableError
from sentinel_app.pipeline.bound import (
    LEAST_BY_TIME,
    MOST_POOR_PAGES,
    MOST_ROWS,
    MOST_TIMES,
    SPARE_ROWS,
    ReadingBound,
)
from sentinel_app.pipeline.range_reader import MOST_DIVISIONS, MOST_PASSES, RangeReader
from sentinel_app.pipeline.retrier import Retrier
from sentinel_app.pipeline.trouble import Troubles
from tests.harness.clocks import StandingClock
from tests.pipeline.rows import RowSource
from tests.pipeline.test_range_reader import Reading, asked, before_noon


def until_it_ends(bound: ReadingBound, rows: int) -> int:
    """The number of pages of so many rows after which it ends, in words."""
    pages = 0

    def read() -> None:
        nonlocal pages
        for pages in range(1, 10**6):  # noqa: B007
            bound.add(rows)

    with pytest.raises(FatalError, match='without end') as caught:
        read()
    assert caught.value.code == 'TC-READ'
    return pages


@pytest.mark.parametrize('counted', [0, 7, 100_000])
def test_reading_ends_when_it_has_many_more_rows_than_counted(counted: int) -> None:
    pages = until_it_ends(ReadingBound(lambda: counted), rows=1_000)
    assert pages == (MOST_TIMES * counted + SPARE_ROWS) // 1_000 + 1


def test_reading_without_a_count_ends_all_the_same() -> None:
    assert until_it_ends(ReadingBound(lambda: None), rows=10_000) == MOST_ROWS // 10_000 + 1
    assert until_it_ends(ReadingBound(lambda: None, most_rows=5_000), rows=1_000) == 6


@pytest.mark.parametrize(('rows', 'least'), [(0, 1), (9, 10)])
def test_reading_of_nearly_empty_pages_ends(rows: int, least: int) -> None:
    bound = ReadingBound(lambda: 10**12, least_on_page=least)
    assert until_it_ends(bound, rows) == MOST_POOR_PAGES


def test_empty_time_ranges_do_not_end_a_reading_of_single_rows() -> None:
    # In pairs, which most spans lie between.
    rows = {number: before_noon(number // 2 * 10_000_000 + number % 2 + 9) for number in range(100)}
    source = RowSource(rows)
    bound = ReadingBound(lambda: len(rows), least_on_page=LEAST_BY_TIME)
    reading = Reading(source, size=1)
    pages = 0
    while reading.rest is not None:
        bound.add(len(reading.step().rows))
        pages += 1
    assert sorted(reading.found) == sorted(rows)
    assert pages > MOST_POOR_PAGES


@given(st.lists(st.integers(1, 2_000), max_size=400))
def test_reading_of_as_many_rows_as_counted_never_ends_early(pages: list[int]) -> None:
    asked: list[int] = []

    def count() -> int:
        asked.append(sum(pages))
        return sum(pages)

    bound = ReadingBound(count)
    for rows in pages:
        bound.add(rows)
    # And that costs one request at most.
    assert len(asked) <= 1


class CountsOneTwice(RowSource):
    def count(self, question: Question) -> tuple[int, dt.datetime]:
        count, server_at = super().count(question)
        return count + bool(count), server_at

    def _page(self, ids: list[int], count: int | None = None) -> SourcePage:
        return super()._page(ids, count and count + 1)


def test_row_of_the_first_second_counted_twice_does_not_prolong_a_reading() -> None:
    source = CountsOneTwice(dict.fromkeys(range(5), BEGINNING))
    reading = Reading(source)
    with pytest.raises(FatalError, match='one second'):
        reading.finish()
    assert len(source.calls) < 4 * MOST_PASSES + MOST_DIVISIONS


class Contrary(RowSource, abc.ABC):
    """Has more rows than come at once in any span but the shortest, and one in each of these."""

    def count(self, question: Question) -> tuple[int, dt.datetime]:
        self.calls.append('count')
        return self._many(question), self.server_at

    def read_window(self, question: Question, *, limit: int, offset: int) -> SourcePage:
        self.calls.append('read_window')
        return self._page([len(self.calls)], self._many(question))

    @abc.abstractmethod
    def _many(self, question: Question) -> int: ...


class OnlyMore(Contrary):
    def _many(self, question: Question) -> int:
        return 5_000


class Growing(Contrary):
    def _many(self, question: Question) -> int:
        return 5_000 * len(self.calls)


class OneEach(Contrary):
    def _many(self, question: Question) -> int:
        times = [dt.datetime.fromisoformat(text) for text in question.tql.split('"')[1::2]]
        start_at = times[0] if len(times) > 1 else BEGINNING
        is_short = bool(times) and 'LT' in question.tql and times[-1] - start_at <= SECOND
        return 1 if is_short else 5_000


class NoneEach(OneEach):
    def _many(self, question: Question) -> int:
        return super()._many(question) // 5_000 * 5_000


@pytest.mark.parametrize('kind', [OnlyMore, Growing, OneEach, NoneEach])
@pytest.mark.parametrize('start_at', [None, dt.datetime(2020, 1, 1, tzinfo=dt.UTC)])
def test_reading_by_time_range_ends_whatever_the_answers(
    kind: type[Contrary], start_at: dt.datetime | None
) -> None:
    source = kind({})
    clock = StandingClock()
    reader = RangeReader(source)
    bound = ReadingBound(
        lambda: source.count(asked(TimeRange()))[0], most_rows=1_000, least_on_page=LEAST_BY_TIME
    )
    rest: TimeRange | None = TimeRange(start_at=start_at)
    error: Exception | None = None
    while rest is not None and error is None:
        try:
            page, _ = reader.read(
                'key',
                asked,
                rest,
                size=1_000,
                retrier=Retrier(clock, threading.Event(), Troubles(clock)),
            )
            bound.add(len(page.rows))
            rest = page.rest
        except (RetryableError, FatalError) as caught:
            error = caught
    assert error is not None
    assert str(error)
    assert len(source.calls) < 100 * MOST_POOR_PAGES
