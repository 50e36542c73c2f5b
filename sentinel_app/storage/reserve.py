"""Room on the disk that is kept for the last words of a start that the disk does not allow."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Final

from sentinel_app.storage.own_file import create_own

RESERVE_FILE: Final = 'reserve'
_SIZE_BYTES: Final = 65_536


def keep_reserve(folder: Path) -> bool:
    """Take up some room, unless it is taken up already; whether it is now."""
    path = folder / RESERVE_FILE
    with contextlib.suppress(OSError):
        if path.lstat().st_blocks * 512 >= _SIZE_BYTES:
            return True
    try:
        with os.fdopen(create_own(path), 'wb') as file:
            # No zeros: some file systems give those no room of their own.
            file.write(os.urandom(_SIZE_BYTES))
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        # Half of it would be in the way of what is stored.
        give_up_reserve(folder)
        return False
    return True


def give_up_reserve(folder: Path) -> None:
    """Let others have the room."""
    with contextlib.suppress(OSError):
        (folder / RESERVE_FILE).unlink()
