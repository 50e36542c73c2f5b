"""The README as it stands in the package, where neither pictures nor documents are."""

from __future__ import annotations

import re
from collections.abc import Collection

# About the sources, which are not in the package.
_LEFT_OUT = ('Try it', 'Documents')
_SECTION = re.compile(r'^(?=## )', re.MULTILINE)
_PICTURE = re.compile(r'^!\[[^\]]*\]\([^)]*\)\n+', re.MULTILINE)
_LINK = re.compile(r'\[([^\]]+)\]\(([^)#\s]*)(?:#[^)\s]*)?\)')
_NOTE = 'The documents named here (docs/...) are with the sources of the App.\n'


def packaged(text: str, files: Collection[str]) -> str:
    """The README without what would lead nowhere.

    Args:
        text: the README of the sources.
        files: what lies beside it in the package; links to these stay.
    """
    sections = _SECTION.split(_PICTURE.sub('', text))
    kept = [part for part in sections if not part.startswith(tuple(f'## {t}\n' for t in _LEFT_OUT))]

    def link(match: re.Match[str]) -> str:
        shown, target = match.groups()
        leads = target in files or re.match(r'[a-z]+:', target)
        return match.group() if leads else shown

    return f'{_LINK.sub(link, "".join(kept)).rstrip()}\n\n{_NOTE}'
