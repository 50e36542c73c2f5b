"""The data folder: preparation at the start, and a probe of its disk."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from sentinel_app.errors import GOES_ON
from sentinel_app.storage.disk_full import write_error
from sentinel_app.storage.maintenance.own_file import create_own
from sentinel_app.storage.maintenance.reserve import keep_reserve

_MODE = 0o700
_NAME = '.write-test'
_SIZE_BYTES = 65_536


def prepare_folder(folder: Path) -> None:
    """Create the data folder if missing, accessible to its owner only, with a reserve of space.

    Raises:
        StorageError: it cannot be created.
    """
    try:
        folder.mkdir(mode=_MODE, parents=True, exist_ok=True)
        folder.chmod(_MODE)
    except OSError as fault:
        raise write_error(
            folder,
            fault,
            words=f'The data folder {folder} cannot be made: {fault.strerror or fault}. Check its '
            'permissions, and start the Service again.',
            remedy='Free space on that disk, then start the Service again.',
        ) from fault
    keep_reserve(folder)


class DataFolder:
    """The folder of the App's data."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def probe(self) -> int:
        """Write and remove a small file; return the free bytes.

        Raises:
            StorageError: the file could not be written.
        """
        path = self._folder / _NAME
        try:
            try:
                with os.fdopen(create_own(path), 'wb') as file:
                    file.write(bytes(_SIZE_BYTES))
                    file.flush()
                    os.fsync(file.fileno())
            finally:
                path.unlink(missing_ok=True)
            return shutil.disk_usage(self._folder).free
        except OSError as fault:
            raise write_error(
                self._folder,
                fault,
                words=f'The data folder {self._folder} cannot be written. Check its permissions.',
                remedy=f'Free space on that disk; {GOES_ON}',
            ) from fault
