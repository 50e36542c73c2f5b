from __future__ import annotations

import base64
import email.utils
import json
import threading
import time
import uuid
from pathlib import Path
from typing import Any

import msal
import pytest
import requests

from tests.simulators.certificates import Certificates, make_certificates
from tests.simulators.entra import (
    CLIENT_ID,
    CLIENT_SECRET,
    TENANT_ID,
    Cloud,
    EntraSimulator,
    TokenIssuer,
)
from tests.simulators.sentinel import FAULTS, WORKSPACE_ID, SentinelSimulator

pytestmark = pytest.mark.integration

SOURCE = 'ThreatConnect-Demo Organization'
AUDIENCE = 'https://management.azure.com'
ROLE_TEXT = 'does not have required permission'


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
def token(issuer):
    return issuer.issue(audience=AUDIENCE, tenant_id=TENANT_ID, client_id=CLIENT_ID)


@pytest.fixture
def http(certificates, token):
    with requests.Session() as session:
        session.trust_env = False
        session.verify = str(certificates.ca)
        session.headers['Authorization'] = f'Bearer {token}'
        yield session


def indicator(number: int = 0, **changes: Any) -> dict[str, Any]:
    return {
        'type': 'indicator',
        'spec_version': '2.1',
        'id': f'indicator--{uuid.uuid5(uuid.NAMESPACE_URL, str(number))}',
        'created': '2026-03-02T08:15:00.000Z',
        'modified': '2026-03-04T10:00:00.000Z',
        'name': f'host{number}.example | Demo Organization',
        'description': json.dumps({'type': 'Host', 'summary': f'host{number}.example'}),
        'indicator_types': ['malicious-activity'],
        'pattern': f"[domain-name:value = 'host{number}.example']",
        'pattern_type': 'stix',
        'pattern_version': '2.1',
        'valid_from': '2026-03-04T10:00:00.000Z',
        'valid_until': '2999-03-11T10:00:00.000Z',
        'confidence': 45,
        'labels': ['campaign: example', 'two'],
        'lang': 'en',
        **changes,
    }


def post(sentinel, http, *objects, source: Any = SOURCE, **kwargs: Any) -> requests.Response:
    body = {'sourcesystem': source, 'stixobjects': list(objects)}
    if source is None:
        del body['sourcesystem']
    url = kwargs.pop('url', sentinel.upload_url)
    kwargs = {'json': body, 'timeout': 5, **kwargs}
    return http.post(url, **kwargs)


def assert_taken(answer: requests.Response) -> None:
    assert (answer.status_code, answer.content) == (200, b'')


def assert_bad_body(answer: requests.Response, name: str) -> None:
    assert answer.status_code == 400
    error = answer.json()['error']
    assert list(error) == ['code', 'message', 'details', 'target', 'additionalInfo']
    assert error['code'] == f'InvalidRequestBodyProperty({name})'


def test_success_is_an_empty_body_and_a_row(sentinel, http):
    assert_taken(post(sentinel, http, indicator(1)))
    (row,) = sentinel.rows()
    prefix = base64.b64encode(SOURCE.encode()).decode()
    assert row['Id'] == f'{prefix}---{indicator(1)["id"]}'
    assert {name: row[name] for name in row if name not in ('TimeGenerated', 'Id', 'Data')} == {
        'Source': SOURCE,
        'SourceSystem': SOURCE,
        'ObservableKey': 'domain-name:value',
        'ObservableValue': 'host1.example',
        'Pattern': "[domain-name:value = 'host1.example']",
        'Confidence': 45,
        'Created': '2026-03-02T08:15:00.000Z',
        'Modified': '2026-03-04T10:00:00.000Z',
        'ValidFrom': '2026-03-04T10:00:00.000Z',
        'ValidUntil': '2999-03-11T10:00:00.000Z',
        'IsActive': True,
        'IsDeleted': False,
        'Revoked': False,
        'Tags': 'campaign: example, two',
        'AdditionalFields': {},
        'LastUpdateMethod': 'ThreatIntelUploadAPI',
        'AzureTenantId': TENANT_ID,
        'TenantId': WORKSPACE_ID,
        'WorkspaceId': WORKSPACE_ID,
        'Type': 'ThreatIntelIndicators',
    }
    assert 'created' not in row['Data']
    assert row['Data']['name'] == 'host1.example | Demo Organization'
    assert sentinel.held_objects() == {indicator(1)['id']: indicator(1)}
    (seen,) = sentinel.requests
    assert (seen.status, seen.stored_count, seen.ids) == (200, 1, (indicator(1)['id'],))


def test_token_from_real_msal_is_accepted(certificates, monkeypatch):
    monkeypatch.setenv('REQUESTS_CA_BUNDLE', str(certificates.ca))
    with (
        EntraSimulator(certificates) as entra,
        SentinelSimulator(certificates, entra.issuer) as sentinel,
        requests.Session() as session,
    ):
        app = msal.ConfidentialClientApplication(
            CLIENT_ID,
            client_credential=CLIENT_SECRET,
            authority=entra.authority,
            instance_discovery=False,
            timeout=60,
        )
        result = app.acquire_token_for_client([f'{AUDIENCE}/.default'])
        app.http_client.close()
        session.headers['Authorization'] = f'Bearer {result["access_token"]}'
        assert_taken(post(sentinel, session, indicator()))
        entra.issuer.invalidate_all()
        assert post(sentinel, session, indicator()).status_code == 401
        assert sentinel.requests[0].identity == entra.app.object_id


@pytest.mark.parametrize('suffix', ['', '/'])
@pytest.mark.parametrize('base', [AUDIENCE, 'https://management.core.windows.net'])
def test_audiences_are_all_four_accepted(sentinel, http, issuer, base, suffix):
    token = issuer.issue(audience=base + suffix, tenant_id=TENANT_ID, client_id=CLIENT_ID)
    assert_taken(post(sentinel, http, indicator(), headers={'Authorization': f'Bearer {token}'}))


@pytest.mark.parametrize(
    'audience',
    ['https://graph.microsoft.com', f'{AUDIENCE}.example', 'https://api.loganalytics.io'],
)
def test_unknown_audience_gets_an_empty_401(sentinel, http, issuer, audience):
    token = issuer.issue(audience=audience, tenant_id=TENANT_ID, client_id=CLIENT_ID)
    answer = post(sentinel, http, indicator(), headers={'Authorization': f'Bearer {token}'})
    assert (answer.status_code, answer.content) == (401, b'')


def test_government_has_audiences_of_its_own(certificates, issuer, http):
    with SentinelSimulator(certificates, issuer, cloud=Cloud.GOVERNMENT) as sentinel:
        assert post(sentinel, http, indicator()).content == b''
        assert sentinel.status_counts == {401: 1}
        token = issuer.issue(
            audience='https://management.usgovcloudapi.net',
            tenant_id=TENANT_ID,
            client_id=CLIENT_ID,
        )
        headers = {'Authorization': f'Bearer {token}'}
        assert_taken(post(sentinel, http, indicator(), headers=headers))


@pytest.mark.parametrize('case', ['none', 'basic', 'nonsense', 'foreign', 'expired', 'invalidated'])
def test_missing_or_invalid_token_is_401_in_the_documented_words(
    sentinel, http, issuer, token, case
):
    def issue(by: TokenIssuer, **kwargs: Any) -> str:
        return by.issue(audience=AUDIENCE, tenant_id=TENANT_ID, client_id=CLIENT_ID, **kwargs)

    header = {
        'none': None,
        'basic': 'Basic eDp5',
        'nonsense': 'Bearer x.y.z',
        'foreign': f'Bearer {issue(TokenIssuer())}',
        'expired': f'Bearer {issue(issuer, expires_in=-1)}',
        'invalidated': f'Bearer {token}',
    }[case]
    if case == 'invalidated':
        issuer.invalidate_all()
    answer = post(sentinel, http, indicator(), headers={'Authorization': header})
    assert (answer.status_code, answer.json()) == (
        401,
        {'statusCode': 401, 'message': 'Unauthorized. Access token is missing or invalid.'},
    )
    assert sentinel.rows() == []


WORKSPACE_PATH = f'/workspaces/{WORKSPACE_ID}/threat-intelligence-stix-objects:upload'
VERSION = 'api-version=2024-02-01-preview'


@pytest.mark.parametrize(
    ('target', 'status'),
    [
        (f'{WORKSPACE_PATH}?{VERSION}', 200),
        (f'/workspaces/%7B{WORKSPACE_ID.upper()}%7D{WORKSPACE_PATH[48:]}?{VERSION}', 200),
        (f'/workspaces/{WORKSPACE_ID}/threatintelligence-stix-objects:upload?{VERSION}', 404),
        (f'/workspaces/{WORKSPACE_ID}/threatintelligencestixobjects:upload?{VERSION}', 404),
        (f'/workspaces/{WORKSPACE_ID}/Threat-Intelligence-STIX-Objects:upload?{VERSION}', 404),
        (f'{WORKSPACE_PATH}/?{VERSION}', 404),
        (f'/{WORKSPACE_PATH}?{VERSION}', 404),
        (f'/workspaces/my-workspace{WORKSPACE_PATH[47:]}?{VERSION}', 404),
        (f'/workspaces/{CLIENT_ID}{WORKSPACE_PATH[47:]}?{VERSION}', 404),
        (WORKSPACE_PATH, 400),
        (f'{WORKSPACE_PATH}?api-version=2022-07-01', 400),
        (f'{WORKSPACE_PATH}?{VERSION}&{VERSION}', 400),
    ],
)
def test_path_and_version_are_exact(sentinel, http, target, status):
    assert post(sentinel, http, indicator(), url=sentinel.url + target).status_code == status
    assert len(sentinel.rows()) == (status == 200)


@pytest.mark.parametrize('method', ['GET', 'PUT', 'PATCH', 'DELETE'])
def test_methods_other_than_post_are_refused(sentinel, http, method):
    answer = http.request(method, sentinel.upload_url, json={}, timeout=60)
    assert answer.status_code == 404


def test_order_of_checks_is_token_workspace_role_content(sentinel, http):
    other = sentinel.upload_url.replace(WORKSPACE_ID, CLIENT_ID)
    sentinel.settings.has_role = False
    answer = post(sentinel, http, url=other, headers={'Authorization': None})
    assert answer.status_code == 401
    answer = post(sentinel, http, url=other)
    assert answer.status_code == 404
    answer = post(sentinel, http)
    assert (answer.status_code, answer.json()['error']['code']) == (403, 'UnauthorizedAccess')
    text = answer.json()['error']['message']
    assert ROLE_TEXT in text
    assert WORKSPACE_ID in text
    sentinel.settings.role_status = 401
    assert ROLE_TEXT in post(sentinel, http).text
    assert sentinel.status_counts == {401: 2, 404: 1, 403: 1}


def test_token_of_another_tenant_has_no_role(sentinel, http, issuer):
    token = issuer.issue(audience=AUDIENCE, tenant_id=CLIENT_ID, client_id=CLIENT_ID)
    answer = post(sentinel, http, indicator(), headers={'Authorization': f'Bearer {token}'})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ('content_type', 'status'),
    [
        ('application/json', 200),
        ('application/json; charset=UTF-8', 200),
        ('text/plain', 415),
        ('application/stix+json', 415),
        ('application/json; charset=latin-1', 415),
        (None, 415),
    ],
)
def test_content_type_is_json(sentinel, http, content_type, status):
    body = json.dumps({'sourcesystem': SOURCE, 'stixobjects': [indicator()]}).encode()
    answer = post(sentinel, http, json=None, data=body, headers={'Content-Type': content_type})
    assert answer.status_code == status


@pytest.mark.parametrize(
    'body',
    [
        b'',
        b'{',
        b'[]',
        b'"x"',
        b'{"sourcesystem": "s", "stixobjects": [NaN]}',
        b'{"sourcesystem": "s\xff", "stixobjects": []}',
        b'\xef\xbb\xbf{"sourcesystem": "s", "stixobjects": []}',
        b'{"sourcesystem": "\\ud800", "stixobjects": []}',
        b'[' * 100_000,
    ],
)
def test_body_that_is_not_json_gets_the_documented_answer(sentinel, http, body):
    headers = {'Content-Type': 'application/json'}
    answer = post(sentinel, http, json=None, data=body, headers=headers)
    assert_bad_body(answer, 'RequestBody')
    text = 'Body of the request is not in valid JSON format.'
    assert answer.json()['error']['message'] == text
    assert answer.headers['x-ms-error-code'] == answer.json()['error']['code']


@pytest.mark.parametrize('source', [None, '', ' ', 5, 'Microsoft Sentinel', 'x' * 257])
def test_bad_source_is_400(sentinel, http, source):
    assert_bad_body(post(sentinel, http, indicator(), source=source), 'sourcesystem')


def test_source_of_256_characters_is_accepted(sentinel, http):
    assert_taken(post(sentinel, http, indicator(), source='x' * 256))


@pytest.mark.parametrize('member', [{'indicators': []}, {'stixobjects': {}}, {'StixObjects': []}])
def test_list_must_be_present(sentinel, http, member):
    answer = post(sentinel, http, json={'sourcesystem': SOURCE, **member})
    assert_bad_body(answer, 'stixobjects')


def test_batch_holds_a_hundred_objects_and_no_more(sentinel, http):
    assert_taken(post(sentinel, http, *map(indicator, range(100))))
    assert_bad_body(post(sentinel, http, *map(indicator, range(101))), 'stixobjects')
    assert len(sentinel.held()) == len(sentinel.rows()) == 100


def test_empty_list_is_400_or_accepted(sentinel, http):
    assert_bad_body(post(sentinel, http), 'stixobjects')
    sentinel.settings.empty_list_status = 200
    assert_taken(post(sentinel, http))


@pytest.mark.parametrize('name', ['errorMessages', 'validationErrorMessages'])
def test_valid_objects_of_a_batch_are_kept(sentinel, http, name):
    http.post(f'{sentinel.url}/_control/settings', json={'error_list_name': name}, timeout=60)
    broken = indicator(3)
    del broken['id']
    answer = post(sentinel, http, indicator(0), indicator(1), indicator(2), broken, 'x')
    assert answer.status_code == 200
    text = 'Error for Property=id: Required property is missing. Actual value: NULL.'
    first, second = answer.json()['errors']
    assert first == {'recordIndex': 3, name: [text]}
    assert second['recordIndex'] == 4
    assert list(sentinel.held_objects()) == [indicator(number)['id'] for number in range(3)]
    (seen,) = sentinel.requests
    assert (seen.stored_count, seen.refused_count) == (3, 2)


@pytest.mark.parametrize('status', [400, 200])
def test_fully_refused_batch_is_400_or_200(sentinel, http, status):
    sentinel.settings.all_refused_status = status
    answer = post(sentinel, http, indicator(confidence=101), indicator(1, labels=[]))
    assert answer.status_code == status
    assert [error['recordIndex'] for error in answer.json()['errors']] == [0, 1]
    assert sentinel.rows() == []


def test_rows_are_appended_and_the_newest_is_held(sentinel, http):
    post(sentinel, http, indicator(1), indicator(2))
    newer = indicator(1, modified='2026-03-05T10:00:00.000Z', confidence=99)
    post(sentinel, http, newer)
    assert len(sentinel.rows()) == 3
    assert [row['Confidence'] for row in sentinel.history(indicator(1)['id'])] == [45, 99]
    assert [row['Confidence'] for row in sentinel.held().values()] == [99, 45]
    assert sentinel.table.versions() == {indicator(1)['id']: 2, indicator(2)['id']: 1}
    assert sentinel.anomalies() == []


def test_revoked_and_expired_rows_look_as_documented(sentinel, http):
    past = '2026-03-05T10:00:00.000Z'
    post(sentinel, http, indicator(1, revoked=True), indicator(2, valid_until=past))
    post(sentinel, http, indicator(3, valid_from='2998-01-01T00:00:00.000Z'))
    endless = indicator(4)
    del endless['valid_until']
    post(sentinel, http, endless)
    rows = sentinel.rows()
    assert [(row['Revoked'], row['IsActive']) for row in rows] == [
        (True, False),
        (False, False),
        (False, False),
        (False, True),
    ]
    assert rows[-1]['ValidUntil'] is None


def test_long_texts_are_cut_in_data_alone_and_empty_ones_dropped(sentinel, http):
    pattern = f"[url:value = 'https://example.com/{'x' * 2000}']"
    red = 'marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed'
    post(
        sentinel,
        http,
        indicator(
            pattern=pattern, description='"' + 'y' * 1500, name='', object_marking_refs=[red]
        ),
    )
    (row,) = sentinel.rows()
    assert len(row['Data']['description']) == len(row['Data']['pattern']) == 1000
    assert row['Pattern'] == pattern
    assert len(row['ObservableValue']) == 2020
    assert 'name' not in row['Data']
    assert row['AdditionalFields'] == {'TLPLevel': 'Red'}
    assert {anomaly.kind for anomaly in sentinel.anomalies()} == {
        'description-not-json',
        'empty-value',
    }


def test_rows_appear_after_the_visibility_delay(sentinel, http):
    sentinel.settings.visibility_delay_s = 0.4
    post(sentinel, http, indicator())
    assert (sentinel.rows(), sentinel.held()) == ([], {})
    assert len(sentinel.held_objects()) == 1
    time.sleep(0.45)
    assert len(sentinel.rows()) == len(sentinel.held()) == 1


def test_rate_limit_answers_with_text_and_header(sentinel, http):
    sentinel.limit.count = 2
    sentinel.limit.window_s = 30
    for _ in range(2):
        assert_taken(post(sentinel, http, indicator()))
    answer = post(sentinel, http, indicator())
    assert answer.status_code == 429
    wait_s = int(answer.headers['Retry-After'])
    assert 28 <= wait_s <= 30
    assert answer.json() == {
        'statusCode': 429,
        'message': f'Rate limit is exceeded. Try again in {wait_s} seconds.',
    }
    assert sentinel.limit.busiest() == 3
    assert len(sentinel.rows()) == 2


@pytest.mark.parametrize(
    'mode', ['omit', 'date', 'past', 'absurd', 'negative', 'garbage', 'seconds']
)
def test_retry_after_has_each_form(sentinel, http, mode):
    control = f'{sentinel.url}/_control'
    http.post(f'{control}/settings', json={'retry_after': mode}, timeout=60)
    http.post(f'{control}/limit', json={'count': 1, 'window_s': 40}, timeout=60)
    post(sentinel, http, indicator())
    answer = post(sentinel, http, indicator())
    assert 'Try again in ' in answer.json()['message']
    header = answer.headers.get('Retry-After')
    if mode == 'omit':
        assert header is None
    elif mode in ('date', 'past'):
        ahead_s = email.utils.parsedate_to_datetime(header).timestamp() - time.time()
        assert (36 < ahead_s <= 40) if mode == 'date' else (ahead_s < -3000)
    elif mode == 'seconds':
        assert header in answer.json()['message']
    else:
        assert header == {'absurd': '86400000', 'negative': '-5', 'garbage': 'soon'}[mode]


def test_rate_limit_is_for_each_identity_and_counts_bad_requests(sentinel, http, issuer):
    sentinel.limit.count = 2
    post(sentinel, http, json=[])
    post(sentinel, http, url=f'{sentinel.url}/wrong')
    assert post(sentinel, http, indicator()).status_code == 429
    other = issuer.issue(audience=AUDIENCE, tenant_id=TENANT_ID, client_id=WORKSPACE_ID)
    headers = {'Authorization': f'Bearer {other}'}
    assert_taken(post(sentinel, http, indicator(), headers=headers))
    late = issuer.issue(
        audience=AUDIENCE, tenant_id=TENANT_ID, client_id=WORKSPACE_ID, expires_in=-5
    )
    headers = {'Authorization': f'Bearer {late}'}
    assert post(sentinel, http, indicator(), headers=headers).status_code == 401
    headers = {'Authorization': f'Bearer {other}'}
    assert post(sentinel, http, indicator(), headers=headers).status_code == 429
    for _ in range(3):
        assert post(sentinel, http, headers={'Authorization': None}).status_code == 401


def test_window_rolls_in_real_time(sentinel, http):
    sentinel.limit.count = 1
    sentinel.limit.window_s = 0.6
    sentinel.limit.counts_refused = False
    assert_taken(post(sentinel, http, indicator()))
    assert post(sentinel, http, indicator()).status_code == 429
    time.sleep(0.65)
    assert_taken(post(sentinel, http, indicator()))


ANSWERS = {
    'empty-500': (500, ''),
    'gateway-500': (500, 'activityId'),
    'html-503': (503, '<!DOCTYPE html>'),
    'gateway-504': (504, ''),
    'html': (403, 'You do not have permission to view this directory or page'),
    'throttle': (429, 'Try again in 45 seconds'),
    'empty-401': (401, ''),
    'expired-401': (401, 'Access token is missing or invalid'),
    'forbidden-403': (403, 'UnauthorizedAccess'),
    'not-found-404': (404, 'WorkspaceNotFound'),
}


@pytest.mark.parametrize('is_stored', [False, True])
@pytest.mark.parametrize('name', ANSWERS)
def test_wrong_answer_of_each_kind_is_injected_once(sentinel, http, name, is_stored):
    sentinel.faults.add(name, count=1, is_stored=is_stored)
    answer = post(sentinel, http, indicator())
    status, text = ANSWERS[name]
    assert answer.status_code == status
    assert (text in answer.text) if text else (not answer.content)
    assert len(sentinel.rows()) == is_stored
    assert sentinel.requests[0].fault == name
    assert_taken(post(sentinel, http, indicator()))


def test_throttle_may_lack_its_header(sentinel, http):
    sentinel.faults.add('throttle', count=1, wait_s=7, retry_after='omit')
    answer = post(sentinel, http, indicator())
    assert 'Retry-After' not in answer.headers
    assert 'in 7 seconds' in answer.text


@pytest.mark.parametrize(
    ('name', 'stored'), [('drop-before', 0), ('drop-after', 1), ('cut-body', 1)]
)
def test_answers_may_be_lost(sentinel, http, name, stored):
    sentinel.faults.add(name, count=1)
    with pytest.raises(requests.exceptions.RequestException):
        post(sentinel, http, indicator())
    assert len(sentinel.rows()) == stored
    assert sentinel.status_counts == {0: 1}
    assert_taken(post(sentinel, http, indicator()))


def test_slow_answer_comes_after_the_objects_are_stored(sentinel, http):
    sentinel.faults.add('slow', count=1, wait_s=1)
    with pytest.raises(requests.exceptions.ReadTimeout):
        post(sentinel, http, indicator(), timeout=0.3)
    assert len(sentinel.rows()) == 1


def test_latency_is_added_to_every_answer(sentinel, http):
    sentinel.settings.latency_s = 0.2
    for _ in range(2):
        started = time.monotonic()
        assert_taken(post(sentinel, http, indicator()))
        assert time.monotonic() - started >= 0.2


def test_body_of_a_200_may_be_another(sentinel, http):
    for body in ('{}', '{"errors": []}', '<html>'):
        sentinel.faults.add('body-200', count=1, body=body)
        answer = post(sentinel, http, indicator())
        assert (answer.status_code, answer.text) == (200, body)


def test_batch_is_too_large_by_objects_and_by_bytes(sentinel, http):
    sentinel.faults.add('too-large', objects=2)
    assert post(sentinel, http, *map(indicator, range(3))).status_code == 413
    assert_taken(post(sentinel, http, *map(indicator, range(2))))
    sentinel.faults.clear()
    sentinel.faults.add('too-large', bytes=1000)
    assert post(sentinel, http, *map(indicator, range(2))).status_code == 413
    assert_taken(post(sentinel, http, indicator()))


def test_poisoned_object_refuses_its_batch_until_it_is_found(sentinel, http):
    sentinel.faults.add('refuse-batch', contains='host5.')
    objects = [indicator(number) for number in range(8)]

    def send(part: list[dict[str, Any]]) -> list[str]:
        if post(sentinel, http, *part).status_code == 200:
            return []
        if len(part) == 1:
            return [part[0]['id']]
        half = len(part) // 2
        return send(part[:half]) + send(part[half:])

    assert send(objects) == [indicator(5)['id']]
    assert len(sentinel.held()) == 7


def test_objects_can_be_refused_by_pattern_or_name(sentinel, http):
    sentinel.faults.add('refuse-objects', contains='host2.')
    answer = post(sentinel, http, *map(indicator, range(4)))
    (error,) = answer.json()['errors']
    assert error['recordIndex'] == 2
    assert len(sentinel.held()) == 3
    assert post(sentinel, http, indicator(2)).status_code == 400


def test_faults_for_several_objects_strike_in_one_request(sentinel, http):
    sentinel.faults.add('refuse-objects', contains='host2.', count=2)
    sentinel.faults.add('refuse-objects', contains='host0.', count=1)
    answer = post(sentinel, http, *map(indicator, range(4)))
    assert [error['recordIndex'] for error in answer.json()['errors']] == [0, 2]
    answer = post(sentinel, http, *map(indicator, range(4)))
    assert [error['recordIndex'] for error in answer.json()['errors']] == [2]
    assert_taken(post(sentinel, http, *map(indicator, range(4))))


def test_records_may_all_be_refused_with_200(sentinel, http):
    sentinel.faults.add('refuse-all', count=1)
    answer = post(sentinel, http, *map(indicator, range(3)))
    assert answer.status_code == 200
    assert [error['recordIndex'] for error in answer.json()['errors']] == [0, 1, 2]
    assert sentinel.rows() == []
    assert_taken(post(sentinel, http, indicator()))


def test_random_faults_strike_at_their_rate_and_repeatably(sentinel, http):
    def strike() -> list[str | None]:
        sentinel.forget()
        sentinel.faults.clear()
        sentinel.faults.add('random', rate=0.4, seed=3)
        for number in range(30):
            try:
                post(sentinel, http, indicator(number))
            except requests.exceptions.RequestException:
                continue
        return [seen.fault for seen in sentinel.requests]

    first = strike()
    assert 5 <= sum(name is not None for name in first) <= 20
    assert len(set(first)) > 3
    assert strike() == first


def test_control_address_reads_and_sets_everything(sentinel, http):
    control = f'{sentinel.url}/_control'
    http.headers.pop('Authorization')
    index = http.get(control, timeout=60).json()
    assert set(FAULTS) < set(index['faults'])
    assert index['settings']['retry_after'] == 'seconds'
    for bad in ({'retry_after': 'never'}, {'latency_s': 'x'}, {'has_role': 1}):
        assert http.post(f'{control}/settings', json=bad, timeout=60).status_code == 400
    sentinel.table.append(SOURCE, [indicator(1), indicator(2)], 1)
    sentinel.table.append(SOURCE, [indicator(2, confidence=1)], 2)

    def get(path: str) -> Any:
        return http.get(f'{control}/{path}', timeout=60).json()

    held = get('held?offset=1&limit=1')
    assert (held['total_count'], len(held['data'])) == (2, 1)
    assert held['data'][0]['Confidence'] == 1
    assert get('objects')['data'][0] == indicator(1)
    assert get('rows')['total_count'] == 3
    assert len(get(f'history?id={indicator(2)["id"]}')) == 2
    assert get('anomalies')['data'][0]['kind'] == 'modified-not-later'
    assert (get('requests')['total_count'], get('arrivals')) == (0, [])
    status = get('status')
    assert (status['objects'], status['rows'], status['anomalies']) == (2, 3, 1)
    http.post(f'{control}/forget', timeout=60)
    assert get('status')['objects'] == 0
    assert http.post(f'{control}/limit', json={'x': 1}, timeout=60).status_code == 400


def test_tokens_are_not_kept(sentinel, http, token):
    post(sentinel, http, indicator())
    for path in ('requests', 'status', 'rows'):
        assert token not in http.get(f'{sentinel.url}/_control/{path}', timeout=60).text


def test_state_outlasts_a_restart(sentinel, http, certificates, issuer, tmp_path: Path):
    post(sentinel, http, indicator(1), indicator(2, name='ü' * 50 + '\u2028'))
    post(sentinel, http, indicator(1, modified='2026-03-05T10:00:00Z', revoked=True))
    path = tmp_path / 'sentinel.jsonl'
    sentinel.save(path)
    after = SentinelSimulator(certificates, issuer)
    assert after.load(path) == 2
    assert after.held() == sentinel.held()
    assert after.status_counts == {200: 2}
    assert after.limit.arrivals() == sentinel.limit.arrivals()
    assert after.table.stored_count == 3
    with after:
        post(after, http, indicator(1, modified='2026-03-06T10:00:00Z'))
        assert [anomaly.kind for anomaly in after.anomalies()] == ['sent-after-revoked']
        assert after.requests[0].number == 3
        assert after.table.versions()[indicator(1)['id']] == 3
    assert SentinelSimulator(certificates, issuer).load(tmp_path / 'nothing') == 0


def test_stopped_server_is_gone_for_a_client_that_kept_its_connection(certificates, issuer, http):
    sentinel = SentinelSimulator(certificates, issuer)
    with sentinel:
        assert_taken(post(sentinel, http, indicator(1)))
    with pytest.raises(requests.exceptions.ConnectionError):
        post(sentinel, http, indicator(2))
    with sentinel:
        assert_taken(post(sentinel, http, indicator(3)))
    assert len(sentinel.held()) == 2


def test_concurrent_requests_lose_nothing(sentinel, certificates, token):
    sentinel.limit.count = 0

    def send(worker: int) -> None:
        with requests.Session() as session:
            session.trust_env = False
            session.verify = str(certificates.ca)
            session.headers['Authorization'] = f'Bearer {token}'
            for batch in range(5):
                start = (worker * 5 + batch) * 100
                post(sentinel, session, *map(indicator, range(start, start + 100)))

    threads = [threading.Thread(target=send, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(sentinel.held()) == len(sentinel.rows()) == 2000
    assert sentinel.status_counts == {200: 20}
    assert len(sentinel.limit.arrivals()) == 20
