import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_app.core.time_range import BEGINNING, SECOND, TimeRange
from tests.harness.clocks import NOON

MOMENTS = st.integers(min_value=0, max_value=10_000_000).map(
    lambda seconds: BEGINNING + dt.timedelta(seconds=seconds)
)


@given(
    start_at=st.none() | MOMENTS,
    length_s=st.none() | st.integers(min_value=1, max_value=10_000_000),
    head_s=st.floats(min_value=0, max_value=20_000_000),
    present_at=MOMENTS,
)
def test_head_and_rest_make_up_the_whole(
    start_at: dt.datetime | None, length_s: int | None, head_s: float, present_at: dt.datetime
) -> None:
    end_at = None
    if length_s is not None:
        end_at = (start_at or BEGINNING) + dt.timedelta(seconds=length_s)
    time_range = TimeRange(start_at=start_at, end_at=end_at)
    head = time_range.head(dt.timedelta(seconds=head_s), present_at=present_at)
    rest = time_range.after(head)
    assert head.start_at == start_at
    if rest is None:
        assert head == time_range
        return
    assert head.end_at is not None
    assert rest == TimeRange(start_at=head.end_at, end_at=end_at)
    assert head.end_at - (start_at or BEGINNING) >= SECOND
    assert head.end_at.microsecond == 0
    assert end_at is None or head.end_at < end_at


@pytest.mark.parametrize(
    ('time_range', 'is_one'),
    [
        (TimeRange(start_at=NOON, end_at=NOON + SECOND), True),
        (TimeRange(start_at=NOON, end_at=NOON + 2 * SECOND), False),
        (TimeRange(start_at=NOON), False),
        (TimeRange(end_at=NOON), False),
        (TimeRange(), False),
    ],
)
def test_range_of_one_second_is_the_only_one_that_cannot_be_divided(
    time_range: TimeRange, is_one: bool
) -> None:
    assert time_range.is_one_second is is_one
    half = time_range.head(time_range.length(present_at=NOON) / 2, present_at=NOON)
    assert (half == time_range) is is_one


def test_range_without_an_end_ends_now_but_can_always_be_divided() -> None:
    assert TimeRange(start_at=NOON - 9 * SECOND).length(present_at=NOON) == 9 * SECOND
    ahead = TimeRange(start_at=NOON + 9 * SECOND)
    assert ahead.length(present_at=NOON) == 2 * SECOND
    assert ahead.head(SECOND, present_at=NOON).end_at == NOON + 10 * SECOND
