"""Objects with their context: the author of each, and what turning it on or off does."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentinel_app.core.context_key import identity_id
from tests.harness.engine import OWNERS, Engine, World, hosts, outcomes, query

pytestmark = pytest.mark.integration

ORGANIZATION, RESEARCH, _ = OWNERS


def test_author_comes_and_goes_with_the_input_and_is_sent_once(
    world: World, tmp_path: Path
) -> None:
    world.store.load([*hosts(3), *hosts(2, prefix='other', ownerName=RESEARCH)])
    with Engine(world, tmp_path) as engine:
        engine.save_queries([query()])
    before = {stix['id']: stix for stix in world.live().values()}
    assert len(before) == 5
    assert not any('created_by_ref' in stix for stix in before.values())
    for choice, sent in (
        ('Owner identities', {'sent': 5}),
        ('Owner identities and threat actors', {'unchanged': 5}),
        ('None', {'sent': 5}),
        ('None', {'unchanged': 5}),
    ):
        world.clock.advance(60)
        with Engine(world, tmp_path, context_objects=choice) as engine:
            (job,) = engine.run_update('reconcile')
            assert outcomes(job) == sent
        authors = {stix['id']: stix.get('created_by_ref') for stix in world.live().values()}
        owners = {id_: stix['name'].partition(' | ')[2] for id_, stix in before.items()}
        has_author = choice != 'None'
        assert authors == {
            id_: identity_id(owner) if has_author else None for id_, owner in owners.items()
        }
        assert set(owners.values()) == {ORGANIZATION, RESEARCH}


@pytest.mark.parametrize('has_author', [True, False])
def test_preview_shows_the_author_that_would_be_sent(
    world: World, tmp_path: Path, has_author: bool
) -> None:
    world.store.load(hosts(1))
    choice = 'Owner identities' if has_author else 'None'
    with Engine(world, tmp_path, context_objects=choice) as engine:
        engine.save_queries([query()])
        found = engine.ask('POST', 'api/configure/preview', query())
    (shown,) = found['indicators'][0]['objects']
    assert shown['is_valid']
    author = shown['object'].get('created_by_ref')
    assert author == (identity_id(ORGANIZATION) if has_author else None)
