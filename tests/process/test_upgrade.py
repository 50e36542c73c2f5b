"""The App on what an earlier version left, on what a newer one left, and on nothing.

The earlier version is this one; the newer one has one more step of the schema, which is made up.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sentinel_app.container.stores import DATABASE_FILE, DOCUMENTS_FILE
from sentinel_app.storage.maintenance import schema
from tests.harness.engine import OWNERS, Engine, ScaledClock, World, hosts, query
from tests.harness.running import MakeStand
from tests.simulators.certificates import Certificates
from tests.simulators.platform.instance import PROJECT
from tests.simulators.platform.service import AppEndedError

pytestmark = pytest.mark.integration

MADE_AT = dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC)
SPEED = 50.0
REFUSED = 'h7.example.com'
NEXT_STEP = """
-- Each object of the ledger is checked.
ALTER TABLE ledger ADD COLUMN is_checked INTEGER NOT NULL DEFAULT 0;
UPDATE ledger SET is_checked = 1;
CREATE INDEX ledger_checked ON ledger (is_checked);
CREATE TABLE made_up (id INTEGER PRIMARY KEY, error_count INTEGER NOT NULL);
INSERT INTO made_up (error_count) SELECT count(*) FROM error;
"""
RUNS = ('run.py', 'app.py', 'app_lib.py', 'install.json', 'layout.json', 'tcex.json')
"""What the App's process needs beside the sources."""


class PastClock(ScaledClock):
    """A clock that begins at a time of its own, whatever the machine's shows.

    Args:
        at: when it begins.
    """

    def __init__(self, at: dt.datetime) -> None:
        super().__init__(SPEED)
        self._began_at = at

    def time(self) -> float:
        return self._began_at.timestamp() + super().time() - self.anchor


@dataclass(frozen=True, slots=True)
class State:
    """What the earlier version left: the App's two files, and what was around it."""

    folder: Path
    rows: list[dict[str, Any]]
    """What ThreatConnect held."""
    sentinel: Path
    """What Sentinel held."""
    facts: dict[str, Any]
    """When it was, and what is to be found in it."""

    def put(self, data_dir: Path) -> None:
        """Write the App's files where the App looks for them."""
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in (DOCUMENTS_FILE, DATABASE_FILE):
            shutil.copyfile(self.folder / name, data_dir / name)


@pytest.fixture(scope='module')
def state(certificates: Certificates, tmp_path_factory: pytest.TempPathFactory) -> State:
    """Two queries, with a refused object, an update that failed, and a delta with a deletion."""
    folder = tmp_path_factory.mktemp('earlier')
    rows = hosts(40) + hosts(20, owner=OWNERS[1])
    with World(certificates, rows=rows, clock=PastClock(MADE_AT)) as world:
        with Engine(world, folder / 'app') as engine:
            facts = run_updates(world, engine)
        world.sentinel.save(folder / 'sentinel.jsonl')
        left = json.loads(json.dumps(list(world.store.rows())))
    return State(folder / 'app', left, folder / 'sentinel.jsonl', facts)


def run_updates(world: World, engine: Engine) -> dict[str, Any]:
    world.sentinel.faults.add('refuse-objects', contains=REFUSED)
    engine.save_queries([query(owners=[OWNERS[0]]), query('confidence > 5')], run='full')
    world.sentinel.faults.clear()
    first, second, third = [row for row in world.store.rows() if row['confidence'] > 10][:3]
    world.sentinel.settings.has_role = False
    world.store.modify(first['id'], confidence=99)
    engine.run_update('delta')
    world.sentinel.settings.has_role = True
    world.store.modify(second['id'], confidence=98)
    world.store.delete(third['id'])
    done = engine.run_update('delta')
    jobs = engine.jobs()
    return {
        'at': world.clock.now(),
        'queries': engine.queries,
        'jobs': {job['request_id']: job['status'] for job in jobs},
        'read_until': {job['query']['id']: job['last_modified_filter_end'] for job in done},
        'errors': sum(len(engine.errors(job['request_id'])) for job in jobs),
        'audit': engine.ask('GET', 'api/report/audit')['total_count'],
        'objects': engine.ask('GET', 'api/metric/summary')['objects_live'],
        'ids': sorted(stix['id'] for stix in world.live().values()),
    }


def add_step(migrations: Path) -> None:
    number = len(list(migrations.glob('*.sql'))) + 1
    (migrations / f'{number:04}_made_up.sql').write_text(NEXT_STEP)


@pytest.fixture
def newer_schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the App in this process be of the newer version."""
    migrations = shutil.copytree(schema.MIGRATIONS, tmp_path / 'migrations')
    add_step(migrations)
    monkeypatch.setattr(schema, 'MIGRATIONS', migrations)


@pytest.fixture
def newer_app(tmp_path: Path) -> Path:
    """The folder of an App of the newer version."""
    folder = tmp_path / 'newer'
    ignored = shutil.ignore_patterns('__pycache__')
    shutil.copytree(PROJECT / 'sentinel_app', folder / 'sentinel_app', ignore=ignored)
    for name in RUNS:
        shutil.copyfile(PROJECT / name, folder / name)
    add_step(folder / schema.MIGRATIONS.relative_to(PROJECT))
    return folder


@pytest.fixture
def world(state: State, certificates: Certificates) -> Iterator[World]:
    """Everything around the App as it was, two hours later."""
    later = PastClock(state.facts['at'] + dt.timedelta(hours=2))
    with World(certificates, rows=state.rows, clock=later) as world:
        world.sentinel.load(state.sentinel)
        yield world


@pytest.fixture
def engine(state: State, world: World, newer_schema: None, tmp_path: Path) -> Iterator[Engine]:
    """The newer App on the state."""
    state.put(tmp_path / 'app')
    with Engine(world, tmp_path / 'app') as engine:
        engine.queries = engine.ask('GET', 'api/configure')['queries']
        yield engine


def value(database: Path, statement: str) -> Any:
    connection = sqlite3.connect(database)
    try:
        return connection.execute(statement).fetchone()[0]
    finally:
        connection.close()


def rows_in_sentinel(world: World) -> int:
    return int(world.sentinel.table.row_count)


class TestUpgrade:
    def test_database_is_migrated_and_loses_nothing(self, state: State, engine: Engine) -> None:
        before, after = state.folder / DATABASE_FILE, engine.folder / DATABASE_FILE
        version = 'PRAGMA user_version'
        assert value(after, version) == value(before, version) + 1
        objects = value(before, 'SELECT count(*) FROM ledger')
        assert value(after, 'SELECT sum(is_checked) FROM ledger') == objects > 0
        assert value(after, 'SELECT error_count FROM made_up') == state.facts['errors']

    def test_existing_data_is_all_shown(self, state: State, engine: Engine) -> None:
        facts = state.facts
        assert engine.queries == facts['queries']
        jobs = engine.jobs()
        assert {job['request_id']: job['status'] for job in jobs} == facts['jobs']
        assert set(facts['jobs'].values()) >= {'Upload Complete', 'Failed'}
        errors = [each for job in jobs for each in engine.errors(job['request_id'])]
        assert len(errors) == facts['errors'] > 0
        assert engine.ask('GET', 'api/report/audit')['total_count'] == facts['audit'] > 0
        summary = engine.ask('GET', 'api/metric/summary')
        assert summary['objects_live'] == facts['objects'] == len(facts['ids'])
        health = engine.ask('GET', 'api/health')
        assert (health['status'], health['conditions']) == ('healthy', [])

    def test_delta_begins_where_the_last_one_ended_and_sends_nothing_again(
        self, state: State, world: World, engine: Engine
    ) -> None:
        before = rows_in_sentinel(world)
        for job in engine.run_update('delta'):
            assert (job['status'], job['count_sent']) == ('Upload Complete', 0)
            ended_at = dt.datetime.fromisoformat(state.facts['read_until'][job['query']['id']])
            began_at = dt.datetime.fromisoformat(job['last_modified_filter_start'])
            assert began_at == ended_at - dt.timedelta(minutes=5)
        assert rows_in_sentinel(world) == before

    def test_later_changes_are_sent_under_the_same_ids(
        self, state: State, world: World, engine: Engine
    ) -> None:
        before = rows_in_sentinel(world)
        world.store.modify(world.store.rows()[0]['id'], confidence=77)
        jobs = engine.run_update('delta')
        assert sum(job['count_sent'] for job in jobs) == 1
        assert rows_in_sentinel(world) == before + 1
        engine.run_update('reconcile')
        live = engine.assert_right()
        assert {stix['id'] for stix in live.values()} >= set(state.facts['ids'])

    def test_full_update_makes_no_second_copies(
        self, state: State, world: World, engine: Engine
    ) -> None:
        engine.run_update('full')
        # `live` sees to it that no value is there twice.
        live = engine.assert_right()
        assert {stix['id'] for stix in live.values()} >= set(state.facts['ids'])

    def test_real_process_starts_on_it_and_shows_the_jobs(
        self, state: State, newer_app: Path, make_stand: MakeStand
    ) -> None:
        # By the machine's clock they may be old enough for the Cleaner.
        with make_stand(rows=(), inputs={'retention_days': '36500'}, app_folder=newer_app) as stand:
            folder = stand.app.folders.out / 'ms_sentinel'
            state.put(folder)
            stand.app.start()
            jobs = stand.api('GET', 'api/job/request?limit=100').json()['data']
            assert {job['request_id'] for job in jobs} >= state.facts['jobs'].keys()
            assert stand.app.heartbeat()['Objects in Sentinel'] >= 0
            assert stand.app.shutdown() == 0
            assert value(folder / DATABASE_FILE, 'SELECT count(*) FROM made_up') == 1


class TestStateLost:
    def test_next_update_is_full_and_leaves_no_second_copies(
        self, state: State, world: World, engine: Engine
    ) -> None:
        engine.stop()
        shutil.rmtree(engine.folder)
        engine.start()
        assert engine.ask('GET', 'api/configure')['queries'] == []
        wanted = [{name: saved[name] for name in query()} for saved in state.facts['queries']]
        engine.save_queries(wanted)
        assert {job['mode'] for job in engine.last_jobs()} == {'full'}
        live = engine.assert_right()
        assert {stix['id'] for stix in live.values()} >= set(state.facts['ids'])


def newer_documents(folder: Path) -> None:
    path = folder / 'documents.json'
    path.write_text(path.read_text().replace('"format": 1', '"format": 2', 1))


def newer_database(folder: Path) -> None:
    connection = sqlite3.connect(folder / 'state.db')
    connection.execute('PRAGMA user_version = 999')
    connection.commit()
    connection.close()


class TestDowngrade:
    @pytest.mark.parametrize(
        ('make_newer', 'name'), [(newer_documents, 'documents.json'), (newer_database, 'state.db')]
    )
    def test_newer_store_is_refused_and_no_byte_of_either_is_touched(
        self, state: State, make_stand: MakeStand, make_newer: Any, name: str
    ) -> None:
        with make_stand() as stand:
            folder = stand.app.folders.out / 'ms_sentinel'
            state.put(folder)
            make_newer(folder)
            before = {path.name: path.read_bytes() for path in folder.iterdir()}
            with pytest.raises(AppEndedError):
                stand.app.start()
            assert stand.app.exit_code == 1
            message = stand.app.message_tc
            assert f'/{name} ' in message
            assert 'written by a newer version of the App' in message
            assert 'nstall that version again' in stand.app.log
            after = {path.name: path.read_bytes() for path in folder.iterdir()}
            after.pop('lock')
            assert after == before
