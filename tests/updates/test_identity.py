"""An Indicator stays the same when its value changes, and Sentinel follows it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness.engine import OWNERS, Engine, World, hosts, outcomes, query
from tests.simulators.certificates import make_certificates

pytestmark = pytest.mark.integration

MODES = ('delta', 'reconcile', 'full')
MD5, SHA1, SHA256 = 'A' * 32, 'B' * 40, 'C' * 64
KINDS = {32: 'MD5', 40: 'SHA-1', 64: 'SHA-256'}
ORG, SOURCE, _ = OWNERS


@pytest.fixture(scope='module')
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(make_certificates(tmp_path_factory.mktemp('ca'))) as made:
        yield made


@pytest.fixture(autouse=True)
def _reset(world: World) -> None:
    world.reset()


def file(*hashes: str, owner: str = ORG, **members: Any) -> dict[str, Any]:
    names = {32: 'md5', 40: 'sha1', 64: 'sha256'}
    return {
        'type': 'File',
        'ownerName': owner,
        'confidence': 50,
        'dateAdded': '2025-01-01T00:00:00Z',
        'lastModified': '2025-06-01T00:00:00Z',
        **{names[len(digest)]: digest for digest in hashes},
        **members,
    }


def add(world: World, row: dict[str, Any]) -> int:
    return int(world.store.add(row)['id'])


def ids(world: World) -> dict[str, str]:
    """The ids of what is live, by the hash that it stands for."""
    return {
        pattern.split("'")[3].upper(): stix['id']
        for pattern, stix in world.live().items()
        if 'hashes' in pattern
    }


def live(world: World) -> set[str]:
    return set(ids(world))


# -- what is lost goes


@pytest.mark.parametrize('mode', MODES)
def test_file_that_got_a_hash_and_was_deleted_is_withdrawn(
    world: World, tmp_path: Path, mode: str
) -> None:
    row_id = add(world, file(MD5))
    world.store.load([*world.store.rows(), *hosts(3)])
    with Engine(world, tmp_path) as engine:
        engine.save_queries([query()], run='full')
        world.clock.advance(600)
        world.store.add_hash(row_id, SHA256)
        world.store.delete(row_id)
        assert outcomes(engine.run_update(mode)[0])['withdrawn'] == 1
        assert live(world) == set()
        engine.assert_right()


@pytest.mark.parametrize('shows_gaps', [False, True])
@pytest.mark.parametrize('mode', MODES)
def test_hash_that_was_taken_off_is_withdrawn_and_the_others_stay(
    world: World, tmp_path: Path, mode: str, *, shows_gaps: bool
) -> None:
    world.store.shows_gaps = shows_gaps
    row_id = add(world, file(MD5, SHA1, SHA256))
    with Engine(world, tmp_path) as engine:
        engine.save_queries([query()], run='full')
        before = ids(world)
        world.clock.advance(600)
        world.store.remove_hash(row_id, SHA1)
        (job,) = engine.run_update(mode)
        # The File counts once, and what was sent of it outweighs what was withdrawn.
        assert outcomes(job) == {'sent': 1}
        assert job['count_object'] == 3
        del before[SHA1]
        assert ids(world) == before
        engine.assert_right()
        assert outcomes(engine.run_update('delta')[0]).keys() <= {'unchanged'}


@pytest.mark.parametrize('shows_gaps', [False, True])
@pytest.mark.parametrize('mode', MODES)
def test_objects_of_a_file_that_lost_a_hash_and_was_deleted_are_all_withdrawn(
    world: World, tmp_path: Path, mode: str, *, shows_gaps: bool
) -> None:
    world.store.shows_gaps = shows_gaps
    row_id = add(world, file(MD5, SHA1, SHA256))
    with Engine(world, tmp_path) as engine:
        engine.save_queries([query()], run='full')
        world.clock.advance(600)
        world.store.remove_hash(row_id, MD5)
        world.store.delete(row_id)
        assert outcomes(engine.run_update(mode)[0]) == {'withdrawn': 1}
        assert live(world) == set()


@pytest.mark.parametrize('mode', MODES)
def test_deleted_file_is_found_by_a_hash_whose_object_is_another_owners(
    world: World, tmp_path: Path, mode: str
) -> None:
    row_id = add(world, file(MD5, SHA1))
    add(world, file(SHA1, owner=SOURCE))
    with Engine(world, tmp_path) as engine:
        engine.save_queries([query(owners=[SOURCE]), query(owners=[ORG])], run='full')
        world.clock.advance(600)
        world.store.remove_hash(row_id, MD5)
        world.store.delete(row_id)
        engine.run_update(mode)
        assert live(world) == {SHA1}
        engine.assert_right()


@pytest.mark.parametrize('mode', MODES)
def test_hash_is_lost_also_where_no_query_returns_the_file_any_more(
    world: World, tmp_path: Path, mode: str
) -> None:
    row_id = add(world, file(MD5, SHA1))
    with Engine(world, tmp_path) as engine:
        engine.save_queries([query('confidence >= 50')], run='full')
        world.clock.advance(600)
        world.store.modify(row_id, confidence=10)
        world.store.remove_hash(row_id, SHA1)
        engine.run_update(mode)
        # The policy lets stay what only no longer matches.
        assert live(world) == {MD5}


@pytest.mark.parametrize('mode', MODES)
def test_file_without_a_usable_hash_has_lost_those_that_it_had(
    world: World, tmp_path: Path, mode: str
) -> None:
    row_id = add(world, file(MD5))
    with Engine(world, tmp_path) as engine:
        engine.save_queries([query()], run='full')
        world.clock.advance(600)
        world.store.revalue(row_id, md5='no hash')
        (job,) = engine.run_update(mode)
        assert outcomes(job) == {'withdrawn': 1}
        assert live(world) == set()


def test_held_back_indicator_keeps_its_hashes_except_the_lost_one(
    world: World, tmp_path: Path
) -> None:
    row_id = add(world, file(MD5, SHA1))
    with Engine(world, tmp_path, max_tlp='TLP:GREEN') as engine:
        engine.save_queries([query()], run='full')
        world.clock.advance(600)
        world.store.modify(row_id, securityLabels={'data': [{'name': 'TLP:RED'}]})
        world.store.remove_hash(row_id, SHA1)
        assert outcomes(engine.run_update('delta')[0]) == {'withdrawn': 1}
        assert live(world) == {MD5}


@pytest.mark.parametrize(('mode', 'updates'), [('delta', 2), ('reconcile', 1), ('full', 1)])
def test_value_that_was_not_expected_to_change_is_followed_too(
    world: World, tmp_path: Path, mode: str, updates: int
) -> None:
    key = {'type': 'Registry Key', 'ownerName': ORG, 'Key Name': 'HKEY_LOCAL_MACHINE\\Run'}
    row_id = add(world, {**key, 'Value Name': 'old', 'Value Type': 'REG_SZ'})
    with Engine(world, tmp_path) as engine:
        engine.save_queries([query()], run='full')
        world.clock.advance(600)
        world.store.revalue(row_id, **{'Value Name': 'new'})
        # A delta comes upon it while it reads; only the next one asks everybody for the value.
        for _ in range(updates):
            engine.run_update(mode)
        engine.assert_right()


def test_delta_that_finds_a_loss_while_reading_takes_nothing_from_others(
    world: World, tmp_path: Path
) -> None:
    key = {'type': 'Registry Key', 'Key Name': 'HKEY_LOCAL_MACHINE\\Run', 'Value Name': 'old'}
    row_id = add(world, {**key, 'ownerName': ORG, 'lastModified': '2025-06-02T00:00:00Z'})
    add(world, {**key, 'ownerName': SOURCE, 'lastModified': '2025-06-01T00:00:00Z'})
    with Engine(world, tmp_path) as engine:
        engine.save_queries([query()], run='full')
        (before,) = world.live().values()
        world.clock.advance(600)
        world.store.revalue(row_id, **{'Value Name': 'new'})
        engine.run_update('delta')
        # The other copy lies beside the window, and nobody was asked for it.
        assert before['pattern'] in world.live()
        engine.run_update('delta')
        live = engine.assert_right()
        assert live[before['pattern']]['id'] == before['id']


# -- what another copy still has stays


@pytest.mark.parametrize('listed', [True, False])
@pytest.mark.parametrize('mode', MODES)
def test_hash_that_was_merged_into_another_file_is_taken_over(
    world: World, tmp_path: Path, mode: str, *, listed: bool
) -> None:
    kept = add(world, file(MD5))
    add(world, file(SHA256))
    with Engine(world, tmp_path) as engine:
        engine.save_queries([query()], run='full')
        before = ids(world)
        world.clock.advance(600)
        world.store.add_hash(kept, SHA256, merge=True, listed=listed)
        (job,) = engine.run_update(mode)
        assert outcomes(job) == {'sent': 1}
        assert ids(world) == before
        engine.assert_right()
        # From now on they are those of the one File.
        world.clock.advance(600)
        world.store.delete(kept)
        engine.run_update(mode)
        assert live(world) == set()


@pytest.mark.parametrize('mode', MODES)
def test_file_merged_into_one_that_no_query_returns_is_withdrawn(
    world: World, tmp_path: Path, mode: str
) -> None:
    kept = add(world, file(MD5, confidence=10))
    add(world, file(SHA256))
    with Engine(world, tmp_path) as engine:
        engine.save_queries([query('confidence >= 50')], run='full')
        world.clock.advance(600)
        world.store.add_hash(kept, SHA256, merge=True, listed=False)
        engine.run_update(mode)
        assert live(world) == set()


@pytest.mark.parametrize('mode', MODES)
@pytest.mark.parametrize('is_deleted', [False, True])
@pytest.mark.parametrize('position', [0, 1])
def test_lost_hash_is_taken_over_under_the_same_id(
    world: World, tmp_path: Path, mode: str, position: int, *, is_deleted: bool
) -> None:
    row_id = add(world, file(MD5, SHA1, lastModified='2025-06-02T00:00:00Z'))
    add(world, file(SHA1, owner=SOURCE))
    queries = [query(), query()] if position else [query(owners=[ORG]), query(owners=[SOURCE])]
    with Engine(world, tmp_path) as engine:
        engine.save_queries(queries, run='full')
        before = ids(world)
        world.clock.advance(600)
        world.store.remove_hash(row_id, SHA1)
        if is_deleted:
            world.store.delete(row_id)
        engine.run_update(mode)
        assert ids(world)[SHA1] == before[SHA1]
        engine.assert_right()


def test_file_that_shares_a_hash_with_a_deleted_one_keeps_what_it_has(
    world: World, tmp_path: Path
) -> None:
    gone = add(world, file(MD5, SHA256))
    other = add(world, file('D' * 32, SHA256, lastModified='2025-06-02T00:00:00Z'))
    with Engine(world, tmp_path) as engine:
        engine.save_queries([query('confidence >= 50')], run='full')
        world.clock.advance(600)
        # It still exists, though nothing returns it: it is not for the other one's end to take it.
        world.store.modify(other, confidence=10)
        world.store.delete(gone)
        engine.run_update('delta')
        assert live(world) == {'D' * 32, SHA256}


def test_file_that_lost_the_hash_of_a_deleted_one_keeps_only_the_others(
    world: World, tmp_path: Path
) -> None:
    gone = add(world, file(MD5, SHA256))
    other = add(world, file('D' * 32, SHA256, lastModified='2025-06-02T00:00:00Z'))
    with Engine(world, tmp_path) as engine:
        engine.save_queries([query()], run='full')
        world.clock.advance(600)
        # Nothing but the deleted list leads to it.
        world.store.remove_hash(other, SHA256, at='2025-06-02T00:00:00Z')
        world.store.delete(gone)
        engine.run_update('delta')
        assert live(world) == {'D' * 32}


def test_recreated_indicator_stays_though_the_deleted_list_names_it_again(
    world: World, tmp_path: Path
) -> None:
    row_id = add(world, file(MD5))
    with Engine(world, tmp_path) as engine:
        engine.save_queries([query('confidence >= 50')], run='full')
        world.clock.advance(600)
        world.store.delete(row_id)
        again = add(world, file(MD5, lastModified=world.store.now_text()))
        engine.run_update('delta')
        # The list is asked for a little more than what is new.
        world.clock.advance(60)
        world.store.modify(again, confidence=10)
        engine.run_update('delta')
        assert live(world) == {MD5}


# -- the rules of withdrawing hold


@pytest.mark.parametrize('mode', MODES)
def test_lost_values_stay_where_nothing_is_withdrawn(
    world: World, tmp_path: Path, mode: str
) -> None:
    row_id = add(world, file(MD5, SHA1))
    gone = add(world, file('D' * 32))
    with Engine(world, tmp_path, withdraw_indicators='Never') as engine:
        engine.save_queries([query()], run='full')
        world.clock.advance(600)
        world.store.remove_hash(row_id, SHA1)
        world.store.add_hash(gone, SHA256)
        world.store.delete(gone)
        for _ in range(2):
            assert 'withdrawn' not in outcomes(engine.run_update(mode)[0])
        assert live(world) == {MD5, SHA1, 'D' * 32}


@pytest.mark.parametrize('mode', ['delta', 'reconcile'])
def test_many_lost_hashes_wait_for_a_confirmation(world: World, tmp_path: Path, mode: str) -> None:
    rows = [
        add(world, file(f'{number:032X}', f'{number:040X}'))
        for number in range(1, 121)
    ]  # fmt: skip
    with Engine(world, tmp_path) as engine:
        engine.save_queries([query()], run='full')
        world.clock.advance(600)
        for number, row_id in enumerate(rows, start=1):
            world.store.remove_hash(row_id, f'{number:040X}')
        (job,) = engine.run_update(mode)
        assert job['count_held_back'] == 120
        assert len(live(world)) == 240
        engine.ask('POST', f'api/job/request/{job["request_id"]}/withdraw', {})
        engine.wait()
        assert len(live(world)) == 120
        engine.assert_right()


def test_failed_search_withdraws_nothing_and_the_next_one_does(
    world: World, tmp_path: Path
) -> None:
    row_id = add(world, file(MD5, SHA1))
    with Engine(world, tmp_path) as engine:
        engine.save_queries([query()], run='full')
        world.clock.advance(600)
        world.store.remove_hash(row_id, SHA1)
        path = '/api/v3/indicators/deleted'
        world.threatconnect.faults.on('unauthorized', path=path)
        (job,) = engine.run_update('delta')
        assert any('Nothing was withdrawn' in text for text in job['warnings'])
        assert live(world) == {MD5, SHA1}
        world.clear_faults()
        engine.run_update('delta')
        assert live(world) == {MD5}
