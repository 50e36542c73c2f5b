from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sentinel_app.errors import ConfigError, StorageError
from sentinel_app.storage.maintenance import lock as lock_module
from sentinel_app.storage.maintenance.lock import FolderLock
from tests.harness.open_files import open_files

HOLDER = """
import pathlib, sys, time
from sentinel_app.storage.maintenance.lock import FolderLock
lock = FolderLock(pathlib.Path(sys.argv[1]))
print('held', flush=True)
time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, '-c', HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == 'held\n'
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_second_process_is_refused_with_the_name_of_the_holder(
    holder: subprocess.Popen[str], tmp_path: Path
):
    with pytest.raises(ConfigError, match=rf'\(pid {holder.pid}\)') as caught:
        FolderLock(tmp_path)

    assert str(tmp_path) in caught.value.message
    assert (tmp_path / 'lock').read_text() == str(holder.pid)


def test_killed_process_releases_the_lock(holder: subprocess.Popen[str], tmp_path: Path):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    lock = FolderLock(tmp_path)

    assert (tmp_path / 'lock').read_text() == str(os.getpid())
    lock.release()


def test_released_folder_can_be_held_again(tmp_path: Path):
    FolderLock(tmp_path).release()
    lock = FolderLock(tmp_path)
    with pytest.raises(ConfigError, match=rf'\(pid {os.getpid()}\)'):
        FolderLock(tmp_path)
    lock.release()


def test_refusal_leaves_no_file_open(tmp_path: Path):
    lock = FolderLock(tmp_path)
    before = open_files(tmp_path)
    for _ in range(3):
        with pytest.raises(ConfigError):
            FolderLock(tmp_path)

    assert open_files(tmp_path) == before
    lock.release()


def test_shorter_pid_replaces_a_longer_one_whole(tmp_path: Path):
    (tmp_path / 'lock').write_text('12345678901234567890')
    lock = FolderLock(tmp_path)

    assert (tmp_path / 'lock').read_text() == str(os.getpid())
    lock.release()


def test_lock_file_is_readable_by_its_owner_alone(tmp_path: Path):
    lock = FolderLock(tmp_path)

    assert stat.S_IMODE((tmp_path / 'lock').stat().st_mode) == 0o600
    lock.release()


def test_file_that_names_nobody_is_reported_as_unknown(
    holder: subprocess.Popen[str], tmp_path: Path
):
    (tmp_path / 'lock').write_bytes(b'')
    with pytest.raises(ConfigError, match='pid unknown'):
        FolderLock(tmp_path)


def test_full_disk_is_reported_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def is_full(*_arguments: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(lock_module, 'open_own', is_full)
        with pytest.raises(
            StorageError, match=r'^The disk is full\. .*then start the Service again'
        ):
            FolderLock(tmp_path)
    # Without room for the number the lock holds all the same.
    with monkeypatch.context() as patch:
        patch.setattr(os, 'pwrite', is_full)
        lock = FolderLock(tmp_path)
    with pytest.raises(ConfigError, match='pid unknown'):
        FolderLock(tmp_path)
    lock.release()


def test_folder_that_cannot_be_locked_is_reported_as_such(tmp_path: Path):
    (tmp_path / 'lock').mkdir()
    with pytest.raises(ConfigError, match='cannot be locked') as caught:
        FolderLock(tmp_path)

    assert str(tmp_path) in caught.value.message
    assert 'Another process' not in caught.value.message
