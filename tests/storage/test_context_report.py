from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from sentinel_app.core.context_choice import ActorGroupType
from sentinel_app.core.context_key import ContextKind
from sentinel_app.core.context_report import (
    ActorFilter,
    ActorSort,
    ContextState,
    RefusedContext,
    ShownActor,
    ShownGroup,
)
from sentinel_app.core.indicator import HashKind, IndicatorType
from sentinel_app.core.object_id import ObjectKey
from sentinel_app.core.tlp import Tlp
from sentinel_app.storage.context_report import ContextReport
from sentinel_app.storage.maintenance.schema import current_steps
from sentinel_app.storage.sqlite import Database
from tests.harness.builders.actor import PROFILE, make_group
from tests.harness.builders.context import JOB, ContextWorld
from tests.harness.builders.match import sendable, web_link
from tests.harness.builders.update import address, send
from tests.harness.clocks import NOON

MD5 = ObjectKey(IndicatorType.FILE, 'A' * 32, HashKind.MD5)


@pytest.fixture
def world(db: Database) -> ContextWorld:
    return ContextWorld(db)


@pytest.fixture
def report(db: Database) -> ContextReport:
    return ContextReport(db)


def bears(world: ContextWorld) -> None:
    """Address 1 has a Bear of two owners; 1, 2 and 3 have a Cat, which is strictly confidential."""
    world.send(1, 2, 3)
    world.associate({1: (10, 11, 12), 2: (12,), 3: (12,)})
    world.read(
        make_group(10, name='Quiet Bear', aliases=('QB-1',)),
        make_group(11, name='quiet  BEAR', owner_name='Källa', type=ActorGroupType.INTRUSION_SET),
        make_group(12, name='Loud Cat', security_labels=('TLP:AMBER',), web_link=None),
    )
    world.derive()


def named(report: ContextReport, name: str) -> ShownActor:
    (found,), _ = report.actors(ActorFilter(text=name))
    return found


def names(report: ContextReport, wanted: ActorFilter, **options: object) -> list[str]:
    return [each.name for each in report.actors(wanted, **options)[0]]


def test_actor_is_shown_with_all_groups_that_are_merged(
    world: ContextWorld, report: ContextReport
) -> None:
    bears(world)
    world.settle()
    found, total = report.actors()
    assert (total, [each.name for each in found]) == (2, ['Loud Cat', 'Quiet Bear'])
    cat, bear = found
    assert bear.groups == (
        ShownGroup(
            id=10,
            type='Adversary',
            name='Quiet Bear',
            owner_name='Example Org',
            web_link='https://tc.example.test/#/details/groups/10/overview',
        ),
        ShownGroup(
            id=11,
            type='Intrusion Set',
            name='quiet  BEAR',
            owner_name='Källa',
            web_link='https://tc.example.test/#/details/groups/11/overview',
        ),
    )
    assert (bear.state, bear.objects, bear.aliases) == (ContextState.LIVE, 1, ('QB-1',))
    assert (bear.tlp, bear.refusal) == (None, None)
    assert bear.stix_id.startswith('threat-actor--')
    assert (cat.objects, cat.tlp, cat.groups[0].web_link) == (3, Tlp.AMBER, None)


def test_state_of_an_actor_follows_what_becomes_of_it(
    world: ContextWorld, report: ContextReport
) -> None:
    bears(world)
    assert named(report, 'bear').state is ContextState.WAITING
    world.settle(actor='Not this one.')
    refused = named(report, 'bear')
    assert refused.state is ContextState.REFUSED
    assert refused.refusal is not None
    assert (refused.refusal.code, refused.refusal.reason) == ('AZ-ITEM', 'Not this one.')
    assert (refused.refusal.at, refused.refusal.attempts) == (NOON, 1)
    world.derive()
    assert named(report, 'bear').state is ContextState.WAITING
    world.settle()
    assert named(report, 'bear').state is ContextState.LIVE
    world.associate({1: (12,)})
    world.derive()
    world.store.count_unwanted()
    assert named(report, 'bear').state is ContextState.UNWANTED
    world.withdraw()
    assert named(report, 'bear').state is ContextState.WITHDRAWN
    assert named(report, 'cat').state is ContextState.LIVE


@pytest.mark.parametrize(
    ('wanted', 'expected'),
    [
        (ActorFilter(text='CAT'), ['Loud Cat']),
        (ActorFilter(text='quiet  bear'), ['Quiet Bear']),
        (ActorFilter(text='ÄRGER'), ['Großer Ärger']),
        (ActorFilter(text='grosser'), ['Großer Ärger']),
        (ActorFilter(text='g0021'), ['Example Bear']),
        (ActorFilter(text='name|'), []),
        (ActorFilter(text='%'), []),
        (ActorFilter(state=ContextState.LIVE), ['Example Bear', 'Großer Ärger', 'Loud Cat']),
        (ActorFilter(state=ContextState.UNWANTED), []),
        (ActorFilter(state=ContextState.LIVE, text='bear'), ['Example Bear']),
    ],
)
def test_actors_are_found_by_part_of_a_name_in_any_case(
    world: ContextWorld, report: ContextReport, wanted: ActorFilter, expected: list[str]
) -> None:
    bears(world)
    world.settle()
    world.associate({1: (12,), 2: (12, 13, 14)})
    world.read(make_group(13, name='Großer Ärger'), make_group(14, profile=PROFILE))
    world.derive()
    world.settle()
    world.withdraw()
    if wanted.text == 'quiet  bear':
        assert named(report, wanted.text).state is ContextState.WITHDRAWN
    assert names(report, wanted) == expected


def test_actors_are_sorted_and_come_in_pages(world: ContextWorld, report: ContextReport) -> None:
    bears(world)
    by_objects = {'sort': ActorSort.OBJECTS}
    assert names(report, ActorFilter(), **by_objects) == ['Quiet Bear', 'Loud Cat']
    assert names(report, ActorFilter(), **by_objects, is_descending=True) == [
        'Loud Cat',
        'Quiet Bear',
    ]
    assert names(report, ActorFilter(), is_descending=True) == ['Quiet Bear', 'Loud Cat']
    found, total = report.actors(limit=1, offset=1)
    assert ([each.name for each in found], total) == (['Quiet Bear'], 2)


def test_indicators_of_an_actor_are_listed_with_whether_they_are_related(
    world: ContextWorld, report: ContextReport
) -> None:
    send(
        world.updates,
        sendable(1),
        sendable(2, MD5, owner_name='Källa', summary='A file'),
        request_id=JOB,
    )
    world.associate({1: (10,), MD5: (10,)})
    world.read(make_group(10))
    world.derive()
    actor = named(report, 'bear')
    waiting, total = report.related(actor.id)
    assert total == actor.objects == 2
    assert {each.state for each in waiting} == {ContextState.WAITING}
    world.settle(relationship='Unknown type.')
    assert {each.state for each in report.related(actor.id)[0]} == {ContextState.REFUSED}
    world.store.send_refused()
    world.derive()
    world.settle()
    first, second = report.related(actor.id)[0]
    assert (first.indicator_id, first.type, first.value) == (1, 'Address', '198.51.0.1')
    assert (first.owner_name, first.web_link, first.hash_kind) == (
        'Example Org',
        web_link(1),
        None,
    )
    assert (second.summary, second.value, second.hash_kind) == ('A file', 'A' * 32, 'MD5')
    assert {first.state, second.state} == {ContextState.LIVE}
    assert report.related(actor.id, limit=1, offset=1) == ((second,), 2)
    assert report.related(999) == ((), 0)


def test_actors_of_a_value_are_those_of_all_of_its_objects(
    world: ContextWorld, report: ContextReport
) -> None:
    bears(world)
    one, two = (world.object_of(address(number)) for number in (1, 2))
    assert [each.name for each in report.actors_of([one, two])] == ['Loud Cat', 'Quiet Bear']
    assert [each.name for each in report.actors_of([two])] == ['Loud Cat']
    assert report.actors_of([]) == ()


def test_refused_objects_of_every_kind_are_listed_with_their_reasons(
    world: ContextWorld, report: ContextReport
) -> None:
    bears(world)
    world.settle(identity='No.', relationship='Nor that.')
    world.read(make_group(12, name='Loud Cat', description='New.'))
    world.derive()
    world.settle(identity='No.', actor='Not this one.', relationship='Nor that.')
    found, total = report.refused(limit=100)
    assert total == len(found) == report.counts().refused

    def of(kind: ContextKind) -> list[RefusedContext]:
        return [each for each in found if each.kind is kind]

    owners = of(ContextKind.IDENTITY)
    assert {each.name for each in owners} == {'Example Org'}
    (cat,) = of(ContextKind.ACTOR)
    assert (cat.name, cat.is_live, cat.refusal.reason) == ('Loud Cat', True, 'Not this one.')
    relations = {(each.name, each.summary) for each in of(ContextKind.RELATIONSHIP)}
    assert relations == {
        ('Quiet Bear', '198.51.0.1'),
        *(('Loud Cat', f'198.51.0.{number}') for number in (1, 2, 3)),
    }
    assert all(each.stix_id.startswith(f'{each.kind.stix_type}--') for each in found)
    assert [each.refusal.reason for each in owners] == ['No.']
    assert not any(each.is_live for each in found if each is not cat)
    assert len(report.refused(limit=2, offset=1)[0]) == 2


def test_withdrawal_is_held_back_until_a_person_allows_it(
    world: ContextWorld, report: ContextReport
) -> None:
    assert report.held_back() == 0
    world.hold_back(1_240)
    assert report.held_back() == report.counts().held_back == 1_240
    world.store.allow_withdrawal(1_240)
    assert report.held_back() == report.counts().held_back == 0


def test_actors_of_what_is_due_are_counted_up_to_the_most(
    world: ContextWorld, report: ContextReport
) -> None:
    assert report.actors_each() == 0
    world.send(1, 2)
    world.associate({1: tuple(range(1, 31)), 2: (1, 2)})
    assert report.actors_each() == 6


def test_accounts_are_those_of_jobs_that_called_for_something(
    world: ContextWorld, report: ContextReport
) -> None:
    bears(world)
    world.settle()
    accounts = report.accounts([JOB, 'another'])
    assert set(accounts) == {JOB}
    # Two owners, as one is that of a Group alone, two actors and four relationships.
    assert (accounts[JOB].sent, accounts[JOB].accepted) == (7, 7)


def test_no_list_goes_through_all_relationships(report: ContextReport) -> None:
    plans: list[str] = []
    with closing(sqlite3.connect(':memory:')) as connection:
        for step in current_steps():
            for statement in step:
                connection.execute(statement)
        for clause in (
            'WHERE actor.kind = 1 AND actor.kind < 2 ORDER BY actor.name COLLATE NOCASE',
            'WHERE actor.kind = 1 AND actor.kind < 2 AND actor.name = 1',
        ):
            rows = connection.execute(
                f'EXPLAIN QUERY PLAN SELECT * FROM context_object AS actor {clause}'
            )
            plans += [str(row[3]) for row in rows]
        related = connection.execute(
            'EXPLAIN QUERY PLAN SELECT count(*) FROM context_object'
            ' WHERE target = 1 AND is_wanted = 1'
        )
        plans += [str(row[3]) for row in related]
    assert not any('SCAN' in plan for plan in plans), plans
    assert 'COVERING INDEX context_object_target' in plans[-1]
