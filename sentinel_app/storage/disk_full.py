"""Detection of a full disk among the errors of writing."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path
from typing import Final

from sentinel_app.errors import DiskFullError, StorageError

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


def is_full(fault: BaseException) -> bool:
    """Return whether the disk, or the user's quota, is full."""
    if isinstance(fault, sqlite3.Error):
        code: int = getattr(fault, 'sqlite_errorcode', 0)
        return code & 0xFF == sqlite3.SQLITE_FULL
    return isinstance(fault, OSError) and fault.errno in _FULL


def write_error(path: Path, fault: Exception, *, words: str, remedy: str) -> StorageError:
    """Return the error for a file or folder that could not be written.

    Args:
        path: the file or folder.
        fault: the system's error.
        words: the message if the disk is not full.
        remedy: what to do if it is.
    """
    if is_full(fault):
        return DiskFullError(f'{path} could not be written. {remedy}')
    reason = fault.strerror if isinstance(fault, OSError) and fault.strerror else str(fault)
    return StorageError(words, reason=reason, context={'file': str(path)})
