"""The licenses of the software that is brought along: a document, and the texts for the package.

pip-licenses-lib finds the texts of the Python packages, Vite those of the page; see ADR 0017.
"""

from __future__ import annotations

import sysconfig
from importlib.metadata import distributions
from pathlib import Path

from packaging.utils import canonicalize_name
from piplicenses_lib import PackageInfo, get_package_info

from release.bill import Document, page_bill, python_bill, stated_licenses
from release.command import ReleaseError
from release.project import locked

PAGE = 'docs/licenses.md'
TEXTS = 'THIRD-PARTY-LICENSES.txt'
KEPT = Path(__file__).with_name('texts')
"""Licenses whose packages come without a text of it, as their authors publish it elsewhere."""
_LINE = '=' * 80

_PAGE_HEAD = """\
# Licenses of others

<!-- Made by `make gen` from requirements.lock, ui/package-lock.json and the installed packages;
     edit .ci/release/licenses.py instead. -->

The App itself is under the [Apache License 2.0](../LICENSE). The package that ThreatConnect
installs brings the software below along, unchanged. What the tests and the build use is not in it.
In the package, `THIRD-PARTY-LICENSES.txt` has the text of every license, and `sbom.cdx.json` names
all of it for programs (CycloneDX). The built page brings the texts of what it is made of along as
`ui/dist/licenses.txt`; its window *About this Service* leads there.

Where a package offers a choice (`OR`), one of the permissive licenses is taken. MPL-2.0 asks that
the source of its files be available where they were *changed*; they are not.
"""

_TEXTS_HEAD = """\
The software of others in this package, each under its own license and unchanged. The App itself is
under the license in the file LICENSE. First the Python packages, then what the page is made of.
"""


def page(project: Path) -> str:
    """Return the text of docs/licenses.md."""
    python = python_bill(Path(sysconfig.get_path('purelib')))['components']
    names = locked(project)
    return '\n'.join(
        [
            _PAGE_HEAD,
            '## Python packages\n',
            _table([part for part in python if canonicalize_name(part['name']) in names]),
            '\n## Packages that the page is built from\n',
            _table(page_bill(project)['components']),
            '',
        ]
    )


def texts(bundle: Path, page: Path) -> str:
    """Return the texts of all licenses; equal ones of Python packages stand there once.

    Args:
        bundle: the folder of the Python packages.
        page: the texts of the page, which Vite refuses to build without.

    Raises:
        ReleaseError: if a Python package comes without a text.
    """
    found = {
        f'{each.name} {each.version}': _own_texts(each)
        for each in map(get_package_info, distributions(path=[str(bundle)]))
    }
    if without := sorted(name for name, own in found.items() if not own):
        raise ReleaseError(
            f'No license text comes with {", ".join(without)}. Put the one that its authors '
            'publish into .ci/release/texts/, under the name of the package.'
        )
    owners: dict[str, list[str]] = {}
    for name in sorted(found):
        for text in found[name]:
            owners.setdefault(text, []).append(name)
    parts = [f'{_LINE}\n{", ".join(names)}\n{_LINE}\n\n{text}' for text, names in owners.items()]
    return '\n\n'.join([_TEXTS_HEAD, *parts, _LINE, page.read_text(encoding='utf-8')])


def _own_texts(each: PackageInfo) -> list[str]:
    own = [*each.license_texts, *each.notice_texts, *each.other_texts]
    kept = KEPT / f'{each.name}.txt'
    return sorted(own) or ([kept.read_text(encoding='utf-8')] if kept.is_file() else [])


def _table(components: list[Document]) -> str:
    lines = [
        f'| {part["name"]} | {part["version"]} | {", ".join(stated_licenses(part))} |'
        for part in components
    ]
    return '\n'.join(
        ['| package | version | license |', '| --- | --- | --- |', *sorted(lines, key=str.lower)]
    )
