"""Keeps a second process away from the data folder."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from sentinel_app.errors import ConfigError


class FolderLock:
    """Holds a data folder for this process; the system lets go of it however the process ends.

    Args:
        folder: the data folder; it exists.

    Raises:
        ConfigError: another process holds it; the message names that process.
    """

    def __init__(self, folder: Path) -> None:
        self._file = os.open(folder / 'lock', os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.read(self._file, 32).decode('ascii', 'replace').strip()
            os.close(self._file)
            raise ConfigError(
                f'Another process (pid {holder or "unknown"}) already uses the data folder '
                f'{folder}. Two processes would send everything twice: end the other one first.'
            ) from error
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, str(os.getpid()).encode('ascii'), 0)

    def release(self) -> None:
        """Let another process have the folder."""
        os.close(self._file)
