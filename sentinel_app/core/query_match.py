"""Matching of a file's queries to the saved TQL queries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from sentinel_app.core.query import Query


def matched_ids(queries: Sequence[Query], saved: Sequence[Query]) -> tuple[str | None, ...]:
    """Return the id of the saved query that matches each query, or None for a new one.

    A query matches by id; else by equality of everything but the id; else by the same selection. No
    saved query is matched twice. The page uses the same rule, in `ui/src/lib/queryMatch.ts`.

    Args:
        queries: the queries of the file; a missing id is empty.
        saved: the list that they replace.
    """
    left = {query.id: query for query in saved}
    found: list[str | None] = [None] * len(queries)
    for is_same in (_has_same_id, _is_equal, _asks_the_same):
        for place, query in enumerate(queries):
            if found[place] is None:
                found[place] = _first(query, left, is_same)
    return tuple(found)


def _first(
    query: Query, left: dict[str, Query], is_same: Callable[[Query, Query], bool]
) -> str | None:
    """Remove the first match from the remaining saved queries, and return its id."""
    query_id = next((known.id for known in left.values() if is_same(query, known)), None)
    if query_id is not None:
        del left[query_id]
    return query_id


def _has_same_id(one: Query, other: Query) -> bool:
    return one.id == other.id


def _is_equal(one: Query, other: Query) -> bool:
    return replace(one, id=other.id) == other


def _asks_the_same(one: Query, other: Query) -> bool:
    return (one.owners, one.indicator_types, one.tql.strip()) == (
        other.owners,
        other.indicator_types,
        other.tql.strip(),
    )
