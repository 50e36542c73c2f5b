"""Overlap of a TQL query with the queries above it."""

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
    """Overlap that the last complete reading of a query found."""

    duplicates: int
    """Indicators not sent because another copy was: of a higher query or, if the query has several
    owners, its own."""
    sendable: int
    """Indicators that could have been sent, duplicates included."""
    is_all: bool
    """Whether higher queries sent all of them."""
    taken_by: str | None
    """Id of the query that sent them, if it can only be one."""


def overlap(job: Job, jobs: Sequence[Job]) -> Overlap:
    """Return the overlap that a Job found which read its whole query.

    Args:
        job: the Job.
        jobs: the Jobs of its update, in any order.
    """
    outcomes = job.counts.outcomes
    duplicates = outcomes.get(Outcome.DUPLICATE, 0)
    sendable = job.counts.read - sum(outcomes.get(each, 0) for each in _NOT_SENDABLE)
    # One of its own copies is the one that was sent.
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
    """Return whether the queries above are the same as when the Job was queued.

    Args:
        job: the Job.
        jobs: those of its update, in any order.
        higher: the enabled queries that are above its query now.
    """
    then = {
        (other.query.id, other.query.selection) for other in jobs if other.position < job.position
    }
    return bool(then) and then == {(query.id, query.selection) for query in higher}


def covering(query: Query, higher: Sequence[Query]) -> tuple[Query, ...]:
    """Return the higher queries that together return all that a query returns; empty if unsure.

    Each of them selects everything, or has the same TQL, and together they have at least the owners
    and types of the query. Then the query can never send anything.

    Args:
        query: the query.
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
    """Return the enabled queries above each enabled one, by query id."""
    enabled = tuple(query for query in queries if query.is_enabled)
    return {query.id: enabled[:place] for place, query in enumerate(enabled)}


def _has(query: Query, owner: str, kind: str) -> bool:
    return owner in query.owners and kind in query.indicator_types


def _share(one: Job, other: Job) -> bool:
    """Return whether two queries can return copies of one value; owners may differ."""
    return not set(one.query.indicator_types).isdisjoint(other.query.indicator_types)


def _normal(tql: str) -> str:
    """Return the TQL on one line, unless blanks may be part of a value."""
    return tql.strip() if _QUOTES.intersection(tql) else ' '.join(tql.split())
