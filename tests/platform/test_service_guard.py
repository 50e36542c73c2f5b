"""Requests through TcEx's own ApiService class: each of its faults that an App can cure is cured.

One test for each row of what the framework does wrong. The first part shows a few of the faults
with the guards left out, so that it is noticed when a newer framework no longer has them.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import falcon
import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sentinel_app.core.masking import MASK
from sentinel_app.log import RedactionFilter, lend_handlers, set_level
from sentinel_app.platform import service_guard as mend
from sentinel_app.platform.broker_guard import keep_answers, keep_listening
from sentinel_app.platform.wsgi_bridge import API_TOKEN_KEY, Bridge
from sentinel_app.redactor import Redactor
from tests.harness import tcex_stage
from tests.harness.api_stand import Stand
from tests.harness.project import PROJECT
from tests.harness.tcex_stage import (
    Broker,
    HmacAuth,
    KeyValueMock,
    Sensitive,
    body_of,
    filter_sensitive,
    run_service,
    store_body,
)
from tests.harness.waiting import PATIENCE_S

pytestmark = [
    pytest.mark.integration,
    # TcEx 5.0.0 builds its models in a way that pydantic 2.14 calls deprecated.
    pytest.mark.filterwarnings('ignore:The .field_name. argument:DeprecationWarning'),
]

PLATFORM_BACK_S = 0.2


class Echo:
    """Answers with what it saw, or with what the path asks for."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        resp.media = {
            'user_agent': req.user_agent,
            'x': req.get_header('X-Anything'),
            'accept': req.get_header('Accept'),
            'cookies': req.cookies,
            'params': dict(req.params),
            'uri': req.uri,
            'path': req.path,
            'token': req.env.get(API_TOKEN_KEY),
            'other_token': req.env.get('api_token'),
            'body': req.bounded_stream.read().decode(),
        }

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        resp.media = req.get_media()

    def on_put(self, req: falcon.Request, resp: falcon.Response) -> None:
        resp.data = req.bounded_stream.read()

    def on_delete(self, _req: falcon.Request, resp: falcon.Response) -> None:
        resp.status = falcon.HTTP_204


class EchoOfOne:
    """Answers with the path that it saw."""

    def on_get(self, req: falcon.Request, resp: falcon.Response, name: str) -> None:
        assert req.path.endswith(name)
        resp.media = {'path': req.path}


class Head:
    """Tells the length of what a GET would give."""

    def on_head(self, _req: falcon.Request, resp: falcon.Response) -> None:
        resp.text = 'four'


class Chunks:
    """Bodies of every kind of chunks."""

    def on_get(self, _req: falcon.Request, resp: falcon.Response, kind: str) -> None:
        resp.stream = {
            'none': iter(()),
            'failing': self.failing(),
            'many': iter([b'x' * 8192] * 1024),
        }[kind]

    @staticmethod
    def failing() -> Iterator[bytes]:
        yield b'half'
        raise ValueError('midway')


class Slow:
    """Holds a request until it may go on."""

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self.go_on = threading.Event()

    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        self.entered.release()
        assert self.go_on.wait(PATIENCE_S)
        resp.text = 'slow'


class Stage:
    """The framework's service with our guards, and the broker between it and the test."""

    def __init__(
        self,
        tcex: Any,
        wsgi: Callable[..., Iterable[bytes]],
        *,
        guarded: bool,
        max_concurrent: int = 4,
    ) -> None:
        self.tcex = tcex
        self.service = tcex.app.service
        self.broker = Broker(self.service)
        self.redactor = Redactor()
        self.metrics: dict[str, int] = {}
        lend_handlers(logging.getLogger('tcex'), RedactionFilter(self.redactor))
        if guarded:
            bridge = Bridge(wsgi, max_concurrent=max_concurrent)
            self.service.api_event_callback = mend.request_callback(self.service, bridge)
            self.requests = mend.answer_every_request(self.service, self.forget, self.protect)
            self.ending = mend.Termination(self.service)
            keep_listening(self.service)
            keep_answers(self.service, platform_back_s=PLATFORM_BACK_S)
            mend.keep_renewing(self.service, self.protect)
            mend.follow_log_level(self.service, set_level)
            mend.report_metrics(self.service, lambda: self.metrics)
        else:
            self.service.api_event_callback = wsgi
        broker = self.service.message_broker
        broker.add_on_message_callback(self.service.on_message_handler, topics=['to-app'])
        broker.register_callbacks()

    def protect(self, secrets: Iterable[str], kind: str) -> None:
        self.redactor.protect_recent(secrets, kind=kind)

    @staticmethod
    def forget(token: str) -> None:
        filter_sensitive._sensitive_registry.discard(token)

    def ask(self, message: dict[str, Any], timeout_s: float = PATIENCE_S) -> Reply:
        started = time.monotonic()
        self.broker.send(message)
        answer = self.broker.wait_for(message['requestKey'], timeout_s)
        assert answer is not None, 'no answer'
        time.sleep(0.02)  # a second answer would come at once
        assert len(self.broker.answers(message['requestKey'])) == 1
        return Reply(answer, body_of(message['requestKey']), time.monotonic() - started)

    @property
    def log(self) -> str:
        return (Path(self.tcex.inputs.model_tc.tc_log_path) / 'app.log').read_text()


class Reply:
    """One answer as the platform gets it."""

    def __init__(self, answer: dict[str, Any], body: bytes | None, elapsed_s: float) -> None:
        assert answer['command'] == 'Acknowledged'
        assert answer['type'] == 'RunService'
        assert answer['bodyVariable'] == 'response.body'
        self.code: str = answer['statusCode']
        self.reason: str = answer['status']
        self.headers = {entry['name'].lower(): entry['value'] for entry in answer['headers']}
        self.body = body
        self.elapsed_s = elapsed_s

    @property
    def json(self) -> Any:
        assert self.body is not None
        return json.loads(self.body)


@pytest.fixture
def slow() -> Iterator[Slow]:
    slow = Slow()
    yield slow
    slow.go_on.set()


@pytest.fixture
def wsgi(slow: Slow, tmp_path: Path) -> falcon.App[Any, Any]:
    app = falcon.App()
    app.add_route('/echo', Echo())
    app.add_route('/echo/{name}', EchoOfOne())
    app.add_route('/chunks/{kind}', Chunks())
    app.add_route('/slow', slow)
    app.add_route('/head', Head())
    folder = tmp_path / 'static'
    folder.mkdir()
    (folder / 'empty.txt').touch()
    (folder / 'full.txt').write_text('full')
    app.add_static_route('/static', folder)
    return app


@pytest.fixture
def tcex(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.chdir(PROJECT)
    with tcex_stage.framework(tcex_stage.inputs(tmp_path)) as made:
        yield made


@pytest.fixture
def stage(tcex: Any, wsgi: Any) -> Stage:
    return Stage(tcex, wsgi, guarded=True)


@pytest.fixture
def bare(tcex: Any, wsgi: Any) -> Stage:
    """The framework as it is."""
    return Stage(tcex, wsgi, guarded=False)


# What the framework does by itself


def test_bare_framework_stops_listening_after_a_message_that_is_not_an_object(bare: Stage) -> None:
    with pytest.raises(AttributeError):
        bare.broker.send([1])


@pytest.mark.filterwarnings('ignore::pytest.PytestUnhandledThreadExceptionWarning')
def test_bare_framework_does_not_answer_a_message_that_lacks_a_field(bare: Stage) -> None:
    message = run_service()
    del message['headers']
    bare.broker.send(message)
    assert bare.broker.wait_for(message['requestKey'], 0.5) is None


def test_bare_framework_hides_a_header_with_a_hyphen(bare: Stage) -> None:
    message = run_service('/echo', headers=[{'name': 'User-Agent', 'value': 'UA'}])
    # Falcon fails on the missing stream, which is the next fault.
    assert bare.ask(store_body(message, b'x')).json['user_agent'] is None


def test_bare_framework_stalls_on_an_empty_iterator(bare: Stage) -> None:
    message = run_service('/chunks/none')
    bare.broker.send(message)
    assert bare.broker.wait_for(message['requestKey'], 1.0) is None


# Answers


@pytest.mark.parametrize(
    ('message', 'code'),
    [
        (run_service('/echo', method='DELETE'), '204'),
        (run_service('/echo', method='OPTIONS'), '200'),
        (run_service('/static/empty.txt'), '200'),
        (run_service('/chunks/none'), '200'),
    ],
)
def test_answer_without_a_body_comes_at_once(
    stage: Stage, message: dict[str, Any], code: str
) -> None:
    reply = stage.ask(message)
    assert (reply.code, reply.body) == (code, None)
    assert reply.elapsed_s < 2


def test_head_keeps_its_length_and_stores_no_body(stage: Stage) -> None:
    reply = stage.ask(run_service('/head', method='HEAD'))
    assert (reply.code, reply.headers['content-length'], reply.body) == ('200', '4', None)


def test_small_answer_arrives_whole(stage: Stage) -> None:
    reply = stage.ask(run_service())
    assert (reply.code, reply.reason) == ('200', 'OK')
    assert reply.json['path'] == '/echo'


def test_body_that_fails_midway_is_a_500_at_once(stage: Stage) -> None:
    reply = stage.ask(run_service('/chunks/failing'))
    assert reply.code == '500'
    assert reply.json['code'] == 'APP-INTERNAL'


def test_many_chunks_are_joined_in_one_go(stage: Stage) -> None:
    reply = stage.ask(run_service('/chunks/many'))
    assert reply.body == b'x' * 8192 * 1024
    assert reply.elapsed_s < 3


def raising_before(_environ: object, _start: object) -> list[bytes]:
    raise ValueError('before')


def raising_after(_environ: object, start: Callable[..., object]) -> list[bytes]:
    start('200 OK', [])
    raise ValueError('after')


def ending_the_thread(_environ: object, _start: object) -> list[bytes]:
    raise SystemExit(1)


def silent(_environ: object, _start: object) -> list[bytes]:
    return [b'x']


def starting_twice(_environ: object, start: Callable[..., object]) -> list[bytes]:
    start('200 OK', [])
    start('201 Created', [])
    return []


@pytest.mark.parametrize(
    'wsgi', [raising_before, raising_after, ending_the_thread, silent, starting_twice]
)
def test_callback_that_fails_is_answered_500_once_and_at_once(stage: Stage) -> None:
    reply = stage.ask(run_service())
    assert (reply.code, reply.reason) == ('500', 'Internal Server Error')
    assert reply.json['title'] == 'Internal Server Error'
    assert reply.elapsed_s < 2
    assert 'event=request-failed' in stage.log


def without_reason(_environ: object, start: Callable[..., object]) -> list[bytes]:
    start('200', [('x-number', 7)])
    return [b'x']


@pytest.mark.parametrize('wsgi', [without_reason])
def test_status_without_a_reason_gets_one_and_headers_become_text(stage: Stage) -> None:
    reply = stage.ask(run_service())
    assert (reply.code, reply.reason, reply.headers) == ('200', 'OK', {'x-number': '7'})


def unsendable(_environ: object, start: Callable[..., object]) -> list[bytes]:
    start('200 OK', [('x-object', object())])
    return [b'x']


@pytest.mark.parametrize('wsgi', [unsendable])
def test_header_that_is_not_json_is_sent_as_text(stage: Stage) -> None:
    assert stage.ask(run_service()).headers['x-object'].startswith('<object')


def test_store_that_refuses_the_body_is_a_503_at_once(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object) -> int:
        raise ConnectionError('redis is down')

    monkeypatch.setattr(KeyValueMock, 'create', refuse)
    reply = stage.ask(run_service())
    assert (reply.code, reply.reason, reply.body) == ('503', 'Service Unavailable', None)
    assert reply.elapsed_s < 2
    assert stage.ask(run_service('/echo', method='DELETE')).code == '204'
    assert 'event=reply-body-lost' in stage.log


def test_api_store_reports_failure_by_its_result(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(KeyValueMock, 'create', lambda *_args: 0)
    stage.service.key_value_store.client.kv_type = 'api'
    assert stage.ask(run_service()).code == '503'
    stage.service.key_value_store.client.kv_type = 'redis'
    assert stage.ask(run_service()).code == '200', 'there, 0 means that the field existed'


# Requests


def test_binary_body_arrives_intact_without_a_content_length(stage: Stage) -> None:
    body = bytes(range(256)) * 10
    message = run_service('/echo', method='PUT')
    assert stage.ask(store_body(message, body)).body == body


@pytest.mark.parametrize('promised', ['1', '4000'])
def test_wrong_content_length_neither_cuts_nor_waits(stage: Stage, promised: str) -> None:
    headers = [{'name': 'Content-Length', 'value': promised}]
    message = run_service('/echo', method='PUT', headers=headers)
    assert stage.ask(store_body(message, b'0123456789')).body == b'0123456789'


def test_request_without_a_body_can_be_read(stage: Stage) -> None:
    assert stage.ask(run_service()).json['body'] == ''
    headers = [{'name': 'Content-Type', 'value': 'application/json'}]
    assert stage.ask(run_service('/echo', method='POST', headers=headers)).code == '400'


def test_store_that_returns_text_still_yields_a_body(stage: Stage) -> None:
    message = run_service('/echo', method='PUT')
    KeyValueMock.data[message['requestKey']] = {'request.body': 'grüße'}
    assert stage.ask({**message, 'bodyVariable': 'request.body'}).body == 'grüße'.encode()


def test_body_that_the_store_lost_is_not_taken_for_an_empty_one(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object) -> bytes:
        raise ConnectionError('redis is down')

    monkeypatch.setattr(KeyValueMock, 'read', refuse)
    headers = [{'name': 'Content-Length', 'value': '5'}]
    message = run_service('/echo', method='PUT', headers=headers, bodyVariable='request.body')
    reply = stage.ask(message)
    assert reply.code == '503'
    assert reply.json['code'] == 'APP-BODY-LOST'


def test_headers_with_hyphens_are_visible(stage: Stage) -> None:
    headers = [{'name': 'User-Agent', 'value': 'UA'}, {'name': 'x-anything', 'value': 'y'}]
    seen = stage.ask(run_service(headers=headers)).json
    assert (seen['user_agent'], seen['x']) == ('UA', 'y')


@pytest.mark.parametrize('name', ['If-None-Match', 'If-Modified-Since'])
def test_conditional_get_is_a_304(stage: Stage, name: str) -> None:
    first = stage.ask(run_service('/static/full.txt'))
    value = first.headers['etag' if name == 'If-None-Match' else 'last-modified']
    headers = [{'name': name, 'value': value}]
    reply = stage.ask(run_service('/static/full.txt', headers=headers))
    assert (reply.code, reply.body) == ('304', None)


def test_repeated_header_keeps_all_its_values(stage: Stage) -> None:
    headers = [
        {'name': 'Accept', 'value': 'text/html'},
        {'name': 'accept', 'value': 'application/json'},
        {'name': 'Cookie', 'value': 'a=1'},
        {'name': 'Cookie', 'value': 'b=2'},
        {'name': 'Host', 'value': 'one.example.com'},
        {'name': 'Host', 'value': 'two.example.com'},
    ]
    seen = stage.ask(run_service(headers=headers)).json
    assert seen['accept'] == 'text/html, application/json'
    assert seen['cookies'] == {'a': '1', 'b': '2'}
    assert seen['uri'] == 'https://one.example.com/echo'


def test_header_without_a_value_or_a_name_is_left_out(stage: Stage) -> None:
    headers = [
        {'name': 'X-Anything', 'value': None},
        {'name': None, 'value': 'x'},
        {'value': 'x'},
        'no header',
        {'name': 'Accept', 'value': 7},
    ]
    seen = stage.ask(run_service(headers=headers)).json
    assert (seen['x'], seen['accept']) == (None, '7')


@pytest.mark.parametrize(
    'value', ['1&y=2', 'a+b c', '100% sure', 'grüße', 'a#b', '"quoted"', 'a=b&c', 'plain', 'a,b:c~']
)
def test_decoded_query_value_stays_one_value(stage: Stage, value: str) -> None:
    params = [{'name': 'x', 'value': value}, {'name': 'z', 'value': '1'}]
    # A comma divides values in Falcon unless it is told otherwise; it is not what is tested here.
    seen = stage.ask(run_service(queryParams=params)).json['params']
    assert seen.pop('z') == '1'
    assert list(seen) == ['x']
    assert ','.join(seen['x']) if isinstance(seen['x'], list) else seen['x'] == value


def test_raw_query_value_is_not_encoded_again(stage: Stage) -> None:
    params = [{'name': 'x', 'value': 'a%20b%26c'}, {'name': None, 'value': 'x'}, 'no param']
    assert stage.ask(run_service(queryParams=params)).json['params'] == {'x': 'a b&c'}


@pytest.mark.parametrize(
    ('path', 'code'), [('echo', '200'), ('/echo', '200'), ('', '404'), ('/', '404')]
)
def test_path_works_with_and_without_its_slash(stage: Stage, path: str, code: str) -> None:
    assert stage.ask(run_service(path)).code == code


def test_addresses_have_no_double_slash(stage: Stage) -> None:
    assert stage.ask(run_service()).json['uri'] == 'https://tc.example.com/echo'
    assert stage.ask(run_service(headers=[])).json['uri'] == 'https://localhost/echo'


def test_token_is_under_our_own_key_alone(stage: Stage) -> None:
    message = run_service()
    seen = stage.ask(message).json
    assert (seen['token'], seen['other_token']) == (message['apiToken'], None)


# Concurrency


def test_more_requests_than_can_be_worked_on_are_refused_at_once(stage: Stage, slow: Slow) -> None:
    held = [run_service('/slow') for _ in range(4)]
    for message in held:
        stage.broker.send(message)
    for _ in held:
        assert slow.entered.acquire(timeout=60)
    refused = stage.ask(run_service())
    assert refused.code == '503'
    assert int(refused.headers['retry-after']) >= 1
    assert refused.json['code'] == 'APP-BUSY'
    assert 'event=request-refused-busy path=/echo code=APP-BUSY' in stage.log
    slow.go_on.set()
    for message in held:
        answer = stage.broker.wait_for(message['requestKey'])
        assert answer is not None
        assert answer['statusCode'] == '200'
    assert stage.ask(run_service()).code == '200'


def test_request_thread_does_not_delay_the_shutdown(tcex: Any, slow: Slow, wsgi: Any) -> None:
    stage = Stage(tcex, wsgi, guarded=True, max_concurrent=8)
    before = set(threading.enumerate())
    for _ in range(8):
        stage.broker.send(run_service('/slow'))
    for _ in range(8):
        assert slow.entered.acquire(timeout=60), 'the framework has a pool of five'
    started = set(threading.enumerate()) - before
    assert len(started) >= 8
    assert all(thread.daemon for thread in started)
    slow.go_on.set()
    assert stage.requests.wait_until_none(PATIENCE_S)


# Messages


REQUIRED = ['apiToken', 'headers', 'queryParams', 'method', 'path']


@pytest.mark.parametrize('name', REQUIRED)
@pytest.mark.parametrize('value', [None, 'absent', 17])
def test_incomplete_request_is_answered_400(stage: Stage, name: str, value: object) -> None:
    message = run_service(**{name: value})
    if value == 'absent':
        del message[name]
    reply = stage.ask(message)
    assert (reply.code, reply.reason) == ('400', 'Bad Request')
    assert name in reply.json['description']
    assert reply.json['code'] == 'APP-REQUEST'
    assert reply.headers['content-type'] == 'application/json'
    assert not stage.service.token.token_map, 'no token is left behind'


@pytest.mark.parametrize('key', [None, '', 17, ['x']])
def test_request_without_a_key_cannot_be_answered_but_does_no_harm(
    stage: Stage, key: object
) -> None:
    stage.broker.send(run_service(requestKey=key))
    assert stage.ask(run_service()).code == '200'
    assert 'event=request-without-key' in stage.log


@pytest.mark.parametrize('expires', ['soon', '', 1.5, None, [], '-1'])
def test_token_without_a_usable_expiry_costs_no_answer(stage: Stage, expires: object) -> None:
    assert stage.ask(run_service(expireSeconds=expires)).code == '200'


def test_framework_error_on_the_way_is_answered_500(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object) -> None:
        raise OSError('no more threads')

    monkeypatch.setattr(stage.service.token, 'register_token', fail)
    reply = stage.ask(run_service())
    assert (reply.code, reply.json['code']) == ('500', 'APP-INTERNAL')


@pytest.mark.parametrize(
    'payload',
    [
        b'[1, 2]',
        b'"text"',
        b'7',
        b'null',
        b'true',
        b'no json',
        b'\xff\xfe',
        b'',
        b'{"command": null}',
        b'{"command": 7}',
        b'{"command": "RunService", "triggerId": [1]}',
        b'[' * 100_000,
    ],
)
def test_unreadable_message_does_not_stop_the_listener(stage: Stage, payload: bytes) -> None:
    stage.broker.send(payload)
    assert stage.ask(run_service()).code == '200'


@pytest.mark.parametrize('trigger', ['x', [1], {}, 1.5, True, '7', None])
def test_trigger_id_that_is_not_a_number_costs_no_answer(stage: Stage, trigger: object) -> None:
    assert stage.ask(run_service(triggerId=trigger)).code == '200'


@pytest.mark.parametrize('command', [None, 7, [], '', 'Nonesuch'])
def test_request_without_a_usable_command_is_answered_400(stage: Stage, command: object) -> None:
    reply = stage.ask(run_service(command=command))
    assert (reply.code, reply.json['code']) == ('400', 'APP-REQUEST')
    assert 'command' in reply.json['description']


# Letters of all kinds, and what JSON can say that is no letter at all.
ANY_TEXT = st.text(st.characters(exclude_categories=[]), max_size=8) | st.sampled_from(
    ['\ud800', '\x00', 'x\r\ny', '\u2603', '\xe4', '%ff', '/echo', 'GET', 'x' * 70_000]
)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=5,
)
CALLS = {'shutdown', 'heartbeat', 'loggingchange', 'acknowledged', 'brokercheck'}


@given(
    changes=st.dictionaries(
        st.sampled_from([key for key in run_service() if key != 'requestKey'])
        | st.sampled_from(['bodyVariable', 'triggerId', 'reason', 'level'])
        | ANY_TEXT,
        ANY_JSON
        | st.lists(st.fixed_dictionaries({'name': ANY_JSON, 'value': ANY_JSON}), max_size=2),
        max_size=4,
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_request_of_any_content_is_answered_once_and_is_no_fault_of_the_app(
    stage: Stage, changes: dict[str, Any]
) -> None:
    command = changes.get('command', 'RunService')
    if 'requestKey' in changes or (isinstance(command, str) and command.lower() in CALLS):
        return
    assert int(stage.ask(run_service(**changes)).code) < 500
    assert 'traceback' not in stage.log.lower()


def one_header(name: object, value: object) -> dict[str, Any]:
    return run_service('/api/health', headers=[{'name': name, 'value': value}])


def one_parameter(name: object, value: object) -> dict[str, Any]:
    return run_service('/api/health', queryParams=[{'name': name, 'value': value}])


def in_a_list(levels: int) -> list[Any]:
    nested: list[Any] = []
    for _ in range(levels):
        nested = [nested]
    return nested


@pytest.fixture
def own(tcex: Any, tmp_path: Path) -> Stage:
    """The App's own application behind the framework."""
    folder = tmp_path / 'data'
    folder.mkdir()
    stage = Stage(tcex, Stand(folder).app, guarded=True)
    set_level(logging.INFO)
    return stage


@pytest.mark.parametrize(
    ('message', 'code'),
    [
        *(
            (run_service(path), '404')
            for path in ('/api/\u2603', '/api/%E2%98%83', '/api/%ff', '/api/\xe4\xff')
        ),
        (run_service('/api/job/request/\u2603'), '404'),
        (run_service('/api/job/request/\x00\x1f'), '404'),
        (run_service('/api/\ud800'), '400'),
        (run_service('/api/\udfff', method='POST'), '400'),
        (run_service('/api/' + 'x' * 1_000_000), '414'),
        *(
            (run_service('/api/health', method=method), '400')
            for method in ('', ' ', '\ud800', 'G\u00c9T', 'GET ', 'x' * 10_000, 'FOO', 'get\n')
        ),
        (run_service('/api/health', method='get'), '200'),
        *(
            (one_parameter('x', value), '400')
            for value in ('\ud800', 'x\x00\n', '\u2603', '%ff', 7)
        ),
        *((one_parameter(name, 'x'), '400') for name in ('\ud800', '\u2603', 'a\nb', [1], {})),
        (one_parameter('x', in_a_list(200)), '400'),
        (one_parameter('x', 'y' * 10_000), '414'),
        (run_service('/api/health', queryParams=[{'name': 'x', 'value': '1'}] * 5_000), '414'),
        *((one_header('X-A', value), '400') for value in ('\ud800', 'a\r\nb', '\x00', '\x7f', [])),
        *((one_header(name, 'x'), '400') for name in ('\ud800', '\u2603', 'a b', 'a:', 'a\n\rb')),
        *((one_header('X-A', value), '200') for value in ('\u2603', '\xe4', 'a\tb', True, 1.5)),
        *((one_header('Content-Length', value), '200') for value in ('9' * 5_000, '\xb2', '-1')),
        (one_header('X-A', 'y' * 100_000), '431'),
        (run_service(headers=[{'name': 'X-A', 'value': 'y'}] * 100_000), '431'),
        (run_service(headers=[{'name': f'X-{n}', 'value': 'y'} for n in range(1_000)]), '431'),
        *(
            (run_service(apiToken=token), '400')
            for token in ('\ud800', 'a\nb', '\u2603', 'x' * 99_999)
        ),
        *((run_service(bodyVariable=name), '400') for name in (7, [], '\ud800', 'x' * 99_999)),
        *((run_service(requestKey=key), '400') for key in ('\ud800', 'a\nb', 'x' * 99_999)),
        *(
            (run_service('/api/health', expireSeconds=when), '200')
            for when in ('9' * 5_000, 10**400, float('inf'), '\u0663', True)
        ),
        *(
            (run_service('/api/health', **{name: value}), '200')
            for name in ('remoteAddress', 'requestUrl', 'userConfig', 'PATH_INFO', 'wsgi.input')
            for value in ('\ud800', ['\ud800'], in_a_list(200))
        ),
    ],
)
def test_text_that_is_invalid_or_too_long_is_refused_in_the_apps_own_words(
    own: Stage, capsys: pytest.CaptureFixture[str], message: dict[str, Any], code: str
) -> None:
    reply = own.ask(message)
    assert (reply.code, reply.headers['content-type']) == (code, 'application/json')
    assert reply.headers['x-frame-options'] == 'SAMEORIGIN'
    is_refused = code != '200'
    assert (set(reply.json) - {'errors'} == {'title', 'description', 'code'}) is is_refused
    told = ('event=api-refused', 'event=request-malformed')
    assert any(event in own.log for event in told) is is_refused
    assert 'traceback' not in own.log.lower()
    assert capsys.readouterr().err == ''


@pytest.mark.parametrize('path', ['/\u2603', '/\xe4', '/%ff', '/\x00', '/a\nb'])
def test_unknown_page_is_not_found_in_any_language(own: Stage, path: str) -> None:
    assert own.ask(run_service(path)).code == '404'


@pytest.mark.parametrize('path', ['/echo/\u2603', '/echo/\xe4\xff', '/echo/gr\xfc\xdfe'])
def test_address_in_any_language_arrives_as_written(stage: Stage, path: str) -> None:
    assert stage.ask(run_service(path)).json['path'] == path


def test_answer_that_is_ready_while_the_broker_is_away_is_sent_when_it_is_back(
    stage: Stage, slow: Slow
) -> None:
    message = run_service('/slow')
    stage.broker.send(message)
    assert slow.entered.acquire(timeout=60)
    stage.broker.is_connected = False
    slow.go_on.set()
    assert stage.requests.wait_until_none(PATIENCE_S)
    stage.broker.send({'command': 'Heartbeat'})
    assert wait_until(lambda: 'event=heartbeat-sent' in stage.log)
    assert stage.broker.published == []
    stage.broker.is_connected = True
    stage.service.message_broker.on_connect(None, None, None, 0, None)
    assert stage.broker.published == [], 'the platform may not listen yet'
    assert stage.broker.wait_for(message['requestKey']) is not None
    assert stage.broker.commands('Heartbeat') == [], 'what it would say is old'


def test_request_during_shutdown_is_refused_whether_new_or_under_way(
    stage: Stage, slow: Slow
) -> None:
    message = run_service('/slow')
    stage.broker.send(message)
    assert slow.entered.acquire(timeout=60)
    stage.requests.refuse_more()
    late = stage.ask(run_service())
    assert (late.code, late.json['code']) == ('503', 'APP-STOPPING')
    assert 'code=APP-STOPPING' in stage.log
    mend.end_requests(stage.service, stage.requests, 0.05)
    answer = stage.broker.wait_for(message['requestKey'])
    assert answer is not None
    assert answer['statusCode'] == '503'
    mend.end_requests(stage.service, stage.requests, 0.05)
    assert len(stage.broker.answers(message['requestKey'])) == 1


def test_unknown_command_does_no_harm(stage: Stage) -> None:
    stage.broker.send({'command': 'Nonesuch'})
    stage.broker.send({})
    assert stage.ask(run_service()).code == '200'


# Tokens


def test_renewal_that_cannot_connect_leaves_tokens_readable(
    tcex: Any, wsgi: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('TC_TOKEN_SLEEP_INTERVAL', '0')
    stage = Stage(tcex, wsgi, guarded=True)
    token = stage.service.token
    token.token_renewal_buffer_time = 0
    refused = threading.Event()

    def refuse(*_args: object, **_kwargs: object) -> None:
        refused.set()
        raise requests.ConnectionError('refused')

    token.session.get = refuse
    token.register_token('MainThread', 'expires-soon', int(time.time()) + 5)
    # It may wait already, for as long as it was told first.
    token._monitor_sleep_interval.set()
    assert refused.wait(PATIENCE_S)
    token._monitor_sleep_interval.clear()
    time.sleep(0.2)
    assert token.monitor_thread.is_alive()
    token._monitor_sleep_interval.set()
    assert token._barrier.wait(PATIENCE_S)


@pytest.mark.parametrize(
    'answer',
    [{}, [], None, {'apiToken': 'x'}, {'apiToken': 'x', 'apiTokenExpires': 'soon'}],
)
def test_renewal_with_a_useless_answer_raises_the_error_that_the_framework_expects(
    stage: Stage, answer: object
) -> None:
    token = stage.service.token
    token.session.get = lambda *_a, **_k: SimpleNamespace(ok=True, json=lambda: answer)
    with pytest.raises(RuntimeError, match='the renewal failed'):
        token.renew_token(Sensitive('expired'))


def test_successful_renewal_yields_the_new_token(stage: Stage) -> None:
    token = stage.service.token
    whole = {'apiToken': 'renewed', 'apiTokenExpires': 1790000000}
    token.session.get = lambda *_a, **_k: SimpleNamespace(ok=True, json=lambda: whole)
    assert token.renew_token(Sensitive('expired')) == whole


def test_token_whose_request_ended_during_its_renewal_ends_nothing(stage: Stage) -> None:
    tokens = stage.service.token.token_map
    tokens['gone']['token'] = 'renewed'
    tokens['gone']['token_expires'] = 1
    assert 'gone' not in tokens
    assert tokens.get('gone') is None
    stage.service.token.unregister_token('gone')


def test_secret_seen_in_a_request_is_masked_from_then_on(stage: Stage) -> None:
    texts = {
        'apiToken': 'APIV2:token-of-the-request',
        'Cookie': 'theme=dark; JSESSIONID=crumb-of-a-session',
        'Authorization': 'Bearer words-of-a-bearer',
        'X-Api-Key': 'key-of-an-interface',
        'Ocp-Apim-Subscription-Key': 'key-of-a-subscription',
        'sig': 'signature-of-an-address',
    }
    headers = [
        {'name': name, 'value': value}
        for name, value in texts.items()
        if name not in {'apiToken', 'sig'}
    ]
    message = {
        **run_service(),
        'apiToken': texts['apiToken'],
        'headers': headers,
        'queryParams': [{'name': 'sig', 'value': texts['sig']}],
    }
    assert stage.ask(message).code == '200'
    for text in (*texts.values(), 'crumb-of-a-session', 'words-of-a-bearer'):
        assert stage.redactor.mask(f'({text})') == f'({MASK})'


def test_renewed_token_is_masked_from_then_on(stage: Stage) -> None:
    whole = {'apiToken': 'APIV2:the-renewed-one', 'apiTokenExpires': 1}
    stage.service.token.session.get = lambda *_a, **_k: SimpleNamespace(ok=True, json=lambda: whole)
    stage.service.token.renew_token(Sensitive('expired'))
    assert stage.redactor.mask('APIV2:the-renewed-one') == MASK


def test_signed_session_does_not_wait_for_the_renewal_of_tokens(stage: Stage) -> None:
    stage.service.token._barrier.clear()
    session = stage.tcex.requests_tc.get_session(auth=HmacAuth('id', Sensitive('secret-key')))
    started = time.monotonic()
    prepared = session.prepare_request(requests.Request('GET', 'https://127.0.0.1:9/api/v3/x'))
    assert prepared.headers['Authorization'].startswith('TC id:')
    # The framework would wait for longer than the time that a token is renewed ahead of its end.
    assert time.monotonic() - started < PATIENCE_S


def test_token_does_not_outlive_its_request(stage: Stage) -> None:
    for _ in range(3):
        stage.ask(run_service())
    deadline = time.monotonic() + PATIENCE_S
    while stage.service.token.token_map and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not stage.service.token.token_map


# Log


def test_secrets_in_headers_are_not_in_the_log_at_any_level(stage: Stage) -> None:
    stage.redactor.protect(['planted-client-secret'])
    token = 'SVC:5:planted-api-token'
    headers = [
        {'name': 'Cookie', 'value': 'JSESSIONID=planted-session; b="planted quoted"'},
        {'name': 'Authorization', 'value': "Bearer planted-bearer'x"},
        {'name': 'cookie', 'value': 'second=planted-second'},
        {'name': 'Proxy-Authorization', 'value': 'Basic planted-basic'},
        {'name': 'X-Anything', 'value': 'planted-client-secret'},
        {'name': 'Accept', 'value': 'innocent/header'},
    ]
    for level in ('TRACE', 'DEBUG', 'INFO'):
        stage.broker.send({'command': 'LoggingChange', 'level': level})
        assert wait_until(lambda wanted=level: f'event=logging-changed level={wanted}' in stage.log)
        reply = stage.ask(run_service(headers=headers, apiToken=token))
        assert reply.code == '200'
    assert 'event=runservice-command' in stage.log
    assert 'innocent/header' in stage.log
    assert 'message-payload=' in stage.log, 'the raw message was logged, too'
    assert 'planted' not in stage.log


def test_malformed_message_shows_no_secret_either(stage: Stage) -> None:
    message = run_service(headers=[{'name': 'Cookie', 'value': 'a=planted'}], method=None)
    stage.ask({**message, 'apiToken': 'planted-token'})
    stage.broker.send(b'{"command": "RunService", "apiToken": "planted-token", "headers": [')
    assert wait_until(lambda: 'parsing-issue' in stage.log)
    assert 'planted' not in stage.log


def test_list_of_texts_to_mask_does_not_grow_forever(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mend, '_KEPT_TOKENS', 5)
    before = len(filter_sensitive._sensitive_registry)
    for _ in range(20):
        stage.ask(run_service())
    assert len(filter_sensitive._sensitive_registry) <= before + 6


def test_change_of_the_level_applies_to_the_apps_lines(stage: Stage) -> None:
    ours = logging.getLogger('sentinel_app')
    stage.broker.send({'command': 'LoggingChange', 'level': 'error'})
    assert wait_until(lambda: ours.level == logging.ERROR)
    ours.warning('event=dropped')
    stage.broker.send({'command': 'LoggingChange', 'level': 'debug'})
    assert wait_until(lambda: ours.level == logging.DEBUG)
    ours.debug('event=kept')
    assert 'event=kept' in stage.log
    assert 'event=dropped' not in stage.log


@pytest.mark.parametrize('level', ['BOGUS', '', None, 7, 'x\nforged'])
def test_unknown_level_is_ignored(stage: Stage, level: object) -> None:
    stage.broker.send({'command': 'LoggingChange', 'level': level})
    stage.broker.send({'command': 'LoggingChange'})
    assert wait_until(lambda: stage.log.count('event=logging-change-refused') == 2)
    assert stage.ask(run_service()).code == '200'
    assert '\nforged' not in stage.log


# Heartbeat and shutdown


def test_answer_to_a_heartbeat_has_current_figures(stage: Stage) -> None:
    stage.metrics = {'Indicators Sent': 3}
    stage.broker.send({'command': 'Heartbeat'})
    assert wait_until(lambda: len(stage.broker.commands('Heartbeat')) == 1)
    stage.metrics = {'Indicators Sent': 7}
    stage.broker.send({'command': 'Heartbeat'})
    assert wait_until(lambda: len(stage.broker.commands('Heartbeat')) == 2)
    figures = [message['metric'] for message in stage.broker.commands('Heartbeat')]
    assert [each['Indicators Sent'] for each in figures] == [3, 7]
    assert figures[0]['Requests'] == 0


def test_heartbeat_is_answered_even_if_the_figures_fail(stage: Stage) -> None:
    stage.metrics = None  # type: ignore[assignment]
    stage.broker.send({'command': 'Heartbeat'})
    assert wait_until(lambda: len(stage.broker.commands('Heartbeat')) == 1)
    assert 'event=metrics-failed' in stage.log


def test_shutdown_calls_back_and_disconnects_once(stage: Stage) -> None:
    called: list[int] = []
    stage.service.shutdown_callback = lambda: called.append(1)
    for _ in range(2):
        stage.broker.send({'command': 'Shutdown', 'reason': 'disabled'})
    assert stage.ending.wait(PATIENCE_S)
    assert stage.ending.reason == 'disabled'
    assert not stage.ending.is_missed_heartbeat
    assert stage.broker.disconnected
    time.sleep(0.1)
    assert called == [1]
    assert stage.service.message_broker.shutdown
    assert stage.broker.commands('Acknowledged') == [
        {'command': 'Acknowledged', 'type': 'Shutdown'}
    ]


def test_failing_callback_does_not_delay_the_shutdown(stage: Stage) -> None:
    def fail() -> None:
        raise ValueError('callback')

    stage.service.shutdown_callback = fail
    stage.broker.client.disconnect = fail
    stage.broker.send({'command': 'Shutdown'})
    assert stage.ending.wait(PATIENCE_S)
    assert stage.service.message_broker.shutdown


def test_missing_heartbeat_ends_the_service_and_says_so(stage: Stage) -> None:
    stage.service.process_shutdown_command({'reason': mend.MISSED_HEARTBEAT})
    assert stage.ending.is_missed_heartbeat


def test_framework_still_uses_the_known_words_for_a_missing_heartbeat() -> None:
    import tcex.app.service.common_service as module

    assert mend.MISSED_HEARTBEAT in Path(str(module.__file__)).read_text()


def test_shutdown_can_wait_for_requests_under_way(stage: Stage, slow: Slow) -> None:
    message = run_service('/slow')
    stage.broker.send(message)
    assert slow.entered.acquire(timeout=60)
    assert not stage.requests.wait_until_none(0.1)
    slow.go_on.set()
    assert stage.requests.wait_until_none(PATIENCE_S)
    assert stage.broker.answers(message['requestKey']), 'published before the wait is over'


def test_framework_classes_are_not_changed(stage: Stage) -> None:
    kind = type(stage.service)
    for name in ('process_run_service_command', 'process_shutdown_command'):
        assert getattr(kind, name).__module__.startswith('tcex.')


def wait_until(claim: Callable[[], bool], timeout_s: float = PATIENCE_S) -> bool:
    deadline = time.monotonic() + timeout_s
    while not claim():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def test_errors_of_requests_go_only_to_the_log(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.ask(run_service('/chunks/failing'))
    captured = capsys.readouterr()
    assert 'midway' not in captured.out + captured.err
