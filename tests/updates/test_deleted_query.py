"""What a deleted TQL query has sent stays until it expires, or is withdrawn by choice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness.engine import OWNERS, Engine, World, hosts, outcomes, query
from tests.simulators.certificates import make_certificates

pytestmark = pytest.mark.integration


@pytest.fixture(scope='module')
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(make_certificates(tmp_path_factory.mktemp('ca'))) as made:
        yield made


@pytest.fixture(autouse=True)
def _reset(world: World) -> None:
    world.reset()


def ended(engine: Engine) -> list[dict[str, Any]]:
    """Wait until nothing runs, and give the Jobs of the last update, the highest query's first."""
    engine.wait()
    last = engine.jobs()[-1]['update_id']
    return sorted(engine.jobs(last), key=lambda job: job['query']['position'])


def due(engine: Engine) -> str:
    """Return the mode of the next scheduled update."""
    return str(engine.ask('GET', 'api/configure')['next_update']['mode'])


@pytest.mark.parametrize('policy', ['Never', 'Deleted in ThreatConnect'])
def test_objects_that_only_the_deleted_query_selects_are_withdrawn_and_the_rest_taken_over(
    world: World, tmp_path: Path, policy: str
) -> None:
    world.store.load([*hosts(6, OWNERS[0]), *hosts(3, OWNERS[1])])
    with Engine(world, tmp_path, withdraw_indicators=policy) as engine:
        both = [query(owners=[OWNERS[0]], name='Phishing'), query(owners=[OWNERS[1]])]
        high, low = engine.save_queries(both, run='full')
        engine.save_queries([low], withdraw=[high['id']])
        kept, gone = ended(engine)
        assert (kept['mode'], outcomes(kept)) == ('reconcile', {'sent': 3})
        assert (gone['query']['name'], outcomes(gone)) == ('Phishing', {'withdrawn': 3})
        engine.assert_right()
        (entry,) = engine.ask('GET', 'api/report/audit?limit=1')['data']
        assert entry['detail'] == '1 TQL query, 1 removed, objects of 1 removed to be withdrawn'
        # It is done: nothing of it comes again.
        engine.until(lambda: len(engine.run_update('reconcile')) == 1, 'it is not done')


def test_objects_stay_without_that_choice(world: World, tmp_path: Path) -> None:
    world.store.load([*hosts(4, OWNERS[0]), *hosts(1, OWNERS[1], prefix='other')])
    with Engine(world, tmp_path) as engine:
        both = [query(owners=[OWNERS[0]]), query(owners=[OWNERS[1]])]
        high, low = engine.save_queries(both, run='full')
        version = engine.ask('GET', 'api/configure')['version']
        body = {'version': version, 'queries': [low], 'withdraw': []}
        effect = engine.ask('POST', 'api/configure/effect', body)
        assert (effect['objects_staying'], effect['objects_fewer']) == (4, 0)
        assert effect['queries'][1]['staying_until'] > world.clock.now().isoformat()
        effect = engine.ask('POST', 'api/configure/effect', {**body, 'withdraw': [high['id']]})
        assert (effect['objects_staying'], effect['objects_fewer']) == (0, 4)
        engine.save_queries([low])
        assert [outcomes(job) for job in engine.run_update('reconcile')] == [{'unchanged': 1}]
        assert len(world.live()) == 5


def test_full_update_sends_as_much_as_the_effect_predicted(world: World, tmp_path: Path) -> None:
    shared = [*hosts(6, OWNERS[0]), *hosts(3, OWNERS[1])]
    world.store.load([*shared, *hosts(1, OWNERS[1], prefix='other')])
    with Engine(world, tmp_path) as engine:
        both = [query(owners=[OWNERS[0]]), query(owners=[OWNERS[1]])]
        _, low = engine.save_queries(both, run='full')
        engine.wait()
        version = engine.ask('GET', 'api/configure')['version']
        body = {'version': version, 'queries': [low]}
        effect = engine.ask('POST', 'api/configure/effect', body)
        assert (effect['objects_full'], effect['objects_more']) == (4, 0)
        assert [each['count'] for each in effect['queries']] == [4, None]
        engine.save_queries([low])
        assert [outcomes(job) for job in engine.run_update('full')] == [{'sent': 4}]


def test_objects_are_all_withdrawn_without_any_query_left(world: World, tmp_path: Path) -> None:
    world.store.load(hosts(5))
    with Engine(world, tmp_path) as engine:
        (saved,) = engine.save_queries([query()], run='full')
        assert len(world.live()) == 5
        engine.save_queries([], withdraw=[saved['id']])
        (job,) = ended(engine)
        assert outcomes(job) == {'withdrawn': 5}
        assert world.live() == {}
        assert engine.ask('GET', 'api/configure')['next_update'] is None


def test_large_withdrawal_waits_for_a_confirmation(world: World, tmp_path: Path) -> None:
    world.store.load([*hosts(150, OWNERS[0]), *hosts(50, OWNERS[1], prefix='other')])
    with Engine(world, tmp_path) as engine:
        both = [query(owners=[OWNERS[0]]), query(owners=[OWNERS[1]])]
        high, low = engine.save_queries(both, run='full')
        engine.save_queries([low], withdraw=[high['id']])
        kept, _ = ended(engine)
        assert kept['count_held_back'] == 150
        assert len(world.live()) == 200
        # Nobody is asked again by a schedule, and nothing is forgotten.
        engine.until(lambda: due(engine) == 'delta', 'the schedule tries it again')
        engine.ask('POST', f'api/job/request/{kept["request_id"]}/withdraw', {})
        _, gone = ended(engine)
        assert outcomes(gone) == {'withdrawn': 150}
        engine.assert_right()


def test_failed_reading_withdraws_nothing_and_the_next_one_does(
    world: World, tmp_path: Path
) -> None:
    world.store.load([*hosts(4, OWNERS[0]), *hosts(2, OWNERS[1], prefix='other')])
    with Engine(world, tmp_path) as engine:
        both = [query(owners=[OWNERS[0]]), query(owners=[OWNERS[1]])]
        high, low = engine.save_queries(both, run='full')
        world.threatconnect.faults.on('unauthorized')
        engine.save_queries([low], withdraw=[high['id']])
        kept, gone = ended(engine)
        assert (kept['status'], gone['status']) == ('Failed', 'Upload Complete')
        assert outcomes(gone) == {}
        engine.until(lambda: due(engine) == 'reconcile', 'the next update does not try again')
        world.clear_faults()
        engine.restart()
        _, gone = engine.run_update('reconcile')
        assert outcomes(gone) == {'withdrawn': 4}
        engine.assert_right()


def test_queries_that_the_save_does_not_delete_cannot_be_withdrawn(
    world: World, tmp_path: Path
) -> None:
    with Engine(world, tmp_path) as engine:
        (saved,) = engine.save_queries([query()])
        version = engine.ask('GET', 'api/configure')['version']
        body = {'version': version, 'queries': [saved], 'withdraw': [saved['id'], 'unknown']}
        for method, path in (('PUT', 'api/configure'), ('POST', 'api/configure/effect')):
            reply = engine.api(method, path, body)
            assert reply.status_code == 422
            assert [each['field'] for each in reply.json['errors']] == ['withdraw.0', 'withdraw.1']
