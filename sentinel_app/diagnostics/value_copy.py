"""Current copies of values in ThreatConnect, and why each is or is not the one sent."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from sentinel_app.core.indicator import Indicator
from sentinel_app.core.job import Outcome
from sentinel_app.core.object_id import ObjectKey, object_keys
from sentinel_app.core.precedence import Candidate, winners
from sentinel_app.core.query import Query
from sentinel_app.core.question import Question, effective_question, value_questions
from sentinel_app.core.screening import Dismissal, Screening
from sentinel_app.core.source import Source, SourcePage
from sentinel_app.core.tql import (
    IDS_IN_CLAUSE,
    Portion,
    ids_clause,
    portions,
    value_portions,
    values_clause,
)
from sentinel_app.diagnostics.parallel import AT_ONCE, gathered
from sentinel_app.diagnostics.row_facts import RowFacts, row_facts

MOST_COPIES = 200
WITHIN_S = 8.0
"""Time limit of each of the two rounds of requests, in seconds."""

MOST_NAMED = 3
"""Maximum queries that a sentence names."""

NO_QUERY = 'No saved TQL query returns it.'


class Fate(StrEnum):
    """Fate of a copy."""

    CHOSEN = 'chosen'
    DUPLICATE = 'duplicate'
    WITHHELD = 'withheld'
    EXPIRED = 'expired'
    UNSUPPORTED = 'unsupported'
    INVALID = 'invalid'
    NOT_SELECTED = 'not-selected'


_FATES = {
    Outcome.WITHHELD: Fate.WITHHELD,
    Outcome.EXPIRED: Fate.EXPIRED,
    Outcome.UNSUPPORTED: Fate.UNSUPPORTED,
    Outcome.INVALID: Fate.INVALID,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueCopy:
    """One copy, and its fate in an update that reads everything."""

    facts: RowFacts
    fate: Fate
    reason: str
    """Reason, as a sentence for people."""
    positions: tuple[int, ...] = ()
    """Positions of the saved queries that return it, including disabled ones."""
    position: int | None = None
    """Position of the highest enabled query that returns it."""
    keys: tuple[ObjectKey, ...] = ()
    """Object keys of the copy; empty if it cannot be sent."""
    chosen_keys: tuple[ObjectKey, ...] = ()
    """Object keys for which it has precedence."""


class ValueCopies:
    """Reads the copies of values from ThreatConnect.

    Args:
        source: ThreatConnect, with time-outs for interactive use.
        screening: the screening of rows.
    """

    def __init__(self, *, source: Source, screening: Screening) -> None:
        self._source = source
        self._screening = screening

    def find(
        self,
        *,
        summaries: Collection[str],
        hashes: Collection[str],
        queries: Sequence[Query],
        now: dt.datetime,
        is_every_query_asked: bool = True,
    ) -> tuple[ValueCopy, ...]:
        """Return the copies with one of these summaries or hashes, with their fates.

        Each request covers several values.

        Args:
            summaries: whole summaries.
            hashes: hashes of Files.
            queries: the saved queries, highest precedence first.
            now: the current time, by which Indicators count as expired.
            is_every_query_asked: whether to find all queries that return a copy; else only the
                highest one, with fewer requests.

        Raises:
            RetryableError, FatalError: ThreatConnect does not respond, or refuses.
        """
        rows = self._rows(summaries, hashes)
        found = [(row_facts(row), self._screening.screen(row, now)) for row in rows]
        indicators = [each for _, each in found if isinstance(each, Indicator)]
        ask = self._positions if is_every_query_asked else self._first_positions
        positions = ask(indicators, queries)
        candidates = {
            each.id: Candidate(indicator=each, position=min(enabled))
            for each in indicators
            if (enabled := [place for place in positions[each.id] if queries[place].is_enabled])
        }
        best = winners(candidates.values())
        names = [query.numbered(place) for place, query in enumerate(queries)]
        return tuple(
            _copy(facts, each, positions, candidates, best, names) for facts, each in found
        )

    def _rows(
        self, summaries: Collection[str], hashes: Collection[str]
    ) -> tuple[Mapping[str, object], ...]:
        found: dict[str, Mapping[str, object]] = {}
        parts = value_portions(summaries, hashes)
        until = time.monotonic() + WITHIN_S
        while parts:
            questions = [
                (part, question)
                for part in parts
                for question in value_questions(values_clause(*part))
            ]
            pages = gathered(
                [
                    partial(self._source.read_window, question, limit=MOST_COPIES, offset=0)
                    for _, question in questions
                ],
                within_s=until - time.monotonic(),
            )
            parts = []
            for (part, _), page in zip(questions, pages, strict=True):
                found |= {str(row.get('id')): row for row in page.rows}
                if (page.count or 0) > len(page.rows):
                    # Some of their copies are missing, so try fewer values at once.
                    parts += _halves(part)
        return tuple(found.values())

    def _positions(
        self, indicators: Sequence[Indicator], queries: Sequence[Query]
    ) -> Mapping[int, tuple[int, ...]]:
        """Return the queries that return each copy, according to ThreatConnect."""
        found = _Positions(indicators)
        questions = found.questions(enumerate(queries))
        found.enter(questions, self._asked(questions, within_s=WITHIN_S), queries)
        return found.positions

    def _first_positions(
        self, indicators: Sequence[Indicator], queries: Sequence[Query]
    ) -> Mapping[int, tuple[int, ...]]:
        """Return the highest query that returns each copy, one query after the other."""
        found = _Positions(indicators)
        until = time.monotonic() + WITHIN_S
        for start in range(0, len(queries), AT_ONCE):
            several = enumerate(queries[start : start + AT_ONCE], start)
            questions = found.questions(several, is_first_enough=True)
            pages = self._asked(questions, within_s=until - time.monotonic())
            found.enter(questions, pages, queries)
        return found.positions

    def _asked(
        self, questions: Sequence[tuple[int, Question, int]], *, within_s: float
    ) -> list[SourcePage]:
        return gathered(
            [
                partial(self._source.read_window, question, limit=limit, offset=0)
                for _, question, limit in questions
            ],
            within_s=within_s,
        )


class _Positions:
    """Known positions of the saved queries that return some Indicators."""

    def __init__(self, indicators: Sequence[Indicator]) -> None:
        self._indicators = indicators
        self._found: dict[int, list[int]] = {each.id: [] for each in indicators}
        self._is_settled: set[int] = set()
        """Indicators that an enabled query returns."""

    @property
    def positions(self) -> Mapping[int, tuple[int, ...]]:
        """Positions of the queries that return each Indicator."""
        return {number: tuple(sorted(places)) for number, places in self._found.items()}

    def questions(
        self, queries: Iterable[tuple[int, Query]], *, is_first_enough: bool = False
    ) -> list[tuple[int, Question, int]]:
        """Return the requests: position of the query, question, and maximum rows."""
        asked = []
        for position, query in queries:
            ids = [
                each.id
                for each in self._indicators
                if each.owner_name in query.owners
                and each.type in query.indicator_types
                and not (is_first_enough and each.id in self._is_settled)
            ]
            for part in portions(ids, IDS_IN_CLAUSE):
                question = effective_question(query, clause=ids_clause(part))
                asked.append((position, question, len(part)))
        return asked

    def enter(
        self,
        questions: Sequence[tuple[int, Question, int]],
        pages: Sequence[SourcePage],
        queries: Sequence[Query],
    ) -> None:
        """Record the responses of the queries."""
        for (position, _, _), page in zip(questions, pages, strict=True):
            for row in page.rows:
                number = row.get('id')
                if isinstance(number, int) and number in self._found:
                    self._found[number].append(position)
                    if queries[position].is_enabled:
                        self._is_settled.add(number)


def _halves(part: Portion) -> list[Portion]:
    """Split a portion of values in two; empty if it has a single value."""
    values = max(part, key=len)
    middle = len(values) // 2
    if not middle:
        return []
    halves = (values[:middle], values[middle:])
    return [(half, ()) if values is part[0] else ((), half) for half in halves]


def _copy(
    facts: RowFacts,
    found: Indicator | Dismissal,
    positions: Mapping[int, tuple[int, ...]],
    candidates: Mapping[int, Candidate],
    best: Mapping[ObjectKey, Candidate],
    names: Sequence[str],
) -> ValueCopy:
    if isinstance(found, Dismissal):
        return ValueCopy(facts=facts, fate=_FATES[found.outcome], reason=found.reason)
    keys = object_keys(found)
    mine = candidates.get(found.id)
    if mine is None:
        return ValueCopy(
            facts=facts,
            fate=Fate.NOT_SELECTED,
            reason=_not_selected_words(positions[found.id], names),
            positions=positions[found.id],
            keys=keys,
        )
    chosen = tuple(key for key in keys if best[key] is mine)
    return ValueCopy(
        facts=facts,
        fate=Fate.CHOSEN if chosen else Fate.DUPLICATE,
        reason=_chosen_words(mine, names)
        if chosen
        else _duplicate_words(mine, best[keys[0]], names),
        positions=positions[found.id],
        position=mine.position,
        keys=keys,
        chosen_keys=chosen,
    )


def _not_selected_words(disabled: Sequence[int], names: Sequence[str]) -> str:
    if not disabled:
        return NO_QUERY
    places = ', '.join(names[place] for place in disabled[:MOST_NAMED])
    if len(disabled) == 1:
        return f'Only TQL query {places} returns it, and that query is disabled.'
    left = len(disabled) - MOST_NAMED
    more = f', and {left} more' if left > 0 else ''
    return f'Only TQL queries {places}{more} return it, and those are disabled.'


def _chosen_words(mine: Candidate, names: Sequence[str]) -> str:
    return f'It is the copy of TQL query {names[mine.position]} that has precedence.'


def _duplicate_words(mine: Candidate, winner: Candidate, names: Sequence[str]) -> str:
    other = f'the copy in {winner.indicator.owner_name}'
    if winner.position != mine.position:
        return f'TQL query {names[winner.position]} has precedence with {other}.'
    if winner.indicator.modified_at != mine.indicator.modified_at:
        return f'In the same TQL query, {other} was modified later.'
    return f'In the same TQL query, {other}, modified at the same time, has the lower id.'
