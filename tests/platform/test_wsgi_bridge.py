"""The environ that an application gets, and the answer that the platform gets, whatever happens."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from typing import Any

import falcon
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sentinel_app.platform.reply_header import PROTECTION
from sentinel_app.platform.request_limits import (
    LARGEST_HEADERS,
    LONGEST_PATH,
    LONGEST_QUERY,
    MOST_HEADERS,
    MOST_PARAMETERS,
    shown,
)
from sentinel_app.platform.wsgi_bridge import API_TOKEN_KEY, Bridge, error_body
from tests.harness.api_stand import Stand
from tests.harness.waiting import PATIENCE_S

Answer = tuple[str, dict[str, str], bytes]


def environ(**changes: object) -> dict[str, Any]:
    """An environ as the framework builds it."""
    return {
        'wsgi.errors': None,
        'wsgi.input': None,
        'wsgi.url_scheme': 'https',
        'PATH_INFO': '/api/health',
        'QUERY_STRING': '',
        'REQUEST_METHOD': 'GET',
        'SCRIPT_NAME': '/',
        'SERVER_NAME': '',
        'SERVER_PORT': '',
        'SERVER_PROTOCOL': 'HTTP/1.1',
        'api_token': 'a-token',
        **changes,
    }


def call(wsgi: Callable[..., Iterable[bytes]], **changes: object) -> Answer:
    return ask(Bridge(wsgi), **changes)


def ask(bridge: Bridge, **changes: object) -> Answer:
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], /) -> None:
        started.append((status, headers))

    body = bridge(environ(**changes), start_response)
    assert len(started) == 1, 'named exactly once'
    assert isinstance(body, list)
    assert len(body) <= 1
    assert all(body), 'an empty chunk would stall the platform'
    status, headers = started[0]
    assert status.partition(' ')[2], 'the platform cannot send a status without a reason'
    json.dumps(headers)
    return status, dict(headers), b''.join(body)


def seen(**changes: object) -> dict[str, Any]:
    """The environ that the application gets."""
    caught: list[dict[str, Any]] = []

    def wsgi(given: dict[str, Any], start: Callable[..., object]) -> list[bytes]:
        caught.append(given)
        start('200 OK', [])
        return []

    call(wsgi, **changes)
    return caught[0]


def replying(
    body: Iterable[bytes], status: str = '200 OK', headers: tuple[tuple[str, str], ...] = ()
) -> Callable[..., Iterable[bytes]]:
    def wsgi(_environ: object, start: Callable[..., object]) -> Iterable[bytes]:
        start(status, [*headers])
        return body

    return wsgi


def test_hyphens_in_header_keys_become_underscores() -> None:
    given = seen(**{'HTTP_IF-NONE-MATCH': '"x"', 'HTTP_X-A-B': '1', 'HTTP_ACCEPT': '*/*'})
    assert given['HTTP_IF_NONE_MATCH'] == '"x"'
    assert given['HTTP_X_A_B'] == '1'
    assert given['HTTP_ACCEPT'] == '*/*'
    assert not [key for key in given if key.startswith('HTTP_') and '-' in key]


@pytest.mark.parametrize(
    ('stream', 'body'),
    [
        (BytesIO(b'abc'), b'abc'),
        (None, b''),
        (BytesIO(), b''),
        ('grüße', 'grüße'.encode()),
        (b'raw', b'raw'),
        (bytearray(b'raw'), b'raw'),
        (17, b''),
    ],
)
def test_body_is_a_fresh_stream_of_true_length(stream: object, body: bytes) -> None:
    given = seen(REQUEST_METHOD='POST', **{'wsgi.input': stream})
    assert given['wsgi.input'].read() == body
    assert given['CONTENT_LENGTH'] == str(len(body))


@pytest.mark.parametrize('promised', ['1', '99', 'abc', '', '-3'])
def test_wrong_content_length_is_corrected(promised: str) -> None:
    given = seen(REQUEST_METHOD='PUT', CONTENT_LENGTH=promised, **{'wsgi.input': BytesIO(b'abc')})
    assert given['CONTENT_LENGTH'] == '3'


@pytest.mark.parametrize('method', ['POST', 'put', 'Patch'])
def test_writing_method_has_a_length_even_without_a_body(method: str) -> None:
    given = seen(REQUEST_METHOD=method)
    assert given['CONTENT_LENGTH'] == '0'
    assert given['REQUEST_METHOD'] == method.upper()


def test_reading_method_has_no_length_that_was_not_sent() -> None:
    assert 'CONTENT_LENGTH' not in seen(REQUEST_METHOD='GET')
    assert seen(REQUEST_METHOD='GET', CONTENT_LENGTH='0')['CONTENT_LENGTH'] == '0'


@pytest.mark.parametrize(
    ('path', 'mended'),
    [('', '/'), (None, '/'), ('/', '/'), ('x', '/x'), ('/x/', '/x/'), ('//x', '/x')],
)
def test_path_has_one_leading_slash(path: object, mended: str) -> None:
    assert seen(PATH_INFO=path)['PATH_INFO'] == mended


@pytest.mark.parametrize(
    ('host', 'name'),
    [
        (None, 'localhost'),
        ('tc.example.com', 'tc.example.com'),
        ('tc.example.com:8443', 'tc.example.com'),
        ('[::1]:8443', '[::1]'),
    ],
)
def test_server_has_a_name_and_a_port(host: str | None, name: str) -> None:
    given = seen(HTTP_HOST=host)
    assert (given['SERVER_NAME'], given['SERVER_PORT'], given['SCRIPT_NAME']) == (name, '443', '')


def test_token_of_the_caller_is_under_a_key_of_our_own() -> None:
    given = seen()
    assert 'api_token' not in given
    assert given[API_TOKEN_KEY] == 'a-token'


def test_platforms_environ_is_not_modified() -> None:
    original = environ(**{'HTTP_X-Y': '1'})
    before = dict(original)
    Bridge(replying([]))(original, lambda _status, _headers, /: None)
    assert original == before


def test_chunks_are_joined_once_and_closed() -> None:
    class Body:
        closed = 0

        def __iter__(self) -> Iterator[bytes]:
            return iter([b'a', b'', b'bc'])

        def close(self) -> None:
            self.closed += 1

    body = Body()
    assert call(replying(body))[2] == b'abc'
    assert body.closed == 1


@pytest.mark.parametrize('body', [[], [b''], iter([]), (chunk for chunk in ())])
def test_empty_body_of_any_kind_is_an_empty_list(body: Iterable[bytes]) -> None:
    status, _headers, sent = call(replying(body, '200 OK'))
    assert (status, sent) == ('200 OK', b'')


def test_body_starts_with_what_the_write_callable_wrote() -> None:
    def wsgi(_environ: object, start: Callable[..., Any]) -> list[bytes]:
        start('200 OK', [])(b'first ')
        return [b'second']

    assert call(wsgi)[2] == b'first second'


@pytest.mark.parametrize('status', ['204 No Content', '304 Not Modified', '205 Reset Content'])
def test_status_without_a_body_has_none(status: str) -> None:
    assert call(replying([b'x'], status))[2] == b''


def test_head_keeps_its_headers_and_has_no_body() -> None:
    wsgi = replying([b'abc'], headers=(('content-length', '3'),))
    status, headers, body = call(wsgi, REQUEST_METHOD='HEAD')
    assert (status, headers, body) == ('200 OK', {'content-length': '3'}, b'')


@pytest.mark.parametrize(
    ('named', 'sent'),
    [('200', '200 OK'), ('404 ', '404 Not Found'), ('299', '299 Status'), ('200 Fine', '200 Fine')],
)
def test_status_always_has_a_reason(named: str, sent: str) -> None:
    assert call(replying([], named))[0] == sent


def test_headers_are_text_on_one_line() -> None:
    def wsgi(_environ: object, start: Callable[..., object]) -> list[bytes]:
        start('200 OK', [('x-number', 7), ('x-lines', 'a\r\nset-cookie: b')])
        return []

    assert call(wsgi)[1] == {'x-number': '7', 'x-lines': 'a set-cookie: b'}


def test_repeated_response_header_stays_repeated() -> None:
    named: list[Any] = []
    headers = (('set-cookie', 'a'), ('set-cookie', 'b'))
    Bridge(replying([], headers=headers))(environ(), lambda _s, given, /: named.extend(given))
    assert named == [*headers]


def raising_before(_environ: object, _start: Callable[..., object]) -> list[bytes]:
    raise ValueError('before')


def raising_after(_environ: object, start: Callable[..., object]) -> list[bytes]:
    start('200 OK', [])
    raise ValueError('after')


def ending_the_thread(_environ: object, _start: Callable[..., object]) -> list[bytes]:
    raise SystemExit(1)


def silent(_environ: object, _start: Callable[..., object]) -> list[bytes]:
    return [b'never named']


def twice(_environ: object, start: Callable[..., object]) -> list[bytes]:
    start('200 OK', [])
    start('201 Created', [])
    return []


def failing_midway(_environ: object, start: Callable[..., object]) -> Iterable[bytes]:
    start('200 OK', [('content-type', 'text/plain')])
    yield b'half'
    raise ValueError('midway')


@pytest.mark.parametrize(
    'wsgi',
    [
        raising_before,
        raising_after,
        ending_the_thread,
        silent,
        twice,
        failing_midway,
        replying(['text']),  # type: ignore[list-item]
        replying(None),  # type: ignore[arg-type]
        replying([], 'OK'),
        replying([], '99 Low'),
        replying([], ''),
    ],
)
def test_fault_of_any_kind_is_a_500_with_the_common_error_shape(
    wsgi: Callable[..., Iterable[bytes]],
) -> None:
    status, headers, body = call(wsgi)
    assert status == '500 Internal Server Error'
    assert headers['Content-Type'] == 'application/json'
    assert headers['Content-Length'] == str(len(body))
    assert headers.items() >= PROTECTION.items()
    error = json.loads(body)
    assert set(error) == {'title', 'description', 'code'}
    assert error['code'] == 'APP-INTERNAL'


def test_second_start_with_exc_info_replaces_the_first() -> None:
    def wsgi(_environ: object, start: Callable[..., object]) -> list[bytes]:
        start('200 OK', [])
        start('502 Bad Gateway', [('x', 'y')], (ValueError, ValueError(), None))
        return [b'sorry']

    assert call(wsgi) == ('502 Bad Gateway', {'x': 'y'}, b'sorry')


def test_body_is_closed_even_if_it_fails_and_a_failing_close_costs_nothing() -> None:
    closed: list[str] = []

    class Failing:
        def __iter__(self) -> Iterator[bytes]:
            raise ValueError('midway')

        def close(self) -> None:
            closed.append('failing')

    class Good:
        def __iter__(self) -> Iterator[bytes]:
            return iter([b'whole'])

        def close(self) -> None:
            closed.append('good')
            raise ValueError('close')

    assert call(replying(Failing()))[0].startswith('500')
    assert call(replying(Good()))[2] == b'whole'
    assert closed == ['failing', 'good']


def test_more_requests_than_slots_are_refused_at_once_and_later_ones_served() -> None:
    entered, go_on = threading.Semaphore(0), threading.Event()

    def wsgi(_environ: object, start: Callable[..., object]) -> list[bytes]:
        entered.release()
        assert go_on.wait(PATIENCE_S)
        start('200 OK', [])
        return [b'done']

    bridge = Bridge(wsgi, max_concurrent=2)
    answers: list[Answer] = []
    threads = [threading.Thread(target=lambda: answers.append(ask(bridge))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert entered.acquire(timeout=60)
    status, headers, body = ask(bridge)
    assert status == '503 Service Unavailable'
    assert int(headers['Retry-After']) >= 1
    assert json.loads(body)['code'] == 'APP-BUSY'
    go_on.set()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert [answer[2] for answer in answers] == [b'done', b'done']
    assert ask(bridge)[2] == b'done'


def test_failed_request_releases_its_slot() -> None:
    bridge = Bridge(raising_before, max_concurrent=1)
    for _ in range(3):
        assert ask(bridge)[0].startswith('500')


@pytest.mark.parametrize('method', ['POST', 'PUT', 'PATCH'])
def test_lost_body_is_reported_and_not_taken_for_an_empty_one(method: str) -> None:
    called: list[object] = []

    def wsgi(given: object, _start: Callable[..., object]) -> list[bytes]:
        called.append(given)
        return []

    status, _headers, body = call(wsgi, REQUEST_METHOD=method, CONTENT_LENGTH='42')
    assert status.startswith('503')
    assert json.loads(body)['code'] == 'APP-BODY-LOST'
    assert called == []


# What comes in

ANY_CHARACTER = st.characters(exclude_categories=[])
ANY_TEXT = st.text(ANY_CHARACTER, max_size=12)
WHOLE_TEXT = st.text(st.characters(exclude_categories=['Cs']), max_size=12)


@given(path=WHOLE_TEXT, value=WHOLE_TEXT.filter(lambda text: not set(text) & set('%&=+,')))
def test_path_and_query_are_bytes_as_wsgi_promises_and_read_as_the_text_that_came(
    path: str, value: str
) -> None:
    given = seen(PATH_INFO=path, QUERY_STRING=f'x={value}')
    assert given['PATH_INFO'].encode('latin-1').decode() == '/' + path.lstrip('/')
    assert given['QUERY_STRING'].isascii()
    req = falcon.Request(given)
    assert (req.path, req.params.get('x', '')) == ('/' + path.lstrip('/'), value)


@pytest.mark.parametrize('value', ['\u2603 \xe4', '\xe4', 'a\tb'])
def test_header_in_any_language_is_bytes_as_wsgi_promises(value: str) -> None:
    sent = seen(HTTP_X=value)['HTTP_X'].encode('latin-1')
    assert value in {sent.decode('latin-1'), sent.decode(errors='replace')}


def test_body_with_half_a_surrogate_pair_is_refused(stand: Stand) -> None:
    status, _, body = ask(
        Bridge(stand.app),
        REQUEST_METHOD='POST',
        PATH_INFO='/api/indicator',
        CONTENT_TYPE='application/json',
        **{'wsgi.input': '{"values": ["\ud800"]}'},
    )
    assert status[:3] == '400'
    assert json.loads(body)['code'] == 'APP-REQUEST'


@given(
    changes=st.dictionaries(
        st.sampled_from(['REQUEST_METHOD', 'PATH_INFO', 'QUERY_STRING', 'CONTENT_TYPE'])
        | st.sampled_from(['HTTP_HOST', 'HTTP_ORIGIN', 'HTTP_IF-NONE-MATCH', 'HTTP_ACCEPT'])
        | st.sampled_from(['HTTP_X-FORWARDED-HOST', 'request_url', 'request_key', 'wsgi.input'])
        | st.sampled_from(['CONTENT_LENGTH', 'HTTP_COOKIE', 'HTTP_RANGE', 'HTTP_EXPECT'])
        | ANY_TEXT.map('HTTP_{}'.format),
        ANY_TEXT
        | st.none()
        | st.sampled_from(['POST', 'HEAD', '/', '/api/job/request', '/api/health', '[', '"', '*'])
        | st.sampled_from(['http://[', 'https://a:b@c:d/', '\xb2', '9' * 5_000, '/api/configure']),
        max_size=5,
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_request_of_any_content_is_answered_and_is_no_fault_of_the_app(
    stand: Stand, caplog: pytest.LogCaptureFixture, changes: dict[str, Any]
) -> None:
    stand.ui_dir.mkdir(exist_ok=True)
    (stand.ui_dir / 'index.html').touch()
    status, _headers, body = ask(Bridge(stand.app), **changes)
    # A body that was promised and did not arrive can only be sent again.
    is_lost = b'APP-BODY-LOST' in body
    assert int(status[:3]) < 500 or is_lost
    assert 'traceback' not in caplog.text


@pytest.mark.parametrize(
    ('changes', 'status'),
    [
        ({'PATH_INFO': '/x' * (LONGEST_PATH // 2)}, 404),
        ({'PATH_INFO': 'x' * (LONGEST_PATH + 1)}, 414),
        ({'QUERY_STRING': 'x=' + 'y' * (LONGEST_QUERY - 2)}, 400),
        ({'QUERY_STRING': 'x' * (LONGEST_QUERY + 1)}, 414),
        ({'QUERY_STRING': '&'.join(['limit='] * MOST_PARAMETERS)}, 200),
        ({'QUERY_STRING': '&'.join(['limit='] * (MOST_PARAMETERS + 1))}, 414),
        ({f'HTTP_X{number}': '' for number in range(MOST_HEADERS)}, 200),
        ({f'HTTP_X{number}': '' for number in range(MOST_HEADERS + 1)}, 431),
        ({'HTTP_X': 'y' * (LARGEST_HEADERS - 1)}, 200),
        ({'HTTP_X': 'y' * LARGEST_HEADERS}, 431),
        ({'REQUEST_METHOD': 'X' * 21}, 400),
        ({'REQUEST_METHOD': ''}, 400),
        ({'REQUEST_METHOD': None}, 400),
    ],
)
def test_length_limits_apply_exactly_where_documented(
    stand: Stand, changes: dict[str, Any], status: int
) -> None:
    if 'PATH_INFO' not in changes:
        changes = {'PATH_INFO': '/api/job/request', **changes}
    assert ask(Bridge(stand.app), **changes)[0].startswith(f'{status} ')


def test_shown_input_is_short_and_printable() -> None:
    assert shown('plain \u2603') == 'plain \u2603'
    assert shown('a\nb\ud800\u202e') == 'a\\nb\\ud800\\u202e'
    assert shown('x' * 1_000_000) == 'x' * 200 + '...'
    assert shown(None) == 'None'


def test_error_in_english_and_beyond_is_json() -> None:
    assert json.loads(error_body('Grüße', 'a "b"\n', 'X')) == {
        'title': 'Grüße',
        'description': 'a "b"\n',
        'code': 'X',
    }


class Echo:
    """What Falcon sees of a request."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        resp.media = {
            'user_agent': req.user_agent,
            'if_none_match': list(req.if_none_match or []),
            'uri': req.uri,
            'relative_uri': req.relative_uri,
            'params': req.params,
        }

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        resp.media = req.get_media()


def falcon_app() -> Callable[..., Iterable[bytes]]:
    app = falcon.App()
    app.add_route('/echo', Echo())
    return app


def test_falcon_sees_headers_and_addresses_as_from_a_true_server() -> None:
    _status, _headers, body = call(
        falcon_app(),
        PATH_INFO='echo',
        QUERY_STRING='a=1',
        **{'HTTP_USER-AGENT': 'UA', 'HTTP_IF-NONE-MATCH': '"tag"', 'HTTP_HOST': 'tc.example.com'},
    )
    assert json.loads(body) == {
        'user_agent': 'UA',
        'if_none_match': ['tag'],
        'uri': 'https://tc.example.com/echo?a=1',
        'relative_uri': '/echo?a=1',
        'params': {'a': '1'},
    }


def test_falcon_reads_a_body_without_a_content_length() -> None:
    answer = call(
        falcon_app(),
        PATH_INFO='/echo',
        REQUEST_METHOD='POST',
        CONTENT_TYPE='application/json',
        **{'wsgi.input': BytesIO(b'{"a": "\xc3\xbc"}')},
    )
    assert json.loads(answer[2]) == {'a': 'ü'}


def test_falcon_answers_400_to_a_post_without_a_body() -> None:
    answer = call(
        falcon_app(), PATH_INFO='/echo', REQUEST_METHOD='POST', CONTENT_TYPE='application/json'
    )
    assert answer[0] == '400 Bad Request'
