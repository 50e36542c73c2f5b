"""Masking of secrets in texts, found by their names or by their values in any encoding."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, quote_plus

MASK: Final = '***'

SHORTEST_SECRET: Final = 6
"""Minimum characters of a secret; shorter values would mask ordinary text everywhere."""

_NAME: Final = (
    r'(?:[a-z0-9]{1,24}[-_]){0,4}(?:cookie2?|authorization|(?:api|access|refresh|id|expired)?token'
    r'|(?:api|subscription|access|secret|functions|auth|private|account)[-_]?key'
    r'|client[-_]?secret|client[-_]?assertion|pass(?:word|wd)?)'
)
_PARAMETER: Final = rf'(?:{_NAME}|sig|signature|pwd|secret)'
_HEADER_NAME: Final = r'(?:[a-z0-9]{1,24}-){0,4}(?:cookie2?|authorization)'
# A quote, escaped once per level of quoting around it.
# Runs of backslashes are matched whole, as backtracking in a long one would be quadratic.
_QUOTE: Final = r'(?<!\\)\\*+["\']'
_BARE: Final = r'[^\s,}\]"\']{1,512}'
_NO_MEMBER: Final = rf'(?!{_QUOTE}(?:name|value){_QUOTE}\s*:)'


def _quoted(group: str, unlike: str = '') -> str:
    """Return a pattern for one quoted text; both quotes have the same level of escaping."""
    return rf'(?P<{group}>{_QUOTE})(?:|(?:{unlike}.)*?[^\\])(?P={group})'


def _rule(pattern: str, replacement: str) -> tuple[re.Pattern[str], str]:
    return re.compile(pattern, re.IGNORECASE | re.DOTALL), replacement


_NAME_FIRST: Final = (
    rf'(?P<kept>{_QUOTE}name{_QUOTE}\s*:\s*{_QUOTE}\s*{_PARAMETER}\s*{_QUOTE}\s*,'
    rf'\s*{_QUOTE}value{_QUOTE}\s*:\s*)(?:{_quoted("value")}|{_BARE})'
)
_VALUE_FIRST: Final = (
    rf'(?P<kept>{_QUOTE}value{_QUOTE}\s*:\s*)(?:{_quoted("value", _NO_MEMBER)}|{_BARE})'
    rf'(?P<rest>\s*,\s*{_QUOTE}name{_QUOTE}\s*:\s*{_QUOTE}\s*{_PARAMETER}\s*{_QUOTE})'
)
_MEMBER: Final = (
    rf'(?P<kept>{_QUOTE}{_NAME}{_QUOTE}\s*(?::|,(?!\s*{_QUOTE}value{_QUOTE}\s*:))\s*)'
    rf'{_quoted("value")}'
)
_QUOTED_HEADER: Final = rf'(?P<mark>["\'])(?P<kept>{_HEADER_NAME}\s*:\s*)(?:(?!(?P=mark)).)+'

# In the order of application.
_RULES: Final = (
    _rule(_NAME_FIRST, rf"\g<kept>'{MASK}'"),  # a request's headers, as the framework logs them
    _rule(_VALUE_FIRST, rf"\g<kept>'{MASK}'\g<rest>"),
    _rule(_MEMBER, rf"\g<kept>'{MASK}'"),  # an environ, a JSON member, a tuple
    _rule(_QUOTED_HEADER, rf'\g<mark>\g<kept>{MASK}'),  # a curl command
    _rule(rf'\b({_HEADER_NAME})(\s*:\s*)(?!["\'\s])[^\'"\r\n]+', rf'\1\2{MASK}'),  # a header block
    _rule(
        r'\b((?:[a-z0-9]{1,24}-){1,4}(?:token|key|secret|password))(\s*:\s*)[^\s"\',;]+',
        rf'\1\2{MASK}',
    ),
    _rule(rf'\b({_PARAMETER})=(?!\s)[^\s&"\',;]+', rf'\1={MASK}'),  # a form, a query string
    _rule(r'\b(Bearer|TC-Token)(\s+)[^\s"\',;]{8,}', rf'\1\2{MASK}'),
    _rule(r'\b(Basic\s+)[A-Za-z0-9+/=_-]{16,}', rf'\1{MASK}'),
    _rule(r'\b(TC\s+[^\s:"\']+:)[A-Za-z0-9+/=_-]{16,}', rf'\1{MASK}'),
    _rule(r'(://[^\s:/@"\']+:)[^\s/@"\']+(@)', rf'\1{MASK}\2'),  # a proxy with its password
    _rule(
        r'-----BEGIN ([A-Z0-9 ]*PRIVATE KEY)-----.*?(?:-----END \1-----|$)',
        rf'-----BEGIN \1-----{MASK}',
    ),
)

# Levels of quoting that are searched: JSON, JSON inside that, and a fact of a log line.
_QUOTINGS: Final = 3
_DECODINGS: Final = 3
_HIDDEN: Final = re.compile(
    '[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2060-\u2064\ufeff\ufffd]'
)
# Runs are matched whole, from their beginning, as backtracking would be quadratic.
_ESCAPE: Final = re.compile(r'(?<!\\)\\++(?:u\{?([0-9a-fA-F]{1,6})\}?|x([0-9a-fA-F]{2}))')
_PERCENT: Final = re.compile('(?:%[0-9a-fA-F]{2})+')
_LONG: Final = 4_096
"""Length above which a text with a hidden secret is masked as a whole, not word by word."""
_NOT_ASCII: Final = re.compile('[^\x00-\x7f]+')
_SHORTEST_PART: Final = 4
_SAME: Final = re.compile('[A-Za-z0-9._~-]+')
"""Characters that URLs, HTML and JSON leave unescaped, unless they escape everything."""
_WORDS: Final = re.compile(r'(\s+)')
_CODE_POINTS: Final = 0x110000


_WHOLE_NAME: Final = re.compile(_PARAMETER, re.IGNORECASE)


def is_secret_name(name: str) -> bool:
    """Return whether a header, parameter or member of this name holds a secret."""
    return bool(_WHOLE_NAME.fullmatch(name))


def mask_named(text: str) -> str:
    """Mask the values in a text whose names mark them as secrets."""
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text


@dataclass(frozen=True, slots=True)
class Needles:
    """Search texts in lower case, the longest first, so that no secret is masked only in part."""

    plain: tuple[str, ...] = ()
    """The secrets themselves, and each line of a multi-line one."""
    spelled: tuple[str, ...] = ()
    """The secrets in every encoding that a program may give them."""
    folded: tuple[str, ...] = ()
    """The secrets without case and backslashes, and without letters that a wrong charset breaks."""

    @classmethod
    def of(cls, secrets: Iterable[str], *, shortest: int = SHORTEST_SECRET) -> Needles:
        """Return the search texts of secrets; those shorter than `shortest` are ignored."""
        pieces = {
            piece
            for secret in secrets
            for piece in (secret, *(line.strip() for line in secret.splitlines()))
            if len(piece) >= shortest and not piece.startswith('-----')
        }
        spelled = {form.lower() for piece in pieces for form in _spellings(piece)}
        return cls(
            plain=_longest_first({piece.lower() for piece in pieces}),
            spelled=_longest_first(spelled),
            folded=_longest_first(
                folded
                for piece in pieces
                for folded in {_folded(piece), _folded(_NOT_ASCII.sub('', piece))}
                if len(folded) >= SHORTEST_SECRET
            ),
        )

    @property
    def longest(self) -> int:
        """Characters of the longest encoded form."""
        return max(map(len, self.spelled), default=0)


def raw_parts(needles: Iterable[str]) -> tuple[bytes, ...]:
    """Return the longest part of each needle that is the same in every encoding but base64 and hex.

    The part of a needle without a long one is empty, and matches every text.
    """
    parts = (max(_SAME.findall(needle), key=len, default='') for needle in needles)
    found = {part if len(part) >= _SHORTEST_PART else '' for part in parts}
    return tuple(part.encode() for part in _longest_first(found))


def _longest_first(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(texts, key=lambda text: (-len(text), text)))


def _spellings(piece: str) -> set[str]:
    """Return the forms in which a secret may occur: plain, escaped, in a URL, in HTML, encoded."""
    spelled = {piece, quote(piece, safe=''), quote(piece), quote_plus(piece), repr(piece)[1:-1]}
    spelled |= {html.escape(piece), json.dumps(piece)[1:-1], piece.encode().hex()}
    escaped = piece
    for _ in range(_QUOTINGS):
        escaped = escaped.replace('\\', '\\\\').replace('"', '\\"')
        spelled.add(escaped)
    spelled |= _in_base64(piece.encode())
    if not piece.isascii():
        spelled |= _in_other_codes(piece)
    return {text for text in spelled if len(text) >= SHORTEST_SECRET}


def _in_other_codes(piece: str) -> set[str]:
    """Return the forms after a wrong charset: headers are decoded, and encoded, as Latin-1."""
    single = piece.encode('latin-1', 'replace')
    spelled = {piece.encode().decode('latin-1'), single.decode('utf-8', 'replace'), single.hex()}
    spelled |= {
        quote(single, safe=''),
        quote_plus(single),
        piece.encode('ascii', 'replace').decode(),
    }
    return spelled | _in_base64(single)


def _in_base64(piece: bytes) -> set[str]:
    """Return the base64 forms of the piece at every alignment in a longer text.

    Characters at either end that depend on neighboring bytes are left out.
    """
    found = set()
    for offset in range(3):
        encoded = base64.b64encode(bytes(offset) + piece).decode().rstrip('=')
        inner = encoded[(offset * 8 + 5) // 6 : (offset + len(piece)) * 8 // 6]
        found |= {inner, inner.replace('+', '-').replace('/', '_')}
    return found


def mask_values(text: str, needles: Needles) -> str:
    """Mask known values in a text, whatever their case and encoding."""
    lowered = text.lower()
    for needle in needles.spelled:
        if needle in lowered:
            text = re.sub(re.escape(needle), MASK, text, flags=re.IGNORECASE)
            lowered = text.lower()
            if needle in lowered:
                # Some letters are longer in lower case.
                return MASK
    if not needles.folded or not _may_hide(text) or not _hides(text, needles):
        return text
    if len(text) > _LONG:
        return MASK
    masked = ''.join(MASK if _hides(word, needles) else word for word in _WORDS.split(text))
    return MASK if _hides(masked, needles) else masked


def _may_hide(text: str) -> bool:
    return '%' in text or '&' in text or '\\' in text or not text.isascii()


def _hides(text: str, needles: Needles) -> bool:
    return any(
        needle in folded for folded in map(_folded, _readings(text)) for needle in needles.folded
    )


def _folded(text: str) -> str:
    """Return the common form of all spellings of a text, whatever their case and quoting."""
    return text.replace('\\', '').upper().casefold()


def _readings(text: str) -> Iterator[str]:
    """Yield the text decoded as URL, HTML and JSON, repeatedly, after each step.

    Each step is searched: a secret that looks like an escape itself is gone a step later.
    """
    yield text
    for _ in range(_DECODINGS):
        begun = text
        for step in (_from_url, html.unescape, _from_json):
            text, before = step(text), text
            if text != before:
                yield text
        if text == begun:
            return


def _from_url(text: str) -> str:
    return _PERCENT.sub(_octets, text)


def _from_json(text: str) -> str:
    return _HIDDEN.sub('', _ESCAPE.sub(_character, text))


def _octets(found: re.Match[str]) -> str:
    return bytes.fromhex(found.group().replace('%', '')).decode('utf-8', 'replace')


def _character(found: re.Match[str]) -> str:
    code = int(found.group(1) or found.group(2), 16)
    return chr(code) if code < _CODE_POINTS else ''
