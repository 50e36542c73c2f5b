"""Lock of the data folder against a second process."""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path
from typing import Final

from sentinel_app.errors import ConfigError, DiskFullError
from sentinel_app.storage.disk_full import is_full
from sentinel_app.storage.maintenance.own_file import open_own

LOCK_FILE: Final = 'lock'


class FolderLock:
    """Locks a data folder for this process; the system releases it however the process ends.

    Args:
        folder: the existing data folder.

    Raises:
        ConfigError: another process, named in the message, holds the lock, or the folder cannot be
            locked.
        DiskFullError: there is no room for the lock file.
    """

    def __init__(self, folder: Path) -> None:
        try:
            self._file = open_own(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT)
            try:
                self._take(folder)
            except BaseException:
                os.close(self._file)
                raise
        except OSError as error:
            if is_full(error):
                raise DiskFullError(
                    f'The data folder {folder} could not be written. Free space on that disk, then '
                    'start the Service again.'
                ) from error
            raise ConfigError(
                f'The data folder {folder} cannot be locked: {error.strerror or error}. Let the '
                'App write there, on a file system that knows locks; if there is something else '
                f'named {LOCK_FILE}, move it away.'
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
        # For people only: on a full disk the lock works without it.
        with contextlib.suppress(OSError):
            os.pwrite(self._file, str(os.getpid()).encode('ascii'), 0)

    def release(self) -> None:
        """Release the lock."""
        os.close(self._file)
