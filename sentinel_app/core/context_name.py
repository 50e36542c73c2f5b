"""Names of context objects: how they are written, and which of them are the same."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from sentinel_app.core.invisible import BLANK, CONTROL, IGNORABLE
from sentinel_app.core.mapping import NAME_LIMIT
from sentinel_app.core.text import shortened
from sentinel_app.core.untrusted import REPLACEMENT, clean_text

_GAPS: Final = re.compile(rf'[\s{BLANK}{CONTROL}]+')
_IGNORED: Final = re.compile(f'[{IGNORABLE}]+')
_NOTHING: Final = frozenset({' ', REPLACEMENT})


def shown_name(name: str) -> str:
    """Return a name in one line, without blanks at its ends; empty if nothing is left.

    The end of a name that is longer than `NAME_LIMIT` is cut off.
    """
    return shortened(_GAPS.sub(' ', clean_text(name)).strip(), NAME_LIMIT)


def folded_name(name: str) -> str:
    """Return the common form of a name's spellings; empty if it has nothing to read.

    Case, blanks, control and invisible characters and compatible forms, such as letters of full
    width, make no difference.
    """
    visible = _IGNORED.sub('', clean_text(name))
    folded = _compatible(_compatible(visible).casefold())
    # Some compatible forms are invisible themselves.
    text = _GAPS.sub(' ', _IGNORED.sub('', folded)).strip()
    return '' if _NOTHING.issuperset(text) else text


def _compatible(text: str) -> str:
    return unicodedata.normalize('NFKC', text)
