"""Who changed what, and what a save of the TQL queries changes, field by field."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from sentinel_app.core.query import Query


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditChange:
    """One field that somebody changed; None where it was not there before, or is not there now."""

    subject: str
    """What it belongs to, for example `TQL query 2`."""
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
    """So many more were made."""
    query_ids: tuple[str, ...] = ()
    """The TQL queries that it is about."""
    update_ids: tuple[str, ...] = ()
    """The updates that it is about: the one that was queued first, then that of a Job."""

    def about(self, *, query_ids: Iterable[str] = (), update_id: str | None = None) -> AuditEntry:
        """Return the entry as one that is about these, too."""
        updates = self.update_ids if update_id is None else (update_id, *self.update_ids)
        return replace(
            self,
            query_ids=tuple(dict.fromkeys((*self.query_ids, *query_ids))),
            update_ids=tuple(dict.fromkeys(updates)),
        )


MAX_TEXT_CHARS = 2_000
"""Of one value; a longer one is cut."""
MAX_CHARS = 8_000
"""Of all values of one save: the audit stands in a file that is written as a whole."""
_CONTEXT_CHARS = 200
_CUT = '…'

_SORT_WORDS = {'asc': 'Ascending', 'desc': 'Descending'}


def changed_queries(old: Sequence[Query], new: Sequence[Query]) -> tuple[str, ...]:
    """Return the ids of the queries that are different, or in one of the lists alone."""
    return tuple(dict.fromkeys(query_id for query_id, _ in _changes(old, new)))


def changes_of(old: Sequence[Query], new: Sequence[Query]) -> tuple[tuple[AuditChange, ...], int]:
    """Return what is different, and how many further differences are left out.

    Args:
        old: the queries before, highest precedence first.
        new: the queries after.
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
            # One that only makes room for a new one, or fills a gap, has not been moved.
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
        # That a query is enabled goes without saying, unless it was not.
        is_told = name != 'State' or bool(old and new) or 'Disabled' in {was, becomes}
        if was != becomes and is_told:
            was, becomes = _cut(was, becomes)
            yield AuditChange(subject=subject, field=name, before=was, after=becomes)


def _words(query: Query | None) -> dict[str, str]:
    """The fields of a query as people know them; what is empty is left out."""
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
    """Shorten two long texts, so that what is different stays in sight."""
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
