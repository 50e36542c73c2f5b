"""Upkeep of the disk: old files and free space of the stores."""

from __future__ import annotations

from pathlib import Path

from sentinel_app.core.clock import Stop
from sentinel_app.errors import StorageError
from sentinel_app.storage.maintenance.reserve import keep_reserve
from sentinel_app.storage.sqlite import BUSY_TIMEOUT_S, Database

KEPT_SET_ASIDE = 4
"""Unreadable files that are kept for examination; one incident leaves two."""

KEPT_FREE_PAGES = 2_500
"""Free pages that are kept, as the next update needs them: 10 MB in pages of 4 KB."""

_PAGES_AT_ONCE = 1_000
_CHECKPOINT_WAIT_MS = 500


class DiskUpkeep:
    """Implements the port `Upkeep` on the App's folder.

    Args:
        documents_path: the file of the app state; files set aside are beside it.
        db: the database.
    """

    def __init__(self, documents_path: Path, db: Database) -> None:
        self._documents_path = documents_path
        self._db = db

    def remove_set_aside(self) -> int:
        """Remove all but the newest files set aside as unreadable; return their number."""
        name = self._documents_path.name
        try:
            found = sorted(
                (
                    path
                    for path in self._documents_path.parent.glob(f'{name}*.unreadable-*')
                    if path.is_file()
                ),
                # The name ends in the time of setting aside.
                key=lambda path: path.name.rpartition('.unreadable-')[2],
            )
            gone = [*found[:-KEPT_SET_ASIDE], *self._old_databases()]
            for path in gone:
                path.unlink(missing_ok=True)
        except OSError as fault:
            raise StorageError(
                f'Old files in {self._documents_path.parent} could not be removed. Check the '
                'permissions there.',
                reason=str(fault),
            ) from fault
        return len(gone)

    def _old_databases(self) -> list[Path]:
        """Return the files of all but the newest database set aside: they may be large."""
        found = list(self._db.path.parent.glob(f'{self._db.path.name}.unreadable-*'))
        newest = max((_stamp(path) for path in found), default='')
        return [path for path in found if _stamp(path) != newest]

    def compact(self, stop: Stop, *, may_shrink: bool) -> int:
        """Free space on the disk, also in the database's own files; return the bytes."""
        before = self._size_bytes()
        while may_shrink and not stop.is_set():
            # In portions, so that no writer is blocked for long.
            with self._db.alone() as connection:
                free = int(connection.execute('PRAGMA freelist_count').fetchone()[0])
                surplus = min(free - KEPT_FREE_PAGES, _PAGES_AT_ONCE)
                if surplus <= 0:
                    break
                connection.execute(f'PRAGMA incremental_vacuum({surplus})').fetchall()
                if int(connection.execute('PRAGMA freelist_count').fetchone()[0]) == free:
                    # A file of an older version, which cannot shrink.
                    break
        self._truncate_log()
        # Reserved again after it was released, or could not be reserved at the start.
        keep_reserve(self._db.path.parent)
        return max(0, before - self._size_bytes())

    def _truncate_log(self) -> None:
        """Move the write-ahead log into the file; if it is being read, the next call does."""
        with self._db.alone() as connection:
            connection.execute(f'PRAGMA busy_timeout = {_CHECKPOINT_WAIT_MS}')
            try:
                connection.execute('PRAGMA wal_checkpoint(TRUNCATE)').fetchall()
            finally:
                connection.execute(f'PRAGMA busy_timeout = {int(BUSY_TIMEOUT_S * 1000)}')

    def _size_bytes(self) -> int:
        path = self._db.path
        log = path.with_name(f'{path.name}-wal')
        return sum(each.stat().st_size for each in (path, log) if each.exists())


def _stamp(path: Path) -> str:
    """Return the time in the name of a file set aside; the name of its log has a suffix."""
    return path.name.rpartition('.unreadable-')[2].partition('Z')[0]
