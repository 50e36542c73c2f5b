"""Match: reads Sentinel's alerts, and stores which Indicators they are about.

Nothing depends on it: whatever these queries are answered, updates go on. Nothing is changed in
Sentinel or in ThreatConnect.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from sentinel_app.core.alert_row import COLUMNS, ReadAlert, alerts_query, read_alert
from sentinel_app.core.clock import Clock, Stop
from sentinel_app.core.logs import LogRows
from sentinel_app.core.match import MatchOutcome, MatchRun, due_at
from sentinel_app.errors import (
    Cancelled,
    FatalError,
    LogsTableError,
    LogsTooLargeError,
    RetryableError,
)
from sentinel_app.log import EventLog
from sentinel_app.pipeline.match_search import MatchSearch
from sentinel_app.storage.matches import Matches

OVERLAP: Final = dt.timedelta(hours=1)
"""Time before the last run that is read again, as alerts arrive late and clocks differ."""

LONGEST_LOOK_BACK: Final = dt.timedelta(days=30)
"""Time that the first run, or one after a long break, reads at most."""

SHORTEST_WINDOW: Final = dt.timedelta(seconds=1)
"""Period of one query that is not halved further."""

WIDENED_AFTER: Final = 4
"""Answers in a row after which a period that was halved is doubled: too large a one costs a wait
of minutes."""

MOST_ALERTS: Final = 1_000
"""Maximum alerts of one answer, of which each may have tens of kilobytes."""

_STEP: Final = dt.timedelta(milliseconds=1)

_log = EventLog(__name__)


class AlertReader(Protocol):
    """Port to the queries of the workspace's tables."""

    def read(self, kql: str, columns: Sequence[str], *, stop: Stop) -> LogRows:
        """Run a query and return its rows.

        Args:
            kql: the query.
            columns: the columns of the answer, in this order.
            stop: ends waiting.

        Raises:
            LogsTooLargeError: ask for less at once.
            LogsTableError: the table does not exist.
            RetryableError, FatalError: it failed for now, or until a person acts.
            Cancelled: `stop` was set.
        """
        ...


@dataclass(slots=True)
class _Tally:
    """What a run has come to so far."""

    alerts: int = 0
    unreadable: int = 0
    added: int = 0


class Match:
    """The work of the Task Match.

    Args:
        reader: runs queries, with retries.
        matches: stores what is found.
        search: finds our objects.
        source: the source system of our objects.
        interval: time between two runs; None for never, unless a person asks for one.
        look_back: how long matches are kept.
        clock: the current time.
    """

    def __init__(
        self,
        *,
        reader: AlertReader,
        matches: Matches,
        search: MatchSearch,
        source: str,
        interval: dt.timedelta | None,
        look_back: dt.timedelta,
        clock: Clock,
    ) -> None:
        self._reader = reader
        self._matches = matches
        self._search = search
        self._source = source
        self._interval = interval
        self._look_back = min(look_back, LONGEST_LOOK_BACK)
        self._clock = clock
        self._requested = threading.Event()
        self._outcome = ''

    @property
    def outcome(self) -> str:
        """What the last run came to, in words."""
        return self._outcome

    def request(self) -> None:
        """Have the next step run whether it is due or not."""
        self._requested.set()

    def step(self, stop: Stop) -> bool:
        """Run if it is due or requested; return whether it did.

        Alerts that cannot be read are no error of the Service: that is stored with what was read
        before, and said in the outcome.

        Raises:
            StorageError: the stores cannot be read or written.
            Cancelled: it was interrupted; the next run goes on from there.
        """
        now, run = self._clock.now(), self._matches.run()
        if not self._requested.is_set() and not self._is_due(run, now):
            return False
        is_requested = self._requested.is_set()
        self._requested.clear()
        self._matches.begin(now)
        tally = _Tally()
        try:
            self._read(run, now, tally, stop)
        except Cancelled:
            # The next step goes on, as with a run that was due.
            if is_requested:
                self._requested.set()
            raise
        except LogsTableError:
            self._end(MatchOutcome.NO_TABLE, tally)
            self._outcome = 'the workspace has no table of alerts yet'
        except (RetryableError, FatalError, LogsTooLargeError) as error:
            self._end(MatchOutcome.FAILED, tally, error)
            self._outcome = f'failed: {error.message.rstrip(".")}'
        else:
            self._end(MatchOutcome.COMPLETE, tally)
            self._outcome = _words(tally, has_seen=run.seen_at is not None)
        return True

    def _is_due(self, run: MatchRun, now: dt.datetime) -> bool:
        return self._interval is not None and due_at(run, self._interval, now) <= now

    def _read(self, run: MatchRun, now: dt.datetime, tally: _Tally, stop: Stop) -> None:
        """Read the alerts up to now, and store each answer with the time that it reached."""
        start = now - self._look_back
        known = run.until_at
        # A time in the future comes from a clock that was wrong.
        if known is not None and known <= now:
            start = max(start, known - OVERLAP)
        width, answers = now - start, 0
        while start < now:
            if stop.is_set():
                raise Cancelled('Reading alerts was interrupted.')
            end = min(start + width, now)
            try:
                rows = self._reader.read(
                    alerts_query(start, end, most=MOST_ALERTS), COLUMNS, stop=stop
                ).rows
            except LogsTooLargeError:
                if end - start <= SHORTEST_WINDOW:
                    raise
                width, answers = max((end - start) / 2, SHORTEST_WINDOW), 0
                continue
            found = [read_alert(row, source=self._source) for row in rows]
            alerts = [each for each in found if each is not None]
            start = end if len(rows) < MOST_ALERTS else _next_start(alerts, start, end)
            until = start if known is None or known > now else max(start, known)
            tally.added += self._matches.add(self._search.find(alerts), until=until)
            tally.alerts += len(rows)
            tally.unreadable += len(rows) - sum(each.is_whole for each in alerts)
            answers += 1
            if answers % WIDENED_AFTER == 0:
                width = min(width * 2, LONGEST_LOOK_BACK)

    def _end(
        self,
        outcome: MatchOutcome,
        tally: _Tally,
        error: RetryableError | FatalError | LogsTooLargeError | None = None,
    ) -> None:
        self._matches.end(
            self._clock.now(),
            outcome,
            alerts=tally.alerts,
            unreadable=tally.unreadable,
            added=tally.added,
            error=error,
        )
        _log.info(
            'alerts-searched',
            outcome=outcome,
            alerts=tally.alerts,
            unreadable=tally.unreadable,
            new_matches=tally.added,
        )
        if error is not None:
            _log.warning(
                'alerts-not-read', code=error.code, message=error.message, reason=error.reason
            )


def _next_start(alerts: Sequence[ReadAlert], start: dt.datetime, end: dt.datetime) -> dt.datetime:
    """Return where reading goes on after a full answer: at its last alert, which comes again."""
    last = max((each.generated_at for each in alerts), default=end)
    place = last - dt.timedelta(microseconds=last.microsecond % 1000)
    if place > start:
        return min(place, end)
    _log.warning('alerts-left-out', at=start.isoformat(), read=len(alerts))
    return min(start + _STEP, end)


def _words(tally: _Tally, *, has_seen: bool) -> str:
    if not tally.alerts and not has_seen:
        return 'saw no alert: there is none, or the application may not see them'
    alerts = f'{tally.alerts:,} alert{"" if tally.alerts == 1 else "s"}'
    matches = f'{tally.added:,} new match{"" if tally.added == 1 else "es"}'
    return f'read {alerts} and found {matches}'
