"""Start times of the latest upload requests, for the limit across restarts."""

from __future__ import annotations

import datetime as dt
from typing import Final

from sentinel_app.storage.cell import moment_of
from sentinel_app.storage.sqlite import Database
from sentinel_app.storage.statements import statements

_SQL: Final = statements('outbox')


class RequestTimes:
    """Start times of upload requests; each is stored together with the claim of its batch."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def recent(self, since: dt.datetime) -> tuple[dt.datetime, ...]:
        """Return the times after `since`, oldest first; older ones are removed."""
        with self._db.write() as transaction:
            transaction.execute(_SQL['forget_requests'], (since.timestamp(),))
            rows = transaction.execute(_SQL['recent_requests']).fetchall()
        return tuple(moment_of(row['at']) for row in rows)
