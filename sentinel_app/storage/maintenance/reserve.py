"""Reserve of disk space for the exit message of a start that fails on a full disk."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path
from typing import Final

from sentinel_app.storage.maintenance.own_file import create_own

RESERVE_FILE: Final = 'reserve'
_SIZES_BYTES: Final = (65_536, 16_384, 4_096)
"""Sizes to try, largest first; the smallest still holds a message."""
_BLOCK_BYTES: Final = 512


def keep_reserve(folder: Path) -> None:
    """Reserve some space, unless it is already reserved."""
    path = folder / RESERVE_FILE
    with contextlib.suppress(OSError):
        found = path.lstat()
        if stat.S_ISREG(found.st_mode) and found.st_blocks * _BLOCK_BYTES >= _SIZES_BYTES[0]:
            return
    for size_bytes in _SIZES_BYTES:
        try:
            _take_up(path, size_bytes)
        except OSError:
            # A partial reserve would take space from the stores.
            release_reserve(folder)
        else:
            return


def release_reserve(folder: Path) -> None:
    """Release the reserved space."""
    with contextlib.suppress(OSError):
        (folder / RESERVE_FILE).unlink()


def _take_up(path: Path, size_bytes: int) -> None:
    with os.fdopen(create_own(path), 'wb') as file:
        # No zeros, as some file systems allocate no space for them.
        file.write(os.urandom(size_bytes))
        file.flush()
        os.fsync(file.fileno())
