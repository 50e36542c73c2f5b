"""An instance that cannot be paged by id is read by the last modification, and just as whole."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from tests.harness.engine import Engine, Job, World, hosts, outcomes, query
from tests.harness.soak import amount
from tests.harness.waiting import until
from tests.simulators.threatconnect import PageEvent

pytestmark = pytest.mark.integration

FAULTS = ('ignores_sorting', 'random_order', 'ignores_id_filter')
CHURN_RUNS = amount('CHURN_RUNS', daily=6, soak=60)
WORDS = 'does not sort by id'


def spread(count: int, *, seed: int = 0, prefix: str = 'h') -> list[dict[str, object]]:
    """Rows that were last modified at some time within two years."""
    chance = random.Random(seed)
    return [
        row
        | {
            'dateAdded': '2022-01-01T00:00:00Z',
            'lastModified': f'202{chance.randrange(3, 5)}-{chance.randrange(1, 13):02}'
            f'-{chance.randrange(1, 29):02}T0{chance.randrange(10)}:00:0{chance.randrange(10)}Z',
        }
        for row in hosts(count, prefix=prefix)
    ]


def is_warned(engine: Engine, job: Job) -> tuple[bool, bool]:
    """Whether the Job says so, and the health of the App."""
    found = engine.ask('GET', 'api/health')['conditions']
    is_listed = any(each['code'] == 'reading-by-time' for each in found)
    return any(WORDS in text for text in job['warnings']), is_listed


def by_id(world: World) -> int:
    """How many pages were asked for as a reading by id asks for them."""
    return sum(
        'count' not in seen.query and seen.query.get('resultStart') == ['0']
        for seen in world.threatconnect.requests
        if seen.path.endswith('/indicators')
    )


def spans(world: World) -> int:
    """How many counts and pages of spans were asked for; a search for what is gone has no end."""
    return sum(
        'lastModified' in tql and 'indicatorActive' not in tql and 'id < 0' not in tql
        for seen in world.threatconnect.requests
        for tql in seen.query.get('tql', ())
    )


@pytest.mark.parametrize('fault', FAULTS)
@pytest.mark.parametrize('cap', [10_000, 40])
def test_indicators_are_all_read_and_the_app_says_how(
    world: World, engine: Engine, fault: str, cap: int, caplog: pytest.LogCaptureFixture
) -> None:
    world.store.load(spread(300))
    world.threatconnect.faults.on('page_cap', rows=cap)
    world.threatconnect.faults.on(fault)
    engine.save_queries([query('confidence < 50'), query()])
    first, second = engine.last_jobs()
    assert [job['status'] for job in (first, second)] == ['Upload Complete'] * 2
    assert first['count_read'] == len(world.store.rows('confidence < 50'))
    assert outcomes(second) == {
        'sent': 300 - first['count_read'],
        'duplicate': first['count_read'],
    }
    engine.assert_right()
    assert by_id(world) == 0
    assert is_warned(engine, first) == is_warned(engine, second) == (True, True)
    warned = [record for record in caplog.records if 'id-paging-failed' in record.getMessage()]
    assert len(warned) == 1
    # It still says so in the deltas, which find what has changed and nothing else.
    world.clock.advance(3_600)
    engine.run_update('delta')
    world.clock.advance(3_600)
    changed = [row['id'] for row in world.store.rows('confidence < 20')[:3]]
    for row_id in changed:
        world.store.modify(row_id, confidence=49)
    first, second = engine.run_update('delta')
    assert (outcomes(first), outcomes(second)) == ({'sent': 3}, {'duplicate': 3})
    assert is_warned(engine, first) == (True, True)
    engine.assert_right()


@pytest.mark.parametrize('fault', FAULTS)
def test_full_update_under_churn_misses_nothing_and_withdraws_nothing_that_is_there(
    world: World, make_engine: Callable[..., Engine], fault: str
) -> None:
    engine = make_engine(
        withdraw_indicators='Deleted or no longer matching', withdraw_limit_percent='100'
    )
    world.store.load(spread(120))
    engine.save_queries([query()])
    for seed in range(max(2, CHURN_RUNS // 5)):
        world.store.load(spread(120, seed=seed, prefix=f's{seed}-'))
        engine.run_update('full')
        before = {row['id']: str(row['summary']) for row in world.store.rows()}
        world.threatconnect.faults.on(fault)
        world.threatconnect.faults.on('page_cap', rows=25)
        world.threatconnect.faults.on(
            'churn', count=60, add=4, modify=9, deactivate=3, delete=3, seed=seed * 1_000
        )
        (job,) = engine.run_update('reconcile')
        assert (job['status'], is_warned(engine, job)) == ('Upload Complete', (True, True))
        world.clear_faults()
        live = {stix['name'].partition(' | ')[0] for stix in world.live().values()}
        missed = [
            summary
            for row_id, summary in before.items()
            if (row := world.store.get(row_id)) is not None
            and row['summary'] == summary
            and row['active']
            and summary not in live
        ]
        assert missed == [], seed
        # What has changed behind the reading comes with the next update.
        engine.run_update('reconcile')
        engine.assert_right()


@pytest.mark.parametrize('fault', FAULTS)
@pytest.mark.parametrize('mode', ['full', 'delta'])
def test_rows_with_thousands_of_equal_times_are_all_read(
    world: World, engine: Engine, fault: str, mode: str
) -> None:
    engine.save_queries([query()])
    world.store.load(hosts(2_500))
    world.store.tie()
    world.threatconnect.faults.on('page_cap', rows=500)
    world.threatconnect.faults.on(fault)
    (job,) = engine.run_update(mode)
    assert (job['status'], outcomes(job)) == ('Upload Complete', {'sent': 2_500})
    assert is_warned(engine, job) == (True, True)
    engine.assert_right()


def test_restart_in_the_middle_continues_after_the_last_time_range(
    world: World, engine: Engine
) -> None:
    world.store.load(spread(300))
    world.threatconnect.faults.on('page_cap', rows=20)
    world.threatconnect.faults.on('random_order')
    pages: list[int] = []
    world.threatconnect.after_page.append(lambda event: pages.append(len(event.ids)))
    engine.save_queries([query()], wait=False)
    engine.look()
    stops = 0
    while stops < 3:
        stops += 1
        seen = len(pages)
        until(lambda seen=seen: len(pages) > seen + 10, 'nothing is read')  # type: ignore[misc]
        engine.restart()
    # The Job goes on as it began, although the instance is mended.
    world.threatconnect.faults.off('random_order')
    assert engine.jobs()[0]['status'] != 'Upload Complete'
    engine.wait()
    (job,) = engine.jobs()
    assert (job['status'], outcomes(job)) == ('Upload Complete', {'sent': 300})
    assert is_warned(engine, job) == (True, False)
    engine.assert_right()


@pytest.mark.parametrize('fault', FAULTS)
def test_order_that_is_lost_in_the_middle_is_noticed(
    world: World, engine: Engine, fault: str
) -> None:
    world.store.load(spread(200))
    world.threatconnect.faults.on('page_cap', rows=20)
    pages: list[int] = []

    def break_it(event: PageEvent) -> None:
        pages.append(len(event.ids))
        if len(pages) == 7:
            world.threatconnect.faults.on(fault)

    world.threatconnect.after_page.append(break_it)
    engine.save_queries([query()])
    (job,) = engine.last_jobs()
    assert (job['status'], outcomes(job)) == ('Upload Complete', {'sent': 200})
    assert is_warned(engine, job) == (True, True)
    engine.assert_right()


def test_instance_that_recovered_is_read_by_id_again(world: World, engine: Engine) -> None:
    world.store.load(spread(50))
    world.threatconnect.faults.on('ignores_sorting')
    engine.save_queries([query()])
    assert is_warned(engine, engine.last_jobs()[0]) == (True, True)
    world.clear_faults()
    world.threatconnect.forget_requests()
    (job,) = engine.run_update('full')
    assert is_warned(engine, job) == (False, False)
    assert engine.ask('GET', 'api/health')['status'] == 'healthy'
    # The search for what is inactive, all rows, and that there are no more.
    assert by_id(world) == 3
    engine.assert_right()


def test_healthy_instance_is_read_by_id_whatever_happens_to_it(
    world: World, make_engine: Callable[..., Engine]
) -> None:
    world.store.load(spread(200))
    # How much goes depends on how many pages are read, so that the guard is not to judge it.
    engine = make_engine(withdraw_limit_percent='100')
    faults = world.threatconnect.faults
    faults.on('page_cap', rows=25)
    faults.on('churn', add=4, modify=9, deactivate=3, delete=3, seed=7)
    faults.on('drop', count=4)
    faults.on('server_error', count=3, after=9)
    engine.save_queries([query()])
    for turn in range(4):
        (job,) = engine.run_update('full')
        assert (job['status'], is_warned(engine, job)) == ('Upload Complete', (False, False))
        if turn == 1:
            faults.off('churn')
    world.clear_faults()
    assert spans(world) == 0
    engine.run_update('reconcile')
    engine.assert_right()


@pytest.mark.parametrize('fault', FAULTS)
@pytest.mark.parametrize('is_new', [False, True])
def test_deleted_indicators_are_found_and_nothing_else_is_withdrawn(
    world: World, engine: Engine, fault: str, is_new: bool
) -> None:
    world.store.load(spread(200))
    world.threatconnect.faults.on('page_cap', rows=20)
    if not is_new:
        world.threatconnect.faults.on(fault)
    engine.save_queries([query()])
    if is_new:
        # The verdict of the day is good, so that only the search itself can find it out.
        world.threatconnect.faults.on(fault)
    world.clock.advance(3_600)
    inactive = [row['id'] for row in world.store.rows()[::4]]
    for row_id in inactive:
        world.store.deactivate(row_id)
    gone = [row['id'] for row in world.store.rows()[1::40]]
    for row_id in gone:
        world.store.delete(row_id)
    (job,) = engine.run_update('delta')
    assert job['count_withdrawn'] == len(inactive) + len(gone)
    engine.assert_right()


@pytest.mark.parametrize('fault', FAULTS)
def test_refused_objects_are_retried(world: World, engine: Engine, fault: str) -> None:
    world.store.load(spread(60))
    world.threatconnect.faults.on(fault)
    world.sentinel.faults.add('refuse-objects', contains="'h7.")
    engine.save_queries([query()])
    assert outcomes(engine.last_jobs()[0]) == {'sent': 59, 'refused': 1}
    world.clear_faults()
    world.threatconnect.faults.on(fault)
    world.clock.advance(3_600)
    (job,) = engine.run_update('delta')
    assert (job['status'], job['count_sent'], job['count_failed']) == ('Upload Complete', 1, 0)
    engine.assert_right()
