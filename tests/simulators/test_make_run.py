"""The driver behind `make run`, with an App that only pretends to update."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.harness.waiting import PATIENCE_S
from tests.simulators.platform.instance import PROJECT
from tests.simulators.platform.process import free_port, is_alive

APP = Path(__file__).parent / 'pretend_app'
TIMEOUT_S = 60

pytestmark = pytest.mark.integration


class Run:
    """One `python -m tests.simulators` whose output can be waited for."""

    def __init__(self, process: subprocess.Popen[str], output: Path) -> None:
        self.process = process
        self._output = output

    @property
    def output(self) -> str:
        return self._output.read_text()

    def expect(self, text: str) -> str:
        """Wait until the output holds a text, and return the output."""
        deadline = time.monotonic() + TIMEOUT_S
        while text not in self.output:
            assert time.monotonic() < deadline, self.output
            assert self.process.poll() is None or text in self.output, self.output
            time.sleep(0.05)
        return self.output

    def end(self) -> int:
        return self.process.wait(TIMEOUT_S)

    def app_pid(self) -> int:
        """Number of the App's process, from its log."""
        log = (self._output.parent / 'state' / 'app' / 'log' / 'app.log').read_text()
        return int(re.findall(r'pid=(\d+)', log)[-1])


@contextmanager
def start(folder: Path, *options: str, app: Path = APP, **environment: str) -> Iterator[Run]:
    output = folder / f'output-{time.monotonic_ns()}'
    # `make` and the shell of the tests may hold these for a person's own run.
    unset = {'FRESH', 'PORT', 'STAND_IN_SERVICES', 'PRETEND'}
    inherited = {name: value for name, value in os.environ.items() if name not in unset}
    arguments = ['--state', str(folder / 'state'), '--app', str(app), '--indicators', '20']
    with (
        output.open('w') as file,
        subprocess.Popen(
            [sys.executable, '-m', 'tests.simulators', *arguments, *options],
            cwd=PROJECT,
            stdout=file,
            stderr=subprocess.STDOUT,
            text=True,
            env={**inherited, 'PORT': str(free_port()), **environment},
        ) as process,
    ):
        try:
            yield Run(process, output)
        finally:
            process.kill()


def wait_until_gone(pid: int) -> bool:
    deadline = time.monotonic() + PATIENCE_S
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not is_alive(pid)


def processes_of(folder: Path) -> list[int]:
    """List the Apps whose state lies in a folder, by the environment the platform gave them."""
    pids = []
    for path in Path('/proc').glob('[0-9]*/environ'):
        with suppress(OSError):
            if f'TC_APP_PARAM_FILE={folder}'.encode() in path.read_bytes():
                pids.append(int(path.parent.name))
    return pids


def test_first_run_saves_queries_and_the_second_keeps_them(tmp_path: Path) -> None:
    with start(tmp_path, '--once') as first:
        assert first.end() == 0, first.output
    for name in ('ThreatConnect', 'Entra ID', 'Sentinel', 'Log Analytics'):
        assert re.search(rf'^    {name} +curl .*/_control$', first.output, re.MULTILINE)
    assert 'holds 20 Indicators' in first.output
    assert re.search(r'http://127\.0\.0\.1:\d+/api/services/ms_sentinel/', first.output)
    assert 'Saved 3 TQL queries' in first.output
    assert '30 Indicators read = 21 sent + 9 duplicate' in first.output
    assert not is_alive(first.app_pid())
    ports = (tmp_path / 'state' / 'ports.json').read_text()

    with start(tmp_path, '--once', PORT=str(json.loads(ports)['front'])) as second:
        assert second.end() == 0, second.output
    assert '3 TQL queries from the earlier run.' in second.output
    assert 'Saved' not in second.output
    assert (tmp_path / 'state' / 'ports.json').read_text() == ports

    with start(tmp_path, '--once', FRESH='1') as fresh:
        assert fresh.end() == 0, fresh.output
    assert 'Saved 3 TQL queries' in fresh.output


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_driver_runs_until_a_signal_and_then_stops_cleanly(tmp_path: Path, number: int) -> None:
    with start(tmp_path) as run:
        run.expect('Press Ctrl-C to stop.')
        pid = run.app_pid()
        assert processes_of(tmp_path) == [pid]
        run.process.send_signal(number)
        run.expect('Stopping ...')
        run.process.send_signal(number)  # an impatient second one disturbs nothing
        assert run.end() == 0, run.output
    assert not is_alive(pid)
    assert 'Traceback' not in run.output
    message = tmp_path / 'state' / 'app' / 'out' / 'message.tc'
    assert message.read_text().strip() == 'done', 'the App was not shut down but killed'


def test_ctrl_c_while_the_app_starts_leaves_nothing(tmp_path: Path) -> None:
    with start(tmp_path) as run:
        run.expect('Starting the App ...')
        time.sleep(0.3)
        run.process.send_signal(signal.SIGINT)
        assert run.end() == 0, run.output
    assert processes_of(tmp_path) == []
    assert 'Traceback' not in run.output


def test_app_that_dies_is_started_again_and_the_update_continues(tmp_path: Path) -> None:
    with start(tmp_path, '--once', PRETEND='die once') as run:
        assert run.end() == 0, run.output
    assert 'The App ended (9). Starting it again' in run.output
    assert '30 Indicators read' in run.output


def test_killing_the_driver_kills_the_app(tmp_path: Path) -> None:
    with start(tmp_path) as run:
        run.expect('Press Ctrl-C to stop.')
        pid = run.app_pid()
        run.process.kill()
        run.end()
        assert wait_until_gone(pid)


def test_refusal_ends_the_driver_with_the_reason(tmp_path: Path) -> None:
    with start(tmp_path, PRETEND='refuse') as run:
        assert run.end() == 1
    assert 'PUT api/configure: 422 {"title": "refused"}' in run.output
    assert 'Traceback' not in run.output
    assert not is_alive(run.app_pid())


def test_failed_update_fails_a_single_run(tmp_path: Path) -> None:
    with start(tmp_path, '--once', PRETEND='fail') as run:
        assert run.end() == 1
    assert 'Query 1 has failed: it was asked for' in run.output


def test_second_run_of_the_same_state_is_refused_and_another_port_is_found(
    tmp_path: Path,
) -> None:
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        taken.listen()
        port = taken.getsockname()[1]
        with start(tmp_path, PORT=str(port)) as first:
            output = first.expect('Press Ctrl-C to stop.')
            assert f':{port}/' not in output
            with start(tmp_path) as second:
                assert second.end() == 1
            assert 'Another run uses' in second.output
            first.process.send_signal(signal.SIGINT)
            assert first.end() == 0


@pytest.mark.parametrize('environment', [{'PORT': 'x'}, {'STAND_IN_SERVICES': 'none'}])
def test_wrong_setting_is_named(tmp_path: Path, environment: dict[str, str]) -> None:
    with start(tmp_path, **environment) as run:
        assert run.end() == 2
    assert 'PORT or STAND_IN_SERVICES is wrong' in run.output


def test_real_app_sends_what_it_read_and_keeps_it_over_runs(tmp_path: Path) -> None:
    with start(tmp_path, '--once', app=PROJECT) as first:
        assert first.end() == 0, first.output
    assert 'Saved 3 TQL queries' in first.output
    (held,) = re.findall(r'Sentinel holds (\d+) objects', first.output)
    assert int(held) > 10
    with start(tmp_path, '--once', app=PROJECT) as second:
        assert second.end() == 0, second.output
    assert '3 TQL queries from the earlier run.' in second.output
    totals = [line for line in first.output.splitlines() if 'Indicators read' in line]
    assert totals[0] in second.output
    assert f'Sentinel holds {held} objects' in second.output
