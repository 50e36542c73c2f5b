"""Several owners have a value in one query: one copy is held, and the others cost nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from tests.harness.engine import OWNERS, Engine, World, hosts, outcomes, query
from tests.harness.waiting import until

pytestmark = pytest.mark.integration

ORGANIZATION, RESEARCH, OSINT = OWNERS
PATTERN = "[domain-name:value = 'h0.example.com']"
MD5, SHA1, SHA256 = 'A' * 32, 'B' * 40, 'C' * 64
COUNT = 6
BATCH = 100
HOUR_S = 3600.0
OLDEST, OLD, RECENT = (f'2025-06-0{day}T00:00:00Z' for day in (1, 2, 3))
ORDERS: Mapping[str, Sequence[str]] = {
    'best first': (RECENT, OLDEST),
    'best last': (OLDEST, RECENT),
    'equal times': (OLD, OLD),
    'best in the middle': (OLDEST, RECENT, OLD),
    'best last of three': (OLDEST, OLD, RECENT),
}
"""`lastModified` of the copies of each value, in the order of their ids."""
PAGES = (1, 4)
WHOLE = ('reconcile', 'full')


@pytest.fixture(scope='module')
def speed() -> float:
    """A pace at which no pause of the machine outlasts the overlap of two windows."""
    return 20.0


def load(world: World, times: Sequence[str], count: int = COUNT, *, page: int = 1) -> None:
    """Hold so many values, each in as many owners as there are times, on pages of that size.

    The copies of one owner have neighboring ids, those of another owner lie far behind.
    """
    world.store.load(
        row
        for owner, at in zip(OWNERS, times, strict=False)
        for row in hosts(count, owner, lastModified=at)
    )
    world.threatconnect.faults.on('page_cap', rows=page)


def best(times: Sequence[str]) -> str:
    """Return the owner of the best copies."""
    return OWNERS[times.index(max(times))]


def row_of(world: World, owner: str, number: int = 0) -> int:
    row = world.store.find(owner, 'Host', f'h{number}.example.com')
    assert row is not None
    return int(row['id'])


def owners(objects: Sequence[Mapping[str, Any]]) -> list[str]:
    return [stix['name'].partition(' | ')[2] for stix in objects]


class Watch:
    """What Sentinel has taken since."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._before = len(world.sentinel.table.objects())

    @property
    def objects(self) -> list[dict[str, Any]]:
        return self._world.sentinel.table.objects()[self._before :]

    @property
    def owners(self) -> list[str]:
        return owners(self.objects)


def run(world: World, engine: Engine, mode: str) -> tuple[list[str], dict[str, int]]:
    """Run an update of one query.

    Returns:
        The owners whose copies it sends, sorted, and what becomes of the Indicators.
    """
    watch = Watch(world)
    (job,) = engine.run_update(mode)
    return sorted(watch.owners), outcomes(job)


def hold_the_second_of_three(world: World, engine: Engine) -> None:
    """Have Sentinel hold one value, the copy in `RESEARCH`, for ten minutes."""
    load(world, (OLDEST, OLD, OLDEST), 1)
    engine.save_queries([query()])
    world.clock.advance(600)


def send_between_pages(world: World) -> None:
    """Leave time to send a full batch before the next page is read."""
    world.threatconnect.after_page.append(lambda _event: time.sleep(0.25))


def delete(world: World, row_id: int) -> None:
    world.store.delete(row_id)


def purge(world: World, row_id: int) -> None:
    world.store.delete(row_id, listed=False)


def deactivate(world: World, row_id: int) -> None:
    world.store.deactivate(row_id)


def withhold(world: World, row_id: int) -> None:
    world.store.modify(row_id, securityLabels={'data': [{'name': 'TLP:RED'}]})


def expire(world: World, row_id: int) -> None:
    world.store.modify(row_id, externalDateExpires='2025-07-01T00:00:00Z')


def leave_the_query(world: World, row_id: int) -> None:
    world.store.modify(row_id, confidence=100)


GOING: Mapping[Callable[[World, int], None], Mapping[str, int]] = {
    delete: {},
    purge: {},
    deactivate: {},
    withhold: {'withheld': 1},
    expire: {'expired': 1},
    leave_the_query: {},
}
"""How a copy may go, and what its Indicator counts as where everything is read then."""


@pytest.fixture
def engine(make_engine: Callable[..., Engine]) -> Engine:
    return make_engine(max_tlp='TLP:AMBER')


# -- nothing changed, nothing sent


@pytest.mark.parametrize('page', PAGES)
@pytest.mark.parametrize('order', ORDERS)
def test_reconcile_sends_nothing_where_nothing_has_changed(
    world: World, engine: Engine, order: str, page: int
) -> None:
    times = ORDERS[order]
    load(world, times, page=page)
    engine.save_queries([query()])
    engine.assert_right()
    watch = Watch(world)
    for _ in range(2):
        (job,) = engine.run_update('reconcile')
        assert watch.owners == []
        assert job['count_request'] == 0
        assert outcomes(job) == {'unchanged': COUNT, 'duplicate': COUNT * (len(times) - 1)}
    assert set(owners(list(engine.assert_right().values()))) == {best(times)}


@pytest.mark.parametrize('order', ORDERS)
def test_second_full_update_sends_each_value_once(world: World, engine: Engine, order: str) -> None:
    times = ORDERS[order]
    load(world, times)
    engine.save_queries([query()])
    watch = Watch(world)
    (job,) = engine.run_update('full')
    assert watch.owners == [best(times)] * COUNT
    assert outcomes(job) == {'sent': COUNT, 'duplicate': COUNT * (len(times) - 1)}
    assert job['count_object'] == COUNT
    engine.assert_right()


def test_copy_that_was_sent_and_made_way_in_the_same_job_is_a_duplicate(
    world: World, engine: Engine
) -> None:
    load(world, (OLDEST, RECENT), BATCH, page=BATCH)
    watch = Watch(world)

    def wait_for_the_first(event: Any) -> None:
        if row_of(world, RESEARCH) in event.ids:
            until(lambda: len(watch.objects) == BATCH)

    world.threatconnect.after_page.append(wait_for_the_first)
    engine.save_queries([query()])
    (job,) = engine.last_jobs()
    # The better copy came after the first one had gone: the only time that a value goes out twice.
    assert watch.owners == [ORGANIZATION] * BATCH + [RESEARCH] * BATCH
    assert outcomes(job) == {'sent': BATCH, 'duplicate': BATCH}
    engine.assert_right()


@pytest.mark.parametrize('sort_field', ['confidence', 'lastModified'])
def test_sorted_query_sends_nothing_where_nothing_has_changed(
    world: World, engine: Engine, sort_field: str
) -> None:
    load(world, (OLDEST, RECENT, OLD))
    engine.save_queries([query(sort_field=sort_field)])
    assert run(world, engine, 'reconcile') == ([], {'unchanged': COUNT, 'duplicate': 2 * COUNT})
    assert run(world, engine, 'full') == (
        [RESEARCH] * COUNT,
        {'sent': COUNT, 'duplicate': 2 * COUNT},
    )


def test_unsorted_instance_leads_to_no_sending_where_nothing_has_changed(
    world: World, engine: Engine
) -> None:
    load(world, (OLDEST, RECENT, OLD), page=4)
    world.threatconnect.faults.on('random_order')
    engine.save_queries([query()])
    assert run(world, engine, 'reconcile') == ([], {'unchanged': COUNT, 'duplicate': 2 * COUNT})
    engine.assert_right()


def test_several_queries_send_nothing_where_nothing_has_changed(
    world: World, engine: Engine
) -> None:
    load(world, (OLDEST, RECENT, OLD))
    engine.save_queries(
        [query('confidence < 3', owners=[ORGANIZATION, OSINT]), query(), query('confidence < 2')]
    )
    engine.assert_right()
    watch = Watch(world)
    jobs = engine.run_update('reconcile')
    assert watch.owners == []
    assert [outcomes(job) for job in jobs] == [
        {'unchanged': 3, 'duplicate': 3},
        {'unchanged': 3, 'duplicate': 15},
        {'duplicate': 6},
    ]
    engine.run_update('full')
    assert sorted(watch.owners) == [RESEARCH] * 3 + [OSINT] * 3


def test_restart_leads_to_no_sending_where_nothing_has_changed(
    world: World, engine: Engine
) -> None:
    load(world, (OLDEST, RECENT))
    engine.save_queries([query()])
    engine.restart()
    assert run(world, engine, 'reconcile') == ([], {'unchanged': COUNT, 'duplicate': COUNT})


def test_values_are_refreshed_once_when_half_of_their_ttl_has_passed(
    world: World, make_engine: Callable[..., Engine]
) -> None:
    engine = make_engine(ttl_hours_host='24')
    load(world, (OLDEST, RECENT, OLD))
    engine.save_queries([query()])
    world.clock.advance(13 * HOUR_S)
    assert run(world, engine, 'reconcile') == (
        [RESEARCH] * COUNT,
        {'sent': COUNT, 'duplicate': 2 * COUNT},
    )


# -- no worse copy than before


@pytest.mark.parametrize('mode', WHOLE)
def test_worse_copy_is_not_sent_before_the_better_one_that_has_changed(
    world: World, engine: Engine, mode: str
) -> None:
    load(world, (OLDEST, RECENT, OLD), BATCH, page=BATCH)
    engine.save_queries([query()])
    for row in world.store.rows():
        world.store.modify(row['id'], touch=False, confidence=(row['confidence'] + 50) % 101)
    send_between_pages(world)
    assert run(world, engine, mode) == ([RESEARCH] * BATCH, {'sent': BATCH, 'duplicate': 2 * BATCH})
    engine.assert_right()


@pytest.mark.parametrize('worse', [ORGANIZATION, OSINT])
def test_worse_copy_that_was_modified_changes_nothing_in_a_delta(
    world: World, engine: Engine, worse: str
) -> None:
    hold_the_second_of_three(world, engine)
    world.store.modify(row_of(world, RESEARCH), confidence=60)
    assert outcomes(engine.run_update('delta')[0]) == {'sent': 1}
    # Both lie in the overlap of the next window, the worse one a minute before the one held.
    world.store.modify(row_of(world, worse), at=minutes_ago(world, 1), confidence=61)
    assert run(world, engine, 'delta') == ([], {'unchanged': 1, 'duplicate': 1})
    engine.assert_right()


@pytest.mark.parametrize('worse', [ORGANIZATION, OSINT])
def test_worse_copy_is_not_sent_in_a_delta_before_the_better_one_that_has_changed(
    world: World, engine: Engine, worse: str
) -> None:
    hold_the_second_of_three(world, engine)
    world.store.modify(row_of(world, RESEARCH), confidence=60)
    engine.run_update('delta')
    world.clock.advance(30)
    world.store.modify(row_of(world, RESEARCH), confidence=62)
    world.store.modify(row_of(world, worse), at=minutes_ago(world, 2), confidence=61)
    assert run(world, engine, 'delta') == ([RESEARCH], {'sent': 1, 'duplicate': 1})
    engine.assert_right()


@pytest.mark.parametrize('mode', ['delta', *WHOLE])
@pytest.mark.parametrize('other', [ORGANIZATION, OSINT])
def test_time_of_the_current_copy_is_known_though_nothing_else_of_it_changed(
    world: World, engine: Engine, other: str, mode: str
) -> None:
    hold_the_second_of_three(world, engine)
    between = minutes_ago(world, 1)
    world.store.modify(row_of(world, RESEARCH))
    (job,) = engine.run_update('delta')
    assert outcomes(job) == {'unchanged': 1}
    # Later than the one held was when it was sent, and earlier than it was read last.
    world.store.modify(row_of(world, other), at=between, confidence=61)
    sent, taken = ([RESEARCH], 'sent') if mode == 'full' else ([], 'unchanged')
    others = 1 if mode == 'delta' else 2
    assert run(world, engine, mode) == (sent, {taken: 1, 'duplicate': others})
    engine.assert_right()


@pytest.mark.parametrize('other', [ORGANIZATION, OSINT])
def test_copy_that_becomes_the_best_takes_over_in_a_delta_and_stays(
    world: World, engine: Engine, other: str
) -> None:
    hold_the_second_of_three(world, engine)
    world.store.modify(row_of(world, other))
    assert run(world, engine, 'delta') == ([other], {'sent': 1})
    engine.assert_right()
    assert run(world, engine, 'reconcile') == ([], {'unchanged': 1, 'duplicate': 2})


@pytest.mark.parametrize('mode', ['delta', *WHOLE])
def test_update_of_a_lower_query_sends_nothing_that_a_higher_one_holds(
    world: World, engine: Engine, mode: str
) -> None:
    load(world, (OLDEST, RECENT, OLD))
    _, low = engine.save_queries([query(owners=[ORGANIZATION]), query()])
    world.store.modify(row_of(world, RESEARCH), confidence=77)
    watch = Watch(world)
    (job,) = engine.run_update(mode, query_ids=[low['id']])
    assert watch.owners == []
    assert outcomes(job).keys() == {'duplicate'}
    engine.assert_right()


# -- the copy held goes


@pytest.mark.parametrize('mode', WHOLE)
@pytest.mark.parametrize('going', GOING)
@pytest.mark.parametrize('order', [order for order in ORDERS if len(ORDERS[order]) > 2])
def test_best_of_the_other_copies_takes_over_from_the_current_one(
    world: World, engine: Engine, order: str, going: Callable[[World, int], None], mode: str
) -> None:
    times = ORDERS[order]
    load(world, times, 2)
    engine.save_queries([query('confidence < 90')])
    before = world.live()[PATTERN]
    world.clock.advance(600)
    going(world, row_of(world, best(times)))
    watch = Watch(world)
    (job,) = engine.run_update(mode)
    # The other value has not changed, which only a full update sends.
    untouched = [best(times)] if mode == 'full' else []
    assert sorted(watch.owners) == sorted([OWNERS[times.index(OLD)], *untouched])
    counts = {'sent': 1, 'unchanged': 1} if mode == 'reconcile' else {'sent': 2}
    assert outcomes(job) == {**counts, 'duplicate': 3, **GOING[going]}
    after = engine.assert_right(is_not_red)[PATTERN]
    assert (after['id'], after['created']) == (before['id'], before['created'])
    (job,) = engine.run_update('reconcile')
    assert len(watch.owners) == 1 + len(untouched)
    assert outcomes(job) == {'unchanged': 2, 'duplicate': 3, **GOING[going]}


@pytest.mark.parametrize('mode', WHOLE)
def test_next_best_copy_takes_over_where_the_best_of_the_others_is_gone_too(
    world: World, engine: Engine, mode: str
) -> None:
    load(world, (OLDEST, RECENT, OLD), 1)
    engine.save_queries([query()])
    world.clock.advance(600)
    world.store.delete(row_of(world, RESEARCH))
    world.store.deactivate(row_of(world, OSINT))
    assert run(world, engine, mode) == ([ORGANIZATION], {'sent': 1})
    engine.assert_right()


@pytest.mark.parametrize('mode', WHOLE)
@pytest.mark.parametrize('going', [delete, deactivate, withhold, expire, leave_the_query])
def test_next_best_copy_takes_over_where_the_best_of_the_others_goes_after_it_was_read(
    world: World, engine: Engine, going: Callable[[World, int], None], mode: str
) -> None:
    load(world, (OLD, OLDEST, RECENT), 1)
    engine.save_queries([query('confidence < 90')])
    world.clock.advance(600)
    # What is deleted would be known to be gone from the beginning.
    leave_the_query(world, row_of(world, OSINT))
    leaving, remaining = row_of(world, ORGANIZATION), row_of(world, RESEARCH)

    def go(event: Any) -> None:
        row = world.store.get(leaving)
        if remaining in event.ids and row is not None and row['lastModified'] == OLD:
            going(world, leaving)

    world.threatconnect.after_page.append(go)
    watch = Watch(world)
    engine.run_update(mode)
    assert watch.owners == [RESEARCH]
    engine.assert_right(is_not_red)


def test_objects_of_the_last_copy_are_withdrawn(world: World, engine: Engine) -> None:
    load(world, (OLDEST, RECENT, OLD), 1)
    engine.save_queries([query()])
    for owner in OWNERS:
        world.store.delete(row_of(world, owner))
    watch = Watch(world)
    (job,) = engine.run_update('reconcile')
    assert outcomes(job) == {'withdrawn': 1}
    assert [stix.get('revoked') for stix in watch.objects] == [True]


def test_best_of_the_other_copies_takes_over_in_a_delta_from_a_deleted_one(
    world: World, engine: Engine
) -> None:
    load(world, (OLDEST, RECENT, OLD), 1)
    engine.save_queries([query()])
    world.store.delete(row_of(world, RESEARCH))
    watch = Watch(world)
    engine.run_update('delta')
    assert world.live().keys() == {PATTERN}
    assert watch.owners[-1:] == [OSINT]
    engine.assert_right()


# -- Files of several hashes


def file(owner: str, at: str, **hashes: str) -> dict[str, Any]:
    return {
        'type': 'File',
        'ownerName': owner,
        'dateAdded': '2025-01-01T00:00:00Z',
        'lastModified': at,
        'confidence': 50,
        **hashes,
    }


FILES: Mapping[str, Sequence[str]] = {
    'better first': (RECENT, OLDEST),
    'better last': (OLDEST, RECENT),
}


@pytest.mark.parametrize('order', FILES)
def test_file_keeps_what_it_holds_and_leaves_the_rest_to_a_better_copy(
    world: World, engine: Engine, order: str
) -> None:
    whole, part = FILES[order]
    world.store.load(
        [
            file(ORGANIZATION, whole, md5=MD5, sha1=SHA1, sha256=SHA256),
            file(RESEARCH, part, sha1=SHA1, sha256=SHA256),
            file(OSINT, OLD, sha256=SHA256),
        ]
    )
    world.threatconnect.faults.on('page_cap', rows=1)
    engine.save_queries([query()])
    better = ORGANIZATION if whole > part else RESEARCH
    wanted = {MD5: ORGANIZATION, SHA1: better, SHA256: better}
    assert held_hashes(world) == wanted
    kept = 1 if better == ORGANIZATION else 2
    assert run(world, engine, 'reconcile') == ([], {'unchanged': kept, 'duplicate': 3 - kept})
    watch = Watch(world)
    (job,) = engine.run_update('full')
    assert sorted(watch.owners) == sorted(wanted.values())
    assert outcomes(job) == {'sent': kept, 'duplicate': 3 - kept}
    assert job['count_object'] == 3
    engine.assert_right()


@pytest.mark.parametrize('page', PAGES)
@pytest.mark.parametrize('hashes', [{'md5': MD5}, {'sha1': SHA1}, {'md5': MD5, 'sha1': SHA1}])
def test_file_that_loses_its_hashes_to_a_better_copy_counts_by_what_is_left(
    world: World, engine: Engine, hashes: Mapping[str, str], page: int
) -> None:
    world.store.load([file(ORGANIZATION, OLD, md5=MD5, sha1=SHA1)])
    world.threatconnect.faults.on('page_cap', rows=page)
    engine.save_queries([query()])
    world.clock.advance(600)
    world.store.add(file(RESEARCH, RECENT, **hashes))
    left = 'duplicate' if len(hashes) == 2 else 'unchanged'
    assert run(world, engine, 'reconcile') == ([RESEARCH] * len(hashes), {'sent': 1, left: 1})
    engine.assert_right()


@pytest.mark.parametrize('mode', WHOLE)
def test_hashes_go_to_their_own_best_copies_when_the_file_that_held_them_is_deleted(
    world: World, engine: Engine, mode: str
) -> None:
    world.store.load(
        [
            file(ORGANIZATION, OLDEST, md5=MD5, sha256=SHA256),
            file(RESEARCH, OLD, sha1=SHA1, sha256=SHA256),
            file(OSINT, RECENT, md5=MD5, sha1=SHA1, sha256=SHA256),
        ]
    )
    world.threatconnect.faults.on('page_cap', rows=1)
    engine.save_queries([query()])
    assert set(held_hashes(world).values()) == {OSINT}
    world.clock.advance(600)
    (gone,) = (row['id'] for row in world.store.rows() if row['ownerName'] == OSINT)
    world.store.delete(gone)
    assert run(world, engine, mode) == ([ORGANIZATION, RESEARCH, RESEARCH], {'sent': 2})
    assert held_hashes(world) == {MD5: ORGANIZATION, SHA1: RESEARCH, SHA256: RESEARCH}
    engine.assert_right()


@pytest.mark.parametrize('mode', WHOLE)
def test_hash_that_the_better_file_lost_goes_to_the_other_one(
    world: World, engine: Engine, mode: str
) -> None:
    world.store.load(
        [
            file(ORGANIZATION, OLDEST, md5=MD5, sha256=SHA256),
            file(RESEARCH, RECENT, md5=MD5, sha256=SHA256),
        ]
    )
    world.threatconnect.faults.on('page_cap', rows=1)
    engine.save_queries([query()])
    world.clock.advance(600)
    (better,) = (row['id'] for row in world.store.rows() if row['ownerName'] == RESEARCH)
    world.store.remove_hash(better, SHA256)
    # The other one goes out for the hash that was lost; what is left has another summary now.
    assert run(world, engine, mode) == ([ORGANIZATION, RESEARCH], {'sent': 2})
    assert held_hashes(world) == {MD5: RESEARCH, SHA256: ORGANIZATION}
    engine.assert_right()


def held_hashes(world: World) -> dict[str, str]:
    """The owner whose copy of each hash is live."""
    return {
        pattern.split("'")[3]: stix['name'].partition(' | ')[2]
        for pattern, stix in world.live().items()
    }


def is_not_red(row: Mapping[str, Any]) -> bool:
    return not row.get('securityLabels', {}).get('data')


def minutes_ago(world: World, minutes: int) -> str:
    """A time of ThreatConnect's, which its last whole second reaches."""
    moment = world.store.now().timestamp() - 60 * minutes
    return time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(moment))
