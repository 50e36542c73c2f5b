"""What a list of TQL queries must keep to, and words for the audit on a change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace

from sentinel_app.api.schemas import FieldError, QueryBody
from sentinel_app.core.mapping import SORT_FIELDS
from sentinel_app.core.query import (
    MAX_NAME_CHARS,
    MAX_NOTE_CHARS,
    Query,
    QueryList,
    SortDirection,
    clean_name,
    clean_note,
)
from sentinel_app.core.tql import TqlError, check_tql


def check_queries(
    bodies: Sequence[QueryBody], saved: QueryList, owner_names: frozenset[str] | None
) -> list[FieldError]:
    """Return everything that is wrong with a list, one message for each field.

    Args:
        bodies: the list to save.
        saved: the list as it is; an owner that a query has already may stay.
        owner_names: the owners that the API user can read; None where that is not known.
    """
    by_id = {query.id: query for query in saved.queries}
    times = Counter(body.id for body in bodies if body.id is not None)
    errors: list[FieldError] = []
    named: dict[str, int] = {}
    for place, body in enumerate(bodies):
        old = by_id.get(body.id) if body.id is not None else None
        first = named.setdefault((clean_name(body.name) or '').casefold(), place)
        found = [*_errors(body, old, times, owner_names), *_repeated_name(body, first, place)]
        errors += [
            FieldError(field=f'queries.{place}.{name}', message=message) for name, message in found
        ]
    return errors


def _repeated_name(body: QueryBody, first: int, place: int) -> Iterable[tuple[str, str]]:
    name = clean_name(body.name)
    if name and first != place:
        yield 'name', f'TQL query {first + 1} is already called "{name}". Choose another name.'


def check_query(
    body: QueryBody, saved: Sequence[Query], owner_names: frozenset[str] | None
) -> list[FieldError]:
    """Return everything that is wrong with one query; the arguments are as for `check_queries`."""
    old = next((query for query in saved if query.id == body.id), None)
    found = _errors(body, old, Counter(), owner_names)
    return [FieldError(field=name, message=message) for name, message in found]


def check_withdrawal(
    withdraw: Sequence[str], bodies: Sequence[QueryBody], saved: QueryList
) -> list[FieldError]:
    """Return everything that is wrong with what is to be withdrawn.

    Args:
        withdraw: ids of queries.
        bodies: the list to save.
        saved: the list as it is.
    """
    gone = {query.id for query in saved.queries} - {body.id for body in bodies}
    return [
        FieldError(field=f'withdraw.{place}', message='is not the id of a query that this deletes')
        for place, query_id in enumerate(withdraw)
        if query_id not in gone
    ]


def _errors(
    body: QueryBody, old: Query | None, times: Counter[str], owner_names: frozenset[str] | None
) -> Iterable[tuple[str, str]]:
    yield from _id_errors(body, times, is_known=old is not None)
    yield from _text_errors(body)
    yield from _owner_errors(body, old, owner_names)
    yield from _type_errors(body)
    yield from _tql_errors(body)
    yield from _sort_errors(body)


def _id_errors(
    body: QueryBody, times: Counter[str], *, is_known: bool
) -> Iterable[tuple[str, str]]:
    if body.id is None:
        return
    if not is_known:
        yield 'id', 'is not the id of a saved query; a new query has none'
    elif times[body.id] > 1:
        yield 'id', 'is there more than once'


def _text_errors(body: QueryBody) -> Iterable[tuple[str, str]]:
    for field, text, most in (
        ('name', clean_name(body.name), MAX_NAME_CHARS),
        ('note', clean_note(body.note), MAX_NOTE_CHARS),
    ):
        if text and len(text) > most:
            yield field, f'has {len(text):,} characters; at most {most} are allowed'


def _owner_errors(
    body: QueryBody, old: Query | None, owner_names: frozenset[str] | None
) -> Iterable[tuple[str, str]]:
    kept = frozenset(old.owners) if old else frozenset()
    for place, owner in enumerate(body.owners):
        if owner in body.owners[:place]:
            yield f'owners.{place}', f'"{owner}" is there more than once'
        elif owner_names is not None and owner not in owner_names and owner not in kept:
            yield (
                f'owners.{place}',
                f'"{owner}" is no owner that the ThreatConnect API user can read',
            )


def _type_errors(body: QueryBody) -> Iterable[tuple[str, str]]:
    for place, kind in enumerate(body.indicator_types):
        if kind in body.indicator_types[:place]:
            yield f'indicator_types.{place}', f'"{kind}" is there more than once'


def _tql_errors(body: QueryBody) -> Iterable[tuple[str, str]]:
    try:
        check_tql(body.tql)
    except TqlError as fault:
        yield 'tql', fault.message


def _sort_errors(body: QueryBody) -> Iterable[tuple[str, str]]:
    if body.sort_field is not None and body.sort_field not in SORT_FIELDS:
        yield 'sort_field', 'must be one of ' + ', '.join(SORT_FIELDS)


def queries_of(bodies: Iterable[QueryBody], new_id: Callable[[], str]) -> tuple[Query, ...]:
    """Return the queries to save; a new one gets its id here."""
    return tuple(
        Query(
            id=body.id or new_id(),
            name=clean_name(body.name),
            note=clean_note(body.note),
            is_enabled=body.is_enabled,
            owners=tuple(body.owners),
            indicator_types=tuple(body.indicator_types),
            tql=body.tql,
            sort_field=body.sort_field,
            sort_direction=body.sort_direction or SortDirection.ASCENDING,
        )
        for body in bodies
    )


def described_change(
    old: Sequence[Query], new: Sequence[Query], run: str | None, withdraw: Collection[str]
) -> str:
    """Return one line for the audit on what a save changes."""
    before = {query.id: query for query in old}
    after = {query.id: query for query in new}
    both = [query_id for query_id in after if query_id in before]
    parts = [
        f'{len(new)} TQL {"query" if len(new) == 1 else "queries"}',
        _counted('added', (query_id for query_id in after if query_id not in before)),
        _counted('edited', (each for each in both if _is_edited(before[each], after[each]))),
        _counted('disabled', (each for each in both if _turned(before[each], after[each]) < 0)),
        _counted('enabled', (each for each in both if _turned(before[each], after[each]) > 0)),
        _counted('removed', (query_id for query_id in before if query_id not in after)),
        'moved' if both != [query_id for query_id in before if query_id in after] else '',
        f'objects of {len(set(withdraw))} removed to be withdrawn' if withdraw else '',
        f'next scheduled update {run}' if run else '',
    ]
    return ', '.join(part for part in parts if part)


def _is_edited(old: Query, new: Query) -> bool:
    return replace(old, is_enabled=new.is_enabled) != new


def _turned(old: Query, new: Query) -> int:
    """1 for a query that is enabled by the save, -1 for one that is disabled."""
    return int(new.is_enabled) - int(old.is_enabled)


def _counted(word: str, items: Iterable[str]) -> str:
    number = sum(1 for _ in items)
    return f'{number} {word}' if number else ''
