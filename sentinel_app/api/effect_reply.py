"""What saving a list would change, as the API shows it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from sentinel_app.api import schemas
from sentinel_app.api.query_reply import label_members, query_marks
from sentinel_app.core.effect import Effect, QueryEffect
from sentinel_app.core.query import Query


def effect_reply(
    found: Effect,
    seconds: Callable[[int], float],
    new: Sequence[Query],
    known: Collection[str],
) -> schemas.Effect:
    """Return what a save would change.

    Args:
        found: what it is.
        seconds: returns how long sending so many objects takes.
        new: the list as it would be saved.
        known: ids of the queries that are saved already.
    """
    marks = query_marks(new)
    full = found.full_objects
    return schemas.Effect(
        queries=[_query(each, marks, known) for each in found.queries],
        objects_more=found.more,
        objects_fewer=found.fewer,
        objects_staying=found.stays,
        is_complete=found.is_complete,
        seconds_more=seconds(found.more),
        objects_full=full,
        seconds_full=None if full is None else seconds(full),
    )


def _query(
    each: QueryEffect, marks: Mapping[str, schemas.QueryMark], known: Collection[str]
) -> schemas.QueryEffect:
    query = each.query
    return schemas.QueryEffect(
        query_id=query.id if query.id in known else None,
        position=each.position,
        **label_members(query),
        change=each.change,
        count=each.counted.count,
        not_counted=each.counted.fault,
        objects_live=each.held.objects,
        objects_more=each.more,
        objects_fewer=each.fewer,
        objects_staying=each.stays,
        staying_until=each.held.until if each.stays else None,
        taken_over_by=[marks[query_id] for query_id in each.taken_over_by],
    )
