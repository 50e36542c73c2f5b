"""The upload limit as arithmetic: recent request times and now in, seconds to wait out."""

from __future__ import annotations

from collections.abc import Sequence

WINDOW_S = 60.0
"""The span that the limit counts in. Source: upload API reference, limits (requests per minute)."""

MARGIN_S = 1.0
"""Kept free beyond the span: the server counts when a request arrives and we when it leaves, and
the time under way differs from one request to the next, most where a connection is new."""


def wait_s(times: Sequence[float], now: float, limit: int) -> float:
    """Give how long the next request has to wait so that no span holds more than `limit`.

    Args:
        times: when requests began, ascending, in seconds of any one clock.
        now: the present on the same clock.
        limit: requests allowed in any `WINDOW_S`, at least 1.

    Returns:
        Seconds, 0 when the request may go at once.
    """
    if len(times) < limit:
        return 0.0
    return max(0.0, times[-limit] + WINDOW_S + MARGIN_S - now)
