"""Whether a failed call is made again, and after how long; the only place that decides it."""

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

LONGEST_TOLD_S: Final = 3600.0
"""A server that asks for more than an hour is not believed."""

DEFAULT_TOLD_S: Final = 60.0
"""What a 429 without a time means: the limit of the upload API is one of a minute.

Source: Microsoft Sentinel App user guide, "waits one minute, then goes on".
"""

UNAUTHORIZED_ATTEMPTS: Final = 2
"""A refused token is replaced once; if the new one is refused too, a third will be."""

_SECONDS: Final = re.compile(r'\s*[+-]?\d{1,18}(\.\d*)?\s*', re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How patient a call is.

    Args:
        base_s: longest wait after the first failure, in seconds; it doubles with each failure.
        cap_s: longest wait of all, unless the other side asks for more.
        attempts: how many attempts in all, the first one included.
        told_attempts: the same where the other side says how long to wait, as it does on 429: it is
            alive and will take the call later.
        jitter: share of the wait that is left to chance, 0 to 1. All of it keeps many workers from
            coming back at the same moment.
    """

    base_s: float
    cap_s: float
    attempts: int
    told_attempts: int
    jitter: float = 1.0


READ_POLICY: Final = RetryPolicy(base_s=1.0, cap_s=60.0, attempts=14, told_attempts=60)
"""Fourteen, as it takes eleven failures in a row to go from a page of 1,000 down to one of 1."""

UPLOAD_POLICY: Final = RetryPolicy(base_s=1.0, cap_s=120.0, attempts=12, told_attempts=60)
"""About five minutes of waiting on average, which outlasts the restart of a gateway; a longer
outage ends the Job, and the next update sends what is missing. A 429 is worth an hour: the limit is
shared with whatever else uses the app registration."""


def next_wait_s(
    error: SentinelAppError, attempt: int, policy: RetryPolicy, random: Callable[[], float]
) -> float | None:
    """Return the seconds to wait before the same call is made again, or None to give up.

    Args:
        error: what the last attempt ended in.
        attempt: how many attempts in a row have ended in this class of error, 1 or more. Another
            class begins anew, so that a token that expires during an outage is still replaced.
        policy: how patient the call is.
        random: gives a number from 0 up to 1.
    """
    if not isinstance(error, RetryableError):
        return None
    if isinstance(error, UnauthorizedError):
        return 0.0 if attempt < UNAUTHORIZED_ATTEMPTS else None
    told_s = _told_s(error)
    if attempt >= (policy.attempts if told_s is None else policy.told_attempts):
        return None
    # The exponent is bounded because a float is; the cap is reached long before.
    longest_s = min(policy.cap_s, policy.base_s * 2.0 ** min(attempt - 1, 60))
    wait_s = longest_s * (1.0 - policy.jitter + policy.jitter * random())
    if told_s is None:
        return wait_s
    # Whole seconds are told, rounded who knows how; and those told the same must not come together.
    margin_s = policy.base_s * (1.0 + random()) / 2.0
    return max(wait_s, told_s + margin_s)


def parse_retry_after(text: str | None, *, now: dt.datetime) -> float | None:
    """Read a `Retry-After`: seconds or a date; None where it is neither.

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
    """Read an HTTP date as an aware UTC datetime; None where it is none."""
    if not text:
        return None
    try:
        at = parsedate_to_datetime(text)
        # HTTP dates are UTC whatever they leave out.
        return at.replace(tzinfo=dt.UTC) if at.tzinfo is None else at.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None


def _told_s(error: RetryableError) -> float | None:
    """What the other side asked for, within reason."""
    told_s = error.retry_after_s
    if told_s is None or math.isnan(told_s):
        return DEFAULT_TOLD_S if isinstance(error, ThrottledError) else None
    return _bounded(told_s)


def _bounded(seconds: float) -> float:
    return min(max(seconds, 0.0), LONGEST_TOLD_S)
