"""The App on what an earlier version left, on what a newer one left, and on nothing."""

from __future__ import annotations

import datetime as dt
import re
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine import Engine, World, query
from tests.release_state import ReleaseState, make, release_states
from tests.running import MakeStand
from tests.simulators.certificates import Certificates
from tests.simulators.platform.instance import PROJECT
from tests.simulators.platform.service import AppEndedError

pytestmark = pytest.mark.integration

STATES = release_states()


def test_every_version_of_the_changelog_has_its_state() -> None:
    versions = re.findall(
        r'^## \[(\d+\.\d+\.\d+)\]', (PROJECT / 'CHANGELOG.md').read_text(), re.MULTILINE
    )
    assert versions
    assert {state.folder.name for state in STATES} == set(versions)


def test_a_state_is_made_once_and_for_all(tmp_path: Path) -> None:
    folder = tmp_path / '9.9.9'
    make(folder)
    assert {path.name for path in folder.iterdir()} == {
        path.name for path in STATES[-1].folder.iterdir()
    }
    facts, earlier = ReleaseState(folder).facts, STATES[-1].facts
    assert facts.keys() == earlier.keys()
    assert facts['ids'] == earlier['ids']
    with pytest.raises(FileExistsError):
        make(folder)


@pytest.fixture(params=STATES, ids=lambda state: state.folder.name)
def state(request: pytest.FixtureRequest) -> ReleaseState:
    found: ReleaseState = request.param
    return found


@pytest.fixture
def world(state: ReleaseState, certificates: Certificates, tmp_path: Path) -> Iterator[World]:
    """Everything around the App as it was, two hours later."""
    with state.world(certificates, later=dt.timedelta(hours=2)) as world:
        state.fill(world, tmp_path)
        yield world


@pytest.fixture
def engine(state: ReleaseState, world: World, tmp_path: Path) -> Iterator[Engine]:
    """The present App on the state."""
    state.put(tmp_path / 'app')
    with Engine(world, tmp_path / 'app') as engine:
        engine.queries = engine.ask('GET', 'api/configure')['queries']
        yield engine


def rows_in_sentinel(world: World) -> int:
    return int(world.sentinel.table.row_count)


class TestUpgrade:
    def test_all_that_was_there_is_shown(self, state: ReleaseState, engine: Engine) -> None:
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
        assert (health['status'], health['storage']['warnings']) == ('ok', [])

    def test_a_delta_begins_where_the_last_one_ended_and_sends_nothing_again(
        self, state: ReleaseState, world: World, engine: Engine
    ) -> None:
        before = rows_in_sentinel(world)
        for job in engine.run_update('delta'):
            assert (job['status'], job['count_sent']) == ('Upload Complete', 0)
            ended_at = dt.datetime.fromisoformat(state.facts['read_until'][job['query']['id']])
            began_at = dt.datetime.fromisoformat(job['last_modified_filter_start'])
            assert began_at == ended_at - dt.timedelta(minutes=5)
        assert rows_in_sentinel(world) == before

    def test_what_changes_from_now_on_is_sent_under_the_same_ids(
        self, state: ReleaseState, world: World, engine: Engine
    ) -> None:
        before = rows_in_sentinel(world)
        world.store.modify(world.store.rows()[0]['id'], confidence=77)
        jobs = engine.run_update('delta')
        assert sum(job['count_sent'] for job in jobs) == 1
        assert rows_in_sentinel(world) == before + 1
        engine.run_update('reconcile')
        live = engine.assert_right()
        assert {stix['id'] for stix in live.values()} >= set(state.facts['ids'])

    def test_a_full_update_makes_no_second_copies(
        self, state: ReleaseState, world: World, engine: Engine
    ) -> None:
        engine.run_update('full')
        # `live` sees to it that no value is there twice.
        live = engine.assert_right()
        assert {stix['id'] for stix in live.values()} >= set(state.facts['ids'])

    def test_the_real_process_starts_on_it_and_shows_the_jobs(
        self, state: ReleaseState, make_stand: MakeStand
    ) -> None:
        # By the machine's clock they may be old enough for the Cleaner.
        with make_stand(rows=(), inputs={'retention_days': '36500'}) as stand:
            state.put(stand.app.folders.out / 'ms_sentinel')
            stand.app.start()
            jobs = stand.api('GET', 'api/job/request?limit=100').json()['data']
            assert {job['request_id'] for job in jobs} >= state.facts['jobs'].keys()
            assert stand.app.heartbeat()['Objects in Sentinel'] >= 0
            assert stand.app.shutdown() == 0


class TestStateLost:
    def test_the_next_update_is_full_and_leaves_no_second_copies(
        self, state: ReleaseState, world: World, engine: Engine
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
    def test_a_newer_store_is_refused_and_no_byte_of_either_is_touched(
        self, make_stand: MakeStand, make_newer: Any, name: str
    ) -> None:
        with make_stand() as stand:
            folder = stand.app.folders.out / 'ms_sentinel'
            STATES[-1].put(folder)
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
