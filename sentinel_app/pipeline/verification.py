"""Verify: whether the workspace's tables hold what the ledgers believe.

It reads, and changes nothing in Sentinel or ThreatConnect; updates go on whatever it finds.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from typing import Final

from sentinel_app.core.clock import Clock, Stop
from sentinel_app.core.verification import WHOLE_EVERY, Tally, VerifiedTable
from sentinel_app.core.verification_query import VerificationQueries
from sentinel_app.core.window import believed
from sentinel_app.errors import Cancelled, SentinelAppError
from sentinel_app.log import EventLog
from sentinel_app.pipeline.comparison import Comparison, RunUnderWay
from sentinel_app.pipeline.log_reader import LogReader
from sentinel_app.storage.verifications import Verifications
from sentinel_app.storage.verified_ledger import VerifiedLedger

RETRY_AFTER: Final = dt.timedelta(hours=1)
"""Maximum wait after a run that came to nothing."""

_log = EventLog(__name__)


class Verification:
    """Verifies; one run at a time.

    Args:
        reader: reads the workspace's tables.
        store: the runs and their findings.
        ledger: what is believed of Indicators.
        context: what is believed of context objects.
        has_context: returns whether there are context objects to be compared.
        source_system: the source system of the Service's objects.
        interval: time between two runs; None for never.
        clock: the clock.
    """

    def __init__(
        self,
        *,
        reader: LogReader,
        store: Verifications,
        ledger: VerifiedLedger,
        context: VerifiedLedger,
        has_context: Callable[[], bool],
        source_system: str,
        interval: dt.timedelta | None,
        clock: Clock,
    ) -> None:
        self._reader = reader
        self._store = store
        self._ledgers = {VerifiedTable.INDICATORS: ledger, VerifiedTable.OBJECTS: context}
        self._has_context = has_context
        self._source_system = source_system
        self._interval = interval
        self._clock = clock
        self._lock = threading.Lock()
        self._is_requested = False
        self._is_whole_requested = False
        self._started_at: dt.datetime | None = None
        self._outcome = ''

    @property
    def outcome(self) -> str:
        """What the last run came to, in words."""
        return self._outcome

    @property
    def interval(self) -> dt.timedelta | None:
        """Time between two runs; None for never."""
        return self._interval

    @property
    def started_at(self) -> dt.datetime | None:
        """When the run under way began; None if there is none."""
        return self._started_at

    def request(self, *, is_whole: bool = False) -> None:
        """Have a run begin with the next step, although none is due."""
        with self._lock:
            self._is_requested = True
            self._is_whole_requested = self._is_whole_requested or is_whole

    def next_at(self) -> dt.datetime | None:
        """Return when the next run is due, perhaps in the past; None for never."""
        if self._interval is None:
            return None
        now, last = self._clock.now(), self._store.last()
        if last is None:
            return now
        wait = self._interval if last.is_complete else min(self._interval, RETRY_AFTER)
        # A clock that was ahead must not keep runs from beginning.
        return (believed(last.started_at, now) or now - wait) + wait

    def step(self, stop: Stop) -> bool:
        """Verify if that is due or requested; return whether it was.

        Raises:
            Cancelled: it was interrupted; the next step begins anew.
        """
        if not self._is_due():
            return False
        with self._lock:
            # A request that comes from now on is for another run.
            asked = self._is_requested, self._is_whole_requested
            self._is_requested = self._is_whole_requested = False
        try:
            self._run(stop, is_whole=asked[1])
        except BaseException:
            with self._lock:
                self._is_requested |= asked[0]
                self._is_whole_requested |= asked[1]
            raise
        return True

    def _is_due(self) -> bool:
        with self._lock:
            if self._is_requested:
                return True
        next_at = self.next_at()
        return next_at is not None and next_at <= self._clock.now()

    def _run(self, stop: Stop, *, is_whole: bool) -> None:
        """Verify, and store what it came to."""
        now = self._clock.now()
        since_whole = self._store.since_whole()
        is_whole = is_whole or since_whole is None or since_whole >= WHOLE_EVERY - 1
        run = RunUnderWay(
            id=self._store.begin(now, is_whole=is_whole), now=now, stop=stop, is_whole=is_whole
        )
        self._started_at = now
        try:
            self._verify(run)
        finally:
            self._started_at = None

    def _verify(self, run: RunUnderWay) -> None:
        """Compare the Indicators, and what there is of context objects after them."""
        tally = Tally()
        try:
            self._compare(VerifiedTable.INDICATORS, run, tally)
        except Cancelled:
            raise
        except SentinelAppError as error:
            self._store.fail(run.id, error, tally.requests, self._clock.now())
            self._outcome = _failure(error)
            _log.warning('verification-failed', code=error.code, requests=tally.requests)
            return
        requests, outcome = tally.requests, _words(tally)
        if self._has_context():
            of_context, words = self._verify_context(run)
            requests, outcome = requests + of_context, f'{outcome}; context: {words}'
        self._store.finish(run.id, tally, self._clock.now(), requests=requests)
        self._outcome = outcome
        self._log_end('verified', tally, run)

    def _verify_context(self, run: RunUnderWay) -> tuple[int, str]:
        """Compare the context objects, whatever becomes of that; return the requests and words."""
        tally = Tally()
        try:
            self._compare(VerifiedTable.OBJECTS, run, tally)
        except Cancelled:
            raise
        except SentinelAppError as error:
            self._store.fail_context(run.id, error)
            _log.warning('context-verification-failed', code=error.code, requests=tally.requests)
            return tally.requests, _failure(error)
        self._store.end_context(run.id, tally)
        self._log_end('context-verified', tally, run)
        return tally.requests, _words(tally)

    def _compare(self, table: VerifiedTable, run: RunUnderWay, tally: Tally) -> None:
        Comparison(
            reader=self._reader,
            queries=VerificationQueries(source_system=self._source_system, table=table),
            ledger=self._ledgers[table],
            store=self._store,
            run=run,
            tally=tally,
        ).compare()

    @staticmethod
    def _log_end(event: str, tally: Tally, run: RunUnderWay) -> None:
        _log.info(
            event,
            held=tally.held,
            confirmed=tally.confirmed,
            findings=sum(tally.findings.values()),
            requests=tally.requests,
            is_whole=run.is_whole,
        )


def _words(tally: Tally) -> str:
    """Return what a comparison came to."""
    found = sum(tally.findings.values())
    words = f'confirmed {tally.confirmed:,} of {tally.held:,} objects'
    return f'{words}, {found:,} finding{"" if found == 1 else "s"}'


def _failure(error: SentinelAppError) -> str:
    return f'came to nothing ({error.code}): {error.message.rstrip(".")}'
