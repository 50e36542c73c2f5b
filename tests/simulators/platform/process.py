"""Child processes that never outlive the process which started them."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

_GUARD = Path(__file__).with_name('guard.py')


def free_port(preferred: int = 0) -> int:
    """Return a loopback port nothing listens on: the preferred one where possible."""
    if preferred:
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(('127.0.0.1', preferred))
            return preferred
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return int(probe.getsockname()[1])


class Child(Protocol):
    """A process that was started; `subprocess.Popen` is one."""

    pid: int

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...

    def terminate(self) -> None: ...

    def kill(self) -> None: ...


class Spawn(Protocol):
    """Starts a process whose standard output and error are appended to a file."""

    def __call__(
        self, arguments: Sequence[str], *, cwd: Path, environment: Mapping[str, str], log: Path
    ) -> Child: ...


def spawn(
    arguments: Sequence[str], *, cwd: Path, environment: Mapping[str, str], log: Path
) -> Child:
    """Start a process in a session of its own; implements `Spawn`."""
    with log.open('ab') as output:
        return subprocess.Popen(
            list(arguments),
            cwd=cwd,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


class Children:
    """Starts and ends child processes; a guard process ends them if this one is killed.

    Each child leads a session of its own, so that Ctrl-C at a terminal reaches the parent alone
    and the parent decides how the child is to stop.
    """

    def __init__(self, spawn: Spawn = spawn) -> None:
        self._spawn = spawn
        self._lock = threading.Lock()
        self._alive: list[Child] = []
        self._guard: subprocess.Popen[bytes] | None = None

    def start(
        self,
        arguments: Sequence[str],
        *,
        cwd: Path,
        environment: Mapping[str, str],
        log: Path,
    ) -> Child:
        """Start a child whose standard output and error are appended to `log`."""
        with self._lock:
            guard = self._guard or self._start_guard()
            process = self._spawn(arguments, cwd=cwd, environment=environment, log=log)
            self._alive.append(process)
            self._note(guard, f'+{process.pid}')
        return process

    def forget(self, process: Child) -> None:
        """Stop guarding a process that has ended; its number may belong to another one soon."""
        with self._lock:
            if process in self._alive:
                self._alive.remove(process)
                if self._guard is not None:
                    self._note(self._guard, f'-{process.pid}')

    def end(self, process: Child, *, timeout_s: float = 5) -> int:
        """End a child with SIGTERM, then with SIGKILL, and return its exit code."""
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                process.kill()
        code = process.wait(60)
        self.forget(process)
        return code

    def close(self) -> None:
        """End every child that is left, then the guard."""
        for process in tuple(self._alive):
            self.end(process)
        with self._lock:
            guard, self._guard = self._guard, None
        if guard is not None and guard.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                guard.stdin.close()
            guard.wait(60)

    def _start_guard(self) -> subprocess.Popen[bytes]:
        # -I -S: the guard needs nothing of the environment and must start in no time.
        self._guard = subprocess.Popen(
            [sys.executable, '-I', '-S', str(_GUARD)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd='/',
        )
        return self._guard

    @staticmethod
    def _note(guard: subprocess.Popen[bytes], line: str) -> None:
        if guard.stdin is None:
            return
        with contextlib.suppress(BrokenPipeError):
            guard.stdin.write(f'{line}\n'.encode())
            guard.stdin.flush()


def is_alive(pid: int) -> bool:
    """Say whether a process with this number exists and is not a zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with contextlib.suppress(OSError):
        state = Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0]
        return state != 'Z'
    return True


def signal_name(code: int) -> str:
    """Describe an exit code for people: `0`, `1`, or the signal's name."""
    if code >= 0:
        return str(code)
    with contextlib.suppress(ValueError):
        return signal.Signals(-code).name
    return f'signal {-code}'
