"""`tcex run` with each profile, as `tcex.d/README.md` says, against the stand-ins."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests

import sentinel_app
from tests.packaging.conftest import PROJECT
from tests.simulators.entra import CLIENT_SECRET
from tests.simulators.platform.channel import Channel, Message
from tests.simulators.platform.process import free_port
from tests.simulators.tcex_run import in_profile
from tests.simulators.test_make_run import start
from tests.simulators.threatconnect import SECRET_KEY

pytestmark = [pytest.mark.slow, pytest.mark.integration, pytest.mark.timeout(240)]

README = (PROJECT / 'tcex.d' / 'README.md').read_text(encoding='utf-8')
COMMANDS = re.findall(r'^```sh\n(.*?)^```', README, re.MULTILINE | re.DOTALL)
PROFILES = sorted(file.stem for file in (PROJECT / 'tcex.d' / 'profiles').glob('*.json'))
READY_WITHIN_S = 120
ENDED_WITHIN_S = 30
TOPIC = 'tcex-app-testing-{}-topic'
PAGE = PROJECT / 'ui' / 'dist' / 'index.html'


@pytest.fixture(scope='module')
def stand_ins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What `make stand-ins` starts; gives the file that it writes for a shell."""
    folder = tmp_path_factory.mktemp('stand-ins')
    with start(folder, '--without-app') as run:
        said = run.expect('Press Ctrl-C to stop.')
        assert 'Start it in another terminal' in said
        yield folder / 'state' / 'stand-ins.env'
        run.process.send_signal(signal.SIGINT)
        assert run.end() == 0, run.output
        assert 'Traceback' not in run.output


@dataclass(kw_only=True)
class Local:
    """One `tcex run` and the line on which it is told things."""

    url: str
    process: subprocess.Popen[str]
    output: Path
    log: Path
    channel: Channel = field(init=False)
    heard: threading.Event = field(default_factory=threading.Event)

    def hear(self, message: Message) -> None:
        if message.get('command') == 'Heartbeat':
            self.heard.set()

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_WITHIN_S
        while True:
            self.channel.publish({'command': 'Heartbeat'})
            if self.heard.wait(0.25):
                return
            assert self.process.poll() is None, self.output.read_text()
            assert time.monotonic() < deadline, self.output.read_text()

    def exit_code(self, timeout_s: float = ENDED_WITHIN_S) -> int:
        """Wait for the end of the process.

        Raises:
            AssertionError: it does not come in time; with what was said, and where each thread is.
        """
        try:
            return self.process.wait(timeout_s)
        except subprocess.TimeoutExpired as error:
            self.process.send_signal(signal.SIGABRT)
            self.process.wait(timeout_s)
            raise AssertionError(f'{self.output.read_text()}\n{self.log.read_text()}') from error

    def get(self, path: str) -> requests.Response:
        return requests.get(f'{self.url}/{path}', timeout=60)


@contextmanager
def tcex_run(command: str, file: Path, folder: Path) -> Iterator[Local]:
    """Run the command of the README in a shell, with free ports and folders of its own."""
    port = free_port()
    paths = {f'TC_{name}_PATH': str(folder / name.lower()) for name in ('IN', 'OUT', 'LOG', 'TEMP')}
    for path in paths.values():
        Path(path).mkdir()
    read, _, run = command.partition('\n')
    # Of a process that does not end, the threads are shown.
    given = {**paths, 'API_SERVICE_PORT': str(port), 'PYTHONFAULTHANDLER': '1'}
    script = '\n'.join([read, *(f'export {n}={v}' for n, v in given.items()), f'exec {run}'])
    output = folder / 'output'
    with (
        output.open('w') as said,
        subprocess.Popen(
            ['bash', '-c', script],
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process,
    ):
        local = Local(
            url=f'http://localhost:{port}',
            process=process,
            output=output,
            log=folder / 'log' / 'app.log',
        )
        ports = dict(re.findall(r'^TC_(\w+)_PORT=(\d+)$', file.read_text(), re.MULTILINE))
        local.channel = Channel(
            broker_port=int(ports['SVC_BROKER']),
            kvstore_port=int(ports['KVSTORE']),
            server_topic=TOPIC.format('server'),
            client_topic=TOPIC.format('client'),
            on_message=local.hear,
        )
        try:
            local.channel.connect()
            yield local
        finally:
            local.channel.close()
            process.kill()


def sandbox_of(stand_ins: Path, folder: Path) -> Path:
    """A file `.env` that takes the stand-ins for a sandbox."""
    file = folder / 'env'
    text = stand_ins.read_text()
    file.write_text(f'{text.replace("STAND_IN_", "SANDBOX_")}SANDBOX_AZURE_CLOUD=Public\n')
    return file


def test_commands_exist_for_the_stand_ins_and_each_kind_of_profile() -> None:
    stand_ins, offline, sandbox = COMMANDS
    assert stand_ins == 'make stand-ins\n'
    recipe = r'^stand-ins: .*\n\t@exec \$\(PY\) -m tests\.simulators --without-app$'
    assert re.search(recipe, (PROJECT / 'Makefile').read_text(), re.MULTILINE)
    assert offline.splitlines()[0] == 'set -a; . .run/stand-ins.env; set +a'
    assert sandbox.splitlines()[0] == 'set -a; . ./.env; set +a'
    assert PROFILES == ['keychain', 'offline', 'sandbox']


@pytest.mark.parametrize('profile', PROFILES)
def test_page_and_api_answer_on_its_port_until_it_is_stopped(
    profile: str, stand_ins: Path, tmp_path: Path
) -> None:
    _, offline, sandbox = COMMANDS
    if profile == 'sandbox':
        file = sandbox_of(stand_ins, tmp_path)
        command = sandbox.replace('./.env', str(file))
    else:
        file = stand_ins
        command = offline.replace('.run/stand-ins.env', str(file)).replace('offline', profile)
    with tcex_run(command, file, tmp_path) as local:
        local.wait_until_ready()
        page = local.get('')
        if PAGE.is_file():
            assert page.status_code == 200
            assert page.content == PAGE.read_bytes()
            (script,) = re.findall(r'src="\./(assets/[^"]+\.js)"', page.text)
            assert local.get(script).content == (PAGE.parent / script).read_bytes()
        health = local.get('api/health')
        assert health.status_code == 200
        assert health.json()['version'] == sentinel_app.__version__
        checked = requests.post(f'{local.url}/api/health/check', json={}, timeout=60)
        assert checked.status_code == 200, checked.text
        found = {each['name']: each['status'] for each in checked.json()['checks']}
        assert found['sign-in'] == found['token'] == found['workspace'] == 'ok', found
        assert local.get('_tcex/').status_code == 200
        local.channel.publish({'command': 'Shutdown'})
        assert local.exit_code() == 0, local.output.read_text()
    said = local.output.read_text() + local.log.read_text()
    for secret in (CLIENT_SECRET, SECRET_KEY):
        assert secret not in said
        assert in_profile(secret) not in said
    assert 'event=service-settled' in said


def test_undefined_name_is_reported(stand_ins: Path, tmp_path: Path) -> None:
    command = COMMANDS[2].replace('./.env', str(stand_ins))
    with tcex_run(command, stand_ins, tmp_path) as local:
        assert local.exit_code(ENDED_WITHIN_S * 2) == 1
    assert 'SANDBOX_CLIENT_SECRET' in local.output.read_text()


def test_value_is_escaped_for_its_placeholder() -> None:
    for value in ('plain', 'a "quoted" one', 'back\\slash', 'two\nlines', '\\"\\\\1'):
        # As tcex run does it.
        text = re.sub(re.escape('${env.X}'), in_profile(value), '"${env.X}"')
        assert json.loads(text) == value
