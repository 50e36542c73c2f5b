"""A TQL query that is disabled takes no part, loses nothing, and comes back whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.engine import OWNERS, Engine, World, hosts, outcomes, query
from tests.simulators.certificates import make_certificates

pytestmark = pytest.mark.integration

POLICY = 'Deleted or no longer matching'
DAY_S = 86_400.0


@pytest.fixture(scope='module')
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(make_certificates(tmp_path_factory.mktemp('ca'))) as made:
        yield made


@pytest.fixture(autouse=True)
def _reset(world: World) -> None:
    world.reset()


def disabled(saved: dict[str, object]) -> dict[str, object]:
    return {**saved, 'is_enabled': False}


def ids_of(world: World, owner: str) -> list[int]:
    return [row['id'] for row in world.store.rows() if row['ownerName'] == owner]


def test_objects_of_a_disabled_query_stay_valid_and_lower_queries_take_over(
    world: World, tmp_path: Path
) -> None:
    world.store.load([*hosts(6, OWNERS[0]), *hosts(3, OWNERS[1])])
    with Engine(world, tmp_path, withdraw_indicators=POLICY) as engine:
        both = [query(owners=[OWNERS[0]]), query(owners=[OWNERS[1]])]
        high, low = engine.save_queries(both, run='full')
        engine.save_queries([disabled(high), low])
        (job,) = engine.run_update('reconcile')
        assert job['query']['position'] == 1
        assert outcomes(job) == {'sent': 3}
        assert len(world.live()) == 6

        # What is gone from ThreatConnect is withdrawn all the same.
        world.store.delete(ids_of(world, OWNERS[0])[5])
        (job,) = engine.run_update('delta')
        assert outcomes(job) == {'withdrawn': 1}
        assert len(world.live()) == 5

        engine.save_queries([high, low])
        jobs = engine.run_update('delta')
        assert [outcomes(job) for job in jobs] == [{'sent': 3, 'unchanged': 2}, {}]
        engine.assert_right()


def test_query_that_is_enabled_again_sends_what_has_expired_or_changed_meanwhile(
    world: World, tmp_path: Path
) -> None:
    world.store.load([*hosts(4, OWNERS[0]), *hosts(1, OWNERS[1], prefix='other')])
    with Engine(world, tmp_path) as engine:
        both = [query(owners=[OWNERS[0]]), query(owners=[OWNERS[1]])]
        high, low = engine.save_queries(both, run='full')
        engine.save_queries([disabled(high), low])
        world.clock.advance(5 * DAY_S)
        world.store.modify(ids_of(world, OWNERS[0])[0], confidence=99)
        engine.run_update('delta')
        world.clock.advance(26 * DAY_S)
        engine.run_update('full')
        assert len(world.live()) == 1
        engine.save_queries([high, low])
        first, second = engine.run_update('delta')
        assert (outcomes(first), outcomes(second)) == ({'sent': 4}, {})
        engine.assert_right()


def test_disabled_query_is_refused_by_name_in_an_update(world: World, tmp_path: Path) -> None:
    world.store.load(hosts(2, OWNERS[0]))
    with Engine(world, tmp_path) as engine:
        (saved,) = engine.save_queries([query(owners=[OWNERS[0]])], run='full')
        (job,) = engine.run_update('delta')
        engine.save_queries([disabled(saved)])
        assert engine.ask('GET', 'api/configure')['next_update'] is None
        reply = engine.api('POST', 'api/job/request', {'mode': 'full', 'query_ids': [saved['id']]})
        assert reply.status_code == 422
        assert 'enable it in CONFIGURE first' in reply.text
        reply = engine.api('POST', 'api/job/request', {'mode': 'full'})
        assert reply.status_code == 409
        assert 'All TQL queries are disabled' in reply.text
        assert job['status'] == 'Upload Complete'
