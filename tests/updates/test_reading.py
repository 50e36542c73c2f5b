"""Every Indicator that matched throughout is read, whatever happens meanwhile."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from sentinel_app.pipeline.retrier import FIRST_PAGE_SIZE, LARGEST_PAGE_BYTES
from tests.harness.engine import OWNERS, Engine, World, hosts, outcomes, query
from tests.harness.soak import amount
from tests.simulators.threatconnect import FIRST_ID, Owner, PageEvent

pytestmark = pytest.mark.integration

CHURN_RUNS = amount('CHURN_RUNS', daily=4, soak=60)
ROWS = 120
PAGE = 25


def churn(world: World, seed: int) -> None:
    """Let rows come, change and go after each page."""
    world.threatconnect.faults.on('page_cap', rows=PAGE)
    world.threatconnect.faults.on(
        'churn', add=4, modify=9, deactivate=3, delete=3, seed=seed * 1_000
    )


def missed(world: World, engine: Engine, before: dict[int, dict[str, Any]]) -> list[str]:
    """Return the values that matched all the time, and that Sentinel does not hold."""
    held = {stix['name'] for stix in world.live().values()}
    return [
        str(row['summary'])
        for row_id, row in before.items()
        if (now := world.store.get(row_id)) is not None
        # The stand-in may give the id of a deleted row to a new one.
        and now['summary'] == row['summary']
        and now['active']
        and f'{row["summary"]} | {row["ownerName"]}' not in held
    ]


def assert_nothing_missing(world: World, engine: Engine) -> None:
    """What should be there is there, as it is now; what went away may still be there."""
    live = world.live()
    wanted = world.expected(engine.queries)
    assert {pattern for pattern, want in wanted.items() if pattern not in live} == set()
    assert {pattern for pattern, want in wanted.items() if not want.fits(live[pattern])} == set()


def test_full_update_under_churn_misses_nothing(world: World, engine: Engine) -> None:
    world.store.load(hosts(ROWS))
    engine.save_queries([query()])
    for seed in range(CHURN_RUNS):
        world.store.load(hosts(ROWS, prefix=f's{seed}-'))
        before = {row['id']: dict(row) for row in world.store.rows()}
        churn(world, seed)
        (job,) = engine.run_update('full')
        pages = [seen.rows for seen in world.threatconnect.requests if seen.rows]
        assert (job['status'], missed(world, engine, before)) == ('Upload Complete', []), seed
        assert len(pages) > ROWS // PAGE
        world.clear_faults()
        # What has changed behind the reading comes with the next delta.
        engine.run_update('delta')
        assert_nothing_missing(world, engine)


def test_deltas_under_churn_miss_nothing(world: World, engine: Engine) -> None:
    world.store.load(hosts(ROWS))
    engine.save_queries([query()])
    for seed in range(CHURN_RUNS):
        if seed % 5 == 0:
            world.store.load(hosts(ROWS, prefix=f's{seed}-'))
            engine.run_update('full')
        # A bulk import: many changes, all in one second.
        for row in world.store.rows()[seed % 3 :: 2]:
            world.store.modify(row['id'], confidence=seed)
        world.store.tie(query=f'confidence = {seed}')
        churn(world, seed)
        (job,) = engine.run_update('delta')
        assert job['status'] == 'Upload Complete'
        world.clear_faults()
        (job,) = engine.run_update('delta')
        assert job['status'] == 'Upload Complete'
        assert_nothing_missing(world, engine)


def test_rows_with_thousands_of_equal_times_are_each_read_once(
    world: World, engine: Engine
) -> None:
    engine.save_queries([query()])
    world.store.load(hosts(5_000))
    world.store.tie()
    world.threatconnect.faults.on('page_cap', rows=700)
    (job,) = engine.run_update('delta')
    assert (job['count_read'], outcomes(job)) == (5_000, {'sent': 5_000})
    engine.assert_right()
    world.clock.advance(3_600)
    # Once more within the overlap, then they are behind the cursor.
    assert outcomes(engine.run_update('delta')[0]) == {'unchanged': 5_000}
    assert outcomes(engine.run_update('delta')[0]) == {}


def test_neighboring_ids_beyond_a_double_are_kept_apart(world: World, engine: Engine) -> None:
    high = 2**63 - 1000
    rows = [
        row | {'id': first + number}
        for first, prefix in ((FIRST_ID, 'a'), (high, 'b'))
        for number, row in enumerate(hosts(20, prefix=prefix))
    ]
    world.store.load(rows)
    # Pages of one row: each id but the last is the mark after which the next page begins.
    world.threatconnect.faults.on('page_cap', rows=1)
    engine.save_queries([query()])
    (job,) = engine.last_jobs()
    assert outcomes(job) == {'sent': 40}
    world.sentinel.faults.add('refuse-objects', contains="'b7.")
    (job,) = engine.run_update('full')
    (error,) = engine.errors(job['request_id'])
    assert [each['id'] for each in error['indicators']] == [str(high + 7)]


@pytest.mark.parametrize('fault', ['page_cap', 'duplicate_rows', 'whole_ratings', 'ignores_case'])
def test_instance_with_quirks_is_read_completely(world: World, engine: Engine, fault: str) -> None:
    params = {'rows': 17} if fault == 'page_cap' else {}
    world.store.load(hosts(300, rating=2.5))
    world.threatconnect.faults.on('page_cap', rows=40)
    world.threatconnect.faults.on(fault, **params)
    engine.save_queries([query()])
    (job,) = engine.last_jobs()
    assert outcomes(job) == {'sent': 300}
    engine.assert_right()


@pytest.mark.parametrize('fault', ['random_order', 'ignores_sorting', 'ignores_id_filter'])
def test_instance_that_cannot_be_paged_by_id_is_never_taken_for_read(
    world: World, engine: Engine, fault: str
) -> None:
    engine.save_queries([query()])
    world.store.load(hosts(60))
    world.store.tie()
    world.threatconnect.faults.on('page_cap', rows=20)
    world.threatconnect.faults.on(fault)
    (job,) = engine.run_update('full')
    # Either it finds another way to read everything, or it says that it cannot.
    if job['status'] == 'Upload Complete':
        engine.assert_right()
    else:
        assert (job['status'], job['failure_code']) == ('Failed', 'TC-READ')
    world.clear_faults()
    (job,) = engine.run_update('delta')
    assert job['status'] == 'Upload Complete'
    engine.assert_right()


@pytest.mark.parametrize('skew_s', [-240, -7, 90, 240])
def test_clock_that_differs_by_minutes_loses_nothing(
    world: World, make_engine: Callable[..., Engine], skew_s: int
) -> None:
    world.threatconnect.faults.on('clock_skew', seconds=skew_s)
    engine = make_engine()
    world.store.load(hosts(10))
    engine.save_queries([query()])
    chance = random.Random(skew_s)
    for turn in range(6):
        for row in chance.sample(world.store.rows(), 3):
            world.store.modify(row['id'], confidence=turn)
        world.store.add(hosts(1, prefix=f'n{turn}-')[0] | {'lastModified': None, 'dateAdded': None})
        world.clock.advance(chance.choice((1, 400, 4_000)))
        engine.run_update('delta')
        engine.assert_right()


def test_clock_that_is_set_back_loses_nothing(world: World, engine: Engine) -> None:
    world.store.load(hosts(10))
    world.threatconnect.faults.on('clock_skew', seconds=250)
    engine.save_queries([query()])
    engine.run_update('delta')
    world.threatconnect.faults.off('clock_skew')
    for row in world.store.rows()[:4]:
        world.store.modify(row['id'], confidence=100)
    engine.run_update('delta')
    engine.assert_right()


def test_users_or_cannot_escape(world: World, engine: Engine) -> None:
    odd = Owner(id=201, name='R&D "quoted" \\ back\' `tick`')
    world.store.owners[odd.name] = odd
    world.store.load([])
    world.store.owners[odd.name] = odd
    for owner in (odd.name, *OWNERS):
        for row in hosts(3, owner, prefix=f'{len(owner)}-'):
            world.store.add(row)
        world.store.add({'type': 'Address', 'ownerName': owner, 'ip': f'192.0.2.{len(owner)}'})
    engine.save_queries(
        [
            query(
                'confidence = 0 or confidence = 1 or ownerName = "OSINT Community"',
                owners=[odd.name],
                indicator_types=['Host'],
            )
        ]
    )
    (job,) = engine.last_jobs()
    assert outcomes(job) == {'sent': 2}
    engine.assert_right()


def test_failed_query_leaves_its_cursor_and_the_others_continue(
    world: World, engine: Engine
) -> None:
    world.store.load([row for owner in OWNERS for row in hosts(5, owner, prefix=owner[-3:])])
    engine.save_queries([query(owners=[owner]) for owner in OWNERS])
    for row in world.store.rows():
        world.store.modify(row['id'], confidence=88)
    # Long before the overlap: only a cursor that stays finds later what was changed now.
    world.clock.advance(7_200)

    def fail_the_second(event: PageEvent) -> None:
        if OWNERS[1] in str(event.tql) and OWNERS[0] not in str(event.tql):
            world.threatconnect.faults.on('unauthorized', count=1)

    world.threatconnect.after_page.append(fail_the_second)
    jobs = engine.run_update('delta')
    assert [job['status'] for job in jobs] == ['Upload Complete', 'Failed', 'Upload Complete']
    assert jobs[1]['failure_code'] == 'TC-AUTH'
    assert 'Access ID' in jobs[1]['failure_reason']
    world.clear_faults()
    jobs = engine.run_update('delta')
    assert [outcomes(job) for job in jobs] == [{}, {'sent': 5}, {}]
    engine.assert_right()


@pytest.mark.parametrize(
    ('tql', 'words'), [('nonsense = 1', 'nonsense'), ('confidence like "a"', 'confidence')]
)
def test_query_that_threatconnect_refuses_fails_with_its_words(
    world: World, engine: Engine, tql: str, words: str
) -> None:
    world.store.load(hosts(3))
    engine.save_queries([query(tql), query()])
    refused, good = engine.last_jobs()
    assert (refused['status'], refused['failure_code']) == ('Failed', 'TC-QUERY')
    assert words in refused['failure_reason']
    assert 'CONFIGURE' in refused['failure_reason']
    assert outcomes(good) == {'sent': 3}


def test_too_large_pages_get_smaller_until_they_come(world: World, engine: Engine) -> None:
    world.store.load(hosts(150))
    world.threatconnect.faults.on('slow_above', rows=40, status=503)
    engine.save_queries([query()])
    (job,) = engine.last_jobs()
    assert outcomes(job) == {'sent': 150}
    engine.assert_right()


@pytest.mark.parametrize('fault', [None, 'ignores_id_filter'], ids=['by id', 'by time'])
def test_page_of_large_rows_has_fewer_of_them(
    world: World, engine: Engine, fault: str | None
) -> None:
    size = 10_000
    if fault:
        world.threatconnect.faults.on(fault)
    large = hosts(FIRST_PAGE_SIZE, attributes=[{'type': 'Source', 'value': 'x' * size}])
    world.store.load([*large, *hosts(1_000, prefix='small')])
    engine.save_queries([query()])
    (job,) = engine.last_jobs()
    assert outcomes(job) == {'sent': len(large) + 1_000}
    engine.assert_right()
    asked = [
        int(seen.query['resultLimit'][0])
        for seen in world.threatconnect.requests
        if seen.path.endswith('/v3/indicators') and 'fields' in seen.query
    ]
    # Those before it check whether ThreatConnect sorts by id.
    further = asked[asked.index(FIRST_PAGE_SIZE) + 1 :]
    assert min(further) * size < LARGEST_PAGE_BYTES
