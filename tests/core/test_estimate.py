from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_app.core.estimate import Estimate, Work, limit_s, time_left, work_left
from sentinel_app.core.job import Counts, Outcome
from sentinel_app.core.upload_limits import MARGIN_S, WINDOW_S, wait_s
from tests.harness.strategies import law

NOW = 1_000.0


@law
@given(
    requests=st.integers(0, 60),
    ages=st.lists(st.floats(0, 90), max_size=25),
    limit=st.integers(1, 20),
    blocked_s=st.floats(0, 200),
)
def test_estimate_is_as_long_as_the_rate_limiter_takes(
    requests: int, ages: list[float], limit: int, blocked_s: float
):
    arrived = sorted(NOW - age for age in ages)[-limit:]
    now, times = NOW + blocked_s, list(arrived)
    for _ in range(requests):
        now += wait_s(times, now, limit)
        times.append(now)
    wanted = now - NOW if requests else 0.0
    assert limit_s(requests, arrived, NOW, limit, blocked_s=blocked_s) == pytest.approx(wanted)


def test_burst_goes_at_once_and_the_rest_by_the_minute():
    window_s = WINDOW_S + MARGIN_S
    assert limit_s(100, [], NOW, 100) == 0.0
    assert limit_s(101, [], NOW, 100) == window_s
    assert limit_s(285, [], NOW, 100) == 2 * window_s
    assert limit_s(1, [NOW - 10] * 100, NOW, 100) == window_s - 10


def counts(**fields: object) -> Counts:
    defaults = {'read': 200, 'converted': 100, 'expected': 1_000, 'objects': 100}
    return Counts(**(defaults | fields))  # type: ignore[arg-type]


def test_unconverted_rows_are_estimated_from_converted_ones():
    # Of 100 Indicators 40 are sent, as two objects each; 900 are not converted yet.
    outcomes = {Outcome.SENT: 30, Outcome.UNCHANGED: 20, Outcome.DUPLICATE: 40}
    given_counts = counts(outcomes=outcomes, objects=120)
    left = work_left(given_counts, waiting=20, is_read=False, elapsed_s=50.0)
    assert left == Work(objects=20 + 900 * 2 * 0.4, seconds=50.0 * 9)


def test_work_left_is_only_what_waits_once_everything_is_converted():
    done = counts(read=100, expected=90)
    assert work_left(done, waiting=30, is_read=True, elapsed_s=3.0) == Work(objects=30, seconds=0.0)


@pytest.mark.parametrize(
    ('fields', 'elapsed_s'),
    [
        ({'expected': None}, 50.0),
        ({'converted': 0}, 50.0),
        ({'read': 0, 'converted': 0}, None),
        ({}, 4.9),
    ],
)
def test_estimate_is_none_where_a_fact_is_unknown(
    fields: dict[str, object], elapsed_s: float | None
):
    left = work_left(counts(**fields), waiting=0, is_read=False, elapsed_s=elapsed_s)
    assert left == Work(objects=None, seconds=None)
    assert time_left([left], lambda _: 0.0) is None


def test_work_left_has_no_objects_where_every_row_is_passed_over():
    passed = counts(read=100, outcomes={Outcome.DUPLICATE: 100}, objects=0)
    left = work_left(passed, waiting=0, is_read=False, elapsed_s=10.0)
    assert left == Work(objects=0, seconds=90.0)


def test_estimate_is_the_slower_of_reading_and_sending_and_none_if_one_is_unknown():
    works = [Work(objects=250, seconds=10.0), Work(objects=None, seconds=None)]
    asked: list[int] = []

    def seconds_of(requests: int) -> float:
        asked.append(requests)
        return 7.0

    assert time_left(works, seconds_of) == Estimate(seconds=10.0, is_least=True)
    assert time_left(works[:1], lambda _: 30.0) == Estimate(seconds=30.0)
    assert asked == [3]


@law
@given(
    works=st.lists(
        st.builds(Work, objects=st.integers(0, 10_000), seconds=st.floats(0, 100)), max_size=6
    )
)
def test_job_takes_no_less_time_than_those_before_it(works: list[Work]):
    found = [
        time_left(works[:count], lambda requests: limit_s(requests, [], NOW, 10))
        for count in range(1, len(works) + 1)
    ]
    seconds = [each.seconds for each in found if each is not None]
    assert len(seconds) == len(works)
    assert all(before <= after for before, after in itertools.pairwise(seconds))
