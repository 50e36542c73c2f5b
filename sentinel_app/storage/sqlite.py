"""The SQLite database, for data that grow with the Indicators: connections and transactions."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sentinel_app.errors import GOES_ON, ConfigError, DamagedError, StorageError
from sentinel_app.storage.cell import CellError
from sentinel_app.storage.disk_full import write_error
from sentinel_app.storage.fence import Fence
from sentinel_app.storage.maintenance.damage import files_of, is_condition, is_damage, mark_damaged
from sentinel_app.storage.maintenance.own_file import mark_own, refuse_links
from sentinel_app.storage.maintenance.schema import Steps, current_steps, shape_fault

BUSY_TIMEOUT_S = 10.0
"""Maximum seconds that a statement waits for another process, such as a backup."""

READERS = 4
"""Maximum number of read connections; a further reader waits until one of them is free."""

_WRITER_CACHE_KIB = 16_384
_READER_CACHE_KIB = 2_048
"""Cache size of a reader; each write empties it, so a larger one is of no use."""
_CHECKPOINT_PAGES = 4_000
"""Log size for checkpoints, 16 MB: by then, many of its pages have been written repeatedly."""

_TRY_S = 0.02
_TRIES = 50
"""Attempts to close, for at most a second, while threads end their interrupted statements."""


class _LockedConnection:
    """A connection, and the lock that its user holds while it may execute statements."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.in_use = threading.Lock()

    def close_from_outside(self, tries: int) -> int:
        """Interrupt its user's statement and close it; return the attempts left.

        Closing a connection during a statement would crash the process. A user that does not
        release it in time closes it on release.
        """
        while not self.in_use.acquire(timeout=_TRY_S):
            if tries <= 0:
                return 0
            tries -= 1
            # Its user may be closing it right now.
            with contextlib.suppress(sqlite3.ProgrammingError):
                self.connection.interrupt()
        try:
            self.connection.close()
        finally:
            self.in_use.release()
        return tries


class _Readers:
    """Pool of read connections: opened on demand, each lent to one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._opened: list[_LockedConnection] = []
        self._free: list[_LockedConnection] = []
        self._changed = threading.Condition()
        self._is_closed = False

    def take(self) -> _LockedConnection | None:
        """Wait for a free connection and return it; None after closing."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._is_closed or self._free or len(self._opened) < READERS
            )
            if self._is_closed:
                return None
            if not self._free:
                held = _LockedConnection(_connected(self._path, is_reader=True))
                self._opened.append(held)
                self._free.append(held)
            held = self._free.pop()
            held.in_use.acquire()
        return held

    def give_back(self, held: _LockedConnection) -> None:
        """Return a connection to the pool, unless it could not end its transaction."""
        with self._changed:
            if self._is_closed or held.connection.in_transaction:
                held.connection.close()
                self._opened.remove(held)
            else:
                self._free.append(held)
            held.in_use.release()
            self._changed.notify()

    def close(self, tries: int) -> None:
        """Close all connections and the pool."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
            opened = tuple(self._opened)
        for held in opened:
            tries = held.close_from_outside(tries)


class _Own(threading.local):
    """Connection that the current thread uses."""

    connection: sqlite3.Connection | None = None


class Database:
    """One SQLite file in WAL mode, with one write connection and a few read connections.

    Args:
        path: the file; created with mode 0600 if missing.
        steps: the migrations of its schema; this version's by default.
        fence: refuses writes; by default one that refuses none.

    Raises:
        ConfigError: the file was written by a newer version of the App; nothing was changed.
        StorageError: the file cannot be opened or migrated.
    """

    def __init__(
        self, path: Path, *, steps: Steps | None = None, fence: Fence | None = None
    ) -> None:
        self._path = path
        self.fence = fence or Fence()
        self._steps = current_steps() if steps is None else steps
        self._own = _Own()
        self._readers = _Readers(path)
        self._end = threading.Event()
        refuse_links(files_of(path))
        with self._reported():
            mark_own(path)
            version = self._known_version()
            os.chmod(path, 0o600)  # noqa: PTH101 - also for a file that an operator copied back
            self._writer = _LockedConnection(_connected(path, is_reader=False))
            try:
                self._migrate(version)
            except BaseException as fault:
                self.close()
                if isinstance(fault, sqlite3.Error) and not is_condition(fault):
                    # The migrations are right, so the stored data are not.
                    raise self._damaged(fault) from fault
                raise

    @property
    def path(self) -> Path:
        """Path of the file."""
        return self._path

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection for reading; all statements see the same state.

        A thread that is already reading or writing gets its own connection: within a transaction it
        sees what it has written.
        """
        with self._reported(), self._reading() as connection:
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
        """Yield the write connection inside a transaction, which is atomic.

        Raises:
            Cancelled: the step that this thread runs has been killed.
        """
        with self._reported(), self._writing() as connection:
            connection.execute('BEGIN IMMEDIATE')
            try:
                yield connection
                connection.execute('COMMIT')
            except BaseException:
                # SQLite rolls back by itself after some errors, such as a full disk.
                if connection.in_transaction:
                    connection.execute('ROLLBACK')
                raise

    @contextmanager
    def alone(self) -> Iterator[sqlite3.Connection]:
        """Yield the write connection outside a transaction, while no other thread writes.

        Raises:
            Cancelled: the step that this thread runs has been killed.
        """
        with self._reported(), self._writing() as connection:
            yield connection

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """Yield the thread's own connection, or one of the read connections."""
        if self._own.connection is not None:
            yield self._own.connection
            return
        held = self._readers.take()
        if held is None:
            raise self._closed('')
        self._own.connection = held.connection
        try:
            yield held.connection
        finally:
            self._own.connection = None
            self._readers.give_back(held)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """Yield the write connection to this thread alone."""
        if self._own.connection is not None:
            raise RuntimeError('a thread cannot begin to write while it reads or writes')
        with self._writer.in_use, self.fence.passing():
            if self._end.is_set():
                raise self._closed('')
            self._own.connection = self._writer.connection
            try:
                yield self._writer.connection
            finally:
                self._own.connection = None
                if self._end.is_set():
                    self._writer.connection.close()

    def _known_version(self) -> int:
        """Return the file's schema version, without changing a newer file."""
        connection = sqlite3.connect(self._path, timeout=BUSY_TIMEOUT_S)
        try:
            version = int(connection.execute('PRAGMA user_version').fetchone()[0])
        finally:
            connection.close()
        if version > len(self._steps):
            raise ConfigError(
                f'The data in {self._path} were written by a newer version of the App (schema '
                f'{version}, this version knows {len(self._steps)}). Install that version again; '
                'nothing has been changed.'
            )
        return version

    def _migrate(self, version: int) -> None:
        for number, statements in enumerate(self._steps[version:], start=version + 1):
            with self.write() as transaction:
                for statement in statements:
                    transaction.execute(statement)
                transaction.execute(f'PRAGMA user_version = {number}')

    @contextmanager
    def _reported(self) -> Iterator[None]:
        """Convert errors of the disk and the file; program faults pass unchanged.

        Raises:
            StorageError: the disk or permissions are the cause, the file is damaged, or the store
                is closed.
        """
        try:
            yield
        except (OSError, sqlite3.Error, CellError) as fault:
            if isinstance(fault, sqlite3.Error) and self._end.is_set():
                raise self._closed(str(fault)) from fault
            if self._is_at_fault(fault):
                raise self._damaged(fault) from fault
            if isinstance(fault, sqlite3.Error) and not is_condition(fault):
                raise
            raise write_error(
                self._path,
                fault,
                words=f'The database {self._path.name} could not be read or written. Check the '
                f'permissions of {self._path.parent}; {GOES_ON}',
                remedy=f'Free space on that disk; {GOES_ON}',
            ) from fault

    def _is_at_fault(self, fault: Exception) -> bool:
        """Return whether the file is damaged, or no longer has the expected schema."""
        if not isinstance(fault, sqlite3.Error):
            return isinstance(fault, CellError)
        if is_condition(fault):
            return False
        if is_damage(fault):
            return True
        try:
            with contextlib.closing(sqlite3.connect(self._path, timeout=BUSY_TIMEOUT_S)) as other:
                return shape_fault(other, self._steps) is not None
        except sqlite3.Error as found:
            return is_damage(found)

    def _damaged(self, fault: Exception) -> DamagedError:
        mark_damaged(self._path)
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
        """Close all connections; the database cannot be used afterwards."""
        self._end.set()
        tries = self._writer.close_from_outside(_TRIES)
        self._readers.close(tries)


def _connected(path: Path, *, is_reader: bool) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path,
        timeout=BUSY_TIMEOUT_S,
        isolation_level=None,
        # It is passed between threads, and used by one at a time.
        check_same_thread=False,
    )
    try:
        connection.row_factory = sqlite3.Row
        connection.execute('PRAGMA temp_store = MEMORY')
        if is_reader:
            connection.execute(f'PRAGMA cache_size = -{_READER_CACHE_KIB}')
            connection.execute('PRAGMA query_only = ON')
            # Detects a file that is not a database before the connection is used.
            connection.execute('PRAGMA schema_version')
        else:
            connection.execute(f'PRAGMA cache_size = -{_WRITER_CACHE_KIB}')
            # Allows the file to shrink. It takes effect only before the first table is created.
            connection.execute('PRAGMA auto_vacuum = INCREMENTAL')
            connection.execute('PRAGMA journal_mode = WAL')
            connection.execute(f'PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}')
            # FULL: a stored response of Sentinel survives a power failure.
            connection.execute('PRAGMA synchronous = FULL')
            connection.execute('PRAGMA foreign_keys = ON')
    except BaseException:
        connection.close()
        raise
    return connection
