"""Which saved TQL query each query of a file is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from sentinel_app.core.query import Query


def matched_ids(queries: Sequence[Query], saved: Sequence[Query]) -> tuple[str | None, ...]:
    """Return the id of the saved query that each one is, or None for a new one.

    It is the one with its id; where there is none, one that is equal in everything else; else one
    that asks for the same Indicators. No saved query is matched twice. The page matches by the same
    rule, in `ui/src/lib/queryMatch.ts`.

    Args:
        queries: those of the file; one without an id has an empty one.
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
    """Take the first of the saved queries that are left, and return its id."""
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
