"""The SQLite file for what grows with the number of Indicators: connections and transactions."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sentinel_app.errors import GOES_ON, ConfigError, DamagedError, StorageError
from sentinel_app.storage.cell import CellError
from sentinel_app.storage.damage import files_of, is_condition, is_damage, note_damage
from sentinel_app.storage.migrations import MIGRATIONS
from sentinel_app.storage.own_file import mark_own, refuse_links
from sentinel_app.storage.schema import shape_fault

BUSY_TIMEOUT_S = 10.0
"""How long a statement waits for another process that looks into the file, a backup for example."""

_LOOK_S = 0.02
_LOOKS = 50
"""Closing waits a second at most for threads whose statements were broken off."""


class _ThreadConnection:
    """One thread's connection; closed with the thread, whose last reference to it goes then.

    A connection by itself would stay open until a garbage collection: its cache refers back to it.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.in_use = threading.RLock()
        """Held by its thread for as long as it may execute statements."""

    def __del__(self) -> None:
        self.connection.close()

    def close_from_outside(self, looks: int) -> int:
        """Break off what its thread is doing, and close it; give how many looks are left.

        To close a connection under a running statement ends the process. A thread that does not
        let go in time keeps its connection: its transaction is undone when the process has ended.
        """
        while not self.in_use.acquire(timeout=_LOOK_S):
            if looks <= 0:
                return 0
            looks -= 1
            self.connection.interrupt()
        try:
            self.connection.close()
        finally:
            self.in_use.release()
        return looks


class StateDb:
    """One SQLite file in WAL mode; one connection for each thread, one writer at a time.

    Args:
        path: the file; made, with mode 0600, if missing.

    Raises:
        ConfigError: the file was written by a newer version of the App; nothing is touched.
        StorageError: the file cannot be opened or brought up to date.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()
        self._writing = threading.Lock()
        # Each request of the page has a thread of its own; its connection goes when it ends.
        self._connections: weakref.WeakSet[_ThreadConnection] = weakref.WeakSet()
        self._connections_lock = threading.Lock()
        self._is_closed = False
        refuse_links(files_of(path))
        with self._told():
            mark_own(path)
            version = self._known_version()
            os.chmod(path, 0o600)  # noqa: PTH101 - also for a file that an operator copied back
            try:
                self._migrate(version)
            except BaseException as fault:
                self.close()
                if isinstance(fault, sqlite3.Error) and not is_condition(fault):
                    # The steps are right, so what is stored is not.
                    raise self._damaged(fault) from fault
                raise

    @property
    def path(self) -> Path:
        """Where the file is."""
        return self._path

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """Give this thread's connection, which nobody closes meanwhile."""
        held = self._held()
        with held.in_use:
            yield held.connection

    def _held(self) -> _ThreadConnection:
        held: _ThreadConnection | None = getattr(self._local, 'held', None)
        if held is None:
            with self._connections_lock:
                if self._is_closed:
                    raise self._closed('')
                held = _ThreadConnection(_connected(self._path))
                self._connections.add(held)
            self._local.held = held
        return held

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Give this thread's connection for reading; all statements see the same state."""
        with self._told(), self._connection() as connection:
            is_outermost = not connection.in_transaction
            if is_outermost:
                connection.execute('BEGIN')
            try:
                yield connection
            finally:
                if is_outermost:
                    connection.rollback()

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Give this thread's connection inside a transaction that is stored whole or not at all."""
        with self._writing, self._told(), self._connection() as connection:
            connection.execute('BEGIN IMMEDIATE')
            try:
                yield connection
                connection.execute('COMMIT')
            except BaseException:
                # SQLite has rolled back by itself after some errors, a full disk for one.
                if connection.in_transaction:
                    connection.execute('ROLLBACK')
                raise

    @contextmanager
    def alone(self) -> Iterator[sqlite3.Connection]:
        """Give this thread's connection outside a transaction, while no other thread writes."""
        with self._writing, self._told(), self._connection() as connection:
            yield connection

    def _known_version(self) -> int:
        """The file's schema, looked up in a way that leaves a newer file as it is."""
        connection = sqlite3.connect(self._path, timeout=BUSY_TIMEOUT_S)
        try:
            version = int(connection.execute('PRAGMA user_version').fetchone()[0])
        finally:
            connection.close()
        if version > len(MIGRATIONS):
            raise ConfigError(
                f'The data in {self._path} were written by a newer version of the App (schema '
                f'{version}, this version knows {len(MIGRATIONS)}). Install that version again; '
                'nothing has been changed.'
            )
        return version

    def _migrate(self, version: int) -> None:
        for number, statements in enumerate(MIGRATIONS[version:], start=version + 1):
            with self.write() as transaction:
                for statement in statements:
                    transaction.execute(statement)
                transaction.execute(f'PRAGMA user_version = {number}')

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Tell people of what the disk and the file bring about; a fault of the App stays as it is.

        Raises:
            StorageError: the disk or the permissions are at fault, the file is damaged, or the
                store is closed.
        """
        try:
            yield
        except (OSError, sqlite3.Error, CellError) as fault:
            if isinstance(fault, sqlite3.Error) and self._is_closed:
                raise self._closed(str(fault)) from fault
            if self._is_at_fault(fault):
                raise self._damaged(fault) from fault
            if isinstance(fault, sqlite3.Error) and not is_condition(fault):
                raise
            raise StorageError(
                f'The database {self._path.name} could not be read or written. Check the free space'
                f' and the permissions of {self._path.parent}; {GOES_ON}',
                reason=str(fault),
            ) from fault

    def _is_at_fault(self, fault: Exception) -> bool:
        """Whether the file is damaged, or no longer of the shape that every statement goes by."""
        if not isinstance(fault, sqlite3.Error):
            return isinstance(fault, CellError)
        if is_condition(fault):
            return False
        if is_damage(fault):
            return True
        try:
            with contextlib.closing(sqlite3.connect(self._path, timeout=BUSY_TIMEOUT_S)) as other:
                return shape_fault(other, MIGRATIONS) is not None
        except sqlite3.Error as found:
            return is_damage(found)

    def _damaged(self, fault: Exception) -> DamagedError:
        note_damage(self._path)
        return DamagedError(
            f'The database {self._path.name} is damaged. Restart the Service: the file is set aside'
            ' then, and the next update sends everything again under the same ids.',
            reason=str(fault),
        )

    def _closed(self, reason: str) -> StorageError:
        return StorageError(
            f'The database {self._path.name} is closed, because the Service is ending.',
            reason=reason,
        )

    def close(self) -> None:
        """Close the connections of all threads; the store cannot be used afterwards."""
        with self._connections_lock:
            self._is_closed = True
            looks = _LOOKS
            for held in self._connections:
                looks = held.close_from_outside(looks)
            self._connections.clear()


def _connected(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path,
        timeout=BUSY_TIMEOUT_S,
        isolation_level=None,
        # Each thread uses its own; the flag only lets close() run in another one.
        check_same_thread=False,
    )
    try:
        connection.row_factory = sqlite3.Row
        # Room that was freed can be given back. It takes effect only before the first table.
        connection.execute('PRAGMA auto_vacuum = INCREMENTAL')
        connection.execute('PRAGMA journal_mode = WAL')
        # FULL: an answer of Sentinel that is on disk stays there even when the power goes.
        connection.execute('PRAGMA synchronous = FULL')
        connection.execute('PRAGMA foreign_keys = ON')
    except BaseException:
        connection.close()
        raise
    return connection
