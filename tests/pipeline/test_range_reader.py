"""Reading by the last modification gives every row that matches all the time."""

from __future__ import annotations

import datetime as dt
import random
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_app.core.question import Question
from sentinel_app.core.time_range import SECOND, TimeRange
from sentinel_app.core.tql import range_clause
from sentinel_app.errors import FatalError, ReadError, ReadTimeoutError
from sentinel_app.pipeline.range_reader import RangePage, RangeReader
from sentinel_app.pipeline.retrier import Retrier
from sentinel_app.pipeline.trouble import Troubles
from tests.harness.clocks import NOON, StandingClock
from tests.harness.soak import amount
from tests.pipeline.rows import RowSource

CHURN_RUNS = amount('CHURN_RUNS', daily=12, soak=400)
STOP = threading.Event()
YEAR_S = 365 * 24 * 3_600
EVERYTHING = TimeRange()


def asked(time_range: TimeRange) -> Question:
    return Question(tql=range_clause(time_range) or 'everything')


def before_noon(seconds: int) -> dt.datetime:
    return NOON - dt.timedelta(seconds=seconds)


class Reading:
    """Reads step by step; `restart` forgets what is not stored."""

    def __init__(
        self,
        source: RowSource,
        time_range: TimeRange = EVERYTHING,
        size: int = 100,
        key: str = 'first',
    ) -> None:
        self.key = key
        self.source = source
        self.rest: TimeRange | None = time_range
        self.size = size
        self.found: list[int] = []
        self.clock = StandingClock()
        self.restart()

    def restart(self) -> None:
        self.reader = RangeReader(self.source)

    def step(self) -> RangePage:
        assert self.rest is not None
        retrier = Retrier(self.clock, STOP, Troubles(self.clock))
        page, _ = self.reader.read(self.key, asked, self.rest, size=self.size, retrier=retrier)
        self.found += [int(str(row['id'])) for row in page.rows]
        self.rest = page.rest
        return page

    def finish(self, most_steps: int = 5_000) -> list[int]:
        for _ in range(most_steps):
            if self.rest is None:
                return self.found
            self.step()
        raise AssertionError('the reading does not end')


def spread(count: int, chance: random.Random, over_s: int = 10 * YEAR_S) -> dict[int, dt.datetime]:
    return {item: before_noon(chance.randrange(1, over_s)) for item in range(count)}


@pytest.mark.parametrize('seed', [None, 1])
@pytest.mark.parametrize('count', [0, 1, 99, 100, 101, 5_000])
def test_rows_are_all_read_once_with_few_requests(count: int, seed: int | None) -> None:
    source = RowSource(spread(count, random.Random(count)), seed=seed)
    found = Reading(source).finish()
    assert sorted(found) == list(range(count))
    assert len(source.calls) <= 4 + 5 * count / 100


@pytest.mark.parametrize(
    'time_range', [TimeRange(start_at=before_noon(5_000), end_at=before_noon(100))]
)
def test_bounded_time_range_returns_what_lies_inside(time_range: TimeRange) -> None:
    rows = {item: before_noon(item) for item in range(6_000)}
    found = Reading(RowSource(rows), time_range).finish()
    assert sorted(found) == list(range(101, 5_001))


@pytest.mark.slow
@given(
    counts=st.lists(st.integers(min_value=0, max_value=60), max_size=8),
    gap_s=st.integers(min_value=0, max_value=400_000_000),
    cap=st.sampled_from([1, 7, 20, 10_000]),
    seed=st.none() | st.integers(min_value=0, max_value=9),
)
def test_clusters_far_apart_and_small_pages_are_read_completely(
    counts: list[int], gap_s: int, cap: int, seed: int | None
) -> None:
    # Another order each time and one row on a page would need luck without end.
    seed = None if cap == 1 else seed
    rows = {}
    for place, count in enumerate(counts):
        for _ in range(count):
            rows[len(rows)] = before_noon(10 + place * gap_s // 8)
    reading = Reading(RowSource(rows, cap=cap, seed=seed), size=20)
    assert set(reading.finish()) == set(rows)


def churn(source: RowSource, chance: random.Random, *, keep: set[int]) -> None:
    """Let some rows be modified, come or go."""
    for item in chance.sample(sorted(source.rows), min(6, len(source.rows))):
        if item in keep or chance.random() < 0.6:
            source.rows[item] = source.server_at
        else:
            del source.rows[item]
    for _ in range(3):
        source.rows[max(source.rows, default=0) + 1] = source.server_at


@pytest.mark.parametrize('seed', range(CHURN_RUNS))
@pytest.mark.parametrize('is_clumped', [False, True])
def test_rows_that_match_throughout_are_read_under_churn(seed: int, is_clumped: bool) -> None:
    chance = random.Random(seed)
    over_s = 3 if is_clumped else 10_000
    rows = spread(300, chance, over_s)
    keep = set(chance.sample(sorted(rows), 200))
    source = RowSource(rows, cap=chance.choice([13, 10_000]))
    churns = 40 if is_clumped else 400
    calls = iter(range(10_000))

    def before(name: str) -> None:
        # A second that is gone through page by page needs some time in which nobody leaves it.
        source.server_at += SECOND
        if (name == 'read_window' or not is_clumped) and next(calls) < churns:
            churn(source, chance, keep=keep)

    source.before = before
    reading = Reading(source, size=40)
    while reading.rest is not None:
        reading.step()
        if chance.random() < 0.05:
            reading.restart()
    assert keep <= set(reading.found)


def test_rows_of_one_second_are_gathered_by_offset() -> None:
    source = RowSource(dict.fromkeys(range(1_000), before_noon(50)), cap=70)
    found = Reading(source).finish()
    assert sorted(found) == list(range(1_000))
    assert source.calls.count('read_window') <= 1_000 / 70 + 35


def test_rows_that_left_the_second_meanwhile_do_not_hide_others() -> None:
    source = RowSource(dict.fromkeys(range(100), before_noon(50)), cap=30)
    reading = Reading(source)
    while not reading.found:
        reading.step()
    # Thirty are read, and their leaving lets thirty others move into their places.
    for item in reading.found:
        source.rows[item] = before_noon(10)
    assert set(reading.finish()) == set(range(100))


def test_inconsistent_count_is_never_taken_for_the_whole() -> None:
    source = RowSource(dict.fromkeys(range(20), before_noon(50)))
    # The last row is counted, but never given.
    page = source._page
    source._page = lambda ids, count=None: page(  # type: ignore[method-assign]
        [item for item in ids if item != 19], count
    )
    reading = Reading(source)
    with pytest.raises(FatalError, match='one second') as caught:
        reading.finish()
    assert caught.value.code == 'TC-READ'
    assert set(reading.found) == set(range(19))
    # The next reading begins anew and goes well once it is mended.
    source._page = page  # type: ignore[method-assign]
    assert set(reading.finish()) == set(range(20))


def test_current_second_is_waited_for() -> None:
    source = RowSource(dict.fromkeys(range(100), NOON), cap=30)
    time_range = TimeRange(start_at=NOON, end_at=NOON + SECOND)
    reading = Reading(source, time_range)
    with pytest.raises(ReadError, match='at this moment'):
        reading.step()
    waited: list[int] = []

    def before(name: str) -> None:
        waited.append(len(source.rows))
        if len(waited) == 4:
            source.server_at += 3 * SECOND
            source.rows[100] = NOON

    source.before = before
    assert set(reading.finish()) == set(range(101))


def test_page_that_does_not_arrive_is_requested_at_half_its_size() -> None:
    source = RowSource({item: before_noon(1 + item) for item in range(1_000)})
    answer = source.read_window
    sizes: list[int] = []

    def slow(question: Question, *, limit: int, offset: int) -> object:
        sizes.append(limit)
        if limit > 30:
            raise ReadTimeoutError('too much')
        return answer(question, limit=limit, offset=offset)

    source.read_window = slow  # type: ignore[method-assign,assignment]
    reading = Reading(source, size=100)
    page, next_size = reading.reader.read(
        'first',
        asked,
        TimeRange(start_at=before_noon(1_000)),
        size=100,
        retrier=Retrier(reading.clock, STOP, Troubles(reading.clock)),
    )
    assert (sizes, next_size) == ([100, 50, 25], 25)
    assert 0 < len(page.rows) <= 25


def test_rows_that_could_not_be_stored_are_read_again() -> None:
    source = RowSource(dict.fromkeys(range(100), before_noon(50)), cap=30)
    reading = Reading(source)
    while not reading.found:
        reading.step()
    reading.found.clear()
    reading.reader.forget()
    assert set(reading.finish()) == set(range(100))


def test_server_time_is_taken_before_the_reading() -> None:
    source = RowSource(spread(50, random.Random(1)))

    def before(name: str) -> None:
        source.server_at += SECOND

    source.before = before
    assert Reading(source).step().server_at == NOON + SECOND


def test_interleaved_reading_does_no_harm() -> None:
    source = RowSource(dict.fromkeys(range(100), before_noon(50)), cap=30)
    first = Reading(source, TimeRange(start_at=before_noon(50)))
    second = Reading(source, TimeRange(start_at=before_noon(50)), key='second')
    second.reader = first.reader
    for _ in range(3):
        first.step()
    assert set(second.finish()) == set(range(100))
    assert set(first.finish()) == set(range(100))


@pytest.mark.parametrize(
    ('rows', 'most'),
    [
        (spread(20_000, random.Random(1)), 85),
        ({item: before_noon(37_000 * (1 + item // 450)) for item in range(20_000)}, 160),
        (dict.fromkeys(range(20_000), before_noon(50)), 85),
    ],
)
def test_requests_are_few_however_the_rows_lie_in_time(
    rows: dict[int, dt.datetime], most: int
) -> None:
    source = RowSource(rows)
    reading = Reading(source, size=1_000)
    assert len(set(reading.finish())) == 20_000
    # A reading by id would need 21.
    assert len(source.calls) <= most
    # What one reading has learned does not mislead the next.
    again = Reading(RowSource({1: NOON}))
    again.reader = reading.reader
    again.reader._source = again.source
    assert again.finish() == [1]
    assert len(again.source.calls) == 2
