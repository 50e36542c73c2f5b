"""Estimate of what saving a list of TQL queries would change; read-only."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from functools import partial

from sentinel_app.core.clock import Clock
from sentinel_app.core.effect import (
    Counted,
    CurrentObjects,
    Effect,
    effect,
    queries_to_count,
    seconds_for,
)
from sentinel_app.core.query import Query, WithdrawPolicy
from sentinel_app.core.question import effective_question
from sentinel_app.core.source import Source
from sentinel_app.diagnostics.parallel import gathered_in_time
from sentinel_app.errors import SentinelAppError
from sentinel_app.storage.ledger import Ledger

WITHIN_S = 15.0
NO_ANSWER = 'ThreatConnect did not answer in time.'


class Effects:
    """Estimates the effect of a save.

    Args:
        source: ThreatConnect, with time-outs for interactive use.
        ledger: the ledger.
        policy: which Indicators are withdrawn.
        requests_per_minute: the upload limit.
        clock: the clock.
    """

    def __init__(
        self,
        *,
        source: Source,
        ledger: Ledger,
        policy: WithdrawPolicy,
        requests_per_minute: int,
        clock: Clock,
    ) -> None:
        self._source = source
        self._ledger = ledger
        self._policy = policy
        self._requests_per_minute = requests_per_minute
        self._clock = clock

    def effect(
        self, old: Sequence[Query], new: Sequence[Query], withdrawn: Collection[str]
    ) -> Effect:
        """Return the effect of saving `new` in place of `old`.

        Args:
            old: the saved list, highest precedence first.
            new: the new list.
            withdrawn: deleted queries whose objects are to be withdrawn.

        Raises:
            StorageError: the ledger cannot be read.
        """
        held = self._held(self._clock.now())
        return effect(
            old,
            new,
            held=held,
            counts=self._counts(queries_to_count(old, new, held)),
            policy=self._policy,
            withdrawn=withdrawn,
        )

    def seconds(self, objects: int) -> float:
        """Return the seconds that sending this number of objects takes under the API limit."""
        return seconds_for(objects, self._requests_per_minute)

    def _held(self, now: dt.datetime) -> Mapping[str, CurrentObjects]:
        return {
            query_id: CurrentObjects(objects=count, until=until)
            for query_id, count, until in self._ledger.live_until(now)
        }

    def _counts(self, queries: Sequence[Query]) -> Mapping[str, Counted]:
        answers = gathered_in_time(
            [partial(self._count, query) for query in queries], within_s=WITHIN_S
        )
        late = Counted(fault=NO_ANSWER)
        return {query.id: answer or late for query, answer in zip(queries, answers, strict=True)}

    def _count(self, query: Query) -> Counted:
        try:
            return Counted(count=self._source.count(effective_question(query))[0])
        except SentinelAppError as error:
            return Counted(fault=error.reason or error.message)
