"""Words of other systems, made safe to store and to show."""

from __future__ import annotations

import re
from typing import Final

from sentinel_app.core.masking import mask_named

LONGEST_REASON: Final = 1000

# Line breaks and terminal escapes could forge lines wherever the words are shown, invisible
# characters could hide words, and a lone surrogate cannot be encoded.
_UNPRINTABLE: Final = re.compile(
    '[\x00-\x20\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]+'
)
_TAG: Final = re.compile(r'<[/!?a-zA-Z][^<>]{0,2000}>')
_LONGEST_PAGE: Final = 16 * LONGEST_REASON
_HIDDEN: Final = (
    *(
        (re.compile(rf'<{name}\b', re.IGNORECASE), re.compile(rf'</{name}\s*>', re.IGNORECASE))
        for name in ('script', 'style', 'head')
    ),
    (re.compile('<!--'), re.compile('-->')),
)

# The parts that differ between Indicators in texts that are otherwise the same.
# Source: the upload API's validation errors, "Error for Property=<name>: <reason> Actual value:
# <value>."; a missing value is NULL. The other one is our own, of a value that has no pattern.
_ACTUAL_VALUE: Final = re.compile(r'(\bActual value: )(?!NULL\.).*?(?= Error for Property=|$)')
_BAD_VALUE: Final = re.compile(r'([\'"]).*\1(?= is not a valid )')


def one_line(text: str, limit: int = LONGEST_REASON) -> str:
    """Return the text on one line, without named secrets, at most `limit` characters long.

    Secrets with known values were masked before, where the response was received.
    """
    # The rest would be truncated anyway.
    text = mask_named(_UNPRINTABLE.sub(' ', text[: 4 * limit]).strip())
    return text if len(text) <= limit else text[: limit - 1] + '…'


def page_text(page: str, limit: int = LONGEST_REASON) -> str:
    """Return the words of an HTML page or of plain text, on one line."""
    page = page[:_LONGEST_PAGE]
    for begin, end in _HIDDEN:
        page = _without(page, begin, end)
    return one_line(_TAG.sub(' ', page), limit)


def _without(page: str, begin: re.Pattern[str], end: re.Pattern[str]) -> str:
    """Remove the parts between, in linear time; an unclosed part extends to the end."""
    kept, at = [], 0
    while found := begin.search(page, at):
        kept.append(page[at : found.start()])
        closed = end.search(page, found.end())
        if closed is None:
            return ' '.join(kept)
        at = closed.end()
    return ' '.join((*kept, page[at:]))


def gathered(text: str) -> str:
    """Return the text without the value in it: the same for all Indicators with one fault."""
    return _BAD_VALUE.sub('…', _ACTUAL_VALUE.sub(r'\1…', text))
