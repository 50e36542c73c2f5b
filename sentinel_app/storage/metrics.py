"""Hourly figures of Jobs."""

from __future__ import annotations

import datetime as dt
import sqlite3
from typing import Final

from sentinel_app.core.job import Counts, Outcome
from sentinel_app.core.metric import Figures, Hour
from sentinel_app.core.timestamp import to_seconds
from sentinel_app.storage.cell import time_of
from sentinel_app.storage.sqlite import Database
from sentinel_app.storage.statements import statements

_REMOVED: Final = ''
"""Value of the hour in the row with the sum of removed hours."""

_SQL: Final = statements('metrics')


class MetricStore:
    """Figures of ended Jobs, by the hour of their end."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def add_job(self, request_id: str, counts: Counts, *, is_failed: bool, at: dt.datetime) -> None:
        """Add the figures of a Job of the running update; a second call for it has no effect."""
        figures = {
            'hour': _hour(at),
            'jobs': 1,
            'jobs_failed': int(is_failed),
            'read': counts.read,
            **{str(outcome): counts.outcomes.get(outcome, 0) for outcome in Outcome},
            'objects': counts.objects,
            'requests': counts.requests,
            'throttled': counts.throttled,
            'throttled_s': counts.throttled_s,
        }
        with self._db.write() as transaction:
            if transaction.execute(_SQL['mark_measured'], (request_id,)).rowcount:
                transaction.execute(_SQL['add'], figures)

    def hours(self, *, since: dt.datetime, before: dt.datetime) -> tuple[Hour, ...]:
        """Return the hours in which Jobs ended, oldest first."""
        with self._db.read() as connection:
            return tuple(
                Hour(start_at=time_of(row['hour']), figures=_figures(row))
                for row in connection.execute(_SQL['hours'], (_hour(since), to_seconds(before)))
            )

    def total(self) -> Figures:
        """Return the sum over all Jobs ever, also of removed hours."""
        with self._db.read() as connection:
            return _figures(connection.execute(_SQL['sum_before'], {'hour': None}).fetchone())

    def remove_before(self, at: dt.datetime) -> int:
        """Remove the hours that ended before a time; return their number."""
        hour = _hour(at)
        with self._db.write() as transaction:
            gone = transaction.execute(_SQL['sum_before'], {'hour': hour}).fetchone()
            count = transaction.execute(_SQL['remove_before'], (hour,)).rowcount
            if count:
                transaction.execute(_SQL['add'], {'hour': _REMOVED, **dict(gone)})
        return int(count)


def _hour(at: dt.datetime) -> str:
    return to_seconds(at.astimezone(dt.UTC).replace(minute=0, second=0, microsecond=0))


def _figures(row: sqlite3.Row) -> Figures:
    return Figures(
        jobs=row['jobs'],
        jobs_failed=row['jobs_failed'],
        read=row['read'],
        outcomes={outcome: row[str(outcome)] for outcome in Outcome},
        objects=row['objects'],
        requests=row['requests'],
        throttled=row['throttled'],
        throttled_s=row['throttled_s'],
    )
