"""What can be seen of a database's content within a few seconds."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager

_STEPS_BETWEEN = 10_000
_KINDS = frozenset({'BLOB', 'INTEGER', 'REAL', 'TEXT'})
_MOST_S = 1e11
"""Each number with a fraction is a length or a time in seconds, of this many at most."""

_TIMES = frozenset({'created', 'modified', 'valid_until', 'source_modified', 'read_until', 'until'})
"""Columns of whole milliseconds since 1970."""
_CALENDAR = (-62_135_596_800_000, 253_402_300_799_999)
"""The first and the last of them that are a time."""


def content_fault(connection: sqlite3.Connection, *, within_s: float) -> str | None:
    """What is wrong with the rows or the pages, as far as the time allows to check.

    Args:
        connection: to a file of the right shape.
        within_s: for both together; what takes longer to find shows when it is used.

    Returns:
        A few words for people; None where nothing was found.

    Raises:
        sqlite3.Error: SQLite could not read the file.
    """
    for check in (_odd_row, _odd_page):
        with _no_longer_than(connection, within_s / 2):
            if fault := check(connection):
                return fault
    return None


@contextmanager
def _no_longer_than(connection: sqlite3.Connection, seconds: float) -> Iterator[None]:
    """Leave off whatever runs when the time is over."""
    deadline = time.monotonic() + seconds
    connection.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS_BETWEEN)
    try:
        yield
    except sqlite3.OperationalError as fault:
        if fault.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
    finally:
        connection.set_progress_handler(None, 0)


def _odd_row(connection: sqlite3.Connection) -> str | None:
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    for (table,) in tables:
        # Without generated columns: SQLite works them out.
        columns = connection.execute(
            'SELECT name, type, [notnull] OR pk FROM pragma_table_info(?)', (table,)
        ).fetchall()
        # `NOT (... AND ...)` is neither true nor false for NULL in a sum of seconds.
        fits = ' AND '.join(_fits(*column) for column in columns if column[1] in _KINDS)
        odd = f'SELECT 1 FROM "{table}" WHERE ({fits}) IS NOT 1 LIMIT 1'  # noqa: S608
        if fits and connection.execute(odd).fetchone():
            return f'a row of {table} holds what does not belong there'
    return None


def _fits(name: str, kind: str, is_required: int) -> str:
    """The condition that holds for each value of a column, in SQL."""
    condition = f'typeof("{name}") = \'{kind.lower()}\''
    if kind == 'REAL':
        condition += f' AND "{name}" BETWEEN 0 AND {_MOST_S}'
    if kind == 'INTEGER' and name in _TIMES:
        condition += f' AND "{name}" BETWEEN {_CALENDAR[0]} AND {_CALENDAR[1]}'
    return f'({condition})' if is_required else f'("{name}" IS NULL OR {condition})'


def _odd_page(connection: sqlite3.Connection) -> str | None:
    said = str(connection.execute('PRAGMA quick_check(1)').fetchone()[0])
    return None if said == 'ok' else said[:200]
