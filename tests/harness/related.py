"""Who is behind which Indicator: by the rows of ThreatConnect, and by what Sentinel holds."""

from __future__ import annotations

import re
import sqlite3
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Mapping
from contextlib import closing
from typing import Any

from tests.harness.engine import OWNERS, Engine, World

ACTOR_TYPES = frozenset({'Adversary', 'Intrusion Set', 'Threat'})
MOST_ACTORS = 10
LEVELS = ('TLP:CLEAR', 'TLP:GREEN', 'TLP:AMBER', 'TLP:AMBER+STRICT', 'TLP:RED')

Related = dict[str, frozenset[str]]
"""Names of the actors, folded, by the name of an Indicator's object; none without actors."""


def folded(name: str) -> str:
    """Return a name as merging sees it."""
    return re.sub(r'\s+', ' ', unicodedata.normalize('NFKC', name)).strip().casefold()


def expected(
    world: World,
    *,
    types: Collection[str] = ACTOR_TYPES,
    owners: Collection[str] = OWNERS,
    highest: str | None = None,
) -> Related:
    """Return who is behind each Host that Sentinel believes now, by the rows of its copy."""
    found: Related = {}
    for stix in world.live().values():
        if not stix['pattern'].startswith('[domain-name:'):
            continue
        summary, _, owner = stix['name'].rpartition(' | ')
        row = world.store.named(owner, summary)
        assert row is not None, stix['name']
        groups = [
            group
            for group_id in world.store.groups.of(row.data['id'])
            if (group := world.store.groups.get(group_id)) is not None
            and group['type'] in types
            and group['ownerName'] in owners
            and _may_be_named(group, highest)
        ]
        groups.sort(key=lambda group: (group['lastModified'], group['id']), reverse=True)
        names = list(dict.fromkeys(_actor(world, group) for group in groups))[:MOST_ACTORS]
        if names:
            found[stix['name']] = frozenset(names)
    return found


def _actor(world: World, group: Mapping[str, Any]) -> str:
    profile = world.store.groups.profile_of(group['id'])
    return folded(group['name'] if profile is None else profile.data['name'])


def _may_be_named(group: Mapping[str, Any], highest: str | None) -> bool:
    labels = [label['name'] for label in group.get('securityLabels', {}).get('data', [])]
    return highest is None or all(
        LEVELS.index(label) <= LEVELS.index(highest) for label in labels if label in LEVELS
    )


def held(world: World) -> Related:
    """Return who is behind each Indicator by Sentinel's objects.

    Raises:
        AssertionError: a relationship that is live has an actor that is not, or one twice.
    """
    objects = world.sentinel.held_objects(None)
    live = {id_: stix for id_, stix in objects.items() if not stix.get('revoked')}
    names = {stix['id']: stix['name'] for stix in world.live().values()}
    found: defaultdict[str, list[str]] = defaultdict(list)
    for stix in live.values():
        if stix['type'] != 'relationship' or stix['source_ref'] not in names:
            continue
        assert stix['relationship_type'] == 'indicates'
        actor = live.get(stix['target_ref'])
        assert actor is not None, f'{stix["id"]} leads to {stix["target_ref"]}, which is not live'
        found[names[stix['source_ref']]].append(folded(actor['name']))
    assert all(len(each) == len(set(each)) for each in found.values()), dict(found)
    return {name: frozenset(actors) for name, actors in found.items()}


def settle(engine: Engine) -> None:
    """Wait until everything that may have changed has been gone through and sent."""
    engine.until(lambda: _is_settled(engine), 'context is not settled')


def _is_settled(engine: Engine) -> bool:
    with closing(sqlite3.connect(f'file:{engine.folder}/state.db?mode=ro', uri=True)) as base:
        row = base.execute(
            'SELECT is_due, is_whole, ended, request_id FROM context_state'
            ' JOIN context_account ON context_account.id = account'
        ).fetchone()
    newest = engine.jobs()[-1]['update_id']
    known = {job['request_id'] for job in engine.jobs(newest)}
    return row is not None and row[:2] == (0, 0) and row[2] is not None and row[3] in known
