"""Inspection of a database's content within a time limit."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager

_STEPS_BETWEEN = 10_000
_KINDS = frozenset({'BLOB', 'INTEGER', 'REAL', 'TEXT'})
_MOST_S = 1e11
"""Maximum of REAL columns, all of which are durations or times in seconds."""

_TIMES = frozenset({'created', 'modified', 'valid_until', 'source_modified', 'read_until', 'until'})
"""Columns of milliseconds since 1970."""
_CALENDAR = (-62_135_596_800_000, 253_402_300_799_999)
"""First and last millisecond of the calendar."""


def content_fault(connection: sqlite3.Connection, *, within_s: float) -> str | None:
    """Return the first fault in rows or pages that is found in time.

    Args:
        connection: a connection to a file with the right schema.
        within_s: seconds for both checks; other faults show in use.

    Returns:
        A few words for people; None if nothing was found.

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
    """Interrupt running statements after this time."""
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
        # Without generated columns, which SQLite computes.
        columns = connection.execute(
            'SELECT name, type, [notnull] OR pk FROM pragma_table_info(?)', (table,)
        ).fetchall()
        # `NOT (... AND ...)` would be NULL for a NULL in a number of seconds.
        fits = ' AND '.join(_fits(*column) for column in columns if column[1] in _KINDS)
        odd = f'SELECT 1 FROM "{table}" WHERE ({fits}) IS NOT 1 LIMIT 1'  # noqa: S608
        if fits and connection.execute(odd).fetchone():
            return f'a row of {table} holds what does not belong there'
    return None


def _fits(name: str, kind: str, is_required: int) -> str:
    """Return the SQL condition that every value of a column meets."""
    condition = f'typeof("{name}") = \'{kind.lower()}\''
    if kind == 'REAL':
        condition += f' AND "{name}" BETWEEN 0 AND {_MOST_S}'
    if kind == 'INTEGER' and name in _TIMES:
        condition += f' AND "{name}" BETWEEN {_CALENDAR[0]} AND {_CALENDAR[1]}'
    return f'({condition})' if is_required else f'("{name}" IS NULL OR {condition})'


def _odd_page(connection: sqlite3.Connection) -> str | None:
    said = str(connection.execute('PRAGMA quick_check(1)').fetchone()[0])
    return None if said == 'ok' else said[:200]
