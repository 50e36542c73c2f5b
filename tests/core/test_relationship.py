from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import stix2
from hypothesis import given
from hypothesis import strategies as st

from sentinel_app.core.context_key import ContextKey, ContextKind, identity_key, relationship_key
from sentinel_app.core.object_id import object_id
from sentinel_app.core.object_text import content_hash, object_text
from sentinel_app.core.relationship import relationship_object
from sentinel_app.core.tlp import Tlp
from tests.core.test_mapping_golden import judge
from tests.harness.builders.actor import ADDED, MODIFIED
from tests.harness.builders.update import KEY
from tests.harness.strategies import law, times

SOURCE = object_id(KEY)
TARGET = ContextKey(ContextKind.ACTOR, 'name|example bear').object_id()
AUTHOR = identity_key('Example Org').object_id()


def make(**fields: Any) -> dict[str, Any]:
    defaults: dict[str, Any] = {
        'object_id': relationship_key(SOURCE, TARGET).object_id(),
        'source_ref': SOURCE,
        'target_ref': TARGET,
        'author_ref': AUTHOR,
        'tlp': Tlp.AMBER,
        'created_at': ADDED,
        'modified_at': MODIFIED,
    }
    return relationship_object(**(defaults | fields))


def test_object_has_exactly_these_members() -> None:
    assert list(make().items()) == [
        ('type', 'relationship'),
        ('spec_version', '2.1'),
        ('id', relationship_key(SOURCE, TARGET).object_id()),
        ('created_by_ref', AUTHOR),
        ('created', '2025-02-03T04:05:06.000Z'),
        ('relationship_type', 'indicates'),
        ('source_ref', SOURCE),
        ('target_ref', TARGET),
        ('object_marking_refs', [str(stix2.TLP_AMBER.id)]),
        ('modified', '2025-06-07T08:09:10.000Z'),
    ]


def test_object_without_author_and_level_says_nothing_of_them() -> None:
    assert not {'created_by_ref', 'object_marking_refs'} & make(author_ref=None, tlp=None).keys()


@law
@given(
    tlp=st.none() | st.sampled_from(Tlp),
    author_ref=st.sampled_from([None, AUTHOR]),
    created_at=times,
    modified_at=times,
    is_revoked=st.booleans(),
)
def test_objects_are_valid_stix(**fields: Any) -> None:
    stix = make(**fields)
    judge(stix)
    assert stix.get('revoked', False) is fields['is_revoked']
    assert list(stix)[-1] == 'modified'
    assert stix['created'] <= stix['modified']


@pytest.mark.parametrize(
    ('fields', 'is_change'),
    [
        ({'modified_at': MODIFIED + dt.timedelta(days=1)}, False),
        ({'is_revoked': True}, True),
        ({'tlp': Tlp.RED}, True),
        ({'author_ref': None}, True),
    ],
)
def test_time_alone_is_no_change(fields: dict[str, Any], is_change: bool) -> None:
    changed = content_hash(object_text(make(**fields)))
    assert (changed != content_hash(object_text(make()))) is is_change
