"""How large the App's files are, and what is in its database; asks the files, not the App."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

Sizes = dict[str, Any]

DATABASE = 'state.db'
LEDGER = ('ledger', 'content')
"""The tables of what Sentinel holds."""
_LEFTOVERS = ('-wal', '-shm')
_BUSY_S = 30.0


def sizes(folder: Path) -> Sizes:
    """Return the sizes of what the App keeps in its folder, after writing the WAL into the file.

    Returns:
        `left_bytes`, the database with its WAL as the App left them; `file_bytes`, the database
        after the WAL was written into it; `used_bytes`, its pages in use; `others_bytes`, all other
        files; `tables`, bytes by table, indexes included, empty where SQLite cannot tell.
    """
    path = folder / DATABASE
    left = _size(path) + sum(_size(path.with_name(f'{DATABASE}{end}')) for end in _LEFTOVERS)
    with contextlib.closing(sqlite3.connect(path, timeout=_BUSY_S)) as connection:
        connection.execute('PRAGMA wal_checkpoint(TRUNCATE)').fetchall()
        page_size, pages, free = (
            connection.execute(f'PRAGMA {name}').fetchone()[0]
            for name in ('page_size', 'page_count', 'freelist_count')
        )
        tables = _tables(connection)
    others = [
        file.stat().st_size
        for file in folder.iterdir()
        if file.is_file() and not file.name.startswith(DATABASE)
    ]
    return {
        'left_bytes': left,
        'file_bytes': page_size * pages,
        'used_bytes': page_size * (pages - free),
        'others_bytes': sum(others),
        'tables': tables,
    }


def _tables(connection: sqlite3.Connection) -> dict[str, int]:
    try:
        rows = connection.execute(
            'SELECT part.tbl_name, sum(stat.pgsize) FROM dbstat AS stat'
            ' JOIN sqlite_master AS part ON part.name = stat.name'
            ' WHERE stat.aggregate = TRUE GROUP BY part.tbl_name ORDER BY 2 DESC'
        ).fetchall()
    except sqlite3.OperationalError:
        return {}  # SQLite was built without it
    return dict(rows)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
