"""The platform stand-in behaves as the platform does, seen from an App that TcEx runs."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.harness.running import is_silent
from tests.harness.waiting import PATIENCE_S, until
from tests.simulators.platform.channel import NoAnswerError
from tests.simulators.platform.front import FrontOptions, PathShape
from tests.simulators.platform.instance import PROJECT, Platform, Services
from tests.simulators.platform.parameters import decrypt, encrypt, new_key, write_parameters
from tests.simulators.platform.process import Children, free_port, is_alive
from tests.simulators.platform.service import AppEndedError

ECHO_APP = Path(__file__).parent / 'echo_app'

pytestmark = pytest.mark.integration


def make_platform(folder: Path, services: str = 'embedded', **settings: Any) -> Platform:
    """Describe a platform around the echo App."""
    settings.setdefault('inputs', {'fail_at_start': 'no'})
    return Platform(
        folder,
        tc_api_path='https://localhost:1/api',
        app_folder=ECHO_APP,
        services=services,
        **settings,
    )


def needs_programs(services: str) -> None:
    missing = Services.missing_programs()
    if services == 'real' and missing and not os.environ.get('CI'):
        pytest.skip(f'not installed: {", ".join(missing)}')


@pytest.fixture(scope='module', params=['embedded', 'real'])
def platform(request: pytest.FixtureRequest, tmp_path_factory: Any) -> Iterator[Platform]:
    needs_programs(request.param)
    with make_platform(tmp_path_factory.mktemp('platform'), request.param) as running:
        running.app.start()
        yield running


@pytest.fixture
def options(platform: Platform) -> Iterator[FrontOptions]:
    """The front's options, which a test may replace; they are put back afterwards."""
    before = platform.front.options
    yield before
    platform.front.options = before


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


@pytest.fixture
def idle_platform(tmp_path: Path) -> Iterator[Platform]:
    """A platform of the test's own whose App was not started yet."""
    with make_platform(tmp_path / 'state') as running:
        yield running


class TestRequests:
    def test_request_arrives_with_path_query_headers_and_body(
        self, platform: Platform, session: requests.Session
    ) -> None:
        reply = session.post(
            f'{platform.front.url}a/b?mode=delta&empty=&mode=full',
            data=b'{"a": 1}',
            headers={'Content-Type': 'application/json', 'X-Thing': 'x', 'If-None-Match': '"e"'},
        )
        seen = reply.json()
        assert reply.status_code == 200
        assert seen['REQUEST_METHOD'] == 'POST'
        assert seen['PATH_INFO'] == '/a/b'
        assert seen['QUERY_STRING'] == 'mode=delta&empty=&mode=full'
        assert seen['CONTENT_TYPE'] == 'application/json'
        assert seen['CONTENT_LENGTH'] == '8'
        assert seen['body'] == '{"a": 1}'
        # TcEx leaves the hyphens in; the stand-in must not cure that.
        assert seen['HTTP_X-THING'] == 'x'
        assert seen['HTTP_IF-NONE-MATCH'] == '"e"'
        assert seen['user_config'] == []
        assert seen['expire_seconds'] > time.time() + 600
        assert seen['request_url'].endswith(
            '/api/services/ms_sentinel/a/b?mode=delta&empty=&mode=full'
        )

    @pytest.mark.parametrize('method', ['GET', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'DELETE'])
    def test_requests_of_every_method_are_passed_on(
        self, platform: Platform, session: requests.Session, method: str
    ) -> None:
        reply = session.request(method, f'{platform.front.url}x')
        assert reply.status_code == 200
        if method == 'HEAD':
            assert reply.content == b''
        else:
            assert reply.json()['REQUEST_METHOD'] == method

    def test_binary_bodies_pass_unchanged_both_ways(
        self, platform: Platform, session: requests.Session
    ) -> None:
        body = bytes(range(256)) * 4096
        assert session.post(f'{platform.front.url}echo', data=body).content == body

    def test_store_is_not_used_for_a_request_without_a_body(
        self, platform: Platform, session: requests.Session
    ) -> None:
        assert session.get(f'{platform.front.url}echo').content == b''

    def test_answer_without_body_ends_at_once(
        self, platform: Platform, session: requests.Session
    ) -> None:
        started_at = time.monotonic()
        reply = session.get(f'{platform.front.url}empty')
        assert (reply.status_code, reply.reason) == (204, 'No Content')
        assert 'content-length' not in reply.headers
        assert time.monotonic() - started_at < 5

    def test_repeated_response_headers_stay_apart(
        self, platform: Platform, session: requests.Session
    ) -> None:
        reply = session.get(f'{platform.front.url}cookies')
        assert reply.raw.headers.getlist('set-cookie') == ['a=1', 'b=2']

    def test_first_of_repeated_request_headers_is_kept_by_tcex(self, platform: Platform) -> None:
        connection = http.client.HTTPConnection('127.0.0.1', platform.front.port, timeout=60)
        connection.putrequest('GET', f'{platform.front.prefix}/x')
        connection.putheader('X-Twice', 'one')
        connection.putheader('X-Twice', 'two')
        connection.endheaders()
        seen = json.loads(connection.getresponse().read())
        connection.close()
        assert seen['HTTP_X-TWICE'] == 'one'

    def test_store_is_left_empty(self, platform: Platform, session: requests.Session) -> None:
        session.post(f'{platform.front.url}x', data=b'abc')
        assert platform.app.channel.stored_keys() == []

    def test_requests_in_parallel_get_their_own_answers(self, platform: Platform) -> None:
        answers: dict[int, str] = {}

        def ask(number: int) -> None:
            with requests.Session() as own:
                own.trust_env = False
                answers[number] = own.post(
                    f'{platform.front.url}echo', data=str(number).encode()
                ).text

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers == {number: str(number) for number in range(20)}

    def test_each_request_carries_the_token_made_for_it(self, tmp_path: Path) -> None:
        expires = int(time.time()) + 3_600
        tokens = iter([('token-number-one', expires), ('token-number-two', expires)])
        with make_platform(tmp_path, make_token=lambda: next(tokens)) as platform:
            platform.app.start()
            seen = [
                json.loads(platform.front.run_service('GET', '/x', []).body or b'')['api_token']
                for _ in range(2)
            ]
        assert seen == ['token-number-one', 'token-number-two']


class TestPathShapes:
    @pytest.mark.parametrize(
        ('shape', 'requested', 'path'),
        [
            (PathShape.AS_REQUESTED, '', ''),
            (PathShape.AS_REQUESTED, '/', '/'),
            (PathShape.AS_REQUESTED, '/x', '/x'),
            (PathShape.AS_REQUESTED, '/x/', '/x/'),
            (PathShape.AS_REQUESTED, '/a%20b', '/a b'),
            (PathShape.WITHOUT_LEADING_SLASH, '', ''),
            (PathShape.WITHOUT_LEADING_SLASH, '/', ''),
            (PathShape.WITHOUT_LEADING_SLASH, '/x', 'x'),
            (PathShape.WITH_TRAILING_SLASH, '', '/'),
            (PathShape.WITH_TRAILING_SLASH, '/x', '/x/'),
        ],
    )
    def test_rest_of_the_path_is_written_as_chosen(
        self,
        platform: Platform,
        options: FrontOptions,
        session: requests.Session,
        shape: PathShape,
        requested: str,
        path: str,
    ) -> None:
        platform.front.options = replace(options, path_shape=shape)
        reply = session.get(f'{platform.front.origin}{platform.front.prefix}{requested}')
        assert reply.json()['PATH_INFO'] == path

    def test_paths_outside_the_app_are_not_passed_on(
        self, platform: Platform, session: requests.Session
    ) -> None:
        for path in ('/api/services/other/x', '/api/services/ms_sentinelx', '/x'):
            assert session.get(f'{platform.front.origin}{path}').status_code == 404

    def test_root_leads_to_the_page(self, platform: Platform, session: requests.Session) -> None:
        reply = session.get(f'{platform.front.origin}/', allow_redirects=False)
        assert reply.status_code == 302
        assert reply.headers['location'] == '/api/services/ms_sentinel/'


class TestOptions:
    def test_query_values_arrive_decoded_by_default(
        self, platform: Platform, session: requests.Session
    ) -> None:
        reply = session.get(f'{platform.front.url}x?a=1%26b%3D2&c=%2B+%C3%A9%25')
        assert reply.json()['QUERY_STRING'] == 'a=1&b=2&c=+ é%'

    def test_query_and_path_arrive_raw_when_chosen(
        self, platform: Platform, options: FrontOptions, session: requests.Session
    ) -> None:
        platform.front.options = replace(options, raw=True)
        seen = session.get(f'{platform.front.url}a%20b?a=1%26b%3D2&c=%2B+%C3%A9%25').json()
        assert seen['QUERY_STRING'] == 'a=1%26b%3D2&c=%2B+%C3%A9%25'
        assert seen['PATH_INFO'] == '/a%20b'

    def test_header_names_are_lowercased_when_chosen(
        self, platform: Platform, options: FrontOptions
    ) -> None:
        headers = [('X-Thing', '1'), ('Host', 'h')]
        plain = platform.front.message('GET', '/x', headers, '198.51.100.7')
        platform.front.options = replace(options, lower_case_headers=True)
        lower = platform.front.message('GET', '/x', headers, '198.51.100.7')
        assert [header['name'] for header in plain['headers']] == ['X-Thing', 'Host']
        assert [header['name'] for header in lower['headers']] == ['x-thing', 'host']
        assert lower['remoteAddress'] == '198.51.100.7'

    def test_content_length_and_user_config_can_be_missing(
        self, platform: Platform, options: FrontOptions, session: requests.Session
    ) -> None:
        platform.front.options = replace(options, drop_content_length=True, with_user_config=False)
        seen = session.post(f'{platform.front.url}x', data=b'abc').json()
        assert 'CONTENT_LENGTH' not in seen
        assert seen['body'] == 'abc'
        assert 'userConfig' not in platform.front.message('GET', '/x', [], '')

    def test_missing_answer_is_a_504(
        self, platform: Platform, options: FrontOptions, session: requests.Session
    ) -> None:
        platform.front.options = replace(options, timeout_s=0.5)
        for path in ('raise', 'sleep'):
            reply = session.get(f'{platform.front.url}{path}')
            assert reply.status_code == 504
            assert '0.5 s' in reply.json()['message']
        assert session.get(f'{platform.front.url}x').status_code == 200
        # The answer that comes too late is not to lie in the store when another test looks there.
        channel = platform.app.channel
        until(channel.stored_keys)
        channel._bodies.flushdb()

    def test_chunked_request_body_is_refused(
        self, platform: Platform, session: requests.Session
    ) -> None:
        reply = session.post(f'{platform.front.url}x', data=iter([b'a', b'b']))
        assert reply.status_code == 411


class TestLifecycle:
    def test_heartbeat_answers_carry_the_apps_metrics(
        self, platform: Platform, session: requests.Session
    ) -> None:
        before = platform.app.heartbeat()
        session.get(f'{platform.front.url}x')
        after = platform.app.heartbeat()
        assert after['Echoes'] == 3
        assert after['Requests'] == before['Requests'] + 1
        assert platform.app.metrics[-1] == after

    def test_heartbeats_are_sent_automatically(self, tmp_path: Path) -> None:
        with make_platform(tmp_path, heartbeat_interval_s=0.1) as platform:
            platform.app.start()
            count = len(platform.app.metrics)
            until(lambda: len(platform.app.metrics) >= count + 3, timeout_s=60)

    def test_app_starts_shuts_down_and_starts_again(
        self, idle_platform: Platform, session: requests.Session
    ) -> None:
        app, front = idle_platform.app, idle_platform.front
        assert session.get(front.url).status_code == 503
        app.start()
        first = session.get(front.url).json()['pid']
        assert first == app.pid
        assert app.ready_message == {'command': 'Ready'}
        assert app.shutdown(reason='a test') == 0
        assert 'echo is done' in app.message_tc
        assert 'a test' in app.log
        assert not is_alive(first)
        assert session.get(front.url).status_code == 503
        app.restart()
        assert session.get(front.url).json()['pid'] == app.pid != first
        app.restart()
        assert session.get(front.url).status_code == 200

    def test_parameter_file_is_gone_after_the_start(self, idle_platform: Platform) -> None:
        idle_platform.app.start()
        assert list(idle_platform.app.folders.in_.iterdir()) == []

    def test_terminate_and_kill_give_their_exit_codes(self, idle_platform: Platform) -> None:
        app = idle_platform.app
        app.start()
        assert app.terminate() == 1
        assert not app.is_serving
        app.start()
        assert app.kill() == -signal.SIGKILL
        assert app.message_tc == ''
        app.start()
        assert app.is_serving

    def test_logging_change_reaches_the_app(self, idle_platform: Platform) -> None:
        app = idle_platform.app
        app.start()
        app.logging_change('error')
        until(lambda: 'event=logging-change' in app.log)
        # The level changes after that line, and a heartbeat is answered before its own.
        until(lambda: is_silent(app))
        length = len(app.log)
        app.heartbeat()
        assert len(app.log) == length

    def test_exit_at_the_start_is_reported_with_its_reason(self, idle_platform: Platform) -> None:
        idle_platform.app.inputs['fail_at_start'] = 'yes'
        with pytest.raises(AppEndedError, match='the input fail_at_start is set'):
            idle_platform.app.start()
        assert idle_platform.app.exit_code == 1
        assert 'fail_at_start' in idle_platform.app.message_tc

    def test_request_under_way_when_the_app_ends_is_refused(
        self, tmp_path: Path, session: requests.Session
    ) -> None:
        codes: list[int] = []
        with make_platform(tmp_path, on_end=codes.append) as platform:
            platform.app.start()
            reply = session.get(f'{platform.front.url}exit')
            assert reply.status_code == 502
            assert platform.app.wait(PATIENCE_S) == 7
            with pytest.raises(NoAnswerError):
                platform.app.request({'apiToken': 't'}, timeout_s=0.2)
        assert codes == [7]

    def test_message_that_is_not_json_is_survived(self, idle_platform: Platform) -> None:
        idle_platform.app.start()
        idle_platform.app.channel.publish('{not json')
        assert idle_platform.app.heartbeat()['Echoes'] == 3

    def test_exit_of_the_context_stops_everything(self, tmp_path: Path) -> None:
        before = set(threading.enumerate())
        with make_platform(tmp_path) as platform:
            platform.app.start()
            pid, port = platform.app.pid, platform.front.port
        assert platform.app.exit_code == 0
        assert not is_alive(pid)
        assert free_port(port) == port
        until(lambda: not set(threading.enumerate()) - before, timeout_s=60)

    def test_failure_at_the_start_leaves_nothing_running(self, tmp_path: Path) -> None:
        pids: list[int] = []

        def fail_half_way() -> None:
            with make_platform(tmp_path) as platform:
                platform.app.launch()
                pids.append(platform.app.pid)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail_half_way()
        assert not is_alive(pids[0])

    @pytest.mark.parametrize('services', ['embedded', 'real'])
    def test_processes_do_not_outlive_a_killed_parent(self, tmp_path: Path, services: str) -> None:
        needs_programs(services)
        script = textwrap.dedent(
            f"""
            import time
            from pathlib import Path
            from tests.simulators.test_platform import make_platform
            with make_platform(Path({str(tmp_path / 'state')!r}), {services!r}) as platform:
                platform.app.start()
                guarded = [process.pid for process in platform.children._alive]
                print(*guarded, platform.children._guard.pid, flush=True)
                time.sleep(60)
            """
        )
        with subprocess.Popen(
            [sys.executable, '-c', script], cwd=PROJECT, stdout=subprocess.PIPE, text=True
        ) as parent:
            try:
                assert parent.stdout is not None
                pids = [int(word) for word in parent.stdout.readline().split()]
            finally:
                parent.kill()
        assert len(pids) == (2 if services == 'embedded' else 4)
        until(lambda: not any(map(is_alive, pids)), timeout_s=60)


class TestBroker:
    def test_app_answers_again_after_the_broker_was_away(self, tmp_path: Path) -> None:
        # TcEx waits at least 15 s before it connects again.
        with make_platform(tmp_path) as platform:
            platform.app.start()
            platform.broker.stop()
            time.sleep(0.5)
            platform.broker.start()
            deadline = time.monotonic() + PATIENCE_S
            answered = False
            while not answered and time.monotonic() < deadline:
                try:
                    answered = platform.app.heartbeat(timeout_s=1)['Echoes'] == 3
                except AppEndedError:
                    assert platform.app.exit_code is None
            assert answered


class TestParameters:
    def test_tcex_reads_what_is_written(self, tmp_path: Path) -> None:
        # The package and the way TcEx reads the file; tcex itself cannot be imported here, where
        # warnings are errors. That it reads them is shown by every start of the echo App.
        import pyaes

        for characters in (16, 24, 32):
            key = 'k' * characters
            for text in ('', 'x' * 15, 'x' * 16, '{"name": "Zoë"}'):
                mode = pyaes.AESModeOfOperationCBC(key.encode(), iv=bytes(16))
                reader = pyaes.Decrypter(mode)
                assert (reader.feed(encrypt(text, key)) + reader.feed()).decode() == text
                assert decrypt(encrypt(text, key), key) == text

    def test_file_is_readable_by_its_owner_alone(self, tmp_path: Path) -> None:
        key = new_key()
        path = tmp_path / 'parameters'
        write_parameters(path, {'name': 'value', 'nothing': None}, key)
        assert path.stat().st_mode & 0o777 == 0o600
        assert b'value' not in path.read_bytes()
        assert json.loads(decrypt(path.read_bytes(), key)) == {'name': 'value', 'nothing': None}
        assert len(key) == 32


class TestChildren:
    def test_child_that_ignores_sigterm_is_killed(self, tmp_path: Path) -> None:
        children = Children()
        script = 'import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True)'
        log = tmp_path / 'log'
        process = children.start(
            [sys.executable, '-c', f'{script}; time.sleep(60)'],
            cwd=tmp_path,
            environment=dict(os.environ),
            log=log,
        )
        while not log.read_text():
            time.sleep(0.02)
        assert children.end(process, timeout_s=0.2) == -signal.SIGKILL
        children.close()

    def test_services_come_from_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv('STAND_IN_SERVICES', raising=False)
        assert Services.chosen() is Services.EMBEDDED
        monkeypatch.setenv('STAND_IN_SERVICES', 'real')
        assert Services.chosen() is Services.REAL
        monkeypatch.setenv('STAND_IN_SERVICES', 'none')
        with pytest.raises(ValueError, match='none'):
            Services.chosen()
