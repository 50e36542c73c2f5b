"""The real App on a disk without room: each start says so where the platform shows it.

The disk is a small one in memory, which takes the rights of root to mount.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running import MakeStand
from tests.simulators.platform.folders import Folders
from tests.simulators.platform.service import AppEndedError
from tests.simulators.stand import Stand
from tests.waiting import until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

SIZE_KB = 2_048


class Disk:
    """A small disk in place of a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / 'ballast'

    def fill(self) -> None:
        """Leave no byte."""
        with self._ballast.open('ab') as file:
            while True:
                try:
                    os.write(file.fileno(), bytes(4_096))
                except OSError:
                    break
        assert shutil.disk_usage(self.folder).free == 0

    def free(self) -> None:
        self._ballast.unlink()


@pytest.fixture
def stand(make_stand: MakeStand) -> Iterator[Stand]:
    with make_stand(rows=()) as made:
        yield made


@pytest.fixture(params=['out', 'all'])
def disk(request: pytest.FixtureRequest, stand: Stand) -> Iterator[Disk]:
    """The disk of the output folder alone, or of the log as well."""
    folders: Folders = stand.app.folders
    folder = folders.out if request.param == 'out' else folders.root
    folder.mkdir(parents=True, exist_ok=True)
    mount = ['mount', '-t', 'tmpfs', '-o', f'size={SIZE_KB}k', 'tmpfs', str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, check=False)
    except OSError as error:
        pytest.skip(f'cannot mount a disk: {error}')
    if done.returncode:
        pytest.skip(f'cannot mount a disk: {done.stderr.decode()}')
    try:
        yield Disk(folder)
    finally:
        stand.app.close()
        subprocess.run(['umount', '-l', str(folder)], check=True)


def fails_to_start(stand: Stand) -> str:
    """Start the App, which must end with code 1; gives what the platform shows."""
    with pytest.raises(AppEndedError):
        stand.app.start()
    assert stand.app.exit_code == 1
    assert 'goes on by itself' not in stand.app.message_tc
    return stand.app.message_tc


def test_a_first_start_on_a_full_disk_ends_without_a_traceback(stand: Stand, disk: Disk) -> None:
    stand.app.folders.make()
    # What the platform itself has to write before.
    disk.fill()
    (disk.folder / 'ballast').open('r+b').truncate((SIZE_KB - 16) * 1_024)
    fails_to_start(stand)
    print('MESSAGE', stand.app.message_tc)
    print('CONSOLE', stand.app.console)
    print('LOG', stand.app.log)
    assert 0


def test_a_start_on_a_disk_that_has_become_full_says_so_each_time(stand: Stand, disk: Disk) -> None:
    stand.app.start()
    assert stand.app.shutdown() == 0
    disk.fill()
    message = fails_to_start(stand)
    print('MESSAGE', message)
    print('CONSOLE', stand.app.console)
    print('LOG', stand.app.log[-3000:])
    assert 0
