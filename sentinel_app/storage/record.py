"""What the stores know of single values."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from sentinel_app.core.models import IndicatorType
from sentinel_app.core.record import Record, RecordedError, RefusedObject
from sentinel_app.storage.cell import body_of, time_of
from sentinel_app.storage.sqlite import Database
from sentinel_app.storage.work import select_by_key, select_in

_LEDGER = (
    'SELECT object_key, object_id, generation, state, query_id, request_id, indicator_id,'
    ' indicator_type, summary, owner_name, created, modified, valid_until, body FROM ledger'
)

# Leaps along the index from owner to owner, of which there are few; the summary alone has no
# index, which a million rows would have to keep up for the sake of this one question.
_BY_SUMMARY = f"""
    WITH RECURSIVE owner (name) AS (
        SELECT min(owner_name) FROM ledger
        UNION ALL
        SELECT (SELECT min(owner_name) FROM ledger WHERE owner_name > owner.name)
        FROM owner WHERE owner.name IS NOT NULL
    )
    {_LEDGER} WHERE owner_name IN (SELECT name FROM owner)
        AND indicator_type IN ({', '.join('?' * len(IndicatorType))}) AND summary = ?
"""  # noqa: S608 - fixed text


class SqliteRecords:
    """Reads single values in SQLite; implements the port `Records`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def by_key(self, keys: Sequence[str]) -> tuple[Record, ...]:
        """Give what was sent under these object keys."""
        with self._db.read() as connection:
            return tuple(_record(row) for row in select_by_key(connection, _LEDGER, keys))

    def by_summary(self, summary: str) -> tuple[Record, ...]:
        """Give what was sent of Indicators with exactly this summary."""
        with self._db.read() as connection:
            found = connection.execute(_BY_SUMMARY, (*IndicatorType, summary))
            return tuple(_record(row) for row in found)

    def by_indicator(self, indicator_ids: Sequence[int]) -> tuple[Record, ...]:
        """Give what was sent of these Indicators."""
        with self._db.read() as connection:
            return tuple(
                _record(row)
                for row in select_in(connection, f'{_LEDGER} WHERE indicator_id', indicator_ids)
            )

    def refused(self, keys: Sequence[str]) -> tuple[RefusedObject, ...]:
        """Give what Sentinel refused of these object keys."""
        with self._db.read() as connection:
            return tuple(
                RefusedObject(
                    object_key=row['object_key'],
                    query_id=row['query_id'],
                    indicator_id=row['indicator_id'],
                    attempts=row['attempts'],
                )
                for row in select_by_key(
                    connection,
                    'SELECT object_key, query_id, indicator_id, attempts FROM refusal',
                    keys,
                )
            )

    def last_error(self, indicator_id: int) -> RecordedError | None:
        """Give the last error about an Indicator that is still kept."""
        with self._db.read() as connection:
            row = connection.execute(
                'SELECT request_id, at, code, reason FROM error WHERE indicator_id = ?'
                ' ORDER BY id DESC LIMIT 1',
                (indicator_id,),
            ).fetchone()
            if row is None:
                return None
            return RecordedError(
                request_id=row['request_id'],
                at=time_of(row['at']),
                code=row['code'],
                reason=row['reason'],
            )


def _record(row: sqlite3.Row) -> Record:
    return Record(
        object_key=row['object_key'],
        object_id=row['object_id'],
        generation=row['generation'],
        is_live=row['state'] == 'live',
        query_id=row['query_id'],
        request_id=row['request_id'],
        indicator_id=row['indicator_id'],
        indicator_type=row['indicator_type'],
        summary=row['summary'],
        owner_name=row['owner_name'],
        created_at=time_of(row['created']),
        modified_at=time_of(row['modified']),
        valid_until_at=time_of(row['valid_until']),
        body=body_of(row['body']),
    )
