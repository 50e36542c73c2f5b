"""A clean copy of what is packaged, so that nothing else of a working copy gets in."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from release.bill import BILL, bill, page_bill, python_bill
from release.command import ReleaseError
from release.licenses import TEXTS, texts
from release.project import Revision, agreed_version, tracked
from release.readme import GUIDE, packaged

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
PAGE_LICENSES = f'{PAGE}/licenses.txt'
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
    guide = (project / GUIDE).read_text(encoding='utf-8')
    text = packaged(readme.read_text(encoding='utf-8'), guide, FILES)
    readme.write_text(text, encoding='utf-8')
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
    (folder / TEXTS).write_text(texts(bundle, folder / PAGE_LICENSES), encoding='utf-8')
    parts = (python_bill(bundle), page_bill(project))
    made = bill(*parts, project, revision, agreed_version(project))
    (folder / BILL).write_text(made, encoding='utf-8')
