"""Waiting for something that happens elsewhere: in another thread, or in another process."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE_S = 60.0
"""Real seconds within which it has to happen, or the test has failed."""
_SHORTEST_PAUSE_S, _LONGEST_PAUSE_S = 0.005, 0.1


def until(
    is_so: Callable[[], object],
    complaint: str | Callable[[], str] = 'it did not come to that in time',
    timeout_s: float = PATIENCE_S,
) -> None:
    """Look again and again until it is so.

    Raises:
        AssertionError: it is not, within so many real seconds.
    """
    deadline = time.monotonic() + timeout_s
    pause_s = _SHORTEST_PAUSE_S
    while not is_so():
        if time.monotonic() > deadline:
            raise AssertionError(complaint if isinstance(complaint, str) else complaint())
        time.sleep(pause_s)
        # Looking costs time that those need who are waited for.
        pause_s = min(pause_s * 1.5, _LONGEST_PAUSE_S)
