"""The vendor's command, `tcex`, whose exit code says nothing: it is judged by what it prints."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import tempfile
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from release.command import ReleaseError, Run, run
from release.project import locked

BUNDLE = 'deps'
DEFINITIONS = ('install.json', 'layout.json', 'tcex.json')
PROGRAMS = ('app.py', 'app_lib.py', 'run.py')
LAYOUTS = ('inputs', 'outputs')
_FAULT = re.compile(r'failed|error|traceback|exception', re.IGNORECASE)
OLDEST_GLIBC = 17
"""The App runs with the C library of Linux in version 2.17 or newer: nobody knows how old that of
a ThreatConnect server is, and pip by itself takes what suits the machine that it runs on."""
_PLATFORMS = (
    *(f'manylinux_2_{minor}_x86_64' for minor in range(OLDEST_GLIBC, 4, -1)),
    *('manylinux2014_x86_64', 'manylinux2010_x86_64', 'manylinux1_x86_64', 'linux_x86_64'),
)
# Nothing that is not locked takes part: no dependency beside the locked ones, no archive with
# another hash, and no tool of the day to build what comes as sources only; the locked setuptools
# does that. Compiled files would be left out of the package anyway.
_STRICT = {
    'PIP_REQUIRE_HASHES': '1',
    'PIP_NO_DEPS': '1',
    'PIP_PLATFORM': ' '.join(_PLATFORMS),
    # pip reads these two variables the other way round.
    'PIP_NO_BUILD_ISOLATION': '0',
    'PIP_NO_COMPILE': '0',
}
# The vendor's command prefers uv where it finds a working one, which heeds none of that.
_NO_UV = '#!/bin/sh\nexit 1\n'
_PLAIN = {'COLUMNS': '200', 'TERM': 'dumb', 'NO_COLOR': '1'}


def make_bundle(folder: Path, run: Run = run) -> Path:
    """Fill the folder of the dependencies by `tcex deps` and see that all of them are there.

    Args:
        folder: a copy of the App with requirements.lock.
        run: runs the vendor's command.

    Raises:
        ReleaseError: if one is missing, of another version, or was not asked for.
    """
    with tempfile.TemporaryDirectory(prefix='ms-sentinel-') as name:
        broken = Path(name) / 'uv'
        broken.write_text(_NO_UV)
        broken.chmod(0o700)
        path = os.pathsep.join((name, os.environ.get('PATH', os.defpath)))
        ended = run([_tcex(), 'deps'], folder, {**_PLAIN, **_STRICT, 'PATH': path})
    bundle = folder / BUNDLE
    found = {canonicalize_name(e.name): e.version for e in distributions(path=[str(bundle)])}
    wanted = locked(folder)
    if found != wanted:
        missing, extra = wanted.items() - found.items(), found.items() - wanted.items()
        listed = ', '.join(' '.join(each) for each in sorted(missing or extra))
        what = 'did not install what is locked' if missing else 'installed what is not locked'
        raise ReleaseError(f'tcex deps {what}: {listed}\n{ended.said}')
    # Commands for a terminal, each with the path of this machine's interpreter in it.
    shutil.rmtree(bundle / 'bin', ignore_errors=True)
    return bundle


def make_package(folder: Path, run: Run = run) -> Path:
    """Make the package by `tcex package`; returns where it is.

    Args:
        folder: what is to be packaged.
        run: runs the vendor's command.

    Raises:
        ReleaseError: if the vendor's command found anything wrong, or wrote no package.
    """
    ended = run([_tcex(), 'package', '--json-output'], folder, _PLAIN)
    problems = package_problems(ended.output)
    made = sorted((folder / 'target').glob('*.tcx'))
    if ended.code or problems or len(made) != 1:
        listed = '\n'.join(problems) or f'exit code {ended.code}, {len(made)} packages'
        raise ReleaseError(f'tcex package failed: {listed}\n{ended.said}')
    return made[0]


def validate(folder: Path, run: Run = run) -> str:
    """Run `tcex validate` over the definition files; return what it says.

    Raises:
        ReleaseError: if it found anything wrong, or did not look at all of them.
    """
    ended = run([_tcex(), 'validate'], folder, _PLAIN)
    problems = validation_problems(ended.said)
    if ended.code or problems:
        raise ReleaseError(f'tcex validate failed: {"; ".join(problems)}\n{ended.said}')
    return ended.output


def validation_problems(said: str) -> tuple[str, ...]:
    """What is wrong according to the tables that `tcex validate` prints."""
    problems = [line.strip(' │') for line in said.splitlines() if _FAULT.search(line)]
    passed = re.findall(r'([\w.]+)\W+passed\b', said)
    wanted = (*DEFINITIONS, *PROGRAMS, *LAYOUTS)
    return (*problems, *(f'{name} was not looked at' for name in wanted if name not in passed))


def package_problems(said: str) -> tuple[str, ...]:
    """What is wrong according to the JSON that `tcex package` prints at its end."""
    try:
        found: dict[str, Any] = json.loads(said[said.index('{"package_data"') :])['validation_data']
    except (ValueError, KeyError):
        return ('it did not say what it found',)
    rows = {
        (table, row['name']): row['status']
        for table in ('fileSyntax', 'schema_', 'layouts', 'feeds')
        for row in found.get(table, [])
    }
    wanted = (
        *(('fileSyntax', name) for name in (*DEFINITIONS, *PROGRAMS)),
        *(('schema_', name) for name in DEFINITIONS),
        *(('layouts', name) for name in LAYOUTS),
    )
    return (
        *found.get('errors', []),
        *(f'{name} ({table}) failed' for (table, name), status in rows.items() if not status),
        *(
            f'{name} ({table}) was not looked at'
            for table, name in wanted
            if (table, name) not in rows
        ),
    )


def _tcex() -> str:
    return str(Path(sys.executable).with_name('tcex'))
