"""The findings of the last completed verification: listed, and marked as a person acts on them."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from typing import Final

from sentinel_app.core.finding import (
    INDICATOR,
    Finding,
    FindingFilter,
    FoundIndicator,
    HeldVersion,
    SeenVersion,
)
from sentinel_app.core.ledger_row import TYPE_OF_KIND, ObjectState, moment
from sentinel_app.core.verification import RESENDABLE, FindingKind, Mark
from sentinel_app.storage.accounts import LiveChanges, hour_of
from sentinel_app.storage.cell import kind_of, read_cell
from sentinel_app.storage.selection import select_in
from sentinel_app.storage.sqlite import Database
from sentinel_app.storage.statements import statements
from sentinel_app.storage.verified_ledger import stix_id_of

_SQL: Final = statements('findings')
_PORTION: Final = 500
_MARKED_AT_ONCE: Final = 5_000
"""Other writers never wait for long."""
_FROM: Final = (
    'FROM finding'
    ' LEFT JOIN context_object AS context ON context.id = finding.context'
    ' LEFT JOIN context_object AS actor ON actor.id = context.target'
    # The Indicator is the object itself, or an end of the relationship.
    ' LEFT JOIN ledger ON ledger.id = coalesce(finding.object, context.source)'
    ' LEFT JOIN content ON content.object = ledger.id'
    ' LEFT JOIN query ON query.id = ledger.query LEFT JOIN owner ON owner.id = ledger.owner'
)
_NAME: Final = (
    "coalesce(content.summary || ' indicates ' || actor.name, context.name, finding.name)"
)
_IS_BEING_SENT: Final = (
    '(context.accepted IS NULL OR EXISTS (SELECT 1 FROM context_outbox WHERE object = context.id))'
)
_LIVING_OWNERS: Final = (
    'SELECT name FROM owner AS living WHERE living.id IN'
    ' (SELECT live_count.owner FROM live_count WHERE count > 0)'
)
_IS_SENDABLE: Final = ' AND '.join(
    (
        'context.state = 1',
        'context.is_wanted = 1',
        f'NOT {_IS_BEING_SENT}',
        # Nothing is made of an owner without anything live, or of a withdrawn Indicator.
        f'(context.kind != 0 OR context.key IN ({_LIVING_OWNERS}))',
        '(context.kind != 2 OR ledger.state = 1)',
    )
)
_COLUMNS: Final = (
    'finding.id, finding.kind AS finding_kind, finding.digest, finding.modified AS seen_modified,'
    ' finding.valid_until AS seen_until, finding.confidence AS seen_confidence, marks, pattern,'
    ' update_id, stix_type, ledger.id AS object, ledger.indicator_id, ledger.kind, ledger.state,'
    ' ledger.modified, ledger.valid_until, ledger.confidence, ledger.accepted, content.summary,'
    ' owner.name AS owner_name, query.query_id, finding.is_context, context.id AS context,'
    ' context.state AS context_state, context.modified AS context_modified,'
    f' context.accepted AS context_accepted, {_NAME} AS name,'
    f' context.id IS NOT NULL AND {_IS_BEING_SENT} AS is_being_sent,'
    f' ({_IS_SENDABLE}) AS is_sendable'
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

    def count_context_sendable(self, run: int, wanted: FindingFilter) -> int:
        """Return the number of context objects that can be sent again at once."""
        where, values = _where(run, wanted)
        with self._db.read() as connection:
            row = connection.execute(
                f'SELECT count(*) {_FROM} {where} AND {_IS_OF_KINDS} AND {_IS_SENDABLE}',
                (*values, json.dumps(sorted(RESENDABLE))),
            ).fetchone()
            return int(row[0])


_IS_OF_KINDS: Final = 'finding.kind IN (SELECT value FROM json_each(?))'
_IS_NOT_REQUESTED: Final = (
    '(update_id IS NULL OR update_id NOT IN (SELECT value FROM json_each(?)))'
)
_SENDABLE: Final = (
    f'is_context = 0 AND content.summary IS NOT NULL AND {_IS_OF_KINDS} AND {_IS_NOT_REQUESTED}'
)
_OF_TYPE: Final = 'ledger.kind IN (SELECT value FROM json_each(?))'
_HAS_TEXT: Final = f"instr(lower(coalesce({_NAME}, content.summary, pattern, '')), lower(?))"


def _where(run: int, wanted: FindingFilter) -> tuple[str, tuple[object, ...]]:
    """Return the SQL condition of a filter, and its bound values."""
    kinds = [number for number, kind in TYPE_OF_KIND.items() if kind is wanted.indicator_type]
    conditions = ['verification = ?']
    values: list[object] = [run]
    for condition, value in (
        ('finding.kind = ?', wanted.kind),
        (f"coalesce(stix_type, '{INDICATOR}') = ?", wanted.object_type),
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
    stix_type = row['stix_type'] or INDICATOR
    is_known = row['object'] is not None and row['summary'] is not None
    if row['is_context']:
        held = None if row['context'] is None else _held_context(row)
    else:
        held = _held(row) if is_known else None
    return Finding(
        id=row['id'],
        kind=kind_of(FindingKind, row['finding_kind']),
        stix_type=stix_type,
        stix_id=read_cell(lambda digest: stix_id_of(digest, stix_type), row['digest']),
        name=row['name'] if row['is_context'] else None,
        indicator=_indicator(row) if is_known else None,
        held=held,
        seen=None if row['seen_modified'] is None else _seen(row),
        pattern=row['pattern'],
        update_id=row['update_id'],
        context=row['context'],
        is_being_sent=bool(row['is_being_sent']),
        is_sendable=bool(row['is_sendable']),
    )


def _indicator(row: sqlite3.Row) -> FoundIndicator:
    return FoundIndicator(
        indicator_id=row['indicator_id'],
        type=read_cell(TYPE_OF_KIND.__getitem__, row['kind']),
        summary=row['summary'],
        owner_name=row['owner_name'],
        query_id=row['query_id'],
    )


def _held(row: sqlite3.Row) -> HeldVersion:
    return HeldVersion(
        is_live=row['state'] == ObjectState.LIVE,
        modified_at=read_cell(moment, row['modified']),
        valid_until_at=read_cell(moment, row['valid_until']),
        confidence=row['confidence'],
        accepted_at=_moment_or_none(row['accepted']),
    )


def _held_context(row: sqlite3.Row) -> HeldVersion:
    return HeldVersion(
        is_live=row['context_state'] == ObjectState.LIVE,
        modified_at=read_cell(moment, row['context_modified']),
        valid_until_at=None,
        confidence=None,
        accepted_at=_moment_or_none(row['context_accepted']),
    )


def _moment_or_none(milliseconds: int | None) -> dt.datetime | None:
    return None if milliseconds is None else read_cell(moment, milliseconds)


def _seen(row: sqlite3.Row) -> SeenVersion:
    return SeenVersion(
        modified_at=read_cell(moment, row['seen_modified']),
        valid_until_at=_moment_or_none(row['seen_until']),
        confidence=row['seen_confidence'],
        marks=Mark(row['marks']),
    )
