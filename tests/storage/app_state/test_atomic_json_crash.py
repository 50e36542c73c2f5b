"""What is left of the documents when the process is killed, or the disk takes no more."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import random
import resource
import time
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from sentinel_app.core.job import Counts, Job
from sentinel_app.core.window import Cursor
from sentinel_app.errors import StorageError
from sentinel_app.storage.app_state.store import AppState
from tests.harness.builders.app_state import make_job, make_query, make_update, minutes
from tests.harness.clocks import StandingClock
from tests.harness.forked import FORK
from tests.harness.waiting import PATIENCE_S

pytestmark = pytest.mark.integration


def write_on(path: Path, told: Connection) -> None:
    """Write for ever, and tell the number of each write that was answered."""
    app_state = AppState(path, now=StandingClock().now)
    assert app_state.warning is None, app_state.warning
    job = app_state.job('j0')
    assert job is not None
    for number in itertools.count(job.counts.read + 1):
        app_state.change_job(
            'j0',
            lambda job, number=number: dataclasses.replace(job, counts=Counts(read=number)),
            cursors=[Cursor(query_id='q1', selection='s', at=minutes(number))],
        )
        told.send(number)


def write_to_a_full_disk(path: Path, told: Connection) -> None:
    """Write where half of the documents have no room, then where they have; tell the error."""
    app_state = AppState(path, now=StandingClock().now)
    before = path.read_bytes()
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, hard))

    def change(job: Job) -> Job:
        return dataclasses.replace(job, counts=Counts(read=7))

    with pytest.raises(StorageError) as caught:
        app_state.change_job('j0', change)
    assert path.read_bytes() == before
    job = app_state.job('j0')
    assert job is not None
    assert job.counts.read == 0
    assert sorted(each.name for each in path.parent.iterdir()) == ['documents.json']
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    assert app_state.change_job('j0', change).counts.read == 7
    told.send(f'{caught.value.code} {caught.value.message}')


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / 'documents.json'
    app_state = AppState(path, now=StandingClock().now)
    query = make_query(tql='x' * 2_000)
    jobs = [make_job(f'j{number}', query=query, position=number) for number in range(300)]
    app_state.add_update(make_update(), jobs)
    return path


def test_last_answered_write_is_there_after_a_kill(path: Path) -> None:
    chance = random.Random(20260304)
    acknowledged = 0
    for _ in range(8):
        heard, told = FORK.Pipe(duplex=False)
        writer = FORK.Process(target=write_on, args=(path, told))
        writer.start()
        told.close()
        with heard:
            assert heard.poll(30), 'the writer found a spoilt file'
            time.sleep(chance.uniform(0, 0.15))
            writer.kill()
            writer.join()
            previous = acknowledged
            with contextlib.suppress(EOFError):
                while True:
                    acknowledged = heard.recv()
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
    heard, told = FORK.Pipe(duplex=False)
    writer = FORK.Process(target=write_to_a_full_disk, args=(path, told))
    writer.start()
    told.close()
    with heard:
        error = heard.recv()
    writer.join(PATIENCE_S)
    assert writer.exitcode == 0
    assert error.startswith(f'RUN-DISK {path} could not be written: File too large.')
    app_state = AppState(path, now=StandingClock().now)
    job = app_state.job('j0')
    assert job is not None
    assert job.counts == Counts(read=7)
