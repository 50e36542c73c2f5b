"""Indicators that a Job of the running update has read, inside the caller's transactions."""

from __future__ import annotations

import array
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from sentinel_app.storage.cell import read_cell
from sentinel_app.storage.selection import select_in
from sentinel_app.storage.statements import statements

_SQL: Final = statements('taken_up')


def add(transaction: sqlite3.Connection, job: int, ids: Iterable[int]) -> None:
    """Record Indicators that a Job has read."""
    transaction.executemany(_SQL['add'], [(job, item) for item in ids])


def packed_ids(ids: Sequence[int]) -> bytes:
    """Return the stored form of a page's ids."""
    return zlib.compress(array.array('q', ids).tobytes(), 1)


def page_ids(connection: sqlite3.Connection, job: int) -> Iterator[array.array[int]]:
    """Yield the ids of the Indicators that a Job has read by id, page by page."""
    for (ids,) in connection.execute(_SQL['page_ids'], (job,)).fetchall():
        yield read_cell(_unpacked_ids, ids)


def taken_up(connection: sqlite3.Connection, job: int, ids: Sequence[int]) -> set[int]:
    """Return the Indicators among these that a Job has read, in either stored form."""
    found = {row[0] for row in select_in(connection, _SQL['taken_up'], ids, (job,))}
    wanted = set(ids)
    for page in page_ids(connection, job):
        found |= wanted.intersection(page)
    return found


def _unpacked_ids(blob: bytes) -> array.array[int]:
    ids = array.array('q')
    ids.frombytes(zlib.decompress(blob))
    return ids
