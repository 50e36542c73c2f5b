from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sentinel_app.core.rate import MARGIN_S, WINDOW_S, wait_s
from tests.strategies import law

LIMITS = st.integers(min_value=1, max_value=100)
PAUSES = st.lists(
    st.one_of(
        st.just(0.0),
        st.floats(min_value=0, max_value=1),
        st.floats(min_value=0, max_value=WINDOW_S * 3),
    ),
    max_size=300,
)


def started(pauses: list[float], limit: int) -> list[float]:
    """When requests begin that come after these pauses, each waiting as long as it is told."""
    times: list[float] = []
    now = 1_000.0
    for pause in pauses:
        now += pause
        now += wait_s(times, now, limit)
        times.append(now)
    return times


@law
@given(PAUSES, LIMITS)
def test_no_window_holds_more_than_the_limit_whatever_the_pattern(pauses: list[float], limit: int):
    times = started(pauses, limit)

    for first, beyond in zip(times, times[limit:], strict=False):
        assert beyond - first > WINDOW_S + MARGIN_S - 0.001


@law
@given(PAUSES, LIMITS, st.integers(min_value=0, max_value=100))
def test_only_as_many_times_as_the_limit_have_to_be_remembered(
    pauses: list[float], limit: int, more: int
):
    times = started(pauses, limit)
    now = (times[-1] if times else 0.0) + 0.5

    assert wait_s(times[-limit - more :], now, limit) == wait_s(times[-limit:], now, limit)


@law
@given(LIMITS)
def test_the_limit_is_reached_when_pressed(limit: int):
    times = started([0.0] * (limit * 3), limit)

    assert sum(at < times[0] + WINDOW_S + MARGIN_S for at in times) == limit
    assert times[limit] == times[0] + WINDOW_S + MARGIN_S
    assert times[limit * 2] == times[0] + 2 * (WINDOW_S + MARGIN_S)


@law
@given(PAUSES, LIMITS)
def test_a_request_waits_no_longer_than_until_the_oldest_leaves_the_window(
    pauses: list[float], limit: int
):
    times = started(pauses, limit)
    now = times[-1] if times else 0.0

    assert 0.0 <= wait_s(times, now, limit) <= WINDOW_S + MARGIN_S + 1e-6


def test_the_first_requests_go_at_once():
    assert wait_s([], 5.0, 1) == 0.0
    assert wait_s([5.0] * 99, 5.0, 100) == 0.0


def test_the_next_one_waits_until_the_oldest_is_out_of_the_window_and_the_margin():
    free_at = WINDOW_S + MARGIN_S

    assert wait_s([0.0, 10.0, 20.0], 30.0, 3) == free_at - 30.0
    assert wait_s([0.0, 10.0, 20.0], free_at, 3) == 0.0
    assert wait_s([0.0, 10.0, 20.0], 100.0, 3) == 0.0
