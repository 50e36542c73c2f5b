"""The ledgers as the verification reads them: of Indicators, and of context objects."""

from __future__ import annotations

import sqlite3
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from sentinel_app.core.finding import INDICATOR
from sentinel_app.core.ledger_row import ObjectState
from sentinel_app.core.object_id import object_id
from sentinel_app.core.verification import HeldObject
from sentinel_app.storage.cell import key_of_row
from sentinel_app.storage.selection import select_in
from sentinel_app.storage.sqlite import Database
from sentinel_app.storage.statements import statements

_SQL: Final = statements('verified_ledger')
_PORTION: Final = 5_000
_SCAN_PORTION: Final = 2_000
_DIGEST_DIGITS: Final = 32
_ID_BYTES: Final = 16


class PresentIds:
    """Ids in Sentinel that do not follow from the digest of their ledger row.

    Those of what came back after a withdrawal, and those of withdrawals that nobody has confirmed.
    Kept in 24 bytes each, in order.
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


class VerifiedLedger:
    """What a ledger believes of its objects, by their present ids; this is that of Indicators.

    Its statements return the row, the digest, whether the present id does not follow from that, and
    the fields of `HeldObject` after the first. Errors are as in `UpdateStore`.
    """

    _scan = _SQL['scan']
    _between = _SQL['between']
    _held = _SQL['held']

    def __init__(self, db: Database) -> None:
        self._db = db

    def held(self) -> Iterator[tuple[bytes, HeldObject]]:
        """Yield the present id and the state of every object whose id follows from its row.

        In portions, each of which sees its own state.
        """
        after = 0
        while True:
            with self._db.read() as connection:
                cursor = connection.cursor()
                cursor.row_factory = None
                rows = cursor.execute(self._scan, (after, _SCAN_PORTION)).fetchall()
            for row in rows:
                if not row[2]:
                    yield row[1], _held_object(row)
            if len(rows) < _SCAN_PORTION:
                return
            after = rows[-1][0]

    def held_of(self, objects: Sequence[int]) -> dict[int, HeldObject]:
        """Return the state of these rows."""
        with self._db.read() as connection:
            cursor = connection.cursor()
            cursor.row_factory = None
            return {row[0]: _held_object(row) for row in select_in(cursor, self._held, objects)}

    def present_ids(self) -> PresentIds:
        """Return the ids that do not follow from the digest of their row."""
        return PresentIds(self._present_ids())

    def _present_ids(self) -> Iterator[tuple[bytes, int]]:
        with self._db.read() as connection:
            items = array('q', (row[0] for row in connection.execute(_SQL['came_back'])))
        for start in range(0, len(items), _PORTION):
            with self._db.read() as connection:
                rows = select_in(connection, _SQL['keys'], items[start : start + _PORTION])
                found = [(_key_bytes(row), row['id']) for row in rows]
            yield from found
        with self._db.read() as connection:
            unconfirmed = connection.execute(_SQL['unconfirmed']).fetchall()
            found = [(_key_bytes(row), 0) for row in unconfirmed]
        yield from found

    def held_in(self, prefix: str, present: PresentIds) -> dict[bytes, HeldObject]:
        """Return the objects of a partition, by the bytes of their present ids."""
        found: dict[bytes, HeldObject] = {}
        with self._db.read() as connection:
            cursor = connection.cursor()
            cursor.row_factory = None
            first, last = id_range(prefix)
            for row in cursor.execute(self._between, (first, last)):
                if not row[2]:
                    found[row[1]] = _held_object(row)
        others = dict(present.between(first, last))
        again = self.held_of([item for item in others.values() if item])
        for digest, item in others.items():
            found[digest] = again.get(item, _UNCONFIRMED) if item else _UNCONFIRMED
        return found


class ContextLedger(VerifiedLedger):
    """What the ledger of context objects believes of them."""

    _scan = _SQL['scan_context']
    _between = _SQL['context_between']
    _held = _SQL['held_context']

    def _present_ids(self) -> Iterator[tuple[bytes, int]]:
        after = 0
        while True:
            with self._db.read() as connection:
                values = (after, _SCAN_PORTION)
                rows = connection.execute(_SQL['context_came_back'], values).fetchall()
            yield from ((row['present_id'], row['id']) for row in rows)
            if len(rows) < _SCAN_PORTION:
                return
            after = rows[-1]['id']


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


def id_bytes(stix_id: str) -> bytes:
    """Return the bytes of an object's id, or of its UUID alone.

    Raises:
        ValueError: it does not end in a UUID.
    """
    digest = bytes.fromhex(stix_id.rpartition('--')[2].replace('-', ''))
    if len(digest) != _ID_BYTES:
        raise ValueError(f'no UUID: {stix_id!r}')
    return digest


def stix_id_of(digest: bytes, stix_type: str = INDICATOR) -> str:
    """Return the id of an object from its bytes and its type."""
    digits = digest.hex()
    parts = (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
    return f'{stix_type}--{"-".join(parts)}'


def _held_object(row: Sequence[int]) -> HeldObject:
    return HeldObject(row[0], *row[3:])


def _key_bytes(row: sqlite3.Row) -> bytes:
    return id_bytes(object_id(key_of_row(row), row['generation']))
