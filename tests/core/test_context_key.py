"""Ids of context objects: stable, valid, and never shared."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stix2.properties import IDProperty

from sentinel_app.core.context_key import (
    ContextKey,
    ContextKind,
    identity_id,
    identity_key,
    relationship_key,
)
from sentinel_app.core.indicator import HashKind, IndicatorType
from sentinel_app.core.object_id import ObjectKey, object_id
from tests.harness.strategies import any_text, law

generations = st.integers(0, 9)
keys = st.builds(ContextKey, st.sampled_from(ContextKind), any_text)


@law
@given(keys, generations)
def test_id_is_one_of_stix_and_the_same_each_time(key: ContextKey, generation: int) -> None:
    found = key.object_id(generation)
    IDProperty(key.kind.stix_type).clean(found)
    assert found == ContextKey(key.kind, key.text).object_id(generation)
    assert key.object_id().endswith(key.digest.hex()[-12:])


@law
@given(st.lists(st.tuples(keys, generations), unique=True))
def test_different_keys_and_generations_have_different_ids(
    found: list[tuple[ContextKey, int]],
) -> None:
    assert len({key.object_id(generation) for key, generation in found}) == len(found)


def test_ids_of_an_owner_and_of_a_relationship_stay_for_ever() -> None:
    assert identity_id('Research Team') == 'identity--e0091d88-48de-5606-9900-b339ef700df0'
    key = relationship_key('indicator--1', 'threat-actor--2')
    assert key.object_id() == 'relationship--df3b5a56-3aa1-53fb-8efb-ad27385a58ad'
    assert key.object_id(1) == 'relationship--739da661-8e14-51eb-ad09-43cdbddd36ef'
    assert relationship_key('threat-actor--2', 'indicator--1') != key


@law
@given(any_text, st.sampled_from(IndicatorType), any_text, generations)
def test_no_indicator_has_the_uuid_of_an_owner(
    owner: str, kind: IndicatorType, value: str, generation: int
) -> None:
    uuids = {
        object_id(ObjectKey(kind, text, hash_kind), generation).partition('--')[2]
        for text in (value, owner, f'identity|{owner}')
        for hash_kind in (None, *HashKind)
    }
    assert identity_id(owner).partition('--')[2] not in uuids


@pytest.mark.parametrize('owner', ['1|identity|x', 'identity|x', 'x\n', '\\u000a', '|', ''])
def test_owner_named_like_an_id_has_its_own(owner: str) -> None:
    others = [identity_id('x'), identity_key('x').object_id(1), identity_id('\n')]
    assert identity_id(owner) not in others
