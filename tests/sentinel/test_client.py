import json

import pytest
import requests
import responses
from responses import matchers

from sentinel_app.errors import (
    TokenError,
    UnauthorizedError,
    UploadDeniedError,
    UploadServerError,
)
from sentinel_app.network.exchange import Timeouts
from sentinel_app.redactor import Redactor
from sentinel_app.sentinel.client import SentinelSink
from tests.harness.clocks import StandingClock

ORIGIN = 'https://api.ti.sentinel.azure.com'
WORKSPACE = 'b3f7a2de-93c6-4f0a-9d53-6f1c4ad9c001'
URL = f'{ORIGIN}/workspaces/{WORKSPACE}/threat-intelligence-stix-objects:upload'


class Tokens:
    def __init__(self):
        self.current = 'token-1'
        self.forgotten = []
        self.error = None

    def token(self):
        if self.error:
            raise self.error
        return self.current

    def forget(self, token=None):
        self.forgotten.append(token)


@pytest.fixture
def server():
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def tokens():
    return Tokens()


@pytest.fixture
def sink(tokens):
    with requests.Session() as session:
        yield SentinelSink(
            upload_url=f'{ORIGIN}/',
            workspace_id=WORKSPACE,
            source_system='ThreatConnect-Dé"mo',
            tokens=tokens,
            session=session,
            clock=StandingClock(),
            redactor=Redactor(),
            timeouts=Timeouts(connect_s=1.5, read_s=2.5, total_s=9),
        )


def test_batch_is_sent_as_exactly_this_request(server, sink):
    server.add(
        responses.POST,
        URL,
        status=200,
        match=[
            matchers.query_param_matcher({'api-version': '2024-02-01-preview'}),
            matchers.header_matcher(
                {
                    'Authorization': 'Bearer token-1',
                    'Content-Type': 'application/json',
                    'Accept': 'application/json',
                }
            ),
        ],
    )
    reply = sink.send([b'{"a": 1.50}', '{"name":"ü \\u00e9"}'.encode()])
    assert reply.refusals == {}
    sent = server.calls[0].request
    assert sent.url == f'{URL}?api-version=2024-02-01-preview'
    assert sent.body == (
        b'{"sourcesystem":"ThreatConnect-D\xc3\xa9\\"mo",'
        b'"stixobjects":[{"a": 1.50},{"name":"\xc3\xbc \\u00e9"}]}'
    )
    assert json.loads(sent.body)['sourcesystem'] == 'ThreatConnect-Dé"mo'
    assert server.calls[0].request.req_kwargs['timeout'] == (1.5, 2.5)


def test_refusals_are_passed_on(server, sink):
    body = {'errors': [{'recordIndex': 1, 'errorMessages': ['no']}]}
    server.add(responses.POST, URL, json=body)
    assert sink.send([b'{}', b'{}']).refusals == {1: ('no',)}


def test_machines_netrc_does_not_replace_the_token(server, sink, tmp_path, monkeypatch):
    netrc = tmp_path / 'netrc'
    netrc.write_text('default login somebody password else\n')
    netrc.chmod(0o600)
    monkeypatch.setenv('NETRC', str(netrc))
    server.add(responses.POST, URL)
    sink.send([b'{}'])
    assert server.calls[0].request.headers['Authorization'] == 'Bearer token-1'


def test_cookies_are_not_kept(server, sink):
    server.add(responses.POST, URL, headers={'Set-Cookie': 'a=b; Path=/; Secure'})
    sink.send([b'{}'])
    sink.send([b'{}'])
    assert 'Cookie' not in server.calls[1].request.headers


def test_redirect_is_not_followed(server, sink):
    server.add(responses.POST, URL, status=307, headers={'Location': 'https://evil.example/'})
    with pytest.raises(UploadDeniedError):
        sink.send([b'{}'])
    assert len(server.calls) == 1


@pytest.mark.parametrize('status', [429, 500, 503])
def test_each_call_is_one_attempt(server, sink, status):
    server.add(responses.POST, URL, status=status, headers={'Retry-After': '3'})
    with pytest.raises(Exception) as caught:  # noqa: PT011 - which one is the reader's to say
        sink.send([b'{}'])
    assert caught.value.retry_after_s == 3
    assert len(server.calls) == 1


@pytest.mark.parametrize(
    'error', [requests.ConnectionError(ConnectionResetError(104, 'Reset')), requests.ReadTimeout()]
)
def test_lost_connection_leaves_the_batch_to_be_sent_again(server, sink, error):
    server.add(responses.POST, URL, body=error)
    with pytest.raises(UploadServerError, match='did not answer'):
        sink.send([b'{}'])


def test_error_of_the_token_is_passed_on(sink, tokens):
    tokens.error = TokenError('later', retry_after_s=5)
    with pytest.raises(TokenError):
        sink.send([b'{}'])


def test_token_that_was_refused_is_the_only_one_forgotten(server, sink, tokens):
    server.add(responses.POST, URL, status=401)
    with pytest.raises(UnauthorizedError):
        sink.send([b'{}'])
    tokens.current = 'token-2'
    sink.forget_token()
    assert tokens.forgotten == ['token-1']


def test_token_of_any_value_is_forgotten_before_the_first_request(sink, tokens):
    sink.forget_token()
    assert tokens.forgotten == [None]
