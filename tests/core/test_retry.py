import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_app.core.retry import (
    DEFAULT_RETRY_AFTER_S,
    LONGEST_RETRY_AFTER_S,
    READ_POLICY,
    UPLOAD_POLICY,
    RetryPolicy,
    next_wait_s,
    parse_date,
    parse_retry_after,
)
from sentinel_app.errors import (
    BatchRefusedError,
    BatchTooLargeError,
    QueryError,
    ReadAuthError,
    ReadError,
    ReadTimeoutError,
    ThrottledError,
    TokenError,
    TokenRefusedError,
    UnauthorizedError,
    UploadDeniedError,
    UploadServerError,
)
from tests.harness.clocks import NOON

POLICY = RetryPolicy(base_s=1.0, cap_s=60.0, attempts=8, retry_after_attempts=20)
shares = st.floats(0, 1, exclude_max=True)


@pytest.mark.parametrize(
    'error_class', [ReadError, ReadTimeoutError, TokenError, UploadServerError]
)
def test_wait_doubles_up_to_the_cap(error_class):
    waits = [next_wait_s(error_class('x'), n, POLICY, lambda: 1.0) for n in range(1, 8)]
    assert waits == [1, 2, 4, 8, 16, 32, 60]


def test_jitter_covers_the_whole_wait():
    assert next_wait_s(ReadError('x'), 4, POLICY, lambda: 0.0) == 0.0
    assert next_wait_s(ReadError('x'), 4, POLICY, lambda: 0.25) == 2.0


def test_wait_is_fixed_without_jitter():
    policy = RetryPolicy(base_s=1.0, cap_s=60.0, attempts=8, retry_after_attempts=20, jitter=0.0)
    assert next_wait_s(ReadError('x'), 4, policy, lambda: 0.0) == 8.0


def test_attempts_end_after_the_last_one_allowed():
    assert next_wait_s(UploadServerError('x'), 7, POLICY, lambda: 0.5) is not None
    assert next_wait_s(UploadServerError('x'), 8, POLICY, lambda: 0.5) is None


@pytest.mark.parametrize(
    ('policy', 'error_class', 'waits'),
    [
        (READ_POLICY, ReadError, [1, 2, 4, 8, 16, 32, *[60] * 7]),
        (UPLOAD_POLICY, UploadServerError, [1, 2, 4, 8, 16, 32, 64, *[120] * 4]),
    ],
)
def test_policies_wait_longer_each_time_and_then_end(policy, error_class, waits):
    attempts = range(1, len(waits) + 2)
    found = [next_wait_s(error_class('x'), attempt, policy, lambda: 1.0) for attempt in attempts]
    assert found == [*waits, None]


@pytest.mark.parametrize('policy', [READ_POLICY, UPLOAD_POLICY])
def test_policies_wait_a_margin_beyond_the_requested_time_sixty_times(policy):
    error = ThrottledError('x', retry_after_s=500)
    assert next_wait_s(error, 1, policy, lambda: 0.0) == 500.5
    assert next_wait_s(error, 59, policy, lambda: 1.0) == 501.0
    assert next_wait_s(error, 60, policy, lambda: 0.0) is None


@pytest.mark.parametrize(
    'error_class',
    [
        BatchRefusedError,
        BatchTooLargeError,
        QueryError,
        ReadAuthError,
        TokenRefusedError,
        UploadDeniedError,
    ],
)
def test_permanent_errors_are_not_retried(error_class):
    assert next_wait_s(error_class('x'), 1, POLICY, lambda: 0.5) is None


def test_refused_token_is_replaced_once_and_at_once():
    assert next_wait_s(UnauthorizedError('x'), 1, POLICY, lambda: 0.9) == 0.0
    assert next_wait_s(UnauthorizedError('x'), 2, POLICY, lambda: 0.9) is None


def test_throttling_without_a_time_means_a_minute():
    assert next_wait_s(ThrottledError('x'), 1, POLICY, lambda: 0.0) == DEFAULT_RETRY_AFTER_S + 0.5


def test_throttling_is_tolerated_longer_than_a_server_error():
    assert next_wait_s(ThrottledError('x', retry_after_s=5), 19, POLICY, lambda: 0.0) is not None
    assert next_wait_s(ThrottledError('x', retry_after_s=5), 20, POLICY, lambda: 0.0) is None


def test_throttling_for_no_time_at_all_still_backs_off():
    waits = [
        next_wait_s(ThrottledError('x', retry_after_s=0), n, POLICY, lambda: 1.0)
        for n in (1, 5, 19)
    ]
    assert waits == [1, 16, 60]


@pytest.mark.parametrize('retry_after_s', [7200.0, 1e9, float('inf')])
def test_absurd_time_is_bounded(retry_after_s):
    wait_s = next_wait_s(ThrottledError('x', retry_after_s=retry_after_s), 1, POLICY, lambda: 0.999)
    assert LONGEST_RETRY_AFTER_S <= wait_s <= LONGEST_RETRY_AFTER_S + 1


@pytest.mark.parametrize('retry_after_s', [-5.0, float('-inf')])
def test_time_in_the_past_is_ignored(retry_after_s):
    assert (
        next_wait_s(UploadServerError('x', retry_after_s=retry_after_s), 1, POLICY, lambda: 0.0)
        == 0.5
    )


def test_time_that_is_not_a_number_is_ignored():
    error = UploadServerError('x', retry_after_s=float('nan'))
    assert next_wait_s(error, 8, POLICY, lambda: 0.5) is None


@given(
    st.sampled_from([ReadError, ReadTimeoutError, ThrottledError, UploadServerError]),
    st.one_of(st.none(), st.floats(allow_nan=True)),
    st.integers(1, 10_000),
    shares,
    st.sampled_from([READ_POLICY, UPLOAD_POLICY, POLICY]),
)
def test_wait_is_bounded_and_never_below_the_requested_time(
    error_class, retry_after_s, attempt, share, policy
):
    wait_s = next_wait_s(
        error_class('x', retry_after_s=retry_after_s), attempt, policy, lambda: share
    )
    if wait_s is None:
        assert attempt >= min(policy.attempts, policy.retry_after_attempts)
        return
    assert 0 <= wait_s <= LONGEST_RETRY_AFTER_S + policy.cap_s
    if retry_after_s is not None and retry_after_s > 0:
        assert wait_s >= min(retry_after_s, LONGEST_RETRY_AFTER_S)


def test_reading_survives_the_way_down_to_a_page_of_one_row():
    size, failures = 1000, 0
    while size > 1:
        size, failures = max(1, size // 2), failures + 1
    for attempt in range(1, failures + 2):
        assert next_wait_s(ReadTimeoutError('x'), attempt, READ_POLICY, lambda: 1.0) is not None


@pytest.mark.parametrize(
    ('text', 'seconds'),
    [
        ('0', 0),
        ('45', 45),
        (' 45 ', 45),
        ('1.5', 1.5),
        ('-3', 0),
        ('99999999999', LONGEST_RETRY_AFTER_S),
        ('Wed, 04 Mar 2026 12:00:30 GMT', 30),
        ('Wed, 04 Mar 2026 12:00:30 -0000', 30),
        ('Wed, 04 Mar 2026 13:00:30 +0100', 30),
        ('Wed, 04 Mar 2026 11:59:00 GMT', 0),
        ('Wed, 04 Mar 2099 12:00:00 GMT', LONGEST_RETRY_AFTER_S),
        (None, None),
        ('', None),
        ('soon', None),
        ('nan', None),
        ('inf', None),
        ('1e9', None),
        ('١٢', None),
        ('Wed, 99 Mar 2026 12:00:00 GMT', None),
        ('Fri, 31 Dec 9999 23:59:59 -2300', None),
    ],
)
def test_retry_after_is_read_in_both_forms(text, seconds):
    assert parse_retry_after(text, now=NOON) == seconds


@given(st.text())
def test_retry_after_of_any_content_is_bounded_or_none(text):
    seconds = parse_retry_after(text, now=NOON)
    assert seconds is None or 0 <= seconds <= LONGEST_RETRY_AFTER_S


def test_http_date_is_read_as_utc():
    assert parse_date('Wed, 04 Mar 2026 12:00:00 GMT') == NOON
    assert parse_date('Wed, 04 Mar 2026 12:00:00 GMT').utcoffset() == dt.timedelta(0)


@pytest.mark.parametrize('text', [None, '', 'yesterday'])
def test_invalid_http_date_is_none(text):
    assert parse_date(text) is None
