"""What is left of the documents when the process is killed, or the disk takes no more."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sentinel_app.core.job import Counts
from sentinel_app.storage.app_state.store import AppState
from tests.harness.builders.app_state import make_job, make_query, make_update
from tests.harness.clocks import StandingClock
from tests.harness.project import PROJECT

pytestmark = pytest.mark.integration


WRITER = """
import dataclasses, sys
from pathlib import Path
from sentinel_app.core.job import Counts
from sentinel_app.core.window import Cursor
from sentinel_app.storage.app_state.store import AppState
from tests.harness.clocks import StandingClock
from tests.harness.builders.app_state import minutes

app_state = AppState(Path(sys.argv[1]), now=StandingClock().now)
assert app_state.warning is None, app_state.warning
number = app_state.job('j0').counts.read
while True:
    number += 1
    app_state.change_job(
        'j0',
        lambda job: dataclasses.replace(job, counts=Counts(read=number)),
        cursors=[Cursor(query_id='q1', selection='s', at=minutes(number))],
    )
    print(number, flush=True)
"""

FULL_DISK = """
import dataclasses, resource, sys
from pathlib import Path
from sentinel_app.core.job import Counts
from sentinel_app.errors import StorageError
from sentinel_app.storage.app_state.store import AppState
from tests.harness.clocks import StandingClock

path = Path(sys.argv[1])
app_state = AppState(path, now=StandingClock().now)
before = path.read_bytes()
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, hard))
change = lambda job: dataclasses.replace(job, counts=Counts(read=7))
try:
    app_state.change_job('j0', change)
except StorageError as error:
    print(error.code, error.message)
assert path.read_bytes() == before
assert app_state.job('j0').counts.read == 0
assert sorted(each.name for each in path.parent.iterdir()) == ['documents.json']
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
assert app_state.change_job('j0', change).counts.read == 7
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / 'documents.json'
    app_state = AppState(path, now=StandingClock().now)
    query = make_query(tql='x' * 2_000)
    jobs = [make_job(f'j{number}', query=query, position=number) for number in range(300)]
    app_state.add_update(make_update(), jobs, schedule=None)
    return path


def test_last_answered_write_is_there_after_a_kill(path: Path) -> None:
    chance = random.Random(20260304)
    acknowledged = 0
    for _ in range(8):
        with subprocess.Popen(
            [sys.executable, '-c', WRITER, str(path)],
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            text=True,
        ) as writer:
            assert writer.stdout is not None
            first = writer.stdout.readline()
            assert first, 'the writer found a spoilt file'
            time.sleep(chance.uniform(0, 0.15))
            writer.kill()
            lines = [first, *writer.stdout.read().splitlines()]
        previous, acknowledged = acknowledged, int(lines[-1])
        assert acknowledged > previous

        app_state = AppState(path, now=StandingClock().now)
        job, cursor = app_state.job('j0'), app_state.cursor('q1')
        assert app_state.warning is None
        assert job is not None
        assert cursor is not None
        assert job.counts.read in {acknowledged, acknowledged + 1}
        assert (cursor.at - make_update().queued_at).total_seconds() == job.counts.read * 60
        assert app_state.job('j299') == make_job('j299', query=job.query, position=299)
        acknowledged = job.counts.read


def test_full_disk_is_reported_and_nothing_is_damaged(path: Path) -> None:
    done = subprocess.run(
        [sys.executable, '-c', FULL_DISK, str(path)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f'RUN-DISK {path} could not be written: File too large.')
    app_state = AppState(path, now=StandingClock().now)
    job = app_state.job('j0')
    assert job is not None
    assert job.counts == Counts(read=7)
