"""A damaged database: noticed, and moved out of the way at the next start."""

from __future__ import annotations

import contextlib
import datetime as dt
import sqlite3
from collections.abc import Callable
from pathlib import Path

from sentinel_app.errors import StorageError

_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_PRIMARY_CODE = 0xFF
_BESIDE = ('', '-wal', '-shm')


def is_damage(fault: BaseException) -> bool:
    """Whether SQLite says that the file itself is at fault, which no patience mends."""
    code = getattr(fault, 'sqlite_errorcode', None)
    return isinstance(code, int) and code & _PRIMARY_CODE in _DAMAGE


def note_damage(path: Path) -> None:
    """Leave a mark beside the file, so that the next start does without it."""
    with contextlib.suppress(OSError):
        _mark(path).touch(mode=0o600)


def set_aside_damaged(path: Path, *, now: Callable[[], dt.datetime]) -> str | None:
    """Move a damaged database out of the way.

    Returns:
        What the page must say of it; None where nothing is wrong with the file.

    Raises:
        StorageError: it cannot be moved.
    """
    if not _mark(path).exists() and not _is_unreadable(path):
        return None
    stamp = now().astimezone(dt.UTC).strftime('%Y%m%dT%H%M%S.%fZ')
    aside = path.with_name(f'{path.name}.unreadable-{stamp}')
    try:
        # The file itself last: as long as it is there, a start that broke off begins anew.
        for end in reversed(_BESIDE):
            with contextlib.suppress(FileNotFoundError):
                path.with_name(path.name + end).rename(aside.with_name(aside.name + end))
        _mark(path).unlink(missing_ok=True)
    except OSError as fault:
        raise StorageError(
            f'{path} is damaged and could not be set aside: {fault.strerror or fault}. Move it '
            'away.',
            reason=str(fault),
        ) from fault
    return (
        f'{path} was damaged and has been set aside as {aside.name}. The next update is full: it '
        'sends everything again under the same ids, so nothing is doubled. What was deleted '
        'meanwhile is not withdrawn; it expires with its TTL.'
    )


def _mark(path: Path) -> Path:
    return path.with_name(f'{path.name}.damaged')


def _is_unreadable(path: Path) -> bool:
    """Whether SQLite cannot make anything of the file; what else it meets is told when opening."""
    if not path.exists():
        return False
    try:
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute('SELECT count(*) FROM sqlite_master').fetchone()
    except sqlite3.Error as fault:
        return is_damage(fault)
    return False
