from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_app.core.context_key import identity_key
from sentinel_app.core.identity_object import IDENTITY_SINCE, identity_object
from sentinel_app.core.mapping import NAME_LIMIT
from sentinel_app.core.object_text import content_hash, object_text
from sentinel_app.core.text import utf16_length
from tests.core.test_mapping_golden import judge
from tests.harness.builders.actor import MODIFIED
from tests.harness.strategies import law, names, times


def make(owner: str, **fields: Any) -> dict[str, Any]:
    defaults: dict[str, Any] = {
        'object_id': identity_key(owner).object_id(),
        'created_at': IDENTITY_SINCE,
        'modified_at': IDENTITY_SINCE,
    }
    return identity_object(owner, **(defaults | fields))


def test_object_has_exactly_these_members() -> None:
    assert list(make('Research  Team\n').items()) == [
        ('type', 'identity'),
        ('spec_version', '2.1'),
        ('id', identity_key('Research  Team\n').object_id()),
        ('created', '2026-01-01T00:00:00.000Z'),
        ('name', 'Research Team'),
        ('identity_class', 'organization'),
        ('lang', 'en'),
        ('modified', '2026-01-01T00:00:00.000Z'),
    ]


@law
@given(names, times, st.booleans())
def test_objects_of_any_owner_are_valid_stix(owner: str, at: Any, is_revoked: bool) -> None:
    stix = make(owner, modified_at=at, is_revoked=is_revoked)
    judge(stix)
    assert stix['name']
    assert utf16_length(stix['name']) <= NAME_LIMIT
    assert stix['modified'] >= stix['created']
    assert list(stix)[-1] == 'modified'


@pytest.mark.parametrize('owner', ['\n', '\u200b', ' '])
def test_owner_with_nothing_to_read_is_still_named(owner: str) -> None:
    assert make(owner)['name'] == owner


def test_time_is_no_content_and_a_withdrawal_is() -> None:
    digest = content_hash(object_text(make('Example Org')))
    assert content_hash(object_text(make('Example Org', modified_at=MODIFIED))) == digest
    assert content_hash(object_text(make('Example Org', is_revoked=True))) != digest
