"""Pages that were read and wait for conversion: in memory, as they can be read again."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from sentinel_app.core.outbox import Page
from sentinel_app.core.progress import Position
from sentinel_app.errors import SentinelAppError

MOST_PAGES = 2
"""Pages in memory, the one that is being converted included; they bound the memory of an update."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndOfReading:
    """A Job's present pass has been read through, or its reading has failed."""

    request_id: str
    error: SentinelAppError | None = None


Item = Page | EndOfReading


class PageQueue:
    """A bounded queue of pages, in the order in which they were read.

    Where the reading of a Job goes on is that of its last page here, or else what is stored. A page
    comes in only if it was read from there: a thread that hung and was replaced brings nothing.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._items: deque[Item] = deque()
        self._places: dict[str, Position] = {}
        self._ended: set[str] = set()

    @property
    def has_room(self) -> bool:
        """Whether another page may be read."""
        return len(self._items) < MOST_PAGES

    def head(self) -> Item | None:
        """Return what is to be converted next; it stays until it is taken off."""
        with self._lock:
            return self._items[0] if self._items else None

    def place(self, request_id: str, stored: Callable[[], Position | None]) -> Position | None:
        """Return where the reading of a Job goes on; None where its end has been read.

        Args:
            request_id: of the Job.
            stored: returns what is stored, which holds where nothing of the Job is here; None where
                the reading has ended.
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
        """Add what was read from a place; False where the reading has gone on from there."""
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
        """Remove the head, once what was made of it is stored."""
        with self._lock:
            if self._items and self._items[0] is item:
                self._items.popleft()
            if isinstance(item, EndOfReading):
                self._ended.discard(item.request_id)
                self._places.pop(item.request_id, None)

    def begin_anew(self, request_id: str) -> None:
        """Forget where the reading of a Job was: it goes on from what is stored."""
        with self._lock:
            self._places.pop(request_id, None)

    def is_ended(self, request_id: str) -> bool:
        """Whether the present pass of a Job is read to its end, which has yet to be dealt with."""
        return request_id in self._ended

    def waiting(self, request_id: str) -> tuple[int, int]:
        """Return how many pages of a Job wait, its end included, and the rows on them."""
        with self._lock:
            mine = [item for item in self._items if item.request_id == request_id]
        return len(mine), sum(len(item.rows) for item in mine if isinstance(item, Page))

    def remove(self, request_ids: frozenset[str]) -> tuple[Page, ...]:
        """Remove everything of Jobs, and return their pages."""
        with self._lock:
            gone = [item for item in self._items if item.request_id in request_ids]
            self._items = deque(item for item in self._items if item.request_id not in request_ids)
            self._ended -= request_ids
            for request_id in request_ids:
                self._places.pop(request_id, None)
        return tuple(item for item in gone if isinstance(item, Page))
