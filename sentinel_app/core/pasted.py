"""Splitting of pasted text into values.

The page counts the values of its text area by the same rules (`ui/src/lib/pasted.ts`); both are
tested with the cases of `tests/data/pasted.json`.
"""

from __future__ import annotations

import re
from typing import Final

_LINE_END: Final = re.compile('[\r\n\v\f\x85\u2028\u2029\t]+')
_BLANKS: Final = re.compile(r'\s+')
_SEPARATOR: Final = re.compile(r'(\s*[,;|]+\s*)')

# Characters around values in lists, CSV and JSON.
_WRAPPING: Final = ' \'"`\xb4\u2018\u2019\u201c\u201d\u201e\xab\xbb<>()[]{},;\u2022*'

_DOT: Final = r'(?:\\?\.|[\[({<]{1,2} ?(?:\.|dot) ?[\])}>]{1,2}|\[\.|\.\])'
_LABEL: Final = r'[^\s.,;:/@\\\[\](){}<>"\'=]+'
_HOST: Final = rf'{_LABEL}(?:{_DOT}{_LABEL})*{_DOT}(?:xn--[a-z0-9-]+|[^\W\d_]{{2,}})'
_SCHEME: Final = r'[a-z*][a-z*+.-]{1,9}\s?(?:\[://\]|[\[({]?:[\])}]?//)'
_NAME: Final = (
    r'(?:(?:sha-?(?:1|256)|md5|hash|ip(?:v[46])?|address|domain|host(?:name)?|url|e-?mail|asn|cidr)'
    r'\s*[:=]\s*)?'
)
_PLAIN: Final = re.compile(
    _NAME + '(?:'
    r'[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}'
    rf'|{_SCHEME}\S+'
    rf'|[0-9]{{1,3}}(?:{_DOT}[0-9]{{1,3}}){{3}}(?:/[0-9]{{1,2}})?(?::[0-9]{{1,5}})?'
    r'|\[?(?=[^:]*:[^:]*:)[0-9a-f:.]+\]?(?:/[0-9]{1,3}|:[0-9]{1,5})?'
    r'|asn? ?[0-9]{1,10}'
    rf'|[^\s@<>]+?(?:@|[\[({{]{{1,2}} ?(?:@|at) ?[\])}}]{{1,2}}){_HOST}'
    rf'|{_HOST}\.?(?::[0-9]{{1,5}})?(?:/\S*)?'
    r'|(?:\S+---)?indicator--[0-9a-f-]{36}'
    ')',
    re.IGNORECASE,
)
_BEGINS_AS_URL: Final = re.compile(rf'["\'<(\[]*{_SCHEME}', re.IGNORECASE)
_HAS_PATH: Final = re.compile(r'[^/]/[^/]')


def split_pasted(text: str) -> tuple[str, ...]:
    """Return the values of a pasted text in order, without blank ones.

    * Line ends and tabs always separate: no Indicator contains any.
    * Commas, semicolons and bars separate if each piece looks like a value, or if the first one
      does and no blank follows, as in CSV. A URL may contain any of them: after a URL they separate
      only with a blank, or if another URL follows.
    * Blanks separate if each piece looks like a value. Other text with blanks, such as the subject
      of an e-mail, is one value.
    """
    return tuple(
        value for line in _LINE_END.split(text) if line.strip() for value in _values(line.strip())
    )


def is_plain(text: str) -> bool:
    """Return whether a text looks like an Indicator's value in any spelling; subjects never do."""
    return _PLAIN.fullmatch(text.strip(_WRAPPING)) is not None


def _values(line: str) -> list[str]:
    pieces = _pieces(line)
    if len(pieces) > 1:
        if all(map(is_plain, pieces)) or (is_plain(pieces[0]) and not _BLANKS.search(line)):
            return pieces
        words = [word for piece in pieces for word in _BLANKS.split(piece)]
    else:
        words = _BLANKS.split(line)
    if len(words) > 1 and all(map(is_plain, words)):
        return words
    return [line]


def _pieces(line: str) -> list[str]:
    """Return the pieces between separating commas."""
    first, *others = _SEPARATOR.split(line)
    pieces = [first]
    for separator, piece in zip(others[::2], others[1::2], strict=True):
        if _goes_on(pieces[-1], separator, piece):
            pieces[-1] += separator + piece
        else:
            pieces.append(piece)
    return [piece for piece in pieces if piece.strip(_WRAPPING)]


def _goes_on(before: str, separator: str, after: str) -> bool:
    """Return whether a comma is part of the URL before it."""
    is_url = _BEGINS_AS_URL.match(before) or _HAS_PATH.search(before)
    if not is_url or before.endswith(('"', "'", '>')):
        return False
    return not separator.strip(',;|') and bool(after) and not _BEGINS_AS_URL.match(after)
