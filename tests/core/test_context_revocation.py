"""What is withdrawn goes out revoked, and says nothing of what it said before."""

from __future__ import annotations

import datetime as dt

import orjson
from hypothesis import given
from hypothesis import strategies as st

from sentinel_app.core.actor_group import ActorGroup
from sentinel_app.core.context_key import relationship_key
from sentinel_app.core.context_revocation import WITHDRAWN_NAME, context_revocation
from sentinel_app.core.threat_actor import is_actor, merged
from sentinel_app.core.timestamp import to_millis
from tests.core.test_mapping_golden import judge
from tests.harness.builders.actor import make_actor_object
from tests.harness.strategies import actor_groups, law, times

uuids = st.uuids(version=4).map(str)


@law
@given(actor_groups.filter(is_actor), times)
def test_withdrawn_actor_is_valid_and_says_nothing(group: ActorGroup, at: dt.datetime) -> None:
    actor = merged([group])
    sent = make_actor_object(actor)
    text = context_revocation(
        actor.key, object_id=str(sent['id']), created_at=at, modified_at=at + dt.timedelta(days=1)
    )
    found = orjson.loads(text)
    judge(found)
    assert found['id'] == sent['id']
    assert found['revoked'] is True
    assert found['name'] == WITHDRAWN_NAME
    assert not found.keys() & {'aliases', 'description', 'external_references', 'labels'}


@law
@given(uuids, uuids, times)
def test_withdrawn_relationship_is_valid_and_joins_the_same(
    source: str, target: str, at: dt.datetime
) -> None:
    key = relationship_key(f'indicator--{source}', f'threat-actor--{target}')
    text = context_revocation(key, object_id=key.object_id(), created_at=at, modified_at=at)
    found = orjson.loads(text)
    judge(found)
    assert (found['source_ref'], found['target_ref']) == tuple(key.text.split('|'))
    assert found['revoked'] is True
    assert found['modified'] == to_millis(at)
