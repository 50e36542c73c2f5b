"""Damaged databases: detected in use, and set aside at the next start."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final

from sentinel_app.errors import StorageError
from sentinel_app.storage.maintenance.inspection import content_fault
from sentinel_app.storage.maintenance.own_file import mark_own, refuse_links
from sentinel_app.storage.maintenance.schema import Steps, current_steps, shape_fault, version_of

INSPECTION_S: Final = 2.0
"""Maximum seconds to inspect the file's content at the start; most files take less."""

_DAMAGE: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT})
_CONDITIONS: Final = frozenset(
    {
        *(sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED),
        *(sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM),
        *(sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_AUTH, sqlite3.SQLITE_PROTOCOL),
        *(sqlite3.SQLITE_NOLFS, sqlite3.SQLITE_INTERRUPT),
    }
)
_PRIMARY_CODE: Final = 0xFF
_BESIDE: Final = ('', '-wal', '-shm', '-journal')


def is_damage(fault: sqlite3.Error) -> bool:
    """Return whether SQLite reports damage of the file itself, which waiting does not cure."""
    if isinstance(fault, sqlite3.OperationalError) and _code(fault) is None:
        return True  # Raised by Python: a text is not UTF-8.
    return _code(fault) in _DAMAGE


def is_condition(fault: sqlite3.Error) -> bool:
    """Return whether the disk, another process or permissions are the cause, which may pass."""
    return _code(fault) in _CONDITIONS


def files_of(path: Path) -> tuple[Path, ...]:
    """Return the database file and SQLite's files beside it."""
    return tuple(path.with_name(path.name + end) for end in _BESIDE)


def mark_damaged(path: Path) -> None:
    """Create a marker beside the file, so that the next start sets it aside."""
    with contextlib.suppress(OSError):
        mark_own(_mark(path))


def set_aside_damaged(
    path: Path, *, now: Callable[[], dt.datetime], steps: Steps | None = None
) -> str | None:
    """Set aside a damaged database, or one whose schema is not this version's.

    Args:
        path: the file; it may be missing.
        now: returns the current time.
        steps: the migrations of the schema; this version's by default.

    Returns:
        A warning for the page; None if the file is sound.

    Raises:
        StorageError: it cannot be moved, or is not a regular file.
    """
    refuse_links(files_of(path))
    fault = _fault(path, current_steps() if steps is None else steps)
    if os.path.lexists(_mark(path)):
        fault = fault or 'it showed in use'
    if fault is None:
        return None
    stamp = now().astimezone(dt.UTC).strftime('%Y%m%dT%H%M%S.%fZ')
    aside = path.with_name(f'{path.name}.unreadable-{stamp}')
    try:
        # The file itself last: as long as it exists, an interrupted start begins again.
        for file, target in reversed(tuple(zip(files_of(path), files_of(aside), strict=True))):
            with contextlib.suppress(FileNotFoundError):
                file.rename(target)
        _mark(path).unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(
            f'{path} is damaged and could not be set aside: {error.strerror or error}. Move it '
            'away.',
            reason=str(error),
        ) from error
    return (
        f'{path} was damaged and has been set aside as {aside.name}. The next update is full: it '
        'sends everything again under the same ids, so nothing is doubled. What was deleted '
        f'meanwhile is not withdrawn; it expires with its TTL. The damage: {fault}.'
    )


def _code(fault: sqlite3.Error) -> int | None:
    code = getattr(fault, 'sqlite_errorcode', None)
    return code & _PRIMARY_CODE if isinstance(code, int) else None


def _mark(path: Path) -> Path:
    return path.with_name(f'{path.name}.damaged')


def _fault(path: Path, steps: Steps) -> str | None:
    """Return the damage of the file; other errors are reported when it is opened."""
    if not path.exists():
        return None
    try:
        with contextlib.closing(sqlite3.connect(path)) as connection:
            if version_of(connection) > len(steps):
                return None
            return shape_fault(connection, steps) or content_fault(
                connection, within_s=INSPECTION_S
            )
    except sqlite3.Error as fault:
        return None if is_condition(fault) else f'{fault!s:.200}'
