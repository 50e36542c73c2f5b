"""A damaged database is noticed, and the next start does without it."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sentinel_app.core.revocation import Unwanted
from sentinel_app.core.time_range import BEGINNING
from sentinel_app.errors import ConfigError, StorageError
from sentinel_app.storage.error_log import ErrorLog
from sentinel_app.storage.ledger import Ledger
from sentinel_app.storage.maintenance import damage
from sentinel_app.storage.maintenance.damage import set_aside_damaged
from sentinel_app.storage.maintenance.inspection import content_fault
from sentinel_app.storage.maintenance.schema import current_steps
from sentinel_app.storage.orphans import Orphans
from sentinel_app.storage.packing import pack
from sentinel_app.storage.sqlite import Database
from tests.harness.builders.update import address, make_store
from tests.harness.clocks import StandingClock
from tests.harness.waiting import PATIENCE_S

ASIDE = 'state.db.unreadable-20260304T120000.000000Z'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / 'state.db'


def set_aside(path: Path) -> str | None:
    return set_aside_damaged(path, now=StandingClock().now)


def names(path: Path) -> list[str]:
    return sorted(each.name for each in path.parent.iterdir())


def test_intact_database_is_kept(path: Path) -> None:
    assert set_aside(path) is None
    Database(path).close()
    before = names(path)

    assert set_aside(path) is None
    assert names(path) == before


def test_file_that_is_not_a_database_is_set_aside(path: Path) -> None:
    path.write_bytes(b'no database, but long enough to be looked at' * 50)
    path.with_name('state.db-shm').write_bytes(b'what was beside it')
    warning = set_aside(path)

    assert warning is not None
    assert f'set aside as {ASIDE}. The next update is full' in warning
    assert names(path) == [ASIDE, f'{ASIDE}-shm']
    Database(path).close()
    assert set_aside(path) is None


def fill(path: Path, count: int = 100) -> None:
    """Let the ledger of a new database hold so many objects."""
    db = Database(path)
    at = 1_767_225_600_000
    row = (
        0,
        1,
        0,
        1,
        1,
        1,
        7,
        1,
        at,
        at,
        at + 10**10,
        at,
        b'hash',
        b'print',
        1,
        None,
        None,
        0,
        at,
        None,
        None,
        at,
    )
    with db.write() as transaction:
        transaction.execute("INSERT INTO job (request_id) VALUES ('j1')")
        transaction.execute("INSERT INTO query (query_id) VALUES ('q1')")
        transaction.execute("INSERT INTO owner (name) VALUES ('Example Org')")
        transaction.executemany(
            f'INSERT INTO ledger VALUES (?, ?, {", ".join("?" * len(row))})',
            [(number, address(number).digest, *row) for number in range(1, count + 1)],
        )
        transaction.executemany(
            'INSERT INTO content VALUES (?, ?, NULL, ?)',
            [
                (number, address(number).value, pack(os.urandom(3_000)))
                for number in range(1, count + 1)
            ],
        )
    db.close()


def spoil_pages(path: Path) -> None:
    """Overwrite all but the first pages, which hold the schema."""
    content = bytearray(path.read_bytes())
    start = len(content) - 50 * 4096
    content[start:] = b'\xff' * (len(content) - start)
    path.write_bytes(content)


def change(path: Path, *statements: str) -> None:
    """Change a database behind the App's back."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def test_damaged_pages_are_found_at_the_start(path: Path) -> None:
    fill(path)
    spoil_pages(path)
    assert set_aside(path) is not None
    assert names(path) == [ASIDE]


def test_damage_that_shows_later_is_reported_and_repaired_by_the_next_start(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(path)
    spoil_pages(path)
    with monkeypatch.context() as patch:
        # As in a file that is too large to be looked through.
        patch.setattr(damage, 'content_fault', lambda *_a, **_o: None)
        assert set_aside(path) is None
        db = Database(path)
        with (
            pytest.raises(StorageError, match=r'is damaged\. Restart the Service'),
            db.read() as connection,
        ):
            connection.execute('SELECT sum(length(body)) FROM content').fetchone()
        db.close()
        assert set_aside(path) is not None
    assert names(path) == [ASIDE]


OTHER_SHAPES = [
    *(f'DROP TABLE {name}' for name in ('ledger', 'outbox', 'error', 'metric', 'request_time')),
    'DROP INDEX ledger_indicator',
    'DROP VIEW known_object',
    'ALTER TABLE progress RENAME COLUMN warning TO remark',
    'ALTER TABLE progress DROP COLUMN warning',
    'ALTER TABLE ledger RENAME TO ledger_2',
    'CREATE TABLE foreign_one (a)',
    'CREATE VIEW foreign_one AS SELECT 1',
    'CREATE INDEX foreign_one ON ledger (owner)',
    "CREATE TRIGGER foreign_one BEFORE INSERT ON error BEGIN SELECT raise(ABORT, 'no'); END",
    *(f'PRAGMA user_version = {number}' for number in range(-1, len(current_steps()))),
]


@pytest.mark.parametrize('statement', OTHER_SHAPES)
def test_database_of_another_shape_is_set_aside(path: Path, statement: str) -> None:
    fill(path, 1)
    change(path, statement)
    warning = set_aside(path)
    assert warning is not None
    assert 'has been set aside' in warning
    assert names(path) == [ASIDE]
    Database(path).close()
    assert set_aside(path) is None


def test_tables_of_sqlite_itself_and_line_breaks_are_ignored(path: Path) -> None:
    fill(path, 1)
    change(path, 'ANALYZE', 'VACUUM')
    copy = path.with_name('copy.db')
    change(path, f"VACUUM INTO '{copy}'")
    copy.replace(path)
    assert set_aside(path) is None


def test_database_of_a_newer_version_is_not_touched(path: Path) -> None:
    fill(path, 1)
    change(path, f'PRAGMA user_version = {len(current_steps()) + 1}', 'DROP TABLE ledger')
    before = path.read_bytes()
    assert set_aside(path) is None
    assert path.read_bytes() == before
    with pytest.raises(ConfigError, match='newer version'):
        Database(path)


ODD_ROWS = [
    "UPDATE ledger SET indicator_id = 'text'",
    'UPDATE ledger SET indicator_id = 1.5',
    "UPDATE ledger SET content_hash = 'text'",
    'UPDATE ledger SET fingerprint = NULL',
    'UPDATE ledger SET digest = NULL',
    'UPDATE ledger SET outbox = 0.5',
    'UPDATE ledger SET state = 3',
    'UPDATE ledger SET modified = 253402300800000',
    'UPDATE ledger SET valid_until = -9223372036854775807',
    "UPDATE content SET summary = x'00'",
    "UPDATE content SET body = 'text'",
    'INSERT INTO request_time (at) VALUES (9e999)',
    'INSERT INTO request_time (at) VALUES (-1)',
    "INSERT INTO request_time (at) VALUES ('now')",
]


@pytest.mark.parametrize('statement', ODD_ROWS)
def test_rows_that_the_app_never_stores_are_found_at_the_start(path: Path, statement: str) -> None:
    fill(path, 1)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        named = "WHERE name = 'ledger'"
        (text,) = connection.execute(f'SELECT sql FROM sqlite_master {named}').fetchone()
        replace = f'UPDATE sqlite_master SET sql = ? {named}'
        connection.execute('PRAGMA ignore_check_constraints = ON')
        connection.execute('PRAGMA writable_schema = ON')
        connection.execute(replace, (text.replace(' NOT NULL', ''),))
        connection.execute('PRAGMA writable_schema = RESET')
        connection.execute(statement)
        connection.execute('PRAGMA writable_schema = ON')
        connection.execute(replace, (text,))
    warning = set_aside(path)
    assert warning is not None
    assert 'does not belong there' in warning or 'CHECK' in warning
    assert names(path) == [ASIDE]


EVERY_KIND = (
    (
        'CREATE TABLE thing (key BLOB PRIMARY KEY, number INTEGER NOT NULL, at INTEGER,'
        ' seconds REAL, text TEXT, "order" TEXT NOT NULL, anything, body BLOB,'
        ' length INTEGER GENERATED ALWAYS AS (length(body)) STORED,'
        ' twice TEXT GENERATED ALWAYS AS (text || text)) WITHOUT ROWID'
    ),
    'CREATE INDEX thing_at ON thing (at) WHERE text IS NOT NULL',
    'CREATE INDEX thing_length ON thing (length, twice)',
    "INSERT INTO thing VALUES (x'00', 1, 2, 3, 'a', 'b', 4, x'05')",
    "INSERT INTO thing VALUES (x'01', 1, NULL, NULL, NULL, 'b', NULL, NULL)",
    "INSERT INTO thing VALUES (x'02', 9007199254740993, -1, 0.5, '', '', 'c', x'')",
)


@pytest.fixture
def every_kind() -> Iterator[sqlite3.Connection]:
    """A database with columns of every kind that the App may have."""
    with contextlib.closing(sqlite3.connect(':memory:', isolation_level=None)) as connection:
        for statement in EVERY_KIND:
            connection.execute(statement)
        yield connection


def test_rows_of_every_kind_are_in_order(every_kind: sqlite3.Connection) -> None:
    assert content_fault(every_kind, within_s=PATIENCE_S) is None


@pytest.mark.parametrize(
    'change',
    [
        *("key = 'text'", 'key = 1', "number = 'text'", "at = 'text'", 'at = 1.5', "at = x'00'"),
        *("seconds = 'text'", 'seconds = -1', 'seconds = 9e999', "text = x'00'"),
        *('"order" = x\'00\'', "body = 'text'", 'body = 1'),
    ],
)
def test_row_with_a_value_of_another_type_is_detected(
    every_kind: sqlite3.Connection, change: str
) -> None:
    every_kind.execute(f"UPDATE thing SET {change} WHERE key = x'01'")
    fault = content_fault(every_kind, within_s=PATIENCE_S)
    assert fault == 'a row of thing holds what does not belong there'


def test_check_ends_when_its_time_is_over_however_much_is_left(path: Path) -> None:
    fill(path, 2_000)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE ledger SET modified = 'text' WHERE id = 2000")
        assert content_fault(connection, within_s=PATIENCE_S) is not None
        assert content_fault(connection, within_s=0.0) is None
        # The connection can be used as before.
        assert connection.execute('SELECT count(*) FROM ledger').fetchone() == (2_000,)


NOW = StandingClock().now()
BEYOND = 2**63 - 1
"""Milliseconds that no calendar reaches."""
PROGRESS = (
    'INSERT INTO progress (job, update_id, position, query, is_delta, is_sorted, is_descending)'
    " VALUES (1, 'u', 0, 1, 0, 0, 0)"
)
OUTBOX = (
    'INSERT INTO outbox (id, job, object, is_revocation, account, generation, query, owner,'
    ' indicator_id, siblings, created, modified, valid_until, source_modified, content_hash,'
    ' fingerprint, summary, size, body)'
    " VALUES (1 << 32, 1, 1, 0, 0, 0, 1, 1, 7, 1, 1, 1, 1, 1, x'', x'', 's', 1, x'02')"
)
SENDING = "UPDATE progress SET waiting = 1, reading = 'complete'"


def orphans(db: Database) -> Orphans:
    return Orphans(db, make_store(db))


READINGS: dict[str, Callable[[Database], object]] = {
    **{
        f'UPDATE ledger SET {name} = {BEYOND}': lambda db: Ledger(db).by_key([address(1)])
        for name in ('created', 'modified', 'valid_until')
    },
    'UPDATE ledger SET kind = 77': lambda db: Ledger(db).by_key([address(1)]),
    "UPDATE content SET body = x'00'": lambda db: Ledger(db).by_key([address(1)]),
    f'INSERT INTO live_count VALUES (1, 1, 77, {BEYOND}, 1)': lambda db: Ledger(db).live_counts(
        NOW
    ),
    f'INSERT INTO live_count VALUES (1, 1, 88, {BEYOND}, 1)': (
        lambda db: Ledger(db).live_sources(NOW)
    ),
    "UPDATE content SET body = x'01'": (
        lambda db: orphans(db).next_unchosen(
            'u',
            Unwanted(are_orphans_meant=True, are_all_meant=True),
            now=BEGINNING,
            most_attempts=9,
            after=0,
            limit=9,
        )
    ),
    'INSERT INTO orphan (object) VALUES (1); UPDATE ledger SET kind = 77': (
        lambda db: orphans(db).orphaned('u', now=BEGINNING, most_attempts=9)
    ),
    f'INSERT INTO searched VALUES ({BEYOND})': lambda db: orphans(db).searched_until(),
    "INSERT INTO unconfirmed VALUES (1, 1, 0, 1, 1, 7, 1, 1, 's', x'', 0, 0)": (
        lambda db: orphans(db).unconfirmed('u1', most_attempts=9)
    ),
    'INSERT INTO error VALUES '
    "(1, 'j', 'x', 'c', 'm', 'r', 1, 't', 's', 'o', 'w', 1, 'job', NULL, 'open', NULL)": (
        lambda db: list(ErrorLog(db).entries())
    ),
    f'{PROGRESS}; UPDATE progress SET read_until = {BEYOND}': (
        lambda db: make_store(db).progress('u')
    ),
    f"{PROGRESS}; UPDATE progress SET upload_started_at = 'x'": (
        lambda db: make_store(db).progress('u')
    ),
    f"{PROGRESS}; INSERT INTO page_ids VALUES (1, 1, x'00')": (
        lambda db: make_store(db).readings.restart_by_time('j1')
    ),
    f'{PROGRESS}; {SENDING}; {OUTBOX}': (
        lambda db: make_store(db).batches.claim('u', size=9, now=lambda: NOW)
    ),
}


@pytest.mark.parametrize('statements', READINGS)
def test_unreadable_row_is_reported_once_and_repaired_by_the_next_start(
    path: Path, statements: str
) -> None:
    fill(path, 1)
    db = Database(path)
    change(path, *statements.split('; '))
    with pytest.raises(StorageError, match=r'is damaged\. Restart the Service'):
        READINGS[statements](db)
    db.close()
    assert set_aside(path) is not None
    assert names(path) == [ASIDE]


def test_start_that_was_interrupted_while_setting_the_file_aside_is_repeated(path: Path) -> None:
    path.with_name('state.db.damaged').touch()

    assert set_aside(path) is not None
    assert names(path) == []


def test_file_that_cannot_be_moved_is_reported(path: Path) -> None:
    path.write_bytes(b'no database, but long enough to be looked at' * 50)
    path.with_name(ASIDE).mkdir()
    with pytest.raises(StorageError, match='could not be set aside'):
        set_aside(path)
