from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
import requests
from stix2 import parse

from tests.simulators.certificates import Certificates, make_certificates
from tests.simulators.entra import CLIENT_ID, TENANT_ID, TokenIssuer
from tests.simulators.sentinel import WORKSPACE_ID, SentinelSimulator, Table
from tests.simulators.sentinel.relationship import may_join
from tests.simulators.sentinel.validation import OBJECT_TYPES, validate

NOW = 1_796_040_000.0
"""2026-11-30T12:00:00Z."""
DAY_S = 86_400.0
SOURCE = 'ThreatConnect-Main'
UUID = '6b1d5d0e-7c0e-5a53-9c46-1f0a4b8f6f11'
IDENTITY_ID = f'identity--{UUID}'
INDICATOR_ID = f'indicator--{UUID}'
ACTOR_ID = f'threat-actor--{UUID}'
LATER = {'modified': '2026-11-02T00:00:00.000Z'}
RED = 'marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed'


def record(kind: str, **members: Any) -> dict[str, Any]:
    return {
        'type': kind,
        'spec_version': '2.1',
        'id': f'{kind}--{UUID}',
        'created': '2026-10-01T00:00:00.000Z',
        'modified': '2026-11-01T00:00:00.000Z',
        **members,
    }


SHORTEST = {
    'indicator': record(
        'indicator',
        pattern="[domain-name:value = 'a.example']",
        pattern_type='stix',
        valid_from='2026-11-01T00:00:00.000Z',
    ),
    'attack-pattern': record('attack-pattern', name='Example Technique'),
    'threat-actor': record('threat-actor', name='Example Bear'),
    'identity': record('identity', name='Research Team'),
    'relationship': record(
        'relationship',
        relationship_type='indicates',
        source_ref=INDICATOR_ID,
        target_ref=ACTOR_ID,
    ),
}
FULL = {
    'attack-pattern': {
        **SHORTEST['attack-pattern'],
        'aliases': ['ET'],
        'description': 'How it is done.',
        'external_references': [{'source_name': 'mitre-attack', 'external_id': 'T1055.005'}],
        'kill_chain_phases': [{'kill_chain_name': 'mitre-attack', 'phase_name': 'execution'}],
    },
    'threat-actor': {
        **SHORTEST['threat-actor'],
        'aliases': ['EB-7', 'Bear of Examples'],
        'created_by_ref': IDENTITY_ID,
        'description': 'Known for examples.',
        'first_seen': '2026-10-02T00:00:00Z',
        'last_seen': '2026-10-02T00:00:00Z',
        'labels': ['tc-type:Intrusion Set'],
        'object_marking_refs': [RED],
        'external_references': [
            {'source_name': 'ThreatConnect', 'url': 'https://tc.example.test/#/details/groups/5'}
        ],
    },
    'identity': {
        **SHORTEST['identity'],
        'identity_class': 'organization',
        'sectors': ['technology'],
        'roles': ['analyst'],
    },
    'relationship': {
        **SHORTEST['relationship'],
        'created_by_ref': IDENTITY_ID,
        'description': 'Associated in ThreatConnect.',
        'object_marking_refs': [RED],
        'start_time': '2026-10-02T00:00:00Z',
        'stop_time': '2026-10-03T00:00:00Z',
        'revoked': True,
    },
}


def without(stix: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in stix.items() if key != name}


def refusal(name: str, reason: str, value: Any = 'NULL') -> list[str]:
    return [f'Error for Property={name}: {reason} Actual value: {value}.']


@pytest.mark.parametrize(
    'stix', [*SHORTEST.values(), *FULL.values()], ids=lambda stix: stix['type']
)
def test_objects_of_the_five_types_are_accepted_and_are_stix(stix):
    assert validate(stix) == []
    assert parse(stix)['type'] == stix['type']


def test_types_are_the_five():
    assert sorted(OBJECT_TYPES) == sorted(SHORTEST)


@pytest.mark.parametrize(
    ('kind', 'name'),
    [
        *((kind, name) for kind in SHORTEST for name in ('id', 'created', 'modified')),
        *((kind, 'spec_version') for kind in SHORTEST),
        ('attack-pattern', 'name'),
        ('threat-actor', 'name'),
        ('identity', 'name'),
        ('relationship', 'relationship_type'),
        ('relationship', 'source_ref'),
        ('relationship', 'target_ref'),
    ],
)
def test_what_a_type_must_have_is_missed(kind, name):
    expected = refusal(name, 'Required property is missing.')
    assert validate(without(SHORTEST[kind], name)) == expected
    assert validate({**SHORTEST[kind], name: None}) == expected


@pytest.mark.parametrize(
    ('kind', 'name'), [('threat-actor', 'labels'), ('identity', 'identity_class')]
)
def test_stix_20_asks_for_more(kind, name):
    old = {**SHORTEST[kind], 'spec_version': '2.0'}
    assert validate(old) == refusal(name, 'Required property is missing.')
    assert validate({**old, name: ['one'] if name == 'labels' else 'organization'}) == []


@pytest.mark.parametrize('kind', SHORTEST)
@pytest.mark.parametrize(
    ('name', 'value'),
    [
        ('id', 'malware--6b1d5d0e-7c0e-5a53-9c46-1f0a4b8f6f11'),
        ('id', '6b1d5d0e-7c0e-5a53-9c46-1f0a4b8f6f11'),
        ('spec_version', '3.0'),
        ('created', '2026-10-01'),
        ('modified', '2026-09-30T23:59:59.999Z'),
        ('created_by_ref', INDICATOR_ID),
        ('revoked', 'no'),
        ('labels', []),
        ('confidence', 101),
        ('object_marking_refs', ['TLP:RED']),
        ('external_references', [{'source_name': 'x', 'url': ''}]),
        ('external_references', [{'source_name': 'x', 'external_id': 5}]),
    ],
)
def test_common_property_is_checked_for_every_type(kind, name, value):
    (text,) = validate({**SHORTEST[kind], name: value})
    assert text.startswith(f'Error for Property={name}: ')


@pytest.mark.parametrize(
    ('kind', 'name', 'value'),
    [
        ('identity', 'name', ''),
        ('identity', 'name', '  '),
        ('identity', 'name', 7),
        ('identity', 'identity_class', ['organization']),
        ('identity', 'sectors', []),
        ('threat-actor', 'name', None),
        ('threat-actor', 'aliases', []),
        ('threat-actor', 'aliases', 'EB-7'),
        ('threat-actor', 'aliases', ['']),
        ('threat-actor', 'first_seen', '2026-10-01T00:00:00.123456Z'),
        ('threat-actor', 'description', ['x']),
        ('threat-actor', 'threat_actor_types', []),
        ('attack-pattern', 'kill_chain_phases', ['execution']),
        ('relationship', 'source_ref', 'indicator--1'),
        ('relationship', 'target_ref', [ACTOR_ID]),
        ('relationship', 'relationship_type', 'Indicates'),
        ('relationship', 'relationship_type', 'communicates-with'),
        ('relationship', 'start_time', 'now'),
    ],
)
def test_property_of_a_type_is_checked(kind, name, value):
    (text,) = validate({**SHORTEST[kind], name: value})
    assert text.startswith(f'Error for Property={name}: ')


def test_end_is_not_before_its_begin():
    seen = {'first_seen': '2026-10-02T00:00:00Z', 'last_seen': '2026-10-01T00:00:00Z'}
    assert validate({**SHORTEST['threat-actor'], **seen}) == refusal(
        'last_seen', 'Value must not be earlier than first_seen.', '2026-10-01T00:00:00Z'
    )
    lasts = {'start_time': '2026-10-02T00:00:00Z', 'stop_time': '2026-10-02T00:00:00Z'}
    assert validate({**SHORTEST['relationship'], **lasts}) == refusal(
        'stop_time', 'Value must be later than start_time.', '2026-10-02T00:00:00Z'
    )


@pytest.mark.parametrize('kind', ['identity', 'threat-actor', 'attack-pattern'])
def test_what_is_a_property_of_indicators_alone_is_not_looked_at_elsewhere(kind):
    assert validate({**SHORTEST[kind], 'valid_until': 'never', 'pattern': 5}) == []


@pytest.mark.parametrize(
    ('source', 'kind', 'target'),
    [
        ('indicator', 'indicates', 'threat-actor'),
        ('indicator', 'indicates', 'attack-pattern'),
        ('threat-actor', 'uses', 'attack-pattern'),
        ('threat-actor', 'attributed-to', 'identity'),
        ('threat-actor', 'impersonates', 'identity'),
        ('threat-actor', 'targets', 'identity'),
        ('attack-pattern', 'targets', 'identity'),
        ('indicator', 'related-to', 'identity'),
        ('identity', 'related-to', 'malware'),
        ('threat-actor', 'duplicate-of', 'threat-actor'),
        ('indicator', 'derived-from', 'indicator'),
    ],
)
def test_allowed_ends(source, kind, target):
    assert may_join(kind, f'{source}--{UUID}', f'{target}--{UUID}')


@pytest.mark.parametrize(
    ('source', 'kind', 'target'),
    [
        ('threat-actor', 'indicates', 'indicator'),
        ('indicator', 'indicates', 'identity'),
        ('indicator', 'indicates', 'indicator'),
        ('indicator', 'attributed-to', 'threat-actor'),
        ('indicator', 'uses', 'attack-pattern'),
        ('identity', 'targets', 'identity'),
        ('threat-actor', 'duplicate-of', 'identity'),
        ('indicator', 'related-to', 'relationship'),
        ('relationship', 'related-to', 'indicator'),
        ('relationship', 'duplicate-of', 'relationship'),
        ('indicator', 'related-to', 'marking-definition'),
    ],
)
def test_ends_that_stix_does_not_join_are_refused(source, kind, target):
    ends = {'source_ref': f'{source}--{UUID}', 'target_ref': f'{target}--{UUID}'}
    stix = {**SHORTEST['relationship'], **ends, 'relationship_type': kind}
    (text,) = validate(stix)
    assert text.startswith(
        'Error for Property=relationship_type: Value is not allowed between these types. '
    )
    assert ends['target_ref'] in text


@pytest.mark.parametrize('kind', ['malware', 'intrusion-set', 'campaign', 'report', 'bundle'])
def test_unsupported_type_is_one_refusal_unless_any_is_taken(kind):
    stix = record(kind, name='Example')
    assert validate(stix) == refusal('type', 'Value is not supported.', kind)
    assert validate(stix, is_any_type_taken=True) == []
    assert len(validate(without(stix, 'created'), is_any_type_taken=True)) == 1


@pytest.mark.parametrize('kind', [7, ['identity'], {}])
def test_type_is_text_even_where_any_is_taken(kind):
    (text,) = validate({**SHORTEST['identity'], 'type': kind}, is_any_type_taken=True)
    assert text.startswith('Error for Property=type: Property has an invalid type.')


@pytest.mark.parametrize('name', ['N' * 500, 'Example\x01\x1f\u2028 Bear', 'Ünïcödé \U0001f43b'])
def test_names_have_no_limit_and_any_character(name):
    assert validate({**SHORTEST['threat-actor'], 'name': name}) == []


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def table(clock):
    return Table('workspace', 'tenant', clock=clock)


def row_of(table: Table, stix_id: str) -> dict[str, Any]:
    return table.history(stix_id)[-1]


def test_object_is_a_row_of_its_own_table(table):
    actor = FULL['threat-actor']
    table.append(SOURCE, [actor], 1)
    (row,) = table.rows()
    assert row == {
        'TimeGenerated': '2026-11-30T12:00:00.000Z',
        'Id': f'{base64.b64encode(SOURCE.encode()).decode()}---{ACTOR_ID}',
        'Source': SOURCE,
        'SourceSystem': SOURCE,
        'StixType': 'threat-actor',
        'Data': actor,
        'IsDeleted': False,
        'AdditionalFields': {'TLPLevel': 'Red'},
        'LastUpdateMethod': 'ThreatIntelUploadAPI',
        'AzureTenantId': 'tenant',
        'TenantId': 'workspace',
        'WorkspaceId': 'workspace',
        'Type': 'ThreatIntelObjects',
    }


def test_description_of_an_object_is_cut_in_data(table):
    table.append(SOURCE, [{**SHORTEST['threat-actor'], 'description': 'x' * 1000}], 1)
    assert table.anomalies() == []
    table.append(SOURCE, [{**SHORTEST['threat-actor'], 'description': 'x' * 1001, **LATER}], 2)
    assert [anomaly.kind for anomaly in table.anomalies()] == ['description-cut']
    assert len(row_of(table, ACTOR_ID)['Data']['description']) == 1000


def test_revoking_changes_data_alone(table, clock):
    relationship = SHORTEST['relationship']
    table.append(SOURCE, [relationship], 1)
    table.append(SOURCE, [{**relationship, **LATER, 'revoked': True}], 2)
    row = row_of(table, relationship['id'])
    assert (row['Data']['revoked'], row['IsDeleted']) == (True, False)
    assert len(table.held()) == 1
    clock.now += 8 * DAY_S
    assert table.republish() == 1
    assert row_of(table, relationship['id'])['Data']['revoked'] is True
    table.append(SOURCE, [{**relationship, 'modified': '2026-11-03T00:00:00.000Z'}], 3)
    assert [anomaly.kind for anomaly in table.anomalies()] == ['sent-after-revoked']
    assert row_of(table, relationship['id'])['Data']['revoked'] is True


def test_objects_are_republished_for_ever_without_their_references(table, clock):
    table.append(SOURCE, [FULL['threat-actor'], SHORTEST['identity']], 1)
    for _ in range(5):
        clock.now += 365 * DAY_S
        assert table.republish() == 2
    row = row_of(table, ACTOR_ID)
    assert row['LastUpdateMethod'] == 'LogARepublisher'
    assert FULL['threat-actor'].keys() - row['Data'].keys() == {'external_references'}


def test_person_edits_and_deletes_an_object(table):
    table.append(SOURCE, [SHORTEST['threat-actor']], 1)
    table.edit(ACTOR_ID, name='Another Bear', aliases=['AB'], revoked=True)
    row = row_of(table, ACTOR_ID)
    assert (row['Data']['name'], row['Data']['aliases']) == ('Another Bear', ['AB'])
    assert (row['Data']['revoked'], row['LastUpdateMethod']) == (True, 'UserInterface')
    assert table.held_objects() == {ACTOR_ID: SHORTEST['threat-actor']}
    with pytest.raises(ValueError, match='a person changes some of'):
        table.edit(ACTOR_ID, valid_until='2026-12-01T00:00:00Z')
    table.delete(ACTOR_ID)
    assert row_of(table, ACTOR_ID)['IsDeleted'] is True


@pytest.mark.parametrize(
    ('changes', 'kind'),
    [
        ({'pattern_type': 'stix', **LATER}, 'unknown-property'),
        ({'name': 'Changed'}, 'modified-not-later'),
        ({'modified': '2026-10-31T00:00:00Z'}, 'modified-backwards'),
        (
            {'created': '2026-09-01T00:00:00Z', 'modified': '2026-11-02T00:00:00Z'},
            'created-changed',
        ),
        ({'description': '', **LATER}, 'empty-value'),
    ],
)
def test_odd_object_is_recorded_as_an_odd_indicator_is(table, changes, kind):
    table.append(SOURCE, [SHORTEST['threat-actor']], 1)
    table.append(SOURCE, [{**SHORTEST['threat-actor'], **changes}], 2)
    assert [anomaly.kind for anomaly in table.anomalies()] == [kind]


def test_objects_are_told_by_type_and_in_the_order_of_arrival(table, tmp_path: Path):
    kinds = ['identity', 'threat-actor', 'indicator', 'relationship']
    table.append(SOURCE, [SHORTEST[kind] for kind in kinds], 1)
    table.append('another', [SHORTEST['identity']], 2)
    table.append(SOURCE, [SHORTEST['indicator']], 3)
    assert [stix['type'] for stix in table.objects()] == [*kinds, 'identity', 'indicator']
    assert [stix['type'] for stix in table.objects('indicator', 'identity')] == [
        *('identity', 'indicator', 'identity', 'indicator')
    ]
    assert table.held_objects(SOURCE, 'indicator') == {INDICATOR_ID: SHORTEST['indicator']}
    assert list(table.held_objects(None, 'identity', 'relationship')) == [
        *(IDENTITY_ID, f'relationship--{UUID}')
    ]
    assert table.held_objects('another', 'indicator') == {}
    table.save(tmp_path / 'rows', {})
    after = Table('workspace', 'tenant')
    after.load(tmp_path / 'rows')
    assert after.held() == table.held()


@pytest.fixture(scope='module')
def certificates(tmp_path_factory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp('ca'))


@pytest.fixture
def issuer():
    return TokenIssuer()


@pytest.fixture
def sentinel(certificates, issuer):
    with SentinelSimulator(certificates, issuer) as simulator:
        yield simulator


@pytest.fixture
def http(certificates, issuer):
    token = issuer.issue(
        audience='https://management.azure.com', tenant_id=TENANT_ID, client_id=CLIENT_ID
    )
    with requests.Session() as session:
        session.trust_env = False
        session.verify = str(certificates.ca)
        session.headers['Authorization'] = f'Bearer {token}'
        yield session


def post(sentinel: SentinelSimulator, http: requests.Session, *objects: Any) -> requests.Response:
    body = {'sourcesystem': SOURCE, 'stixobjects': objects}
    return http.post(sentinel.upload_url, json=body, timeout=60)


def refused_at(answer: requests.Response) -> dict[int, list[str]]:
    return {error['recordIndex']: error['errorMessages'] for error in answer.json()['errors']}


@pytest.mark.integration
def test_one_request_mixes_types_and_refuses_by_place(sentinel, http):
    broken = without(SHORTEST['identity'], 'name')
    batch = [SHORTEST['relationship'], broken, SHORTEST['indicator'], record('malware', name='x')]
    answer = post(sentinel, http, *batch, SHORTEST['threat-actor'])
    assert answer.status_code == 200
    assert refused_at(answer) == {
        1: refusal('name', 'Required property is missing.'),
        3: refusal('type', 'Value is not supported.', 'malware'),
    }
    assert [stix['type'] for stix in sentinel.sent_objects()] == [
        *('relationship', 'indicator', 'threat-actor')
    ]
    assert [row['Type'] for row in sentinel.rows()] == [
        *('ThreatIntelObjects', 'ThreatIntelIndicators', 'ThreatIntelObjects')
    ]


@pytest.mark.integration
def test_objects_of_every_type_fill_the_batch_and_the_limit(sentinel, http):
    batch = [SHORTEST['identity']] * 60 + [SHORTEST['relationship']] * 40
    assert post(sentinel, http, *batch).status_code == 200
    assert post(sentinel, http, *batch, SHORTEST['indicator']).status_code == 400
    sentinel.limit.count = 2
    assert post(sentinel, http, SHORTEST['identity']).status_code == 429


@pytest.mark.integration
def test_unsupported_type_can_be_taken_without_a_word(sentinel, http):
    settings = {'is_any_type_taken': True}
    http.post(f'{sentinel.url}/_control/settings', json=settings, timeout=60)
    answer = post(sentinel, http, record('malware', name='Example'))
    assert (answer.status_code, answer.content) == (200, b'')
    (row,) = sentinel.rows()
    assert (row['StixType'], row['Type']) == ('malware', 'ThreatIntelObjects')
    assert row['WorkspaceId'] == WORKSPACE_ID


@pytest.mark.integration
def test_dangling_reference_is_taken_unless_it_is_switched_off(sentinel, http):
    relationship = SHORTEST['relationship']
    assert post(sentinel, http, relationship).content == b''
    sentinel.forget()
    sentinel.settings.are_dangling_refused = True
    assert refused_at(post(sentinel, http, relationship)) == {
        0: refusal('target_ref', 'The object that it refers to was not found.', ACTOR_ID)
    }
    whole = [relationship, FULL['threat-actor'], SHORTEST['indicator'], SHORTEST['identity']]
    assert refused_at(post(sentinel, http, *whole[:3])) == {
        0: refusal('target_ref', 'The object that it refers to was not found.', ACTOR_ID),
        1: refusal('created_by_ref', 'The object that it refers to was not found.', IDENTITY_ID),
    }
    assert post(sentinel, http, *whole).content == b''
    sentinel.delete(ACTOR_ID)
    assert post(sentinel, http, relationship).status_code == 400


@pytest.mark.integration
def test_reference_is_looked_up_within_its_source(sentinel, http):
    sentinel.settings.are_dangling_refused = True
    sentinel.table.append('another', [SHORTEST['threat-actor'], SHORTEST['indicator']], 1)
    assert post(sentinel, http, SHORTEST['relationship']).status_code == 400
    sentinel.table.append(SOURCE, [SHORTEST['threat-actor'], SHORTEST['indicator']], 2)
    assert post(sentinel, http, SHORTEST['relationship']).content == b''


@pytest.mark.integration
def test_faults_strike_objects_without_a_pattern_by_type_name_or_end(sentinel, http):
    sentinel.faults.add('refuse-objects', contains='indicates')
    batch = [SHORTEST[kind] for kind in ('indicator', 'relationship', 'threat-actor')]
    assert refused_at(post(sentinel, http, *batch)) == {
        1: refusal('id', 'Refused by the stand-in.', f'relationship--{UUID}')
    }
    sentinel.faults.clear()
    sentinel.faults.add('refuse-batch', contains='threat-actor')
    assert post(sentinel, http, SHORTEST['indicator'], SHORTEST['identity']).content == b''
    assert post(sentinel, http, *batch).status_code == 400


@pytest.mark.integration
def test_control_address_shows_objects_by_type(sentinel, http):
    kinds = ['identity', 'indicator', 'relationship']
    post(sentinel, http, *(SHORTEST[kind] for kind in kinds))

    def get(path: str) -> Any:
        return http.get(f'{sentinel.url}/_control/{path}', timeout=60).json()

    assert get('objects')['total_count'] == 3
    assert get('objects?type=relationship')['data'] == [SHORTEST['relationship']]
    assert [stix['type'] for stix in get('sent')['data']] == kinds
    assert get('sent?type=indicator&type=identity')['total_count'] == 2
    assert get('status')['types'] == dict.fromkeys(kinds, 1)
