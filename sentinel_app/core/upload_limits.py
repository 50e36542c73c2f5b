"""Limits of upload requests: their size, and their rate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeVar

MAX_OBJECTS = 100
"""Maximum objects in one request. Source: upload API reference, limits."""

MAX_BYTES = 1_000_000
"""Maximum bytes of the objects in one request. No limit is documented; a hundred typical objects
are a fifth of this, so only hundreds of long labels make a batch smaller."""

WINDOW_S = 60.0
"""Window of the rate limit, in seconds. Source: upload API reference, limits (per minute)."""

LONGEST_TRANSIT_S = 2.0
"""Maximum seconds from the start of a request until it has arrived, connection and TLS included.

The response may show an earlier arrival; without this bound, a slow service would look like a slow
line."""

MARGIN_S = 0.25
"""Extra seconds beyond the window, as two clocks do not run at exactly the same rate."""

KEPT_FREE = 5
"""Context leaves one request in this many to Indicators that turn up while it is sent."""

Item = TypeVar('Item')


def fitting(
    sizes: Sequence[int], *, max_objects: int = MAX_OBJECTS, max_bytes: int = MAX_BYTES
) -> int:
    """Return the number of leading objects that fit into one batch; at least one if there is any.

    Args:
        sizes: the size of each object in bytes, in order of sending.
        max_objects: maximum objects in a batch.
        max_bytes: maximum bytes in a batch; a single larger object is a batch of its own.
    """
    total = 0
    for count, size in enumerate(sizes[:max_objects]):
        total += size
        if total > max_bytes and count:
            return count
    return min(len(sizes), max_objects)


def halves(items: Sequence[Item]) -> tuple[Sequence[Item], Sequence[Item]]:
    """Split a batch in two, to find the object that makes Sentinel refuse all of it."""
    middle = len(items) // 2
    return items[:middle], items[middle:]


def spare_limit(limit: int) -> int:
    """Return the requests per minute that context may use, at least 1, of a limit."""
    return limit - limit // KEPT_FREE


def spare_s(objects: float, limit: int) -> float:
    """Return the seconds that sending context objects takes where Indicators need nothing.

    Args:
        objects: their number.
        limit: requests allowed in any `WINDOW_S`, at least 1.
    """
    return math.ceil(objects / MAX_OBJECTS) / spare_limit(limit) * WINDOW_S


def wait_s(arrived_by: Sequence[float], now: float, limit: int) -> float:
    """Return the wait before the next request, so that no window has more than `limit`.

    Args:
        arrived_by: latest arrival time of each recent request, ascending, in seconds of any one
            clock.
        now: the current time of the same clock; the next request may arrive immediately.
        limit: requests allowed in any `WINDOW_S`, at least 1.

    Returns:
        Seconds, 0 if the request may be sent now.
    """
    if len(arrived_by) < limit:
        return 0.0
    return max(0.0, arrived_by[-limit] + WINDOW_S + MARGIN_S - now)
