"""Questions to ThreatConnect: the TQL, and conditions that every returned row must meet."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from sentinel_app.core.query import Query
from sentinel_app.core.time_range import BEGINNING, TimeRange
from sentinel_app.core.tql import (
    both_clauses,
    effective_tql,
    inactive_tql,
    range_clause,
    selection_tql,
)
from sentinel_app.core.window import Window

_ACTIVITY: Final = 'indicatoractive'
_ID_CLAUSE: Final = re.compile(r'id in \((\d+(?:, \d+)*)\)')


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A request for Indicators. A response with a row that does not fit is rejected."""

    tql: str
    owners: tuple[str, ...] = ()
    """Allowed owners of a row; empty for any."""
    types: tuple[str, ...] = ()
    """Allowed types of a row; empty for any."""
    is_active: bool | None = None
    """Required activity of a row; None if the TQL decides about it."""
    after_id: int | None = None
    """Exclusive lower bound of a row's id."""
    ids: frozenset[int] | None = None
    """Allowed ids of a row; None for any."""


def effective_question(
    query: Query,
    *,
    window: Window | None = None,
    time_range: TimeRange | None = None,
    after_id: int | None = None,
    clause: str | None = None,
) -> Question:
    """Return the question of a saved query; see `effective_tql`.

    Args:
        query: the saved query.
        window: bounds of `lastModified`.
        time_range: bounds of `lastModified` if reading is by time ranges.
        after_id: only rows with a greater id.
        clause: a further restriction.

    Raises:
        TqlError, ValueError: as `effective_tql` does.
    """
    bounds = None if time_range is None else range_clause(time_range)
    return Question(
        tql=effective_tql(
            query, window=window, after_id=after_id, clause=both_clauses(clause, bounds)
        ),
        owners=tuple(query.owners),
        types=_types(query.indicator_types),
        is_active=_activity(query.tql),
        after_id=after_id,
        # Only an instance that ignores conditions on ids is read by time ranges.
        ids=clause_ids(clause) if time_range is None else None,
    )


def selection_question(
    owners: Sequence[str],
    types: Sequence[str],
    *,
    clause: str | None = None,
    after_id: int | None = None,
) -> Question:
    """Return the question for the active Indicators of these owners and types."""
    return Question(
        tql=selection_tql(owners, types, clause=clause, after_id=after_id),
        owners=tuple(owners),
        types=_types(types),
        is_active=True,
        after_id=after_id,
    )


def inactive_question(
    owners: Sequence[str],
    types: Sequence[str],
    *,
    time_range: TimeRange,
    after_id: int | None = None,
) -> Question:
    """Return the question for inactive Indicators last modified within the time range."""
    return Question(
        tql=inactive_tql(owners, types, time_range=time_range, after_id=after_id),
        owners=tuple(owners),
        types=_types(types),
        is_active=False,
        after_id=after_id,
    )


def free_question(tql: str) -> Question:
    """Return a question for Indicators of any owner and type."""
    return Question(tql=tql, is_active=_activity(tql))


def value_questions(clause: str) -> tuple[Question, Question]:
    """Return the questions for the active and the inactive copies of a value, of any owner.

    ThreatConnect returns inactive ones only if the TQL requests them.
    """
    return (
        Question(tql=clause, is_active=True),
        Question(tql=f'indicatorActive = false AND ({clause})', is_active=False),
    )


def empty_question(question: Question) -> Question:
    """Return the same question, restricted so that nothing can match.

    The response shows whether questions arrive as sent. There are two such clauses, as an instance
    that ignores conditions on ids is read by `lastModified`.
    """
    bounds = range_clause(TimeRange(end_at=BEGINNING))
    return replace(question, tql=f'({question.tql}) AND id < 0 AND {bounds}')


def clause_ids(clause: str | None) -> frozenset[int] | None:
    """Return the ids of a clause that allows only certain ids; None for any other clause."""
    found = None if clause is None else _ID_CLAUSE.fullmatch(clause)
    return None if found is None else frozenset(int(text) for text in found[1].split(', '))


def _types(types: Sequence[str]) -> tuple[str, ...]:
    return tuple(str(kind) for kind in types)


def _activity(tql: str) -> bool | None:
    """Return the expected activity: active by default, unknown if the TQL mentions it."""
    return None if _ACTIVITY in tql.casefold() else True
