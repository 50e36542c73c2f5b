"""Single cells of the database, read back as what they were stored from.

A cell that cannot be was not stored by the App. The file is damaged then, like one with a bad page:
whoever reads such cells does so inside `Database.read` or `Database.write`, which report it.
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
    """A cell holds what the App never stores there."""


def time_of(cell: str) -> dt.datetime:
    """A time that was stored as text."""
    return read_cell(from_text, cell)


def stamp_of(cell: str) -> str:
    """A time that was stored as text, as that text."""
    time_of(cell)
    return cell


def moment_of(cell: float) -> dt.datetime:
    """A time that was stored as seconds since 1970."""
    return read_cell(lambda seconds: dt.datetime.fromtimestamp(seconds, dt.UTC), cell)


def kind_of(kind: type[Kind], cell: str) -> Kind:
    """A member of an enumeration."""
    return read_cell(kind, cell)


def key_of_row(row: sqlite3.Row) -> ObjectKey:
    """The key of an object: its `kind` and its `value`, which is the `summary` where it is NULL."""
    value = row['summary'] if row['value'] is None else row['value']
    return read_cell(lambda kind: key_of(kind, value), row['kind'])


def read_cell(read: Callable[[Any], Value], cell: object) -> Value:
    """A cell as `read` understands it."""
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
