"""How much one upload request may hold, and how soon the next one may go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

MAX_OBJECTS = 100
"""Objects in one request. Source: upload API reference, limits."""

MAX_BYTES = 1_000_000
"""Bytes of the objects in one request. The service states no limit; a hundred objects of the usual
size are a fifth of this, so only hundreds of long labels ever make a batch smaller."""

WINDOW_S = 60.0
"""The limit counts in it. Source: upload API reference, limits (requests per minute)."""

LONGEST_TRANSIT_S = 2.0
"""A request has arrived so long after its start at the latest, new connection and TLS included. The
answer tells it sooner; without this bound a slow service would be taken for a slow line."""

MARGIN_S = 0.25
"""Kept free beyond the window, for two clocks that do not run quite alike."""

Item = TypeVar('Item')


def fitting(
    sizes: Sequence[int], *, max_objects: int = MAX_OBJECTS, max_bytes: int = MAX_BYTES
) -> int:
    """Return how many of the first objects fit into one batch; at least one if there is any.

    Args:
        sizes: bytes of each object, in the order of sending.
        max_objects: the most objects in a batch.
        max_bytes: the most bytes in a batch; a single larger object goes alone.
    """
    total = 0
    for count, size in enumerate(sizes[:max_objects]):
        total += size
        if total > max_bytes and count:
            return count
    return min(len(sizes), max_objects)


def halves(items: Sequence[Item]) -> tuple[Sequence[Item], Sequence[Item]]:
    """Split in two, to find the object that makes Sentinel refuse a whole batch."""
    middle = len(items) // 2
    return items[:middle], items[middle:]


def wait_s(arrived_by: Sequence[float], now: float, limit: int) -> float:
    """Return how long the next request has to wait so that no window holds more than `limit`.

    Args:
        arrived_by: when each recent request had arrived at the latest, ascending, in seconds of any
            one clock.
        now: the present on the same clock; the next request may arrive at once.
        limit: requests allowed in any `WINDOW_S`, at least 1.

    Returns:
        Seconds, 0 when the request may go at once.
    """
    if len(arrived_by) < limit:
        return 0.0
    return max(0.0, arrived_by[-limit] + WINDOW_S + MARGIN_S - now)
