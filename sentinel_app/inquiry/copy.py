"""The copies of a value that ThreatConnect holds now, and why each is or is not the one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from sentinel_app.core.indicator import Indicator
from sentinel_app.core.job import Outcome
from sentinel_app.core.object_id import ObjectKey, object_keys
from sentinel_app.core.precedence import Candidate, winners
from sentinel_app.core.query import Query
from sentinel_app.core.question import effective_question, value_questions
from sentinel_app.core.screening import Dismissal, Screening
from sentinel_app.core.source import Source
from sentinel_app.core.tql import ids_clause, values_clause
from sentinel_app.inquiry.errand import gathered
from sentinel_app.inquiry.row import RowFacts, row_facts

MOST_COPIES = 200
WITHIN_S = 8.0
"""For each of the two rounds of questions."""

NO_QUERY = 'No saved TQL query returns it.'


class Fate(StrEnum):
    """What becomes of a copy."""

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
    """One copy, and what becomes of it in an update that reads everything."""

    facts: RowFacts
    fate: Fate
    reason: str
    """A sentence for people."""
    positions: tuple[int, ...] = ()
    """The saved queries that return it, disabled ones among them."""
    keys: tuple[ObjectKey, ...] = ()
    """What it would be sent as; empty where it could not be sent."""
    chosen_keys: tuple[ObjectKey, ...] = ()
    """Those of them for which it is the one."""


class ValueCopies:
    """Asks ThreatConnect for the copies of a value.

    Args:
        source: ThreatConnect, with time-outs that a person can wait for.
        scrutiny: tells what could be sent from what cannot.
    """

    def __init__(self, *, source: Source, screening: Screening) -> None:
        self._source = source
        self._screening = screening

    def find(
        self,
        *,
        summaries: Sequence[str],
        hashes: Sequence[str],
        queries: Sequence[Query],
        now: dt.datetime,
    ) -> tuple[ValueCopy, ...]:
        """Give the copies with one of these summaries or hashes, and what becomes of each.

        Raises:
            RetryableError, FatalError: ThreatConnect does not answer, or refuses.
        """
        rows = self._rows(values_clause(summaries, hashes))
        found = [(row_facts(row), self._screening.screen(row, now)) for row in rows]
        indicators = [each for _, each in found if isinstance(each, Indicator)]
        positions = self._positions(indicators, queries)
        candidates = {
            each.id: Candidate(indicator=each, position=min(enabled))
            for each in indicators
            if (enabled := [place for place in positions[each.id] if queries[place].is_enabled])
        }
        best = winners(candidates.values())
        return tuple(_copy(facts, each, positions, candidates, best) for facts, each in found)

    def _rows(self, clause: str) -> tuple[Mapping[str, object], ...]:
        pages = gathered(
            [
                partial(self._source.read_window, question, limit=MOST_COPIES, offset=0)
                for question in value_questions(clause)
            ],
            within_s=WITHIN_S,
        )
        return tuple({str(row.get('id')): row for page in pages for row in page.rows}.values())

    def _positions(
        self, indicators: Sequence[Indicator], queries: Sequence[Query]
    ) -> Mapping[int, tuple[int, ...]]:
        """Give the queries that return each copy; ThreatConnect knows what their TQL means."""
        asked: list[int] = []
        calls = []
        for position, query in enumerate(queries):
            ids = [
                each.id
                for each in indicators
                if each.owner_name in query.owners and each.type in query.indicator_types
            ]
            if ids:
                question = effective_question(query, clause=ids_clause(ids))
                asked.append(position)
                calls.append(partial(self._source.read_window, question, limit=len(ids), offset=0))
        returned: dict[int, list[int]] = {each.id: [] for each in indicators}
        pages = gathered(calls, within_s=WITHIN_S)
        for position, page in zip(asked, pages, strict=True):
            for row in page.rows:
                number = row.get('id')
                if isinstance(number, int) and number in returned:
                    returned[number].append(position)
        return {number: tuple(places) for number, places in returned.items()}


def _copy(
    facts: RowFacts,
    found: Indicator | Dismissal,
    positions: Mapping[int, tuple[int, ...]],
    candidates: Mapping[int, Candidate],
    best: Mapping[ObjectKey, Candidate],
) -> ValueCopy:
    if isinstance(found, Dismissal):
        return ValueCopy(facts=facts, fate=_FATES[found.outcome], reason=found.reason)
    keys = object_keys(found)
    mine = candidates.get(found.id)
    if mine is None:
        return ValueCopy(
            facts=facts,
            fate=Fate.NOT_SELECTED,
            reason=_not_selected_words(positions[found.id]),
            positions=positions[found.id],
            keys=keys,
        )
    chosen = tuple(key for key in keys if best[key] is mine)
    return ValueCopy(
        facts=facts,
        fate=Fate.CHOSEN if chosen else Fate.DUPLICATE,
        reason=_chosen_words(mine) if chosen else _duplicate_words(mine, best[keys[0]]),
        positions=positions[found.id],
        keys=keys,
        chosen_keys=chosen,
    )


def _not_selected_words(disabled: Sequence[int]) -> str:
    if not disabled:
        return NO_QUERY
    places = ', '.join(str(place + 1) for place in disabled)
    if len(disabled) == 1:
        return f'Only TQL query {places} returns it, and that query is disabled.'
    return f'Only TQL queries {places} return it, and those are disabled.'


def _chosen_words(mine: Candidate) -> str:
    return f'It is the copy of TQL query {mine.position + 1} that has precedence.'


def _duplicate_words(mine: Candidate, winner: Candidate) -> str:
    other = f'the copy in {winner.indicator.owner_name}'
    if winner.position != mine.position:
        return f'TQL query {winner.position + 1} has precedence with {other}.'
    if winner.indicator.modified_at != mine.indicator.modified_at:
        return f'In the same TQL query, {other} was modified later.'
    return f'In the same TQL query, {other}, modified at the same time, has the lower id.'
