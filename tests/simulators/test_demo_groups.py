"""The Groups of the demonstration: whose they are, what they hang on, and what they leave alone."""

from __future__ import annotations

import pytest

from tests.simulators import demo
from tests.simulators.demo_groups import (
    FINCH,
    HERON,
    HERON_OF_RESEARCH,
    LANTERN,
    LOADER,
    demo_store,
)
from tests.simulators.threatconnect import Store

ACTORS = 'typeName in ("Adversary","Intrusion Set","Threat")'


@pytest.fixture(params=['own', 'loaded', 'few'])
def rows(request) -> list[demo.Row]:
    if request.param == 'own':
        return demo.compose()
    return demo.load_indicators(20 if request.param == 'few' else None)


@pytest.fixture
def store() -> Store:
    return demo_store(demo.compose())


def labels(data: demo.Row) -> list[str]:
    return [label['name'] for label in data['securityLabels'].get('data', ())]


def test_indicators_stay_as_they_are_but_for_their_groups(rows) -> None:
    plain, related = Store(rows).rows(), demo_store(rows).rows()
    for before, after in zip(plain, related, strict=True):
        assert {**before, 'associatedGroups': None} == {**after, 'associatedGroups': None}
        names = [group['name'] for group in before['associatedGroups'].get('data', ())]
        found = [group['name'] for group in after['associatedGroups'].get('data', ())]
        assert found[: len(names)] == names


def test_queries_of_the_demonstration_select_the_same_indicators(rows) -> None:
    plain, related = Store(rows), demo_store(rows)
    for query in demo.demo_queries(rows):
        ids = [row['id'] for row in plain.rows(query['tql'])]
        assert [row['id'] for row in related.rows(query['tql'])] == ids


def test_every_group_that_an_indicator_shows_is_there(rows) -> None:
    store = demo_store(rows)
    shown = {
        group['id']: group['name']
        for row in store.rows()
        for group in row['associatedGroups'].get('data', ())
    }
    assert shown
    assert {group_id: store.groups.get(group_id)['name'] for group_id in shown} == shown


def test_actors_are_of_each_owner_and_on_some_indicators(store) -> None:
    actors = [data for data in store.groups.groups(ACTORS) if data['id'] >= HERON]
    assert {data['ownerId'] for data in actors} == {101, 102, 103}
    assert all(store.groups.indicators_of(data['id']) for data in actors)
    with_actor = store.rows(f'hasGroup({ACTORS} and id >= {HERON})')
    assert 50 < len(with_actor) < len(store) / 2
    assert store.groups.indicators_of(LOADER)
    others = {data['type'] for data in store.groups.groups(f'not ({ACTORS})')}
    assert {'Malware', 'Campaign', 'Attack Pattern', 'Report', 'Incident'} <= others


def test_one_actor_of_two_owners_has_a_profile_and_meets_on_one_indicator(store) -> None:
    first, second = (store.groups.get(group_id) for group_id in (HERON, HERON_OF_RESEARCH))
    assert first['ownerId'] != second['ownerId']
    assert first['name'] != second['name']
    assert first['name'].casefold().split() == second['name'].casefold().split()
    (profile,) = store.groups.profiles
    assert profile.group_ids == (HERON, HERON_OF_RESEARCH)
    assert store.groups.profile_of(FINCH) is None
    both = [row['id'] for row in store.groups.indicators_of(HERON)]
    assert set(both) & {row['id'] for row in store.groups.indicators_of(HERON_OF_RESEARCH)}


def test_red_group_hangs_on_a_green_indicator(store) -> None:
    assert labels(store.groups.get(LANTERN)) == ['TLP:RED']
    (row,) = store.groups.indicators_of(LANTERN)
    assert labels(row) == ['TLP:GREEN']
    assert row['active']
