"""The other side's own words, made safe to keep and to show."""

from __future__ import annotations

import re
from typing import Final

LONGEST_REASON: Final = 1000

# A line break would forge a line wherever the words are shown; so would a terminal's escapes.
_UNPRINTABLE: Final = re.compile('[\x00-\x20\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+')
_HIDDEN: Final = re.compile(r'(?is)<(script|style|head)\b.*?</\1\s*>|<!--.*?-->')
_TAG: Final = re.compile(r'<[/!?a-zA-Z][^<>]*>')

# Some gateways show the request that they refuse, credentials included.
_CREDENTIAL: Final = re.compile(
    r'\b(Bearer|Basic|TC-Token)\s+[\w.~+/=:-]{8,}|\b(TC)\s+[^\s:]+:[\w+/=-]{16,}', re.IGNORECASE
)

# What differs from one Indicator to the next in texts that are otherwise the same.
# Source: the upload API's validation errors, "Error for Property=<name>: <reason> Actual value:
# <value>."; a missing value is NULL. The other one is our own, of a value that has no pattern.
_ACTUAL_VALUE: Final = re.compile(r'(\bActual value: )(?!NULL\.).*?(?= Error for Property=|$)')
_BAD_VALUE: Final = re.compile(r'([\'"]).*\1(?= is not a valid )')


def one_line(text: str, limit: int = LONGEST_REASON) -> str:
    """The text on one line, without credentials, at most `limit` characters long."""
    # What comes after is cut off anyway, and need not be looked at.
    text = _UNPRINTABLE.sub(' ', text[: 4 * limit]).strip()
    text = _CREDENTIAL.sub(lambda found: f'{found.group(1) or found.group(2)} ***', text)
    return text if len(text) <= limit else text[: limit - 1] + '…'


def page_text(page: str, limit: int = LONGEST_REASON) -> str:
    """The words of an HTML page or of plain text, on one line."""
    page = page[: 64 * limit]
    return one_line(_TAG.sub(' ', _HIDDEN.sub(' ', page)), limit)


def gathered(text: str) -> str:
    """The text without the value that it is about: the same for all Indicators with one fault."""
    return _BAD_VALUE.sub('…', _ACTUAL_VALUE.sub(r'\1…', text))
