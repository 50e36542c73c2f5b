"""A clean copy of what is packaged, so that nothing else of a working copy gets in."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

from packaging.utils import canonicalize_name

from release.bill import BILL, bill
from release.brought import page_packages, python_packages
from release.command import ReleaseError
from release.licenses import TEXTS, texts
from release.project import Revision, agreed_version, tracked
from release.readme import packaged

FILES = (
    'CHANGELOG.md',
    'LICENSE',
    'NOTICE',
    'README.md',
    'app.py',
    'app_lib.py',
    'install.json',
    'layout.json',
    'requirements.txt',
    'run.py',
    'tcex.json',
)
"""The single files at the top."""
SOURCES = 'sentinel_app'
PAGE = 'ui/dist'
LOCK = 'requirements.lock'
"""Needed to install the dependencies; not packaged."""


def stage(project: Path, folder: Path, commit: str | None = None) -> None:
    """Copy the files and the sources that are packaged into an empty folder.

    Args:
        project: the sources.
        folder: where to.
        commit: what install.json is to name as that which it was made from.

    Raises:
        ReleaseError: if a file is missing.
    """
    names = tracked(project, (*FILES, LOCK, SOURCES))
    missing = sorted({*FILES, LOCK} - set(names))
    if missing:
        raise ReleaseError(f'These files are not under version control: {", ".join(missing)}.')
    for name in names:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(project / name, target)
    readme = folder / 'README.md'
    readme.write_text(packaged(readme.read_text(encoding='utf-8'), FILES), encoding='utf-8')
    if commit is not None:
        # The vendor's command would fill it in, and then leave it out as a default.
        definition = folder / 'install.json'
        named = {**json.loads(definition.read_text(encoding='utf-8')), 'commitHash': commit}
        definition.write_text(json.dumps(named, indent=2), encoding='utf-8')


def stage_page(project: Path, folder: Path) -> None:
    """Copy the built page.

    Raises:
        ReleaseError: if it is not built.
    """
    built = project / PAGE
    if not (built / 'index.html').is_file():
        raise ReleaseError('The page is not built: run make ui.')
    shutil.copytree(built, folder / PAGE, ignore=shutil.ignore_patterns('.*'))


def describe(project: Path, folder: Path, bundle: Path, revision: Revision) -> None:
    """Add the bill of materials and the licenses of what the copy holds.

    Args:
        project: the sources.
        folder: the copy.
        bundle: its dependencies.
        revision: what it is a copy of.
    """
    packages = (*python_packages(project, bundle), *page_packages(project))
    document = bill(
        packages, version=agreed_version(project), revision=revision, direct=_direct(project)
    )
    (folder / BILL).write_text(document, encoding='utf-8')
    (folder / TEXTS).write_text(texts(packages), encoding='utf-8')


def _direct(project: Path) -> dict[str, set[str]]:
    """The names of the packages that the App asks for itself."""
    lines = (project / 'requirements.txt').read_text(encoding='utf-8').splitlines()
    page = json.loads((project / 'ui' / 'package.json').read_text(encoding='utf-8'))
    return {
        'pypi': {
            canonicalize_name(re.split(r'[~=<>!\[; ]', line)[0])
            for line in lines
            if line.strip() and not line.startswith('#')
        },
        'npm': set(page['dependencies']),
    }
