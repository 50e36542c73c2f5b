"""Which copy of a value Sentinel holds, within an update and across updates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.harness.engine import OWNERS, Engine, World, hosts, outcomes, query

pytestmark = pytest.mark.integration

ORGANIZATION, RESEARCH, OSINT = OWNERS
PATTERN = "[domain-name:value = 'h0.example.com']"


def by_owner(*owners: str) -> list[dict[str, Any]]:
    return [query(owners=[owner]) for owner in owners]


def holder(world: World, pattern: str = PATTERN) -> str:
    return str(world.live()[pattern]['name'].partition(' | ')[2])


def test_highest_query_with_a_copy_has_it_whatever_the_owners(world: World, engine: Engine) -> None:
    world.store.load(hosts(6, OSINT) + hosts(4, RESEARCH) + hosts(2, ORGANIZATION))
    engine.save_queries(by_owner(ORGANIZATION, RESEARCH, OSINT))
    assert [outcomes(job) for job in engine.last_jobs()] == [
        {'sent': 2},
        {'sent': 2, 'duplicate': 2},
        {'sent': 2, 'duplicate': 4},
    ]
    assert len(engine.assert_right()) == 6


def test_copy_that_cannot_be_sent_makes_way_for_the_next(world: World, engine: Engine) -> None:
    expired = {'externalDateExpires': '2025-01-02T00:00:00Z'}
    world.store.load(hosts(1, ORGANIZATION, **expired) + hosts(1, RESEARCH))
    engine.save_queries(by_owner(ORGANIZATION, RESEARCH))
    assert [outcomes(job) for job in engine.last_jobs()] == [{'expired': 1}, {'sent': 1}]
    assert holder(world) == RESEARCH


def test_latest_copy_within_a_query_wins_then_the_lowest_id(world: World, engine: Engine) -> None:
    later = {'lastModified': '2025-06-02T00:00:00Z'}
    world.store.load(
        hosts(1, ORGANIZATION, 'x')
        + hosts(1, RESEARCH, 'x', **later)
        + hosts(1, OSINT, 'x', **later)
    )
    engine.save_queries([query()])
    (job,) = engine.last_jobs()
    assert outcomes(job) == {'sent': 1, 'duplicate': 2}
    assert holder(world, "[domain-name:value = 'x0.example.com']") == RESEARCH
    engine.assert_right()


def test_better_copy_on_a_later_page_replaces_the_first(world: World, engine: Engine) -> None:
    later = {'lastModified': '2025-06-02T00:00:00Z'}
    world.store.load(hosts(30, ORGANIZATION) + hosts(30, RESEARCH, **later))
    world.threatconnect.faults.on('page_cap', rows=7)
    engine.save_queries([query()])
    (job,) = engine.last_jobs()
    assert outcomes(job) == {'sent': 30, 'duplicate': 30}
    assert {stix['name'].partition(' | ')[2] for stix in engine.assert_right().values()} == {
        RESEARCH
    }


def test_delta_of_a_lower_query_does_not_overwrite_a_higher_query(
    world: World, engine: Engine
) -> None:
    world.store.load(hosts(1, ORGANIZATION) + hosts(1, RESEARCH))
    engine.save_queries(by_owner(ORGANIZATION, RESEARCH))
    lower = world.store.find(RESEARCH, 'Host', 'h0.example.com')
    assert lower is not None
    world.store.modify(lower['id'], confidence=100)
    assert [outcomes(job) for job in engine.run_update('delta')] == [{}, {'duplicate': 1}]
    assert holder(world) == ORGANIZATION
    engine.assert_right()


@pytest.mark.parametrize('mode', ['delta', 'full', 'reconcile'])
def test_higher_query_takes_over_under_the_same_id(world: World, engine: Engine, mode: str) -> None:
    world.store.load(hosts(1, RESEARCH))
    engine.save_queries(by_owner(ORGANIZATION, RESEARCH))
    before = world.live()[PATTERN]
    world.store.add(
        hosts(1, ORGANIZATION)[0] | {'lastModified': world.store.now_text(), 'confidence': 9}
    )
    engine.run_update(mode)
    after = engine.assert_right()[PATTERN]
    assert holder(world) == ORGANIZATION
    assert (after['id'], after['created']) == (before['id'], before['created'])


@pytest.mark.parametrize('mode', ['full', 'reconcile'])
@pytest.mark.parametrize('gone', ['delete', 'deactivate'])
def test_lower_query_takes_over_when_the_higher_copy_goes_away(
    world: World, engine: Engine, mode: str, gone: str
) -> None:
    world.store.load(hosts(2, ORGANIZATION) + hosts(2, RESEARCH))
    engine.save_queries(by_owner(ORGANIZATION, RESEARCH))
    higher = world.store.find(ORGANIZATION, 'Host', 'h0.example.com')
    assert higher is not None
    getattr(world.store, gone)(higher['id'])
    engine.run_update(mode)
    assert holder(world) == RESEARCH
    engine.assert_right()


def test_delta_follows_a_copy_that_leaves_a_higher_query_for_a_lower_one(
    world: World, engine: Engine
) -> None:
    world.store.load(hosts(1, ORGANIZATION, confidence=10))
    engine.save_queries([query('confidence < 60'), query()])
    (row,) = world.store.rows()
    world.store.modify(row['id'], confidence=90)
    engine.run_update('delta')
    engine.assert_right()


@pytest.mark.parametrize('page', [100, 1], ids=['one-page', 'several-pages'])
def test_value_that_a_higher_query_releases_is_free_for_every_copy(
    world: World, engine: Engine, page: int
) -> None:
    world.threatconnect.faults.on('page_cap', rows=page)
    world.store.load(hosts(1, RESEARCH) + hosts(1, ORGANIZATION, confidence=10))
    engine.save_queries([query('confidence < 60', owners=[ORGANIZATION]), query()])
    assert holder(world) == ORGANIZATION
    other, held = world.store.rows()
    world.store.modify(held['id'], confidence=90)
    world.clock.advance(2)
    world.store.modify(other['id'])
    engine.run_update('delta')
    assert holder(world) == RESEARCH
    engine.assert_right()


@pytest.mark.parametrize('mode', ['full', 'reconcile'])
def test_value_that_a_higher_query_turned_out_to_release_is_free_for_a_delta(
    world: World, make_engine: Callable[..., Engine], mode: str
) -> None:
    engine = make_engine(withdraw_indicators='Deleted in ThreatConnect')
    world.store.load(hosts(2, ORGANIZATION, confidence=10))
    first, second = engine.save_queries(by_owner(ORGANIZATION, RESEARCH))
    kept = 'summary = "h1.example.com"'
    engine.save_queries([first | {'tql': kept}, second])
    engine.run_update(mode)
    assert holder(world) == ORGANIZATION
    for name in ('h0.example.com', 'h1.example.com'):
        world.store.add(
            hosts(1, RESEARCH)[0] | {'hostName': name, 'lastModified': world.store.now_text()}
        )
    engine.run_update('delta')
    assert holder(world) == RESEARCH
    assert holder(world, "[domain-name:value = 'h1.example.com']") == ORGANIZATION


def test_reordered_list_hands_the_values_over(world: World, engine: Engine) -> None:
    world.store.load(hosts(3, ORGANIZATION) + hosts(3, RESEARCH))
    first, second = engine.save_queries(by_owner(ORGANIZATION, RESEARCH))
    engine.save_queries([second, first])
    engine.run_update('reconcile')
    assert holder(world) == RESEARCH
    engine.assert_right()


def test_file_counts_once_and_each_of_its_hashes_has_its_own_holder(
    world: World, engine: Engine
) -> None:
    md5, sha1, sha256 = '0' * 31 + 'A', '0' * 39 + 'B', '0' * 63 + 'C'
    file = {'type': 'File', 'lastModified': '2025-06-01T00:00:00Z'}
    world.store.load(
        [
            {**file, 'ownerName': ORGANIZATION, 'md5': md5},
            {**file, 'ownerName': RESEARCH, 'md5': md5, 'sha1': sha1, 'sha256': sha256},
            {**file, 'ownerName': OSINT, 'sha1': sha1},
        ]
    )
    engine.save_queries(by_owner(*OWNERS))
    assert [outcomes(job) for job in engine.last_jobs()] == [
        {'sent': 1},
        {'sent': 1},
        {'duplicate': 1},
    ]
    assert [job['count_object'] for job in engine.last_jobs()] == [1, 2, 0]
    assert len(engine.assert_right()) == 3


def test_file_is_refused_if_one_of_its_hashes_is(world: World, engine: Engine) -> None:
    world.store.load(
        [
            {
                'type': 'File',
                'ownerName': ORGANIZATION,
                'md5': f'{number:032X}',
                'sha1': f'{number:040X}',
                'sha256': f'{number:064X}',
            }
            for number in range(1, 4)
        ]
    )
    world.sentinel.faults.add('refuse-objects', contains=f"SHA-1' = '{2:040X}")
    engine.save_queries([query()])
    (job,) = engine.last_jobs()
    assert outcomes(job) == {'sent': 2, 'refused': 1}
    assert job['count_object'] == 9
    assert len(world.live()) == 8
    world.clear_faults()
    engine.run_update('full')
    assert len(engine.assert_right()) == 9
