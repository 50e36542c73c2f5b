"""The SQLite file for what grows with the number of Indicators: connections and transactions."""

from __future__ import annotations

import os
import sqlite3
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sentinel_app.errors import ConfigError, StorageError
from sentinel_app.storage.damage import is_damage, note_damage
from sentinel_app.storage.migrations import MIGRATIONS

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
        with _storage_errors(path):
            if not path.exists():
                path.touch(mode=0o600)
            version = self._known_version()
            os.chmod(path, 0o600)  # noqa: PTH101 - also for a file that an operator copied back
            try:
                self._migrate(version)
            except BaseException:
                self.close()
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
                    raise sqlite3.ProgrammingError('The store is closed.')
                held = _ThreadConnection(_connected(self._path))
                self._connections.add(held)
            self._local.held = held
        return held

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Give this thread's connection for reading; all statements see the same state."""
        with _storage_errors(self._path), self._connection() as connection:
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
        with self._writing, _storage_errors(self._path), self._connection() as connection:
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
        with self._writing, _storage_errors(self._path), self._connection() as connection:
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


@contextmanager
def _storage_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        if is_damage(error):
            note_damage(path)
            raise StorageError(
                f'The database {path.name} is damaged. Restart the Service: the file is set aside '
                'then, and the next update sends everything again under the same ids.',
                reason=str(error),
            ) from error
        raise StorageError(
            f'The database {path.name} could not be read or written. Check the free space and the '
            f'permissions of {path.parent}; the App goes on by itself when the cause is gone.',
            reason=str(error),
        ) from error
