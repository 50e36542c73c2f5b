"""The service class with the real framework: inputs, sessions, log, messages, start and end."""

from __future__ import annotations

import errno
import logging
import os
import re
import stat
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import requests
import responses

from sentinel_app.clock import SystemClock
from sentinel_app.config.settings import LABELS, SECRET_INPUTS, Settings
from sentinel_app.errors import GOES_ON, FatalError, RetryableError, StorageError
from sentinel_app.threatconnect.whoami import WhoAmIClient
from tests.config.test_settings import GOOD, MARKER
from tests.harness import tcex_stage
from tests.harness.project import PROJECT
from tests.harness.running import assert_settled_in_time
from tests.harness.tcex_stage import Broker, TcEx, registry, run_service
from tests.harness.waiting import PATIENCE_S, until

pytestmark = [
    pytest.mark.integration,
    # TcEx 5.0.0 builds its models in a way that pydantic 2.14 calls deprecated.
    pytest.mark.filterwarnings('ignore:The .field_name. argument:DeprecationWarning'),
]

API = 'https://127.0.0.1:9/api'


class FakeContainer:
    """Records what the App does with it."""

    def __init__(self, settings: Settings, platform: Any) -> None:
        self.settings = settings
        self.platform = platform
        self.calls: list[str] = []
        self.start_error: Exception | None = None
        self.stop_error: Exception | None = None

    @property
    def lifecycle(self) -> FakeContainer:
        return self

    def wsgi(self, environ: dict[str, Any], start: Callable[..., object]) -> Iterable[bytes]:
        self.calls.append(environ['PATH_INFO'])
        start('200 OK', [])
        return [b'served']

    def start(self) -> None:
        self.calls.append('start')
        if self.start_error:
            raise self.start_error

    def check(self) -> None:
        self.calls.append('check')

    def stop(self, timeout_s: float) -> None:
        assert 0 < timeout_s < 4
        self.calls.append('stop')
        if self.stop_error:
            raise self.stop_error

    def metrics(self) -> dict[str, int]:
        return {'Objects in Sentinel': 12}


class Stage:
    """One App with its framework, in a folder of its own."""

    def __init__(self, module: ModuleType, tcex: TcEx, folder: Path) -> None:
        self.module = module
        self.tcex: Any = tcex
        self.folder = folder
        self.built: list[FakeContainer] = []
        self.prepare: Callable[[FakeContainer], None] = lambda _container: None
        module.build_container = self.build  # type: ignore[attr-defined]
        module.prepare_logging()
        self.app = module.App(tcex)

    def build(self, settings: Settings, platform: Any) -> FakeContainer:
        container = FakeContainer(settings, platform)
        self.built.append(container)
        self.prepare(container)
        return container

    @property
    def message(self) -> str:
        text = (self.folder / 'out' / 'message.tc').read_text()
        assert len(text) <= 255
        return text.rstrip('\n')

    @property
    def log(self) -> str:
        return (self.folder / 'log' / 'app.log').read_text()

    def fails(self) -> str:
        """Start the App, which must end with code 1; gives the exit message."""
        with pytest.raises(SystemExit) as end:
            self.app.setup()
        assert end.value.code == 1
        assert self.message in self.log
        return self.message

    def left_behind(self) -> str:
        """Everything in the files that the run left."""
        files = [path for path in self.folder.rglob('*') if path.is_file()]
        return '\n'.join(path.read_text(errors='replace') for path in files)


Make = Callable[..., Stage]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Makes an App from the good inputs and changes to them."""
    monkeypatch.chdir(PROJECT)
    monkeypatch.syspath_prepend(str(PROJECT))
    import app as module

    monkeypatch.setattr(module, 'build_container', None)
    open_stages: list[Any] = []

    def start(**changes: object) -> Stage:
        context = tcex_stage.framework(tcex_stage.inputs(tmp_path, **{**GOOD, **changes}))
        tcex = context.__enter__()
        open_stages.append(context)
        return Stage(module, tcex, tmp_path)

    yield start
    for context in open_stages:
        context.__exit__(None, None, None)


def test_valid_start_builds_and_starts_the_container(make: Make) -> None:
    stage = make()
    stage.app.setup()
    (container,) = stage.built
    assert container.calls == ['start']
    assert container.settings.client_id == GOOD['client_id']
    assert 'event=app-started version=2.0.0' in stage.log
    stage.app.settle()
    stage.app.settle()
    assert container.calls == ['start', 'stop']


def test_data_folder_is_readable_by_its_owner_alone(make: Make, tmp_path: Path) -> None:
    stage = make()
    stage.app.setup()
    folder = stage.built[0].platform.data_dir
    assert folder == tmp_path / 'out' / 'ms_sentinel'
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize(('bundle', 'verify'), [('', True), ('/some/ca.pem', '/some/ca.pem')])
def test_certificates_are_always_verified_and_proxies_come_from_the_inputs(
    make: Make, monkeypatch: pytest.MonkeyPatch, bundle: str, verify: bool | str
) -> None:
    monkeypatch.delenv('CURL_CA_BUNDLE', raising=False)
    monkeypatch.setenv('REQUESTS_CA_BUNDLE', bundle)
    stage = make(tc_verify='false')
    stage.app.setup()
    session = stage.built[0].platform.threatconnect_session
    assert (session.verify, session.trust_env) == (verify, False)


def test_session_signs_and_neither_retries_nor_keeps_cookies(make: Make) -> None:
    stage = make()
    stage.app.setup()
    session = stage.built[0].platform.threatconnect_session
    for scheme in ('https://', 'http://'):
        assert session.get_adapter(scheme + 'x').max_retries.total == 0
    with responses.RequestsMock() as network:
        network.get(f'{API}/v3/x', json={}, headers={'Set-Cookie': 'JSESSIONID=1; Path=/'})
        network.get(f'{API}/v3/x', status=503, headers={'Retry-After': '600'})
        started = time.monotonic()
        session.get('/v3/x')
        assert session.get('/v3/x').status_code == 503
        assert time.monotonic() - started < PATIENCE_S
        calls = list(network.calls)
    for call in calls:
        access_id = GOOD['threatconnect_access_id']
        assert call.request.headers['Authorization'].startswith(f'TC {access_id}:')
        assert 'Cookie' not in call.request.headers
        assert 'Microsoft Sentinel/2.0.0' in call.request.headers['User-Agent']


@pytest.mark.parametrize(
    ('external', 'expected'),
    [('true', {'https': 'http://bob:p%40ss-word-of-proxy@proxy.example.com:3128'}), ('false', {})],
)
def test_microsoft_is_reached_through_the_proxy_for_external_hosts(
    make: Make, external: str, expected: dict[str, str]
) -> None:
    stage = make(
        tc_proxy_host='proxy.example.com',
        tc_proxy_port='3128',
        tc_proxy_username='bob',
        tc_proxy_password='p@ss-word-of-proxy',
        tc_proxy_external=external,
        tc_proxy_tc='false',
    )
    stage.app.setup()
    proxies = stage.built[0].platform.microsoft_proxies
    assert proxies.get('https') == expected.get('https')
    assert not stage.built[0].platform.threatconnect_session.proxies


# Inputs


@responses.activate
def test_secrets_may_be_keychain_variables_and_texts_text_variables(
    make: Make,
) -> None:
    changes: dict[str, object] = {}
    for name in GOOD:
        key = str(uuid.uuid4())
        kind = 'KEYCHAIN' if name in SECRET_INPUTS else 'TEXT'
        changes[name] = f'&{{TC:{kind}:{key}}}'
        url = f'{API}/internal/variable/runtime/TC/{key}'
        responses.get(url, json={'data': GOOD[name]})
    stage = make(**changes, tc_token='token-of-the-start', tc_token_expires='1990000000')
    stage.app.setup()
    settings = stage.built[0].settings
    assert settings.client_secret.value == GOOD['client_secret']
    assert settings.threatconnect_secret_key.value == GOOD['threatconnect_secret_key']
    assert settings.workspace_id == GOOD['workspace_id']
    assert MARKER not in stage.left_behind()


@responses.activate
@pytest.mark.parametrize('status', [401, 404, 200])
def test_unresolvable_variable_is_reported_with_its_input(make: Make, status: int) -> None:
    key = str(uuid.uuid4())
    url = f'{API}/internal/variable/runtime/TC/{key}'
    responses.get(url, status=status, body='no json')
    message = make(client_secret=f'&{{TC:KEYCHAIN:{key}}}').fails()
    assert message.startswith('Client Secret (client_secret): ThreatConnect did not give the value')


@responses.activate
def test_keychain_variable_inside_other_text_is_reported(make: Make) -> None:
    key = str(uuid.uuid4())
    url = f'{API}/internal/variable/runtime/TC/{key}'
    responses.get(url, json={'data': MARKER})
    message = make(client_secret=f'prefix &{{TC:KEYCHAIN:{key}}}').fails()
    assert 'Client Secret (client_secret)' in message
    assert 'stands alone in the input' in message


def test_unreachable_platform_at_the_start_is_reported(make: Make) -> None:
    message = make(client_secret=f'&{{TC:KEYCHAIN:{uuid.uuid4()}}}').fails()
    assert 'Client Secret (client_secret)' in message


@pytest.mark.parametrize('name', [name for name in LABELS if name not in GOOD])
def test_optional_input_may_be_empty(make: Make, name: str) -> None:
    stage = make(**{name: ''})
    stage.app.setup()
    assert stage.built[0].calls == ['start']


@pytest.mark.parametrize('name', sorted(GOOD))
def test_missing_inputs_are_one_clear_message_each(make: Make, name: str) -> None:
    stage = make(**{name: ''})
    message = stage.fails()
    assert message.startswith(f'{LABELS[name]} ({name}): is missing')
    assert stage.built == []


def test_first_of_several_problems_is_shown_in_full_and_the_rest_logged(make: Make) -> None:
    stage = make(
        client_secret='9c2d7d5e-4d8a-4a53-8e0f-1b6f6f5e2a11', max_tlp='x', retention_days='0'
    )
    message = stage.fails()
    assert message.startswith('Client Secret (client_secret): is a GUID')
    assert message.endswith(' (2 more; the log has all.)')
    assert stage.log.count('event=input-invalid') == 3
    assert 'Highest TLP to Send (max_tlp)' in stage.log


def test_several_entries_of_never_send_arrive_as_the_framework_splits_them(make: Make) -> None:
    stage = make(never_send='10.0.0.0/8|example.com|private')
    stage.app.setup()
    never_send = stage.built[0].settings.never_send
    assert never_send.is_private
    assert len(never_send.networks) == len(never_send.domains) == 1


# Failing starts


def test_error_of_the_app_ends_the_start_with_its_message(make: Make) -> None:
    stage = make()

    def prepare(container: FakeContainer) -> None:
        container.start_error = StorageError('The disk is full.')

    stage.prepare = prepare
    assert stage.fails() == 'The disk is full. (RUN-DISK)'
    assert stage.built[0].calls == ['start', 'stop']


def test_startup_error_omits_the_promise_that_it_passes_by_itself(
    make: Make,
) -> None:
    stage = make()

    def prepare(container: FakeContainer) -> None:
        container.start_error = StorageError(f'The disk is full. Make room; {GOES_ON}')

    stage.prepare = prepare
    message = stage.fails()
    assert message == 'The disk is full. Make room; then start the Service again. (RUN-DISK)'
    assert GOES_ON not in stage.log


@pytest.mark.parametrize('is_reserve_enough', [True, False])
def test_exit_succeeds_even_if_the_disk_refuses_its_message(
    make: Make,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    is_reserve_enough: bool,
) -> None:
    stage = make()
    stage.app.setup()
    reserve = stage.folder / 'out' / 'ms_sentinel' / 'reserve'
    assert reserve.stat().st_size == 65_536
    write = stage.tcex.exit._message_tc

    def write_where_there_is_room(message: str) -> None:
        if reserve.exists() or not is_reserve_enough:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(message)

    monkeypatch.setattr(stage.tcex.exit, '_message_tc', write_where_there_is_room)
    with pytest.raises(SystemExit) as end:
        stage.app.leave()
    assert end.value.code == 0
    assert not reserve.exists()
    if is_reserve_enough:
        assert stage.message == 'Microsoft Sentinel has stopped.'
    else:
        assert capsys.readouterr().err == 'Microsoft Sentinel has stopped.\n'


def test_data_folder_that_cannot_be_made_is_reported(make: Make) -> None:
    stage = make()
    (stage.folder / 'out' / 'ms_sentinel').write_text('in the way')
    message = stage.fails()
    assert message.startswith('The data folder ')
    assert message.endswith('(RUN-DISK)')


def test_unexpected_error_ends_the_start_with_a_message_without_secrets(make: Make) -> None:
    stage = make()

    def prepare(_container: FakeContainer) -> None:
        raise ValueError(f'it was {MARKER}\nso there')

    stage.prepare = prepare
    assert stage.fails() == 'The App could not start. ValueError: it was *** so there'
    assert 'event=start-failed' in stage.log
    assert MARKER not in stage.left_behind()


def test_failing_stop_does_not_delay_the_exit(make: Make) -> None:
    stage = make()
    stage.app.setup()
    stage.built[0].stop_error = ValueError('stop')
    stage.app.settle()
    assert 'event=stop-failed' in stage.log


# Serving


def served(stage: Stage) -> tuple[Broker, threading.Thread]:
    """The App serving in a thread, with a broker that accepts the connection."""
    broker = Broker(stage.tcex.app.service)
    broker.client.loop_start = lambda: setattr(
        stage.tcex.app.service.message_broker, '_connected', True
    )
    thread = threading.Thread(target=stage.app.serve, daemon=True)
    thread.start()
    deadline = time.monotonic() + PATIENCE_S
    while not broker.commands('Ready') and time.monotonic() < deadline:
        time.sleep(0.02)
    assert broker.commands('Ready') == [{'command': 'Ready'}]
    return broker, thread


def test_shutdown_settles_within_five_seconds_and_ends_with_success(make: Make) -> None:
    stage = make()
    stage.app.setup()
    broker, thread = served(stage)
    message = run_service('/x')
    broker.send(message)
    assert broker.wait_for(message['requestKey']) is not None
    broker.send({'command': 'Heartbeat'})
    broker.send({'command': 'Shutdown'})
    thread.join(PATIENCE_S)
    assert not thread.is_alive()
    assert_settled_in_time(stage.log)
    # A request may come before the check, which begins once the platform has been told.
    first, *between, last = stage.built[0].calls
    assert (first, sorted(between), last) == ('start', ['/x', 'check'], 'stop')
    assert broker.disconnected
    assert broker.commands('Heartbeat')[0]['metric']['Objects in Sentinel'] == 12
    with pytest.raises(SystemExit) as end:
        stage.app.leave()
    assert end.value.code == 0
    assert stage.message == 'Microsoft Sentinel has stopped.'


def test_figures_after_the_end_are_none_and_no_error(make: Make) -> None:
    stage = make()
    stage.app.setup()
    stage.app.settle()
    Broker(stage.tcex.app.service)
    stage.tcex.app.service.process_heartbeat_command({})
    assert 'metrics-failed' not in stage.log


def test_missing_heartbeat_ends_with_a_message(make: Make) -> None:
    stage = make()
    stage.app.setup()
    _broker, thread = served(stage)
    stage.tcex.app.service.process_shutdown_command({'reason': 'Missed heartbeat commands.'})
    thread.join(PATIENCE_S)
    with pytest.raises(SystemExit) as end:
        stage.app.leave()
    assert end.value.code == 1
    assert 'ThreatConnect sent no heartbeat for 20 s' in stage.message


@pytest.mark.filterwarnings('ignore::pytest.PytestUnhandledThreadExceptionWarning')
def test_broker_that_cannot_be_reached_ends_with_a_message(make: Make) -> None:
    stage = make()
    stage.app.setup()
    stage.app.serve()
    with pytest.raises(SystemExit) as end:
        stage.app.leave()
    assert end.value.code == 1
    assert stage.message.startswith('The message broker at 127.0.0.1:9 did not accept')
    # The framework goes on trying, in a process that would be gone by now.
    broker = registry.app.service.message_broker

    def listens() -> bool:
        thread = broker.client._thread
        return thread is not None and thread.is_alive()

    until(listens, 'the framework does not begin to listen')
    broker._connected = True
    broker.client.loop_stop()


def test_thread_that_dies_is_in_the_log(make: Make) -> None:
    stage = make()
    stage.app.setup()

    hook = threading.excepthook
    hook(
        SimpleNamespace(  # type: ignore[arg-type]
            exc_type=ValueError,
            exc_value=ValueError(f'died of {MARKER}'),
            exc_traceback=None,
            thread=threading.current_thread(),
        )
    )
    hook(
        SimpleNamespace(  # type: ignore[arg-type]
            exc_type=SystemExit, exc_value=SystemExit(1), exc_traceback=None, thread=None
        )
    )
    assert stage.log.count('event=thread-died') == 1
    assert MARKER not in stage.log


def test_framework_log_line_names_its_place_without_reading_the_sources(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = make(tc_log_level='trace')
    monkeypatch.setattr(tcex_stage.TraceLogger, 'findCaller', tcex_stage.frameworks_find_caller)
    monkeypatch.setattr('tcex.logger.trace_logger.stack', None)
    with pytest.raises(TypeError, match='NoneType'):
        tcex_stage.TraceLogger('as the framework makes it').error('a line')
    for level in ('trace', 'debug', 'error'):
        getattr(stage.tcex.log, level)('a line at %s', level)
    stage.tcex.log.log(logging.ERROR, 'a line at %s', 'log')
    here = 'test_framework_log_line_names_its_place_without_reading_the_sources'
    found = re.findall(r'a line at (\w+) \(([\w.]+):(\w+):', stage.log)
    assert found == [(level, 'test_app.py', here) for level in ('trace', 'debug', 'error', 'log')]


# Who asks


def whoami_of(stage: Stage) -> WhoAmIClient:
    platform = stage.built[0].platform
    assert platform.token_session is not None
    return WhoAmIClient(platform.token_session, clock=SystemClock(), redactor=platform.redactor)


def test_whoami_asks_with_the_callers_token_alone(make: Make) -> None:
    stage = make()
    stage.app.setup()
    whoami = whoami_of(stage)
    with responses.RequestsMock() as network:
        network.get(f'{API}/v2/whoami', json={'data': {'user': {'userName': 'ann'}}})
        assert whoami('callers-token') == {'data': {'user': {'userName': 'ann'}}}
        headers = network.calls[0].request.headers
    assert headers['Authorization'] == 'TC-Token callers-token'


@pytest.mark.parametrize(
    ('reply', 'error'),
    [
        ({'status': 401}, FatalError),
        ({'status': 403}, FatalError),
        ({'status': 500}, RetryableError),
        ({'body': 'no json'}, RetryableError),
        ({'body': requests.ConnectionError('down')}, RetryableError),
    ],
)
def test_whoami_fails_with_errors_of_the_app(
    make: Make, reply: dict[str, Any], error: type[Exception]
) -> None:
    stage = make()
    stage.app.setup()
    with responses.RequestsMock() as network:
        network.get(f'{API}/v2/whoami', **reply)
        with pytest.raises(error):
            whoami_of(stage)('callers-token')
    assert 'callers-token' not in stage.left_behind()


# Log


def test_log_lines_of_app_and_framework_are_in_one_file_without_secrets(make: Make) -> None:
    stage = make(
        tc_log_level='trace', tc_token='start-token-of-the-app', tc_token_expires='1990000000'
    )
    stage.app.setup()
    broker, thread = served(stage)
    for secret in (MARKER, str(GOOD['threatconnect_secret_key']), 'start-token-of-the-app'):
        logging.getLogger('sentinel_app.x').warning('event=leak text=%s', secret)
        logging.getLogger('tcex').warning('leak %s', secret)
    headers = [{'name': 'Cookie', 'value': 'JSESSIONID=planted'}]
    message = run_service('/x', headers=headers, apiToken='planted-token')
    broker.send(message)
    assert broker.wait_for(message['requestKey']) is not None
    broker.send({'command': 'Shutdown'})
    thread.join(PATIENCE_S)
    left = stage.left_behind()
    for secret in (MARKER, 'start-token-of-the-app', 'planted'):
        assert secret not in left
    assert left.count('leak') == 6
    assert 'sentinel_app.x' in left


# The process


def python(code: str, timeout_s: float = PATIENCE_S) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, '-c', code],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


def test_lingering_thread_does_not_keep_the_process_alive() -> None:
    result = python(
        'import run, threading, time\n'
        'def launch(self):\n'
        '    threading.Thread(target=time.sleep, args=(600,)).start()\n'
        '    raise SystemExit(3)\n'
        'run.Run.launch = launch\n'
        'run.main()\n',
        timeout_s=60,
    )
    assert result.returncode == 3


def test_error_outside_the_app_is_shown_and_exits_with_1() -> None:
    result = python('import run\nrun.Run.launch = lambda self: 1 / 0\nrun.main()\n')
    assert result.returncode == 1
    assert 'ZeroDivisionError' in result.stderr


def test_work_under_way_is_settled_whatever_ends_the_serving() -> None:
    result = python(
        'import run, sys, types\n'
        'class App:\n'
        '    def __init__(self, tcex): pass\n'
        '    def setup(self): print("setup")\n'
        '    def serve(self): raise SystemExit(1)\n'
        '    def settle(self): print("settle")\n'
        '    def leave(self): print("leave")\n'
        'prepare = lambda: print("prepare")\n'
        'sys.modules["app"] = types.SimpleNamespace(App=App, prepare_logging=prepare)\n'
        'sys.modules["tcex"] = types.SimpleNamespace(TcEx=lambda: print("framework"))\n'
        'run.main()\n'
    )
    # The framework logs as it is created, each line for 20 ms if nothing was prepared.
    steps = ['prepare', 'framework', 'setup', 'settle']
    assert (result.returncode, result.stdout.split()) == (1, steps)


@pytest.mark.parametrize('name', ['SIGTERM', 'SIGINT', 'SIGHUP'])
def test_signal_waits_until_the_framework_is_complete(name: str) -> None:
    result = python(
        'import os, run, signal, sys, types\n'
        'class TcEx:\n'
        '    def __init__(self):\n'
        f'        signal.signal(signal.{name}, self.end)\n'
        f'        os.kill(os.getpid(), signal.{name})\n'
        '        self.word = "complete"\n'
        '    def end(self, *_):\n'
        '        print(self.word)\n'
        '        raise SystemExit(1)\n'
        'sys.modules["app"] = types.SimpleNamespace(App=None, prepare_logging=lambda: None)\n'
        'sys.modules["tcex"] = types.SimpleNamespace(TcEx=TcEx)\n'
        'run.main()\n'
    )
    assert (result.returncode, result.stdout, result.stderr) == (1, 'complete\n', '')


def test_run_module_imports_without_any_dependency() -> None:
    result = python(
        'import sys\nimport run\nprint(sorted({"tcex", "falcon", "app"} & set(sys.modules)))'
    )
    assert result.stdout.strip() == '[]'


def test_bundled_dependencies_come_first_and_may_be_missing(tmp_path: Path) -> None:
    from app_lib import add_bundled_dependencies

    before = sys.path[:]
    try:
        assert add_bundled_dependencies(tmp_path) is None
        assert sys.path == before
        (tmp_path / 'deps').mkdir()
        for _ in range(2):
            assert add_bundled_dependencies(tmp_path) == tmp_path / 'deps'
        assert sys.path == [str(tmp_path / 'deps'), *before]
    finally:
        sys.path[:] = before
