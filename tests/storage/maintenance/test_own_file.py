"""No file outside the data folder changes, whatever links lie in it by the names that the App uses.

Each name is tried before anything is there, and among the files of a good run.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from sentinel_app.errors import ConfigError, SentinelAppError, StorageError
from sentinel_app.storage.app_state.store import AppState
from sentinel_app.storage.maintenance.damage import mark_damaged, set_aside_damaged
from sentinel_app.storage.maintenance.disk import DataFolder, prepare_folder
from sentinel_app.storage.maintenance.lock import FolderLock
from sentinel_app.storage.maintenance.reserve import release_reserve
from sentinel_app.storage.maintenance.upkeep import DiskUpkeep
from sentinel_app.storage.sqlite import Database
from tests.harness.builders.app_state import make_audit
from tests.harness.clocks import StandingClock

STAMP = '20260304T120000.000000Z'
NAMES = (
    *('lock', '.write-test', 'reserve'),
    *(f'documents.json{end}' for end in ('', '.next', '.link', '.previous')),
    *(f'documents.json{end}.unreadable-{STAMP}' for end in ('', '.previous')),
    *(f'state.db{end}' for end in ('', '-wal', '-shm', '-journal', '.damaged')),
    *(f'state.db.unreadable-{STAMP}{end}' for end in ('', '-wal', '-shm', '-journal')),
)
KEPT = ('documents.json', 'documents.json.previous', 'state.db', 'state.db-wal')
VICTIMS = (
    *((name, b'not yours\n' * 2_000) for name in NAMES),
    *((name, b'') for name in KEPT),
    *((name, b'{"meta": {"format": 1}}') for name in KEPT[:2]),
)


class NeverStopped:
    def is_set(self) -> bool:
        return False


def use_documents(folder: Path) -> None:
    app_state = AppState(folder / 'documents.json', now=StandingClock().now)
    for _ in range(3):
        app_state.add_audit(make_audit())


def use_database(folder: Path) -> None:
    path = folder / 'state.db'
    set_aside_damaged(path, now=StandingClock().now)
    with contextlib.closing(Database(path)) as db:
        with db.write() as transaction:
            transaction.execute('INSERT INTO request_time (at) VALUES (1)')
        upkeep = DiskUpkeep(folder / 'documents.json', db)
        upkeep.remove_set_aside()
        upkeep.compact(NeverStopped(), may_shrink=True)  # type: ignore[arg-type]


def set_all_aside(folder: Path) -> None:
    """What damage brings about: both stores are moved out of the way."""
    mark_damaged(folder / 'state.db')
    set_aside_damaged(folder / 'state.db', now=StandingClock().now)
    for name in ('documents.json', 'documents.json.previous'):
        path = folder / name
        if path.is_file() and not path.is_symlink() and path.stat().st_nlink == 1:
            path.write_bytes(b'{')
    AppState(folder / 'documents.json', now=StandingClock().now)


def use_lock(folder: Path) -> None:
    FolderLock(folder).release()


def probe(folder: Path) -> None:
    DataFolder(folder).probe()


ACTIONS: tuple[Callable[[Path], None], ...] = (
    prepare_folder,
    use_lock,
    use_documents,
    use_database,
    probe,
    set_all_aside,
    use_documents,
    use_database,
    release_reserve,
)


def run_all(folder: Path) -> list[SentinelAppError]:
    """Do all that the App does in its folder; gives what it refused."""
    refused: list[SentinelAppError] = []
    for action in ACTIONS:
        try:
            action(folder)
        except (ConfigError, StorageError) as error:
            refused.append(error)
    return refused


def seen(folder: Path) -> dict[str, tuple[object, ...]]:
    """Everything that is outside, as far as somebody could change it."""
    return {
        path.name: (path.read_bytes(), path.stat().st_mtime_ns, stat.S_IMODE(path.stat().st_mode))
        for path in folder.iterdir()
    }


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / 'outside'
    folder.mkdir()
    return folder


@pytest.fixture(params=['empty', 'used'])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    made = tmp_path / 'ms_sentinel'
    prepare_folder(made)
    if request.param == 'used':
        for action in (use_lock, use_documents, use_database):
            action(made)
    return made


@pytest.mark.parametrize(('name', 'content'), VICTIMS)
@pytest.mark.parametrize('link', [os.symlink, os.link], ids=['symbolic', 'hard'])
def test_link_is_not_written_through(
    folder: Path, outside: Path, name: str, link: Callable[..., None], content: bytes
) -> None:
    victim = outside / 'victim'
    victim.write_bytes(content)
    victim.chmod(0o644)
    (folder / name).unlink(missing_ok=True)
    link(victim, folder / name)
    before = seen(outside)
    refused = run_all(folder)
    assert seen(outside) == before
    for error in refused:
        assert str(folder) in error.message


@pytest.mark.parametrize('name', NAMES)
def test_dangling_link_creates_nothing(folder: Path, outside: Path, name: str) -> None:
    (folder / name).unlink(missing_ok=True)
    (folder / name).symlink_to(outside / 'missing')
    run_all(folder)
    assert seen(outside) == {}


@pytest.mark.timeout(20)
@pytest.mark.parametrize('name', NAMES)
def test_pipe_or_folder_blocks_nothing(folder: Path, name: str) -> None:
    (folder / name).unlink(missing_ok=True)
    os.mkfifo(folder / name)
    run_all(folder)
    with contextlib.suppress(FileNotFoundError):
        (folder / name).unlink()
    (folder / name).mkdir()
    run_all(folder)


@pytest.mark.parametrize('name', ['lock', 'documents.json', 'state.db', 'state.db-wal'])
def test_link_in_place_of_a_kept_file_is_refused_in_words(
    folder: Path, outside: Path, name: str
) -> None:
    victim = outside / 'victim'
    victim.write_bytes(b'x')
    (folder / name).unlink(missing_ok=True)
    (folder / name).symlink_to(victim)
    (message,) = {error.message for error in run_all(folder)}
    assert name in message
    assert 'it is a link' in message
