"""What a request may hold: text that HTTP can carry, and no more of it than a browser sends.

Whatever reaches the App has passed ThreatConnect's broker as JSON, which can say what neither HTTP,
UTF-8 nor a log file can: half a surrogate pair, a header of 10 MB, a line break in a name. All of
it is judged here, before anything else looks at it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

LONGEST_METHOD: Final = 20
LONGEST_PATH: Final = 8_000
"""In characters. Source: RFC 9112, section 3, asks for at least as much."""

LONGEST_QUERY: Final = 8_000
MOST_PARAMETERS: Final = 200
MOST_HEADERS: Final = 200
LARGEST_HEADERS: Final = 65_536
"""Characters of all names and values; what a platform with single sign-on sends is a few KB."""

LONGEST_TOKEN: Final = 16_384
LONGEST_KEY: Final = 200
"""Of a request's key and of the name of its body; the platform's are UUIDs."""

_LONGEST_SHOWN: Final = 200

_SURROGATE: Final = re.compile('[\ud800-\udfff]')
# Source: RFC 9110, section 5.6.2.
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_NO_VALUE: Final = re.compile('[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]')
_ENCODED: Final = re.compile(r'[!-~]*')
_PRINTABLE_ASCII: Final = ''.join(map(chr, range(0x21, 0x7F)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Why a request is not taken."""

    status: HTTPStatus
    description: str


def request_fault(
    *, method: str, path: str, query: str, headers: Iterable[tuple[str, str]]
) -> Fault | None:
    """Return what keeps a request from being taken; None if nothing does.

    Args:
        method: in any case.
        path: decoded or not.
        query: as in an address, names and values joined.
        headers: names and values.
    """
    if len(method) > LONGEST_METHOD or not _NAME.fullmatch(method):
        return _bad('The request lacks a usable method.')
    for part, text, longest in (
        ('path', path, LONGEST_PATH),
        ('query string', query, LONGEST_QUERY),
    ):
        if len(text) > longest:
            return _too_long(f'The {part} of the address is longer than {longest:,} characters.')
        if _SURROGATE.search(text):
            return _bad(f'The {part} of the address is no text: it holds half of a character.')
    if query.count('&') >= MOST_PARAMETERS:
        return _too_long(f'The address has more than {MOST_PARAMETERS} parameters.')
    return _headers_fault(headers)


def _headers_fault(headers: Iterable[tuple[str, str]]) -> Fault | None:
    size = 0
    for number, (name, value) in enumerate(headers, start=1):
        size += len(name) + len(value)
        if number > MOST_HEADERS or size > LARGEST_HEADERS:
            return Fault(
                status=HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
                description=f'The request has more than the {MOST_HEADERS} headers or the '
                f'{LARGEST_HEADERS // 1024} KB of them that are taken. Close other sessions of '
                'this site, or remove its cookies, and try again.',
            )
        if not _NAME.fullmatch(name):
            return _bad(f'The request has a header that HTTP does not know: "{shown(name)}".')
        if _NO_VALUE.search(value):
            return _bad(f'The value of the header {shown(name)} is no text on one line.')
    return None


def is_token(text: str) -> bool:
    """Whether a header of ours to ThreatConnect can carry the text as the caller's token."""
    return len(text) <= LONGEST_TOKEN and _ENCODED.fullmatch(text) is not None


def is_key(text: str) -> bool:
    """Whether the text can name a request, or its body, in the platform's store."""
    return len(text) <= LONGEST_KEY and text.isprintable()


def encoded_query(query: str) -> str:
    """Return the query string with everything percent-encoded that no address may hold."""
    return query if _ENCODED.fullmatch(query) else quote(query, safe=_PRINTABLE_ASCII)


def as_bytes_text(text: str) -> str:
    """Return text as an environ holds it: its bytes in UTF-8, each as a character.

    Source: PEP 3333, "Unicode Issues".
    """
    return text if text.isascii() else text.encode().decode('latin-1')


def header_value(value: str) -> str:
    """Return a header's value as an environ holds it.

    Servers read a header's bytes as Latin-1; where one made text of them, there are other letters.
    """
    try:
        value.encode('latin-1')
    except UnicodeEncodeError:
        return as_bytes_text(value)
    return value


def shown(value: object) -> str:
    """Return what came in as it may stand in a message or in the log: short, and text."""
    text = str(value)
    cut = text if len(text) <= _LONGEST_SHOWN else f'{text[:_LONGEST_SHOWN]}...'
    return ''.join(
        char if char.isprintable() else char.encode('unicode_escape').decode() for char in cut
    )


def _bad(description: str) -> Fault:
    return Fault(status=HTTPStatus.BAD_REQUEST, description=description)


def _too_long(description: str) -> Fault:
    return Fault(status=HTTPStatus.REQUEST_URI_TOO_LONG, description=description)
