"""Audit entries, and the differences between two lists of TQL queries, field by field."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from sentinel_app.core.query import Query


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditChange:
    """One changed field; `before` is None if it was added, `after` is None if it was removed."""

    subject: str
    """What the field belongs to, for example `TQL query 2`."""
    field: str
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """Who changed what, when."""

    at: dt.datetime
    user: str | None
    action: str
    detail: str
    changes: tuple[AuditChange, ...] = ()
    changes_left_out: int = 0
    """Number of further changes that are not listed."""
    query_ids: tuple[str, ...] = ()
    """TQL queries that the entry refers to."""
    update_ids: tuple[str, ...] = ()
    """Updates that the entry refers to: the queued one first, then that of a Job."""

    def about(self, *, query_ids: Iterable[str] = (), update_id: str | None = None) -> AuditEntry:
        """Return the entry with these references added."""
        updates = self.update_ids if update_id is None else (update_id, *self.update_ids)
        return replace(
            self,
            query_ids=tuple(dict.fromkeys((*self.query_ids, *query_ids))),
            update_ids=tuple(dict.fromkeys(updates)),
        )


MAX_TEXT_CHARS = 2_000
"""Maximum length of one value; a longer one is truncated."""
MAX_CHARS = 8_000
"""Maximum length of all values of one save: the audit is in a file that is rewritten as a whole."""
_CONTEXT_CHARS = 200
_CUT = '…'

_SORT_WORDS = {'asc': 'Ascending', 'desc': 'Descending'}


def changed_queries(old: Sequence[Query], new: Sequence[Query]) -> tuple[str, ...]:
    """Return the ids of the queries that differ, or that only one of the lists has."""
    return tuple(dict.fromkeys(query_id for query_id, _ in _changes(old, new)))


def changes_of(old: Sequence[Query], new: Sequence[Query]) -> tuple[tuple[AuditChange, ...], int]:
    """Return the differences, and the number of those that are not listed.

    Args:
        old: the previous queries, highest precedence first.
        new: the new queries, highest precedence first.
    """
    kept: list[AuditChange] = []
    room, left_out = MAX_CHARS, 0
    for _, change in _changes(old, new):
        room -= len(change.before or '') + len(change.after or '')
        if room >= 0:
            kept.append(change)
        else:
            left_out += 1
    return tuple(kept), left_out


def _changes(old: Sequence[Query], new: Sequence[Query]) -> Iterator[tuple[str, AuditChange]]:
    before = {query.id: query for query in old}
    after = {query.id: query for query in new}
    stayed = [query.id for query in old if query.id in after]
    ranks = {query_id: rank for rank, query_id in enumerate(stayed)}
    places = {query.id: place for place, query in enumerate(old, start=1)}
    rank = 0
    for place, query in enumerate(new, start=1):
        subject = _subject(place, query)
        known = before.get(query.id)
        if known is not None:
            # A query that only shifts because another was added or removed has not been moved.
            if ranks[query.id] != rank:
                was, becomes = str(places[query.id]), str(place)
                yield (
                    query.id,
                    AuditChange(subject=subject, field='Precedence', before=was, after=becomes),
                )
            rank += 1
        yield from ((query.id, change) for change in _fields(subject, known, query))
    for query in old:
        if query.id not in after:
            subject = _subject(places[query.id], query)
            removed = _fields(f'{subject}, removed', query, None)
            yield from ((query.id, change) for change in removed)


def _subject(place: int, query: Query) -> str:
    return f'TQL query {place}' + (f' "{query.name}"' if query.name else '')


def _fields(subject: str, old: Query | None, new: Query | None) -> Iterator[AuditChange]:
    before, after = _words(old), _words(new)
    for name in before | after:
        was, becomes = before.get(name), after.get(name)
        # "Enabled" is the default; it is listed only as a change from "Disabled".
        is_listed = name != 'State' or bool(old and new) or 'Disabled' in {was, becomes}
        if was != becomes and is_listed:
            was, becomes = _cut(was, becomes)
            yield AuditChange(subject=subject, field=name, before=was, after=becomes)


def _words(query: Query | None) -> dict[str, str]:
    """Return the fields of a query under their labels on the page, without empty ones."""
    if query is None:
        return {}
    words = {
        'Name': query.name or '',
        'Note': query.note or '',
        'State': 'Enabled' if query.is_enabled else 'Disabled',
        'Owners': ', '.join(query.owners),
        'Indicator Types': ', '.join(query.indicator_types),
        'TQL': query.tql,
        'Sort Field': query.sort_field or '',
        'Sort Direction': _SORT_WORDS[query.sort_direction] if query.sort_field else '',
    }
    return {name: text for name, text in words.items() if text}


def _cut(before: str | None, after: str | None) -> tuple[str | None, str | None]:
    """Shorten two long texts so that their difference stays visible."""
    pairs = zip(before or '', after or '', strict=False)
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    start = max(0, same - _CONTEXT_CHARS)
    return _part(before, start), _part(after, start)


def _part(text: str | None, start: int) -> str | None:
    if text is None or len(text) <= MAX_TEXT_CHARS:
        return text
    start = min(start, len(text) - MAX_TEXT_CHARS)
    end = start + MAX_TEXT_CHARS
    return f'{_CUT if start else ""}{text[start:end]}{_CUT if end < len(text) else ""}'
