"""The README of the package: what the App is, and the guide to its installation."""

from __future__ import annotations

import re
from collections.abc import Collection

GUIDE = 'docs/install.md'
_PICTURE = re.compile(r'^ *!\[[^\]]*\]\([^)]*\)\n+', re.MULTILINE)
_LINK = re.compile(r'\[([^\]]+)\]\(([^)#\s]*)(?:#[^)\s]*)?\)')
_NOTE = (
    'This guide is in ui/dist/help/install.html too, with its pictures, beside the others that it '
    'names; in the App, they are under About.\n'
)


def packaged(readme: str, guide: str, files: Collection[str]) -> str:
    """Return a README whose links lead somewhere, without pictures.

    Args:
        readme: that of the sources, of which the part above its first section is taken.
        guide: the guide to the installation, which becomes one section.
        files: what lies beside it in the package; links to these stay.
    """

    def link(match: re.Match[str]) -> str:
        shown, target = match.groups()
        leads = target in files or re.match(r'[a-z]+:', target)
        return match.group() if leads else shown

    about = readme.partition('\n## ')[0].rstrip()
    text = _PICTURE.sub('', f'{about}\n\n#{guide}')
    return f'{_LINK.sub(link, text).rstrip()}\n\n{_NOTE}'
