"""A ledger and a workspace's table side by side, made to differ in every way."""

from __future__ import annotations

import base64
import datetime as dt
import sqlite3
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sentinel_app.core.clock import Stop
from sentinel_app.core.context_key import ContextKey, ContextKind, relationship_key
from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.ledger_row import ObjectState, kind_number, millis
from sentinel_app.core.logs import LogRows
from sentinel_app.core.object_id import ObjectKey, object_id
from sentinel_app.core.timestamp import to_millis
from sentinel_app.core.verification import VerifiedTable
from sentinel_app.errors import LogsTableError, LogsTooLargeError
from sentinel_app.storage.packing import pack
from sentinel_app.storage.sqlite import Database
from tests.harness.clocks import NOON
from tests.simulators.log_analytics.engine import Engine

SOURCE_SYSTEM = 'ThreatConnect-Stand'
LONG_AGO = NOON - dt.timedelta(days=3)
UNTIL = NOON + dt.timedelta(days=20)


def key(number: int) -> ObjectKey:
    """Return the key of one of many Hosts."""
    return ObjectKey(IndicatorType.HOST, f'host{number}.example')


def row_id(stix_id: str, source_system: str = SOURCE_SYSTEM) -> str:
    """Return the `Id` column of an object."""
    return f'{base64.b64encode(source_system.encode()).decode()}---{stix_id}'


def context_key(number: int, kind: ContextKind = ContextKind.ACTOR) -> ContextKey:
    """Return the key of one of many context objects of a kind."""
    if kind is ContextKind.RELATIONSHIP:
        return relationship_key(object_id(key(number)), context_key(number).object_id())
    return ContextKey(kind, f'{kind.name.lower()} {number}')


class VerifiedWorld:
    """Objects that the ledgers hold, and rows of the tables; everything agrees unless told.

    Args:
        db: the database of the ledger.
    """

    def __init__(self, db: Database) -> None:
        self.db = db
        self.queries: list[str] = []
        """Texts of the queries, in order."""
        self.most_rows = 500_000
        """Answers with more rows come cut short."""
        self.has_table = True
        self.has_context_table = True
        self._engine = Engine(clock=NOON.timestamp)
        with db.write() as transaction:
            transaction.execute("INSERT INTO job (request_id) VALUES ('j1')")
            transaction.execute("INSERT INTO query (query_id) VALUES ('q1')")
            transaction.execute("INSERT INTO owner (name) VALUES ('Example Org')")

    def hold(self, numbers: Sequence[int], **fields: Any) -> None:
        """Enter objects in the ledger; fields are columns, and times may be given as such."""
        values = {
            'state': ObjectState.LIVE,
            'generation': 0,
            'query': 1,
            'job': 1,
            'owner': 1,
            'siblings': 1,
            'created': LONG_AGO,
            'modified': LONG_AGO,
            'valid_until': UNTIL,
            'source_modified': LONG_AGO,
            'content_hash': b'a hash',
            'fingerprint': b'a print',
            'mark': 1,
            'first_sent': LONG_AGO,
            'confidence': 80,
            'accepted': LONG_AGO,
            **fields,
        }
        stored = {
            name: millis(value) if isinstance(value, dt.datetime) else value
            for name, value in values.items()
        }
        names = ', '.join(('id', 'digest', 'kind', 'indicator_id', *stored))
        marks = ', '.join('?' * (len(stored) + 4))
        with self.db.write() as transaction:
            transaction.executemany(
                f'INSERT INTO ledger ({names}) VALUES ({marks})',
                [
                    (
                        *(number, key(number).digest, kind_number(key(number)), number),
                        *stored.values(),
                    )
                    for number in numbers
                ],
            )
            transaction.executemany(
                'INSERT INTO content VALUES (?, ?, NULL, ?)',
                [(number, key(number).value, pack(b'{}')) for number in numbers],
            )

    def show(
        self,
        numbers: Sequence[int],
        *,
        generation: int = 0,
        source_system: str = SOURCE_SYSTEM,
        **fields: Any,
    ) -> None:
        """Add rows to the table; fields are columns, and times may be given as such."""
        values = {
            'TimeGenerated': NOON - dt.timedelta(hours=1),
            'Modified': LONG_AGO,
            'Created': LONG_AGO,
            'ValidFrom': LONG_AGO,
            'ValidUntil': UNTIL,
            'Confidence': 80,
            'IsActive': True,
            'Revoked': False,
            'IsDeleted': False,
            'ObservableKey': 'domain-name:value',
            'LastUpdateMethod': 'ThreatIntelUploadAPI',
            **fields,
        }
        stored = {
            name: to_millis(value) if isinstance(value, dt.datetime) else value
            for name, value in values.items()
        }
        self._engine.load(
            'ThreatIntelIndicators',
            (
                {
                    'Id': row_id(object_id(key(number), generation), source_system),
                    'SourceSystem': source_system,
                    'Pattern': f"[domain-name:value = '{key(number).value}']",
                    **stored,
                }
                for number in numbers
            ),
        )

    def hold_context(
        self, numbers: Sequence[int], kind: ContextKind = ContextKind.ACTOR, **fields: Any
    ) -> None:
        """Enter context objects of a kind in their ledger, a relationship with both of its ends.

        Fields are columns, and times may be given as such; `is_waiting` has a version in the
        outbox.
        """
        is_waiting = fields.pop('is_waiting', False)
        values = {
            'state': ObjectState.LIVE,
            'generation': 0,
            'created': LONG_AGO,
            'modified': LONG_AGO,
            'content_hash': b'a hash',
            'accepted': LONG_AGO,
            **fields,
        }
        stored = {
            name: millis(value) if isinstance(value, dt.datetime) else value
            for name, value in values.items()
        }
        names = ('digest', 'kind', 'present_id', 'key', 'name', *stored)
        with self.db.write() as transaction:
            for number in numbers:
                own = context_key(number, kind)
                again = uuid.UUID(own.object_id(stored['generation']).partition('--')[2]).bytes
                name = None if kind is ContextKind.RELATIONSHIP else own.text
                cursor = transaction.execute(
                    f'INSERT INTO context_object ({", ".join(names)})'
                    f' VALUES ({", ".join("?" * len(names))})',
                    (
                        *(own.digest, kind, again if stored['generation'] else None),
                        *(name, None if name is None else name.title()),
                        *stored.values(),
                    ),
                )
                if kind is ContextKind.RELATIONSHIP:
                    self._relate(transaction, cursor.lastrowid, number)
                if is_waiting:
                    transaction.execute(
                        'INSERT INTO context_outbox (object, kind, account, is_revocation, created,'
                        " modified, content_hash, size, body) VALUES (?, ?, 1, 0, 1, 1, x'', 1,"
                        " x'')",
                        (cursor.lastrowid, kind),
                    )

    def _relate(self, transaction: sqlite3.Connection, relation: int | None, number: int) -> None:
        target = context_key(number)
        transaction.execute(
            'UPDATE context_object SET source = ?1, source_ref = ?2, target_ref = ?3, target ='
            ' (SELECT id FROM context_object WHERE digest = ?3) WHERE id = ?4',
            (number, key(number).digest, target.digest, relation),
        )

    def show_context(
        self,
        numbers: Sequence[int],
        kind: ContextKind = ContextKind.ACTOR,
        *,
        generation: int = 0,
        source_system: str = SOURCE_SYSTEM,
        data: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> None:
        """Add rows to the table of context objects.

        Args:
            numbers: of which objects.
            kind: their kind.
            generation: how often they came back after a withdrawal.
            source_system: who sent them.
            data: what `Data` has instead; a property that is None is left out, and so is `Data`
                itself if it is empty.
            fields: columns; times may be given as such.
        """
        values = {
            'TimeGenerated': NOON - dt.timedelta(hours=1),
            'StixType': kind.stix_type,
            'IsDeleted': False,
            'LastUpdateMethod': 'ThreatIntelUploadAPI',
            **fields,
        }
        stored = {
            name: to_millis(value) if isinstance(value, dt.datetime) else value
            for name, value in values.items()
        }
        self._engine.load(
            VerifiedTable.OBJECTS,
            (
                {
                    'Id': row_id(context_key(number, kind).object_id(generation), source_system),
                    'SourceSystem': source_system,
                    'Data': None if data == {} else _data(number, kind, generation, data or {}),
                    **stored,
                }
                for number in numbers
            ),
        )

    def read(self, kql: str, columns: Sequence[str], *, stop: Stop) -> LogRows:
        """Answer a query as the App's reader does."""
        assert not stop.is_set()
        self.queries.append(kql)
        is_context = kql.startswith(VerifiedTable.OBJECTS)
        if not (self.has_context_table if is_context else self.has_table):
            raise LogsTableError('There is no such table.')
        answer = self._engine.run(kql)
        if len(answer.rows) > self.most_rows:
            raise LogsTooLargeError('The answer was cut short.')
        places = [[name for name, _ in answer.columns].index(name) for name in columns]
        return LogRows(tuple(columns), [[row[place] for place in places] for row in answer.rows])

    def close(self) -> None:
        """Free what the table takes."""
        self._engine.close()


def _data(
    number: int, kind: ContextKind, generation: int, changes: Mapping[str, Any]
) -> dict[str, Any]:
    own = context_key(number, kind)
    stix: dict[str, Any] = {
        'type': kind.stix_type,
        'id': own.object_id(generation),
        'created': to_millis(LONG_AGO),
        'modified': to_millis(LONG_AGO),
    }
    if kind is ContextKind.RELATIONSHIP:
        source_ref, _, target_ref = own.text.partition('|')
        stix |= {'relationship_type': 'indicates'}
        stix |= {'source_ref': source_ref, 'target_ref': target_ref}
    else:
        stix['name'] = own.text.title()
    given = {
        name: to_millis(value) if isinstance(value, dt.datetime) else value
        for name, value in changes.items()
    }
    return {name: value for name, value in (stix | given).items() if value is not None}
