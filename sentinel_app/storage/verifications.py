"""Runs of the verification and their findings, and the ledger as the verification reads it."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from array import array
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Final

from sentinel_app.core.finding import FoundObject, RunCounts, UnknownRow, VerificationRun
from sentinel_app.core.ledger_row import ObjectState, millis, moment
from sentinel_app.core.object_id import object_id
from sentinel_app.core.verification import FindingKind, HeldObject, Tally
from sentinel_app.errors import SentinelAppError
from sentinel_app.storage.cell import key_of_row, kind_of, read_cell
from sentinel_app.storage.selection import select_in
from sentinel_app.storage.sqlite import Database
from sentinel_app.storage.statements import statements

MOST_LISTED: Final = 200_000
"""Maximum findings of a kind that are listed; all are counted."""

MOST_RUNS: Final = 100
"""Runs that are kept."""

_SQL: Final = statements('verifications')
_PORTION: Final = 5_000
"""Rows of a transaction: other writers never wait for long."""
_SCAN_PORTION: Final = 2_000
_DIGEST_DIGITS: Final = 32
_ID_BYTES: Final = 16
_NO_RUN: Final = 0


class PresentIds:
    """Ids in Sentinel that do not follow from the digest of their ledger row.

    Those of values that came back after a withdrawal, and those of withdrawals that nobody has
    confirmed. Kept in 24 bytes each, in order.
    """

    def __init__(self, entries: Iterable[tuple[bytes, int]]) -> None:
        self._entries = sorted(digest + item.to_bytes(8, 'big') for digest, item in entries)

    def between(self, first: bytes, last: bytes) -> Iterator[tuple[bytes, int]]:
        """Yield id and ledger row of each id in a range; the row is 0 for a withdrawal."""
        for place in range(bisect_left(self._entries, first), len(self._entries)):
            entry = self._entries[place]
            if entry[:_ID_BYTES] > last:
                return
            yield entry[:_ID_BYTES], int.from_bytes(entry[_ID_BYTES:], 'big')


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

    def finish(self, run: int, tally: Tally, at: dt.datetime) -> None:
        """Store the end of a run; from now on its findings are those that count."""
        with self._db.write() as transaction:
            gone = transaction.execute(_SQL['forget_undescribed'], (run,)).rowcount
            tally.findings[FindingKind.UNKNOWN] -= gone
            transaction.execute(
                _SQL['finish'],
                (
                    *(millis(at), tally.requests, tally.held, tally.confirmed),
                    *(tally.recent, tally.unread, run),
                ),
            )
            transaction.executemany(
                _SQL['count'], [(run, kind, count) for kind, count in tally.findings.items()]
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
            counts = connection.execute(_SQL['counts'], (row['id'],)).fetchall()
            found = {kind_of(FindingKind, each['kind']): each['count'] for each in counts}
            return _run_of(row, found)

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

    def replace(self, run: int, prefixes: Iterable[str], found: Sequence[FoundObject]) -> None:
        """Store the findings of partitions in place of those that were taken over."""
        with self._db.write() as transaction:
            transaction.executemany(
                _SQL['forget_between'], [(run, *id_range(prefix)) for prefix in prefixes]
            )
            transaction.executemany(
                _SQL['add'],
                [
                    (
                        *(run, item.kind, item.digest, item.object),
                        *((None,) * 4 if item.seen is None else item.seen),
                    )
                    for item in found
                ],
            )

    def describe(self, run: int, rows: Iterable[UnknownRow]) -> None:
        """Store what the withdrawal of unknown objects needs."""
        with self._db.write() as transaction:
            transaction.executemany(
                _SQL['describe'],
                [
                    (row.created, row.valid_from, row.pattern, row.modified, run, row.digest)
                    for row in rows
                ],
            )

    # -- the ledger

    def held(self) -> Iterator[tuple[bytes, HeldObject]]:
        """Yield the present id and the state of every object whose id follows from its row.

        In portions, each of which sees its own state.
        """
        after = 0
        while True:
            with self._db.read() as connection:
                cursor = connection.cursor()
                cursor.row_factory = None
                rows = cursor.execute(_SQL['scan'], (after, _SCAN_PORTION)).fetchall()
            for row in rows:
                if not row[2]:
                    yield row[1], _held(row)
            if len(rows) < _SCAN_PORTION:
                return
            after = rows[-1][0]

    def held_of(self, objects: Sequence[int]) -> dict[int, HeldObject]:
        """Return the state of these ledger rows."""
        with self._db.read() as connection:
            cursor = connection.cursor()
            cursor.row_factory = None
            return {row[0]: _held(row) for row in select_in(cursor, _SQL['held'], objects)}

    def present_ids(self) -> PresentIds:
        """Return the ids that do not follow from the digest of their ledger row."""
        return PresentIds(self._present_ids())

    def _present_ids(self) -> Iterator[tuple[bytes, int]]:
        with self._db.read() as connection:
            items = array('q', (row[0] for row in connection.execute(_SQL['came_back'])))
        for start in range(0, len(items), _PORTION):
            with self._db.read() as connection:
                rows = select_in(connection, _SQL['keys'], items[start : start + _PORTION])
                found = [(_id_bytes(row), row['id']) for row in rows]
            yield from found
        with self._db.read() as connection:
            unconfirmed = connection.execute(_SQL['unconfirmed']).fetchall()
            found = [(_id_bytes(row), 0) for row in unconfirmed]
        yield from found

    def held_in(self, prefix: str, present: PresentIds) -> dict[bytes, HeldObject]:
        """Return the objects of a partition, by the bytes of their present ids."""
        found: dict[bytes, HeldObject] = {}
        with self._db.read() as connection:
            cursor = connection.cursor()
            cursor.row_factory = None
            first, last = id_range(prefix)
            for row in cursor.execute(_SQL['between'], (first, last)):
                if not row[2]:
                    found[row[1]] = _held(row)
        others = dict(present.between(first, last))
        again = self.held_of([item for item in others.values() if item])
        for digest, item in others.items():
            found[digest] = again.get(item, _UNCONFIRMED) if item else _UNCONFIRMED
        return found


_UNCONFIRMED: Final = HeldObject(
    object=0,
    state=ObjectState.WITHDRAWN,
    modified=0,
    valid_until=0,
    confidence=None,
    accepted=None,
    is_waiting=1,
)
"""A withdrawal that the updates repeat until Sentinel confirms it."""


def id_range(prefix: str) -> tuple[bytes, bytes]:
    """Return the first and the last possible id of a partition."""
    return (
        bytes.fromhex(prefix.ljust(_DIGEST_DIGITS, '0')),
        bytes.fromhex(prefix.ljust(_DIGEST_DIGITS, 'f')),
    )


def _held(row: Sequence[int]) -> HeldObject:
    return HeldObject(row[0], *row[3:])


def _id_bytes(row: sqlite3.Row) -> bytes:
    return id_bytes(object_id(key_of_row(row), row['generation']))


def id_bytes(stix_id: str) -> bytes:
    """Return the bytes of an object's id.

    Raises:
        ValueError: it does not end in a UUID.
    """
    digest = bytes.fromhex(stix_id.removeprefix('indicator--').replace('-', ''))
    if len(digest) != _ID_BYTES:
        raise ValueError(f'no UUID: {stix_id!r}')
    return digest


def stix_id_of(digest: bytes) -> str:
    """Return the id of an object from its bytes."""
    digits = digest.hex()
    parts = (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
    return f'indicator--{"-".join(parts)}'


def _run_of(row: sqlite3.Row, findings: dict[FindingKind, int]) -> VerificationRun:
    return VerificationRun(
        id=row['id'],
        started_at=read_cell(moment, row['started']),
        ended_at=read_cell(moment, row['ended']),
        is_whole=bool(row['is_whole']),
        counts=RunCounts(
            held=row['held'],
            confirmed=row['confirmed'],
            recent=row['recent'],
            unread=row['unread'],
            requests=row['requests'],
            findings=findings,
        ),
        code=row['code'],
        message=row['message'] or '',
        reason=row['reason'] or '',
    )
