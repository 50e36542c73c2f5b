"""Whether the data folder takes what is written to it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from sentinel_app.errors import StorageError

_NAME = '.write-test'
_SIZE_BYTES = 65_536


class DataFolder:
    """The folder that the App keeps its data in."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def probe(self) -> int:
        """Write and remove a small file; give the free bytes.

        Raises:
            StorageError: the disk did not take it.
        """
        path = self._folder / _NAME
        try:
            try:
                with path.open('wb') as file:
                    file.write(bytes(_SIZE_BYTES))
                    file.flush()
                    os.fsync(file.fileno())
            finally:
                path.unlink(missing_ok=True)
            return shutil.disk_usage(self._folder).free
        except OSError as fault:
            raise StorageError(
                f'The data folder {self._folder} cannot be written. Make room there, and check '
                'its permissions.',
                reason=str(fault),
            ) from fault
