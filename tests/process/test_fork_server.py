"""Processes of the fork server start and end like those of `subprocess`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.harness.fork_server import ForkServer
from tests.harness.project import PROJECT
from tests.harness.waiting import PATIENCE_S

pytestmark = pytest.mark.integration

TASKS = __name__


def run(task: Mapping[str, str]) -> None:
    """Be a task of the fork server."""
    if task['does'] == 'fail':
        raise ValueError('as it should')
    if task['does'] == 'wait':
        signal.pause()


def test_task_that_ends_at_once_is_not_missed(fork_server: ForkServer, tmp_path: Path) -> None:
    for _ in range(50):
        assert fork_server.run(TASKS, {'does': 'end', 'folder': str(tmp_path)}).status == 0


def test_exception_is_in_the_log_of_the_task(fork_server: ForkServer, tmp_path: Path) -> None:
    assert fork_server.run(TASKS, {'does': 'fail', 'folder': str(tmp_path)}).status == 1
    assert 'ValueError: as it should' in (tmp_path / 'child.log').read_text()


def test_task_is_killed_in_time(fork_server: ForkServer, tmp_path: Path) -> None:
    task = {'does': 'wait', 'folder': str(tmp_path)}
    assert fork_server.run(TASKS, task, kill_after_s=0.2).was_killed


@pytest.mark.parametrize(
    ('arguments', 'is_forked'), [([sys.executable, 'run.py'], True), (['sleep', '60'], False)]
)
def test_process_ends_by_a_signal(
    fork_server: ForkServer, tmp_path: Path, arguments: list[str], is_forked: bool
) -> None:
    log = tmp_path / 'log'
    process = fork_server.spawn(arguments, cwd=PROJECT, environment=dict(os.environ), log=log)
    assert isinstance(process, subprocess.Popen) is not is_forked
    process.kill()
    assert process.wait(PATIENCE_S) == -signal.SIGKILL
    assert process.poll() == -signal.SIGKILL
    process.terminate()  # of one that has ended
