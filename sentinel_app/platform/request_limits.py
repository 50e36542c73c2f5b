"""Limits of a request: only text that HTTP can carry, and no more than a browser sends.

Requests arrive through ThreatConnect's broker as JSON, which can represent what HTTP, UTF-8 or a
log file cannot: a lone surrogate, a header of 10 MB, a line break in a name. All of it is validated
here first.
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
"""Maximum characters of a path. Source: RFC 9112, section 3, recommends at least as much."""

LONGEST_QUERY: Final = 8_000
MOST_PARAMETERS: Final = 200
MOST_HEADERS: Final = 200
LARGEST_HEADERS: Final = 65_536
"""Maximum characters of all header names and values; single sign-on needs a few KB."""

LONGEST_TOKEN: Final = 16_384
LONGEST_KEY: Final = 200
"""Maximum characters of a request's key and of its body's name; the platform uses UUIDs."""

_LONGEST_SHOWN: Final = 200

_SURROGATE: Final = re.compile('[\ud800-\udfff]')
# Source: RFC 9110, section 5.6.2.
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_NO_VALUE: Final = re.compile('[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]')
_ENCODED: Final = re.compile(r'[!-~]*')
_PRINTABLE_ASCII: Final = ''.join(map(chr, range(0x21, 0x7F)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Why a request is refused."""

    status: HTTPStatus
    description: str


def request_fault(
    *, method: str, path: str, query: str, headers: Iterable[tuple[str, str]]
) -> Fault | None:
    """Return why a request is refused; None if it is valid.

    Args:
        method: the method, in any case.
        path: the path, decoded or not.
        query: the query string.
        headers: the names and values of headers.
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
    """Return whether the text can be sent to ThreatConnect in a header as the caller's token."""
    return len(text) <= LONGEST_TOKEN and _ENCODED.fullmatch(text) is not None


def is_key(text: str) -> bool:
    """Return whether the text can be the key of a request or its body in the platform's store."""
    return len(text) <= LONGEST_KEY and text.isprintable()


def encoded_query(query: str) -> str:
    """Return the query string with all invalid characters percent-encoded."""
    return query if _ENCODED.fullmatch(query) else quote(query, safe=_PRINTABLE_ASCII)


def as_bytes_text(text: str) -> str:
    """Return text in the form of an environ: its bytes in UTF-8, each as a character.

    Source: PEP 3333, "Unicode Issues".
    """
    return text if text.isascii() else text.encode().decode('latin-1')


def header_value(value: str) -> str:
    """Return a header's value in the form of an environ.

    Servers decode a header's bytes as Latin-1; other letters mean that they were decoded already.
    """
    try:
        value.encode('latin-1')
    except UnicodeEncodeError:
        return as_bytes_text(value)
    return value


def shown(value: object) -> str:
    """Return untrusted input as short text for messages and the log."""
    text = str(value)
    cut = text if len(text) <= _LONGEST_SHOWN else f'{text[:_LONGEST_SHOWN]}...'
    return ''.join(
        char if char.isprintable() else char.encode('unicode_escape').decode() for char in cut
    )


def _bad(description: str) -> Fault:
    return Fault(status=HTTPStatus.BAD_REQUEST, description=description)


def _too_long(description: str) -> Fault:
    return Fault(status=HTTPStatus.REQUEST_URI_TOO_LONG, description=description)
