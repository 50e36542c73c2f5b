"""What is old: packages of which there is a newer version than the locked one."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from release.brought import locked
from release.command import ReleaseError, Run, run


@dataclass(frozen=True, slots=True, kw_only=True)
class Old:
    """A package of which there is a newer version."""

    kind: str
    name: str
    version: str
    newest: str
    use: str
    """What needs it: the App, the page, or the tests and the build."""


def old_packages(project: Path, run: Run = run) -> tuple[Old, ...]:
    """Ask the package registries about everything that is installed.

    Raises:
        ReleaseError: if one of them could not be asked.
    """
    return (*_python(project, run), *_page(project, run))


def _python(project: Path, run: Run) -> list[Old]:
    arguments = ('list', '--outdated', '--format', 'json', '--retries', '1')
    ended = run([sys.executable, '-m', 'pip', *arguments], project)
    # Where no index answers, pip leaves out what it could not ask about and calls that success.
    unreachable = re.search(r'connection|retrying|could not fetch', ended.errors, re.IGNORECASE)
    if ended.code or unreachable:
        raise ReleaseError(f'The index of Python packages could not be asked.\n{ended.said}')
    delivered = {canonicalize_name(name) for name in locked(project)}
    return [
        Old(
            kind='Python',
            name=each['name'],
            version=each['version'],
            newest=each['latest_version'],
            use='App' if canonicalize_name(each['name']) in delivered else 'tests and build',
        )
        for each in json.loads(ended.output)
    ]


def _page(project: Path, run: Run) -> list[Old]:
    # Its exit code is 1 where anything is old, as it is where nobody answered.
    ended = run(['npm', 'outdated', '--json', '--long'], project / 'ui')
    try:
        found: dict[str, Any] = json.loads(ended.output or '{}')
    except ValueError:
        found = {'error': True}
    if 'error' in found or (ended.code and not found):
        raise ReleaseError(f'The registry of npm packages could not be asked.\n{ended.said}')
    return [
        Old(
            kind='npm',
            name=name,
            version=each.get('current', ''),
            newest=each['latest'],
            use='page' if each.get('type') == 'dependencies' else 'tests and build',
        )
        for name, each in sorted(found.items())
        if isinstance(each, dict) and each.get('current') != each['latest']
    ]


def table(old: tuple[Old, ...]) -> str:
    """The old packages for a terminal, those that are delivered first."""
    if not old:
        return 'Nothing is old.'
    rows = [('', 'package', 'locked', 'newest', 'needed by')]
    ordered = sorted(old, key=lambda each: (each.use == 'tests and build', each.kind, each.name))
    rows += [(each.kind, each.name, each.version, each.newest, each.use) for each in ordered]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return '\n'.join(
        '  '.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
