"""One exchange is bounded in time and size, and shows no secret."""

from __future__ import annotations

import gzip
import socket
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator

import pytest
import requests

from sentinel_app.clock import SystemClock
from sentinel_app.core.masking import MASK
from sentinel_app.core.untrusted import TooManyValuesError
from sentinel_app.network import Answer, FaultKind, HttpClient, NetworkFault, SizeLimit, Timeouts
from sentinel_app.redactor import Redactor

LIMIT = SizeLimit(body_bytes=1 << 20, values=10_000)
TIMEOUTS = Timeouts(connect_s=2, read_s=2, total_s=0.3)
SECRET = 'planted-client-secret'
SIGNATURE = 'TC 42:c2lnbmF0dXJlIG9mIHRoaXMgb25lIHJlcXVlc3Q='

Reply = Callable[[socket.socket], None]


@pytest.fixture
def ask() -> Iterator[Callable[..., Answer]]:
    """Makes one exchange with a server that replies with the bytes that a test says."""
    listener = socket.create_server(('127.0.0.1', 0))
    session = requests.Session()
    session.trust_env = False

    def ask(reply: Reply | bytes, *, timeouts: Timeouts = TIMEOUTS, limit=LIMIT, **options):
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
        redactor.protect([SECRET])
        client = HttpClient(session, clock=SystemClock(), timeouts=timeouts, redactor=redactor)
        address = f'http://127.0.0.1:{listener.getsockname()[1]}/'
        try:
            return client.exchange('GET', address, limit=limit, **options)
        finally:
            session.close()
            server.join(5)

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


@pytest.mark.parametrize('make', [http, chunked])
@pytest.mark.parametrize('layers', [1, 2])
def test_bomb_is_refused_while_it_is_unpacked(ask, make, layers):
    body = b' ' * (256 << 20)
    for _ in range(layers):
        body = gzip.compress(body, 1)
    reply = make(body, f'Content-Encoding: {", ".join(["gzip"] * layers)}')
    timeouts = Timeouts(connect_s=5, read_s=5, total_s=20)
    tracemalloc.start()
    try:
        with pytest.raises(NetworkFault) as caught:
            ask(reply, timeouts=timeouts)
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
    connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n')
    for _ in range(100):
        connection.sendall(b' ')
        time.sleep(0.02)


def test_server_that_drips_holds_nobody_beyond_the_whole_time(ask):
    began = time.monotonic()
    with pytest.raises(NetworkFault) as caught:
        ask(drip)
    assert caught.value.kind is FaultKind.TIMEOUT
    assert time.monotonic() - began < 1.5


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
def test_broken_answer_is_a_fault_of_the_connection(ask, reply):
    with pytest.raises(NetworkFault) as caught:
        ask(reply)
    assert caught.value.kind is FaultKind.CONNECTION


def test_secrets_that_come_back_are_masked_wherever_they_stand(ask):
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


def test_one_answer_alone_keeps_what_it_says(ask):
    answer = ask(http(f'{{"access_token": "{SECRET}"}}'.encode()))
    assert answer.json_with_secrets() == {'access_token': SECRET}
