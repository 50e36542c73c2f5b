"""Queue of pages between reading and conversion; in memory, as they can be read again."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from sentinel_app.core.outbox import Page
from sentinel_app.core.progress import Position
from sentinel_app.errors import SentinelAppError

MOST_PAGES = 2
"""Maximum pages in memory, including the one in conversion; this bounds an update's memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndOfReading:
    """Marker that a Job's current pass was read to its end, or that its reading failed."""

    request_id: str
    error: SentinelAppError | None = None


Item = Page | EndOfReading


class PageQueue:
    """A bounded queue of pages, in the order of reading.

    The position of a Job's reading is that of its last page here, or else the stored one. A page is
    accepted only if it was read from there, so that a hung and replaced thread cannot add pages.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._items: deque[Item] = deque()
        self._places: dict[str, Position] = {}
        self._ended: set[str] = set()

    @property
    def has_room(self) -> bool:
        """Return whether another page may be read."""
        return len(self._items) < MOST_PAGES

    def head(self) -> Item | None:
        """Return the next item to convert; it stays until `take_off`."""
        with self._lock:
            return self._items[0] if self._items else None

    def place(self, request_id: str, stored: Callable[[], Position | None]) -> Position | None:
        """Return the position at which the reading of a Job continues; None at its end.

        Args:
            request_id: the Job.
            stored: returns the stored position, for a Job without pages here; None if the reading
                has ended.
        """
        with self._lock:
            if request_id in self._ended:
                return None
            known = self._places.get(request_id)
        found = known or stored()
        if found is None:
            return None
        with self._lock:
            return self._places.setdefault(request_id, found)

    def put(self, item: Item, *, read_from: Position) -> bool:
        """Add an item that was read from a position; False if reading has continued from there."""
        with self._lock:
            if self._places.get(item.request_id) != read_from or item.request_id in self._ended:
                return False
            if isinstance(item, Page):
                self._places[item.request_id] = item.place
            else:
                self._ended.add(item.request_id)
            self._items.append(item)
            return True

    def take_off(self, item: Item) -> None:
        """Remove the head, once its conversion is stored."""
        with self._lock:
            if self._items and self._items[0] is item:
                self._items.popleft()
            if isinstance(item, EndOfReading):
                self._ended.discard(item.request_id)
                self._places.pop(item.request_id, None)

    def begin_anew(self, request_id: str) -> None:
        """Restart the reading of a Job from the stored position."""
        with self._lock:
            self._places.pop(request_id, None)

    def is_ended(self, request_id: str) -> bool:
        """Return whether the unprocessed end of a Job's current pass is in the queue."""
        return request_id in self._ended

    def waiting(self, request_id: str) -> tuple[int, int]:
        """Return the number of a Job's waiting pages, its end included, and of their rows."""
        with self._lock:
            mine = [item for item in self._items if item.request_id == request_id]
        return len(mine), sum(len(item.rows) for item in mine if isinstance(item, Page))

    def remove(self, request_ids: frozenset[str]) -> tuple[Page, ...]:
        """Remove all items of Jobs, and return their pages."""
        with self._lock:
            gone = [item for item in self._items if item.request_id in request_ids]
            self._items = deque(item for item in self._items if item.request_id not in request_ids)
            self._ended -= request_ids
            for request_id in request_ids:
                self._places.pop(request_id, None)
        return tuple(item for item in gone if isinstance(item, Page))
