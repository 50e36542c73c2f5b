"""Retry policy: whether and when a failed call is retried; the only place that decides this."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Final

from sentinel_app.errors import (
    RetryableError,
    SentinelAppError,
    ThrottledError,
    UnauthorizedError,
)

LONGEST_RETRY_AFTER_S: Final = 3600.0
"""Maximum wait that a server may ask for; longer ones are cut to this."""

DEFAULT_RETRY_AFTER_S: Final = 60.0
"""Wait after a 429 without `Retry-After`: the upload API's limit is per minute.

Source: Microsoft Sentinel App user guide, "waits one minute, then goes on".
"""

UNAUTHORIZED_ATTEMPTS: Final = 2
"""Maximum attempts with refused tokens: if a new token is refused too, so is the next."""

_SECONDS: Final = re.compile(r'\s*[+-]?\d{1,18}(\.\d*)?\s*', re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """Limits of the retries of a call.

    Args:
        base_s: maximum wait after the first failure, in seconds; it doubles with each failure.
        cap_s: upper bound of the wait, in seconds, unless the server asks for more.
        attempts: maximum attempts, the first one included.
        retry_after_attempts: maximum attempts if the server says how long to wait, as on 429: it
            works and will accept the call later.
        jitter: random share of the wait, 0 to 1. Full jitter keeps many workers from retrying at
            the same moment.
    """

    base_s: float
    cap_s: float
    attempts: int
    retry_after_attempts: int
    jitter: float = 1.0


READ_POLICY: Final = RetryPolicy(base_s=1.0, cap_s=60.0, attempts=14, retry_after_attempts=60)
"""Retries of reading: eleven failures in a row reduce a page of 1,000 to one row, so 14."""

UPLOAD_POLICY: Final = RetryPolicy(base_s=1.0, cap_s=120.0, attempts=12, retry_after_attempts=60)
"""Retries of uploads: about five minutes of waiting on average, which outlasts the restart of a
gateway. A longer outage ends the Job, and the next update sends what is missing. After a 429 the
retries last an hour, as the limit is shared with other users of the app registration."""

QUERY_POLICY: Final = RetryPolicy(base_s=2.0, cap_s=60.0, attempts=4, retry_after_attempts=6)
"""Retries of queries to Log Analytics: few, as nothing depends on them, and the next run repeats
what is missing."""

QUICK_QUERY_POLICY: Final = RetryPolicy(base_s=1.0, cap_s=1.0, attempts=1, retry_after_attempts=1)
"""Of queries that a person waits for: only a refused token is replaced, once."""

QUERY_RETRY_AFTER_S: Final = 30.0
"""Wait after a 429 of Log Analytics without `Retry-After`: its limit is per 30 seconds.

Source: learn.microsoft.com/azure/azure-monitor/service-limits, "Query API".
"""


def next_wait_s(
    error: SentinelAppError, attempt: int, policy: RetryPolicy, random: Callable[[], float]
) -> float | None:
    """Return the seconds to wait before the call is retried, or None if it is not.

    Args:
        error: the error of the last attempt.
        attempt: number of attempts in a row that ended in this class of error, 1 or more. Another
            class starts over, so that a token that expires during an outage is still replaced.
        policy: the retry policy of the call.
        random: returns a number from 0 up to 1.
    """
    if not isinstance(error, RetryableError):
        return None
    if isinstance(error, UnauthorizedError):
        return 0.0 if attempt < UNAUTHORIZED_ATTEMPTS else None
    retry_after_s = _retry_after_s(error)
    if attempt >= (policy.attempts if retry_after_s is None else policy.retry_after_attempts):
        return None
    # The exponent is bounded so that the float cannot overflow; the cap is reached long before.
    longest_s = min(policy.cap_s, policy.base_s * 2.0 ** min(attempt - 1, 60))
    wait_s = longest_s * (1.0 - policy.jitter + policy.jitter * random())
    if retry_after_s is None:
        return wait_s
    # The requested seconds may have been rounded down; jitter keeps clients with the same value
    # apart.
    margin_s = policy.base_s * (1.0 + random()) / 2.0
    return max(wait_s, retry_after_s + margin_s)


def parse_retry_after(text: str | None, *, now: dt.datetime) -> float | None:
    """Parse a `Retry-After` header: seconds or a date; None if it is neither.

    Returns:
        Seconds from 0 (also for a date in the past) to an hour.

    Source: RFC 9110, section 10.2.3.
    """
    if not text:
        return None
    if _SECONDS.fullmatch(text):
        return _bounded(float(text))
    at = parse_date(text)
    return None if at is None else _bounded((at - now).total_seconds())


def parse_date(text: str | None) -> dt.datetime | None:
    """Parse an HTTP date into an aware UTC datetime; None if it is not a date."""
    if not text:
        return None
    try:
        at = parsedate_to_datetime(text)
        # HTTP dates are always UTC, even without a zone.
        return at.replace(tzinfo=dt.UTC) if at.tzinfo is None else at.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None


def _retry_after_s(error: RetryableError) -> float | None:
    """Return the wait that the server asked for, within bounds."""
    retry_after_s = error.retry_after_s
    if retry_after_s is None or math.isnan(retry_after_s):
        return DEFAULT_RETRY_AFTER_S if isinstance(error, ThrottledError) else None
    return _bounded(retry_after_s)


def _bounded(seconds: float) -> float:
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER_S)
