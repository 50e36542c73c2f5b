"""Gives birth to children quickly: a process that has imported everything and forks for each task.

It has one thread and no state, so that each child begins as a fresh process would.
"""

from __future__ import annotations

import importlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tests.harness.project import PROJECT

PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How a child ended."""

    status: int
    """Its exit code; the negative number of the signal that killed it."""
    took_s: float

    @property
    def was_killed(self) -> bool:
        return self.status == -signal.SIGKILL


class Nursery:
    """The parent's side; a context manager."""

    def __init__(self, module: str = 'tests.process.crash.child') -> None:
        """Take where to find `run`, which the children do."""
        self._module = module

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, '-m', 'tests.process.crash.nursery', self._module],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *_exc: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(PATIENCE_S)
        self._process.stdout.close()

    def run(
        self,
        task: Mapping[str, Any],
        *,
        kill_after_s: float | None = None,
        patience_s: float = PATIENCE_S,
    ) -> End:
        """Let a child do a task, and wait for its end.

        Args:
            task: for `child.run`.
            kill_after_s: kill it after that time if it still lives.
            patience_s: else it must have ended by itself within that time.

        Raises:
            AssertionError: it does not end.
        """
        began = time.monotonic()
        self._send(task)
        pid = self._receive()
        is_late = threading.Event()

        def kill() -> None:
            if kill_after_s is None:
                is_late.set()
            os.kill(pid, signal.SIGKILL)

        timer = threading.Timer(patience_s if kill_after_s is None else kill_after_s, kill)
        timer.start()
        status = self._receive()
        timer.cancel()
        timer.join()
        # The nursery reaps a child only when it is told that nobody will kill it any more.
        self._send({})
        assert not is_late.is_set(), f'the child does not end: {task}'
        return End(status=status, took_s=time.monotonic() - began)

    def _send(self, message: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message) + '\n')
        self._process.stdin.flush()

    def _receive(self) -> int:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, 'the nursery has gone'
        return int(line)


def main() -> None:
    """Fork for each line of the standard input, and tell the child's id and its end."""
    run = importlib.import_module(sys.argv[1]).run
    for line in sys.stdin:
        task = json.loads(line)
        pid = os.fork()
        if not pid:
            random.seed()
            os._exit(_live(run, task))
        print(pid, flush=True)  # noqa: T201 - the answer
        ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        assert ended is not None
        status = ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status
        print(status, flush=True)  # noqa: T201 - the answer
        sys.stdin.readline()
        os.waitpid(pid, 0)


def _live(run: Any, task: Mapping[str, Any]) -> int:
    folder = Path(task['folder'])
    folder.mkdir(parents=True, exist_ok=True)
    log = os.open(folder / 'child.log', os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    try:
        run(task)
    except BaseException:  # noqa: BLE001 - the parent reads it in the log
        traceback.print_exc()
        sys.stderr.flush()
        return 1
    return 0


if __name__ == '__main__':
    main()
