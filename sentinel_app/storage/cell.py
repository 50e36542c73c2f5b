"""Single cells of the database, read back as what they were stored from.

A cell that cannot be was not stored by the App. The file is damaged then, like one with a bad page:
whoever reads such cells does so inside `Database.read` or `Database.write`, which take note of it.
"""

from __future__ import annotations

import datetime as dt
import json
import zlib
from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeVar

from sentinel_app.core.timestamp import from_text

Value = TypeVar('Value')
Kind = TypeVar('Kind', bound=StrEnum)


class CellError(Exception):
    """A cell holds what the App never stores there."""


def time_of(cell: str) -> dt.datetime:
    """A time that was stored as text."""
    return _read(from_text, cell)


def stamp_of(cell: str) -> str:
    """A time that was stored as text, as that text."""
    time_of(cell)
    return cell


def moment_of(cell: float) -> dt.datetime:
    """A time that was stored as seconds since 1970."""
    return _read(lambda seconds: dt.datetime.fromtimestamp(seconds, dt.UTC), cell)


def kind_of(kind: type[Kind], cell: str) -> Kind:
    """A member of an enumeration."""
    return _read(kind, cell)


def body_of(cell: bytes) -> str:
    """A text that was stored compressed."""
    return _read(lambda packed: zlib.decompress(packed).decode(), cell)


def rows_of(cell: bytes) -> list[Any]:
    """The rows of a page."""

    def unpacked(packed: bytes) -> list[Any]:
        rows = json.loads(zlib.decompress(packed))
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise TypeError('no list of rows')
        return rows

    return _read(unpacked, cell)


def _read(read: Callable[[Any], Value], cell: object) -> Value:
    try:
        return read(cell)
    except (
        ArithmeticError,
        AttributeError,
        OSError,
        RecursionError,
        TypeError,
        ValueError,
        zlib.error,
    ) as fault:
        raise CellError(f'{type(fault).__name__}: {fault!s:.200}') from fault
