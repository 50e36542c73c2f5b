"""Context objects over the real engine and the stand-ins: owners, threat actors, relationships."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from sentinel_app.core.context_key import identity_key
from tests.harness import related
from tests.harness.engine import OWNERS, Engine, World, hosts, query

pytestmark = pytest.mark.integration

ORGANIZATION, RESEARCH, _ = OWNERS
ACTORS = {'context_objects': 'Owner identities and threat actors'}
ORDER = ('indicator', 'identity', 'threat-actor', 'relationship')


def test_identities_follow_the_indicators_and_are_sent_once(world: World, tmp_path: Path) -> None:
    world.store.load([*hosts(3), *hosts(2, prefix='other', ownerName=RESEARCH)])
    with Engine(world, tmp_path, context_objects='Owner identities') as engine:
        engine.save_queries([query()])
        engine.until(
            lambda: len(world.sentinel.held_objects(None, 'identity')) == 2, 'no identities'
        )
        engine.run_update('full')
    sent = world.sentinel.sent_objects()
    kinds = [stix['type'] for stix in sent]
    assert kinds[:5] == ['indicator'] * 5
    assert kinds.count('identity') == 2
    names = {stix['id']: stix['name'] for stix in sent if stix['type'] == 'identity'}
    assert names == {identity_key(name).object_id(): name for name in (ORGANIZATION, RESEARCH)}


def test_actors_follow_associations_and_are_withdrawn_after_a_whole_reading(
    world: World, tmp_path: Path
) -> None:
    world.store.load(hosts(6))
    groups, rows = world.store.groups, world.store.rows()
    bear = groups.add({'type': 'Adversary', 'name': 'Quiet Bear', 'ownerName': ORGANIZATION})
    same = groups.add({'type': 'Intrusion Set', 'name': 'QUIET  bear', 'ownerName': RESEARCH})
    other = groups.add({'type': 'Threat', 'name': 'Loud Fox', 'ownerName': RESEARCH})
    report = groups.add({'type': 'Report', 'name': 'A Report', 'ownerName': RESEARCH})
    for row in rows[:3]:
        groups.associate(bear['id'], row['id'])
        groups.associate(report['id'], row['id'])
    groups.associate(same['id'], rows[2]['id'])
    groups.associate(other['id'], rows[3]['id'])
    with Engine(world, tmp_path, **ACTORS) as engine:
        engine.save_queries([query()])
        related.settle(engine)
        assert related.held(world) == related.expected(world)
        assert len(related.held(world)) == 4
        actors = world.sentinel.held_objects(None, 'threat-actor')
        assert sorted(each['name'].casefold() for each in actors.values()) == [
            'loud fox',
            'quiet bear',
        ]
        kinds = [stix['type'] for stix in world.sentinel.sent_objects()]
        assert kinds == sorted(kinds, key=ORDER.index)
        count = len(kinds)
        engine.run_update('reconcile')
        related.settle(engine)
        assert len(world.sentinel.sent_objects()) == count, 'what has not changed is not sent'
        groups.dissociate(other['id'], rows[3]['id'])
        groups.associate(other['id'], rows[4]['id'])
        engine.run_update('delta')
        related.settle(engine)
        assert len(related.held(world)) == 5, 'a delta withdraws nothing'
        engine.run_update('reconcile')
        related.settle(engine)
        assert related.held(world) == related.expected(world)
        groups.delete(other['id'])
        engine.run_update('reconcile')
        related.settle(engine)
        assert related.held(world) == related.expected(world)
        fox = world.sentinel.held_objects(None, 'threat-actor').values()
        assert [each['name'] for each in fox if each.get('revoked')] == ['Withdrawn']


def test_most_recently_modified_actors_are_related_and_the_others_counted(
    world: World, tmp_path: Path
) -> None:
    world.store.load(hosts(2))
    first, second = (row['id'] for row in world.store.rows())
    made = [
        world.store.groups.add(
            {
                'type': 'Adversary',
                'name': f'Actor {number}',
                'ownerName': ORGANIZATION,
                'lastModified': f'2025-03-{number + 1:02d}T00:00:00Z',
            }
        )
        for number in range(13)
    ]
    for group in made:
        world.store.groups.associate(group['id'], first)
    world.store.groups.associate(made[0]['id'], second)
    with Engine(world, tmp_path, **ACTORS) as engine:
        engine.save_queries([query()])
        related.settle(engine)
        assert related.held(world) == related.expected(world)
        assert sorted(map(len, related.held(world).values())) == [1, 10]
        assert account(engine) == {'sent': 1 + 11 + 11, 'left_out': 3}


def test_no_group_above_the_highest_level_is_sent_or_related(world: World, tmp_path: Path) -> None:
    world.store.load(hosts(4))
    groups, rows = world.store.groups, world.store.rows()
    green, red, unlabeled = (
        groups.add({'type': 'Threat', 'name': f'{name} Actor', 'ownerName': ORGANIZATION})
        for name in ('Green', 'Red', 'Unlabeled')
    )
    groups.label(green['id'], 'TLP:GREEN')
    groups.label(red['id'], 'TLP:RED')
    for row in rows:
        for group in (green, red, unlabeled):
            groups.associate(group['id'], row['id'])
    with Engine(world, tmp_path, max_tlp='TLP:AMBER', **ACTORS) as engine:
        engine.save_queries([query()])
        related.settle(engine)
        assert related.held(world) == related.expected(world, highest='TLP:AMBER')
        assert 'Red Actor' not in str(world.sentinel.sent_objects())
        marks = {
            each['name']: each.get('object_marking_refs')
            for each in world.sentinel.held_objects(None, 'threat-actor').values()
        }
        assert marks['Unlabeled Actor'] is None
        assert len(marks['Green Actor'] or ()) == 1
        groups.label(green['id'], 'TLP:RED', touch=False)
        engine.world.clock.advance(700)
        engine.run_update('reconcile')
        related.settle(engine)
        assert related.held(world) == related.expected(world, highest='TLP:AMBER')
        assert all(actors == {'unlabeled actor'} for actors in related.held(world).values())


def test_actors_that_share_a_mitre_id_are_one(world: World, tmp_path: Path) -> None:
    world.store.load(hosts(2))
    groups, rows = world.store.groups, world.store.rows()
    one = groups.add({'type': 'Adversary', 'name': 'Cozy Heron', 'ownerName': ORGANIZATION})
    two = groups.add({'type': 'Intrusion Set', 'name': 'The Herons', 'ownerName': RESEARCH})
    groups.associate(one['id'], rows[0]['id'])
    groups.associate(two['id'], rows[1]['id'])
    with Engine(world, tmp_path, **ACTORS) as engine:
        engine.save_queries([query()])
        related.settle(engine)
        assert len(world.sentinel.held_objects(None, 'threat-actor')) == 2
        groups.set_profile([one['id'], two['id']], name='Herons', mitreId='G9021')
        engine.run_update('reconcile')
        related.settle(engine)
        assert related.held(world) == related.expected(world)
        live = [
            each
            for each in world.sentinel.held_objects(None, 'threat-actor').values()
            if not each.get('revoked')
        ]
        assert [each['name'] for each in live] == ['Herons']


def account(engine: Engine) -> dict[str, int]:
    """Return what became of the context objects that all Jobs called for."""
    found: Counter[str] = Counter()
    for job in engine.jobs():
        if job['context'] is not None:
            assert job['count_context'] == job['context']['sent'] + job['context']['withdrawn']
            found.update(job['context'])
    return {name: count for name, count in found.items() if count}


def test_turning_actors_off_and_on_again_brings_them_back(world: World, tmp_path: Path) -> None:
    world.store.load(hosts(3))
    bear = world.store.groups.add(
        {'type': 'Adversary', 'name': 'Quiet Bear', 'ownerName': ORGANIZATION}
    )
    for row in world.store.rows():
        world.store.groups.associate(bear['id'], row['id'])
    with Engine(world, tmp_path, **ACTORS) as engine:
        engine.save_queries([query()])
        related.settle(engine)
        assert related.held(world) == related.expected(world)
    with Engine(world, tmp_path, context_objects='Owner identities') as engine:
        engine.run_update('delta')
        related.settle(engine)
        assert related.held(world) == related.expected(world), 'a delta withdraws nothing'
    with Engine(world, tmp_path, **ACTORS) as engine:
        engine.run_update('reconcile')
        related.settle(engine)
        assert related.held(world) == related.expected(world)
    with Engine(world, tmp_path, context_objects='None') as engine:
        engine.run_update('reconcile')
        related.settle(engine)
        assert related.held(world) == {}
        identities = world.sentinel.held_objects(None, 'identity').values()
        assert not any(each.get('revoked') for each in identities), 'Indicators may still name it'
    with Engine(world, tmp_path, **ACTORS) as engine:
        engine.run_update('reconcile')
        related.settle(engine)
        assert related.held(world) == related.expected(world)


def test_what_waits_is_not_sent_once_its_group_is_above_the_highest_level(
    world: World, tmp_path: Path
) -> None:
    world.store.load(hosts(3))
    groups = world.store.groups
    red = groups.add({'type': 'Adversary', 'name': 'Red Bear', 'ownerName': ORGANIZATION})
    green = groups.add({'type': 'Threat', 'name': 'Green Fox', 'ownerName': ORGANIZATION})
    groups.label(red['id'], 'TLP:RED')
    for row in world.store.rows():
        for group in (red, green):
            groups.associate(group['id'], row['id'])
    with Engine(world, tmp_path, **ACTORS) as engine:
        engine.ask('POST', 'api/task/context/pause', {})
        engine.save_queries([query()])
        world.sentinel.faults.add('drop-before')
        engine.ask('POST', 'api/task/context/resume', {})
        engine.until(lambda: engine.ask('GET', 'api/context')['count_waiting'], 'nothing waits')
        engine.until(lambda: engine.ask('GET', 'api/context')['error'], 'nothing was tried')
    world.sentinel.faults.clear()
    with Engine(world, tmp_path, max_tlp='TLP:AMBER', **ACTORS) as engine:
        engine.run_update('reconcile')
        related.settle(engine)
        assert related.held(world) == related.expected(world, highest='TLP:AMBER')
        assert 'Red Bear' not in str(world.sentinel.sent_objects('threat-actor'))


def test_indicator_that_comes_back_is_related_under_its_new_id(
    world: World, tmp_path: Path
) -> None:
    world.store.load(hosts(2))
    (row, _), groups = world.store.rows(), world.store.groups
    bear = groups.add({'type': 'Adversary', 'name': 'Quiet Bear', 'ownerName': ORGANIZATION})
    groups.associate(bear['id'], row['id'])
    with Engine(world, tmp_path, **ACTORS) as engine:
        engine.save_queries([query()])
        related.settle(engine)
        for change in (world.store.deactivate, world.store.activate):
            change(row['id'])
            world.clock.advance(60)
            engine.run_update('reconcile')
            related.settle(engine)
            assert related.held(world) == related.expected(world)
    assert len(world.sentinel.held_objects(None, 'relationship')) == 2


def test_group_of_an_owner_that_the_query_leaves_out_is_not_related(
    world: World, tmp_path: Path
) -> None:
    world.store.load(hosts(2))
    groups = world.store.groups
    own = groups.add({'type': 'Adversary', 'name': 'Quiet Bear', 'ownerName': ORGANIZATION})
    other = groups.add({'type': 'Adversary', 'name': 'Loud Fox', 'ownerName': RESEARCH})
    for row in world.store.rows():
        for group in (own, other):
            groups.associate(group['id'], row['id'])
    with Engine(world, tmp_path, **ACTORS) as engine:
        engine.save_queries([query(owners=[ORGANIZATION])])
        related.settle(engine)
        assert related.held(world) == related.expected(world, owners=[ORGANIZATION])
        assert 'Loud Fox' not in str(world.sentinel.sent_objects('threat-actor'))
