"""Read access to the ledger: what Sentinel holds because of the App."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.ledger_row import (
    TYPE_OF_KIND,
    CurrentRow,
    LedgerRow,
    ObjectState,
    Refusal,
    millis,
    moment,
)
from sentinel_app.core.metric import LiveCount
from sentinel_app.core.object_id import ObjectKey, object_id
from sentinel_app.core.record import Record, RecordedError, RefusedObject
from sentinel_app.core.value import summary_digest
from sentinel_app.storage.accounts import end_of_hour, hour_of
from sentinel_app.storage.cell import key_of_row, read_cell, time_of
from sentinel_app.storage.packing import unpack
from sentinel_app.storage.selection import select_in
from sentinel_app.storage.sqlite import Database
from sentinel_app.storage.statements import statements

_SQL: Final = statements('ledger')


class Ledger:
    """Reads the ledger and its counters, which the running update writes."""

    def __init__(self, db: Database) -> None:
        self._db = db

    # -- for the running update

    def held_of(self, indicator_ids: Sequence[int]) -> Mapping[int, list[CurrentRow]]:
        """Return the parts of these Indicators' ledger rows by which raw rows are recognized."""
        found: dict[int, list[CurrentRow]] = {}
        with self._db.read() as connection:
            cursor = connection.cursor()
            cursor.row_factory = None
            for row in select_in(cursor, _SQL['held'], indicator_ids):
                found.setdefault(row[0], []).append(CurrentRow._make(row))
        return found

    def rows_of_indicators(self, indicator_ids: Sequence[int]) -> Mapping[int, list[LedgerRow]]:
        """Return the ledger rows of these Indicators' objects."""
        found: defaultdict[int, list[LedgerRow]] = defaultdict(list)
        for row in self._rows('by_indicator', indicator_ids):
            found[row.indicator_id].append(row)
        return found

    def rows_of_keys(self, digests: Sequence[bytes]) -> dict[bytes, LedgerRow]:
        """Return the ledger rows of these keys."""
        return {row.digest: row for row in self._rows('by_digest', digests)}

    def refusals(self, indicator_ids: Sequence[int]) -> list[Refusal]:
        """Return the refusals of these Indicators' objects."""
        with self._db.read() as connection:
            rows = select_in(connection, _SQL['refusals'], indicator_ids)
            return [Refusal._make(row) for row in rows]

    def _rows(self, name: str, items: Sequence[object]) -> list[LedgerRow]:
        with self._db.read() as connection:
            cursor = connection.cursor()
            cursor.row_factory = None
            return [LedgerRow._make(row) for row in select_in(cursor, _SQL[name], items)]

    def taken_up(self, job: int, indicator_ids: Sequence[int]) -> frozenset[int]:
        """Return the Indicators among these that a Job has read, if its rows may repeat."""
        return self._ids('taken_up', job, indicator_ids)

    def dismissed(self, jobs: Iterable[int], objects: Sequence[int]) -> frozenset[int]:
        """Return the objects among these whose copy a Job has read and cannot send."""
        return frozenset().union(*(self._ids('dismissed', job, objects) for job in jobs))

    def with_outcome_row(self, job: int, indicator_ids: Sequence[int]) -> frozenset[int]:
        """Return the Indicators among these that have an outcome row in a Job."""
        return self._ids('with_outcome_row', job, indicator_ids)

    def _ids(self, name: str, job: int, items: Sequence[int]) -> frozenset[int]:
        with self._db.read() as connection:
            return frozenset(row[0] for row in select_in(connection, _SQL[name], items, (job,)))

    # -- counters

    def live(self, now: dt.datetime) -> int:
        """Return the number of live objects, including those that expire within the hour."""
        with self._db.read() as connection:
            return int(connection.execute(_SQL['live'], (_hour(now),)).fetchone()[0])

    def live_counts(self, now: dt.datetime) -> tuple[LiveCount, ...]:
        """Return the number of live objects by query and type."""
        with self._db.read() as connection:
            counts: defaultdict[tuple[str, str], int] = defaultdict(int)
            for query_id, kind, count in connection.execute(_SQL['live_by_query'], (_hour(now),)):
                # The hashes of Files are of one type.
                counts[query_id, str(_type(kind))] += count
        return tuple(
            LiveCount(query_id=query_id, indicator_type=kind, count=count)
            for (query_id, kind), count in counts.items()
        )

    def live_until(self, now: dt.datetime) -> tuple[tuple[str, int, dt.datetime], ...]:
        """Return for each query the number of live objects, and when the last one expires."""
        with self._db.read() as connection:
            rows = connection.execute(_SQL['live_until'], (_hour(now),)).fetchall()
        return tuple((query_id, count, moment(end_of_hour(hour))) for query_id, count, hour in rows)

    def live_sources(self, now: dt.datetime) -> frozenset[tuple[str, IndicatorType]]:
        """Return the owners and types of the copies of live objects."""
        with self._db.read() as connection:
            rows = connection.execute(_SQL['live_sources'], (_hour(now),))
            return frozenset((owner, _type(kind)) for owner, kind in rows)

    # -- single values

    def by_key(self, keys: Iterable[ObjectKey]) -> tuple[Record, ...]:
        """Return the records of these object keys."""
        return self._records('records_by_digest', [key.digest for key in keys])

    def by_summary(self, summary: str) -> tuple[Record, ...]:
        """Return the records of Indicators whose keys do not follow from their summary."""
        return self._records(
            'records_by_summary', [summary_digest(kind, summary) for kind in IndicatorType]
        )

    def by_indicator(self, indicator_ids: Sequence[int]) -> tuple[Record, ...]:
        """Return the records of these Indicators."""
        return self._records('records_by_indicator', indicator_ids)

    def _records(self, name: str, items: Sequence[object]) -> tuple[Record, ...]:
        with self._db.read() as connection:
            return tuple(_record(row) for row in select_in(connection, _SQL[name], items))

    def refused(self, keys: Iterable[ObjectKey]) -> tuple[RefusedObject, ...]:
        """Return the refused objects of these object keys."""
        texts = {key.digest: key.text for key in keys}
        with self._db.read() as connection:
            return tuple(
                RefusedObject(
                    object_key=texts[row['digest']],
                    query_id=row['query_id'],
                    indicator_id=row['indicator_id'],
                    attempts=row['attempts'],
                )
                for row in select_in(connection, _SQL['refused'], list(texts))
            )

    def last_error(self, indicator_id: int) -> RecordedError | None:
        """Return the last stored error about an Indicator; None if there is none."""
        with self._db.read() as connection:
            row = connection.execute(_SQL['last_error'], (indicator_id,)).fetchone()
            if row is None:
                return None
            return RecordedError(
                request_id=row['request_id'],
                at=time_of(row['at']),
                code=row['code'],
                reason=row['reason'],
            )


def _hour(at: dt.datetime) -> int:
    return hour_of(millis(at))


def _type(kind: int) -> IndicatorType:
    return read_cell(TYPE_OF_KIND.__getitem__, kind)


def _record(row: sqlite3.Row) -> Record:
    key = key_of_row(row)
    return Record(
        object_key=key.text,
        object_id=object_id(key, row['generation']),
        generation=row['generation'],
        is_live=row['state'] == ObjectState.LIVE,
        query_id=row['query_id'],
        request_id=row['request_id'],
        indicator_id=row['indicator_id'],
        indicator_type=key.type,
        summary=row['summary'],
        owner_name=row['owner_name'],
        created_at=read_cell(moment, row['created']),
        modified_at=read_cell(moment, row['modified']),
        valid_until_at=read_cell(moment, row['valid_until']),
        first_sent_at=read_cell(moment, row['first_sent']),
        body=unpack(row['body']).decode(),
    )
