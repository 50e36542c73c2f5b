import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_app.core.window import OVERLAP_S, next_window
from tests.harness.clocks import NOON

times = st.datetimes(
    min_value=dt.datetime(2020, 1, 1),  # noqa: DTZ001 - the strategy adds the zone
    max_value=dt.datetime(2040, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from([dt.UTC, dt.timezone(dt.timedelta(hours=-5))]),
)


def test_window_starts_before_the_cursor_and_ends_now_in_whole_seconds():
    window = next_window(
        cursor_at=NOON - dt.timedelta(hours=1), server_now=NOON.replace(microsecond=999_999)
    )
    assert window.start_at == NOON - dt.timedelta(hours=1, seconds=OVERLAP_S)
    assert window.end_at == NOON


def test_window_of_a_full_read_has_no_start():
    window = next_window(cursor_at=None, server_now=NOON)
    assert window.start_at is None
    assert window.end_at == NOON


def test_window_starts_before_the_new_time_when_the_servers_clock_was_set_back():
    window = next_window(cursor_at=NOON + dt.timedelta(hours=2), server_now=NOON, overlap_s=60)
    assert window.start_at == NOON - dt.timedelta(seconds=60)
    assert window.end_at == NOON


def test_negative_overlap_is_refused():
    with pytest.raises(ValueError, match='negative'):
        next_window(cursor_at=NOON, server_now=NOON, overlap_s=-1)


@given(st.lists(times, min_size=2, max_size=12), st.integers(0, 900))
def test_successive_windows_tile_without_a_gap(nows, overlap_s):
    cursor_at = next_window(cursor_at=None, server_now=nows[0]).end_at
    for now in nows[1:]:
        window = next_window(cursor_at=cursor_at, server_now=now, overlap_s=overlap_s)
        assert window.start_at + dt.timedelta(seconds=overlap_s) <= cursor_at
        assert window.start_at <= window.end_at <= now
        assert window.start_at.microsecond == window.end_at.microsecond == 0
        assert window.start_at.utcoffset() == window.end_at.utcoffset() == dt.timedelta(0)
        cursor_at = window.end_at


@given(times, times, times)
def test_change_after_a_window_was_fixed_is_in_the_next_one(first, changed, second):
    """A change that the server stamps at or after the end of one window, before the next one."""
    cursor_at = next_window(cursor_at=None, server_now=first).end_at
    window = next_window(cursor_at=cursor_at, server_now=second)
    if cursor_at <= changed < window.end_at:
        assert window.start_at <= changed
