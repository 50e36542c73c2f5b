"""A damaged database is noticed, and the next start does without it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentinel_app.errors import StorageError
from sentinel_app.storage.damage import set_aside_damaged
from sentinel_app.storage.state_db import StateDb
from tests.clocks import StandingClock

ASIDE = 'state.db.unreadable-20260304T120000.000000Z'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / 'state.db'


def set_aside(path: Path) -> str | None:
    return set_aside_damaged(path, now=StandingClock().now)


def names(path: Path) -> list[str]:
    return sorted(each.name for each in path.parent.iterdir())


def test_a_sound_database_stays(path: Path) -> None:
    assert set_aside(path) is None
    StateDb(path).close()
    before = names(path)

    assert set_aside(path) is None
    assert names(path) == before


def test_a_file_that_is_no_database_makes_way(path: Path) -> None:
    path.write_bytes(b'no database, but long enough to be looked at' * 50)
    path.with_name('state.db-shm').write_bytes(b'what was beside it')
    warning = set_aside(path)

    assert warning is not None
    assert f'set aside as {ASIDE}. The next update is full' in warning
    assert names(path) == [ASIDE, f'{ASIDE}-shm']
    StateDb(path).close()
    assert set_aside(path) is None


def test_damage_that_shows_later_is_told_and_mended_by_the_next_start(path: Path) -> None:
    db = StateDb(path)
    with db.write() as transaction:
        transaction.execute('CREATE TABLE ballast (content BLOB)')
        transaction.executemany('INSERT INTO ballast VALUES (?)', [(b'x' * 3000,)] * 100)
    db.close()
    content = bytearray(path.read_bytes())
    # All but the first pages, which hold the schema.
    start = len(content) - 100 * 4096
    content[start:] = b'\xff' * (len(content) - start)
    path.write_bytes(content)
    assert set_aside(path) is None
    db = StateDb(path)
    with (
        pytest.raises(StorageError, match=r'is damaged\. Restart the Service'),
        db.read() as connection,
    ):
        connection.execute('SELECT sum(length(content)) FROM ballast').fetchone()
    db.close()

    assert set_aside(path) is not None
    assert ASIDE in names(path)
    assert 'state.db' not in names(path)
    assert 'state.db.damaged' not in names(path)


def test_a_start_that_broke_off_while_it_set_the_file_aside_is_repeated(path: Path) -> None:
    path.with_name('state.db.damaged').touch()

    assert set_aside(path) is not None
    assert names(path) == []


def test_a_file_that_cannot_be_moved_is_told(path: Path) -> None:
    path.write_bytes(b'no database, but long enough to be looked at' * 50)
    path.with_name(ASIDE).mkdir()
    with pytest.raises(StorageError, match='could not be set aside'):
        set_aside(path)
