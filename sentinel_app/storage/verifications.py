"""Runs of the verification and their findings."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Final

from sentinel_app.core.context_key import ContextKind
from sentinel_app.core.finding import (
    ContextResult,
    FoundObject,
    RunCounts,
    UnknownRow,
    VerificationRun,
)
from sentinel_app.core.ledger_row import millis, moment
from sentinel_app.core.verification import FindingKind, Tally, VerifiedTable
from sentinel_app.errors import SentinelAppError
from sentinel_app.storage.cell import kind_of, read_cell
from sentinel_app.storage.selection import select_in
from sentinel_app.storage.sqlite import Database
from sentinel_app.storage.statements import statements
from sentinel_app.storage.verified_ledger import id_range

MOST_LISTED: Final = 200_000
"""Maximum findings of a kind that are listed; all are counted."""

MOST_RUNS: Final = 100
"""Runs that are kept."""

_SQL: Final = statements('verifications')
_PORTION: Final = 5_000
"""Rows of a transaction: other writers never wait for long."""
_NO_RUN: Final = 0


class Verifications:
    """The verification's tables in SQLite. Transactions and errors are as in `UpdateStore`.

    Args:
        db: the database.
        open_updates: returns the updates that wait or run; they may be about findings.
    """

    def __init__(self, db: Database, open_updates: Callable[[], Collection[str]]) -> None:
        self._db = db
        self._open_updates = open_updates

    # -- runs

    def begin(self, at: dt.datetime, *, is_whole: bool) -> int:
        """Store that a run begins, and return its number; what broken-off runs left is removed."""
        self._sweep()
        with self._db.write() as transaction:
            cursor = transaction.execute(_SQL['begin'], (millis(at), is_whole))
            return int(cursor.lastrowid or 0)

    def end_context(self, run: int, tally: Tally) -> None:
        """Store what a run came to about context objects, before it ends."""
        with self._db.write() as transaction:
            _count(transaction, run, tally, is_context=True)
            values = (tally.held, tally.confirmed, tally.recent, tally.unread)
            transaction.execute(_SQL['end_context'], (run, None, None, None, *values))

    def fail_context(self, run: int, error: SentinelAppError) -> None:
        """Store that a run could not read context objects; what it found of them is removed."""
        removed = _PORTION
        while removed == _PORTION:
            with self._db.write() as transaction:
                values = (run, _PORTION)
                removed = transaction.execute(_SQL['forget_context_findings'], values).rowcount
        with self._db.write() as transaction:
            why = (error.code, error.message, error.reason)
            transaction.execute(_SQL['end_context'], (run, *why, 0, 0, 0, 0))

    def finish(self, run: int, tally: Tally, at: dt.datetime, *, requests: int) -> None:
        """Store the end of a run; from now on its findings are those that count.

        Args:
            run: the run.
            tally: what it came to about Indicators.
            at: the end.
            requests: number of its requests, for context objects as well.
        """
        with self._db.write() as transaction:
            _count(transaction, run, tally, is_context=False)
            transaction.execute(
                _SQL['finish'],
                (
                    *(millis(at), requests, tally.held, tally.confirmed),
                    *(tally.recent, tally.unread, run),
                ),
            )
        self._sweep()

    def fail(self, run: int, error: SentinelAppError, requests: int, at: dt.datetime) -> None:
        """Store that a run came to nothing; the findings of the one before still count."""
        with self._db.write() as transaction:
            transaction.execute(
                _SQL['fail'],
                (millis(at), requests, error.code, error.message, error.reason, run),
            )
        self._sweep()

    def last(self) -> VerificationRun | None:
        """Return the run that ended last, completed or not."""
        return self._run('last')

    def last_complete(self) -> VerificationRun | None:
        """Return the run whose findings count."""
        return self._run('last_complete')

    def since_whole(self) -> int | None:
        """Return the number of completed runs after the last whole one; None without one."""
        with self._db.read() as connection:
            whole = connection.execute(_SQL['last_whole']).fetchone()[0]
            if whole is None:
                return None
            return int(connection.execute(_SQL['since_whole'], (whole,)).fetchone()[0])

    def _run(self, name: str) -> VerificationRun | None:
        with self._db.read() as connection:
            row = connection.execute(_SQL[name]).fetchone()
            if row is None:
                return None
            context = connection.execute(_SQL['context'], (row['id'],)).fetchone()
            return _run_of(
                row,
                _found(connection, row['id'], is_context=False),
                None
                if context is None
                else _context_of(context, _found(connection, row['id'], is_context=True)),
            )

    def _sweep(self) -> None:
        """Remove in portions what no page shows any more."""
        complete, last = self.last_complete(), self.last()
        kept = (
            _NO_RUN if complete is None else complete.id,
            _NO_RUN if last is None else last.id,
        )
        open_ids = json.dumps(sorted(self._open_updates()))
        with self._db.write() as transaction:
            transaction.execute(_SQL['keep_marks'], (kept[0], open_ids))
        removed = _PORTION
        while removed == _PORTION:
            with self._db.write() as transaction:
                # The findings of the last run count only where it was completed.
                values = (kept[0], open_ids, _PORTION)
                removed = transaction.execute(_SQL['forget_findings'], values).rowcount
        with self._db.write() as transaction:
            transaction.execute(_SQL['forget_counts'], kept)
            transaction.execute(_SQL['forget_contexts'], kept)
            transaction.execute(_SQL['forget_runs'], (kept[1] - MOST_RUNS, *kept))

    # -- findings of the run under way

    def carry(self, run: int) -> Iterator[bytes]:
        """Take over what no rule could match in the last completed run; yield the ids."""
        before = self.last_complete()
        after = 0
        while before is not None:
            with self._db.write() as transaction:
                found = transaction.execute(_SQL['to_carry'], (before.id, after, _PORTION))
                ids = [row['id'] for row in found]
                digests = [
                    row['digest'] for row in select_in(transaction, _SQL['carry'], ids, (run,))
                ]
            yield from digests
            if len(ids) < _PORTION:
                return
            after = ids[-1]

    def replace(
        self,
        run: int,
        table: VerifiedTable,
        prefixes: Iterable[str],
        found: Sequence[FoundObject],
    ) -> None:
        """Store the findings of partitions of a table in place of those that were taken over."""
        is_context = table is VerifiedTable.OBJECTS
        with self._db.write() as transaction:
            transaction.executemany(
                _SQL['forget_between'],
                [(run, is_context, *id_range(prefix)) for prefix in prefixes],
            )
            types = _stix_types(transaction, found) if is_context else {}
            transaction.executemany(
                _SQL['add'],
                [
                    (
                        *(run, is_context, item.kind, item.digest),
                        *((None, item.object) if is_context else (item.object, None)),
                        types.get(item.object),
                        *((None,) * 4 if item.seen is None else item.seen),
                    )
                    for item in found
                ],
            )

    def describe(self, run: int, table: VerifiedTable, rows: Iterable[UnknownRow]) -> None:
        """Store what unknown objects of a table are."""
        with self._db.write() as transaction:
            transaction.executemany(
                _SQL['describe'],
                [
                    (
                        *(row.created, row.valid_from, row.pattern, row.stix_type, row.name),
                        *(row.modified, run, table is VerifiedTable.OBJECTS, row.digest),
                    )
                    for row in rows
                ],
            )


def _count(transaction: sqlite3.Connection, run: int, tally: Tally, *, is_context: bool) -> None:
    """Store the number of findings in a table, without those that were gone meanwhile."""
    gone = transaction.execute(_SQL['forget_undescribed'], (run, is_context)).rowcount
    tally.findings[FindingKind.UNKNOWN] -= gone
    transaction.executemany(
        _SQL['count'],
        [(run, is_context, kind, count) for kind, count in tally.findings.items()],
    )


def _found(connection: sqlite3.Connection, run: int, *, is_context: bool) -> dict[FindingKind, int]:
    rows = connection.execute(_SQL['counts'], (run, is_context))
    return {kind_of(FindingKind, row['kind']): row['count'] for row in rows}


def _stix_types(
    transaction: sqlite3.Connection, found: Sequence[FoundObject]
) -> dict[int | None, str]:
    """Return the types of the context objects that the ledger knows, by row."""
    objects = [item.object for item in found if item.object is not None]
    return {
        row['id']: read_cell(ContextKind, row['kind']).stix_type
        for row in select_in(transaction, _SQL['context_kinds'], objects)
    }


def _run_of(
    row: sqlite3.Row, findings: dict[FindingKind, int], context: ContextResult | None
) -> VerificationRun:
    return VerificationRun(
        id=row['id'],
        started_at=read_cell(moment, row['started']),
        ended_at=read_cell(moment, row['ended']),
        is_whole=bool(row['is_whole']),
        requests=row['requests'],
        counts=_counts_of(row, findings),
        context=context,
        code=row['code'],
        message=row['message'] or '',
        reason=row['reason'] or '',
    )


def _context_of(row: sqlite3.Row, findings: dict[FindingKind, int]) -> ContextResult:
    return ContextResult(
        counts=_counts_of(row, findings),
        code=row['code'],
        message=row['message'] or '',
        reason=row['reason'] or '',
    )


def _counts_of(row: sqlite3.Row, findings: dict[FindingKind, int]) -> RunCounts:
    return RunCounts(
        held=row['held'],
        confirmed=row['confirmed'],
        recent=row['recent'],
        unread=row['unread'],
        findings=findings,
    )
