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

from tests.harness.running import MakeStand, begin_update, updates_have_ended
from tests.harness.waiting import until
from tests.simulators.demo import load_indicators
from tests.simulators.platform.folders import Folders
from tests.simulators.platform.instance import Services
from tests.simulators.platform.service import AppEndedError
from tests.simulators.stand import Stand

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

SIZE_KB = 2_048
RESERVE_BYTES = 65_536


class Disk:
    """A small disk in place of a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / 'ballast'

    def fill(self, *, but_kb: int = 0) -> None:
        """Leave so much room, and no more."""
        with self._ballast.open('ab') as file:
            while True:
                try:
                    os.write(file.fileno(), bytes(4_096))
                except OSError:
                    break
        os.truncate(self._ballast, self._ballast.stat().st_size - but_kb * 1_024)
        assert shutil.disk_usage(self.folder).free == but_kb * 1_024

    def free(self) -> None:
        self._ballast.unlink()


@pytest.fixture
def stand(make_stand: MakeStand) -> Iterator[Stand]:
    with make_stand(rows=load_indicators(5, own=True), services=Services.EMBEDDED) as made:
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


def test_first_start_on_a_full_disk_says_so(stand: Stand, disk: Disk) -> None:
    stand.app.folders.make()
    # Room for what the platform writes first, and for no more than a few lines after that.
    disk.fill(but_kb=8 if disk.folder == stand.app.folders.out else 48)
    message = fails_to_start(stand)
    assert 'then start the Service again' in message
    assert message.strip() in stand.app.log
    assert stand.app.console == ''


def test_first_start_without_room_for_a_message_exits_all_the_same(
    stand: Stand, disk: Disk
) -> None:
    if disk.folder != stand.app.folders.out:
        pytest.skip('nor could the platform begin to start it')
    stand.app.folders.make()
    disk.fill()
    assert fails_to_start(stand) == ''
    assert 'then start the Service again' in stand.app.console
    assert 'Traceback' not in stand.app.console


def test_disk_that_becomes_full_is_reported_at_each_start_until_there_is_room(
    stand: Stand, disk: Disk
) -> None:
    reserve = stand.app.folders.out / 'ms_sentinel' / 'reserve'
    stand.app.start()
    begin_update(stand, stand.threatconnect.store.rows())
    until(lambda: updates_have_ended(stand))
    assert stand.app.shutdown() == 0
    assert reserve.stat().st_size == RESERVE_BYTES
    for room_kb in (0, 24):
        # The platform has to write what the App is to read.
        disk.fill(but_kb=room_kb or (0 if disk.folder == stand.app.folders.out else 12))
        message = fails_to_start(stand)
        assert 'then start the Service again' in message
        assert message.strip() in stand.app.log
    disk.free()
    stand.app.start()
    assert len(stand.api('GET', 'api/configure').json()['queries']) == 1
    assert stand.api('GET', 'api/health').json()['last_error'] is None
    assert reserve.stat().st_size == RESERVE_BYTES
    assert 'Traceback' not in stand.app.console


def test_service_on_a_full_disk_exits_cleanly(stand: Stand, disk: Disk) -> None:
    stand.app.start()
    disk.fill()
    assert stand.app.shutdown() == 0
    assert 'has stopped' in stand.app.message_tc
    assert 'Traceback' not in stand.app.console
