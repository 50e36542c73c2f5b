"""The upload limit as arithmetic: when recent requests arrived and now in, seconds to wait out."""

from __future__ import annotations

from collections.abc import Sequence

WINDOW_S = 60.0
"""The span that the limit counts in. Source: upload API reference, limits (requests per minute)."""

LONGEST_TRANSIT_S = 2.0
"""A request has arrived so long after its start at the latest, new connection and TLS included. The
answer tells it sooner; without this bound a slow service would be taken for a slow line."""

MARGIN_S = 0.25
"""Kept free beyond the span, for two clocks that do not run quite alike."""


def wait_s(arrived_by: Sequence[float], now: float, limit: int) -> float:
    """Give how long the next request has to wait so that no span holds more than `limit`.

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
