"""A folder for stores that are written thousands of times."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_MEMORY = Path('/dev/shm')


@contextmanager
def quick_folder() -> Iterator[Path]:
    """A folder in memory where there is such a thing: no disk's patience is tested there."""
    parent = _MEMORY if os.access(_MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=parent) as name:
        yield Path(name)
