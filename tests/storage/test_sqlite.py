from __future__ import annotations

import sqlite3
import stat
import threading
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from sentinel_app.errors import ConfigError, StorageError
from sentinel_app.storage import sqlite
from sentinel_app.storage.maintenance.schema import current_steps
from sentinel_app.storage.sqlite import READERS, Database
from tests.harness.forked import FORK
from tests.harness.open_files import open_files
from tests.harness.waiting import PATIENCE_S


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / 'state.db'


@pytest.fixture
def db(path: Path) -> Iterator[Database]:
    """The database with one more table."""
    step = ('CREATE TABLE thing (number INTEGER PRIMARY KEY, text TEXT)',)
    opened = Database(path, steps=(*current_steps(), step))
    yield opened
    opened.close()


def put(db: Database, number: int, text: str = '') -> None:
    with db.write() as connection:
        connection.execute('INSERT INTO thing VALUES (?, ?)', (number, text))


def put_all(db: Database, *values: int, error: BaseException | None = None) -> None:
    """Store several in one transaction, and raise at its end."""
    with db.write() as connection:
        for number in values:
            connection.execute('INSERT INTO thing (number) VALUES (?)', (number,))
        if error is not None:
            raise error


def read_and_raise(db: Database, error: BaseException) -> None:
    with db.read() as connection:
        connection.execute('SELECT * FROM thing')
        raise error


def numbers(db: Database) -> list[int]:
    with db.read() as connection:
        found = connection.execute('SELECT number FROM thing ORDER BY number').fetchall()
    return [row['number'] for row in found]


def plain(path: Path, *statements: str) -> list[object]:
    """What the last statement gives, by a connection that is not the App's."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        for statement in statements:
            rows = connection.execute(statement).fetchall()
        return [row[0] for row in rows]
    finally:
        connection.close()


def test_new_file_has_the_newest_schema_and_knows_its_number(path: Path):
    Database(path).close()

    assert plain(path, 'PRAGMA user_version') == [len(current_steps())]
    tables = set(plain(path, "SELECT name FROM sqlite_master WHERE type = 'table'"))
    assert {'progress', 'outbox', 'outcome', 'ledger', 'content', 'error', 'request_time'} <= tables


@pytest.mark.parametrize('journal_mode', ['delete', 'wal'])
def test_file_of_a_newer_version_is_refused_and_not_touched(path: Path, journal_mode: str):
    version = len(current_steps()) + 1
    plain(
        path,
        f'PRAGMA journal_mode = {journal_mode}',
        'CREATE TABLE future (a)',
        f'PRAGMA user_version = {version}',
    )
    path.chmod(0o640)
    before = path.read_bytes()
    with pytest.raises(ConfigError, match=rf'schema {version}.*nothing has been changed'):
        Database(path)

    assert path.read_bytes() == before
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [item.name for item in path.parent.iterdir()] == [path.name]
    assert not open_files(path)


def test_files_are_readable_by_the_owner_alone(db: Database, path: Path):
    put(db, 1)

    modes = {item.name: stat.S_IMODE(item.stat().st_mode) for item in path.parent.iterdir()}
    assert modes == {'state.db': 0o600, 'state.db-wal': 0o600, 'state.db-shm': 0o600}


def test_file_restored_with_wide_permissions_is_narrowed(path: Path):
    Database(path).close()
    path.chmod(0o644)
    Database(path).close()

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_stored_rows_survive_a_power_cut_and_keep_their_references(db: Database):
    with db.alone() as connection:
        values = [
            connection.execute(f'PRAGMA {name}').fetchone()[0]
            for name in ('journal_mode', 'synchronous', 'foreign_keys')
        ]

    assert values == ['wal', 2, 1]


def test_path_is_known(db: Database, path: Path):
    assert db.path == path


@pytest.mark.parametrize('error', [ValueError('no'), KeyboardInterrupt()])
def test_transaction_that_raises_is_rolled_back(db: Database, error: BaseException):
    put(db, 1)
    with pytest.raises(type(error)):
        put_all(db, 2, error=error)

    assert numbers(db) == [1]
    put(db, 3)
    assert numbers(db) == [1, 3]


PROGRAM_FAULTS: list[tuple[str, tuple[object, ...], type[sqlite3.Error]]] = [
    ('INSERT INTO thing (number) VALUES (1)', (), sqlite3.IntegrityError),
    ('INSERT INTO thing (number) VALUES (?)', (), sqlite3.ProgrammingError),
    ('INSERT INTO thing (number) VALUES (?)', (object(),), sqlite3.ProgrammingError),
    ('SELECT abs(?)', (-(2**63),), sqlite3.OperationalError),
    ('SELECT nothing FROM thing', (), sqlite3.OperationalError),
    ('SELECT FROM WHERE', (), sqlite3.OperationalError),
]


@pytest.mark.parametrize(('statement', 'values', 'kind'), PROGRAM_FAULTS)
def test_programming_error_rolls_back_its_transaction_and_is_raised_as_it_is(
    db: Database,
    path: Path,
    statement: str,
    values: tuple[object, ...],
    kind: type[sqlite3.Error],
):
    put(db, 1)

    def fail() -> None:
        with db.write() as connection:
            connection.execute('INSERT INTO thing (number) VALUES (2)')
            connection.execute(statement, values)

    with pytest.raises(kind):
        fail()

    assert numbers(db) == [1]
    assert not path.with_name('state.db.damaged').exists()


CONDITIONS = ('IOERR', 'BUSY', 'LOCKED', 'READONLY', 'CANTOPEN', 'PERM', 'NOMEM', 'AUTH')


@pytest.mark.parametrize('name', [*CONDITIONS, 'IOERR_WRITE', 'BUSY_SNAPSHOT', 'READONLY_DBMOVED'])
def test_disk_error_names_the_remedy(db: Database, path: Path, name: str):
    fault = sqlite3.OperationalError('what SQLite says')
    fault.sqlite_errorcode = getattr(sqlite3, f'SQLITE_{name}')
    with pytest.raises(StorageError) as caught:
        read_and_raise(db, fault)

    assert str(path.parent) in caught.value.message
    assert 'goes on by itself' in caught.value.message
    assert (caught.value.reason, caught.value.code) == ('what SQLite says', 'RUN-DISK')
    assert not path.with_name('state.db.damaged').exists()


@pytest.mark.parametrize(
    'statement',
    [
        'DROP TABLE ledger',
        'ALTER TABLE ledger RENAME COLUMN owner TO holder',
        'DROP INDEX ledger_indicator',
        'CREATE TRIGGER foreign_one BEFORE INSERT ON thing BEGIN SELECT raise(ABORT, "no"); END',
    ],
)
def test_error_caused_by_another_shape_is_damage(db: Database, path: Path, statement: str):
    put(db, 1)
    plain(path, statement)
    with pytest.raises(StorageError, match=r'is damaged\. Restart the Service'):
        put(db, 1)
    assert path.with_name('state.db.damaged').exists()


def test_text_that_is_not_utf8_is_damage(db: Database, path: Path):
    plain(path, "INSERT INTO thing VALUES (1, CAST(x'ff' AS TEXT))")
    with pytest.raises(StorageError, match='is damaged'), db.read() as connection:
        connection.execute('SELECT text FROM thing').fetchall()
    assert path.with_name('state.db.damaged').exists()


def test_full_disk_is_a_storage_error_and_what_was_stored_stays(db: Database):
    put(db, 1)
    with db.write() as connection:
        pages = connection.execute('PRAGMA page_count').fetchone()[0]
        connection.execute(f'PRAGMA max_page_count = {pages + 2}')
    with pytest.raises(StorageError, match=r'^The disk is full\. .*goes on by itself'):
        put(db, 2, 'x' * 100_000)

    assert numbers(db) == [1]
    with db.write() as connection:
        connection.execute('PRAGMA max_page_count = 1000000')
    put(db, 2, 'x' * 100_000)
    assert numbers(db) == [1, 2]


def test_database_locked_by_another_process_is_a_temporary_storage_error(
    path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sqlite, 'BUSY_TIMEOUT_S', 0.01)
    db = Database(path, steps=(('CREATE TABLE thing (number, text)',),))
    other = sqlite3.connect(path, isolation_level=None)
    try:
        other.execute('BEGIN IMMEDIATE')
        with pytest.raises(StorageError) as caught:
            put(db, 1)
        assert 'locked' in caught.value.reason
        assert numbers(db) == []
        other.execute('COMMIT')
        put(db, 1)
        assert numbers(db) == [1]
    finally:
        other.close()
        db.close()


def test_file_that_is_not_a_database_is_a_storage_error(path: Path):
    path.write_bytes(b'no database, but long enough to be looked at' * 50)
    with pytest.raises(StorageError, match=r'state\.db'):
        Database(path)


def test_missing_folder_is_a_storage_error(tmp_path: Path):
    with pytest.raises(StorageError):
        Database(tmp_path / 'missing' / 'state.db')


def test_many_threads_write_and_read_without_losing_anything(db: Database):
    faults: list[BaseException] = []

    def fill(start: int) -> None:
        try:
            for number in range(start, start + 20):
                put(db, number)
                assert number in numbers(db)
        except BaseException as error:  # noqa: BLE001 - handed to the test's own thread
            faults.append(error)

    threads = [threading.Thread(target=fill, args=(place * 100,)) for place in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert faults == []
    assert len(numbers(db)) == 120


def test_reader_sees_one_state_while_others_write(db: Database):
    put(db, 1)
    with db.read() as connection:
        before = connection.execute('SELECT count(*) FROM thing').fetchone()[0]
        writer = threading.Thread(target=put, args=(db, 2))
        writer.start()
        writer.join()
        after = connection.execute('SELECT count(*) FROM thing').fetchone()[0]

    assert (before, after) == (1, 1)
    assert numbers(db) == [1, 2]


def test_read_within_a_write_sees_what_was_written(db: Database):
    with db.write() as connection:
        connection.execute('INSERT INTO thing (number) VALUES (1)')
        assert numbers(db) == [1]
        connection.execute('INSERT INTO thing (number) VALUES (2)')

    assert numbers(db) == [1, 2]


def test_reader_that_raises_leaves_the_connection_usable(db: Database):
    with pytest.raises(ValueError, match='no'):
        read_and_raise(db, ValueError('no'))

    put(db, 1)
    assert numbers(db) == [1]


class Reader:
    """A thread that reads for as long as it is told to."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.is_in = threading.Event()
        self.may_go = threading.Event()
        self.connection: sqlite3.Connection | None = None
        self.fault: StorageError | None = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            with self._db.read() as self.connection:
                self.is_in.set()
                self.may_go.wait(PATIENCE_S)
        except StorageError as fault:
            self.fault = fault

    def end(self) -> None:
        self.may_go.set()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()


@pytest.fixture
def readers(db: Database) -> Iterator[list[Reader]]:
    """As many readers as there are connections."""
    put(db, 1)
    started = [Reader(db) for _ in range(READERS)]
    for reader in started:
        assert reader.is_in.wait(PATIENCE_S)
    yield started
    for reader in started:
        reader.end()


def test_reader_beyond_the_number_of_connections_waits_for_one(
    db: Database, path: Path, readers: list[Reader]
):
    connections = {id(reader.connection) for reader in readers}
    assert len(connections) == READERS
    files = len(open_files(path))
    late = Reader(db)
    assert not late.is_in.wait(0.1)
    readers[2].end()
    assert late.is_in.wait(PATIENCE_S)
    assert late.connection is readers[2].connection
    late.end()
    assert len(open_files(path)) == files


def test_write_with_a_read_inside_waits_for_no_reader(db: Database, readers: list[Reader]):
    with db.write() as connection:
        connection.execute('INSERT INTO thing (number) VALUES (2)')
        with db.read() as same:
            assert same is connection
        assert numbers(db) == [1, 2]
    with db.alone() as connection, db.read() as same:
        assert same is connection


def test_nested_reads_share_the_connection_and_the_state(db: Database):
    with db.read() as outer:
        assert numbers(db) == []
        writer = threading.Thread(target=put, args=(db, 1))
        writer.start()
        writer.join()
        with db.read() as inner:
            assert inner is outer
        assert numbers(db) == []
    assert numbers(db) == [1]


def test_read_connection_is_used_again_and_cannot_write(db: Database):
    with db.read() as first:
        pass
    with db.read() as second:
        assert second is first

    def write() -> None:
        with db.read() as connection:
            connection.execute('INSERT INTO thing (number) VALUES (1)')

    with pytest.raises(StorageError, match='could not be read or written'):
        write()
    assert numbers(db) == []


def test_read_connection_that_cannot_end_its_transaction_is_not_used_again(
    db: Database, path: Path
):
    def deny(action: int, *_names: object) -> int:
        return sqlite3.SQLITE_DENY if action == sqlite3.SQLITE_TRANSACTION else sqlite3.SQLITE_OK

    def read() -> None:
        with db.read() as connection:
            connection.set_authorizer(deny)

    files = []
    for _ in range(READERS + 1):
        with pytest.raises(StorageError, match='could not be read or written'):
            read()
        files.append(len(open_files(path)))
    # SQLite keeps one for the next connection, as closing it would end the locks of the others.
    assert set(files) == {files[0]}
    put(db, 1)
    assert numbers(db) == [1]


@pytest.mark.parametrize('outer', ['read', 'write', 'alone'])
@pytest.mark.parametrize('inner', ['write', 'alone'])
def test_thread_that_reads_or_writes_cannot_begin_to_write(db: Database, outer: str, inner: str):
    def nest() -> None:
        with getattr(db, outer)(), getattr(db, inner)():
            pass

    with pytest.raises(RuntimeError, match='cannot begin to write'):
        nest()
    put(db, 1)
    assert numbers(db) == [1]


def test_close_releases_waiters_and_keeps_no_file_open(
    db: Database, path: Path, readers: list[Reader]
):
    waiting = [Reader(db) for _ in range(3)]
    db.close()
    for late in waiting:
        late.end()
        assert not late.is_in.is_set()
        assert late.fault is not None
        assert 'is closed' in late.fault.message
    # Those who did not let go in time close what they have as they let go.
    for reader in readers:
        reader.end()
    assert not open_files(path)


def test_writer_that_waits_when_the_store_is_closed_does_not_write(db: Database, path: Path):
    is_in, may_go = threading.Event(), threading.Event()
    faults: list[StorageError] = []

    def hold() -> None:
        with db.write() as connection:
            connection.execute('INSERT INTO thing (number) VALUES (1)')
            is_in.set()
            may_go.wait(PATIENCE_S)
            raise ValueError('undone')

    def wait() -> None:
        try:
            put(db, 2)
        except StorageError as fault:
            faults.append(fault)

    def held() -> None:
        with pytest.raises(ValueError, match='undone'):
            hold()

    threads = [threading.Thread(target=held), threading.Thread(target=wait)]
    threads[0].start()
    assert is_in.wait(PATIENCE_S)
    threads[1].start()
    db.close()
    may_go.set()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert [fault.message for fault in faults] == [
        'The database state.db is closed, because the Service is ending.'
    ]
    assert not open_files(path)
    assert plain(path, 'SELECT number FROM thing') == []


def test_threads_that_have_ended_leave_no_open_files(db: Database, path: Path):
    def use(number: int) -> None:
        put(db, number)
        numbers(db)

    def run(start: int) -> int:
        for number in range(start, start + 20):
            thread = threading.Thread(target=use, args=(number,))
            thread.start()
            thread.join()
        return len(open_files(path))

    assert run(0) == run(100)
    assert len(numbers(db)) == 40


@pytest.mark.parametrize('is_same_thread', [True, False])
def test_closed_store_says_so_and_keeps_no_file_open(path: Path, is_same_thread: bool):
    db = Database(path)
    faults: list[StorageError] = []

    def use() -> None:
        with pytest.raises(StorageError) as caught, db.read() as connection:
            connection.execute('SELECT 1')
        faults.append(caught.value)

    db.close()
    db.close()
    if is_same_thread:
        use()
    else:
        thread = threading.Thread(target=use)
        thread.start()
        thread.join()

    assert len(faults) == 1
    assert not open_files(path)


def test_connection_that_cannot_be_made_keeps_no_file_open(db: Database, path: Path):
    put(db, 1)
    with db.alone() as connection:
        connection.execute('PRAGMA wal_checkpoint(TRUNCATE)')
    kept = path.rename(path.with_name('kept.db'))
    path.write_bytes(b'no database, but long enough to be looked at' * 50)
    before = len(open_files(path))
    for _ in range(READERS + 1):
        # The first read connection finds another file.
        with pytest.raises(StorageError):
            numbers(db)

    assert len(open_files(path)) == before
    kept.replace(path)
    assert numbers(db) == [1]


def test_statement_that_allows_no_transaction_has_the_file_alone(db: Database):
    with db.alone() as connection:
        assert not connection.in_transaction
        writer = threading.Thread(target=put, args=(db, 1))
        writer.start()
        writer.join(0.05)
        assert writer.is_alive()
        assert connection.execute('SELECT count(*) FROM thing').fetchone()[0] == 0
        connection.execute('VACUUM')
    writer.join()

    assert numbers(db) == [1]


LONG = 'WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n'


def close_under_a_statement(path: Path, way: str, after_s: float, told: Connection) -> None:
    """Close the database while another thread executes a statement that would never end."""
    db, begun = Database(path), threading.Event()

    def work() -> None:
        try:
            with getattr(db, way)() as connection:
                begun.set()
                connection.execute(LONG).fetchall()
        except StorageError as error:
            told.send(error.reason)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    begun.wait()
    threading.Event().wait(after_s)
    db.close()
    thread.join(PATIENCE_S)
    told.send('ended' if not thread.is_alive() else 'runs on')


@pytest.mark.parametrize('way', ['read', 'write', 'alone'])
@pytest.mark.parametrize('after_s', [0.0, 0.2])
def test_close_interrupts_a_statement_of_another_thread(path: Path, way: str, after_s: float):
    # In a process of its own: to close a connection under a statement would end this one.
    heard, told = FORK.Pipe(duplex=False)
    process = FORK.Process(target=close_under_a_statement, args=(path, way, after_s, told))
    process.start()
    told.close()
    with heard:
        assert [heard.recv(), heard.recv()] == ['interrupted', 'ended']
    process.join(PATIENCE_S)
    assert process.exitcode == 0


def test_close_does_not_wait_forever_for_a_thread_that_hangs(db: Database):
    is_in, may_go = threading.Event(), threading.Event()

    def hold() -> None:
        with db.read():
            is_in.set()
            may_go.wait(PATIENCE_S)

    thread = threading.Thread(target=hold)
    thread.start()
    assert is_in.wait(PATIENCE_S)
    db.close()
    assert thread.is_alive()
    may_go.set()
    thread.join(PATIENCE_S)
    with pytest.raises(StorageError), db.read():
        pass
