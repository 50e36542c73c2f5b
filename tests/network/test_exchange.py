"""One exchange is bounded in time and size, and shows no secret."""

from __future__ import annotations

import contextlib
import functools
import gzip
import io
import socket
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator

import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3.response import HTTPResponse
from urllib3.util.retry import Retry

from sentinel_app.clock import SystemClock
from sentinel_app.core.masking import MASK
from sentinel_app.core.untrusted import TooManyValuesError
from sentinel_app.network import exchange as network
from sentinel_app.network.exchange import (
    FRAMEWORK_TIMEOUT_S,
    LARGEST_FRAMEWORK_BYTES,
    LARGEST_REFUSAL_BYTES,
    LONGEST_HEADER,
    LONGEST_TEXT,
    Answer,
    FaultKind,
    HttpClient,
    NetworkFault,
    SizeLimit,
    Timeouts,
    restrain,
)
from sentinel_app.redactor import Redactor
from tests.harness.waiting import PATIENCE_S

pytestmark = pytest.mark.integration

LIMIT = SizeLimit(body_bytes=1 << 20, values=10_000)
TIMEOUTS = Timeouts(connect_s=PATIENCE_S, read_s=PATIENCE_S, total_s=PATIENCE_S)
SHORT_TIMEOUTS = Timeouts(connect_s=PATIENCE_S, read_s=PATIENCE_S, total_s=0.3)
SECRET = 'planted-client-secret'
SIGNATURE = 'TC 42:c2lnbmF0dXJlIG9mIHRoaXMgb25lIHJlcXVlc3Q='

Reply = Callable[[socket.socket], None]


@pytest.fixture
def ask() -> Iterator[Callable[..., Answer]]:
    """Makes one exchange with a server that replies with the bytes that a test says."""
    listener = socket.create_server(('127.0.0.1', 0))
    session = requests.Session()
    session.trust_env = False

    def ask(
        reply: Reply | bytes, *, timeouts: Timeouts = TIMEOUTS, limit=LIMIT, protect=(), **options
    ):
        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1 << 16)
                try:
                    if isinstance(reply, bytes):
                        connection.sendall(reply)
                    else:
                        reply(connection)
                except OSError:
                    pass  # the client has had enough

        server = threading.Thread(target=serve, daemon=True)
        server.start()
        redactor = Redactor()
        redactor.protect([SECRET, *protect])
        client = HttpClient(session, clock=SystemClock(), timeouts=timeouts, redactor=redactor)
        address = f'http://127.0.0.1:{listener.getsockname()[1]}/'
        try:
            return client.exchange('GET', address, limit=limit, **options)
        finally:
            session.close()
            server.join(PATIENCE_S)

    yield ask
    listener.close()


def http(body: bytes, *headers: str, status: str = '200 OK') -> bytes:
    lines = [f'HTTP/1.1 {status}', f'Content-Length: {len(body)}', 'Connection: close', *headers]
    return '\r\n'.join(lines).encode() + b'\r\n\r\n' + body


def chunked(body: bytes, *headers: str) -> bytes:
    head = '\r\n'.join(['HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', *headers]).encode()
    return head + b'\r\n\r\n' + f'{len(body):x}'.encode() + b'\r\n' + body + b'\r\n0\r\n\r\n'


@pytest.mark.parametrize('make', [http, chunked])
@pytest.mark.parametrize(
    ('pack', 'headers'),
    [
        (bytes, ()),
        (gzip.compress, ('Content-Encoding: gzip',)),
        (zlib.compress, ('Content-Encoding: deflate',)),
    ],
)
def test_body_is_read_however_it_is_packed(ask, make, pack, headers):
    answer = ask(make(pack(b'{"a": [1, "b"]}'), *headers))
    assert answer.json == answer.json_of_rows() == answer.json_with_secrets() == {'a': [1, 'b']}


@functools.cache
def bomb(layers: int) -> bytes:
    """Blanks, far more than is read, packed once or several times."""
    return gzip.compress(bomb(layers - 1) if layers > 1 else b' ' * (64 << 20), 1)


@pytest.mark.parametrize('make', [http, chunked])
@pytest.mark.parametrize('layers', [1, 2])
def test_bomb_is_refused_while_it_is_unpacked(ask, make, layers):
    reply = make(bomb(layers), f'Content-Encoding: {", ".join(["gzip"] * layers)}')
    tracemalloc.start()
    try:
        with pytest.raises(NetworkFault) as caught:
            ask(reply)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert caught.value.kind is FaultKind.SIZE
    assert peak_bytes < 16 << 20


def test_error_is_understood_however_large_its_body_is(ask):
    answer = ask(http(b'x' * (4 << 20), 'Retry-After: 7', status='429 Slow down'))
    assert answer.status == 429
    assert answer.headers['retry-after'] == '7'
    assert answer.body_bytes == 1 << 20


def test_json_of_more_values_than_are_needed_is_not_read(ask):
    answer = ask(http(b'[' + b'[],' * 20_000 + b'[]]'))
    for read in (lambda: answer.json, answer.json_of_rows, answer.json_with_secrets):
        with pytest.raises(TooManyValuesError):
            read()


def drip(connection: socket.socket) -> None:
    connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n')
    while True:
        connection.sendall(b' ')
        time.sleep(0.02)


def test_server_that_drips_is_cut_off_after_the_total_time(ask):
    with pytest.raises(NetworkFault) as caught:
        ask(drip, timeouts=SHORT_TIMEOUTS)
    assert caught.value.kind is FaultKind.TIMEOUT


@pytest.mark.parametrize(
    'reply',
    [
        b'',
        b'garbage\r\n\r\n',
        b'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc',
        http(b'no gzip at all', 'Content-Encoding: gzip'),
        b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc',
    ],
)
def test_broken_answer_is_a_connection_error(ask, reply):
    with pytest.raises(NetworkFault) as caught:
        ask(reply)
    assert caught.value.kind is FaultKind.CONNECTION


def test_secrets_that_come_back_are_masked_wherever_they_occur(ask):
    body = f'{{"{SECRET}": ["{SECRET.upper()}", "{SIGNATURE}", "plain"]}}'.encode()
    answer = ask(
        http(body, f'X-Echo: {SECRET}', f'Location: https://x/?a={SIGNATURE}'),
        headers={'Authorization': SIGNATURE},
    )
    assert answer.json == {MASK: [MASK, MASK, 'plain']}
    assert answer.json_of_rows() == answer.json
    assert SECRET not in answer.text
    assert answer.headers['X-Echo'] == MASK
    assert SIGNATURE[6:] not in answer.headers['Location']


def test_secret_of_a_form_is_masked_in_its_answer(ask):
    answer = ask(
        http(b'got assertion-of-this-request'),
        data={'client_assertion': 'assertion-of-this-request'},
    )
    assert answer.text == f'got {MASK}'


def test_escapes_hide_no_secret_in_rows(ask):
    hidden = ''.join(f'\\u{ord(each):04x}' for each in SECRET)
    assert ask(http(f'["{hidden}"]'.encode())).json_of_rows() == [MASK]


def test_json_with_secrets_is_unmasked_only_on_request(ask):
    answer = ask(http(f'{{"access_token": "{SECRET}"}}'.encode()))
    assert answer.json_with_secrets() == {'access_token': SECRET}


@pytest.mark.parametrize('size', [50, 1500])
def test_secret_that_a_cut_goes_through_is_not_shown_in_part(ask, size):
    token = 'TC 7:' + 'f00dCafe' * (size // 8)
    body = (token.encode() * 3_000)[: LONGEST_TEXT + 999]
    answer = ask(http(body, status='500 Oh'), headers={'Authorization': token})
    assert 'f00dCafe' not in answer.text


def test_overlong_header_is_ignored(ask):
    answer = ask(http(b'', f'Retry-After: {"7" * (LONGEST_HEADER + 1)}', 'Date: x'))
    assert list(answer.headers) == ['Content-Length', 'Connection', 'Date']


def test_slashes_written_as_escapes_hide_no_secret_in_rows(ask):
    hidden = 'key/with/slashes'
    body = f'["{hidden}", "plain"]'.replace('/', '\\/').encode()
    answer = ask(http(body), protect=[hidden])
    assert answer.json_of_rows() == [MASK, 'plain']


@pytest.mark.parametrize('code', ['utf-16', 'utf-32', 'utf-16-be'])
def test_secret_in_a_body_of_another_code_is_masked(ask, code):
    answer = ask(http(f'it said {SECRET} twice'.encode(code), status='500 Oh'))
    assert SECRET not in answer.text.replace('\ufffd', '')


class Framework:
    """A session as the framework makes them, kept within bounds, and a server for it."""

    def __init__(self, replies: list[bytes]) -> None:
        self.replies = replies
        self.asked: list[str] = []
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.address = f'http://127.0.0.1:{self.listener.getsockname()[1]}'
        self.session = requests.Session()
        self.session.trust_env = False
        again = Retry(total=1, backoff_factor=0, status_forcelist=(503,), raise_on_status=False)
        self.session.mount('http://', HTTPAdapter(max_retries=again))
        restrain(self.session)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        for reply in self.replies:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return  # the test is over
            with connection, contextlib.suppress(OSError):
                self.asked.append(connection.recv(1 << 16).decode().split()[1])
                connection.sendall(reply)


@pytest.fixture
def make_framework() -> Iterator[Callable[..., Framework]]:
    made: list[Framework] = []

    def make(*replies: bytes) -> Framework:
        made.append(Framework([*replies]))
        return made[-1]

    yield make
    for each in made:
        each.session.close()
        each.listener.close()


@pytest.mark.parametrize('status', ['301 Away', '302 Away', '307 Away', '308 Away'])
def test_session_of_the_framework_shows_a_token_to_no_other_address(make_framework, status):
    framework = make_framework(http(b'', 'Location: /elsewhere', status=status), http(b'found'))
    reply = framework.session.get(f'{framework.address}/x', params={'expiredToken': 't'})
    assert reply.status_code == int(status[:3])
    assert framework.asked == ['/x?expiredToken=t']


def never_ends_its_head(connection: socket.socket) -> None:
    while True:
        connection.sendall(b'HTTP/1.1 100 Continue\r\n\r\n')
        time.sleep(0.01)


def drips_its_head(connection: socket.socket) -> None:
    connection.sendall(b'HTTP/1.1 200 OK\r\n')
    while True:
        connection.sendall(b'x')
        time.sleep(0.01)


@pytest.mark.parametrize('reply', [never_ends_its_head, drips_its_head])
def test_head_of_an_answer_is_bounded_in_time_as_its_body_is(ask, reply):
    with pytest.raises(NetworkFault) as caught:
        ask(reply, timeouts=SHORT_TIMEOUTS)
    assert caught.value.kind is FaultKind.TIMEOUT


REDIRECTS = ['301 Away', '302 Away', '303 Away', '307 Away', '308 Away']


@pytest.mark.parametrize('status', REDIRECTS)
def test_body_of_a_redirect_is_bounded_as_any_other(ask, status):
    """`requests` reads it whole where it could go on, whether or not it may."""

    def drip(connection: socket.socket) -> None:
        connection.sendall(f'HTTP/1.1 {status}\r\nLocation: /on\r\n\r\n'.encode())
        while True:
            connection.sendall(b'x')
            time.sleep(0.05)

    with pytest.raises(NetworkFault, match='took too long'):
        ask(drip, timeouts=SHORT_TIMEOUTS)

    bomb = http(
        gzip.compress(bytes(64 << 20)), 'Location: /', 'Content-Encoding: gzip', status=status
    )
    tracemalloc.start()
    try:
        assert ask(bomb).body_bytes == LARGEST_REFUSAL_BYTES
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize('where', ['//[', 'http://[::1', 'https://x:99999999/', '\xff\xfe', ''])
def test_redirect_to_an_invalid_address_is_an_answer_as_well(ask, where):
    reply = http(b'gone', f'Location: {where}', status='302 Away').decode().encode('latin-1')
    assert ask(reply).status == 302


def test_session_of_the_framework_refuses_a_bomb(make_framework):
    bomb = gzip.compress(b' ' * (LARGEST_FRAMEWORK_BYTES + 1), 1)
    framework = make_framework(http(bomb, 'Content-Encoding: gzip'))
    with pytest.raises(NetworkFault):
        framework.session.get(framework.address)


def test_session_of_the_framework_refuses_a_bomb_in_a_redirect(make_framework):
    bomb = gzip.compress(b' ' * (LARGEST_FRAMEWORK_BYTES + 1), 1)
    framework = make_framework(
        http(bomb, 'Content-Encoding: gzip', 'Location: /', status='302 Away')
    )
    with pytest.raises(NetworkFault):
        framework.session.get(framework.address)


def test_session_of_the_framework_reports_a_broken_answer_as_requests_does(make_framework):
    framework = make_framework(http(b'whole')[:-2])
    with pytest.raises(requests.RequestException):
        framework.session.get(framework.address)


def test_session_of_the_framework_bounds_the_wait_for_an_endless_head(monkeypatch):
    monkeypatch.setattr(network, 'FRAMEWORK_TOTAL_S', 0.3)
    listener = socket.create_server(('127.0.0.1', 0))

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):
            never_ends_its_head(connection)

    threading.Thread(target=serve, daemon=True).start()
    with listener, requests.Session() as session:
        session.trust_env = False
        restrain(session)
        with pytest.raises(requests.RequestException):
            session.get(f'http://127.0.0.1:{listener.getsockname()[1]}/')


def test_session_of_the_framework_ignores_a_requested_wait(make_framework):
    framework = make_framework(
        http(b'', 'Retry-After: 900', status='503 Later'), http(b'{"whole": true}')
    )
    began = time.monotonic()
    assert framework.session.get(framework.address).json() == {'whole': True}
    assert time.monotonic() - began < PATIENCE_S


def test_session_of_the_framework_has_a_timeout():
    seen: list[object] = []
    session = requests.Session()

    def send(_request: object, **options: object) -> requests.Response:
        seen.append((options['timeout'], options['allow_redirects']))
        reply = requests.Response()
        reply.raw = HTTPResponse(io.BytesIO(b'whole'), preload_content=False)
        return reply

    session.send = send
    restrain(session)
    assert session.get('https://127.0.0.1:9/').text == 'whole'
    assert seen == [(FRAMEWORK_TIMEOUT_S, False)]
