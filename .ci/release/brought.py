"""The software of others that the package brings along: names, versions, licenses, texts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, Literal

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from release.command import ReleaseError

PERMISSIVE = frozenset(
    {
        '0BSD',
        'Apache-2.0',
        'BSD',
        'BSD-2-Clause',
        'BSD-3-Clause',
        'CC0-1.0',
        'ISC',
        'MIT',
        'MIT-0',
        'PSF-2.0',
    }
)
"""They ask for their text to be kept, and for nothing of the software around them."""

UNCHANGED_ONLY = frozenset({'MPL-2.0'})
"""They ask for the source of a changed file as well. Nothing is changed here."""

# Words that older packages use where a newer one has an SPDX expression.
_SPDX = {
    'Apache 2': 'Apache-2.0',
    'Apache Software License': 'Apache-2.0',
    'BSD License': 'BSD',
    'Dual License': '',
    'License :: OSI Approved :: MIT License': 'MIT',
    'MIT License': 'MIT',
    'Mozilla Public License 2.0 (MPL 2.0)': 'MPL-2.0',
    'OSI Approved': '',
}
_PINNED = re.compile(r'^([A-Za-z0-9._-]+)==([^\s;\\]+)', re.MULTILINE)
_LONGEST_EXPRESSION = 60
_TEXT_NAME = re.compile(r'^(licen[cs]e|copying|notice|copyright)', re.IGNORECASE)
_TEXTS = Path(__file__).with_name('texts')
"""Licenses whose packages come without a text of it, as their authors publish it elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """One package that is brought along."""

    kind: Literal['pypi', 'npm']
    name: str
    version: str
    license: str
    """An SPDX expression, or what comes nearest to one; empty where nothing is said."""
    needs: tuple[str, ...] = ()
    """The names of those that it needs in turn."""
    texts: tuple[str, ...] = ()
    """Its license, and the notices that it asks to be kept."""
    integrity: str = ''
    """What its archive was checked against: `sha512-` and base64; empty where a lock file has
    several archives for it."""

    @property
    def choices(self) -> frozenset[str]:
        """The licenses of which any may be taken."""
        plain = self.license.replace('(', '').replace(')', '')
        return frozenset(part.strip() for part in plain.split(' OR '))


def locked(project: Path) -> dict[str, str]:
    """The versions of the Python packages that the App runs with, by name."""
    return dict(_PINNED.findall((project / 'requirements.lock').read_text(encoding='utf-8')))


def python_packages(project: Path, bundle: Path | None = None) -> tuple[Brought, ...]:
    """The locked Python packages as they are installed.

    Args:
        project: holds the lock file.
        bundle: the folder that holds them; by default where this program's own come from.

    Raises:
        ReleaseError: if one of them is missing or of another version.
    """
    return tuple(
        _python_package(name, version, bundle) for name, version in locked(project).items()
    )


def page_packages(project: Path) -> tuple[Brought, ...]:
    """The locked packages that the built page is made of."""
    text = (project / 'ui' / 'package-lock.json').read_text(encoding='utf-8')
    packages: dict[str, dict[str, Any]] = json.loads(text)['packages']
    used = {
        path: facts
        for path, facts in packages.items()
        if path and not (facts.get('dev') or facts.get('devOptional') or facts.get('optional'))
    }
    names = {_page_name(path) for path in used}
    return tuple(
        Brought(
            kind='npm',
            name=_page_name(path),
            version=facts['version'],
            license=str(facts.get('license', '')),
            needs=tuple(
                sorted(names & {*facts.get('dependencies', {}), *facts.get('peerDependencies', {})})
            ),
            texts=_texts(_page_name(path), _files(project / 'ui' / path)),
            integrity=facts.get('integrity', ''),
        )
        for path, facts in used.items()
    )


def _page_name(path: str) -> str:
    return path.rpartition('node_modules/')[2]


def _python_package(name: str, version: str, bundle: Path | None) -> Brought:
    known = _distribution(name, bundle)
    if known is None or known.version != version:
        have = known.version if known else 'none'
        raise ReleaseError(f'{name} {version} is locked, but {have} is installed.')
    return Brought(
        kind='pypi',
        name=name,
        version=version,
        license=_license(known),
        needs=tuple(sorted(set(_needs(known)))),
        texts=_texts(name, _metadata_files(known)),
    )


def _distribution(name: str, bundle: Path | None) -> Distribution | None:
    if bundle is None:
        try:
            return distribution(name)
        except PackageNotFoundError:
            return None
    return next(iter(Distribution.discover(name=name, path=[str(bundle)])), None)


def _needs(known: Distribution) -> Iterator[str]:
    for text in known.requires or ():
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate({'extra': ''}):
            yield canonicalize_name(requirement.name)


def _metadata_files(known: Distribution) -> list[Path]:
    """The files of a distribution about itself."""
    listed = known.files or ()
    return [Path(str(file.locate())) for file in listed if '.dist-info' in str(file)]


def _files(folder: Path) -> list[Path]:
    return [file for file in folder.iterdir() if file.is_file()] if folder.is_dir() else []


def _texts(name: str, files: list[Path]) -> tuple[str, ...]:
    """The texts among some files, or the one that is kept here."""
    own = [file for file in sorted(files) if _TEXT_NAME.match(file.name)]
    kept = _TEXTS / f'{name.replace("/", "__")}.txt'
    if not own and kept.is_file():
        own = [kept]
    return tuple(file.read_text(encoding='utf-8', errors='replace').strip() for file in own)


def _license(known: Distribution) -> str:
    """What a package says of its license, the newest way of saying it first."""
    fields = known.metadata.json
    expression = fields.get('license_expression')
    if expression:
        return str(expression)
    text = str(fields.get('license') or '').strip()
    if text and '\n' not in text and len(text) <= _LONGEST_EXPRESSION:
        named = _SPDX.get(text, text)
        if named:
            return named
    classifiers = [
        line.rpartition('::')[2].strip()
        for line in fields.get('classifier', [])
        if str(line).startswith('License')
    ]
    return ' OR '.join(sorted({_SPDX.get(name, name) for name in classifiers} - {''}))
