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
        ConfigError: another process holds it, and the message names that process; or the folder
            cannot be locked.
    """

    def __init__(self, folder: Path) -> None:
        try:
            self._file = os.open(folder / 'lock', os.O_RDWR | os.O_CREAT, 0o600)
            try:
                self._take(folder)
            except BaseException:
                os.close(self._file)
                raise
        except OSError as error:
            raise ConfigError(
                f'The data folder {folder} cannot be locked: {error.strerror or error}. Let the '
                'App write there, on a file system that knows locks.'
            ) from error

    def _take(self, folder: Path) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(self._file, 32).decode('ascii', 'replace').strip()
            raise ConfigError(
                f'Another process (pid {holder or "unknown"}) already uses the data folder '
                f'{folder}. Two processes would send everything twice: end the other one first.'
            ) from error
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, str(os.getpid()).encode('ascii'), 0)

    def release(self) -> None:
        """Let another process have the folder."""
        os.close(self._file)
