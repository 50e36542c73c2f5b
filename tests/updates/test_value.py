"""Spellings of values, styles of patterns, and values that cannot be right, in whole updates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.harness.engine import OWNERS, Engine, World, hosts, outcomes, query

pytestmark = pytest.mark.integration

ORGANIZATION, RESEARCH, _ = OWNERS
SHA256 = '0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF'
ENCODED = '=?UTF-8?B?UmVjaG51bmcgw7xiZXJmw6RsbGln?='
MAPPED = '0:0:0:0:0:ffff:c633:6407'


def row(kind: str, owner: str = ORGANIZATION, **members: Any) -> dict[str, Any]:
    times = {'dateAdded': '2025-01-01T00:00:00Z', 'lastModified': '2025-06-01T00:00:00Z'}
    return {'type': kind, 'ownerName': owner, **times, **members}


ROWS = (
    row('Address', ip='2001:db8:0:0:0:0:0:5'),
    row('Address', ip='198.51.100.7'),
    row('Address', RESEARCH, ip=MAPPED),
    row('Email Subject', Subject=ENCODED),
    row('Email Subject', RESEARCH, Subject='Rechnung überfällig'),
    row('File', sha256=SHA256),
)


def test_other_pattern_style_updates_the_same_objects_in_place(
    world: World, tmp_path: Path
) -> None:
    world.store.load(ROWS)
    with Engine(world, tmp_path) as engine:
        engine.save_queries([query()])
        (job,) = engine.last_jobs()
        assert outcomes(job) == {'sent': 4, 'duplicate': 2}
    assert set(world.live()) == {
        "[ipv6-addr:value = '2001:db8:0:0:0:0:0:5']",
        "[ipv4-addr:value = '198.51.100.7']",
        f"[email-message:subject = '{ENCODED}']",
        f"[file:hashes.'SHA-256' = '{SHA256}']",
    }
    ids = {stix['id'] for stix in world.live().values()}
    with Engine(world, tmp_path, pattern_style='As logs write it') as engine:
        (job,) = engine.run_update('reconcile')
        assert outcomes(job) == {'sent': 3, 'unchanged': 1, 'duplicate': 2}
    assert {stix['id'] for stix in world.live().values()} == ids
    assert set(world.live()) == {
        "[ipv6-addr:value = '2001:db8::5']",
        "[ipv4-addr:value = '198.51.100.7']",
        "[email-message:subject = 'Rechnung überfällig']",
        f"[file:hashes.'SHA-256' = '{SHA256.lower()}']",
    }


@pytest.mark.parametrize('value', ['198.51.100.7', '::ffff:198.51.100.7', MAPPED])
def test_address_is_looked_up_by_any_spelling(world: World, engine: Engine, value: str) -> None:
    world.store.load(ROWS)
    engine.save_queries([query(owners=[RESEARCH])])
    found = engine.ask('POST', 'api/indicator/detail', {'value': value})
    assert [each['owner'] for each in found['sent']] == [RESEARCH]
    assert {each['owner']: each['fate'] for each in found['copies']} == {
        ORGANIZATION: 'not-selected',
        RESEARCH: 'chosen',
    }


def test_encoded_subject_is_looked_up_as_a_log_has_it(world: World, engine: Engine) -> None:
    world.store.load(ROWS[3:4])
    engine.save_queries([query()])
    found = engine.ask('POST', 'api/indicator/detail', {'value': 'Rechnung überfällig'})
    assert [each['owner'] for each in found['sent']] == [ORGANIZATION]
    assert [each['fate'] for each in found['copies']] == ['chosen']


def test_value_that_is_invalid_is_reported_and_the_others_are_sent(
    world: World, engine: Engine
) -> None:
    wrong = ['http://evil.example/path', 'evil.example:8080', '198.51.100.7', 'evil example', '.']
    world.store.load(
        [
            *hosts(2),
            *(row('Host', hostName=value) for value in wrong),
            row('EmailAddress', address='Bad <bad@example.com>'),
            row('ASN', **{'AS Number': 'Example Net'}),
        ]
    )
    engine.save_queries([query()])
    (job,) = engine.last_jobs()
    assert outcomes(job) == {'sent': 2, 'invalid': 7}
    assert len(world.live()) == 2
    errors = engine.errors(job['request_id'])
    assert sum(each['count'] for each in errors) == 7
    assert {each['code'] for each in errors} == {'MAP-VALUE'}


def test_future_date_is_not_sent_on(world: World, engine: Engine) -> None:
    world.store.load(hosts(1, dateAdded='2999-01-01T00:00:00Z'))
    engine.save_queries([query()])
    (stix,) = world.live().values()
    assert stix['created'] <= stix['modified'] < '2100'
    assert stix['valid_from'] < '2100'


@pytest.mark.parametrize('first', [0, 1])
def test_copy_in_another_spelling_takes_over_in_a_delta(
    world: World, engine: Engine, first: int
) -> None:
    world.store.load(ROWS[1:3])
    owners = (ORGANIZATION, RESEARCH)
    engine.save_queries([query(owners=[owners[first]]), query(owners=[owners[1 - first]])])
    (before,) = world.live().values()
    gone = next(each for each in world.store.rows() if each['ownerName'] == owners[first])
    world.clock.advance(3600)
    world.store.delete(gone['id'])
    engine.run_update('delta')
    (after,) = world.live().values()
    assert after['id'] == before['id']
    assert after['name'].endswith(owners[1 - first])


def test_tags_that_sentinel_does_not_keep_are_reported(world: World, engine: Engine) -> None:
    tags = {'data': [{'id': number, 'name': f'{number:0128}'} for number in range(1, 301)]}
    world.store.load([row('Host', hostName='many.example.com', tags=tags), *hosts(1)])
    engine.save_queries([query()])
    (job,) = engine.last_jobs()
    assert outcomes(job) == {'sent': 2}
    assert any('1 Indicator has more tags' in each for each in job['warnings'])
    labels = world.live()["[domain-name:value = 'many.example.com']"]['labels']
    assert 200 < len(labels) < 300
    assert {len(each) for each in labels} == {128}
