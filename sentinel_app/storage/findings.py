"""The findings of the last completed verification: listed, and marked as a person acts on them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from typing import Final

from sentinel_app.core.finding import Finding, FindingFilter, HeldVersion, SeenVersion
from sentinel_app.core.ledger_row import TYPE_OF_KIND, ObjectState, moment
from sentinel_app.core.verification import RESENDABLE, FindingKind, Mark
from sentinel_app.storage.accounts import LiveChanges, hour_of
from sentinel_app.storage.cell import kind_of, read_cell
from sentinel_app.storage.selection import select_in
from sentinel_app.storage.sqlite import Database
from sentinel_app.storage.statements import statements
from sentinel_app.storage.verifications import stix_id_of

_SQL: Final = statements('findings')
_PORTION: Final = 500
_MARKED_AT_ONCE: Final = 5_000
"""Other writers never wait for long."""
_FROM: Final = (
    'FROM finding LEFT JOIN ledger ON ledger.id = finding.object'
    ' LEFT JOIN content ON content.object = finding.object'
    ' LEFT JOIN query ON query.id = ledger.query LEFT JOIN owner ON owner.id = ledger.owner'
)
_COLUMNS: Final = (
    'finding.id, finding.kind AS finding_kind, finding.digest, finding.modified AS seen_modified,'
    ' finding.valid_until AS seen_until, finding.confidence AS seen_confidence, marks, pattern,'
    ' update_id, ledger.id AS object, ledger.indicator_id, ledger.kind, ledger.state,'
    ' ledger.modified, ledger.valid_until, ledger.confidence, accepted, content.summary,'
    ' owner.name AS owner_name, query.query_id'
)


class Findings:
    """Reads and marks findings. Transactions and errors are as in `UpdateStore`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def page(
        self, run: int, wanted: FindingFilter, *, limit: int, offset: int
    ) -> tuple[tuple[Finding, ...], int]:
        """Return a page of the findings of a run, and their total number.

        Their order is that of the ids of their objects: rows of an answer come in any order.
        """
        where, values = _where(run, wanted)
        with self._db.read() as connection:
            total = connection.execute(
                f'SELECT count(*) {_FROM} {where}',
                values,
            ).fetchone()[0]
            rows = connection.execute(
                f'SELECT {_COLUMNS} {_FROM} {where} ORDER BY finding.digest LIMIT ? OFFSET ?',
                (*values, limit, offset),
            ).fetchall()
            return tuple(_finding(row) for row in rows), int(total)

    def all(self, run: int, wanted: FindingFilter) -> Iterator[Finding]:
        """Yield the findings of a run, in order."""
        where, values = _where(run, wanted)
        after = 0
        while True:
            with self._db.read() as connection:
                rows = connection.execute(
                    f'SELECT {_COLUMNS} {_FROM} {where} AND finding.id > ?'
                    ' ORDER BY finding.id LIMIT ?',
                    (*values, after, _PORTION),
                ).fetchall()
                found = [_finding(row) for row in rows]
            yield from found
            if len(rows) < _PORTION:
                return
            after = rows[-1]['id']

    def of(self, run: int, ids: Sequence[int]) -> tuple[Finding, ...]:
        """Return the findings of a run with these ids."""
        with self._db.read() as connection:
            rows = select_in(
                connection,
                f'SELECT {_COLUMNS} {_FROM} WHERE verification = ? AND finding.id IN (?)',
                ids,
                (run,),
            )
            return tuple(_finding(row) for row in rows)

    def mark(self, ids: Sequence[int], update_id: str) -> None:
        """Mark findings with the update that sends their objects again.

        What is revoked or deleted in Sentinel counts as withdrawn from now on, so that it is sent
        under another id: a revoked one may be final.
        """
        live = LiveChanges()
        with self._db.write() as transaction:
            for row in list(select_in(transaction, _SQL['withdrawn_there'], ids)):
                transaction.execute(_SQL['withdraw'], (row['id'],))
                hour = hour_of(row['valid_until'])
                live.add(row['query'], row['owner'], row['kind'], hour, -1)
            live.store(transaction)
            for _ in select_in(transaction, _SQL['mark'], ids, (update_id,)):
                raise TypeError('the statement returns rows')

    def mark_unknown(self, run: int, update_id: str, open_ids: Collection[str]) -> None:
        """Mark the unknown objects of a run with the update that withdraws them."""
        open_text, after = json.dumps(sorted(open_ids)), 0
        while True:
            with self._db.write() as transaction:
                values = (update_id, run, open_text, after, _MARKED_AT_ONCE)
                marked = [row['id'] for row in transaction.execute(_SQL['mark_unknown'], values)]
            if len(marked) < _MARKED_AT_ONCE:
                return
            after = max(marked)

    def count_unknown(self, run: int, open_ids: Collection[str]) -> int:
        """Return the number of unknown objects that no open update withdraws.

        Args:
            run: the run.
            open_ids: the updates that wait or run.
        """
        with self._db.read() as connection:
            values = (run, json.dumps(sorted(open_ids)))
            return int(connection.execute(_SQL['count_unknown'], values).fetchone()[0])

    def count_sendable(self, run: int, wanted: FindingFilter, open_ids: Collection[str]) -> int:
        """Return the number of Indicators that can be sent again at once.

        Args:
            run: the run.
            wanted: of which findings.
            open_ids: the updates that wait or run; what is marked with one of them does not count.
        """
        where, values = _where(run, wanted)
        with self._db.read() as connection:
            row = connection.execute(
                f'SELECT count(DISTINCT ledger.indicator_id) {_FROM} {where} AND {_SENDABLE}',
                (*values, json.dumps(sorted(RESENDABLE)), json.dumps(sorted(open_ids))),
            ).fetchone()
            return int(row[0])


_SENDABLE: Final = (
    'content.summary IS NOT NULL AND finding.kind IN (SELECT value FROM json_each(?))'
    ' AND (update_id IS NULL OR update_id NOT IN (SELECT value FROM json_each(?)))'
)
_OF_TYPE: Final = 'ledger.kind IN (SELECT value FROM json_each(?))'
_HAS_TEXT: Final = "instr(lower(coalesce(content.summary, pattern, '')), lower(?))"


def _where(run: int, wanted: FindingFilter) -> tuple[str, tuple[object, ...]]:
    """Return the SQL condition of a filter, and its bound values."""
    kinds = [number for number, kind in TYPE_OF_KIND.items() if kind is wanted.indicator_type]
    conditions = ['verification = ?']
    values: list[object] = [run]
    for condition, value in (
        ('finding.kind = ?', wanted.kind),
        (_OF_TYPE, json.dumps(kinds) if wanted.indicator_type else None),
        ('owner.name = ?', wanted.owner_name),
        ('query.query_id = ?', wanted.query_id),
        (_HAS_TEXT, wanted.text or None),
    ):
        if value is not None:
            conditions.append(condition)
            values.append(value)
    return 'WHERE ' + ' AND '.join(conditions), tuple(values)


def _finding(row: sqlite3.Row) -> Finding:
    return Finding(
        id=row['id'],
        kind=kind_of(FindingKind, row['finding_kind']),
        stix_id=read_cell(stix_id_of, row['digest']),
        held=None if row['object'] is None or row['summary'] is None else _held(row),
        seen=None if row['seen_modified'] is None else _seen(row),
        pattern=row['pattern'],
        update_id=row['update_id'],
    )


def _held(row: sqlite3.Row) -> HeldVersion:
    accepted = row['accepted']
    return HeldVersion(
        indicator_id=row['indicator_id'],
        indicator_type=read_cell(TYPE_OF_KIND.__getitem__, row['kind']),
        summary=row['summary'],
        owner_name=row['owner_name'],
        query_id=row['query_id'],
        is_live=row['state'] == ObjectState.LIVE,
        modified_at=read_cell(moment, row['modified']),
        valid_until_at=read_cell(moment, row['valid_until']),
        confidence=row['confidence'],
        accepted_at=None if accepted is None else read_cell(moment, accepted),
    )


def _seen(row: sqlite3.Row) -> SeenVersion:
    until = row['seen_until']
    return SeenVersion(
        modified_at=read_cell(moment, row['seen_modified']),
        valid_until_at=None if until is None else read_cell(moment, until),
        confidence=row['seen_confidence'],
        marks=Mark(row['marks']),
    )
