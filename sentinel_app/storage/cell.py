"""Conversion of single database cells to values.

A cell that cannot be converted was not stored by the App, so the file is damaged. Cells must be
read inside `Database.read` or `Database.write`, which report that.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
import zlib
from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeVar

from sentinel_app.core.ledger_row import key_of
from sentinel_app.core.object_id import ObjectKey
from sentinel_app.core.timestamp import from_text

Value = TypeVar('Value')
Kind = TypeVar('Kind', bound=StrEnum)


class CellError(Exception):
    """A cell holds a value that the App never stores there."""


def time_of(cell: str) -> dt.datetime:
    """Return a time that was stored as text."""
    return read_cell(from_text, cell)


def stamp_of(cell: str) -> str:
    """Return a time that was stored as text as the same text, after checking it."""
    time_of(cell)
    return cell


def moment_of(cell: float) -> dt.datetime:
    """Return a time that was stored as seconds since 1970."""
    return read_cell(lambda seconds: dt.datetime.fromtimestamp(seconds, dt.UTC), cell)


def kind_of(kind: type[Kind], cell: str) -> Kind:
    """Return a member of an enumeration."""
    return read_cell(kind, cell)


def key_of_row(row: sqlite3.Row) -> ObjectKey:
    """Return an object key from `kind` and `value`; the value is the `summary` if it is NULL."""
    value = row['summary'] if row['value'] is None else row['value']
    return read_cell(lambda kind: key_of(kind, value), row['kind'])


def read_cell(read: Callable[[Any], Value], cell: object) -> Value:
    """Return the result of `read` for a cell; raise `CellError` if it fails."""
    try:
        return read(cell)
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        OSError,
        RecursionError,
        TypeError,
        ValueError,
        zlib.error,
    ) as fault:
        raise CellError(f'{type(fault).__name__}: {fault!s:.200}') from fault
