"""Errors of Jobs, one row each, grouped on reading."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from sentinel_app.core.error_entry import (
    ALL_ERRORS,
    About,
    ErrorEntry,
    ErrorFilter,
    ErrorGroup,
    ErrorState,
)
from sentinel_app.core.error_text import gathered
from sentinel_app.core.ledger_row import REFUSED_ATTEMPTS
from sentinel_app.core.text import shortened
from sentinel_app.core.timestamp import to_millis
from sentinel_app.storage import error_state
from sentinel_app.storage.cell import kind_of, time_of
from sentinel_app.storage.sqlite import Database
from sentinel_app.storage.statements import statements

_SQL = statements('error_log')

_ENTRIES = (
    'SELECT *, (SELECT query.query_id FROM error_kind AS kind JOIN query ON query.id = kind.query'
    ' WHERE kind.id = error.kind_id) AS query_id FROM error'
)

_EXAMPLES = 20
"""Maximum Indicators shown with a group; the export has all of them."""

_PORTION = 1_000
"""Errors read at once, so that a slow reader does not block writers."""

_REMOVED_AT_ONCE = 10_000

LONGEST_TEXT = 1_000
"""Maximum stored characters of each text of an error."""

Text = TypeVar('Text', str, str | None)

_BEYOND = 2**63 - 1
"""Larger than any id."""


class ErrorLog:
    """Errors of Jobs, grouped by their text without the value in it."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def add(self, entries: Sequence[ErrorEntry]) -> None:
        """Store errors."""
        with self._db.write() as transaction:
            insert_errors(transaction, entries)

    def groups(
        self, wanted: ErrorFilter = ALL_ERRORS, *, limit: int = 20, offset: int = 0
    ) -> tuple[tuple[ErrorGroup, ...], int]:
        """Return a page of groups, newest first, and the total number of groups."""
        where, values = _where(wanted)
        with self._db.read() as connection:
            total = connection.execute(
                f'SELECT count(DISTINCT kind_id) FROM error {where}',  # noqa: S608 - fixed text
                values,
            ).fetchone()[0]
            rows = connection.execute(
                'WITH found AS (SELECT kind_id, count(*) AS count, min(at) AS first_at,'  # noqa: S608
                " max(at) AS last_at, max(id) AS last_id, sum(state = 'open') AS open,"
                " sum(state = 'resolved') AS resolved, sum(state = 'superseded') AS superseded"
                f' FROM error {where} GROUP BY kind_id)'
                ' SELECT kind.*, found.*, last.about, query.query_id'
                ' FROM found JOIN error_kind AS kind ON kind.id = found.kind_id'
                ' JOIN error AS last ON last.id = last_id'
                ' LEFT JOIN query ON query.id = kind.query'
                ' ORDER BY found.last_at DESC, last_id DESC LIMIT ? OFFSET ?',
                (*values, limit, offset),
            ).fetchall()
            groups = tuple(self._group(connection, row, where, values) for row in rows)
        return groups, int(total)

    def _group(
        self,
        connection: sqlite3.Connection,
        row: sqlite3.Row,
        where: str,
        values: tuple[object, ...],
    ) -> ErrorGroup:
        mine = f'{where} AND kind_id = ?'
        examples = connection.execute(
            f'{_ENTRIES} {mine} ORDER BY at, id LIMIT ?',
            (*values, row['kind_id'], _EXAMPLES),
        ).fetchall()
        closed_at = connection.execute(
            f'SELECT max(state_at) FROM error {mine}',  # noqa: S608
            (*values, row['kind_id']),
        ).fetchone()[0]
        about = kind_of(About, row['about'])
        tried_again, tries_left = _tries(connection, row, about)
        return ErrorGroup(
            id=row['kind_id'],
            request_id=row['request_id'],
            code=row['code'],
            message=row['message'],
            reason=row['reason'],
            count=row['count'],
            first_at=time_of(row['first_at']),
            last_at=time_of(row['last_at']),
            about=about,
            query_id=row['query_id'],
            states=(row['open'], row['resolved'], row['superseded']),
            state_at=None if closed_at is None else time_of(closed_at),
            tried_again=tried_again,
            tries_left=tries_left,
            examples=tuple(_entry(example) for example in examples),
        )

    def entries(self, wanted: ErrorFilter = ALL_ERRORS) -> Iterator[ErrorEntry]:
        """Return every single matching error, newest first."""
        where, values = _where(wanted)
        last_id = _BEYOND
        while True:
            with self._db.read() as connection:
                rows = connection.execute(
                    f'{_ENTRIES} {where} AND id < ? ORDER BY id DESC LIMIT ?',
                    (*values, last_id, _PORTION),
                ).fetchall()
                entries = [_entry(row) for row in rows]
            yield from entries
            if len(rows) < _PORTION:
                return
            last_id = rows[-1]['id']

    def entry_page(
        self,
        wanted: ErrorFilter = ALL_ERRORS,
        *,
        group_id: int | None = None,
        until_id: int | None = None,
        limit: int = 20,
        offset: int = 0,
    ) -> tuple[tuple[ErrorEntry, ...], int]:
        """Return a page of single errors, newest first, and their total number."""
        where, values = _where(wanted)
        for condition, value in ((' AND kind_id = ?', group_id), (' AND id <= ?', until_id)):
            if value is not None:
                where, values = where + condition, (*values, value)
        with self._db.read() as connection:
            total = connection.execute(
                f'SELECT count(*) FROM error {where}',  # noqa: S608 - fixed text
                values,
            ).fetchone()[0]
            rows = connection.execute(
                # Skipping happens in the index.
                f'{_ENTRIES} WHERE id IN (SELECT id FROM error {where}'  # noqa: S608
                ' ORDER BY id DESC LIMIT ? OFFSET ?) ORDER BY id DESC',
                (*values, limit, offset),
            ).fetchall()
            return tuple(_entry(row) for row in rows), int(total)

    def refused_now(self, wanted: ErrorFilter = ALL_ERRORS) -> int:
        """Return the number of Indicators with an object that Sentinel currently refuses.

        Args:
            wanted: the filter; only open errors count.
        """
        where, values = _where(replace(wanted, state=None))
        with self._db.read() as connection:
            row = connection.execute(
                f'SELECT count(DISTINCT indicator_id) FROM error {where}'  # noqa: S608 - fixed text
                " AND state = 'open' AND about = 'object'",
                values,
            ).fetchone()
            return int(row[0])

    def refused(self, wanted: ErrorFilter, *, most: int) -> tuple[tuple[str, int], ...]:
        """Return query and Indicator of objects that Sentinel currently refuses, newest first.

        Args:
            wanted: the filter; only open errors count.
            most: maximum number of results.
        """
        where, values = _where(replace(wanted, state=ErrorState.OPEN))
        with self._db.read() as connection:
            rows = connection.execute(
                'SELECT DISTINCT query.query_id, error.indicator_id, max(error.id) AS last_id'  # noqa: S608
                f' FROM (SELECT * FROM error {where} AND about = ?) AS error'
                ' JOIN refusal ON refusal.object = error.object'
                ' AND refusal.indicator_id = error.indicator_id'
                ' JOIN query ON query.id = refusal.query'
                ' GROUP BY query.query_id, error.indicator_id ORDER BY last_id DESC LIMIT ?',
                (*values, About.OBJECT, most),
            )
            return tuple((row['query_id'], row['indicator_id']) for row in rows)

    def supersede_removed(self, query_ids: Collection[str], at: dt.datetime) -> None:
        """Close the open errors of queries that are no longer saved.

        Args:
            query_ids: the saved queries.
            at: the current time.
        """
        with self._db.write() as transaction:
            error_state.supersede_removed(transaction, query_ids, at)

    def request_ids(self) -> tuple[str, ...]:
        """Return the Jobs that have errors."""
        with self._db.read() as connection:
            rows = connection.execute(_SQL['request_ids']).fetchall()
        return tuple(row['request_id'] for row in rows)

    def remove(self, request_ids: Sequence[str]) -> None:
        """Remove the errors of Jobs that are no longer kept, except open ones."""
        for request_id in request_ids:
            removed = _REMOVED_AT_ONCE
            while removed == _REMOVED_AT_ONCE:
                with self._db.write() as transaction:
                    removed = transaction.execute(
                        _SQL['remove_errors'], (request_id, _REMOVED_AT_ONCE)
                    ).rowcount
                    if removed < _REMOVED_AT_ONCE:
                        transaction.execute(_SQL['remove_kinds'], (request_id,))


def insert_errors(transaction: sqlite3.Connection, entries: Sequence[ErrorEntry]) -> None:
    """Store errors inside the caller's transaction."""
    transaction.executemany(_SQL['add_kind'], {_kind(entry) for entry in entries})
    error_state.supersede_earlier(transaction, entries)
    transaction.executemany(
        _SQL['add_error'],
        [
            (
                entry.request_id,
                to_millis(entry.at),
                entry.code,
                _shown(entry.message),
                _shown(entry.reason),
                entry.indicator_id,
                entry.indicator_type,
                _shown(entry.summary),
                _shown(entry.owner_name),
                _shown(entry.web_link),
                entry.about,
                entry.object,
                *_kind(entry),
            )
            for entry in entries
        ],
    )


def _shown(text: Text) -> Text:
    """Return a text shortened for display, so that a reply with 200 errors stays below 1 MB."""
    return text if text is None else shortened(text, LONGEST_TEXT)


def _kind(entry: ErrorEntry) -> tuple[str, str, str, str]:
    return (
        entry.request_id,
        entry.code,
        gathered(_shown(entry.message)),
        gathered(_shown(entry.reason)),
    )


def _tries(
    connection: sqlite3.Connection, row: sqlite3.Row, about: About
) -> tuple[int, int | None]:
    """Return the number of a group's open errors that are retried, and the maximum retries."""
    if not row['open'] or about is About.INDICATOR:
        return 0, None
    if about is About.JOB:
        return int(row['open']), None
    found = connection.execute(_SQL['tries'], (row['kind_id'], REFUSED_ATTEMPTS)).fetchone()
    if not found['count']:
        return 0, 0
    return int(found['count']), REFUSED_ATTEMPTS + 1 - int(found['attempts'])


_KINDS = 'kind_id IN (SELECT id FROM error_kind WHERE '
_HAS_REQUEST = f'{_KINDS}instr(lower(request_id), lower(?)))'
_OF_JOBS = f'{_KINDS}request_id IN (SELECT value FROM json_each(?)))'  # noqa: S608 - fixed
_HAS_QUERY = f'{_KINDS}query = (SELECT id FROM query WHERE query_id = ?))'  # noqa: S608 - fixed
_HAS_TEXT = (
    f"({_KINDS}instr(lower(message || ' ' || reason), lower(?)))"
    " OR instr(lower(coalesce(summary, '')), lower(?)))"
)


def _where(wanted: ErrorFilter) -> tuple[str, tuple[object, ...]]:
    """Return the SQL condition of a filter, and its bound values."""
    conditions = ['1']
    values: list[object] = []
    for condition, value in (
        (_HAS_REQUEST, wanted.request_id_part or None),
        (_OF_JOBS, None if wanted.request_ids is None else json.dumps(wanted.request_ids)),
        (_HAS_QUERY, wanted.query_id),
        (f'{_KINDS}code = ?)', wanted.code),
        ('state = ?', wanted.state),
        ('indicator_type = ?', wanted.indicator_type),
        (_HAS_TEXT, wanted.text or None),
        ('at >= ?', None if wanted.after is None else to_millis(wanted.after)),
        ('at < ?', None if wanted.before is None else to_millis(wanted.before)),
    ):
        if value is not None:
            conditions.append(condition)
            values += [value] * condition.count('?')
    return 'WHERE ' + ' AND '.join(conditions), tuple(values)


def _entry(row: sqlite3.Row) -> ErrorEntry:
    return ErrorEntry(
        id=row['id'],
        request_id=row['request_id'],
        at=time_of(row['at']),
        code=row['code'],
        message=row['message'],
        reason=row['reason'],
        indicator_id=row['indicator_id'],
        indicator_type=row['indicator_type'],
        summary=row['summary'],
        owner_name=row['owner_name'],
        web_link=row['web_link'],
        object=row['object'],
        is_withdrawal=row['about'] == About.WITHDRAWAL,
        query_id=row['query_id'],
        state=kind_of(ErrorState, row['state']),
        state_at=None if row['state_at'] is None else time_of(row['state_at']),
    )
