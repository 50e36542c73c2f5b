"""A database of an earlier version is brought up to date, whatever comes between.

The two versions are made up: a list of words, and the same with each owner in a table of its own.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from sentinel_app.errors import ConfigError, DamagedError, StorageError
from sentinel_app.storage import sqlite
from sentinel_app.storage.maintenance.damage import set_aside_damaged
from sentinel_app.storage.maintenance.schema import current_steps, read_steps, shape_fault
from sentinel_app.storage.sqlite import Database
from tests.harness.clocks import StandingClock
from tests.harness.forked import FORK
from tests.harness.waiting import PATIENCE_S

FIRST = """
CREATE TABLE word (
    id INTEGER PRIMARY KEY,
    text TEXT NOT NULL,
    owner_name TEXT NOT NULL,
    body BLOB
);
CREATE INDEX word_owner ON word (owner_name, text);
"""
SECOND = """
CREATE TABLE owner (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
INSERT INTO owner (name) SELECT DISTINCT owner_name FROM word ORDER BY owner_name;
ALTER TABLE word ADD COLUMN owner_id INTEGER REFERENCES owner;
UPDATE word SET owner_id = (SELECT id FROM owner WHERE name = owner_name);
DROP INDEX word_owner;
ALTER TABLE word DROP COLUMN owner_name;
CREATE INDEX word_owner ON word (owner_id) WHERE body IS NOT NULL;
CREATE TRIGGER word_gone AFTER DELETE ON word BEGIN
    DELETE FROM owner WHERE id = old.owner_id
        AND NOT EXISTS (SELECT 1 FROM word WHERE owner_id = old.owner_id);
END;
"""
WORDS = [(number, f'word {number}', f'Owner {number % 7}', bytes(300)) for number in range(1_000)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The steps of the second version."""
    folder = tmp_path / 'migrations'
    folder.mkdir()
    (folder / '0001_word.sql').write_text(FIRST)
    (folder / '0002_owner_of_word.sql').write_text(SECOND)
    return folder


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database of the first version, with rows."""
    path = tmp_path / 'data' / 'state.db'
    path.parent.mkdir()
    (tmp_path / 'first').mkdir()
    (tmp_path / 'first' / '0001_word.sql').write_text(FIRST)
    with (
        contextlib.closing(Database(path, steps=read_steps(tmp_path / 'first'))) as db,
        db.write() as connection,
    ):
        connection.executemany('INSERT INTO word VALUES (?, ?, ?, ?)', WORDS)
    return path


def set_aside(path: Path, folder: Path) -> str | None:
    return set_aside_damaged(path, now=StandingClock().now, steps=read_steps(folder))


def version(path: Path) -> int:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return int(connection.execute('PRAGMA user_version').fetchone()[0])


def assert_first(path: Path) -> None:
    """The file is as the first version left it."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute('PRAGMA user_version').fetchone() == (1,)
        assert connection.execute('SELECT * FROM word ORDER BY id').fetchall() == WORDS


def assert_second(path: Path, folder: Path) -> None:
    """The file has all that the first version left, as the second version keeps it."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert shape_fault(connection, read_steps(folder)) is None
        found = connection.execute(
            'SELECT word.id, text, name, body FROM word JOIN owner ON owner.id = owner_id'
            ' ORDER BY word.id'
        ).fetchall()
        assert found == WORDS
        assert connection.execute('SELECT count(*) FROM owner').fetchone() == (7,)
        assert connection.execute('PRAGMA foreign_key_check').fetchall() == []
        assert connection.execute('PRAGMA integrity_check').fetchone() == ('ok',)
    assert version(path) == 2


def test_rows_of_an_earlier_version_are_migrated(path: Path, folder: Path) -> None:
    assert set_aside(path, folder) is None
    assert_first(path)
    Database(path, steps=read_steps(folder)).close()
    assert_second(path, folder)
    assert set_aside(path, folder) is None
    Database(path, steps=read_steps(folder)).close()
    assert_second(path, folder)


def test_new_file_has_the_same_shape_as_a_migrated_one(
    tmp_path: Path, path: Path, folder: Path
) -> None:
    new = tmp_path / 'new.db'
    for each in (path, new):
        Database(each, steps=read_steps(folder)).close()
    shapes = []
    for each in (path, new):
        with contextlib.closing(sqlite3.connect(each)) as connection:
            shapes.append(connection.execute('SELECT name, sql FROM sqlite_master').fetchall())
    assert shapes[0] == shapes[1]


def test_file_between_two_versions_is_set_aside(path: Path, folder: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute('PRAGMA user_version = 2')
    warning = set_aside(path, folder)
    assert warning is not None
    assert 'the table owner is missing in schema 2' in warning
    assert not path.exists()


@pytest.mark.parametrize(
    'last', ['CREATE TABLE word (a)', 'CREATE UNIQUE INDEX one ON word (body)']
)
def test_step_that_the_rows_do_not_fit_is_rolled_back(path: Path, folder: Path, last: str) -> None:
    steps = (*read_steps(folder), ('ALTER TABLE word ADD COLUMN more', last))
    with pytest.raises(DamagedError, match='is damaged'):
        Database(path, steps=steps)
    # The step before it was taken for good.
    assert_second(path, folder)


@pytest.fixture
def limit(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Let the database have no more than so many pages."""
    connected = sqlite._connected

    def set_limit(pages: int) -> None:
        def limited(path: Path, *, is_reader: bool) -> sqlite3.Connection:
            connection = connected(path, is_reader=is_reader)
            connection.execute(f'PRAGMA max_page_count = {pages}')
            return connection

        monkeypatch.setattr(sqlite, '_connected', limited)

    return set_limit


def test_step_without_disk_space_is_rolled_back_and_repeated_by_the_next_start(
    path: Path, folder: Path, limit: Callable[[int], None]
) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        pages = connection.execute('PRAGMA page_count').fetchone()[0]
    limit(pages + 1)
    for _ in range(2):
        with pytest.raises(StorageError, match='The disk is full'):
            Database(path, steps=read_steps(folder))
        assert_first(path)
        assert set_aside(path, folder) is None
    limit(100_000)
    Database(path, steps=read_steps(folder)).close()
    assert_second(path, folder)


def test_file_of_a_newer_version_is_refused_and_not_touched(path: Path, folder: Path) -> None:
    Database(path, steps=read_steps(folder)).close()
    before = path.read_bytes()
    earlier = read_steps(folder)[:1]
    assert set_aside_damaged(path, now=StandingClock().now, steps=earlier) is None
    with pytest.raises(ConfigError, match='schema 2, this version knows 1'):
        Database(path, steps=earlier)
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def open_and_be_killed(path: Path, folder: Path, statements: int) -> None:
    """Open the database, and kill this process before it executes a further statement."""
    left, connected = itertools.count(statements, -1), sqlite._connected

    def count(_statement: str) -> None:
        if not next(left):
            os.kill(os.getpid(), signal.SIGKILL)

    def traced(path: Path, *, is_reader: bool) -> sqlite3.Connection:
        connection = connected(path, is_reader=is_reader)
        connection.set_trace_callback(count)
        return connection

    sqlite._connected = traced
    sqlite.Database(path, steps=read_steps(folder))
    os.kill(os.getpid(), signal.SIGKILL)


def killed_after(path: Path, folder: Path, statements: int) -> None:
    """Open the database in a process that is killed before it executes a further statement."""
    process = FORK.Process(target=open_and_be_killed, args=(path, folder, statements))
    process.start()
    process.join(PATIENCE_S)
    assert process.exitcode == -signal.SIGKILL


@pytest.mark.slow
def test_start_that_is_killed_at_any_statement_of_a_step_loses_nothing(
    path: Path, folder: Path
) -> None:
    content = path.read_bytes()
    for statements in itertools.count():
        for each in path.parent.iterdir():
            each.unlink()
        path.write_bytes(content)
        killed_after(path, folder, statements)
        assert set_aside(path, folder) is None
        if version(path) == 2:
            break
        assert_first(path)
        Database(path, steps=read_steps(folder)).close()
        assert_second(path, folder)
    # Begin, each statement, the new version and the end.
    assert statements >= len(read_steps(folder)[1]) + 3
    assert_second(path, folder)


def test_schema_version_is_the_number_of_the_steps(tmp_path: Path) -> None:
    path = tmp_path / 'state.db'
    Database(path).close()
    assert version(path) == len(current_steps())


BAD_NAMES = [
    ['0002_word.sql'],
    ['0001_word.sql', '0003_owner.sql'],
    ['0001_word.sql', '0001_owner.sql'],
    ['0001.sql'],
    ['1_word.sql'],
    ['0001_Word.sql'],
    ['0001_word_.sql'],
    [],
]


@pytest.mark.parametrize('names', BAD_NAMES)
def test_steps_that_are_not_numbered_in_a_row_are_refused(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        (tmp_path / name).write_text('CREATE TABLE one (a);')
    with pytest.raises(ValueError, match=r'is not named as step|holds no step'):
        read_steps(tmp_path)
