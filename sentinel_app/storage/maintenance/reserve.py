"""Room on the disk that is kept for the last words of a start that the disk does not allow."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path
from typing import Final

from sentinel_app.storage.maintenance.own_file import create_own

RESERVE_FILE: Final = 'reserve'
_SIZES_BYTES: Final = (65_536, 16_384, 4_096)
"""The largest that there is room for; the smallest still holds a message."""
_BLOCK_BYTES: Final = 512


def keep_reserve(folder: Path) -> None:
    """Take up some room, unless it is taken up already."""
    path = folder / RESERVE_FILE
    with contextlib.suppress(OSError):
        found = path.lstat()
        if stat.S_ISREG(found.st_mode) and found.st_blocks * _BLOCK_BYTES >= _SIZES_BYTES[0]:
            return
    for size_bytes in _SIZES_BYTES:
        try:
            _take_up(path, size_bytes)
        except OSError:
            # Half of it would be in the way of what is stored.
            release_reserve(folder)
        else:
            return


def release_reserve(folder: Path) -> None:
    """Let others have the room."""
    with contextlib.suppress(OSError):
        (folder / RESERVE_FILE).unlink()


def _take_up(path: Path, size_bytes: int) -> None:
    with os.fdopen(create_own(path), 'wb') as file:
        # No zeros: some file systems give those no room of their own.
        file.write(os.urandom(size_bytes))
        file.flush()
        os.fsync(file.fileno())
