"""The sink port against the stand-ins for Entra ID and the upload API, with real tokens."""

from __future__ import annotations

import json
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from sentinel_app.clock import SystemClock
from sentinel_app.core.sink import Sink
from sentinel_app.errors import (
    BatchRefusedError,
    BatchTooLargeError,
    ThrottledError,
    TokenError,
    TokenRefusedError,
    UnauthorizedError,
    UploadDeniedError,
    UploadServerError,
)
from sentinel_app.network.exchange import Timeouts
from sentinel_app.redactor import Redactor
from sentinel_app.sentinel.auth import TokenSource
from sentinel_app.sentinel.client import SentinelSink
from tests.harness.pem import certificate_pem, key_pem, rsa_key
from tests.harness.waiting import PATIENCE_S
from tests.simulators.certificates import Certificates, make_certificates
from tests.simulators.entra import CLIENT_ID, CLIENT_SECRET, AppState, EntraSimulator
from tests.simulators.sentinel import SentinelSimulator
from tests.simulators.sentinel.reply import RetryAfter

pytestmark = pytest.mark.integration

SCOPE = 'https://management.azure.com/.default'
SOURCE = 'ThreatConnect-Dé"mo'
STRANGER = '0c1d2e3f-4a5b-4c6d-8e7f-001122334455'
TIMEOUTS = Timeouts(connect_s=PATIENCE_S, read_s=PATIENCE_S, total_s=PATIENCE_S)
SHORT_TIMEOUTS = Timeouts(connect_s=PATIENCE_S, read_s=1, total_s=3)


@pytest.fixture(scope='module')
def certificates(tmp_path_factory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp('ca'))


@pytest.fixture
def entra(certificates, monkeypatch):
    monkeypatch.setenv('REQUESTS_CA_BUNDLE', str(certificates.ca))
    with EntraSimulator(certificates) as simulator:
        yield simulator


@pytest.fixture
def sentinel(certificates, entra):
    with SentinelSimulator(certificates, entra.issuer, limit_count=1000) as simulator:
        yield simulator


@pytest.fixture
def make(entra, sentinel):
    sessions = []

    def make_sink(**changes):
        sessions.extend((requests.Session(), requests.Session()))
        tokens = TokenSource(
            authority=changes.get('authority', entra.authority),
            client_id=changes.get('client_id', CLIENT_ID),
            credential=changes.get('credential', CLIENT_SECRET),
            scope=changes.get('scope', SCOPE),
            session=sessions[-2],
            clock=SystemClock(),
            redactor=Redactor(),
            timeouts=changes.get('timeouts', TIMEOUTS),
        )
        return SentinelSink(
            upload_url=sentinel.url,
            workspace_id=changes.get('workspace_id', sentinel.workspace_id),
            source_system=changes.get('source_system', SOURCE),
            tokens=tokens,
            session=sessions[-1],
            clock=SystemClock(),
            redactor=Redactor(),
            timeouts=changes.get('timeouts', TIMEOUTS),
        )

    yield make_sink
    for session in sessions:
        session.close()


@pytest.fixture
def sink(make) -> Sink:
    return make()


def stix(name='bad.example', **changes) -> bytes:
    value = {
        'type': 'indicator',
        'spec_version': '2.1',
        'id': f'indicator--{uuid.uuid5(uuid.NAMESPACE_DNS, name)}',
        'created': '2026-03-02T08:15:00.000Z',
        'modified': '2026-03-04T10:00:00.000Z',
        'name': f'{name} | Ünï',
        'pattern': f"[domain-name:value = '{name}']",
        'pattern_type': 'stix',
        'valid_from': '2026-03-04T10:00:00.000Z',
        **changes,
    }
    text = json.dumps({key: each for key, each in value.items() if each}, ensure_ascii=False)
    return text.encode()


def batch(count: int) -> list[bytes]:
    return [stix(f'h{number}.example') for number in range(count)]


def test_batch_is_held_afterwards_exactly_as_sent(sentinel, sink):
    objects = batch(100)
    assert sink.send(objects).refusals == {}
    held = sentinel.held_objects(SOURCE)
    assert list(held.values()) == [json.loads(each) for each in objects]


def test_refused_object_is_named_by_its_position_and_the_others_are_kept(sentinel, sink):
    reply = sink.send([*batch(3), stix('bad', id=None), stix('worse', pattern=None)])
    assert set(reply.refusals) == {3, 4}
    assert reply.refusals[3] == (
        'Error for Property=id: Required property is missing. Actual value: NULL.',
    )
    assert len(sentinel.held_objects()) == 3


def test_token_is_shared_by_many_threads(entra, sentinel, sink):
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda number: sink.send([stix(f'h{number}')]), range(40)))
    assert all(not reply.refusals for reply in replies)
    assert len(sentinel.held_objects()) == 40
    assert len(entra.token_requests) == 1


def test_revoked_token_is_replaced_once_for_all_threads(entra, sentinel, sink):
    sink.send([stix('first')])
    entra.issuer.invalidate_all()

    def send(number: int) -> None:
        try:
            sink.send([stix(f'h{number}')])
        except UnauthorizedError:
            sink.forget_token()
            sink.send([stix(f'h{number}')])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(send, range(16)))
    assert len(sentinel.held_objects()) == 17
    assert len(entra.token_requests) == 2


def test_certificate_signs_in_where_it_is_registered(entra, sentinel, make):
    key = rsa_key()
    sink = make(credential=f'{key_pem(key)}{certificate_pem(key)}'.replace('\n', ' '))
    with pytest.raises(TokenRefusedError, match='Upload the certificate'):
        sink.send([stix()])
    entra.app.register_certificate(certificate_pem(key).encode())
    assert sink.send([stix()]).refusals == {}
    assert [seen.proof for seen in entra.token_requests] == ['assertion', 'assertion']


@pytest.mark.parametrize(
    ('name', 'params', 'error_class'),
    [
        ('empty-500', {}, UploadServerError),
        ('gateway-500', {}, UploadServerError),
        ('html-503', {}, UploadServerError),
        ('gateway-504', {}, UploadServerError),
        ('drop-before', {}, UploadServerError),
        ('drop-after', {}, UploadServerError),
        ('cut-body', {}, UploadServerError),
        ('slow', {'wait_s': 2}, UploadServerError),
        ('body-200', {'body': '<html>Sign in</html>'}, UploadServerError),
        ('html', {'status': 403}, UploadDeniedError),
        ('empty-401', {}, UnauthorizedError),
        ('expired-401', {}, UnauthorizedError),
        ('forbidden-403', {}, UploadDeniedError),
        ('not-found-404', {}, UploadDeniedError),
        ('too-large', {'objects': 1}, BatchTooLargeError),
        ('refuse-batch', {'contains': 'h1.'}, BatchRefusedError),
    ],
)
def test_fault_of_each_kind_is_one_attempt_and_raises_its_own_error(
    sentinel, make, sink, name, params, error_class
):
    sentinel.faults.add(name, **params)
    with pytest.raises(error_class) as caught:
        make(timeouts=SHORT_TIMEOUTS if name == 'slow' else TIMEOUTS).send(batch(2))
    assert type(caught.value) is error_class
    assert len(sentinel.requests) == 1
    sentinel.faults.clear()
    assert sink.send(batch(2)).refusals == {}
    assert len(sentinel.held_objects()) == 2


def test_response_200_that_refuses_all_is_read_as_such(sentinel, sink):
    sentinel.faults.add('refuse-all')
    assert set(sink.send(batch(3)).refusals) == {0, 1, 2}


@pytest.mark.parametrize('header', list(RetryAfter))
def test_429_states_the_wait_however_its_header_looks(sentinel, sink, header):
    sentinel.faults.add('throttle', wait_s=17, retry_after=header.value)
    with pytest.raises(ThrottledError) as caught:
        sink.send(batch(1))
    assert 15 <= caught.value.retry_after_s <= 17


def test_unknown_workspace_and_missing_role_name_their_remedies(sentinel, make):
    with pytest.raises(UploadDeniedError, match='Sentinel Workspace ID') as caught:
        make(workspace_id=STRANGER).send([stix()])
    assert caught.value.code == 'AZ-404'
    for status in (401, 403):
        sentinel.settings.has_role = False
        sentinel.settings.role_status = status
        with pytest.raises(UploadDeniedError, match='Microsoft Sentinel Contributor') as caught:
            make().send([stix()])
        assert caught.value.code == 'AZ-403'
        assert caught.value.reason.startswith('UnauthorizedAccess: ')


def test_reserved_source_system_is_reported_in_sentinels_words(make):
    with pytest.raises(BatchRefusedError) as caught:
        make(source_system='Microsoft Sentinel').send(batch(2))
    assert caught.value.reason


@pytest.mark.parametrize(
    ('changes', 'words'),
    [
        ({'credential': 'wrong'}, 'Client Secret'),
        ({'client_id': STRANGER}, 'Client ID'),
        ({'scope': 'https://management.usgovcloudapi.net/.default'}, 'Azure Cloud'),
        ({'scope': 'https://management.azure.com'}, 'Azure Cloud'),
    ],
)
def test_refused_sign_in_names_the_input(make, changes, words):
    with pytest.raises(TokenRefusedError, match=words) as caught:
        make(**changes).send([stix()])
    assert caught.value.reason.startswith('AADSTS')
    assert CLIENT_SECRET not in f'{caught.value}{caught.value.reason}{caught.value.context}'


@pytest.mark.parametrize('tenant', [STRANGER, 'not a tenant'])
def test_unknown_tenant_names_the_input(entra, make, tenant):
    with pytest.raises(TokenRefusedError, match='Tenant ID') as caught:
        make(authority=f'{entra.url}/{tenant}').send([stix()])
    assert caught.value.reason.startswith('AADSTS')


def test_app_that_was_enabled_again_works_at_the_next_call(entra, sink):
    entra.app.state = AppState.DISABLED
    with pytest.raises(TokenRefusedError, match='disabled'):
        sink.send([stix()])
    entra.app.state = AppState.READY
    assert sink.send([stix()]).refusals == {}


@pytest.mark.parametrize('endpoint', ['metadata', 'token'])
@pytest.mark.parametrize('name', ['throttled', 'server-error', 'html', 'drop', 'slow'])
def test_trouble_at_the_sign_in_is_retryable(entra, make, sink, endpoint, name):
    params = {'wait_s': 2} if name == 'slow' else {}
    if name == 'throttled':
        params = {'retry_after': 0}
    entra.faults.add(name, endpoint=endpoint, **params)
    with pytest.raises(TokenError):
        make(timeouts=SHORT_TIMEOUTS if name == 'slow' else TIMEOUTS).send([stix()])
    entra.faults.clear()
    assert sink.send([stix()]).refusals == {}


def test_short_lived_tokens_keep_working(entra, sentinel, sink):
    entra.settings.expires_in = 60
    for number in range(5):
        sink.send([stix(f'h{number}')])
    assert len(sentinel.held_objects()) == 5
    assert len(entra.token_requests) == 1
