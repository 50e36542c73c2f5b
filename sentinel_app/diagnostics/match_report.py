"""What people see of matches: the matched Indicators, their alerts, and the runs of Match."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from sentinel_app.core.alert import Alert
from sentinel_app.core.clock import Clock
from sentinel_app.core.kql import text_literal
from sentinel_app.core.match import (
    MatchCounts,
    MatchedAlert,
    MatchedIndicator,
    MatchFilter,
    MatchRun,
    MatchSort,
    due_at,
)
from sentinel_app.core.portal import Portal
from sentinel_app.core.task import TaskSlug
from sentinel_app.storage.app_state.store import AppState
from sentinel_app.storage.matches import Matches

RECENT_DAYS: Final = 7
"""Days of the counts on DASHBOARD."""

MOST_OF_VALUE: Final = 20
"""Maximum alerts shown with one value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchState:
    """The last run of Match, and when the next one begins."""

    run: MatchRun
    interval_hours: int
    """Hours between two runs; 0 for never."""
    next_at: dt.datetime | None
    """None while it is off or paused."""


class MatchReport:
    """Reads the matches.

    Args:
        matches: the store.
        app_state: knows whether the Task is paused.
        portal: opens what has no link of its own.
        interval_hours: hours between two runs of Match; 0 for never.
        clock: the current time.
    """

    def __init__(
        self,
        *,
        matches: Matches,
        app_state: AppState,
        portal: Portal,
        interval_hours: int,
        clock: Clock,
    ) -> None:
        self._matches = matches
        self._app_state = app_state
        self._portal = portal
        self._interval_hours = interval_hours
        self._clock = clock
        self._recent: tuple[tuple[MatchRun, dt.datetime], MatchCounts] | None = None

    def state(self) -> MatchState:
        """Return how the last run ended, and when the next one begins."""
        run = self._matches.run()
        is_paused = self._app_state.task_state(TaskSlug.MATCH).is_paused
        next_at = None
        if self._interval_hours and not is_paused:
            next_at = due_at(run, dt.timedelta(hours=self._interval_hours), self._clock.now())
        return MatchState(run=run, interval_hours=self._interval_hours, next_at=next_at)

    def recent(self) -> MatchCounts:
        """Return the numbers of Indicators that were matched in the last days.

        They are counted once a minute, and after each run: DASHBOARD asks every few seconds.
        """
        minute = self._clock.now().replace(second=0, microsecond=0)
        key, known = (self._matches.run(), minute), self._recent
        if known is None or known[0] != key:
            counts = self._matches.counts(minute - dt.timedelta(days=RECENT_DAYS))
            known = self._recent = (key, counts)
        return known[1]

    def page(
        self, wanted: MatchFilter, *, sort: MatchSort, is_descending: bool, limit: int, offset: int
    ) -> tuple[tuple[MatchedIndicator, ...], int]:
        """Return a page of matched Indicators, and the total number of them."""
        return self._matches.page(
            wanted, sort=sort, is_descending=is_descending, limit=limit, offset=offset
        )

    def indicators(
        self, wanted: MatchFilter, *, sort: MatchSort, is_descending: bool
    ) -> Iterator[MatchedIndicator]:
        """Yield all matched Indicators in order."""
        return self._matches.indicators(wanted, sort=sort, is_descending=is_descending)

    def alerts(
        self, indicator_id: int, wanted: MatchFilter, *, limit: int, offset: int
    ) -> tuple[tuple[MatchedAlert, ...], int]:
        """Return a page of an Indicator's alerts, newest first, and the total number of them."""
        return self._matches.alerts(indicator_id, wanted, limit=limit, offset=offset)

    def of_objects(self, objects: Collection[int]) -> tuple[tuple[MatchedAlert, ...], int]:
        """Return the newest alerts that matched some ledger rows, and the number of all."""
        return self._matches.of_objects(objects, most=MOST_OF_VALUE)

    def link_of(self, alert: Alert) -> str:
        """Return the alert's own link, or one that opens the portal with a query for it."""
        if alert.link is not None:
            return alert.link
        return self._portal.query_address(
            f'SecurityAlert\n| where SystemAlertId == {text_literal(alert.id)}\n'
            '| summarize arg_max(TimeGenerated, *) by SystemAlertId'
        )
