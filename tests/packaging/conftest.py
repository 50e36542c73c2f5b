"""The package, made once for all tests that look at it."""

from __future__ import annotations

import fcntl
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.harness.project import PROJECT

# What `make test` has made already must not be made anew in the middle of it.
MADE = ('-o', '.venv/.ready', '-o', 'ui/node_modules/.ready', '-o', 'ui/dist/.ready')


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What `make package` made."""

    path: Path
    said: str


@pytest.fixture(scope='session')
def package(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The package of this working copy; several processes of tests share one."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if 'PYTEST_XDIST_WORKER' in os.environ else own) / 'package'
    folder.mkdir(exist_ok=True)
    said = folder / 'said'
    with (folder / 'lock').open('w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not said.exists():
            said.write_text(_make(folder))
    (path,) = folder.glob('*.tcx')
    return Made(path=path, said=said.read_text())


def _make(folder: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if name != 'MAKEFLAGS'}
    ended = subprocess.run(
        ['make', '--no-print-directory', *MADE, 'package', f'TARGET={folder}'],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout
