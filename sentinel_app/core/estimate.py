"""Time left of an update: what is left to read and to send, under the upload limit."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sentinel_app.core.job import Counts, Outcome
from sentinel_app.core.upload_limits import MARGIN_S, MAX_OBJECTS, WINDOW_S

LimitSeconds = Callable[[int], float]
"""Returns the seconds until the last of this number of requests may be sent."""

LEAST_S = 5.0
"""Shortest time over which a pace is meaningful."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Remaining work of one Job."""

    objects: float | None
    """Objects to send; None while unknown."""
    seconds: float | None
    """Time to read and convert the rest at the pace so far; None while unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Time left of an update, or of a Job and those before it."""

    seconds: float
    is_least: bool = False
    """Whether there is more work of unknown size."""


def work_left(counts: Counts, *, waiting: int, is_read: bool, elapsed_s: float | None) -> Work:
    """Return the remaining work of a Job, assuming that the rest is like what was read.

    Args:
        counts: the current counts.
        waiting: number of objects that are ready to be sent.
        is_read: whether reading has ended.
        elapsed_s: seconds since reading began; None before that.
    """
    total = counts.read if is_read else counts.expected
    if total is None:
        return Work(objects=None, seconds=None)
    unread = max(0, total - counts.read)
    unconverted = max(0, max(total, counts.read) - counts.converted)
    if not unconverted:
        return Work(objects=waiting, seconds=0.0)
    if not counts.converted or elapsed_s is None or elapsed_s < LEAST_S:
        return Work(objects=None, seconds=None)
    # Both run at the same time, so the slower one counts.
    paces = [unread / counts.read if counts.read else 0.0, unconverted / counts.converted]
    return Work(
        objects=waiting + unconverted * _objects_each(counts), seconds=elapsed_s * max(paces)
    )


def _objects_each(counts: Counts) -> float:
    """Return the number of objects sent per converted Indicator."""
    outcomes = counts.outcomes
    sent = outcomes.get(Outcome.SENT, 0) + outcomes.get(Outcome.REFUSED, 0)
    sending = sent + counts.converted - counts.settled
    chosen = sending + outcomes.get(Outcome.UNCHANGED, 0)
    return counts.objects / chosen * sending / counts.converted if chosen else 0.0


def limit_s(
    requests: int, arrived_by: Sequence[float], now: float, limit: int, *, blocked_s: float = 0.0
) -> float:
    """Return the seconds until the last of the remaining requests may be sent.

    Args:
        requests: number of requests left, none of them in flight.
        arrived_by: latest arrival time of each recent request, ascending, in seconds of any one
            clock.
        now: the current time of the same clock.
        limit: requests allowed in any `WINDOW_S`, at least 1.
        blocked_s: seconds during which no request may be sent at all.
    """
    if requests <= 0:
        return 0.0
    window_s = WINDOW_S + MARGIN_S
    # The request `limit` places earlier must have left the window.
    rounds, place = divmod(requests - 1, limit)
    recent = arrived_by[-limit:]
    before = place - (limit - len(recent))
    first_at = now + blocked_s
    at = first_at if before < 0 else max(first_at, recent[before] + window_s)
    return at + rounds * window_s - now


def time_left(works: Sequence[Work], seconds_of: LimitSeconds) -> Estimate | None:
    """Return the time that the work of Jobs takes, one after the other.

    Args:
        works: the work of each Job, in order of precedence.
        seconds_of: returns the seconds that a number of requests takes under the limit.

    Returns:
        The estimate; None while nothing is known.
    """
    objects = sum(work.objects for work in works if work.objects is not None)
    seconds = sum(work.seconds for work in works if work.seconds is not None)
    is_least = any(work.objects is None for work in works)
    if is_least and not objects:
        return None
    sending_s = seconds_of(math.ceil(objects / MAX_OBJECTS))
    return Estimate(seconds=max(seconds, sending_s), is_least=is_least)
