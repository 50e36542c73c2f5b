"""TQL text: quoting, validation of a user's TQL, and the effective TQL that is sent.

Source: ThreatConnect knowledge base, "TQL Operators and Parameters": strings in one of three kinds
of quotes, with a backslash before a quote or a backslash inside; precedence of AND and OR is not
documented, so what a user wrote goes into parentheses.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from typing import Final, TypeVar

from sentinel_app.core.query import Query
from sentinel_app.core.time_range import TimeRange
from sentinel_app.core.timestamp import to_seconds
from sentinel_app.core.window import Window
from sentinel_app.errors import QueryError

_T = TypeVar('_T')

Portion = tuple[Sequence[str], Sequence[str]]
"""Summaries and hashes of one clause."""

_ESCAPED: Final = re.compile(r'([\'"`\\])')
_TOKEN: Final = re.compile(
    r"""(?P<quote>['"`])(?:\\[^\0]|(?!(?P=quote))[^\\\0])*(?P=quote)|[()]|[^()'"`\\\0]+"""
)
_QUOTES: Final = frozenset('\'"`')
# Characters that a Unicode-aware parser may treat as a parenthesis or a quote.
_LOOK_ALIKE: Final = re.compile(
    '[\uff02\uff07\uff08\uff09\uff40\ufe59\ufe5a\u207d\u207e\u208d\u208e]'
)
_FAULTS: Final = {
    **dict.fromkeys('\'"`', 'has a string that never ends, or holds a NUL character'),
    '\\': 'has a backslash outside of a string',
    '\0': 'has a NUL character',
}
"""Faults where no token begins, by the character there."""


class TqlError(QueryError):
    """A user's TQL cannot be sent because it could escape its parentheses.

    Args:
        message: what is wrong.
        position: the index of the offending character.
    """

    def __init__(self, message: str, *, position: int) -> None:
        super().__init__(message, context={'position': position})
        self.position = position


def quote(text: str) -> str:
    """Return the text as a TQL string."""
    return '"' + _ESCAPED.sub(r'\\\1', text) + '"'


def check_tql(text: str) -> None:
    """Reject text that could escape the parentheses that it is put into.

    ThreatConnect validates the syntax and the keywords.

    Raises:
        TqlError: an unterminated string, unbalanced parentheses, a character that has no meaning
            outside a string, or text that other parsers may read differently.
    """
    opened: list[int] = []
    position = 0
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None:
            raise _error(_FAULTS[text[position]], text, position)
        _check_reading(found, text)
        if found.group() == '(':
            opened.append(position)
        elif found.group() == ')':
            if not opened:
                raise _error('closes a parenthesis that was never opened', text, position)
            opened.pop()
        position = found.end()
    if opened:
        raise _error('has a parenthesis that is never closed', text, opened[-1])


def _check_reading(token: re.Match[str], text: str) -> None:
    """Reject text that two parsers of TQL may read differently."""
    if token['quote'] is not None:
        if text[token.end() : token.end() + 1] in _QUOTES:
            raise _error('has two strings with nothing in between', text, token.end())
    elif found := _LOOK_ALIKE.search(token.group()):
        at = token.start() + found.start()
        raise _error('has a sign that looks like a parenthesis or a quote and is none', text, at)


IDS_IN_CLAUSE = 50
VALUES_IN_CLAUSE = 25
"""Maximum values in one clause, so that the query fits into the address of a request."""


def ids_clauses(ids: Sequence[int]) -> tuple[str, ...]:
    """Return clauses that together allow only the Indicators with these ids."""
    return tuple(ids_clause(part) for part in portions(ids, IDS_IN_CLAUSE))


def ids_clause(ids: Sequence[int]) -> str:
    """Return a clause that allows only the Indicators with these ids."""
    return f'id in ({", ".join(str(item) for item in ids)})'


def values_clause(summaries: Sequence[str], hashes: Sequence[str]) -> str:
    """Return a clause that allows only these values: whole summaries, and hashes of Files.

    A File's summary contains all hashes that its owner knows, so each is searched as a substring.
    """
    parts = [f'summary contains {quote(item)}' for item in hashes]
    if summaries:
        parts.append(one_of('summary', summaries))
    return ' OR '.join(parts)


def values_clauses(summaries: Iterable[str], hashes: Iterable[str]) -> tuple[str, ...]:
    """Return clauses that together allow only these values; see `values_clause`."""
    return tuple(values_clause(*part) for part in value_portions(summaries, hashes))


def value_portions(summaries: Iterable[str], hashes: Iterable[str]) -> list[Portion]:
    """Return the values in portions of one clause each, hashes apart from summaries."""
    return [
        *(((), part) for part in portions(_unique(hashes), VALUES_IN_CLAUSE)),
        *((part, ()) for part in portions(_unique(summaries), VALUES_IN_CLAUSE)),
    ]


def _unique(items: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(items))


def portions(items: Sequence[_T], size: int) -> list[Sequence[_T]]:
    """Return items in portions of `size`; the last one may be smaller."""
    return [items[start : start + size] for start in range(0, len(items), size)]


def range_clause(time_range: TimeRange) -> str | None:
    """Return a clause for Indicators last modified within the time range; None for no bounds."""
    bounds = []
    if time_range.start_at is not None:
        bounds.append(f'lastModified GEQ {_time(time_range.start_at)}')
    if time_range.end_at is not None:
        bounds.append(f'lastModified LT {_time(time_range.end_at)}')
    return ' AND '.join(bounds) or None


def both_clauses(first: str | None, second: str | None) -> str | None:
    """Return the conjunction of two clauses; None if there is neither."""
    parts = [part for part in (first, second) if part is not None]
    return ' AND '.join(f'({part})' for part in parts) if len(parts) > 1 else (first or second)


def selection_tql(
    owners: Sequence[str],
    types: Sequence[str],
    *,
    clause: str | None = None,
    after_id: int | None = None,
) -> str:
    """Return the TQL for the active Indicators of these owners and types."""
    clauses = [one_of('ownerName', owners), one_of('typeName', types)]
    if clause is not None:
        clauses.append(clause)
    if after_id is not None:
        clauses.append(f'id > {after_id:d}')
    return ' AND '.join(clauses)


def inactive_tql(
    owners: Sequence[str],
    types: Sequence[str],
    *,
    time_range: TimeRange,
    after_id: int | None = None,
) -> str:
    """Return the TQL for inactive Indicators last modified within the time range."""
    clauses = [one_of('ownerName', owners), one_of('typeName', types), 'indicatorActive = false']
    bounds = range_clause(time_range)
    if bounds is not None:
        clauses.append(bounds)
    if after_id is not None:
        clauses.append(f'id > {after_id:d}')
    return ' AND '.join(clauses)


def effective_tql(
    query: Query,
    *,
    window: Window | None = None,
    after_id: int | None = None,
    clause: str | None = None,
) -> str:
    """Return the TQL that is sent: the user's, restricted to the owners, types and window.

    A window without a start is a reading of everything and sets no bounds of time: with an upper
    bound, a row that is modified during the reading would look as if it no longer matched.

    Args:
        query: the saved query; its TQL may be empty.
        window: bounds of `lastModified`.
        after_id: only rows with a greater id.
        clause: a further restriction.

    Raises:
        TqlError: the user's TQL could escape its parentheses.
        ValueError: the query names no owner or no type, which would select all of them.
    """
    text = query.tql.strip()
    check_tql(text)
    clauses = [f'({text})'] if text else []
    clauses.append(one_of('ownerName', query.owners))
    clauses.append(one_of('typeName', query.indicator_types))
    if window is not None and window.start_at is not None:
        clauses.append(f'lastModified GEQ {_time(window.start_at)}')
        clauses.append(f'lastModified LT {_time(window.end_at)}')
    if clause is not None:
        clauses.append(f'({clause})')
    if after_id is not None:
        clauses.append(f'id > {after_id:d}')
    return ' AND '.join(clauses)


def one_of(keyword: str, values: Iterable[str]) -> str:
    """Return a clause that allows only these values."""
    quoted = ', '.join(quote(value) for value in values)
    if not quoted:
        raise ValueError(f'a query needs at least one {keyword}')
    return f'{keyword} in ({quoted})'


def _time(at: dt.datetime) -> str:
    """Return a time for TQL: UTC, whole seconds, as a fraction can make ThreatConnect fail."""
    if at.tzinfo is None:
        raise ValueError('a time without its zone')
    return quote(to_seconds(at))


def _error(fault: str, text: str, position: int) -> TqlError:
    """Return an error that shows the place."""
    excerpt = text[max(0, position - 10) : position + 10]
    return TqlError(
        f'The TQL {fault}, at character {position + 1}, near {excerpt!r}.', position=position
    )
