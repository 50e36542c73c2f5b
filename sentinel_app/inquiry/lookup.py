"""What became of one value: what Sentinel holds of it, and what ThreatConnect holds now."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from sentinel_app.core.clock import Clock
from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.object_id import ObjectKey
from sentinel_app.core.query import QueryList
from sentinel_app.core.record import Record, RecordedError, RefusedObject
from sentinel_app.core.timestamp import to_seconds
from sentinel_app.core.validity import stix_fault
from sentinel_app.core.value import hashes_of_value, keys_of_value, spellings
from sentinel_app.errors import FatalError, RetryableError, SentinelAppError
from sentinel_app.inquiry.copy import Fate, ValueCopies, ValueCopy
from sentinel_app.storage.app_state.store import AppState
from sentinel_app.storage.ledger import Ledger

_CLOCK_MARGIN = dt.timedelta(hours=1)
"""How far our clock may be ahead of Azure's: `modified` is by the one, the row's time by the other.
"""


class SentState(StrEnum):
    """What an object that was sent means in Sentinel now."""

    LIVE = 'live'
    EXPIRED = 'expired'
    WITHDRAWN = 'withdrawn'


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """What Sentinel refused, and its words as far as they are still kept."""

    object: RefusedObject
    error: RecordedError | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SentObject:
    """One object that Sentinel has, and how to find it there."""

    record: Record
    state: SentState
    position: int | None
    """Of its query; None where that is no longer saved."""
    stix: Mapping[str, object]
    fault: str | None
    sentinel_id: str
    kql: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Everything that is known of a value."""

    sent: tuple[SentObject, ...]
    refused: tuple[Refused, ...]
    copies: tuple[ValueCopy, ...]
    error: SentinelAppError | None
    """Why ThreatConnect could not tell of its copies."""


class Lookups:
    """Looks values up; nothing is sent and nothing is stored.

    Args:
        copies: asks ThreatConnect.
        ledger: knows what was sent.
        app_state: has the saved queries.
        source_system: what Sentinel shows as the source of our objects.
        clock: says what has expired.
    """

    def __init__(
        self,
        *,
        copies: ValueCopies,
        ledger: Ledger,
        app_state: AppState,
        source_system: str,
        clock: Clock,
    ) -> None:
        self._copies = copies
        self._ledger = ledger
        self._app_state = app_state
        self._source_system = source_system
        self._clock = clock

    def look_up(self, value: str) -> Findings:
        """Say what became of a value.

        Args:
            value: a whole summary, a hash of a File, or the value in another spelling.

        Raises:
            StorageError: the stores cannot be read.
        """
        now, saved = self._clock.now(), self._app_state.query_list()
        keys = keys_of_value(value)
        known = self._known(value, keys)
        summaries = _summaries(value, keys, known.values())
        copies, error = self._copies_of(value, summaries, saved, now)
        keys = tuple(dict.fromkeys((*keys, *(key for each in copies for key in each.keys))))
        # What a File has lost is under none of its keys.
        ids = sorted({each.facts.id for each in copies if each.facts.id is not None})
        for each in (*self._ledger.by_key(keys), *self._ledger.by_indicator(ids)):
            known[each.object_key] = each
        return Findings(
            sent=tuple(self._sent(each, saved, now) for _, each in sorted(known.items())),
            refused=tuple(
                Refused(object=each, error=self._ledger.last_error(each.indicator_id))
                for each in self._ledger.refused(keys)
            ),
            copies=tuple(_with_standing(each, known, now) for each in copies),
            error=error,
        )

    def _known(self, value: str, keys: Sequence[ObjectKey]) -> dict[str, Record]:
        found = [
            *self._ledger.by_key(keys),
            *self._ledger.by_summary(value),
        ]
        # The other hashes of a File.
        found += self._ledger.by_indicator(sorted({each.indicator_id for each in found}))
        return {each.object_key: each for each in found}

    def _copies_of(
        self, value: str, summaries: Sequence[str], saved: QueryList, now: dt.datetime
    ) -> tuple[tuple[ValueCopy, ...], SentinelAppError | None]:
        hashes = [digest for _, digest in hashes_of_value(value)]
        try:
            copies = self._copies.find(
                summaries=summaries,
                hashes=list(dict.fromkeys(hashes)),
                queries=saved.queries,
                now=now,
            )
        except (RetryableError, FatalError) as error:
            return (), error
        return copies, None

    def _sent(self, record: Record, saved: QueryList, now: dt.datetime) -> SentObject:
        stix = json.loads(record.body) if record.body else {}
        source = base64.b64encode(self._source_system.encode()).decode()
        sentinel_id = f'{source}---{record.object_id}'
        return SentObject(
            record=record,
            state=_state(record, now),
            position=saved.position(record.query_id),
            stix=stix,
            fault=stix_fault(stix),
            sentinel_id=sentinel_id,
            kql=_kql(sentinel_id, record.modified_at),
        )


def _summaries(value: str, keys: Iterable[ObjectKey], known: Iterable[Record]) -> Sequence[str]:
    """Return the summaries by which ThreatConnect may have the value.

    What was sent tells one that cannot be made from the value: that of an encoded subject.
    """
    is_file = IndicatorType.FILE
    spelt = [text for key in keys if key.type is not is_file for text in spellings(key)]
    sent = [each.summary for each in known if each.indicator_type != is_file]
    return tuple(dict.fromkeys((value, *spelt, *sent)))


def _state(record: Record, now: dt.datetime) -> SentState:
    if not record.is_live:
        return SentState.WITHDRAWN
    return SentState.LIVE if record.valid_until_at > now else SentState.EXPIRED


def _kql(sentinel_id: str, since: dt.datetime) -> str:
    """Return the query that shows the object as Sentinel has it.

    Source: learn.microsoft.com/azure/sentinel/understand-threat-intelligence, on the newest row of
    each `Id`. A span in the query goes before the one that is chosen in the portal.
    """
    return (
        'ThreatIntelIndicators\n'
        f'| where TimeGenerated >= datetime({to_seconds(since - _CLOCK_MARGIN)})\n'
        f'| where Id == "{sentinel_id}"\n'
        '| summarize arg_max(TimeGenerated, *) by Id'
    )


def _with_standing(copy: ValueCopy, known: Mapping[str, Record], now: dt.datetime) -> ValueCopy:
    """Say of a copy as well how it stands in Sentinel."""
    live = [each for each in known.values() if _state(each, now) is SentState.LIVE]
    mine = {each.object_key for each in live if each.indicator_id == copy.facts.id}
    keys = {key.text for key in copy.keys}
    # What could not be sent now has no keys: what it has lost is not known.
    lost = mine - keys if keys else set()
    if copy.fate is Fate.CHOSEN:
        words = ' ' + _chosen_standing(copy, mine, live)
    else:
        words = ' Sentinel still holds it from an earlier update.' if mine - lost else ''
    if lost:
        words += (
            f' Sentinel still holds {len(lost)} of its former values; unless another copy has it, '
            'the next update withdraws it as Withdraw Indicators allows.'
        )
    return replace(copy, reason=copy.reason + words)


def _chosen_standing(copy: ValueCopy, mine: Collection[str], live: Sequence[Record]) -> str:
    """Say how the copy that has precedence stands in Sentinel."""
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
