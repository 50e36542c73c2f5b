"""A fork server: a process that has imported everything and forks for each process that is needed.

It has one thread and no state, so each child starts like a new process, but without the second or
two of processor time that its imports take. Python's own fork server starts functions of
`multiprocessing`; this one also runs `run.py`, with the environment, log and end of a program.
"""

from __future__ import annotations

import gc
import importlib
import itertools
import json
import os
import random
import runpy
import selectors
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tests.harness.project import PROJECT
from tests.simulators.platform.process import Child, spawn

PATIENCE_S = 60.0
_SCRIPT = 'run.py'
_INPUT, _OUTPUT, _ERRORS = range(3)
_CHUNK_BYTES = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How a child ended."""

    status: int
    """Its exit code; the negative number of the signal that killed it."""
    took_s: float

    @property
    def was_killed(self) -> bool:
        return self.status == -signal.SIGKILL


class ForkedProcess:
    """A child of the fork server; implements `Child`."""

    def __init__(self, args: Sequence[str], pid: int) -> None:
        self.args = args
        self.pid = pid
        self.returncode: int | None = None
        self._changed = threading.Condition()

    def poll(self) -> int | None:
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        with self._changed:
            if not self._changed.wait_for(lambda: self.returncode is not None, timeout):
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        # It is reaped only once this object has its status: until then the number is not reused.
        with self._changed:
            if self.returncode is None:
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def end(self, status: int) -> None:
        with self._changed:
            self.returncode = status
            self._changed.notify_all()


class ForkServer:
    """Client of the fork server, which it starts and ends; a context manager.

    Args:
        modules: what the server imports before the first fork.
    """

    def __init__(self, *modules: str) -> None:
        self._modules = modules

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, '-m', 'tests.harness.fork_server', *self._modules],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._writing = threading.Lock()
        self._numbers = itertools.count()
        self._requested: dict[int, tuple[Sequence[str], Future[ForkedProcess]]] = {}
        self._children: dict[int, ForkedProcess] = {}
        self._reader = threading.Thread(target=self._read, name='fork-server', daemon=True)
        self._reader.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(PATIENCE_S)
        self._reader.join()
        self._process.stdout.close()

    def run(
        self,
        module: str,
        task: Mapping[str, Any],
        *,
        kill_after_s: float | None = None,
        patience_s: float = PATIENCE_S,
    ) -> End:
        """Run a task in a child process, and wait for its end.

        Args:
            module: has the function `run`, which is called with the task.
            task: names the `folder` for the log of the child.
            kill_after_s: kill the child after that time if it still runs.
            patience_s: time limit for a child that is not killed.

        Raises:
            AssertionError: the child did not end in time.
        """
        began = time.monotonic()
        folder = Path(task['folder'])
        folder.mkdir(parents=True, exist_ok=True)
        child = self._fork(
            [module], {'module': module, 'task': dict(task), 'log': str(folder / 'child.log')}
        )
        try:
            status = child.wait(patience_s if kill_after_s is None else kill_after_s)
        except subprocess.TimeoutExpired:
            child.kill()
            status = child.wait(PATIENCE_S)
            assert kill_after_s is not None, f'the child did not end: {task}'
        return End(status=status, took_s=time.monotonic() - began)

    def spawn(
        self, arguments: Sequence[str], *, cwd: Path, environment: Mapping[str, str], log: Path
    ) -> Child:
        """Start a process: the App in the folder of the project by a fork, others as usual.

        Implements `Spawn`.
        """
        is_app = list(arguments) == [sys.executable, _SCRIPT] and cwd == PROJECT
        if not is_app:
            return spawn(arguments, cwd=cwd, environment=environment, log=log)
        log.open('ab').close()  # raises here if the disk is full
        return self._fork(arguments, {'environment': dict(environment), 'log': str(log)})

    def _fork(self, arguments: Sequence[str], request: Mapping[str, Any]) -> ForkedProcess:
        number = next(self._numbers)
        started: Future[ForkedProcess] = Future()
        self._requested[number] = (arguments, started)
        self._send({**request, 'number': number})
        return started.result(PATIENCE_S)

    def _send(self, message: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None
        with self._writing:
            self._process.stdin.write(json.dumps(message) + '\n')
            self._process.stdin.flush()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            report = json.loads(line)
            number = report['number']
            if 'pid' in report:
                arguments, started = self._requested.pop(number)
                self._children[number] = ForkedProcess(arguments, report['pid'])
                started.set_result(self._children[number])
            else:
                self._children.pop(number).end(report['status'])
                self._send({'reap': number})
        for _, started in self._requested.values():
            started.set_exception(EOFError('the fork server has ended'))


def main() -> None:
    """Fork for each request on the standard input; report process ids and exit codes."""
    for name in sys.argv[1:]:
        importlib.import_module(name)
    assert threading.active_count() == 1, 'a thread does not survive a fork'
    # Garbage collections of the children would copy the shared pages.
    gc.collect()
    gc.freeze()
    request = _Server().serve()
    if request is not None:
        _run_child(request)


class _Server:
    """Event loop of the fork server."""

    def __init__(self) -> None:
        # SIGCHLD writes a byte to this pipe.
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_write, False)
        signal.set_wakeup_fd(self._wake_write)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._running: dict[int, int] = {}
        self._ended: dict[int, int] = {}

    def serve(self) -> Mapping[str, Any] | None:
        """Return the request in each child, and None in the server at the end of its input."""
        rest = b''
        with selectors.DefaultSelector() as selector:
            selector.register(_INPUT, selectors.EVENT_READ)
            selector.register(self._wake_read, selectors.EVENT_READ)
            while True:
                ready = {key.fd for key, _ in selector.select()}
                if self._wake_read in ready:
                    os.read(self._wake_read, _CHUNK_BYTES)
                if _INPUT in ready:
                    read = os.read(_INPUT, _CHUNK_BYTES)
                    if not read:
                        return None
                    *lines, rest = (rest + read).split(b'\n')
                    for request in map(json.loads, lines):
                        if 'reap' in request:
                            os.waitpid(self._ended.pop(request['reap']), 0)
                        elif self._fork(request['number']):
                            return dict(request)
                self._report_ended()

    def _fork(self, number: int) -> bool:
        """Fork; return whether this is the child."""
        pid = os.fork()
        if pid:
            self._running[number] = pid
            _report({'number': number, 'pid': pid})
            return False
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.close(self._wake_read)
        os.close(self._wake_write)
        return True

    def _report_ended(self) -> None:
        for number, pid in tuple(self._running.items()):
            end = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG)
            if end is not None:
                self._ended[number] = self._running.pop(number)
                has_exited = end.si_code == os.CLD_EXITED
                status = end.si_status if has_exited else -end.si_status
                _report({'number': number, 'status': status})


def _report(message: Mapping[str, int]) -> None:
    os.write(_OUTPUT, json.dumps(message).encode() + b'\n')


def _run_child(request: Mapping[str, Any]) -> None:
    """Run what was requested: a task, or the App."""
    os.setsid()
    log = os.open(request['log'], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, _INPUT)
    os.dup2(log, _OUTPUT)
    os.dup2(log, _ERRORS)
    os.close(log)
    os.close(nothing)
    random.seed()
    if 'module' in request:
        os._exit(_run_task(request['module'], request['task']))
    os.environ.clear()
    os.environ.update(request['environment'])
    time.tzset()
    sys.argv = [_SCRIPT]
    runpy.run_path(_SCRIPT, run_name='__main__')


def _run_task(module: str, task: Mapping[str, Any]) -> int:
    try:
        importlib.import_module(module).run(task)
    except BaseException:  # noqa: BLE001 - the parent reads it in the log
        traceback.print_exc()
        sys.stderr.flush()
        return 1
    return 0


if __name__ == '__main__':
    main()
