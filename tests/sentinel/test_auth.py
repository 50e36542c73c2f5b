import base64
import datetime as dt
import json
import logging
import re
import ssl
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs

import jwt
import pytest
import requests
import responses
from cryptography.hazmat.primitives import hashes
from responses import matchers

from sentinel_app.errors import ConfigError, TokenError, TokenRefusedError
from sentinel_app.redactor import Redactor
from sentinel_app.sentinel import auth
from sentinel_app.sentinel.auth import TokenSource
from sentinel_app.sentinel.refusal import REMEDIES
from tests.harness.clocks import StandingClock
from tests.harness.pem import certificate, certificate_pem, key_pem, rsa_key
from tests.harness.waiting import PATIENCE_S

TENANT = '11111111-2222-4333-8444-555555555555'
AUTHORITY = f'https://login.microsoftonline.com/{TENANT}'
METADATA = f'{AUTHORITY}/v2.0/.well-known/openid-configuration'
TOKEN = f'{AUTHORITY}/oauth2/v2.0/token'
SCOPE = 'https://management.azure.com/.default'
SECRET = 'Tst8Q~marker.secret-of-40-characters-abc'


@pytest.fixture(autouse=True)
def server():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def clock():
    return StandingClock()


@pytest.fixture
def make(clock):
    sessions = []

    def make_source(**kwargs):
        sessions.append(requests.Session())
        defaults = {
            'authority': AUTHORITY,
            'client_id': 'client-1',
            'credential': SECRET,
            'scope': SCOPE,
            'session': sessions[-1],
            'clock': clock,
            'redactor': Redactor(),
        }
        return TokenSource(**{**defaults, **kwargs})

    yield make_source
    for session in sessions:
        session.close()


@pytest.fixture
def source(make):
    return make()


def metadata(server, **kwargs):
    kwargs = kwargs or {
        'json': {'token_endpoint': TOKEN, 'authorization_endpoint': f'{AUTHORITY}/authorize'}
    }
    return server.add(responses.GET, METADATA, **kwargs)


def grant(server, token='token-1', expires_in=3599, **more):
    body = {'token_type': 'Bearer', 'expires_in': expires_in, 'access_token': token, **more}
    return server.add(responses.POST, TOKEN, json=body)


def refuse(server, number, *, status=401, error='invalid_client', **kwargs):
    description = f'AADSTS{number}: It is so.\r\nTrace ID: 1 Timestamp: 2026-03-04 10:00:00Z'
    body = {'error': error, 'error_description': description, 'error_codes': [number]}
    return server.add(responses.POST, TOKEN, status=status, json=body, **kwargs)


def posts(server):
    return [call.request for call in server.calls if call.request.method == 'POST']


def shown(error):
    parts = []
    while error is not None:
        parts += [str(error), repr(error), str(getattr(error, 'reason', ''))]
        parts.append(str(getattr(error, 'context', '')))
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return ' '.join(parts)


def test_construction_makes_no_request(server, source):
    assert len(server.calls) == 0


def test_token_is_requested_with_exactly_this_form(server, source):
    metadata(server)
    server.add(
        responses.POST,
        TOKEN,
        json={'token_type': 'Bearer', 'expires_in': 3599, 'access_token': 'token-1'},
        match=[
            matchers.urlencoded_params_matcher(
                {
                    'client_id': 'client-1',
                    'client_secret': SECRET,
                    'client_info': '1',
                    'grant_type': 'client_credentials',
                    'scope': SCOPE,
                }
            )
        ],
    )
    assert source.token() == 'token-1'
    assert [call.request.url for call in server.calls] == [METADATA, TOKEN]
    assert all(call.request.req_kwargs['timeout'] == (10, 30) for call in server.calls)


def test_netrc_and_region_of_the_environment_change_nothing(server, source, tmp_path, monkeypatch):
    netrc = tmp_path / 'netrc'
    netrc.write_text('default login somebody password else\n')
    netrc.chmod(0o600)
    monkeypatch.setenv('NETRC', str(netrc))
    monkeypatch.setenv('MSAL_FORCE_REGION', 'westeurope')
    metadata(server)
    grant(server)
    assert source.token() == 'token-1'
    assert all('Authorization' not in call.request.headers for call in server.calls)


def test_other_host_is_used_without_asking_microsoft_about_it(server, make):
    authority = f'https://login.example.test:8443/{TENANT}'
    endpoints = {
        'token_endpoint': f'{authority}/oauth2/v2.0/token',
        'authorization_endpoint': f'{authority}/authorize',
    }
    server.add(responses.GET, f'{authority}/v2.0/.well-known/openid-configuration', json=endpoints)
    server.add(
        responses.POST,
        f'{authority}/oauth2/v2.0/token',
        json={'access_token': 'token-1', 'expires_in': 3599, 'token_type': 'Bearer'},
    )
    source = make(authority=f'{authority}/', scope='https://management.usgovcloudapi.net/.default')
    assert source.token() == 'token-1'
    assert parse_qs(posts(server)[0].body)['scope'] == [
        'https://management.usgovcloudapi.net/.default'
    ]
    source.forget()
    assert source.token() == 'token-1'
    assert all('login.example.test' in call.request.url for call in server.calls)


def test_certificate_signs_the_request_with_its_sha256_thumbprint(server, make):
    key = rsa_key()
    metadata(server)
    grant(server)
    make(credential=key_pem(key) + certificate_pem(key)).token()
    form = parse_qs(posts(server)[0].body)
    assert 'client_secret' not in form
    assert form['client_assertion_type'] == [
        'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
    ]
    (assertion,) = form['client_assertion']
    claims = jwt.decode(assertion, key.public_key(), algorithms=['PS256'], audience=TOKEN)
    assert claims['iss'] == claims['sub'] == 'client-1'
    thumbprint = certificate(key).fingerprint(hashes.SHA256())
    header = jwt.get_unverified_header(assertion)
    assert header['x5t#S256'] == base64.urlsafe_b64encode(thumbprint).decode()


def _thumbprints(server):
    return [
        jwt.get_unverified_header(parse_qs(post.body)['client_assertion'][0])['x5t#S256']
        for post in posts(server)
    ]


def _thumbprint(found):
    return base64.urlsafe_b64encode(found.fingerprint(hashes.SHA256())).decode()


def test_renewed_certificate_signs_as_soon_as_it_is_valid(server, make, clock):
    key = rsa_key()
    older, newer = certificate(key, 1), certificate(key, 300, -1)
    text = key_pem(key) + certificate_pem(key, 1) + certificate_pem(key, 300, -1)
    metadata(server)
    grant(server, expires_in=100)
    clock.at = newer.not_valid_before_utc - dt.timedelta(minutes=1)
    source = make(credential=text)
    source.token()
    clock.advance(dt.timedelta(hours=1).total_seconds())
    source.token()
    assert _thumbprints(server) == [_thumbprint(older), _thumbprint(newer)]


@pytest.mark.parametrize(
    ('days', 'since_days', 'words'),
    [
        (-2, -90, r'expired on \d{4}-\d\d-\d\d\. Make a new one, upload it'),
        (90, 30, r"not valid before \d{4}-\d\d-\d\d\. Check the clock of the App's host"),
        (90, -90, None),
    ],
)
def test_refusal_says_when_no_certificate_is_valid_now(
    server, make, clock, days, since_days, words
):
    key = rsa_key()
    metadata(server)
    body = {'error': 'invalid_client', 'error_description': 'AADSTS700027: not accepted'}
    server.add(responses.POST, TOKEN, status=401, json=body)
    clock.at = dt.datetime.now(dt.UTC)
    source = make(credential=key_pem(key) + certificate_pem(key, days, since_days))
    with pytest.raises(TokenRefusedError) as caught:
        source.token()
    assert 'AADSTS700027' in caught.value.reason
    if words:
        assert re.search(words, caught.value.message)
    else:
        assert 'The certificate in the Client Secret' not in caught.value.message


def test_unusable_certificate_is_a_config_error_at_once(make):
    with pytest.raises(ConfigError, match='Client Secret'):
        make(credential=key_pem(rsa_key()))


def test_token_comes_from_memory_until_it_expires(server, source, clock):
    metadata(server)
    grant(server)
    assert {source.token() for _ in range(3)} == {'token-1'}
    clock.advance(auth.HOLD_S + 1)
    assert source.token() == 'token-1'
    assert len(posts(server)) == 1


def test_short_lived_token_is_kept_for_a_tenth_of_its_life(server, source, clock):
    metadata(server)
    grant(server, 'token-1', expires_in=100)
    grant(server, 'token-2', expires_in=100)
    assert [source.token(), source.token()] == ['token-1', 'token-1']
    clock.advance(9.9)
    assert source.token() == 'token-1'
    clock.advance(0.2)
    assert source.token() == 'token-2'


def test_forgotten_token_is_requested_anew(server, source):
    metadata(server)
    grant(server, 'token-1')
    grant(server, 'token-2')
    source.token()
    source.forget('token-1')
    assert source.token() == 'token-2'


def test_token_that_was_replaced_already_is_not_discarded_again(server, source):
    metadata(server)
    grant(server, 'token-1')
    grant(server, 'token-2')
    source.token()
    source.forget('token-1')
    source.token()
    source.forget('token-1')
    assert source.token() == 'token-2'
    assert len(posts(server)) == 2


@pytest.mark.parametrize('number', sorted(REMEDIES))
def test_known_refusals_each_have_a_remedy(server, source, number):
    metadata(server)
    refuse(server, number)
    with pytest.raises(TokenRefusedError) as caught:
        source.token()
    error = caught.value
    assert REMEDIES[number] in error.message
    assert error.reason.startswith(f'AADSTS{number}: It is so. Trace ID')
    assert error.context == {'error': 'invalid_client', 'aadsts': number}
    assert error.code == 'AZ-TOKEN'
    assert SECRET not in shown(error)


def test_refusal_without_codes_is_known_by_its_text(server, source):
    metadata(server)
    body = {'error': 'invalid_client', 'error_description': 'AADSTS7000222: expired'}
    server.add(responses.POST, TOKEN, status=401, json=body)
    with pytest.raises(TokenRefusedError, match='has expired'):
        source.token()


def test_unknown_refusal_names_the_inputs(server, source):
    metadata(server)
    server.add(responses.POST, TOKEN, status=400, json={'error': 'invalid_grant'})
    with pytest.raises(TokenRefusedError, match='Client ID, Client Secret, Tenant ID') as caught:
        source.token()
    assert caught.value.reason == 'invalid_grant'


def test_refusal_that_may_be_transient_is_retryable(server, source):
    metadata(server)
    refuse(server, 90033, status=400, error='temporarily_unavailable')
    with pytest.raises(TokenError):
        source.token()


def test_missing_tenant_is_reported_in_entras_words(server, source):
    body = {'error': 'invalid_tenant', 'error_description': 'AADSTS90002: Tenant not found.'}
    metadata(server, status=400, json=body)
    with pytest.raises(TokenRefusedError, match='There is no such tenant') as caught:
        source.token()
    assert caught.value.reason == 'AADSTS90002: Tenant not found.'


@pytest.mark.parametrize('where', ['metadata', 'token'])
@pytest.mark.parametrize(
    ('answer', 'retry_after_s', 'reason'),
    [
        ({'status': 429, 'body': 'Too Many Requests', 'headers': {'Retry-After': '60'}}, 60, 'Too'),
        ({'status': 429, 'body': 'Too Many Requests'}, 60, 'Too'),
        ({'status': 429, 'json': {'error': 'x'}, 'headers': {'Retry-After': '9'}}, 9, '{'),
        ({'status': 500, 'body': ''}, None, ''),
        ({'status': 503, 'json': {'error': 'x'}, 'headers': {'Retry-After': '7'}}, 7, '{'),
        ({'status': 502, 'body': '<html>Proxy</html>'}, None, 'Proxy'),
        ({'status': 403, 'body': '<html>Proxy</html>'}, None, 'Proxy'),
        ({'status': 302, 'headers': {'Location': 'https://x'}}, None, ''),
        ({'status': 200, 'body': '<html>Sign in</html>'}, None, ''),
        ({'status': 200, 'body': '{"access_token": "half-a-tok'}, None, ''),
        ({'status': 200, 'body': '["access_token"]'}, None, ''),
    ],
)
def test_answers_that_msal_cannot_handle_are_retryable(
    server, source, where, answer, retry_after_s, reason
):
    if where == 'metadata':
        metadata(server, **answer)
    else:
        metadata(server)
        server.add(responses.POST, TOKEN, **answer)
    with pytest.raises(TokenError) as caught:
        source.token()
    assert caught.value.retry_after_s == retry_after_s
    assert caught.value.reason.startswith(reason)
    assert 'half-a-tok' not in shown(caught.value)
    assert SECRET not in shown(caught.value)


@pytest.mark.parametrize(
    'answer',
    [
        {'token_endpoint': TOKEN},
        {'authorization_endpoint': AUTHORITY},
        {'token_endpoint': 5, 'authorization_endpoint': AUTHORITY},
        {},
    ],
)
def test_metadata_that_make_no_sense_are_retryable(server, source, answer):
    metadata(server, json=answer)
    with pytest.raises(TokenError, match='makes no sense'):
        source.token()


@pytest.mark.parametrize('name', ['token_endpoint', 'authorization_endpoint'])
@pytest.mark.parametrize(
    'address',
    [
        'https://elsewhere.example/token',
        'http://login.microsoftonline.com/token',
        'https://login.microsoftonline.com:8443/token',
        'https://login.microsoftonline.com.elsewhere.example/token',
        'https://login.microsoftonline.com@elsewhere.example/token',
        'https://elsewhere.example\\@login.microsoftonline.com/token',
        'https://user:pass@login.microsoftonline.com/token',
        '//elsewhere.example/token',
        'https://elsewhere.example#login.microsoftonline.com',
        '',
    ],
)
def test_secret_is_sent_to_no_other_host_named_by_the_metadata(server, source, name, address):
    endpoints = {'token_endpoint': TOKEN, 'authorization_endpoint': f'{AUTHORITY}/authorize'}
    metadata(server, json={**endpoints, name: address})
    with pytest.raises(TokenRefusedError, match='another host'):
        source.token()
    assert posts(server) == []


def test_address_at_the_same_host_named_by_the_metadata_is_used(server, source):
    metadata(
        server,
        json={
            'token_endpoint': 'https://LOGIN.microsoftonline.com:443/elsewhere',
            'authorization_endpoint': f'{AUTHORITY}/authorize',
            'jwks_uri': 'https://other.example/keys',
        },
    )
    server.add(
        responses.POST,
        'https://login.microsoftonline.com:443/elsewhere',
        json={'token_type': 'Bearer', 'expires_in': 3599, 'access_token': 'token-1'},
    )
    assert source.token() == 'token-1'


@pytest.mark.parametrize('status', [301, 302, 307, 308])
def test_secret_follows_no_redirect(server, source, status):
    metadata(server)
    server.add(
        responses.POST, TOKEN, status=status, headers={'Location': 'https://elsewhere.example/'}
    )
    with pytest.raises(TokenError, match=str(status)):
        source.token()
    assert len(posts(server)) == 1


@pytest.mark.parametrize(
    'answer',
    [
        {},
        {'access_token': ''},
        {'access_token': 5},
        {'access_token': 'x', 'expires_in': 'soon'},
        {'access_token': 'x', 'expires_in': 10**400},
        {'access_token': 'x\nevil: 1', 'expires_in': 3599},
        {'access_token': 'x' * 100_000, 'expires_in': 3599},
        {'access_token': 'x', 'expires_in': 3599, 'token_type': 'pop'},
    ],
)
def test_grant_that_makes_no_sense_is_retryable(server, source, answer):
    metadata(server)
    server.add(responses.POST, TOKEN, json=answer)
    with pytest.raises(TokenError, match='makes no sense'):
        source.token()


@pytest.mark.parametrize(
    ('error', 'words'),
    [
        (requests.ConnectTimeout(), 'in time'),
        (requests.ConnectionError(ConnectionResetError(104, 'Reset by peer')), 'Reset by peer'),
        (requests.exceptions.SSLError(ssl.SSLCertVerificationError(1, 'x')), 'REQUESTS_CA_BUNDLE'),
        (requests.exceptions.ProxyError(OSError('Tunnel connection failed: 403')), 'proxy inputs'),
    ],
)
def test_network_trouble_is_retryable_and_names_the_remedy(server, source, error, words):
    if isinstance(error.args[0] if error.args else None, ssl.SSLCertVerificationError):
        error.args[0].verify_message = 'self-signed certificate'
    metadata(server, body=error)
    with pytest.raises(TokenError, match=words) as caught:
        source.token()
    assert SECRET not in shown(caught.value)


@pytest.mark.parametrize('status', [400, 401, 429, 503])
def test_server_that_recovered_is_used_at_the_next_call(server, source, clock, status):
    metadata(server)
    refuse(server, 7000222, status=status, headers={'Retry-After': '3'})
    grant(server, 'token-2')
    with pytest.raises((TokenError, TokenRefusedError)):
        source.token()
    clock.advance(3.1)
    assert source.token() == 'token-2'


def test_requests_pause_while_a_429_lasts_but_no_longer_than_a_minute(server, source, clock):
    metadata(server)
    server.add(responses.POST, TOKEN, status=429, headers={'Retry-After': '900'})
    with pytest.raises(TokenError):
        source.token()
    clock.advance(30)
    with pytest.raises(TokenError) as caught:
        source.token()
    assert caught.value.retry_after_s == 870
    assert len(posts(server)) == 1
    clock.advance(30.1)
    grant(server, 'token-2')
    server.remove(responses.POST, TOKEN)
    grant(server, 'token-2')
    assert source.token() == 'token-2'


@pytest.mark.parametrize(
    'trouble',
    [
        {'status': 503},
        {'status': 429, 'body': 'Too Many Requests'},
        {'status': 400, 'json': {'error': 'invalid_client'}},
        {'body': '<html>x</html>'},
        {'body': requests.ConnectionError()},
    ],
)
def test_early_renewal_that_fails_falls_back_on_the_valid_token(server, source, clock, trouble):
    metadata(server)
    grant(server, 'token-1', expires_in=7200, refresh_in=-1)
    server.add(responses.POST, TOKEN, **trouble)
    assert source.token() == 'token-1'
    clock.advance(auth.HOLD_S + 1)
    assert source.token() == 'token-1'
    assert [source.token() for _ in range(5)] == ['token-1'] * 5
    assert len(posts(server)) == 2


def test_many_threads_at_once_make_one_request(server, source):
    metadata(server)
    grant(server)
    gate = threading.Barrier(12)

    def ask():
        gate.wait(PATIENCE_S)
        return source.token()

    with ThreadPoolExecutor(12) as pool:
        tokens = [future.result() for future in [pool.submit(ask) for _ in range(12)]]
    assert set(tokens) == {'token-1'}
    assert len(server.calls) == 2


@pytest.mark.parametrize(('status', 'error_class'), [(401, TokenRefusedError), (503, TokenError)])
def test_threads_that_waited_for_a_failure_share_it(server, source, status, error_class):
    metadata(server)
    gate = threading.Barrier(6)
    is_let_go = threading.Event()

    def answer(_request):
        is_let_go.wait(PATIENCE_S)
        body = {'error': 'invalid_client', 'error_description': 'AADSTS7000215: no'}
        return (status, {}, json.dumps(body))

    server.add_callback(responses.POST, TOKEN, callback=answer)

    def ask():
        gate.wait(PATIENCE_S)
        with pytest.raises(error_class) as caught:
            source.token()
        return caught.value

    with ThreadPoolExecutor(6) as pool:
        futures = [pool.submit(ask) for _ in range(6)]
        is_let_go.set()
        errors = [future.result() for future in futures]
    assert len(posts(server)) == 1
    assert len({id(error) for error in errors}) == 6
    assert len({error.reason for error in errors}) == 1
    assert 'AADSTS7000215: no' in errors[0].reason


def test_secrets_are_neither_logged_nor_warned_about(server, source, caplog):
    metadata(server)
    server.add(responses.POST, TOKEN, body='{"access_token": "eyJ.marker.token"')
    with (
        caplog.at_level(logging.DEBUG),
        warnings.catch_warnings(record=True) as caught,
        pytest.raises(TokenError),
    ):
        source.token()
    written = caplog.text + ' '.join(str(each.message) for each in caught)
    assert SECRET not in written
    assert 'marker.token' not in written
