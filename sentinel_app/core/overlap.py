"""How much of a TQL query higher ones take, and whether they take all of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sentinel_app.core.job import Job, Outcome
from sentinel_app.core.query import Query

_NOT_SENDABLE = (Outcome.WITHHELD, Outcome.EXPIRED, Outcome.UNSUPPORTED, Outcome.INVALID)
_OWN = (Outcome.SENT, Outcome.UNCHANGED, Outcome.REFUSED, Outcome.FAILED)
_QUOTES = frozenset('"\'')


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """What the last whole reading of a query found that other copies had precedence for."""

    duplicates: int
    """Indicators that were not sent, as another copy was: of a higher query or, where the query has
    several owners, of its own."""
    sendable: int
    """Indicators that could have been sent."""
    is_all: bool
    """Whether higher queries had all of them."""
    taken_by: str | None
    """The id of the query that took them, where only one can have."""


def overlap(job: Job, jobs: Sequence[Job]) -> Overlap:
    """Return what other copies had precedence for in a Job that read its whole query.

    Args:
        job: the Job.
        jobs: those of its update, in any order.
    """
    outcomes = job.counts.outcomes
    duplicates = outcomes.get(Outcome.DUPLICATE, 0)
    sendable = job.counts.read - sum(outcomes.get(each, 0) for each in _NOT_SENDABLE)
    # Of several copies of its own, one is not a duplicate.
    is_all = duplicates > 0 and not any(outcomes.get(each, 0) for each in _OWN)
    takers = [other for other in jobs if other.position < job.position and _share(other, job)]
    is_sure = len(takers) == 1 and (is_all or len(job.query.owners) == 1)
    return Overlap(
        duplicates=duplicates,
        sendable=sendable,
        is_all=is_all,
        taken_by=takers[0].query.id if duplicates and is_sure else None,
    )


def still_holds(job: Job, jobs: Sequence[Job], higher: Sequence[Query]) -> bool:
    """Whether a query has the same ones above it as when a Job of it was queued.

    Args:
        job: the Job.
        jobs: those of its update, in any order.
        higher: the enabled queries that are above it now.
    """
    then = {
        (other.query.id, other.query.selection) for other in jobs if other.position < job.position
    }
    return bool(then) and then == {(query.id, query.selection) for query in higher}


def covering(query: Query, higher: Sequence[Query]) -> tuple[Query, ...]:
    """Return the higher queries that together return all that a query returns; none if unsure.

    One of them asks for everything, or has the same TQL, and the owners and types of all of them
    are those of the query at least. Then the query can never send anything.

    Args:
        query: which one.
        higher: the enabled queries above it.
    """
    tql = _normal(query.tql)
    found: dict[str, Query] = {}
    wanted = {(owner, kind) for owner in query.owners for kind in query.indicator_types}
    for other in higher:
        if _normal(other.tql) not in {'', tql}:
            continue
        covered = {each for each in wanted if _has(other, *each)}
        if covered:
            found[other.id] = other
            wanted -= covered
    return () if wanted else tuple(found.values())


def higher_of(queries: Sequence[Query]) -> Mapping[str, tuple[Query, ...]]:
    """Return the enabled queries above each enabled one, by its id."""
    enabled = tuple(query for query in queries if query.is_enabled)
    return {query.id: enabled[:place] for place, query in enumerate(enabled)}


def _has(query: Query, owner: str, kind: str) -> bool:
    return owner in query.owners and kind in query.indicator_types


def _share(one: Job, other: Job) -> bool:
    """Whether two queries can return the same value; it may be of several owners."""
    return not set(one.query.indicator_types).isdisjoint(other.query.indicator_types)


def _normal(tql: str) -> str:
    """The TQL in one line, where no blank can be part of a value."""
    return tql.strip() if _QUOTES.intersection(tql) else ' '.join(tql.split())
