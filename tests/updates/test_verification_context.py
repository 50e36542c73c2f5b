"""What Verify finds about context objects in Sentinel, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.harness import related
from tests.harness.engine import OWNERS, Engine, World, hosts, outcomes, query
from tests.updates.test_verification import A_DAY_S, SOURCE_SYSTEM, counts, ended, findings, verify

pytestmark = pytest.mark.integration

HOSTS = 6
ACTORS = {'context_objects': 'Owner identities and threat actors'}
BEAR, FOX = 'Quiet Bear', 'Loud Fox'
LIVE = 1 + 2 + 5
"""An identity, two actors, and the relationships of three and two Hosts."""


@pytest.fixture
def engine(world: World, tmp_path: Path) -> Any:
    """The App with Hosts and their actors that Sentinel accepted more than a day ago."""
    world.store.load(hosts(HOSTS))
    groups, rows = world.store.groups, world.store.rows()
    for name, own in ((BEAR, rows[:3]), (FOX, rows[3:5])):
        group = groups.add({'type': 'Adversary', 'name': name, 'ownerName': OWNERS[0]})
        for row in own:
            groups.associate(group['id'], row['id'])
    with Engine(world, tmp_path, **ACTORS) as engine:
        engine.save_queries([query()])
        related.settle(engine)
        world.clock.advance(A_DAY_S)
        yield engine


def context_counts(engine: Engine, *, whole: bool = False) -> dict[str, int]:
    """Run Verify, and return the number of findings of each kind in the table of context."""
    run = verify(engine, whole=whole)['complete']
    assert run['context']['error'] is None
    return {each['kind']: each['count'] for each in run['context']['findings'] if each['count']}


def context_id(world: World, stix_type: str, name: str = '') -> str:
    """Return the id of the first live object of a type, or of the one with a name."""
    found = [
        stix['id']
        for stix in world.sentinel.held_objects(SOURCE_SYSTEM, stix_type).values()
        if not stix.get('revoked') and name in ('', stix.get('name'))
    ]
    return min(found)


def live(world: World) -> dict[str, dict[str, Any]]:
    """Return what is neither revoked nor deleted by the rows of the table, by id."""
    return {
        row['Id'].partition('---')[2]: row['Data']
        for row in world.sentinel.held().values()
        if 'StixType' in row and not row['IsDeleted'] and not row['Data'].get('revoked')
    }


def believed(world: World) -> list[tuple[str, str]]:
    """Return the Indicator's name and the actor's for each live relationship."""
    rows = live(world)
    names = {stix['id']: stix['name'] for stix in world.live().values()}
    return sorted(
        (names[row['source_ref']], rows[row['target_ref']]['name'])
        for row in rows.values()
        if row['type'] == 'relationship'
    )


def send(engine: Engine, body: dict[str, Any]) -> int:
    """Have context objects sent again, and return their number once they are."""
    reply = engine.ask('POST', 'api/verification/send-context', body)
    engine.until(
        lambda: not any(each['is_requested'] for each in findings(engine)), 'not sent again'
    )
    related.settle(engine)
    return int(reply['count_objects'])


def test_everything_that_was_sent_is_confirmed(engine: Engine) -> None:
    run = verify(engine)['complete']
    assert (run['count_held'], run['count_confirmed']) == (HOSTS, HOSTS)
    context = run['context']
    assert (context['count_held'], context['count_confirmed']) == (LIVE, LIVE)
    assert findings(engine) == []


def test_missing_context_is_named_and_sent_again_with_a_later_version(
    engine: Engine, world: World
) -> None:
    world.logs.settings.hidden_percent = 40
    missing = context_counts(engine)['missing']
    assert missing > 1
    listed = [each for each in findings(engine) if each['stix_type'] != 'indicator']
    names = {each['name'] for each in listed}
    assert names <= {
        *(OWNERS[0], BEAR, FOX),
        *(f'h{number}.example.com indicates {BEAR}' for number in range(3)),
        *(f'h{number}.example.com indicates {FOX}' for number in range(3, 5)),
    }
    assert len(names) == len(listed) == missing
    before = world.sentinel.held_objects(SOURCE_SYSTEM)
    page = engine.ask('GET', 'api/verification/finding')
    assert page['count_context_sendable'] == missing
    assert send(engine, {'kind': 'missing'}) == missing
    after = world.sentinel.held_objects(SOURCE_SYSTEM)
    sent = {id_ for id_ in after if after[id_]['modified'] != before[id_]['modified']}
    assert sent == {each['stix_id'] for each in listed}
    assert all(after[id_]['modified'] > before[id_]['modified'] for id_ in sent)
    assert after.keys() == before.keys()
    assert world.sentinel.anomalies() == []
    actions = engine.ask('GET', 'api/report/audit')['data']
    (audited,) = [each for each in actions if each['action'] == 'finding-send']
    assert audited['detail'] == f'{missing} context objects'
    world.logs.settings.hidden_percent = 0
    world.clock.advance(A_DAY_S)
    assert context_counts(engine) == {}


@pytest.mark.parametrize('stix_type', ['identity', 'threat-actor', 'relationship'])
def test_lost_version_of_each_type_is_sent_again(
    engine: Engine, world: World, stix_type: str
) -> None:
    world.sentinel.edit(context_id(world, stix_type), modified='2025-01-02T00:00:00.000Z')
    assert context_counts(engine) == {'older': 1}
    (finding,) = findings(engine)
    assert finding['stix_type'] == stix_type
    assert finding['is_sendable']
    assert send(engine, {}) == 1
    world.clock.advance(A_DAY_S)
    assert context_counts(engine) == {}


@pytest.mark.parametrize(
    'change',
    [
        pytest.param(lambda world, id_: world.sentinel.edit(id_, revoked=True), id='revoked'),
        pytest.param(lambda world, id_: world.sentinel.delete(id_), id='deleted'),
    ],
)
@pytest.mark.parametrize('stix_type', ['identity', 'threat-actor', 'relationship'])
def test_what_a_person_took_away_is_sent_again_one_by_one(
    engine: Engine, world: World, stix_type: str, change: Callable[[World, str], None]
) -> None:
    before = believed(world)
    assert len(before) == 5
    changed = context_id(world, stix_type, BEAR if stix_type == 'threat-actor' else '')
    change(world, changed)
    assert context_counts(engine) == {'changed': 1}
    (finding,) = findings(engine)
    assert finding['stix_id'] == changed
    assert engine.ask('GET', 'api/verification/finding')['count_context_sendable'] == 0
    assert engine.api('POST', 'api/verification/send-context', {}).status_code == 409
    assert send(engine, {'finding': int(finding['id'])}) == 1
    # Every Indicator names the identity; the others do not come back under an id that is revoked.
    assert (changed in live(world)) is (stix_type == 'identity')
    # Relationships with an actor that is gone are withdrawn after everything has been read.
    engine.run_update('reconcile')
    related.settle(engine)
    assert believed(world) == before
    world.clock.advance(A_DAY_S)
    assert context_counts(engine) == {}


def test_unknown_context_is_listed_and_not_withdrawn(engine: Engine, world: World) -> None:
    stranger = {
        'type': 'threat-actor',
        'spec_version': '2.1',
        'id': 'threat-actor--0a0b0c0d-1111-4222-8333-444455556666',
        'created': '2026-01-01T00:00:00.000Z',
        'modified': '2026-01-01T00:00:00.000Z',
        'name': 'Another Sender',
    }
    world.sentinel.table.append(SOURCE_SYSTEM, [stranger], 0)
    assert context_counts(engine) == {'unknown': 1}
    (finding,) = findings(engine)
    assert (finding['name'], finding['stix_type']) == ('Another Sender', 'threat-actor')
    assert (finding['is_sendable'], finding['held']) == (False, None)
    assert engine.ask('GET', 'api/verification')['count_unknown'] == 0
    assert engine.api('POST', 'api/verification/withdraw', {'count': 1}).status_code == 409


@pytest.mark.parametrize(
    ('code', 'setting', 'value'),
    [
        ('AZ-QUERY-SILENT', 'protected_tables', 'ThreatIntelObjects'),
        ('AZ-QUERY-SILENT', 'denied_tables', 'ThreatIntelObjects'),
    ],
)
def test_context_that_cannot_be_read_leaves_the_indicators(
    engine: Engine, world: World, code: str, setting: str, value: object
) -> None:
    setattr(world.logs.settings, setting, value)
    run = verify(engine)['complete']
    assert run['count_confirmed'] == HOSTS
    assert ended(run['context']) == code
    assert 'ThreatIntelObjects' in run['context']['error']['message']
    assert findings(engine) == []


def test_rows_without_data_cannot_be_read(engine: Engine, world: World) -> None:
    world.logs.settings.is_data_dropped = True
    context = verify(engine)['complete']['context']
    assert (context['count_confirmed'], context['count_unread']) == (0, LIVE)
    assert findings(engine) == []


def test_republished_rows_count_as_what_was_sent(engine: Engine, world: World) -> None:
    world.clock.advance(8 * 24 * 3_600)
    assert world.sentinel.republish() == HOSTS + LIVE
    assert context_counts(engine) == {}


def test_findings_are_filtered_by_the_type_of_their_objects(engine: Engine, world: World) -> None:
    world.sentinel.delete(context_id(world, 'threat-actor', BEAR))
    world.sentinel.delete(context_id(world, 'relationship'))
    world.sentinel.edit(
        next(iter(world.live().values()))['id'], modified='2025-01-02T00:00:00.000Z'
    )
    verify(engine)

    def found(filters: str) -> list[str]:
        page = engine.ask('GET', f'api/verification/finding?{filters}')
        assert page['total_count'] == len(page['data'])
        return sorted(each['stix_type'] for each in page['data'])

    assert found('') == ['indicator', 'relationship', 'threat-actor']
    for stix_type in ('indicator', 'relationship', 'threat-actor'):
        assert found(f'object_type={stix_type}') == [stix_type]
    assert found('object_type=identity') == []
    assert found('text=indicates') == ['relationship']
    assert found('text=quiet&object_type=threat-actor') == ['threat-actor']
    text = engine.api('GET', 'api/verification/finding?format=csv').text
    assert BEAR in text


def test_switched_off_context_is_verified_while_it_is_there(
    engine: Engine, world: World, tmp_path: Path
) -> None:
    engine.stop()
    engine.inputs |= {'context_objects': 'None'}
    engine.start()
    world.sentinel.edit(context_id(world, 'identity'), modified='2025-01-02T00:00:00.000Z')
    assert context_counts(engine) == {'older': 1}
    (finding,) = findings(engine)
    assert not finding['is_sendable']
    reply = engine.api('POST', 'api/verification/send-context', {'finding': int(finding['id'])})
    assert (reply.status_code, 'is None' in reply.text) == (409, True)


def test_indicators_are_sent_again_beside_context(engine: Engine, world: World) -> None:
    indicator = next(iter(world.live().values()))['id']
    for id_ in (indicator, context_id(world, 'threat-actor')):
        world.sentinel.edit(id_, modified='2025-01-02T00:00:00.000Z')
    assert counts(engine) == {'older': 1}
    page = engine.ask('GET', 'api/verification/finding')
    assert (page['count_sendable'], page['count_context_sendable']) == (1, 1)
    (job,) = engine._ended(engine.ask('POST', 'api/verification/send', {}))
    assert outcomes(job) == {'sent': 1}
    assert send(engine, {'object_type': 'threat-actor'}) == 1
    world.clock.advance(A_DAY_S)
    assert counts(engine) == {}
    assert context_counts(engine) == {}


def test_without_context_its_table_is_not_asked(world: World, tmp_path: Path) -> None:
    world.store.load(hosts(2))
    with Engine(world, tmp_path) as engine:
        engine.save_queries([query()])
        world.clock.advance(A_DAY_S)
        assert verify(engine)['complete']['context'] is None
