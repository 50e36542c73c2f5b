"""Bulk look-ups in the ledger: a few statements, however many values there are."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.ledger_row import TYPE_OF_KIND, ObjectState, millis, moment
from sentinel_app.core.object_id import ObjectKey, object_id
from sentinel_app.core.record import Holding, RefusedObject
from sentinel_app.core.value import summary_digest
from sentinel_app.storage.accounts import hour_of
from sentinel_app.storage.cell import key_of_row, read_cell
from sentinel_app.storage.selection import select_in
from sentinel_app.storage.sqlite import Database
from sentinel_app.storage.statements import statements

MOST_THAT_CAME_BACK: Final = 50_000
"""Maximum objects whose ids are computed to find an id of a later generation."""

_SQL: Final = statements('holdings')
_DIGITS: Final = slice(len('indicator--'), None)


class Holdings:
    """Reads ledger rows of many values."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def of_keys(self, keys: Iterable[ObjectKey]) -> dict[bytes, Holding]:
        """Return the holdings of object keys, by digest."""
        found = self._found('by_digest', [key.digest for key in keys])
        return {each.digest: each for each in found}

    def of_indicators(self, indicator_ids: Sequence[int]) -> Mapping[int, list[Holding]]:
        """Return the holdings of these Indicators, by Indicator id."""
        by_id: defaultdict[int, list[Holding]] = defaultdict(list)
        for each in self._found('by_indicator', indicator_ids):
            by_id[each.indicator_id].append(each)
        return by_id

    def of_summaries(self, summaries: Collection[str]) -> Mapping[str, list[Holding]]:
        """Return the holdings of Indicators whose keys do not follow from their summaries."""
        text_of = {summary_digest(kind, each): each for each in summaries for kind in IndicatorType}
        by_summary: defaultdict[str, list[Holding]] = defaultdict(list)
        with self._db.read() as connection:
            for row in select_in(connection, _SQL['by_summary'], list(text_of)):
                by_summary[text_of[row['summary_digest']]].append(_holding(row))
        return by_summary

    def in_containers(
        self, digests: Collection[int], *, now: dt.datetime, most: int
    ) -> Mapping[int, list[Holding]]:
        """Return the live objects in each container.

        Args:
            digests: results of `core.containment.contents_digest`.
            now: the current time; expired objects are omitted.
            most: maximum objects of each container.
        """
        found: defaultdict[int, list[Holding]] = defaultdict(list)
        with self._db.read() as connection:
            values = (json.dumps(list(digests)), millis(now), most)
            for row in connection.execute(_SQL['by_container'], values):
                found[row['wanted']].append(_holding(row))
        return found

    def keys_of(self, objects: Sequence[int]) -> dict[int, tuple[ObjectKey, str]]:
        """Return key and summary of objects that were sent."""
        with self._db.read() as connection:
            rows = select_in(connection, _SQL['values'], objects)
            return {row['id']: (key_of_row(row), row['summary']) for row in rows}

    def keys_of_ids(self, stix_ids: Collection[str]) -> dict[str, ObjectKey]:
        """Return the keys of the objects with these ids, of any generation."""
        by_digest = {bytes.fromhex(each[_DIGITS].replace('-', '')): each for each in stix_ids}
        found: dict[str, ObjectKey] = {}
        holdings = self._found('by_digest', list(by_digest))
        keys = self.keys_of([each.object for each in holdings])
        for each in holdings:
            if each.object in keys:
                found[by_digest[each.digest]] = keys[each.object][0]
        others = set(stix_ids) - found.keys()
        return found | self._later_ids(others) if others else found

    def _later_ids(self, stix_ids: set[str]) -> dict[str, ObjectKey]:
        found = {}
        with self._db.read() as connection:
            for row in connection.execute(_SQL['came_back'], (MOST_THAT_CAME_BACK,)):
                key = key_of_row(row)
                for generation in range(1, row['generation'] + 1):
                    if (identifier := object_id(key, generation)) in stix_ids:
                        found[identifier] = key
        return found

    def live_types(self, now: dt.datetime) -> frozenset[IndicatorType]:
        """Return the types that have live objects."""
        with self._db.read() as connection:
            rows = connection.execute(_SQL['live_kinds'], (hour_of(millis(now)),))
            return frozenset(read_cell(TYPE_OF_KIND.__getitem__, row[0]) for row in rows)

    def refused(self, keys: Iterable[ObjectKey]) -> Mapping[bytes, list[RefusedObject]]:
        """Return the refused objects of these keys, by digest."""
        texts = {key.digest: key.text for key in keys}
        found: defaultdict[bytes, list[RefusedObject]] = defaultdict(list)
        with self._db.read() as connection:
            for row in select_in(connection, _SQL['refused'], list(texts)):
                found[row['digest']].append(
                    RefusedObject(
                        object_key=texts[row['digest']],
                        query_id=row['query_id'],
                        indicator_id=row['indicator_id'],
                        attempts=row['attempts'],
                    )
                )
        return found

    def last_reasons(self, indicator_ids: Sequence[int]) -> dict[int, str]:
        """Return the reason of the last stored error about each Indicator."""
        with self._db.read() as connection:
            rows = select_in(connection, _SQL['last_errors'], indicator_ids)
            return {row['indicator_id']: row['reason'] for row in rows}

    def _found(self, name: str, items: Sequence[object]) -> list[Holding]:
        with self._db.read() as connection:
            return [_holding(row) for row in select_in(connection, _SQL[name], items)]


def _holding(row: sqlite3.Row) -> Holding:
    first_sent = row['first_sent']
    return Holding(
        object=row['id'],
        digest=row['digest'],
        type=read_cell(TYPE_OF_KIND.__getitem__, row['kind']),
        state=read_cell(ObjectState, row['state']),
        query_id=row['query_id'],
        indicator_id=row['indicator_id'],
        owner_name=row['owner_name'],
        modified_at=read_cell(moment, row['modified']),
        valid_until_at=read_cell(moment, row['valid_until']),
        first_sent_at=None if first_sent is None else read_cell(moment, first_sent),
        is_waiting=bool(row['is_waiting']),
    )
