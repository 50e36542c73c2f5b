"""Marks: the lowest number of an update's Jobs, below which the update has not chosen a row."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Mapping
from typing import Final

from sentinel_app.core.progress import CANCELLED_CODE
from sentinel_app.storage.sqlite import Database
from sentinel_app.storage.statements import statements

_SQL: Final = statements('marks')


class Marks:
    """Reads the marks of updates. Errors are as in `UpdateStore`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def first(self, update_id: str) -> int:
        """Return the lowest number of an update's Jobs; a lower mark means not chosen."""
        with self._db.read() as connection:
            return first_mark(connection, update_id)

    def whole(self) -> Mapping[int, int]:
        """Return the first mark of the last update that read the whole query, by query."""
        with self._db.read() as connection:
            return dict(tuple(row) for row in connection.execute(_SQL['whole_marks']))


def first_mark(connection: sqlite3.Connection, update_id: str) -> int:
    """Return the first mark of an update; higher than all others if it has chosen nothing."""
    # A Job that was cancelled before its update began got its number then, and chose nothing.
    found = connection.execute(_SQL['first_mark'], (update_id, CANCELLED_CODE)).fetchone()[0]
    return sys.maxsize if found is None else int(found)


def record_whole_readings(transaction: sqlite3.Connection, update_id: str, first: int) -> None:
    """Record the first mark of an update with the queries that it has read as a whole."""
    transaction.execute(_SQL['note_whole_readings'], (update_id, first))
