"""What is gone from ThreatConnect goes from Sentinel, and nothing else does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.harness.engine import OWNERS, Engine, World, hosts, outcomes, query
from tests.simulators.certificates import make_certificates
from tests.simulators.https import Reply, Request
from tests.simulators.threatconnect import ACCESS_ID

pytestmark = pytest.mark.integration


@pytest.fixture(scope='module')
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(make_certificates(tmp_path_factory.mktemp('ca'))) as made:
        yield made


@pytest.fixture(autouse=True)
def _reset(world: World) -> None:
    world.reset()


def ids(world: World, count: int, owner: str = OWNERS[0]) -> list[int]:
    rows = [row for row in world.store.rows() if row['ownerName'] == owner]
    return [row['id'] for row in rows[:count]]


def revoked(world: World) -> list[dict[str, object]]:
    held = world.sentinel.held_objects('ThreatConnect-StandIn').values()
    return [stix for stix in held if stix.get('revoked')]


def test_deleted_and_inactive_indicators_are_withdrawn_by_a_delta(
    world: World, tmp_path: Path
) -> None:
    world.store.load(hosts(20))
    with Engine(world, tmp_path) as engine:
        engine.save_queries([query()], run='full')
        first, second, third = ids(world, 3)
        world.clock.advance(600)
        world.store.delete(first)
        world.store.deactivate(second)
        job = engine.run_update('delta')[0]
        assert outcomes(job) == {'withdrawn': 2}
        assert job['status'] == 'Upload Complete'
        assert len(revoked(world)) == 2
        engine.assert_right()
        # Nothing is withdrawn twice, and nothing else happens.
        assert outcomes(engine.run_update('delta')[0]).get('withdrawn') is None
        assert third in ids(world, 3)


@pytest.mark.parametrize(
    'odd',
    [
        {'type': 'Type of Tomorrow'},
        {'type': 'x" or id > 0 or typeName = "' + 'y' * 10_000},
        {'type': None, 'summary': []},
        {'ownerName': OWNERS[0].upper()},
        {'ownerName': f' {OWNERS[0]}'},
    ],
)
def test_odd_entry_of_the_deleted_list_blocks_no_other(
    world: World, tmp_path: Path, odd: dict[str, object]
) -> None:
    world.store.load(hosts(20))
    with Engine(world, tmp_path) as engine:
        engine.save_queries([query()], run='full')
        for gone in ids(world, 2):
            world.store.delete(gone)

        def told(request: Request, reply: Reply) -> Reply:
            if (
                not request.path.endswith('/deleted')
                or OWNERS[0] not in dict(request.query).values()
            ):
                return reply
            answer = json.loads(reply.body)
            if answer['data']:
                answer['data'][0] |= odd
                answer['data'].append(answer['data'][0] | odd)
            return replace(reply, body=json.dumps(answer).encode())

        world.threatconnect.alter(told)
        job = engine.run_update('delta')[0]
        world.threatconnect.alter(lambda _request, reply: reply)
        assert (job['status'], job['warnings']) == ('Upload Complete', [])
        # An entry whose type is not known says nothing, and that type is no part of any question.
        asked = str([seen.query for seen in world.threatconnect.requests])
        assert 'Tomorrow' not in asked
        assert 'yyy' not in asked
        assert job['count_withdrawn'] == (1 if 'type' in odd else 2)


def test_value_that_returns_gets_an_id_of_the_next_generation(world: World, tmp_path: Path) -> None:
    world.store.load(hosts(5))
    with Engine(world, tmp_path) as engine:
        engine.save_queries([query()], run='full')
        gone = ids(world, 1)[0]
        before = {stix['id'] for stix in world.live().values()}
        world.clock.advance(600)
        world.store.deactivate(gone)
        engine.run_update('delta')
        world.clock.advance(600)
        world.store.activate(gone)
        engine.run_update('delta')
        engine.assert_right()
        after = {stix['id'] for stix in world.live().values()}
        assert len(after - before) == 1
        world.clock.advance(600)
        world.store.deactivate(gone)
        engine.run_update('delta')
        world.clock.advance(600)
        world.store.activate(gone)
        engine.run_update('full')
        engine.assert_right()
        assert len(world.sentinel.held_objects('ThreatConnect-StandIn')) == 7


def test_lower_query_takes_over_what_is_gone_from_the_higher_one(
    world: World, tmp_path: Path
) -> None:
    world.store.load([*hosts(3, OWNERS[0]), *hosts(3, OWNERS[1])])
    with Engine(world, tmp_path) as engine:
        engine.save_queries([query(owners=[OWNERS[0]]), query(owners=[OWNERS[1]])], run='full')
        world.clock.advance(600)
        world.store.delete(ids(world, 1)[0])
        high, low = engine.run_update('delta')
        assert outcomes(high) == {}
        assert outcomes(low) == {'sent': 1}
        assert revoked(world) == []
        live = engine.assert_right()
        assert sum(stix['name'].endswith(OWNERS[1]) for stix in live.values()) == 1


def test_deleted_indicator_that_was_recreated_stays(world: World, tmp_path: Path) -> None:
    rows = hosts(3)
    world.store.load(rows)
    with Engine(world, tmp_path) as engine:
        engine.save_queries([query()], run='full')
        world.clock.advance(600)
        gone = ids(world, 1)[0]
        again = {name: value for name, value in world.store.get(gone).items() if name != 'id'}
        world.store.delete(gone)
        world.store.add(again)
        engine.run_update('delta')
        assert revoked(world) == []
        engine.assert_right()


@pytest.mark.parametrize(
    ('policy', 'is_withdrawn'),
    [
        ('Never', False),
        ('Deleted in ThreatConnect', False),
        ('Deleted or no longer matching', True),
    ],
)
def test_indicator_that_no_longer_matches_is_withdrawn_only_by_policy(
    world: World, tmp_path: Path, policy: str, *, is_withdrawn: bool
) -> None:
    world.store.load(hosts(30))
    with Engine(world, tmp_path, withdraw_indicators=policy) as engine:
        engine.save_queries([query('confidence >= 3')], run='full')
        world.clock.advance(600)
        changed = next(row['id'] for row in world.store.rows() if row['confidence'] == 20)
        world.store.modify(changed, confidence=1)
        engine.run_update('delta')
        assert revoked(world) == []
        engine.run_update('reconcile')
        assert len(revoked(world)) == int(is_withdrawn)


@pytest.mark.parametrize('mode', ['full', 'reconcile'])
def test_update_of_one_query_withdraws_nothing_of_another(
    world: World, tmp_path: Path, mode: str
) -> None:
    world.store.load(hosts(20))
    with Engine(
        world,
        tmp_path,
        withdraw_indicators='Deleted or no longer matching',
        withdraw_limit_percent='100',
    ) as engine:
        low, _ = engine.save_queries(
            [query('confidence < 50'), query('confidence >= 50')], run='full'
        )
        before = world.live()
        assert len(before) == 20
        # It is the other query's now, which this update does not read.
        world.clock.advance(600)
        moved = next(row['id'] for row in world.store.rows() if row['confidence'] < 50)
        world.store.modify(moved, confidence=80)
        engine.run_update(mode, query_ids=[low['id']])
        assert revoked(world) == []
        assert world.live().keys() == before.keys()


def test_removed_query_is_withdrawn_by_a_reconcile_where_no_other_holds_it(
    world: World, tmp_path: Path
) -> None:
    world.store.load([*hosts(6, OWNERS[0]), *hosts(3, OWNERS[1])])
    policy = 'Deleted or no longer matching'
    with Engine(world, tmp_path, withdraw_indicators=policy) as engine:
        _, low = engine.save_queries(
            [query(owners=[OWNERS[0]]), query(owners=[OWNERS[1]])], run='full'
        )
        engine.save_queries([low])
        job = engine.run_update('reconcile')[0]
        assert outcomes(job) == {'sent': 3, 'withdrawn': 3}
        engine.assert_right()


def test_large_withdrawal_waits_for_a_confirmation(world: World, tmp_path: Path) -> None:
    world.store.load(hosts(300))
    with Engine(world, tmp_path) as engine:
        engine.save_queries([query()], run='full')
        world.clock.advance(600)
        for gone in ids(world, 120):
            world.store.delete(gone)
        job = engine.run_update('delta')[0]
        assert job['status'] == 'Upload Complete'
        assert job['count_held_back'] == 120
        assert any('Withdraw Limit Percent' in text for text in job['warnings'])
        assert revoked(world) == []
        # It is still known by the next one, and done once somebody has said yes.
        assert engine.run_update('delta')[0]['count_held_back'] == 120
        engine.ask('POST', f'api/job/request/{job["request_id"]}/withdraw', {})
        engine.wait()
        assert len(revoked(world)) == 120
        engine.assert_right()


@pytest.mark.parametrize(
    ('held', 'gone', 'is_withdrawn'),
    [
        # A fifth of all is the limit, and is within it.
        (520, 104, True),
        (520, 105, False),
        # So few are never too many.
        (200, 100, True),
        (200, 101, False),
    ],
)
def test_limit_is_a_share_of_the_live_objects(
    world: World, tmp_path: Path, held: int, gone: int, *, is_withdrawn: bool
) -> None:
    world.store.load(hosts(held))
    with Engine(world, tmp_path) as engine:
        engine.save_queries([query()], run='full')
        world.clock.advance(600)
        for row_id in ids(world, gone):
            world.store.delete(row_id)
        (job,) = engine.run_update('delta')
        done = (gone, 0) if is_withdrawn else (0, gone)
        assert (len(revoked(world)), job['count_held_back']) == done


def test_held_back_values_that_another_query_returns_are_not_withdrawn_below_the_guard_either(
    world: World, tmp_path: Path
) -> None:
    world.store.load([*hosts(200), *hosts(200, OWNERS[1])])
    with Engine(world, tmp_path) as engine:
        queries = [query(owners=[OWNERS[0]]), query(owners=[OWNERS[1]])]
        engine.save_queries(queries, run='full')
        world.clock.advance(600)
        gone = [dict(world.store.delete(row_id)) for row_id in ids(world, 101)]
        for row in gone[:2]:
            world.store.add({'type': 'Host', 'ownerName': OWNERS[0], 'hostName': row['hostName']})
        high, _ = engine.run_update('delta')
        # The other query has them all, but it was not asked.
        assert (revoked(world), high['count_held_back']) == ([], 99)
        engine.ask('POST', f'api/job/request/{high["request_id"]}/withdraw', {})
        engine.wait()
        assert revoked(world) == []
        engine.assert_right()


def deleted_lists(world: World) -> int:
    path = '/api/v3/indicators/deleted'
    return sum(seen.path == path for seen in world.threatconnect.requests)


def test_deleted_list_is_read_only_where_something_could_be_withdrawn(
    world: World, tmp_path: Path
) -> None:
    world.store.load(hosts(5))
    with Engine(world, tmp_path / 'one') as engine:
        first, _ = engine.save_queries([query(), query(owners=[OWNERS[1]])], run='full')
        assert deleted_lists(world) == 0
        world.clock.advance(600)
        world.store.delete(ids(world, 1)[0])
        # An update of some queries only does not know what the others hold.
        engine.run_update('delta', query_ids=[first['id']])
        assert deleted_lists(world) == 0
        assert revoked(world) == []
        high, _ = engine.run_update('delta')
        assert deleted_lists(world) > 0
        assert (len(revoked(world)), high['count_held_back']) == (1, 0)
    world.threatconnect.forget_requests()
    with Engine(world, tmp_path / 'two', withdraw_indicators='Never') as engine:
        engine.save_queries([query()], run='full')
        world.clock.advance(600)
        world.store.delete(ids(world, 1)[0])
        (job,) = engine.run_update('delta')
        assert (deleted_lists(world), job['count_held_back']) == (0, 0)


def test_failed_reading_withdraws_nothing(world: World, tmp_path: Path) -> None:
    world.store.load(hosts(20))
    policy = 'Deleted or no longer matching'
    with Engine(world, tmp_path, withdraw_indicators=policy) as engine:
        engine.save_queries([query()], run='full')
        world.clock.advance(600)
        world.store.delete(ids(world, 1)[0])
        world.threatconnect.faults.on('unauthorized', path='/api/v3/indicators/deleted')
        job = engine.run_update('delta')[0]
        assert job['status'] == 'Upload Complete'
        assert any('Nothing was withdrawn' in text for text in job['warnings'])
        # Nothing waits for a confirmation either.
        assert job['count_held_back'] == 0
        assert revoked(world) == []
        world.clear_faults()
        engine.run_update('delta')
        assert len(revoked(world)) == 1
        engine.assert_right()


def test_owner_that_cannot_be_read_any_more_is_a_failure_and_no_deletion(
    world: World, tmp_path: Path
) -> None:
    world.store.load([*hosts(5, OWNERS[0]), *hosts(5, OWNERS[1], prefix='x')])
    policy = 'Deleted or no longer matching'
    with Engine(world, tmp_path, withdraw_indicators=policy) as engine:
        engine.save_queries([query()], run='full')
        before = world.live()
        users = world.threatconnect.gate.users
        whole = users[ACCESS_ID]
        users[ACCESS_ID] = replace(whole, owners=frozenset({OWNERS[0]}))
        try:
            job = engine.run_update('reconcile')[0]
        finally:
            users[ACCESS_ID] = whole
        assert job['status'] == 'Failed'
        assert OWNERS[1] in job['failure_reason']
        assert world.live().keys() == before.keys()


def test_refused_withdrawals_are_retried(world: World, tmp_path: Path) -> None:
    world.store.load(hosts(5))
    with Engine(world, tmp_path) as engine:
        engine.save_queries([query()], run='full')
        world.clock.advance(600)
        world.store.delete(ids(world, 1)[0])
        world.sentinel.faults.add('refuse-objects', count=1, contains='h0.example.com')
        assert outcomes(engine.run_update('delta')[0]) == {'refused': 1}
        assert outcomes(engine.run_update('delta')[0]) == {'withdrawn': 1}
        engine.assert_right()


def test_refused_objects_are_tried_in_three_more_updates_and_then_left_until_they_change(
    world: World, tmp_path: Path
) -> None:
    world.store.load(hosts(5))
    world.sentinel.faults.add('refuse-objects', contains='h3.example.com')
    with Engine(world, tmp_path) as engine:
        engine.save_queries([query()], run='full')
        sent = []
        for _ in range(5):
            world.clock.advance(3600)
            job = engine.run_update('delta')[0]
            sent.append((job['count_object'], job['count_refused']))
        # After the last try its value is asked for once, in case somebody else has it.
        assert sent == [(1, 1), (1, 1), (1, 1), (0, 1), (0, 0)]
        # A full update sends it all the same; a change gives it new tries.
        assert engine.run_update('full')[0]['count_refused'] == 1
        world.clock.advance(600)
        world.store.modify(
            next(row['id'] for row in world.store.rows() if row['hostName'] == 'h3.example.com'),
            confidence=99,
        )
        world.clock.advance(5)
        assert engine.run_update('delta')[0]['count_refused'] == 1
        world.clear_faults()
        assert outcomes(engine.run_update('delta')[0]) == {'sent': 1}
        engine.assert_right()


def test_entries_at_the_start_of_a_deleted_list_are_withdrawn_and_the_rest_reported(
    world: World, tmp_path: Path
) -> None:
    world.store.load(hosts(5))
    with Engine(world, tmp_path) as engine:
        engine.save_queries([query()], run='full')
        world.clock.advance(600)
        for row_id in ids(world, 3):
            world.store.delete(row_id)
        path = '/api/v3/indicators/deleted'
        world.threatconnect.faults.on('ignores_start', path=path)
        world.threatconnect.faults.on('page_cap', path=path, rows=2)
        (job,) = engine.run_update('delta')
        assert (job['status'], outcomes(job)) == ('Upload Complete', {'withdrawn': 2})
        (warning,) = job['warnings']
        assert 'only 2 of 3 entries' in warning
        # It is not searched for the same again.
        world.clear_faults()
        (job,) = engine.run_update('delta')
        assert job['warnings'] == []


def test_deleted_list_that_knows_no_pages_is_read_once(world: World, tmp_path: Path) -> None:
    world.store.load(hosts(5))
    with Engine(world, tmp_path) as engine:
        engine.save_queries([query()], run='full')
        world.clock.advance(600)
        world.store.delete(ids(world, 1)[0])
        world.threatconnect.faults.on('ignores_start', path='/api/v3/indicators/deleted')
        assert outcomes(engine.run_update('delta')[0]) == {'withdrawn': 1}
        engine.assert_right()
