"""Clocks that are put right, zones that change, disks that fill up, files locked or spoilt: nothing
breaks, the page says what is wrong, and the App goes on by itself."""

from __future__ import annotations

import datetime as dt
import errno
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sentinel_app.core.audit import AuditEntry
from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.job import JobStatus, Mode
from sentinel_app.core.ledger_row import millis, moment
from sentinel_app.core.query import Query
from sentinel_app.core.schedule import Schedule
from sentinel_app.core.window import Cursor
from sentinel_app.storage import sqlite
from sentinel_app.storage.app_state import atomic_json
from sentinel_app.storage.maintenance import schema
from tests.harness.clocks import StandingClock
from tests.harness.engine import OWNERS, Engine, World, hosts, query
from tests.harness.fakes.sentinel import TableSink
from tests.harness.fakes.threatconnect import StoreSource, TimedStore
from tests.harness.waiting import until
from tests.simulators.certificates import make_certificates
from tests.updates.history.rig import SETTINGS, Rig

pytestmark = pytest.mark.integration

HOUR_S = 3600.0
YEAR_S = 365 * 24 * HOUR_S


# -- clocks


class SteppedClock(StandingClock):
    """A clock whose time of day can be put forward or back; durations go on as they are."""

    stepped_s = 0.0

    def now(self) -> dt.datetime:
        return super().now() + dt.timedelta(seconds=self.stepped_s)


class Machine:
    """An App whose clock is its own, and a ThreatConnect and a Sentinel with the right time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = SteppedClock()
        self.world_clock = StandingClock()
        self.store = TimedStore(self.world_clock, rows=hosts(20))
        self.source = StoreSource(self.store)
        self.sink = TableSink(self.world_clock)
        self.rig = self.open()
        self.rig.app_state.save_queries(
            [Query(id='q1', owners=OWNERS, indicator_types=(IndicatorType.HOST,), tql='')],
            expected_version=0,
            next_mode=None,
            audit=AuditEntry(at=self.clock.now(), user=None, action='configure', detail=''),
        )

    def open(self) -> Rig:
        rig = Rig(
            self.folder,
            clock=self.clock,
            source=self.source,
            sink=self.sink,
            chance=random.Random(3),
            settings=replace(SETTINGS, schedule_interval_hours=1, reconcile_interval_hours=168),
            batch_size=100,
        )
        rig.recover()
        return rig

    def restart(self) -> None:
        self.rig.close()
        self.rig = self.open()

    def pass_by(self, hours: float) -> int:
        """Let hours go by, a minute at a time, with what the schedule makes of them; give how many
        updates that was."""
        updates = 0
        for _ in range(round(hours * 60)):
            self.clock.advance(60)
            self.world_clock.advance(60)
            updates += self.rig.queue.queue_due() is not None
            before = self.clock.passed_s
            self.rig.run()
            self.world_clock.advance(self.clock.passed_s - before)
        return updates

    def assert_right(self) -> None:
        live = self.sink.live()
        rows = [row for row in self.store.rows() if row['active']]
        assert live.keys() == {f"[domain-name:value = '{row['hostName']}']" for row in rows}
        for row in rows:
            stix = live[f"[domain-name:value = '{row['hostName']}']"]
            assert stix['confidence'] == row['confidence']
        assert self.sink.anomalies() == []
        jobs, _ = self.rig.app_state.jobs(limit=1_000)
        assert {job.status for job in jobs} == {JobStatus.UPLOAD_COMPLETE}

    def edit(self) -> None:
        rows = [row for row in self.store.rows() if row['active']]
        self.store.modify(rows[0]['id'], confidence=100 - rows[0]['confidence'])
        self.store.modify(rows[1]['id'], confidence=100 - rows[1]['confidence'])
        self.store.delete(rows[2]['id'])


@pytest.mark.parametrize('is_restarted', [False, True])
@pytest.mark.parametrize(
    'step_s',
    [-5 * HOUR_S, -1.2 * HOUR_S, -40.0, 40.0, 1.2 * HOUR_S, 5 * HOUR_S, 30 * HOUR_S],
)
def test_clock_correction_costs_neither_an_update_nor_an_indicator(
    tmp_path: Path, step_s: float, is_restarted: bool
) -> None:
    machine = Machine(tmp_path)
    assert machine.pass_by(2.5) == 3
    machine.edit()
    machine.clock.stepped_s += step_s
    if is_restarted:
        machine.restart()
    # Hourly, as before: at most one comes early, and none is missing for longer than an hour.
    assert machine.pass_by(3) in {3, 4}
    machine.assert_right()
    machine.edit()
    machine.clock.stepped_s -= step_s
    if is_restarted:
        machine.restart()
    assert machine.pass_by(3) in {3, 4}
    machine.assert_right()
    machine.rig.close()


@pytest.mark.parametrize('is_restarted', [False, True])
@pytest.mark.parametrize('step_s', [-YEAR_S, -HOUR_S, HOUR_S, YEAR_S])
def test_updates_keep_coming_whatever_the_clock_does(
    tmp_path: Path, step_s: float, is_restarted: bool
) -> None:
    machine = Machine(tmp_path)
    machine.pass_by(2.5)
    for step in (step_s, -step_s):
        machine.edit()
        machine.clock.stepped_s += step
        if is_restarted:
            machine.restart()
        # A time of before may look as if it were the present; that costs one interval at most.
        assert machine.pass_by(3) in {2, 3, 4}
    # While its clock was a year off the App could not tell what is valid; now everything is read.
    machine.rig.queue.request_update(mode=Mode.RECONCILE)
    machine.rig.run()
    machine.assert_right()
    machine.edit()
    machine.pass_by(1)
    machine.assert_right()
    machine.rig.close()


@pytest.mark.parametrize(
    ('ahead_s', 'ours_s'),
    [
        *((ahead_s, 0.0) for ahead_s in (-YEAR_S, -24 * HOUR_S, 24 * HOUR_S, YEAR_S)),
        *((-299.0, -299.0), (299.0, 299.0), (598.0, 299.0)),
    ],
)
def test_wrong_date_of_one_update_leaves_nothing_out(
    tmp_path: Path, ahead_s: float, ours_s: float
) -> None:
    machine = Machine(tmp_path)
    machine.pass_by(1.5)
    machine.source.date_ahead_s, machine.clock.stepped_s = ahead_s, ours_s
    machine.edit()
    jobs = len(machine.rig.app_state.jobs()[0])
    while len(machine.rig.app_state.jobs()[0]) == jobs:
        machine.pass_by(1 / 60)
    cursor = machine.rig.app_state.cursor('q1')
    last_run_at = machine.rig.app_state.schedule().last_run_at
    assert cursor is not None
    assert last_run_at == cursor.at <= machine.clock.now()
    machine.source.date_ahead_s, machine.clock.stepped_s = 0.0, 0.0
    for _ in range(2):
        # By the next delta this is older than what two windows have in common.
        machine.pass_by(0.02)
        machine.edit()
        machine.pass_by(0.98)
    machine.pass_by(0.2)
    machine.assert_right()
    machine.rig.close()


def test_stored_times_in_the_future_leave_nothing_out_and_are_corrected(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.pass_by(1.5)
    ahead_at = machine.clock.now() + dt.timedelta(days=400)
    (job, *_), _ = machine.rig.app_state.jobs()
    machine.rig.app_state.end_update(
        job.update_id,
        machine.clock.now(),
        Schedule(last_run_at=ahead_at, last_reconcile_at=machine.clock.now()),
    )
    machine.rig.app_state.change_job(
        job.request_id,
        lambda stored: stored,
        cursors=[Cursor(query_id='q1', selection=job.query.selection, at=ahead_at)],
    )
    with machine.rig.db.write() as transaction:
        transaction.execute('UPDATE searched SET until = ?', (millis(ahead_at),))
    machine.edit()
    machine.pass_by(1)
    assert machine.rig.app_state.jobs()[0][0].mode is Mode.DELTA
    machine.assert_right()
    cursor = machine.rig.app_state.cursor('q1')
    assert cursor is not None
    assert cursor.at <= machine.clock.now()
    last_run_at = machine.rig.app_state.schedule().last_run_at
    assert last_run_at is not None
    assert last_run_at <= machine.clock.now()
    with machine.rig.db.read() as connection:
        until = moment(connection.execute('SELECT until FROM searched').fetchone()[0])
    assert until <= machine.clock.now()
    machine.rig.close()


def test_clock_that_was_ahead_while_sending_does_not_prolong_the_validity_for_long(
    tmp_path: Path,
) -> None:
    machine = Machine(tmp_path)
    machine.clock.stepped_s = 30 * HOUR_S
    machine.pass_by(1)
    machine.clock.stepped_s = 0.0
    machine.rig.queue.request_update(mode=Mode.RECONCILE)
    machine.rig.run()
    machine.assert_right()
    latest = machine.world_clock.now() + dt.timedelta(hours=48, seconds=1)
    for stix in machine.sink.live().values():
        assert dt.datetime.fromisoformat(stix['valid_until']) <= latest
    machine.rig.close()


# -- the real App between the stand-ins


@pytest.fixture(scope='module')
def shared_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(make_certificates(tmp_path_factory.mktemp('ca'))) as world:
        yield world


@pytest.fixture
def world(shared_world: World) -> Iterator[World]:
    shared_world.reset()
    shared_world.store.load(hosts(50))
    yield shared_world
    shared_world.clear_faults()


@pytest.fixture
def engine(world: World, tmp_path: Path) -> Iterator[Engine]:
    with Engine(world, tmp_path / 'app') as made:
        yield made


def set_aside(engine: Engine) -> list[str]:
    """What the health says of stores that were damaged."""
    return [
        f'{each["detail"]} {each["remedy"]}'
        for each in health(engine)['conditions']
        if each['code'].endswith('set-aside')
    ]


def health(engine: Engine) -> dict[str, Any]:
    found: dict[str, Any] = engine.ask('GET', 'api/health')
    return found


def test_change_of_the_time_zone_changes_nothing(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    try:
        engine.save_queries([query()], run='full')
        for zone in ('Pacific/Auckland', 'America/Los_Angeles', 'Asia/Kolkata'):
            monkeypatch.setenv('TZ', zone)
            time.tzset()
            world.store.modify(world.store.rows()[0]['id'], confidence=50)
            (job,) = engine.run_update('delta')
            assert job['status'] == 'Upload Complete'
            queued_at = dt.datetime.fromisoformat(job['date_queued'])
            assert abs(queued_at - world.clock.now()) < dt.timedelta(hours=1)
            assert job['last_modified_filter_end'].endswith('Z')
            engine.assert_right()
    finally:
        monkeypatch.delenv('TZ')
        time.tzset()


class Disk:
    """The room that the database has, as SQLite itself can be told: all connections obey."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._connections: list[sqlite3.Connection] = []
        self._pages: int | None = None
        connected = sqlite._connected

        def limited(path: Path, *, is_reader: bool) -> sqlite3.Connection:
            connection = connected(path, is_reader=is_reader)
            if self._pages is not None:
                connection.execute(f'PRAGMA max_page_count = {self._pages}')
            self._connections.append(connection)
            return connection

        monkeypatch.setattr(sqlite, '_connected', limited)

    def fill(self, path: Path) -> None:
        with sqlite3.connect(path) as connection:
            used = connection.execute('PRAGMA page_count').fetchone()[0]
        connection.close()
        self._limit(used)

    def free(self) -> None:
        self._limit(2**30)

    def _limit(self, pages: int) -> None:
        self._pages = pages
        for connection in self._connections:
            try:
                connection.execute(f'PRAGMA max_page_count = {pages}')
            except sqlite3.ProgrammingError:
                continue  # closed with its database


def test_full_disk_stops_the_update_with_a_clear_error_until_there_is_room(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch)
    with Engine(world, tmp_path / 'app') as engine:
        engine.save_queries([query()], run='full')
        world.store.load(hosts(3_000, prefix='more'))
        disk.fill(engine.folder / 'state.db')
        world.clock.advance(1)
        engine.request_update('full')
        until(lambda: health(engine)['status'] == 'degraded', 'health does not tell')
        error = health(engine)['last_error']
        assert error['code'] == 'RUN-DISK'
        assert 'Free space on that disk' in error['message']
        assert any(job['status'] not in {'Upload Complete', 'Failed'} for job in engine.jobs())
        disk.free()
        engine.wait()
        assert engine.last_jobs()[0]['status'] == 'Upload Complete'
        assert set(world.expected(engine.queries)) <= set(world.live())
        until(lambda: health(engine)['status'] == 'healthy', 'health does not recover')
        assert sound(engine)


@pytest.mark.parametrize('code', [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_disk_that_refuses_the_documents_is_reported_and_survived(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    engine.save_queries([query()], run='full')
    write = atomic_json._write_new
    is_full = True

    def write_new(path: Path, content: bytes) -> None:
        if is_full:
            raise OSError(code, os.strerror(code))
        write(path, content)

    monkeypatch.setattr(atomic_json, '_write_new', write_new)
    reply = engine.api('POST', 'api/job/request', {'mode': 'delta'})
    assert reply.status_code >= 500
    assert reply.json['code'] == 'RUN-DISK'
    version = engine.ask('GET', 'api/configure')['version']
    body = {'version': version, 'queries': [], 'run': None, 'confirm_empty': True}
    assert engine.api('PUT', 'api/configure', body).json['code'] == 'RUN-DISK'
    assert len(engine.ask('GET', 'api/configure')['queries']) == 1
    is_full = False
    assert engine.run_update('delta')[0]['status'] == 'Upload Complete'
    engine.assert_right()


LOCKER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60)
connection.execute('BEGIN IMMEDIATE')
print('locked', flush=True)
sys.stdin.readline()
connection.execute('ROLLBACK')
"""


@pytest.fixture
def lock() -> Iterator[Callable[[Path], Callable[[], None]]]:
    """Lets another process hold the database; gives what makes it let go."""
    processes: list[subprocess.Popen[str]] = []

    def hold(path: Path) -> Callable[[], None]:
        process = subprocess.Popen(
            [sys.executable, '-c', LOCKER, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == 'locked\n'
        return lambda: process.communicate('\n') and None

    yield hold
    for process in processes:
        if process.poll() is None:
            process.communicate('\n')


def test_database_locked_for_some_seconds_only_delays(
    engine: Engine, lock: Callable[[Path], Callable[[], None]]
) -> None:
    engine.save_queries([query()], run='full')
    let_go = lock(engine.folder / 'state.db')
    engine.request_update('full')
    time.sleep(2)
    assert health(engine)['status'] == 'healthy'
    let_go()
    engine.wait()
    assert engine.last_jobs()[0]['status'] == 'Upload Complete'
    engine.assert_right()


def test_database_locked_for_too_long_is_reported_and_survived(
    world: World,
    tmp_path: Path,
    lock: Callable[[Path], Callable[[], None]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sqlite, 'BUSY_TIMEOUT_S', 0.2)
    with Engine(world, tmp_path / 'app') as engine:
        engine.save_queries([query()], run='full')
        let_go = lock(engine.folder / 'state.db')
        engine.request_update('full')
        until(lambda: health(engine)['status'] == 'degraded', 'health does not tell')
        error = health(engine)['last_error']
        assert (error['code'], 'goes on by itself' in error['message']) == ('RUN-DISK', True)
        let_go()
        engine.wait()
        until(lambda: health(engine)['status'] == 'healthy', 'health does not recover')
        engine.assert_right()
        assert sound(engine)


def test_unreadable_file_of_documents_is_set_aside_and_the_older_one_used(
    world: World, engine: Engine
) -> None:
    engine.save_queries([query()], run='full')
    before = {stix['id'] for stix in world.live().values()}
    engine.stop()
    (engine.folder / 'documents.json').write_bytes(b'{"meta": {"form')
    engine.start()
    assert health(engine)['status'] == 'degraded'
    (condition,) = health(engine)['conditions']
    assert condition['code'] == 'documents-set-aside'
    assert 'The copy before it is used' in condition['remedy']
    assert len(engine.ask('GET', 'api/configure')['queries']) == 1
    engine.wait()
    engine.run_update('reconcile')
    engine.assert_right()
    assert {stix['id'] for stix in world.live().values()} == before


def test_documents_that_are_lost_for_good_cost_a_full_update_and_no_second_copy(
    world: World, engine: Engine
) -> None:
    engine.save_queries([query()], run='full')
    before = {stix['id'] for stix in world.live().values()}
    engine.stop()
    for path in engine.folder.glob('documents.json*'):
        path.write_bytes(b'\0' * 100)
    engine.start()
    (warning,) = set_aside(engine)
    assert 'have to be entered again' in warning
    assert engine.ask('GET', 'api/configure')['queries'] == []
    engine.save_queries([query()])
    assert engine.last_jobs()[0]['mode'] == 'full'
    engine.assert_right()
    assert {stix['id'] for stix in world.live().values()} == before


OTHER_DATABASES = {
    'DROP TABLE page_ids': 'the table page_ids is missing',
    'PRAGMA user_version = 0': 'is foreign in schema 0',
    "CREATE TRIGGER foreign_one BEFORE INSERT ON error BEGIN SELECT raise(ABORT, 'no'); END": (
        'the trigger foreign_one is foreign'
    ),
    "UPDATE ledger SET indicator_id = 'text'": 'a row of ledger holds',
}


@pytest.mark.parametrize('statement', OTHER_DATABASES)
def test_database_of_another_shape_is_set_aside_and_the_next_update_ends_well(
    world: World, engine: Engine, statement: str
) -> None:
    engine.save_queries([query()], run='full')
    before = {stix['id'] for stix in world.live().values()}
    engine.stop()
    connection = sqlite3.connect(engine.folder / 'state.db', isolation_level=None)
    connection.execute(statement)
    connection.close()
    engine.start()
    (warning,) = set_aside(engine)
    assert 'was damaged and has been set aside' in warning
    assert OTHER_DATABASES[statement] in warning
    assert len(engine.ask('GET', 'api/configure')['queries']) == 1
    (job,) = engine.run_update('full')
    assert job['status'] == 'Upload Complete'
    engine.assert_right()
    assert {stix['id'] for stix in world.live().values()} == before


def test_old_database_whose_rows_do_not_fit_the_newer_schema_is_set_aside_when_opened(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    engine.save_queries([query()], run='full')
    engine.stop()
    newer = shutil.copytree(schema.MIGRATIONS, tmp_path / 'migrations')
    (newer / f'{len(schema.current_steps()) + 1:04}_one_of_each.sql').write_text(
        'CREATE UNIQUE INDEX one_of_each ON ledger (owner);'
    )
    monkeypatch.setattr(schema, 'MIGRATIONS', newer)
    engine.start()
    (warning,) = set_aside(engine)
    assert 'was damaged and has been set aside' in warning
    assert len(engine.ask('GET', 'api/configure')['queries']) == 1


@pytest.mark.parametrize('way', ['missing', 'spoilt'])
def test_database_that_is_lost_alone_costs_a_full_update_and_no_second_copy(
    world: World, make_engine: Callable[..., Engine], way: str
) -> None:
    engine = make_engine(schedule_interval_hours='24')
    engine.save_queries([query()])
    before = {stix['id'] for stix in world.live().values()}
    engine.stop()
    for path in engine.folder.glob('state.db*'):
        path.unlink()
    if way == 'spoilt':
        (engine.folder / 'state.db').write_bytes(b'\xff' * 100_000)
    engine.start()
    warnings = set_aside(engine)
    assert ['was damaged and has been set aside' in text for text in warnings] == (
        [True] if way == 'spoilt' else []
    )
    world.clock.advance(25 * 3600)
    engine.wait_for_schedule()
    (job,) = engine.last_jobs()
    assert (job['mode'], job['count_sent'] > 0) == ('full', True)
    engine.assert_right()
    assert {stix['id'] for stix in world.live().values()} == before
    # The ledger is known again, so a delta has nothing to send.
    world.clock.advance(24 * 3600)
    engine.wait_for_schedule()
    (job,) = engine.last_jobs()
    assert (job['mode'], job['count_sent']) == ('delta', 0)


def sound(engine: Engine) -> bool:
    """Whether SQLite finds nothing wrong with the database."""
    connection = sqlite3.connect(engine.folder / 'state.db')
    try:
        return bool(connection.execute('PRAGMA integrity_check').fetchone()[0] == 'ok')
    finally:
        connection.close()
