"""Statements over many values at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

_AT_ONCE = 500
"""Maximum values in one statement, well below SQLite's limit of bound values."""


def select_in(
    connection: sqlite3.Connection | sqlite3.Cursor,
    statement: str,
    items: Sequence[object],
    values: tuple[object, ...] = (),
) -> Iterator[Any]:
    """Yield the rows of a statement over many values, in portions that SQLite can bind.

    Args:
        connection: a connection inside `Database.read` or `Database.write`.
        statement: a statement with `IN (?)` in place of the values.
        items: the values.
        values: values bound before them.
    """
    for start in range(0, len(items), _AT_ONCE):
        portion = items[start : start + _AT_ONCE]
        marks = ', '.join('?' * len(portion))
        yield from connection.execute(
            statement.replace('IN (?)', f'IN ({marks})'), (*values, *portion)
        )


def run_in(
    connection: sqlite3.Connection,
    statement: str,
    items: Sequence[object],
    values: tuple[object, ...] = (),
) -> None:
    """Run a statement without results over many values, as `select_in` does."""
    for _ in select_in(connection, statement, items, values):
        raise TypeError('the statement returns rows')
