"""How long an update still takes: what is left to send and to read, under the upload limit."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sentinel_app.core.job import Counts, Outcome
from sentinel_app.core.upload_limits import MARGIN_S, MAX_OBJECTS, WINDOW_S

LimitSeconds = Callable[[int], float]
"""Returns in how many seconds the last of so many requests may go."""

LEAST_S = 5.0
"""Over less than this, a pace says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What one Job still has to do."""

    objects: float | None
    """To be sent; None while nobody can say."""
    seconds: float | None
    """What reading and converting the rest takes at the pace so far; None as above."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """How long an update, or a Job and those before it, still takes."""

    seconds: float
    is_least: bool = False
    """Whether there is more to do of which nobody knows how much."""


def work_left(counts: Counts, *, waiting: int, is_read: bool, elapsed_s: float | None) -> Work:
    """Return what a Job still has to do, taking the rest to be like what was read of it.

    Args:
        counts: as they stand.
        waiting: objects that are ready to be sent.
        is_read: whether no more will be read.
        elapsed_s: since the reading began; None before that.
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
    # Both go on at the same time, so the slower one counts.
    paces = [unread / counts.read if counts.read else 0.0, unconverted / counts.converted]
    return Work(
        objects=waiting + unconverted * _objects_each(counts), seconds=elapsed_s * max(paces)
    )


def _objects_each(counts: Counts) -> float:
    """Return how many objects are sent for each Indicator that is converted."""
    outcomes = counts.outcomes
    sent = outcomes.get(Outcome.SENT, 0) + outcomes.get(Outcome.REFUSED, 0)
    sending = sent + counts.converted - counts.settled
    chosen = sending + outcomes.get(Outcome.UNCHANGED, 0)
    return counts.objects / chosen * sending / counts.converted if chosen else 0.0


def limit_s(
    requests: int, arrived_by: Sequence[float], now: float, limit: int, *, blocked_s: float = 0.0
) -> float:
    """Return in how many seconds the last of so many requests may go.

    Args:
        requests: how many are still to go, none of them under way.
        arrived_by: when each recent request had arrived at the latest, ascending, in seconds of any
            one clock.
        now: the present on the same clock.
        limit: requests allowed in any `WINDOW_S`, at least 1.
        blocked_s: for how long none may go at all.
    """
    if requests <= 0:
        return 0.0
    window_s = WINDOW_S + MARGIN_S
    # The request that is the same place of an earlier window must have left this one.
    rounds, place = divmod(requests - 1, limit)
    recent = arrived_by[-limit:]
    before = place - (limit - len(recent))
    first_at = now + blocked_s
    at = first_at if before < 0 else max(first_at, recent[before] + window_s)
    return at + rounds * window_s - now


def time_left(works: Sequence[Work], seconds_of: LimitSeconds) -> Estimate | None:
    """Return how long it takes to do the work of Jobs, one after the other.

    Args:
        works: of the Jobs in the order of precedence.
        seconds_of: returns how long so many requests take under the limit.

    Returns:
        None while nobody can say anything.
    """
    objects = sum(work.objects for work in works if work.objects is not None)
    seconds = sum(work.seconds for work in works if work.seconds is not None)
    is_least = any(work.objects is None for work in works)
    if is_least and not objects:
        return None
    sending_s = seconds_of(math.ceil(objects / MAX_OBJECTS))
    return Estimate(seconds=max(seconds, sending_s), is_least=is_least)
