"""Matches of our Indicators in Sentinel's alerts, and up to when alerts have been read."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from sentinel_app.core.alert import RANKED, Alert
from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.ledger_row import TYPE_OF_KIND, millis, moment
from sentinel_app.core.match import (
    ALL_MATCHES,
    FoundMatch,
    MatchCounts,
    MatchedAlert,
    MatchedIndicator,
    MatchFilter,
    MatchKind,
    MatchOutcome,
    MatchRun,
    MatchSort,
)
from sentinel_app.errors import SentinelAppError
from sentinel_app.storage.cell import kind_of, read_cell
from sentinel_app.storage.selection import select_in
from sentinel_app.storage.sqlite import Database
from sentinel_app.storage.statements import statements
from sentinel_app.storage.web_link import packed_web_link

MOST_MATCHES: Final = 200_000
"""Maximum matches that are kept; the oldest are removed."""

MOST_NAMES: Final = 3
"""Maximum names of alerts shown with an Indicator."""

_REMOVED_AT_ONCE: Final = 10_000
_PORTION: Final = 500
"""Indicators read at once for a list of all."""

_SQL: Final = statements('matches')

_FROM: Final = (
    'FROM match JOIN alert ON alert.id = match.alert'
    ' JOIN matched ON matched.indicator_id = match.indicator_id'
)
_HAS_QUERY: Final = 'match.query = (SELECT id FROM query WHERE query_id = ?)'
_HAS_OWNER: Final = 'matched.owner = (SELECT id FROM owner WHERE name = ?)'
_HAS_TEXT: Final = '(instr(lower(matched.summary), lower(?)) OR instr(lower(alert.name), lower(?)))'
_ORDER: Final = {
    MatchSort.LAST: 'last',
    MatchSort.FIRST: 'first',
    MatchSort.ALERTS: 'alerts',
    MatchSort.SEVERITY: 'severity',
    MatchSort.SUMMARY: 'summary COLLATE NOCASE',
}


class Matches:
    """Which Indicators were matched, by which alerts; and how the last run of Match ended.

    Args:
        db: the database.
        most: maximum matches that are kept.
    """

    def __init__(self, db: Database, most: int = MOST_MATCHES) -> None:
        self._db = db
        self._most = most

    # -- for the Task Match

    def run(self) -> MatchRun:
        """Return the state of the last run."""
        with self._db.read() as connection:
            return _run(connection.execute(_SQL['run']).fetchone())

    def begin(self, at: dt.datetime) -> None:
        """Store that a run begins."""
        with self._db.write() as transaction:
            transaction.execute(_SQL['begin_run'], (millis(at),))

    def add(self, found: Sequence[FoundMatch], *, until: dt.datetime) -> int:
        """Store the matches of some alerts, and up to when alerts have been read with them.

        An alert that is already there is updated, and so are its matches.

        Args:
            found: at most a page of alerts.
            until: the end of what has been read.

        Returns:
            The number of matches that were not known.
        """
        with self._db.write() as transaction:
            objects = sorted({each for one in found for each in one.objects})
            rows = {row['id']: row for row in select_in(transaction, _SQL['objects'], objects)}
            added = sum(_add_alert(transaction, one, rows) for one in found)
            if transaction.execute(_SQL['remove_excess'], (self._most,)).rowcount:
                _forget_unmatched(transaction)
            transaction.execute(_SQL['move'], (millis(until),))
        return added

    def end(
        self,
        at: dt.datetime,
        outcome: MatchOutcome,
        *,
        alerts: int = 0,
        unreadable: int = 0,
        added: int = 0,
        error: SentinelAppError | None = None,
    ) -> None:
        """Store how a run ended."""
        values = {
            'at': millis(at),
            'outcome': outcome,
            'alerts': alerts,
            'unreadable': unreadable,
            'added': added,
            'code': error.code if error else None,
            'message': error.message if error else '',
            'reason': error.reason if error else '',
        }
        with self._db.write() as transaction:
            transaction.execute(_SQL['end_run'], values)

    def remove_before(self, at: dt.datetime) -> int:
        """Remove the matches of alerts that ended before a time; return their number."""
        count, removed = 0, _REMOVED_AT_ONCE
        while removed == _REMOVED_AT_ONCE:
            with self._db.write() as transaction:
                removed = transaction.execute(
                    _SQL['remove_before'], (millis(at), _REMOVED_AT_ONCE)
                ).rowcount
                if removed < _REMOVED_AT_ONCE and count + removed:
                    _forget_unmatched(transaction)
            count += removed
        return count

    # -- for people

    def counts(self, since: dt.datetime) -> MatchCounts:
        """Return the numbers of Indicators that alerts have matched since a time."""
        values = (millis(since),)
        with self._db.read() as connection:
            row = connection.execute(_SQL['counts'], values).fetchone()
            return MatchCounts(
                indicators=row['indicators'],
                exact=row['exact'],
                alerts=row['alerts'],
                by_query=dict(map(tuple, connection.execute(_SQL['by_query'], values))),
                by_owner=dict(map(tuple, connection.execute(_SQL['by_owner'], values))),
            )

    def page(
        self,
        wanted: MatchFilter = ALL_MATCHES,
        *,
        sort: MatchSort = MatchSort.LAST,
        is_descending: bool = True,
        limit: int = 20,
        offset: int = 0,
    ) -> tuple[tuple[MatchedIndicator, ...], int]:
        """Return a page of matched Indicators, and the total number of them."""
        where, values = _where(wanted)
        with self._db.read() as connection:
            total = connection.execute(
                f'SELECT count(DISTINCT match.indicator_id) {_FROM} {where}',
                values,
            ).fetchone()[0]
            found = self._indicators(
                connection,
                wanted,
                order=f'{_ORDER[sort]} {"DESC" if is_descending else "ASC"}',
                part=(limit, offset),
            )
            return tuple(found), int(total)

    def indicators(
        self, wanted: MatchFilter, *, sort: MatchSort, is_descending: bool
    ) -> Iterator[MatchedIndicator]:
        """Yield all matched Indicators in order, read in portions."""
        offset = 0
        while True:
            found, _ = self.page(
                wanted, sort=sort, is_descending=is_descending, limit=_PORTION, offset=offset
            )
            yield from found
            if len(found) < _PORTION:
                return
            offset += _PORTION

    def alerts(
        self,
        indicator_id: int,
        wanted: MatchFilter = ALL_MATCHES,
        *,
        limit: int = 20,
        offset: int = 0,
    ) -> tuple[tuple[MatchedAlert, ...], int]:
        """Return a page of an Indicator's alerts, newest first, and the total number of them."""
        where, values = _where(wanted, indicator_id)
        with self._db.read() as connection:
            total = connection.execute(
                f'SELECT count(DISTINCT match.alert) {_FROM} {where}',
                values,
            ).fetchone()[0]
            rows = connection.execute(
                f'SELECT alert.*, max(is_exact) AS is_exact {_FROM} {where}'
                ' GROUP BY alert.id ORDER BY alert.ended DESC, alert.id DESC LIMIT ? OFFSET ?',
                (*values, limit, offset),
            )
            return tuple(_matched_alert(row) for row in rows), int(total)

    def of_objects(
        self, objects: Collection[int], *, most: int
    ) -> tuple[tuple[MatchedAlert, ...], int]:
        """Return the newest alerts that matched some objects, and the number of all.

        Args:
            objects: ledger rows.
            most: maximum alerts that are returned.
        """
        listed = json.dumps(sorted(objects))
        with self._db.read() as connection:
            total = connection.execute(_SQL['count_of_objects'], (listed,)).fetchone()[0]
            rows = connection.execute(_SQL['of_objects'], (listed, most))
            return tuple(_matched_alert(row) for row in rows), int(total)

    def _indicators(
        self,
        connection: sqlite3.Connection,
        wanted: MatchFilter,
        *,
        order: str,
        part: tuple[int, int],
    ) -> Iterator[MatchedIndicator]:
        where, values = _where(wanted)
        rows = connection.execute(
            'WITH found AS (SELECT match.indicator_id, count(DISTINCT match.alert) AS alerts,'  # noqa: S608
            ' min(alert.started) AS first, max(alert.ended) AS last,'
            ' max(alert.severity) AS severity, max(is_exact) AS is_exact,'
            ' count(DISTINCT alert.name) AS names'
            f' {_FROM} {where} GROUP BY match.indicator_id)'
            ' SELECT found.*, indicator_type, owner.name AS owner_name, summary, web_link'
            ' FROM found JOIN matched ON matched.indicator_id = found.indicator_id'
            ' JOIN owner ON owner.id = matched.owner'
            f' ORDER BY {order}, last DESC, found.indicator_id DESC LIMIT ? OFFSET ?',
            (*values, *part),
        ).fetchall()
        for row in rows:
            yield _indicator(connection, row, wanted)


def _add_alert(
    transaction: sqlite3.Connection, found: FoundMatch, rows: Mapping[int, sqlite3.Row]
) -> int:
    """Store an alert and its matches; return the number of new ones."""
    matched = [(rows[each], kind) for each, kind in found.objects.items() if each in rows]
    if not matched:
        return 0
    alert, end = found.alert, millis(found.alert.end_at)
    values = (
        *(alert.id, alert.name, alert.severity.rank, alert.product, alert.link),
        *(millis(alert.start_at), end),
    )
    number = transaction.execute(_SQL['add_alert'], values).fetchone()[0]
    transaction.execute(_SQL['set_time'], (end, number))
    known = {row['object'] for row in transaction.execute(_SQL['known'], (number,))}
    for row, kind in matched:
        is_exact = kind is MatchKind.EXACT
        match = (number, row['id'], row['indicator_id'], row['query'], is_exact, end)
        indicator_id = transaction.execute(_SQL['add_match'], match).fetchone()[0]
        # Another copy may have taken the object over since the alert was read first.
        if indicator_id == row['indicator_id']:
            transaction.execute(_SQL['add_matched'], _matched_values(row))
    return sum(row['id'] not in known for row, _ in matched)


def _matched_values(row: sqlite3.Row) -> tuple[object, ...]:
    kind = read_cell(TYPE_OF_KIND.__getitem__, row['kind'])
    link = packed_web_link(row['body'])
    return (row['indicator_id'], kind, row['owner'], row['summary'], link)


def _forget_unmatched(transaction: sqlite3.Connection) -> None:
    transaction.execute(_SQL['forget_alerts'])
    transaction.execute(_SQL['forget_matched'])


def _where(wanted: MatchFilter, indicator_id: int | None = None) -> tuple[str, tuple[object, ...]]:
    """Return the SQL condition of a filter, and its bound values."""
    conditions = ['1']
    values: list[object] = []
    for condition, value in (
        ('match.indicator_id = ?', indicator_id),
        ('match.is_exact = ?', None if wanted.kind is None else wanted.kind is MatchKind.EXACT),
        ('matched.indicator_type = ?', wanted.indicator_type),
        (_HAS_OWNER, wanted.owner_name),
        (_HAS_QUERY, wanted.query_id),
        ('alert.severity = ?', None if wanted.severity is None else wanted.severity.rank),
        (_HAS_TEXT, wanted.text or None),
        ('match.at >= ?', None if wanted.after is None else millis(wanted.after)),
        ('match.at < ?', None if wanted.before is None else millis(wanted.before)),
    ):
        if value is not None:
            conditions.append(condition)
            values += [value] * condition.count('?')
    return 'WHERE ' + ' AND '.join(conditions), tuple(values)


def _indicator(
    connection: sqlite3.Connection, row: sqlite3.Row, wanted: MatchFilter
) -> MatchedIndicator:
    where, values = _where(wanted, row['indicator_id'])
    newest = connection.execute(
        f'SELECT alert.*, query.query_id {_FROM}'
        f' JOIN query ON query.id = match.query {where}'
        ' ORDER BY match.at DESC, alert.id DESC LIMIT 1',
        values,
    ).fetchone()
    names = connection.execute(
        f'SELECT alert.name, max(match.at) AS last {_FROM} {where}'
        ' GROUP BY alert.name ORDER BY last DESC, alert.name LIMIT ?',
        (*values, MOST_NAMES),
    )
    return MatchedIndicator(
        indicator_id=row['indicator_id'],
        type=kind_of(IndicatorType, row['indicator_type']),
        summary=row['summary'],
        owner_name=row['owner_name'],
        web_link=row['web_link'],
        query_id=newest['query_id'],
        alerts=row['alerts'],
        first_at=read_cell(moment, row['first']),
        last_at=read_cell(moment, row['last']),
        kind=_kind(row),
        severity=read_cell(RANKED.__getitem__, row['severity']),
        names=tuple(each['name'] for each in names),
        name_count=row['names'],
        newest=_alert(newest),
    )


def _matched_alert(row: sqlite3.Row) -> MatchedAlert:
    return MatchedAlert(alert=_alert(row), kind=_kind(row))


def _kind(row: sqlite3.Row) -> MatchKind:
    return MatchKind.EXACT if row['is_exact'] else MatchKind.VALUE


def _alert(row: sqlite3.Row) -> Alert:
    return Alert(
        id=row['alert_id'],
        name=row['name'],
        severity=read_cell(RANKED.__getitem__, row['severity']),
        product=row['product'],
        link=row['link'],
        start_at=read_cell(moment, row['started']),
        end_at=read_cell(moment, row['ended']),
    )


def _run(row: sqlite3.Row) -> MatchRun:
    def time(name: str) -> dt.datetime | None:
        return None if row[name] is None else read_cell(moment, row[name])

    return MatchRun(
        until_at=time('until'),
        began_at=time('began'),
        ended_at=time('ended'),
        completed_at=time('completed'),
        outcome=None if row['outcome'] is None else kind_of(MatchOutcome, row['outcome']),
        seen_at=time('seen'),
        alerts=row['alerts'],
        unreadable=row['unreadable'],
        added=row['added'],
        code=row['code'],
        message=row['message'],
        reason=row['reason'],
    )
