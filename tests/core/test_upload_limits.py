from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from sentinel_app.core.upload_limits import (
    MARGIN_S,
    MAX_BYTES,
    MAX_OBJECTS,
    WINDOW_S,
    fitting,
    halves,
    wait_s,
)
from tests.harness.strategies import law

SIZES = st.lists(st.integers(min_value=0, max_value=300), max_size=60)
LIMITS = {
    'max_objects': st.integers(min_value=1, max_value=20),
    'max_bytes': st.integers(min_value=1, max_value=600),
}


def test_limits_are_those_of_the_upload_api() -> None:
    hundred = [float(number) / 10 for number in range(100)]
    # The first of them leaves the minute, and a margin of 0.25 s for two clocks.
    assert wait_s(hundred, now=10.0, limit=100) == 60.25 - 10.0
    assert wait_s(hundred[:99], now=10.0, limit=100) == 0
    assert fitting([1] * 101) == 100
    assert fitting([500_000, 500_000]) == 2
    assert fitting([500_000, 500_001]) == 1


def batches(sizes: list[int], max_objects: int, max_bytes: int) -> list[list[int]]:
    made, rest = [], sizes
    while rest:
        count = fitting(rest, max_objects=max_objects, max_bytes=max_bytes)
        assert count > 0
        made.append(rest[:count])
        rest = rest[count:]
    return made


@law
@given(sizes=SIZES, **LIMITS)
def test_batches_rejoin_to_the_input(sizes: list[int], max_objects: int, max_bytes: int):
    made = batches(sizes, max_objects, max_bytes)

    assert [size for batch in made for size in batch] == sizes


@law
@given(sizes=SIZES, **LIMITS)
def test_batches_keep_both_limits_or_are_one_large_object(
    sizes: list[int], max_objects: int, max_bytes: int
):
    for batch in batches(sizes, max_objects, max_bytes):
        assert len(batch) <= max_objects
        assert sum(batch) <= max_bytes or len(batch) == 1


@law
@given(sizes=SIZES, **LIMITS)
def test_batches_are_never_smaller_than_necessary(
    sizes: list[int], max_objects: int, max_bytes: int
):
    made = batches(sizes, max_objects, max_bytes)

    for batch, following in itertools.pairwise(made):
        assert len(batch) == max_objects or sum(batch) + following[0] > max_bytes


def test_empty_input_makes_no_batch():
    assert fitting([]) == 0


def test_default_limits_are_a_hundred_objects_and_a_megabyte():
    assert (MAX_OBJECTS, MAX_BYTES) == (100, 1_000_000)
    assert fitting([1] * 101) == 100
    assert fitting([400_000, 400_000, 200_000, 1]) == 3
    assert fitting([1_000_001, 1]) == 1


@law
@given(st.lists(st.integers()))
def test_halves_rejoin_and_differ_by_one_at_most(items: list[int]):
    first, second = halves(items)

    assert [*first, *second] == items
    assert abs(len(first) - len(second)) <= 1


@law
@given(st.lists(st.integers(), min_size=1), st.data())
def test_halving_again_and_again_finds_the_culprit(items: list[int], data: st.DataObject):
    place = data.draw(st.integers(min_value=0, max_value=len(items) - 1))
    found, first_place = list(items), 0
    for _ in range(len(items).bit_length()):
        if len(found) == 1:
            break
        first, second = halves(found)
        assert first
        assert second
        if place < first_place + len(first):
            found = list(first)
        else:
            found, first_place = list(second), first_place + len(first)

    assert (found, first_place) == ([items[place]], place)


LIMITS_A_MINUTE = st.integers(min_value=1, max_value=100)
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
@given(PAUSES, LIMITS_A_MINUTE)
def test_rate_window_never_exceeds_the_limit_whatever_the_pattern(pauses: list[float], limit: int):
    times = started(pauses, limit)

    for first, beyond in zip(times, times[limit:], strict=False):
        assert beyond - first > WINDOW_S + MARGIN_S - 0.001


@law
@given(PAUSES, LIMITS_A_MINUTE, st.integers(min_value=0, max_value=100))
def test_number_of_times_to_remember_is_the_limit(pauses: list[float], limit: int, more: int):
    times = started(pauses, limit)
    now = (times[-1] if times else 0.0) + 0.5

    assert wait_s(times[-limit - more :], now, limit) == wait_s(times[-limit:], now, limit)


@law
@given(LIMITS_A_MINUTE)
def test_limit_is_reached_under_load(limit: int):
    times = started([0.0] * (limit * 3), limit)

    assert sum(at < times[0] + WINDOW_S + MARGIN_S for at in times) == limit
    assert times[limit] == times[0] + WINDOW_S + MARGIN_S
    assert times[limit * 2] == times[0] + 2 * (WINDOW_S + MARGIN_S)


@law
@given(PAUSES, LIMITS_A_MINUTE)
def test_request_waits_no_longer_than_until_the_oldest_leaves_the_window(
    pauses: list[float], limit: int
):
    times = started(pauses, limit)
    now = times[-1] if times else 0.0

    assert 0.0 <= wait_s(times, now, limit) <= WINDOW_S + MARGIN_S + 1e-6


def test_first_requests_go_at_once():
    assert wait_s([], 5.0, 1) == 0.0
    assert wait_s([5.0] * 99, 5.0, 100) == 0.0


def test_next_request_waits_until_the_oldest_is_out_of_the_window_and_the_margin():
    free_at = WINDOW_S + MARGIN_S

    assert wait_s([0.0, 10.0, 20.0], 30.0, 3) == free_at - 30.0
    assert wait_s([0.0, 10.0, 20.0], free_at, 3) == 0.0
    assert wait_s([0.0, 10.0, 20.0], 100.0, 3) == 0.0
