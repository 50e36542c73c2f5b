from __future__ import annotations

from collections.abc import Collection

from sentinel_app.core.context_choice import ActorGroupType, ContextChoice
from sentinel_app.core.context_estimate import ContextEstimate, context_estimate
from sentinel_app.core.context_outbox import MOST_ACTORS, ContextAccount, summed_accounts
from sentinel_app.core.indicator import Group, Indicator
from tests.harness.builders.indicator import make_indicator


def group(name: str, kind: str = 'Adversary', owner: str = 'Example Org') -> Group:
    return Group(type=kind, name=name, owner_name=owner)


def estimate(
    *sample: tuple[Indicator, int],
    choice: ContextChoice = ContextChoice.ACTORS,
    types: Collection[ActorGroupType] = frozenset(ActorGroupType),
    owners: Collection[str] = (),
) -> ContextEstimate:
    return context_estimate(sample, choice, types, owners)


def with_groups(*groups: Group, owner: str = 'Example Org') -> Indicator:
    return make_indicator(groups=groups, owner_name=owner)


def test_actors_are_counted_once_by_name_and_relationships_for_each_object() -> None:
    found = estimate(
        (with_groups(group('Bear'), group('BEAR ', 'Threat')), 3),
        (with_groups(group('Bear', 'Intrusion Set'), group('Cat', owner='Källa')), 1),
        (with_groups(owner='Forschung'), 1),
    )
    assert found == ContextEstimate(identities=3, actors=2, relationships=3 + 2)
    assert found.objects == 10


def test_group_that_stands_for_no_actor_counts_for_nothing() -> None:
    groups = (group('Paper', 'Report'), group('Bear', 'Threat'), group(' \u200b'))
    found = estimate((with_groups(*groups), 1), types={ActorGroupType.ADVERSARY})
    assert found == ContextEstimate(identities=1)


def test_group_of_an_owner_that_the_query_leaves_out_stands_for_no_actor() -> None:
    indicator = with_groups(group('Bear'), group('Cat', owner='Källa'))
    found = estimate((indicator, 1), owners=['Example Org'])
    assert found == ContextEstimate(identities=1, actors=1, relationships=1)


def test_indicator_that_is_not_sent_counts_for_nothing() -> None:
    assert estimate((with_groups(group('Bear')), 0)) == ContextEstimate()


def test_actors_beyond_the_most_are_left_out_of_the_relationships() -> None:
    groups = [group(f'Actor {number}') for number in range(MOST_ACTORS + 3)]
    found = estimate((with_groups(*groups), 2))
    assert (found.actors, found.relationships, found.left_out) == (
        MOST_ACTORS + 3,
        2 * MOST_ACTORS,
        6,
    )


def test_choice_decides_what_is_counted() -> None:
    sample = (with_groups(group('Bear', owner='Källa')), 1)
    assert estimate(sample, choice=ContextChoice.NONE) == ContextEstimate()
    assert estimate(sample, choice=ContextChoice.IDENTITIES) == ContextEstimate(identities=1)


def test_owners_come_again_however_many_indicators_there_are() -> None:
    sample = ContextEstimate(identities=2, actors=3, relationships=5, left_out=1)
    assert sample.scaled(2.5) == ContextEstimate(
        identities=2, actors=8, relationships=13, left_out=3
    )


def test_accounts_are_summed_where_there_are_any() -> None:
    assert summed_accounts([]) is None
    one = ContextAccount(waiting=1, sent=2, withdrawn=3, refused=4, left_out=5)
    assert summed_accounts([one, one]) == ContextAccount(
        waiting=2, sent=4, withdrawn=6, refused=8, left_out=10
    )
