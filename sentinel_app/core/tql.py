"""TQL text: quoting, checking what a user wrote, and the text that is really asked.

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
"""Summaries and hashes that one clause asks for."""

_ESCAPED: Final = re.compile(r'([\'"`\\])')
_TOKEN: Final = re.compile(
    r"""(?P<quote>['"`])(?:\\[^\0]|(?!(?P=quote))[^\\\0])*(?P=quote)|[()]|[^()'"`\\\0]+"""
)
_QUOTES: Final = frozenset('\'"`')
# What a parser that knows the whole of Unicode may take for a parenthesis or a quote.
_LOOK_ALIKE: Final = re.compile(
    '[\uff02\uff07\uff08\uff09\uff40\ufe59\ufe5a\u207d\u207e\u208d\u208e]'
)
_FAULTS: Final = {
    **dict.fromkeys('\'"`', 'has a string that never ends, or holds a NUL character'),
    '\\': 'has a backslash outside of a string',
    '\0': 'has a NUL character',
}
"""What is wrong where no token begins, by the character there."""


class TqlError(QueryError):
    """A user's TQL cannot be asked, because it would not stay inside its parentheses.

    Args:
        message: what is wrong.
        position: index of the character that is the trouble.
    """

    def __init__(self, message: str, *, position: int) -> None:
        super().__init__(message, context={'position': position})
        self.position = position


def quote(text: str) -> str:
    """The text as a TQL string."""
    return '"' + _ESCAPED.sub(r'\\\1', text) + '"'


def check_tql(text: str) -> None:
    """Refuse text that could reach out of the parentheses that it is put into.

    Whether it is good TQL, and names words that exist, is for ThreatConnect to say.

    Raises:
        TqlError: a string without its end, parentheses that do not match, a character that has no
            meaning outside a string, or what other readers of TQL may take for something else.
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
    """Refuse what two readers of TQL may read in two ways."""
    if token['quote'] is not None:
        if text[token.end() : token.end() + 1] in _QUOTES:
            raise _error('has two strings with nothing in between', text, token.end())
    elif found := _LOOK_ALIKE.search(token.group()):
        at = token.start() + found.start()
        raise _error('has a sign that looks like a parenthesis or a quote and is none', text, at)


IDS_IN_CLAUSE = 50
VALUES_IN_CLAUSE = 25
"""Keep a query short of the length at which it has to travel in a body."""


def ids_clauses(ids: Sequence[int]) -> tuple[str, ...]:
    """Return clauses that let only the Indicators with these ids pass, some of them each."""
    return tuple(ids_clause(part) for part in portions(ids, IDS_IN_CLAUSE))


def ids_clause(ids: Sequence[int]) -> str:
    """A clause that lets only the Indicators with these ids pass."""
    return f'id in ({", ".join(str(item) for item in ids)})'


def values_clause(summaries: Sequence[str], hashes: Sequence[str]) -> str:
    """A clause that lets only these values pass: whole summaries, and hashes of Files.

    A File's summary holds all hashes that its owner knows of, so each is looked for inside.
    """
    parts = [f'summary contains {quote(item)}' for item in hashes]
    if summaries:
        parts.append(_one_of('summary', summaries))
    return ' OR '.join(parts)


def values_clauses(summaries: Iterable[str], hashes: Iterable[str]) -> tuple[str, ...]:
    """Return clauses as `values_clause` makes them, each for some of these values."""
    return tuple(values_clause(*part) for part in value_portions(summaries, hashes))


def value_portions(summaries: Iterable[str], hashes: Iterable[str]) -> list[Portion]:
    """Return values in the portions of which each makes one clause: hashes apart from summaries."""
    return [
        *(((), part) for part in portions(_unique(hashes), VALUES_IN_CLAUSE)),
        *((part, ()) for part in portions(_unique(summaries), VALUES_IN_CLAUSE)),
    ]


def _unique(items: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(items))


def portions(items: Sequence[_T], size: int) -> list[Sequence[_T]]:
    """Return items in portions of so many, the last one of what is left."""
    return [items[start : start + size] for start in range(0, len(items), size)]


def range_clause(time_range: TimeRange) -> str | None:
    """A clause for what was last modified within the time range; None for no bounds."""
    bounds = []
    if time_range.start_at is not None:
        bounds.append(f'lastModified GEQ {_time(time_range.start_at)}')
    if time_range.end_at is not None:
        bounds.append(f'lastModified LT {_time(time_range.end_at)}')
    return ' AND '.join(bounds) or None


def both_clauses(first: str | None, second: str | None) -> str | None:
    """A clause that lets only pass what both do; None where there is neither."""
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
    clauses = [_one_of('ownerName', owners), _one_of('typeName', types)]
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
    """Return the TQL for what was set inactive and last modified within the time range."""
    clauses = [_one_of('ownerName', owners), _one_of('typeName', types), 'indicatorActive = false']
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
    """Return what is really asked: the user's TQL, held inside the owners, types and window.

    A window without a start stands for a reading of everything and sets no bounds of time: with an
    upper bound, a row that is modified during the reading would look as if it no longer matched.

    Args:
        query: the saved query; its TQL may be empty.
        window: bounds of `lastModified`.
        after_id: only rows with a greater id.
        clause: narrows the reading further.

    Raises:
        TqlError: the user's TQL would not stay inside its parentheses.
        ValueError: the query names no owner or no type, which would select those of everybody.
    """
    text = query.tql.strip()
    check_tql(text)
    clauses = [f'({text})'] if text else []
    clauses.append(_one_of('ownerName', query.owners))
    clauses.append(_one_of('typeName', query.indicator_types))
    if window is not None and window.start_at is not None:
        clauses.append(f'lastModified GEQ {_time(window.start_at)}')
        clauses.append(f'lastModified LT {_time(window.end_at)}')
    if clause is not None:
        clauses.append(f'({clause})')
    if after_id is not None:
        clauses.append(f'id > {after_id:d}')
    return ' AND '.join(clauses)


def _one_of(keyword: str, values: Iterable[str]) -> str:
    """A clause that lets only these values pass."""
    quoted = ', '.join(quote(value) for value in values)
    if not quoted:
        raise ValueError(f'a query needs at least one {keyword}')
    return f'{keyword} in ({quoted})'


def _time(at: dt.datetime) -> str:
    """A time as TQL takes it: UTC, whole seconds; a fraction can make ThreatConnect fail."""
    if at.tzinfo is None:
        raise ValueError('a time without its zone')
    return quote(to_seconds(at))


def _error(fault: str, text: str, position: int) -> TqlError:
    """A message that a person can find the place by."""
    excerpt = text[max(0, position - 10) : position + 10]
    return TqlError(
        f'The TQL {fault}, at character {position + 1}, near {excerpt!r}.', position=position
    )
