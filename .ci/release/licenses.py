"""The licenses of the software that is brought along: a document, and the texts for the package."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from release.brought import Brought, page_packages, python_packages
from release.command import ReleaseError

PAGE = 'docs/licenses.md'
TEXTS = 'THIRD-PARTY-LICENSES.txt'
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
under the license in the file LICENSE. First the list, then the text of every license.
"""


def page(project: Path) -> str:
    """The text of docs/licenses.md."""
    return '\n'.join(
        [
            _PAGE_HEAD,
            '## Python packages\n',
            _table(python_packages(project)),
            '\n## Packages that the page is built from\n',
            _table(page_packages(project)),
            '',
        ]
    )


def texts(packages: Iterable[Brought]) -> str:
    """The list of all packages and the texts of their licenses; equal texts stand there once.

    Raises:
        ReleaseError: if one comes without a text.
    """
    ordered = sorted(packages, key=_order)
    without = [each.name for each in ordered if not each.texts]
    if without:
        raise ReleaseError(
            f'No license text comes with {", ".join(without)}. Put the one that its authors '
            'publish into .ci/release/texts/, under the name of the package.'
        )
    owners: dict[str, list[str]] = {}
    for each in ordered:
        for text in each.texts:
            owners.setdefault(text, []).append(f'{each.name} {each.version}')
    listed = [f'{each.name} {each.version}: {each.license or "see its text"}' for each in ordered]
    parts = [f'{_LINE}\n{", ".join(names)}\n{_LINE}\n\n{text}' for text, names in owners.items()]
    return '\n'.join([_TEXTS_HEAD, *listed, '', '\n\n'.join(parts), ''])


def _table(packages: Iterable[Brought]) -> str:
    lines = [
        f'| {each.name} | {each.version} | {each.license} |'
        for each in sorted(packages, key=_order)
    ]
    return '\n'.join(['| package | version | license |', '| --- | --- | --- |', *lines])


def _order(each: Brought) -> tuple[str, str, str]:
    return each.name.lower(), each.version, each.kind
