"""The licences of the software that the package brings along.

python -m tests.licences          write docs/licences.md
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageMetadata, metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / 'docs' / 'licences.md'
PYTHON_LOCK = ROOT / 'requirements.lock'
PAGE_LOCK = ROOT / 'ui' / 'package-lock.json'

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

_HEAD = """\
# Licences of others

<!-- Made by `make gen` from requirements.lock, ui/package-lock.json and the installed packages;
     edit tests/licences.py instead. -->

The App itself is under the [Apache License 2.0](../LICENSE). The package that ThreatConnect
installs brings the software below along, unchanged. What the tests and the build use is not in it.

Where a package offers a choice (`OR`), one of the permissive licences is taken. MPL-2.0 asks that
the source of its files be available where they were *changed*; they are not.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """One package that is brought along."""

    name: str
    version: str
    licence: str
    """An SPDX expression, or what comes nearest to one; empty where nothing is said."""

    @property
    def choices(self) -> frozenset[str]:
        """The licences of which any may be taken."""
        plain = self.licence.replace('(', '').replace(')', '')
        return frozenset(part.strip() for part in plain.split(' OR '))


def python_packages() -> Iterator[Brought]:
    """The locked packages that the App runs with."""
    for name, version in _PINNED.findall(PYTHON_LOCK.read_text(encoding='utf-8')):
        known = metadata(name)
        if known['Version'] != version:
            raise RuntimeError(f'{name} {known["Version"]} is installed, {version} is locked')
        yield Brought(name=name, version=version, licence=_licence(known))


def page_packages() -> Iterator[Brought]:
    """The locked packages that the built page is made of."""
    packages = json.loads(PAGE_LOCK.read_text(encoding='utf-8'))['packages']
    for path, facts in packages.items():
        if path and not (facts.get('dev') or facts.get('devOptional') or facts.get('optional')):
            yield Brought(
                name=path.rpartition('node_modules/')[2],
                version=facts['version'],
                licence=str(facts.get('license', '')),
            )


def _licence(known: PackageMetadata) -> str:
    """What a package says of its licence, the newest way of saying it first."""
    fields = known.json
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


def _table(packages: Iterator[Brought]) -> str:
    lines = [
        f'| {each.name} | {each.version} | {each.licence} |'
        for each in sorted(packages, key=lambda each: each.name.lower())
    ]
    return '\n'.join(['| package | version | licence |', '| --- | --- | --- |', *lines])


def page() -> str:
    """The text of docs/licences.md."""
    return '\n'.join(
        [
            _HEAD,
            '## Python packages\n',
            _table(python_packages()),
            '\n## Packages that the page is built from\n',
            _table(page_packages()),
            '',
        ]
    )


if __name__ == '__main__':
    PAGE.write_text(page(), encoding='utf-8')
