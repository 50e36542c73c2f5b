"""Answers that are given again for a while."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable


class AnswerCache:
    """Bodies by what was asked; safe between threads."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[Hashable, tuple[float, bytes]] = {}

    def get(self, key: Hashable, max_age_s: float) -> tuple[bytes, int] | None:
        """Return a body and its age in whole seconds; `None` without one that is young enough."""
        with self._lock:
            now = self._clock()
            for old in [old for old, (at, _) in self._kept.items() if now - at >= max_age_s]:
                del self._kept[old]
            if key not in self._kept:
                return None
            at, body = self._kept[key]
            return body, int(now - at)

    def put(self, key: Hashable, body: bytes) -> None:
        """Keep a body from now on."""
        with self._lock:
            self._kept[key] = (self._clock(), body)

    def clear(self) -> None:
        """Forget all of them."""
        with self._lock:
            self._kept.clear()
