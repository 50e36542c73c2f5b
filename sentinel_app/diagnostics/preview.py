"""Preview of a TQL query: number of Indicators, sample objects, and what holds them back."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from sentinel_app.core.clock import Clock
from sentinel_app.core.context_choice import ActorGroupType, ContextChoice
from sentinel_app.core.context_estimate import ContextEstimate, context_estimate
from sentinel_app.core.indicator import Indicator, IndicatorType
from sentinel_app.core.job import Outcome
from sentinel_app.core.ledger_row import LedgerRow, millis
from sentinel_app.core.mapping import MappingOptions
from sentinel_app.core.object_id import ObjectKey, object_keys
from sentinel_app.core.query import Query
from sentinel_app.core.question import Question, effective_question
from sentinel_app.core.revision import next_revision
from sentinel_app.core.screening import Dismissal, Screening
from sentinel_app.core.source import Source
from sentinel_app.core.tql import values_clauses
from sentinel_app.core.upload_limits import MAX_OBJECTS, WINDOW_S, spare_s
from sentinel_app.core.validity import stix_fault
from sentinel_app.diagnostics.parallel import gathered
from sentinel_app.diagnostics.row_facts import RowFacts, row_facts
from sentinel_app.errors import FatalError, RetryableError
from sentinel_app.log import EventLog
from sentinel_app.storage.ledger import Ledger
from sentinel_app.storage.update_store import UpdateStore

SAMPLE = 100
"""Number of Indicators in the sample, those with the lowest ids."""

SHOWN = 10
EXAMPLES = 5

COUNT_WITHIN_S = 12.0
HIGHER_WITHIN_S = 7.0
"""Time limit for the higher queries, in seconds. With the check of the owners (5 s), a preview is
below 25 s."""

VALUES_IN_CLAUSE = 25
MOST_QUESTIONS = 40
"""Maximum questions about the higher queries; if there are more, the ledger is used instead."""

Rows = Sequence[Mapping[str, object]]

_log = EventLog(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownObject:
    """An object of an Indicator, and why it is not valid STIX 2.1, if so."""

    stix: Mapping[str, object]
    fault: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownIndicator:
    """One Indicator of the sample, and its outcome."""

    facts: RowFacts
    outcome: Outcome | None = None
    """Outcome if it would not be sent; None if it would."""
    reason: str | None = None
    taken_by: int | None = None
    """Position of the higher query that sends it."""
    objects: tuple[ShownObject, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBack:
    """Number of Indicators of the sample that would not be sent, for one outcome."""

    outcome: Outcome
    count: int
    examples: tuple[tuple[str, str], ...]
    """Summaries and reasons of the first few Indicators."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewContext:
    """Context that would come of a query, estimated from the sample."""

    estimate: ContextEstimate
    requests: int
    seconds: float
    """Seconds that sending it takes in what Indicators leave of the API limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """Result of a query if an update began now."""

    position: int
    counts: Mapping[IndicatorType, int]
    sample: int
    """Number of Indicators in the sample; all if there are no more."""
    indicators: tuple[ShownIndicator, ...]
    held_back: tuple[HeldBack, ...]
    higher: Mapping[int, int]
    """Number of Indicators of the sample that each higher query sends, by position."""
    is_higher_asked: bool
    """Whether the matches of the higher queries are from ThreatConnect; else from the ledger."""
    objects: int
    requests: int
    seconds: float
    context: PreviewContext | None
    """None where no context objects are sent."""

    @property
    def total(self) -> int:
        """Number of Indicators that the query matches."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sample:
    """Screened rows of the sample."""

    rows: Rows
    found: Sequence[Indicator | Dismissal]
    keys: Mapping[int, tuple[ObjectKey, ...]]
    """Object keys by Indicator id."""

    @property
    def indicators(self) -> tuple[Indicator, ...]:
        return tuple(each for each in self.found if isinstance(each, Indicator))


class Previews:
    """Makes previews; read-only.

    Args:
        source: ThreatConnect, with time-outs for interactive use.
        ledger: the ledger, for the ids and as a fallback for precedence.
        store: the store with the numbers of the queries.
        screening: the screening of rows.
        options: the inputs that decide about the form of objects.
        requests_per_minute: the upload limit.
        choice: which context objects are sent.
        actor_types: types of the Groups that are threat actors.
        clock: the time of conversion.
    """

    def __init__(
        self,
        *,
        source: Source,
        ledger: Ledger,
        store: UpdateStore,
        screening: Screening,
        options: MappingOptions,
        requests_per_minute: int,
        choice: ContextChoice,
        actor_types: Collection[ActorGroupType],
        clock: Clock,
    ) -> None:
        self._source = source
        self._ledger = ledger
        self._store = store
        self._screening = screening
        self._options = options
        self._requests_per_minute = requests_per_minute
        self._choice = choice
        self._actor_types = actor_types
        self._clock = clock

    def preview(self, query: Query, higher: Sequence[Query]) -> Preview:
        """Return the preview of the query below these higher queries.

        Raises:
            QueryError: the TQL was refused, by the App or by ThreatConnect.
            ReadTimeoutError, ReadError, ReadAuthError: ThreatConnect does not respond.
        """
        counts, rows = self._ask(query)
        now = self._clock.now()
        sample = self._sample(rows, now)
        keys = [key for group in sample.keys.values() for key in group]
        held = self._ledger.rows_of_keys([key.digest for key in keys])
        taken, is_asked = self._taken(sample, held, higher, now)
        takers = {number: _taker(group, taken) for number, group in sample.keys.items()}
        free = len({key for key in keys if key not in taken})
        objects = math.ceil(sum(counts.values()) * free / len(rows)) if rows else 0
        requests = math.ceil(objects / MAX_OBJECTS)
        return Preview(
            position=len(higher),
            counts=counts,
            sample=len(rows),
            indicators=tuple(
                self._shown(row, found, takers, higher, held, now)
                for row, found in zip(rows[:SHOWN], sample.found, strict=False)
            ),
            held_back=_held_back(sample),
            higher=Counter(taker for taker in takers.values() if taker is not None),
            is_higher_asked=is_asked,
            objects=objects,
            requests=requests,
            seconds=requests / self._requests_per_minute * WINDOW_S,
            context=self._context(query, sample, taken, sum(counts.values())),
        )

    def _context(
        self, query: Query, sample: _Sample, taken: Mapping[ObjectKey, int], total: int
    ) -> PreviewContext | None:
        """Return what context would come of all Indicators if they are like the sample."""
        if not self._choice.has_identities:
            return None
        sent = [
            (each, sum(key not in taken for key in sample.keys[each.id]))
            for each in sample.indicators
        ]
        found = context_estimate(sent, self._choice, self._actor_types, query.owners)
        estimate = found.scaled(max(1.0, total / len(sample.rows)) if sample.rows else 1.0)
        return PreviewContext(
            estimate=estimate,
            requests=math.ceil(estimate.objects / MAX_OBJECTS),
            seconds=spare_s(estimate.objects, self._requests_per_minute),
        )

    def _ask(self, query: Query) -> tuple[Mapping[IndicatorType, int], Rows]:
        """Count each type and read the first page, in parallel."""
        kinds = tuple(dict.fromkeys(query.indicator_types))
        whole = effective_question(query)
        parts = [effective_question(replace(query, indicator_types=(kind,))) for kind in kinds]
        _, (_, rows), *numbers = gathered(
            [
                partial(self._verify, whole),
                partial(self._first, whole),
                *(partial(self._count, part) for part in parts),
            ],
            within_s=COUNT_WITHIN_S,
        )
        return {kind: count for kind, (count, _) in zip(kinds, numbers, strict=True)}, rows

    def _verify(self, question: Question) -> tuple[int, Rows]:
        self._source.verify(question)
        return 0, ()

    def _first(self, question: Question) -> tuple[int, Rows]:
        return 0, self._source.read_window(question, limit=SAMPLE, offset=0).rows

    def _count(self, question: Question) -> tuple[int, Rows]:
        return self._source.count(question)[0], ()

    def _sample(self, rows: Rows, now: dt.datetime) -> _Sample:
        found = [self._screening.screen(row, now) for row in rows]
        return _Sample(
            rows=rows,
            found=found,
            keys={each.id: object_keys(each) for each in found if isinstance(each, Indicator)},
        )

    def _taken(
        self,
        sample: _Sample,
        held: Mapping[bytes, LedgerRow],
        higher: Sequence[Query],
        now: dt.datetime,
    ) -> tuple[Mapping[ObjectKey, int], bool]:
        """Return the higher query's position for each key, and whether ThreatConnect was read."""
        if not _enabled(higher) or not sample.indicators:
            return {}, True
        questions = _questions(sample.indicators, higher)
        if len(questions) <= MOST_QUESTIONS:
            try:
                return self._asked(questions, now), True
            except (RetryableError, FatalError) as error:
                _log.info('preview-by-ledger', code=error.code, reason=error.reason)
        positions = {
            number: position
            for position, query in _enabled(higher)
            if (number := self._store.queries.known(query.id)) is not None
        }
        return {
            key: positions[entry.query]
            for group in sample.keys.values()
            for key in group
            if (entry := held.get(key.digest)) is not None
            and entry.is_live
            and entry.valid_until > millis(now)
            and entry.query in positions
        }, False

    def _asked(
        self, questions: Sequence[tuple[int, Question]], now: dt.datetime
    ) -> Mapping[ObjectKey, int]:
        pages = gathered(
            [
                partial(self._source.read_window, question, limit=10 * SAMPLE, offset=0)
                for _, question in questions
            ],
            within_s=HIGHER_WITHIN_S,
        )
        taken: dict[ObjectKey, int] = {}
        for (position, _), page in zip(questions, pages, strict=True):
            for row in page.rows:
                found = self._screening.screen(row, now)
                for key in object_keys(found) if isinstance(found, Indicator) else ():
                    taken[key] = min(position, taken.get(key, position))
        return taken

    def _shown(
        self,
        row: Mapping[str, object],
        found: Indicator | Dismissal,
        takers: Mapping[int, int | None],
        higher: Sequence[Query],
        held: Mapping[bytes, LedgerRow],
        now: dt.datetime,
    ) -> ShownIndicator:
        if isinstance(found, Dismissal):
            return ShownIndicator(facts=row_facts(row), outcome=found.outcome, reason=found.reason)
        objects = []
        for key in object_keys(found):
            version = next_revision(
                found, key, row=held.get(key.digest), options=self._options, now=now
            )
            objects.append(ShownObject(stix=version.stix, fault=stix_fault(version.stix)))
        shown = ShownIndicator(facts=row_facts(row), objects=tuple(objects))
        taker = takers[found.id]
        if taker is None:
            return shown
        return replace(
            shown,
            outcome=Outcome.DUPLICATE,
            reason=f'TQL query {higher[taker].numbered(taker)} has precedence.',
            taken_by=taker,
        )


def _enabled(queries: Sequence[Query]) -> list[tuple[int, Query]]:
    return [(place, query) for place, query in enumerate(queries) if query.is_enabled]


def _questions(
    indicators: Sequence[Indicator], higher: Sequence[Query]
) -> list[tuple[int, Question]]:
    """Return the questions that show which of these values the higher queries return."""
    questions = []
    for position, query in _enabled(higher):
        wanted = [each for each in indicators if each.type in query.indicator_types]
        files = [each for each in wanted if each.type is IndicatorType.FILE]
        clauses = values_clauses(
            (each.summary for each in wanted if each.type is not IndicatorType.FILE),
            (key.value for each in files for key in object_keys(each)),
        )
        questions += [(position, effective_question(query, clause=clause)) for clause in clauses]
    return questions


def _taker(keys: Sequence[ObjectKey], taken: Mapping[ObjectKey, int]) -> int | None:
    """Return the highest query that sends part of an Indicator, if nothing is left to send."""
    if any(key not in taken for key in keys):
        return None
    return min(taken[key] for key in keys)


def _held_back(sample: _Sample) -> tuple[HeldBack, ...]:
    groups: dict[Outcome, list[tuple[str, str]]] = {}
    for row, found in zip(sample.rows, sample.found, strict=True):
        if isinstance(found, Dismissal):
            groups.setdefault(found.outcome, []).append(
                (row_facts(row).summary or '', found.reason)
            )
    return tuple(
        HeldBack(outcome=outcome, count=len(group), examples=tuple(group[:EXAMPLES]))
        for outcome, group in groups.items()
    )
