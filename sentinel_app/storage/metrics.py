"""Figures by the hour, and how much Sentinel holds."""

from __future__ import annotations

import datetime as dt
import sqlite3
from typing import Final

from sentinel_app.core.metric import Figures, Hour, LiveCount
from sentinel_app.core.models import Counts
from sentinel_app.core.status import Outcome
from sentinel_app.core.timestamp import to_millis, to_seconds
from sentinel_app.storage.cell import time_of
from sentinel_app.storage.sqlite import Database

_REMOVED: Final = ''
"""Stands in place of the hour in the row that holds the sum of what was removed."""

_COLUMNS: Final = (
    *('jobs', 'jobs_failed', 'read'),
    *(str(outcome) for outcome in Outcome),
    *('objects', 'requests', 'throttled', 'throttled_s'),
)
_NAMES: Final = ', '.join(_COLUMNS)
_ADD: Final = (
    f'INSERT INTO metric (hour, {_NAMES}) VALUES (?, {", ".join("?" * len(_COLUMNS))})'  # noqa: S608
    ' ON CONFLICT (hour) DO UPDATE SET '
    + ', '.join(f'{name} = {name} + excluded.{name}' for name in _COLUMNS)
)
_SUMS: Final = ', '.join(f'coalesce(sum({name}), 0) AS {name}' for name in _COLUMNS)


class SqliteMetrics:
    """Figures in SQLite; implements the ports `MetricStore` and `LiveCounts`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def add_job(self, request_id: str, counts: Counts, *, is_failed: bool, at: dt.datetime) -> None:
        """Add what a Job of the running update came to; a second call for it changes nothing."""
        figures = (
            *(1, int(is_failed), counts.read),
            *(counts.outcomes.get(outcome, 0) for outcome in Outcome),
            *(counts.objects, counts.requests, counts.throttled, counts.throttled_s),
        )
        with self._db.write() as transaction:
            is_first = transaction.execute(
                'UPDATE progress SET is_measured = 1 WHERE request_id = ? AND NOT is_measured',
                (request_id,),
            ).rowcount
            if is_first:
                transaction.execute(_ADD, (_hour(at), *figures))

    def hours(self, *, since: dt.datetime, before: dt.datetime) -> tuple[Hour, ...]:
        """Give the hours in which a Job ended, oldest first."""
        with self._db.read() as connection:
            return tuple(
                Hour(start_at=time_of(row['hour']), figures=_figures(row))
                for row in connection.execute(
                    'SELECT * FROM metric WHERE hour >= ? AND hour < ? AND hour != ? ORDER BY hour',
                    (_hour(since), to_seconds(before), _REMOVED),
                )
            )

    def total(self) -> Figures:
        """Give what all Jobs ever came to, also those whose hours were removed."""
        with self._db.read() as connection:
            return _figures(connection.execute(f'SELECT {_SUMS} FROM metric').fetchone())  # noqa: S608

    def remove_before(self, at: dt.datetime) -> int:
        """Remove the hours that ended before that time; give their number."""
        # What is removed stays in the total, which must never go back.
        old = 'FROM metric WHERE hour < ? AND hour != ?'
        values = (_hour(at), _REMOVED)
        with self._db.write() as transaction:
            gone = transaction.execute(f'SELECT {_SUMS} {old}', values).fetchone()
            count = transaction.execute(f'DELETE {old}', values).rowcount
            if count:
                transaction.execute(_ADD, (_REMOVED, *gone))
        return int(count)

    def live(self, now: dt.datetime) -> tuple[LiveCount, ...]:
        """Give the objects that are not withdrawn and still valid, by query and type."""
        with self._db.read() as connection:
            return tuple(
                LiveCount(query_id=row[0], indicator_type=row[1], count=row[2])
                for row in connection.execute(
                    'SELECT query_id, indicator_type, count(*) FROM ledger'
                    " WHERE state = 'live' AND valid_until > ? GROUP BY query_id, indicator_type",
                    (to_millis(now),),
                )
            )


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
