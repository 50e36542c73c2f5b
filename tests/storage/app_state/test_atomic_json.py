import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from tinydb import TinyDB, where

from sentinel_app.errors import ConfigError, StorageError
from sentinel_app.storage.app_state.atomic_json import AtomicJsonStorage, Tables
from tests.harness.clocks import StandingClock


def accept(tables: Tables) -> None:
    """Every content will do."""


def open_storage(path: Path, check: Any = accept) -> AtomicJsonStorage:
    return AtomicJsonStorage(path, now=StandingClock().now, check=check)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / 'data' / 'documents.json'


def names(path: Path) -> set[str]:
    return {each.name for each in path.parent.iterdir()}


def test_folder_and_file_are_not_made_before_the_first_write(path: Path) -> None:
    storage = open_storage(path)
    assert storage.read() == {}
    assert storage.warning is None
    assert not path.parent.exists()


def test_written_tables_are_read_by_the_next_process(path: Path) -> None:
    tables = {'jobs': {'a': {'name': 'zwölf \ud800 "quoted"', 'n': [1, None, 2.5]}}, 'empty': {}}
    open_storage(path).write(tables)
    again = open_storage(path)
    assert again.read() == tables
    assert again.warning is None


def test_file_and_folder_are_readable_by_the_owner_alone(path: Path) -> None:
    mask = os.umask(0)
    try:
        storage = open_storage(path)
        storage.write({'t': {'1': {'n': 1}}})
        storage.write({'t': {'1': {'n': 2}}})
    finally:
        os.umask(mask)
    for each in path.parent.iterdir():
        assert stat.S_IMODE(each.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_previous_generation_is_kept_and_nothing_else(path: Path) -> None:
    storage = open_storage(path)
    for number in range(3):
        storage.write({'t': {'1': {'n': number}}})
    assert names(path) == {'documents.json', 'documents.json.previous'}
    assert json.loads(path.read_text())['t'] == {'1': {'n': 2}}
    previous = json.loads(path.with_name('documents.json.previous').read_text())
    assert previous['t'] == {'1': {'n': 1}}


def test_tables_returned_by_read_are_copies(path: Path) -> None:
    storage = open_storage(path)
    storage.write({'t': {'1': {'n': 1}}})
    read = storage.read()
    read['t']['1']['n'] = 99
    read['t']['2'] = {'n': 5}
    read['other'] = {}
    assert storage.read() == {'t': {'1': {'n': 1}}}


def test_documents_that_did_not_change_are_not_written_anew(path: Path) -> None:
    storage = open_storage(path)
    storage.write({'t': {'1': {'n': 1}, '2': {'n': 2}}, 'u': {'1': {'n': 3}}})
    tables = storage.read()
    tables['t']['1']['n'] = 10
    del tables['t']['2']
    tables['t']['3'] = {'n': 4}
    storage.write(tables)
    assert open_storage(path).read() == {'t': {'1': {'n': 10}, '3': {'n': 4}}, 'u': {'1': {'n': 3}}}


def test_reads_do_not_touch_the_disk(path: Path) -> None:
    storage = open_storage(path)
    storage.write({'t': {'1': {'n': 1}}})
    path.unlink()
    assert storage.read() == {'t': {'1': {'n': 1}}}


@pytest.mark.parametrize(
    'content',
    [
        b'',
        b'{"meta": {"format": 1}, "t": {"1": {"n"',
        b'\xff\xfe',
        b'[]',
        b'"text"',
        b'{"meta": []}',
        b'{"t": {}}',
        b'{"meta": {"format": "1"}}',
        b'{"meta": {"format": 0}}',
        b'{"meta": {"format": 1}, "t": []}',
        b'{"meta": {"format": 1}, "t": {"1": 5}}',
        b'[' * 100_000,
    ],
)
def test_unreadable_file_is_replaced_by_the_previous_generation(path: Path, content: bytes) -> None:
    storage = open_storage(path)
    storage.write({'t': {'1': {'n': 1}}})
    storage.write({'t': {'1': {'n': 2}}})
    path.write_bytes(content)

    again = open_storage(path)

    assert again.read() == {'t': {'1': {'n': 1}}}
    assert again.warning is not None
    assert 'copy before it' in again.warning
    aside = path.with_name('documents.json.unreadable-20260304T120000.000000Z')
    assert aside.read_bytes() == content
    assert open_storage(path).read() == {'t': {'1': {'n': 1}}}


def test_content_that_fails_the_check_counts_as_unreadable(path: Path) -> None:
    storage = open_storage(path)
    storage.write({'t': {'1': {'n': 1}}})
    storage.write({'t': {'1': {'n': 2}}})

    def check(tables: Tables) -> None:
        if tables['t']['1']['n'] == 2:
            raise KeyError('n')

    assert open_storage(path, check).read() == {'t': {'1': {'n': 1}}}


def test_missing_file_is_replaced_by_the_previous_generation(path: Path) -> None:
    storage = open_storage(path)
    storage.write({'t': {'1': {'n': 1}}})
    storage.write({'t': {'1': {'n': 2}}})
    path.unlink()
    again = open_storage(path)
    assert again.read() == {'t': {'1': {'n': 1}}}
    assert again.warning is not None
    assert 'is missing' in again.warning


def test_storage_with_both_generations_unreadable_starts_empty_and_says_so(path: Path) -> None:
    path.parent.mkdir()
    path.write_text('{')
    path.with_name('documents.json.previous').write_text('}')
    storage = open_storage(path)
    assert storage.read() == {}
    assert storage.warning is not None
    assert 'next update is full' in storage.warning
    assert names(path) == {
        'documents.json.unreadable-20260304T120000.000000Z',
        'documents.json.previous.unreadable-20260304T120000.000000Z',
    }
    storage.write({'t': {'1': {'n': 1}}})
    assert open_storage(path).warning is None


@pytest.mark.parametrize('is_current_spoilt', [False, True])
def test_newer_format_stops_the_start_and_nothing_is_touched(
    path: Path, is_current_spoilt: bool
) -> None:
    path.parent.mkdir()
    newer = '{"meta": {"format": 2}, "t": "whatever"}'
    previous = path.with_name('documents.json.previous')
    if is_current_spoilt:
        path.write_text('{')
        previous.write_text(newer)
    else:
        path.write_text(newer)
    before = {each.name: each.read_bytes() for each in path.parent.iterdir()}
    with pytest.raises(ConfigError, match='newer version') as caught:
        open_storage(path)
    assert caught.value.context == {
        'file': str(previous if is_current_spoilt else path),
        'format': 2,
    }
    assert {each.name: each.read_bytes() for each in path.parent.iterdir()} == before


def test_file_without_read_permission_is_not_taken_for_a_damaged_one(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(StorageError, match='could not be read') as caught:
        open_storage(path)
    assert caught.value.code == 'RUN-DISK'
    assert path.is_dir()


@pytest.mark.parametrize('blocked', ['documents.json.next', 'documents.json.previous'])
def test_write_that_the_disk_refuses_changes_neither_memory_nor_disk(
    path: Path, blocked: str
) -> None:
    storage = open_storage(path)
    storage.write({'t': {'1': {'n': 1}}})
    path.with_name(blocked).mkdir()
    with pytest.raises(StorageError, match='could not be written') as caught:
        storage.write({'t': {'1': {'n': 2}}})
    assert caught.value.code == 'RUN-DISK'
    assert caught.value.context == {'file': str(path)}
    assert storage.read() == {'t': {'1': {'n': 1}}}
    assert open_storage(path).read() == {'t': {'1': {'n': 1}}}
    path.with_name(blocked).rmdir()
    storage.write({'t': {'1': {'n': 3}}})
    assert open_storage(path).read() == {'t': {'1': {'n': 3}}}


def failing(real: Any, error: OSError, *, when: Any = lambda *_: True) -> Any:
    def call(*arguments: Any, **options: Any) -> Any:
        if when(*arguments):
            raise error
        return real(*arguments, **options)

    return call


def is_folder(descriptor: int) -> bool:
    return stat.S_ISDIR(os.fstat(descriptor).st_mode)


@pytest.mark.parametrize('is_first', [False, True])
def test_file_is_restored_when_the_folder_cannot_be_synced(
    path: Path, monkeypatch: pytest.MonkeyPatch, is_first: bool
) -> None:
    storage = open_storage(path)
    before: Tables = {}
    if not is_first:
        before = {'t': {'1': {'n': 1}}}
        storage.write(before)
    with monkeypatch.context() as patch:
        patch.setattr(os, 'fsync', failing(os.fsync, OSError(5, 'I/O error'), when=is_folder))
        with pytest.raises(StorageError, match='I/O error'):
            storage.write({'t': {'1': {'n': 2}}})
    assert storage.read() == before
    assert open_storage(path).read() == before


def test_previous_generation_is_kept_without_hard_links(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, 'link', failing(os.link, PermissionError(1, 'not permitted')))
    path.parent.mkdir()
    path.write_text('{"meta": {"format": 1}, "t": {"1": {"n": 1}}}')
    storage = open_storage(path)
    storage.write({'t': {'1': {'n': 2}}})
    assert json.loads(path.with_name('documents.json.previous').read_text())['t'] == {'1': {'n': 1}}
    assert open_storage(path).read() == {'t': {'1': {'n': 2}}}


def test_failed_replacement_without_hard_links_restores_the_file(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.parent.mkdir()
    path.write_text('{"meta": {"format": 1}, "t": {"1": {"n": 1}}}')
    storage = open_storage(path)
    with monkeypatch.context() as patch:
        patch.setattr(os, 'link', failing(os.link, PermissionError(1, 'not permitted')))
        refuse_next = failing(
            Path.replace,
            OSError(28, 'No space left'),
            when=lambda source, _target: source.name.endswith('.next'),
        )
        patch.setattr(Path, 'replace', refuse_next)
        with pytest.raises(StorageError, match='The disk is full'):
            storage.write({'t': {'1': {'n': 2}}})
    again = open_storage(path)
    assert again.read() == {'t': {'1': {'n': 1}}}
    assert again.warning is None


def test_other_link_errors_are_write_errors(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = open_storage(path)
    storage.write({'t': {'1': {'n': 1}}})
    with monkeypatch.context() as patch:
        patch.setattr(os, 'link', failing(os.link, OSError(5, 'I/O error')))
        with pytest.raises(StorageError, match='I/O error'):
            storage.write({'t': {'1': {'n': 2}}})
    assert names(path) == {'documents.json'}
    assert open_storage(path).read() == {'t': {'1': {'n': 1}}}


def test_damaged_file_that_cannot_be_set_aside_stops_the_start(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.parent.mkdir()
    path.write_text('{')
    monkeypatch.setattr(Path, 'rename', failing(Path.rename, PermissionError(13, 'denied')))
    with pytest.raises(StorageError, match='could not be set aside'):
        open_storage(path)


def test_leftover_of_a_killed_write_does_no_harm(path: Path) -> None:
    storage = open_storage(path)
    storage.write({'t': {'1': {'n': 1}}})
    path.with_name('documents.json.next').write_text('{"meta": {"for')
    path.with_name('documents.json.link').write_text('old')
    again = open_storage(path)
    again.write({'t': {'1': {'n': 2}}})
    assert names(path) == {'documents.json', 'documents.json.previous'}
    assert open_storage(path).read() == {'t': {'1': {'n': 2}}}


def test_several_tables_are_written_in_one_replacement(path: Path) -> None:
    storage = open_storage(path)
    with TinyDB(storage=lambda: storage) as db:
        db.table('a').insert({'n': 1})
        inode = path.stat().st_ino
        with storage.together():
            db.table('a').insert({'n': 2})
            db.table('b').insert({'n': 3})
            assert path.stat().st_ino == inode
            assert db.table('b').get(where('n') == 3) == {'n': 3}
        assert len(db.table('a')) == 2
    assert open_storage(path).read() == {'a': {'1': {'n': 1}, '2': {'n': 2}}, 'b': {'1': {'n': 3}}}
    assert path.with_name('documents.json.previous').stat().st_ino == inode


def test_tables_are_not_written_when_one_of_several_writes_fails(path: Path) -> None:
    storage = open_storage(path)
    storage.write({'t': {'1': {'n': 1}}})

    def fail_half_way() -> None:
        with storage.together():
            storage.write({'t': {'1': {'n': 2}}})
            raise RuntimeError('half-way')

    with pytest.raises(RuntimeError, match='half-way'):
        fail_half_way()
    assert storage.read() == {'t': {'1': {'n': 1}}}
    assert open_storage(path).read() == {'t': {'1': {'n': 1}}}


def test_value_that_is_not_json_is_refused_before_anything_is_written(path: Path) -> None:
    storage = open_storage(path)
    storage.write({'t': {'1': {'n': 1}}})
    with pytest.raises(ValueError, match='JSON'):
        storage.write({'t': {'1': {'n': float('nan')}}})
    assert open_storage(path).read() == {'t': {'1': {'n': 1}}}


@pytest.mark.parametrize(
    'content',
    [
        b'{"meta": {"format": 1}, "t": {"1": {"n": NaN}}}',
        b'{"meta": {"format": 1}, "t": {"1": {"n": Infinity}}}',
        b'{"meta": {"format": 1}, "t": {"1": {"n": 1e999}}}',
        b'{"meta": {"format": 1}, "t": {"1": {"n": 1, "n": 2}}}',
        b'{"meta": {"format": 1}, "t": {"1": {"n": ' + b'9' * 5_000 + b'}}}',
        b'{"meta": {"format": 1e999}}',
    ],
)
def test_numbers_and_members_that_json_lacks_are_unreadable(path: Path, content: bytes) -> None:
    open_storage(path).write({'t': {'1': {'n': 1}}})
    path.rename(path.with_name('documents.json.previous'))
    path.write_bytes(content)
    again = open_storage(path)
    assert again.read() == {'t': {'1': {'n': 1}}}
    assert again.warning is not None


@pytest.mark.parametrize(
    'fault', [OverflowError(), AttributeError('x'), ZeroDivisionError(), RecursionError()]
)
def test_previous_generation_is_used_whatever_a_check_raises(path: Path, fault: Exception) -> None:
    storage = open_storage(path)
    storage.write({'t': {'1': {'n': 1}}})
    storage.write({'t': {'1': {'n': 2}}})

    def check(tables: Tables) -> None:
        if tables['t']['1']['n'] == 2:
            raise fault

    assert open_storage(path, check).read() == {'t': {'1': {'n': 1}}}


def test_memory_error_sets_nothing_aside(path: Path) -> None:
    open_storage(path).write({'t': {'1': {'n': 1}}})

    def check(_tables: Tables) -> None:
        raise MemoryError

    with pytest.raises(MemoryError):
        open_storage(path, check)
    assert names(path) == {'documents.json'}
