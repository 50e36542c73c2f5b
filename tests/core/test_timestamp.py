from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_app.core.timestamp import from_text, to_millis, to_seconds
from tests.harness.strategies import law

ZONES = st.integers(min_value=-14 * 60, max_value=14 * 60).map(
    lambda minutes: dt.timezone(dt.timedelta(minutes=minutes))
)
ANY_TIME = st.datetimes(
    min_value=dt.datetime(1, 1, 2),  # noqa: DTZ001 - the strategy adds the zone
    max_value=dt.datetime(9999, 12, 30),  # noqa: DTZ001
    timezones=ZONES,
)


def test_milliseconds_are_cut_and_always_three_digits():
    at = dt.datetime(2026, 3, 4, 5, 6, 7, 8_999, tzinfo=dt.UTC)

    assert to_millis(at) == '2026-03-04T05:06:07.008Z'


def test_seconds_are_cut():
    at = dt.datetime(2026, 3, 4, 5, 6, 7, 999_999, tzinfo=dt.UTC)

    assert to_seconds(at) == '2026-03-04T05:06:07Z'


def test_times_of_other_zones_are_written_in_utc():
    at = dt.datetime(2026, 3, 4, 1, 0, tzinfo=dt.timezone(dt.timedelta(hours=2)))

    assert to_millis(at) == '2026-03-03T23:00:00.000Z'
    assert to_seconds(at) == '2026-03-03T23:00:00Z'


def test_year_before_1000_has_four_digits():
    at = dt.datetime(1, 1, 1, tzinfo=dt.UTC)

    assert to_millis(at) == '0001-01-01T00:00:00.000Z'
    assert to_seconds(at) == '0001-01-01T00:00:00Z'


@law
@given(ANY_TIME)
def test_timestamp_round_trips_to_its_precision(at: dt.datetime):
    millis, seconds = from_text(to_millis(at)), from_text(to_seconds(at))

    assert millis == at.replace(microsecond=at.microsecond // 1000 * 1000)
    assert seconds == at.replace(microsecond=0)
    assert millis.tzinfo is dt.UTC
    assert seconds.tzinfo is dt.UTC


@law
@given(ANY_TIME, ANY_TIME)
def test_texts_sort_as_their_times_do(one: dt.datetime, other: dt.datetime):
    first, second = sorted((one, other))

    assert to_millis(first) <= to_millis(second)
    assert to_seconds(first) <= to_seconds(second)


@pytest.mark.parametrize(
    'text',
    [
        '2026-03-04T05:06:07Z',
        '2026-03-04T05:06:07.000Z',
        '2026-03-04T07:06:07+02:00',
        '2026-03-04 05:06:07.000000+00:00',
        ' 2026-03-04T05:06:07Z\n',
    ],
)
def test_time_is_read_in_every_form(text: str):
    assert from_text(text) == dt.datetime(2026, 3, 4, 5, 6, 7, tzinfo=dt.UTC)


@pytest.mark.parametrize('text', ['2026-03-04T05:06:07', '2026-03-04', '', 'yesterday', '1772600'])
def test_text_that_is_not_a_time_or_lacks_its_zone_is_refused(text: str):
    with pytest.raises(ValueError):  # noqa: PT011 - the interpreter words the message
        from_text(text)


@pytest.mark.parametrize('text', ['0001-01-01T00:00:00+05:00', '9999-12-31T23:59:59-05:00'])
def test_time_beyond_the_calendar_in_utc_is_refused_as_invalid(text: str):
    with pytest.raises(ValueError, match='beyond'):
        from_text(text)


@law
@given(ANY_TIME)
def test_times_are_written_as_the_library_writes_them(at: dt.datetime):
    plain = at.astimezone(dt.UTC).replace(tzinfo=None)

    assert to_millis(at) == plain.isoformat(timespec='milliseconds') + 'Z'
    assert to_seconds(at) == plain.isoformat(timespec='seconds') + 'Z'
