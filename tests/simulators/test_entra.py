from __future__ import annotations

import datetime as dt
import re
import time
from pathlib import Path
from typing import Any

import jwt
import msal
import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from tests.simulators.certificates import Certificates, make_certificates
from tests.simulators.entra import (
    CLIENT_ID,
    CLIENT_SECRET,
    TENANT_DOMAIN,
    TENANT_ID,
    AppState,
    Cloud,
    EntraSimulator,
    TokenRefusedError,
)
from tests.simulators.entra.error import ERRORS

pytestmark = pytest.mark.integration

SCOPE = 'https://management.azure.com/.default'


@pytest.fixture(scope='module')
def certificates(tmp_path_factory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp('ca'))


@pytest.fixture
def entra(certificates):
    with EntraSimulator(certificates) as simulator:
        yield simulator


@pytest.fixture
def http(certificates):
    with requests.Session() as session:
        session.trust_env = False
        session.verify = str(certificates.ca)
        yield session


class Timed:
    """The transport that MSAL is given; counts nothing, only adds a time limit."""

    def __init__(self, session: requests.Session) -> None:
        self._session = session

    def get(self, url: str, **kwargs: Any) -> requests.Response:
        return self._session.get(url, timeout=60, **kwargs)

    def post(self, url: str, **kwargs: Any) -> requests.Response:
        return self._session.post(url, timeout=60, **kwargs)

    def close(self) -> None:
        self._session.close()


def msal_app(entra: EntraSimulator, http: requests.Session, **changes: Any):
    return msal.ConfidentialClientApplication(
        changes.get('client_id', CLIENT_ID),
        client_credential=changes.get('credential', CLIENT_SECRET),
        authority=changes.get('authority', entra.authority),
        instance_discovery=False,
        http_client=Timed(http),
    )


def post(entra: EntraSimulator, http: requests.Session, tenant: str = TENANT_ID, **changes: Any):
    form = {
        'grant_type': 'client_credentials',
        'client_id': CLIENT_ID,
        'client_secret': CLIENT_SECRET,
        'scope': SCOPE,
        **changes,
    }
    return http.post(
        f'{entra.url}/{tenant}/oauth2/v2.0/token',
        data={name: value for name, value in form.items() if value is not None},
        timeout=60,
    )


def make_client_certificate(days: int = 30) -> tuple[bytes, bytes]:
    """Make a key and a certificate for an app, as PEM."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, 'app')])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=60))
        .not_valid_after(now + dt.timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    return (
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
        certificate.public_bytes(pem),
    )


@pytest.fixture(scope='module')
def client_certificate() -> tuple[bytes, bytes]:
    return make_client_certificate()


def test_msal_obtains_a_token_that_the_issuer_accepts(entra, http):
    result = msal_app(entra, http).acquire_token_for_client([SCOPE])
    assert result['token_source'] == 'identity_provider'
    assert (result['token_type'], result['expires_in']) == ('Bearer', 3599)
    claims = entra.issuer.check(result['access_token'])
    assert claims.audience == 'https://management.azure.com'
    assert (claims.tenant_id, claims.client_id) == (TENANT_ID, CLIENT_ID)
    assert [seen.proof for seen in entra.token_requests] == ['secret']


def test_msal_works_with_the_environments_bundle_and_its_own_transport(
    entra, certificates, monkeypatch
):
    monkeypatch.setenv('REQUESTS_CA_BUNDLE', str(certificates.ca))
    app = msal.ConfidentialClientApplication(
        CLIENT_ID,
        client_credential=CLIENT_SECRET,
        authority=entra.authority,
        instance_discovery=False,
        timeout=60,
    )
    assert 'access_token' in app.acquire_token_for_client([SCOPE])
    app.http_client.close()


def test_msal_keeps_a_token_but_not_one_of_300_seconds(entra, http):
    app = msal_app(entra, http)
    first = app.acquire_token_for_client([SCOPE])
    assert app.acquire_token_for_client([SCOPE])['access_token'] == first['access_token']
    entra.settings.expires_in = 300
    app.remove_tokens_for_client()
    short = [app.acquire_token_for_client([SCOPE])['access_token'] for _ in range(2)]
    assert len({first['access_token'], *short}) == 3
    assert entra.issuer.issued_count == len(entra.token_requests) == 3


def test_issued_tokens_can_be_revoked_early(entra, http):
    old = post(entra, http).json()['access_token']
    assert http.post(f'{entra.url}/_control/tokens/invalidate', timeout=60).json() == {
        'invalidated': 1
    }
    with pytest.raises(TokenRefusedError, match='taken back'):
        entra.issuer.check(old)
    entra.issuer.check(post(entra, http).json()['access_token'])


def test_tokens_of_another_issuer_and_expired_ones_are_refused(entra, certificates):
    foreign = EntraSimulator(certificates).issuer.issue(
        audience='https://management.azure.com', tenant_id=TENANT_ID, client_id=CLIENT_ID
    )
    with pytest.raises(TokenRefusedError, match='not a token of this issuer'):
        entra.issuer.check(foreign)
    late = entra.issuer.issue(
        audience='https://management.azure.com',
        tenant_id=TENANT_ID,
        client_id=CLIENT_ID,
        expires_in=-1,
    )
    with pytest.raises(TokenRefusedError, match='expired') as refused:
        entra.issuer.check(late)
    assert refused.value.claims.client_id == CLIENT_ID


@pytest.mark.parametrize('credential', ['sha256', 'sha1'])
def test_msal_works_with_a_certificate(entra, http, client_certificate, credential):
    key, pem = client_certificate
    entra.app.register_certificate(pem)
    thumbprint = x509.load_pem_x509_certificate(pem).fingerprint(hashes.SHA1()).hex()
    values = {
        'sha256': {'private_key': key.decode(), 'public_certificate': pem.decode()},
        'sha1': {'private_key': key.decode(), 'thumbprint': thumbprint},
    }
    result = msal_app(entra, http, credential=values[credential]).acquire_token_for_client([SCOPE])
    entra.issuer.check(result['access_token'])
    assert entra.token_requests[-1].proof == 'assertion'


def test_unregistered_certificate_is_refused(entra, http, client_certificate):
    key, pem = client_certificate
    credential = {'private_key': key.decode(), 'public_certificate': pem.decode()}
    result = msal_app(entra, http, credential=credential).acquire_token_for_client([SCOPE])
    assert result['error_codes'] == [700027]


def test_expired_certificate_is_refused(entra, http):
    key, pem = make_client_certificate(days=-1)
    entra.app.register_certificate(pem)
    credential = {'private_key': key.decode(), 'public_certificate': pem.decode()}
    result = msal_app(entra, http, credential=credential).acquire_token_for_client([SCOPE])
    assert 'expired' in result['error_description']


@pytest.mark.parametrize(
    ('changes', 'code'),
    [
        ({}, None),
        ({'aud': 'https://login.microsoftonline.com/x/oauth2/v2.0/token'}, 700023),
        ({'exp': time.time() - 3600}, 700024),
        ({'iss': 'someone'}, 700021),
        ({'jti': None}, 50027),
    ],
)
def test_each_claim_of_an_assertion_is_checked(entra, http, client_certificate, changes, code):
    key, pem = client_certificate
    entra.app.register_certificate(pem)
    thumbprint = x509.load_pem_x509_certificate(pem).fingerprint(hashes.SHA256())
    claims = {
        'aud': f'{entra.authority}/oauth2/v2.0/token',
        'iss': CLIENT_ID,
        'sub': CLIENT_ID,
        'exp': time.time() + 600,
        'jti': 'one',
        **changes,
    }
    header = {'x5t#S256': jwt.utils.base64url_encode(thumbprint).decode() + '='}
    assertion = jwt.encode(
        {name: value for name, value in claims.items() if value is not None},
        key,
        'RS256',
        headers=header,
    )
    answer = post(
        entra,
        http,
        client_secret=None,
        client_assertion=assertion,
        client_assertion_type='urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    )
    assert answer.json().get('error_codes') == (None if code is None else [code])


def test_assertion_signed_by_another_key_is_refused(entra, http, client_certificate):
    _, pem = client_certificate
    entra.app.register_certificate(pem)
    other_key, _ = make_client_certificate()
    thumbprint = x509.load_pem_x509_certificate(pem).fingerprint(hashes.SHA1()).hex()
    credential = {'private_key': other_key.decode(), 'thumbprint': thumbprint}
    result = msal_app(entra, http, credential=credential).acquire_token_for_client([SCOPE])
    assert result['error_codes'] == [700027]
    assert 'signature validation' in result['error_description']


def _expire_secret(entra):
    entra.app.expired_secrets.add(CLIENT_SECRET)


def _disable(entra):
    entra.app.state = AppState.DISABLED


def _drop_principal(entra):
    entra.app.state = AppState.NO_SERVICE_PRINCIPAL


OTHER_GUID = '99999999-2222-4333-8444-555555555555'
TRUE_CAUSES = [
    ('wrong-secret', None, {'client_secret': 'nope'}),
    ('expired-secret', _expire_secret, {}),
    ('no-secret', None, {'client_secret': None}),
    ('unknown-app', None, {'client_id': OTHER_GUID}),
    ('disabled-app', _disable, {}),
    ('no-service-principal', _drop_principal, {}),
    ('unknown-tenant', None, {'tenant': OTHER_GUID}),
    ('unknown-tenant', None, {'tenant': 'other.onmicrosoft.com'}),
    ('malformed-tenant', None, {'tenant': 'my_tenant'}),
    ('no-tenant', None, {'tenant': 'common'}),
    ('bad-scope', None, {'scope': 'https://management.azure.com/'}),
    ('bad-scope', None, {'scope': f'{SCOPE} {SCOPE}'}),
    ('unknown-resource', None, {'scope': 'https://management.usgovcloudapi.net/.default'}),
    ('unknown-resource', None, {'scope': 'https://api.loganalytics.azure.com/.default'}),
    ('unknown-resource', None, {'scope': 'https://api.loganalytics.us/.default'}),
    ('bad-grant', None, {'grant_type': 'password'}),
    ('missing-parameter', None, {'scope': None}),
    ('missing-parameter', None, {'grant_type': None}),
    ('missing-parameter', None, {'client_id': None}),
    ('bad-assertion-type', None, {'client_assertion': 'x', 'client_assertion_type': 'y'}),
]


@pytest.mark.parametrize(('name', 'arrange', 'changes'), TRUE_CAUSES)
def test_error_is_returned_for_its_true_cause(entra, http, name, arrange, changes):
    if arrange:
        arrange(entra)
    assert_error(post(entra, http, **changes), name)
    assert entra.issuer.issued_count == 0


@pytest.mark.parametrize('name', [name for name in ERRORS if not name.endswith('-metadata')])
def test_error_injected_as_a_fault_ends_by_itself(entra, http, name):
    entra.faults.add(name, count=1)
    assert_error(post(entra, http), name)
    assert 'access_token' in post(entra, http).json()


def assert_error(answer: requests.Response, name: str) -> None:
    row = ERRORS[name]
    body = answer.json()
    assert (answer.status_code, body['error'], body['error_codes']) == (
        row.status,
        row.error,
        [row.code],
    )
    assert re.fullmatch(
        rf'AADSTS{row.code}: .+ Trace ID: {body["trace_id"]} Correlation ID: '
        rf'{body["correlation_id"]} Timestamp: \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\dZ',
        body['error_description'],
    )
    assert body['error_uri'] == f'https://login.microsoftonline.com/error?code={row.code}'
    assert '{' not in body['error_description']


def test_form_sent_as_json_is_not_read(entra, http):
    answer = http.post(
        f'{entra.authority}/oauth2/v2.0/token', json={'client_id': CLIENT_ID}, timeout=60
    )
    assert_error(answer, 'missing-parameter')


def test_older_records_separate_sentences_by_line_breaks(entra, http):
    entra.settings.has_older_text = True
    body = post(entra, http, client_secret='x').json()
    assert body['error_description'].count('\r\n') == 3


def test_government_accepts_its_own_scope_only(certificates, http):
    with EntraSimulator(certificates, cloud=Cloud.GOVERNMENT) as entra:
        token = post(entra, http, scope='https://management.usgovcloudapi.net/.default').json()
        claims = entra.issuer.check(token['access_token'])
        assert claims.audience == 'https://management.usgovcloudapi.net'
        assert_error(post(entra, http), 'unknown-resource')


@pytest.mark.parametrize(
    ('cloud', 'audience'),
    [
        (Cloud.COMMERCIAL, 'https://api.loganalytics.io'),
        (Cloud.GOVERNMENT, 'https://api.loganalytics.us'),
    ],
)
def test_queries_have_a_resource_of_their_own(certificates, http, cloud, audience):
    with EntraSimulator(certificates, cloud=cloud) as entra:
        token = post(entra, http, scope=f'{audience}/.default').json()
        assert entra.issuer.check(token['access_token']).audience == audience


def test_resources_own_slash_stays_in_the_audience(entra, http):
    token = post(entra, http, scope='https://management.core.windows.net//.default').json()
    audience = entra.issuer.check(token['access_token']).audience
    assert audience == 'https://management.core.windows.net/'


def test_tenant_is_found_by_its_domain(entra, http):
    app = msal_app(entra, http, authority=f'{entra.url}/{TENANT_DOMAIN}')
    assert 'access_token' in app.acquire_token_for_client([SCOPE])


def test_wrong_tenant_fails_in_msals_constructor(entra, http):
    with pytest.raises(ValueError, match='authority'):
        msal_app(entra, http, authority=f'{entra.url}/{OTHER_GUID}')
    answer = http.get(f'{entra.url}/{OTHER_GUID}/v2.0/.well-known/openid-configuration', timeout=60)
    assert_error(answer, 'unknown-tenant-metadata')


def test_metadata_may_fail_with_400_and_5xx(entra, http):
    address = f'{entra.authority}/v2.0/.well-known/openid-configuration'
    entra.faults.add('unknown-tenant-metadata', count=1)
    assert_error(http.get(address, timeout=60), 'unknown-tenant-metadata')
    entra.faults.add('server-error', count=1, endpoint='metadata', status=503)
    assert 'access_token' in post(entra, http).json()
    with pytest.raises(msal.exceptions.MsalServiceError):
        msal_app(entra, http)
    assert http.get(address, timeout=60).json()['token_endpoint'].startswith(entra.authority)


def test_instance_discovery_answers(entra, http):
    answer = http.get(
        f'{entra.url}/common/discovery/instance',
        params={'api-version': '1.1', 'authorization_endpoint': f'{entra.authority}/authorize'},
        timeout=60,
    )
    assert answer.json()['api-version'] == '1.1'
    assert answer.json()['tenant_discovery_endpoint'].startswith(entra.authority)
    assert http.get(f'{entra.url}/common/discovery/instance', timeout=60).status_code == 400


def test_paths_and_methods_are_exact(entra, http):
    assert http.get(f'{entra.authority}/oauth2/v2.0/token', timeout=60).status_code == 405
    assert http.post(f'{entra.authority}/oauth2/token', timeout=60).status_code == 404


def test_throttling_is_plain_text(entra, http):
    entra.faults.add('throttled', count=1)
    answer = post(entra, http)
    assert (answer.status_code, answer.text) == (429, 'Too Many Requests')
    assert answer.headers['Retry-After'] == '60'
    assert answer.headers['Content-Type'] == 'text/plain'
    entra.faults.add('throttled', count=1, retry_after=None)
    assert 'Retry-After' not in post(entra, http).headers


def test_wire_faults_are_injected(entra, http):
    entra.faults.add('drop', count=1)
    with pytest.raises(requests.exceptions.ConnectionError):
        post(entra, http)
    entra.faults.add('html', count=1, status=403)
    assert post(entra, http).headers['Content-Type'] == 'text/html'
    entra.faults.add('server-error', count=1)
    assert post(entra, http).status_code == 503
    entra.faults.add('slow', count=1, wait_s=0.3)
    started = time.monotonic()
    assert 'access_token' in post(entra, http).json()
    assert time.monotonic() - started >= 0.3


def test_faults_and_settings_are_controlled_over_http(entra, http):
    control = f'{entra.url}/_control'
    index = http.get(control, timeout=60).json()
    assert index['settings']['expires_in'] == 3599
    assert 'wrong-secret' in index['faults']
    answer = http.post(f'{control}/settings', json={'expires_in': 301, 'latency_s': 0}, timeout=60)
    assert answer.json()['expires_in'] == 301
    assert post(entra, http).json()['expires_in'] == 301
    for bad in ({'expires_in': '5'}, {'nothing': 1}):
        assert http.post(f'{control}/settings', json=bad, timeout=60).status_code == 400
    fault = {'name': 'expired-secret', 'count': None, 'params': {'endpoint': 'token'}}
    http.post(f'{control}/faults', json=fault, timeout=60)
    assert [post(entra, http).status_code for _ in range(2)] == [401, 401]
    http.delete(f'{control}/faults', params={'name': 'expired-secret'}, timeout=60)
    assert post(entra, http).status_code == 200
    assert http.post(f'{control}/faults', json={'name': 'x'}, timeout=60).status_code == 400
    assert http.get(f'{control}/nothing', timeout=60).status_code == 404


def test_recorded_requests_contain_no_secret(entra, http):
    post(entra, http)
    seen = http.get(f'{entra.url}/_control/requests', timeout=60)
    assert len(seen.json()) == 1
    assert CLIENT_SECRET not in seen.text


def test_simulator_restarts_on_the_same_address(certificates, http):
    entra = EntraSimulator(certificates)
    with entra:
        address = entra.url
    with pytest.raises(requests.exceptions.ConnectionError):
        http.get(f'{address}/_control', timeout=60)
    with entra:
        assert entra.url == address
        assert http.get(f'{address}/_control', timeout=60).ok


def test_random_faults_are_the_same_for_the_same_seed(entra, http):
    def strike() -> list[int]:
        entra.faults.clear()
        entra.faults.add('random', rate=0.5, seed=7, names=['server-error', 'throttled'])
        return [post(entra, http).status_code for _ in range(20)]

    first = strike()
    assert set(first) == {200, 429, 503}
    assert strike() == first


def test_skip_lets_the_first_requests_pass(entra, http):
    entra.faults.add('server-error', skip=2, count=1)
    assert [post(entra, http).status_code for _ in range(4)] == [200, 200, 503, 200]


def test_open_connection_does_not_prevent_stopping(certificates, http, tmp_path: Path):
    with EntraSimulator(certificates) as entra:
        http.get(f'{entra.url}/_control', timeout=60)
        started = time.monotonic()
    assert time.monotonic() - started < 30
