"""Matches: Indicators of ours in the alerts of Microsoft Sentinel."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from sentinel_app.core.alert import Alert, AlertSeverity
from sentinel_app.core.indicator import IndicatorType

RETRY_AFTER: Final = dt.timedelta(minutes=15)
"""Longest wait between a run that failed or was cut off and the next one."""


class MatchKind(StrEnum):
    """How sure it is that the alert is about our Indicator."""

    EXACT = 'exact'
    """The alert carries the id of our object."""
    VALUE = 'value'
    """One of the alert's entities has the value; another source may have led to the alert."""


class MatchOutcome(StrEnum):
    """Result of one run of Match."""

    COMPLETE = 'complete'
    NO_TABLE = 'no-table'
    """The workspace has no table of alerts so far."""
    FAILED = 'failed'


class MatchSort(StrEnum):
    """Orders of the matched Indicators."""

    LAST = 'last'
    FIRST = 'first'
    ALERTS = 'alerts'
    SEVERITY = 'severity'
    SUMMARY = 'summary'


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundMatch:
    """One alert with what was found in it, to be stored."""

    alert: Alert
    objects: Mapping[int, MatchKind]
    """Ledger rows of the matched objects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchFilter:
    """Filters of the matches; one that is not given matches all."""

    kind: MatchKind | None = None
    indicator_type: IndicatorType | None = None
    owner_name: str | None = None
    query_id: str | None = None
    severity: AlertSeverity | None = None
    """Of the alert."""
    text: str = ''
    """Part of the Indicator's summary or the alert's name, in any case."""
    after: dt.datetime | None = None
    """Earliest end of the alert."""
    before: dt.datetime | None = None
    """Exclusive upper bound of the end of the alert."""


ALL_MATCHES = MatchFilter()


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchedIndicator:
    """One Indicator with all its matches that a filter lets through."""

    indicator_id: int
    type: IndicatorType
    summary: str
    owner_name: str
    web_link: str | None
    query_id: str
    """Query that had sent it when its newest alert was read."""
    alerts: int
    first_at: dt.datetime
    last_at: dt.datetime
    kind: MatchKind
    """Exact if one of the matches is."""
    severity: AlertSeverity
    """Highest severity of the alerts."""
    names: tuple[str, ...]
    """First few names of the alerts, newest first."""
    name_count: int
    """Number of different names."""
    newest: Alert


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchedAlert:
    """One alert with the way in which it matched."""

    alert: Alert
    kind: MatchKind


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchCounts:
    """Numbers of matched Indicators of a period."""

    indicators: int = 0
    exact: int = 0
    """Those with an exact match."""
    alerts: int = 0
    by_query: Mapping[str, int] = field(default_factory=dict)
    """Number of Indicators by the id of the query that had sent them."""
    by_owner: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchRun:
    """State of the Task Match: its last run, and up to when alerts have been read."""

    until_at: dt.datetime | None = None
    """End of what has been read; None before the first run."""
    began_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None
    """End of the last run; before `began_at` while one is under way, or if it was cut off."""
    completed_at: dt.datetime | None = None
    """End of the last run that failed in nothing."""
    outcome: MatchOutcome | None = None
    seen_at: dt.datetime | None = None
    """End of the last run that read an alert at all."""
    alerts: int = 0
    """Number of alerts that the last run read."""
    unreadable: int = 0
    """Those of them whose details or entities could not be read in full."""
    added: int = 0
    """Number of matches that the last run found and that were not known."""
    code: str | None = None
    """Code of the error, if it failed."""
    message: str = ''
    reason: str = ''
    """The other system's own words."""

    @property
    def is_cut_off(self) -> bool:
        """Whether the last run has begun and not ended."""
        return self.began_at is not None and (
            self.ended_at is None or self.ended_at < self.began_at
        )


def due_at(run: MatchRun, interval: dt.timedelta, now: dt.datetime) -> dt.datetime:
    """Return when the next run is due, at the earliest now.

    The next run is an interval after the last one, and earlier if that failed or was cut off.
    """
    began_at = run.began_at
    # A time in the future comes from a clock that was wrong.
    if began_at is None or began_at > now:
        return now
    is_well = not run.is_cut_off and run.outcome is not MatchOutcome.FAILED
    return max(now, began_at + (interval if is_well else min(interval, RETRY_AFTER)))
