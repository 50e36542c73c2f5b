"""Look-ups of values: whether they are in Sentinel, and if not, why."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from sentinel_app.core.clock import Clock
from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.portal import Portal
from sentinel_app.core.query import QueryList
from sentinel_app.core.record import Holding, Record, RecordedError, RefusedObject
from sentinel_app.core.timestamp import to_seconds
from sentinel_app.core.validity import stix_fault
from sentinel_app.core.value import hashes_of_value
from sentinel_app.diagnostics.answer import (
    MOST_NEAR,
    Answer,
    Answers,
    folded,
    make_answer,
    other_readings,
)
from sentinel_app.diagnostics.meaning import Asked, Meaning, asked_values, enter_copies, enter_known
from sentinel_app.diagnostics.nearby import nearby
from sentinel_app.diagnostics.value_copy import Fate, ValueCopies, ValueCopy
from sentinel_app.diagnostics.verdict import Near
from sentinel_app.errors import FatalError, RetryableError, SentinelAppError
from sentinel_app.storage.app_state.store import AppState
from sentinel_app.storage.holdings import Holdings
from sentinel_app.storage.ledger import Ledger

_CLOCK_MARGIN = dt.timedelta(hours=1)
"""Tolerance if our clock is ahead of Azure's, which dates the rows."""


class SentState(StrEnum):
    """Current state in Sentinel of an object that was sent."""

    LIVE = 'live'
    EXPIRED = 'expired'
    WITHDRAWN = 'withdrawn'


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """An object that Sentinel refused, and its reason if that is still stored."""

    object: RefusedObject
    error: RecordedError | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SentObject:
    """One object in Sentinel, with a link to it."""

    record: Record
    state: SentState
    position: int | None
    """Position of its query; None if that is no longer saved."""
    stix: Mapping[str, object]
    fault: str | None
    sentinel_id: str
    kql: str
    portal_link: str
    """Link that opens the portal with the KQL query."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Everything that is known about a value."""

    answer: Answer
    held: tuple[Holding, ...]
    """Ledger rows of the value."""
    sent: tuple[SentObject, ...]
    refused: tuple[Refused, ...]
    copies: tuple[ValueCopy, ...]
    error: SentinelAppError | None
    """Error of ThreatConnect, if its copies could not be read."""


class Lookups:
    """Looks up values; read-only.

    Args:
        copies: reads the copies in ThreatConnect.
        ledger: the ledger.
        holdings: bulk look-ups in the ledger.
        app_state: the store of the saved queries.
        source_system: the source system of the objects in Sentinel.
        portal: the portal for links.
        clock: the clock, by which objects expire.
    """

    def __init__(
        self,
        *,
        copies: ValueCopies,
        ledger: Ledger,
        holdings: Holdings,
        app_state: AppState,
        source_system: str,
        portal: Portal,
        clock: Clock,
    ) -> None:
        self._copies = copies
        self._ledger = ledger
        self._holdings = holdings
        self._app_state = app_state
        self._source_system = source_system
        self._portal = portal
        self._clock = clock

    def answers(self, values: Sequence[str]) -> Answers:
        """Return the status of each value in Sentinel.

        Values that are not there are looked up in ThreatConnect. The number of SQL statements does
        not grow with the number of values.

        Args:
            values: summaries, hashes, or values in any pasted spelling.

        Raises:
            StorageError: the stores cannot be read.
        """
        now, saved = self._clock.now(), self._app_state.query_list()
        asked = asked_values(values)
        enter_known([each for one in asked for each in one.meanings], self._holdings, now)
        error = self._enter_copies(
            [each for each in asked if not any(one.is_live(now) for one in each.meanings)],
            saved,
            now,
            is_every_query_asked=False,
        )
        asked = folded(asked, now)
        chosen = [each.chosen(now) for each in asked]
        absent = [each for each in chosen if not each.is_live(now)]
        near = self._near(absent, now)
        reasons = self._reasons(chosen)
        return Answers(
            answers=tuple(
                make_answer(
                    each,
                    meaning,
                    near=(*other_readings(each, meaning, now), *near.get(id(meaning), ())),
                    reasons=reasons,
                    saved=saved,
                    now=now,
                    is_source_asked=error is None,
                )
                for each, meaning in zip(asked, chosen, strict=True)
            ),
            error=error,
        )

    def findings(self, value: str) -> Findings:
        """Return everything that is known about a value.

        Raises:
            StorageError: the stores cannot be read.
        """
        now, saved = self._clock.now(), self._app_state.query_list()
        (asked,) = asked_values([value])
        enter_known(asked.meanings, self._holdings, now)
        error = self._enter_copies([asked], saved, now, is_every_query_asked=True)
        meaning = asked.chosen(now)
        known = self._records(meaning)
        return Findings(
            answer=make_answer(
                asked,
                meaning,
                near=(
                    *other_readings(asked, meaning, now),
                    *self._near([meaning], now)[id(meaning)],
                ),
                reasons=self._reasons([meaning]),
                saved=saved,
                now=now,
                is_source_asked=error is None,
            ),
            held=tuple(meaning.holdings.values()),
            sent=tuple(self._sent(each, saved, now) for _, each in sorted(known.items())),
            refused=tuple(
                Refused(object=each, error=self._ledger.last_error(each.indicator_id))
                for each in meaning.refused
            ),
            copies=_best_first(_with_status(each, known, now) for each in meaning.copies),
            error=error,
        )

    def _records(self, meaning: Meaning) -> dict[str, Record]:
        """Return the records of a meaning, by object key."""
        keys = [key for key in meaning.keys if key.digest in meaning.holdings]
        ids = sorted({each.indicator_id for each in meaning.holdings.values()})
        found = (*self._ledger.by_key(keys), *self._ledger.by_indicator(ids))
        return {each.object_key: each for each in found}

    def _enter_copies(
        self,
        asked: Sequence[Asked],
        saved: QueryList,
        now: dt.datetime,
        *,
        is_every_query_asked: bool,
    ) -> SentinelAppError | None:
        """Add the copies of ThreatConnect; return the error if they could not be read."""
        meanings = [meaning for each in asked for meaning in each.meanings]
        if not meanings:
            return None
        self._enter_sent_summaries(meanings)
        hashes = [digest for each in meanings for _, digest in hashes_of_value(each.text)]
        try:
            copies = self._copies.find(
                summaries=[text for each in meanings for text in each.asked_summaries()],
                hashes=hashes,
                queries=saved.queries,
                now=now,
                is_every_query_asked=is_every_query_asked,
            )
        except (RetryableError, FatalError) as error:
            return error
        enter_copies(meanings, copies, self._holdings)
        return None

    def _enter_sent_summaries(self, meanings: Sequence[Meaning]) -> None:
        """Add the summaries of sent objects, as that of an encoded subject cannot be derived."""
        objects = {
            held.object: each
            for each in meanings
            for held in each.holdings.values()
            if held.type is not IndicatorType.FILE
        }
        for number, (_, summary) in self._holdings.keys_of(list(objects)).items():
            objects[number].summaries.add(summary)

    def _near(self, meanings: Sequence[Meaning], now: dt.datetime) -> Mapping[int, Sequence[Near]]:
        found = nearby(meanings, self._holdings, now=now, most=MOST_NEAR + 1)
        return dict(zip(map(id, meanings), found, strict=True))

    def _reasons(self, meanings: Sequence[Meaning]) -> Mapping[int, str]:
        ids = {each.indicator_id for meaning in meanings for each in meaning.refused}
        return self._holdings.last_reasons(sorted(ids))

    def _sent(self, record: Record, saved: QueryList, now: dt.datetime) -> SentObject:
        stix = json.loads(record.body) if record.body else {}
        source = base64.b64encode(self._source_system.encode()).decode()
        sentinel_id = f'{source}---{record.object_id}'
        kql = _kql(sentinel_id, record.modified_at)
        return SentObject(
            record=record,
            state=_state(record, now),
            position=saved.position(record.query_id),
            stix=stix,
            fault=stix_fault(stix),
            sentinel_id=sentinel_id,
            kql=kql,
            portal_link=self._portal.query_address(kql),
        )


def _best_first(copies: Iterable[ValueCopy]) -> tuple[ValueCopy, ...]:
    """Return the copies, the sent one first, then by precedence of their queries."""

    def rank(copy: ValueCopy) -> tuple[object, ...]:
        return (
            copy.fate is not Fate.CHOSEN,
            not copy.positions,
            copy.positions,
            copy.facts.id or 0,
        )

    return tuple(sorted(copies, key=rank))


def _state(record: Record, now: dt.datetime) -> SentState:
    if not record.is_live:
        return SentState.WITHDRAWN
    return SentState.LIVE if record.valid_until_at > now else SentState.EXPIRED


def _kql(sentinel_id: str, since: dt.datetime) -> str:
    """Return the KQL query that shows the object in Sentinel.

    Source: learn.microsoft.com/azure/sentinel/understand-threat-intelligence, on the newest row of
    each `Id`. A time range in the query takes precedence over the portal's.
    """
    return (
        'ThreatIntelIndicators\n'
        f'| where TimeGenerated >= datetime({to_seconds(since - _CLOCK_MARGIN)})\n'
        f'| where Id == "{sentinel_id}"\n'
        '| summarize arg_max(TimeGenerated, *) by Id'
    )


def _with_status(copy: ValueCopy, known: Mapping[str, Record], now: dt.datetime) -> ValueCopy:
    """Return the copy with its status in Sentinel added to the reason."""
    live = [each for each in known.values() if _state(each, now) is SentState.LIVE]
    mine = {each.object_key for each in live if each.indicator_id == copy.facts.id}
    keys = {key.text for key in copy.keys}
    # A copy that cannot be sent has no keys, so its lost objects are unknown.
    lost = mine - keys if keys else set()
    if copy.fate is Fate.CHOSEN:
        words = ' ' + _chosen_status(copy, mine, live)
    else:
        words = ' Sentinel still holds it from an earlier update.' if mine - lost else ''
    if lost:
        words += (
            f' Sentinel still holds {len(lost)} of its former values; unless another copy has it, '
            'the next update withdraws it as Withdraw Indicators allows.'
        )
    return replace(copy, reason=copy.reason + words)


def _chosen_status(copy: ValueCopy, mine: Collection[str], live: Sequence[Record]) -> str:
    """Return the status in Sentinel of the copy with precedence."""
    chosen = {key.text for key in copy.chosen_keys}
    if chosen.issubset(mine):
        return 'Sentinel holds it.'
    others = {
        each.owner_name
        for each in live
        if each.object_key in chosen and each.indicator_id != copy.facts.id
    }
    if others:
        return (
            f'Sentinel still holds the copy in {", ".join(sorted(others))}; the next full or '
            'reconcile update takes it over.'
        )
    if not chosen.isdisjoint(mine):
        return 'Sentinel holds some of its hashes, and does not hold the others yet.'
    return 'Sentinel does not hold it yet.'
