"""Room is given back, and what somebody may still want to look at is kept."""

from __future__ import annotations

import errno
import os
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sentinel_app.errors import StorageError
from sentinel_app.storage.maintenance import upkeep as upkeep_module
from sentinel_app.storage.maintenance.reserve import keep_reserve, release_reserve
from sentinel_app.storage.maintenance.upkeep import DiskUpkeep
from sentinel_app.storage.sqlite import Database

BLOB = b'x' * 100_000
ROWS = 300


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / 'state.db')
    yield opened
    opened.close()


@pytest.fixture
def upkeep(tmp_path: Path, db: Database) -> DiskUpkeep:
    return DiskUpkeep(tmp_path / 'documents.json', db)


def test_reserve_is_taken_again(tmp_path: Path, upkeep: DiskUpkeep) -> None:
    reserve = tmp_path / 'reserve'
    upkeep.compact(threading.Event(), may_shrink=False)
    before = reserve.stat()
    assert before.st_size == 65_536
    upkeep.compact(threading.Event(), may_shrink=False)
    assert reserve.stat().st_mtime_ns == before.st_mtime_ns
    # One that holds no room of the disk, or not enough, is of no use.
    os.truncate(reserve, 0)
    os.truncate(reserve, 65_536)
    upkeep.compact(threading.Event(), may_shrink=False)
    assert reserve.stat().st_blocks * 512 >= 65_536


def test_reserve_is_as_large_as_the_room_allows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room_bytes = 20_000

    def write_where_there_is_room(descriptor: int) -> None:
        if os.fstat(descriptor).st_size > room_bytes:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, 'fsync', write_where_there_is_room)
    keep_reserve(tmp_path)
    assert (tmp_path / 'reserve').stat().st_size == 16_384
    room_bytes = 100
    keep_reserve(tmp_path)
    assert not (tmp_path / 'reserve').exists()
    release_reserve(tmp_path)


def free_pages(db: Database) -> int:
    with db.read() as connection:
        return int(connection.execute('PRAGMA freelist_count').fetchone()[0])


def fill_and_empty(db: Database) -> None:
    with db.write() as transaction:
        transaction.execute('CREATE TABLE ballast (content BLOB)')
        transaction.executemany('INSERT INTO ballast VALUES (?)', [(BLOB,)] * ROWS)
    with db.write() as transaction:
        transaction.execute('DELETE FROM ballast')


def size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


@pytest.mark.slow
def test_freed_room_is_returned_except_what_the_next_update_uses(
    db: Database, upkeep: DiskUpkeep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep_module, 'KEPT_FREE_PAGES', 100)
    fill_and_empty(db)
    freed_bytes = upkeep.compact(threading.Event(), may_shrink=True)
    assert free_pages(db) == 100
    assert freed_bytes > 0.9 * len(BLOB) * ROWS
    assert size(db.path) < 1_000_000
    assert size(db.path.with_name('state.db-wal')) == 0
    assert upkeep.compact(threading.Event(), may_shrink=True) == 0


def test_running_update_keeps_its_room_but_the_log_is_cut(db: Database, upkeep: DiskUpkeep) -> None:
    fill_and_empty(db)
    before = free_pages(db)
    assert size(db.path.with_name('state.db-wal')) > len(BLOB) * ROWS
    assert upkeep.compact(threading.Event(), may_shrink=False) > 0
    assert free_pages(db) == before
    assert size(db.path.with_name('state.db-wal')) == 0


def test_cleaning_ends_on_request(db: Database, upkeep: DiskUpkeep) -> None:
    fill_and_empty(db)
    before = free_pages(db)
    stop = threading.Event()
    stop.set()
    upkeep.compact(stop, may_shrink=True)
    assert free_pages(db) == before


def test_small_free_room_is_kept(db: Database, upkeep: DiskUpkeep) -> None:
    with db.write() as transaction:
        transaction.execute('CREATE TABLE ballast (content BLOB)')
        transaction.execute('INSERT INTO ballast VALUES (?)', (BLOB,))
        transaction.execute('DELETE FROM ballast')
    before = free_pages(db)
    assert before > 0
    upkeep.compact(threading.Event(), may_shrink=True)
    assert free_pages(db) == before


def test_file_that_cannot_shrink_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / 'state.db'
    with sqlite3.connect(path) as connection:
        connection.execute('CREATE TABLE other (x)')
    connection.close()
    db = Database(path)
    fill_and_empty(db)
    before = free_pages(db)
    DiskUpkeep(tmp_path / 'documents.json', db).compact(threading.Event(), may_shrink=True)
    assert free_pages(db) == before
    db.close()


def test_reader_elsewhere_delays_the_cleaning_only_briefly(
    db: Database, upkeep: DiskUpkeep
) -> None:
    fill_and_empty(db)
    reader = sqlite3.connect(db.path, isolation_level=None)
    reader.execute('BEGIN')
    reader.execute('SELECT count(*) FROM ballast').fetchone()
    fill = [(BLOB,)] * 3
    with db.write() as transaction:
        transaction.executemany('INSERT INTO ballast VALUES (?)', fill)
    upkeep.compact(threading.Event(), may_shrink=False)
    assert size(db.path.with_name('state.db-wal')) > 0
    reader.execute('ROLLBACK')
    reader.close()
    upkeep.compact(threading.Event(), may_shrink=False)
    assert size(db.path.with_name('state.db-wal')) == 0
    with db.alone() as connection:
        timeout = connection.execute('PRAGMA busy_timeout').fetchone()[0]
    assert timeout == 10_000


def set_aside(folder: Path, *stamps: str, name: str = 'documents.json') -> None:
    for stamp in stamps:
        (folder / f'{name}.unreadable-{stamp}').write_text('spoilt')


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob('*unreadable*'))


def test_newest_files_set_aside_are_kept(tmp_path: Path, upkeep: DiskUpkeep) -> None:
    assert upkeep.remove_set_aside() == 0
    set_aside(tmp_path, '20260101T000000Z', '20260103T000000Z', '20260104T000000Z')
    set_aside(tmp_path, '20260102T000000Z', '20260105T000000Z', name='documents.json.previous')
    set_aside(tmp_path, '20250101T000000Z', name='other.json')
    (tmp_path / 'documents.json').write_text('{}')
    assert upkeep.remove_set_aside() == 1
    assert left(tmp_path) == [
        'documents.json.previous.unreadable-20260102T000000Z',
        'documents.json.previous.unreadable-20260105T000000Z',
        'documents.json.unreadable-20260103T000000Z',
        'documents.json.unreadable-20260104T000000Z',
        'other.json.unreadable-20250101T000000Z',
    ]
    assert (tmp_path / 'documents.json').exists()
    assert upkeep.remove_set_aside() == 0


def test_folder_that_refuses_is_a_clear_error(
    tmp_path: Path, upkeep: DiskUpkeep, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_aside(tmp_path, *(f'2026010{day}T000000Z' for day in range(6)))

    def refuse(*_args: object, **_options: object) -> None:
        raise PermissionError(13, 'Permission denied')

    monkeypatch.setattr(Path, 'unlink', refuse)
    with pytest.raises(StorageError, match='could not be removed'):
        upkeep.remove_set_aside()


def test_newest_of_the_databases_set_aside_is_kept(tmp_path: Path, upkeep: DiskUpkeep) -> None:
    for day in (3, 4, 5):
        for end in ('', '-wal'):
            (tmp_path / f'state.db.unreadable-2026030{day}T120000.000000Z{end}').touch()
    assert upkeep.remove_set_aside() == 4
    assert sorted(path.name for path in tmp_path.glob('*.unreadable-*')) == [
        'state.db.unreadable-20260305T120000.000000Z',
        'state.db.unreadable-20260305T120000.000000Z-wal',
    ]
    assert upkeep.remove_set_aside() == 0
