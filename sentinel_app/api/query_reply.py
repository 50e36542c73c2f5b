"""A TQL query as the API shows it: whole, or as people call it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sentinel_app.api import schemas
from sentinel_app.core.query import Query


def query_members(query: Query) -> dict[str, Any]:
    """Return the members of a whole query."""
    return {
        'id': query.id,
        'name': query.name,
        'note': query.note,
        'is_enabled': query.is_enabled,
        'owners': list(query.owners),
        'indicator_types': list(query.indicator_types),
        'tql': query.tql,
        'sort_field': query.sort_field,
        'sort_direction': query.sort_direction,
    }


def label_members(query: Query) -> dict[str, Any]:
    """Return the members of whatever shows a query by its label."""
    scope = None
    if query.is_labeled_by_scope:
        scope = schemas.LabelScope(
            indicator_types=list(query.indicator_types), owners=list(query.owners)
        )
    return {'label': query.label, 'label_scope': scope}


def query_marks(queries: Sequence[Query]) -> Mapping[str, schemas.QueryMark]:
    """Return what people call each query, by its id, highest precedence first."""
    return {
        query.id: schemas.QueryMark(
            query_id=query.id,
            position=position,
            **label_members(query),
            is_enabled=query.is_enabled,
        )
        for position, query in enumerate(queries)
    }
