"""Gives birth to processes quickly: a process that has imported everything and forks for each.

It has one thread and no state, so that each child begins as a fresh process would, but for the
second or two of processor time that Python takes for its imports.
"""

from __future__ import annotations

import gc
import importlib
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


class Born:
    """A child of the nursery, with what `subprocess.Popen` has to end it and to await its end."""

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
        # The nursery reaps it only once this object knows: until then its number is its own.
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


class Nursery:
    """The parent's side; a context manager.

    Args:
        modules: what it imports before the first birth.
    """

    def __init__(self, *modules: str) -> None:
        self._modules = modules

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, '-m', 'tests.harness.nursery', *self._modules],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._writing = threading.Lock()
        self._known = threading.Condition()
        self._asked = 0
        self._born: dict[int, Born] = {}
        self._arguments: dict[int, Sequence[str]] = {}
        self._has_gone = False
        self._reader = threading.Thread(target=self._read, name='nursery', daemon=True)
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
        """Let a child do a task, and wait for its end.

        Args:
            module: where to find `run`, which the child does.
            task: its argument; has the `folder` of the child's log.
            kill_after_s: kill it after that time if it still lives.
            patience_s: else it must have ended by itself within that time.

        Raises:
            AssertionError: it does not end.
        """
        began = time.monotonic()
        folder = Path(task['folder'])
        folder.mkdir(parents=True, exist_ok=True)
        child = self._bear(
            [module], {'module': module, 'task': dict(task), 'log': str(folder / 'child.log')}
        )
        try:
            status = child.wait(patience_s if kill_after_s is None else kill_after_s)
        except subprocess.TimeoutExpired:
            child.kill()
            status = child.wait(PATIENCE_S)
            assert kill_after_s is not None, f'the child does not end: {task}'
        return End(status=status, took_s=time.monotonic() - began)

    def spawn(
        self, arguments: Sequence[str], *, cwd: Path, environment: Mapping[str, str], log: Path
    ) -> Child:
        """Start a process; that of the App, in the project's own folder, without its imports.

        See `tests.simulators.platform.process.spawn`, whose place it takes.
        """
        is_app = list(arguments) == [sys.executable, _SCRIPT] and cwd == PROJECT
        if not is_app:
            return spawn(arguments, cwd=cwd, environment=environment, log=log)
        log.open('ab').close()  # which raises here where it cannot be written
        return self._bear(arguments, {'environment': dict(environment), 'log': str(log)})

    def _bear(self, arguments: Sequence[str], request: Mapping[str, Any]) -> Born:
        with self._known:
            self._asked += 1
            number = self._asked
            self._arguments[number] = arguments
            self._send({**request, 'number': number})
            self._known.wait_for(lambda: number in self._born or self._has_gone)
            assert not self._has_gone, 'the nursery has gone'
            return self._born[number]

    def _send(self, message: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None
        with self._writing:
            self._process.stdin.write(json.dumps(message) + '\n')
            self._process.stdin.flush()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            told = json.loads(line)
            number = told['number']
            if 'pid' in told:
                with self._known:
                    self._born[number] = Born(self._arguments.pop(number), told['pid'])
                    self._known.notify_all()
            else:
                self._born.pop(number).end(told['status'])
                self._send({'reap': number})
        with self._known:
            self._has_gone = True
            self._known.notify_all()


def main() -> None:
    """Fork for each request on the standard input, and tell the child's number and its end."""
    for name in sys.argv[1:]:
        importlib.import_module(name)
    assert threading.active_count() == 1, 'a thread does not survive a fork'
    # The children do not look through what all of them share, which would copy it.
    gc.collect()
    gc.freeze()
    request = _Births().serve()
    if request is not None:
        _live(request)


class _Births:
    """The loop of the nursery's process: requests come in, and ends of children."""

    def __init__(self) -> None:
        # The end of a child is noticed as a byte in this pipe.
        self._awake, self._waker = os.pipe()
        os.set_blocking(self._waker, False)
        signal.set_wakeup_fd(self._waker)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._running: dict[int, int] = {}
        self._ended: dict[int, int] = {}

    def serve(self) -> Mapping[str, Any] | None:
        """Return a request in the child that it is for; nothing in the nursery, at its end."""
        rest = b''
        with selectors.DefaultSelector() as selector:
            selector.register(_INPUT, selectors.EVENT_READ)
            selector.register(self._awake, selectors.EVENT_READ)
            while True:
                ready = {key.fd for key, _ in selector.select()}
                if self._awake in ready:
                    os.read(self._awake, _CHUNK_BYTES)
                if _INPUT in ready:
                    read = os.read(_INPUT, _CHUNK_BYTES)
                    if not read:
                        return None
                    *lines, rest = (rest + read).split(b'\n')
                    for request in map(json.loads, lines):
                        if 'reap' in request:
                            os.waitpid(self._ended.pop(request['reap']), 0)
                        elif self._is_born(request['number']):
                            return dict(request)
                self._look_for_ends()

    def _is_born(self, number: int) -> bool:
        """Fork, and say whether this is the child."""
        pid = os.fork()
        if pid:
            self._running[number] = pid
            _tell({'number': number, 'pid': pid})
            return False
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.close(self._awake)
        os.close(self._waker)
        return True

    def _look_for_ends(self) -> None:
        for number, pid in tuple(self._running.items()):
            end = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG)
            if end is not None:
                self._ended[number] = self._running.pop(number)
                has_exited = end.si_code == os.CLD_EXITED
                status = end.si_status if has_exited else -end.si_status
                _tell({'number': number, 'status': status})


def _tell(message: Mapping[str, int]) -> None:
    os.write(_OUTPUT, json.dumps(message).encode() + b'\n')


def _live(request: Mapping[str, Any]) -> None:
    """Be what was asked for."""
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
        os._exit(_do(request['module'], request['task']))
    os.environ.clear()
    os.environ.update(request['environment'])
    time.tzset()
    sys.argv = [_SCRIPT]
    runpy.run_path(_SCRIPT, run_name='__main__')


def _do(module: str, task: Mapping[str, Any]) -> int:
    try:
        importlib.import_module(module).run(task)
    except BaseException:  # noqa: BLE001 - the parent reads it in the log
        traceback.print_exc()
        sys.stderr.flush()
        return 1
    return 0


if __name__ == '__main__':
    main()
