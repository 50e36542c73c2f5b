"""The hunting queries that read threat actors, over objects and withdrawals of the App."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from content.source import queries

from sentinel_app.core.context_key import relationship_key
from sentinel_app.core.object_id import object_id, object_keys
from sentinel_app.core.relationship import relationship_object
from sentinel_app.core.threat_actor import merged
from sentinel_app.core.timestamp import to_millis
from tests.content.samples import INDICATORS, make_alert
from tests.content.workspace import SOURCE_SYSTEM, Workspace, dicts, opened
from tests.harness.builders.actor import ADDED, MODIFIED, PROFILE, make_actor_object, make_group
from tests.harness.builders.indicator import NOW
from tests.simulators.sentinel.table import row_id

Stix = dict[str, Any]

OTHER = 'Other TI'
QUERIES = queries()


def _stix_id(name: str) -> str:
    """STIX id of a sample's object."""
    return object_id(object_keys(INDICATORS[name])[0])


def _relationship(name: str, actor: Stix) -> Stix:
    source_ref, target_ref = _stix_id(name), str(actor['id'])
    return relationship_object(
        object_id=relationship_key(source_ref, target_ref).object_id(),
        source_ref=source_ref,
        target_ref=target_ref,
        author_ref=None,
        tlp=None,
        created_at=ADDED,
        modified_at=MODIFIED,
    )


BEAR = make_actor_object(merged([make_group(1, profile=PROFILE)]))
OWL = make_actor_object(merged([make_group(2, name='Example Owl')]))
HOST_AND_BEAR = _relationship('host', BEAR)
HOST_AND_OWL = _relationship('host', OWL)
URL_AND_BEAR = _relationship('url', BEAR)
ASN_AND_OWL = _relationship('asn', OWL)
CONTEXT = (BEAR, OWL, HOST_AND_BEAR, HOST_AND_OWL, URL_AND_BEAR, ASN_AND_OWL)
HOST_ID, URL_ID = (row_id(SOURCE_SYSTEM, _stix_id(name)) for name in ('host', 'url'))

ALERTS = {'Example Bear': 2, 'Example Owl': 1}
"""Alerts by actor, as long as nothing is withdrawn."""
PAIRS = {
    ('Example Bear', 'Host'),
    ('Example Bear', 'URL'),
    ('Example Owl', 'Host'),
    ('Example Owl', 'ASN'),
}
"""Actors and the types of their Indicators, likewise."""


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    """Objects of every type, three of them with actors, and alerts on two of those three."""
    with opened() as made:
        made.send(INDICATORS.values())
        made.send_context(CONTEXT)
        made.load_events(
            'SecurityAlert',
            [
                make_alert('a1', HOST_ID),
                make_alert('a1', HOST_ID, minutes_ago=20),
                make_alert('a2', URL_ID, AlertName='Another rule', minutes_ago=10),
                make_alert('a3', HOST_ID.replace('---', '0---')),
                make_alert('a4', '', ExtendedProperties='{}'),
            ],
        )
        yield made


def _alerts(workspace: Workspace) -> dict[str, int]:
    """Alerts by actor."""
    return {row['Actor']: row['Alerts'] for row in dicts(workspace.ask(QUERIES['hunting/actors']))}


def _pairs(workspace: Workspace, name: str = '') -> set[tuple[str, str]]:
    """Actors and the types of their Indicators."""
    query = QUERIES['hunting/indicators-of-actor']
    assert query.count('let ActorName = "";') == 1
    query = query.replace('let ActorName = "";', f'let ActorName = "{name}";')
    rows = dicts(workspace.ask(query))
    found = {(row['Actor'], row['IndicatorType']) for row in rows}
    assert len(found) == len(rows)
    return found


def _revoke(workspace: Workspace, stix: Stix) -> None:
    later = MODIFIED + dt.timedelta(days=1)
    workspace.send_context([{**stix, 'revoked': True, 'modified': to_millis(later)}])


def _delete(workspace: Workspace, stix: Stix) -> None:
    workspace.delete(stix['id'])


WITHDRAWALS = pytest.mark.parametrize('withdraw', [_revoke, _delete])


def test_actors_are_those_behind_matches(workspace: Workspace) -> None:
    workspace.load_all()
    assert _alerts(workspace) == ALERTS
    bear, owl = dicts(workspace.ask(QUERIES['hunting/actors']))
    assert (bear['ActorId'], bear['Indicators']) == (BEAR['id'], 2)
    assert json.loads(bear['Aliases']) == ['EB-7', 'Beispielbär']
    assert sorted(json.loads(bear['Rules'])) == ['A rule', 'Another rule']
    summaries = sorted(INDICATORS[name].summary for name in ('host', 'url'))
    assert sorted(json.loads(bear['Summaries'])) == summaries
    assert (owl['ActorId'], owl['Indicators'], owl['Aliases']) == (OWL['id'], 1, '')
    assert owl['FirstMatch'] == bear['FirstMatch'] == owl['LastMatch'] < bear['LastMatch']


@WITHDRAWALS
@pytest.mark.parametrize(
    ('stix', 'alerts', 'lost'),
    [
        (HOST_AND_BEAR, {'Example Bear': 1, 'Example Owl': 1}, {('Example Bear', 'Host')}),
        (HOST_AND_OWL, {'Example Bear': 2}, {('Example Owl', 'Host')}),
        (BEAR, {'Example Owl': 1}, {('Example Bear', 'Host'), ('Example Bear', 'URL')}),
        (OWL, {'Example Bear': 2}, {('Example Owl', 'Host'), ('Example Owl', 'ASN')}),
    ],
    ids=['relationship', 'only relationship', 'actor', 'actor with another Indicator'],
)
def test_withdrawn_context_does_not_count(
    workspace: Workspace,
    withdraw: Callable[[Workspace, Stix], None],
    stix: Stix,
    alerts: dict[str, int],
    lost: set[tuple[str, str]],
) -> None:
    withdraw(workspace, stix)
    workspace.load_all()
    assert _alerts(workspace) == alerts
    assert _pairs(workspace) == PAIRS - lost


def test_published_query_that_ignores_revocation_still_finds_the_actor(
    workspace: Workspace,
) -> None:
    _revoke(workspace, BEAR)
    workspace.load_all()
    condition = ' and tostring(Data.revoked) != "true"'
    query = QUERIES['hunting/actors']
    assert query.count(condition) == 1
    rows = dicts(workspace.ask(query.replace(condition, '')))
    assert {row['Actor'] for row in rows} == set(ALERTS)


def test_deletion_counts_that_says_no_more_than_the_id(workspace: Workspace) -> None:
    workspace.load_all()
    workspace.load_deleted(BEAR['id'])
    assert _alerts(workspace) == {'Example Owl': 1}
    assert _pairs(workspace) == {pair for pair in PAIRS if pair[0] == 'Example Owl'}


def test_newest_row_of_an_actor_counts_alone(workspace: Workspace) -> None:
    workspace.send_context([{**BEAR, 'name': 'Renamed Bear'}, HOST_AND_BEAR])
    workspace.load_all()
    assert _alerts(workspace) == {'Renamed Bear': 2, 'Example Owl': 1}
    assert ('Renamed Bear', 'URL') in _pairs(workspace)
    assert ('Example Bear', 'URL') not in _pairs(workspace)


def test_context_of_another_source_does_not_count() -> None:
    with opened() as workspace:
        workspace.send(INDICATORS.values())
        workspace.send_context(CONTEXT, source_system=OTHER)
        workspace.load_all()
        workspace.load_events('SecurityAlert', [make_alert('a1', HOST_ID)])
        assert _alerts(workspace) == {}
        assert _pairs(workspace) == set()


def test_indicators_of_another_source_do_not_count() -> None:
    with opened() as workspace:
        workspace.send(INDICATORS.values(), source_system=OTHER)
        workspace.send_context(CONTEXT)
        workspace.load_all()
        theirs = row_id(OTHER, _stix_id('host'))
        workspace.load_events('SecurityAlert', [make_alert('a1', theirs)])
        assert _alerts(workspace) == {}
        assert _pairs(workspace) == set()


def test_relationship_of_another_kind_does_not_count(workspace: Workspace) -> None:
    workspace.send_context([{**HOST_AND_OWL, 'relationship_type': 'related-to'}])
    workspace.load_all()
    assert _alerts(workspace) == {'Example Bear': 2}
    assert _pairs(workspace) == PAIRS - {('Example Owl', 'Host')}


def test_actors_of_matches_older_than_30_days_are_left_out() -> None:
    with opened() as workspace:
        workspace.send(INDICATORS.values())
        workspace.send_context(CONTEXT)
        workspace.load_all()
        long_ago = make_alert('a1', HOST_ID, minutes_ago=31 * 24 * 60)
        workspace.load_events('SecurityAlert', [long_ago])
        assert _alerts(workspace) == {}


@pytest.mark.parametrize('name', ['Example Bear', 'EXAMPLE BEAR', 'EB-7', 'eb-7', 'Beispielbär'])
def test_actor_goes_by_its_name_or_an_alias_in_any_case(workspace: Workspace, name: str) -> None:
    workspace.load_all()
    assert _pairs(workspace, name) == {pair for pair in PAIRS if pair[0] == 'Example Bear'}


@pytest.mark.parametrize('name', ['Example', 'EB', 'Bear', 'Example Org'])
def test_part_of_a_name_is_no_name(workspace: Workspace, name: str) -> None:
    workspace.load_all()
    assert _pairs(workspace, name) == set()


def test_indicators_of_an_actor_are_active(workspace: Workspace) -> None:
    assert workspace.now == NOW
    workspace.send([INDICATORS['url']], is_revoked=True)
    workspace.load_all()
    assert _pairs(workspace) == PAIRS - {('Example Bear', 'URL')}
    # What matched before is still to be explained.
    assert _alerts(workspace) == ALERTS
    workspace.now += dt.timedelta(days=31)
    assert _pairs(workspace) == set()
