"""The working copy: which files belong to it, what state it is in, and its version."""

from __future__ import annotations

import json
import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import canonicalize_name

from release.command import ReleaseError, Run, run

ROOT = Path(__file__).resolve().parents[2]
_HEADING = re.compile(r'^## \[([^\]]+)\] - (?:\d{4}-\d\d-\d\d|Unreleased)$', re.MULTILINE)
_PINNED = re.compile(r'^([A-Za-z0-9._-]+)==([^\s;\\]+)', re.MULTILINE)
_VERSION = re.compile(r"^__version__ = '([^']+)'$", re.MULTILINE)
# The earliest time that a zip archive can hold.
_EARLIEST_S = 315_532_800


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """What the files of the package come from."""

    commit: str | None
    """None if files have been changed since, or nobody knows."""
    time_s: int
    """When that was, in seconds since 1970; what the package gives as the time of its files."""


def versions(project: Path) -> dict[str, str]:
    """The version of the App by each file that states it."""
    lock = json.loads(_read(project / 'ui' / 'package-lock.json'))
    heading = _HEADING.search(_read(project / 'CHANGELOG.md'))
    own = _VERSION.search(_read(project / 'sentinel_app' / '__init__.py'))
    return {
        'install.json': json.loads(_read(project / 'install.json'))['programVersion'],
        'sentinel_app/__init__.py': own.group(1) if own else 'none',
        'CHANGELOG.md': heading.group(1) if heading else 'none',
        'pyproject.toml': tomllib.loads(_read(project / 'pyproject.toml'))['project']['version'],
        'ui/package.json': json.loads(_read(project / 'ui' / 'package.json'))['version'],
        'ui/package-lock.json': lock['version'],
        'ui/package-lock.json, inside': lock['packages']['']['version'],
    }


def agreed_version(project: Path) -> str:
    """The one version that all files state.

    Raises:
        ReleaseError: if they do not agree.
    """
    stated = versions(project)
    version = stated['install.json']
    if set(stated.values()) != {version}:
        listed = ', '.join(f'{name} {value}' for name, value in stated.items())
        raise ReleaseError(f'The versions do not agree: {listed}.')
    return version


def locked(project: Path) -> dict[str, str]:
    """Return the versions of the Python packages that the App runs with, by name."""
    pinned = _PINNED.findall(_read(project / 'requirements.lock'))
    return {canonicalize_name(name): version for name, version in pinned}


def revision(project: Path, run: Run = run) -> Revision:
    """What is known of the state of the working copy.

    SOURCE_DATE_EPOCH in the environment takes the place of the commit's time.
    """
    asked = os.environ.get('SOURCE_DATE_EPOCH')
    shown = run(['git', 'show', '--no-patch', '--format=%H %ct', 'HEAD'], project)
    if shown.code:
        return Revision(commit=None, time_s=int(asked or _EARLIEST_S))
    commit, _, time_s = shown.output.strip().partition(' ')
    changed = run(['git', 'status', '--porcelain', '--untracked-files=no'], project).output
    return Revision(commit=None if changed.strip() else commit, time_s=int(asked or time_s))


def tracked(project: Path, names: tuple[str, ...], run: Run = run) -> tuple[str, ...]:
    """Files under version control, of those names and below those folders, sorted.

    Outside of a working copy, in an unpacked archive of the sources, it is every file there.
    """
    listed = run(['git', 'ls-files', '-z', '--', *names], project)
    if listed.code == 0:
        found = [name for name in listed.output.split('\0') if name]
    else:
        found = [
            str(file.relative_to(project)) for name in names for file in _below(project / name)
        ]
    return tuple(sorted(name for name in found if (project / name).is_file()))


def untracked(project: Path, names: tuple[str, ...], run: Run = run) -> tuple[str, ...]:
    """Files beside those of `tracked` that nobody has put under version control, nor ignored."""
    listed = run(['git', 'ls-files', '-z', '--others', '--exclude-standard', '--', *names], project)
    return tuple(sorted(name for name in listed.output.split('\0') if name and not listed.code))


def _below(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    return [file for file in path.rglob('*') if '__pycache__' not in file.parts]


def _read(file: Path) -> str:
    return file.read_text(encoding='utf-8')
