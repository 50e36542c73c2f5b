"""Decoding of e-mail subjects from their encoded form in headers.

Source: RFC 2047 (encoded words), RFC 5322, section 2.2.3 (folding). STIX 2.1, section 6.6: header
values that RFC 2047 encodes MUST be decoded before they stand in `subject`.
"""

from __future__ import annotations

import binascii
import codecs
import re
from collections.abc import Sequence
from itertools import groupby

from sentinel_app.core.untrusted import clean_text

_WORD = re.compile(
    r'=\?([A-Za-z0-9._:+-]{1,40})(?:\*[A-Za-z0-9-]{0,40})?\?([BbQq])\?([^?\r\n]*)\?='
)
_FOLD = re.compile(r'\r?\n(?=[ \t])|\r(?=[ \t])')
_BASE64 = re.compile(r'[A-Za-z0-9+/]*={0,3}')
# Python codecs that are not charsets: they would interpret escapes in plain text.
_NO_CHARSETS = frozenset({'idna', 'punycode', 'raw-unicode-escape', 'undefined', 'unicode-escape'})


def decoded_subject(text: str) -> str:
    """Return a subject unfolded and with its encoded words decoded; unchanged if there are none.

    Words that cannot be decoded are kept. Blanks between two encoded words belong to the encoding
    and are removed; a character split between two words of one charset is joined. Like mail
    programs, this accepts blanks inside a word and missing padding.
    """
    if '=?' not in text or not _WORD.search(text):
        return text
    text = _FOLD.sub('', text)
    parts: list[str] = []
    run: list[re.Match[str]] = []
    end = 0
    for match in _WORD.finditer(text):
        between = text[end : match.start()]
        if run and between.strip(' \t'):
            parts.append(_decoded_run(run))
            run = []
        if not run:
            parts.append(between)
        run.append(match)
        end = match.end()
    parts += (_decoded_run(run), text[end:])
    return clean_text(''.join(parts))


def _decoded_run(run: list[re.Match[str]]) -> str:
    """Decode a run of words with only blanks between them."""
    texts: list[str] = []
    is_raw = False
    for charset, group in groupby(run, key=lambda match: match[1].lower()):
        words = list(group)
        for word, decoded in zip(words, _decoded_words(charset, words), strict=False):
            if texts and (is_raw or decoded is None):
                texts.append(' ')
            texts.append(word[0] if decoded is None else decoded)
            is_raw = decoded is None
    return ''.join(texts)


def _decoded_words(charset: str, words: Sequence[re.Match[str]]) -> list[str | None]:
    """Decode words of one charset: each by itself, or together if a character is split."""
    chunks = [_bytes(word) for word in words]
    texts = [_text(charset, [chunk]) for chunk in chunks]
    whole = _text(charset, chunks) if None in texts else None
    return texts if whole is None else [whole]


def _bytes(word: re.Match[str]) -> bytes | None:
    """Return the bytes of one word; None if its encoding is invalid."""
    encoded = word[3]
    if not encoded.isascii():
        return None
    if word[2] in 'Qq':
        return binascii.a2b_qp(encoded, header=True)
    digits = ''.join(encoded.split())
    if not _BASE64.fullmatch(digits):
        return None
    digits = digits.rstrip('=')
    try:
        return binascii.a2b_base64(digits + '=' * (-len(digits) % 4))
    except binascii.Error:
        return None


def _text(charset: str, chunks: Sequence[bytes | None]) -> str | None:
    """Return the text of the joined chunks; None if they cannot be decoded."""
    known = [chunk for chunk in chunks if chunk is not None]
    try:
        is_charset = codecs.lookup(charset).name not in _NO_CHARSETS
        whole = b''.join(known).decode(charset) if is_charset else None
    except (LookupError, ValueError):
        return None
    return whole if len(known) == len(chunks) else None
